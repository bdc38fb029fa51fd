/*
 * state_io.h
 *		Text form of the SQL types that are states of aggregates.
 */
#ifndef CLIENTCORE_STATE_IO_H
#define CLIENTCORE_STATE_IO_H

#include "compat.h"

extern bytea *state_bytes_from_text(const char *text, const char *type);
extern MemoryContext aggregate_context(FunctionCallInfo fcinfo);
extern char *state_bytes_to_text(const bytea *bytes);

#endif
