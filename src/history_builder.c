/*
 * history_builder.c
 *		Histories of all clients from all their sales.
 *
 * Sales are first divided into partitions by their clients, see
 * sale_partitions.c.  Then one partition at a time is sorted by day and by client,
 * with as many passes over it as there are digits, and what lies together is
 * encoded.  A partition that is too large for this, because few clients have most
 * of the sales, is made into histories as the aggregate does it.  The sales of
 * guests, who may be most of the buyers, are added up at once.
 *
 * The histories are those of the aggregate to the byte, and so are the errors: a
 * history is out of range if the sum of the magnitudes of all its amounts is, at
 * the largest scale of any of them.
 *
 * Memory: a limit is divided among what is kept of sales, of keys, and what sorting
 * takes; the rest goes to a temporary file.
 */
#include "history_builder.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "calendar.h"
#include "client_keys.h"
#include "history_state.h"
#include "sale_partitions.h"

#define PARTITION_BITS_MIN 4
#define PARTITION_BITS_MAX 8

/* What the numbers of keys can address is twice that */
#define MAX_KEY_MEMORY ((Size) 16 << 30)

/* So much memory a partition should have, to be written in long chunks */
#define PARTITION_MEMORY (64 * 1024)

/* Sorting may always take so much */
#define SORT_MIN_BYTES (4 * 1024 * 1024)

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)

#define INITIAL_CLIENTS 1024
#define INITIAL_DAYS 64

/* A sale of a partition; tag: client << 6, whether it has a profit << 5, scale */
typedef struct SortedSale
{
	int32 day;
	uint32 tag;
	int64 amount;
	int64 profit;
} SortedSale;

#define TAG_SCALE_MASK 31
#define TAG_HAS_PROFIT 32
#define TAG_CLIENT_SHIFT 6

/* A sale whose key is to be looked up, together with those of other sales */
#define WAITING_SALES 32
#define WAITING_KEY_BYTES 64

typedef struct WaitingSale
{
	PackedSale sale;
	uint32 hash;
	Size size;
	Datum packed;
	char key[WAITING_KEY_BYTES] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} WaitingSale;

typedef struct ClientSlot
{
	int64 number;
	uint32 place; /* of the client within the partition + 1; 0: free */
} ClientSlot;

struct HistoryBuilder
{
	MemoryContext context;
	int32 first_day;
	Size limit;
	ResourceOwner owner;
	ClientKeys *keys;
	int number_length; /* of keys that are their own numbers; else 0 */
	Oid client_type;
	Oid client_collation;
	int partition_bits;
	SalePartitions *numbered; /* of clients that have a number */
	SalePartitions *keyed;    /* of clients that found no room; NULL: none */
	HistoryState *guest;      /* NULL: no sale */
	WaitingSale *waiting;     /* NULL: keys are not hashed */
	int waiting_count;

	/* The partition whose histories are given */
	bool is_started;
	bool is_keyed;
	uint32 partition;
	MemoryContext partition_context;
	const ClientKeys *partition_keys;
	uint32 client;       /* the next one */
	uint32 client_count; /* those of the partition */
	uint32 client_capacity;
	int64 *clients; /* numbers */
	uint32 *counts; /* of sales, then where they end */
	ClientSlot *slots;
	uint32 slot_count;
	SortedSale *sales;
	SortedSale *other;
	Size sale_capacity;
	HistoryState **states; /* in place of sales; NULL: those are sorted */

	HistoryDay *days;
	size_t day_capacity;
	PurchaseHistory *history;
};

/*
 * A builder in the current memory context.  Sales before first_day are left out of
 * histories; limit bounds the memory; files belong to owner.
 */
