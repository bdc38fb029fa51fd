/*
 * capture_plan.h
 *		What a trigger on a sales table has to do, worked out once a session.
 */
#ifndef CLIENTCORE_CAPTURE_PLAN_H
#define CLIENTCORE_CAPTURE_PLAN_H

#include "compat.h"

#include "executor/spi.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "arguments.h"
#include "pending.h"

typedef enum CaptureMode
{
	CAPTURE_DELTA, /* note a delta for each client */
	CAPTURE_DIRTY, /* note the clients, which are to be built anew */
	CAPTURE_MARK   /* note that something changed */
} CaptureMode;

typedef enum SaleRole
{
	ROLE_CLIENT,
	ROLE_SOLD_AT,
	ROLE_AMOUNT,
	ROLE_PROFIT,
	ROLE_FILTER,
	ROLE_CURRENCY,
	ROLE_BREAKDOWN
} SaleRole;

#define SALE_ROLES 7

/* How rows are read */
typedef struct CapturePlan
{
	MemoryContext context;
	int users;
	bool is_orphan; /* no longer to be found: its last user frees it */

	CaptureMode mode;
	int16 source;
	int16 captured;

	/* Columns that the expressions read */
	int column_count;
	AttrNumber *columns;

	/* Expressions by role; NULL where there is none */
	CachedExpression *roles[SALE_ROLES];
	bool is_harmless; /* anyone may evaluate them, under any settings */
	MomentType moment;
	NumberType amount;
	NumberType profit;
	char *currency_code;
	int scale;
	Zone zone;

	/* Where a query finds the clients, which also gives the lines */
	char *query;
	SPIPlanPtr prepared;
} CapturePlan;

/* What the rows are called in that query */
#define CAPTURED_ROWS "clientcore_rows"

/* A trigger; its plan is made when it is first needed */
typedef struct Capture
{
	Oid trigger; /* the key */
	bool is_valid;
	Oid relation;
	bool has_base;
	Base base;
	bool is_known; /* the base has recorded the trigger as it is */
	int16 source;  /* of a trigger that is known */
	int table_count;
	Oid *tables; /* whose changes it sees, in order; of one that is known */
	CapturePlan *plan;
} Capture;

extern Capture *capture_find(Relation relation, const Trigger *trigger);
extern int16 capture_claim(const Trigger *trigger);
extern const char *capture_stranger(Capture *capture, Relation relation,
									const Trigger *trigger, int16 *source);
extern bool capture_is_harmless(const Capture *capture);
extern CapturePlan *capture_plan_use(Capture *capture, Relation relation,
									 const Trigger *trigger);
extern void capture_plan_release(CapturePlan *plan);

#endif
