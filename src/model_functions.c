/*
 * model_functions.c
 *		What a fitted model says of a client, from SQL.
 *
 * Functions of histories take days and give days, whatever the unit of the
 * model; those of x, t_x and t are in its unit.
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "fitted_model.h"
#include "model_cases.h"

PG_FUNCTION_INFO_V1(p_alive_history);
PG_FUNCTION_INFO_V1(p_alive);
PG_FUNCTION_INFO_V1(log_likelihood_of_client);
PG_FUNCTION_INFO_V1(expected_purchases_history);
PG_FUNCTION_INFO_V1(expected_purchases);
PG_FUNCTION_INFO_V1(expected_purchases_new);
PG_FUNCTION_INFO_V1(purchase_probability_history);
PG_FUNCTION_INFO_V1(purchase_probability);
PG_FUNCTION_INFO_V1(next_purchase_history);
PG_FUNCTION_INFO_V1(next_purchase);
PG_FUNCTION_INFO_V1(purchase_count_probability);
PG_FUNCTION_INFO_V1(expected_spend_history);
PG_FUNCTION_INFO_V1(expected_spend);
PG_FUNCTION_INFO_V1(lifetime_value_history);
PG_FUNCTION_INFO_V1(lifetime_value);
PG_FUNCTION_INFO_V1(lifetime_value_new);

#define RULE_SLOTS 64
#define MONTHS_MAX 1200

/* Rules for the model of the last calls, by x */
typedef struct RuleCache
{
	FittedModel model;
	LeavingRules slots[RULE_SLOTS];
} RuleCache;

static LeavingRules *
rules_for(FunctionCallInfo fcinfo, const FittedModel *model, double x)
{
	RuleCache *cache = fcinfo->flinfo->fn_extra;
	LeavingRules *rules;

	if (model->kind == MODEL_PARETO_NBD)
		return NULL;
	if (cache == NULL)
	{
		cache =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RuleCache));
		fcinfo->flinfo->fn_extra = cache;
	}
	if (memcmp(&cache->model, model, sizeof(FittedModel)) != 0)
	{
		cache->model = *model;
		for (int i = 0; i < RULE_SLOTS; i++)
			cache->slots[i].few.count = 0;
	}
	rules = &cache->slots[(int64) x % RULE_SLOTS];
	if (rules->few.count == 0 || rules->x != x)
		leaving_rules(model->kind, model->parameters, x, rules);
	return rules;
}

static const FittedModel *
spend_model_argument(FunctionCallInfo fcinfo, int argno)
{
	const FittedModel *model = fitted_model_argument(fcinfo, argno);

	if (model->kind != MODEL_GAMMA_GAMMA)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a model of kind %s knows nothing of what clients spend",
					model_descriptions[model->kind].name),
			 errhint("Use a model of kind gamma-gamma.")));
	return model;
}

/* In units of the model; false if nothing was bought */
static bool
client_of_history(FunctionCallInfo fcinfo, const FittedModel *model,
				  ModelClient *client)
{
	int32 as_of = check_day(PG_GETARG_DATEADT(2), "as_of");

	if (!model_client_of_history(fcinfo, 1, as_of, client))
		return false;
	client->t_x = days_in_units(model, client->t_x);
	client->t = days_in_units(model, client->t);
	return true;
}

