/*
 * clientcore.c
 *		The module.
 *
 * What it does is told by the files beside it, from the inside out:
 *
 *	calendar, decimal, history, classes, abc
 *		pure arithmetic, free of the server
 *	arguments, purchase_history, history_state, value_set, state_io
 *		values of SQL and the arithmetic, joined
 *	history_io, history_functions, history_aggregates, class_functions,
 *	value_aggregates, abc_functions
 *		what SQL calls
 *	base, operation, expression, client_key, watermark
 *		client bases, and what is done with them as their owners
 *	delta_set, pending, capture_plan, capture
 *		the trigger on sales tables
 */
#include "compat.h"

CLIENTCORE_MODULE_MAGIC;
