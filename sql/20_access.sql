-- What analysts read off a history. What looks at all of its days says that it costs more,
-- for the planner to know where it thinks about workers.

CREATE FUNCTION clientcore.purchase_count(h clientcore.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_purchase_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_count(clientcore.purchase_history) IS
'Number of purchases: days with at least one sale of zero or more. Constant time. Source: purchase days of the repeat-buying literature.';

CREATE FUNCTION clientcore.sale_count(h clientcore.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_sale_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.sale_count(clientcore.purchase_history) IS
'Number of sales: rows with an amount of zero or more. Constant time.';

CREATE FUNCTION clientcore.return_count(h clientcore.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_return_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.return_count(clientcore.purchase_history) IS
'Number of returns: rows with a negative amount. Constant time.';

CREATE FUNCTION clientcore.revenue(h clientcore.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'history_revenue'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.revenue(clientcore.purchase_history) IS
'Net revenue, exact, in the currency of the sales: amounts sold minus amounts returned. Constant time.';

CREATE FUNCTION clientcore.returned(h clientcore.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'history_returned'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.returned(clientcore.purchase_history) IS
'Amount returned, zero or more, exact, in the currency of the sales. Constant time.';

CREATE FUNCTION clientcore.profit(h clientcore.purchase_history)
RETURNS numeric
AS 'MODULE_PATHNAME', 'history_profit'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.profit(clientcore.purchase_history) IS
'Net profit, exact, of the sales and returns whose profit is known; NULL where none is. Constant time.';

CREATE FUNCTION clientcore.profit_count(h clientcore.purchase_history)
RETURNS bigint
AS 'MODULE_PATHNAME', 'history_profit_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.profit_count(clientcore.purchase_history) IS
'Number of sales and returns whose profit is known. Constant time.';

CREATE FUNCTION clientcore.first_purchase(h clientcore.purchase_history)
RETURNS date
AS 'MODULE_PATHNAME', 'history_first_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.first_purchase(clientcore.purchase_history) IS
'Day of the first purchase; NULL where there is none. Constant time.';

CREATE FUNCTION clientcore.last_purchase(h clientcore.purchase_history)
RETURNS date
AS 'MODULE_PATHNAME', 'history_last_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.last_purchase(clientcore.purchase_history) IS
'Day of the last purchase; NULL where there is none. Constant time.';

CREATE FUNCTION clientcore.as_of(h clientcore.purchase_history, day date)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'history_as_of'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.as_of(clientcore.purchase_history, date) IS
'The history as it stood at the end of that day. Errors: 22008 for an infinite day.';

CREATE FUNCTION clientcore.slice(
    h clientcore.purchase_history,
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'history_slice'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.slice(clientcore.purchase_history, date, date) IS
'The part of the history within days, bounds included; NULL is an open bound. Errors: 22008 for an infinite bound, 22023 for from_day after to_day.';

CREATE FUNCTION clientcore.days(h clientcore.purchase_history)
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
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
ROWS 40;
COMMENT ON FUNCTION clientcore.days(clientcore.purchase_history) IS
'The days of the history, ascending: counts, exact amounts in the currency of the sales, profit NULL where unknown.';

CREATE FUNCTION clientcore.periods(
    h clientcore.purchase_history,
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
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50
ROWS 24;
COMMENT ON FUNCTION clientcore.periods(clientcore.purchase_history, text, date, date) IS
'The history by calendar day, week (from Monday), month, quarter or year, empty ones included, from that of from_day to that of to_day (by default the ends of the history); days outside the bounds do not count. Errors: 22023 for an unknown period or from_day after to_day, 22008 for an infinite bound.';

CREATE FUNCTION clientcore.typical_interval(h clientcore.purchase_history)
RETURNS double precision
AS 'MODULE_PATHNAME', 'history_typical_interval'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.typical_interval(clientcore.purchase_history) IS
'Median number of days between two consecutive purchases; NULL below two purchases. Source: percentile_cont, type 7 of Hyndman and Fan 1996.';

CREATE FUNCTION clientcore.interval_quantile(h clientcore.purchase_history, quantile double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'history_interval_quantile'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.interval_quantile(clientcore.purchase_history, double precision) IS
'Quantile (0 to 1) of the days between two consecutive purchases; NULL below two purchases. Errors: 22023 for a quantile outside 0 to 1. Source: percentile_cont, type 7 of Hyndman and Fan 1996.';


CREATE FUNCTION clientcore.is_proper(h clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'history_is_proper'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.is_proper(clientcore.purchase_history) IS
'True where a history can be what a client bought: no day has fewer than no sales or returns, or amounts without them. False for deltas that take away.';
