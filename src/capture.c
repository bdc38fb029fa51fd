/*
 * capture.c
 *		The trigger on sales tables: notes in a client base what was sold.
 *
 * It fires once for a statement, whatever the number of rows, and adds a delta
 * for each client to the table pending of the base, in the transaction that
 * sells.  It must never make a sale fail.  So whatever can go wrong is done in a
 * subtransaction that only reads; if it does go wrong, a marker is noted in
 * place of deltas, with the reason, and the next refresh reads all sales anew.
 *
 * Whoever sells needs no right on the base, and expressions are evaluated with
 * the rights of its owner, who also owns the table.
 */
#include "compat.h"

#include <ctype.h>

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "capture_plan.h"
#include "delta_set.h"
#include "operation.h"
#include "pending.h"

PG_FUNCTION_INFO_V1(capture);

/* What a statement, or the application of a replicated row, changed */
typedef struct Change
{
	TriggerData *data;
	Relation relation;
} Change;

/* What is to be noted of it */
typedef struct Notes
{
	int16 source; /* 0: nothing */
	int16 captured;
	Oid client_type;
	const char *marker;     /* why all is to be read anew, or NULL */
	DeltaSet *deltas;       /* changes by client (and group), or NULL */
	Tuplestorestate *lines; /* clients and lines, or NULL */
	TupleDesc line_desc;
} Notes;

static bool
is_row_trigger(const Change *change)
{
	return TRIGGER_FIRED_FOR_ROW(change->data->tg_event);
}

/* Whether anything was changed at all */
static bool
is_empty(const Change *change)
{
	TriggerData *data = change->data;

	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event) || is_row_trigger(change))
		return false;
	return (data->tg_oldtable == NULL ||
			tuplestore_tuple_count(data->tg_oldtable) == 0) &&
		   (data->tg_newtable == NULL ||
			tuplestore_tuple_count(data->tg_newtable) == 0);
}

/*
 * Whether another trigger notes the change.  Row triggers are for what logical
 * replication applies, for which statement triggers do not fire.  They are
 * enabled for that alone, but ALTER TABLE ... ENABLE TRIGGER ALL enables them
 * for ordinary statements too.
 */
static bool
is_another_triggers(const Change *change)
{
	return is_row_trigger(change) &&
		   SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA;
}

/* --- reading rows --- */

/* Evaluates the roles of a plan over rows */
typedef struct SaleEvaluator
{
	CapturePlan *plan;
	ExprState *roles[SALE_ROLES];
	ExprContext *context;
	DeltaSet *deltas;
} SaleEvaluator;

static Datum
role_value(SaleEvaluator *evaluator, SaleRole role, bool *isnull)
{
	return ExecEvalExprSwitchContext(evaluator->roles[role],
									 evaluator->context, isnull);
}

static void
check_currency(SaleEvaluator *evaluator)
{
	const char *expected = evaluator->plan->currency_code;
	bool isnull;
	Datum value = role_value(evaluator, ROLE_CURRENCY, &isnull);
	text *currency = isnull ? NULL : DatumGetTextPP(value);

	if (currency == NULL || expected == NULL ||
		VARSIZE_ANY_EXHDR(currency) != strlen(expected) ||
		memcmp(VARDATA_ANY(currency), expected, strlen(expected)) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("a sale was in another currency")));
}

/* What a row is worth on its day; false where it is no sale */
static bool
read_sale(SaleEvaluator *evaluator, int sign, HistoryDay *day)
{
	CapturePlan *plan = evaluator->plan;
	bool no_moment;
	bool no_amount;
	bool no_profit = true;
	Datum moment;
	Datum amount_value;
	int64 amount;

	moment = role_value(evaluator, ROLE_SOLD_AT, &no_moment);
	amount_value = role_value(evaluator, ROLE_AMOUNT, &no_amount);
	if (no_moment || no_amount)
		return false;
	if (evaluator->roles[ROLE_CURRENCY] != NULL)
		check_currency(evaluator);

	memset(day, 0, sizeof(*day));
	day->day = day_from_moment(moment, plan->moment, &plan->zone);
	amount =
		amount_at_scale(amount_value, plan->amount, "amount", plan->scale);
	if (amount >= 0)
	{
		day->sales = sign;
		day->sold = sign * amount;
	}
	else
	{
		day->returns = sign;
		day->returned = -sign * amount;
	}
	if (evaluator->roles[ROLE_PROFIT] != NULL)
	{
		Datum profit = role_value(evaluator, ROLE_PROFIT, &no_profit);

		if (!no_profit)
		{
			day->profit_count = sign;
			day->profit = sign * amount_at_scale(profit, plan->profit,
												 "profit", plan->scale);
		}
	}
	return true;
}

