/*
 * models.h
 *		The repeat-buying models: likelihoods, their maxima, what they predict.
 *
 * x is the number of purchase days after the first, t_x the time from the
 * first to the last of them, t that from the first to the day of the look;
 * all times are in one unit.  Pure arithmetic, no server.
 *
 * BG/NBD: Fader, Hardie, Lee 2005.  MBG/NBD: Batislam, Denizel, Filiztekin
 * 2007; Hoppe, Wagner 2007.  Pareto/NBD: Schmittlein, Morrison, Colombo 1987.
 * Gamma-Gamma: Fader, Hardie 2013.
 */
#ifndef CLIENTCORE_MODELS_H
#define CLIENTCORE_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ModelKind
{
	MODEL_BG_NBD,
	MODEL_MBG_NBD,
	MODEL_PARETO_NBD,
	MODEL_GAMMA_GAMMA,
	MODEL_KINDS
} ModelKind;

#define MODEL_PARAMETERS 4

/*
 * Parameters in the order of their names: r, alpha, a, b of BG/NBD and
 * MBG/NBD; r, alpha, s, beta of Pareto/NBD; p, q, v of Gamma-Gamma.
 */
typedef struct ModelDescription
{
	const char *name;
	int parameter_count;
	const char *parameters[MODEL_PARAMETERS];
} ModelDescription;

extern const ModelDescription model_descriptions[MODEL_KINDS];

/*
 * Between these are all parameters, so that nothing overflows; those of money,
 * v and what is spent, are in whatever currency.
 */
#define PARAMETER_MIN 1e-9
#define PARAMETER_MAX 1e9
#define SPEND_MIN 1e-80
#define SPEND_MAX 1e80
#define MONEY_MIN 1e-100
#define MONEY_MAX 1e100

#define MODEL_X_MAX 1000000
#define MODEL_TIME_MAX 1e9

/* Clients who bought alike.  Of Gamma-Gamma, t_x is their mean spend. */
typedef struct ModelCase
{
	double x;
	double t_x;
	double t;
	double clients;
} ModelCase;

/* Of the logarithms of the parameters */
typedef struct Likelihood
{
	double value;
	double gradient[MODEL_PARAMETERS];
	double hessian[MODEL_PARAMETERS][MODEL_PARAMETERS];
} Likelihood;

/* Called every few thousand cases; may not return */
typedef void (*ModelPause)(void);

extern void log_likelihood_of(ModelKind kind, const double *parameters,
							  const ModelCase *cases, size_t count,
							  ModelPause pause, Likelihood *result);

/* What a fit came to */
typedef enum FitVerdict
{
	FIT_GIVEN, /* none: the parameters are someone else's */
	FIT_CONVERGED,
	FIT_TOO_FEW,  /* no client who bought again */
	FIT_VANISHES, /* a parameter falls to zero, or grows, without an optimum */
	FIT_GROWS,
	FIT_UNSETTLED,
	FIT_VERDICTS
} FitVerdict;

typedef struct ModelFit
{
	double parameters[MODEL_PARAMETERS];
	double standard_errors[MODEL_PARAMETERS]; /* if it converged */
	double log_likelihood;
	FitVerdict verdict;
	int parameter; /* that vanishes or grows */
} ModelFit;

/* Cases in ascending order of x */
extern void fit_model(ModelKind kind, const ModelCase *cases, size_t count,
					  ModelPause pause, ModelFit *fit);

/*
 * Where to look up p, of which a client leaves after a purchase: a few values
 * of the Beta distribution, with weights whose sum is one.
 */
#define BETA_RULE_NODES 32

typedef struct BetaRule
{
	int count;
	double node[BETA_RULE_NODES];
	double weight[BETA_RULE_NODES];
} BetaRule;

extern void beta_rule(double a, double b, int count, BetaRule *rule);

/* Those for clients with the same x; more are found when they are needed */
typedef struct LeavingRules
{
	double x;
	double b;
	BetaRule least;
	BetaRule few;
	BetaRule many;
} LeavingRules;

/* One client.  A new one has x, t_x and t of zero. */
typedef struct ModelClient
{
	double x;
	double t_x;
	double t;
} ModelClient;

extern double probability_alive(ModelKind kind, const double *parameters,
								const ModelClient *client);
extern void leaving_rules(ModelKind kind, const double *parameters, double x,
						  LeavingRules *rules);
extern double purchases_expected(ModelKind kind, const double *parameters,
								 const ModelClient *client, double alive,
								 LeavingRules *rules, double time);
extern double probability_of_purchase(ModelKind kind, const double *parameters,
									  const ModelClient *client, double alive,
									  double time);
extern double time_of_purchase(ModelKind kind, const double *parameters,
							   const ModelClient *client, double alive,
							   double probability);
extern double probability_of_count(ModelKind kind, const double *parameters,
								   double count, double time);
extern double spend_expected(const double *parameters, double x, double spend);

extern double digamma_of(double x);
extern double trigamma_of(double x);
extern double beta_below(double a, double b, double odds);

#endif
