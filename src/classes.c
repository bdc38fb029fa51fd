/*
 * classes.c
 *		Classes of one client, from the days it bought on.
 */
#include "classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Unsigned integers of 448 bits, least limb first: room for the squares of
 * 128-bit totals, their sum, and the thresholds multiplied out.
 */
#define WIDE_LIMBS 7

typedef struct Wide
{
	uint64_t limb[WIDE_LIMBS];
} Wide;

static void
wide_add_at(Wide *to, int limb, uint64_t what)
{
	for (; what != 0 && limb < WIDE_LIMBS; limb++)
		what = __builtin_add_overflow(to->limb[limb], what, &to->limb[limb]);
}

static void
wide_add(Wide *to, const Wide *what)
{
	for (int i = 0; i < WIDE_LIMBS; i++)
		wide_add_at(to, i, what->limb[i]);
}

static void
wide_add_square(Wide *to, UInt128 value)
{
	uint64_t part[2] = {(uint64_t) value, (uint64_t) (value >> 64)};

	for (int i = 0; i < 2; i++)
	{
		for (int j = 0; j < 2; j++)
		{
			UInt128 product = (UInt128) part[i] * part[j];

			wide_add_at(to, i + j, (uint64_t) product);
			wide_add_at(to, i + j + 1, (uint64_t) (product >> 64));
		}
	}
}

static void
wide_multiply(Wide *to, uint64_t by)
{
	uint64_t carry = 0;

	for (int i = 0; i < WIDE_LIMBS; i++)
	{
		UInt128 product = (UInt128) to->limb[i] * by + carry;

		to->limb[i] = (uint64_t) product;
		carry = (uint64_t) (product >> 64);
	}
}

static bool
wide_at_most(const Wide *left, const Wide *right)
{
	for (int i = WIDE_LIMBS - 1; i >= 0; i--)
	{
		if (left->limb[i] != right->limb[i])
			return left->limb[i] < right->limb[i];
	}
	return true;
}

/*
 * The last whole periods that end on or before as_of, counted from the period
 * of the first purchase; false where they are too few to judge.
 */
bool
xyz_window(Period period, int32_t periods, int32_t first_purchase,
		   int32_t as_of, PeriodWindow *window)
{
	int64_t born = period_of_day(period, first_purchase);

	window->period = period;
	window->last = period_of_day(period, (int64_t) as_of + 1) - 1;
	window->first = window->last - periods + 1;
	if (window->first < born)
		window->first = born;
	return window->last - window->first + 1 >= MIN_PERIODS;
}

/* Share of the periods of a window in which there was a purchase */
char
xyz_by_frequency(PurchaseDays purchases, const PeriodWindow *window, int64_t x,
				 int64_t y)
{
	int64_t from = period_first_day(window->period, window->first);
	int64_t until = period_first_day(window->period, window->last + 1);
	int64_t periods = window->last - window->first + 1;
	int64_t active = 0;

	if (purchases.count < 2)
		return '\0';
	for (size_t i = 0; i < purchases.count && purchases.days[i] < until; i++)
	{
		if (purchases.days[i] < from)
			continue;
		active++;
		from = period_first_day(
			window->period,
			period_of_day(window->period, purchases.days[i]) + 1);
	}
	if ((Int128) active * BILLION >= (Int128) periods * x)
		return 'X';
	if ((Int128) active * BILLION >= (Int128) periods * y)
		return 'Y';
	return 'Z';
}

/*
 * Totals of the periods of a window, for which totals has room; days that come
 * later than the window are refused.
 */
void
start_totals(PeriodTotals *scan, const PeriodWindow *window, Int128 *totals)
{
	scan->window = *window;
	scan->from = period_first_day(window->period, window->first);
	scan->number = window->first;
	scan->end = period_first_day(window->period, window->first + 1);
	scan->totals = totals;
	memset(totals, 0,
		   (size_t) (window->last - window->first + 1) * sizeof(Int128));
}

/* Days ascend; false once the window has passed */
bool
add_to_totals(PeriodTotals *scan, int32_t day, Int128 amount)
{
	Period period = scan->window.period;

	if (day < scan->from)
		return true;
	if (day >= scan->end)
	{
		scan->number = period_of_day(period, day);
		scan->end = period_first_day(period, scan->number + 1);
	}
	if (scan->number > scan->window.last)
		return false;
	scan->totals[scan->number - scan->window.first] += amount;
	return true;
}

/*
 * Population coefficient of variation CV of totals.  With sum T and sum of
 * squares Q of n totals, CV <= t is n Q <= (1 + t^2) T^2: no division, no
 * root.  The sum of the magnitudes must fit an Int128.
 */
