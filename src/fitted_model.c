/*
 * fitted_model.c
 *		The SQL type fitted_model: input, output, comparison, accessors.
 *
 * Its text is a JSON object, so that people and programs read it alike, with
 * numbers to their last digit.  A model without "converged" is one that
 * someone gives, as from a paper, and has nothing but its parameters.
 */
#include "fitted_model.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "calendar.h"

PG_FUNCTION_INFO_V1(fitted_model_in);
PG_FUNCTION_INFO_V1(fitted_model_out);
PG_FUNCTION_INFO_V1(fitted_model_recv);
PG_FUNCTION_INFO_V1(fitted_model_send);
PG_FUNCTION_INFO_V1(fitted_model_eq);
PG_FUNCTION_INFO_V1(fitted_model_ne);
PG_FUNCTION_INFO_V1(fitted_model_lt);
PG_FUNCTION_INFO_V1(fitted_model_le);
PG_FUNCTION_INFO_V1(fitted_model_gt);
PG_FUNCTION_INFO_V1(fitted_model_ge);
PG_FUNCTION_INFO_V1(fitted_model_cmp);
PG_FUNCTION_INFO_V1(fitted_model_hash);
PG_FUNCTION_INFO_V1(fitted_model_hash_extended);
PG_FUNCTION_INFO_V1(model_kind);
PG_FUNCTION_INFO_V1(model_unit);
PG_FUNCTION_INFO_V1(model_as_of);
PG_FUNCTION_INFO_V1(model_clients);
PG_FUNCTION_INFO_V1(model_parameter);
PG_FUNCTION_INFO_V1(model_standard_error);
PG_FUNCTION_INFO_V1(model_log_likelihood);
PG_FUNCTION_INFO_V1(model_converged);
PG_FUNCTION_INFO_V1(model_convergence_failure);

static const char *const unit_names[MODEL_UNITS] = {NULL, "day", "week"};

FittedModel *
fitted_model_create(ModelKind kind, ModelUnit unit)
{
	FittedModel *model = palloc0(sizeof(FittedModel));

	StaticAssertStmt(sizeof(FittedModel) == 96, "fitted_model has padding");
	SET_VARSIZE(model, sizeof(FittedModel));
	model->format = FITTED_MODEL_FORMAT;
	model->kind = kind;
	model->unit = unit;
	return model;
}

const FittedModel *
fitted_model_argument(FunctionCallInfo fcinfo, int argno)
{
	FittedModel *model =
		(FittedModel *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	if (VARSIZE(model) != sizeof(FittedModel) ||
		model->format != FITTED_MODEL_FORMAT || model->kind >= MODEL_KINDS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("unknown format of fitted model"),
				 errhint("It may come from a later version of clientcore.")));
	return model;
}

/* A model of purchases, not of spend */
const FittedModel *
purchase_model_argument(FunctionCallInfo fcinfo, int argno)
{
	const FittedModel *model = fitted_model_argument(fcinfo, argno);

	if (model->kind == MODEL_GAMMA_GAMMA)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a model of kind gamma-gamma knows nothing of when "
					"clients buy"),
			 errhint("Use a model of kind bg/nbd, mbg/nbd or pareto/nbd.")));
	return model;
}

ModelUnit
model_unit_from_text(const char *text, size_t length)
{
	for (int unit = UNIT_DAY; unit < MODEL_UNITS; unit++)
	{
		if (strlen(unit_names[unit]) == length &&
			memcmp(text, unit_names[unit], length) == 0)
			return unit;
	}
	return UNIT_NONE;
}

/* Why a fit did not converge; NULL if it did, or there was none */
const char *
fit_trouble_of(const FittedModel *model)
{
	const char *parameter =
		model_descriptions[model->kind].parameters[model->parameter];

	switch ((FitVerdict) model->verdict)
	{
		case FIT_GIVEN:
		case FIT_CONVERGED:
		case FIT_VERDICTS:
			return NULL;
		case FIT_TOO_FEW:
			return "no client bought again";
		case FIT_VANISHES:
			return psprintf("no optimum: %s falls to zero", parameter);
		case FIT_GROWS:
			return psprintf("no optimum: %s grows without limit", parameter);
		case FIT_UNSETTLED:
			return "no maximum was found";
	}
	return NULL;
}

