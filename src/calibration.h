/*
 * calibration.h
 *		How long clients are silent and come back: exact quantiles of silences.
 *
 * Pure arithmetic, no server.
 */
#ifndef CLIENTCORE_CALIBRATION_H
#define CLIENTCORE_CALIBRATION_H

#include "decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A completed silence, in units of half a median: of days, the median is 1 */
typedef struct Ratio
{
	uint32_t interval;
	uint32_t doubled_median;
} Ratio;

typedef enum SilenceKind
{
	SILENCE_DAYS,  /* with too few intervals before it for a median */
	SILENCE_RATIO, /* over the median of those before it */
	SILENCE_KINDS
} SilenceKind;

/*
 * Silences that are the same when rounded up: ratios to hundredths, days to
 * days.
 */
typedef struct SilenceBucket
{
	uint32_t kind;
	uint32_t number; /* hundredths or days, see bucket_of() */
	Ratio least;
	Ratio greatest;
	int64_t count;
} SilenceBucket;

/* The largest factor, in hundredths: what numeric(6,2) holds */
#define MAX_FACTOR 999999

#define MAX_INTERVAL (UINT32_MAX / 2)

extern SilenceBucket bucket_of(SilenceKind kind, uint32_t interval,
							   uint32_t doubled_median);
extern bool bucket_is_valid(const SilenceBucket *bucket);
extern int compare_buckets(const void *left, const void *right);
extern bool join_buckets(SilenceBucket *to, const SilenceBucket *what);
extern int64_t silence_quantile(const SilenceBucket *buckets, size_t count,
								int64_t total, int64_t quantile);

#endif
