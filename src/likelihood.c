/*
 * likelihood.c
 *		Log-likelihoods of the repeat-buying models, with first and second
 *		derivatives.
 *
 * The published formulas take differences of log gamma functions and of
 * hypergeometric functions, which lose their digits where parameters are large
 * and overflow where clients buy often.  Here the gamma functions of whole
 * steps are sums of logarithms, which cases in the order of x share; of BG/NBD
 * and MBG/NBD nothing else is left but two logarithms and the odds of having
 * left, taken through their logarithm.  The hypergeometric functions of
 * Pareto/NBD are written as what they stand for, the integral over the time at
 * which the client may have left, and taken by Gauss's quadrature on stretches
 * over which the integrand changes little: it is positive, so nothing cancels,
 * and its derivatives are integrals of the same kind.
 *
 * Derivatives are first by the parameters, then by their logarithms.
 */
#include "models.h"

#include <math.h>

#include "quadrature.h"

const ModelDescription model_descriptions[MODEL_KINDS] = {
	[MODEL_BG_NBD] = {"bg/nbd", 4, {"r", "alpha", "a", "b"}},
	[MODEL_MBG_NBD] = {"mbg/nbd", 4, {"r", "alpha", "a", "b"}},
	[MODEL_PARETO_NBD] = {"pareto/nbd", 4, {"r", "alpha", "s", "beta"}},
	[MODEL_GAMMA_GAMMA] = {"gamma-gamma", 3, {"p", "q", "v"}},
};

/* Cases between two pauses */
#define PAUSE_CASES 4096

/* Sums of the cases so far; the value with what rounding has left out */
typedef struct LikelihoodSum
{
	Likelihood of;
	double rest;
} LikelihoodSum;

/* Neumaier's summation */
static inline void
add_value(LikelihoodSum *sum, double value)
{
	double total = sum->of.value + value;

	if (fabs(sum->of.value) >= fabs(value))
		sum->rest += (sum->of.value - total) + value;
	else
		sum->rest += (value - total) + sum->of.value;
	sum->of.value = total;
}

/*
 * Sums of ln(r + i) over the whole numbers i below x, and of
 * ln(1 + a / (b + i)) over those below the number of times that the client
 * might have left and stayed; with their derivatives.
 */
typedef struct StepSums
{
	double x;
	double leavings;
	double log_r; /* ln(r + i) */
	double over_r;
	double over_r2;
	double log_stay; /* ln(1 + a / (b + i)) */
	double stay_a;
	double stay_b;
	double stay_aa; /* as by a and b as well */
	double stay_bb;
} StepSums;

static void
step_up(StepSums *sums, const double *parameters, double x, double leavings)
{
	double r = parameters[0];
	double a = parameters[2];
	double b = parameters[3];

	for (; sums->x < x; sums->x++)
	{
		double over = 1 / (r + sums->x);

		sums->log_r += log(r + sums->x);
		sums->over_r += over;
		sums->over_r2 += over * over;
	}
	for (; sums->leavings < leavings; sums->leavings++)
	{
		double over_b = 1 / (b + sums->leavings);
		double over_ab = 1 / (a + b + sums->leavings);

		sums->log_stay += log1p(a * over_b);
		sums->stay_a += over_ab;
		sums->stay_b -= a * over_b * over_ab;
		sums->stay_aa -= over_ab * over_ab;
		sums->stay_bb += a * over_b * over_ab * (over_b + over_ab);
	}
}

