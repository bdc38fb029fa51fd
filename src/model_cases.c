/*
 * model_cases.c
 *		What the repeat-buying models know of a client, from arguments.
 *
 * Days of purchase count, not sales: two orders of one day are one purchase.
 * Where all purchases lie before the day of the look, the header of a history
 * says it all.
 */
#include "model_cases.h"

#include <math.h>

#include "miscadmin.h"

#include "arguments.h"
#include "purchase_history.h"

/* In days; false if nothing was bought up to as_of */
bool
model_client_of_history(FunctionCallInfo fcinfo, int argno, int32 as_of,
						ModelClient *client)
{
	HistoryHeader header;
	PurchaseDays purchases;

	history_open_argument(fcinfo, argno, &header);
	if (header.purchase_days == 0 || header.first_purchase > as_of)
		return false;
	client->t = (double) as_of - header.first_purchase;
	if (header.last_purchase <= as_of)
	{
		client->x = (double) (header.purchase_days - 1);
		client->t_x = (double) header.last_purchase - header.first_purchase;
	}
	else
	{
		history_open_stored(PG_GETARG_PURCHASE_HISTORY(argno), &header);
		purchases = history_purchases(&header, as_of);
		client->x = (double) (purchases.count - 1);
		client->t_x = (double) purchases.days[purchases.count - 1] -
					  header.first_purchase;
		pfree(unconstify(int32 *, purchases.days));
	}
	if (client->x > MODEL_X_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("purchase history has too many days")));
	return true;
}

/*
 * The number of purchases after the first up to as_of, and their mean: what
 * was sold after the first day less what was given back since.  False if
 * nothing was bought.
 */
bool
repeat_spend_of_history(FunctionCallInfo fcinfo, int argno, int32 as_of,
						double *x, double *spend)
{
	HistoryHeader header;
	HistoryCursor cursor;
	HistoryDay day;
	Int128 revenue = 0;
	int64 purchases = 0;

	history_open_stored(PG_GETARG_PURCHASE_HISTORY(argno), &header);
	history_rewind(&header, &cursor);
	while (history_next_stored(&cursor, &day) && day.day <= as_of)
	{
		CHECK_FOR_INTERRUPTS();
		if (purchases > 0)
			revenue += (Int128) day.sold - day.returned;
		purchases += day.sales > 0;
	}
	*x = purchases > 0 ? (double) (purchases - 1) : 0;
	*spend =
		*x > 0 ? (double) revenue / ((double) power_of_ten[header.scale] * *x)
			   : 0;
	return purchases > 0;
}

static double
count_argument(FunctionCallInfo fcinfo, int argno)
{
	int64 x = PG_GETARG_INT64(argno);

	if (x < 0 || x > MODEL_X_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("x must be between 0 and %d", MODEL_X_MAX)));
	return (double) x;
}

/* x, t_x, t */
void
model_client_arguments(FunctionCallInfo fcinfo, int argno, ModelClient *client)
{
	client->x = count_argument(fcinfo, argno);
	client->t_x = PG_GETARG_FLOAT8(argno + 1) + 0.0; /* no minus zero */
	client->t = PG_GETARG_FLOAT8(argno + 2) + 0.0;
	if (!(client->t_x >= 0 && client->t_x <= client->t &&
		  client->t <= MODEL_TIME_MAX))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("t_x must not be negative, nor greater than t"),
			 errhint("t_x is the time from the first purchase to the last, t "
					 "that from the first to the day of the look.")));
	if ((client->x == 0) != (client->t_x == 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("x is the number of purchases after the first: "
							   "t_x is 0 if, and only if, x is 0")));
}

/* What is spent: money in any currency, so that nothing made of it overflows */
double
spend_argument(FunctionCallInfo fcinfo, int argno)
{
	double spend = PG_GETARG_FLOAT8(argno) + 0.0;

	if (!(fabs(spend) <= SPEND_MAX) || (spend != 0 && fabs(spend) < SPEND_MIN))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("spend must be between %g and %g, or zero",
							   SPEND_MIN, SPEND_MAX)));
	return spend;
}

/* x, spend */
void
spend_arguments(FunctionCallInfo fcinfo, int argno, double *x, double *spend)
{
	*x = count_argument(fcinfo, argno);
	*spend = spend_argument(fcinfo, argno + 1);
}
