/*
 * history_aggregates.c
 *		The aggregates over raw sales, and rollup over histories.
 *
 * The aggregates over sales have an internal state; rollup has the same state
 * as a value of the SQL type purchase_history_state.  Transition functions
 * change the state in place, wherever it may be changed; final functions only
 * read it.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "arguments.h"
#include "class_functions.h"
#include "history_state.h"
#include "state_io.h"

PG_FUNCTION_INFO_V1(history_accum);
PG_FUNCTION_INFO_V1(history_accum_profit);
PG_FUNCTION_INFO_V1(history_accum_zone);
PG_FUNCTION_INFO_V1(history_accum_profit_zone);
PG_FUNCTION_INFO_V1(sale_day);
PG_FUNCTION_INFO_V1(history_accum_as_of);
PG_FUNCTION_INFO_V1(history_combine);
PG_FUNCTION_INFO_V1(history_serialize);
PG_FUNCTION_INFO_V1(history_deserialize);
PG_FUNCTION_INFO_V1(history_final);
PG_FUNCTION_INFO_V1(history_xyz_class_final);
PG_FUNCTION_INFO_V1(history_loyalty_stage_final);
PG_FUNCTION_INFO_V1(history_is_lost_client_final);
PG_FUNCTION_INFO_V1(purchase_history_state_in);
PG_FUNCTION_INFO_V1(purchase_history_state_out);
PG_FUNCTION_INFO_V1(purchase_history_state_recv);
PG_FUNCTION_INFO_V1(purchase_history_state_send);
PG_FUNCTION_INFO_V1(rollup_accum);
PG_FUNCTION_INFO_V1(rollup_combine);
PG_FUNCTION_INFO_V1(rollup_final);

/* How to read the sales of a query: found out at its first row */
typedef struct SaleReader
{
	MomentType moment;
	NumberType amount;
	NumberType profit;
	Zone zone;
} SaleReader;

/* Positions of the arguments that only some forms have; 0 where absent */
typedef struct SaleForm
{
	int profit;
	int time_zone;
	int as_of;
} SaleForm;

static SaleReader *
sale_reader(FunctionCallInfo fcinfo, const SaleForm *form)
{
	SaleReader *reader = fcinfo->flinfo->fn_extra;

	if (unlikely(reader == NULL))
	{
		reader = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
										sizeof(SaleReader));
		reader->moment = moment_type_of_argument(fcinfo, 1, "sold_at");
		reader->amount = number_type_of_argument(fcinfo, 2, "amount");
		if (form->profit > 0)
			reader->profit =
				number_type_of_argument(fcinfo, form->profit, "profit");
		fcinfo->flinfo->fn_extra = reader;
	}
	return reader;
}

static HistoryState *
add_sale(FunctionCallInfo fcinfo, const SaleForm *form, StateOwner owner,
		 HistoryState *state)
{
	SaleReader *reader = sale_reader(fcinfo, form);
	int32 day;
	int64 amount;
	int64 profit = 0;
	int amount_scale;
	int profit_scale = 0;
	bool has_profit = form->profit > 0 && !PG_ARGISNULL(form->profit);

	/* a wrong name is an error also where the zone does not matter */
	if (form->time_zone > 0 && !PG_ARGISNULL(form->time_zone))
	{
		text *name = PG_GETARG_TEXT_PP(form->time_zone);

		zone_use_name(&reader->zone, VARDATA_ANY(name),
					  VARSIZE_ANY_EXHDR(name));
	}
	else if (reader->moment == MOMENT_TIMESTAMPTZ)
		zone_use_session(&reader->zone);
	day = day_from_moment(PG_GETARG_DATUM(1), reader->moment, &reader->zone);
	amount = amount_from_number(PG_GETARG_DATUM(2), reader->amount, "amount",
								&amount_scale);
	if (has_profit)
		profit = amount_from_number(PG_GETARG_DATUM(form->profit),
									reader->profit, "profit", &profit_scale);
	return history_state_add_sale(state, owner, day, amount, amount_scale,
								  has_profit, profit, profit_scale);
}

/*
 * sale_day(moment timestamptz, zone jsonb): the day of a sale, in a zone that is
 * named by a string.  A constant that has a collation, as a text has, would keep
 * postgres_fdw from leaving the aggregate to another server.
 */
Datum
sale_day(PG_FUNCTION_ARGS)
{
	Zone *zone = fcinfo->flinfo->fn_extra;
	JsonbValue name;

	if (unlikely(zone == NULL))
		zone = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Zone));
	if (!JsonbExtractScalar(&PG_GETARG_JSONB_P(1)->root, &name) ||
		name.type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("zone must be a string")));
	zone_use_name(zone, name.val.string.val, name.val.string.len);
	PG_RETURN_DATEADT(
		day_from_moment(PG_GETARG_DATUM(0), MOMENT_TIMESTAMPTZ, zone));
}

