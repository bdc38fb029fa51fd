/*
 * history_state.c
 *		A purchase history under construction: the state of its aggregates.
 *
 * Sales mostly come in the order of time, and several of one day follow each
 * other: then a sale is an addition to the open day, and a new day closes the
 * one before, which is appended to the stream in its short form.  What comes
 * out of order is appended all the same.  Only when the room runs out, or the
 * scale rises, is the stream sorted and joined, and the room is doubled unless
 * that left half of it free; so the cost per sale stays that of sorting.
 *
 * Whether a state overflows must not depend on the order of its input.  It
 * keeps the sums of all magnitudes at its scale, which is the largest scale
 * of any input; they only grow, and an error is raised exactly when one of
 * them does not fit.
 */
#include "history_state.h"

#include "common/int.h"
#include "decimal.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define INITIAL_SIZE 256
#define STREAM_FORMAT 1

/* So few days are appended; more are merged in one pass */
#define SMALL_MERGE 8

/* Gaps of a stream are zigzags, one bit longer than those of a history */
#define ENTRY_MAX_BYTES (HISTORY_DAY_MAX_BYTES + 1)

#define STATE_HEADER_MAX_BYTES 64

static size_t
capacity(const HistoryState *state)
{
	return VARSIZE(state) - offsetof(HistoryState, stream);
}

static HistoryState *
allocate(MemoryContext context, size_t size)
{
	HistoryState *state;

	if (!AllocSizeIsValid(size))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("purchase history has too many days")));
	state = MemoryContextAlloc(context, size);
	SET_VARSIZE(state, size);
	return state;
}

HistoryState *
history_state_create(MemoryContext context)
{
	HistoryState *state = allocate(context, INITIAL_SIZE);

	memset((char *) state + VARHDRSZ, 0, INITIAL_SIZE - VARHDRSZ);
	state->ascending = true;
	return state;
}

HistoryState *
history_state_copy(const HistoryState *state, MemoryContext context)
{
	HistoryState *copy = MemoryContextAlloc(context, VARSIZE(state));

	memcpy(copy, state, VARSIZE(state));
	return copy;
}

void
history_state_set_as_of(HistoryState *state, bool isnull, int32 as_of)
{
	StateAsOf kind = isnull ? AS_OF_NULL : AS_OF_DAY;

	if (isnull)
		as_of = 0;
	if (state->as_of_kind == AS_OF_NONE)
	{
		state->as_of_kind = kind;
		state->as_of = as_of;
	}
	else if (state->as_of_kind != kind || state->as_of != as_of)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("as_of must not vary within a group")));
}

/* Note an entry of so many bytes at the end of the stream */
static void
note_entry(HistoryState *state, int32 day, size_t bytes)
{
	if (state->count > 0 && day <= state->last_day)
		state->ascending = false;
	state->used += bytes;
	state->last_day = day;
	state->count++;
}

static uint64
gap_code(const HistoryState *state, int32 day)
{
	return zigzag((int64) day - state->last_day);
}

