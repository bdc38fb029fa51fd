/*
 * history_state.h
 *		A purchase history under construction: the state of its aggregates.
 */
#ifndef CLIENTCORE_HISTORY_STATE_H
#define CLIENTCORE_HISTORY_STATE_H

#include "compat.h"

#include "purchase_history.h"

/* What the aggregates with an as_of argument were given */
typedef enum StateAsOf
{
	AS_OF_NONE,
	AS_OF_NULL,
	AS_OF_DAY
} StateAsOf;

/*
 * A varlena that is all there is of a state: no pointers, so that it can be
 * the value of an SQL type too.  The days are a stream of entries as in
 * history.h, but in the order they came in, each gap a zigzag; the newest day
 * is kept open beside it.  VARSIZE includes the room not yet used.
 */
typedef struct HistoryState
{
	int32 vl_len_;
	uint32 used;  /* bytes of the stream */
	uint32 count; /* its entries */
	int32 last_day;
	uint8 scale;
	uint8 as_of_kind;
	bool ascending; /* do the entries of the stream ascend? */
	bool is_open;
	int32 as_of;

	/* Sums of all magnitudes taken in: while these fit, any sum fits. */
	int64 events; /* sales, returns and known profits */
	int64 sold;
	int64 returned;
	int64 profit;

	HistoryDay open;
	uint8 stream[FLEXIBLE_ARRAY_MEMBER];
} HistoryState;

/*
 * Where a state lives.  The state of an internal aggregate is moved within
 * its memory context when it grows.  A state of an SQL type belongs to the
 * executor, which copies what it is given and frees what it had.
 */
typedef struct StateOwner
{
	MemoryContext context;
	bool frees_old;
} StateOwner;

extern HistoryState *history_state_create(MemoryContext context);
extern HistoryState *history_state_copy(const HistoryState *state,
										MemoryContext context);
extern void history_state_set_as_of(HistoryState *state, bool isnull,
									int32 as_of);
extern HistoryState *history_state_add_sale(HistoryState *state,
											StateOwner owner, int32 day,
											int64 amount, int amount_scale,
											bool has_profit, int64 profit,
											int profit_scale);
extern HistoryState *history_state_add_history(HistoryState *state,
											   StateOwner owner,
											   const HistoryHeader *header);
extern HistoryState *history_state_add_state(HistoryState *state,
											 StateOwner owner,
											 const HistoryState *other);
extern HistoryDay *history_state_days(const HistoryState *state,
									  size_t *count);
extern PurchaseHistory *history_state_result(const HistoryState *state);

extern bytea *history_state_to_bytes(const HistoryState *state);
extern HistoryState *history_state_from_bytes(const uint8 *bytes,
											  size_t length,
											  MemoryContext context);

#endif
