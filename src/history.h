/*
 * history.h
 *		The purchase history: what one client bought, day by day.
 *
 * This is the format and its arithmetic: pure, without a server, so that it
 * can be fuzzed.  The SQL type is a varlena around these bytes.
 *
 * Bytes (varint: seven bits a byte, least first; zigzag: signed varint):
 *
 *	format version	1 byte, HISTORY_FORMAT
 *	scale			1 byte, decimals of all amounts
 *	day count		varint, then nothing follows if it is 0
 *	purchase days	varint
 *	sales, returns, sold, returned, profit count, profit	zigzag each
 *	first purchase, last purchase	zigzag, varint (days after the first);
 *									only if there are purchase days
 *	first day		zigzag
 *	days			each a varint token, (days after the day before) << 5 and
 *					flags, then what the flags announce, see history.c
 *
 * Equal content has equal bytes: days ascend, no day is empty, no field is
 * longer than it must be, and the scale is the least that keeps all amounts
 * whole.  history_validate() accepts nothing else.
 */
#ifndef CLIENTCORE_HISTORY_H
#define CLIENTCORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_FORMAT 1
#define HISTORY_HEADER_MAX_BYTES 110
#define HISTORY_DAY_MAX_BYTES 66

/* One day.  All but the day may be negative, in a delta. */
typedef struct HistoryDay
{
	int32_t day;          /* since 2000-01-01 */
	int64_t sales;        /* with an amount of zero or more */
	int64_t returns;      /* with a negative amount */
	int64_t sold;         /* their amounts, at the scale of the history */
	int64_t returned;     /* what was given back, not negative */
	int64_t profit_count; /* sales and returns with a known profit */
	int64_t profit;
} HistoryDay;

/* The answers that need no day: the header, decoded */
typedef struct HistoryHeader
{
	int scale;
	uint64_t day_count;
	uint64_t purchase_days;
	int64_t sales;
	int64_t returns;
	int64_t sold;
	int64_t returned;
	int64_t profit_count;
	int64_t profit;
	int32_t first_purchase; /* only if purchase_days > 0 */
	int32_t last_purchase;
	int32_t first_day; /* only if day_count > 0 */
	const uint8_t *days;
	const uint8_t *end;
} HistoryHeader;

/* A walk over days; those of the format ascend, see history_next() */
typedef struct HistoryCursor
{
	const uint8_t *at;
	const uint8_t *end;
	uint64_t left;
	int64_t day;
} HistoryCursor;

typedef enum HistoryStatus
{
	HISTORY_OK,
	HISTORY_END,       /* no more days */
	HISTORY_VERSION,   /* a format this code does not know */
	HISTORY_TRUNCATED, /* ends too early */
	HISTORY_CORRUPT,   /* inconsistent, or not in canonical form */
	HISTORY_OVERFLOW   /* does not fit 64 bits at the scale needed */
} HistoryStatus;

extern HistoryStatus history_open(const uint8_t *bytes, size_t length,
								  HistoryHeader *header);
extern HistoryStatus history_open_prefix(const uint8_t *bytes, size_t length,
										 HistoryHeader *header);
extern void history_rewind(const HistoryHeader *header, HistoryCursor *cursor);
extern HistoryStatus history_next(HistoryCursor *cursor, HistoryDay *day);
extern HistoryStatus history_validate(const uint8_t *bytes, size_t length,
									  HistoryDay *days, uint8_t *scratch);

extern size_t history_bound(size_t day_count);
extern HistoryStatus history_encode(HistoryDay *days, size_t count, int scale,
									uint8_t *out, size_t *length);

/* Days in arrays */
extern HistoryStatus history_rescale(HistoryDay *days, size_t count, int by);
extern HistoryStatus history_add_day(HistoryDay *to, const HistoryDay *what);
extern void history_negate(HistoryDay *days, size_t count);
extern HistoryStatus history_merge(const HistoryDay *left, size_t left_count,
								   const HistoryDay *right, size_t right_count,
								   HistoryDay *out, size_t *count);
extern HistoryStatus history_sort(HistoryDay *days, size_t *count);
extern uint64_t history_digest(const HistoryDay *days, size_t count,
							   int scale);
extern int history_compare(const HistoryHeader *left,
						   const HistoryHeader *right, HistoryStatus *status);

/* Entries of a stream, shared with states under construction */
extern size_t history_put_entry(uint8_t *out, uint64_t gap,
								const HistoryDay *day);
extern HistoryStatus history_get_entry(const uint8_t **at, const uint8_t *end,
									   uint64_t *gap, HistoryDay *day);

static inline uint64_t
zigzag(int64_t value)
{
	return ((uint64_t) value << 1) ^ (uint64_t) (value < 0 ? -1 : 0);
}

static inline int64_t
unzigzag(uint64_t code)
{
	return (int64_t) ((code >> 1) ^ (~(code & 1) + 1));
}

static inline size_t
history_put_varint(uint8_t *out, uint64_t value)
{
	size_t length = 0;

	while (value >= 0x80)
	{
		out[length++] = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	out[length++] = (uint8_t) value;
	return length;
}

static inline HistoryStatus
history_get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	uint64_t result = 0;
	const uint8_t *p = *at;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint64_t byte;

		if (p == end)
			return HISTORY_TRUNCATED;
		byte = *p++;
		if (shift == 63 && byte > 1)
			return HISTORY_CORRUPT;
		result |= (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			*at = p;
			*value = result;
			return HISTORY_OK;
		}
	}
	return HISTORY_CORRUPT;
}

static inline bool
history_day_is_empty(const HistoryDay *day)
{
	return (day->sales | day->returns | day->sold | day->returned |
			day->profit_count | day->profit) == 0;
}

#endif
