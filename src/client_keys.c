/*
 * client_keys.c
 *		Keys of clients as numbers.
 *
 * What is kept of each sale is of one size if its client is a number.  A key
 * that is passed by value, and equal to another only if its bits are, is such a
 * number itself.  Any other key is stored once, and its number says where.
 *
 * Keys are told apart by their bytes where equal keys have equal bytes, which the
 * type's B-tree operator class tells; else by the type's functions of hash and
 * equality; and where it has no hash function, by its order.
 *
 * Beyond a limit of memory no more keys are stored, and those that are unknown by
 * then have no number.  (Keys without a hash always have one: there would be no
 * other way to bring equal ones together.)
 */
#include "client_keys.h"

#include "access/nbtree.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "lib/rbtree.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

/* Keys lie in blocks; a number counts units of eight bytes in all of them */
#define UNIT 8
#define BLOCK_BITS 13
#define BLOCK_UNITS (1 << BLOCK_BITS)
#define BLOCK_BYTES (BLOCK_UNITS * UNIT)
#define UNITS_MAX PG_UINT32_MAX

#define INITIAL_SLOTS 256

typedef enum KeyKind
{
	KEY_NUMBER, /* its own number */
	KEY_IMAGE,  /* equal if its bytes are */
	KEY_HASHED, /* the type has a hash function */
	KEY_ORDERED /* it has an order alone */
} KeyKind;

/* A place in the hash table of keys */
typedef struct KeySlot
{
	uint32 hash;
	uint32 place; /* number of the key + 1; 0: free */
} KeySlot;

/* A key in the tree of those that have an order alone */
typedef struct KeyNode
{
	RBTNode node;
	Datum key;
	int64 number; /* -1: sought for */
} KeyNode;

struct ClientKeys
{
	KeyKind kind;
	int16 length;
	bool by_value;
	Oid collation;
	MemoryContext context;
	Size limit;
	Size used;
	bool is_full;

	FmgrInfo hash;
	FmgrInfo equal;
	FmgrInfo compare;

	char **blocks;
	uint32 block_count;
	uint32 block_capacity;
	uint32 next; /* unit that is free */
	uint32 end;  /* of the last block */

	KeySlot *slots;
	uint32 slot_count; /* a power of two */
	uint32 key_count;
	RBTree *tree;
};

/* Whether keys that are equal have equal bytes */
static bool
equals_by_image(const TypeCacheEntry *entry, Oid type, Oid collation)
{
	Oid procedure;

	/* its operator class says so, but of what a column of char(n) holds */
	if (type == BPCHAROID || !OidIsValid(entry->btree_opf))
		return false;
	procedure = get_opfamily_proc(entry->btree_opf, entry->btree_opintype,
								  entry->btree_opintype, BTEQUALIMAGE_PROC);
	return OidIsValid(procedure) &&
		   DatumGetBool(OidFunctionCall1Coll(
			   procedure, collation, ObjectIdGetDatum(entry->btree_opintype)));
}

static int
compare_nodes(const RBTNode *left, const RBTNode *right, void *arg)
{
	ClientKeys *keys = arg;

	return DatumGetInt32(FunctionCall2Coll(&keys->compare, keys->collation,
										   ((const KeyNode *) left)->key,
										   ((const KeyNode *) right)->key));
}

/* Only keys that are not there yet are put into the tree */
static void
combine_nodes(RBTNode *existing, const RBTNode *new, void *arg)
{
	elog(ERROR, "client key is known already");
}

static RBTNode *
allocate_node(void *arg)
{
	return MemoryContextAlloc(((ClientKeys *) arg)->context, sizeof(KeyNode));
}

static void
free_node(RBTNode *node, void *arg)
{
	pfree(node);
}

/*
 * A set of keys of a type in the current memory context.  limit bounds the memory
 * of the keys; 0: there is none.
 */
ClientKeys *
client_keys_create(Oid type, Oid collation, Size limit)
{
	ClientKeys *keys = palloc0(sizeof(ClientKeys));
	TypeCacheEntry *entry;

	type = getBaseType(type);
	entry = lookup_type_cache(
		type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_HASH_PROC_FINFO |
				  TYPECACHE_EQ_OPR_FINFO | TYPECACHE_CMP_PROC_FINFO);
	get_typlenbyval(type, &keys->length, &keys->by_value);
	keys->collation = collation;
	keys->context = CurrentMemoryContext;
	keys->limit = limit;

	if (equals_by_image(entry, type, collation))
		keys->kind = keys->by_value ? KEY_NUMBER : KEY_IMAGE;
	else if (OidIsValid(entry->hash_proc_finfo.fn_oid) &&
			 OidIsValid(entry->eq_opr_finfo.fn_oid))
		keys->kind = KEY_HASHED;
	else if (OidIsValid(entry->cmp_proc_finfo.fn_oid))
		keys->kind = KEY_ORDERED;
	else
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("type %s has no equality and order to tell "
							   "clients by",
							   format_type_be(type))));

	switch (keys->kind)
	{
		case KEY_NUMBER:
			return keys;
		case KEY_ORDERED:
			fmgr_info_copy(&keys->compare, &entry->cmp_proc_finfo,
						   keys->context);
			keys->tree =
				rbt_create(sizeof(KeyNode), compare_nodes, combine_nodes,
						   allocate_node, free_node, keys);
			return keys;
		case KEY_HASHED:
			fmgr_info_copy(&keys->hash, &entry->hash_proc_finfo,
						   keys->context);
			fmgr_info_copy(&keys->equal, &entry->eq_opr_finfo, keys->context);
			break;
		case KEY_IMAGE:
			break;
	}
	keys->slot_count = INITIAL_SLOTS;
	keys->slots = palloc0(keys->slot_count * sizeof(KeySlot));
	return keys;
}

