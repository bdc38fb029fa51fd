/*
 * classes.h
 *		Classes of one client, from the days it bought on.
 *
 * Pure arithmetic, no server.  Thresholds are integers in billionths, so that
 * every comparison is exact.
 */
#ifndef CLIENTCORE_CLASSES_H
#define CLIENTCORE_CLASSES_H

#include "calendar.h"
#include "decimal.h"
#include "models.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days of purchase, ascending and distinct */
typedef struct PurchaseDays
{
	const int32_t *days;
	size_t count;
} PurchaseDays;

/* The whole calendar periods that an XYZ class looks at */
typedef struct PeriodWindow
{
	Period period;
	int64_t first; /* numbers of periods, both included */
	int64_t last;
} PeriodWindow;

/* Totals of those periods, see add_to_totals() */
typedef struct PeriodTotals
{
	PeriodWindow window;
	int64_t from;   /* first day of the window */
	int64_t number; /* a period, and the first day after it */
	int64_t end;
	Int128 *totals;
} PeriodTotals;

typedef struct XyzRule
{
	int32_t periods;
	Period period;
	int64_t x; /* billionths */
	int64_t y;
} XyzRule;

typedef struct LadderRule
{
	int32_t frequent_purchases;
	int32_t adherent_purchases;
	int32_t adherent_days; /* from the first purchase to the last */
} LadderRule;

/* By a repeat-buying model: lost once P(alive) is under a probability */
typedef struct AliveRule
{
	ModelKind kind;
	double parameters[MODEL_PARAMETERS];
	double unit_days; /* days in its unit of time */
	double p_alive;
} AliveRule;

typedef struct LostRule
{
	int64_t factor; /* billionths */
	int32_t min_days;
	int32_t max_days;
	int32_t fallback_days;
	const AliveRule *alive; /* in place of factor and fallback_days, or NULL */
} LostRule;

typedef struct LossEvent
{
	int32_t last_purchase;
	int32_t limit;
	int64_t lost_on; /* may lie beyond the last day a date can hold */
	bool has_returned;
	int32_t returned_on;
} LossEvent;

/*
 * The median of intervals that come one after the other.  Room for half of
 * them and one more in lower, for half of them in upper, is the caller's; few
 * of them need neither.
 */
#define FEW_INTERVALS 64

typedef struct RunningMedian
{
	size_t count;
	int32_t *lower;
	int32_t *upper;
	int32_t few[FEW_INTERVALS];
} RunningMedian;

/* A walk over the silences of a client, see next_loss() */
typedef struct LossScan
{
	PurchaseDays purchases;
	int32_t as_of;
	const LostRule *rule;
	size_t at;
	RunningMedian intervals; /* those before the silence */
} LossScan;

typedef enum LossStep
{
	LOSS_NONE,
	LOSS_FOUND,
	LOSS_END
} LossStep;

typedef enum LoyaltyStage
{
	STAGE_LOST,
	STAGE_UNAWARE,
	STAGE_AWARE,
	STAGE_FIRST_PURCHASE,
	STAGE_SECOND_PURCHASE,
	STAGE_FREQUENT,
	STAGE_ADHERENT
} LoyaltyStage;

#define MIN_PERIODS 3
#define MIN_INTERVALS 3

/* Classes are 'X', 'Y', 'Z', or '\0' where there is none */
extern bool xyz_window(Period period, int32_t periods, int32_t first_purchase,
					   int32_t as_of, PeriodWindow *window);
extern char xyz_by_frequency(PurchaseDays purchases,
							 const PeriodWindow *window, int64_t x, int64_t y);
extern void start_totals(PeriodTotals *scan, const PeriodWindow *window,
						 Int128 *totals);
extern bool add_to_totals(PeriodTotals *scan, int32_t day, Int128 amount);
extern char xyz_by_variation(const Int128 *totals, size_t count, int64_t x,
							 int64_t y);

/* Intervals; sorted has room for one less than the days */
extern size_t sorted_intervals(PurchaseDays purchases, int32_t *sorted);
extern double interval_quantile_of(const int32_t *sorted, size_t count,
								   double quantile);
extern void running_median_add(RunningMedian *median, int32_t interval);
extern int64_t running_median_doubled(const RunningMedian *median);

extern int loyalty_rung_of(PurchaseDays purchases, bool is_aware,
						   const LadderRule *rule);

extern int32_t silence_limit_of(const int32_t *sorted, size_t count,
								const LostRule *rule);
extern int32_t silence_limit_by_model(PurchaseDays purchases,
									  const LostRule *rule);
extern void start_losses(LossScan *scan, int32_t as_of, const LostRule *rule);
extern LossStep next_loss(LossScan *scan, LossEvent *event);
extern int32_t count_come_backs(LossScan *scan, int32_t *limit);

#endif
