-- How operations on a client base run: with the rights of its owner, see
-- src/operation.c. An operation is a function (base text, arguments jsonb) that
-- returns jsonb; its name begins with base_, and only run_as_owner calls it. The
-- helpers beside operations do nothing that their caller could not do by hand.

CREATE FUNCTION clientcore.run_as_owner(owner oid, operation text, base text, arguments jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'run_as_owner'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION clientcore.run_as_owner(oid, text, text, jsonb) IS
'Internal: runs an operation on a client base with the rights of its owner, whom the caller must be able to become. Errors: 42501 where he is not, 42883 for an unknown operation, and those of the operation.';

CREATE FUNCTION clientcore.may_commit()
RETURNS boolean
AS 'MODULE_PATHNAME', 'may_commit'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION clientcore.may_commit() IS
'Internal: whether the procedure that asks may commit, being in no transaction block';

CREATE FUNCTION clientcore.report_progress(what text)
RETURNS void
AS 'MODULE_PATHNAME', 'report_progress'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION clientcore.report_progress(text) IS
'Internal: shows in pg_stat_activity how far an operation is';

CREATE FUNCTION clientcore.parse_expression(
    relation oid,
    alias text,
    argument text,
    expression text,
    is_condition boolean,
    path text,
    OUT expression_text text,
    OUT type_text text,
    OUT base_type oid,
    OUT type_modifier integer,
    OUT collation_id oid,
    OUT column_numbers smallint[],
    OUT volatility text,
    OUT has_subquery boolean,
    OUT reads_whole_row boolean,
    OUT functions oid[])
RETURNS record
AS 'MODULE_PATHNAME', 'parse_expression'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.parse_expression(oid, text, text, text, boolean, text) IS
'Internal: what an expression over the columns of a relation is: its text with names qualified, its type, what it reads, how far its value can change, which functions of users it calls. Errors: those of PostgreSQL''s parser, with the argument named.';

CREATE FUNCTION clientcore.key_equality(key oid)
RETURNS text
AS 'MODULE_PATHNAME', 'key_equality'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.key_equality(oid) IS
'Internal: the operator by which clients of a type are equal, as text. Errors: 42883 where the type has no equality or order.';

-- Arguments and names

CREATE FUNCTION clientcore.require_argument(name text, value text)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF value IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = format('%s must not be null', name);
    ELSIF btrim(value) = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('%s must not be empty', name);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.require_argument(text, text) IS
'Internal: refuses NULL (22004) and the empty text (22023) for an argument';

CREATE FUNCTION clientcore.relation_name(relation oid)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT coalesce((SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = relation), format('relation %s, which no longer exists', relation))
$$;
COMMENT ON FUNCTION clientcore.relation_name(oid) IS
'Internal: the qualified name of a relation';

-- What is done to base tables must not depend on when a transaction began.
CREATE FUNCTION clientcore.require_read_committed()
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'read_only_sql_transaction',
            MESSAGE = 'a client base cannot be changed on a standby server',
            HINT = 'Call it on the primary; the views answer here too.';
    ELSIF current_setting('transaction_read_only')::boolean THEN
        RAISE EXCEPTION USING
            ERRCODE = 'read_only_sql_transaction',
            MESSAGE = 'a client base cannot be changed in a read-only transaction',
            HINT = 'See default_transaction_read_only.';
    ELSIF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_transaction_state',
            MESSAGE = format('a client base cannot be changed in a %s transaction', current_setting('transaction_isolation')),
            DETAIL = 'It needs to see what was committed after the transaction began.',
            HINT = 'Call it in a READ COMMITTED transaction.';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.require_read_committed() IS
'Internal: refuses a standby server and read-only transactions (25006), and transactions that keep an old snapshot (25000)';

-- The owner of a base. A base is a schema with tables of certain names, all of one owner,
-- see src/base.c; what they hold is for operations, which have his rights alone, to see.
CREATE FUNCTION clientcore.is_base(schema_id oid)
RETURNS boolean
AS 'MODULE_PATHNAME', 'is_base'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.is_base(oid) IS
'Internal: whether a schema is a client base';

-- What is read in the name of an owner is read from his own tables: asked again after every
-- wait, for others could take the name of a schema that was renamed meanwhile.
CREATE FUNCTION clientcore.is_own_base(base text)
RETURNS boolean
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT EXISTS (
    SELECT FROM pg_namespace n
    WHERE n.nspname = base AND n.nspowner = current_user::regrole AND clientcore.is_base(n.oid))
$$;
COMMENT ON FUNCTION clientcore.is_own_base(text) IS
'Internal: whether there is a client base of the current user of this name';

CREATE FUNCTION clientcore.require_own_base(base text)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT clientcore.is_own_base(base) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_schema_name',
            MESSAGE = format('client base "%s" does not exist any more', base);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.require_own_base(text) IS
'Internal: refuses to go on where the base was taken away or renamed meanwhile (3F000)';

CREATE FUNCTION clientcore.base_owner(base text)
RETURNS oid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid;
BEGIN
    PERFORM clientcore.require_argument('base', base);
    SELECT n.nspowner INTO owner
    FROM pg_namespace n
    WHERE n.nspname = base AND clientcore.is_base(n.oid);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_schema_name',
            MESSAGE = format('client base "%s" does not exist', base),
            HINT = 'SELECT base FROM clientcore.bases lists those there are; CALL clientcore.attach(...) makes one.';
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION clientcore.base_owner(text) IS
'Internal: the role that owns a client base. Errors: 3F000 where there is no such base.';

CREATE FUNCTION clientcore.key_hash(client anyelement, salt bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'key_hash'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.key_hash(anyelement, bytea) IS
'Internal: a salted hash of a client, the same for equal ones. Errors: 22023 for a salt of fewer than 16 bytes.';

CREATE FUNCTION clientcore.key_fraction(client anyelement)
RETURNS double precision
AS 'MODULE_PATHNAME', 'key_fraction'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.key_fraction(anyelement) IS
'Internal: a number from 0 up to 1 for a client, the same for equal ones, by which a share of them is drawn';

-- The statements of a refresh, or of a verification, sort and hash at several places at once; together they are to
-- keep within a few times maintenance_work_mem.
CREATE FUNCTION clientcore.share_memory()
RETURNS void
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT set_config('work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 4096, 64) || 'kB', true)
$$;
COMMENT ON FUNCTION clientcore.share_memory() IS
'Internal: gives each sort and hash table of an operation a quarter of maintenance_work_mem, until the end of the transaction';