HistoryBuilder *
history_builder_create(Oid client_type, Oid client_collation, int32 first_day,
					   Size limit, ResourceOwner owner)
{
	HistoryBuilder *builder = palloc0(sizeof(HistoryBuilder));

	builder->context = CurrentMemoryContext;
	builder->first_day = first_day;
	builder->limit = limit;
	builder->owner = owner;
	builder->client_type = client_type;
	builder->client_collation = client_collation;
	builder->keys =
		client_keys_create(client_type, client_collation,
						   Min(limit / 2, MAX_KEY_MEMORY));
	builder->number_length = client_keys_number_length(builder->keys);

	builder->partition_bits = PARTITION_BITS_MIN;
	while (builder->partition_bits < PARTITION_BITS_MAX &&
		   (Size) PARTITION_MEMORY << (builder->partition_bits + 1) <= limit)
		builder->partition_bits++;
	builder->numbered = sale_partitions_create(
		builder->partition_bits,
		builder->number_length > 0 ? limit / 4 * 3 : limit / 4, owner);

	if (client_keys_are_hashed(builder->keys))
		builder->waiting = palloc(WAITING_SALES * sizeof(WaitingSale));

	builder->partition_context = AllocSetContextCreate(
		builder->context, "clientcore partition", ALLOCSET_DEFAULT_SIZES);
	builder->client_capacity = INITIAL_CLIENTS;
	builder->clients = palloc(INITIAL_CLIENTS * sizeof(int64));
	builder->counts = palloc((INITIAL_CLIENTS + 1) * sizeof(uint32));
	builder->slot_count = INITIAL_CLIENTS * 2;
	builder->slots = palloc(builder->slot_count * sizeof(ClientSlot));
	builder->day_capacity = INITIAL_DAYS;
	builder->days = palloc(INITIAL_DAYS * sizeof(HistoryDay));
	builder->history = palloc(VARHDRSZ + history_bound(INITIAL_DAYS));
	return builder;
}

/* Free what the memory context does not */
void
history_builder_drop(HistoryBuilder *builder)
{
	sale_partitions_drop(builder->numbered);
	if (builder->keyed != NULL)
		sale_partitions_drop(builder->keyed);
}

/* All bits of the result depend on all bits of the number */
static inline uint64
mix(int64 number)
{
	uint64 mixed = (uint64) number;

	mixed ^= mixed >> 32;
	mixed *= UINT64CONST(0x9e3779b97f4a7c15);
	mixed ^= mixed >> 29;
	mixed *= UINT64CONST(0xd6e8feb86659fd93);
	mixed ^= mixed >> 32;
	return mixed;
}

static void
report_overflow(void)
{
	history_check(HISTORY_OVERFLOW);
}

static void
add_guest(HistoryBuilder *builder, const BuilderSale *sale)
{
	StateOwner owner = {builder->context, true};

	if (builder->guest == NULL)
		builder->guest = history_state_create(builder->context);
	builder->guest = history_state_add_sale(
		builder->guest, owner, sale->day, sale->amount, sale->amount_scale,
		sale->has_profit, sale->profit, sale->profit_scale);
}

/* Add a sale of a client that has a number */
static pg_attribute_always_inline void
add_numbered(HistoryBuilder *builder, const PackedSale *sale)
{
	sale_partitions_add(
		builder->numbered,
		(uint32) (mix(sale->client) >> (64 - builder->partition_bits)), sale,
		NULL, 0);
}

/* Add a sale with its key, for which there is no room */
static void
add_keyed(HistoryBuilder *builder, Datum packed, Size size, uint32 hash,
		  const PackedSale *sale)
{
	if (builder->keyed == NULL)
	{
		MemoryContext context = MemoryContextSwitchTo(builder->context);

		builder->keyed = sale_partitions_create(
			builder->partition_bits, builder->limit / 4, builder->owner);
		MemoryContextSwitchTo(context);
	}
	sale_partitions_add(
		builder->keyed, hash >> (32 - builder->partition_bits), sale,
		client_keys_are_by_value(builder->keys) ? (const void *) &packed
												: DatumGetPointer(packed),
		(uint32) size);
}

/* Add a sale of a client whose key has that hash */
static void
add_hashed(HistoryBuilder *builder, Datum packed, Size size, uint32 hash,
		   PackedSale *sale)
{
	if (client_keys_find(builder->keys, packed, size, hash, &sale->client))
		add_numbered(builder, sale);
	else
	{
		sale->client = 0;
		add_keyed(builder, packed, size, hash, sale);
	}
}

