/*
 * sale_partitions.h
 *		Sales, divided so that all of a client lie together.
 */
#ifndef CLIENTCORE_SALE_PARTITIONS_H
#define CLIENTCORE_SALE_PARTITIONS_H

#include "compat.h"

#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"
#include "storage/buffile.h"
#include "utils/resowner.h"

#include "history.h"

typedef struct SaleChunk SaleChunk;

/* The sales of some clients: a list of chunks, of which the last is written */
typedef struct SalePartition
{
	uint8 *at;  /* where the next sale goes */
	uint8 *end; /* where it must not reach */
	SaleChunk *first;
	SaleChunk *last;
	uint64 count;
} SalePartition;

/* All of them; within the limit chunks are in memory, then in the file */
typedef struct SalePartitions
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
	SalePartition partitions[FLEXIBLE_ARRAY_MEMBER];
} SalePartitions;

/* A sale; amount and profit are at the one scale */
typedef struct PackedSale
{
	int64 client;
	int32 day;
	int scale;
	bool has_profit;
	int64 amount;
	int64 profit;
} PackedSale;

/* A walk over the sales of a partition */
typedef struct SaleCursor
{
	SalePartitions *partitions;
	SaleChunk *chunk; /* that is read */
	SaleChunk *next;
	const uint8 *at;
	const uint8 *end;
} SaleCursor;

extern SalePartitions *sale_partitions_create(int count_bits, Size limit,
											  ResourceOwner owner);
extern void sale_partitions_next_chunk(SalePartitions *partitions,
									   SalePartition *partition, Size needed);
extern uint64 sale_partitions_count(const SalePartitions *partitions,
									uint32 partition);
extern void sale_partitions_read(SalePartitions *partitions, uint32 partition,
								 SaleCursor *cursor);
extern bool sale_cursor_next_chunk(SaleCursor *cursor);
extern void sale_partitions_drop(SalePartitions *partitions);

/*
 * The form of a sale: four bytes that say how long the others are and hold most
 * days, then the client, the amount and the profit, each in as few bytes as it
 * needs.  Written and read without a branch that depends on the values.
 */
#define SALE_KEY_SHIFT 16    /* 4 bits: bytes of the client */
#define SALE_AMOUNT_SHIFT 20 /* 4 bits: bytes of the amount */
#define SALE_SCALE_SHIFT 24  /* 5 bits */
#define SALE_HAS_PROFIT (UINT32_C(1) << 29)
#define SALE_HAS_LONG_DAY (UINT32_C(1) << 30)
#define SALE_MAX_BYTES (4 + 4 + 8 + 8 + 1 + 8)

/* Numbers are written and read as eight bytes */
#define SALE_SLACK 8

static inline uint64
sale_load(const uint8 *at)
{
	uint64 value;

	memcpy(&value, at, sizeof(value));
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	return value;
}

static inline uint64
sale_load_bytes(const uint8 *at, int bytes)
{
	return sale_load(at) & (~UINT64_C(0) >> (64 - 8 * bytes));
}

static inline void
sale_store(uint8 *at, uint64 value)
{
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	memcpy(at, &value, sizeof(value));
}

/* How many bytes a number needs: at least one */
static inline int
sale_bytes_of(uint64 value)
{
	return pg_leftmost_one_pos64(value | 1) / 8 + 1;
}

/* Append a sale, and a key if it has a size */
static pg_attribute_always_inline void
sale_partitions_add(SalePartitions *partitions, uint32 number,
					const PackedSale *sale, const void *key, uint32 key_size)
{
	SalePartition *partition = &partitions->partitions[number];
	Size needed = SALE_MAX_BYTES + (key_size > 0 ? 4 + key_size : 0);
	uint64 client = zigzag(sale->client);
	uint64 amount = zigzag(sale->amount);
	int client_bytes = sale_bytes_of(client);
	int amount_bytes = sale_bytes_of(amount);
	uint32 token = (uint16) sale->day | client_bytes << SALE_KEY_SHIFT |
				   amount_bytes << SALE_AMOUNT_SHIFT |
				   (uint32) sale->scale << SALE_SCALE_SHIFT;
	uint8 *at;

	if (unlikely((Size) (partition->end - partition->at) < needed))
		sale_partitions_next_chunk(partitions, partition, needed);
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
	sale_store(at, client);
	at += client_bytes;
	sale_store(at, amount);
	at += amount_bytes;
	if (sale->has_profit)
	{
		uint64 profit = zigzag(sale->profit);

		*at++ = (uint8) sale_bytes_of(profit);
		sale_store(at, profit);
		at += sale_bytes_of(profit);
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

/* Read a sale and step behind it */
static inline void
sale_unpack(const uint8 **at, PackedSale *sale)
{
	const uint8 *p = *at;
	uint32 token;
	int key_bytes;
	int amount_bytes;

	memcpy(&token, p, sizeof(token));
	p += sizeof(token);
	key_bytes = (token >> SALE_KEY_SHIFT) & 15;
	amount_bytes = (token >> SALE_AMOUNT_SHIFT) & 15;
	sale->day = (int16) (token & 0xffff);
	if (unlikely(token & SALE_HAS_LONG_DAY))
	{
		memcpy(&sale->day, p, sizeof(sale->day));
		p += sizeof(sale->day);
	}
	sale->scale = (token >> SALE_SCALE_SHIFT) & 31;
	sale->client = unzigzag(sale_load_bytes(p, key_bytes));
	p += key_bytes;
	sale->amount = unzigzag(sale_load_bytes(p, amount_bytes));
	p += amount_bytes;
	sale->has_profit = (token & SALE_HAS_PROFIT) != 0;
	sale->profit = 0;
	if (sale->has_profit)
	{
		int profit_bytes = *p++;

		sale->profit = unzigzag(sale_load_bytes(p, profit_bytes));
		p += profit_bytes;
	}
	*at = p;
}

/* Step over the key that may follow a sale: its address and its size */
static inline const uint8 *
sale_unpack_key(const uint8 **at, uint32 *size)
{
	const uint8 *key;

	memcpy(size, *at, sizeof(*size));
	key = *at + sizeof(*size);
	*at = key + *size;
	return key;
}

#endif
