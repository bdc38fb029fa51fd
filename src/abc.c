/*
 * abc.c
 *		ABC classes by share of the sum, and how concentrated values are.
 *
 * Sums are exact.  Values of one size are always treated as one, so that
 * equal clients share a class.  What is a ratio in the end is computed from
 * sorted values, so that it does not depend on the order they came in.
 */
#include "abc.h"

#include <string.h>

/* Do sums of these values, and twice those sums, fit an Int128? */
bool
values_fit(const Int128 *values, size_t count)
{
	UInt128 sum = 0;

	for (size_t i = 0; i < count; i++)
	{
		UInt128 magnitude =
			values[i] < 0 ? -(UInt128) values[i] : (UInt128) values[i];

		if (__builtin_add_overflow(sum, magnitude, &sum))
			return false;
	}
	return sum < (UInt128) 1 << 125;
}

static Int128
positive_sum(const Int128 *values, size_t count)
{
	Int128 sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i] > 0 ? values[i] : 0;
	return sum;
}

/* floor(sum * share) or its ceiling, without a product that overflows */
static Int128
share_of(Int128 sum, int64_t share, bool ceiling)
{
	Int128 rest = sum % BILLION * share;

	return sum / BILLION * share + rest / BILLION +
		   (ceiling && rest % BILLION > 0);
}

/*
 * Walk down from the largest value.  larger is the sum of the strictly larger
 * values, reached that of all equal or larger ones; a value is within a
 * border if
 *		crossing	larger / sum < share
 *		upto		reached / sum <= share
 *		midpoint	(larger + reached) / 2 / sum <= share
 */
static bool
within_border(Int128 larger, Int128 reached, Int128 sum, int64_t share,
			  AbcBoundary boundary)
{
	switch (boundary)
	{
		case ABC_CROSSING:
			return larger < share_of(sum, share, true);
		case ABC_UPTO:
			return reached <= share_of(sum, share, false);
		default:
			return larger + reached <= share_of(2 * sum, share, false);
	}
}

void
abc_find_cutoffs(const Int128 *ascending, size_t count, const AbcRule *rule,
				 AbcCutoffs *cutoffs)
{
	Int128 sum = positive_sum(ascending, count);
	Int128 larger = 0;
	size_t left = count;

	memset(cutoffs, 0, sizeof(*cutoffs));
	while (left > 0 && ascending[left - 1] > 0)
	{
		Int128 value = ascending[left - 1];
		Int128 reached = larger;

		for (; left > 0 && ascending[left - 1] == value; left--)
			reached += value;
		if (within_border(larger, reached, sum, rule->a, rule->boundary))
		{
			cutoffs->has_a = true;
			cutoffs->a_from = value;
		}
		else if (within_border(larger, reached, sum, rule->b, rule->boundary))
		{
			cutoffs->has_b = true;
			cutoffs->b_from = value;
		}
		else
			break;
		larger = reached;
	}
}

static double
not_negative(Int128 value)
{
	return value > 0 ? (double) value : 0.0;
}

/*
 * Gini coefficient of n ascending values x with sum S, i from 1:
 * sum of (2i - n - 1) x / (n S).  False where the sum is not positive.
 */
bool
gini_of(const Int128 *ascending, size_t count, double *result)
{
	double sum = (double) positive_sum(ascending, count);
	double weighted = 0.0;

	if (!(sum > 0.0))
		return false;
	for (size_t i = 0; i < count; i++)
		weighted += (2.0 * (double) i + 1.0 - (double) count) *
					not_negative(ascending[i]);

	/* rounding must not make equal values unequal, or turn the sign */
	if (ascending[0] == ascending[count - 1] || weighted < 0.0)
		weighted = 0.0;
	*result = weighted / ((double) count * sum);
	return true;
}

/* Herfindahl-Hirschman index: the sum of squared shares */
bool
hhi_of(const Int128 *ascending, size_t count, double *result)
{
	double sum = (double) positive_sum(ascending, count);
	double squares = 0.0;

	if (!(sum > 0.0))
		return false;
	for (size_t i = 0; i < count; i++)
	{
		double share = not_negative(ascending[i]) / sum;

		squares += share * share;
	}
	*result = squares;
	return true;
}

/* Share of the largest round(count * fraction) values, halves away from 0 */
bool
top_share_of(const Int128 *ascending, size_t count, int64_t fraction,
			 double *result)
{
	Int128 sum = positive_sum(ascending, count);
	size_t taken =
		(size_t) (((Int128) count * fraction * 2 + BILLION) / (2 * BILLION));

	if (sum <= 0)
		return false;
	*result = (double) positive_sum(ascending + (count - taken), taken) /
			  (double) sum;
	return true;
}
