/*
 * arguments.c
 *		Arguments of SQL functions: moments, amounts, thresholds.
 *
 * Amounts and moments may be of several types.  Their functions declare "any"
 * and find out once per query what they got: a hundred overloads would let
 * the parser turn integers into doubles.
 *
 * A numeric is decoded here, from its format on disk, rather than through
 * PostgreSQL's numeric functions, which would allocate for every row.  That
 * format: a 16-bit header, whose two uppermost bits say short (10), special
 * (11) or long with a sign; the long one has a 16-bit weight after it; then
 * digits of base 10000, the first of them worth 10000^weight.
 */
#include "arguments.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include <ctype.h>
#include <float.h>
#include <math.h>

#define NUMERIC_KIND_MASK 0xC000
#define NUMERIC_NEGATIVE_LONG 0x4000
#define NUMERIC_KIND_SHORT 0x8000
#define NUMERIC_KIND_SPECIAL 0xC000
#define NUMERIC_NAN 0xC000
#define NUMERIC_SHORT_NEGATIVE 0x2000
#define NUMERIC_SHORT_WEIGHT_NEGATIVE 0x0040
#define NUMERIC_SHORT_WEIGHT_MASK 0x003F
#define NUMERIC_SHORT_DSCALE_MASK 0x1F80
#define NUMERIC_SHORT_DSCALE_SHIFT 7
#define NUMERIC_LONG_DSCALE_MASK 0x3FFF
#define NUMERIC_BASE 10000
#define NUMERIC_BASE_DIGITS 4

/* 12.7 days */
#define STRETCH_BITS 40
#define STRETCH_MICROS (INT64CONST(1) << STRETCH_BITS)

static Oid
type_of_argument(FunctionCallInfo fcinfo, int argno)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, argno);

	return OidIsValid(type) ? getBaseType(type) : type;
}

static void
report_wrong_type(FunctionCallInfo fcinfo, int argno, const char *name,
				  const char *wanted, const char *cast)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, argno);

	if (type == UNKNOWNOID)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("%s must have a type", name),
						errhint("Add a cast, for example %s.", cast)));
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s must be %s, not %s", name, wanted,
					OidIsValid(type) ? format_type_be(type) : "unknown"),
			 errhint("Add a cast, for example %s.", cast)));
}

/* Whether amounts may be of a type that is no domain, and which it is */
bool
number_type_of(Oid type, NumberType *result)
{
	switch (type)
	{
		case NUMERICOID:
			*result = NUMBER_NUMERIC;
			return true;
		case INT2OID:
			*result = NUMBER_INT2;
			return true;
		case INT4OID:
			*result = NUMBER_INT4;
			return true;
		case INT8OID:
			*result = NUMBER_INT8;
			return true;
		case FLOAT4OID:
			*result = NUMBER_FLOAT4;
			return true;
		case FLOAT8OID:
			*result = NUMBER_FLOAT8;
			return true;
		default:
			return false;
	}
}

/* The same for moments */
bool
moment_type_of(Oid type, MomentType *result)
{
	switch (type)
	{
		case DATEOID:
			*result = MOMENT_DATE;
			return true;
		case TIMESTAMPOID:
			*result = MOMENT_TIMESTAMP;
			return true;
		case TIMESTAMPTZOID:
			*result = MOMENT_TIMESTAMPTZ;
			return true;
		default:
			return false;
	}
}

NumberType
number_type_of_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	NumberType result = NUMBER_NUMERIC;

	if (!number_type_of(type_of_argument(fcinfo, argno), &result))
		report_wrong_type(fcinfo, argno, name,
						  "numeric, bigint, integer, smallint, double "
						  "precision or real",
						  psprintf("%s::numeric", name));
	return result;
}

MomentType
moment_type_of_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	MomentType result = MOMENT_DATE;

	if (!moment_type_of(type_of_argument(fcinfo, argno), &result))
		report_wrong_type(fcinfo, argno, name,
						  "date, timestamp or timestamptz",
						  psprintf("%s::date", name));
	return result;
}

