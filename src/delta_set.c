/*
 * delta_set.c
 *		What one statement changed: a delta per client, or per client and group
 *		of what was bought.
 *
 * Clients and groups are told apart by the bytes of their keys, which needs no
 * function of their type: two keys that are equal with different bytes get a
 * delta each, and the refresh adds both.  The set is kept in work_mem; what goes beyond it is
 * encoded and set aside, so that a client may have several deltas as well.
 */
#include "delta_set.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "purchase_history.h"

#define INITIAL_CLIENTS 16
#define INITIAL_DAYS 4

/* A client; most have one day in a statement */
typedef struct DeltaEntry
{
	DeltaKey key;
	uint32 count;
	uint32 capacity; /* of days; 0 while the one day is here */
	HistoryDay day;
	HistoryDay *days;
	struct varlena *delta; /* once the set is closed; NULL: no change */
} DeltaEntry;

/* Its place in the hash table, which is small, for it is mostly zeroed memory */
typedef struct DeltaPlace
{
	DeltaEntry *entry; /* the key */
	uint32 hash;
	char status;
} DeltaPlace;

struct DeltaSet
{
	Oid client_type;
	int scale;
	bool only_clients;
	bool by_value;
	int16 length;
	struct clients_hash *clients;
	DeltaEntry *newest; /* the client of the sale before */
	MemoryContext context;
	Size limit;
	Size used;

	/* What went beyond the limit, owned by whoever made the set */
	ResourceOwner owner;
	MemoryContext owner_context;
	TupleDesc tuple_desc;
	Tuplestorestate *store;
};

static bool
same_client(const DeltaSet *set, const DeltaEntry *left,
			const DeltaEntry *right)
{
	const DeltaKey *a = &left->key;
	const DeltaKey *b = &right->key;

	if (a->group != NULL &&
		!datum_image_eq(PointerGetDatum(a->group), PointerGetDatum(b->group),
						false, -1))
		return false;
	if (a->is_guest || b->is_guest)
		return a->is_guest == b->is_guest;
	return set->by_value
			   ? a->client == b->client
			   : datum_image_eq(a->client, b->client, false, set->length);
}

#define SH_PREFIX clients
#define SH_ELEMENT_TYPE DeltaPlace
#define SH_KEY_TYPE DeltaEntry *
#define SH_KEY entry
#define SH_HASH_KEY(table, key) hash_client((table)->private_data, key)
#define SH_EQUAL(table, a, b) same_client((table)->private_data, a, b)
#define SH_SCOPE static inline
#define SH_STORE_HASH
#define SH_GET_HASH(table, place) (place)->hash
#define SH_DECLARE
#include "lib/simplehash.h"

static uint32
hash_client(const DeltaSet *set, const DeltaEntry *entry)
{
	Datum client = entry->key.client;
	uint32 hash = 0;

	if (!entry->key.is_guest)
		hash = set->by_value ? murmurhash32((uint32) client ^
											(uint32) ((uint64) client >> 32))
							 : datum_image_hash(client, false, set->length);
	if (entry->key.group != NULL)
		hash = hash_combine(
			hash,
			datum_image_hash(PointerGetDatum(entry->key.group), false, -1));
	return hash;
}

#define SH_PREFIX clients
#define SH_ELEMENT_TYPE DeltaPlace
#define SH_KEY_TYPE DeltaEntry *
#define SH_KEY entry
#define SH_HASH_KEY(table, key) hash_client((table)->private_data, key)
#define SH_EQUAL(table, a, b) same_client((table)->private_data, a, b)
#define SH_SCOPE static inline
#define SH_STORE_HASH
#define SH_GET_HASH(table, place) (place)->hash
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * A set in the current memory context, which must outlive the reading of it, as
 * must the owner of files.  Of only_clients there are no deltas.
 */
DeltaSet *
delta_set_create(Oid client_type, int scale, bool only_clients,
				 ResourceOwner owner)
{
	DeltaSet *set = palloc0(sizeof(DeltaSet));

	set->client_type = client_type;
	set->scale = scale;
	set->only_clients = only_clients;
	get_typlenbyval(client_type, &set->length, &set->by_value);
	set->context = AllocSetContextCreate(
		CurrentMemoryContext, "clientcore delta set", ALLOCSET_DEFAULT_SIZES);
	set->limit = (Size) work_mem * 1024;
	set->owner = owner;
	set->owner_context = CurrentMemoryContext;
	set->clients = clients_create(set->context, INITIAL_CLIENTS, set);
	return set;
}