char
xyz_by_variation(const Int128 *totals, size_t count, int64_t x, int64_t y)
{
	const int64_t thresholds[] = {x, y};
	Int128 sum = 0;
	Wide squares = {{0}};
	Wide square_of_sum = {{0}};

	for (size_t i = 0; i < count; i++)
	{
		sum += totals[i];
		wide_add_square(&squares, totals[i] < 0 ? -(UInt128) totals[i]
												: (UInt128) totals[i]);
	}
	if (count < MIN_PERIODS || sum <= 0)
		return '\0';

	wide_multiply(&squares, count);
	wide_multiply(&squares, (uint64_t) BILLION * BILLION);
	wide_add_square(&square_of_sum, (UInt128) sum);
	for (int i = 0; i < 2; i++)
	{
		Wide bound = square_of_sum;
		Wide more = square_of_sum;

		wide_multiply(&bound, (uint64_t) BILLION * BILLION);
		wide_multiply(&more, (uint64_t) thresholds[i]);
		wide_multiply(&more, (uint64_t) thresholds[i]);
		wide_add(&bound, &more);
		if (wide_at_most(&squares, &bound))
			return i == 0 ? 'X' : 'Y';
	}
	return 'Z';
}

static int
compare_int32(const void *left, const void *right)
{
	int32_t a = *(const int32_t *) left;
	int32_t b = *(const int32_t *) right;

	return (a > b) - (a < b);
}

static inline void
insert_sorted(int32_t *sorted, size_t count, int32_t value)
{
	size_t at = count;

	for (; at > 0 && sorted[at - 1] > value; at--)
		sorted[at] = sorted[at - 1];
	sorted[at] = value;
}

/* Days between consecutive purchases, ascending; returns their number */
size_t
sorted_intervals(PurchaseDays purchases, int32_t *sorted)
{
	size_t count = purchases.count > 0 ? purchases.count - 1 : 0;

	for (size_t i = 0; i < count; i++)
	{
		int64_t interval = (int64_t) purchases.days[i + 1] - purchases.days[i];

		/* the two ends of the calendar are further apart than an int32 */
		sorted[i] = interval > INT32_MAX ? INT32_MAX : (int32_t) interval;
	}

	if (count > 64)
	{
		qsort(sorted, count, sizeof(int32_t), compare_int32);
		return count;
	}
	for (size_t i = 1; i < count; i++)
		insert_sorted(sorted, i, sorted[i]);
	return count;
}

/* Type 7, operation by operation as percentile_cont does it */
double
interval_quantile_of(const int32_t *sorted, size_t count, double quantile)
{
	double position = quantile * (double) (count - 1);
	size_t below = (size_t) floor(position);
	size_t above = (size_t) ceil(position);
	double low = sorted[below];
	double high = sorted[above];

	if (below == above)
		return low;
	return low + (position - (double) below) * (high - low);
}

int
loyalty_rung_of(PurchaseDays purchases, bool is_aware, const LadderRule *rule)
{
	size_t count = purchases.count;

	if (count == 0)
		return is_aware ? 1 : 0;
	if (count >= (size_t) rule->adherent_purchases &&
		(int64_t) purchases.days[count - 1] - purchases.days[0] >=
			rule->adherent_days)
		return 5;
	if (count >= (size_t) rule->frequent_purchases)
		return 4;
	return count >= 2 ? 3 : 2;
}

/* ceil(factor * median interval) within bounds, in days */
static int32_t
limit_from_median(int64_t doubled_median, const LostRule *rule)
{
	int64_t product;
	Int128 limit;

	/* almost always within 64 bits, whose division is so much faster */
	if (!__builtin_mul_overflow(doubled_median, rule->factor, &product) &&
		product <= INT64_MAX - 2 * BILLION)
		limit = (product + 2 * BILLION - 1) / (2 * BILLION);
	else
		limit = ((Int128) doubled_median * rule->factor +
				 2 * (Int128) BILLION - 1) /
				(2 * (Int128) BILLION);

	if (limit < rule->min_days)
		return rule->min_days;
	if (limit > rule->max_days)
		return rule->max_days;
	return (int32_t) limit;
}

int32_t
silence_limit_of(const int32_t *sorted, size_t count, const LostRule *rule)
{
	if (count < MIN_INTERVALS)
		return rule->fallback_days;
	return limit_from_median(
		(int64_t) sorted[(count - 1) / 2] + sorted[count / 2], rule);
}

/*
 * Few intervals are kept sorted, which is the fastest for them.  More of them
 * are two heaps, the lower and the upper half, each with the middle of all of
 * them on top; the lower half has one more if they are odd.  So the median is
 * at hand after each purchase.  The largest is on top of a heap with sign 1,
 * the smallest of one with sign -1.
 */
static void
sift_up(int32_t *heap, size_t at, int sign)
{
	int32_t value = heap[at];

	for (; at > 0; at = (at - 1) / 2)
	{
		if (sign * heap[(at - 1) / 2] >= sign * value)
			break;
		heap[at] = heap[(at - 1) / 2];
	}
	heap[at] = value;
}

