/*
 * delta_set.h
 *		What one statement changed: a delta per client, or per client and group
 *		of what was bought.
 */
#ifndef CLIENTCORE_DELTA_SET_H
#define CLIENTCORE_DELTA_SET_H

#include "compat.h"

#include "utils/resowner.h"

#include "history.h"

typedef struct DeltaSet DeltaSet;

/* Who bought, and of what group; the group is NULL where none are told apart */
typedef struct DeltaKey
{
	Datum client;
	bool is_guest;
	struct varlena *group;
} DeltaKey;

/* Is given a key and its delta; the delta is NULL in a set of clients only */
typedef void (*DeltaReceiver)(void *context, const DeltaKey *key,
							  struct varlena *delta);

extern DeltaSet *delta_set_create(Oid client_type, int scale,
								  bool only_clients, ResourceOwner owner);
extern void delta_set_add(DeltaSet *set, const DeltaKey *key,
						  const HistoryDay *day);
extern void delta_set_close(DeltaSet *set);
extern void delta_set_drop(DeltaSet *set);
extern void delta_set_give(DeltaSet *set, DeltaReceiver receiver,
						   void *context);

#endif
