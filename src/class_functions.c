/*
 * class_functions.c
 *		XYZ, ladder of loyalty, lost or not: functions of one history.
 *
 * The definitions are in classes.c; here is what they are given: the days as
 * of the day asked for, and checked thresholds.
 */
#include "class_functions.h"

#include "catalog/pg_enum.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "arguments.h"
#include "fitted_model.h"
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(xyz_class);
PG_FUNCTION_INFO_V1(xyz_class_by_variation);
PG_FUNCTION_INFO_V1(loyalty_stage);
PG_FUNCTION_INFO_V1(loyalty_rung);
PG_FUNCTION_INFO_V1(is_lost_client);
PG_FUNCTION_INFO_V1(is_lost_client_by_model);
PG_FUNCTION_INFO_V1(silence_limit);
PG_FUNCTION_INFO_V1(silence_limit_with_model);
PG_FUNCTION_INFO_V1(lost_on);
PG_FUNCTION_INFO_V1(lost_on_by_model);
PG_FUNCTION_INFO_V1(loss_events);
PG_FUNCTION_INFO_V1(loss_events_by_model);

/* The defaults of the SQL functions, for the aggregates */
const XyzRule default_xyz_rule = {12, PERIOD_MONTH, 750000000, 250000000};
const XyzRule default_variation_rule = {12, PERIOD_MONTH, 100000000,
										250000000};
const LadderRule default_ladder_rule = {3, 10, 365};
const LostRule default_lost_rule = {3 * BILLION, 30, 730, 365, NULL};

#define MAX_PERIODS 100000

static const char *const stage_labels[] = {
	"lost",     "unaware", "aware", "first_purchase", "second_purchase",
	"frequent", "adherent"};

static void
report_bad_threshold(const char *message)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg_internal("%s", message)));
}

static void
report_bad_shares(const char *message)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg_internal("%s", message),
					errhint("Thresholds are fractions: 0.75 for 75 %%.")));
}

/* periods, period, x, y from an argument on */
XyzRule
xyz_rule_arguments(FunctionCallInfo fcinfo, int argno, bool by_variation)
{
	XyzRule rule;

	rule.periods = PG_GETARG_INT32(argno);
	rule.period = period_from_text(PG_GETARG_TEXT_PP(argno + 1));
	rule.x = billionths_from_numeric(PG_GETARG_DATUM(argno + 2), "x");
	rule.y = billionths_from_numeric(PG_GETARG_DATUM(argno + 3), "y");
	if (rule.periods < MIN_PERIODS || rule.periods > MAX_PERIODS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("periods must be between %d and %d",
							   MIN_PERIODS, MAX_PERIODS)));
	if (by_variation && (rule.x < 0 || rule.x >= rule.y))
		report_bad_shares("thresholds must be 0 <= x < y");
	if (!by_variation && (rule.y < 0 || rule.y >= rule.x || rule.x > BILLION))
		report_bad_shares("thresholds must be 0 <= y < x <= 1");
	return rule;
}

/* frequent_purchases, adherent_purchases, adherent_days */
LadderRule
ladder_rule_arguments(FunctionCallInfo fcinfo, int argno)
{
	LadderRule rule;

	rule.frequent_purchases = PG_GETARG_INT32(argno);
	rule.adherent_purchases = PG_GETARG_INT32(argno + 1);
	rule.adherent_days = PG_GETARG_INT32(argno + 2);
	if (rule.frequent_purchases < 3)
		report_bad_threshold("frequent_purchases must be at least 3");
	if (rule.adherent_purchases < rule.frequent_purchases)
		report_bad_threshold(
			"adherent_purchases must not be below frequent_purchases");
	if (rule.adherent_days < 0)
		report_bad_threshold("adherent_days must not be negative");
	return rule;
}

