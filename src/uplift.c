/*
 * uplift.c
 *		Whether a campaign works: two shares compared.
 *
 * The uplift is the difference of two shares, its standard error that of two
 * binomials without pooling, and the simple interval goes so many standard
 * errors to either side (Wald).  Where few returned, or all, that interval is
 * too narrow; beside it stands the hybrid score interval (R. G. Newcombe 1998,
 * Statistics in Medicine 17:873, method 10), made of the intervals of E. B.
 * Wilson (1927) for each share.
 */
#include "uplift.h"

#include <math.h>

#define SQRT_2 1.41421356237309504880
#define SQRT_2_PI 2.50662827463100050242

/*
 * The value above which a standard normal variable lies with a probability
 * between 0 and 1, which may be as small as it likes.  Newton's method on the
 * logarithm of the tail, which is concave, from a bound beyond the root (a tail
 * is at most exp(-x^2 / 2) / 2): every step comes nearer from the same side.
 */
double
normal_upper_quantile(double probability)
{
	double tail = fmin(probability, 1 - probability);
	double wanted = log(tail);
	double x = sqrt(fmax(0, -2 * (wanted + log(2))));

	for (int i = 0; i < 200; i++)
	{
		double beyond = 0.5 * erfc(x / SQRT_2);
		double density = exp(-0.5 * x * x) / SQRT_2_PI;
		double step = (log(beyond) - wanted) * beyond / density;

		if (!(fabs(step) > 1e-15 * x))
			break;
		x += step;
	}
	return probability < 0.5 ? x : -x;
}

static double
share_of(const Arm *arm)
{
	return (double) arm->returned / (double) arm->count;
}

static double
variance_of(double share, int64_t count)
{
	return share * (1 - share) / (double) count;
}

/* Wilson's interval of a share */
static ShareRange
score_interval(const Arm *arm, double z)
{
	double n = (double) arm->count;
	double share = share_of(arm);
	double middle = share + z * z / (2 * n);
	double half =
		z * sqrt(variance_of(share, arm->count) + z * z / (4 * n * n));
	double whole = 1 + z * z / n;

	/* at 0 and 1 exactly, whatever is rounded on the way */
	return (ShareRange){
		arm->returned == 0 ? 0 : fmax(0, (middle - half) / whole),
		arm->returned == arm->count ? 1 : fmin(1, (middle + half) / whole)};
}

/* Both arms must have clients; the confidence lies between 0 and 1 */
Uplift
uplift_of(const Arm *sent, const Arm *held, double confidence)
{
	double z = normal_upper_quantile((1 - confidence) / 2);
	double a = share_of(sent);
	double b = share_of(held);
	ShareRange of_sent = score_interval(sent, z);
	ShareRange of_held = score_interval(held, z);
	Uplift result;

	result.uplift = a - b;
	result.standard_error =
		sqrt(variance_of(a, sent->count) + variance_of(b, held->count));
	result.simple.from = result.uplift - z * result.standard_error;
	result.simple.to = result.uplift + z * result.standard_error;
	result.score.from =
		result.uplift - hypot(a - of_sent.from, of_held.to - b);
	result.score.to = result.uplift + hypot(of_sent.to - a, b - of_held.from);
	return result;
}

/*
 * The least uplift that would be told from none, with a probability of power,
 * where a share of those held back returns: the root d of
 *
 *		d^2 = z^2 ((p + d)(1 - p - d) / sent + p (1 - p) / held)
 *
 * with z the sum of the quantiles of confidence and power.  NaN where even the
 * return of all would not be enough, where all return anyhow, and where so
 * little power asks for nothing.
 */
double
detectable_uplift_of(int64_t sent, int64_t held, double share,
					 double confidence, double power)
{
	double z = normal_upper_quantile((1 - confidence) / 2) +
			   normal_upper_quantile(1 - power);
	double over_sent = z * z / (double) sent;
	double square = 1 + over_sent;
	double linear = over_sent * (1 - 2 * share);
	double constant =
		share * (1 - share) * (over_sent + z * z / (double) held);
	double wide = sqrt(linear * linear + 4 * square * constant);
	/* without a difference of what is nearly the same */
	double root = linear > 0 ? (linear + wide) / (2 * square)
							 : 2 * constant / (wide - linear);

	return z > 0 && root > 0 && share + root <= 1 ? root : (double) NAN;
}