static void
add_waiting(HistoryBuilder *builder)
{
	for (int i = 0; i < builder->waiting_count; i++)
		client_keys_fetch_key(builder->keys, builder->waiting[i].hash);
	for (int i = 0; i < builder->waiting_count; i++)
	{
		WaitingSale *waiting = &builder->waiting[i];

		add_hashed(builder, waiting->packed, waiting->size, waiting->hash,
				   &waiting->sale);
	}
	builder->waiting_count = 0;
}

/* A sale whose key is to be looked up: a number of them together, if it is short */
static void
add_later(HistoryBuilder *builder, Datum client, PackedSale *sale)
{
	Size size;
	Datum packed = client_keys_pack(builder->keys, client, &size);
	uint32 hash = client_keys_hash(builder->keys, packed, size);
	WaitingSale *waiting = &builder->waiting[builder->waiting_count];

	if (size > WAITING_KEY_BYTES)
	{
		add_hashed(builder, packed, size, hash, sale);
		return;
	}
	client_keys_fetch_slot(builder->keys, hash);
	waiting->sale = *sale;
	waiting->hash = hash;
	waiting->size = size;
	waiting->packed = packed;
	if (!client_keys_are_by_value(builder->keys))
	{
		memcpy(waiting->key, DatumGetPointer(packed), size);
		waiting->packed = PointerGetDatum(waiting->key);
	}
	if (++builder->waiting_count == WAITING_SALES)
		add_waiting(builder);
}

void
history_builder_add(HistoryBuilder *builder, Datum client, bool is_guest,
					const BuilderSale *sale)
{
	PackedSale packed;

	if (is_guest)
	{
		add_guest(builder, sale);
		return;
	}

	packed.day = sale->day;
	packed.amount = sale->amount;
	packed.scale = sale->amount_scale;
	packed.has_profit = sale->has_profit;
	packed.profit = 0;
	if (sale->has_profit)
	{
		packed.scale = Max(sale->amount_scale, sale->profit_scale);
		packed.profit = sale->profit;
		if (!int64_raise_scale(&packed.amount,
							   packed.scale - sale->amount_scale) ||
			!int64_raise_scale(&packed.profit,
							   packed.scale - sale->profit_scale))
			report_overflow();
	}

	if (builder->number_length > 0)
	{
		packed.client = client_key_as_number(client, builder->number_length);
		add_numbered(builder, &packed);
	}
	else if (builder->waiting != NULL)
		add_later(builder, client, &packed);
	else
	{
		/* keys without a hash always have a number */
		(void) client_keys_number(builder->keys, client, &packed.client);
		add_numbered(builder, &packed);
	}
}

/* --- a partition --- */

static void
enlarge_clients(HistoryBuilder *builder)
{
	uint32 slot_count = builder->slot_count * 2;

	builder->client_capacity *= 2;
	builder->clients = repalloc_huge(builder->clients,
									 builder->client_capacity * sizeof(int64));
	builder->counts =
		repalloc_huge(builder->counts,
					  ((Size) builder->client_capacity + 1) * sizeof(uint32));
	if (builder->states != NULL)
		builder->states =
			repalloc_huge(builder->states,
						  builder->client_capacity * sizeof(HistoryState *));

	builder->slots =
		repalloc_huge(builder->slots, (Size) slot_count * sizeof(ClientSlot));
	builder->slot_count = slot_count;
	memset(builder->slots, 0, (Size) slot_count * sizeof(ClientSlot));
	for (uint32 i = 0; i < builder->client_count; i++)
	{
		uint32 at = (uint32) mix(builder->clients[i]) & (slot_count - 1);

		while (builder->slots[at].place != 0)
			at = (at + 1) & (slot_count - 1);
		builder->slots[at].number = builder->clients[i];
		builder->slots[at].place = i + 1;
	}
}

