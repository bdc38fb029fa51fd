/*
 * sale_partitions.c
 *		Sales, divided so that all of a client lie together.
 *
 * Sales come in any order, of millions of clients: what is done for a client at
 * each sale has to fetch from memory what is known of it.  Appended to one of some
 * hundred partitions instead, chosen by the client, they take little more than the
 * time of writing them; and a partition, later, fits into the processor's cache.
 *
 * A partition is a list of chunks, in memory up to a limit and then in a temporary
 * file: a chunk that is full when the limit is reached is written to it, and its
 * room used again.
 */
#include "sale_partitions.h"

#include "port/pg_bitutils.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "history.h"

#define CHUNK_MIN_BYTES 1024
#define CHUNK_MAX_BYTES (128 * 1024)

/* A part of a partition, in memory or in the file */
struct SaleChunk
{
	SaleChunk *next;
	uint8 *data; /* NULL: in the file */
	Size size;
	Size used;
	int file;
	off_t offset;
};

typedef struct Partition
{
	uint8 *at;	/* where the next sale goes */
	uint8 *end; /* where it must not reach */
	SaleChunk *first;
	SaleChunk *last;
	uint64 count;
} Partition;

struct SalePartitions
{
	MemoryContext context;
	ResourceOwner owner;
	Size limit;
	Size used;
	Size chunk_max;
	BufFile *file;
	uint8 *buffer; /* for a chunk of the file */
	Size buffer_size;
	uint32 count;
	Partition partitions[FLEXIBLE_ARRAY_MEMBER];
};

/*
 * 2^count_bits partitions in the current memory context, of limit bytes of memory
 * or so; files belong to owner.
 */
SalePartitions *
sale_partitions_create(int count_bits, Size limit, ResourceOwner owner)
{
	uint32 count = 1 << count_bits;
	SalePartitions *partitions = palloc0(offsetof(SalePartitions, partitions) +
										 count * sizeof(Partition));

	partitions->context = CurrentMemoryContext;
	partitions->owner = owner;
	partitions->limit = limit;
	partitions->count = count;
	partitions->chunk_max =
		Min(CHUNK_MAX_BYTES, Max(CHUNK_MIN_BYTES, limit / count / 4));
	return partitions;
}

static void
open_file(SalePartitions *partitions)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext context = MemoryContextSwitchTo(partitions->context);

	CurrentResourceOwner = partitions->owner;
	partitions->file = BufFileCreateTemp(false);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(context);
}

/* Write a chunk to the file, and give what its room was */
static uint8 *
write_chunk(SalePartitions *partitions, SaleChunk *chunk)
{
	uint8 *room = chunk->data;

	if (partitions->file == NULL)
		open_file(partitions);
	BufFileTell(partitions->file, &chunk->file, &chunk->offset);
	BufFileWrite(partitions->file, room, chunk->used);
	chunk->data = NULL;
	partitions->used -= chunk->size;
	return room;
}

/* Begin another chunk, in which a sale of so many bytes has room */
static void
next_chunk(SalePartitions *partitions, Partition *partition, Size needed)
{
	SaleChunk *full = partition->last;
	SaleChunk *chunk =
		MemoryContextAllocZero(partitions->context, sizeof(SaleChunk));

	chunk->size = CHUNK_MIN_BYTES;
	if (full != NULL)
	{
		full->used = partition->at - full->data;
		full->next = chunk;
		chunk->size = Min(2 * full->size, partitions->chunk_max);
	}
	else
		partition->first = chunk;
	partition->last = chunk;
	chunk->size = Max(chunk->size, needed + SALE_SLACK);

	if (full != NULL && partitions->used + chunk->size > partitions->limit)
	{
		chunk->data = write_chunk(partitions, full);
		if (full->size != chunk->size)
		{
			pfree(chunk->data);
			chunk->data = NULL;
		}
	}
	if (chunk->data == NULL)
		chunk->data = MemoryContextAllocHuge(partitions->context, chunk->size);
	partitions->used += chunk->size;
	partition->at = chunk->data;
	partition->end = chunk->data + chunk->size - SALE_SLACK;
}

static inline void
store(uint8 *at, uint64 value)
{
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	memcpy(at, &value, sizeof(value));
}

/* How many bytes a number needs */
static inline int
bytes_of(uint64 value)
{
	return value == 0 ? 0 : pg_leftmost_one_pos64(value) / 8 + 1;
}

