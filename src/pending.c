/*
 * pending.c
 *		The table pending of a client base: what was sold since the last refresh.
 *
 * Triggers write to it in the transaction that sells, whoever that is, without
 * any right on the base.  They only ever insert, each row under a new number,
 * so that writers never wait for each other, nor for a refresh.  Rows go into
 * the table without a statement: there may be many thousands of them.
 */
#include "pending.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "operation.h"

#define BATCH_ROWS 500

/* The columns by name; the table may have been made by another version */
typedef enum PendingColumn
{
	PENDING_ID,
	PENDING_SOURCE,
	PENDING_CAPTURED,
	PENDING_CLIENT_ID,
	PENDING_GROUP_NAME,
	PENDING_DELTA,
	PENDING_LINE,
	PENDING_REASON,
	PENDING_ADDED_AT
} PendingColumn;

static const char *const column_names[] = {
	"id",    "source", "captured", "client_id", "group_name",
	"delta", "line",   "reason",   "added_at"};

#define PENDING_COLUMNS lengthof(column_names)

struct PendingWriter
{
	Oid owner;
	Oid sequence;
	Relation relation;
	bool has_expressions; /* in an index that its owner added */
	EState *estate;
	ResultRelInfo *result;
	CommandId command;
	BulkInsertState bulk;
	MemoryContext context; /* of the rows of a batch */
	int64 number;          /* drawn for the next row; 0: none yet */
	AttrNumber columns[PENDING_COLUMNS];
	int count;
	TupleTableSlot *slots[BATCH_ROWS];
};

/* The constant of the row type of the table source, in a trigger's condition */
static bool
find_row_type(Node *node, void *type)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const))
	{
		*(Oid *) type = ((Const *) node)->consttype;
		return true;
	}
	return expression_tree_walker(node, find_row_type, type);
}

/*
 * The base of a trigger.  It is told by the condition rather than by a name, so
 * that it follows the schema when that is renamed.
 */
bool
pending_find(const Trigger *trigger, Base *base)
{
	Oid row_type = InvalidOid;
	Oid source;

	if (trigger->tgqual == NULL ||
		!find_row_type(stringToNode(trigger->tgqual), &row_type))
		return false;
	source = get_typ_typrelid(row_type);
	return OidIsValid(source) && base_of_source(source, base);
}

Oid
pending_client_type(const Base *base)
{
	AttrNumber number =
		get_attnum(base->pending, column_names[PENDING_CLIENT_ID]);

	return number == InvalidAttrNumber ? InvalidOid
									   : get_atttype(base->pending, number);
}

static Datum
state_value(TupleTableSlot *slot, Relation state, const char *name, Oid type,
			Datum otherwise)
{
	AttrNumber number = (AttrNumber) attnameAttNum(state, name, false);
	bool isnull;
	Datum value;

	if (number == InvalidAttrNumber ||
		TupleDescAttr(RelationGetDescr(state), number - 1)->atttypid != type)
		return otherwise;
	value = slot_getattr(slot, number, &isnull);
	return isnull ? otherwise : value;
}

/*
 * The row of the table state, as of the statement that fires.  Where it cannot
 * be read all sales are noted, without a limit.
 */
void
pending_read_state(const Base *base, PendingState *state)
{
	Relation relation = base_open(base->state, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	TableScanDesc scan = begin_scan(relation, GetActiveSnapshot());

	state->is_paused = false;
	state->from = 0;
	state->limit = PG_INT64_MAX;
	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		state->is_paused = DatumGetBool(
			state_value(slot, relation, "paused", BOOLOID, false));
		state->from = DatumGetInt64(state_value(slot, relation, "pending_from",
												INT8OID, Int64GetDatum(0)));
		state->limit =
			DatumGetInt64(state_value(slot, relation, "pending_limit", INT8OID,
									  Int64GetDatum(PG_INT64_MAX)));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, AccessShareLock);
}

/* The column that a value goes to; none where it is of another type by now */
static AttrNumber
column_for(Relation relation, PendingColumn column, Oid client_type)
{
	const Oid types[PENDING_COLUMNS] = {
		INT8OID,    INT2OID,  INT2OID, client_type,   TEXTOID,
		InvalidOid, JSONBOID, TEXTOID, TIMESTAMPTZOID};
	AttrNumber number =
		(AttrNumber) attnameAttNum(relation, column_names[column], false);
	Form_pg_attribute attribute;

	if (number == InvalidAttrNumber)
		return InvalidAttrNumber;
	attribute = TupleDescAttr(RelationGetDescr(relation), number - 1);
	if (column == PENDING_DELTA ? attribute->attlen == -1
								: attribute->atttypid == types[column])
		return number;
	return InvalidAttrNumber;
}

/* Whether an index evaluates what users wrote */
static bool
has_index_expressions(const ResultRelInfo *result)
{
	for (int i = 0; i < result->ri_NumIndices; i++)
	{
		const IndexInfo *index = result->ri_IndexRelationInfo[i];

		if (index->ii_Expressions != NIL || index->ii_Predicate != NIL)
			return true;
	}
	return false;
}