/* min_days, max_days */
static void
bounds_arguments(FunctionCallInfo fcinfo, int argno, LostRule *rule)
{
	rule->min_days = PG_GETARG_INT32(argno);
	rule->max_days = PG_GETARG_INT32(argno + 1);
	if (rule->min_days < 0)
		report_bad_threshold("min_days must not be negative");
	if (rule->max_days < rule->min_days)
		report_bad_threshold("max_days must not be below min_days");
}

/* model, p_alive */
AliveRule
alive_rule_arguments(FunctionCallInfo fcinfo, int argno)
{
	const FittedModel *model = purchase_model_argument(fcinfo, argno);
	AliveRule rule;

	rule.kind = model->kind;
	memcpy(rule.parameters, model->parameters, sizeof(rule.parameters));
	rule.unit_days = 1 / days_in_units(model, 1);
	rule.p_alive = PG_GETARG_FLOAT8(argno + 1);
	if (!(rule.p_alive > 0 && rule.p_alive < 1))
		report_bad_threshold("p_alive must be between 0 and 1");
	return rule;
}

/* model, p_alive, min_days, max_days; alive is where to keep the first two */
static LostRule
lost_rule_by_model_arguments(FunctionCallInfo fcinfo, int argno,
							 AliveRule *alive)
{
	LostRule rule = default_lost_rule;

	*alive = alive_rule_arguments(fcinfo, argno);
	rule.alive = alive;
	bounds_arguments(fcinfo, argno + 2, &rule);
	return rule;
}

/* factor, min_days, max_days, fallback_days */
LostRule
lost_rule_arguments(FunctionCallInfo fcinfo, int argno)
{
	LostRule rule;

	rule.factor = billionths_from_numeric(PG_GETARG_DATUM(argno), "factor");
	rule.fallback_days = PG_GETARG_INT32(argno + 3);
	rule.alive = NULL;
	if (rule.factor <= 0)
		report_bad_threshold("factor must be positive");
	bounds_arguments(fcinfo, argno + 1, &rule);
	if (rule.fallback_days < 0)
		report_bad_threshold("fallback_days must not be negative");
	return rule;
}

static int32
as_of_argument(FunctionCallInfo fcinfo)
{
	return check_day(PG_GETARG_DATEADT(1), "as_of");
}

static int32 *
room_for_intervals(PurchaseDays purchases)
{
	return palloc_extended((purchases.count + 1) * sizeof(int32),
						   MCXT_ALLOC_HUGE);
}

char
xyz_class_of(const HistoryHeader *header, int32 as_of, const XyzRule *rule)
{
	PeriodWindow window;
	PurchaseDays purchases;
	char result;

	if (header->purchase_days < 2 || header->first_purchase > as_of ||
		!xyz_window(rule->period, rule->periods, header->first_purchase, as_of,
					&window))
		return '\0';
	purchases = history_purchases(header, as_of);
	result = xyz_by_frequency(purchases, &window, rule->x, rule->y);
	pfree(unconstify(int32 *, purchases.days));
	return result;
}

/* Net totals of the periods of a window, and the class of their variation */
static char
variation_class_of(const HistoryHeader *header, int32 as_of,
				   const XyzRule *rule)
{
	PeriodWindow window;
	PeriodTotals scan;
	HistoryCursor cursor;
	HistoryDay day;
	size_t count;

	if (header->purchase_days == 0 || header->first_purchase > as_of ||
		!xyz_window(rule->period, rule->periods, header->first_purchase, as_of,
					&window))
		return '\0';

	count = window.last - window.first + 1;
	start_totals(&scan, &window, palloc(count * sizeof(Int128)));
	history_rewind(header, &cursor);
	while (history_next_stored(&cursor, &day) &&
		   add_to_totals(&scan, day.day, (Int128) day.sold - day.returned))
		;
	return xyz_by_variation(scan.totals, count, rule->x, rule->y);
}

