/*
 * build_histories.c
 *		The function that makes histories of the sales that a query gives.
 *
 * It is for all sales of a base: what the aggregate purchase_history does for a
 * query of many groups, in less time than PostgreSQL's own GROUP BY takes, because
 * the executor gives each row to it where it stands, and nothing is looked up for a
 * row but where to put it.  See history_builder.c.
 *
 * The query is an ordinary one, run within the statement that calls the function:
 * under its snapshot, so that what else the statement reads or deletes is of the
 * same moment.  It runs to its end at the first call; histories are made as they
 * are asked for, and given one at a time.  (In FROM, PostgreSQL would store them
 * all before it gives the first one to anybody: the place to call it is the target
 * list.)  Then comes a row about what was read.
 */
#include "compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "arguments.h"
#include "client_keys.h"
#include "history_builder.h"

PG_FUNCTION_INFO_V1(build_histories);

/* Columns of the query, found by their names */
typedef enum SaleColumn
{
	COLUMN_CLIENT,
	COLUMN_SOLD_AT,
	COLUMN_AMOUNT,
	COLUMN_PROFIT,
	COLUMN_CURRENCY
} SaleColumn;

#define SALE_COLUMNS 5
#define SALE_COLUMNS_NEEDED 3

/* Rows that rarely leave memory behind */
#define ROWS_BETWEEN_RESETS 256

static const char *const column_names[SALE_COLUMNS] = {
	"client", "sold_at", "amount", "profit", "currency"};

/* What the function is told, what it reads, and what it has to give */
typedef struct SaleReceiver
{
	DestReceiver receiver; /* the query gives its rows to this */
	MemoryContext context;
	MemoryContext row_context;
	ResourceOwner owner;
	Oid client_type;
	const char *time_zone; /* NULL: the session's */
	int decimals;          /* to which amounts are rounded; -1: they are not */
	int32 first_day;

	int columns[SALE_COLUMNS]; /* from 0; -1 where there is none */
	MomentType moment;
	NumberType amount;
	NumberType profit;
	bool leaves_memory; /* most rows do */
	Zone zone;
	HistoryBuilder *builder;

	uint64 rows;
	uint64 undated;
	uint64 unpriced;
	uint64 rounded;
	Datum rounding; /* a numeric, or 0 */
	ClientKeys *currency_keys;
	List *currencies;
	bool has_null_currency;
	bool is_reported;
} SaleReceiver;

/* --- reading --- */

static void
find_columns(SaleReceiver *sales, TupleDesc row)
{
	for (int column = 0; column < SALE_COLUMNS; column++)
	{
		sales->columns[column] = -1;
		for (int i = 0; i < row->natts; i++)
		{
			if (strcmp(NameStr(TupleDescAttr(row, i)->attname),
					   column_names[column]) == 0)
				sales->columns[column] = i;
		}
		if (column < SALE_COLUMNS_NEEDED && sales->columns[column] < 0)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
							errmsg("the query gives no column \"%s\"",
								   column_names[column])));
	}
}

static Oid
column_type(const SaleReceiver *sales, TupleDesc row, SaleColumn column)
{
	return TupleDescAttr(row, sales->columns[column])->atttypid;
}

static void
report_wrong_column(SaleColumn column, Oid type, const char *wanted)
{
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("%s must be %s, not %s", column_names[column],
						   wanted, format_type_be(type))));
}

static NumberType
number_column(const SaleReceiver *sales, TupleDesc row, SaleColumn column)
{
	Oid type = column_type(sales, row, column);
	NumberType result = NUMBER_NUMERIC;

	if (!number_type_of(getBaseType(type), &result))
		report_wrong_column(column, type, "a number");
	return result;
}

static void
begin_sales(DestReceiver *self, int operation, TupleDesc row)
{
	SaleReceiver *sales = (SaleReceiver *) self;
	MemoryContext context = MemoryContextSwitchTo(sales->context);
	Oid type;

	find_columns(sales, row);
	type = column_type(sales, row, COLUMN_CLIENT);
	if (type != sales->client_type)
		report_wrong_column(COLUMN_CLIENT, type,
							format_type_be(sales->client_type));
	type = column_type(sales, row, COLUMN_SOLD_AT);
	if (!moment_type_of(getBaseType(type), &sales->moment))
		report_wrong_column(COLUMN_SOLD_AT, type,
							"date, timestamp or timestamptz");
	sales->amount = number_column(sales, row, COLUMN_AMOUNT);
	if (sales->columns[COLUMN_PROFIT] >= 0)
		sales->profit = number_column(sales, row, COLUMN_PROFIT);
	if (sales->columns[COLUMN_CURRENCY] >= 0)
	{
		type = column_type(sales, row, COLUMN_CURRENCY);
		if (type != TEXTOID)
			report_wrong_column(COLUMN_CURRENCY, type, "text");
		sales->currency_keys = client_keys_create(TEXTOID, C_COLLATION_OID, 0);
	}

	sales->leaves_memory =
		!get_typbyval(sales->client_type) || sales->currency_keys != NULL;

	if (sales->time_zone != NULL)
		zone_use_name(&sales->zone, sales->time_zone,
					  (int) strlen(sales->time_zone));
	sales->builder = history_builder_create(
		sales->client_type,
		TupleDescAttr(row, sales->columns[COLUMN_CLIENT])->attcollation,
		sales->first_day, (Size) maintenance_work_mem * 1024, sales->owner);
	MemoryContextSwitchTo(context);
}

