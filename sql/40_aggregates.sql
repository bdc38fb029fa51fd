-- Aggregates over raw sales. They share their transition functions, so that one
-- query with several of them over the same arguments builds one state. Sales
-- without a moment or an amount are left out, as in any aggregate.

-- Time zones make the transition functions stable rather than immutable.
CREATE FUNCTION @extschema@.history_accum(internal, "any", "any")
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_accum(internal, "any", "any") IS
'transition function over sold_at, amount';

CREATE FUNCTION @extschema@.history_accum_profit(internal, "any", "any", "any")
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_profit'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_accum_profit(internal, "any", "any", "any") IS
'transition function over sold_at, amount, profit';

CREATE FUNCTION @extschema@.history_accum_zone(internal, "any", "any", text)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_zone'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_accum_zone(internal, "any", "any", text) IS
'transition function over sold_at, amount, time_zone';

CREATE FUNCTION @extschema@.history_accum_profit_zone(internal, "any", "any", "any", text)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_profit_zone'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_accum_profit_zone(internal, "any", "any", "any", text) IS
'transition function over sold_at, amount, profit, time_zone';

CREATE FUNCTION @extschema@.history_accum_as_of(internal, "any", "any", date)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_as_of'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_accum_as_of(internal, "any", "any", date) IS
'transition function over sold_at, amount, as_of';

CREATE FUNCTION @extschema@.history_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_combine(internal, internal) IS
'joins two aggregate states';

CREATE FUNCTION @extschema@.history_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'history_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_serialize(internal) IS
'aggregate state to bytes';

CREATE FUNCTION @extschema@.history_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_deserialize(bytea, internal) IS
'aggregate state from bytes';

CREATE FUNCTION @extschema@.history_final(internal)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'history_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_final(internal) IS
'aggregate state to purchase history';

CREATE FUNCTION @extschema@.history_xyz_class_final(internal)
RETURNS text
AS 'MODULE_PATHNAME', 'history_xyz_class_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_xyz_class_final(internal) IS
'aggregate state to XYZ class';

CREATE FUNCTION @extschema@.history_loyalty_stage_final(internal)
RETURNS @extschema@.loyalty_stage
AS 'MODULE_PATHNAME', 'history_loyalty_stage_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_loyalty_stage_final(internal) IS
'aggregate state to rung of the ladder';

CREATE FUNCTION @extschema@.history_is_lost_client_final(internal)
RETURNS boolean
AS 'MODULE_PATHNAME', 'history_is_lost_client_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.history_is_lost_client_final(internal) IS
'aggregate state to lost or not';

