/*
 * figure_functions.c
 *		card_figures: everything that a card says of one history.
 *
 * A refresh calls it for every client of a base, so what is the same from
 * call to call is kept: the row type, the spans of the day, and room to work
 * in for all but the longest histories.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "class_functions.h"
#include "figures.h"
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(card_figures);

/* Arguments, by position */
enum
{
	ARG_HISTORY,
	ARG_AS_OF,
	ARG_COMPARED,
	ARG_XYZ_BY,
	ARG_XYZ_RULE,
	ARG_LADDER_RULE = ARG_XYZ_RULE + 4,
	ARG_LOST_RULE = ARG_LADDER_RULE + 3,
	ARG_FIRST_DAYS = ARG_LOST_RULE + 4,
	ARG_ALIVE_RULE
};

#define FIGURE_COLUMNS 31

/* Days of the histories for which room is kept */
#define KEPT_DAYS 512

typedef struct FigureCache
{
	TupleDesc row;
	bool has_spans;
	bool has_compared;
	int32 compared;
	FigureSpans spans;
	HistoryDay days[KEPT_DAYS];
	Int128 revenue[KEPT_DAYS + 1];
	int32 purchases[3][KEPT_DAYS];
} FigureCache;

static FigureCache *
figure_cache(FunctionCallInfo fcinfo)
{
	FigureCache *cache = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (likely(cache != NULL))
		return cache;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	cache = palloc0(sizeof(FigureCache));
	if (get_call_result_type(fcinfo, NULL, &cache->row) !=
			TYPEFUNC_COMPOSITE ||
		cache->row->natts != FIGURE_COLUMNS)
		elog(ERROR, "return type must be a row type");
	cache->row = BlessTupleDesc(CreateTupleDescCopy(cache->row));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

static const FigureSpans *
spans_arguments(FunctionCallInfo fcinfo, FigureCache *cache)
{
	int32 as_of = check_day(PG_GETARG_DATEADT(ARG_AS_OF), "as_of");
	bool has_compared = !PG_ARGISNULL(ARG_COMPARED);
	int32 compared =
		has_compared ? check_day(PG_GETARG_DATEADT(ARG_COMPARED), "compared")
					 : 0;

	if (!cache->has_spans || cache->spans.as_of != as_of ||
		cache->has_compared != has_compared || cache->compared != compared)
	{
		figure_spans(as_of, has_compared, compared, &cache->spans);
		cache->has_compared = has_compared;
		cache->compared = compared;
		cache->has_spans = true;
	}
	return &cache->spans;
}

/* Is XYZ by variation, not by frequency? */
static bool
xyz_by_argument(FunctionCallInfo fcinfo)
{
	text *name = PG_GETARG_TEXT_PP(ARG_XYZ_BY);
	const char *at = VARDATA_ANY(name);
	int length = VARSIZE_ANY_EXHDR(name);

	if (length == 9 && memcmp(at, "frequency", 9) == 0)
		return false;
	if (length == 9 && memcmp(at, "variation", 9) == 0)
		return true;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("xyz_by \"%.*s\" not recognized", length, at),
					errhint("Use frequency or variation.")));
}

/* alive is where to keep that part of the rule */
static FigureRule
rule_arguments(FunctionCallInfo fcinfo, AliveRule *alive)
{
	FigureRule rule;

	rule.by_variation = xyz_by_argument(fcinfo);
	rule.xyz = xyz_rule_arguments(fcinfo, ARG_XYZ_RULE, rule.by_variation);
	rule.ladder = ladder_rule_arguments(fcinfo, ARG_LADDER_RULE);
	rule.lost = lost_rule_arguments(fcinfo, ARG_LOST_RULE);
	if (!PG_ARGISNULL(ARG_ALIVE_RULE))
	{
		*alive = alive_rule_arguments(fcinfo, ARG_ALIVE_RULE);
		rule.lost.alive = alive;
	}
	rule.first_days = PG_GETARG_INT32(ARG_FIRST_DAYS);
	if (rule.first_days < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("first_days must be at least 1")));
	return rule;
}

/* Decode the days up to one; returns their number */
static size_t
decode_days(const HistoryHeader *header, int32 as_of, HistoryDay *days)
{
	HistoryCursor cursor;
	size_t count = 0;

	history_rewind(header, &cursor);
	while (count < header->day_count &&
		   history_next_stored(&cursor, &days[count]) &&
		   days[count].day <= as_of)
	{
		CHECK_FOR_INTERRUPTS();
		count++;
	}
	return count;
}

/* Columns in the order of the row, and room for its numbers */
typedef struct FigureRow
{
	int scale;
	int at;
	char numbers[FIGURE_COLUMNS][NUMERIC_ROOM];
	char xyz[2];
	Datum values[FIGURE_COLUMNS];
	bool nulls[FIGURE_COLUMNS];
} FigureRow;

static void
put(FigureRow *row, bool is_known, Datum value)
{
	row->nulls[row->at] = !is_known;
	row->values[row->at++] = value;
}

static void
put_count(FigureRow *row, Int128 count)
{
	if (count != (int64) count)
		history_check(HISTORY_OVERFLOW);
	put(row, true, Int64GetDatum((int64) count));
}