/* client_type: of the clients to come, or InvalidOid */
PendingWriter *
pending_open(const Base *base, Oid client_type)
{
	PendingWriter *writer = palloc0(sizeof(PendingWriter));

	writer->owner = base->owner;
	writer->sequence = base->sequence;
	writer->relation = base_open(base->pending, RowExclusiveLock);
	writer->command = GetCurrentCommandId(true);
	writer->context = AllocSetContextCreate(
		CurrentMemoryContext, "clientcore pending", ALLOCSET_DEFAULT_SIZES);
	writer->number = nextval_internal(writer->sequence, false);
	for (size_t i = 0; i < PENDING_COLUMNS; i++)
		writer->columns[i] = column_for(writer->relation, i, client_type);

	writer->estate = CreateExecutorState();
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, writer->relation, 1, NULL, 0);
	ExecOpenIndices(writer->result, false);
	writer->has_expressions = has_index_expressions(writer->result);
	return writer;
}

/* Whether more has been noted since the last refresh than should be */
bool
pending_is_full(const PendingWriter *writer, const PendingState *state)
{
	return writer->number - state->from > state->limit;
}

/* Write the rows of a batch into the table and its index */
static void
write_batch(PendingWriter *writer)
{
	MemoryContext context = MemoryContextSwitchTo(writer->context);
	Actor previous;

	if (writer->count == 1)
		table_tuple_insert(writer->relation, writer->slots[0], writer->command,
						   0, NULL);
	else
	{
		if (writer->bulk == NULL)
		{
			MemoryContextSwitchTo(context);
			writer->bulk = GetBulkInsertState();
			MemoryContextSwitchTo(writer->context);
		}
		table_multi_insert(writer->relation, writer->slots, writer->count,
						   writer->command, 0, writer->bulk);
	}
	/* never under the search path of whoever sells */
	if (writer->has_expressions)
		act_as(writer->owner, true, &previous);
	for (int i = 0; i < writer->count; i++)
	{
		insert_index_tuples(writer->result, writer->slots[i], writer->estate);
		ExecClearTuple(writer->slots[i]);
		ResetPerTupleExprContext(writer->estate);
	}
	if (writer->has_expressions)
		act_again_as(&previous);
	writer->count = 0;
	MemoryContextSwitchTo(context);
	MemoryContextReset(writer->context);
	CHECK_FOR_INTERRUPTS();
}

static void
set_value(PendingWriter *writer, TupleTableSlot *slot, PendingColumn column,
		  Datum value)
{
	int number = writer->columns[column];

	if (number == InvalidAttrNumber)
		return;
	slot->tts_values[number - 1] = value;
	slot->tts_isnull[number - 1] = false;
}

/* Add a row; what it points to need not outlive the call */
void
pending_put(PendingWriter *writer, const PendingRow *row)
{
	MemoryContext context;
	TupleTableSlot *slot;

	if (writer->count == BATCH_ROWS)
		write_batch(writer);
	if (writer->slots[writer->count] == NULL)
		writer->slots[writer->count] =
			table_slot_create(writer->relation, NULL);
	slot = writer->slots[writer->count++];
	if (writer->number == 0)
		writer->number = nextval_internal(writer->sequence, false);

	context = MemoryContextSwitchTo(writer->context);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true,
		   slot->tts_tupleDescriptor->natts * sizeof(bool));
	set_value(writer, slot, PENDING_ID, Int64GetDatum(writer->number));
	set_value(writer, slot, PENDING_SOURCE, Int16GetDatum(row->source));
	if (row->captured != 0)
		set_value(writer, slot, PENDING_CAPTURED,
				  Int16GetDatum(row->captured));
	if (row->has_client)
		set_value(writer, slot, PENDING_CLIENT_ID, row->client);
	if (row->group != NULL)
		set_value(writer, slot, PENDING_GROUP_NAME,
				  PointerGetDatum(row->group));
	if (row->delta != NULL)
		set_value(writer, slot, PENDING_DELTA, PointerGetDatum(row->delta));
	if (row->line != NULL)
		set_value(writer, slot, PENDING_LINE, PointerGetDatum(row->line));
	if (row->reason != NULL)
		set_value(writer, slot, PENDING_REASON,
				  CStringGetTextDatum(row->reason));
	set_value(writer, slot, PENDING_ADDED_AT,
			  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	MemoryContextSwitchTo(context);
	writer->number = 0;
}

void
pending_close(PendingWriter *writer)
{
	if (writer->count > 0)
		write_batch(writer);
	for (int i = 0; i < BATCH_ROWS && writer->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	if (writer->bulk != NULL)
	{
		table_finish_bulk_insert(writer->relation, 0);
		FreeBulkInsertState(writer->bulk);
	}
	ExecCloseIndices(writer->result);
	FreeExecutorState(writer->estate);
	table_close(writer->relation, NoLock);
}
