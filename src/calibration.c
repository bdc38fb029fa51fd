/*
 * calibration.c
 *		How long clients are silent and come back: exact quantiles of silences.
 *
 * A quantile that is rounded up to a hundredth asks little of the values: how
 * many there are in each hundredth, and in each the least and the greatest.
 * The quantile of type 7 lies between two neighbours.  Where both are of one
 * bucket, so is the quantile, and the bucket's number is the answer.  Where
 * they are not, one is the greatest of its bucket and the other the least of
 * the next.  So the buckets, which are few and can be joined in any order,
 * give the answer that all the values would, to the last digit.
 */
#include "calibration.h"

/* Buckets to one: hundredths of a ratio, whole days */
static int64_t
unit_of(uint32_t kind)
{
	return kind == SILENCE_RATIO ? 100 : 1;
}

static int
compare_ratios(Ratio left, Ratio right)
{
	uint64_t a = (uint64_t) left.interval * right.doubled_median;
	uint64_t b = (uint64_t) right.interval * left.doubled_median;

	return (a > b) - (a < b);
}

/* Rounded up; all ratios beyond the largest factor fall together */
static uint32_t
number_of(uint32_t kind, Ratio ratio)
{
	uint64_t number =
		(2 * (uint64_t) ratio.interval * (uint64_t) unit_of(kind) +
		 ratio.doubled_median - 1) /
		ratio.doubled_median;

	if (kind == SILENCE_RATIO && number > MAX_FACTOR)
		return MAX_FACTOR + 1;
	return (uint32_t) number;
}

/* One silence as a bucket; doubled_median of days is not looked at */
SilenceBucket
bucket_of(SilenceKind kind, uint32_t interval, uint32_t doubled_median)
{
	Ratio ratio = {interval, kind == SILENCE_RATIO ? doubled_median : 2};
	SilenceBucket bucket = {kind, number_of(kind, ratio), ratio, ratio, 1};

	return bucket;
}

static bool
ratio_is_of(Ratio ratio, const SilenceBucket *bucket)
{
	return ratio.interval > 0 && ratio.interval <= MAX_INTERVAL &&
		   ratio.doubled_median >= 2 &&
		   (bucket->kind == SILENCE_RATIO || ratio.doubled_median == 2) &&
		   number_of(bucket->kind, ratio) == bucket->number;
}

bool
bucket_is_valid(const SilenceBucket *bucket)
{
	return bucket->kind < SILENCE_KINDS && bucket->count > 0 &&
		   ratio_is_of(bucket->least, bucket) &&
		   ratio_is_of(bucket->greatest, bucket) &&
		   compare_ratios(bucket->least, bucket->greatest) <= 0;
}

/* By kind and number, for qsort() */
int
compare_buckets(const void *left, const void *right)
{
	const SilenceBucket *a = left;
	const SilenceBucket *b = right;

	if (a->kind != b->kind)
		return (a->kind > b->kind) - (a->kind < b->kind);
	return (a->number > b->number) - (a->number < b->number);
}

/* Join two buckets of one number; false where they are too many to count */
bool
join_buckets(SilenceBucket *to, const SilenceBucket *what)
{
	if (compare_ratios(what->least, to->least) < 0)
		to->least = what->least;
	if (compare_ratios(what->greatest, to->greatest) > 0)
		to->greatest = what->greatest;
	return !__builtin_add_overflow(to->count, what->count, &to->count);
}

/* low + part * (high - low), part in billionths, in units and rounded up */
static int64_t
between(Ratio low, Ratio high, int64_t part, int64_t unit)
{
	Int128 from = (Int128) low.interval * high.doubled_median;
	Int128 to = (Int128) high.interval * low.doubled_median;
	Int128 numerator = 2 * unit * (from * BILLION + (to - from) * part);
	Int128 denominator =
		(Int128) low.doubled_median * high.doubled_median * BILLION;

	return (int64_t) ((numerator + denominator - 1) / denominator);
}

/*
 * A quantile (billionths) of type 7, rounded up, of ascending buckets of one
 * kind, which hold a total of at least one silence.
 */
int64_t
silence_quantile(const SilenceBucket *buckets, size_t count, int64_t total,
				 int64_t quantile)
{
	Int128 position = (Int128) (total - 1) * quantile;
	int64_t rank = (int64_t) (position / BILLION);
	int64_t part = (int64_t) (position % BILLION);
	const SilenceBucket *bucket = buckets;
	int64_t result;

	for (; rank >= bucket->count; bucket++)
		rank -= bucket->count;
	if (part == 0 || rank + 1 < bucket->count || bucket + 1 == buckets + count)
		result = bucket->number;
	else
		result = between(bucket->greatest, bucket[1].least, part,
						 unit_of(bucket->kind));
	if (bucket->kind == SILENCE_RATIO && result > MAX_FACTOR)
		return MAX_FACTOR;
	return result;
}
