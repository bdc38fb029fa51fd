/*
 * compat.h
 *		Differences between server versions, all of them.
 */
#ifndef CLIENTCORE_COMPAT_H
#define CLIENTCORE_COMPAT_H

#include "postgres.h"

#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "clientcore needs PostgreSQL 15 or later"
#endif

#ifndef HAVE_INT128
#error "clientcore needs a compiler with 128-bit integers"
#endif

/* 15.0 knows InitMaterializedSRF() and its flags by their former names only */
#include "funcapi.h"
#include "utils/tuplestore.h"
#if PG_VERSION_NUM < 160000
#define InitMaterializedSRF SetSingleFuncCall
#ifndef MAT_SRF_USE_EXPECTED_DESC
#define MAT_SRF_USE_EXPECTED_DESC SRF_SINGLE_USE_EXPECTED
#endif
#endif

/* From 16 on: varlena macros in a header of their own, soft input errors */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#else
#define ereturn(context, value, ...)                                          \
	do                                                                        \
	{                                                                         \
		(void) (context);                                                     \
		ereport(ERROR, __VA_ARGS__);                                          \
		return value; /* not reached */                                       \
	} while (0)
#endif

/* From 16 on the input of a type can fail softly */
#if PG_VERSION_NUM >= 160000
#define input_jsonb(text, context, result)                                    \
	DirectInputFunctionCallSafe(jsonb_in, text, InvalidOid, -1, context,      \
								result)
#else
#define input_jsonb(text, context, result)                                    \
	(*(result) = DirectFunctionCall1(jsonb_in, CStringGetDatum(text)), true)
#endif

/* From 16 on an index may be of a summarizing kind; from 19 on flags tell */
#include "executor/executor.h"
#if PG_VERSION_NUM >= 190000
#define insert_index_tuples(result, slot, estate)                             \
	((void) ExecInsertIndexTuples(result, estate, 0, slot, NIL, NULL))
#elif PG_VERSION_NUM >= 160000
#define insert_index_tuples(result, slot, estate)                             \
	((void) ExecInsertIndexTuples(result, slot, estate, false, false, NULL,   \
								  NIL, false))
#else
#define insert_index_tuples(result, slot, estate)                             \
	((void) ExecInsertIndexTuples(result, slot, estate, false, false, NULL,   \
								  NIL))
#endif

/* From 16 on: one function asks for the owner of any object, one for rights on it */
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "utils/acl.h"
#if PG_VERSION_NUM >= 160000
#define owns_relation(relation, role)                                         \
	object_ownercheck(RelationRelationId, relation, role)
#define may_execute(function, role)                                           \
	(object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) ==     \
	 ACLCHECK_OK)
#define may_use_schema(schema, role)                                          \
	(object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) ==         \
	 ACLCHECK_OK)
#else
#define owns_relation(relation, role) pg_class_ownercheck(relation, role)
#define may_execute(function, role)                                           \
	(pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK)
#define may_use_schema(schema, role)                                          \
	(pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/* From 16 on: membership in a role and the right to become it are two things */
#if PG_VERSION_NUM >= 160000
#define may_become_role(member, role) member_can_set_role(member, role)
#else
#define may_become_role(member, role) is_member_of_role(member, role)
#endif

/* From 19 on a description of rows made by hand has to be finished */
#include "access/tupdesc.h"
#if PG_VERSION_NUM >= 190000
#define finish_tuple_desc(desc) TupleDescFinalize(desc)
#else
#define finish_tuple_desc(desc) ((void) (desc))
#endif

/* From 19 on a scan can be told more */
#include "access/tableam.h"
#if PG_VERSION_NUM >= 190000
#define begin_scan(relation, snapshot)                                        \
	table_beginscan(relation, snapshot, 0, NULL, SO_NONE)
#else
#define begin_scan(relation, snapshot)                                        \
	table_beginscan(relation, snapshot, 0, NULL)
#endif

/* From 18 on a module can name itself */
#if PG_VERSION_NUM >= 180000
#define CLIENTCORE_MODULE_MAGIC                                               \
	PG_MODULE_MAGIC_EXT(.name = "clientcore", .version = CLIENTCORE_VERSION)
#else
#define CLIENTCORE_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif
