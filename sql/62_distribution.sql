-- Sales that are distributed over the nodes of a Citus cluster, and bases whose histories are
-- beside them, on the same nodes. Citus plans a statement that reads distributed tables and
-- nothing else so that each node does its part; with local tables in it, it may refuse, or
-- fetch what need not travel. So the two are kept apart: histories are made, counted and
-- taken away by statements over distributed tables alone, and whatever else reads them does
-- so through rows_of.

CREATE FUNCTION clientcore.is_distributed(relation oid)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_it boolean;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        RETURN false;
    END IF;
    -- reference tables, and local ones that Citus knows of, as well: it plans what reads them
    EXECUTE 'SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition p WHERE p.logicalrelid = $1)'
    INTO is_it USING relation;
    RETURN is_it;
END
$$;
COMMENT ON FUNCTION clientcore.is_distributed(oid) IS
'Internal: whether a table is one of Citus''s';

CREATE FUNCTION clientcore.distribution(relation oid, OUT distribution_column name, OUT colocation integer)
RETURNS record
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF clientcore.is_distributed(relation) THEN
        EXECUTE 'SELECT pg_catalog.column_to_column_name(p.logicalrelid, p.partkey), p.colocationid FROM pg_catalog.pg_dist_partition p WHERE p.logicalrelid = $1 AND p.partmethod = ''h'''
        INTO distribution_column, colocation USING relation;
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.distribution(oid) IS
'Internal: the column by whose hash Citus distributes a table, and the group of tables that are beside it; null where it does not';

CREATE FUNCTION clientcore.has_distributed_histories(base text)
RETURNS boolean
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.is_distributed(format('%I.history', base)::regclass)
$$;
COMMENT ON FUNCTION clientcore.has_distributed_histories(text) IS
'Internal: whether the histories of a base are on the nodes of Citus, beside its sales';

-- Whether a relation may be a source of a base whose histories are, or will be, distributed.
CREATE FUNCTION clientcore.check_distribution(base text, is_new boolean, distribute boolean, relation oid, client jsonb)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := clientcore.relation_name(relation);
    sales record;
BEGIN
    IF NOT is_new AND NOT clientcore.has_distributed_histories(base) THEN
        IF distribute THEN
            PERFORM clientcore.argument_error('distribute', format('the histories of base "%s" are not distributed', base),
                format('CALL clientcore.detach(%L), and attach its sales again.', base));
        END IF;
        RETURN false;
    ELSIF is_new AND NOT distribute THEN
        RETURN false;
    ELSIF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'distribute: this database does not have Citus',
            HINT = 'Leave distribute out; or CREATE EXTENSION citus, and distribute the sales.';
    END IF;
    SELECT * INTO sales FROM clientcore.distribution(relation);
    IF sales.distribution_column IS NULL THEN
        PERFORM clientcore.argument_error('distribute', format('%s is not distributed', name),
            format('SELECT create_distributed_table(%L, ...) distributes it, by its client.', name));
    ELSIF client ->> 'expression_text' <> quote_ident(sales.distribution_column) THEN
        PERFORM clientcore.argument_error('distribute', format('%s is distributed by %I, not by its client', name, sales.distribution_column),
            format('The history of a client is made where all of its sales are: distribute the table by the client, or attach it with client => %L.',
                quote_ident(sales.distribution_column)));
    ELSIF NOT is_new AND sales.colocation <> (SELECT d.colocation FROM clientcore.distribution(format('%I.history', base)::regclass) d) THEN
        PERFORM clientcore.argument_error('distribute', format('%s is not co-located with the histories of base "%s"', name, base),
            format('SELECT update_distributed_table_colocation(%L, colocate_with => %L), or make it a base of its own.', name, format('%I.history', base)));
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION clientcore.check_distribution(text, boolean, boolean, oid, jsonb) IS
'Internal: whether the histories of a relation are distributed. Errors: 0A000 without Citus, 22023 for sales that are not beside them.';

CREATE FUNCTION clientcore.use_one_connection()
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.use_one_connection() IS
'Internal: has Citus use one connection per node until the end of the operation, without which it makes and drops no schema there after it has read a table';

-- What is made in between is made here alone: Citus would try to make views and functions on
-- every node, and warn of each that it cannot.
CREATE FUNCTION clientcore.propagate(propagation text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was text := current_setting('citus.enable_ddl_propagation', true);
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        PERFORM set_config('citus.enable_ddl_propagation', propagation, true);
    END IF;
    RETURN was;
END
$$;
COMMENT ON FUNCTION clientcore.propagate(text) IS
'Internal: whether, until the end of the transaction, Citus is to make on every node what is made here (on, off); returns what it was to do before';

CREATE FUNCTION clientcore.distribute_histories(base text, relation oid)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['history', 'group_history'] LOOP
        EXECUTE 'SELECT pg_catalog.create_distributed_table($1::regclass, ''client_id'', colocate_with => $2)'
        USING format('%I.%I', base, name), clientcore.relation_name(relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.distribute_histories(text, oid) IS
'Internal: puts the tables of histories of a base, still empty, beside its sales';

-- PostgreSQL cannot look into it: the query is planned for itself, and its rows are stored.
CREATE FUNCTION clientcore.rows_of(query text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 1000000
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE query;
END
$$;
COMMENT ON FUNCTION clientcore.rows_of(text) IS
'Internal: the rows of a query over distributed tables, for a statement over others';

-- An array of arrays is one of their elements: such clients are compared one by one.
CREATE FUNCTION clientcore.is_one_of(base text, clients text[])
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN (SELECT t.typcategory = 'A' FROM pg_type t WHERE t.oid = k.type_id)
    THEN (SELECT coalesce('(' || string_agg(format('h.client_id %s %L::%s', k.equality, c.client, k.key_type), ' OR ') || ')', 'false') FROM unnest(clients) c (client))
    ELSE format('h.client_id %s ANY (%L::%s[])', k.equality, clients, k.key_type) END
FROM clientcore.base_key(base) k
$$;
COMMENT ON FUNCTION clientcore.is_one_of(text, text[]) IS
'Internal: the condition that h.client_id is one of some clients, told as text';

-- What stands in FROM for the histories of a base. Where they are elsewhere, only those
-- travel that meet a condition on h.client_id and h.history, which the caller applies too.
CREATE FUNCTION clientcore.histories(base text, name text, alias text, condition text DEFAULT NULL)
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN clientcore.has_distributed_histories(base) THEN (
        SELECT format('clientcore.rows_of(%L) AS %s (%s)',
            format('SELECT %s FROM %I.%I h%s', string_agg('h.' || quote_ident(a.attname), ', ' ORDER BY a.attnum), base, name, ' WHERE ' || condition), alias,
            string_agg(format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                (SELECT format(' COLLATE %I.%I', n.nspname, c.collname)
                 FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
                 WHERE c.oid = a.attcollation)), ', ' ORDER BY a.attnum))
        FROM pg_attribute a
        WHERE a.attrelid = format('%I.%I', base, name)::regclass AND a.attnum > 0 AND NOT a.attisdropped)
    ELSE format('%I.%I %s', base, name, alias) END
$$;
COMMENT ON FUNCTION clientcore.histories(text, text, text, text) IS
'Internal: what stands in FROM for the histories, or the histories per group, of a base';
