/*
 * figures.h
 *		The figures on the card of a client, from its days up to one of them.
 *
 * Pure arithmetic, no server.
 */
#ifndef CLIENTCORE_FIGURES_H
#define CLIENTCORE_FIGURES_H

#include "classes.h"
#include "history.h"

/* The days after one, up to and including another */
typedef struct DaySpan
{
	int64_t after;
	int64_t until;
} DaySpan;

/* What depends on the day alone */
typedef struct FigureSpans
{
	int32_t as_of;
	DaySpan last_12m;
	DaySpan last_90d;
	DaySpan last_90d_year_ago;
	DaySpan since; /* the day to compare with, and as many days before it */
	DaySpan before;
} FigureSpans;

typedef struct FigureRule
{
	bool by_variation;
	XyzRule xyz;
	LadderRule ladder;
	LostRule lost;
	int32_t first_days;
} FigureRule;

/* Sums over days */
typedef struct DaySums
{
	int64_t purchases;
	Int128 sales;
	Int128 returns;
	Int128 revenue; /* net */
	Int128 returned;
	Int128 profit_count;
	Int128 profit;
} DaySums;

/*
 * The figures.  Days of rungs and of the last purchase are there if purchases
 * are as many; what is counted from the first purchase, if there is one.
 */
typedef struct Figures
{
	int32_t first_purchase;
	int32_t second_purchase;
	int32_t frequent_on;
	int32_t adherent_on;
	int32_t last_purchase;
	bool is_adherent;
	DaySums all;
	DaySums last_12m;
	DaySums value; /* of the 12 months up to the last purchase */
	Int128 revenue_90d;
	Int128 revenue_90d_year_ago;
	Int128 revenue_since;
	Int128 revenue_before;
	Int128 first_days_revenue;
	Int128 first_revenue;   /* up to the first purchase */
	int64_t doubled_median; /* if there are two purchases */
	int32_t silence_limit;
	int32_t come_back_count;
	int32_t full_years;
	int32_t years_bought;
	char xyz;
	int rung;
	uint64_t digest;
} Figures;

/* Where to work: room for as many purchases as there are days */
typedef struct FigureRoom
{
	Int128 *revenue; /* one more than there are days */
	int32_t *purchases;
	int32_t *lower;
	int32_t *upper;
	Int128 *totals; /* by variation: as many as the rule has periods */
} FigureRoom;

extern void figure_spans(int32_t as_of, bool has_compared, int32_t compared,
						 FigureSpans *spans);
extern void figures_of(const HistoryDay *days, size_t count, int scale,
					   const FigureSpans *spans, const FigureRule *rule,
					   const FigureRoom *room, Figures *figures);

#endif