/* Add a row, or with sign -1 take it back */
static void
add_row(SaleEvaluator *evaluator, TupleTableSlot *slot, int sign)
{
	HistoryDay day = {0};
	DeltaKey key = {0};
	bool isnull;
	Datum value;
	MemoryContext context;
	bool is_sale;

	ResetExprContext(evaluator->context);
	evaluator->context->ecxt_scantuple = slot;
	if (evaluator->roles[ROLE_FILTER] != NULL)
	{
		value = role_value(evaluator, ROLE_FILTER, &isnull);
		if (isnull || !DatumGetBool(value))
			return;
	}
	/* what a row leaves behind goes with it: a statement may have millions */
	context = MemoryContextSwitchTo(evaluator->context->ecxt_per_tuple_memory);
	is_sale = evaluator->plan->mode != CAPTURE_DELTA ||
			  read_sale(evaluator, sign, &day);
	if (is_sale)
	{
		key.client = role_value(evaluator, ROLE_CLIENT, &key.is_guest);
		if (evaluator->roles[ROLE_BREAKDOWN] != NULL)
		{
			value = role_value(evaluator, ROLE_BREAKDOWN, &isnull);
			key.group = isnull ? cstring_to_text("") : DatumGetTextPP(value);
		}
	}
	MemoryContextSwitchTo(context);
	if (is_sale)
		delta_set_add(evaluator->deltas, &key, &day);
}

static bool
same_value(TupleTableSlot *old_slot, TupleTableSlot *new_slot,
		   AttrNumber number)
{
	Form_pg_attribute attribute =
		TupleDescAttr(old_slot->tts_tupleDescriptor, number - 1);
	bool old_isnull;
	bool new_isnull;
	Datum old_value = slot_getattr(old_slot, number, &old_isnull);
	Datum new_value = slot_getattr(new_slot, number, &new_isnull);

	if (old_isnull || new_isnull)
		return old_isnull == new_isnull;
	return datum_image_eq(old_value, new_value, attribute->attbyval,
						  attribute->attlen);
}

/*
 * Whether an update left everything that matters as it was: the columns that
 * are read, or in a table that a view reads, any.
 */
static bool
is_unchanged(const CapturePlan *plan, TupleTableSlot *old_slot,
			 TupleTableSlot *new_slot)
{
	if (plan->mode == CAPTURE_DELTA)
	{
		for (int i = 0; i < plan->column_count; i++)
		{
			if (!same_value(old_slot, new_slot, plan->columns[i]))
				return false;
		}
		return true;
	}
	for (int i = 1; i <= old_slot->tts_tupleDescriptor->natts; i++)
	{
		if (!same_value(old_slot, new_slot, i))
			return false;
	}
	return true;
}

static void
add_change(SaleEvaluator *evaluator, TupleTableSlot *old_slot,
		   TupleTableSlot *new_slot)
{
	if (old_slot != NULL && new_slot != NULL &&
		is_unchanged(evaluator->plan, old_slot, new_slot))
		return;
	if (old_slot != NULL)
		add_row(evaluator, old_slot, -1);
	if (new_slot != NULL)
		add_row(evaluator, new_slot, 1);
}

/*
 * Read a transition table, if there is one, from its beginning, beside others
 * who read it
 */
static TupleTableSlot *
slot_for_rows(Tuplestorestate *rows, Relation relation)
{
	if (rows == NULL)
		return NULL;
	tuplestore_select_read_pointer(
		rows, tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND));
	tuplestore_rescan(rows);
	return MakeSingleTupleTableSlot(RelationGetDescr(relation),
									&TTSOpsMinimalTuple);
}

static TupleTableSlot *
next_row(Tuplestorestate *rows, TupleTableSlot *slot)
{
	if (rows == NULL || !tuplestore_gettupleslot(rows, true, false, slot))
		return NULL;
	return slot;
}