static double
check_time(double time, const char *name)
{
	if (!(time >= 0 && time <= MODEL_TIME_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between 0 and %g", name, MODEL_TIME_MAX)));
	return time;
}

/* Days as units of the model */
static double
days_argument(FunctionCallInfo fcinfo, int argno, const FittedModel *model)
{
	return days_in_units(model, check_time(PG_GETARG_INT32(argno), "days"));
}

static double
alive(const FittedModel *model, const ModelClient *client)
{
	return probability_alive(model->kind, model->parameters, client);
}

Datum
p_alive_history(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	ModelClient client;

	if (!client_of_history(fcinfo, model, &client))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(alive(model, &client));
}

Datum
p_alive(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	ModelClient client;

	model_client_arguments(fcinfo, 1, &client);
	PG_RETURN_FLOAT8(alive(model, &client));
}

/* model, x, t_x, t */
Datum
log_likelihood_of_client(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	ModelClient client;
	ModelCase one;
	Likelihood likelihood;

	model_client_arguments(fcinfo, 1, &client);
	one = (ModelCase){client.x, client.t_x, client.t, 1};
	log_likelihood_of(model->kind, model->parameters, &one, 1, NULL,
					  &likelihood);
	PG_RETURN_FLOAT8(likelihood.value);
}

static double
expected(FunctionCallInfo fcinfo, const FittedModel *model,
		 const ModelClient *client, double time)
{
	return purchases_expected(model->kind, model->parameters, client,
							  alive(model, client),
							  rules_for(fcinfo, model, client->x), time);
}

Datum
expected_purchases_history(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	double time = days_argument(fcinfo, 3, model);
	ModelClient client;

	if (!client_of_history(fcinfo, model, &client))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(expected(fcinfo, model, &client, time));
}

Datum
expected_purchases(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	ModelClient client;

	model_client_arguments(fcinfo, 1, &client);
	PG_RETURN_FLOAT8(expected(fcinfo, model, &client,
							  check_time(PG_GETARG_FLOAT8(4), "duration")));
}

Datum
expected_purchases_new(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	ModelClient client = {0};

	PG_RETURN_FLOAT8(
		expected(fcinfo, model, &client, days_argument(fcinfo, 1, model)));
}

Datum
purchase_probability_history(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	double time = days_argument(fcinfo, 3, model);
	ModelClient client;

	if (!client_of_history(fcinfo, model, &client))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(probability_of_purchase(
		model->kind, model->parameters, &client, alive(model, &client), time));
}

Datum
purchase_probability(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	double time = check_time(PG_GETARG_FLOAT8(4), "duration");
	ModelClient client;

	model_client_arguments(fcinfo, 1, &client);
	PG_RETURN_FLOAT8(probability_of_purchase(
		model->kind, model->parameters, &client, alive(model, &client), time));
}

static double
probability_argument(FunctionCallInfo fcinfo, int argno)
{
	double probability = PG_GETARG_FLOAT8(argno);

	if (!(probability > 0 && probability < 1))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("probability must be between 0 and 1"),
			 errhint("Use 0.5 for the day by which it is as likely as not.")));
	return probability;
}

/* The first day by whose end the client has bought with the probability */
Datum
next_purchase_history(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	int32 as_of = check_day(PG_GETARG_DATEADT(2), "as_of");
	double probability = probability_argument(fcinfo, 3);
	ModelClient client;
	double days;

	if (!client_of_history(fcinfo, model, &client))
		PG_RETURN_NULL();
	days = ceil(time_of_purchase(model->kind, model->parameters, &client,
								 alive(model, &client), probability) /
				days_in_units(model, 1));
	if (!(days <= (double) DAY_MAX - as_of))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(as_of + (int32) days);
}

Datum
next_purchase(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	double probability = probability_argument(fcinfo, 4);
	ModelClient client;
	double time;

	model_client_arguments(fcinfo, 1, &client);
	time = time_of_purchase(model->kind, model->parameters, &client,
							alive(model, &client), probability);
	if (!isfinite(time))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(time);
}

Datum
purchase_count_probability(PG_FUNCTION_ARGS)
{
	const FittedModel *model = purchase_model_argument(fcinfo, 0);
	int32 count = PG_GETARG_INT32(1);

	if (count < 0 || count > MODEL_X_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("purchase_count must be between 0 and %d",
							   MODEL_X_MAX)));
	PG_RETURN_FLOAT8(probability_of_count(model->kind, model->parameters,
										  count,
										  days_argument(fcinfo, 2, model)));
}

/* What a purchase is expected to bring; NaN if that has no finite mean */
static double
spend(const FittedModel *model, double x, double mean)
{
	return spend_expected(model->parameters, x, fmax(mean, 0));
}

