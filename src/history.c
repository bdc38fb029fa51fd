/*
 * history.c
 *		The purchase history: format and arithmetic.
 *
 * An ordinary day, one sale and no return, takes a token of one or two bytes
 * and its amount.  Everything else is announced by a flag in the token, so
 * that it costs nothing where it is absent.  The sign of the amount has a flag
 * of its own, because a zigzag would cost many amounts one more byte.
 *
 * Whatever reads bytes does so within bounds and returns a status; it is for
 * the caller to say what that means.  There is one way to write a history,
 * and validation is to read it, write it again and compare.
 */
#include "history.h"

#include "calendar.h"
#include "decimal.h"

#include <stdlib.h>
#include <string.h>

/* Flags of a day's token */
#define SALES_FOLLOW 1      /* zigzag; one sale where absent */
#define RETURNS_FOLLOW 2    /* zigzag returns, zigzag returned */
#define PROFIT_OF_ALL 4     /* zigzag profit, known for each sale */
#define PROFIT_OF_SOME 8    /* zigzag profit count, zigzag profit */
#define SOLD_IS_NEGATIVE 16 /* sold is a varint of its magnitude */
#define FLAG_BITS 5
#define FLAG_MASK 31

static HistoryStatus
get_zigzag(const uint8_t **at, const uint8_t *end, int64_t *value)
{
	uint64_t code;
	HistoryStatus status = history_get_varint(at, end, &code);

	if (status != HISTORY_OK)
		return status;
	*value = unzigzag(code);

	/* every number must have its negative */
	return *value == INT64_MIN ? HISTORY_CORRUPT : HISTORY_OK;
}

/* Write a day after its gap; at most HISTORY_DAY_MAX_BYTES */
size_t
history_put_entry(uint8_t *out, uint64_t gap, const HistoryDay *day)
{
	uint64_t flags = 0;
	size_t length;
	bool has_returns = (day->returns | day->returned) != 0;
	bool has_profit = (day->profit_count | day->profit) != 0;
	int64_t all;
	bool profit_of_all =
		!__builtin_add_overflow(day->sales, day->returns, &all) &&
		day->profit_count == all;

	if (day->sales != 1)
		flags |= SALES_FOLLOW;
	if (has_returns)
		flags |= RETURNS_FOLLOW;
	if (has_profit)
		flags |= profit_of_all ? PROFIT_OF_ALL : PROFIT_OF_SOME;
	if (day->sold < 0)
		flags |= SOLD_IS_NEGATIVE;

	length = history_put_varint(out, gap << FLAG_BITS | flags);
	if (flags & SALES_FOLLOW)
		length += history_put_varint(out + length, zigzag(day->sales));
	length +=
		history_put_varint(out + length, day->sold < 0 ? -(uint64_t) day->sold
													   : (uint64_t) day->sold);
	if (has_returns)
	{
		length += history_put_varint(out + length, zigzag(day->returns));
		length += history_put_varint(out + length, zigzag(day->returned));
	}
	if (flags & PROFIT_OF_SOME)
		length += history_put_varint(out + length, zigzag(day->profit_count));
	if (has_profit)
		length += history_put_varint(out + length, zigzag(day->profit));
	return length;
}

/* Read a day and its gap; the day number itself is for the caller */
HistoryStatus
history_get_entry(const uint8_t **at, const uint8_t *end, uint64_t *gap,
				  HistoryDay *day)
{
	uint64_t token;
	uint64_t magnitude;
	HistoryStatus status;

	if ((status = history_get_varint(at, end, &token)) != HISTORY_OK)
		return status;
	*gap = token >> FLAG_BITS;

	day->sales = 1;
	day->returns = 0;
	day->returned = 0;
	day->profit_count = 0;
	day->profit = 0;

	if ((token & SALES_FOLLOW) &&
		(status = get_zigzag(at, end, &day->sales)) != HISTORY_OK)
		return status;
	if ((status = history_get_varint(at, end, &magnitude)) != HISTORY_OK)
		return status;
	if (magnitude > INT64_MAX)
		return HISTORY_CORRUPT;
	day->sold = (token & SOLD_IS_NEGATIVE) ? -(int64_t) magnitude
										   : (int64_t) magnitude;
	if ((token & (FLAG_MASK ^ SALES_FOLLOW ^ SOLD_IS_NEGATIVE)) == 0)
		return HISTORY_OK;

	if (token & RETURNS_FOLLOW)
	{
		if ((status = get_zigzag(at, end, &day->returns)) != HISTORY_OK ||
			(status = get_zigzag(at, end, &day->returned)) != HISTORY_OK)
			return status;
	}
	if (token & PROFIT_OF_SOME)
	{
		if ((status = get_zigzag(at, end, &day->profit_count)) != HISTORY_OK)
			return status;
	}
	else if ((token & PROFIT_OF_ALL) &&
			 (__builtin_add_overflow(day->sales, day->returns,
									 &day->profit_count) ||
			  day->profit_count == INT64_MIN))
		return HISTORY_CORRUPT;
	if (token & (PROFIT_OF_ALL | PROFIT_OF_SOME))
		return get_zigzag(at, end, &day->profit);
	return HISTORY_OK;
}

