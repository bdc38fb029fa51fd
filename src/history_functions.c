/*
 * history_functions.c
 *		Operators and accessors of purchase histories.
 *
 * What the header knows is read without the days, in constant time, also
 * where the history lies outside its row.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(purchase_history_add);
PG_FUNCTION_INFO_V1(purchase_history_subtract);
PG_FUNCTION_INFO_V1(purchase_history_eq);
PG_FUNCTION_INFO_V1(purchase_history_ne);
PG_FUNCTION_INFO_V1(purchase_history_lt);
PG_FUNCTION_INFO_V1(purchase_history_le);
PG_FUNCTION_INFO_V1(purchase_history_gt);
PG_FUNCTION_INFO_V1(purchase_history_ge);
PG_FUNCTION_INFO_V1(purchase_history_cmp);
PG_FUNCTION_INFO_V1(purchase_history_hash);
PG_FUNCTION_INFO_V1(purchase_history_hash_extended);
PG_FUNCTION_INFO_V1(history_purchase_count);
PG_FUNCTION_INFO_V1(history_sale_count);
PG_FUNCTION_INFO_V1(history_return_count);
PG_FUNCTION_INFO_V1(history_revenue);
PG_FUNCTION_INFO_V1(history_returned);
PG_FUNCTION_INFO_V1(history_profit);
PG_FUNCTION_INFO_V1(history_profit_count);
PG_FUNCTION_INFO_V1(history_first_purchase);
PG_FUNCTION_INFO_V1(history_last_purchase);
PG_FUNCTION_INFO_V1(history_as_of);
PG_FUNCTION_INFO_V1(history_slice);
PG_FUNCTION_INFO_V1(history_days);
PG_FUNCTION_INFO_V1(history_periods);
PG_FUNCTION_INFO_V1(history_typical_interval);
PG_FUNCTION_INFO_V1(history_interval_quantile);
PG_FUNCTION_INFO_V1(history_is_proper);

/* left + right, or left - right */
static Datum
combine_arguments(FunctionCallInfo fcinfo, bool subtract)
{
	HistoryHeader left;
	HistoryHeader right;
	HistoryDay *left_days;
	HistoryDay *right_days;
	HistoryDay *both;
	size_t count;
	int scale;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &left);
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(1), &right);
	scale = Max(left.scale, right.scale);
	left_days = history_to_days(&left);
	right_days = history_to_days(&right);
	history_check(
		history_rescale(left_days, left.day_count, scale - left.scale));
	history_check(
		history_rescale(right_days, right.day_count, scale - right.scale));
	if (subtract)
		history_negate(right_days, right.day_count);

	both = palloc_extended((left.day_count + right.day_count + 1) *
							   sizeof(HistoryDay),
						   MCXT_ALLOC_HUGE);
	history_check(history_merge(left_days, left.day_count, right_days,
								right.day_count, both, &count));
	pfree(left_days);
	pfree(right_days);
	return PointerGetDatum(history_from_days(both, count, scale));
}

Datum
purchase_history_add(PG_FUNCTION_ARGS)
{
	return combine_arguments(fcinfo, false);
}

Datum
purchase_history_subtract(PG_FUNCTION_ARGS)
{
	return combine_arguments(fcinfo, true);
}

static int
compare_arguments(FunctionCallInfo fcinfo)
{
	PurchaseHistory *left = PG_GETARG_PURCHASE_HISTORY(0);
	PurchaseHistory *right = PG_GETARG_PURCHASE_HISTORY(1);
	HistoryHeader left_header;
	HistoryHeader right_header;
	HistoryStatus status;
	int order;

	/* most that are compared are equal, to the byte */
	if (VARSIZE_ANY_EXHDR(left) == VARSIZE_ANY_EXHDR(right) &&
		memcmp(VARDATA_ANY(left), VARDATA_ANY(right),
			   VARSIZE_ANY_EXHDR(left)) == 0)
	{
		PG_FREE_IF_COPY(left, 0);
		PG_FREE_IF_COPY(right, 1);
		return 0;
	}

	history_open_stored(left, &left_header);
	history_open_stored(right, &right_header);
	order = history_compare(&left_header, &right_header, &status);
	history_check(status);

	/* btree frees nothing for us, and a sort makes many comparisons */
	PG_FREE_IF_COPY(left, 0);
	PG_FREE_IF_COPY(right, 1);
	return order;
}

Datum
purchase_history_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum
purchase_history_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum
purchase_history_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum
purchase_history_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum
purchase_history_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum
purchase_history_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum
purchase_history_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

