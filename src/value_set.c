/*
 * value_set.c
 *		The values of a group, exact: state of the aggregates over values.
 *
 * All values share the largest scale that one of them needs.  They are kept
 * as they come and sorted at the end, so the order of input cannot matter.
 * The state is a value of an SQL type: a larger one is made in the current
 * memory context, and the executor moves it to where it belongs.
 */
#include "value_set.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "abc_functions.h"
#include "classes.h"

#define ST_SORT sort_values
#define ST_ELEMENT_TYPE Int128
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define INITIAL_CAPACITY 8
#define VALUES_FORMAT 1

/* format, scale, parameters, boundary */
#define FIXED_BYTES (4 + 2 * sizeof(int64))

static size_t
value_width(const ValueSet *set)
{
	return set->is_wide ? sizeof(Int128) : sizeof(int64);
}

static size_t
size_for(size_t capacity, size_t width)
{
	return offsetof(ValueSet, values) + capacity * width;
}

static void
report_too_many(void)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many values in one group")));
}

static ValueSet *
allocate(size_t capacity, bool is_wide)
{
	size_t size = size_for(capacity, is_wide ? sizeof(Int128) : sizeof(int64));
	ValueSet *set;

	if (!AllocSizeIsValid(size))
		report_too_many();
	set = palloc0(size); /* a state may be stored: no stray bytes in it */
	SET_VARSIZE(set, size);
	set->is_wide = is_wide;
	return set;
}

static Int128
value_at(const ValueSet *set, uint32 i)
{
	return set->is_wide ? ((const Int128 *) set->values)[i] : set->values[i];
}

ValueSet *
value_set_create(void)
{
	return allocate(INITIAL_CAPACITY, false);
}

ValueSet *
value_set_copy(const ValueSet *set)
{
	ValueSet *copy = palloc(VARSIZE(set));

	memcpy(copy, set, VARSIZE(set));
	return copy;
}

/* The parameters of an aggregate are those of its group */
void
value_set_parameters(ValueSet *set, ValueParameters parameters, int64 first,
					 int64 second, AbcBoundary boundary)
{
	if (set->parameters == PARAMETERS_NONE && set->count == 0)
	{
		set->parameters = parameters;
		set->first = first;
		set->second = second;
		set->boundary = boundary;
	}
	else if (set->parameters != parameters || set->first != first ||
			 set->second != second || set->boundary != boundary)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not vary within a group",
						parameters == PARAMETERS_FRACTION ? "fraction"
						: parameters == PARAMETERS_BINS
							? "bins"
							: "a, b and boundary")));
}

static void
report_out_of_range(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("values out of range"),
					errdetail("The values of one group must fit 38 digits "
							  "at the number of decimals they need."),
					errhint("Use round(value::numeric, 4), for example.")));
}

/* The same values with room for so many, in 16 bytes if asked for */
static ValueSet *
moved(const ValueSet *set, size_t capacity, bool is_wide)
{
	ValueSet *result = allocate(capacity, is_wide);

	memcpy((char *) result + VARHDRSZ, (const char *) set + VARHDRSZ,
		   offsetof(ValueSet, values) - VARHDRSZ);
	result->is_wide = is_wide;
	if (is_wide == set->is_wide)
		memcpy(result->values, set->values, set->count * value_width(set));
	else
	{
		for (uint32 i = 0; i < set->count; i++)
			((Int128 *) result->values)[i] = value_at(set, i);
	}
	return result;
}

static size_t
capacity_of(const ValueSet *set)
{
	return (VARSIZE(set) - offsetof(ValueSet, values)) / value_width(set);
}

/* Room for so many more; at least doubles */
static ValueSet *
make_room(ValueSet *set, size_t more)
{
	size_t capacity = capacity_of(set);
	size_t largest = (MaxAllocSize - offsetof(ValueSet, values)) /
					 value_width(set);
	size_t wanted = (size_t) set->count + more;

	if (likely(wanted <= capacity))
		return set;
	return moved(set, Max(wanted, Min(2 * capacity, largest)), set->is_wide);
}

static ValueSet *
raise_scale(ValueSet *set, int scale)
{
	int by = scale - set->scale;

	for (uint32 i = 0; i < set->count && !set->is_wide; i++)
	{
		int64 value = set->values[i];

		if (!int64_raise_scale(&value, by))
			set = moved(set, capacity_of(set), true);
	}
	for (uint32 i = 0; i < set->count; i++)
	{
		if (set->is_wide
				? !int128_raise_scale((Int128 *) set->values + i, by)
				: !int64_raise_scale(&set->values[i], by))
			report_out_of_range();
	}
	set->scale = scale;
	return set;
}