/* Of how many bytes keys are that are their own numbers; 0: they are stored */
int
client_keys_number_length(const ClientKeys *keys)
{
	return keys->kind == KEY_NUMBER ? keys->length : 0;
}

/* How many keys are stored */
uint32
client_keys_count(const ClientKeys *keys)
{
	return keys->key_count;
}

/* Whether a packed key is the Datum itself */
bool
client_keys_are_by_value(const ClientKeys *keys)
{
	return keys->by_value;
}

static void *
place_of(const ClientKeys *keys, uint32 number)
{
	return keys->blocks[number >> BLOCK_BITS] +
		   (Size) (number & (BLOCK_UNITS - 1)) * UNIT;
}

/* A key stored at an address, as a value */
Datum
client_keys_unpack(const ClientKeys *keys, const void *packed)
{
	Datum value;

	if (!keys->by_value)
		return PointerGetDatum(packed);
	memcpy(&value, packed, sizeof(value));
	return value;
}

/*
 * A key as it is stored, in so many bytes from an address that the result points
 * to, or as the Datum itself where it is passed by value.
 */
Datum
client_keys_pack(const ClientKeys *keys, Datum key, Size *size)
{
	if (keys->by_value)
	{
		*size = sizeof(Datum);
		return key;
	}
	if (keys->length == -1)
	{
		/* functions would make the longer header again at every call */
		struct varlena *value = keys->kind == KEY_IMAGE
									? PG_DETOAST_DATUM_PACKED(key)
									: PG_DETOAST_DATUM(key);

		*size = VARSIZE_ANY(value);
		return PointerGetDatum(value);
	}
	*size = datumGetSize(key, false, keys->length);
	return key;
}

/* Room for a key; one that is longer than a block has several in a row */
static uint32
reserve(ClientKeys *keys, Size size)
{
	Size units = (size + UNIT - 1) / UNIT;
	Size blocks;
	char *room;
	uint32 number;

	if (units > keys->end - keys->next)
	{
		blocks = (units + BLOCK_UNITS - 1) / BLOCK_UNITS;
		if (((Size) keys->block_count + blocks) * BLOCK_UNITS > UNITS_MAX)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("too many clients")));
		while (keys->block_count + blocks > keys->block_capacity)
		{
			uint32 capacity = Max(8, keys->block_capacity * 2);
			char **larger = MemoryContextAllocHuge(keys->context,
												   capacity * sizeof(char *));

			if (keys->blocks != NULL)
			{
				memcpy(larger, keys->blocks,
					   keys->block_count * sizeof(char *));
				pfree(keys->blocks);
			}
			keys->blocks = larger;
			keys->block_capacity = capacity;
		}
		room = MemoryContextAllocHuge(keys->context, blocks * BLOCK_BYTES);
		keys->next = keys->block_count << BLOCK_BITS;
		for (Size i = 0; i < blocks; i++)
			keys->blocks[keys->block_count++] = room + i * BLOCK_BYTES;
		keys->end = keys->block_count << BLOCK_BITS;
		keys->used += blocks * BLOCK_BYTES;
	}
	number = keys->next;
	keys->next += units;
	return number;
}

static uint32
store(ClientKeys *keys, Datum packed, Size size)
{
	uint32 number = reserve(keys, size);

	if (keys->by_value)
		memcpy(place_of(keys, number), &packed, size);
	else
		memcpy(place_of(keys, number), DatumGetPointer(packed), size);
	keys->key_count++;
	return number;
}

static bool
equal_packed(ClientKeys *keys, Datum left, Size left_size, Datum right)
{
	const char *a = DatumGetPointer(left);
	const char *b = DatumGetPointer(right);

	if (keys->kind == KEY_HASHED)
		return DatumGetBool(
			FunctionCall2Coll(&keys->equal, keys->collation, left, right));
	if (keys->length == -1)
		return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
			   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) ==
				   0;
	return left_size == (Size) datumGetSize(right, false, keys->length) &&
		   memcmp(a, b, left_size) == 0;
}

