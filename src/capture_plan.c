/*
 * capture_plan.c
 *		What a trigger on a sales table has to do, worked out once a session.
 *
 * A trigger is told in its argument, a JSON object, how the rows of its table
 * are read.  The columns named there are compared with the table as it is now:
 * where one was altered, the expressions may mean something else, and there is
 * no plan.  Plans are forgotten when PostgreSQL says that the table or its base
 * changed, and expressions when a function in them did.
 */
#include "capture_plan.h"

#include "access/htup_details.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "expression.h"

static HTAB *captures = NULL;

/* Names of roles in the argument, in the order of SaleRole */
static const char *const role_names[SALE_ROLES] = {
	"client", "sold_at",  "amount",   "profit",
	"filter", "currency", "breakdown"};

static bool
is_of_interest(const Capture *capture, Oid relation)
{
	const Base *base = &capture->base;

	return relation == capture->relation || relation == base->source ||
		   relation == base->pending || relation == base->state ||
		   relation == base->sequence ||
		   (capture->table_count > 0 &&
			bsearch(&relation, capture->tables, capture->table_count,
					sizeof(Oid), oid_cmp) != NULL);
}

/* PostgreSQL says that a relation changed, or (InvalidOid) that any may have */
static void
relation_changed(Datum argument, Oid relation)
{
	HASH_SEQ_STATUS status;
	Capture *capture;

	hash_seq_init(&status, captures);
	while ((capture = hash_seq_search(&status)) != NULL)
	{
		if (relation == InvalidOid || !capture->has_base ||
			is_of_interest(capture, relation))
			capture->is_valid = false;
	}
}

static void
make_table_of_captures(void)
{
	HASHCTL control = {.keysize = sizeof(Oid), .entrysize = sizeof(Capture)};

	captures = hash_create("clientcore triggers", 16, &control,
						   HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

static void
free_plan(CapturePlan *plan)
{
	for (int i = 0; i < SALE_ROLES; i++)
	{
		if (plan->roles[i] != NULL)
			FreeCachedExpression(plan->roles[i]);
	}
	if (plan->prepared != NULL)
		SPI_freeplan(plan->prepared);
	MemoryContextDelete(plan->context);
}

void
capture_plan_release(CapturePlan *plan)
{
	if (--plan->users == 0 && plan->is_orphan)
		free_plan(plan);
}

static void
forget_plan(Capture *capture)
{
	CapturePlan *plan = capture->plan;

	capture->plan = NULL;
	if (plan == NULL)
		return;
	if (plan->users == 0)
		free_plan(plan);
	else
		plan->is_orphan = true;
}

static void
forget_tables(Capture *capture)
{
	capture->is_known = false;
	capture->table_count = 0;
	if (capture->tables != NULL)
		pfree(capture->tables);
	capture->tables = NULL;
}

/* What is known of a trigger: where it writes, if its base is there */
Capture *
capture_find(Relation relation, const Trigger *trigger)
{
	Capture *capture;
	Base base = {0};
	volatile bool has_base = false;
	bool found;

	if (captures == NULL)
		make_table_of_captures();
	capture = hash_search(captures, &trigger->tgoid, HASH_ENTER, &found);
	if (!found)
	{
		Oid key = capture->trigger;

		memset(capture, 0, sizeof(*capture));
		capture->trigger = key;
	}
	else if (capture->is_valid)
		return capture;

	forget_plan(capture);
	forget_tables(capture);
	capture->relation = RelationGetRelid(relation);
	/* without a base any message makes it invalid; and so does an error */
	capture->has_base = false;
	capture->is_valid = true;
	PG_TRY();
	{
		has_base = pending_find(trigger, &base);
	}
	PG_CATCH();
	{
		capture->is_valid = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	capture->base = base;
	capture->has_base = has_base;
	return capture;
}

/* --- the argument of a trigger --- */

static Jsonb *
read_argument(const Trigger *trigger)
{
	Jsonb *argument;

	if (trigger->tgnargs != 1)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("trigger \"%s\" must have one argument",
							   trigger->tgname)));
	argument = DatumGetJsonbP(
		DirectFunctionCall1(jsonb_in, CStringGetDatum(trigger->tgargs[0])));
	if (!JB_ROOT_IS_OBJECT(argument))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("the argument of trigger \"%s\" must be an object",
						trigger->tgname)));
	return argument;
}