Datum
expected_spend_history(PG_FUNCTION_ARGS)
{
	const FittedModel *model = spend_model_argument(fcinfo, 0);
	int32 as_of = check_day(PG_GETARG_DATEADT(2), "as_of");
	double x;
	double mean;
	double result;

	if (!repeat_spend_of_history(fcinfo, 1, as_of, &x, &mean))
		PG_RETURN_NULL();
	result = spend(model, x, mean);
	if (isnan(result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
expected_spend(PG_FUNCTION_ARGS)
{
	const FittedModel *model = spend_model_argument(fcinfo, 0);
	double x;
	double mean;
	double result;

	spend_arguments(fcinfo, 1, &x, &mean);
	result = spend(model, x, mean);
	if (isnan(result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

static int32
months_argument(FunctionCallInfo fcinfo, int argno)
{
	int32 months = PG_GETARG_INT32(argno);

	if (months < 0 || months > MONTHS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("months must be between 0 and %d", MONTHS_MAX)));
	return months;
}

static double
rate_argument(FunctionCallInfo fcinfo, int argno)
{
	double rate = PG_GETARG_FLOAT8(argno);

	if (!(rate >= -0.9 && rate <= 100))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("yearly_discount_rate must be between -0.9 and 100"),
				 errhint("Use 0.10 for 10 %% a year.")));
	return rate;
}

/* Purchases of each calendar month, discounted from its end */
static double
discounted_purchases(FunctionCallInfo fcinfo, const FittedModel *model,
					 const ModelClient *client, int32 as_of, int32 months,
					 double rate)
{
	LeavingRules *rules = rules_for(fcinfo, model, client->x);
	double chance = alive(model, client);
	double monthly = exp(-log1p(rate) / 12);
	double discount = 1;
	double before = 0;
	double sum = 0;

	for (int32 month = 1; month <= months; month++)
	{
		double days = (double) (add_months(as_of, month) - as_of);
		double until =
			purchases_expected(model->kind, model->parameters, client, chance,
							   rules, days_in_units(model, days));

		CHECK_FOR_INTERRUPTS();
		discount *= monthly;
		sum += discount * (until - before);
		before = until;
	}
	return sum;
}

/* purchases, spend, history, as_of, months, rate */
Datum
lifetime_value_history(PG_FUNCTION_ARGS)
{
	const FittedModel *purchases = purchase_model_argument(fcinfo, 0);
	const FittedModel *spends = spend_model_argument(fcinfo, 1);
	int32 as_of = check_day(PG_GETARG_DATEADT(3), "as_of");
	int32 months = months_argument(fcinfo, 4);
	double rate = rate_argument(fcinfo, 5);
	ModelClient client;
	double x;
	double mean;
	double each;

	if (!model_client_of_history(fcinfo, 2, as_of, &client) ||
		!repeat_spend_of_history(fcinfo, 2, as_of, &x, &mean))
		PG_RETURN_NULL();
	client.t_x = days_in_units(purchases, client.t_x);
	client.t = days_in_units(purchases, client.t);
	each = spend(spends, x, mean);
	if (isnan(each))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(each * discounted_purchases(fcinfo, purchases, &client,
												 as_of, months, rate));
}

/* purchases, spend, x, t_x, t, mean, as_of, months, rate */
Datum
lifetime_value(PG_FUNCTION_ARGS)
{
	const FittedModel *purchases = purchase_model_argument(fcinfo, 0);
	const FittedModel *spends = spend_model_argument(fcinfo, 1);
	double mean = spend_argument(fcinfo, 5);
	int32 as_of = check_day(PG_GETARG_DATEADT(6), "as_of");
	int32 months = months_argument(fcinfo, 7);
	double rate = rate_argument(fcinfo, 8);
	ModelClient client;
	double each;

	model_client_arguments(fcinfo, 2, &client);
	each = spend(spends, client.x, mean);
	if (isnan(each))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(each * discounted_purchases(fcinfo, purchases, &client,
												 as_of, months, rate));
}

/* purchases, spend, as_of, months, rate */
Datum
lifetime_value_new(PG_FUNCTION_ARGS)
{
	const FittedModel *purchases = purchase_model_argument(fcinfo, 0);
	const FittedModel *spends = spend_model_argument(fcinfo, 1);
	int32 as_of = check_day(PG_GETARG_DATEADT(2), "as_of");
	int32 months = months_argument(fcinfo, 3);
	double rate = rate_argument(fcinfo, 4);
	ModelClient client = {0};
	double each = spend(spends, 0, 0);

	if (isnan(each))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(each * discounted_purchases(fcinfo, purchases, &client,
												 as_of, months, rate));
}
