/*
 * value_set.h
 *		The values of a group, exact: state of the aggregates over values.
 */
#ifndef CLIENTCORE_VALUE_SET_H
#define CLIENTCORE_VALUE_SET_H

#include "compat.h"

#include "abc.h"

/* What the aggregate was given beside its values */
typedef enum ValueParameters
{
	PARAMETERS_NONE,
	PARAMETERS_ABC,
	PARAMETERS_FRACTION,
	PARAMETERS_BINS
} ValueParameters;

/*
 * A varlena without pointers, as it is the value of an SQL type.  VARSIZE
 * includes the room not yet used.  Values take 8 bytes each until one does not
 * fit, then 16.
 */
typedef struct ValueSet
{
	int32 vl_len_;
	uint32 count;
	uint8 scale;
	uint8 parameters;
	uint8 boundary;
	bool is_wide;
	uint8 unused[4];
	int64 first;  /* a, or the fraction, in billionths; or the bins */
	int64 second; /* b */
	int64 values[FLEXIBLE_ARRAY_MEMBER];
} ValueSet;

extern ValueSet *value_set_create(void);
extern ValueSet *value_set_copy(const ValueSet *set);
extern void value_set_parameters(ValueSet *set, ValueParameters parameters,
								 int64 first, int64 second,
								 AbcBoundary boundary);
extern ValueSet *value_set_add(ValueSet *set, Decimal value);
extern ValueSet *value_set_add_set(ValueSet *set, const ValueSet *other);
extern Int128 *value_set_sorted(const ValueSet *set);
extern AbcRule value_set_abc_rule(const ValueSet *set);

extern bytea *value_set_to_bytes(const ValueSet *set);
extern ValueSet *value_set_from_bytes(const uint8 *bytes, size_t length);

#endif
