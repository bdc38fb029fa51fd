/*
 * figures.c
 *		The figures on the card of a client.
 *
 * All of them at once, because a refresh asks for all of them of every client:
 * the days are decoded once, the spans found by bisection, and one walk over
 * the silences gives the median interval, the limit and the losses.
 */
#include "figures.h"

#include "calendar.h"

#define YEAR_MONTHS 12

static DaySpan
year_until(int64_t day)
{
	return (DaySpan){add_months(day, -YEAR_MONTHS), day};
}

void
figure_spans(int32_t as_of, bool has_compared, int32_t compared,
			 FigureSpans *spans)
{
	int64_t year_ago = add_months(as_of, -YEAR_MONTHS);
	int64_t back = has_compared ? compared : as_of;

	spans->as_of = as_of;
	spans->last_12m = year_until(as_of);
	spans->last_90d = (DaySpan){(int64_t) as_of - 90, as_of};
	spans->last_90d_year_ago =
		(DaySpan){add_months((int64_t) as_of - 90, -YEAR_MONTHS), year_ago};
	spans->since = (DaySpan){back, as_of};

	/* of 12 months a leap year does not make 366 days against 365 */
	if (back == year_ago)
		spans->before = year_until(back);
	else
		spans->before = (DaySpan){back - (as_of - back), back};
}

/* How many of the days are up to this one; without a branch to mispredict */
static inline size_t
days_until(const HistoryDay *days, size_t count, int64_t day)
{
	size_t low = 0;

	if (count > 0 && days[count - 1].day <= day)
		return count;
	for (size_t left = count; left > 0; left /= 2)
	{
		size_t half = left - left / 2;

		low += days[low + half - 1].day <= day ? half : 0;
	}
	return low;
}

static inline void
add_day(DaySums *sums, const HistoryDay *day)
{
	sums->purchases += day->sales > 0;
	sums->sales += day->sales;
	sums->revenue += day->sold;
	if ((day->returns | day->returned | day->profit_count | day->profit) == 0)
		return;
	sums->returns += day->returns;
	sums->revenue -= day->returned;
	sums->returned += day->returned;
	sums->profit_count += day->profit_count;
	sums->profit += day->profit;
}

static DaySums
sums_of(const HistoryDay *days, size_t count, DaySpan span)
{
	DaySums sums = {0};
	size_t until = days_until(days, count, span.until);

	for (size_t i = days_until(days, count, span.after); i < until; i++)
		add_day(&sums, &days[i]);
	return sums;
}

/*
 * One walk over the days: sums of all of them, revenue up to each, and the
 * days of purchase; is a return among the days?
 */
static PurchaseDays
walk_days(const HistoryDay *days, size_t count, const FigureRoom *room,
		  DaySums *all, bool *has_return)
{
	PurchaseDays purchases = {room->purchases, 0};
	DaySums sums = {0};

	*has_return = false;
	room->revenue[0] = 0;
	for (size_t i = 0; i < count; i++)
	{
		add_day(&sums, &days[i]);
		room->revenue[i + 1] = sums.revenue;
		room->purchases[purchases.count] = days[i].day;
		purchases.count += days[i].sales > 0;
		*has_return |= days[i].returns > 0;
	}
	*all = sums;
	return purchases;
}

/* Of a span, from the revenue up to each day */
static Int128
revenue_of(const HistoryDay *days, size_t count, const Int128 *revenue,
		   DaySpan span)
{
	size_t after = days_until(days, count, span.after);
	size_t until = days_until(days, count, span.until);

	/* a span may end before it begins */
	return until > after ? revenue[until] - revenue[after] : 0;
}

static void
find_rungs(PurchaseDays purchases, const LadderRule *rule, Figures *figures)
{
	const int32_t *days = purchases.days;
	size_t count = purchases.count;

	figures->first_purchase = count > 0 ? days[0] : 0;
	figures->second_purchase = count > 1 ? days[1] : 0;
	figures->frequent_on = count >= (size_t) rule->frequent_purchases
							   ? days[rule->frequent_purchases - 1]
							   : 0;
	figures->last_purchase = count > 0 ? days[count - 1] : 0;
	figures->is_adherent = false;
	figures->adherent_on = 0;
	for (size_t i = (size_t) rule->adherent_purchases - 1; i < count; i++)
	{
		if ((int64_t) days[i] - days[0] < rule->adherent_days)
			continue;
		figures->is_adherent = true;
		figures->adherent_on = days[i];
		break;
	}
}

