/*
 * client_key.c
 *		Keys of clients, of any type with equality and order.
 *
 * Statements of a base name the operator by which its clients are equal, as
 * found in the type's default operator class: an "=" looked up by name could
 * be another, or one that somebody planted.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(key_equality);
PG_FUNCTION_INFO_V1(key_hash);
PG_FUNCTION_INFO_V1(key_fraction);

#define SALT_MIN_BYTES 16

/* An operator as it can stand in a statement under any search path */
static char *
operator_text(Oid operator)
{
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	text = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

/*
 * key_equality(key oid): the operator by which keys of a type are equal, to
 * stand in a statement; an error where they have no equality or no order.
 */
Datum
key_equality(PG_FUNCTION_ARGS)
{
	Oid type = PG_GETARG_OID(0);
	TypeCacheEntry *entry =
		lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);

	if (!OidIsValid(entry->eq_opr) || !OidIsValid(entry->lt_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s has no equality and order to tell clients "
						"by",
						format_type_be(type)),
				 errhint("Add a cast, for example client::text.")));
	PG_RETURN_TEXT_P(cstring_to_text(operator_text(entry->eq_opr)));
}

/* The same for equal keys; there may be no more than its text to go by */
static uint64
hash_key(FunctionCallInfo fcinfo, Oid type, Datum key, int64 seed)
{
	TypeCacheEntry *entry =
		lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	Oid output;
	bool is_varlena;
	char *text;

	if (OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
		return DatumGetUInt64(
			FunctionCall2Coll(&entry->hash_extended_proc_finfo,
							  PG_GET_COLLATION(), key, Int64GetDatum(seed)));

	getTypeOutputInfo(type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, key);
	return DatumGetUInt64(
		hash_any_extended((unsigned char *) text, (int) strlen(text), seed));
}

/*
 * key_hash(client anyelement, salt bytea): a hash by which a client that was
 * forgotten is known again.  PostgreSQL keeps the hash functions of its types
 * as they are over its versions, for the sake of hash partitions.
 */
Datum
key_hash(PG_FUNCTION_ARGS)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	bytea *salt = PG_GETARG_BYTEA_PP(1);
	StringInfoData bytes;

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of a client");
	if (VARSIZE_ANY_EXHDR(salt) < SALT_MIN_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("salt must have at least %d bytes", SALT_MIN_BYTES)));

	initStringInfo(&bytes);
	appendStringInfoSpaces(&bytes, VARHDRSZ);
	appendBinaryStringInfo(&bytes, VARDATA_ANY(salt), VARSIZE_ANY_EXHDR(salt));
	for (int i = 0; i < 2; i++)
	{
		int64 seed;

		memcpy(&seed, VARDATA_ANY(salt) + i * sizeof(seed), sizeof(seed));
		pq_sendint64(&bytes, hash_key(fcinfo, type, PG_GETARG_DATUM(0), seed));
	}
	SET_VARSIZE(bytes.data, bytes.len);
	PG_RETURN_DATUM(
		DirectFunctionCall1(sha256_bytea, PointerGetDatum(bytes.data)));
}

/* key_fraction(client anyelement): a number from 0 up to 1 */
Datum
key_fraction(PG_FUNCTION_ARGS)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of a client");
	PG_RETURN_FLOAT8((hash_key(fcinfo, type, PG_GETARG_DATUM(0), 0) >> 11) *
					 0x1.0p-53);
}
