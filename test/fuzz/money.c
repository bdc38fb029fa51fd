/*
 * money.c
 *		Fuzzes exact amounts: what is read is written back the same, scales
 *		change nothing, an overflow is said and never happens, and days of
 *		histories add up and away again.
 */
#include "../../src/decimal.h"
#include "../../src/history.h"
#include "fuzz.h"

static void
check_text(const char *text, size_t length)
{
	Decimal decimal;
	Decimal again;
	char written[DECIMAL_TEXT_SIZE];
	size_t written_length;

	if (decimal_parse(text, length, &decimal) != DECIMAL_OK)
		return;
	HOLDS(decimal.scale >= 0 && decimal.scale <= DECIMAL_MAX_SCALE);
	HOLDS(decimal.scale == 0 || decimal.coefficient % 10 != 0);
	written_length =
		decimal_format(written, decimal.coefficient, decimal.scale);
	HOLDS(written_length < DECIMAL_TEXT_SIZE &&
		  strlen(written) == written_length);
	HOLDS(decimal_parse(written, written_length, &again) == DECIMAL_OK);
	HOLDS(again.coefficient == decimal.coefficient &&
		  again.scale == decimal.scale);
}

static void
check_scales(int64_t value, int scale, int by, int64_t other, int other_scale)
{
	int64_t raised = value;
	int needed = scale_needed(value, scale);
	int order = decimal_compare(value, scale, other, other_scale);

	HOLDS(needed >= 0 && needed <= scale);
	HOLDS(order == -decimal_compare(other, other_scale, value, scale));
	HOLDS(decimal_compare(value, scale, value, scale) == 0);
	if (int64_raise_scale(&raised, by))
	{
		HOLDS(decimal_compare(value, scale, raised, scale + by) == 0);
		HOLDS(raised / power_of_ten[by] == value);
	}
	else
		HOLDS(value > INT64_MAX / power_of_ten[by] ||
			  value < -INT64_MAX / power_of_ten[by]);
}

static void
check_days(Input *input)
{
	HistoryDay days[16];
	HistoryDay rescaled[16];
	HistoryDay merged[32];
	size_t count = 0;
	size_t merged_count;
	uint64_t digest;
	int by = take_byte(input) % (INT64_MAX_SCALE + 1);

	while (count < 16 && input->left > 0)
	{
		HistoryDay *day = &days[count++];

		memset(day, 0, sizeof(*day));
		day->day = (int32_t) (take_int64(input) % 5000);
		day->sales = take_int64(input) >> (take_byte(input) & 63);
		day->returns = take_int64(input) >> (take_byte(input) & 63);
		day->sold = take_int64(input) >> (take_byte(input) & 63);
		day->returned = take_int64(input) >> (take_byte(input) & 63);
		day->profit_count = take_int64(input) >> (take_byte(input) & 63);
		day->profit = take_int64(input) >> (take_byte(input) & 63);
	}
	if (history_sort(days, &count) != HISTORY_OK)
		return;
	for (size_t i = 0; i < count; i++)
	{
		HOLDS(i == 0 || days[i - 1].day < days[i].day);
		/* what the format does not hold cannot be negated */
		if (days[i].sales == INT64_MIN || days[i].returns == INT64_MIN ||
			days[i].sold == INT64_MIN || days[i].returned == INT64_MIN ||
			days[i].profit_count == INT64_MIN || days[i].profit == INT64_MIN)
			return;
	}
	digest = history_digest(days, count, 0);
	memcpy(rescaled, days, count * sizeof(HistoryDay));
	if (history_rescale(rescaled, count, by) == HISTORY_OK)
		HOLDS(history_digest(rescaled, count, by) == digest);
	memcpy(rescaled, days, count * sizeof(HistoryDay));
	history_negate(rescaled, count);
	HOLDS(history_merge(days, count, rescaled, count, merged, &merged_count) ==
		  HISTORY_OK);
	for (size_t i = 0; i < merged_count; i++)
		HOLDS(history_day_is_empty(&merged[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input input = {data, size};
	uint8_t *text = exact_copy(data, size);
	int64_t value = take_int64(&input);
	int64_t other = take_int64(&input);
	int scale = take_byte(&input) % (INT64_MAX_SCALE + 1);
	int other_scale = take_byte(&input) % (INT64_MAX_SCALE + 1);
	int by = take_byte(&input) % (INT64_MAX_SCALE + 1);

	check_text((const char *) text, size);
	check_scales(value, scale, by, other, other_scale);
	check_days(&input);
	free(text);
	return 0;
}
