/*
 * abc_functions.c
 *		ABC classes and quantile scores of the rows of a query.
 *
 * The window functions read the values of a partition once, at its first row.
 * What they keep of it is small: the cutoffs of the classes, or the quantiles
 * below which a score ends.  Every row is then judged by its own value.
 */
#include "abc_functions.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"
#include "windowapi.h"

#include "arguments.h"
#include "value_set.h"

PG_FUNCTION_INFO_V1(abc_class);
PG_FUNCTION_INFO_V1(abc_class_by_cutoffs);
PG_FUNCTION_INFO_V1(quantile_score);
PG_FUNCTION_INFO_V1(quantile_score_by_cutoffs);

/* The defaults of the SQL functions, for the aggregates */
const AbcRule default_abc_rule = {800000000, 950000000, ABC_CROSSING};

#define ROWS_BETWEEN_RESETS 64

/* A share of the sum, as a border of a class */
static int64
share_from(Datum share, bool isnull, const char *name)
{
	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("a, b and boundary must not be null")));
	return billionths_from_numeric(share, name);
}

static AbcBoundary
boundary_from(Datum boundary, bool isnull)
{
	static const char *const names[] = {"crossing", "upto", "midpoint"};
	text *name;

	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("a, b and boundary must not be null")));
	name = DatumGetTextPP(boundary);
	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (strlen(names[i]) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(names[i], VARDATA_ANY(name), strlen(names[i])) == 0)
			return (AbcBoundary) i;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("boundary \"%.*s\" not recognized",
						   (int) VARSIZE_ANY_EXHDR(name), VARDATA_ANY(name)),
					errhint("Use crossing, upto or midpoint.")));
	return ABC_CROSSING; /* not reached */
}

static void
check_rule(const AbcRule *rule)
{
	if (rule->a <= 0 || rule->a >= rule->b || rule->b > BILLION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("shares must be 0 < a < b <= 1"),
						errhint("Shares are fractions: 0.80 for 80 %%.")));
}

/* a, b and perhaps the boundary of an aggregate, from an argument on */
AbcRule
abc_rule_arguments(FunctionCallInfo fcinfo, int argno, bool has_boundary)
{
	AbcRule rule = default_abc_rule;

	rule.a = share_from(PG_GETARG_DATUM(argno), PG_ARGISNULL(argno), "a");
	rule.b =
		share_from(PG_GETARG_DATUM(argno + 1), PG_ARGISNULL(argno + 1), "b");
	if (has_boundary)
		rule.boundary =
			boundary_from(PG_GETARG_DATUM(argno + 2), PG_ARGISNULL(argno + 2));
	check_rule(&rule);
	return rule;
}

static Datum
class_datum(char class)
{
	return PointerGetDatum(cstring_to_text_with_len(&class, 1));
}

/* What abc_class keeps of a partition */
typedef struct AbcPartition
{
	bool is_ready;
	NumberType type;
	int scale;
	AbcCutoffs cutoffs;
} AbcPartition;

/* An operator over a window function calls it without a window */
static WindowObject
window_object(FunctionCallInfo fcinfo)
{
	WindowObject window = PG_WINDOW_OBJECT();

	if (!WindowObjectIsValid(window))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("window function called without a window"),
						errhint("Call it by its name, with an OVER clause.")));
	return window;
}