/* What a number looks like, for an error message */
static char *
number_text(Datum value, NumberType type)
{
	switch (type)
	{
		case NUMBER_NUMERIC:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		case NUMBER_FLOAT8:
			return DatumGetCString(DirectFunctionCall1(float8out, value));
		case NUMBER_FLOAT4:
			return DatumGetCString(DirectFunctionCall1(float4out, value));
		case NUMBER_INT8:
			return DatumGetCString(DirectFunctionCall1(int8out, value));
		default:
			return ""; /* a shorter integer is never out of range */
	}
}

static void
report_out_of_range(Datum value, NumberType type, const char *name,
					const char *limit)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range: %s", name, number_text(value, type)),
			 errdetail("%s", limit),
			 errhint("Use round(%s::numeric, 4), for example.", name)));
}

static void
report_not_finite(const char *name, const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("%s must be finite, not %s", name, what),
					errhint("Leave such rows out, or use nullif(%s, '%s').",
							name, what)));
}

#define WIDE_LIMIT                                                            \
	"It must fit 38 digits, those after the decimal point included."
#define AMOUNT_LIMIT                                                          \
	"It must fit 64 bits with the decimals it needs, which are 18 at most."

static uint16
uint16_at(const char *at)
{
	uint16 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/*
 * Decode a numeric.  Its last digits have no trailing zeros of base 10000, so
 * only the last one can have zeros to strip.
 */
static Decimal
decimal_from_numeric(Datum value, const char *name)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	const char *at = VARDATA_ANY(packed);
	int bytes = VARSIZE_ANY_EXHDR(packed);
	uint16 header = uint16_at(at);
	bool negative;
	int weight;
	int digits;
	int exponent;
	UInt128 magnitude = 0;
	Decimal result;

	if ((header & NUMERIC_KIND_MASK) == NUMERIC_KIND_SPECIAL)
		report_not_finite(name, header == NUMERIC_NAN ? "NaN" : "infinity");
	if ((header & NUMERIC_KIND_MASK) == NUMERIC_KIND_SHORT)
	{
		negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
		weight = header & NUMERIC_SHORT_WEIGHT_MASK;
		if (header & NUMERIC_SHORT_WEIGHT_NEGATIVE)
			weight |= ~NUMERIC_SHORT_WEIGHT_MASK;
		at += sizeof(uint16);
		digits = (bytes - (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	else
	{
		negative = (header & NUMERIC_KIND_MASK) == NUMERIC_NEGATIVE_LONG;
		weight = (int16) uint16_at(at + sizeof(uint16));
		at += 2 * sizeof(uint16);
		digits = (bytes - 2 * (int) sizeof(uint16)) / (int) sizeof(int16);
	}

	exponent = (weight + 1 - digits) * NUMERIC_BASE_DIGITS;
	if (digits == 0)
	{
		result.coefficient = 0;
		result.scale = 0;
		goto done;
	}
	if (likely(digits <= 4))
	{
		uint64 small = 0;

		for (int i = 0; i < digits; i++)
			small = small * NUMERIC_BASE + uint16_at(at + i * sizeof(int16));
		while (exponent < 0 && small % 10 == 0)
		{
			small /= 10;
			exponent++;
		}
		if (likely(exponent <= 0 && exponent >= -DECIMAL_MAX_SCALE))
		{
			result.coefficient = negative ? -(Int128) small : (Int128) small;
			result.scale = -exponent;
			goto done;
		}
		magnitude = small;
	}
	else
	{
		for (int i = 0; i < digits; i++)
		{
			if (__builtin_mul_overflow(magnitude, (UInt128) NUMERIC_BASE,
									   &magnitude) ||
				__builtin_add_overflow(
					magnitude, (UInt128) uint16_at(at + i * sizeof(int16)),
					&magnitude))
				report_out_of_range(value, NUMBER_NUMERIC, name, WIDE_LIMIT);
		}
	}
	if (decimal_set(negative, magnitude, exponent, &result) != DECIMAL_OK)
		report_out_of_range(value, NUMBER_NUMERIC, name, WIDE_LIMIT);

done:
	if ((Pointer) packed != DatumGetPointer(value))
		pfree(packed);
	return result;
}

/*
 * A double becomes the decimal that its cast to numeric gives: 15 significant
 * digits.  Where the double is n / 10^k with an n of 15 digits, it is the one
 * nearest to that decimal, and printing it with 15 digits would find it again.
 */
static Decimal
decimal_from_float8(double value, const char *name)
{
	static const double powers[] = {1.0, 10.0, 100.0, 1000.0, 10000.0};
	char text[64];
	Decimal result;

	if (isnan(value) || isinf(value))
		report_not_finite(name, isnan(value) ? "NaN" : "infinity");
	for (int scale = 0; scale < (int) lengthof(powers); scale++)
	{
		double scaled = rint(value * powers[scale]);

		if (fabs(scaled) < 1e15 && scaled / powers[scale] == value)
		{
			result.coefficient = (int64) scaled;
			result.scale = scale;
			return result;
		}
	}
	snprintf(text, sizeof(text), "%.*g", DBL_DIG, value);
	if (decimal_parse(text, strlen(text), &result) != DECIMAL_OK)
		report_out_of_range(Float8GetDatum(value), NUMBER_FLOAT8, name,
							WIDE_LIMIT);
	return result;
}

static Decimal
decimal_from_float4(float4 value, const char *name)
{
	char text[64];
	Decimal result;

	if (isnan(value) || isinf(value))
		report_not_finite(name, isnan(value) ? "NaN" : "infinity");
	snprintf(text, sizeof(text), "%.*g", FLT_DIG, value);
	if (decimal_parse(text, strlen(text), &result) != DECIMAL_OK)
		report_out_of_range(Float4GetDatum(value), NUMBER_FLOAT4, name,
							WIDE_LIMIT);
	return result;
}

/* A number as a decimal at its least scale; name is for the error message */
Decimal
decimal_from_number(Datum value, NumberType type, const char *name)
{
	Decimal result = {0, 0};

	switch (type)
	{
		case NUMBER_NUMERIC:
			return decimal_from_numeric(value, name);
		case NUMBER_INT2:
			result.coefficient = DatumGetInt16(value);
			break;
		case NUMBER_INT4:
			result.coefficient = DatumGetInt32(value);
			break;
		case NUMBER_INT8:
			result.coefficient = DatumGetInt64(value);
			break;
		case NUMBER_FLOAT4:
			return decimal_from_float4(DatumGetFloat4(value), name);
		case NUMBER_FLOAT8:
			return decimal_from_float8(DatumGetFloat8(value), name);
	}
	return result;
}

/*
 * Decode a numeric of up to sixteen digits that is stored as most are: with a
 * short header and in line.  False for any other.  Only its last digit of base
 * 10000 can have zeros to strip.
 */
static inline bool
small_amount_from_numeric(Datum value, int64 *amount, int *scale)
{
	const char *at = DatumGetPointer(value);
	uint16 header;
	int weight;
	int digits;
	int decimals;
	uint64 magnitude = 0;
	uint32 last;
	uint32 unit = NUMERIC_BASE;

	if (VARATT_IS_1B_E(at) || !(VARATT_IS_1B(at) || VARATT_IS_4B_U(at)))
		return false;
	digits = (int) ((VARSIZE_ANY_EXHDR(at) - sizeof(uint16)) / sizeof(int16));
	at = VARDATA_ANY(at);
	header = uint16_at(at);
	if ((header & NUMERIC_KIND_MASK) != NUMERIC_KIND_SHORT || digits < 1 ||
		digits > 4)
		return false;
	weight = header & NUMERIC_SHORT_WEIGHT_MASK;
	if (header & NUMERIC_SHORT_WEIGHT_NEGATIVE)
		weight |= ~NUMERIC_SHORT_WEIGHT_MASK;
	decimals = (digits - 1 - weight) * NUMERIC_BASE_DIGITS;
	if (decimals < 0 || decimals > INT64_MAX_SCALE)
		return false;

	at += sizeof(uint16);
	for (int i = 1; i < digits; i++, at += sizeof(int16))
		magnitude = magnitude * NUMERIC_BASE + uint16_at(at);
	last = uint16_at(at);
	if (decimals > 0)
	{
		if (last % 100 == 0)
		{
			last /= 100;
			unit /= 100;
			decimals -= 2;
		}
		if (last % 10 == 0)
		{
			last /= 10;
			unit /= 10;
			decimals--;
		}
	}
	magnitude = magnitude * unit + last;
	*amount = (header & NUMERIC_SHORT_NEGATIVE) ? -(int64) magnitude
												: (int64) magnitude;
	*scale = decimals;
	return true;
}

/* The same for what must fit 64 bits */
int64
amount_from_number(Datum value, NumberType type, const char *name, int *scale)
{
	Decimal decimal;
	int64 small;

	if (type == NUMBER_NUMERIC &&
		likely(small_amount_from_numeric(value, &small, scale)))
		return small;
	decimal = decimal_from_number(value, type, name);
	if (decimal.coefficient > PG_INT64_MAX ||
		decimal.coefficient < -PG_INT64_MAX || decimal.scale > INT64_MAX_SCALE)
		report_out_of_range(value, type, name, AMOUNT_LIMIT);
	*scale = decimal.scale;
	return (int64) decimal.coefficient;
}

/* With how many decimals a numeric is printed; 0 for NaN and infinities */
static int
numeric_decimals(Datum value)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	uint16 header = uint16_at(VARDATA_ANY(packed));

	if ((Pointer) packed != DatumGetPointer(value))
		pfree(packed);
	switch (header & NUMERIC_KIND_MASK)
	{
		case NUMERIC_KIND_SPECIAL:
			return 0;
		case NUMERIC_KIND_SHORT:
			return (header & NUMERIC_SHORT_DSCALE_MASK) >>
				   NUMERIC_SHORT_DSCALE_SHIFT;
		default:
			return header & NUMERIC_LONG_DSCALE_MASK;
	}
}

static Datum
rounded(Datum value, NumberType type, int scale)
{
	if (type == NUMBER_FLOAT8)
		value = DirectFunctionCall1(float8_numeric, value);
	else if (type == NUMBER_FLOAT4)
		value = DirectFunctionCall1(float4_numeric, value);
	return DirectFunctionCall2(numeric_round, value, Int32GetDatum(scale));
}

/*
 * A number at a fixed scale, in 64 bits: what round(value::numeric, scale)
 * is in SQL.
 */
int64
amount_at_scale(Datum value, NumberType type, const char *name, int scale)
{
	Datum number = value;
	Decimal decimal;

	if (type == NUMBER_NUMERIC && numeric_decimals(value) > scale)
		number = rounded(value, type, scale);
	decimal = decimal_from_number(number, type, name);
	if (decimal.scale > scale)
		decimal = decimal_from_number(rounded(value, type, scale),
									  NUMBER_NUMERIC, name);
	if (!int128_raise_scale(&decimal.coefficient, scale - decimal.scale) ||
		decimal.coefficient > PG_INT64_MAX ||
		decimal.coefficient < -PG_INT64_MAX)
		report_out_of_range(value, type, name, AMOUNT_LIMIT);
	return (int64) decimal.coefficient;
}

/*
 * A number rounded to so many decimals, and its scale then: what
 * round(value::numeric, decimals) is in SQL.  change is the numeric by which that
 * differs from the number, or 0.
 */
int64
amount_rounded(Datum value, NumberType type, const char *name, int decimals,
			   int *scale, Datum *change)
{
	Datum number;
	Datum result;

	*change = (Datum) 0;
	if (type == NUMBER_NUMERIC)
	{
		if (likely(numeric_decimals(value) <= decimals))
			return amount_from_number(value, type, name, scale);
		number = value;
	}
	else
	{
		Decimal decimal = decimal_from_number(value, type, name);

		if (decimal.scale <= decimals)
			return amount_from_number(value, type, name, scale);
		number = DirectFunctionCall1(
			type == NUMBER_FLOAT8 ? float8_numeric : float4_numeric, value);
	}
	result =
		DirectFunctionCall2(numeric_round, number, Int32GetDatum(decimals));
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, result, number)) != 0)
		*change = DirectFunctionCall2(numeric_sub, result, number);
	return amount_from_number(result, NUMBER_NUMERIC, name, scale);
}