/* The silences up to the day: median interval, limit, losses that ended */
static void
walk_silences(PurchaseDays purchases, int32_t as_of, const LostRule *rule,
			  const FigureRoom *room, Figures *figures)
{
	LossScan scan;

	scan.purchases = purchases;
	scan.intervals.lower = room->lower;
	scan.intervals.upper = room->upper;
	start_losses(&scan, as_of, rule);
	figures->come_back_count =
		count_come_backs(&scan, &figures->silence_limit);
	figures->doubled_median =
		purchases.count > 1 ? running_median_doubled(&scan.intervals) : 0;
}

/* Years since the first purchase that are over, and those with a purchase */
static void
count_years(PurchaseDays purchases, int32_t as_of, Figures *figures)
{
	size_t at = 0;
	int64_t year;
	int month;
	int mday;
	int64_t end;

	figures->full_years = 0;
	figures->years_bought = 0;
	if (purchases.count == 0)
		return;
	day_to_civil(purchases.days[0], &year, &month, &mday);
	if (month == 2 && mday == 29)
	{
		/* whose years begin on the day before March */
		month = 3;
		mday = 0;
	}
	while ((end = day_from_civil(year + figures->full_years + 1, month,
								 mday)) <= (int64_t) as_of + 1)
	{
		figures->full_years++;
		if (at < purchases.count && purchases.days[at] < end)
			figures->years_bought++;
		while (at < purchases.count && purchases.days[at] < end)
			at++;
		if (at == purchases.count)
		{
			/* on to about the last year: one less than of the mean length */
			int64_t about =
				((int64_t) as_of - purchases.days[0]) * 400 / ERA_DAYS - 1;

			if (about > figures->full_years)
				figures->full_years = (int32_t) about;
		}
	}
}

static char
xyz_of(const HistoryDay *days, size_t count, PurchaseDays purchases,
	   int32_t as_of, const FigureRule *rule, Int128 *totals)
{
	const XyzRule *xyz = &rule->xyz;
	PeriodWindow window;
	PeriodTotals scan;

	if (purchases.count == 0 || !xyz_window(xyz->period, xyz->periods,
											purchases.days[0], as_of, &window))
		return '\0';
	if (!rule->by_variation)
		return xyz_by_frequency(purchases, &window, xyz->x, xyz->y);

	start_totals(&scan, &window, totals);
	for (size_t i = days_until(days, count, scan.from - 1); i < count; i++)
	{
		if (!add_to_totals(&scan, days[i].day,
						   (Int128) days[i].sold - days[i].returned))
			break;
	}
	return xyz_by_variation(totals, (size_t) (window.last - window.first + 1),
							xyz->x, xyz->y);
}

/* Of ascending days up to that of the spans */
void
figures_of(const HistoryDay *days, size_t count, int scale,
		   const FigureSpans *spans, const FigureRule *rule,
		   const FigureRoom *room, Figures *figures)
{
	bool has_return;
	const Int128 *revenue = room->revenue;
	PurchaseDays purchases =
		walk_days(days, count, room, &figures->all, &has_return);
	int64_t first;

	find_rungs(purchases, &rule->ladder, figures);
	walk_silences(purchases, spans->as_of, &rule->lost, room, figures);
	count_years(purchases, spans->as_of, figures);
	figures->xyz =
		xyz_of(days, count, purchases, spans->as_of, rule, room->totals);
	figures->rung = loyalty_rung_of(purchases, has_return, &rule->ladder);

	figures->last_12m = sums_of(days, count, spans->last_12m);
	figures->value = sums_of(days, count, year_until(figures->last_purchase));
	figures->revenue_90d = revenue_of(days, count, revenue, spans->last_90d);
	figures->revenue_90d_year_ago =
		revenue_of(days, count, revenue, spans->last_90d_year_ago);
	figures->revenue_since = revenue_of(days, count, revenue, spans->since);
	figures->revenue_before = revenue_of(days, count, revenue, spans->before);
	first = figures->first_purchase;
	figures->first_days_revenue =
		revenue_of(days, count, revenue,
				   (DaySpan){first - 1, first - 1 + rule->first_days});
	figures->first_revenue = revenue[days_until(days, count, first)];
	figures->digest = history_digest(days, count, scale);
}