/* The entries of the stream as they came, with room for spare more days */
static HistoryDay *
collect_stream(const HistoryState *state, size_t spare)
{
	HistoryDay *days = palloc_extended(
		(state->count + spare + 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
	const uint8_t *at = state->stream;
	const uint8_t *end = state->stream + state->used;
	int64 day = 0;

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < state->count; i++)
	{
		uint64_t gap;
		HistoryStatus status = history_get_entry(&at, end, &gap, &days[i]);

		if (unlikely(status != HISTORY_OK))
			history_check(status);
		day += unzigzag(gap);
		days[i].day = (int32) day;
	}
	return days;
}

/* All days of a state, sorted and joined.  Only reads it. */
HistoryDay *
history_state_days(const HistoryState *state, size_t *count)
{
	HistoryDay *days = collect_stream(state, 1);

	*count = state->count;
	if (state->is_open)
		days[(*count)++] = state->open;
	history_check(history_sort(days, count));
	return days;
}

/* A state may be stored: no stray bytes in it */
static void
clear_rest(HistoryState *state)
{
	memset(state->stream + state->used, 0, capacity(state) - state->used);
}

/*
 * A size of at least this one, doubled until a stream of the wanted length
 * fits, but no larger than a varlena can be if then the needed length does.
 */
static size_t
size_for(size_t size, size_t wanted, size_t needed)
{
	size_t fixed = offsetof(HistoryState, stream) + ENTRY_MAX_BYTES;

	while (size < fixed + wanted)
		size *= 2;
	if (size > MaxAllocSize && fixed + needed <= MaxAllocSize)
		return MaxAllocSize;
	return size;
}

/* Move to twice the room, or as much of that as there can be */
static HistoryState *
enlarge(HistoryState *state, StateOwner owner)
{
	HistoryState *larger =
		allocate(owner.context,
				 size_for(VARSIZE(state), 2 * capacity(state), state->used));

	memcpy((char *) larger + VARHDRSZ, (char *) state + VARHDRSZ,
		   offsetof(HistoryState, stream) + state->used - VARHDRSZ);
	clear_rest(larger);
	if (owner.frees_old)
		pfree(state);
	return larger;
}

/*
 * Write sorted days into the stream in place of what is there, and make room:
 * half of it stays free.  Does not touch the open day.
 */
static HistoryState *
rebuild_stream(HistoryState *state, StateOwner owner, const HistoryDay *days,
			   size_t count)
{
	state->used = 0;
	state->count = 0;
	state->last_day = 0;
	state->ascending = true;
	for (size_t i = 0; i < count; i++)
	{
		size_t bytes;

		if (history_day_is_empty(&days[i]))
			continue;
		if (unlikely(capacity(state) - state->used < ENTRY_MAX_BYTES))
			state = enlarge(state, owner);
		bytes = history_put_entry(state->stream + state->used,
								  gap_code(state, days[i].day), &days[i]);
		note_entry(state, days[i].day, bytes);
	}
	if (capacity(state) < 2 * (size_t) state->used + ENTRY_MAX_BYTES)
		state = enlarge(state, owner);
	else
		clear_rest(state);
	return state;
}

/* Grow, or sort and join where that may give room enough */
static HistoryState *
make_room(HistoryState *state, StateOwner owner)
{
	HistoryDay *days;
	size_t count = state->count;

	if (state->ascending)
		return enlarge(state, owner);

	days = collect_stream(state, 0);
	history_check(history_sort(days, &count));
	state = rebuild_stream(state, owner, days, count);
	pfree(days);
	return state;
}

/* Append the open day to the stream */
static HistoryState *
close_day(HistoryState *state, StateOwner owner)
{
	uint8 entry[ENTRY_MAX_BYTES];
	size_t bytes;

	state->is_open = false;
	if (likely(capacity(state) - state->used >= ENTRY_MAX_BYTES))
	{
		bytes =
			history_put_entry(state->stream + state->used,
							  gap_code(state, state->open.day), &state->open);
		note_entry(state, state->open.day, bytes);
		return state;
	}

	bytes = history_put_entry(entry, gap_code(state, state->open.day),
							  &state->open);
	if (bytes > capacity(state) - state->used)
	{
		state = make_room(state, owner);
		bytes = history_put_entry(entry, gap_code(state, state->open.day),
								  &state->open);
	}
	memcpy(state->stream + state->used, entry, bytes);
	note_entry(state, state->open.day, bytes);
	return state;
}

static void
report_overflow(void)
{
	history_check(HISTORY_OVERFLOW);
}

static HistoryState *
raise_scale(HistoryState *state, StateOwner owner, int scale)
{
	int by = scale - state->scale;
	HistoryDay *days;
	size_t count;

	if (!int64_raise_scale(&state->sold, by) ||
		!int64_raise_scale(&state->returned, by) ||
		!int64_raise_scale(&state->profit, by))
		report_overflow();
	state->scale = scale;
	if (state->is_open)
		history_check(history_rescale(&state->open, 1, by));
	if (state->count == 0)
		return state;

	days = collect_stream(state, 0);
	count = state->count;
	history_check(history_rescale(days, count, by));
	history_check(history_sort(days, &count));
	state = rebuild_stream(state, owner, days, count);
	pfree(days);
	return state;
}

/* Close the open day and open another */
static HistoryState *
open_day(HistoryState *state, StateOwner owner, int32 day)
{
	if (state->is_open)
		state = close_day(state, owner);
	memset(&state->open, 0, sizeof(state->open));
	state->open.day = day;
	state->is_open = true;
	return state;
}

/* Grow a sum of magnitudes */
static inline void
grow(int64 *sum, int64 magnitude)
{
	if (unlikely(pg_add_s64_overflow(*sum, magnitude, sum)))
		report_overflow();
}

/* Raise an amount to a scale; one that is there already stays */
static inline void
to_scale(int64 *amount, int from, int to)
{
	if (from < to && unlikely(!int64_raise_scale(amount, to - from)))
		report_overflow();
}

HistoryState *
history_state_add_sale(HistoryState *state, StateOwner owner, int32 day,
					   int64 amount, int amount_scale, bool has_profit,
					   int64 profit, int profit_scale)
{
	int scale = has_profit ? Max(amount_scale, profit_scale) : amount_scale;

	if (unlikely(scale > state->scale))
		state = raise_scale(state, owner, scale);
	to_scale(&amount, amount_scale, state->scale);

	if (!state->is_open || state->open.day != day)
		state = open_day(state, owner, day);

	grow(&state->events, has_profit ? 2 : 1);
	if (amount >= 0)
	{
		grow(&state->sold, amount);
		state->open.sales++;
		state->open.sold += amount;
	}
	else
	{
		grow(&state->returned, -amount);
		state->open.returns++;
		state->open.returned -= amount;
	}
	if (has_profit)
	{
		to_scale(&profit, profit_scale, state->scale);
		grow(&state->profit, profit < 0 ? -profit : profit);
		state->open.profit_count++;
		state->open.profit += profit;
	}
	return state;
}

static int64
magnitude(int64 value)
{
	return value < 0 ? -value : value;
}

/* Add a day whose magnitudes are already in the sums */
static HistoryState *
add_day(HistoryState *state, StateOwner owner, const HistoryDay *day)
{
	if (!state->is_open || state->open.day != day->day)
		state = open_day(state, owner, day->day);
	history_check(history_add_day(&state->open, day));
	return state;
}

HistoryState *
history_state_add_history(HistoryState *state, StateOwner owner,
						  const HistoryHeader *header)
{
	HistoryCursor cursor;
	HistoryDay day;

	if (header->scale > state->scale)
		state = raise_scale(state, owner, header->scale);
	history_rewind(header, &cursor);
	while (history_next_stored(&cursor, &day))
	{
		to_scale(&day.sold, header->scale, state->scale);
		to_scale(&day.returned, header->scale, state->scale);
		to_scale(&day.profit, header->scale, state->scale);
		grow(&state->events, magnitude(day.sales));
		grow(&state->events, magnitude(day.returns));
		grow(&state->events, magnitude(day.profit_count));
		grow(&state->sold, magnitude(day.sold));
		grow(&state->returned, magnitude(day.returned));
		grow(&state->profit, magnitude(day.profit));
		state = add_day(state, owner, &day);
	}
	return state;
}

/* Join another state; keeps no pointer into it */
HistoryState *
history_state_add_state(HistoryState *state, StateOwner owner,
						const HistoryState *other)
{
	HistoryDay *theirs;
	HistoryDay *mine;
	HistoryDay *both;
	size_t their_count;
	size_t my_count;
	size_t count;
	int64 sold = other->sold;
	int64 returned = other->returned;
	int64 profit = other->profit;

	if (other->as_of_kind != AS_OF_NONE)
		history_state_set_as_of(state, other->as_of_kind == AS_OF_NULL,
								other->as_of);
	if (other->scale > state->scale)
		state = raise_scale(state, owner, other->scale);

	to_scale(&sold, other->scale, state->scale);
	to_scale(&returned, other->scale, state->scale);
	to_scale(&profit, other->scale, state->scale);
	grow(&state->events, other->events);
	grow(&state->sold, sold);
	grow(&state->returned, returned);
	grow(&state->profit, profit);

	theirs = history_state_days(other, &their_count);
	history_check(
		history_rescale(theirs, their_count, state->scale - other->scale));
	if (their_count <= SMALL_MERGE)
	{
		for (size_t i = 0; i < their_count; i++)
			state = add_day(state, owner, &theirs[i]);
		pfree(theirs);
		return state;
	}

	mine = history_state_days(state, &my_count);
	both = palloc_extended((my_count + their_count) * sizeof(HistoryDay),
						   MCXT_ALLOC_HUGE);
	history_check(
		history_merge(mine, my_count, theirs, their_count, both, &count));
	state->is_open = false;
	state = rebuild_stream(state, owner, both, count);
	pfree(both);
	pfree(mine);
	pfree(theirs);
	return state;
}

PurchaseHistory *
history_state_result(const HistoryState *state)
{
	size_t count;
	HistoryDay *days = history_state_days(state, &count);
	PurchaseHistory *result = history_from_days(days, count, state->scale);

	pfree(days);
	return result;
}

static uint8 *
put_zigzag(uint8 *at, int64 value)
{
	return at + history_put_varint(at, zigzag(value));
}

/*
 * A state as bytes: what partial aggregates exchange, and what the input and
 * output functions of the SQL type write and read.
 */
bytea *
history_state_to_bytes(const HistoryState *state)
{
	bytea *result = palloc_extended(VARHDRSZ + STATE_HEADER_MAX_BYTES +
										(size_t) state->used + ENTRY_MAX_BYTES,
									MCXT_ALLOC_HUGE);
	uint8 *at = (uint8 *) VARDATA(result);

	*at++ = STREAM_FORMAT;
	*at++ = state->scale;
	*at++ = state->as_of_kind;
	at = put_zigzag(at, state->as_of);
	at = put_zigzag(at, state->events);
	at = put_zigzag(at, state->sold);
	at = put_zigzag(at, state->returned);
	at = put_zigzag(at, state->profit);
	at = put_zigzag(at, state->count + (state->is_open ? 1 : 0));
	memcpy(at, state->stream, state->used);
	at += state->used;
	if (state->is_open)
		at += history_put_entry(at, gap_code(state, state->open.day),
								&state->open);
	SET_VARSIZE(result, at - (uint8 *) result);
	return result;
}

static void
report_bad_state(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of a purchase history")));
}

static int64
get_zigzag(const uint8_t **at, const uint8_t *end)
{
	uint64_t code;

	if (history_get_varint(at, end, &code) != HISTORY_OK)
		report_bad_state();
	return unzigzag(code);
}

/* Take a magnitude out of what a sum of magnitudes has left */
static void
take(int64 *left, int64 value)
{
	if (value == PG_INT64_MIN || magnitude(value) > *left)
		report_bad_state();
	*left -= magnitude(value);
}

/* Trusts nothing: the bytes may come from a client */
HistoryState *
history_state_from_bytes(const uint8 *bytes, size_t length,
						 MemoryContext context)
{
	const uint8_t *at = bytes;
	const uint8_t *end = bytes + length;
	HistoryState *state;
	HistoryState left;
	size_t size;
	int64 as_of;
	int64 count;
	int64 day = 0;

	size = size_for(INITIAL_SIZE, length, length);
	state = allocate(context, size);
	memset((char *) state + VARHDRSZ, 0,
		   offsetof(HistoryState, stream) - VARHDRSZ);
	state->ascending = true;

	if (length < 3 || *at++ != STREAM_FORMAT)
		report_bad_state();
	state->scale = *at++;
	state->as_of_kind = *at++;
	as_of = get_zigzag(&at, end);
	state->events = get_zigzag(&at, end);
	state->sold = get_zigzag(&at, end);
	state->returned = get_zigzag(&at, end);
	state->profit = get_zigzag(&at, end);
	count = get_zigzag(&at, end);
	if (state->scale > INT64_MAX_SCALE || state->as_of_kind > AS_OF_DAY ||
		as_of < DAY_MIN || as_of > DAY_MAX || state->events < 0 ||
		state->sold < 0 || state->returned < 0 || state->profit < 0)
		report_bad_state();
	state->as_of = (int32) as_of;

	left = *state;
	memcpy(state->stream, at, end - at);
	for (int64 i = 0; i < count; i++)
	{
		const uint8_t *entry = at;
		uint64_t gap;
		HistoryDay content;

		if (history_get_entry(&at, end, &gap, &content) != HISTORY_OK)
			report_bad_state();
		if (pg_add_s64_overflow(day, unzigzag(gap), &day) || day < DAY_MIN ||
			day > DAY_MAX)
			report_bad_state();
		take(&left.events, content.sales);
		take(&left.events, content.returns);
		take(&left.events, content.profit_count);
		take(&left.sold, content.sold);
		take(&left.returned, content.returned);
		take(&left.profit, content.profit);
		note_entry(state, (int32) day, at - entry);
	}
	if (at != end || count < 0)
		report_bad_state();
	clear_rest(state);
	return state;
}
