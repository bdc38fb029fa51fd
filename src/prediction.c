/*
 * prediction.c
 *		What a fitted repeat-buying model says of one client.
 *
 * The expected purchases of BG/NBD and MBG/NBD are published with a
 * hypergeometric function that is singular where a = 1 or a + b + x = 1 and
 * overflows elsewhere.  It stands for a mean over p, the probability to leave
 * after a purchase:
 *
 *	E[(1 - (1 + p time / (alpha + t))^-(r + x)) / p],  p ~ Beta(a, b'),
 *
 * b' being b + x or b + x + 1.  What is averaged is smooth, positive and never
 * more than (r + x) time / (alpha + t): eight or sixteen values of p are enough
 * for most clients, thirty-two for nearly all, and clients who buy the same
 * number of times share them.  Where these do not agree, the mean is taken
 * piece by piece.
 */
#include "models.h"

#include <math.h>

#include "quadrature.h"

/*
 * How far the time reaches, in that of the client and of the spread of p: so
 * far are eight, sixteen and thirty-two nodes trusted; beyond, thirty-two if
 * sixteen agree.
 */
#define LEAST_ENOUGH 0.3
#define FEW_ENOUGH 1.0
#define MANY_ENOUGH 3.0
#define AGREEMENT 1e-8

static bool
is_beta_geometric(ModelKind kind)
{
	return kind == MODEL_BG_NBD || kind == MODEL_MBG_NBD;
}

static double
from_log_odds(double log_odds)
{
	double tail = exp(-fabs(log_odds));

	return log_odds > 0 ? 1 / (1 + tail) : tail / (1 + tail);
}

double
probability_alive(ModelKind kind, const double *parameters,
				  const ModelClient *client)
{
	double r = parameters[0];
	double alpha = parameters[1];
	ParetoTime time;
	ParetoPoint point;
	double gone = 0;

	if (kind == MODEL_BG_NBD && client->x == 0)
		return 1;
	if (is_beta_geometric(kind))
	{
		double extra = kind == MODEL_MBG_NBD ? 1 : 0;

		return from_log_odds(
			log(parameters[3] + (client->x + extra - 1)) - log(parameters[2]) -
			(r + client->x) *
				log1p((client->t - client->t_x) / (alpha + client->t_x)));
	}
	pareto_start(&time, parameters, client->x, client->t_x, client->t);
	while (pareto_next(&time, &point))
		gone += parameters[2] * point.weight;
	pareto_at(&time, client->t, &point);
	return point.weight / (point.weight + gone);
}

/* What is averaged over p */
static inline double
purchases_of(double p, double k, double share)
{
	return p > 1e-290 ? -expm1(-k * log1p(p * share)) / p : k * share;
}

static double
mean_by_rule(const BetaRule *rule, double k, double share)
{
	double sum = 0;

	for (int i = 0; i < rule->count; i++)
		sum += rule->weight[i] * purchases_of(rule->node[i], k, share);
	return sum;
}

/* Of the density of the log odds of p, up to a factor */
static double
log_beta_density(double a, double b, double log_odds)
{
	double tail = log1p(exp(-fabs(log_odds)));

	return log_odds > 0 ? -a * tail - b * (log_odds + tail)
						: a * (log_odds - tail) - b * tail;
}

/* One direction from the mode, in stretches of the log odds */
static void
add_stretches(double a, double b, double k, double share, double direction,
			  double *sum, double *whole)
{
	double at = log(a) - log(b);
	double top = log_beta_density(a, b, at);
	double bend = -log1p(share);
	double length = 1;

	for (;;)
	{
		double start = log_beta_density(a, b, at);

		if (start - top < -45)
			return;
		/* short where the integrand bends, longer and longer in its tails */
		length = (at > bend - 4 && at < 4) ? fmin(length, 1) : length * 1.5;
		while (fabs(start - log_beta_density(a, b, at + direction * length)) >
			   8)
			length /= 2;
		for (int i = 0; i < LEGENDRE_NODES; i++)
		{
			double weight;
			double place = legendre_node(i, &weight);
			double log_odds = at + direction * length * (1 + place) / 2;

			weight *= length * exp(log_beta_density(a, b, log_odds) - top);

			*whole += weight;
			*sum += weight * purchases_of(from_log_odds(log_odds), k, share);
		}
		at += direction * length;
	}
}

static double
mean_by_stretches(double a, double b, double k, double share)
{
	double sum = 0;
	double whole = 0;

	add_stretches(a, b, k, share, 1, &sum, &whole);
	add_stretches(a, b, k, share, -1, &sum, &whole);
	return sum / whole;
}