static int
partition_rows(WindowObject window)
{
	int64 rows = WinGetPartitionRowCount(window);

	if (rows > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many rows in one partition")));
	return (int) rows;
}

/*
 * An argument in a row of the partition, counted from 0.  What it points to
 * may be gone at the next call of this function: use it before.
 */
static Datum
argument_of_row(WindowObject window, int argno, int row, bool *isnull)
{
	bool isout;

	return WinGetFuncArgInPartition(window, argno, row, WINDOW_SEEK_HEAD,
									false, isnull, &isout);
}

/* The borders must be the same for all rows of a partition */
static AbcRule
abc_rule_of_row(WindowObject window, int row)
{
	AbcRule rule;
	Datum value;
	bool isnull;

	value = argument_of_row(window, 1, row, &isnull);
	rule.a = share_from(value, isnull, "a");
	value = argument_of_row(window, 2, row, &isnull);
	rule.b = share_from(value, isnull, "b");
	value = argument_of_row(window, 3, row, &isnull);
	rule.boundary = boundary_from(value, isnull);
	check_rule(&rule);
	return rule;
}

/*
 * Read all values of the partition.  Arguments are evaluated in the current
 * memory context, so a scratch context is reset now and then.
 */
static void
abc_prepare(FunctionCallInfo fcinfo, WindowObject window,
			AbcPartition *partition)
{
	int rows = partition_rows(window);
	MemoryContext scratch = AllocSetContextCreate(
		CurrentMemoryContext, "abc_class", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	bool constant_rule = get_fn_expr_arg_stable(fcinfo->flinfo, 1) &&
						 get_fn_expr_arg_stable(fcinfo->flinfo, 2) &&
						 get_fn_expr_arg_stable(fcinfo->flinfo, 3);
	AbcRule rule = abc_rule_of_row(window, 0);
	ValueSet *set;

	partition->type = number_type_of_argument(fcinfo, 0, "value");
	MemoryContextSwitchTo(old);
	set = value_set_create();
	for (int row = 0; row < rows; row++)
	{
		Datum value;
		bool isnull;
		Decimal decimal = {0, 0};

		CHECK_FOR_INTERRUPTS();
		if (row % ROWS_BETWEEN_RESETS == 0)
			MemoryContextReset(scratch);
		MemoryContextSwitchTo(scratch);
		value = argument_of_row(window, 0, row, &isnull);
		if (!isnull)
			decimal = decimal_from_number(value, partition->type, "value");
		if (!constant_rule)
		{
			AbcRule other = abc_rule_of_row(window, row);

			if (other.a != rule.a || other.b != rule.b ||
				other.boundary != rule.boundary)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("a, b and boundary must not vary within a "
								"partition")));
		}
		MemoryContextSwitchTo(old);
		if (!isnull)
		{
			ValueSet *grown = value_set_add(set, decimal);

			if (grown != set)
				pfree(set);
			set = grown;
		}
	}
	MemoryContextDelete(scratch);

	abc_find_cutoffs(value_set_sorted(set), set->count, &rule,
					 &partition->cutoffs);
	partition->scale = set->scale;
	partition->is_ready = true;
	pfree(set);
}

static char
class_by_cutoffs(const AbcPartition *partition, Decimal value)
{
	const AbcCutoffs *cutoffs = &partition->cutoffs;

	if (cutoffs->has_a &&
		decimal_compare(value.coefficient, value.scale, cutoffs->a_from,
						partition->scale) >= 0)
		return 'A';
	if (cutoffs->has_b &&
		decimal_compare(value.coefficient, value.scale, cutoffs->b_from,
						partition->scale) >= 0)
		return 'B';
	return 'C';
}

Datum
abc_class(PG_FUNCTION_ARGS)
{
	WindowObject window = window_object(fcinfo);
	AbcPartition *partition =
		WinGetPartitionLocalMemory(window, sizeof(AbcPartition));
	Datum value;
	bool isnull;

	if (!partition->is_ready)
		abc_prepare(fcinfo, window, partition);
	WinSetMarkPosition(window, WinGetCurrentPosition(window));
	value = WinGetFuncArgCurrent(window, 0, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	return class_datum(class_by_cutoffs(
		partition, decimal_from_number(value, partition->type, "value")));
}

/*
 * Cutoffs given by value, decoded; those of one query are mostly the same from
 * row to row, so they are kept.  Ascending for scores; A, then B for classes.
 */
typedef struct KeptCutoffs
{
	NumberType type;
	struct varlena *given; /* as it was given, NULL at first */
	int count;
	bool nulls[2];
	Decimal values[MAX_BINS];
} KeptCutoffs;

static KeptCutoffs *
kept_cutoffs(FunctionCallInfo fcinfo)
{
	KeptCutoffs *kept = fcinfo->flinfo->fn_extra;

	if (likely(kept != NULL))
		return kept;
	kept = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(*kept));
	kept->type = number_type_of_argument(fcinfo, 0, "value");
	fcinfo->flinfo->fn_extra = kept;
	return kept;
}

