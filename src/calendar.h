/*
 * calendar.h
 *		Days and calendar periods.
 *
 * A day is a number of days since 2000-01-01, PostgreSQL's own date.  A period
 * is the number of a week, month, ... counted from an arbitrary but fixed
 * origin, so that neighbours differ by one.  Pure arithmetic, no server.
 */
#ifndef CLIENTCORE_CALENDAR_H
#define CLIENTCORE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/* The days that PostgreSQL's date can hold: 4714-11-24 BC to 5874897-12-31 */
#define DAY_MIN (-2451545)
#define DAY_MAX 2145031948

/* Days of 400 years, whichever */
#define ERA_DAYS 146097

typedef enum Period
{
	PERIOD_DAY,
	PERIOD_WEEK, /* from Monday */
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_YEAR
} Period;

extern bool period_parse(const char *name, int length, Period *period);
extern int64_t period_of_day(Period period, int64_t day);
extern int64_t period_first_day(Period period, int64_t number);

extern int64_t add_months(int64_t day, int64_t months);

/* Years are astronomical: 0 is 1 BC */
extern void day_to_civil(int64_t day, int64_t *year, int *month, int *mday);
extern int64_t day_from_civil(int64_t year, int month, int mday);
extern bool civil_is_valid(int64_t year, int month, int mday);

static inline int64_t
floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

#endif