/* The place of a client within the partition */
static inline uint32
place_of_client(HistoryBuilder *builder, int64 number)
{
	uint32 mask = builder->slot_count - 1;
	uint32 at = (uint32) mix(number) & mask;
	ClientSlot *slot;

	while ((slot = &builder->slots[at])->place != 0)
	{
		if (slot->number == number)
			return slot->place - 1;
		at = (at + 1) & mask;
	}
	slot->number = number;
	slot->place = ++builder->client_count;
	builder->clients[slot->place - 1] = number;
	builder->counts[slot->place - 1] = 0;
	if (builder->states != NULL)
		builder->states[slot->place - 1] = NULL;
	if (unlikely(builder->client_count == builder->client_capacity))
	{
		enlarge_clients(builder);
		return builder->client_count - 1;
	}
	return slot->place - 1;
}

/* The number of the client of a sale that is followed by its key */
static int64
number_of_key(HistoryBuilder *builder, ClientKeys *keys, SaleCursor *cursor,
			  char **room, uint32 *room_size)
{
	uint32 size;
	const uint8 *key = sale_unpack_key(&cursor->at, &size);
	int64 number;

	if (*room_size < size)
	{
		*room_size = size * 2;
		*room = MemoryContextAllocHuge(builder->partition_context, *room_size);
	}
	memcpy(*room, key, size);
	if (!client_keys_number(keys, client_keys_unpack(keys, *room), &number))
		elog(ERROR, "client key has no number");
	return number;
}

/* Read the sales of a partition as they lie, each with the place of its client */
static void
collect_sales(HistoryBuilder *builder, SalePartitions *partitions,
			  ClientKeys *keys)
{
	SaleCursor cursor;
	SortedSale *out = builder->sales;
	char *room = NULL;
	uint32 room_size = 0;

	sale_partitions_read(partitions, builder->partition, &cursor);
	while (sale_cursor_next_chunk(&cursor))
	{
		CHECK_FOR_INTERRUPTS();
		while (cursor.at < cursor.end)
		{
			PackedSale sale;
			uint32 place;

			sale_unpack(&cursor.at, &sale);
			if (keys != NULL)
				sale.client =
					number_of_key(builder, keys, &cursor, &room, &room_size);
			place = place_of_client(builder, sale.client);
			if (builder->states == NULL)
			{
				builder->counts[place]++;
				out->day = sale.day;
				out->tag = place << TAG_CLIENT_SHIFT | sale.scale;
				if (sale.has_profit)
					out->tag |= TAG_HAS_PROFIT;
				out->amount = sale.amount;
				out->profit = sale.profit;
				out++;
			}
			else
			{
				StateOwner owner = {builder->partition_context, true};
				HistoryState *state = builder->states[place];

				if (state == NULL)
					state = history_state_create(owner.context);
				builder->states[place] = history_state_add_sale(
					state, owner, sale.day, sale.amount, sale.scale,
					sale.has_profit, sale.profit, sale.scale);
			}
		}
	}
}

/* Sort sales by one digit of their day, keeping the order of those that share it */
static void
sort_by_digit(HistoryBuilder *builder, size_t count, int32 min_day, int shift)
{
	uint32 ends[DIGITS] = {0};
	SortedSale *from = builder->sales;
	SortedSale *to = builder->other;
	uint32 sum = 0;

#define DIGIT_OF(sale)                                                        \
	(((uint32) (sale).day - (uint32) min_day) >> shift & (DIGITS - 1))

	CHECK_FOR_INTERRUPTS();
	for (size_t i = 0; i < count; i++)
		ends[DIGIT_OF(from[i])]++;
	for (int i = 0; i < DIGITS; i++)
	{
		uint32 of_digit = ends[i];

		ends[i] = sum;
		sum += of_digit;
	}
	for (size_t i = 0; i < count; i++)
		to[ends[DIGIT_OF(from[i])]++] = from[i];

	builder->sales = to;
	builder->other = from;
}

