/*
 * client_keys.h
 *		Keys of clients as numbers.
 */
#ifndef CLIENTCORE_CLIENT_KEYS_H
#define CLIENTCORE_CLIENT_KEYS_H

#include "compat.h"

typedef struct ClientKeys ClientKeys;

extern ClientKeys *client_keys_create(Oid type, Oid collation, Size limit);
extern int client_keys_number_length(const ClientKeys *keys);
extern bool client_keys_are_by_value(const ClientKeys *keys);
extern uint32 client_keys_count(const ClientKeys *keys);
extern bool client_keys_are_hashed(const ClientKeys *keys);
extern bool client_keys_number(ClientKeys *keys, Datum key, int64 *number);
extern uint32 client_keys_hash(ClientKeys *keys, Datum packed, Size size);
extern void client_keys_fetch_slot(const ClientKeys *keys, uint32 hash);
extern void client_keys_fetch_key(const ClientKeys *keys, uint32 hash);
extern bool client_keys_find(ClientKeys *keys, Datum packed, Size size,
							 uint32 hash, int64 *number);
extern Datum client_keys_value(const ClientKeys *keys, int64 number);
extern Datum client_keys_pack(const ClientKeys *keys, Datum key, Size *size);
extern Datum client_keys_unpack(const ClientKeys *keys, const void *packed);

/* The number that a key of so many bytes is, without what is not of its value */
static inline int64
client_key_as_number(Datum key, int length)
{
	if (length == 4)
		return (int32) key;
	if (length == 8)
		return (int64) key;
	return length == 2 ? (int16) key : (int8) key;
}

#endif
