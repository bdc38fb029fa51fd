/*
 * fit_aggregates.c
 *		The aggregates that fit repeat-buying models.
 *
 * The state counts clients who bought alike, so it grows with the different
 * cases, not with the clients.  The fit sorts them, so that it does not depend
 * on the order of the rows or on how many workers shared them.
 */
#include "compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "fitted_model.h"
#include "model_cases.h"
#include "purchase_history.h"
#include "state_io.h"

PG_FUNCTION_INFO_V1(fit_accum_history);
PG_FUNCTION_INFO_V1(fit_accum_spend_history);
PG_FUNCTION_INFO_V1(fit_accum);
PG_FUNCTION_INFO_V1(fit_accum_unit);
PG_FUNCTION_INFO_V1(fit_accum_spend);
PG_FUNCTION_INFO_V1(fit_combine);
PG_FUNCTION_INFO_V1(fit_serialize);
PG_FUNCTION_INFO_V1(fit_deserialize);
PG_FUNCTION_INFO_V1(fit_bgnbd_final);
PG_FUNCTION_INFO_V1(fit_mbgnbd_final);
PG_FUNCTION_INFO_V1(fit_paretonbd_final);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_final);

/* A case, by which it is found, and how many clients it counts */
typedef struct CaseEntry
{
	ModelClient client;
	int64 clients;
	char status;
} CaseEntry;

#define SH_PREFIX case_table
#define SH_ELEMENT_TYPE CaseEntry
#define SH_KEY_TYPE ModelClient
#define SH_KEY client
#define SH_HASH_KEY(table, key)                                               \
	hash_bytes((const unsigned char *) &(key), sizeof(ModelClient))
#define SH_EQUAL(table, left, right)                                          \
	(memcmp(&(left), &(right), sizeof(ModelClient)) == 0)
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE

#include "lib/simplehash.h"

#define INITIAL_CASES 64

typedef struct FitState
{
	bool has_as_of;
	int32 as_of;
	ModelUnit unit;
	case_table_hash *cases;
} FitState;

static FitState *
create_state(MemoryContext context)
{
	FitState *state = MemoryContextAllocZero(context, sizeof(FitState));

	state->cases = case_table_create(context, INITIAL_CASES, NULL);
	return state;
}

static FitState *
state_argument(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? create_state(context)
						   : (FitState *) PG_GETARG_POINTER(0);
}

static void
add_clients(FitState *state, const ModelClient *client, int64 clients)
{
	CaseEntry *entry;
	bool found;

	if (state->cases->members >= PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many different clients in one group"),
						errhint("Fit the model to a sample of the clients.")));
	entry = case_table_insert(state->cases, *client, &found);
	if (!found)
		entry->clients = 0;
	entry->clients += clients;
}

/* The same in all rows of a group */
static void
set_as_of(FitState *state, int32 as_of)
{
	if (state->has_as_of && state->as_of != as_of)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("as_of must not vary within a group")));
	state->has_as_of = true;
	state->as_of = as_of;
}

static void
set_unit(FitState *state, ModelUnit unit)
{
	if (state->unit != UNIT_NONE && state->unit != unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unit must not vary within a group")));
	state->unit = unit;
}

/* A state of the day that is given with the histories */
static FitState *
state_of_histories(FunctionCallInfo fcinfo)
{
	FitState *state = state_argument(fcinfo);

	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("as_of must not be null")));
	set_as_of(state, check_day(PG_GETARG_DATEADT(2), "as_of"));
	return state;
}

/* state, history, as_of */
Datum
fit_accum_history(PG_FUNCTION_ARGS)
{
	FitState *state = state_of_histories(fcinfo);
	ModelClient client;

	set_unit(state, UNIT_DAY);
	if (!PG_ARGISNULL(1) &&
		model_client_of_history(fcinfo, 1, state->as_of, &client))
		add_clients(state, &client, 1);
	PG_RETURN_POINTER(state);
}

Datum
fit_accum_spend_history(PG_FUNCTION_ARGS)
{
	FitState *state = state_of_histories(fcinfo);
	ModelClient client = {0};

	if (!PG_ARGISNULL(1) &&
		repeat_spend_of_history(fcinfo, 1, state->as_of, &client.x,
								&client.t_x) &&
		client.x > 0 && client.t_x > 0)
		add_clients(state, &client, 1);
	PG_RETURN_POINTER(state);
}

static Datum
accumulate(FunctionCallInfo fcinfo, ModelUnit unit)
{
	FitState *state = state_argument(fcinfo);
	ModelClient client;

	set_unit(state, unit);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		model_client_arguments(fcinfo, 1, &client);
		add_clients(state, &client, 1);
	}
	PG_RETURN_POINTER(state);
}

/* state, x, t_x, t */
Datum
fit_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, UNIT_DAY);
}

/* state, x, t_x, t, unit */
Datum
fit_accum_unit(PG_FUNCTION_ARGS)
{
	text *name;
	ModelUnit unit;

	if (PG_ARGISNULL(4))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("unit must not be null")));
	name = PG_GETARG_TEXT_PP(4);
	unit = model_unit_from_text(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit \"%s\" not recognized", text_to_cstring(name)),
				 errhint("Use day or week.")));
	return accumulate(fcinfo, unit);
}

