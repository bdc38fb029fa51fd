/*
 * value_aggregates.c
 *		Aggregates over values: ABC cutoffs, concentration, variation.
 *
 * They share their states, see value_set.c.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "abc_functions.h"
#include "arguments.h"
#include "class_functions.h"
#include "state_io.h"
#include "value_set.h"

PG_FUNCTION_INFO_V1(value_set_in);
PG_FUNCTION_INFO_V1(value_set_out);
PG_FUNCTION_INFO_V1(value_set_recv);
PG_FUNCTION_INFO_V1(value_set_send);
PG_FUNCTION_INFO_V1(values_accum);
PG_FUNCTION_INFO_V1(values_accum_shares);
PG_FUNCTION_INFO_V1(values_accum_boundary);
PG_FUNCTION_INFO_V1(values_accum_bins);
PG_FUNCTION_INFO_V1(values_accum_fraction);
PG_FUNCTION_INFO_V1(values_accum_total);
PG_FUNCTION_INFO_V1(values_combine);
PG_FUNCTION_INFO_V1(values_abc_cutoffs_final);
PG_FUNCTION_INFO_V1(values_quantile_cutoffs_final);
PG_FUNCTION_INFO_V1(values_quantile_final);
PG_FUNCTION_INFO_V1(values_gini_final);
PG_FUNCTION_INFO_V1(values_hhi_final);
PG_FUNCTION_INFO_V1(values_top_share_final);
PG_FUNCTION_INFO_V1(values_variation_final);

#define PG_GETARG_VALUE_SET(n)                                                \
	((ValueSet *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

Datum
value_set_in(PG_FUNCTION_ARGS)
{
	bytea *bytes = state_bytes_from_text(PG_GETARG_CSTRING(0), "value_set");

	PG_RETURN_POINTER(value_set_from_bytes((uint8 *) VARDATA(bytes),
										   VARSIZE(bytes) - VARHDRSZ));
}

Datum
value_set_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(
		state_bytes_to_text(value_set_to_bytes(PG_GETARG_VALUE_SET(0))));
}

Datum
value_set_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int length = message->len - message->cursor;

	PG_RETURN_POINTER(value_set_from_bytes(
		(const uint8 *) pq_getmsgbytes(message, length), length));
}

Datum
value_set_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(value_set_to_bytes(PG_GETARG_VALUE_SET(0)));
}

/*
 * The state that may be changed: the executor's own within an aggregate, a
 * copy or a new one elsewhere.
 */
static ValueSet *
value_set_argument(FunctionCallInfo fcinfo)
{
	ValueSet *set;

	if (PG_ARGISNULL(0))
		return value_set_create();
	set = PG_GETARG_VALUE_SET(0);
	if (AggCheckCallContext(fcinfo, NULL) ||
		(Pointer) set != DatumGetPointer(PG_GETARG_DATUM(0)))
		return set;
	return value_set_copy(set);
}

/* What is mostly the same from row to row */
typedef struct AccumCache
{
	NumberType type;
	AbcRule rule; /* that was given as these */
	struct varlena *given[3];
} AccumCache;

static AccumCache *
accum_cache(FunctionCallInfo fcinfo)
{
	AccumCache *cache = fcinfo->flinfo->fn_extra;

	if (likely(cache != NULL))
		return cache;
	cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(*cache));
	cache->type = number_type_of_argument(fcinfo, 1, "value");
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/* The value of a row, NULL being left out */
static ValueSet *
add_value(FunctionCallInfo fcinfo, ValueSet *set)
{
	AccumCache *cache = accum_cache(fcinfo);

	if (PG_ARGISNULL(1))
		return set;
	return value_set_add(
		set, decimal_from_number(PG_GETARG_DATUM(1), cache->type, "value"));
}

Datum
values_accum(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(add_value(fcinfo, value_set_argument(fcinfo)));
}

/* a, b and perhaps the boundary, from argument 2 on */
static Datum
accumulate_for_abc(FunctionCallInfo fcinfo, bool has_boundary)
{
	ValueSet *set = value_set_argument(fcinfo);
	AccumCache *cache = accum_cache(fcinfo);
	AbcRule *rule = &cache->rule;
	int count = has_boundary ? 3 : 2;
	bool is_kept = true;

	for (int i = 0; i < count; i++)
		is_kept &= !PG_ARGISNULL(2 + i) &&
				   varlena_is_kept(cache->given[i], PG_GETARG_DATUM(2 + i));
	if (!is_kept)
	{
		*rule = abc_rule_arguments(fcinfo, 2, has_boundary);
		for (int i = 0; i < count; i++)
			varlena_keep(&cache->given[i], PG_GETARG_DATUM(2 + i),
						 fcinfo->flinfo->fn_mcxt);
	}
	value_set_parameters(set, PARAMETERS_ABC, rule->a, rule->b,
						 rule->boundary);
	PG_RETURN_POINTER(add_value(fcinfo, set));
}

Datum
values_accum_shares(PG_FUNCTION_ARGS)
{
	return accumulate_for_abc(fcinfo, false);
}

Datum
values_accum_boundary(PG_FUNCTION_ARGS)
{
	return accumulate_for_abc(fcinfo, true);
}

Datum
values_accum_bins(PG_FUNCTION_ARGS)
{
	ValueSet *set = value_set_argument(fcinfo);

	value_set_parameters(set, PARAMETERS_BINS,
						 bins_from(PG_GETARG_DATUM(2), PG_ARGISNULL(2)), 0, 0);
	PG_RETURN_POINTER(add_value(fcinfo, set));
}

