/*
 * special.c
 *		The digamma and trigamma functions, and the incomplete Beta function.
 *
 * Of the first two, the argument is raised to at least 12 by the recurrence,
 * where the asymptotic series with Bernoulli's numbers has sixteen digits.
 * (Abramowitz and Stegun 1964, 6.3.5, 6.3.18, 6.4.6, 6.4.12.)  The third is
 * its continued fraction (26.5.8), by Lentz's method.
 */
#include "models.h"

#include <math.h>

#define ENOUGH 12.0

double
digamma_of(double x)
{
	double result = 0;
	double over;

	for (; x < ENOUGH; x++)
		result -= 1 / x;
	over = 1 / (x * x);
	result +=
		log(x) - 0.5 / x -
		over * (1.0 / 12 -
				over * (1.0 / 120 -
						over * (1.0 / 252 -
								over * (1.0 / 240 -
										over * (1.0 / 132 -
												over * 691.0 / 32760)))));
	return result;
}

double
trigamma_of(double x)
{
	double result = 0;
	double over;

	for (; x < ENOUGH; x++)
		result += 1 / (x * x);
	over = 1 / (x * x);
	result +=
		(1 + 0.5 / x +
		 over * (1.0 / 6 -
				 over * (1.0 / 30 -
						 over * (1.0 / 42 -
								 over * (1.0 / 30 -
										 over * (5.0 / 66 -
												 over * 691.0 / 2730)))))) /
		x;
	return result;
}

#define FRACTION_MAX 200000

static double
beta_fraction(double a, double b, double x)
{
	double c = 1;
	double d = 0;
	double result = 1;

	for (int i = 1; i < FRACTION_MAX; i++)
	{
		double m = i / 2; /* whole */
		double term =
			i % 2 == 0
				? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
				: -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 + term * d;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = 1 + term / c;
		c = fabs(c) < 1e-300 ? 1e-300 : c;
		result *= c * d;
		if (fabs(c * d - 1) < 1e-15)
			break;
	}
	return 1 / result;
}

/* Of Beta(a, b) below the share that has these odds */
double
beta_below(double a, double b, double odds)
{
	double x = odds / (1 + odds);
	double y = 1 / (1 + odds);
	double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) -
					   a * log1p(1 / odds) - b * log1p(odds));
	double result = x < (a + 1) / (a + b + 2)
						? front * beta_fraction(a, b, x) / a
						: 1 - front * beta_fraction(b, a, y) / b;

	return fmin(fmax(result, 0), 1);
}
