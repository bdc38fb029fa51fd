/*
 * special.c
 *		The digamma and trigamma functions.
 *
 * The argument is raised to at least 12 by the recurrence, where the
 * asymptotic series with Bernoulli's numbers has sixteen digits.  (Abramowitz
 * and Stegun 1964, 6.3.5, 6.3.18, 6.4.6, 6.4.12.)
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