static JsonbValue *
find_value(Jsonb *argument, const char *key, enum jbvType type)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&argument->root, key,
													 (int) strlen(key), NULL);

	return value != NULL && value->type == type ? value : NULL;
}

static char *
text_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static char *
find_text(Jsonb *argument, const char *key)
{
	JsonbValue *value = find_value(argument, key, jbvString);

	return value == NULL ? NULL : text_of(value);
}

static void
report_argument(void)
{
	ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					errmsg("the argument of a trigger cannot be read")));
}

/* An element of an array, which must be there and of this type */
static JsonbValue *
element_of(JsonbContainer *list, int i, enum jbvType type)
{
	JsonbValue *value = getIthJsonbValueFromContainer(list, i);

	if (value == NULL || value->type != type)
		report_argument();
	return value;
}

static int32
int_of(const JsonbValue *value)
{
	return DatumGetInt32(DirectFunctionCall1(
		numeric_int4, NumericGetDatum(value->val.numeric)));
}

static int32
find_int(Jsonb *argument, const char *key)
{
	JsonbValue *value = find_value(argument, key, jbvNumeric);

	return value == NULL ? 0 : int_of(value);
}

static bool
find_bool(Jsonb *argument, const char *key)
{
	JsonbValue *value = find_value(argument, key, jbvBool);

	return value != NULL && value->val.boolean;
}

/* The source that a trigger is of, if its argument can be read */
int16
capture_claim(const Trigger *trigger)
{
	const char *key = "\"source\": ";
	const char *found =
		trigger->tgnargs == 1 ? strstr(trigger->tgargs[0], key) : NULL;

	return found == NULL ? 0 : (int16) atoi(found + strlen(key));
}

/*
 * Why a trigger must not be followed, or NULL; and the source that it is of,
 * 0 where there is no such source.  Anybody who may make triggers on a table
 * could make one that looks like ours.
 */
const char *
capture_stranger(Capture *capture, Relation relation, const Trigger *trigger,
				 int16 *source)
{
	List *tables;
	const char *problem;
	ListCell *cell;

	if (capture->is_known)
	{
		*source = capture->source;
		return NULL;
	}
	tables = find_all_inheritors(RelationGetRelid(relation), NoLock, NULL);
	problem = base_stranger(&capture->base, relation, trigger, tables,
							capture_claim(trigger), source);
	if (problem != NULL || !capture->is_valid)
		return problem;

	capture->tables = MemoryContextAlloc(TopMemoryContext,
										 list_length(tables) * sizeof(Oid));
	capture->table_count = 0;
	foreach (cell, tables)
		capture->tables[capture->table_count++] = lfirst_oid(cell);
	qsort(capture->tables, capture->table_count, sizeof(Oid), oid_cmp);
	capture->source = *source;
	capture->is_known = true;
	return NULL;
}

/* --- plans --- */

static bool
type_is(Oid type, const char *schema_and_name)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;
	char *schema;
	bool result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_type) GETSTRUCT(tuple);
	schema = get_namespace_name(form->typnamespace);
	result = schema != NULL &&
			 strcmp(psprintf("%s.%s", schema, NameStr(form->typname)),
					schema_and_name) == 0;
	ReleaseSysCache(tuple);
	return result;
}

