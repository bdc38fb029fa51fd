/*
 * calibration_functions.c
 *		silence_calibration: the rule of loss that a base gives itself.
 *
 * Every silence that ended in a purchase is measured as a rule would have seen
 * it: by the intervals before it alone.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "purchase_history.h"
#include "silence_histogram.h"
#include "state_io.h"

PG_FUNCTION_INFO_V1(silence_histogram_in);
PG_FUNCTION_INFO_V1(silence_histogram_out);
PG_FUNCTION_INFO_V1(silence_histogram_recv);
PG_FUNCTION_INFO_V1(silence_histogram_send);
PG_FUNCTION_INFO_V1(silence_histogram_accum);
PG_FUNCTION_INFO_V1(silence_histogram_combine);
PG_FUNCTION_INFO_V1(silence_histogram_final);

#define PG_GETARG_SILENCE_HISTOGRAM(n)                                        \
	((SilenceHistogram *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

Datum
silence_histogram_in(PG_FUNCTION_ARGS)
{
	bytea *bytes =
		state_bytes_from_text(PG_GETARG_CSTRING(0), "silence_histogram");

	PG_RETURN_POINTER(silence_histogram_from_bytes((uint8 *) VARDATA(bytes),
												   VARSIZE(bytes) - VARHDRSZ));
}

Datum
silence_histogram_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(state_bytes_to_text(
		silence_histogram_to_bytes(PG_GETARG_SILENCE_HISTOGRAM(0))));
}

Datum
silence_histogram_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int length = message->len - message->cursor;

	PG_RETURN_POINTER(silence_histogram_from_bytes(
		(const uint8 *) pq_getmsgbytes(message, length), length));
}

Datum
silence_histogram_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(
		silence_histogram_to_bytes(PG_GETARG_SILENCE_HISTOGRAM(0)));
}

/*
 * The state that may be changed: the executor's own within an aggregate, a
 * copy elsewhere.
 */
static SilenceHistogram *
state_argument(FunctionCallInfo fcinfo)
{
	SilenceHistogram *histogram = PG_GETARG_SILENCE_HISTOGRAM(0);

	if (AggCheckCallContext(fcinfo, NULL) ||
		(Pointer) histogram != DatumGetPointer(PG_GETARG_DATUM(0)))
		return histogram;
	return silence_histogram_copy(histogram);
}

static int64
false_loss_argument(FunctionCallInfo fcinfo, int argno)
{
	int64 false_loss =
		billionths_from_numeric(PG_GETARG_DATUM(argno), "false_loss");

	if (false_loss <= 0 || false_loss >= BILLION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("false_loss must be between 0 and 1"),
						errhint("Use 0.05 for 5 %%.")));
	return false_loss;
}

/* The silences of a client that ended, each beside the intervals before it */
static SilenceHistogram *
add_silences(SilenceHistogram *histogram, const HistoryHeader *header)
{
	PurchaseDays purchases = history_purchases(header, histogram->as_of);
	int32 *room = palloc_extended(2 * (purchases.count + 1) * sizeof(int32),
								  MCXT_ALLOC_HUGE);
	RunningMedian before = {.lower = room,
							.upper = room + purchases.count + 1};

	for (size_t i = 1; i < purchases.count; i++)
	{
		int32 interval = purchases.days[i] - purchases.days[i - 1];
		SilenceBucket bucket;

		CHECK_FOR_INTERRUPTS();
		if (before.count < MIN_INTERVALS)
			bucket = bucket_of(SILENCE_DAYS, interval, 0);
		else
			bucket = bucket_of(SILENCE_RATIO, interval,
							   running_median_doubled(&before));
		histogram = silence_histogram_add(histogram, &bucket);
		running_median_add(&before, interval);
	}
	return histogram;
}

Datum
silence_histogram_accum(PG_FUNCTION_ARGS)
{
	SilenceHistogram *histogram;
	HistoryHeader header;
	int32 as_of;
	int64 false_loss;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("as_of and false_loss must not be null")));
	as_of = check_day(PG_GETARG_DATEADT(2), "as_of");
	false_loss = false_loss_argument(fcinfo, 3);
	if (PG_ARGISNULL(0))
		histogram = silence_histogram_create(as_of, false_loss);
	else
	{
		histogram = state_argument(fcinfo);
		silence_histogram_check(histogram, as_of, false_loss);
	}
	if (!PG_ARGISNULL(1))
	{
		history_open_stored(PG_GETARG_PURCHASE_HISTORY(1), &header);
		histogram = add_silences(histogram, &header);
	}
	PG_RETURN_POINTER(histogram);
}

Datum
silence_histogram_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	PG_RETURN_POINTER(silence_histogram_add_histogram(
		state_argument(fcinfo), PG_GETARG_SILENCE_HISTOGRAM(1)));
}

/* Where the buckets of each kind are, and how many silences they hold */
typedef struct KindOfSilences
{
	const SilenceBucket *buckets;
	size_t count;
	int64 total;
} KindOfSilences;

static KindOfSilences
silences_of(const SilenceBucket *sorted, size_t count, SilenceKind kind)
{
	KindOfSilences silences = {NULL, 0, 0};

	for (size_t i = 0; i < count; i++)
	{
		if (sorted[i].kind != (uint32) kind)
			continue;
		if (silences.count++ == 0)
			silences.buckets = &sorted[i];
		if (__builtin_add_overflow(silences.total, sorted[i].count,
								   &silences.total))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("too many silences in one group")));
	}
	return silences;
}

Datum
silence_histogram_final(PG_FUNCTION_ARGS)
{
	KindOfSilences ratios = {0};
	KindOfSilences days = {0};
	int64 quantile = 0;
	TupleDesc row;
	Datum values[4];
	bool nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE ||
		row->natts != lengthof(values))
		elog(ERROR, "return type must be a row type");
	if (!PG_ARGISNULL(0))
	{
		SilenceHistogram *histogram = PG_GETARG_SILENCE_HISTOGRAM(0);
		SilenceBucket *sorted = silence_histogram_sorted(histogram);

		ratios = silences_of(sorted, histogram->used, SILENCE_RATIO);
		days = silences_of(sorted, histogram->used, SILENCE_DAYS);
		quantile = BILLION - histogram->false_loss;
	}
	nulls[0] = ratios.total == 0;
	nulls[1] = days.total == 0;
	values[0] =
		nulls[0]
			? (Datum) 0
			: numeric_from_int64(silence_quantile(ratios.buckets, ratios.count,
												  ratios.total, quantile),
								 2);
	values[1] = nulls[1]
					? (Datum) 0
					: Int32GetDatum((int32) silence_quantile(
						  days.buckets, days.count, days.total, quantile));
	values[2] = Int64GetDatum(ratios.total);
	values[3] = Int64GetDatum(days.total);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}