/* The rows of a statement; old and new ones of an update come in one order */
static void
add_rows_of_statement(SaleEvaluator *evaluator, Change *change)
{
	Tuplestorestate *old_rows = change->data->tg_oldtable;
	Tuplestorestate *new_rows = change->data->tg_newtable;
	TupleTableSlot *old_slot = slot_for_rows(old_rows, change->relation);
	TupleTableSlot *new_slot = slot_for_rows(new_rows, change->relation);

	for (;;)
	{
		TupleTableSlot *old_row = next_row(old_rows, old_slot);
		TupleTableSlot *new_row = next_row(new_rows, new_slot);

		if (old_row == NULL && new_row == NULL)
			break;
		add_change(evaluator, old_row, new_row);
		CHECK_FOR_INTERRUPTS();
	}
	if (old_slot != NULL)
		ExecDropSingleTupleTableSlot(old_slot);
	if (new_slot != NULL)
		ExecDropSingleTupleTableSlot(new_slot);
}

static void
add_row_of_event(SaleEvaluator *evaluator, Change *change)
{
	TriggerData *data = change->data;

	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		add_change(evaluator, NULL, data->tg_trigslot);
	else if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
		add_change(evaluator, data->tg_trigslot, NULL);
	else
		add_change(evaluator, data->tg_trigslot, data->tg_newslot);
}

static void
note_by_client(CapturePlan *plan, Change *change, Notes *notes)
{
	SaleEvaluator evaluator = {.plan = plan, .deltas = notes->deltas};

	evaluator.context = CreateStandaloneExprContext();
	for (int i = 0; i < SALE_ROLES; i++)
	{
		if (plan->roles[i] != NULL)
			evaluator.roles[i] =
				ExecInitExpr((Expr *) plan->roles[i]->expr, NULL);
	}
	if (is_row_trigger(change))
		add_row_of_event(&evaluator, change);
	else
		add_rows_of_statement(&evaluator, change);
	delta_set_close(notes->deltas);
	FreeExprContext(evaluator.context, true);
}

/* --- clients that a query finds --- */

/* The rows of an event as a table that a query can read */
static Tuplestorestate *
rows_of_event(Change *change, bool old_rows)
{
	TriggerData *data = change->data;
	Tuplestorestate *rows = tuplestore_begin_heap(true, false, work_mem);
	bool is_update = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
	bool is_old = is_update || TRIGGER_FIRED_BY_DELETE(data->tg_event);

	if (old_rows && is_old)
		tuplestore_puttupleslot(rows, data->tg_trigslot);
	else if (!old_rows && is_update)
		tuplestore_puttupleslot(rows, data->tg_newslot);
	else if (!old_rows && !is_old)
		tuplestore_puttupleslot(rows, data->tg_trigslot);
	return rows;
}

