/*
 * history_io.c
 *		Text and binary form of purchase histories.
 *
 * The text form is for people, and loses nothing:
 *
 *		{2024-01-03: sold 19.99; 2024-02-10: sold 45 in 2, returned 5,
 *		 profit 7.5 of 2}
 *
 * "in" is the number of sales or returns, 1 where it is not said; "of" the
 * number of sales and returns with a known profit, all of them where it is
 * not said.  Years before Christ end in BC.  Days may come in any order, and
 * days that coincide fall together.
 */
#include "compat.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "decimal.h"
#include "history_text.h"
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(purchase_history_in);
PG_FUNCTION_INFO_V1(purchase_history_out);
PG_FUNCTION_INFO_V1(purchase_history_recv);
PG_FUNCTION_INFO_V1(purchase_history_send);
PG_FUNCTION_INFO_V1(history_of_bytes);

static void
pause_reading(void)
{
	CHECK_FOR_INTERRUPTS();
}

static HistoryDay *
grow_days(HistoryDay *days, size_t count)
{
	Size size = count * sizeof(HistoryDay);

	return days == NULL ? palloc(size) : repalloc_huge(days, size);
}

Datum
purchase_history_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	HistoryText read = {.at = text, .pause = pause_reading, .grow = grow_days};
	PurchaseHistory *result;
	HistoryStatus status;

	if (!history_parse(&read))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"purchase_history", text),
				 errdetail("At character %d: %s.",
						   pg_mbstrlen_with_len(text, read.at - text) + 1,
						   read.error)));
	status = history_sort(read.days, &read.count);
	if (status == HISTORY_OK)
		status =
			history_try_from_days(read.days, read.count, read.scale, &result);
	if (status != HISTORY_OK)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("purchase history out of range")));
	PG_RETURN_POINTER(result);
}

static void
append_amount(StringInfo out, const char *word, int64 amount, int scale)
{
	char text[DECIMAL_TEXT_SIZE];

	decimal_format(text, amount, scale);
	appendStringInfo(out, "%s %s", word, text);
}

static void
append_day(StringInfo out, const HistoryDay *day, int scale)
{
	int64_t year;
	int month;
	int mday;
	const char *comma = "";

	day_to_civil(day->day, &year, &month, &mday);
	appendStringInfo(out,
					 "%04d-%02d-%02d%s: ", (int) (year > 0 ? year : 1 - year),
					 month, mday, year > 0 ? "" : " BC");
	if (day->sales != 0 || day->sold != 0)
	{
		append_amount(out, "sold", day->sold, scale);
		if (day->sales != 1)
			appendStringInfo(out, " in " INT64_FORMAT, day->sales);
		comma = ", ";
	}
	if (day->returns != 0 || day->returned != 0)
	{
		appendStringInfoString(out, comma);
		append_amount(out, "returned", day->returned, scale);
		if (day->returns != 1)
			appendStringInfo(out, " in " INT64_FORMAT, day->returns);
		comma = ", ";
	}
	if (day->profit_count != 0 || day->profit != 0)
	{
		int64 all;

		appendStringInfoString(out, comma);
		append_amount(out, "profit", day->profit, scale);
		if (__builtin_add_overflow(day->sales, day->returns, &all) ||
			day->profit_count != all)
			appendStringInfo(out, " of " INT64_FORMAT, day->profit_count);
	}
}

Datum
purchase_history_out(PG_FUNCTION_ARGS)
{
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryDay day;
	StringInfoData out;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(0), &header);
	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	history_rewind(&header, &cursor);
	while (history_next_stored(&cursor, &day))
	{
		CHECK_FOR_INTERRUPTS();
		if (out.len > 1)
			appendStringInfoString(&out, "; ");
		append_day(&out, &day, header.scale);
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* The bytes come from elsewhere: nothing in them is taken on trust */
static PurchaseHistory *
receive_history(const char *bytes, size_t length)
{
	PurchaseHistory *result;
	HistoryHeader header;
	HistoryStatus status;

	status = history_open((const uint8_t *) bytes, length, &header);
	if (status == HISTORY_OK)
	{
		size_t count = header.day_count;
		HistoryDay *days =
			palloc_extended((count + 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
		uint8_t *scratch =
			palloc_extended(history_bound(count), MCXT_ALLOC_HUGE);

		status =
			history_validate((const uint8_t *) bytes, length, days, scratch);
		pfree(scratch);
		pfree(days);
	}
	if (status == HISTORY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown format of binary purchase history"),
				 errhint("It may come from a later version of clientcore.")));
	if (status != HISTORY_OK)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid binary purchase history"),
						status == HISTORY_TRUNCATED
							? errdetail("It ends too early.")
							: errdetail("It is not in canonical form.")));

	result = palloc(VARHDRSZ + length);
	SET_VARSIZE(result, VARHDRSZ + length);
	memcpy(VARDATA(result), bytes, length);
	return result;
}

Datum
purchase_history_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int length = message->len - message->cursor;

	PG_RETURN_POINTER(
		receive_history(pq_getmsgbytes(message, length), length));
}

/* What purchase_history_send made, on this server or another */
Datum
history_of_bytes(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);

	PG_RETURN_POINTER(
		receive_history(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)));
}

Datum
purchase_history_send(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendbytes(&out, VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history));
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}
