/*
 * arguments.h
 *		Arguments of SQL functions: moments, amounts, thresholds.
 */
#ifndef CLIENTCORE_ARGUMENTS_H
#define CLIENTCORE_ARGUMENTS_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

#include "calendar.h"
#include "decimal.h"

/* What an argument declared "any" turned out to be */
typedef enum NumberType
{
	NUMBER_NUMERIC,
	NUMBER_INT2,
	NUMBER_INT4,
	NUMBER_INT8,
	NUMBER_FLOAT4,
	NUMBER_FLOAT8
} NumberType;

typedef enum MomentType
{
	MOMENT_DATE,
	MOMENT_TIMESTAMP,
	MOMENT_TIMESTAMPTZ
} MomentType;

/*
 * Offsets of a time zone from UTC, remembered for stretches of about twelve
 * days within which the offset does not change.
 */
#define ZONE_SLOTS 256

typedef struct ZoneSlot
{
	int64 stretch;
	long int offset; /* seconds east of UTC */
	bool known;
} ZoneSlot;

typedef struct Zone
{
	const pg_tz *tz;
	char name[TZ_STRLEN_MAX + 1]; /* empty: the session's */
	ZoneSlot slots[ZONE_SLOTS];
} Zone;

extern bool number_type_of(Oid type, NumberType *result);
extern bool moment_type_of(Oid type, MomentType *result);
extern NumberType number_type_of_argument(FunctionCallInfo fcinfo, int argno,
										  const char *name);
extern MomentType moment_type_of_argument(FunctionCallInfo fcinfo, int argno,
										  const char *name);
extern Decimal decimal_from_number(Datum value, NumberType type,
								   const char *name);
extern int64 amount_from_number(Datum value, NumberType type, const char *name,
								int *scale);
extern int64 amount_rounded(Datum value, NumberType type, const char *name,
							int decimals, int *scale, Datum *change);
extern int64 amount_at_scale(Datum value, NumberType type, const char *name,
							 int scale);

extern void zone_use_session(Zone *zone);
extern void zone_use_name(Zone *zone, const char *name, int length);
extern int32 day_from_moment(Datum value, MomentType type, Zone *zone);
extern int32 check_day(DateADT day, const char *name);

/* A byte of length, the header, and digits for 64 bits at any scale of ours */
#define NUMERIC_ROOM 16

extern int64 billionths_from_numeric(Datum value, const char *name);
extern Datum numeric_from_int64(int64 value, int scale);
extern Datum numeric_from_int128(Int128 value, int scale);
extern Datum numeric_in_room(int64 value, int scale, char *room);
extern Period period_from_text(text *name);

extern bool varlena_is_kept(const struct varlena *kept, Datum given);
extern void varlena_forget(struct varlena **kept);
extern void varlena_keep(struct varlena **kept, Datum given,
						 MemoryContext context);

#endif
