/*
 * decoder.c
 *		Fuzzes what reads the bytes of a history: whatever they are, they are
 *		refused or have one meaning, which written again is the same bytes.
 */
#include "../../src/history.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = exact_copy(data, size);
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryDay day;
	HistoryStatus status;

	/* the header alone, as where only the first bytes of a value are read */
	for (size_t prefix = 0;
		 prefix <= size && prefix <= HISTORY_HEADER_MAX_BYTES; prefix++)
	{
		uint8_t *begin = exact_copy(data, prefix);

		(void) history_open_prefix(begin, prefix, &header);
		free(begin);
	}
	status = history_open(bytes, size, &header);
	if (status == HISTORY_OK)
	{
		uint64_t count = 0;

		history_rewind(&header, &cursor);
		while ((status = history_next(&cursor, &day)) == HISTORY_OK)
			count++;
		HOLDS(count <= header.day_count && count <= size);
		if (header.day_count <= size)
		{
			size_t days_size = header.day_count * sizeof(HistoryDay);
			HistoryDay *days = malloc(days_size > 0 ? days_size : 1);
			uint8_t *scratch = malloc(history_bound(header.day_count));

			HOLDS(days != NULL && scratch != NULL);
			if (history_validate(bytes, size, days, scratch) == HISTORY_OK)
			{
				size_t length;
				HistoryStatus compared;
				HistoryHeader again;

				HOLDS(status == HISTORY_END && count == header.day_count);
				HOLDS(history_encode(days, header.day_count, header.scale,
									 scratch, &length) == HISTORY_OK);
				HOLDS(length == size && memcmp(scratch, bytes, size) == 0);
				HOLDS(history_open(scratch, length, &again) == HISTORY_OK);
				HOLDS(history_compare(&header, &again, &compared) == 0 &&
					  compared == HISTORY_OK);
			}
			free(days);
			free(scratch);
		}
	}
	free(bytes);
	return 0;
}