/* --- text --- */

static void
append_number(StringInfo out, double number)
{
	char text[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(number, text);
	appendStringInfoString(out, text);
}

static void
append_numbers(StringInfo out, const char *key, const FittedModel *model,
			   const double *numbers)
{
	const ModelDescription *kind = &model_descriptions[model->kind];

	appendStringInfo(out, ", \"%s\": {", key);
	for (int i = 0; i < kind->parameter_count; i++)
	{
		appendStringInfo(out, "%s\"%s\": ", i > 0 ? ", " : "",
						 kind->parameters[i]);
		append_number(out, numbers[i]);
	}
	appendStringInfoChar(out, '}');
}

static void
append_day(StringInfo out, int32 day)
{
	int64_t year;
	int month;
	int mday;

	day_to_civil(day, &year, &month, &mday);
	appendStringInfo(out, ", \"as_of\": \"%04d-%02d-%02d%s\"",
					 (int) (year > 0 ? year : 1 - year), month, mday,
					 year > 0 ? "" : " BC");
}

static char *
model_to_text(const FittedModel *model)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"kind\": \"%s\"",
					 model_descriptions[model->kind].name);
	if (model->unit != UNIT_NONE)
		appendStringInfo(&out, ", \"unit\": \"%s\"", unit_names[model->unit]);
	if (model->has_as_of)
		append_day(&out, model->as_of);
	append_numbers(&out, "parameters", model, model->parameters);
	if (model->verdict != FIT_GIVEN)
	{
		const char *trouble = fit_trouble_of(model);

		if (model->verdict == FIT_CONVERGED)
			append_numbers(&out, "standard_errors", model,
						   model->standard_errors);
		appendStringInfoString(&out, ", \"log_likelihood\": ");
		append_number(&out, model->log_likelihood);
		appendStringInfo(&out, ", \"clients\": " INT64_FORMAT, model->clients);
		appendStringInfo(&out, ", \"converged\": %s",
						 trouble == NULL ? "true" : "false");
		if (trouble != NULL)
			appendStringInfo(&out, ", \"reason\": \"%s\"", trouble);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

Datum
fitted_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(model_to_text(fitted_model_argument(fcinfo, 0)));
}

/* A walk over the keys of the text, and what is wrong with it */
typedef struct ModelParser
{
	FittedModel *model;
	bool has_kind;
	bool has_parameters;
	bool has_errors;
	bool has_log_likelihood;
	bool has_clients;
	bool has_converged;
	bool converged;
	bool has_trouble;
	JsonbValue trouble;
	const char *error;
} ModelParser;

static bool
fail(ModelParser *parser, const char *error)
{
	parser->error = error;
	return false;
}

static bool
is_text(const JsonbValue *value, const char *text)
{
	return value->type == jbvString &&
		   (size_t) value->val.string.len == strlen(text) &&
		   memcmp(value->val.string.val, text, strlen(text)) == 0;
}

static bool
parse_kind(ModelParser *parser, const JsonbValue *value)
{
	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		if (is_text(value, model_descriptions[kind].name))
		{
			parser->model->kind = kind;
			parser->has_kind = true;
			return true;
		}
	}
	return fail(parser, "kind is bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma");
}

static bool
parse_unit(ModelParser *parser, const JsonbValue *value)
{
	if (value->type == jbvString)
		parser->model->unit =
			model_unit_from_text(value->val.string.val, value->val.string.len);
	return parser->model->unit != UNIT_NONE ||
		   fail(parser, "unit is day or week");
}