static int32_t
replace_top(int32_t *heap, size_t count, int32_t value, int sign)
{
	int32_t top = heap[0];
	size_t at = 0;
	size_t child;

	while ((child = 2 * at + 1) < count)
	{
		if (child + 1 < count && sign * heap[child + 1] > sign * heap[child])
			child++;
		if (sign * heap[child] <= sign * value)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = value;
	return top;
}

/* Halves of a sorted array are heaps once the larger half begins with its top */
static void
make_heaps(RunningMedian *median)
{
	size_t lower = (median->count + 1) / 2;

	for (size_t i = 0; i < median->count; i++)
	{
		if (i < lower)
			median->lower[i] = median->few[lower - 1 - i];
		else
			median->upper[i - lower] = median->few[i];
	}
}

void
running_median_add(RunningMedian *median, int32_t interval)
{
	size_t half = median->count / 2;

	if (median->count < FEW_INTERVALS)
	{
		insert_sorted(median->few, median->count++, interval);
		return;
	}
	if (median->count == FEW_INTERVALS)
		make_heaps(median);
	if (median->count % 2 == 0)
	{
		/* the lower half gains one: the least of the upper and this one */
		if (interval > median->upper[0])
			interval = replace_top(median->upper, half, interval, -1);
		median->lower[half] = interval;
		sift_up(median->lower, half, 1);
	}
	else
	{
		if (interval < median->lower[0])
			interval = replace_top(median->lower, half + 1, interval, 1);
		median->upper[half] = interval;
		sift_up(median->upper, half, -1);
	}
	median->count++;
}

/* Twice the median, which is exact; there must be an interval */
int64_t
running_median_doubled(const RunningMedian *median)
{
	if (median->count <= FEW_INTERVALS)
		return (int64_t) median->few[(median->count - 1) / 2] +
			   median->few[median->count / 2];
	return (int64_t) median->lower[0] +
		   (median->count % 2 == 0 ? median->upper[0] : median->lower[0]);
}

/*
 * The longest silence after the last of some purchases by which P(alive) has
 * not fallen under that of the rule, in days within its bounds.
 */
int32_t
silence_limit_by_model(PurchaseDays purchases, const LostRule *rule)
{
	const AliveRule *alive = rule->alive;
	int64_t t_x =
		(int64_t) purchases.days[purchases.count - 1] - purchases.days[0];
	ModelClient client = {(double) (purchases.count - 1),
						  (double) t_x / alive->unit_days, 0};
	int32_t low = rule->min_days;
	int32_t high = rule->max_days;

	while (low < high)
	{
		int32_t middle = high - (high - low) / 2;

		client.t = (double) (t_x + middle) / alive->unit_days;
		if (probability_alive(alive->kind, alive->parameters, &client) <
			alive->p_alive)
			high = middle - 1;
		else
			low = middle;
	}
	return low;
}

static int32_t
limit_so_far(const LossScan *scan)
{
	if (scan->rule->alive != NULL)
		return silence_limit_by_model(
			(PurchaseDays){scan->purchases.days, scan->intervals.count + 1},
			scan->rule);
	if (scan->intervals.count < MIN_INTERVALS)
		return scan->rule->fallback_days;
	return limit_from_median(running_median_doubled(&scan->intervals),
							 scan->rule);
}

/* purchases, and room for their median, are set by the caller */
void
start_losses(LossScan *scan, int32_t as_of, const LostRule *rule)
{
	scan->as_of = as_of;
	scan->rule = rule;
	scan->at = 0;
	scan->intervals.count = 0;
}

/*
 * Look at one silence up to as_of: was it over the limit as it stood when it
 * began?  A silence that ended was a loss if the client was lost on at least
 * one day before it came back.
 */
LossStep
next_loss(LossScan *scan, LossEvent *event)
{
	const int32_t *days = scan->purchases.days;
	size_t at = scan->at++;

	if (at >= scan->purchases.count)
		return LOSS_END;
	event->last_purchase = days[at];
	event->limit = limit_so_far(scan);
	event->lost_on = (int64_t) event->last_purchase + event->limit + 1;
	event->has_returned = at + 1 < scan->purchases.count;
	if (!event->has_returned)
	{
		event->returned_on = 0;
		return scan->as_of >= event->lost_on ? LOSS_FOUND : LOSS_NONE;
	}
	event->returned_on = days[at + 1];
	running_median_add(&scan->intervals, days[at + 1] - days[at]);
	return event->returned_on > event->lost_on ? LOSS_FOUND : LOSS_NONE;
}

/*
 * What next_loss() says of all silences: how many losses ended, and the limit
 * of the last silence.  A limit is looked up only for a silence longer than
 * the least that any of them can have.
 */
int32_t
count_come_backs(LossScan *scan, int32_t *limit)
{
	const int32_t *days = scan->purchases.days;
	const LostRule *rule = scan->rule;
	int32_t least = rule->alive != NULL || rule->min_days < rule->fallback_days
						? rule->min_days
						: rule->fallback_days;
	int32_t count = 0;

	if (scan->purchases.count == 0)
	{
		*limit = rule->fallback_days;
		return 0;
	}
	for (size_t i = 1; i < scan->purchases.count; i++)
	{
		int32_t interval = days[i] - days[i - 1];

		if (interval - 1 > least && interval - 1 > limit_so_far(scan))
			count++;
		running_median_add(&scan->intervals, interval);
	}
	*limit = limit_so_far(scan);
	return count;
}
