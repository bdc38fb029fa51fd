-- Aggregates over raw sales. They share their transition functions, so that one
-- query with several of them over the same arguments builds one state. Sales
-- without a moment or an amount are left out, as in any aggregate.

-- Time zones make the transition functions stable rather than immutable.
CREATE FUNCTION clientcore.history_accum(internal, "any", "any")
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_accum(internal, "any", "any") IS
'transition function over sold_at, amount';

CREATE FUNCTION clientcore.history_accum_profit(internal, "any", "any", "any")
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_profit'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_accum_profit(internal, "any", "any", "any") IS
'transition function over sold_at, amount, profit';

CREATE FUNCTION clientcore.history_accum_zone(internal, "any", "any", text)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_zone'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_accum_zone(internal, "any", "any", text) IS
'transition function over sold_at, amount, time_zone';

CREATE FUNCTION clientcore.history_accum_profit_zone(internal, "any", "any", "any", text)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_profit_zone'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_accum_profit_zone(internal, "any", "any", "any", text) IS
'transition function over sold_at, amount, profit, time_zone';

CREATE FUNCTION clientcore.history_accum_as_of(internal, "any", "any", date)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_accum_as_of'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_accum_as_of(internal, "any", "any", date) IS
'transition function over sold_at, amount, as_of';

CREATE FUNCTION clientcore.history_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_combine(internal, internal) IS
'joins two aggregate states';

CREATE FUNCTION clientcore.history_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'history_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_serialize(internal) IS
'aggregate state to bytes';

CREATE FUNCTION clientcore.history_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'history_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_deserialize(bytea, internal) IS
'aggregate state from bytes';

CREATE FUNCTION clientcore.history_final(internal)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'history_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_final(internal) IS
'aggregate state to purchase history';

CREATE FUNCTION clientcore.history_xyz_class_final(internal)
RETURNS text
AS 'MODULE_PATHNAME', 'history_xyz_class_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_xyz_class_final(internal) IS
'aggregate state to XYZ class';

CREATE FUNCTION clientcore.history_loyalty_stage_final(internal)
RETURNS clientcore.loyalty_stage
AS 'MODULE_PATHNAME', 'history_loyalty_stage_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_loyalty_stage_final(internal) IS
'aggregate state to rung of the ladder';

CREATE FUNCTION clientcore.history_is_lost_client_final(internal)
RETURNS boolean
AS 'MODULE_PATHNAME', 'history_is_lost_client_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_is_lost_client_final(internal) IS
'aggregate state to lost or not';