/* Use the time zone of the session, which may change within a query */
void
zone_use_session(Zone *zone)
{
	if (zone->tz != session_timezone)
	{
		memset(zone, 0, sizeof(*zone));
		zone->tz = session_timezone;
	}
}

void
zone_use_name(Zone *zone, const char *name, int length)
{
	char wanted[TZ_STRLEN_MAX + 1];

	if (zone->tz != NULL && zone->name[0] != '\0' &&
		strlen(zone->name) == (size_t) length &&
		memcmp(zone->name, name, length) == 0)
		return;

	memset(zone, 0, sizeof(*zone));

	/* what begins like a number would pass for a zone without a name */
	if (length > 0 && length <= TZ_STRLEN_MAX &&
		(isalpha((unsigned char) name[0]) || name[0] == '<'))
	{
		memcpy(wanted, name, length);
		wanted[length] = '\0';
		zone->tz = pg_tzset(wanted);
	}
	if (zone->tz == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%.*s\" not recognized", length, name),
				 errhint("See the view pg_timezone_names. A profit must be "
						 "a number, for example profit::numeric.")));
	strlcpy(zone->name, wanted, sizeof(zone->name));
}

static pg_time_t
unix_seconds(int64 micros)
{
	return floor_divide(micros, USECS_PER_SEC) +
		   (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/* Offset of the zone at a time, and until when it lasts */
static long int
zone_offset_at(const Zone *zone, int64 micros, bool *ends, pg_time_t *end)
{
	pg_time_t seconds = unix_seconds(micros);
	long int offset;
	long int next_offset;
	int is_dst;
	int next_is_dst;
	int found = pg_next_dst_boundary(&seconds, &offset, &is_dst, end,
									 &next_offset, &next_is_dst, zone->tz);

	if (found < 0)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("timestamp out of range")));
	*ends = found > 0;
	return offset;
}

