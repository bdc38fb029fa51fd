/*
 * base.c
 *		Client bases as the catalog knows them.
 *
 * Code of users runs with the rights of the owner of a base, and only because
 * the base says so.  Names alone prove nothing: in a schema where others may
 * make objects, a view could stand where a table of the base should.  So a base
 * is a schema all of whose known tables are ordinary tables of the one role
 * that owns the schema; and a trigger is one of a base only if the base has
 * recorded it, just as it is.
 */
#include "base.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(is_base);

/* The tables of a base; one that lacks any of the first ones is none */
static const char *const table_names[] = {
	"source",        "state",          "settings",         "history",
	"pending",       "guest",          "forgotten",        "forgotten_client",
	"client_alias",  "captured_table", "settings_history", "client_mark",
	"card",          "card_log",       "client_month",     "client_loss",
	"month_summary", "flow_summary",   "return_chance",    "rfm_segment",
	"strategy",      "target"};

#define NEEDED_TABLES 5

Oid
base_owner_of_schema(Oid schema)
{
	HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

static bool
is_relation_of(Oid relation, char kind, Oid owner)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Form_pg_class form;
	bool result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	result = form->relkind == kind && form->relowner == owner;
	ReleaseSysCache(tuple);
	return result;
}

/* DROP EXTENSION CASCADE leaves the tables of a base, without histories */
static bool
has_histories(Oid table)
{
	AttrNumber number = get_attnum(table, "history");
	Oid type =
		number == InvalidAttrNumber ? InvalidOid : get_atttype(table, number);

	return OidIsValid(type) &&
		   type == GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
								   CStringGetDatum("purchase_history"),
								   ObjectIdGetDatum(
									   get_namespace_oid("clientcore", true)));
}

static void
find_tables(Oid schema, Oid owner, Base *base)
{
	base->schema = schema;
	base->owner = owner;
	base->source = get_relname_relid("source", schema);
	base->state = get_relname_relid("state", schema);
	base->pending = get_relname_relid("pending", schema);
	base->sequence = get_relname_relid("pending_id", schema);
}

/*
 * The base that a table source is of, as far as sales need it: its tables are
 * those of one owner, whoever the rest belongs to.  (What was noted nowhere
 * while it was otherwise, the fingerprint tells.)
 */
bool
base_of_source(Oid source, Base *base)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(source));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	find_tables(form->relnamespace, form->relowner, base);
	ReleaseSysCache(tuple);
	return base->source == source &&
		   is_relation_of(source, RELKIND_RELATION, base->owner) &&
		   is_relation_of(base->state, RELKIND_RELATION, base->owner) &&
		   is_relation_of(base->pending, RELKIND_RELATION, base->owner) &&
		   is_relation_of(base->sequence, RELKIND_SEQUENCE, base->owner);
}

/* Whether a schema is a client base, and what is where in it */
bool
base_find(Oid schema, Base *base)
{
	Oid owner = base_owner_of_schema(schema);

	if (!OidIsValid(owner))
		return false;
	for (size_t i = 0; i < lengthof(table_names); i++)
	{
		Oid table = get_relname_relid(table_names[i], schema);

		if (OidIsValid(table) ? !is_relation_of(table, RELKIND_RELATION, owner)
							  : i < NEEDED_TABLES)
			return false;
	}
	find_tables(schema, owner, base);
	return is_relation_of(base->sequence, RELKIND_SEQUENCE, owner) &&
		   has_histories(get_relname_relid("history", schema));
}

/* is_base(schema oid) */
Datum
is_base(PG_FUNCTION_ARGS)
{
	Base base;

	PG_RETURN_BOOL(base_find(PG_GETARG_OID(0), &base));
}

/*
 * Open a table of the base.  Who sells may have set lock_timeout for the sake
 * of his own tables; a maintenance of ours makes the sale wait, not fail.
 */
Relation
base_open(Oid relation, LOCKMODE mode)
{
	int timeout = LockTimeout;
	Relation opened = NULL;

	PG_TRY();
	{
		LockTimeout = 0;
		opened = table_open(relation, mode);
	}
	PG_FINALLY();
	{
		LockTimeout = timeout;
	}
	PG_END_TRY();
	return opened;
}

