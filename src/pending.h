/*
 * pending.h
 *		The table pending of a client base: what was sold since the last refresh.
 */
#ifndef CLIENTCORE_PENDING_H
#define CLIENTCORE_PENDING_H

#include "compat.h"

#include "nodes/execnodes.h"
#include "utils/reltrigger.h"

#include "base.h"

/* What a trigger has to know of the base */
typedef struct PendingState
{
	bool is_paused;
	int64 from; /* the number that the last refresh had reached */
	int64 limit;
} PendingState;

/* A row; what is not known is NULL */
typedef struct PendingRow
{
	int16 source;
	int16 captured; /* 0: NULL */
	bool has_client;
	Datum client;
	struct varlena *group;
	struct varlena *delta;
	struct varlena *line;
	const char *reason;
} PendingRow;

typedef struct PendingWriter PendingWriter;

extern bool pending_find(const Trigger *trigger, Base *base);
extern Oid pending_client_type(const Base *base);
extern void pending_read_state(const Base *base, PendingState *state);

extern PendingWriter *pending_open(const Base *base, Oid client_type);
extern bool pending_is_full(const PendingWriter *writer,
							const PendingState *state);
extern void pending_put(PendingWriter *writer, const PendingRow *row);
extern void pending_close(PendingWriter *writer);

#endif