/*
 * Read the header, of which the days may have been cut off.  The numbers in
 * it are not held against the days: that is what history_validate() is for,
 * and only what passed it is ever stored.
 */
HistoryStatus
history_open_prefix(const uint8_t *bytes, size_t length, HistoryHeader *header)
{
	const uint8_t *at = bytes;
	const uint8_t *end = bytes + length;
	int64_t first;
	uint64_t span;
	HistoryStatus status;

	memset(header, 0, sizeof(*header));
	header->end = end;
	if (length < 3)
		return HISTORY_TRUNCATED;
	if (*at++ != HISTORY_FORMAT)
		return HISTORY_VERSION;
	header->scale = *at++;
	if (header->scale > INT64_MAX_SCALE)
		return HISTORY_CORRUPT;
	if ((status = history_get_varint(&at, end, &header->day_count)) !=
		HISTORY_OK)
		return status;
	header->days = at;
	if (header->day_count == 0)
		return HISTORY_OK;

	if ((status = history_get_varint(&at, end, &header->purchase_days)) !=
			HISTORY_OK ||
		(status = get_zigzag(&at, end, &header->sales)) != HISTORY_OK ||
		(status = get_zigzag(&at, end, &header->returns)) != HISTORY_OK ||
		(status = get_zigzag(&at, end, &header->sold)) != HISTORY_OK ||
		(status = get_zigzag(&at, end, &header->returned)) != HISTORY_OK ||
		(status = get_zigzag(&at, end, &header->profit_count)) != HISTORY_OK ||
		(status = get_zigzag(&at, end, &header->profit)) != HISTORY_OK)
		return status;
	if (header->purchase_days > header->day_count)
		return HISTORY_CORRUPT;

	if (header->purchase_days > 0)
	{
		if ((status = get_zigzag(&at, end, &first)) != HISTORY_OK ||
			(status = history_get_varint(&at, end, &span)) != HISTORY_OK)
			return status;
		if (first < DAY_MIN || first > DAY_MAX ||
			span > (uint64_t) (DAY_MAX - first))
			return HISTORY_CORRUPT;
		header->first_purchase = (int32_t) first;
		header->last_purchase = (int32_t) (first + (int64_t) span);
	}
	if ((status = get_zigzag(&at, end, &first)) != HISTORY_OK)
		return status;
	if (first < DAY_MIN || first > DAY_MAX)
		return HISTORY_CORRUPT;
	header->first_day = (int32_t) first;
	header->days = at;
	return HISTORY_OK;
}

/* Read the header of a whole history */
HistoryStatus
history_open(const uint8_t *bytes, size_t length, HistoryHeader *header)
{
	HistoryStatus status = history_open_prefix(bytes, length, header);

	if (status != HISTORY_OK)
		return status;

	/* a day takes two bytes at least: whoever allocates can trust this */
	if (header->day_count > (uint64_t) (header->end - header->days) / 2)
		return HISTORY_TRUNCATED;
	return HISTORY_OK;
}

void
history_rewind(const HistoryHeader *header, HistoryCursor *cursor)
{
	cursor->at = header->days;
	cursor->end = header->end;
	cursor->left = header->day_count;
	cursor->day = header->first_day;
}

HistoryStatus
history_next(HistoryCursor *cursor, HistoryDay *day)
{
	uint64_t gap;
	HistoryStatus status;

	if (cursor->left == 0)
		return cursor->at == cursor->end ? HISTORY_END : HISTORY_CORRUPT;
	status = history_get_entry(&cursor->at, cursor->end, &gap, day);
	if (status != HISTORY_OK)
		return status;
	if (gap > (uint64_t) (DAY_MAX - cursor->day))
		return HISTORY_CORRUPT;
	cursor->day += (int64_t) gap;
	cursor->left--;
	day->day = (int32_t) cursor->day;
	return HISTORY_OK;
}

