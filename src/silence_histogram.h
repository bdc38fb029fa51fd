/*
 * silence_histogram.h
 *		The silences of a group of clients: state of silence_calibration.
 */
#ifndef CLIENTCORE_SILENCE_HISTOGRAM_H
#define CLIENTCORE_SILENCE_HISTOGRAM_H

#include "compat.h"

#include "calibration.h"

/*
 * A varlena without pointers, as it is the value of an SQL type: a hash table
 * of buckets, of which those that count nothing are free.
 */
typedef struct SilenceHistogram
{
	int32 vl_len_;
	uint32 capacity; /* a power of two */
	uint32 used;
	int32 as_of;
	int64 false_loss; /* billionths */
	SilenceBucket buckets[FLEXIBLE_ARRAY_MEMBER];
} SilenceHistogram;

extern SilenceHistogram *silence_histogram_create(int32 as_of,
												  int64 false_loss);
extern SilenceHistogram *
silence_histogram_copy(const SilenceHistogram *histogram);
extern void silence_histogram_check(const SilenceHistogram *histogram,
									int32 as_of, int64 false_loss);
extern SilenceHistogram *silence_histogram_add(SilenceHistogram *histogram,
											   const SilenceBucket *bucket);
extern SilenceHistogram *
silence_histogram_add_histogram(SilenceHistogram *histogram,
								const SilenceHistogram *other);
extern SilenceBucket *
silence_histogram_sorted(const SilenceHistogram *histogram);

extern bytea *silence_histogram_to_bytes(const SilenceHistogram *histogram);
extern SilenceHistogram *silence_histogram_from_bytes(const uint8 *bytes,
													  size_t length);

#endif