/*
 * Equal content has equal bytes within a format, and there is one format so
 * far.  A second one will have to hash the bytes of the first.
 */
Datum
purchase_history_hash(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY(0);
	Datum result = hash_any((unsigned char *) VARDATA_ANY(history),
							VARSIZE_ANY_EXHDR(history));

	PG_FREE_IF_COPY(history, 0);
	return result;
}

Datum
purchase_history_hash_extended(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY(0);
	Datum result =
		hash_any_extended((unsigned char *) VARDATA_ANY(history),
						  VARSIZE_ANY_EXHDR(history), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(history, 0);
	return result;
}

Datum
history_purchase_count(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	PG_RETURN_INT64(header.purchase_days);
}

Datum
history_sale_count(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	PG_RETURN_INT64(header.sales);
}

Datum
history_return_count(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	PG_RETURN_INT64(header.returns);
}

/* Sold minus returned; each fits 64 bits, the difference may not */
static Datum
net_numeric(int64 sold, int64 returned, int scale)
{
	return numeric_from_int128((Int128) sold - returned, scale);
}

Datum
history_revenue(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	return net_numeric(header.sold, header.returned, header.scale);
}

Datum
history_returned(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	return numeric_from_int64(header.returned, header.scale);
}

Datum
history_profit(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	if (header.profit_count == 0)
		PG_RETURN_NULL();
	return numeric_from_int64(header.profit, header.scale);
}

Datum
history_profit_count(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	PG_RETURN_INT64(header.profit_count);
}

Datum
history_first_purchase(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	if (header.purchase_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(header.first_purchase);
}

Datum
history_last_purchase(PG_FUNCTION_ARGS)
{
	HistoryHeader header;

	history_open_argument(fcinfo, 0, &header);
	if (header.purchase_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(header.last_purchase);
}

/* The days from one to another, both included */
static PurchaseHistory *
cut(const HistoryHeader *header, int32 from, int32 to)
{
	HistoryDay *days = palloc_extended(
		(header->day_count + 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
	PurchaseHistory *result;
	HistoryCursor cursor;
	size_t count = 0;

	history_rewind(header, &cursor);
	while (history_next_stored(&cursor, &days[count]) && days[count].day <= to)
	{
		if (days[count].day >= from)
			count++;
	}
	result = history_from_days(days, count, header->scale);
	pfree(days);
	return result;
}

Datum
history_as_of(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 day = check_day(PG_GETARG_DATEADT(1), "day");

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	PG_RETURN_POINTER(cut(&header, DAY_MIN, day));
}

static int32
bound_argument(FunctionCallInfo fcinfo, int argno, const char *name,
			   int32 open)
{
	if (PG_ARGISNULL(argno))
		return open;
	return check_day(PG_GETARG_DATEADT(argno), name);
}

/* Two days as bounds, where NULL is an open one */
static void
bounds_arguments(FunctionCallInfo fcinfo, int argno, int32 *from, int32 *to)
{
	*from = bound_argument(fcinfo, argno, "from_day", DAY_MIN);
	*to = bound_argument(fcinfo, argno + 1, "to_day", DAY_MAX);
	if (*from > *to)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("from_day must not be after to_day")));
}

Datum
history_slice(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 from;
	int32 to;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bounds_arguments(fcinfo, 1, &from, &to);
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	PG_RETURN_POINTER(cut(&header, from, to));
}

/* Columns that days and periods share, from sale_count on */
static void
set_day_columns(const HistoryDay *day, int scale, Datum *values, bool *nulls)
{
	values[0] = Int64GetDatum(day->sales);
	values[1] = Int64GetDatum(day->returns);
	values[2] = numeric_from_int64(day->sold, scale);
	values[3] = numeric_from_int64(day->returned, scale);
	values[4] = net_numeric(day->sold, day->returned, scale);
	nulls[5] = day->profit_count == 0;
	values[5] = nulls[5] ? (Datum) 0 : numeric_from_int64(day->profit, scale);
	values[6] = Int64GetDatum(day->profit_count);
}

#define DAY_COLUMNS 7

/*
 * Put a row into the result.  Its numerics are made in a context of their own,
 * which the row after it resets: there may be many rows.
 */
static void
put_row(ReturnSetInfo *result, MemoryContext row_context, Datum *values,
		bool *nulls, int leading, const HistoryDay *day, int scale)
{
	MemoryContext old = MemoryContextSwitchTo(row_context);

	MemoryContextReset(row_context);
	set_day_columns(day, scale, values + leading, nulls + leading);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
}

static MemoryContext
make_row_context(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "row of a history",
								 ALLOCSET_SMALL_SIZES);
}

Datum
history_days(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryDay day;
	MemoryContext row_context = make_row_context();

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	history_rewind(&header, &cursor);
	while (history_next_stored(&cursor, &day))
	{
		Datum values[1 + DAY_COLUMNS];
		bool nulls[1 + DAY_COLUMNS] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = DateADTGetDatum(day.day);
		put_row(result, row_context, values, nulls, 1, &day, header.scale);
	}
	return (Datum) 0;
}

static void
put_period(ReturnSetInfo *result, MemoryContext row_context, Period period,
		   int64 number, int64 purchases, const HistoryDay *total, int scale)
{
	Datum values[3 + DAY_COLUMNS];
	bool nulls[3 + DAY_COLUMNS] = {false};
	int64 start = period_first_day(period, number);
	int64 end = period_first_day(period, number + 1) - 1;

	values[0] = DateADTGetDatum((int32) Max(start, DAY_MIN));
	values[1] = DateADTGetDatum((int32) Min(end, DAY_MAX));
	values[2] = Int64GetDatum(purchases);
	put_row(result, row_context, values, nulls, 3, total, scale);
}

/*
 * Calendar periods, from that of from_day (or the first day) to that of to_day
 * (or the last day), with the days within the bounds.
 */
Datum
history_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryDay day;
	Period period;
	int32 from;
	int32 to;
	int64 number;
	int64 last;
	bool more;
	MemoryContext row_context = make_row_context();

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	period = period_from_text(PG_GETARG_TEXT_PP(1));
	bounds_arguments(fcinfo, 2, &from, &to);
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);

	/* an open bound is where the history begins or ends */
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		bool any = false;
		int32 first = 0;
		int32 final = 0;

		history_rewind(&header, &cursor);
		while (history_next_stored(&cursor, &day))
		{
			if (day.day < from || day.day > to)
				continue;
			if (!any)
				first = day.day;
			final = day.day;
			any = true;
		}
		if (!any)
			return (Datum) 0;
		if (PG_ARGISNULL(2))
			from = first;
		if (PG_ARGISNULL(3))
			to = final;
	}

	number = period_of_day(period, from);
	last = period_of_day(period, to);
	history_rewind(&header, &cursor);
	do
	{
		more = history_next_stored(&cursor, &day);
	} while (more && day.day < from);
	for (; number <= last; number++)
	{
		int64 end = Min(period_first_day(period, number + 1) - 1, to);
		HistoryDay total = {0};
		int64 purchases = 0;

		CHECK_FOR_INTERRUPTS();
		while (more && day.day <= end)
		{
			purchases += day.sales > 0;
			history_check(history_add_day(&total, &day));
			more = history_next_stored(&cursor, &day);
		}
		put_period(result, row_context, period, number, purchases, &total,
				   header.scale);
	}
	return (Datum) 0;
}