static void
note_currency(SaleReceiver *sales, Datum currency, bool isnull)
{
	int64 number;
	uint32 known = client_keys_count(sales->currency_keys);

	if (isnull)
	{
		sales->has_null_currency = true;
		return;
	}
	(void) client_keys_number(sales->currency_keys, currency, &number);
	if (unlikely(client_keys_count(sales->currency_keys) > known))
	{
		MemoryContext context = MemoryContextSwitchTo(sales->context);

		sales->currencies =
			lappend(sales->currencies, TextDatumGetCString(currency));
		MemoryContextSwitchTo(context);
	}
}

/* An amount of money at the decimals of the base */
static int64
read_amount(SaleReceiver *sales, Datum value, NumberType type,
			const char *name, int *scale, Datum *change)
{
	*change = (Datum) 0;
	if (sales->decimals < 0)
		return amount_from_number(value, type, name, scale);
	return amount_rounded(value, type, name, sales->decimals, scale, change);
}

static void
note_rounding(SaleReceiver *sales, Datum change)
{
	Datum sum =
		sales->rounding == (Datum) 0
			? change
			: DirectFunctionCall2(numeric_add, sales->rounding, change);
	MemoryContext context = MemoryContextSwitchTo(sales->context);
	Datum kept = PointerGetDatum(PG_DETOAST_DATUM_COPY(sum));

	if (sales->rounding != (Datum) 0)
		pfree(DatumGetPointer(sales->rounding));
	sales->rounding = kept;
	sales->rounded++;
	MemoryContextSwitchTo(context);
}

static bool
receive_sale(TupleTableSlot *slot, DestReceiver *self)
{
	SaleReceiver *sales = (SaleReceiver *) self;
	const int *columns = sales->columns;
	Datum *values;
	bool *nulls;
	BuilderSale sale;
	MemoryContext context;
	Datum change;

	slot_getallattrs(slot);
	values = slot->tts_values;
	nulls = slot->tts_isnull;

	/* of the rows before, whether they counted or not */
	if (sales->leaves_memory || sales->rows % ROWS_BETWEEN_RESETS == 0)
		MemoryContextReset(sales->row_context);
	sales->rows++;
	if (unlikely(nulls[columns[COLUMN_SOLD_AT]]))
	{
		sales->undated++;
		return true;
	}
	if (unlikely(nulls[columns[COLUMN_AMOUNT]]))
	{
		sales->unpriced++;
		return true;
	}

	context = MemoryContextSwitchTo(sales->row_context);
	if (sales->currency_keys != NULL)
		note_currency(sales, values[columns[COLUMN_CURRENCY]],
					  nulls[columns[COLUMN_CURRENCY]]);
	if (sales->time_zone == NULL && sales->moment == MOMENT_TIMESTAMPTZ)
		zone_use_session(&sales->zone);
	sale.day = day_from_moment(values[columns[COLUMN_SOLD_AT]], sales->moment,
							   &sales->zone);
	sale.amount =
		read_amount(sales, values[columns[COLUMN_AMOUNT]], sales->amount,
					"amount", &sale.amount_scale, &change);
	if (unlikely(change != (Datum) 0))
		note_rounding(sales, change);
	sale.has_profit =
		columns[COLUMN_PROFIT] >= 0 && !nulls[columns[COLUMN_PROFIT]];
	if (sale.has_profit)
		sale.profit =
			read_amount(sales, values[columns[COLUMN_PROFIT]], sales->profit,
						"profit", &sale.profit_scale, &change);
	history_builder_add(sales->builder, values[columns[COLUMN_CLIENT]],
						nulls[columns[COLUMN_CLIENT]], &sale);
	MemoryContextSwitchTo(context);
	return true;
}

static void
end_sales(DestReceiver *self)
{
}

/* Run the query to its end */
static void
read_sales(SaleReceiver *sales, const char *query)
{
	SPIPrepareOptions prepare = {.cursorOptions = CURSOR_OPT_PARALLEL_OK};
	SPIExecuteOptions execute = {.read_only = true,
								 .must_return_tuples = true,
								 .dest = &sales->receiver};
	SPIPlanPtr plan;
	int result;

	SPI_connect();
	plan = SPI_prepare_extended(query, &prepare);
	if (plan == NULL)
		elog(ERROR, "could not prepare the query: %s",
			 SPI_result_code_string(SPI_result));
	if (!SPI_is_cursor_plan(plan))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the query must be one that gives rows")));
	result = SPI_execute_plan_extended(plan, &execute);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "could not run the query: %s",
			 SPI_result_code_string(result));
	SPI_finish();
}