static KeySlot *
free_slot(KeySlot *slots, uint32 slot_count, uint32 hash)
{
	uint32 at = hash & (slot_count - 1);

	while (slots[at].place != 0)
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

static void
enlarge_slots(ClientKeys *keys)
{
	uint32 larger_count = keys->slot_count * 2;
	KeySlot *larger = MemoryContextAllocExtended(
		keys->context, (Size) larger_count * sizeof(KeySlot),
		MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (uint32 i = 0; i < keys->slot_count; i++)
	{
		if (keys->slots[i].place != 0)
			*free_slot(larger, larger_count, keys->slots[i].hash) =
				keys->slots[i];
	}
	pfree(keys->slots);
	keys->slots = larger;
	keys->slot_count = larger_count;
}

/* Whether keys are found by a hash */
bool
client_keys_are_hashed(const ClientKeys *keys)
{
	return keys->kind == KEY_IMAGE || keys->kind == KEY_HASHED;
}

/* The hash of a packed key */
uint32
client_keys_hash(ClientKeys *keys, Datum packed, Size size)
{
	const char *at = DatumGetPointer(packed);

	if (keys->kind == KEY_HASHED)
		return murmurhash32(DatumGetUInt32(
			FunctionCall1Coll(&keys->hash, keys->collation, packed)));
	if (keys->length == -1)
		return hash_bytes((const unsigned char *) VARDATA_ANY(at),
						  VARSIZE_ANY_EXHDR(at));
	return hash_bytes((const unsigned char *) at, size);
}

/*
 * Finding a key waits for memory twice.  Who has several to find has memory fetch
 * what the first step needs for all of them, then what the second does.
 */
void
client_keys_fetch_slot(const ClientKeys *keys, uint32 hash)
{
	__builtin_prefetch(&keys->slots[hash & (keys->slot_count - 1)]);
}

void
client_keys_fetch_key(const ClientKeys *keys, uint32 hash)
{
	const KeySlot *slot = &keys->slots[hash & (keys->slot_count - 1)];

	if (slot->place != 0)
		__builtin_prefetch(place_of(keys, slot->place - 1));
}

/* The number of a packed key; false where it is unknown and there is no room */
bool
client_keys_find(ClientKeys *keys, Datum packed, Size size, uint32 hash,
				 int64 *number)
{
	uint32 at = hash & (keys->slot_count - 1);
	KeySlot *slot;

	while ((slot = &keys->slots[at])->place != 0)
	{
		if (slot->hash == hash &&
			equal_packed(
				keys, packed, size,
				client_keys_unpack(keys, place_of(keys, slot->place - 1))))
		{
			*number = slot->place - 1;
			return true;
		}
		at = (at + 1) & (keys->slot_count - 1);
	}

	if (keys->is_full)
		return false;
	*number = store(keys, packed, size);
	slot->hash = hash;
	slot->place = (uint32) *number + 1;
	if (keys->key_count > keys->slot_count / 2)
	{
		keys->is_full =
			keys->limit > 0 &&
			keys->used + 2 * keys->slot_count * sizeof(KeySlot) >= keys->limit;
		if (!keys->is_full)
			enlarge_slots(keys);
	}
	if (keys->limit > 0 &&
		keys->used + keys->slot_count * sizeof(KeySlot) >= keys->limit)
		keys->is_full = true;
	return true;
}

static int64
number_by_order(ClientKeys *keys, Datum key)
{
	KeyNode wanted = {.key = key, .number = -1};
	KeyNode *found = (KeyNode *) rbt_find(keys->tree, &wanted.node);
	bool is_new;
	Size size;
	Datum packed;

	if (found != NULL)
		return found->number;
	packed = client_keys_pack(keys, key, &size);
	wanted.number = store(keys, packed, size);
	wanted.key = client_keys_unpack(keys, place_of(keys, wanted.number));
	rbt_insert(keys->tree, &wanted.node, &is_new);
	return wanted.number;
}

/*
 * The number of a key; false where it is unknown and there is no room, which cannot
 * be where there is no limit.
 */
bool
client_keys_number(ClientKeys *keys, Datum key, int64 *number)
{
	Size size;
	Datum packed;

	switch (keys->kind)
	{
		case KEY_NUMBER:
			*number = client_key_as_number(key, keys->length);
			return true;
		case KEY_ORDERED:
			*number = number_by_order(keys, key);
			return true;
		case KEY_IMAGE:
		case KEY_HASHED:
			break;
	}
	packed = client_keys_pack(keys, key, &size);
	return client_keys_find(keys, packed, size,
							client_keys_hash(keys, packed, size), number);
}

/* The key of a number; by reference it stays where it is stored */
Datum
client_keys_value(const ClientKeys *keys, int64 number)
{
	if (keys->kind == KEY_NUMBER)
		return (Datum) number;
	return client_keys_unpack(keys, place_of(keys, (uint32) number));
}