/* Quantile of the intervals; false where there are none */
static bool
quantile_of_argument(FunctionCallInfo fcinfo, double quantile, double *result)
{
	HistoryHeader header;
	PurchaseDays purchases;
	int32 *sorted;
	size_t count;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	purchases = history_purchases(&header, DAY_MAX);
	sorted = palloc_extended((purchases.count + 1) * sizeof(int32),
							 MCXT_ALLOC_HUGE);
	count = sorted_intervals(purchases, sorted);
	if (count == 0)
		return false;
	*result = interval_quantile_of(sorted, count, quantile);
	return true;
}

Datum
history_typical_interval(PG_FUNCTION_ARGS)
{
	double result;

	if (!quantile_of_argument(fcinfo, 0.5, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
history_interval_quantile(PG_FUNCTION_ARGS)
{
	double quantile = PG_GETARG_FLOAT8(1);
	double result;

	if (!(quantile >= 0.0 && quantile <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("quantile must be between 0 and 1"),
						errhint("Use 0.9 for 90 %%.")));
	if (!quantile_of_argument(fcinfo, quantile, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/*
 * Whether a history can be what somebody bought: deltas, and what is left when
 * too much was subtracted, have days with fewer than no sales.
 */
Datum
history_is_proper(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryDay day;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	history_rewind(&header, &cursor);
	while (history_next_stored(&cursor, &day))
	{
		if (day.sales < 0 || day.returns < 0 || day.sold < 0 ||
			day.returned < 0 || day.profit_count < 0 ||
			day.profit_count - day.sales > day.returns ||
			(day.sales == 0 && day.sold != 0) ||
			(day.returns == 0 && day.returned != 0) ||
			(day.profit_count == 0 && day.profit != 0))
			PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(true);
}