/* Append a sale, and a key if it has a size */
void
sale_partitions_add(SalePartitions *partitions, uint32 number,
					const PackedSale *sale, const void *key, uint32 key_size)
{
	Partition *partition = &partitions->partitions[number];
	Size needed = SALE_MAX_BYTES + (key_size > 0 ? 4 + key_size : 0);
	uint64 client = zigzag(sale->client);
	uint64 amount = zigzag(sale->amount);
	int client_bytes = bytes_of(client);
	int amount_bytes = bytes_of(amount);
	uint32 token = (uint16) sale->day | client_bytes << SALE_KEY_SHIFT |
				   amount_bytes << SALE_AMOUNT_SHIFT |
				   (uint32) sale->scale << SALE_SCALE_SHIFT;
	uint8 *at;

	if (unlikely((Size) (partition->end - partition->at) < needed))
		next_chunk(partitions, partition, needed);
	at = partition->at;

	if (sale->has_profit)
		token |= SALE_HAS_PROFIT;
	if (unlikely(sale->day != (int16) sale->day))
	{
		memcpy(at + 4, &sale->day, sizeof(sale->day));
		token |= SALE_HAS_LONG_DAY;
	}
	memcpy(at, &token, sizeof(token));
	at += (token & SALE_HAS_LONG_DAY) ? 8 : 4;
	store(at, client);
	at += client_bytes;
	store(at, amount);
	at += amount_bytes;
	if (sale->has_profit)
	{
		uint64 profit = zigzag(sale->profit);

		*at++ = (uint8) bytes_of(profit);
		store(at, profit);
		at += bytes_of(profit);
	}
	if (key_size > 0)
	{
		memcpy(at, &key_size, sizeof(key_size));
		memcpy(at + 4, key, key_size);
		at += 4 + key_size;
	}
	partition->at = at;
	partition->count++;
}

/* How many sales a partition has */
uint64
sale_partitions_count(const SalePartitions *partitions, uint32 number)
{
	return partitions->partitions[number].count;
}

/* Begin to read a partition.  It can be read once: what was read is freed. */
void
sale_partitions_read(SalePartitions *partitions, uint32 number,
					 SaleCursor *cursor)
{
	Partition *partition = &partitions->partitions[number];

	if (partition->at != NULL)
		partition->last->used = partition->at - partition->last->data;
	cursor->partitions = partitions;
	cursor->chunk = NULL;
	cursor->next = partition->first;
	cursor->at = NULL;
	cursor->end = NULL;
	memset(partition, 0, sizeof(*partition));
}

static void
free_chunk(SalePartitions *partitions, SaleChunk *chunk)
{
	if (chunk->data != NULL)
	{
		partitions->used -= chunk->size;
		pfree(chunk->data);
	}
	pfree(chunk);
}

static const uint8 *
read_chunk(SalePartitions *partitions, const SaleChunk *chunk)
{
	if (partitions->buffer_size < chunk->used + SALE_SLACK)
	{
		if (partitions->buffer != NULL)
			pfree(partitions->buffer);
		partitions->buffer = NULL;
		partitions->buffer_size = chunk->used + SALE_SLACK;
		partitions->buffer = MemoryContextAllocHuge(partitions->context,
													partitions->buffer_size);
	}
	if (BufFileSeek(partitions->file, chunk->file, chunk->offset, SEEK_SET) !=
			0 ||
		BufFileRead(partitions->file, partitions->buffer, chunk->used) !=
			chunk->used)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not read sales from temporary file")));
	return partitions->buffer;
}

/* Turn to the next chunk; false behind the last */
bool
sale_cursor_next_chunk(SaleCursor *cursor)
{
	SalePartitions *partitions = cursor->partitions;

	if (cursor->chunk != NULL)
		free_chunk(partitions, cursor->chunk);
	cursor->chunk = cursor->next;
	if (cursor->chunk == NULL)
		return false;
	cursor->next = cursor->chunk->next;
	cursor->at = cursor->chunk->data != NULL
					 ? cursor->chunk->data
					 : read_chunk(partitions, cursor->chunk);
	cursor->end = cursor->at + cursor->chunk->used;
	return true;
}

/* Free what the memory context does not */
void
sale_partitions_drop(SalePartitions *partitions)
{
	if (partitions->file != NULL)
		BufFileClose(partitions->file);
	partitions->file = NULL;
}
