/*
 * watermark.c
 *		Holding writers back while the highest value of a column is read.
 *
 * LOCK TABLE keeps its lock until the transaction ends; writers would wait for
 * the whole refresh.  Here the lock lasts for a moment: whoever writes after it
 * takes a higher value, provided that the value is made by the statement that
 * writes it.
 */
#include "compat.h"

#include "catalog/objectaddress.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(hold_writers);
PG_FUNCTION_INFO_V1(release_writers);

static Datum *
relation_arguments(FunctionCallInfo fcinfo, int *count)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum *relations;

	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("relations must not be null")));
	deconstruct_array(array, OIDOID, sizeof(Oid), true, TYPALIGN_INT,
					  &relations, NULL, count);
	return relations;
}

static void
check_own_table(Oid relation)
{
	/* from 18 on the question of the owner finds its absence impossible */
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation with OID %u does not exist", relation)));
	if (!owns_relation(relation, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relation)),
					   get_rel_name(relation));
}

/*
 * hold_writers(relations oid[]): whether all are locked.  Waits for the first
 * only, while it holds nothing: so it is never a part of a deadlock.
 */
Datum
hold_writers(PG_FUNCTION_ARGS)
{
	int count;
	Datum *relations = relation_arguments(fcinfo, &count);

	for (int i = 0; i < count; i++)
		check_own_table(DatumGetObjectId(relations[i]));
	for (int i = 0; i < count; i++)
	{
		Oid relation = DatumGetObjectId(relations[i]);

		if (i == 0)
			LockRelationOid(relation, ShareLock);
		else if (!ConditionalLockRelationOid(relation, ShareLock))
		{
			while (--i >= 0)
				UnlockRelationOid(DatumGetObjectId(relations[i]), ShareLock);
			PG_RETURN_BOOL(false);
		}
	}
	PG_RETURN_BOOL(true);
}

/* release_writers(relations oid[]) */
Datum
release_writers(PG_FUNCTION_ARGS)
{
	int count;
	Datum *relations = relation_arguments(fcinfo, &count);

	for (int i = 0; i < count; i++)
	{
		check_own_table(DatumGetObjectId(relations[i]));
		UnlockRelationOid(DatumGetObjectId(relations[i]), ShareLock);
	}
	PG_RETURN_VOID();
}