size_t
history_bound(size_t day_count)
{
	return HISTORY_HEADER_MAX_BYTES + day_count * HISTORY_DAY_MAX_BYTES;
}

static bool
add_to(int64_t *to, int64_t what)
{
	return !__builtin_add_overflow(*to, what, to) && *to != INT64_MIN;
}

HistoryStatus
history_add_day(HistoryDay *to, const HistoryDay *what)
{
	return add_to(&to->sales, what->sales) &&
				   add_to(&to->returns, what->returns) &&
				   add_to(&to->sold, what->sold) &&
				   add_to(&to->returned, what->returned) &&
				   add_to(&to->profit_count, what->profit_count) &&
				   add_to(&to->profit, what->profit)
			   ? HISTORY_OK
			   : HISTORY_OVERFLOW;
}

/* Days never hold INT64_MIN, so that each has its negative */
void
history_negate(HistoryDay *days, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		days[i].sales = -days[i].sales;
		days[i].returns = -days[i].returns;
		days[i].sold = -days[i].sold;
		days[i].returned = -days[i].returned;
		days[i].profit_count = -days[i].profit_count;
		days[i].profit = -days[i].profit;
	}
}

/* Merge ascending days at one scale; out has room for all of them */
HistoryStatus
history_merge(const HistoryDay *left, size_t left_count,
			  const HistoryDay *right, size_t right_count, HistoryDay *out,
			  size_t *count)
{
	size_t i = 0;
	size_t j = 0;
	size_t n = 0;

	while (i < left_count || j < right_count)
	{
		if (j == right_count || (i < left_count && left[i].day < right[j].day))
			out[n++] = left[i++];
		else if (i == left_count || right[j].day < left[i].day)
			out[n++] = right[j++];
		else
		{
			out[n] = left[i++];
			if (history_add_day(&out[n++], &right[j++]) != HISTORY_OK)
				return HISTORY_OVERFLOW;
		}
	}
	*count = n;
	return HISTORY_OK;
}

/* Raise the scale of days by a number of decimals */
HistoryStatus
history_rescale(HistoryDay *days, size_t count, int by)
{
	if (by == 0)
		return HISTORY_OK;
	for (size_t i = 0; i < count; i++)
	{
		if (!int64_raise_scale(&days[i].sold, by) ||
			!int64_raise_scale(&days[i].returned, by) ||
			!int64_raise_scale(&days[i].profit, by))
			return HISTORY_OVERFLOW;
	}
	return HISTORY_OK;
}

static int
compare_days(const void *left, const void *right)
{
	int32_t a = ((const HistoryDay *) left)->day;
	int32_t b = ((const HistoryDay *) right)->day;

	return (a > b) - (a < b);
}

/* Sort days and join those that coincide; count becomes what is left */
HistoryStatus
history_sort(HistoryDay *days, size_t *count)
{
	size_t kept = 0;
	bool ascending = true;

	for (size_t i = 1; i < *count && ascending; i++)
		ascending = days[i - 1].day < days[i].day;
	if (ascending)
		return HISTORY_OK;

	qsort(days, *count, sizeof(HistoryDay), compare_days);
	for (size_t i = 1; i < *count; i++)
	{
		if (days[i].day == days[kept].day)
		{
			if (history_add_day(&days[kept], &days[i]) != HISTORY_OK)
				return HISTORY_OVERFLOW;
		}
		else
			days[++kept] = days[i];
	}
	*count = kept + 1;
	return HISTORY_OK;
}

static int
max_int(int left, int right)
{
	return left > right ? left : right;
}

/* How many of the decimals of a scale are zeros in every amount */
static int
spare_decimals(const HistoryDay *days, size_t count, int scale)
{
	int needed = 0;

	for (size_t i = 0; i < count && needed < scale; i++)
	{
		needed = max_int(needed, scale_needed(days[i].sold, scale));
		needed = max_int(needed, scale_needed(days[i].returned, scale));
		needed = max_int(needed, scale_needed(days[i].profit, scale));
	}
	return scale - needed;
}

