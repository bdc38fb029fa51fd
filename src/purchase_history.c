/*
 * purchase_history.c
 *		The SQL type purchase_history: reading and making values.
 */
#include "purchase_history.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* The header of a history takes no more than this, varlena header included */
#define HEADER_SLICE 128

/* Report what went wrong with a stored history, or in arithmetic on it */
void
history_check(HistoryStatus status)
{
	switch (status)
	{
		case HISTORY_OK:
		case HISTORY_END:
			return;
		case HISTORY_VERSION:
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
							errmsg("purchase history has an unknown format"),
							errhint("It may come from a later version of "
									"clientcore.")));
			break;
		case HISTORY_TRUNCATED:
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
							errmsg("purchase history is truncated")));
			break;
		case HISTORY_CORRUPT:
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
							errmsg("purchase history is corrupt")));
			break;
		case HISTORY_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("purchase history out of range"),
					 errdetail("The amounts of one history must fit 64 bits "
							   "at the number of decimals they need."),
					 errhint("Use round(amount, 2), for example.")));
			break;
	}
}

void
history_open_stored(const PurchaseHistory *stored, HistoryHeader *header)
{
	history_check(history_open((const uint8_t *) VARDATA_ANY(stored),
							   VARSIZE_ANY_EXHDR(stored), header));
}

/*
 * Open an argument for its header alone.  A large history lies outside its
 * row: this fetches only the beginning, so the days must not be read.
 */
void
history_open_argument(FunctionCallInfo fcinfo, int argno,
					  HistoryHeader *header)
{
	struct varlena *datum = (struct varlena *) PG_GETARG_RAW_VARLENA_P(argno);

	if (VARATT_IS_EXTERNAL_ONDISK(datum))
	{
		struct varlena *slice =
			PG_DETOAST_DATUM_SLICE(PointerGetDatum(datum), 0, HEADER_SLICE);
		HistoryStatus status =
			history_open_prefix((const uint8_t *) VARDATA_ANY(slice),
								VARSIZE_ANY_EXHDR(slice), header);

		history_check(status);
		return;
	}
	history_open_stored(PG_GETARG_PURCHASE_HISTORY(argno), header);
}

/* The next day of a stored history; false at its end */
bool
history_next_stored(HistoryCursor *cursor, HistoryDay *day)
{
	HistoryStatus status = history_next(cursor, day);

	if (likely(status == HISTORY_OK))
		return true;
	history_check(status);
	return false;
}

HistoryDay *
history_to_days(const HistoryHeader *header)
{
	HistoryDay *days = palloc_extended(
		(header->day_count + 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
	HistoryCursor cursor;
	size_t count = 0;

	history_rewind(header, &cursor);
	while (history_next_stored(&cursor, &days[count]))
		count++;
	return days;
}

/*
 * A history from ascending days; takes them apart, see history_encode().
 * There is no result where the status is not HISTORY_OK.
 */
HistoryStatus
history_try_from_days(HistoryDay *days, size_t count, int scale,
					  PurchaseHistory **result)
{
	PurchaseHistory *history =
		palloc_extended(VARHDRSZ + history_bound(count), MCXT_ALLOC_HUGE);
	HistoryStatus status;
	size_t length;

	CHECK_FOR_INTERRUPTS();
	status = history_encode(days, count, scale, (uint8_t *) VARDATA(history),
							&length);
	if (status != HISTORY_OK)
	{
		pfree(history);
		return status;
	}
	if (!AllocSizeIsValid(VARHDRSZ + length))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("purchase history has too many days")));
	SET_VARSIZE(history, VARHDRSZ + length);
	*result = history;
	return HISTORY_OK;
}

PurchaseHistory *
history_from_days(HistoryDay *days, size_t count, int scale)
{
	PurchaseHistory *result = NULL;

	history_check(history_try_from_days(days, count, scale, &result));
	return result;
}

/* The days of purchase up to a day */
PurchaseDays
history_purchases(const HistoryHeader *header, int32 as_of)
{
	int32 *days = palloc_extended((header->purchase_days + 1) * sizeof(int32),
								  MCXT_ALLOC_HUGE);
	PurchaseDays purchases = {days, 0};
	HistoryCursor cursor;
	HistoryDay day;

	history_rewind(header, &cursor);
	while (history_next_stored(&cursor, &day) && day.day <= as_of)
	{
		if (day.sales <= 0)
			continue;
		if (purchases.count == header->purchase_days)
			history_check(HISTORY_CORRUPT);
		days[purchases.count++] = day.day;
	}
	return purchases;
}