static void
check_column(Relation relation, AttrNumber number, const char *name,
			 const char *type, int32 type_modifier)
{
	TupleDesc tuple_desc = RelationGetDescr(relation);
	Form_pg_attribute attribute = NULL;

	if (number > 0 && number <= tuple_desc->natts)
		attribute = TupleDescAttr(tuple_desc, number - 1);
	if (attribute == NULL || attribute->attisdropped ||
		strcmp(NameStr(attribute->attname), name) != 0 ||
		attribute->atttypmod != type_modifier ||
		!type_is(attribute->atttypid, type))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("column \"%s\" of %s was changed", name,
							   RelationGetRelationName(relation))));
}

/* The columns as they were: [number, name, type, type modifier] each */
static void
read_columns(CapturePlan *plan, Relation relation, Jsonb *argument)
{
	JsonbValue *columns = find_value(argument, "columns", jbvBinary);
	JsonbContainer *list = columns == NULL ? NULL : columns->val.binary.data;

	if (list == NULL || !JsonContainerIsArray(list))
		return;
	plan->column_count = (int) JsonContainerSize(list);
	plan->columns = palloc(Max(plan->column_count, 1) * sizeof(AttrNumber));
	for (int i = 0; i < plan->column_count; i++)
	{
		JsonbContainer *parts =
			element_of(list, i, jbvBinary)->val.binary.data;
		AttrNumber number;

		if (!JsonContainerIsArray(parts))
			report_argument();
		number = (AttrNumber) int_of(element_of(parts, 0, jbvNumeric));
		check_column(relation, number,
					 text_of(element_of(parts, 1, jbvString)),
					 text_of(element_of(parts, 2, jbvString)),
					 int_of(element_of(parts, 3, jbvNumeric)));
		plan->columns[i] = number;
	}
}

static void
report_type(const char *role)
{
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("%s is of another type by now", role)));
}

static void
check_types(CapturePlan *plan, Oid client_type)
{
	Oid types[SALE_ROLES];

	for (int i = 0; i < SALE_ROLES; i++)
		types[i] = plan->roles[i] == NULL
					   ? InvalidOid
					   : getBaseType(exprType(plan->roles[i]->expr));
	if (plan->roles[ROLE_CLIENT] == NULL ||
		exprType(plan->roles[ROLE_CLIENT]->expr) != client_type)
		report_type("client");
	if (types[ROLE_FILTER] != InvalidOid && types[ROLE_FILTER] != BOOLOID)
		report_type("filter");
	if (plan->mode != CAPTURE_DELTA)
		return;
	if (types[ROLE_CURRENCY] != InvalidOid && types[ROLE_CURRENCY] != TEXTOID)
		report_type("currency");
	if (types[ROLE_BREAKDOWN] != InvalidOid &&
		types[ROLE_BREAKDOWN] != TEXTOID)
		report_type("breakdown");
	if (!moment_type_of(types[ROLE_SOLD_AT], &plan->moment))
		report_type("sold_at");
	if (!number_type_of(types[ROLE_AMOUNT], &plan->amount))
		report_type("amount");
	if (types[ROLE_PROFIT] != InvalidOid &&
		!number_type_of(types[ROLE_PROFIT], &plan->profit))
		report_type("profit");
}

static void
read_roles(CapturePlan *plan, Relation relation, Jsonb *argument,
		   const char *alias)
{
	plan->is_harmless = true;
	for (int i = 0; i < SALE_ROLES; i++)
	{
		char *text = find_text(argument, role_names[i]);
		Node *node;

		if (text == NULL)
			continue;
		node = expression_parse(relation, alias, role_names[i], text,
								i == ROLE_FILTER);
		plan->is_harmless = plan->is_harmless && expression_is_harmless(node);
		plan->roles[i] = GetCachedExpression(node);
	}
}

/* A function takes no more than a hundred arguments */
#define COLUMNS_OF_OBJECT 40

