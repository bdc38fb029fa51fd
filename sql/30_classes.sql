-- Classes of one client: XYZ, ladder of loyalty, lost or not. Scalar forms; the
-- aggregates over raw sales are in 40_aggregates.sql.

CREATE TYPE @extschema@.loyalty_stage AS ENUM (
    'lost', 'unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent');
COMMENT ON TYPE @extschema@.loyalty_stage IS
'rungs of the ladder of loyalty in ascending order; lost is below all of them';

CREATE FUNCTION @extschema@.xyz_class(
    h @extschema@.purchase_history,
    as_of date,
    periods integer DEFAULT 12,
    period text DEFAULT 'month',
    x numeric DEFAULT 0.75,
    y numeric DEFAULT 0.25)
RETURNS text
AS 'MODULE_PATHNAME', 'xyz_class'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.xyz_class(@extschema@.purchase_history, date, integer, text, numeric, numeric) IS
'X, Y or Z by the share of whole calendar periods with a purchase; NULL below two purchases or three periods';

CREATE FUNCTION @extschema@.xyz_class_by_variation(
    h @extschema@.purchase_history,
    as_of date,
    periods integer DEFAULT 12,
    period text DEFAULT 'month',
    x numeric DEFAULT 0.10,
    y numeric DEFAULT 0.25)
RETURNS text
AS 'MODULE_PATHNAME', 'xyz_class_by_variation'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.xyz_class_by_variation(@extschema@.purchase_history, date, integer, text, numeric, numeric) IS
'X, Y or Z by the coefficient of variation of net totals per calendar period; NULL below three periods or for a mean of zero or less';

CREATE FUNCTION @extschema@.loyalty_stage(
    h @extschema@.purchase_history,
    as_of date,
    has_contact boolean DEFAULT false,
    frequent_purchases integer DEFAULT 3,
    adherent_purchases integer DEFAULT 10,
    adherent_days integer DEFAULT 365,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS @extschema@.loyalty_stage
AS 'MODULE_PATHNAME', 'loyalty_stage'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.loyalty_stage(@extschema@.purchase_history, date, boolean, integer, integer, integer, numeric, integer, integer, integer) IS
'place on the ladder of loyalty';

CREATE FUNCTION @extschema@.loyalty_rung(
    h @extschema@.purchase_history,
    as_of date,
    has_contact boolean DEFAULT false,
    frequent_purchases integer DEFAULT 3,
    adherent_purchases integer DEFAULT 10,
    adherent_days integer DEFAULT 365)
RETURNS integer
AS 'MODULE_PATHNAME', 'loyalty_rung'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.loyalty_rung(@extschema@.purchase_history, date, boolean, integer, integer, integer) IS
'number of the rung, 0 (unaware) to 5 (adherent), without regard to loss';

CREATE FUNCTION @extschema@.is_lost_client(
    h @extschema@.purchase_history,
    as_of date,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS boolean
AS 'MODULE_PATHNAME', 'is_lost_client'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_lost_client(@extschema@.purchase_history, date, numeric, integer, integer, integer) IS
'true where the silence since the last purchase is over its limit';

CREATE FUNCTION @extschema@.silence_limit(
    h @extschema@.purchase_history,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS integer
AS 'MODULE_PATHNAME', 'silence_limit'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.silence_limit(@extschema@.purchase_history, numeric, integer, integer, integer) IS
'days of silence after which the client counts as lost: factor times its typical interval within bounds, or fallback_days below three intervals; NULL without a purchase';

CREATE FUNCTION @extschema@.lost_on(
    h @extschema@.purchase_history,
    as_of date,
    factor numeric DEFAULT 3,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730,
    fallback_days integer DEFAULT 365)
RETURNS date
AS 'MODULE_PATHNAME', 'lost_on'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.lost_on(@extschema@.purchase_history, date, numeric, integer, integer, integer) IS
'the day the client was lost on: last purchase + limit + 1; NULL unless lost';

CREATE FUNCTION @extschema@.loss_events(
    h @extschema@.purchase_history,
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
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
ROWS 2;
COMMENT ON FUNCTION @extschema@.loss_events(@extschema@.purchase_history, date, numeric, integer, integer, integer) IS
'every loss in the history, each by the limit as it stood when the silence began; returned_on is NULL while it lasts';

