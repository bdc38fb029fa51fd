/*
 * base.h
 *		Client bases as the catalog knows them.
 */
#ifndef CLIENTCORE_BASE_H
#define CLIENTCORE_BASE_H

#include "compat.h"

#include "utils/rel.h"
#include "utils/reltrigger.h"

/* A client base: its schema, and those of its tables that C code reads or writes */
typedef struct Base
{
	Oid schema;
	Oid owner;
	Oid source;
	Oid state;
	Oid pending;
	Oid sequence; /* numbers of pending */
} Base;

extern bool base_find(Oid schema, Base *base);
extern bool base_of_source(Oid source, Base *base);
extern Oid base_owner_of_schema(Oid schema);
extern Relation base_open(Oid relation, LOCKMODE mode);
extern const char *base_stranger(const Base *base, Relation relation,
								 const Trigger *trigger, List *tables,
								 int16 claimed, int16 *source);

#endif
