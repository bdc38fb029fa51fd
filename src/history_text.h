/*
 * history_text.h
 *		The text form of a history, as it is read.  Pure, without a server, so
 *		that it can be fuzzed.
 */
#ifndef CLIENTCORE_HISTORY_TEXT_H
#define CLIENTCORE_HISTORY_TEXT_H

#include "history.h"

/*
 * A text being read: at begins as its first character, pause and grow are the
 * caller's, the rest is zero.  Neither of these two need return.
 */
typedef struct HistoryText
{
	const char *at;    /* in the end where it stopped */
	const char *error; /* what is wrong there, once something is */
	int scale;         /* of the amounts read so far */
	HistoryDay *days;  /* as they came */
	size_t count;
	size_t allocated;
	void (*pause)(void);                                 /* before every day */
	HistoryDay *(*grow)(HistoryDay *days, size_t count); /* room for so many */
} HistoryText;

extern bool history_parse(HistoryText *text);

#endif
