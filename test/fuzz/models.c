/*
 * models.c
 *		Fuzzes the arithmetic of the repeat-buying models and of campaigns: for
 *		all parameters and clients that may be given, what comes out is a
 *		number, and of its kind.
 */
#include "../../src/models.h"

#include <math.h>

#include "../../src/uplift.h"
#include "fuzz.h"

static void
pause_never(void)
{
}

/* A number from so much to so much, most of them of the same order */
static double
take_between(Input *input, double least, double most)
{
	uint32_t code;
	double value;

	take(input, &code, sizeof(code));
	value = exp(log(least) + (log(most) - log(least)) * (code / 4294967295.0));
	return fmin(fmax(value, least), most);
}

static void
check_share(double share)
{
	HOLDS(share >= 0 && share <= 1);
}

static void
check_client(ModelKind kind, const double *parameters, Input *input)
{
	ModelClient client = {0};
	LeavingRules rules;
	double alive;
	double time = take_between(input, 1e-3, 1e5);
	double share = take_byte(input) / 256.0;
	double expected;
	double until;

	if (take_byte(input) % 8 != 0)
	{
		client.x = floor(take_between(input, 1, MODEL_X_MAX) - 1);
		client.t = take_between(input, 1, 1e6);
		client.t_x =
			client.x > 0 ? client.t * ((1 + take_byte(input)) / 256.0) : 0;
	}
	alive = probability_alive(kind, parameters, &client);
	check_share(alive);
	leaving_rules(kind, parameters, client.x, &rules);
	expected =
		purchases_expected(kind, parameters, &client, alive, &rules, time);
	HOLDS(expected >= 0 && isfinite(expected));
	check_share(
		probability_of_purchase(kind, parameters, &client, alive, time));
	until = time_of_purchase(kind, parameters, &client, alive, share);
	HOLDS(until >= 0);
	check_share(probability_of_count(kind, parameters, client.x, time));
}

static void
check_fit(ModelKind kind, const double *parameters, Input *input)
{
	ModelCase cases[8];
	size_t count = 0;
	Likelihood likelihood;
	ModelFit fit;

	while (count < 8 && input->left > 0)
	{
		ModelCase *found = &cases[count];

		found->x = (count > 0 ? cases[count - 1].x : 0) + take_byte(input) % 5;
		found->clients = 1 + take_byte(input);
		if (kind == MODEL_GAMMA_GAMMA)
		{
			found->x = fmax(found->x, 1);
			found->t_x = take_between(input, 1e-2, 1e6);
			found->t = 0;
		}
		else
		{
			found->t = take_between(input, 1, 1e4);
			found->t_x =
				found->x > 0 ? found->t * ((1 + take_byte(input)) / 256.0) : 0;
		}
		count++;
	}
	log_likelihood_of(kind, parameters, cases, count, pause_never,
					  &likelihood);
	HOLDS(!isnan(likelihood.value));
	fit_model(kind, cases, count, pause_never, &fit);
	HOLDS(fit.verdict > FIT_GIVEN && fit.verdict < FIT_VERDICTS);
	if (fit.verdict == FIT_CONVERGED)
		for (int i = 0; i < model_descriptions[kind].parameter_count; i++)
			HOLDS(fit.parameters[i] > 0 && isfinite(fit.parameters[i]) &&
				  fit.standard_errors[i] >= 0);
}

static void
check_campaign(Input *input)
{
	Arm sent = {.count = 1 + (int64_t) take_between(input, 1, 1e12)};
	Arm held = {.count = 1 + (int64_t) take_between(input, 1, 1e12)};
	double confidence = (1 + take_byte(input)) / 257.0;
	double share = take_byte(input) / 255.0;
	Uplift uplift;
	double detectable;

	sent.returned =
		(int64_t) ((double) sent.count * (take_byte(input) / 255.0));
	held.returned =
		(int64_t) ((double) held.count * (take_byte(input) / 255.0));
	uplift = uplift_of(&sent, &held, confidence);
	HOLDS(uplift.uplift >= -1 && uplift.uplift <= 1 &&
		  uplift.standard_error >= 0);
	HOLDS(uplift.score.from >= -1 && uplift.score.to <= 1);
	HOLDS(uplift.score.from <= uplift.uplift &&
		  uplift.uplift <= uplift.score.to);
	detectable =
		detectable_uplift_of(sent.count, held.count, share, confidence,
							 (1 + take_byte(input)) / 257.0);
	HOLDS(isnan(detectable) || (detectable > 0 && detectable <= 1 - share));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input input = {data, size};
	ModelKind kind = (ModelKind) (take_byte(&input) % MODEL_KINDS);
	double parameters[MODEL_PARAMETERS] = {0};
	bool is_extreme = take_byte(&input) % 4 == 0;

	for (int i = 0; i < model_descriptions[kind].parameter_count; i++)
		parameters[i] =
			is_extreme ? take_between(&input, PARAMETER_MIN, PARAMETER_MAX)
					   : take_between(&input, 1e-2, 1e3);
	if (kind == MODEL_GAMMA_GAMMA)
	{
		double x = floor(take_between(&input, 1, 1000) - 1);
		double spend =
			spend_expected(parameters, x, take_between(&input, 1e-2, 1e6));

		/* there is no mean where the shape is 1 at most */
		HOLDS(parameters[0] * x + parameters[1] > 1
				  ? spend >= 0 && isfinite(spend)
				  : isnan(spend));
	}
	else
		check_client(kind, parameters, &input);
	check_campaign(&input);
	check_fit(kind, parameters, &input);
	return 0;
}
