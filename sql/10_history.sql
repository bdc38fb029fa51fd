-- The purchase history: type, input and output, operators, operator classes.

CREATE TYPE @extschema@.purchase_history;

CREATE FUNCTION @extschema@.purchase_history_in(cstring)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_in(cstring) IS
'text input of purchase_history';

CREATE FUNCTION @extschema@.purchase_history_out(@extschema@.purchase_history)
RETURNS cstring
AS 'MODULE_PATHNAME', 'purchase_history_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_out(@extschema@.purchase_history) IS
'text output of purchase_history';

CREATE FUNCTION @extschema@.purchase_history_recv(internal)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_recv(internal) IS
'binary input of purchase_history; checks every byte';

CREATE FUNCTION @extschema@.purchase_history_send(@extschema@.purchase_history)
RETURNS bytea
AS 'MODULE_PATHNAME', 'purchase_history_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_send(@extschema@.purchase_history) IS
'binary output of purchase_history';

CREATE TYPE @extschema@.purchase_history (
    INTERNALLENGTH = VARIABLE,
    INPUT = @extschema@.purchase_history_in,
    OUTPUT = @extschema@.purchase_history_out,
    RECEIVE = @extschema@.purchase_history_recv,
    SEND = @extschema@.purchase_history_send,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE @extschema@.purchase_history IS
'what one client bought, day by day: exact, about 5 bytes a purchase, mergeable with + and rollup, invertible with -';

-- Arithmetic

CREATE FUNCTION @extschema@.purchase_history_add(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_add'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_add(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of + operator';

CREATE FUNCTION @extschema@.purchase_history_subtract(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS @extschema@.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_subtract'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_subtract(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of - operator';

CREATE OPERATOR @extschema@.+ (
    FUNCTION = @extschema@.purchase_history_add,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.+)
);
COMMENT ON OPERATOR @extschema@.+ (@extschema@.purchase_history, @extschema@.purchase_history) IS
'merge two histories: all sales of both';

CREATE OPERATOR @extschema@.- (
    FUNCTION = @extschema@.purchase_history_subtract,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history
);
COMMENT ON OPERATOR @extschema@.- (@extschema@.purchase_history, @extschema@.purchase_history) IS
'take the sales of the right history out of the left; what the left does not hold becomes negative (a delta)';

-- Comparison: by content, never by the bytes that hold it

CREATE FUNCTION @extschema@.purchase_history_eq(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_eq(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of = operator';

CREATE FUNCTION @extschema@.purchase_history_ne(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_ne(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of <> operator';

CREATE FUNCTION @extschema@.purchase_history_lt(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_lt(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of < operator';

CREATE FUNCTION @extschema@.purchase_history_le(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_le(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of <= operator';

CREATE FUNCTION @extschema@.purchase_history_gt(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_gt(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of > operator';

CREATE FUNCTION @extschema@.purchase_history_ge(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_ge(@extschema@.purchase_history, @extschema@.purchase_history) IS
'implementation of >= operator';

CREATE FUNCTION @extschema@.purchase_history_cmp(@extschema@.purchase_history, @extschema@.purchase_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'purchase_history_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_cmp(@extschema@.purchase_history, @extschema@.purchase_history) IS
'less-equal-greater for btree';

CREATE FUNCTION @extschema@.purchase_history_hash(@extschema@.purchase_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'purchase_history_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_hash(@extschema@.purchase_history) IS
'hash of the content';

CREATE FUNCTION @extschema@.purchase_history_hash_extended(@extschema@.purchase_history, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'purchase_history_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_history_hash_extended(@extschema@.purchase_history, bigint) IS
'64-bit hash of the content, with a seed';

CREATE OPERATOR @extschema@.= (
    FUNCTION = @extschema@.purchase_history_eq,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.=),
    NEGATOR = OPERATOR(@extschema@.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.purchase_history, @extschema@.purchase_history) IS
'equality: same content';

CREATE OPERATOR @extschema@.<> (
    FUNCTION = @extschema@.purchase_history_ne,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.<>),
    NEGATOR = OPERATOR(@extschema@.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.purchase_history, @extschema@.purchase_history) IS
'not equal';

CREATE OPERATOR @extschema@.< (
    FUNCTION = @extschema@.purchase_history_lt,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.>),
    NEGATOR = OPERATOR(@extschema@.>=),
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR @extschema@.< (@extschema@.purchase_history, @extschema@.purchase_history) IS
'less than, by the first day that differs';

CREATE OPERATOR @extschema@.<= (
    FUNCTION = @extschema@.purchase_history_le,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.>=),
    NEGATOR = OPERATOR(@extschema@.>),
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.purchase_history, @extschema@.purchase_history) IS
'less than or equal, by the first day that differs';

CREATE OPERATOR @extschema@.> (
    FUNCTION = @extschema@.purchase_history_gt,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.<),
    NEGATOR = OPERATOR(@extschema@.<=),
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR @extschema@.> (@extschema@.purchase_history, @extschema@.purchase_history) IS
'greater than, by the first day that differs';

CREATE OPERATOR @extschema@.>= (
    FUNCTION = @extschema@.purchase_history_ge,
    LEFTARG = @extschema@.purchase_history,
    RIGHTARG = @extschema@.purchase_history,
    COMMUTATOR = OPERATOR(@extschema@.<=),
    NEGATOR = OPERATOR(@extschema@.<),
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.purchase_history, @extschema@.purchase_history) IS
'greater than or equal, by the first day that differs';

CREATE OPERATOR CLASS @extschema@.purchase_history_ops
DEFAULT FOR TYPE @extschema@.purchase_history USING btree AS
    OPERATOR 1 @extschema@.<,
    OPERATOR 2 @extschema@.<=,
    OPERATOR 3 @extschema@.=,
    OPERATOR 4 @extschema@.>=,
    OPERATOR 5 @extschema@.>,
    FUNCTION 1 @extschema@.purchase_history_cmp(@extschema@.purchase_history, @extschema@.purchase_history);
COMMENT ON OPERATOR CLASS @extschema@.purchase_history_ops USING btree IS
'sorting of purchase histories by content';
COMMENT ON OPERATOR FAMILY @extschema@.purchase_history_ops USING btree IS
'sorting of purchase histories by content';

CREATE OPERATOR CLASS @extschema@.purchase_history_ops
DEFAULT FOR TYPE @extschema@.purchase_history USING hash AS
    OPERATOR 1 @extschema@.=,
    FUNCTION 1 @extschema@.purchase_history_hash(@extschema@.purchase_history),
    FUNCTION 2 @extschema@.purchase_history_hash_extended(@extschema@.purchase_history, bigint);
COMMENT ON OPERATOR CLASS @extschema@.purchase_history_ops USING hash IS
'hashing of purchase histories by content';
COMMENT ON OPERATOR FAMILY @extschema@.purchase_history_ops USING hash IS
'hashing of purchase histories by content';