static void
sort_by_day(HistoryBuilder *builder, size_t count)
{
	const SortedSale *sales = builder->sales;
	int32 min_day = sales[0].day;
	int32 max_day = sales[0].day;
	bool ascending = true;
	uint32 span;

	for (size_t i = 1; i < count; i++)
	{
		ascending &= sales[i - 1].day <= sales[i].day;
		min_day = Min(min_day, sales[i].day);
		max_day = Max(max_day, sales[i].day);
	}
	if (ascending)
		return;
	span = (uint32) max_day - (uint32) min_day;
	for (int shift = 0; shift < 32 && span >> shift > 0; shift += DIGIT_BITS)
		sort_by_digit(builder, count, min_day, shift);
}

/* Bring the sales of each client together; then counts are where they end */
static void
sort_by_client(HistoryBuilder *builder, size_t count)
{
	SortedSale *from = builder->sales;
	SortedSale *to = builder->other;
	uint32 *ends = builder->counts;
	uint32 sum = 0;

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < builder->client_count; i++)
	{
		uint32 of_client = ends[i];

		ends[i] = sum;
		sum += of_client;
	}
	for (size_t i = 0; i < count; i++)
		to[ends[from[i].tag >> TAG_CLIENT_SHIFT]++] = from[i];

	builder->sales = to;
	builder->other = from;
}

/* Take up a partition */
static void
open_partition(HistoryBuilder *builder)
{
	SalePartitions *partitions =
		builder->is_keyed ? builder->keyed : builder->numbered;
	uint64 count = sale_partitions_count(partitions, builder->partition);
	Size room = Max(SORT_MIN_BYTES, builder->limit / 4);
	MemoryContext context;
	ClientKeys *keys = NULL;

	MemoryContextReset(builder->partition_context);
	builder->client = 0;
	builder->client_count = 0;
	builder->states = NULL;
	builder->partition_keys = builder->keys;
	if (count == 0)
		return;
	memset(builder->slots, 0, (Size) builder->slot_count * sizeof(ClientSlot));

	context = MemoryContextSwitchTo(builder->partition_context);
	if (builder->is_keyed)
	{
		keys = client_keys_create(builder->client_type,
								  builder->client_collation, 0);
		builder->partition_keys = keys;
	}
	if (count > room / (2 * sizeof(SortedSale)))
		builder->states =
			palloc_extended(builder->client_capacity * sizeof(HistoryState *),
							MCXT_ALLOC_HUGE);
	else if (count > builder->sale_capacity)
	{
		MemoryContextSwitchTo(builder->context);
		if (builder->sales != NULL)
		{
			pfree(builder->sales);
			pfree(builder->other);
		}
		builder->sale_capacity = Max(count + count / 8, 256);
		builder->sales = palloc_extended(
			builder->sale_capacity * sizeof(SortedSale), MCXT_ALLOC_HUGE);
		builder->other = palloc_extended(
			builder->sale_capacity * sizeof(SortedSale), MCXT_ALLOC_HUGE);
		MemoryContextSwitchTo(builder->partition_context);
	}
	collect_sales(builder, partitions, keys);
	MemoryContextSwitchTo(context);
	if (builder->states == NULL)
	{
		sort_by_day(builder, count);
		sort_by_client(builder, count);
	}
}

static bool
next_partition(HistoryBuilder *builder)
{
	if (++builder->partition < UINT32_C(1) << builder->partition_bits)
		return true;
	if (builder->is_keyed || builder->keyed == NULL)
		return false;
	builder->partition = 0;
	builder->is_keyed = true;
	return true;
}

/* --- a history --- */

/* Grow a sum of magnitudes */
static inline void
grow(int64 *sum, int64 magnitude)
{
	if (unlikely(pg_add_s64_overflow(*sum, magnitude, sum)))
		report_overflow();
}

