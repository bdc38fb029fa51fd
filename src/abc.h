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

/* All of these take ascending values that values_fit() */
extern void abc_find_cutoffs(const Int128 *ascending, size_t count,
							 const AbcRule *rule, AbcCutoffs *cutoffs);
extern bool gini_of(const Int128 *ascending, size_t count, double *result);
extern bool hhi_of(const Int128 *ascending, size_t count, double *result);
extern bool top_share_of(const Int128 *ascending, size_t count,
						 int64_t fraction, double *result);

#endif
