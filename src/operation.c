/*
 * operation.c
 *		What is done with a client base, done with the rights of its owner.
 *
 * A base reads its owner's tables through expressions, casts and operators
 * that the owner chose.  None of them may ever run with the rights of whoever
 * asked: a superuser's refresh of another's base would hand him over.  So each
 * operation, one of the extension's own functions (base text, arguments jsonb)
 * returning jsonb, runs as the owner in a security-restricted context, like
 * the functions of an index while it is built, and under settings that do not
 * depend on the session.  Whoever may become the owner may ask for it.
 */
#include "operation.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base.h"

PG_FUNCTION_INFO_V1(run_as_owner);
PG_FUNCTION_INFO_V1(may_commit);
PG_FUNCTION_INFO_V1(report_progress);

/*
 * Settings that what users wrote may depend on, and those that an operation
 * may change with set_config(), so that they are put back with the rest; NULL
 * keeps the session's value until then.
 */
static const struct
{
	const char *name;
	const char *value;
} operation_settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"row_security", "off"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"standard_conforming_strings", "on"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"quote_all_identifiers", "off"},
	{"TimeZone", "UTC"},
	{"lc_monetary", "C"},
	/* compiling the statements of a base takes many times as long as running them */
	{"jit", "off"},
	{"lock_timeout", NULL},
	{"work_mem", NULL},
};

/* The one operation that whoever may see all statistics may ask for */
#define STATUS_OPERATION "base_status"

/*
 * What readers may ask for: whoever may call the function of that name that the
 * base has.  It is not called itself: its owner may have put another there.
 */
static const struct
{
	const char *operation;
	const char *function;
	int argument_count;
	Oid arguments[2];
} reader_operations[] = {
	{"base_dossier_text", "dossier_text", 1, {TEXTOID}},
	{"base_report", "report", 1, {TEXTOID}},
	{"base_report_data", "report_data", 0, {InvalidOid}},
	{"base_reward_shares", "reward_shares", 2, {NUMERICOID, NUMERICOID}},
};

static void
use_operation_settings(void)
{
	for (size_t i = 0; i < lengthof(operation_settings); i++)
	{
		const char *name = operation_settings[i].name;
		const char *value = operation_settings[i].value;

		if (value == NULL)
			value = pstrdup(GetConfigOption(name, false, false));
		(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	}
}

/*
 * Become the owner of a base until act_again_as().  An error puts user and
 * settings back with its (sub)transaction.
 */
void
act_as(Oid owner, bool with_settings, Actor *previous)
{
	GetUserIdAndSecContext(&previous->user, &previous->context);
	SetUserIdAndSecContext(owner, previous->context |
									  SECURITY_LOCAL_USERID_CHANGE |
									  SECURITY_RESTRICTED_OPERATION);
	previous->nest_level = 0;
	if (with_settings)
	{
		previous->nest_level = NewGUCNestLevel();
		use_operation_settings();
	}
}

/* Settings are put back, whatever code of users has set meanwhile */
void
act_again_as(const Actor *previous)
{
	if (previous->nest_level > 0)
		AtEOXact_GUC(false, previous->nest_level);
	SetUserIdAndSecContext(previous->user, previous->context);
}

/* Whether the caller may use the function of a base */
static bool
may_call(Oid owner, const char *base, const char *name, int argument_count,
		 const Oid *arguments)
{
	Oid schema = get_namespace_oid(base, true);
	Oid function;
	HeapTuple tuple;
	bool is_owners;

	if (!OidIsValid(schema) || !may_use_schema(schema, GetUserId()))
		return false;
	function = LookupFuncName(
		list_make2(makeString(pstrdup(base)), makeString(pstrdup(name))),
		argument_count, arguments, true);
	if (!OidIsValid(function))
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	is_owners = ((Form_pg_proc) GETSTRUCT(tuple))->proowner == owner;
	ReleaseSysCache(tuple);
	return is_owners && may_execute(function, GetUserId());
}

static void
check_may_ask(Oid owner, const char *operation, Datum base)
{
	if (strcmp(operation, STATUS_OPERATION) == 0 &&
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS))
		return;
	if (may_become_role(GetUserId(), owner))
		return;
	for (size_t i = 0; i < lengthof(reader_operations); i++)
	{
		if (strcmp(operation, reader_operations[i].operation) != 0)
			continue;
		if (may_call(owner, TextDatumGetCString(base),
					 reader_operations[i].function,
					 reader_operations[i].argument_count,
					 reader_operations[i].arguments))
			return;
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for function %s",
							   reader_operations[i].function),
						errhint("Its owner lets others read a client base by "
								"clientcore.grant_read.")));
	}
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied to act as role \"%s\"",
						   GetUserNameFromId(owner, false)),
					errdetail("A client base is run with the rights of "
							  "its owner."),
					errhint("Let its owner call it, or ask for membership in that role.")));
}