static bool
parse_number(const JsonbValue *value, double *number)
{
	if (value->type != jbvNumeric)
		return false;
	*number = DatumGetFloat8(DirectFunctionCall1(
		numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	return isfinite(*number);
}

/* Years of four to seven digits, months and days of two; BC may follow */
static bool
parse_as_of(ModelParser *parser, const JsonbValue *value)
{
	char text[32];
	char era[3] = "";
	int year;
	int month;
	int mday;
	int end = 0;
	int64 day;

	if (value->type != jbvString ||
		value->val.string.len >= (int) sizeof(text))
		return fail(parser, "as_of is a day such as \"2024-01-31\"");
	memcpy(text, value->val.string.val, value->val.string.len);
	text[value->val.string.len] = '\0';
	if (sscanf(text, "%7d-%2d-%2d%n %2s%n", &year, &month, &mday, &end, era,
			   &end) < 3 ||
		(size_t) end != strlen(text) || year < 1 ||
		(era[0] != '\0' && strcmp(era, "BC") != 0))
		return fail(parser, "as_of is a day such as \"2024-01-31\"");
	if (era[0] != '\0')
		year = 1 - year;
	if (!civil_is_valid(year, month, mday))
		return fail(parser, "there is no such day as as_of");
	day = day_from_civil(year, month, mday);
	if (day < DAY_MIN || day > DAY_MAX)
		return fail(parser, "as_of is out of range");
	parser->model->as_of = (int32) day;
	parser->model->has_as_of = true;
	return true;
}

static bool
parse_clients(ModelParser *parser, const JsonbValue *value)
{
	double clients;

	if (!parse_number(value, &clients) || clients < 1 || clients > 1e15 ||
		clients != floor(clients))
		return fail(parser, "clients is a whole number of at least 1");
	parser->model->clients = (int64) clients;
	parser->has_clients = true;
	return true;
}

/* An object with the numbers of all parameters, in their order or another */
static bool
parse_numbers(ModelParser *parser, const JsonbValue *value, double *numbers)
{
	const ModelDescription *kind = &model_descriptions[parser->model->kind];

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data) ||
		(int) JsonContainerSize(value->val.binary.data) !=
			kind->parameter_count)
		return fail(parser, "parameters and standard_errors are objects with "
							"the parameters of the kind, and no others");
	for (int i = 0; i < kind->parameter_count; i++)
	{
		JsonbValue room;
		const JsonbValue *number = getKeyJsonValueFromContainer(
			value->val.binary.data, kind->parameters[i],
			strlen(kind->parameters[i]), &room);

		if (number == NULL)
			return fail(parser, "a parameter is missing");
		if (!parse_number(number, &numbers[i]))
			return fail(parser, "parameters and standard errors are numbers");
		numbers[i] += 0.0; /* no minus zero */
	}
	return true;
}

/* v of Gamma-Gamma is money; all others are within the same bounds */
static bool
check_parameters(ModelParser *parser)
{
	const FittedModel *model = parser->model;
	int count = model_descriptions[model->kind].parameter_count;

	for (int i = 0; i < count; i++)
	{
		bool is_money = model->kind == MODEL_GAMMA_GAMMA && i == 2;

		if (model->parameters[i] < (is_money ? MONEY_MIN : PARAMETER_MIN) ||
			model->parameters[i] > (is_money ? MONEY_MAX : PARAMETER_MAX))
			return fail(parser, "parameters are between 1e-9 and 1e9, v of "
								"gamma-gamma between 1e-100 and 1e100");
		if (model->standard_errors[i] < 0)
			return fail(parser, "standard errors are at least 0");
	}
	return true;
}

/* The trouble of one of the verdicts, in its own words */
static bool
parse_trouble(ModelParser *parser)
{
	FittedModel *model = parser->model;

	for (int verdict = FIT_TOO_FEW; verdict < FIT_VERDICTS; verdict++)
	{
		bool has_parameter = verdict == FIT_VANISHES || verdict == FIT_GROWS;
		int count = has_parameter
						? model_descriptions[model->kind].parameter_count
						: 1;

		for (int parameter = 0; parameter < count; parameter++)
		{
			model->verdict = verdict;
			model->parameter = parameter;
			if (is_text(&parser->trouble, fit_trouble_of(model)))
				return true;
		}
	}
	return fail(parser, "the reason is none that a fit gives");
}