/* At the scale of the set, with room made for it */
static ValueSet *
append(ValueSet *set, Int128 value)
{
	if (unlikely(value != (int64) value && !set->is_wide))
		set = moved(set, capacity_of(set), true);
	if (set->is_wide)
		((Int128 *) set->values)[set->count++] = value;
	else
		set->values[set->count++] = (int64) value;
	return set;
}

ValueSet *
value_set_add(ValueSet *set, Decimal value)
{
	set = make_room(set, 1);
	if (value.scale > set->scale)
		set = raise_scale(set, value.scale);
	else if (!int128_raise_scale(&value.coefficient, set->scale - value.scale))
		report_out_of_range();
	return append(set, value.coefficient);
}

ValueSet *
value_set_add_set(ValueSet *set, const ValueSet *other)
{
	if (other->parameters != PARAMETERS_NONE || other->count > 0)
		value_set_parameters(set, other->parameters, other->first,
							 other->second, other->boundary);
	set = make_room(set, other->count);
	if (other->scale > set->scale)
		set = raise_scale(set, other->scale);
	for (uint32 i = 0; i < other->count; i++)
	{
		Int128 value = value_at(other, i);

		if (!int128_raise_scale(&value, set->scale - other->scale))
			report_out_of_range();
		set = append(set, value);
	}
	return set;
}

/* A sorted copy of the values, whose sums are known to fit */
Int128 *
value_set_sorted(const ValueSet *set)
{
	Int128 *values = palloc_extended(
		((size_t) set->count + 1) * sizeof(Int128), MCXT_ALLOC_HUGE);

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < set->count; i++)
		values[i] = value_at(set, i);
	if (!values_fit(values, set->count))
		report_out_of_range();
	sort_values(values, set->count);
	return values;
}

AbcRule
value_set_abc_rule(const ValueSet *set)
{
	AbcRule rule = default_abc_rule;

	if (set->parameters == PARAMETERS_ABC)
	{
		rule.a = set->first;
		rule.b = set->second;
		rule.boundary = set->boundary;
	}
	return rule;
}

/* Bytes of the machine's own order, as states only travel between like ones */
bytea *
value_set_to_bytes(const ValueSet *set)
{
	size_t length = FIXED_BYTES + set->count * sizeof(Int128);
	bytea *result;
	char *at;

	if (!AllocSizeIsValid(VARHDRSZ + length))
		report_too_many();
	result = palloc(VARHDRSZ + length);
	at = VARDATA(result);

	*at++ = VALUES_FORMAT;
	*at++ = set->scale;
	*at++ = set->parameters;
	*at++ = set->boundary;
	memcpy(at, &set->first, sizeof(int64));
	at += sizeof(int64);
	memcpy(at, &set->second, sizeof(int64));
	at += sizeof(int64);
	for (uint32 i = 0; i < set->count; i++)
	{
		Int128 value = value_at(set, i);

		memcpy(at, &value, sizeof(Int128));
		at += sizeof(Int128);
	}
	SET_VARSIZE(result, VARHDRSZ + length);
	return result;
}

static bool
parameters_are_valid(const ValueSet *set)
{
	switch (set->parameters)
	{
		case PARAMETERS_NONE:
			return set->first == 0 && set->second == 0 && set->boundary == 0;
		case PARAMETERS_ABC:
			return set->first > 0 && set->first < set->second &&
				   set->second <= BILLION && set->boundary <= ABC_MIDPOINT;
		case PARAMETERS_FRACTION:
			return set->first >= 0 && set->first <= BILLION &&
				   set->second == 0 && set->boundary == 0;
		case PARAMETERS_BINS:
			return set->first >= MIN_BINS && set->first <= MAX_BINS &&
				   set->second == 0 && set->boundary == 0;
		default:
			return false;
	}
}

/* Trusts nothing: the bytes may come from a client */
ValueSet *
value_set_from_bytes(const uint8 *bytes, size_t length)
{
	ValueSet *set;
	size_t count;

	if (length < FIXED_BYTES || (length - FIXED_BYTES) % sizeof(Int128) != 0 ||
		bytes[0] != VALUES_FORMAT)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid state of a set of values")));
	count = (length - FIXED_BYTES) / sizeof(Int128);
	set = allocate(Max(count, INITIAL_CAPACITY), true);
	set->scale = bytes[1];
	set->parameters = bytes[2];
	set->boundary = bytes[3];
	memcpy(&set->first, bytes + 4, sizeof(int64));
	memcpy(&set->second, bytes + 4 + sizeof(int64), sizeof(int64));
	memcpy(set->values, bytes + FIXED_BYTES, count * sizeof(Int128));
	set->count = count;
	if (set->scale > DECIMAL_MAX_SCALE || !parameters_are_valid(set))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid state of a set of values")));
	return set;
}
