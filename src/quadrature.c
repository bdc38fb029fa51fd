/*
 * quadrature.c
 *		Integrals over the time at which a client of Pareto/NBD may leave.
 *
 * Time is measured by ln(1 + y / the smaller of alpha and beta), in which the
 * integrand is smooth, and cut into stretches over which it falls by e^8 at
 * most; sixteen nodes of Gauss and Legendre give each to about thirteen
 * digits.  What is less than e^-45 of the whole is left out.
 */
#include "quadrature.h"

#include <math.h>

/* The nodes above the middle of -1 .. 1; those below it mirror them */
static const double nodes[LEGENDRE_NODES / 2] = {
	0.095012509837637440185, 0.281603550779258913230, 0.458016777657227386342,
	0.617876244402643748447, 0.755404408355003033895, 0.865631202387831743880,
	0.944575023073232576078, 0.989400934991649932596};
static const double weights[LEGENDRE_NODES / 2] = {
	0.189450610455068496285, 0.182603415044923588867, 0.169156519395002538189,
	0.149595988816576732081, 0.124628971255533872052, 0.095158511682492784810,
	0.062253523938647892863, 0.027152459411754094852};

double
legendre_node(int number, double *weight)
{
	int half = number / 2;

	*weight = weights[half];
	return number % 2 ? nodes[half] : -nodes[half];
}

#define STRETCH_MAX 1.4
#define FALL_MAX 8.0
#define FALL_ENOUGH 45.0

static double
log_remainder(const ParetoTime *time, double log_alpha, double log_beta)
{
	return -time->r * log_alpha - time->x * (time->log_alpha + log_alpha) -
		   time->s * log_beta;
}

/* The point at y; its weight is what remains there */
void
pareto_at(const ParetoTime *time, double y, ParetoPoint *point)
{
	point->y = y;
	point->log_alpha = log1p(y / time->alpha);
	point->log_beta = log1p(y / time->beta);
	point->weight =
		exp(log_remainder(time, point->log_alpha, point->log_beta) -
			time->reference);
}

void
pareto_start(ParetoTime *time, const double *parameters, double x, double from,
			 double to)
{
	time->r = parameters[0];
	time->alpha = parameters[1];
	time->s = parameters[2];
	time->beta = parameters[3];
	time->x = x;
	time->log_alpha = log(time->alpha);
	time->reference = log_remainder(time, log1p(from / time->alpha),
									log1p(from / time->beta));
	time->least = fmin(time->alpha, time->beta);
	time->at = log1p(from / time->least);
	time->end = log1p(to / time->least);
	time->length = 0;
	time->node = 0;
}

/* The next stretch; false at the end */
static bool
find_stretch(ParetoTime *time)
{
	ParetoPoint start;
	double y;
	double slope;

	time->at += time->length;
	y = time->least * expm1(time->at);
	pareto_at(time, y, &start);
	if (time->at >= time->end || start.weight < exp(-FALL_ENOUGH))
		return false;
	time->length = fmin(STRETCH_MAX, time->end - time->at);
	y = time->least * expm1(time->at + time->length);
	slope = (time->least + y) * ((time->r + time->x) / (time->alpha + y) +
								 time->s / (time->beta + y));
	if (slope * time->length > FALL_MAX)
		time->length = FALL_MAX / slope;
	/* the rest is not worth a stretch of its own, nor may it be lost */
	if (time->end - time->at - time->length < 1e-9 * time->length)
		time->length = time->end - time->at;
	return true;
}

bool
pareto_next(ParetoTime *time, ParetoPoint *point)
{
	int node = time->node;
	double weight;
	double place;
	double y;

	if (node == 0 && !find_stretch(time))
		return false;
	time->node = (node + 1) % LEGENDRE_NODES;
	place = legendre_node(node, &weight);
	y = time->least * expm1(time->at + time->length * (1 + place) / 2);
	pareto_at(time, y, point);
	point->weight *=
		weight * time->length / 2 * (time->least + y) / (time->beta + y);
	return true;
}