static void
decode_abc_cutoffs(KeptCutoffs *kept, HeapTupleHeader row)
{
	for (int i = 0; i < 2; i++)
	{
		Datum cutoff = GetAttributeByNum(row, i + 1, &kept->nulls[i]);

		if (!kept->nulls[i])
			kept->values[i] =
				decimal_from_number(cutoff, NUMBER_NUMERIC, "cutoff");
	}
}

static bool
reaches(Decimal value, Decimal cutoff)
{
	return decimal_compare(value.coefficient, value.scale, cutoff.coefficient,
						   cutoff.scale) >= 0;
}

Datum
abc_class_by_cutoffs(PG_FUNCTION_ARGS)
{
	KeptCutoffs *kept = kept_cutoffs(fcinfo);
	Decimal value =
		decimal_from_number(PG_GETARG_DATUM(0), kept->type, "value");
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(1);

	if (!varlena_is_kept(kept->given, PointerGetDatum(row)))
	{
		varlena_forget(&kept->given);
		decode_abc_cutoffs(kept, row);
		varlena_keep(&kept->given, PointerGetDatum(row),
					 fcinfo->flinfo->fn_mcxt);
	}
	/* what is not positive is C, whatever a hand-made cutoff says */
	if (value.coefficient <= 0)
		return class_datum('C');
	for (int i = 0; i < 2; i++)
	{
		if (!kept->nulls[i] && reaches(value, kept->values[i]))
			return class_datum("AB"[i]);
	}
	return class_datum('C');
}

static void
decode_score_cutoffs(KeptCutoffs *kept, ArrayType *array)
{
	Datum *values;
	int count;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cutoffs must be a list of numbers without NULL"),
				 errhint("Use what quantile_cutoffs returned.")));
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &values,
					  NULL, &count);
	if (count < MIN_BINS - 1 || count > MAX_BINS - 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cutoffs must be %d to %d numbers",
							   MIN_BINS - 1, MAX_BINS - 1)));
	for (int i = 0; i < count; i++)
	{
		kept->values[i] =
			decimal_from_number(values[i], NUMBER_NUMERIC, "cutoff");
		if (i > 0 && !reaches(kept->values[i], kept->values[i - 1]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("cutoffs must not descend")));
	}
	kept->count = count;
}

Datum
quantile_score_by_cutoffs(PG_FUNCTION_ARGS)
{
	KeptCutoffs *kept = kept_cutoffs(fcinfo);
	Decimal value =
		decimal_from_number(PG_GETARG_DATUM(0), kept->type, "value");
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	int low = 0;
	int high;

	if (!varlena_is_kept(kept->given, PointerGetDatum(array)))
	{
		varlena_forget(&kept->given);
		decode_score_cutoffs(kept, array);
		varlena_keep(&kept->given, PointerGetDatum(array),
					 fcinfo->flinfo->fn_mcxt);
	}
	high = kept->count;
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (reaches(kept->values[middle], value))
			high = middle;
		else
			low = middle + 1;
	}
	PG_RETURN_INT32(1 + low);
}

/* What quantile_score keeps of a partition: the values at the places of cuts */
typedef struct ScorePartition
{
	bool is_ready;
	int bins;
	int cuts; /* 0 where all values are null */
	SortSupportData sort;
	Datum lower[MAX_BINS];
} ScorePartition;

