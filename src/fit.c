/*
 * fit.c
 *		Maximum likelihood of the repeat-buying models.
 *
 * Newton's method on the logarithms of the parameters, with the exact second
 * derivatives, which the standard errors need anyway; where the likelihood is
 * not concave, or a step leads down, the step is damped (Levenberg, Marquardt).
 * A few starts are tried on a part of the cases; the best is taken to the end
 * on all of them.  A well-behaved fit takes less than ten passes, and settles
 * where no parameter would change by more than a billionth of itself.
 *
 * Where the likelihood rises for ever, each step is about as long as the one
 * before: the parameters leave every bound, and the verdict is not that the
 * fit converged, however small the gradient.
 */
#include "models.h"

#include <math.h>
#include <string.h>

#define STEPS_MAX 200
#define STEPS_OF_START 30
#define STEP_MAX 2.0
#define SETTLED 1e-9

/* A parameter beyond these has run away; as logarithms, v by the mean spend */
#define LOG_MIN (-16.0)
#define LOG_MAX 16.0

#define DAMPING_MAX 1e12

/* Cases that starts are compared by */
#define START_CASES 4096

typedef struct Problem
{
	ModelKind kind;
	int size;
	const ModelCase *cases;
	size_t count;
	ModelPause pause;
	double log_spend; /* of Gamma-Gamma */
} Problem;

typedef struct Ascent
{
	double at[MODEL_PARAMETERS]; /* logarithms */
	Likelihood likelihood;
	bool settled;
} Ascent;

static void
parameters_at(const Problem *problem, const double *at, double *parameters)
{
	for (int i = 0; i < problem->size; i++)
		parameters[i] = exp(at[i]);
}

static void
look(const Problem *problem, const double *at, Likelihood *likelihood)
{
	double parameters[MODEL_PARAMETERS];

	parameters_at(problem, at, parameters);
	log_likelihood_of(problem->kind, parameters, problem->cases,
					  problem->count, problem->pause, likelihood);
}

/* Lower triangle with L L' = matrix; false if it is not positive definite */
static bool
cholesky(int size, double (*matrix)[MODEL_PARAMETERS],
		 double (*lower)[MODEL_PARAMETERS])
{
	for (int i = 0; i < size; i++)
	{
		for (int j = 0; j <= i; j++)
		{
			double rest = matrix[i][j];

			for (int k = 0; k < j; k++)
				rest -= lower[i][k] * lower[j][k];
			if (i != j)
				lower[i][j] = rest / lower[j][j];
			else if (rest > 1e-14 * fabs(matrix[i][i]))
				lower[i][i] = sqrt(rest);
			else
				return false;
		}
	}
	return true;
}

static void
solve(int size, double (*lower)[MODEL_PARAMETERS], const double *right,
	  double *solution)
{
	for (int i = 0; i < size; i++)
	{
		solution[i] = right[i];
		for (int j = 0; j < i; j++)
			solution[i] -= lower[i][j] * solution[j];
		solution[i] /= lower[i][i];
	}
	for (int i = size - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < size; j++)
			solution[i] -= lower[j][i] * solution[j];
		solution[i] /= lower[i][i];
	}
}

/* The observed information: minus the second derivatives */
static void
information_of(const Problem *problem, const Likelihood *likelihood,
			   double damping, double (*information)[MODEL_PARAMETERS])
{
	double scale = 0;

	for (int i = 0; i < problem->size; i++)
		scale = fmax(scale, fabs(likelihood->hessian[i][i]));
	for (int i = 0; i < problem->size; i++)
	{
		for (int j = 0; j < problem->size; j++)
			information[i][j] = -likelihood->hessian[i][j];
		information[i][i] +=
			damping * (fabs(information[i][i]) + 1e-6 * scale);
	}
}

