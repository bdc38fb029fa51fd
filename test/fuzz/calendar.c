/*
 * calendar.c
 *		Fuzzes days and periods, far beyond those that PostgreSQL knows.
 */
#include "../../src/calendar.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input input = {data, size};
	int64_t day = take_int64(&input) >> 27 >> (take_byte(&input) % 37);
	int64_t months = take_int64(&input) >> 30 >> (take_byte(&input) % 34);
	int64_t year;
	int month;
	int mday;
	int64_t moved;
	Period named;
	char name[8];

	day_to_civil(day, &year, &month, &mday);
	HOLDS(month >= 1 && month <= 12 && mday >= 1 && mday <= 31);
	/* which years there are is PostgreSQL's to say, and a few more */
	HOLDS(civil_is_valid(year, month, mday) || year < -4800 || year > 6000000);
	HOLDS(day_from_civil(year, month, mday) == day);
	for (Period period = PERIOD_DAY; period <= PERIOD_YEAR; period++)
	{
		int64_t number = period_of_day(period, day);
		int64_t first = period_first_day(period, number);

		HOLDS(first <= day && day < period_first_day(period, number + 1));
		HOLDS(period_of_day(period, first) == number);
		HOLDS(period_of_day(period, first - 1) == number - 1);
	}

	/* so many months on, on the same day or the last of a shorter month */
	moved = add_months(day, months);
	HOLDS(period_of_day(PERIOD_MONTH, moved) -
			  period_of_day(PERIOD_MONTH, day) ==
		  months);
	{
		int64_t moved_year;
		int moved_month;
		int moved_mday;

		day_to_civil(moved, &moved_year, &moved_month, &moved_mday);
		HOLDS(moved_mday == mday ||
			  (moved_mday < mday &&
			   day_from_civil(moved_year, moved_month, 1) + moved_mday ==
				   period_first_day(PERIOD_MONTH,
									period_of_day(PERIOD_MONTH, moved) + 1)));
	}

	take(&input, name, sizeof(name));
	(void) period_parse(name, (int) strnlen(name, sizeof(name)), &named);
	return 0;
}