/* Make days of sales that lie in the order of days, at the largest scale of them */
static size_t
days_from_sales(HistoryBuilder *builder, const SortedSale *sales, size_t count,
				int *scale)
{
	HistoryDay *day = NULL;
	int64 sold = 0;
	int64 returned = 0;
	int64 profits = 0;
	int largest = 0;

	for (size_t i = 0; i < count; i++)
		largest = Max(largest, (int) (sales[i].tag & TAG_SCALE_MASK));
	for (size_t i = 0; i < count; i++)
	{
		const SortedSale *sale = &sales[i];
		int by = largest - (int) (sale->tag & TAG_SCALE_MASK);
		int64 amount = sale->amount;

		if (by > 0 && unlikely(!int64_raise_scale(&amount, by)))
			report_overflow();
		if (day == NULL || day->day != sale->day)
		{
			day = day == NULL ? builder->days : day + 1;
			memset(day, 0, sizeof(*day));
			day->day = sale->day;
		}
		if (amount >= 0)
		{
			grow(&sold, amount);
			day->sales++;
			day->sold += amount;
		}
		else
		{
			grow(&returned, -amount);
			day->returns++;
			day->returned -= amount;
		}
		if (sale->tag & TAG_HAS_PROFIT)
		{
			int64 profit = sale->profit;

			if (by > 0 && unlikely(!int64_raise_scale(&profit, by)))
				report_overflow();
			grow(&profits, profit < 0 ? -profit : profit);
			day->profit_count++;
			day->profit += profit;
		}
	}
	*scale = largest;
	return (size_t) (day + 1 - builder->days);
}

/* Room for so many days, and for a history of them */
static void
make_room(HistoryBuilder *builder, size_t count)
{
	if (count <= builder->day_capacity)
		return;
	while (builder->day_capacity < count)
		builder->day_capacity *= 2;
	pfree(builder->days);
	pfree(builder->history);
	builder->days = MemoryContextAllocHuge(
		builder->context, builder->day_capacity * sizeof(HistoryDay));
	builder->history = MemoryContextAllocHuge(
		builder->context, VARHDRSZ + history_bound(builder->day_capacity));
}

/* Write a history of days, but for those before the first that counts */
static PurchaseHistory *
encode(HistoryBuilder *builder, size_t count, int scale)
{
	HistoryDay *days = builder->days;
	size_t length;

	while (count > 0 && days->day < builder->first_day)
	{
		days++;
		count--;
	}
	history_check(history_encode(
		days, count, scale, (uint8_t *) VARDATA(builder->history), &length));
	if (!AllocSizeIsValid(VARHDRSZ + length))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("purchase history has too many days")));
	SET_VARSIZE(builder->history, VARHDRSZ + length);
	return builder->history;
}

static PurchaseHistory *
history_of_state(HistoryBuilder *builder, const HistoryState *state)
{
	size_t count;
	HistoryDay *days = history_state_days(state, &count);

	make_room(builder, count);
	memcpy(builder->days, days, count * sizeof(HistoryDay));
	pfree(days);
	return encode(builder, count, state->scale);
}

/*
 * The history of another client, or of the guests, once all sales are added; false
 * behind the last.  Client and history stay until the next call.
 */
bool
history_builder_next(HistoryBuilder *builder, Datum *client, bool *is_guest,
					 PurchaseHistory **history)
{
	uint32 at;

	CHECK_FOR_INTERRUPTS();
	if (builder->guest != NULL)
	{
		*is_guest = true;
		*history = history_of_state(builder, builder->guest);
		pfree(builder->guest);
		builder->guest = NULL;
		return true;
	}

	if (!builder->is_started)
	{
		builder->is_started = true;
		add_waiting(builder);
		open_partition(builder);
	}
	while (builder->client == builder->client_count)
	{
		if (!next_partition(builder))
			return false;
		open_partition(builder);
	}

	at = builder->client++;
	*is_guest = false;
	*client = client_keys_value(builder->partition_keys, builder->clients[at]);
	if (builder->states != NULL)
		*history = history_of_state(builder, builder->states[at]);
	else
	{
		uint32 begin = at == 0 ? 0 : builder->counts[at - 1];
		size_t count = builder->counts[at] - begin;
		int scale;

		make_room(builder, count);
		count =
			days_from_sales(builder, builder->sales + begin, count, &scale);
		*history = encode(builder, count, scale);
	}
	return true;
}