/* One sale; one without a moment or an amount is left out */
static Datum
accumulate(FunctionCallInfo fcinfo, const SaleForm *form)
{
	StateOwner owner = {aggregate_context(fcinfo), true};
	HistoryState *state =
		PG_ARGISNULL(0) ? NULL : (HistoryState *) PG_GETARG_POINTER(0);
	bool is_sale = !PG_ARGISNULL(1) && !PG_ARGISNULL(2);

	if (state == NULL && (is_sale || form->as_of > 0))
		state = history_state_create(owner.context);
	if (form->as_of > 0)
		history_state_set_as_of(
			state, PG_ARGISNULL(form->as_of),
			PG_ARGISNULL(form->as_of)
				? 0
				: check_day(PG_GETARG_DATEADT(form->as_of), "as_of"));
	if (is_sale)
		state = add_sale(fcinfo, form, owner, state);
	else
		(void) sale_reader(fcinfo, form);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
history_accum(PG_FUNCTION_ARGS)
{
	static const SaleForm form = {0};

	return accumulate(fcinfo, &form);
}

Datum
history_accum_profit(PG_FUNCTION_ARGS)
{
	static const SaleForm form = {.profit = 3};

	return accumulate(fcinfo, &form);
}

Datum
history_accum_zone(PG_FUNCTION_ARGS)
{
	static const SaleForm form = {.time_zone = 3};

	return accumulate(fcinfo, &form);
}

Datum
history_accum_profit_zone(PG_FUNCTION_ARGS)
{
	static const SaleForm form = {.profit = 3, .time_zone = 4};

	return accumulate(fcinfo, &form);
}

Datum
history_accum_as_of(PG_FUNCTION_ARGS)
{
	static const SaleForm form = {.as_of = 3};

	return accumulate(fcinfo, &form);
}

Datum
history_combine(PG_FUNCTION_ARGS)
{
	StateOwner owner = {aggregate_context(fcinfo), true};
	HistoryState *state =
		PG_ARGISNULL(0) ? NULL : (HistoryState *) PG_GETARG_POINTER(0);
	HistoryState *other;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	other = (HistoryState *) PG_GETARG_POINTER(1);
	if (state == NULL)
		PG_RETURN_POINTER(history_state_copy(other, owner.context));
	PG_RETURN_POINTER(history_state_add_state(state, owner, other));
}

Datum
history_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(
		history_state_to_bytes((HistoryState *) PG_GETARG_POINTER(0)));
}

Datum
history_deserialize(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);

	(void) aggregate_context(fcinfo);
	PG_RETURN_POINTER(history_state_from_bytes((uint8 *) VARDATA_ANY(bytes),
											   VARSIZE_ANY_EXHDR(bytes),
											   CurrentMemoryContext));
}

Datum
history_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(
		history_state_result((HistoryState *) PG_GETARG_POINTER(0)));
}

/*
 * The history and the day of an aggregate with an as_of argument; false where
 * there was no row or no day.
 */
static bool
final_history(FunctionCallInfo fcinfo, HistoryHeader *header, int32 *as_of)
{
	HistoryState *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return false;
	state = (HistoryState *) PG_GETARG_POINTER(0);
	if (state->as_of_kind != AS_OF_DAY)
		return false;
	*as_of = state->as_of;
	history_open_stored(history_state_result(state), header);
	return true;
}

Datum
history_xyz_class_final(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of;

	if (!final_history(fcinfo, &header, &as_of))
		PG_RETURN_NULL();
	return xyz_class_datum(fcinfo,
						   xyz_class_of(&header, as_of, &default_xyz_rule));
}

Datum
history_loyalty_stage_final(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of;

	if (!final_history(fcinfo, &header, &as_of))
		PG_RETURN_NULL();
	return loyalty_stage_datum(fcinfo, loyalty_stage_of(&header, as_of, false,
														&default_ladder_rule,
														&default_lost_rule));
}

Datum
history_is_lost_client_final(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	int32 as_of;

	if (!final_history(fcinfo, &header, &as_of))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(is_lost(&header, as_of, &default_lost_rule, NULL));
}

Datum
purchase_history_state_in(PG_FUNCTION_ARGS)
{
	bytea *bytes =
		state_bytes_from_text(PG_GETARG_CSTRING(0), "purchase_history_state");

	PG_RETURN_POINTER(history_state_from_bytes((uint8 *) VARDATA(bytes),
											   VARSIZE(bytes) - VARHDRSZ,
											   CurrentMemoryContext));
}

#define PG_GETARG_HISTORY_STATE(n)                                            \
	((HistoryState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

Datum
purchase_history_state_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(state_bytes_to_text(
		history_state_to_bytes(PG_GETARG_HISTORY_STATE(0))));
}

Datum
purchase_history_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int length = message->len - message->cursor;

	PG_RETURN_POINTER(history_state_from_bytes(
		(const uint8 *) pq_getmsgbytes(message, length), length,
		CurrentMemoryContext));
}

Datum
purchase_history_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(history_state_to_bytes(PG_GETARG_HISTORY_STATE(0)));
}

/*
 * The state that rollup may change: the executor's own within an aggregate, a
 * copy or a new one elsewhere.
 */
static HistoryState *
rollup_state(FunctionCallInfo fcinfo)
{
	HistoryState *state;

	if (PG_ARGISNULL(0))
		return history_state_create(CurrentMemoryContext);
	state = PG_GETARG_HISTORY_STATE(0);
	if (AggCheckCallContext(fcinfo, NULL) ||
		(Pointer) state != DatumGetPointer(PG_GETARG_DATUM(0)))
		return state;
	return history_state_copy(state, CurrentMemoryContext);
}

Datum
rollup_accum(PG_FUNCTION_ARGS)
{
	StateOwner owner = {CurrentMemoryContext, false};
	HistoryHeader header;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(1), &header);
	PG_RETURN_POINTER(
		history_state_add_history(rollup_state(fcinfo), owner, &header));
}

Datum
rollup_combine(PG_FUNCTION_ARGS)
{
	StateOwner owner = {CurrentMemoryContext, false};

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	PG_RETURN_POINTER(history_state_add_state(rollup_state(fcinfo), owner,
											  PG_GETARG_HISTORY_STATE(1)));
}

Datum
rollup_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(history_state_result(PG_GETARG_HISTORY_STATE(0)));
}
