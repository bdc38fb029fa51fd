/*
 * uplift.h
 *		Whether a campaign works: two shares compared.  Pure arithmetic, no server.
 */
#ifndef CLIENTCORE_UPLIFT_H
#define CLIENTCORE_UPLIFT_H

#include <stdint.h>

/* Of so many, so many returned */
typedef struct Arm
{
	int64_t count;
	int64_t returned;
} Arm;

typedef struct ShareRange
{
	double from;
	double to;
} ShareRange;

typedef struct Uplift
{
	double uplift;
	double standard_error;
	ShareRange simple; /* by the standard error */
	ShareRange score;  /* by scores, which holds for few too */
} Uplift;

extern double normal_upper_quantile(double probability);
extern Uplift uplift_of(const Arm *sent, const Arm *held, double confidence);
extern double detectable_uplift_of(int64_t sent, int64_t held, double share,
								   double confidence, double power);

#endif
