/*
 * calendar.c
 *		Days and calendar periods in the proleptic Gregorian calendar.
 *
 * Days turn into years and months through eras of 400 years that begin on the
 * first of March, so that the leap day is the last of its year.
 */
#include "calendar.h"

#include <string.h>

/* 0000-03-01 in days since 2000-01-01 */
#define ERA_ORIGIN (-730425)

/* 2000-01-03, a Monday */
#define FIRST_MONDAY 2

bool
period_parse(const char *name, int length, Period *period)
{
	static const struct
	{
		const char *name;
		Period period;
	} known[] = {{"day", PERIOD_DAY},
				 {"week", PERIOD_WEEK},
				 {"month", PERIOD_MONTH},
				 {"quarter", PERIOD_QUARTER},
				 {"year", PERIOD_YEAR}};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if ((size_t) length == strlen(known[i].name) &&
			memcmp(name, known[i].name, (size_t) length) == 0)
		{
			*period = known[i].period;
			return true;
		}
	}
	return false;
}

void
day_to_civil(int64_t day, int64_t *year, int *month, int *mday)
{
	int64_t since = day - ERA_ORIGIN;
	int64_t era = floor_divide(since, ERA_DAYS);
	int64_t day_of_era = since - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 +
						   day_of_era / 36524 - day_of_era / 146096) /
						  365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month_from_march = (int) ((5 * day_of_year + 2) / 153);

	*mday = (int) (day_of_year - (153 * month_from_march + 2) / 5 + 1);
	*month =
		month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	*year = year_of_era + era * 400 + (*month <= 2);
}

int64_t
day_from_civil(int64_t year, int month, int mday)
{
	int64_t march_year = year - (month <= 2);
	int64_t era = floor_divide(march_year, 400);
	int64_t year_of_era = march_year - era * 400;
	int month_from_march = month > 2 ? month - 3 : month + 9;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + mday - 1;

	return ERA_ORIGIN + era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 -
		   year_of_era / 100 + day_of_year;
}

bool
civil_is_valid(int64_t year, int month, int mday)
{
	int64_t back_year;
	int back_month;
	int back_mday;

	if (year < -4800 || year > 6000000 || month < 1 || month > 12 ||
		mday < 1 || mday > 31)
		return false;
	day_to_civil(day_from_civil(year, month, mday), &back_year, &back_month,
				 &back_mday);
	return back_month == month && back_mday == mday;
}

int64_t
period_of_day(Period period, int64_t day)
{
	int64_t year;
	int month;
	int mday;

	if (period == PERIOD_DAY)
		return day;
	if (period == PERIOD_WEEK)
		return floor_divide(day - FIRST_MONDAY, 7);

	day_to_civil(day, &year, &month, &mday);
	switch (period)
	{
		case PERIOD_MONTH:
			return year * 12 + month - 1;
		case PERIOD_QUARTER:
			return year * 4 + (month - 1) / 3;
		default:
			return year;
	}
}

int64_t
period_first_day(Period period, int64_t number)
{
	switch (period)
	{
		case PERIOD_DAY:
			return number;
		case PERIOD_WEEK:
			return number * 7 + FIRST_MONDAY;
		case PERIOD_MONTH:
			return day_from_civil(
				floor_divide(number, 12),
				(int) (number - floor_divide(number, 12) * 12) + 1, 1);
		case PERIOD_QUARTER:
			return day_from_civil(
				floor_divide(number, 4),
				(int) (number - floor_divide(number, 4) * 4) * 3 + 1, 1);
		default:
			return day_from_civil(number, 1, 1);
	}
}

/*
 * The same day of another month, or the last of that month where it has no
 * such day: what date + interval does.
 */
int64_t
add_months(int64_t day, int64_t months)
{
	int64_t year;
	int month;
	int mday;
	int64_t number;
	int64_t first;
	int64_t last;

	day_to_civil(day, &year, &month, &mday);
	number = year * 12 + month - 1 + months;
	first = period_first_day(PERIOD_MONTH, number);
	if (mday <= 28)
		return first + mday - 1;
	last = period_first_day(PERIOD_MONTH, number + 1) - 1;
	return first + mday - 1 < last ? first + mday - 1 : last;
}