void
leaving_rules(ModelKind kind, const double *parameters, double x,
			  LeavingRules *rules)
{
	rules->x = x;
	rules->b = parameters[3] + x + (kind == MODEL_MBG_NBD ? 1 : 0);
	rules->many.count = 0;
	beta_rule(parameters[2], rules->b, BETA_RULE_NODES / 4, &rules->least);
	beta_rule(parameters[2], rules->b, BETA_RULE_NODES / 2, &rules->few);
}

/* The mean over p, for a client who has not left */
static double
mean_purchases(const double *parameters, double k, double share,
			   LeavingRules *rules)
{
	double a = parameters[2];
	double reach = share * fmax(1, k / (a + rules->b));
	double few;
	double many;

	if (reach <= LEAST_ENOUGH)
		return mean_by_rule(&rules->least, k, share);
	if (reach <= FEW_ENOUGH)
		return mean_by_rule(&rules->few, k, share);
	if (rules->many.count == 0)
		beta_rule(a, rules->b, BETA_RULE_NODES, &rules->many);
	many = mean_by_rule(&rules->many, k, share);
	if (reach <= MANY_ENOUGH)
		return many;
	few = mean_by_rule(&rules->few, k, share);
	if (fabs(many - few) <= AGREEMENT * many)
		return many;
	return mean_by_stretches(a, rules->b, k, share);
}

/*
 * Purchases in the time that follows t, by a client who is alive with the
 * given probability; rules are those for its x, of BG/NBD and MBG/NBD.
 */
double
purchases_expected(ModelKind kind, const double *parameters,
				   const ModelClient *client, double alive,
				   LeavingRules *rules, double time)
{
	double k = parameters[0] + client->x;
	double alpha = parameters[1] + client->t;
	double s = parameters[2];
	double beta;
	double log_wait;

	if (is_beta_geometric(kind))
		return alive * mean_purchases(parameters, k, time / alpha, rules);

	/* (1 - exp(-(s - 1) log_wait)) / (s - 1), also where s = 1 */
	beta = parameters[3] + client->t;
	log_wait = log1p(time / beta);
	if (fabs((s - 1) * log_wait) > 1e-9)
		log_wait = -expm1(-(s - 1) * log_wait) / (s - 1);
	return alive * k * beta / alpha * log_wait;
}

/*
 * The probability that a client of Pareto/NBD who is alive buys; and that it
 * has neither bought nor left by then.
 */
static double
pareto_purchase(const double *parameters, const ModelClient *client,
				double until, double *waits)
{
	double k = parameters[0] + client->x;
	double later[MODEL_PARAMETERS] = {k, parameters[1] + client->t,
									  parameters[2],
									  parameters[3] + client->t};
	ParetoTime time;
	ParetoPoint point;
	double sum = 0;

	pareto_start(&time, later, 0, 0, until);
	while (pareto_next(&time, &point))
		sum += point.weight * k * (later[3] + point.y) / (later[1] + point.y);
	pareto_at(&time, until, &point);
	*waits = point.weight;
	return sum;
}

double
probability_of_purchase(ModelKind kind, const double *parameters,
						const ModelClient *client, double alive, double time)
{
	double k = parameters[0] + client->x;
	double waits;

	if (kind == MODEL_PARETO_NBD)
		return alive *
			   fmin(pareto_purchase(parameters, client, time, &waits), 1);
	return alive * -expm1(-k * log1p(time / (parameters[1] + client->t)));
}

/*
 * By Newton's method on ln(alpha + time), kept between two bounds; infinite
 * once the client would have to buy for certain, and that were not enough.
 */
static double
pareto_time_of(const double *parameters, const ModelClient *client,
			   double wanted)
{
	double k = parameters[0] + client->x;
	double alpha = parameters[1] + client->t;
	double low = 0;
	double last = log1p(MODEL_TIME_MAX / alpha);
	double high = last;
	/* what it would be if it could not leave; the true time is later */
	double at = fmin(-log1p(-wanted) / k, high);

	for (int i = 0; i < 100 && high - low > 1e-14 * high; i++)
	{
		double waits;
		double found =
			pareto_purchase(parameters, client, alpha * expm1(at), &waits) -
			wanted;
		double next;

		if (found + waits <= 0)
			return INFINITY;
		if (found < 0)
			low = at;
		else
			high = at;
		next = at - found / (waits * k);
		if (!(next > low && next < high))
			next = (low + high) / 2;
		if (fabs(next - at) <= 1e-15 * at)
			break;
		at = next;
	}
	/* not within the time that is looked at */
	if (at >= last * (1 - 1e-12))
		return INFINITY;
	return alpha * expm1(at);
}