/* How long a client may be silent after some purchases */
static int32
limit_after(PurchaseDays purchases, const LostRule *rule)
{
	int32 *sorted;
	int32 limit;

	if (rule->alive != NULL)
		return silence_limit_by_model(purchases, rule);
	sorted = room_for_intervals(purchases);
	limit =
		silence_limit_of(sorted, sorted_intervals(purchases, sorted), rule);
	pfree(sorted);
	return limit;
}

/* Lost as of a day? If so, lost_on (which may be NULL) tells since when. */
bool
is_lost(const HistoryHeader *header, int32 as_of, const LostRule *rule,
		int64 *lost_on)
{
	PurchaseDays purchases;
	int64 last;
	int32 limit;

	if (header->purchase_days == 0 || header->first_purchase > as_of)
		return false;
	purchases = history_purchases(header, as_of);
	if (purchases.count == 0)
		return false;
	limit = limit_after(purchases, rule);
	last = purchases.days[purchases.count - 1];
	pfree(unconstify(int32 *, purchases.days));
	if (lost_on != NULL)
		*lost_on = last + limit + 1;
	return as_of - last > limit;
}

/* Is a return known on or before the day? */
static bool
has_return(const HistoryHeader *header, int32 as_of)
{
	HistoryCursor cursor;
	HistoryDay day;

	history_rewind(header, &cursor);
	while (history_next_stored(&cursor, &day) && day.day <= as_of)
	{
		if (day.returns > 0)
			return true;
	}
	return false;
}

static int
rung_of(const HistoryHeader *header, int32 as_of, bool has_contact,
		const LadderRule *rule)
{
	PurchaseDays purchases = history_purchases(header, as_of);

	return loyalty_rung_of(
		purchases,
		has_contact || (purchases.count == 0 && has_return(header, as_of)),
		rule);
}

LoyaltyStage
loyalty_stage_of(const HistoryHeader *header, int32 as_of, bool has_contact,
				 const LadderRule *ladder, const LostRule *lost)
{
	if (is_lost(header, as_of, lost, NULL))
		return STAGE_LOST;
	return STAGE_UNAWARE + rung_of(header, as_of, has_contact, ladder);
}

/* 'A' to 'Z' as text, '\0' as NULL */
Datum
xyz_class_datum(FunctionCallInfo fcinfo, char xyz)
{
	if (xyz == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(&xyz, 1));
}

/* A stage as a value of the enum that the function returns */
Datum
loyalty_stage_datum(FunctionCallInfo fcinfo, LoyaltyStage stage)
{
	Oid *values = fcinfo->flinfo->fn_extra;

	if (values == NULL)
	{
		Oid type = get_func_rettype(fcinfo->flinfo->fn_oid);

		values = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
									lengthof(stage_labels) * sizeof(Oid));
		for (int i = 0; i < (int) lengthof(stage_labels); i++)
		{
			values[i] = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid,
										ObjectIdGetDatum(type),
										CStringGetDatum(stage_labels[i]));
			if (!OidIsValid(values[i]))
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_OBJECT),
						 errmsg("type %s has no value \"%s\"",
								format_type_be(type), stage_labels[i])));
		}
		fcinfo->flinfo->fn_extra = values;
	}
	PG_RETURN_OID(values[stage]);
}

Datum
xyz_class(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of = as_of_argument(fcinfo);
	XyzRule rule = xyz_rule_arguments(fcinfo, 2, false);

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	return xyz_class_datum(fcinfo, xyz_class_of(&header, as_of, &rule));
}

Datum
xyz_class_by_variation(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of = as_of_argument(fcinfo);
	XyzRule rule = xyz_rule_arguments(fcinfo, 2, true);

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	return xyz_class_datum(fcinfo, variation_class_of(&header, as_of, &rule));
}

Datum
loyalty_stage(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of = as_of_argument(fcinfo);
	LadderRule ladder = ladder_rule_arguments(fcinfo, 3);
	LostRule lost = lost_rule_arguments(fcinfo, 6);

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	return loyalty_stage_datum(
		fcinfo,
		loyalty_stage_of(&header, as_of, PG_GETARG_BOOL(2), &ladder, &lost));
}