static void
prepare_query(CapturePlan *plan)
{
	if (plan->prepared != NULL)
		return;
	plan->prepared = SPI_prepare(plan->query, 0, NULL);
	if (plan->prepared == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(plan->prepared);
}

/* Run the query of a plan over rows, into the lines of the notes */
static void
query_rows(CapturePlan *plan, Change *change, Tuplestorestate *rows,
		   Notes *notes)
{
	EphemeralNamedRelationData named = {0};
	SPIExecuteOptions options = {0};

	named.md.name = CAPTURED_ROWS;
	named.md.reliddesc = RelationGetRelid(change->relation);
	named.md.enrtype = ENR_NAMED_TUPLESTORE;
	named.md.enrtuples = (double) tuplestore_tuple_count(rows);
	named.reldata = rows;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_register_relation(&named) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
	prepare_query(plan);
	options.dest = CreateTuplestoreDestReceiver();
	SetTuplestoreDestReceiverParams(
		options.dest, notes->lines, CurrentMemoryContext, true,
		notes->line_desc, "client is of another type by now");
	if (SPI_execute_plan_extended(plan->prepared, &options) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan_extended failed");
	SPI_finish();
}

static void
note_by_query(CapturePlan *plan, Change *change, Notes *notes)
{
	TriggerData *data = change->data;

	if (is_row_trigger(change))
	{
		for (int i = 0; i < 2; i++)
		{
			Tuplestorestate *rows = rows_of_event(change, i == 0);

			if (tuplestore_tuple_count(rows) > 0)
				query_rows(plan, change, rows, notes);
			tuplestore_end(rows);
		}
		return;
	}
	if (data->tg_oldtable != NULL)
		query_rows(plan, change, data->tg_oldtable, notes);
	if (data->tg_newtable != NULL)
		query_rows(plan, change, data->tg_newtable, notes);
}

/* --- what may fail --- */

static bool
is_letter(char c)
{
	return c == '_' || IS_HIGHBIT_SET(c) || isalnum((unsigned char) c);
}

/* Whether a text, which may be NULL, has the word MERGE, in whatever case */
static bool
mentions_merge(const char *text)
{
	for (const char *c = text; c != NULL && *c != '\0'; c++)
	{
		if (pg_strncasecmp(c, "merge", 5) == 0 && !is_letter(c[5]) &&
			(c == text || !is_letter(c[-1])))
			return true;
	}
	return false;
}

/*
 * Whether an update of a partitioned table may be a part of MERGE.  Where MERGE
 * moves rows from partition to partition, PostgreSQL shows them to no trigger
 * for statements, but fires the one for updates.  What the statement is can be
 * told from the portal, and below that from what errors would say of it, but
 * for functions in SQL.
 */
static bool
may_be_merge(const Change *change)
{
	ListCell *cell;
	const char *context;

	if (change->relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE ||
		!TRIGGER_FIRED_BY_UPDATE(change->data->tg_event))
		return false;
	if (ActivePortal != NULL)
	{
		if (mentions_merge(ActivePortal->sourceText))
			return true;
		foreach (cell, ActivePortal->stmts)
		{
			if (lfirst_node(PlannedStmt, cell)->commandType == CMD_MERGE)
				return true;
		}
	}
	context = GetErrorContextStack();
	return mentions_merge(context) ||
		   (context != NULL && strstr(context, "SQL function") != NULL);
}

static void
make_lines(Notes *notes, Oid client_type, ResourceOwner owner)
{
	ResourceOwner current = CurrentResourceOwner;

	CurrentResourceOwner = owner;
	notes->lines = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = current;
	notes->line_desc = CreateTemplateTupleDesc(2);
	TupleDescInitEntry(notes->line_desc, 1, "client", client_type, -1, 0);
	TupleDescInitEntry(notes->line_desc, 2, "line", JSONBOID, -1, 0);
	finish_tuple_desc(notes->line_desc);
}

/* As the base's owner, in a subtransaction */
static void
find_notes(Capture *capture, Change *change, bool has_settings,
		   CapturePlan *volatile *plan, Notes *notes, ResourceOwner owner)
{
	const Trigger *trigger = change->data->tg_trigger;
	bool is_owners = change->relation->rd_rel->relowner == capture->base.owner;
	const char *problem =
		capture_stranger(capture, change->relation, trigger, &notes->source);

	if (problem != NULL && !is_owners)
		notes->source = 0;
	else if (!is_owners)
		problem = psprintf("the owner of %s was changed",
						   RelationGetRelationName(change->relation));
	if (notes->marker == NULL)
		notes->marker = problem;
	if (notes->marker != NULL || notes->source == 0)
		return;

	*plan = capture_plan_use(capture, change->relation, trigger);
	if (!has_settings && !capture_is_harmless(capture))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("an expression was changed at that moment")));
	notes->captured = (*plan)->captured;
	notes->client_type = pending_client_type(&capture->base);
	if ((*plan)->mode == CAPTURE_MARK)
		notes->marker = psprintf("%s was changed",
								 RelationGetRelationName(change->relation));
	else if ((*plan)->query != NULL)
	{
		make_lines(notes, notes->client_type, owner);
		note_by_query(*plan, change, notes);
	}
	else
	{
		notes->deltas =
			delta_set_create(notes->client_type, (*plan)->scale,
							 (*plan)->mode == CAPTURE_DIRTY, owner);
		note_by_client(*plan, change, notes);
	}
}

static void
drop_notes(Notes *notes)
{
	if (notes->deltas != NULL)
		delta_set_drop(notes->deltas);
	if (notes->lines != NULL)
		tuplestore_end(notes->lines);
	notes->deltas = NULL;
	notes->lines = NULL;
}

/*
 * Find out what is to be noted; of what fails, that it did.  Only what the
 * user asked for himself, to cancel the statement, goes on as an error.
 */