/* Until it has bought with a probability; infinite if it never does */
double
time_of_purchase(ModelKind kind, const double *parameters,
				 const ModelClient *client, double alive, double probability)
{
	if (probability >= alive)
		return INFINITY;
	if (kind == MODEL_PARETO_NBD)
		return pareto_time_of(parameters, client, probability / alive);
	return (parameters[1] + client->t) *
		   expm1(-log1p(-probability / alive) / (parameters[0] + client->x));
}

/* Of the NBD: of exactly count purchases while a client is there */
static double
nbd(const double *parameters, double count, double time)
{
	double r = parameters[0];
	double alpha = parameters[1];

	if (time == 0)
		return count == 0;
	return exp(lgamma(r + count) - lgamma(r) - lgamma(count + 1) -
			   r * log1p(time / alpha) - count * log1p(alpha / time));
}

/* Of at least so many */
static double
nbd_at_least(const double *parameters, double count, double time)
{
	if (count == 0)
		return 1;
	return time == 0 ? 0
					 : beta_below(count, parameters[0], time / parameters[1]);
}

/*
 * Up to a factor, of a client of Pareto/NBD who leaves at y after count
 * purchases: the logarithm of the density of ln y.  It is concave.
 */
static double
log_leaving_density(const double *parameters, double count, double log_y)
{
	double y = exp(log_y);

	return (count + 1) * log_y -
		   (parameters[0] + count) * log1p(y / parameters[1]) -
		   (parameters[2] + 1) * log1p(y / parameters[3]);
}

/* Where it is highest: its slope falls with ln y */
static double
likeliest_leaving(const double *parameters, double count, double log_end)
{
	double low = -100;
	double high = log_end;

	for (int i = 0; i < 60; i++)
	{
		double at = (low + high) / 2;
		double y = exp(at);
		double slope = count + 1 -
					   (parameters[0] + count) * y / (parameters[1] + y) -
					   (parameters[2] + 1) * y / (parameters[3] + y);

		if (slope > 0)
			low = at;
		else
			high = at;
	}
	return high;
}

/* From the top to one side, as far as anything is there */
static double
leaving_on_side(const double *parameters, double count, double top,
				double limit)
{
	double height = log_leaving_density(parameters, count, top);
	double near = top;
	double far = limit;
	double length;
	double sum = 0;
	int stretches;

	if (log_leaving_density(parameters, count, far) < height - 45)
	{
		for (int i = 0; i < 60; i++)
		{
			double at = (near + far) / 2;

			if (log_leaving_density(parameters, count, at) < height - 45)
				far = at;
			else
				near = at;
		}
	}
	stretches = (int) fmax(8, ceil(fabs(far - top)));
	length = (far - top) / stretches;
	for (int i = 0; i < stretches * LEGENDRE_NODES; i++)
	{
		double weight;
		double place = legendre_node(i % LEGENDRE_NODES, &weight);
		double log_y = top + length * (i / LEGENDRE_NODES + (1 + place) / 2);

		sum += weight *
			   exp(log_leaving_density(parameters, count, log_y) - height);
	}
	return sum * fabs(length) / 2;
}

static double
pareto_count(const double *parameters, double count, double time)
{
	double s = parameters[2];
	double beta = parameters[3];
	double top;
	double y;
	double sides;

	if (time == 0)
		return count == 0;
	top = likeliest_leaving(parameters, count, log(time));
	y = exp(top);
	sides = leaving_on_side(parameters, count, top, -100) +
			leaving_on_side(parameters, count, top, log(time));
	return nbd(parameters, count, time) * exp(-s * log1p(time / beta)) +
		   nbd(parameters, count, y) * exp(-s * log1p(y / beta)) * s * y /
			   (beta + y) * sides;
}

/* A new client buys exactly count times, after the first, within a time */
double
probability_of_count(ModelKind kind, const double *parameters, double count,
					 double time)
{
	double a = parameters[2];
	double b = parameters[3];
	double leavings = count;
	double log_stay = 0;
	double gone = 0;

	/* what is added up may come to a hair over 1 */
	if (kind == MODEL_PARETO_NBD)
		return fmin(pareto_count(parameters, count, time), 1);
	if (kind == MODEL_MBG_NBD)
		leavings++;
	for (double i = 0; i < leavings; i++)
	{
		if (i == leavings - 1)
			gone = exp(log_stay) * a / (a + b + i);
		log_stay -= log1p(a / (b + i));
	}
	return fmin(exp(log_stay) * nbd(parameters, count, time) +
					gone * nbd_at_least(parameters, count, time),
				1);
}

/* NaN where there is no finite mean */
double
spend_expected(const double *parameters, double x, double spend)
{
	double p = parameters[0];
	double q = parameters[1];
	double v = parameters[2];

	return p * x + q > 1 ? p * (v + x * spend) / (p * x + q - 1) : NAN;
}