/* Bring days to their least scale and drop the empty ones */
static void
normalize(HistoryDay *days, size_t *count, int *scale)
{
	int spare = spare_decimals(days, *count, *scale);
	int64_t unit = power_of_ten[spare];
	size_t kept = 0;

	/* mostly there is nothing to do */
	if (spare == 0)
	{
		while (kept < *count && !history_day_is_empty(&days[kept]))
			kept++;
	}
	for (size_t i = kept; i < *count; i++)
	{
		HistoryDay day = days[i];

		if (history_day_is_empty(&day))
			continue;
		if (spare > 0)
		{
			day.sold /= unit;
			day.returned /= unit;
			day.profit /= unit;
		}
		days[kept++] = day;
	}
	*count = kept;
	*scale -= spare;
}

static bool
narrow(Int128 wide, int64_t *value)
{
	*value = (int64_t) wide;
	return *value == wide && *value != INT64_MIN;
}

/* Sums of all days; false where one is too large on the way */
static bool
sum_small_days(const HistoryDay *days, size_t count, HistoryDay *total)
{
	memset(total, 0, sizeof(*total));
	for (size_t i = 0; i < count; i++)
	{
		if (history_add_day(total, &days[i]) != HISTORY_OK)
			return false;
	}
	return true;
}

/* Sums of all days; false where they do not fit, whatever the order */
static bool
sum_days(const HistoryDay *days, size_t count, HistoryDay *total)
{
	Int128 sales = 0;
	Int128 returns = 0;
	Int128 sold = 0;
	Int128 returned = 0;
	Int128 profit_count = 0;
	Int128 profit = 0;

	for (size_t i = 0; i < count; i++)
	{
		sales += days[i].sales;
		returns += days[i].returns;
		sold += days[i].sold;
		returned += days[i].returned;
		profit_count += days[i].profit_count;
		profit += days[i].profit;
	}
	return narrow(sales, &total->sales) && narrow(returns, &total->returns) &&
		   narrow(sold, &total->sold) && narrow(returned, &total->returned) &&
		   narrow(profit_count, &total->profit_count) &&
		   narrow(profit, &total->profit);
}

/*
 * Write a history from ascending days at a scale; days that are empty and
 * decimals that are all zero go, in place.  out has room for
 * history_bound(count).
 */
HistoryStatus
history_encode(HistoryDay *days, size_t count, int scale, uint8_t *out,
			   size_t *length)
{
	uint64_t purchase_days = 0;
	int32_t first_purchase = 0;
	int32_t last_purchase = 0;
	HistoryDay total;
	uint8_t *at = out;

	normalize(days, &count, &scale);
	if (!sum_small_days(days, count, &total) && !sum_days(days, count, &total))
		return HISTORY_OVERFLOW;
	for (size_t i = 0; i < count; i++)
	{
		if (days[i].sales <= 0)
			continue;
		if (purchase_days++ == 0)
			first_purchase = days[i].day;
		last_purchase = days[i].day;
	}

	*at++ = HISTORY_FORMAT;
	*at++ = (uint8_t) scale;
	at += history_put_varint(at, count);
	if (count > 0)
	{
		at += history_put_varint(at, purchase_days);
		at += history_put_varint(at, zigzag(total.sales));
		at += history_put_varint(at, zigzag(total.returns));
		at += history_put_varint(at, zigzag(total.sold));
		at += history_put_varint(at, zigzag(total.returned));
		at += history_put_varint(at, zigzag(total.profit_count));
		at += history_put_varint(at, zigzag(total.profit));
		if (purchase_days > 0)
		{
			at += history_put_varint(at, zigzag(first_purchase));
			at += history_put_varint(
				at, (uint64_t) ((int64_t) last_purchase - first_purchase));
		}
		at += history_put_varint(at, zigzag(days[0].day));
	}
	for (size_t i = 0; i < count; i++)
	{
		const HistoryDay *day = &days[i];
		uint64_t gap =
			(uint64_t) (day->day - (int64_t) days[i > 0 ? i - 1 : 0].day);

		/* an ordinary day has nothing to announce */
		if (day->sales == 1 && day->sold >= 0 &&
			(day->returns | day->returned | day->profit_count | day->profit) ==
				0)
		{
			at += history_put_varint(at, gap << FLAG_BITS);
			at += history_put_varint(at, (uint64_t) day->sold);
		}
		else
			at += history_put_entry(at, gap, day);
	}
	*length = (size_t) (at - out);
	return HISTORY_OK;
}

/*
 * Is this exactly what history_encode() would have written?  days has room
 * for as many days as the header claims (history_open() has bounded them by
 * the length), scratch for history_bound() of it.
 */