CREATE AGGREGATE clientcore.purchase_history(sold_at "any", amount "any") (
    SFUNC = clientcore.history_accum,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.purchase_history("any", "any") IS
'Purchase history of a group of sales from sold_at and amount; sold_at is date, timestamp or timestamptz (a day in the time zone of the session), amount is any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day.';

CREATE AGGREGATE clientcore.purchase_history(sold_at "any", amount "any", profit "any") (
    SFUNC = clientcore.history_accum_profit,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.purchase_history("any", "any", "any") IS
'Purchase history of a group of sales from sold_at, amount and profit; sold_at is date, timestamp or timestamptz (a day in the time zone of the session), amount and profit are any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day.';

CREATE AGGREGATE clientcore.purchase_history(sold_at "any", amount "any", time_zone text) (
    SFUNC = clientcore.history_accum_zone,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.purchase_history("any", "any", text) IS
'Purchase history of a group of sales from sold_at, amount and time_zone; sold_at is date, timestamp or timestamptz (a day in the time zone named), amount is any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day, 22023 for an unknown time zone.';

CREATE AGGREGATE clientcore.purchase_history(sold_at "any", amount "any", profit "any", time_zone text) (
    SFUNC = clientcore.history_accum_profit_zone,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.purchase_history("any", "any", "any", text) IS
'Purchase history of a group of sales from sold_at, amount, profit and time_zone; sold_at is date, timestamp or timestamptz (a day in the time zone named), amount and profit are any number, exact, negative for a return; rows without sold_at or amount are left out. Errors: 42804 for another type, 22003 for NaN, infinity or amounts beyond 64 bits, 22008 for an infinite day, 22023 for an unknown time zone.';

CREATE AGGREGATE clientcore.xyz_class(sold_at "any", amount "any", as_of date) (
    SFUNC = clientcore.history_accum_as_of,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_xyz_class_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.xyz_class("any", "any", date) IS
'X, Y or Z by frequency of purchase, from sold_at, amount and as_of, by the default thresholds over months. Errors: as purchase_history, 22023 for an as_of that varies.';

CREATE AGGREGATE clientcore.loyalty_stage(sold_at "any", amount "any", as_of date) (
    SFUNC = clientcore.history_accum_as_of,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_loyalty_stage_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.loyalty_stage("any", "any", date) IS
'Place on the ladder of loyalty, from sold_at, amount and as_of, by the default thresholds. Errors: as purchase_history, 22023 for an as_of that varies.';

CREATE AGGREGATE clientcore.is_lost_client(sold_at "any", amount "any", as_of date) (
    SFUNC = clientcore.history_accum_as_of,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = clientcore.history_is_lost_client_final,
    COMBINEFUNC = clientcore.history_combine,
    SERIALFUNC = clientcore.history_serialize,
    DESERIALFUNC = clientcore.history_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.is_lost_client("any", "any", date) IS
'Lost or not, from sold_at, amount and as_of, by the default rule. Errors: as purchase_history, 22023 for an as_of that varies.';

-- rollup has a real type as its state, so that engines which split aggregates
-- over servers can ship it.

CREATE TYPE clientcore.purchase_history_state;

CREATE FUNCTION clientcore.purchase_history_state_in(cstring)
RETURNS clientcore.purchase_history_state
AS 'MODULE_PATHNAME', 'purchase_history_state_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_state_in(cstring) IS
'text input of purchase_history_state';

CREATE FUNCTION clientcore.purchase_history_state_out(clientcore.purchase_history_state)
RETURNS cstring
AS 'MODULE_PATHNAME', 'purchase_history_state_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_state_out(clientcore.purchase_history_state) IS
'text output of purchase_history_state';

CREATE FUNCTION clientcore.purchase_history_state_recv(internal)
RETURNS clientcore.purchase_history_state
AS 'MODULE_PATHNAME', 'purchase_history_state_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_state_recv(internal) IS
'binary input of purchase_history_state; checks every byte';

CREATE FUNCTION clientcore.purchase_history_state_send(clientcore.purchase_history_state)
RETURNS bytea
AS 'MODULE_PATHNAME', 'purchase_history_state_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_state_send(clientcore.purchase_history_state) IS
'binary output of purchase_history_state';

CREATE TYPE clientcore.purchase_history_state (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientcore.purchase_history_state_in,
    OUTPUT = clientcore.purchase_history_state_out,
    RECEIVE = clientcore.purchase_history_state_recv,
    SEND = clientcore.purchase_history_state_send,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE clientcore.purchase_history_state IS
'working state of rollup: a history under construction';

CREATE FUNCTION clientcore.rollup_accum(clientcore.purchase_history_state, clientcore.purchase_history)
RETURNS clientcore.purchase_history_state
AS 'MODULE_PATHNAME', 'rollup_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.rollup_accum(clientcore.purchase_history_state, clientcore.purchase_history) IS
'transition function of rollup';

CREATE FUNCTION clientcore.rollup_combine(clientcore.purchase_history_state, clientcore.purchase_history_state)
RETURNS clientcore.purchase_history_state
AS 'MODULE_PATHNAME', 'rollup_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.rollup_combine(clientcore.purchase_history_state, clientcore.purchase_history_state) IS
'joins two states of rollup';

CREATE FUNCTION clientcore.rollup_final(clientcore.purchase_history_state)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'rollup_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.rollup_final(clientcore.purchase_history_state) IS
'state of rollup to purchase history';

CREATE AGGREGATE clientcore.rollup(h clientcore.purchase_history) (
    SFUNC = clientcore.rollup_accum,
    STYPE = clientcore.purchase_history_state,
    SSPACE = 1024,
    FINALFUNC = clientcore.rollup_final,
    COMBINEFUNC = clientcore.rollup_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.rollup(clientcore.purchase_history) IS
'Merges histories: all sales of all of them; NULLs are left out. Errors: 22003 for amounts beyond 64 bits.';