static HistoryDay *
days_of(DeltaEntry *entry)
{
	return entry->capacity == 0 ? &entry->day : entry->days;
}

/* The delta of a client; NULL where its changes cancel out */
static struct varlena *
encode_delta(const DeltaSet *set, DeltaEntry *entry)
{
	HistoryDay *days = days_of(entry);
	size_t count = entry->count;
	size_t i = 0;
	PurchaseHistory *delta;
	Datum copy;

	history_check(history_sort(days, &count));
	while (i < count && history_day_is_empty(&days[i]))
		i++;
	if (i == count)
		return NULL;
	delta = history_from_days(days, count, set->scale);
	/* what it was encoded in has room for much more than most deltas need */
	copy = datumCopy(PointerGetDatum(delta), false, -1);
	pfree(delta);
	return (struct varlena *) DatumGetPointer(copy);
}

static void
make_store(DeltaSet *set)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext context = MemoryContextSwitchTo(set->owner_context);

	CurrentResourceOwner = set->owner;
	set->store = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = owner;
	set->tuple_desc = CreateTemplateTupleDesc(3);
	TupleDescInitEntry(set->tuple_desc, 1, "client", set->client_type, -1, 0);
	TupleDescInitEntry(set->tuple_desc, 2, "group", TEXTOID, -1, 0);
	TupleDescInitEntry(set->tuple_desc, 3, "delta", BYTEAOID, -1, 0);
	finish_tuple_desc(set->tuple_desc);
	MemoryContextSwitchTo(context);
}

/* Set all entries aside, and begin anew */
static void
spill(DeltaSet *set)
{
	MemoryContext context = MemoryContextSwitchTo(set->context);
	clients_iterator iterator;
	DeltaPlace *place;

	if (set->store == NULL)
		make_store(set);
	clients_start_iterate(set->clients, &iterator);
	while ((place = clients_iterate(set->clients, &iterator)) != NULL)
	{
		DeltaEntry *entry = place->entry;
		struct varlena *delta =
			set->only_clients ? NULL : encode_delta(set, entry);
		Datum values[3] = {entry->key.client,
						   PointerGetDatum(entry->key.group),
						   PointerGetDatum(delta)};
		bool nulls[3] = {entry->key.is_guest, entry->key.group == NULL,
						 delta == NULL};

		if (delta != NULL || set->only_clients)
			tuplestore_putvalues(set->store, set->tuple_desc, values, nulls);
		if (delta != NULL)
			pfree(delta);
		CHECK_FOR_INTERRUPTS();
	}

	MemoryContextReset(set->context);
	set->clients = clients_create(set->context, INITIAL_CLIENTS, set);
	set->newest = NULL;
	set->used = 0;
	MemoryContextSwitchTo(context);
}

/* A key that is new to the set */
static DeltaEntry *
make_entry(DeltaSet *set, DeltaKey key)
{
	MemoryContext context = MemoryContextSwitchTo(set->context);
	DeltaEntry *entry = palloc(sizeof(DeltaEntry));

	if (!key.is_guest && !set->by_value)
	{
		key.client = set->length == -1
						 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(key.client))
						 : datumCopy(key.client, false, set->length);
		set->used += set->length == -1
						 ? VARSIZE_ANY(DatumGetPointer(key.client))
						 : datumGetSize(key.client, false, set->length);
	}
	if (key.group != NULL)
	{
		key.group = PG_DETOAST_DATUM_COPY(PointerGetDatum(key.group));
		set->used += VARSIZE_ANY(key.group);
	}
	entry->key = key;
	entry->count = 0;
	entry->capacity = 0;
	set->used += sizeof(DeltaEntry) + sizeof(DeltaPlace);
	MemoryContextSwitchTo(context);
	return entry;
}

