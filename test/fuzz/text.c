/*
 * text.c
 *		Fuzzes what reads the text of a history: it is refused with a word and a
 *		place, or becomes bytes that hold.
 */
#include "../../src/history_text.h"
#include "fuzz.h"

static void
pause_never(void)
{
}

static HistoryDay *
grow(HistoryDay *days, size_t count)
{
	HistoryDay *grown = realloc(days, count * sizeof(HistoryDay));

	HOLDS(grown != NULL);
	return grown;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	HistoryText read = {.at = text, .pause = pause_never, .grow = grow};

	HOLDS(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (history_parse(&read))
	{
		HOLDS(read.error == NULL && *read.at == '\0');
		if (history_sort(read.days, &read.count) == HISTORY_OK)
		{
			uint8_t *bytes = malloc(history_bound(read.count));
			size_t length;

			HOLDS(bytes != NULL);
			if (history_encode(read.days, read.count, read.scale, bytes,
							   &length) == HISTORY_OK)
			{
				HistoryDay *days = malloc((read.count > 0 ? read.count : 1) *
										  sizeof(HistoryDay));
				uint8_t *scratch = malloc(history_bound(read.count));

				HOLDS(days != NULL && scratch != NULL &&
					  length <= history_bound(read.count));
				HOLDS(history_validate(bytes, length, days, scratch) ==
					  HISTORY_OK);
				free(days);
				free(scratch);
			}
			free(bytes);
		}
	}
	else
		HOLDS(read.error != NULL && read.at >= text && read.at <= text + size);
	free(read.days);
	free(text);
	return 0;
}