Datum
loyalty_rung(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of = as_of_argument(fcinfo);
	LadderRule ladder = ladder_rule_arguments(fcinfo, 3);

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	PG_RETURN_INT32(rung_of(&header, as_of, PG_GETARG_BOOL(2), &ladder));
}

static Datum
lost_datum(FunctionCallInfo fcinfo, const LostRule *rule)
{
	HistoryHeader header;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	PG_RETURN_BOOL(is_lost(&header, as_of_argument(fcinfo), rule, NULL));
}

Datum
is_lost_client(PG_FUNCTION_ARGS)
{
	LostRule rule = lost_rule_arguments(fcinfo, 2);

	return lost_datum(fcinfo, &rule);
}

Datum
is_lost_client_by_model(PG_FUNCTION_ARGS)
{
	AliveRule alive;
	LostRule rule = lost_rule_by_model_arguments(fcinfo, 2, &alive);

	return lost_datum(fcinfo, &rule);
}

static Datum
silence_limit_datum(FunctionCallInfo fcinfo, const LostRule *rule)
{
	HistoryHeader header;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	if (header.purchase_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(limit_after(history_purchases(&header, DAY_MAX), rule));
}

Datum
silence_limit(PG_FUNCTION_ARGS)
{
	LostRule rule = lost_rule_arguments(fcinfo, 1);

	return silence_limit_datum(fcinfo, &rule);
}

Datum
silence_limit_with_model(PG_FUNCTION_ARGS)
{
	AliveRule alive;
	LostRule rule = lost_rule_by_model_arguments(fcinfo, 1, &alive);

	return silence_limit_datum(fcinfo, &rule);
}

static Datum
lost_on_datum(FunctionCallInfo fcinfo, const LostRule *rule)
{
	HistoryHeader header;
	int64 day;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	if (!is_lost(&header, as_of_argument(fcinfo), rule, &day))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT((int32) day);
}

Datum
lost_on(PG_FUNCTION_ARGS)
{
	LostRule rule = lost_rule_arguments(fcinfo, 2);

	return lost_on_datum(fcinfo, &rule);
}

Datum
lost_on_by_model(PG_FUNCTION_ARGS)
{
	AliveRule alive;
	LostRule rule = lost_rule_by_model_arguments(fcinfo, 2, &alive);

	return lost_on_datum(fcinfo, &rule);
}

static Datum
put_loss_events(FunctionCallInfo fcinfo, const LostRule *rule)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	HistoryHeader header;
	int32 as_of = as_of_argument(fcinfo);
	LossScan scan;
	LossEvent event;
	LossStep step;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	scan.purchases = history_purchases(&header, as_of);
	scan.intervals.lower = room_for_intervals(scan.purchases);
	scan.intervals.upper = room_for_intervals(scan.purchases);
	start_losses(&scan, as_of, rule);
	while ((step = next_loss(&scan, &event)) != LOSS_END)
	{
		Datum values[4];
		bool nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		if (step == LOSS_NONE)
			continue;
		values[0] = DateADTGetDatum(event.last_purchase);
		values[1] = Int32GetDatum(event.limit);
		values[2] = DateADTGetDatum((int32) event.lost_on);
		values[3] = DateADTGetDatum(event.returned_on);
		nulls[3] = !event.has_returned;
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

Datum
loss_events(PG_FUNCTION_ARGS)
{
	LostRule rule = lost_rule_arguments(fcinfo, 2);

	return put_loss_events(fcinfo, &rule);
}

Datum
loss_events_by_model(PG_FUNCTION_ARGS)
{
	AliveRule alive;
	LostRule rule = lost_rule_by_model_arguments(fcinfo, 2, &alive);

	return put_loss_events(fcinfo, &rule);
}
