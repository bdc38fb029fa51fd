/*
 * decimal.c
 *		Exact decimal numbers: an integer and the number of its decimals.
 */
#include "decimal.h"

#include <string.h>

const int64_t power_of_ten[INT64_MAX_SCALE + 1] = {1,
												   10,
												   100,
												   1000,
												   10000,
												   100000,
												   1000000,
												   10000000,
												   100000000,
												   1000000000,
												   10000000000,
												   100000000000,
												   1000000000000,
												   10000000000000,
												   100000000000000,
												   1000000000000000,
												   10000000000000000,
												   100000000000000000,
												   1000000000000000000};

#define INT128_LIMIT ((UInt128) 1 << 127)

/*
 * (-1)^negative * magnitude * 10^exponent at its least scale.  The limits are
 * symmetric, so that every value has its negative.
 */
DecimalStatus
decimal_set(bool negative, UInt128 magnitude, int exponent, Decimal *result)
{
	while (exponent < 0 && magnitude % 10 == 0 && magnitude != 0)
	{
		magnitude /= 10;
		exponent++;
	}
	if (magnitude == 0)
		exponent = 0;
	for (; exponent > 0; exponent--)
	{
		if (__builtin_mul_overflow(magnitude, (UInt128) 10, &magnitude))
			return DECIMAL_OUT_OF_RANGE;
	}
	if (magnitude >= INT128_LIMIT || -exponent > DECIMAL_MAX_SCALE)
		return DECIMAL_OUT_OF_RANGE;

	result->coefficient = negative ? -(Int128) magnitude : (Int128) magnitude;
	result->scale = -exponent;
	return DECIMAL_OK;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* [sign] digits [. digits] [e [sign] digits] */
DecimalStatus
decimal_parse(const char *text, size_t length, Decimal *result)
{
	const char *at = text;
	const char *end = text + length;
	bool negative = false;
	bool exponent_negative = false;
	int exponent = 0;
	int written_exponent = 0;
	UInt128 magnitude = 0;
	size_t digits = 0;
	bool overflow = false;
	int zeros = 0; /* zeros not yet multiplied in: they may be trailing */
	bool after_point = false;

	if (at < end && (*at == '-' || *at == '+'))
		negative = *at++ == '-';
	for (; at < end; at++)
	{
		if (*at == '.' && !after_point)
		{
			after_point = true;
			continue;
		}
		if (!is_digit(*at))
			break;
		digits++;
		if (after_point)
			exponent--;
		zeros++;
		if (*at == '0')
			continue;
		for (; zeros > 0 && !overflow; zeros--)
			overflow =
				__builtin_mul_overflow(magnitude, (UInt128) 10, &magnitude);
		zeros = 0;
		overflow |= __builtin_add_overflow(magnitude, (UInt128) (*at - '0'),
										   &magnitude);
		if (exponent < -100000)
			return DECIMAL_OUT_OF_RANGE;
	}
	if (digits == 0)
		return DECIMAL_SYNTAX;
	exponent += zeros;

	if (at < end && (*at == 'e' || *at == 'E'))
	{
		at++;
		if (at < end && (*at == '-' || *at == '+'))
			exponent_negative = *at++ == '-';
		if (at == end || !is_digit(*at))
			return DECIMAL_SYNTAX;
		for (; at < end && is_digit(*at); at++)
		{
			if (written_exponent < 100000)
				written_exponent = written_exponent * 10 + (*at - '0');
		}
		exponent += exponent_negative ? -written_exponent : written_exponent;
	}
	if (at != end)
		return DECIMAL_SYNTAX;
	if (overflow)
		return DECIMAL_OUT_OF_RANGE;
	return decimal_set(negative, magnitude, exponent, result);
}

/* Write a number; out has room for DECIMAL_TEXT_SIZE.  Returns its length. */
size_t
decimal_format(char *out, Int128 coefficient, int scale)
{
	char reversed[DECIMAL_TEXT_SIZE];
	size_t n = 0;
	size_t length = 0;
	UInt128 rest =
		coefficient < 0 ? -(UInt128) coefficient : (UInt128) coefficient;

	for (int digit = 0; rest > 0 || digit <= scale; digit++)
	{
		if (digit == scale && scale > 0)
			reversed[n++] = '.';
		reversed[n++] = (char) ('0' + (int) (rest % 10));
		rest /= 10;
	}
	if (coefficient < 0)
		reversed[n++] = '-';
	while (n > 0)
		out[length++] = reversed[--n];
	out[length] = '\0';
	return length;
}

/* Multiply by 10^by; false where that does not fit */
bool
int64_raise_scale(int64_t *value, int by)
{
	if (*value == 0)
		return true;
	if (by > INT64_MAX_SCALE)
		return false;
	return !__builtin_mul_overflow(*value, power_of_ten[by], value) &&
		   *value != INT64_MIN;
}

bool
int128_raise_scale(Int128 *value, int by)
{
	if (*value == 0)
		return true;
	while (by > 0)
	{
		int step = by < INT64_MAX_SCALE ? by : INT64_MAX_SCALE;

		if (__builtin_mul_overflow(*value, (Int128) power_of_ten[step], value))
			return false;
		by -= step;
	}
	return true;
}

/* The least scale, at most the given one, that holds a value at that scale */
int
scale_needed(int64_t value, int scale)
{
	if (value == 0)
		return 0;
	while (scale > 0 && value % 10 == 0)
	{
		value /= 10;
		scale--;
	}
	return scale;
}

/* Compare two numbers of different scales */
int
decimal_compare(Int128 left, int left_scale, Int128 right, int right_scale)
{
	if (left_scale == right_scale || left == 0 || right == 0 ||
		(left < 0) != (right < 0))
		return (left > right) - (left < right);

	if (left_scale > right_scale)
		return -decimal_compare(right, right_scale, left, left_scale);

	/* raise the left one as far as it goes; beyond that it is the larger */
	if (!int128_raise_scale(&left, right_scale - left_scale))
		return left < 0 ? -1 : 1;
	return (left > right) - (left < right);
}
