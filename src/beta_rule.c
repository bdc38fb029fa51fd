/*
 * beta_rule.c
 *		Gauss's quadrature for the Beta distribution.
 *
 * The nodes are the eigenvalues of the symmetric tridiagonal matrix of the
 * recurrence of Jacobi's polynomials, shifted to 0 .. 1, the weights the
 * squares of the first components of its eigenvectors (Golub, Welsch 1969),
 * found by the implicit QL method.
 */
#include "models.h"

#include <float.h>
#include <math.h>

#define SWEEPS_MAX 60

/* Diagonal and what is beside it, of weight p^(a-1) (1-p)^(b-1) */
static void
jacobi_matrix(double a, double b, int count, double *diagonal, double *beside)
{
	double sum = a + b - 2;

	diagonal[0] = a / (a + b);
	for (int n = 1; n < count; n++)
	{
		double twice = 2.0 * n + sum;

		diagonal[n] =
			(2.0 * n * (n + sum + 1) + sum * a) / (twice * (twice + 2));
	}
	for (int n = 1; n < count; n++)
	{
		double twice = 2.0 * n + sum;
		/* (n + sum) / (twice - 1) of the first may be nothing over nothing */
		double ratio = n == 1 ? 1 : (n + sum) / (twice - 1);

		beside[n - 1] = sqrt(n * (n + a - 1) * (n + b - 1) * ratio /
							 (twice * twice * (twice + 1)));
	}
	beside[count - 1] = 0;
}

/*
 * One sweep of implicit QL over start .. end, shifted; first holds the first
 * components of the eigenvectors.
 */
static void
sweep(double *diagonal, double *beside, double *first, int start, int end)
{
	double g = (diagonal[start + 1] - diagonal[start]) / (2 * beside[start]);
	double r = hypot(g, 1);
	double s = 1;
	double c = 1;
	double p = 0;

	g = diagonal[end] - diagonal[start] +
		beside[start] / (g + (g >= 0 ? r : -r));
	for (int i = end - 1; i >= start; i--)
	{
		double f = s * beside[i];
		double b = c * beside[i];
		double component = first[i + 1];

		r = hypot(f, g);
		beside[i + 1] = r;
		if (r == 0)
		{
			diagonal[i + 1] -= p;
			beside[end] = 0;
			return;
		}
		s = f / r;
		c = g / r;
		g = diagonal[i + 1] - p;
		r = (diagonal[i] - g) * s + 2 * c * b;
		p = s * r;
		diagonal[i + 1] = g + p;
		g = c * r - b;
		first[i + 1] = s * first[i] + c * component;
		first[i] = c * first[i] - s * component;
	}
	diagonal[start] -= p;
	beside[start] = g;
	beside[end] = 0;
}

void
beta_rule(double a, double b, int count, BetaRule *rule)
{
	double beside[BETA_RULE_NODES];
	double first[BETA_RULE_NODES] = {1};

	rule->count = count;
	jacobi_matrix(a, b, count, rule->node, beside);
	for (int start = 0; start < count; start++)
	{
		for (int sweeps = 0; sweeps < SWEEPS_MAX; sweeps++)
		{
			int end = start;

			while (end + 1 < count &&
				   fabs(beside[end]) >
					   DBL_EPSILON *
						   sqrt(fabs(rule->node[end] * rule->node[end + 1])))
				end++;
			if (end == start)
				break;
			sweep(rule->node, beside, first, start, end);
		}
	}
	for (int i = 0; i < count; i++)
	{
		rule->node[i] = fmin(fmax(rule->node[i], 0), 1);
		rule->weight[i] = first[i] * first[i];
	}
}