/* --- triggers of a base --- */

/* What a fingerprint says of a trigger: the transaction that made it, its state */
static char *
state_of_trigger(Oid trigger)
{
	Relation catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	char *state = NULL;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		state = psprintf("%u %c", HeapTupleHeaderGetRawXmin(tuple->t_data),
						 ((Form_pg_trigger) GETSTRUCT(tuple))->tgenabled);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return state;
}

/* The member of a fingerprint with this name, if it is an object */
static JsonbContainer *
part_of(Jsonb *fingerprint, const char *name)
{
	JsonbValue *value;

	if (!JB_ROOT_IS_OBJECT(fingerprint))
		return NULL;
	value = getKeyJsonValueFromContainer(&fingerprint->root, name,
										 (int) strlen(name), NULL);
	return value != NULL && value->type == jbvBinary &&
				   JsonContainerIsObject(value->val.binary.data)
			   ? value->val.binary.data
			   : NULL;
}

static JsonbValue *
entry_of(JsonbContainer *part, Oid object)
{
	char key[12];

	if (part == NULL)
		return NULL;
	snprintf(key, sizeof(key), "%u", object);
	return getKeyJsonValueFromContainer(part, key, (int) strlen(key), NULL);
}

static bool
is_same(const JsonbValue *value, const char *text)
{
	return value != NULL && text != NULL && value->type == jbvString &&
		   value->val.string.len == (int) strlen(text) &&
		   memcmp(value->val.string.val, text, value->val.string.len) == 0;
}

/* Why what a fingerprint has of a trigger does not fit; NULL where it does */
static const char *
misfit(JsonbContainer *files, const JsonbValue *recorded, const char *state,
	   Relation relation, List *tables)
{
	ListCell *cell;

	if (!is_same(recorded, state))
		return psprintf("a trigger on %s was changed",
						RelationGetRelationName(relation));
	foreach (cell, tables)
	{
		if (entry_of(files, lfirst_oid(cell)) == NULL)
			return psprintf("a partition or child was added to %s",
							RelationGetRelationName(relation));
	}
	return NULL;
}

static AttrNumber
column_of(Relation table, const char *name, Oid type)
{
	AttrNumber number = get_attnum(RelationGetRelid(table), name);

	return number != InvalidAttrNumber &&
				   TupleDescAttr(RelationGetDescr(table), number - 1)
						   ->atttypid == type
			   ? number
			   : InvalidAttrNumber;
}

/*
 * Why the rows of a trigger must not be read as it says; NULL where they may.
 * source becomes the source of the base to which the trigger belongs, or, where
 * the base has not recorded it, that to which it claims to belong, if there is
 * such a one, or 0.  tables are those of which it sees the changes.
 *
 * Reads what is committed by now, however old the snapshot of who sells.
 */
const char *
base_stranger(const Base *base, Relation relation, const Trigger *trigger,
			  List *tables, int16 claimed, int16 *source)
{
	Relation table = base_open(base->source, AccessShareLock);
	AttrNumber number = column_of(table, "source", INT2OID);
	AttrNumber fingerprint = column_of(table, "fingerprint", JSONBOID);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = begin_scan(table, snapshot);
	const char *state = state_of_trigger(trigger->tgoid);
	const char *problem;
	JsonbContainer *files = NULL;
	JsonbValue *recorded = NULL;

	*source = 0;
	while (recorded == NULL && number != InvalidAttrNumber &&
		   fingerprint != InvalidAttrNumber &&
		   table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool isnull;
		int16 this_source = DatumGetInt16(slot_getattr(slot, number, &isnull));
		Datum value;
		Jsonb *json;

		if (isnull)
			continue;
		if (this_source == claimed)
			*source = claimed;
		value = slot_getattr(slot, fingerprint, &isnull);
		if (isnull)
			continue;
		json = DatumGetJsonbP(value);
		recorded = entry_of(part_of(json, "triggers"), trigger->tgoid);
		files = part_of(json, "files");
		if (recorded != NULL)
			*source = this_source;
	}
	problem = misfit(files, recorded, state, relation, tables);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
	return problem;
}