/* BG/NBD, or MBG/NBD, where a client may leave after the first purchase, too */
static void
add_beta_geometric(ModelKind kind, const double *parameters,
				   const ModelCase *cases, size_t count, ModelPause pause,
				   LikelihoodSum *sum)
{
	double r = parameters[0];
	double alpha = parameters[1];
	double a = parameters[2];
	double b = parameters[3];
	double log_a = log(a);
	double log_alpha = log(alpha);
	double over_a = 1 / a;
	double over_alpha = 1 / alpha;
	double extra = kind == MODEL_MBG_NBD ? 1 : 0;
	double *gradient = sum->of.gradient;
	double(*hessian)[MODEL_PARAMETERS] = sum->of.hessian;
	StepSums steps = {0};
	double over_b = 0;
	double log_odds = 0;

	for (size_t i = 0; i < count; i++)
	{
		double x = cases[i].x;
		double t_x = cases[i].t_x;
		double t = cases[i].t;
		double n = cases[i].clients;
		double k = r + x;
		double over_t = 1 / (alpha + t);
		double over_t_x = 1 / (alpha + t_x);
		double log_t = log1p(t * over_alpha);
		double value;

		if (i % PAUSE_CASES == 0 && pause != NULL)
			pause();
		if (i == 0 || x != cases[i - 1].x)
		{
			step_up(&steps, parameters, x, x + extra);
			if (x + extra > 0)
			{
				over_b = 1 / (b + (x + extra - 1));
				log_odds = log_a + log(over_b);
			}
		}

		value =
			steps.log_r - steps.log_stay - r * log_t - x * (log_alpha + log_t);
		gradient[0] += n * (steps.over_r - log_t);
		gradient[1] += n * (r * over_alpha - k * over_t);
		gradient[2] -= n * steps.stay_a;
		gradient[3] -= n * steps.stay_b;
		hessian[0][0] -= n * steps.over_r2;
		hessian[0][1] += n * (over_alpha - over_t);
		hessian[1][1] +=
			n * (k * over_t * over_t - r * over_alpha * over_alpha);
		hessian[2][2] -= n * steps.stay_aa;
		hessian[2][3] -= n * steps.stay_aa;
		hessian[3][3] -= n * steps.stay_bb;

		if (x + extra > 0)
		{
			/* the odds of having left after the last purchase: exp(odds) */
			double log_wait = log1p((t - t_x) * over_t_x);
			double odds = log_odds + k * log_wait;
			double tail = exp(-fabs(odds));
			double left = odds > 0 ? 1 / (1 + tail) : tail / (1 + tail);
			double spread = n * tail / ((1 + tail) * (1 + tail));
			double by_alpha = over_t - over_t_x;
			double slope = k * by_alpha;

			value += log1p(tail) + (odds > 0 ? odds : 0);
			left *= n;
			gradient[0] += left * log_wait;
			gradient[1] += left * slope;
			gradient[2] += left * over_a;
			gradient[3] -= left * over_b;
			hessian[0][0] += spread * log_wait * log_wait;
			hessian[0][1] += spread * log_wait * slope + left * by_alpha;
			hessian[0][2] += spread * log_wait * over_a;
			hessian[0][3] -= spread * log_wait * over_b;
			hessian[1][1] +=
				spread * slope * slope - left * slope * (over_t + over_t_x);
			hessian[1][2] += spread * slope * over_a;
			hessian[1][3] -= spread * slope * over_b;
			hessian[2][2] += (spread - left) * over_a * over_a;
			hessian[2][3] -= spread * over_a * over_b;
			hessian[3][3] += (spread + left) * over_b * over_b;
		}
		add_value(sum, n * value);
	}
}

/*
 * A client of Pareto/NBD may have left at any time since its last purchase, or
 * not: the weights of these ways, and sums of what the derivatives of the
 * logarithm of their whole are made of.
 */
typedef struct Mixture
{
	double weight;
	double gradient[MODEL_PARAMETERS];
	double hessian[MODEL_PARAMETERS][MODEL_PARAMETERS];
} Mixture;

/* One way: it left at the point (leaves is 1), or is there (0) */
static void
add_way(Mixture *mixture, const double *parameters, double x,
		const ParetoPoint *point, double leaves)
{
	double r = parameters[0];
	double alpha = parameters[1];
	double s = parameters[2];
	double beta = parameters[3];
	double over_alpha = 1 / (alpha + point->y);
	double over_beta = 1 / (beta + point->y);
	double weight = leaves > 0 ? s * point->weight : point->weight;
	double g[MODEL_PARAMETERS] = {
		-point->log_alpha, r / alpha - (r + x) * over_alpha,
		leaves / s - point->log_beta, s / beta - (s + leaves) * over_beta};

	mixture->weight += weight;
	for (int i = 0; i < MODEL_PARAMETERS; i++)
	{
		mixture->gradient[i] += weight * g[i];
		for (int j = i; j < MODEL_PARAMETERS; j++)
			mixture->hessian[i][j] += weight * g[i] * g[j];
	}
	mixture->hessian[0][1] += weight * (1 / alpha - over_alpha);
	mixture->hessian[1][1] +=
		weight * ((r + x) * over_alpha * over_alpha - r / (alpha * alpha));
	mixture->hessian[2][2] -= weight * leaves / (s * s);
	mixture->hessian[2][3] += weight * (1 / beta - over_beta);
	mixture->hessian[3][3] +=
		weight * ((s + leaves) * over_beta * over_beta - s / (beta * beta));
}