static void
put_number(FigureRow *row, bool is_known, Int128 number, int scale)
{
	if (!is_known)
		put(row, false, (Datum) 0);
	else if (likely(number == (int64) number))
		put(row, true,
			numeric_in_room((int64) number, scale, row->numbers[row->at]));
	else
		put(row, true, numeric_from_int128(number, scale));
}

static void
put_amount(FigureRow *row, bool is_known, Int128 amount)
{
	put_number(row, is_known, amount, row->scale);
}

/* Is the profit of every sale and return known? */
static bool
is_profit_known(const DaySums *sums)
{
	return sums->profit_count == sums->sales + sums->returns;
}

/* That of no sale is nothing, in a history that knows profits at all */
static bool
has_whole_profit(const DaySums *sums, const DaySums *all)
{
	return is_profit_known(sums) && all->profit_count != 0;
}

static void
put_figures(FigureRow *row, const Figures *figures, const FigureRule *rule,
			bool has_compared)
{
	const DaySums *all = &figures->all;
	int64 purchases = all->purchases;
	bool has_purchase = purchases > 0;

	put(row, has_purchase, DateADTGetDatum(figures->first_purchase));
	put(row, purchases > 1, DateADTGetDatum(figures->second_purchase));
	put(row, purchases >= rule->ladder.frequent_purchases,
		DateADTGetDatum(figures->frequent_on));
	put(row, figures->is_adherent, DateADTGetDatum(figures->adherent_on));
	put(row, has_purchase, DateADTGetDatum(figures->last_purchase));

	put_count(row, purchases);
	put_count(row, all->sales);
	put_count(row, all->returns);
	put_amount(row, true, all->revenue);
	put_amount(row, true, all->returned);
	put_amount(row, all->profit_count != 0, all->profit);

	put_count(row, figures->last_12m.purchases);
	put_amount(row, true, figures->last_12m.revenue);
	put_amount(row, has_whole_profit(&figures->last_12m, all),
			   figures->last_12m.profit);
	put(row, true, BoolGetDatum(is_profit_known(&figures->last_12m)));
	put_amount(row, true, figures->revenue_90d);
	put_amount(row, true, figures->revenue_90d_year_ago);
	put_amount(row, has_compared, figures->revenue_since);
	put_amount(row, has_compared, figures->revenue_before);

	put_amount(row, has_purchase, figures->value.revenue);
	put_amount(row, has_purchase && has_whole_profit(&figures->value, all),
			   figures->value.profit);
	put_amount(row, has_purchase, figures->first_days_revenue);
	put_amount(row, has_purchase, figures->first_revenue);
	put_number(row, purchases > 1, (Int128) figures->doubled_median * 5, 1);
	put(row, has_purchase, Int32GetDatum(figures->silence_limit));
	put(row, true, Int32GetDatum(figures->come_back_count));
	put(row, has_purchase, Int32GetDatum(figures->full_years));
	put(row, has_purchase, Int32GetDatum(figures->years_bought));
	SET_VARSIZE_SHORT(row->xyz, sizeof(row->xyz));
	row->xyz[1] = figures->xyz;
	put(row, figures->xyz != '\0', PointerGetDatum(row->xyz));
	put(row, true, Int32GetDatum(figures->rung));
	put(row, true, Int64GetDatum((int64) figures->digest));
	Assert(row->at == FIGURE_COLUMNS);
}

Datum
card_figures(PG_FUNCTION_ARGS)
{
	FigureCache *cache;
	const FigureSpans *spans;
	FigureRule rule;
	AliveRule alive;
	HistoryHeader header;
	HistoryDay *days;
	FigureRoom room = {0};
	size_t count;
	Figures figures;
	FigureRow row;

	for (int i = 0; i < ARG_ALIVE_RULE; i++)
	{
		if (i != ARG_COMPARED && PG_ARGISNULL(i))
			PG_RETURN_NULL();
	}
	if (!PG_ARGISNULL(ARG_ALIVE_RULE) && PG_ARGISNULL(ARG_ALIVE_RULE + 1))
		PG_RETURN_NULL();
	cache = figure_cache(fcinfo);
	spans = spans_arguments(fcinfo, cache);
	rule = rule_arguments(fcinfo, &alive);
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(ARG_HISTORY), &header);

	if (header.day_count <= KEPT_DAYS)
	{
		days = cache->days;
		room.revenue = cache->revenue;
		room.purchases = cache->purchases[0];
		room.lower = cache->purchases[1];
		room.upper = cache->purchases[2];
	}
	else
	{
		days = palloc_extended(header.day_count * sizeof(HistoryDay),
							   MCXT_ALLOC_HUGE);
		room.revenue = palloc_extended((header.day_count + 1) * sizeof(Int128),
									   MCXT_ALLOC_HUGE);
		room.purchases = palloc_extended(3 * header.day_count * sizeof(int32),
										 MCXT_ALLOC_HUGE);
		room.lower = room.purchases + header.day_count;
		room.upper = room.lower + header.day_count;
	}
	count = decode_days(&header, spans->as_of, days);
	if (count == 0)
		PG_RETURN_NULL();
	if (rule.by_variation)
		room.totals = palloc(rule.xyz.periods * sizeof(Int128));

	figures_of(days, count, header.scale, spans, &rule, &room, &figures);
	row.scale = header.scale;
	row.at = 0;
	put_figures(&row, &figures, &rule, cache->has_compared);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(cache->row, row.values, row.nulls)));
}
