/*
 * abc.h
 *		ABC classes by share of the sum, and how concentrated values are.
 *
 * Pure arithmetic over arrays of exact values at one scale, no server.
 */
#ifndef CLIENTCORE_ABC_H
#define CLIENTCORE_ABC_H

#include "decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum AbcBoundary
{
	ABC_CROSSING, /* the value that crosses a border is of the better class */
	ABC_UPTO,     /* it is of the worse one */
	ABC_MIDPOINT  /* it is where its middle lies */
} AbcBoundary;

typedef struct AbcRule
{
	int64_t a; /* billionths */
	int64_t b;
	AbcBoundary boundary;
} AbcRule;

/* The least value of class A and of class B, where they are not empty */
typedef struct AbcCutoffs
{
	bool has_a;
	bool has_b;
	Int128 a_from;
	Int128 b_from;
} AbcCutoffs;

extern bool values_fit(const Int128 *values, size_t count);

/*
 * The cut k of n sorted values is at position k (n - 1) / bins, from 0, between
 * the value at the floor of that and the next (type 7 of Hyndman and Fan).  No
 * value lies strictly between the two, and the cut is below the upper one unless
 * they are equal; so a value is above the cut exactly if it is above the lower
 * of the two, whose place this is.
 */
static inline size_t
cut_place(size_t count, int k, int bins)
{
	return (size_t) ((uint64_t) k * (count - 1) / (uint64_t) bins);
}

/* All of these take ascending values that values_fit() */
extern void abc_find_cutoffs(const Int128 *ascending, size_t count,
							 const AbcRule *rule, AbcCutoffs *cutoffs);
extern bool gini_of(const Int128 *ascending, size_t count, double *result);
extern bool hhi_of(const Int128 *ascending, size_t count, double *result);
extern bool top_share_of(const Int128 *ascending, size_t count,
						 int64_t fraction, double *result);

#endif