CREATE AGGREGATE @extschema@.purchase_history(sold_at "any", amount "any") (
    SFUNC = @extschema@.history_accum,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.purchase_history("any", "any") IS
'Purchase history of a group of sales from sold_at and amount; sold_at is date, timestamp or timestamptz (a day in the time zone of the session), amount is any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day.';

CREATE AGGREGATE @extschema@.purchase_history(sold_at "any", amount "any", profit "any") (
    SFUNC = @extschema@.history_accum_profit,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.purchase_history("any", "any", "any") IS
'Purchase history of a group of sales from sold_at, amount and profit; sold_at is date, timestamp or timestamptz (a day in the time zone of the session), amount and profit are any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day.';

CREATE AGGREGATE @extschema@.purchase_history(sold_at "any", amount "any", time_zone text) (
    SFUNC = @extschema@.history_accum_zone,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.purchase_history("any", "any", text) IS
'Purchase history of a group of sales from sold_at, amount and time_zone; sold_at is date, timestamp or timestamptz (a day in the time zone named), amount is any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day, 22023 for an unknown time zone.';

CREATE AGGREGATE @extschema@.purchase_history(sold_at "any", amount "any", profit "any", time_zone text) (
    SFUNC = @extschema@.history_accum_profit_zone,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.purchase_history("any", "any", "any", text) IS
'Purchase history of a group of sales from sold_at, amount, profit and time_zone; sold_at is date, timestamp or timestamptz (a day in the time zone named), amount and profit are any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day, 22023 for an unknown time zone.';

CREATE AGGREGATE @extschema@.xyz_class(sold_at "any", amount "any", as_of date) (
    SFUNC = @extschema@.history_accum_as_of,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_xyz_class_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.xyz_class("any", "any", date) IS
'X, Y or Z by frequency of purchase, from sold_at, amount and as_of, by the default thresholds over months. Errors: as purchase_history, 22023 for an as_of that varies.';

CREATE AGGREGATE @extschema@.loyalty_stage(sold_at "any", amount "any", as_of date) (
    SFUNC = @extschema@.history_accum_as_of,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_loyalty_stage_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.loyalty_stage("any", "any", date) IS
'Place on the ladder of loyalty, from sold_at, amount and as_of, by the default thresholds. Errors: as purchase_history, 22023 for an as_of that varies.';

CREATE AGGREGATE @extschema@.is_lost_client(sold_at "any", amount "any", as_of date) (
    SFUNC = @extschema@.history_accum_as_of,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = @extschema@.history_is_lost_client_final,
    COMBINEFUNC = @extschema@.history_combine,
    SERIALFUNC = @extschema@.history_serialize,
    DESERIALFUNC = @extschema@.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.is_lost_client("any", "any", date) IS
'Lost or not, from sold_at, amount and as_of, by the default rule. Errors: as purchase_history, 22023 for an as_of that varies.';

-- rollup has a real type as its state, so that engines which split aggregates
-- over servers can ship it.

CREATE TYPE @extschema@.purchase_history_state;

CREATE FUNCTION @extschema@.purchase_history_state_in(cstring)
RETURNS @extschema@.purchase_history_state
AS 'MODULE_PATHNAME', 'purchase_history_state_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_state_in(cstring) IS
'text input of purchase_history_state';

CREATE FUNCTION @extschema@.purchase_history_state_out(@extschema@.purchase_history_state)
RETURNS cstring
AS 'MODULE_PATHNAME', 'purchase_history_state_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_state_out(@extschema@.purchase_history_state) IS
'text output of purchase_history_state';

CREATE FUNCTION @extschema@.purchase_history_state_recv(internal)
RETURNS @extschema@.purchase_history_state
AS 'MODULE_PATHNAME', 'purchase_history_state_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_state_recv(internal) IS
'binary input of purchase_history_state; checks every byte';

CREATE FUNCTION @extschema@.purchase_history_state_send(@extschema@.purchase_history_state)
RETURNS bytea
AS 'MODULE_PATHNAME', 'purchase_history_state_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_state_send(@extschema@.purchase_history_state) IS
'binary output of purchase_history_state';

CREATE TYPE @extschema@.purchase_history_state (
    INTERNALLENGTH = VARIABLE,
    INPUT = @extschema@.purchase_history_state_in,
    OUTPUT = @extschema@.purchase_history_state_out,
    RECEIVE = @extschema@.purchase_history_state_recv,
    SEND = @extschema@.purchase_history_state_send,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE @extschema@.purchase_history_state IS
'working state of rollup: a history under construction';

CREATE FUNCTION @extschema@.rollup_accum(@extschema@.purchase_history_state, @extschema@.purchase_history)
RETURNS @extschema@.purchase_history_state
AS 'MODULE_PATHNAME', 'rollup_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rollup_accum(@extschema@.purchase_history_state, @extschema@.purchase_history) IS
'transition function of rollup';

CREATE FUNCTION @extschema@.rollup_combine(@extschema@.purchase_history_state, @extschema@.purchase_history_state)
RETURNS @extschema@.purchase_history_state
AS 'MODULE_PATHNAME', 'rollup_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rollup_combine(@extschema@.purchase_history_state, @extschema@.purchase_history_state) IS
'joins two states of rollup';

CREATE FUNCTION @extschema@.rollup_final(@extschema@.purchase_history_state)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'rollup_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rollup_final(@extschema@.purchase_history_state) IS
'state of rollup to purchase history';

CREATE AGGREGATE @extschema@.rollup(h @extschema@.purchase_history) (
    SFUNC = @extschema@.rollup_accum,
    STYPE = @extschema@.purchase_history_state,
    SSPACE = 1024,
    FINALFUNC = @extschema@.rollup_final,
    COMBINEFUNC = @extschema@.rollup_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.purchase_history) IS
'Merges histories: all sales of all of them; NULLs are left out. Errors: 22003 for amounts beyond 64 bits.';