static bool
parse_key(ModelParser *parser, const JsonbValue *key, const JsonbValue *value)
{
	FittedModel *model = parser->model;

	/* parameters come after the kind, whatever their order in the text */
	if (is_text(key, "kind") || is_text(key, "parameters") ||
		is_text(key, "standard_errors"))
		return true;
	if (is_text(key, "unit"))
		return parse_unit(parser, value);
	if (is_text(key, "as_of"))
		return parse_as_of(parser, value);
	if (is_text(key, "clients"))
		return parse_clients(parser, value);
	if (is_text(key, "log_likelihood"))
	{
		parser->has_log_likelihood = true;
		return parse_number(value, &model->log_likelihood) ||
			   fail(parser, "log_likelihood is a number");
	}
	if (is_text(key, "converged"))
	{
		parser->has_converged = true;
		parser->converged = value->type == jbvBool && value->val.boolean;
		return value->type == jbvBool ||
			   fail(parser, "converged is true or false");
	}
	if (is_text(key, "reason"))
	{
		parser->has_trouble = true;
		parser->trouble = *value;
		return true;
	}
	return fail(
		parser,
		"there are the keys kind, unit, as_of, parameters, standard_errors, "
		"log_likelihood, clients, converged and reason");
}

static bool
parse_model(ModelParser *parser, Jsonb *json)
{
	FittedModel *model = parser->model;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue key;
	JsonbValue value;
	JsonbValue room;
	const JsonbValue *found;

	if (!JB_ROOT_IS_OBJECT(json))
		return fail(parser, "a model is an object");
	found = getKeyJsonValueFromContainer(&json->root, "kind", 4, &room);
	if (found == NULL || !parse_kind(parser, found))
		return fail(parser,
					"kind is bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma");
	iterator = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (!parse_key(parser, &key, &value))
			return false;
	}
	found = getKeyJsonValueFromContainer(&json->root, "parameters", 10, &room);
	if (found == NULL)
		return fail(parser, "parameters are missing");
	if (!parse_numbers(parser, found, model->parameters))
		return false;
	found = getKeyJsonValueFromContainer(&json->root, "standard_errors", 15,
										 &room);
	if (found != NULL && !parse_numbers(parser, found, model->standard_errors))
		return false;
	parser->has_errors = found != NULL;
	if (!check_parameters(parser))
		return false;

	if (model->kind == MODEL_GAMMA_GAMMA)
	{
		if (model->unit != UNIT_NONE)
			return fail(parser, "gamma-gamma has no unit of time");
	}
	else if (model->unit == UNIT_NONE)
		model->unit = UNIT_DAY;
	if (!parser->has_converged)
	{
		model->verdict = FIT_GIVEN;
		return !(parser->has_errors || parser->has_log_likelihood ||
				 parser->has_clients || parser->has_trouble ||
				 model->has_as_of) ||
			   fail(parser, "as_of, standard_errors, log_likelihood, clients "
							"and reason need converged");
	}
	if (!parser->has_log_likelihood || !parser->has_clients ||
		parser->converged != parser->has_errors ||
		parser->converged == parser->has_trouble)
		return fail(parser,
					"a fit has log_likelihood and clients, and "
					"standard_errors where it converged, else a reason");
	model->verdict = FIT_CONVERGED;
	return parser->converged || parse_trouble(parser);
}

/* The model of a text; where it is none, NULL, or an error */
static FittedModel *
model_from_text(char *text, Node *context)
{
	ModelParser parser = {0};
	Datum json;

	if (!input_jsonb(text, context, &json))
		return NULL;
	parser.model = fitted_model_create(MODEL_BG_NBD, UNIT_NONE);
	if (!parse_model(&parser, DatumGetJsonbP(json)))
		ereturn(context, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"fitted_model", text),
				 errdetail("Not so: %s.", parser.error)));
	return parser.model;
}

