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
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(purchase_history_in);
PG_FUNCTION_INFO_V1(purchase_history_out);
PG_FUNCTION_INFO_V1(purchase_history_recv);
PG_FUNCTION_INFO_V1(purchase_history_send);

/* A text being read */
typedef struct Parser
{
	const char *at;
	const char *error; /* what is wrong there, once something is */
	int scale;         /* of the amounts read so far */
	HistoryDay *days;
	size_t count;
	size_t allocated;
} Parser;

static bool
fail(Parser *parser, const char *error)
{
	if (parser->error == NULL)
		parser->error = error;
	return false;
}

static void
skip_space(Parser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\n' ||
		   *parser->at == '\r')
		parser->at++;
}

static bool
accept_char(Parser *parser, char c)
{
	skip_space(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
accept_word(Parser *parser, const char *word)
{
	size_t length = strlen(word);

	skip_space(parser);
	if (strncmp(parser->at, word, length) != 0 ||
		is_letter(parser->at[length]))
		return false;
	parser->at += length;
	return true;
}

/* A number of so many digits at most */
static bool
parse_digits(Parser *parser, int max_digits, int64 *value)
{
	const char *start = parser->at;

	*value = 0;
	while (*parser->at >= '0' && *parser->at <= '9' &&
		   parser->at - start < max_digits)
		*value = *value * 10 + (*parser->at++ - '0');
	return parser->at > start;
}

static bool
accept_dash(Parser *parser)
{
	if (*parser->at != '-')
		return false;
	parser->at++;
	return true;
}

static bool
parse_day(Parser *parser, int32 *day)
{
	int64 year;
	int64 month;
	int64 mday;
	int64 number;

	skip_space(parser);
	if (!parse_digits(parser, 7, &year) || !accept_dash(parser) ||
		!parse_digits(parser, 2, &month) || !accept_dash(parser) ||
		!parse_digits(parser, 2, &mday))
		return fail(parser, "a day such as 2024-01-31 is expected");
	if (year == 0)
		return fail(parser, "there is no year 0");
	if (accept_word(parser, "BC"))
		year = 1 - year;
	if (!civil_is_valid(year, (int) month, (int) mday))
		return fail(parser, "there is no such day");
	number = day_from_civil(year, (int) month, (int) mday);
	if (number < DAY_MIN || number > DAY_MAX)
		return fail(parser, "the day is out of range");
	*day = (int32) number;
	return true;
}

/* Text of the number at hand */
static size_t
number_length(const char *at)
{
	return strspn(at, "+-.0123456789eE");
}

static bool
parse_count(Parser *parser, int64 *count)
{
	Decimal decimal;
	size_t length;

	skip_space(parser);
	length = number_length(parser->at);
	if (decimal_parse(parser->at, length, &decimal) != DECIMAL_OK ||
		decimal.scale > 0)
		return fail(parser, "a whole number is expected");
	if (decimal.coefficient > PG_INT64_MAX ||
		decimal.coefficient < -PG_INT64_MAX)
		return fail(parser, "the number is out of range");
	parser->at += length;
	*count = (int64) decimal.coefficient;
	return true;
}

/* An amount, at the scale of the parser, which rises as needed */
static bool
parse_amount(Parser *parser, HistoryDay *day, int64 *amount)
{
	Decimal decimal;
	size_t length;
	DecimalStatus status;

	skip_space(parser);
	length = number_length(parser->at);
	status = decimal_parse(parser->at, length, &decimal);
	if (status == DECIMAL_SYNTAX)
		return fail(parser, "an amount is expected");
	if (status != DECIMAL_OK || decimal.scale > INT64_MAX_SCALE ||
		decimal.coefficient > PG_INT64_MAX ||
		decimal.coefficient < -PG_INT64_MAX)
		return fail(parser, "the amount is out of range");
	parser->at += length;

	if (decimal.scale > parser->scale)
	{
		int by = decimal.scale - parser->scale;

		if (history_rescale(parser->days, parser->count, by) != HISTORY_OK ||
			history_rescale(day, 1, by) != HISTORY_OK)
			return fail(parser, "the amounts are out of range");
		parser->scale = decimal.scale;
	}
	*amount = (int64) decimal.coefficient;
	if (!int64_raise_scale(amount, parser->scale - decimal.scale))
		return fail(parser, "the amounts are out of range");
	return true;
}

/* A [in N] of sold and returned, A [of N] of profit */
static bool
parse_part(Parser *parser, HistoryDay *day, int64 *amount, const char *word,
		   int64 *count, bool *has_count)
{
	int64 value;

	if (!parse_amount(parser, day, &value))
		return false;
	*amount = value; /* after a change of scale, which the day follows */
	*has_count = accept_word(parser, word);
	return !*has_count || parse_count(parser, count);
}

/* The parts of a day, each once, in any order */
static bool
parse_parts(Parser *parser, HistoryDay *day)
{
	bool sold = false;
	bool returned = false;
	bool profit = false;
	bool has_count;
	bool all_profit = false;

	do
	{
		if (accept_word(parser, "sold"))
		{
			if (sold)
				return fail(parser, "sold is given twice");
			sold = true;
			day->sales = 1;
			if (!parse_part(parser, day, &day->sold, "in", &day->sales,
							&has_count))
				return false;
		}
		else if (accept_word(parser, "returned"))
		{
			if (returned)
				return fail(parser, "returned is given twice");
			returned = true;
			day->returns = 1;
			if (!parse_part(parser, day, &day->returned, "in", &day->returns,
							&has_count))
				return false;
		}
		else if (accept_word(parser, "profit"))
		{
			if (profit)
				return fail(parser, "profit is given twice");
			profit = true;
			if (!parse_part(parser, day, &day->profit, "of",
							&day->profit_count, &has_count))
				return false;
			all_profit = !has_count;
		}
		else
			return fail(parser, "sold, returned or profit is expected");
	} while (accept_char(parser, ','));

	if (all_profit && (__builtin_add_overflow(day->sales, day->returns,
											  &day->profit_count) ||
					   day->profit_count == PG_INT64_MIN))
		return fail(parser, "the number is out of range");
	return true;
}

static bool
parse_history(Parser *parser)
{
	if (!accept_char(parser, '{'))
		return fail(parser, "a history begins with {");
	if (!accept_char(parser, '}'))
	{
		do
		{
			HistoryDay day = {0};

			CHECK_FOR_INTERRUPTS();
			if (!parse_day(parser, &day.day))
				return false;
			if (!accept_char(parser, ':'))
				return fail(parser, "a colon is expected after the day");
			if (!parse_parts(parser, &day))
				return false;
			if (parser->count == parser->allocated)
			{
				parser->allocated *= 2;
				parser->days = repalloc_huge(
					parser->days, parser->allocated * sizeof(HistoryDay));
			}
			parser->days[parser->count++] = day;
		} while (accept_char(parser, ';'));
		if (!accept_char(parser, '}'))
			return fail(parser, "; or , or } is expected");
	}
	skip_space(parser);
	return *parser->at == '\0' || fail(parser, "nothing may follow }");
}

Datum
purchase_history_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	Parser parser = {.at = text, .allocated = 16};
	PurchaseHistory *result;
	HistoryStatus status;

	parser.days = palloc(parser.allocated * sizeof(HistoryDay));
	if (!parse_history(&parser))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"purchase_history", text),
				 errdetail("At character %d: %s.",
						   pg_mbstrlen_with_len(text, parser.at - text) + 1,
						   parser.error)));
	status = history_sort(parser.days, &parser.count);
	if (status == HISTORY_OK)
		status = history_try_from_days(parser.days, parser.count, parser.scale,
									   &result);
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

/* The bytes come from a client: nothing in them is taken on trust */
Datum
purchase_history_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int length = message->len - message->cursor;
	const char *bytes = pq_getmsgbytes(message, length);
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
	PG_RETURN_POINTER(result);
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
