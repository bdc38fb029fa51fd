/*
 * silence_histogram.c
 *		The silences of a group of clients: state of silence_calibration.
 *
 * It grows with the number of different buckets, not of silences: a million
 * of ratios at most, and as many of days as there are different silences.
 * A larger one is made in the current memory context, and the executor moves
 * it to where it belongs.
 */
#include "silence_histogram.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "calendar.h"

#define INITIAL_CAPACITY 64
#define HISTOGRAM_FORMAT 1

/* format, as_of, false_loss */
#define FIXED_BYTES (1 + sizeof(int32) + sizeof(int64))

static size_t
size_for(size_t capacity)
{
	return offsetof(SilenceHistogram, buckets) +
		   capacity * sizeof(SilenceBucket);
}

static SilenceHistogram *
allocate(size_t capacity, int32 as_of, int64 false_loss)
{
	size_t size = size_for(capacity);
	SilenceHistogram *histogram;

	if (!AllocSizeIsValid(size))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many different silences in one group")));
	histogram = palloc0(size);
	SET_VARSIZE(histogram, size);
	histogram->capacity = (uint32) capacity;
	histogram->as_of = as_of;
	histogram->false_loss = false_loss;
	return histogram;
}

SilenceHistogram *
silence_histogram_create(int32 as_of, int64 false_loss)
{
	return allocate(INITIAL_CAPACITY, as_of, false_loss);
}

SilenceHistogram *
silence_histogram_copy(const SilenceHistogram *histogram)
{
	SilenceHistogram *copy = palloc(VARSIZE(histogram));

	memcpy(copy, histogram, VARSIZE(histogram));
	return copy;
}

/* The parameters of the aggregate are those of its group */
void
silence_histogram_check(const SilenceHistogram *histogram, int32 as_of,
						int64 false_loss)
{
	if (histogram->as_of != as_of)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("as_of must not vary within a group")));
	if (histogram->false_loss != false_loss)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("false_loss must not vary within a group")));
}

/* Where a bucket is, or would be */
static SilenceBucket *
find(SilenceHistogram *histogram, uint32 kind, uint32 number)
{
	uint32 mask = histogram->capacity - 1;
	uint32 at = hash_combine(murmurhash32(number), kind) & mask;

	while (histogram->buckets[at].count > 0 &&
		   (histogram->buckets[at].number != number ||
			histogram->buckets[at].kind != kind))
		at = (at + 1) & mask;
	return &histogram->buckets[at];
}

/* Three quarters of the buckets at most are used, so that one is free */
static SilenceHistogram *
make_room(SilenceHistogram *histogram)
{
	SilenceHistogram *larger;

	if (likely(histogram->used < histogram->capacity / 4 * 3))
		return histogram;
	larger = allocate((size_t) histogram->capacity * 2, histogram->as_of,
					  histogram->false_loss);
	for (uint32 i = 0; i < histogram->capacity; i++)
	{
		const SilenceBucket *bucket = &histogram->buckets[i];

		if (bucket->count > 0)
			*find(larger, bucket->kind, bucket->number) = *bucket;
	}
	larger->used = histogram->used;
	return larger;
}

SilenceHistogram *
silence_histogram_add(SilenceHistogram *histogram, const SilenceBucket *bucket)
{
	SilenceBucket *place = find(histogram, bucket->kind, bucket->number);

	if (place->count > 0)
	{
		if (!join_buckets(place, bucket))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("too many silences in one group")));
		return histogram;
	}
	*place = *bucket;
	histogram->used++;
	return make_room(histogram);
}

SilenceHistogram *
silence_histogram_add_histogram(SilenceHistogram *histogram,
								const SilenceHistogram *other)
{
	silence_histogram_check(histogram, other->as_of, other->false_loss);
	for (uint32 i = 0; i < other->capacity; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (other->buckets[i].count > 0)
			histogram = silence_histogram_add(histogram, &other->buckets[i]);
	}
	return histogram;
}

/* The buckets that are used, by kind and number */
SilenceBucket *
silence_histogram_sorted(const SilenceHistogram *histogram)
{
	SilenceBucket *sorted =
		palloc(((size_t) histogram->used + 1) * sizeof(SilenceBucket));
	uint32 count = 0;

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < histogram->capacity; i++)
	{
		if (histogram->buckets[i].count > 0)
			sorted[count++] = histogram->buckets[i];
	}
	Assert(count == histogram->used);
	qsort(sorted, count, sizeof(SilenceBucket), compare_buckets);
	return sorted;
}

/* Bytes of the machine's own order, as states only travel between like ones */
bytea *
silence_histogram_to_bytes(const SilenceHistogram *histogram)
{
	size_t length = FIXED_BYTES + histogram->used * sizeof(SilenceBucket);
	bytea *result = palloc_extended(VARHDRSZ + length, MCXT_ALLOC_HUGE);
	char *at = VARDATA(result);

	*at++ = HISTOGRAM_FORMAT;
	memcpy(at, &histogram->as_of, sizeof(int32));
	at += sizeof(int32);
	memcpy(at, &histogram->false_loss, sizeof(int64));
	at += sizeof(int64);
	memcpy(at, silence_histogram_sorted(histogram),
		   histogram->used * sizeof(SilenceBucket));
	SET_VARSIZE(result, VARHDRSZ + length);
	return result;
}

static void
report_invalid(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of a histogram of silences")));
}

/* Trusts nothing: the bytes may come from a client */
SilenceHistogram *
silence_histogram_from_bytes(const uint8 *bytes, size_t length)
{
	SilenceHistogram *histogram;
	SilenceBucket before;
	int32 as_of;
	int64 false_loss;
	size_t count;

	if (length < FIXED_BYTES ||
		(length - FIXED_BYTES) % sizeof(SilenceBucket) != 0 ||
		bytes[0] != HISTOGRAM_FORMAT)
		report_invalid();
	memcpy(&as_of, bytes + 1, sizeof(int32));
	memcpy(&false_loss, bytes + 1 + sizeof(int32), sizeof(int64));
	if (as_of < DAY_MIN || as_of > DAY_MAX || false_loss <= 0 ||
		false_loss >= BILLION)
		report_invalid();

	histogram = silence_histogram_create(as_of, false_loss);
	count = (length - FIXED_BYTES) / sizeof(SilenceBucket);
	for (size_t i = 0; i < count; i++)
	{
		SilenceBucket bucket;

		CHECK_FOR_INTERRUPTS();
		memcpy(&bucket, bytes + FIXED_BYTES + i * sizeof(SilenceBucket),
			   sizeof(SilenceBucket));
		if (!bucket_is_valid(&bucket) ||
			(i > 0 && compare_buckets(&before, &bucket) >= 0))
			report_invalid();
		histogram = silence_histogram_add(histogram, &bucket);
		before = bucket;
	}
	return histogram;
}