/* Clients and the columns they are found by, each pair once */
static char *
query_for_lines(CapturePlan *plan, Relation relation, const char *alias,
				const char *client)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT DISTINCT (%s), ", client);
	appendStringInfoString(&query, "pg_catalog.jsonb_build_object(");
	for (int i = 0; i < plan->column_count; i++)
	{
		const char *name = NameStr(
			TupleDescAttr(RelationGetDescr(relation), plan->columns[i] - 1)
				->attname);
		const char *separator = ", ";

		if (i % COLUMNS_OF_OBJECT == 0)
			separator = i == 0 ? ""
							   : ") OPERATOR(pg_catalog.||) "
								 "pg_catalog.jsonb_build_object(";
		appendStringInfo(&query, "%s%s, %s.%s", separator,
						 quote_literal_cstr(name), quote_identifier(alias),
						 quote_identifier(name));
	}
	appendStringInfo(&query, ") FROM %s AS %s", CAPTURED_ROWS,
					 quote_identifier(alias));
	return query.data;
}

static void
read_plan(CapturePlan *plan, Relation relation, Jsonb *argument,
		  Oid client_type)
{
	char *mode = find_text(argument, "mode");
	char *alias = find_text(argument, "alias");
	char *zone = find_text(argument, "time_zone");

	plan->source = (int16) find_int(argument, "source");
	plan->captured = (int16) find_int(argument, "captured");
	plan->scale = find_int(argument, "scale");
	plan->currency_code = find_text(argument, "currency_code");
	if (mode == NULL || alias == NULL || plan->scale < 0 ||
		plan->scale > INT64_MAX_SCALE)
		report_argument();
	plan->mode = strcmp(mode, "delta") == 0   ? CAPTURE_DELTA
				 : strcmp(mode, "dirty") == 0 ? CAPTURE_DIRTY
											  : CAPTURE_MARK;
	if (plan->mode == CAPTURE_MARK)
		return;
	if (zone == NULL && plan->mode == CAPTURE_DELTA)
		report_argument();
	if (zone != NULL)
		zone_use_name(&plan->zone, zone, (int) strlen(zone));

	read_columns(plan, relation, argument);
	if (plan->mode == CAPTURE_DIRTY && find_bool(argument, "line"))
	{
		char *client = find_text(argument, "client");

		if (client == NULL)
			report_argument();
		plan->query = query_for_lines(plan, relation, alias, client);
	}
	else
	{
		read_roles(plan, relation, argument, alias);
		check_types(plan, client_type);
	}
}

static bool
has_stale_expression(const CapturePlan *plan)
{
	for (int i = 0; i < SALE_ROLES; i++)
	{
		if (plan->roles[i] != NULL && !plan->roles[i]->is_valid)
			return true;
	}
	return false;
}

/* Whether there is a plan that anyone may use, under any settings */
bool
capture_is_harmless(const Capture *capture)
{
	return capture->plan != NULL && capture->plan->is_harmless &&
		   !has_stale_expression(capture->plan);
}

/*
 * How the rows of a trigger are read, to be released after use.  Parses
 * expressions of users, and may fail: must be called as the base's owner.
 */
CapturePlan *
capture_plan_use(Capture *capture, Relation relation, const Trigger *trigger)
{
	CapturePlan *plan;
	MemoryContext context;
	MemoryContext caller;

	if (capture->plan != NULL && has_stale_expression(capture->plan))
		forget_plan(capture);
	if (capture->plan != NULL)
	{
		capture->plan->users++;
		return capture->plan;
	}

	/* freed with the transaction if anything fails on the way */
	context = AllocSetContextCreate(
		CurTransactionContext, "clientcore capture", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	plan = palloc0(sizeof(CapturePlan));
	plan->context = context;
	PG_TRY();
	{
		read_plan(plan, relation, read_argument(trigger),
				  pending_client_type(&capture->base));
	}
	PG_CATCH();
	{
		for (int i = 0; i < SALE_ROLES; i++)
		{
			if (plan->roles[i] != NULL)
				FreeCachedExpression(plan->roles[i]);
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, TopMemoryContext);
	plan->users = 1;

	/* what was parsed may have changed meanwhile, or made the trigger known anew */
	if (capture->is_valid && capture->plan == NULL)
		capture->plan = plan;
	else
		plan->is_orphan = true;
	return plan;
}