static long int
zone_offset(Zone *zone, int64 micros)
{
	int64 stretch = micros >> STRETCH_BITS;
	ZoneSlot *slot = &zone->slots[stretch & (ZONE_SLOTS - 1)];
	bool ends;
	pg_time_t end;

	if (likely(slot->known && slot->stretch == stretch))
		return slot->offset;

	slot->known = false;
	slot->stretch = stretch;
	slot->offset = zone_offset_at(zone, stretch * STRETCH_MICROS, &ends, &end);
	if (!ends || end > unix_seconds(stretch * STRETCH_MICROS) +
						   STRETCH_MICROS / USECS_PER_SEC + 1)
	{
		slot->known = true;
		return slot->offset;
	}

	/* the clocks change within this stretch */
	return zone_offset_at(zone, micros, &ends, &end);
}

/* The day of a sale */
int32
day_from_moment(Datum value, MomentType type, Zone *zone)
{
	int64 micros;

	if (type == MOMENT_DATE)
		return check_day(DatumGetDateADT(value), "sold_at");

	micros = DatumGetTimestamp(value);
	if (TIMESTAMP_NOT_FINITE(micros))
		check_day(DATEVAL_NOEND, "sold_at");
	if (type == MOMENT_TIMESTAMPTZ)
		micros += zone_offset(zone, micros) * USECS_PER_SEC;
	if (!IS_VALID_TIMESTAMP(micros))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("timestamp out of range")));
	return (int32) floor_divide(micros, USECS_PER_DAY);
}

