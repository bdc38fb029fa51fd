-- Sales that are distributed over the nodes of a Citus cluster, and bases whose histories are
-- beside them, on the same nodes. Citus plans a statement that reads distributed tables and
-- nothing else so that each node does its part; with local tables in it, it may refuse, or
-- fetch what need not travel. So the two are kept apart: histories are made, counted and
-- taken away by statements over distributed tables alone, and whatever else reads them does
-- so through rows_of.

CREATE FUNCTION clientcore.has_citus()
RETURNS boolean
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL$$;
COMMENT ON FUNCTION clientcore.has_citus() IS
'Internal: whether this database has Citus';

-- Reference tables, and local ones that Citus knows of, as well: it plans what reads them.
CREATE FUNCTION clientcore.is_of_citus(relation oid)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_it boolean;
BEGIN
    IF NOT clientcore.has_citus() THEN
        RETURN false;
    END IF;
    EXECUTE 'SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition p WHERE p.logicalrelid = $1)'
    INTO is_it USING relation;
    RETURN is_it;
END
$$;
COMMENT ON FUNCTION clientcore.is_of_citus(oid) IS
'Internal: whether a table is one of Citus''s, distributed or not';

CREATE FUNCTION clientcore.distribution(relation oid, OUT distribution_column name, OUT colocation integer)
RETURNS record
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF clientcore.has_citus() THEN
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
SELECT d.distribution_column IS NOT NULL FROM clientcore.distribution(format('%I.history', base)::regclass) d
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
    ELSIF NOT clientcore.has_citus() THEN
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

-- What Citus leaves to its nodes is read under their settings, their time zone among them. Of
-- tables that are not divided among them it plans no statement that also writes a local table,
-- as that which keeps the histories per group.
CREATE FUNCTION clientcore.check_roles_on_nodes(relation oid, roles jsonb)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    role text;
    tables oid[] := ARRAY(
        SELECT t.member FROM clientcore.relations_read(relation) r, clientcore.table_tree(r.reads) t WHERE clientcore.is_of_citus(t.member) ORDER BY 1);
    whole oid;
BEGIN
    SELECT r.argument INTO role FROM jsonb_each(roles) AS r (argument, described)
    WHERE r.described ->> 'volatility' <> 'immutable'
    ORDER BY r.argument LIMIT 1;
    IF role IS NOT NULL AND tables <> '{}' THEN
        PERFORM clientcore.argument_error(role, 'it depends on settings, and the nodes of Citus have settings of their own',
            'A timestamp with time zone may be attached as it is; elsewhere say which zone: (ordered_at AT TIME ZONE ''Europe/Tallinn'')::date.');
    END IF;
    SELECT t INTO whole FROM unnest(tables) t WHERE (SELECT d.distribution_column FROM clientcore.distribution(t) d) IS NULL LIMIT 1;
    IF whole IS NOT NULL AND roles ? 'breakdown' THEN
        PERFORM clientcore.argument_error('breakdown', format('%s is a table of Citus that is not distributed by a column', clientcore.relation_name(whole)),
            'Distribute it by its client, or leave breakdown out.');
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_roles_on_nodes(oid, jsonb) IS
'Internal: refuses how sales that Citus keeps cannot be read: by expressions that every node would read by its own settings, and broken down where they are not distributed (22023)';

CREATE FUNCTION clientcore.use_one_connection()
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF clientcore.has_citus() THEN
        PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.use_one_connection() IS
'Internal: has Citus use one connection per node until the end of the operation, without which it makes and drops no schema there after it has read a table';

CREATE FUNCTION clientcore.propagate(propagation text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was text := current_setting('citus.enable_ddl_propagation', true);
BEGIN
    IF clientcore.has_citus() THEN
        PERFORM set_config('citus.enable_ddl_propagation', propagation, true);
    END IF;
    RETURN was;
END
$$;
COMMENT ON FUNCTION clientcore.propagate(text) IS
'Internal: whether, until the end of the operation, Citus is to make on every node what is made here (on, off); returns what it was to do before';

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
