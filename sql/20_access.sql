-- What analysts read off a history.

CREATE FUNCTION @extschema@.purchase_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'purchase_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_count(@extschema@.purchase_history) IS
'number of purchases: days with at least one sale of zero or more';

CREATE FUNCTION @extschema@.sale_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'sale_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.sale_count(@extschema@.purchase_history) IS
'number of sales with an amount of zero or more';

CREATE FUNCTION @extschema@.return_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'return_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.return_count(@extschema@.purchase_history) IS
'number of sales with a negative amount';

CREATE FUNCTION @extschema@.revenue(h @extschema@.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'revenue'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.revenue(@extschema@.purchase_history) IS
'net revenue: amounts sold minus amounts returned, exact';

CREATE FUNCTION @extschema@.returned(h @extschema@.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'returned'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.returned(@extschema@.purchase_history) IS
'amount returned, zero or more';

CREATE FUNCTION @extschema@.profit(h @extschema@.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'profit'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.profit(@extschema@.purchase_history) IS
'net profit of the sales and returns whose profit is known; NULL where none is';

CREATE FUNCTION @extschema@.profit_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'profit_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.profit_count(@extschema@.purchase_history) IS
'number of sales and returns whose profit is known';

CREATE FUNCTION @extschema@.first_purchase(h @extschema@.purchase_history)
RETURNS date
AS 'MODULE_PATHNAME', 'first_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.first_purchase(@extschema@.purchase_history) IS
'day of the first purchase; NULL where there is none';

CREATE FUNCTION @extschema@.last_purchase(h @extschema@.purchase_history)
RETURNS date
AS 'MODULE_PATHNAME', 'last_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.last_purchase(@extschema@.purchase_history) IS
'day of the last purchase; NULL where there is none';

CREATE FUNCTION @extschema@.as_of(h @extschema@.purchase_history, day date)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'as_of'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.as_of(@extschema@.purchase_history, date) IS
'the history as it stood at the end of that day';

CREATE FUNCTION @extschema@.slice(
    h @extschema@.purchase_history,
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'slice'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.slice(@extschema@.purchase_history, date, date) IS
'the part of the history within days, bounds included; NULL is an open bound';

CREATE FUNCTION @extschema@.days(h @extschema@.purchase_history)
RETURNS TABLE (
    day date,
    sale_count bigint,
    return_count bigint,
    sold numeric,
    returned numeric,
    revenue numeric,
    profit numeric,
    profit_count bigint)
AS 'MODULE_PATHNAME', 'days'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
ROWS 40;
COMMENT ON FUNCTION @extschema@.days(@extschema@.purchase_history) IS
'the days of the history, ascending';

CREATE FUNCTION @extschema@.periods(
    h @extschema@.purchase_history,
    period text DEFAULT 'month',
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL)
RETURNS TABLE (
    period_start date,
    period_end date,
    purchase_count bigint,
    sale_count bigint,
    return_count bigint,
    sold numeric,
    returned numeric,
    revenue numeric,
    profit numeric,
    profit_count bigint)
AS 'MODULE_PATHNAME', 'periods'
LANGUAGE C IMMUTABLE PARALLEL SAFE
ROWS 24;
COMMENT ON FUNCTION @extschema@.periods(@extschema@.purchase_history, text, date, date) IS
'the history by calendar day, week, month, quarter or year, empty periods included; days outside the bounds do not count';

CREATE FUNCTION @extschema@.typical_interval(h @extschema@.purchase_history)
RETURNS double precision
AS 'MODULE_PATHNAME', 'typical_interval'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.typical_interval(@extschema@.purchase_history) IS
'median number of days between two consecutive purchases; NULL below two purchases';

CREATE FUNCTION @extschema@.interval_quantile(h @extschema@.purchase_history, quantile double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'interval_quantile'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.interval_quantile(@extschema@.purchase_history, double precision) IS
'quantile (0 to 1, as percentile_cont) of the days between two consecutive purchases; NULL below two purchases';

