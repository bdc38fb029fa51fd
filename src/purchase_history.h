/*
 * purchase_history.h
 *		The SQL type purchase_history: a varlena around the bytes of history.h.
 */
#ifndef CLIENTCORE_PURCHASE_HISTORY_H
#define CLIENTCORE_PURCHASE_HISTORY_H

#include "compat.h"

#include "classes.h"
#include "history.h"

typedef struct varlena PurchaseHistory;

#define PG_GETARG_PURCHASE_HISTORY(n)                                         \
	((PurchaseHistory *) PG_GETARG_VARLENA_PP(n))

extern void history_check(HistoryStatus status);
extern void history_open_stored(const PurchaseHistory *stored,
								HistoryHeader *header);
extern void history_open_argument(FunctionCallInfo fcinfo, int argno,
								  HistoryHeader *header);
extern bool history_next_stored(HistoryCursor *cursor, HistoryDay *day);
extern HistoryDay *history_to_days(const HistoryHeader *header);
extern HistoryStatus history_try_from_days(HistoryDay *days, size_t count,
										   int scale,
										   PurchaseHistory **result);
extern PurchaseHistory *history_from_days(HistoryDay *days, size_t count,
										  int scale);
extern PurchaseDays history_purchases(const HistoryHeader *header,
									  int32 as_of);

#endif