/* The step, shortened to what can be believed; false if there is none */
static bool
step_from(const Problem *problem, const Likelihood *likelihood, double damping,
		  double *step)
{
	double information[MODEL_PARAMETERS][MODEL_PARAMETERS];
	double lower[MODEL_PARAMETERS][MODEL_PARAMETERS];
	double longest = 0;

	information_of(problem, likelihood, damping, information);
	if (!cholesky(problem->size, information, lower))
		return false;
	solve(problem->size, lower, likelihood->gradient, step);
	for (int i = 0; i < problem->size; i++)
		longest = fmax(longest, fabs(step[i]));
	if (!(longest < INFINITY))
		return false;
	for (int i = 0; longest > STEP_MAX && i < problem->size; i++)
		step[i] *= STEP_MAX / longest;
	return true;
}

static bool
is_within(const Problem *problem, const double *at)
{
	for (int i = 0; i < problem->size; i++)
	{
		double off = at[i] - (i == 2 ? problem->log_spend : 0);

		if (!(off > LOG_MIN && off < LOG_MAX))
			return false;
	}
	return true;
}

static void
ascend(const Problem *problem, int steps_max, Ascent *ascent)
{
	double damping = 0;

	ascent->settled = false;
	look(problem, ascent->at, &ascent->likelihood);
	for (int steps = 0; steps < steps_max; steps++)
	{
		double step[MODEL_PARAMETERS];
		double at[MODEL_PARAMETERS] = {0};
		Likelihood likelihood;
		double longest = 0;
		double noise = 1e-13 * fabs(ascent->likelihood.value);
		bool is_better;

		if (!is_within(problem, ascent->at))
			return;
		is_better = step_from(problem, &ascent->likelihood, damping, step);
		for (int i = 0; is_better && i < problem->size; i++)
		{
			at[i] = ascent->at[i] + step[i];
			longest = fmax(longest, fabs(step[i]));
		}
		if (is_better)
		{
			look(problem, at, &likelihood);
			is_better = likelihood.value >= ascent->likelihood.value - noise;
		}
		if (!is_better)
		{
			damping = damping == 0 ? 1e-3 : damping * 10;
			if (damping > DAMPING_MAX)
				return;
			continue;
		}
		memcpy(ascent->at, at, sizeof(at));
		ascent->likelihood = likelihood;
		if (longest < SETTLED && damping < 1)
		{
			ascent->settled = true;
			return;
		}
		damping = damping < 1e-6 ? 0 : damping / 10;
	}
}

/* Means over the clients */
typedef struct CaseMeans
{
	double clients;
	double x;
	double t;
	double spend; /* of all purchases */
} CaseMeans;

static CaseMeans
means_of(const Problem *problem)
{
	CaseMeans means = {0};

	for (size_t i = 0; i < problem->count; i++)
	{
		const ModelCase *one = &problem->cases[i];

		means.clients += one->clients;
		means.x += one->clients * one->x;
		means.t += one->clients * one->t;
		means.spend += one->clients * one->x * one->t_x;
	}
	if (means.x > 0)
		means.spend /= means.x;
	if (means.clients > 0)
	{
		means.x /= means.clients;
		means.t /= means.clients;
	}
	return means;
}

#define STARTS 4

/* Few or many who differ little or much; the mean of purchases as it is */
static void
start_at(const Problem *problem, const CaseMeans *means, int number,
		 double *at)
{
	static const double starts[STARTS][3] = {
		{0.5, 0.8, 2.0}, {1.0, 0.3, 3.0}, {0.3, 2.0, 2.0}, {4.0, 0.5, 1.0}};
	const double *start = starts[number];
	double alpha = 2 * start[0] * fmax(means->t, 1e-3) / fmax(means->x, 1e-3);

	if (problem->kind == MODEL_GAMMA_GAMMA)
	{
		double p = 1 + start[2];
		double q = 2 + start[0];

		at[0] = log(p);
		at[1] = log(q);
		at[2] = problem->log_spend + log((q - 1) / p);
		return;
	}
	at[0] = log(start[0]);
	at[1] = log(fmin(fmax(alpha / 4, 1e-3), 1e5));
	at[2] = log(start[1]);
	at[3] = problem->kind == MODEL_PARETO_NBD
				? log(fmin(fmax(start[2] * means->t / 4, 1e-3), 1e5))
				: log(start[2]);
}