/* state, x, spend */
Datum
fit_accum_spend(PG_FUNCTION_ARGS)
{
	FitState *state = state_argument(fcinfo);
	ModelClient client = {0};

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		spend_arguments(fcinfo, 1, &client.x, &client.t_x);
		if (client.x > 0 && client.t_x > 0)
			add_clients(state, &client, 1);
	}
	PG_RETURN_POINTER(state);
}

Datum
fit_combine(PG_FUNCTION_ARGS)
{
	FitState *state;
	FitState *other;
	case_table_iterator iterator;
	CaseEntry *entry;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = state_argument(fcinfo);
	other = (FitState *) PG_GETARG_POINTER(1);
	if (other->has_as_of)
		set_as_of(state, other->as_of);
	if (other->unit != UNIT_NONE)
		set_unit(state, other->unit);
	case_table_start_iterate(other->cases, &iterator);
	while ((entry = case_table_iterate(other->cases, &iterator)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		add_clients(state, &entry->client, entry->clients);
	}
	PG_RETURN_POINTER(state);
}

static int
compare_cases(const void *left, const void *right)
{
	const ModelCase *a = left;
	const ModelCase *b = right;

	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->t_x != b->t_x)
		return a->t_x < b->t_x ? -1 : 1;
	return (a->t > b->t) - (a->t < b->t);
}

static ModelCase *
sorted_cases(const FitState *state, int64 *clients)
{
	ModelCase *cases = palloc_extended(
		(state->cases->members + 1) * sizeof(ModelCase), MCXT_ALLOC_HUGE);
	case_table_iterator iterator;
	CaseEntry *entry;
	size_t count = 0;

	*clients = 0;
	case_table_start_iterate(state->cases, &iterator);
	while ((entry = case_table_iterate(state->cases, &iterator)) != NULL)
	{
		ModelCase one = {entry->client.x, entry->client.t_x, entry->client.t,
						 (double) entry->clients};

		cases[count++] = one;
		*clients += entry->clients;
	}
	CHECK_FOR_INTERRUPTS();
	qsort(cases, count, sizeof(ModelCase), compare_cases);
	return cases;
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static Datum
fit(FunctionCallInfo fcinfo, ModelKind kind)
{
	const FitState *state;
	FittedModel *model;
	ModelCase *cases;
	ModelFit result;
	int64 clients;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FitState *) PG_GETARG_POINTER(0);
	if (state->cases->members == 0)
		PG_RETURN_NULL();
	cases = sorted_cases(state, &clients);
	fit_model(kind, cases, state->cases->members, check_interrupts, &result);
	pfree(cases);

	model = fitted_model_create(kind, state->unit);
	model->verdict = result.verdict;
	model->parameter = result.parameter;
	model->has_as_of = state->has_as_of;
	model->as_of = state->as_of;
	model->clients = clients;
	model->log_likelihood = result.log_likelihood;
	memcpy(model->parameters, result.parameters, sizeof(result.parameters));
	memcpy(model->standard_errors, result.standard_errors,
		   sizeof(result.standard_errors));
	PG_RETURN_POINTER(model);
}

Datum
fit_bgnbd_final(PG_FUNCTION_ARGS)
{
	return fit(fcinfo, MODEL_BG_NBD);
}

Datum
fit_mbgnbd_final(PG_FUNCTION_ARGS)
{
	return fit(fcinfo, MODEL_MBG_NBD);
}

Datum
fit_paretonbd_final(PG_FUNCTION_ARGS)
{
	return fit(fcinfo, MODEL_PARETO_NBD);
}

Datum
fit_gamma_gamma_final(PG_FUNCTION_ARGS)
{
	return fit(fcinfo, MODEL_GAMMA_GAMMA);
}

/*
 * The serialized form only travels between processes of one server, but any
 * bytea can be handed to the function that reads it: it is for the executor
 * alone.
 */
Datum
fit_serialize(PG_FUNCTION_ARGS)
{
	const FitState *state;
	case_table_iterator iterator;
	CaseEntry *entry;
	StringInfoData out;

	(void) aggregate_context(fcinfo);
	state = (FitState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&out);
	pq_sendbyte(&out, state->has_as_of);
	pq_sendint32(&out, state->as_of);
	pq_sendbyte(&out, state->unit);
	case_table_start_iterate(state->cases, &iterator);
	while ((entry = case_table_iterate(state->cases, &iterator)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendbytes(&out, (const char *) &entry->client, sizeof(ModelClient));
		pq_sendbytes(&out, (const char *) &entry->clients, sizeof(int64));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
fit_deserialize(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	FitState *state;
	StringInfoData message;

	(void) aggregate_context(fcinfo);
	state = create_state(CurrentMemoryContext);
	message.data = VARDATA_ANY(bytes);
	message.len = VARSIZE_ANY_EXHDR(bytes);
	message.maxlen = message.len;
	message.cursor = 0;
	state->has_as_of = pq_getmsgbyte(&message) != 0;
	state->as_of = (int32) pq_getmsgint(&message, 4);
	state->unit = pq_getmsgbyte(&message);
	while (message.cursor < message.len)
	{
		ModelClient client;
		int64 clients;

		CHECK_FOR_INTERRUPTS();
		memcpy(&client, pq_getmsgbytes(&message, sizeof(client)),
			   sizeof(client));
		memcpy(&clients, pq_getmsgbytes(&message, sizeof(clients)),
			   sizeof(clients));
		add_clients(state, &client, clients);
	}
	PG_RETURN_POINTER(state);
}
