-- Classes of one client: XYZ, ladder of loyalty, lost or not. Scalar forms; the
-- aggregates over raw sales are in 40_aggregates.sql. They look at all days of a history,
-- which the planner is to know where it thinks about workers.

CREATE TYPE clientcore.loyalty_stage AS ENUM (
    'lost', 'unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent');
COMMENT ON TYPE clientcore.loyalty_stage IS
'rungs of the ladder of loyalty in ascending order; lost is below all of them';

CREATE FUNCTION clientcore.xyz_class(
    h clientcore.purchase_history,
    as_of date,
    periods integer DEFAULT 12,
    period text DEFAULT 'month',
    x numeric DEFAULT 0.75,
    y numeric DEFAULT 0.25)
RETURNS text
AS 'MODULE_PATHNAME', 'xyz_class'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.xyz_class(clientcore.purchase_history, date, integer, text, numeric, numeric) IS
'X, Y or Z by frequency: the share of the last periods (at least 3) whole calendar periods up to as_of, counted from that of the first purchase, with a purchase; X from x on, Y from y on (shares, 0 <= y < x <= 1). NULL below two purchases or three periods. Errors: 22023 for a threshold or period out of bounds, 22008 for an infinite day. Source: doc/reference.md.';

CREATE FUNCTION clientcore.xyz_class_by_variation(
    h clientcore.purchase_history,
    as_of date,
    periods integer DEFAULT 12,
    period text DEFAULT 'month',
    x numeric DEFAULT 0.10,
    y numeric DEFAULT 0.25)
RETURNS text
AS 'MODULE_PATHNAME', 'xyz_class_by_variation'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.xyz_class_by_variation(clientcore.purchase_history, date, integer, text, numeric, numeric) IS
'X, Y or Z by the population coefficient of variation of net totals per calendar period, the same periods as xyz_class; X up to x, Y up to y (fractions, 0 <= x < y). NULL below three periods or for a mean of zero or less. Errors: 22023 for a threshold or period out of bounds, 22008 for an infinite day. Source: XYZ analysis of demand.';

CREATE FUNCTION clientcore.loyalty_stage(
    h clientcore.purchase_history,
    as_of date,
    has_contact boolean DEFAULT false,
    frequent_purchases integer DEFAULT 3,
    adherent_purchases integer DEFAULT 10,
    adherent_days integer DEFAULT 365,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS clientcore.loyalty_stage
AS 'MODULE_PATHNAME', 'loyalty_stage'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.loyalty_stage(clientcore.purchase_history, date, boolean, integer, integer, integer, numeric, integer, integer, integer) IS
'Place on the ladder of loyalty as of a day: lost by the rule of is_lost_client, else by the number of purchases; adherent from adherent_purchases on, the last at least adherent_days days after the first. Errors: 22023 for a threshold out of bounds, 22008 for an infinite day. Source: ladder of loyalty of relationship marketing, rungs in doc/reference.md.';

CREATE FUNCTION clientcore.loyalty_rung(
    h clientcore.purchase_history,
    as_of date,
    has_contact boolean DEFAULT false,
    frequent_purchases integer DEFAULT 3,
    adherent_purchases integer DEFAULT 10,
    adherent_days integer DEFAULT 365)
RETURNS integer
AS 'MODULE_PATHNAME', 'loyalty_rung'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.loyalty_rung(clientcore.purchase_history, date, boolean, integer, integer, integer) IS
'Number of the rung as of a day, 0 (unaware) to 5 (adherent), without regard to loss. Errors: 22023 for a threshold out of bounds, 22008 for an infinite day. Source: as loyalty_stage.';

CREATE FUNCTION clientcore.is_lost_client(
    h clientcore.purchase_history,
    as_of date,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS boolean
AS 'MODULE_PATHNAME', 'is_lost_client'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.is_lost_client(clientcore.purchase_history, date, numeric, integer, integer, integer) IS
'True where the days of silence since the last purchase are over their limit, see silence_limit; false without a purchase. Errors: 22023 for a threshold out of bounds, 22008 for an infinite day. Source: doc/reference.md.';

CREATE FUNCTION clientcore.silence_limit(
    h clientcore.purchase_history,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS integer
AS 'MODULE_PATHNAME', 'silence_limit'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.silence_limit(clientcore.purchase_history, numeric, integer, integer, integer) IS
'Days of silence after which the client is lost: factor times its median interval, rounded up, kept within min_days and max_days; fallback_days below three intervals; NULL without a purchase. Errors: 22023 for a threshold out of bounds. Source: doc/reference.md.';

CREATE FUNCTION clientcore.lost_on(
    h clientcore.purchase_history,
    as_of date,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS date
AS 'MODULE_PATHNAME', 'lost_on'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.lost_on(clientcore.purchase_history, date, numeric, integer, integer, integer) IS
'The first day the client was lost: last purchase + limit + 1 days; NULL unless lost as of the day. Errors: 22023 for a threshold out of bounds, 22008 for an infinite day.';

CREATE FUNCTION clientcore.loss_events(
    h clientcore.purchase_history,
    as_of date,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS TABLE (
    last_purchase date,
    silence_limit integer,
    lost_on date,
    returned_on date)
AS 'MODULE_PATHNAME', 'loss_events'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
ROWS 2;
COMMENT ON FUNCTION clientcore.loss_events(clientcore.purchase_history, date, numeric, integer, integer, integer) IS
'Every loss up to as_of, each by the limit (days) as it stood when the silence began; returned_on is NULL while it lasts. Errors: 22023 for a threshold out of bounds, 22008 for an infinite day.';

