-- The purchase history: type, input and output, operators, operator classes.

CREATE TYPE clientcore.purchase_history;

CREATE FUNCTION clientcore.purchase_history_in(cstring)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_in(cstring) IS
'text input of purchase_history';

CREATE FUNCTION clientcore.purchase_history_out(clientcore.purchase_history)
RETURNS cstring
AS 'MODULE_PATHNAME', 'purchase_history_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_out(clientcore.purchase_history) IS
'text output of purchase_history';

CREATE FUNCTION clientcore.purchase_history_recv(internal)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_recv(internal) IS
'binary input of purchase_history; checks every byte';

CREATE FUNCTION clientcore.purchase_history_send(clientcore.purchase_history)
RETURNS bytea
AS 'MODULE_PATHNAME', 'purchase_history_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_send(clientcore.purchase_history) IS
'binary output of purchase_history';

CREATE TYPE clientcore.purchase_history (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientcore.purchase_history_in,
    OUTPUT = clientcore.purchase_history_out,
    RECEIVE = clientcore.purchase_history_recv,
    SEND = clientcore.purchase_history_send,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE clientcore.purchase_history IS
'what one client bought, day by day: exact, about 5 bytes a purchase, mergeable with + and rollup, invertible with -';

-- Arithmetic

CREATE FUNCTION clientcore.purchase_history_add(clientcore.purchase_history, clientcore.purchase_history)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_add'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_add(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of + operator';

CREATE FUNCTION clientcore.purchase_history_subtract(clientcore.purchase_history, clientcore.purchase_history)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'purchase_history_subtract'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_subtract(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of - operator';

CREATE OPERATOR clientcore.+ (
    FUNCTION = clientcore.purchase_history_add,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.+)
);
COMMENT ON OPERATOR clientcore.+ (clientcore.purchase_history, clientcore.purchase_history) IS
'merge two histories: all sales of both';

CREATE OPERATOR clientcore.- (
    FUNCTION = clientcore.purchase_history_subtract,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history
);
COMMENT ON OPERATOR clientcore.- (clientcore.purchase_history, clientcore.purchase_history) IS
'take the sales of the right history out of the left; what the left does not hold becomes negative (a delta)';

-- Comparison: by content, never by the bytes that hold it

CREATE FUNCTION clientcore.purchase_history_eq(clientcore.purchase_history, clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_eq(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of = operator';

CREATE FUNCTION clientcore.purchase_history_ne(clientcore.purchase_history, clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_ne(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of <> operator';

CREATE FUNCTION clientcore.purchase_history_lt(clientcore.purchase_history, clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_lt(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of < operator';

CREATE FUNCTION clientcore.purchase_history_le(clientcore.purchase_history, clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_le(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of <= operator';

CREATE FUNCTION clientcore.purchase_history_gt(clientcore.purchase_history, clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_gt(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of > operator';

CREATE FUNCTION clientcore.purchase_history_ge(clientcore.purchase_history, clientcore.purchase_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'purchase_history_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_ge(clientcore.purchase_history, clientcore.purchase_history) IS
'implementation of >= operator';

CREATE FUNCTION clientcore.purchase_history_cmp(clientcore.purchase_history, clientcore.purchase_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'purchase_history_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_cmp(clientcore.purchase_history, clientcore.purchase_history) IS
'less-equal-greater for btree';

CREATE FUNCTION clientcore.purchase_history_hash(clientcore.purchase_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'purchase_history_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_hash(clientcore.purchase_history) IS
'hash of the content';

CREATE FUNCTION clientcore.purchase_history_hash_extended(clientcore.purchase_history, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'purchase_history_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.purchase_history_hash_extended(clientcore.purchase_history, bigint) IS
'64-bit hash of the content, with a seed';

CREATE OPERATOR clientcore.= (
    FUNCTION = clientcore.purchase_history_eq,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.=),
    NEGATOR = OPERATOR(clientcore.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR clientcore.= (clientcore.purchase_history, clientcore.purchase_history) IS
'equality: same content';

CREATE OPERATOR clientcore.<> (
    FUNCTION = clientcore.purchase_history_ne,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.<>),
    NEGATOR = OPERATOR(clientcore.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR clientcore.<> (clientcore.purchase_history, clientcore.purchase_history) IS
'not equal';

CREATE OPERATOR clientcore.< (
    FUNCTION = clientcore.purchase_history_lt,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.>),
    NEGATOR = OPERATOR(clientcore.>=),
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR clientcore.< (clientcore.purchase_history, clientcore.purchase_history) IS
'less than, by the first day that differs';

CREATE OPERATOR clientcore.<= (
    FUNCTION = clientcore.purchase_history_le,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.>=),
    NEGATOR = OPERATOR(clientcore.>),
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR clientcore.<= (clientcore.purchase_history, clientcore.purchase_history) IS
'less than or equal, by the first day that differs';

CREATE OPERATOR clientcore.> (
    FUNCTION = clientcore.purchase_history_gt,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.<),
    NEGATOR = OPERATOR(clientcore.<=),
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR clientcore.> (clientcore.purchase_history, clientcore.purchase_history) IS
'greater than, by the first day that differs';

CREATE OPERATOR clientcore.>= (
    FUNCTION = clientcore.purchase_history_ge,
    LEFTARG = clientcore.purchase_history,
    RIGHTARG = clientcore.purchase_history,
    COMMUTATOR = OPERATOR(clientcore.<=),
    NEGATOR = OPERATOR(clientcore.<),
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR clientcore.>= (clientcore.purchase_history, clientcore.purchase_history) IS
'greater than or equal, by the first day that differs';

CREATE OPERATOR CLASS clientcore.purchase_history_ops
DEFAULT FOR TYPE clientcore.purchase_history USING btree AS
    OPERATOR 1 clientcore.<,
    OPERATOR 2 clientcore.<=,
    OPERATOR 3 clientcore.=,
    OPERATOR 4 clientcore.>=,
    OPERATOR 5 clientcore.>,
    FUNCTION 1 clientcore.purchase_history_cmp(clientcore.purchase_history, clientcore.purchase_history);
COMMENT ON OPERATOR CLASS clientcore.purchase_history_ops USING btree IS
'sorting of purchase histories by content';
COMMENT ON OPERATOR FAMILY clientcore.purchase_history_ops USING btree IS
'sorting of purchase histories by content';

CREATE OPERATOR CLASS clientcore.purchase_history_ops
DEFAULT FOR TYPE clientcore.purchase_history USING hash AS
    OPERATOR 1 clientcore.=,
    FUNCTION 1 clientcore.purchase_history_hash(clientcore.purchase_history),
    FUNCTION 2 clientcore.purchase_history_hash_extended(clientcore.purchase_history, bigint);
COMMENT ON OPERATOR CLASS clientcore.purchase_history_ops USING hash IS
'hashing of purchase histories by content';
COMMENT ON OPERATOR FAMILY clientcore.purchase_history_ops USING hash IS
'hashing of purchase histories by content';
