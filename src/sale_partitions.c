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

#include "storage/buffile.h"
#include "utils/memutils.h"

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

/*
 * 2^count_bits partitions in the current memory context, of limit bytes of memory
 * or so; files belong to owner.
 */
SalePartitions *
sale_partitions_create(int count_bits, Size limit, ResourceOwner owner)
{
	uint32 count = 1 << count_bits;
	SalePartitions *partitions = palloc0(offsetof(SalePartitions, partitions) +
										 count * sizeof(SalePartition));

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
void
sale_partitions_next_chunk(SalePartitions *partitions,
						   SalePartition *partition, Size needed)
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
	SalePartition *partition = &partitions->partitions[number];

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