int32
check_day(DateADT day, const char *name)
{
	if (DATE_NOT_FINITE(day))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("%s must be finite", name)));
	return day;
}

/* A threshold as a number of billionths */
int64
billionths_from_numeric(Datum value, const char *name)
{
	Numeric number = DatumGetNumeric(value);
	Decimal decimal;
	Int128 coefficient;

	if (numeric_is_nan(number) || numeric_is_inf(number))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must be finite", name)));
	decimal = decimal_from_numeric(NumericGetDatum(number), name);
	coefficient = decimal.coefficient;

	if (decimal.scale > 9)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not have more than 9 decimals", name)));
	if (!int128_raise_scale(&coefficient, 9 - decimal.scale) ||
		coefficient > PG_INT64_MAX || coefficient < -PG_INT64_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s is out of range", name)));
	return (int64) coefficient;
}

Datum
numeric_from_int64(int64 value, int scale)
{
	return NumericGetDatum(int64_div_fast_to_numeric(value, scale));
}

Datum
numeric_from_int128(Int128 value, int scale)
{
	char text[DECIMAL_TEXT_SIZE];

	if (likely(value == (int64) value))
		return numeric_from_int64((int64) value, scale);
	decimal_format(text, value, scale);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

/*
 * A numeric as a row holds it, with a length of one byte, in NUMERIC_ROOM bytes
 * of the caller: for rows with many of them, most of whose time would go into
 * allocating.
 */
Datum
numeric_in_room(int64 value, int scale, char *room)
{
	uint64 rest = value < 0 ? -(uint64) value : (uint64) value;
	int odd = scale % NUMERIC_BASE_DIGITS;
	int16 digits[6];
	int first = lengthof(digits);
	int last = first;
	int weight = -1 - (scale + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS;
	uint16 header = NUMERIC_KIND_SHORT | scale << NUMERIC_SHORT_DSCALE_SHIFT |
					(value < 0 ? NUMERIC_SHORT_NEGATIVE : 0);

	for (; rest > 0; weight++)
	{
		uint64 unit = odd > 0 ? power_of_ten[odd] : NUMERIC_BASE;
		uint64 above = rest / unit;
		int digit = (int) (rest - above * unit) * (int) (NUMERIC_BASE / unit);

		rest = above;
		odd = 0;

		/* zeros at the end are left out */
		if (first == last && digit == 0)
			continue;
		digits[--first] = (int16) digit;
	}
	if (first < last)
		header |= weight &
				  (NUMERIC_SHORT_WEIGHT_NEGATIVE | NUMERIC_SHORT_WEIGHT_MASK);

	SET_VARSIZE_SHORT(room,
					  1 + sizeof(header) + (last - first) * sizeof(digits[0]));
	memcpy(room + 1, &header, sizeof(header));
	memcpy(room + 1 + sizeof(header), digits + first,
		   (last - first) * sizeof(digits[0]));
	return PointerGetDatum(room);
}

Period
period_from_text(text *name)
{
	Period period;

	if (!period_parse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &period))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period \"%.*s\" not recognized",
						(int) VARSIZE_ANY_EXHDR(name), VARDATA_ANY(name)),
				 errhint("Use day, week, month, quarter or year.")));
	return period;
}

/* Was this, byte by byte, what was kept with what was made of it? */
bool
varlena_is_kept(const struct varlena *kept, Datum given)
{
	const struct varlena *value = (struct varlena *) DatumGetPointer(given);

	return kept != NULL && VARSIZE_ANY(kept) == VARSIZE_ANY(value) &&
		   memcmp(kept, value, VARSIZE_ANY(value)) == 0;
}

void
varlena_forget(struct varlena **kept)
{
	if (*kept != NULL)
		pfree(*kept);
	*kept = NULL;
}

/* To be called when all is made of it: what an error interrupts is not kept */
void
varlena_keep(struct varlena **kept, Datum given, MemoryContext context)
{
	const struct varlena *value = (struct varlena *) DatumGetPointer(given);

	varlena_forget(kept);
	*kept = MemoryContextAlloc(context, VARSIZE_ANY(value));
	memcpy(*kept, value, VARSIZE_ANY(value));
}