HistoryStatus
history_validate(const uint8_t *bytes, size_t length, HistoryDay *days,
				 uint8_t *scratch)
{
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryStatus status;
	size_t count = 0;
	size_t written;

	if ((status = history_open(bytes, length, &header)) != HISTORY_OK)
		return status;
	history_rewind(&header, &cursor);
	while ((status = history_next(&cursor, &days[count])) == HISTORY_OK)
	{
		if (count > 0 && days[count].day <= days[count - 1].day)
			return HISTORY_CORRUPT;
		if (++count == header.day_count)
			break;
	}
	if (status != HISTORY_OK && status != HISTORY_END)
		return status;
	if (cursor.at != header.end)
		return HISTORY_CORRUPT;

	status = history_encode(days, count, header.scale, scratch, &written);
	if (status != HISTORY_OK)
		return status;
	return written == length && memcmp(bytes, scratch, length) == 0
			   ? HISTORY_OK
			   : HISTORY_CORRUPT;
}

/* One number into a digest: for any other number the digest is another */
static inline void
digest_add(uint64_t *digest, int64_t number)
{
	uint64_t mixed =
		*digest ^ ((uint64_t) number * UINT64_C(0x9e3779b97f4a7c15));

	*digest = (mixed << 31 | mixed >> 33) * UINT64_C(0xd6e8feb86659fd93);
}

/*
 * A hash of the content of ascending days without empty ones, held at any
 * scale: the same on every machine and for every format, so that it can be
 * stored.  Four digests side by side, because each waits for its last step.
 */
uint64_t
history_digest(const HistoryDay *days, size_t count, int scale)
{
	int spare = spare_decimals(days, count, scale);
	int64_t unit = power_of_ten[spare];
	uint64_t digest[4] = {1, 2, 3, 4};

	digest_add(&digest[0], scale - spare);
	for (size_t i = 0; i < count; i++)
	{
		HistoryDay day = days[i];
		bool is_ordinary = (day.returns | day.returned | day.profit_count |
							day.profit) == 0 &&
						   day.sales == 1;

		if (spare > 0)
		{
			day.sold /= unit;
			day.returned /= unit;
			day.profit /= unit;
		}
		digest_add(&digest[0], (int64_t) day.day * 2 + is_ordinary);
		digest_add(&digest[1], day.sold);
		if (is_ordinary)
			continue;
		digest_add(&digest[2], day.profit);
		digest_add(&digest[3], day.returned);
		digest_add(&digest[1], day.sales);
		digest_add(&digest[2], day.profit_count);
		digest_add(&digest[3], day.returns);
	}
	for (int i = 1; i < 4; i++)
		digest_add(&digest[0], (int64_t) digest[i]);
	return digest[0] ^ digest[0] >> 32;
}

static int
compare_int64(int64_t left, int64_t right)
{
	return (left > right) - (left < right);
}

/*
 * Order of two histories: by the first day on which they differ, then by what
 * happened on it; a history comes before those that it begins.  Compares
 * content, at whatever scale and in whatever format it is held.
 */
int
history_compare(const HistoryHeader *left, const HistoryHeader *right,
				HistoryStatus *status)
{
	HistoryCursor a;
	HistoryCursor b;
	HistoryDay x;
	HistoryDay y;

	history_rewind(left, &a);
	history_rewind(right, &b);
	for (;;)
	{
		HistoryStatus more_x = history_next(&a, &x);
		HistoryStatus more_y = history_next(&b, &y);
		int order;

		if (more_x > HISTORY_END || more_y > HISTORY_END)
		{
			*status = more_x > HISTORY_END ? more_x : more_y;
			return 0;
		}
		*status = HISTORY_OK;
		if (more_x == HISTORY_END || more_y == HISTORY_END)
			return (more_y == HISTORY_END) - (more_x == HISTORY_END);

		if ((order = compare_int64(x.day, y.day)) != 0 ||
			(order = decimal_compare(x.sold, left->scale, y.sold,
									 right->scale)) != 0 ||
			(order = decimal_compare(x.returned, left->scale, y.returned,
									 right->scale)) != 0 ||
			(order = compare_int64(x.sales, y.sales)) != 0 ||
			(order = compare_int64(x.returns, y.returns)) != 0 ||
			(order = compare_int64(x.profit_count, y.profit_count)) != 0 ||
			(order = decimal_compare(x.profit, left->scale, y.profit,
									 right->scale)) != 0)
			return order;
	}
}
