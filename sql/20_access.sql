-- What analysts read off a history.

CREATE FUNCTION @extschema@.purchase_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_purchase_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_count(@extschema@.purchase_history) IS
'Number of purchases: days with at least one sale of zero or more. Constant time. Source: purchase days of the repeat-buying literature.';

CREATE FUNCTION @extschema@.sale_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_sale_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.sale_count(@extschema@.purchase_history) IS
'Number of sales: rows with an amount of zero or more. Constant time.';

CREATE FUNCTION @extschema@.return_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_return_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.return_count(@extschema@.purchase_history) IS
'Number of returns: rows with a negative amount. Constant time.';

CREATE FUNCTION @extschema@.revenue(h @extschema@.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'history_revenue'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.revenue(@extschema@.purchase_history) IS
'Net revenue, exact, in the currency of the sales: amounts sold minus amounts returned. Constant time.';

CREATE FUNCTION @extschema@.returned(h @extschema@.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'history_returned'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.returned(@extschema@.purchase_history) IS
'Amount returned, zero or more, exact, in the currency of the sales. Constant time.';

CREATE FUNCTION @extschema@.profit(h @extschema@.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'history_profit'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.profit(@extschema@.purchase_history) IS
'Net profit, exact, of the sales and returns whose profit is known; NULL where none is. Constant time.';

CREATE FUNCTION @extschema@.profit_count(h @extschema@.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_profit_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.profit_count(@extschema@.purchase_history) IS
'Number of sales and returns whose profit is known. Constant time.';

CREATE FUNCTION @extschema@.first_purchase(h @extschema@.purchase_history)
RETURNS date
AS 'MODULE_PATHNAME', 'history_first_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.first_purchase(@extschema@.purchase_history) IS
'Day of the first purchase; NULL where there is none. Constant time.';

CREATE FUNCTION @extschema@.last_purchase(h @extschema@.purchase_history)
RETURNS date
AS 'MODULE_PATHNAME', 'history_last_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.last_purchase(@extschema@.purchase_history) IS
'Day of the last purchase; NULL where there is none. Constant time.';

CREATE FUNCTION @extschema@.as_of(h @extschema@.purchase_history, day date)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'history_as_of'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.as_of(@extschema@.purchase_history, date) IS
'The history as it stood at the end of that day. Errors: 22008 for an infinite day.';

CREATE FUNCTION @extschema@.slice(
    h @extschema@.purchase_history,
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'history_slice'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.slice(@extschema@.purchase_history, date, date) IS
'The part of the history within days, bounds included; NULL is an open bound. Errors: 22008 for an infinite bound, 22023 for from_day after to_day.';

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
AS 'MODULE_PATHNAME', 'history_days'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
ROWS 40;
COMMENT ON FUNCTION @extschema@.days(@extschema@.purchase_history) IS
'The days of the history, ascending: counts, exact amounts in the currency of the sales, profit NULL where unknown.';

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
AS 'MODULE_PATHNAME', 'history_periods'
LANGUAGE C IMMUTABLE PARALLEL SAFE
ROWS 24;
COMMENT ON FUNCTION @extschema@.periods(@extschema@.purchase_history, text, date, date) IS
'The history by calendar day, week (from Monday), month, quarter or year, empty ones included, from that of from_day to that of to_day (by default the ends of the history); days outside the bounds do not count. Errors: 22023 for an unknown period or from_day after to_day, 22008 for an infinite bound.';

CREATE FUNCTION @extschema@.typical_interval(h @extschema@.purchase_history)
RETURNS double precision
AS 'MODULE_PATHNAME', 'history_typical_interval'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.typical_interval(@extschema@.purchase_history) IS
'Median number of days between two consecutive purchases; NULL below two purchases. Source: percentile_cont, type 7 of Hyndman and Fan 1996.';

CREATE FUNCTION @extschema@.interval_quantile(h @extschema@.purchase_history, quantile double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'history_interval_quantile'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.interval_quantile(@extschema@.purchase_history, double precision) IS
'Quantile (0 to 1) of the days between two consecutive purchases; NULL below two purchases. Errors: 22023 for a quantile outside 0 to 1. Source: percentile_cont, type 7 of Hyndman and Fan 1996.';

