/*
 * history_builder.h
 *		Histories of all clients from all their sales.
 */
#ifndef CLIENTCORE_HISTORY_BUILDER_H
#define CLIENTCORE_HISTORY_BUILDER_H

#include "compat.h"

#include "utils/resowner.h"

#include "purchase_history.h"

typedef struct HistoryBuilder HistoryBuilder;

/* A sale as it was read */
typedef struct BuilderSale
{
	int32 day;
	int64 amount;
	int amount_scale;
	bool has_profit;
	int64 profit;
	int profit_scale;
} BuilderSale;

extern HistoryBuilder *history_builder_create(Oid client_type,
											  Oid client_collation,
											  int32 first_day, Size limit,
											  ResourceOwner owner);
extern void history_builder_add(HistoryBuilder *builder, Datum client,
								bool is_guest, const BuilderSale *sale);
extern bool history_builder_next(HistoryBuilder *builder, Datum *client,
								 bool *is_guest, PurchaseHistory **history);
extern void history_builder_drop(HistoryBuilder *builder);

#endif