/*
 * An operation works on the base of this owner: in any other schema, names could
 * lead to code of others, which would run with the rights of whoever the caller
 * says is the owner.
 */
static void
check_base(Oid owner, const char *operation, Datum name)
{
	char *schema = TextDatumGetCString(name);
	Oid schema_id = get_namespace_oid(schema, true);
	Base base;

	/* those that make one find no schema, or his own */
	if (strcmp(operation, "base_plan") == 0 && !OidIsValid(schema_id))
		return;
	if ((strcmp(operation, "base_plan") == 0 ||
		 strcmp(operation, "base_attach") == 0) &&
		base_owner_of_schema(schema_id) == owner)
		return;
	if (!base_find(schema_id, &base) || base.owner != owner)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA),
						errmsg("role \"%s\" has no client base \"%s\"",
							   GetUserNameFromId(owner, true), schema)));
}

/* The function of the extension's own that is this operation */
static Oid
find_operation(FunctionCallInfo fcinfo, const char *name)
{
	static const Oid types[] = {TEXTOID, JSONBOID};
	Oid self = fcinfo->flinfo->fn_oid;
	Oid extension = getExtensionOfObject(ProcedureRelationId, self);
	char *schema = get_namespace_name(get_func_namespace(self));
	Oid found = InvalidOid;

	if (strncmp(name, "base_", 5) == 0)
		found = LookupFuncName(
			list_make2(makeString(schema), makeString(pstrdup(name))),
			lengthof(types), types, true);
	if (!OidIsValid(found) || !OidIsValid(extension) ||
		getExtensionOfObject(ProcedureRelationId, found) != extension ||
		get_func_rettype(found) != JSONBOID)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("no operation \"%s\" on a client base", name)));
	return found;
}

/* Bytes of an error's context that its reader can be asked to look at */
#define CONTEXT_LIMIT 1000

/*
 * Throw an error on.  Where its context holds one of our statements, of some
 * twenty thousand bytes, only that of the caller is left of it.
 */
static void
throw_without_statements(MemoryContext context)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->context != NULL && strlen(error->context) > CONTEXT_LIMIT)
		error->context = GetErrorContextStack();
	ReThrowError(error);
}

/*
 * run_as_owner(owner oid, operation text, base text, arguments jsonb): what
 * the operation returns.
 */
Datum
run_as_owner(PG_FUNCTION_ARGS)
{
	Oid owner = PG_GETARG_OID(0);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid operation = find_operation(fcinfo, name);
	MemoryContext context = CurrentMemoryContext;
	Actor previous;
	volatile Datum result = (Datum) 0;
	volatile bool isnull = false;

	check_may_ask(owner, name, PG_GETARG_DATUM(2));
	check_base(owner, name, PG_GETARG_DATUM(2));
	act_as(owner, true, &previous);
	PG_TRY();
	{
		LOCAL_FCINFO(call, 2);
		FmgrInfo function;

		fmgr_info(operation, &function);
		InitFunctionCallInfoData(*call, &function, 2, InvalidOid, NULL, NULL);
		call->args[0].value = PG_GETARG_DATUM(2);
		call->args[0].isnull = false;
		call->args[1].value = PG_GETARG_DATUM(3);
		call->args[1].isnull = false;
		result = FunctionCallInvoke(call);
		isnull = call->isnull;
	}
	PG_CATCH();
	{
		throw_without_statements(context);
	}
	PG_END_TRY();
	act_again_as(&previous);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/* Whether the procedure that asks may commit: it runs in no transaction block */
Datum
may_commit(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(SPI_inside_nonatomic_context());
}

/* Show in pg_stat_activity, to all who may see it, how far an operation is */
Datum
report_progress(PG_FUNCTION_ARGS)
{
	pgstat_report_activity(STATE_RUNNING,
						   text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}