static void
try_to_find_notes(Capture *capture, Change *change, Notes *notes)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	CapturePlan *volatile plan = NULL;
	bool with_settings =
		notes->marker == NULL && !capture_is_harmless(capture);
	Actor previous;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		act_as(capture->base.owner, with_settings, &previous);
		find_notes(capture, change, with_settings, &plan, notes, owner);
		act_again_as(&previous);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;

		drop_notes(notes);
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
			ERRCODE_OPERATOR_INTERVENTION)
		{
			if (plan != NULL)
				capture_plan_release(plan);
			ReThrowError(error);
		}
		notes->marker = error->message;
		if (notes->source == 0 &&
			change->relation->rd_rel->relowner == capture->base.owner)
			notes->source = capture_claim(change->data->tg_trigger);
	}
	PG_END_TRY();
	if (plan != NULL)
		capture_plan_release(plan);
}

/* --- writing --- */

typedef struct NoteWriter
{
	const Base *base;
	const PendingState *state;
	const Notes *notes;
	PendingWriter *writer;
	bool is_full;
} NoteWriter;

static void
write_marker(NoteWriter *writer, const char *reason)
{
	PendingRow row = {.source = writer->notes->source, .reason = reason};

	pending_put(writer->writer, &row);
}

/* Whether rows may be written; where not, that is noted once */
static bool
prepare_to_write(NoteWriter *writer)
{
	if (writer->writer == NULL)
	{
		writer->writer =
			pending_open(writer->base, writer->notes->client_type);
		writer->is_full = pending_is_full(writer->writer, writer->state);
		if (writer->is_full)
			write_marker(writer, "more was sold since the last refresh than "
								 "the setting pending_limit");
	}
	return !writer->is_full;
}

static void
write_delta(void *context, const DeltaKey *key, struct varlena *delta)
{
	NoteWriter *writer = context;
	PendingRow row = {.source = writer->notes->source,
					  .captured = writer->notes->captured,
					  .has_client = !key->is_guest,
					  .client = key->client,
					  .group = key->group,
					  .delta = delta};

	if (prepare_to_write(writer))
		pending_put(writer->writer, &row);
}

static void
write_lines(NoteWriter *writer)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(writer->notes->line_desc,
													&TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(writer->notes->lines, true, false, slot) &&
		   prepare_to_write(writer))
	{
		bool is_guest;
		bool isnull;
		PendingRow row = {.source = writer->notes->source,
						  .captured = writer->notes->captured,
						  .client = slot_getattr(slot, 1, &is_guest)};

		row.has_client = !is_guest;
		row.line =
			(struct varlena *) DatumGetPointer(slot_getattr(slot, 2, &isnull));
		pending_put(writer->writer, &row);
	}
	ExecDropSingleTupleTableSlot(slot);
}

static void
write_notes(const Base *base, const PendingState *state, const Notes *notes)
{
	NoteWriter writer = {base, state, notes, NULL, false};

	if (notes->marker != NULL)
	{
		writer.writer = pending_open(base, InvalidOid);
		write_marker(&writer, notes->marker);
	}
	else if (notes->deltas != NULL)
		delta_set_give(notes->deltas, write_delta, &writer);
	else if (notes->lines != NULL)
		write_lines(&writer);
	if (writer.writer != NULL)
		pending_close(writer.writer);
}

static void
note_change(Capture *capture, Change *change)
{
	Notes notes = {0};
	PendingState state;
	Base base = capture->base;
	Actor previous;

	pending_read_state(&base, &state);
	if (TRIGGER_FIRED_BY_TRUNCATE(change->data->tg_event))
		notes.marker = psprintf("%s was truncated",
								RelationGetRelationName(change->relation));
	else if (state.is_paused)
		notes.marker = "sales were not noted while the base was paused";
	else if (may_be_merge(change))
		notes.marker =
			psprintf("MERGE may have moved rows between partitions of %s",
					 RelationGetRelationName(change->relation));

	try_to_find_notes(capture, change, &notes);
	if (notes.source == 0)
		return;

	act_as(base.owner, false, &previous);
	write_notes(&base, &state, &notes);
	act_again_as(&previous);
	drop_notes(&notes);
}

/* The trigger */
Datum
capture(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Change change = {0};
	Capture *found;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("capture is for AFTER triggers, which attach "
							   "makes")));
	change.data = data;
	change.relation = data->tg_relation;
	if ((is_empty(&change) && !may_be_merge(&change)) ||
		is_another_triggers(&change))
		PG_RETURN_POINTER(NULL);
	found = capture_find(data->tg_relation, data->tg_trigger);
	if (!found->has_base)
		PG_RETURN_POINTER(NULL);
	note_change(found, &change);
	PG_RETURN_POINTER(NULL);
}
