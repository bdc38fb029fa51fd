/*
 * fitted_model.h
 *		The SQL type fitted_model: a repeat-buying model and how it was fitted.
 */
#ifndef CLIENTCORE_FITTED_MODEL_H
#define CLIENTCORE_FITTED_MODEL_H

#include "compat.h"

#include "models.h"

typedef enum ModelUnit
{
	UNIT_NONE, /* of Gamma-Gamma, which knows no time */
	UNIT_DAY,
	UNIT_WEEK,
	MODEL_UNITS
} ModelUnit;

#define FITTED_MODEL_FORMAT 1

/* Without padding, so that equal models have equal bytes */
typedef struct FittedModel
{
	int32 vl_len_;
	uint8 format;
	uint8 kind;
	uint8 verdict;
	uint8 parameter; /* that vanishes or grows */
	uint8 unit;
	uint8 has_as_of;
	uint8 reserved[2];
	int32 as_of;
	int64 clients;
	double log_likelihood;
	double parameters[MODEL_PARAMETERS];
	double standard_errors[MODEL_PARAMETERS];
} FittedModel;

extern FittedModel *fitted_model_create(ModelKind kind, ModelUnit unit);
extern const FittedModel *fitted_model_argument(FunctionCallInfo fcinfo,
												int argno);
extern const FittedModel *purchase_model_argument(FunctionCallInfo fcinfo,
												  int argno);
extern ModelUnit model_unit_from_text(const char *text, size_t length);
extern const char *fit_trouble_of(const FittedModel *model);

/* How many of the units of a model a number of days is */
static inline double
days_in_units(const FittedModel *model, double days)
{
	return model->unit == UNIT_WEEK ? days / 7 : days;
}

#endif