static void
add_pareto(const double *parameters, const ModelCase *cases, size_t count,
		   ModelPause pause, LikelihoodSum *sum)
{
	StepSums steps = {0};

	for (size_t i = 0; i < count; i++)
	{
		double n = cases[i].clients;
		double x = cases[i].x;
		ParetoTime time;
		ParetoPoint point;
		Mixture mixture = {0};

		if (i % (PAUSE_CASES / 64) == 0 && pause != NULL)
			pause();
		step_up(&steps, parameters, x, 0);

		/* everything relative to the way it would have gone at t_x */
		pareto_start(&time, parameters, x, cases[i].t_x, cases[i].t);
		while (pareto_next(&time, &point))
			add_way(&mixture, parameters, x, &point, 1);
		pareto_at(&time, cases[i].t, &point);
		add_way(&mixture, parameters, x, &point, 0);

		add_value(sum,
				  n * (steps.log_r + time.reference + log(mixture.weight)));
		sum->of.gradient[0] += n * steps.over_r;
		sum->of.hessian[0][0] -= n * steps.over_r2;
		for (int j = 0; j < MODEL_PARAMETERS; j++)
		{
			double mean = mixture.gradient[j] / mixture.weight;

			sum->of.gradient[j] += n * mean;
			for (int l = j; l < MODEL_PARAMETERS; l++)
				sum->of.hessian[j][l] +=
					n * (mixture.hessian[j][l] - mean * mixture.gradient[l]) /
					mixture.weight;
		}
	}
}

static void
add_gamma_gamma(const double *parameters, const ModelCase *cases, size_t count,
				ModelPause pause, LikelihoodSum *sum)
{
	double p = parameters[0];
	double q = parameters[1];
	double v = parameters[2];
	double constant = q * log(v) - lgamma(q);
	double digamma_q = digamma_of(q);
	double trigamma_q = trigamma_of(q);
	double digammas[2] = {0};
	double trigammas[2] = {0};
	double gammas = 0;
	double *gradient = sum->of.gradient;
	double(*hessian)[MODEL_PARAMETERS] = sum->of.hessian;

	for (size_t i = 0; i < count; i++)
	{
		double x = cases[i].x;
		double spend = cases[i].t_x;
		double n = cases[i].clients;
		double total = x * spend;
		double over = 1 / (total + v);
		double many = p * x + q;

		if (i % PAUSE_CASES == 0 && pause != NULL)
			pause();
		if (i == 0 || x != cases[i - 1].x)
		{
			gammas = lgamma(many) - lgamma(p * x);
			digammas[0] = digamma_of(many);
			digammas[1] = digamma_of(p * x);
			trigammas[0] = trigamma_of(many);
			trigammas[1] = trigamma_of(p * x);
		}
		add_value(sum, n * (gammas + constant - log(spend) -
							p * x * log1p(v / total) - q * log(total + v)));
		gradient[0] += n * x * (digammas[0] - digammas[1] - log1p(v / total));
		gradient[1] += n * (digammas[0] - digamma_q - log1p(total / v));
		gradient[2] += n * (q / v - many * over);
		hessian[0][0] += n * x * x * (trigammas[0] - trigammas[1]);
		hessian[0][1] += n * x * trigammas[0];
		hessian[0][2] -= n * x * over;
		hessian[1][1] += n * (trigammas[0] - trigamma_q);
		hessian[1][2] += n * (1 / v - over);
		hessian[2][2] += n * (many * over * over - q / (v * v));
	}
}

void
log_likelihood_of(ModelKind kind, const double *parameters,
				  const ModelCase *cases, size_t count, ModelPause pause,
				  Likelihood *result)
{
	LikelihoodSum sum = {0};
	int parameter_count = model_descriptions[kind].parameter_count;

	switch (kind)
	{
		case MODEL_BG_NBD:
		case MODEL_MBG_NBD:
			add_beta_geometric(kind, parameters, cases, count, pause, &sum);
			break;
		case MODEL_PARETO_NBD:
			add_pareto(parameters, cases, count, pause, &sum);
			break;
		case MODEL_GAMMA_GAMMA:
		case MODEL_KINDS:
			add_gamma_gamma(parameters, cases, count, pause, &sum);
			break;
	}
	*result = sum.of;
	result->value += sum.rest;
	for (int i = 0; i < parameter_count; i++)
	{
		result->gradient[i] *= parameters[i];
		for (int j = i; j < parameter_count; j++)
		{
			result->hessian[i][j] *= parameters[i] * parameters[j];
			if (i == j)
				result->hessian[i][i] += result->gradient[i];
			result->hessian[j][i] = result->hessian[i][j];
		}
	}
}