Datum
values_accum_fraction(PG_FUNCTION_ARGS)
{
	ValueSet *set = value_set_argument(fcinfo);
	int64 fraction;

	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("fraction must not be null")));
	fraction = billionths_from_numeric(PG_GETARG_DATUM(2), "fraction");
	if (fraction < 0 || fraction > BILLION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("fraction must be between 0 and 1"),
						errhint("Use 0.20 for 20 %%.")));
	value_set_parameters(set, PARAMETERS_FRACTION, fraction, 0, 0);
	PG_RETURN_POINTER(add_value(fcinfo, set));
}

/* The total of a period: none is zero */
Datum
values_accum_total(PG_FUNCTION_ARGS)
{
	ValueSet *set = add_value(fcinfo, value_set_argument(fcinfo));

	if (PG_ARGISNULL(1))
		set = value_set_add(set, (Decimal){0, 0});
	PG_RETURN_POINTER(set);
}

Datum
values_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	PG_RETURN_POINTER(
		value_set_add_set(value_set_argument(fcinfo), PG_GETARG_VALUE_SET(1)));
}

Datum
values_abc_cutoffs_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);
	AbcRule rule = value_set_abc_rule(set);
	AbcCutoffs cutoffs;
	TupleDesc row;
	Datum values[2] = {0, 0};
	bool nulls[2];

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE ||
		row->natts != lengthof(values))
		elog(ERROR, "return type must be a row type");
	abc_find_cutoffs(value_set_sorted(set), set->count, &rule, &cutoffs);
	nulls[0] = !cutoffs.has_a;
	nulls[1] = !cutoffs.has_b;
	if (cutoffs.has_a)
		values[0] = numeric_from_int128(cutoffs.a_from, set->scale);
	if (cutoffs.has_b)
		values[1] = numeric_from_int128(cutoffs.b_from, set->scale);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

/* Decimals of a cut beyond those of the values, where they find room */
#define CUT_DECIMALS 9

/*
 * The cut between two values.  It is rounded down, so that it is never the
 * upper one unless they are equal, and parts the values as the exact one does.
 */
static Datum
cut_between(const Int128 *ascending, size_t count, int scale, int k, int bins)
{
	size_t place = cut_place(count, k, bins);
	int part = (int) ((uint64) k * (count - 1) % (uint64) bins);
	Int128 cut = ascending[place];
	int decimals = Min(CUT_DECIMALS, DECIMAL_MAX_SCALE - scale);
	Int128 step;
	Int128 rest;
	Int128 raised;

	if (part == 0)
		return numeric_from_int128(cut, scale);
	step = ascending[place + 1] - cut;
	rest = step % bins * part;
	cut += step / bins * part + rest / bins;
	raised = cut;
	/* with room for the digits of a numeric, which come in fours */
	while (decimals > 0 && !int128_raise_scale(&raised, decimals + 4))
	{
		decimals--;
		raised = cut;
	}
	raised = cut;
	int128_raise_scale(&raised, decimals);
	raised += rest % bins * power_of_ten[decimals] / bins;
	return DirectFunctionCall1(numeric_trim_scale,
							   numeric_from_int128(raised, scale + decimals));
}

Datum
values_quantile_cutoffs_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);
	int bins = (int) set->first;
	Int128 *ascending;
	Datum *cutoffs;

	if (set->parameters != PARAMETERS_BINS || set->count == 0)
		PG_RETURN_NULL();
	ascending = value_set_sorted(set);
	cutoffs = palloc((bins - 1) * sizeof(Datum));
	for (int k = 1; k < bins; k++)
		cutoffs[k - 1] = cut_between(ascending, set->count, set->scale, k, bins);
	PG_RETURN_ARRAYTYPE_P(construct_array(cutoffs, bins - 1, NUMERICOID, -1,
										  false, TYPALIGN_INT));
}

Datum
values_quantile_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);
	Int128 *ascending;
	Int128 position;
	Int128 lower;
	Datum result;

	if (set->parameters != PARAMETERS_FRACTION || set->count == 0)
		PG_RETURN_NULL();
	ascending = value_set_sorted(set);
	position = (Int128) (set->count - 1) * set->first; /* in billionths */
	lower = ascending[position / BILLION];
	result = numeric_from_int128(lower, set->scale);
	if (position % BILLION != 0)
	{
		Datum step = numeric_from_int128(
			ascending[position / BILLION + 1] - lower, set->scale);

		step = DirectFunctionCall2(
			numeric_mul, step, numeric_from_int64(position % BILLION, 9));
		result = DirectFunctionCall2(numeric_add, result, step);
	}
	PG_RETURN_DATUM(DirectFunctionCall1(numeric_trim_scale, result));
}

Datum
values_gini_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);
	double result;

	if (!gini_of(value_set_sorted(set), set->count, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
values_hhi_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);
	double result;

	if (!hhi_of(value_set_sorted(set), set->count, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
values_top_share_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);
	double result;

	if (set->parameters != PARAMETERS_FRACTION ||
		!top_share_of(value_set_sorted(set), set->count, set->first, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
values_variation_final(PG_FUNCTION_ARGS)
{
	ValueSet *set = PG_GETARG_VALUE_SET(0);

	return xyz_class_datum(fcinfo,
						   xyz_by_variation(value_set_sorted(set), set->count,
											default_variation_rule.x,
											default_variation_rule.y));
}
