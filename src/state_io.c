/*
 * state_io.c
 *		Text form of the SQL types that are states of aggregates.
 *
 * Nobody reads a state; engines that split aggregates over servers ship it.
 * Its text is its bytes in hexadecimal digits, whatever bytea_output says.
 */
#include "state_io.h"

#include "utils/builtins.h"

bytea *
state_bytes_from_text(const char *text, const char *type)
{
	size_t length = strlen(text);
	bytea *bytes;

	if (length < 2 || length % 2 != 0 || text[0] != '\\' || text[1] != 'x')
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type %s", type)));
	bytes = palloc(VARHDRSZ + length / 2);
	SET_VARSIZE(bytes,
				VARHDRSZ + hex_decode(text + 2, length - 2, VARDATA(bytes)));
	return bytes;
}

char *
state_bytes_to_text(const bytea *bytes)
{
	size_t length = VARSIZE(bytes) - VARHDRSZ;
	char *text = palloc(2 + 2 * length + 1);

	text[0] = '\\';
	text[1] = 'x';
	text[2 + hex_encode(VARDATA(bytes), length, text + 2)] = '\0';
	return text;
}

/* Where the states of an aggregate live; refuses to be called outside of one */
MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}
