/*
 * fuzz.h
 *		What the fuzzers share: input taken apart, and what must hold.
 */
#ifndef CLIENTCORE_FUZZ_H
#define CLIENTCORE_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a fuzzer looks for, beside what the sanitizers find */
#define HOLDS(condition)                                                      \
	do                                                                        \
	{                                                                         \
		if (!(condition))                                                     \
		{                                                                     \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
					#condition);                                              \
			abort();                                                          \
		}                                                                     \
	} while (0)

typedef struct Input
{
	const uint8_t *at;
	size_t left;
} Input;

/* The next bytes; zeros after the end */
static inline void
take(Input *input, void *to, size_t size)
{
	size_t known = size < input->left ? size : input->left;

	memset(to, 0, size);
	if (known > 0)
		memcpy(to, input->at, known);
	input->at += known;
	input->left -= known;
}

static inline uint8_t
take_byte(Input *input)
{
	uint8_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline int64_t
take_int64(Input *input)
{
	int64_t value;

	take(input, &value, sizeof(value));
	return value;
}

/* A copy that ends where the data end, so that a byte too far is found */
static inline uint8_t *
exact_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	HOLDS(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

#endif