/* The best of the starts, on evenly spread cases */
static void
choose_start(const Problem *problem, const CaseMeans *means, double *at)
{
	ModelCase sample[START_CASES];
	Problem part = *problem;
	double best = -INFINITY;

	part.cases = sample;
	part.count = problem->count < START_CASES ? problem->count : START_CASES;
	for (size_t i = 0; i < part.count; i++)
		sample[i] =
			problem
				->cases[(size_t) ((double) i * problem->count / part.count)];
	for (int number = 0; number < STARTS; number++)
	{
		Ascent ascent;

		start_at(problem, means, number, ascent.at);
		ascend(&part, STEPS_OF_START, &ascent);
		if (ascent.likelihood.value > best && is_within(problem, ascent.at))
		{
			best = ascent.likelihood.value;
			memcpy(at, ascent.at, sizeof(ascent.at));
		}
	}
	if (best == -INFINITY)
		start_at(problem, means, 0, at);
}

/* Which parameter ran away furthest, if one did */
static FitVerdict
runaway_of(const Problem *problem, const CaseMeans *means, const double *at,
		   int *parameter)
{
	double furthest = 0;
	FitVerdict verdict = FIT_UNSETTLED;

	for (int i = 0; i < problem->size; i++)
	{
		double off = at[i];

		if (i == 1 && problem->kind != MODEL_GAMMA_GAMMA)
			off -= log(fmax(means->t, 1e-3));
		if (i == 2)
			off -= problem->log_spend;
		if (fabs(off) > furthest && fabs(off) > 8)
		{
			furthest = fabs(off);
			verdict = off > 0 ? FIT_GROWS : FIT_VANISHES;
			*parameter = i;
		}
	}
	return verdict;
}

static bool
find_standard_errors(const Problem *problem, const Ascent *ascent,
					 ModelFit *fit)
{
	double information[MODEL_PARAMETERS][MODEL_PARAMETERS];
	double lower[MODEL_PARAMETERS][MODEL_PARAMETERS];

	information_of(problem, &ascent->likelihood, 0, information);
	if (!cholesky(problem->size, information, lower))
		return false;
	for (int i = 0; i < problem->size; i++)
	{
		double unit[MODEL_PARAMETERS] = {0};
		double column[MODEL_PARAMETERS];

		unit[i] = 1;
		solve(problem->size, lower, unit, column);
		fit->standard_errors[i] = fit->parameters[i] * sqrt(column[i]);
	}
	return true;
}

void
fit_model(ModelKind kind, const ModelCase *cases, size_t count,
		  ModelPause pause, ModelFit *fit)
{
	Problem problem = {kind,  model_descriptions[kind].parameter_count,
					   cases, count,
					   pause, 0};
	CaseMeans means = means_of(&problem);
	Ascent ascent;

	if (kind == MODEL_GAMMA_GAMMA)
		problem.log_spend = log(means.spend);
	memset(fit, 0, sizeof(*fit));
	choose_start(&problem, &means, ascent.at);
	ascend(&problem, STEPS_MAX, &ascent);
	parameters_at(&problem, ascent.at, fit->parameters);
	fit->log_likelihood = ascent.likelihood.value;
	if (means.x == 0)
		fit->verdict = FIT_TOO_FEW;
	else if (ascent.settled && find_standard_errors(&problem, &ascent, fit))
		fit->verdict = FIT_CONVERGED;
	else
		fit->verdict =
			runaway_of(&problem, &means, ascent.at, &fit->parameter);
}