/* --- giving --- */

static int
compare_texts(const ListCell *left, const ListCell *right)
{
	return strcmp(lfirst(left), lfirst(right));
}

/* What was read: a JSON object */
static Datum
report_of_sales(SaleReceiver *sales)
{
	StringInfoData text;
	ListCell *cell;
	bool has_any = false;

	initStringInfo(&text);
	appendStringInfo(
		&text,
		"{\"rows_read\": " UINT64_FORMAT ", \"undated\": " UINT64_FORMAT
		", \"unpriced\": " UINT64_FORMAT ", \"rounded\": " UINT64_FORMAT
		", \"rounding\": %s, \"currencies\": ",
		sales->rows, sales->undated, sales->unpriced, sales->rounded,
		sales->rounding == (Datum) 0 ? "0"
									 : DatumGetCString(DirectFunctionCall1(
										   numeric_out, sales->rounding)));
	list_sort(sales->currencies, compare_texts);
	foreach (cell, sales->currencies)
	{
		appendStringInfoString(&text, has_any ? ", " : "[");
		escape_json(&text, lfirst(cell));
		has_any = true;
	}
	if (sales->has_null_currency)
		appendStringInfoString(&text, has_any ? ", null" : "[null");
	appendStringInfoString(
		&text, has_any || sales->has_null_currency ? "]}" : "null}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

/* Of the context of the calling expression: it ends, or begins again */
static void
drop_sales(Datum argument)
{
	SaleReceiver *sales = (SaleReceiver *) DatumGetPointer(argument);

	if (sales->builder != NULL)
		history_builder_drop(sales->builder);
	sales->builder = NULL;
}

static SaleReceiver *
create_receiver(FunctionCallInfo fcinfo, MemoryContext context)
{
	SaleReceiver *sales;

	context = AllocSetContextCreate(context, "clientcore sales",
									ALLOCSET_DEFAULT_SIZES);
	sales = MemoryContextAllocZero(context, sizeof(SaleReceiver));
	sales->receiver.receiveSlot = receive_sale;
	sales->receiver.rStartup = begin_sales;
	sales->receiver.rShutdown = end_sales;
	sales->receiver.rDestroy = end_sales;
	/* of DestNone SPI would say that it was no query */
	sales->receiver.mydest = DestTuplestore;
	sales->context = context;
	sales->row_context = AllocSetContextCreate(context, "clientcore sale",
											   ALLOCSET_SMALL_SIZES);
	sales->owner = CurrentResourceOwner;
	sales->client_type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	if (!PG_ARGISNULL(2))
	{
		char *name = text_to_cstring(PG_GETARG_TEXT_PP(2));

		sales->time_zone = MemoryContextStrdup(context, name);
	}
	sales->decimals = PG_ARGISNULL(3) ? -1 : PG_GETARG_INT32(3);
	sales->first_day = PG_ARGISNULL(4)
						   ? PG_INT32_MIN
						   : check_day(PG_GETARG_DATEADT(4), "complete_from");
	return sales;
}

/*
 * build_histories(client anyelement, query text, time_zone text, amount_scale
 * integer, complete_from date): client, history and report.
 */
Datum
build_histories(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *call;
	SaleReceiver *sales;
	Datum values[3] = {0};
	bool nulls[3] = {true, true, true};
	bool is_guest;
	PurchaseHistory *history;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext context;

		if (PG_ARGISNULL(1))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("query must not be null")));
		call = SRF_FIRSTCALL_INIT();
		context = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &call->tuple_desc) !=
			TYPEFUNC_COMPOSITE)
			elog(ERROR, "could not determine the type of the rows");
		BlessTupleDesc(call->tuple_desc);
		MemoryContextSwitchTo(context);

		sales = create_receiver(fcinfo, call->multi_call_memory_ctx);
		call->user_fctx = sales;
		RegisterExprContextCallback(result->econtext, drop_sales,
									PointerGetDatum(sales));
		read_sales(sales, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	}

	call = SRF_PERCALL_SETUP();
	sales = call->user_fctx;
	if (!sales->is_reported)
	{
		if (history_builder_next(sales->builder, &values[0], &is_guest,
								 &history))
		{
			nulls[0] = is_guest;
			values[1] = PointerGetDatum(history);
			nulls[1] = false;
		}
		else
		{
			sales->is_reported = true;
			values[2] = report_of_sales(sales);
			nulls[2] = false;
		}
		SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(
								  call->tuple_desc, values, nulls)));
	}

	UnregisterExprContextCallback(result->econtext, drop_sales,
								  PointerGetDatum(sales));
	drop_sales(PointerGetDatum(sales));
	SRF_RETURN_DONE(call);
}