static void
score_sort_support(FunctionCallInfo fcinfo, SortSupport sort)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_LT_OPR);

	if (!OidIsValid(entry->lt_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an ordering operator for type %s",
						format_type_be(type))));
	memset(sort, 0, sizeof(*sort));
	sort->ssup_cxt = CurrentMemoryContext;
	sort->ssup_collation = PG_GET_COLLATION();
	PrepareSortSupportFromOrderingOp(entry->lt_opr, sort);
}

#define ST_SORT sort_datums
#define ST_ELEMENT_TYPE Datum
#define ST_COMPARE(a, b, sort)                                                \
	ApplySortComparator(*(a), false, *(b), false, sort)
#define ST_COMPARE_ARG_TYPE SortSupportData
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

int
bins_from(Datum datum, bool isnull)
{
	int bins = DatumGetInt32(datum);

	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("bins must not be null")));
	if (bins < MIN_BINS || bins > MAX_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("bins must be between %d and %d", MIN_BINS,
							   MAX_BINS)));
	return bins;
}

static int
bins_of_row(WindowObject window, int row)
{
	bool isnull;
	Datum bins = argument_of_row(window, 1, row, &isnull);

	return bins_from(bins, isnull);
}

static void
score_prepare(FunctionCallInfo fcinfo, WindowObject window,
			  ScorePartition *partition)
{
	int rows = partition_rows(window);
	MemoryContext kept = GetMemoryChunkContext(partition);
	MemoryContext scratch = AllocSetContextCreate(
		CurrentMemoryContext, "quantile_score", ALLOCSET_DEFAULT_SIZES);
	MemoryContext values_context = AllocSetContextCreate(
		CurrentMemoryContext, "quantile_score values", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	bool constant_bins = get_fn_expr_arg_stable(fcinfo->flinfo, 1);
	Datum *values = MemoryContextAllocHuge(
		values_context, ((size_t) rows + 1) * sizeof(Datum));
	size_t count = 0;
	int16 length;
	bool by_value;

	get_typlenbyval(get_fn_expr_argtype(fcinfo->flinfo, 0), &length,
					&by_value);
	partition->bins = bins_of_row(window, 0);
	for (int row = 0; row < rows; row++)
	{
		Datum value;
		bool isnull;

		CHECK_FOR_INTERRUPTS();
		if (row % ROWS_BETWEEN_RESETS == 0)
			MemoryContextReset(scratch);
		MemoryContextSwitchTo(scratch);
		if (!constant_bins && bins_of_row(window, row) != partition->bins)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("bins must not vary within a partition")));
		value = argument_of_row(window, 0, row, &isnull);
		MemoryContextSwitchTo(values_context);
		if (!isnull)
			values[count++] =
				by_value       ? value
				: length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value))
							   : datumCopy(value, by_value, length);
	}

	MemoryContextSwitchTo(kept);
	score_sort_support(fcinfo, &partition->sort);
	sort_datums(values, count, &partition->sort);
	for (int k = 1; k < partition->bins && count > 0; k++)
		partition->lower[partition->cuts++] = datumCopy(
			values[cut_place(count, k, partition->bins)], by_value, length);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	MemoryContextDelete(values_context);
	partition->is_ready = true;
}

Datum
quantile_score(PG_FUNCTION_ARGS)
{
	WindowObject window = window_object(fcinfo);
	ScorePartition *partition =
		WinGetPartitionLocalMemory(window, sizeof(ScorePartition));
	int low = 0;
	int high;
	Datum value;
	bool isnull;

	if (!partition->is_ready)
		score_prepare(fcinfo, window, partition);
	WinSetMarkPosition(window, WinGetCurrentPosition(window));
	value = WinGetFuncArgCurrent(window, 0, &isnull);
	if (isnull)
		PG_RETURN_NULL();

	/* the number of cuts below the value */
	high = partition->cuts;
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (ApplySortComparator(value, false, partition->lower[middle], false,
								&partition->sort) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	PG_RETURN_INT32(1 + low);
}
