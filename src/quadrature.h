/*
 * quadrature.h
 *		Integrals over the time at which a client of Pareto/NBD may leave.
 *
 * Pure arithmetic, no server.
 */
#ifndef CLIENTCORE_QUADRATURE_H
#define CLIENTCORE_QUADRATURE_H

#include <stdbool.h>

#define LEGENDRE_NODES 16

/* Where a node of -1 .. 1 is, and its weight */
extern double legendre_node(int number, double *weight);

/*
 * A walk over points of the time from one moment to another.  The integrand
 * is what remains of the client at y, relative to where the walk starts:
 * exp(log_remainder(y) - reference) with
 *
 *	log_remainder(y) = -r ln(1 + y / alpha) - x ln(alpha + y)
 *					   - s ln(1 + y / beta)
 *
 * and is taken by dy / (beta + y).
 */
typedef struct ParetoTime
{
	double r;
	double alpha;
	double s;
	double beta;
	double x;
	double log_alpha;
	double reference;
	double least;  /* of alpha and beta */
	double at;     /* ln(1 + y / least): where the stretch starts */
	double length; /* of the stretch */
	double end;
	int node; /* of the stretch, the next one; 0: it is yet to be found */
} ParetoTime;

typedef struct ParetoPoint
{
	double y;
	double log_alpha; /* ln(1 + y / alpha) */
	double log_beta;
	double weight;
} ParetoPoint;

extern void pareto_start(ParetoTime *time, const double *parameters, double x,
						 double from, double to);
extern bool pareto_next(ParetoTime *time, ParetoPoint *point);
extern void pareto_at(const ParetoTime *time, double y, ParetoPoint *point);

#endif
