/*
 * uplift_functions.c
 *		The functions in SQL that compare the shares of two arms.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"

#include "uplift.h"

PG_FUNCTION_INFO_V1(uplift);
PG_FUNCTION_INFO_V1(detectable_uplift);

static void
check_count(int64 count, const char *name)
{
	if (count < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must not be negative", name)));
}

static void
check_arm(const Arm *arm, const char *name, const char *returned_name)
{
	check_count(arm->count, name);
	check_count(arm->returned, returned_name);
	if (arm->returned > arm->count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be above %s", returned_name, name)));
}

/* Between 0 and 1, both excluded; or, where with_borders, included */
static double
check_fraction(double value, const char *name, bool with_borders)
{
	if (with_borders ? !(value >= 0 && value <= 1) : !(value > 0 && value < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must lie between 0 and 1", name),
						errhint("95 %% is written 0.95.")));
	return value;
}

/* NULL where an arm has nobody */
Datum
uplift(PG_FUNCTION_ARGS)
{
	Arm sent = {PG_GETARG_INT64(0), PG_GETARG_INT64(1)};
	Arm held = {PG_GETARG_INT64(2), PG_GETARG_INT64(3)};
	double confidence =
		check_fraction(PG_GETARG_FLOAT8(4), "confidence", false);
	TupleDesc tuple_desc;
	Datum values[6] = {0};
	bool nulls[6] = {false};

	check_arm(&sent, "sent_count", "sent_returned_count");
	check_arm(&held, "holdout_count", "holdout_returned_count");
	if (get_call_result_type(fcinfo, NULL, &tuple_desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "uplift returns a row");
	if (sent.count == 0 || held.count == 0)
		memset(nulls, true, sizeof(nulls));
	else
	{
		Uplift found = uplift_of(&sent, &held, confidence);

		values[0] = Float8GetDatum(found.uplift);
		values[1] = Float8GetDatum(found.standard_error);
		values[2] = Float8GetDatum(found.simple.from);
		values[3] = Float8GetDatum(found.simple.to);
		values[4] = Float8GetDatum(found.score.from);
		values[5] = Float8GetDatum(found.score.to);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tuple_desc), values, nulls)));
}

Datum
detectable_uplift(PG_FUNCTION_ARGS)
{
	int64 sent = PG_GETARG_INT64(0);
	int64 held = PG_GETARG_INT64(1);
	double share = check_fraction(PG_GETARG_FLOAT8(2), "expected_share", true);
	double confidence =
		check_fraction(PG_GETARG_FLOAT8(3), "confidence", false);
	double power = check_fraction(PG_GETARG_FLOAT8(4), "power", false);
	double result;

	check_count(sent, "sent_count");
	check_count(held, "holdout_count");
	if (sent == 0 || held == 0)
		PG_RETURN_NULL();
	result = detectable_uplift_of(sent, held, share, confidence, power);
	if (isnan(result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
