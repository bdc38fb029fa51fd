/*
 * history_text.c
 *		Reads the text form of histories, see history_io.c.
 */
#include "history_text.h"

#include <string.h>

#include "calendar.h"
#include "decimal.h"

static bool
fail(HistoryText *text, const char *error)
{
	if (text->error == NULL)
		text->error = error;
	return false;
}

static void
skip_space(HistoryText *text)
{
	while (*text->at == ' ' || *text->at == '\t' || *text->at == '\n' ||
		   *text->at == '\r')
		text->at++;
}

static bool
accept_char(HistoryText *text, char c)
{
	skip_space(text);
	if (*text->at != c)
		return false;
	text->at++;
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
accept_word(HistoryText *text, const char *word)
{
	size_t length = strlen(word);

	skip_space(text);
	if (strncmp(text->at, word, length) != 0 || is_letter(text->at[length]))
		return false;
	text->at += length;
	return true;
}

/* A number of so many digits at most */
static bool
parse_digits(HistoryText *text, int max_digits, int64_t *value)
{
	const char *start = text->at;

	*value = 0;
	while (*text->at >= '0' && *text->at <= '9' &&
		   text->at - start < max_digits)
		*value = *value * 10 + (*text->at++ - '0');
	return text->at > start;
}

static bool
accept_dash(HistoryText *text)
{
	if (*text->at != '-')
		return false;
	text->at++;
	return true;
}

static bool
parse_day(HistoryText *text, int32_t *day)
{
	int64_t year;
	int64_t month;
	int64_t mday;
	int64_t number;

	skip_space(text);
	if (!parse_digits(text, 7, &year) || !accept_dash(text) ||
		!parse_digits(text, 2, &month) || !accept_dash(text) ||
		!parse_digits(text, 2, &mday))
		return fail(text, "a day such as 2024-01-31 is expected");
	if (year == 0)
		return fail(text, "there is no year 0");
	if (accept_word(text, "BC"))
		year = 1 - year;
	if (!civil_is_valid(year, (int) month, (int) mday))
		return fail(text, "there is no such day");
	number = day_from_civil(year, (int) month, (int) mday);
	if (number < DAY_MIN || number > DAY_MAX)
		return fail(text, "the day is out of range");
	*day = (int32_t) number;
	return true;
}

/* Text of the number at hand */
static size_t
number_length(const char *at)
{
	return strspn(at, "+-.0123456789eE");
}

static bool
parse_count(HistoryText *text, int64_t *count)
{
	Decimal decimal;
	size_t length;

	skip_space(text);
	length = number_length(text->at);
	if (decimal_parse(text->at, length, &decimal) != DECIMAL_OK ||
		decimal.scale > 0)
		return fail(text, "a whole number is expected");
	if (decimal.coefficient > INT64_MAX || decimal.coefficient < -INT64_MAX)
		return fail(text, "the number is out of range");
	text->at += length;
	*count = (int64_t) decimal.coefficient;
	return true;
}

/* An amount, at the scale of the parser, which rises as needed */
static bool
parse_amount(HistoryText *text, HistoryDay *day, int64_t *amount)
{
	Decimal decimal;
	size_t length;
	DecimalStatus status;

	skip_space(text);
	length = number_length(text->at);
	status = decimal_parse(text->at, length, &decimal);
	if (status == DECIMAL_SYNTAX)
		return fail(text, "an amount is expected");
	if (status != DECIMAL_OK || decimal.scale > INT64_MAX_SCALE ||
		decimal.coefficient > INT64_MAX || decimal.coefficient < -INT64_MAX)
		return fail(text, "the amount is out of range");
	text->at += length;

	if (decimal.scale > text->scale)
	{
		int by = decimal.scale - text->scale;

		if (history_rescale(text->days, text->count, by) != HISTORY_OK ||
			history_rescale(day, 1, by) != HISTORY_OK)
			return fail(text, "the amounts are out of range");
		text->scale = decimal.scale;
	}
	*amount = (int64_t) decimal.coefficient;
	if (!int64_raise_scale(amount, text->scale - decimal.scale))
		return fail(text, "the amounts are out of range");
	return true;
}

/* A [in N] of sold and returned, A [of N] of profit */
static bool
parse_part(HistoryText *text, HistoryDay *day, int64_t *amount,
		   const char *word, int64_t *count, bool *has_count)
{
	int64_t value;

	if (!parse_amount(text, day, &value))
		return false;
	*amount = value; /* after a change of scale, which the day follows */
	*has_count = accept_word(text, word);
	return !*has_count || parse_count(text, count);
}

/* The parts of a day, each once, in any order */
static bool
parse_parts(HistoryText *text, HistoryDay *day)
{
	bool sold = false;
	bool returned = false;
	bool profit = false;
	bool has_count;
	bool all_profit = false;

	do
	{
		if (accept_word(text, "sold"))
		{
			if (sold)
				return fail(text, "sold is given twice");
			sold = true;
			day->sales = 1;
			if (!parse_part(text, day, &day->sold, "in", &day->sales,
							&has_count))
				return false;
		}
		else if (accept_word(text, "returned"))
		{
			if (returned)
				return fail(text, "returned is given twice");
			returned = true;
			day->returns = 1;
			if (!parse_part(text, day, &day->returned, "in", &day->returns,
							&has_count))
				return false;
		}
		else if (accept_word(text, "profit"))
		{
			if (profit)
				return fail(text, "profit is given twice");
			profit = true;
			if (!parse_part(text, day, &day->profit, "of", &day->profit_count,
							&has_count))
				return false;
			all_profit = !has_count;
		}
		else
			return fail(text, "sold, returned or profit is expected");
	} while (accept_char(text, ','));

	if (all_profit && (__builtin_add_overflow(day->sales, day->returns,
											  &day->profit_count) ||
					   day->profit_count == INT64_MIN))
		return fail(text, "the number is out of range");
	return true;
}

bool
history_parse(HistoryText *text)
{
	text->allocated = 16;
	text->days = text->grow(NULL, text->allocated);
	if (!accept_char(text, '{'))
		return fail(text, "a history begins with {");
	if (!accept_char(text, '}'))
	{
		do
		{
			HistoryDay day = {0};

			text->pause();
			if (!parse_day(text, &day.day))
				return false;
			if (!accept_char(text, ':'))
				return fail(text, "a colon is expected after the day");
			if (!parse_parts(text, &day))
				return false;
			if (text->count == text->allocated)
			{
				text->allocated *= 2;
				text->days = text->grow(text->days, text->allocated);
			}
			text->days[text->count++] = day;
		} while (accept_char(text, ';'));
		if (!accept_char(text, '}'))
			return fail(text, "; or , or } is expected");
	}
	skip_space(text);
	return *text->at == '\0' || fail(text, "nothing may follow }");
}
