/*
 * abc_functions.h
 *		Arguments and results of the ABC functions.
 */
#ifndef CLIENTCORE_ABC_FUNCTIONS_H
#define CLIENTCORE_ABC_FUNCTIONS_H

#include "compat.h"

#include "abc.h"

#define MIN_BINS 2
#define MAX_BINS 1000

extern const AbcRule default_abc_rule;

extern AbcRule abc_rule_arguments(FunctionCallInfo fcinfo, int argno,
								  bool has_boundary);
extern int bins_from(Datum bins, bool isnull);

#endif
