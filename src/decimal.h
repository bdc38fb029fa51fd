/*
 * decimal.h
 *		Exact decimal numbers: an integer and the number of its decimals.
 *
 * Money is never a float here.  A Decimal is always at its least scale: its
 * coefficient has no trailing zero that the scale could do without.  Pure
 * arithmetic, no server.
 */
#ifndef CLIENTCORE_DECIMAL_H
#define CLIENTCORE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 8-byte alignment, so that it can live in memory that palloc gives */
typedef __int128 Int128 __attribute__((aligned(8)));
typedef unsigned __int128 UInt128 __attribute__((aligned(8)));

/* Shares and thresholds are integers in billionths */
#define BILLION INT64_C(1000000000)

#define DECIMAL_MAX_SCALE 38
#define INT64_MAX_SCALE 18

/* sign, 39 digits, point, leading zero, end */
#define DECIMAL_TEXT_SIZE 48

typedef struct Decimal
{
	Int128 coefficient;
	int scale; /* 0 .. DECIMAL_MAX_SCALE */
} Decimal;

typedef enum DecimalStatus
{
	DECIMAL_OK,
	DECIMAL_SYNTAX,
	DECIMAL_OUT_OF_RANGE
} DecimalStatus;

extern const int64_t power_of_ten[INT64_MAX_SCALE + 1];

extern DecimalStatus decimal_set(bool negative, UInt128 magnitude,
								 int exponent, Decimal *result);
extern DecimalStatus decimal_parse(const char *text, size_t length,
								   Decimal *result);
extern size_t decimal_format(char *out, Int128 coefficient, int scale);
extern bool int64_raise_scale(int64_t *value, int by);
extern bool int128_raise_scale(Int128 *value, int by);
extern int scale_needed(int64_t value, int scale);
extern int decimal_compare(Int128 left, int left_scale, Int128 right,
						   int right_scale);

#endif