Datum
fitted_model_in(PG_FUNCTION_ARGS)
{
	FittedModel *model =
		model_from_text(PG_GETARG_CSTRING(0), fcinfo->context);

	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}

/* The binary form is the text */
Datum
fitted_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int length;
	char *text =
		pq_getmsgtext(message, message->len - message->cursor, &length);

	PG_RETURN_POINTER(model_from_text(text, NULL));
}

Datum
fitted_model_send(PG_FUNCTION_ARGS)
{
	char *text = model_to_text(fitted_model_argument(fcinfo, 0));
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendtext(&out, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* --- comparison: by the bytes, whose order means nothing --- */

static int
compare_models(FunctionCallInfo fcinfo)
{
	const FittedModel *left = fitted_model_argument(fcinfo, 0);
	const FittedModel *right = fitted_model_argument(fcinfo, 1);

	return memcmp(left, right, sizeof(FittedModel));
}

Datum
fitted_model_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_models(fcinfo) == 0);
}

Datum
fitted_model_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_models(fcinfo) != 0);
}

Datum
fitted_model_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_models(fcinfo) < 0);
}

Datum
fitted_model_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_models(fcinfo) <= 0);
}

Datum
fitted_model_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_models(fcinfo) > 0);
}

Datum
fitted_model_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_models(fcinfo) >= 0);
}

Datum
fitted_model_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_models(fcinfo));
}

Datum
fitted_model_hash(PG_FUNCTION_ARGS)
{
	return hash_any((const unsigned char *) fitted_model_argument(fcinfo, 0),
					sizeof(FittedModel));
}

Datum
fitted_model_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended(
		(const unsigned char *) fitted_model_argument(fcinfo, 0),
		sizeof(FittedModel), PG_GETARG_INT64(1));
}

/* --- accessors --- */

Datum
model_kind(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	PG_RETURN_TEXT_P(cstring_to_text(model_descriptions[model->kind].name));
}

Datum
model_unit(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	if (model->unit == UNIT_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(unit_names[model->unit]));
}

Datum
model_as_of(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	if (!model->has_as_of)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(model->as_of);
}

Datum
model_clients(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	if (model->verdict == FIT_GIVEN)
		PG_RETURN_NULL();
	PG_RETURN_INT64(model->clients);
}

/* Where the parameter of a name is */
static int
parameter_argument(FunctionCallInfo fcinfo, const FittedModel *model)
{
	const ModelDescription *kind = &model_descriptions[model->kind];
	text *name = PG_GETARG_TEXT_PP(1);
	size_t length = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < kind->parameter_count; i++)
	{
		if (strlen(kind->parameters[i]) == length &&
			memcmp(VARDATA_ANY(name), kind->parameters[i], length) == 0)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a model of kind %s has no parameter \"%.*s\"", kind->name,
					(int) length, VARDATA_ANY(name)),
			 errhint("Its parameters are %s, %s, %s%s%s.", kind->parameters[0],
					 kind->parameters[1], kind->parameters[2],
					 kind->parameter_count > 3 ? ", " : "",
					 kind->parameter_count > 3 ? kind->parameters[3] : "")));
}

Datum
model_parameter(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	PG_RETURN_FLOAT8(model->parameters[parameter_argument(fcinfo, model)]);
}

Datum
model_standard_error(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);
	int parameter = parameter_argument(fcinfo, model);

	if (model->verdict != FIT_CONVERGED)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model->standard_errors[parameter]);
}

Datum
model_log_likelihood(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	if (model->verdict == FIT_GIVEN)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model->log_likelihood);
}

Datum
model_converged(PG_FUNCTION_ARGS)
{
	const FittedModel *model = fitted_model_argument(fcinfo, 0);

	if (model->verdict == FIT_GIVEN)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(model->verdict == FIT_CONVERGED);
}

Datum
model_convergence_failure(PG_FUNCTION_ARGS)
{
	const char *trouble = fit_trouble_of(fitted_model_argument(fcinfo, 0));

	if (trouble == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(trouble));
}