static DeltaEntry *
find_entry(DeltaSet *set, DeltaKey key)
{
	DeltaEntry probe = {.key = key};
	DeltaPlace *place;
	uint32 hash;
	bool found;

	if (set->newest != NULL && same_client(set, set->newest, &probe))
		return set->newest;
	hash = hash_client(set, &probe);
	place = clients_lookup_hash(set->clients, &probe, hash);
	/* made first: what fails leaves nothing in the table */
	if (place == NULL)
		place = clients_insert_hash(set->clients, make_entry(set, key), hash,
									&found);
	set->newest = place->entry;
	return place->entry;
}

/* Room for one more day: join those that coincide first */
static void
make_room(DeltaSet *set, DeltaEntry *entry)
{
	size_t count = entry->count;
	uint32 capacity;

	if (entry->capacity == 0)
	{
		entry->days = MemoryContextAlloc(set->context,
										 INITIAL_DAYS * sizeof(HistoryDay));
		entry->days[0] = entry->day;
		entry->capacity = INITIAL_DAYS;
		set->used += INITIAL_DAYS * sizeof(HistoryDay);
		return;
	}
	history_check(history_sort(entry->days, &count));
	entry->count = (uint32) count;
	if (count <= entry->capacity / 2)
		return;
	capacity = entry->capacity * 2;
	entry->days = repalloc_huge(entry->days, capacity * sizeof(HistoryDay));
	set->used += (Size) entry->capacity * sizeof(HistoryDay);
	entry->capacity = capacity;
}

/* Add what a client bought, or took back, on a day */
void
delta_set_add(DeltaSet *set, const DeltaKey *key, const HistoryDay *day)
{
	DeltaEntry *entry = find_entry(set, *key);
	HistoryDay *days;

	if (!set->only_clients)
	{
		days = days_of(entry);
		if (entry->count > 0 && days[entry->count - 1].day == day->day)
			history_check(history_add_day(&days[entry->count - 1], day));
		else
		{
			if (entry->count == Max(entry->capacity, 1))
				make_room(set, entry);
			days_of(entry)[entry->count++] = *day;
		}
	}
	if (unlikely(set->used > set->limit))
		spill(set);
}

/*
 * All is added.  What may fail is done here, so that giving the deltas cannot:
 * they are encoded, or, if any were set aside, all of them are.
 */
void
delta_set_close(DeltaSet *set)
{
	MemoryContext context = MemoryContextSwitchTo(set->context);
	clients_iterator iterator;
	DeltaPlace *place;

	if (set->store != NULL)
		spill(set);
	else if (!set->only_clients)
	{
		clients_start_iterate(set->clients, &iterator);
		while ((place = clients_iterate(set->clients, &iterator)) != NULL)
			place->entry->delta = encode_delta(set, place->entry);
	}
	MemoryContextSwitchTo(context);
}

/* Free what the memory context does not */
void
delta_set_drop(DeltaSet *set)
{
	if (set->store != NULL)
		tuplestore_end(set->store);
	set->store = NULL;
}

static void
give_stored(DeltaSet *set, DeltaReceiver receiver, void *context)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(set->tuple_desc, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(set->store, true, false, slot))
	{
		DeltaKey key;
		bool has_no_group;
		bool has_no_delta;
		Datum group;
		Datum delta;

		key.client = slot_getattr(slot, 1, &key.is_guest);
		group = slot_getattr(slot, 2, &has_no_group);
		key.group =
			has_no_group ? NULL : (struct varlena *) DatumGetPointer(group);
		delta = slot_getattr(slot, 3, &has_no_delta);
		receiver(context, &key,
				 has_no_delta ? NULL
							  : (struct varlena *) DatumGetPointer(delta));
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* Give every key that changed, and its delta, to a receiver */
void
delta_set_give(DeltaSet *set, DeltaReceiver receiver, void *context)
{
	clients_iterator iterator;
	DeltaPlace *place;

	if (set->store != NULL)
	{
		give_stored(set, receiver, context);
		return;
	}
	clients_start_iterate(set->clients, &iterator);
	while ((place = clients_iterate(set->clients, &iterator)) != NULL)
	{
		const DeltaEntry *entry = place->entry;

		if (set->only_clients || entry->delta != NULL)
			receiver(context, &entry->key,
					 set->only_clients ? NULL : entry->delta);
	}
}
