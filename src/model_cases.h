/*
 * model_cases.h
 *		What the repeat-buying models know of a client, from arguments.
 */
#ifndef CLIENTCORE_MODEL_CASES_H
#define CLIENTCORE_MODEL_CASES_H

#include "compat.h"

#include "models.h"

extern bool model_client_of_history(FunctionCallInfo fcinfo, int argno,
									int32 as_of, ModelClient *client);
extern bool repeat_spend_of_history(FunctionCallInfo fcinfo, int argno,
									int32 as_of, double *x, double *spend);
extern void model_client_arguments(FunctionCallInfo fcinfo, int argno,
								   ModelClient *client);
extern double spend_argument(FunctionCallInfo fcinfo, int argno);
extern void spend_arguments(FunctionCallInfo fcinfo, int argno, double *x,
							double *spend);

#endif
