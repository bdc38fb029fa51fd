-- The operations on a client base. Each runs as its owner, see 60_operations.sql; what
-- users call are the procedures and functions of 69_procedures.sql.

CREATE FUNCTION clientcore.refuse_empty_base(base text)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = format('client base "%s" is empty, as after a restore without data', base),
        HINT = format('CALL clientcore.detach(%L); then attach its sales again.', base);
END
$$;
COMMENT ON FUNCTION clientcore.refuse_empty_base(text) IS
'Internal: refuses a base whose table state has no row (55000)';

-- Operations queue here. Not on an advisory lock, which any stranger could hold.
CREATE FUNCTION clientcore.wait_for_base(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('LOCK TABLE %I.source IN SHARE UPDATE EXCLUSIVE MODE', base);
    PERFORM clientcore.require_own_base(base);
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION USING
        ERRCODE = 'lock_not_available',
        MESSAGE = format('base "%s" is in use by another operation', base),
        HINT = 'The view clientcore.bases shows which, and how far it is.';
END
$$;
COMMENT ON FUNCTION clientcore.wait_for_base(text) IS
'Internal: waits for other operations on a base, and lets no other begin. Errors: 3F000 where it is gone, 55P03 after lock_timeout.';

CREATE FUNCTION clientcore.lock_base(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    layout integer;
BEGIN
    PERFORM clientcore.wait_for_base(base);
    EXECUTE format('SELECT layout FROM %I.state', base) INTO layout;
    IF layout IS NULL THEN
        PERFORM clientcore.refuse_empty_base(base);
    ELSIF layout <> clientcore.layout_version() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('client base "%s" has layout %s, not %s', base, layout, clientcore.layout_version()),
            HINT = format('CALL clientcore.upgrade_base(%L);', base);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.lock_base(text) IS
'Internal: waits for other operations on a base, and lets no other begin. Errors: 55000 for a base of another layout, 55P03 after lock_timeout.';

-- Errors come without the statement, which is long and says nothing to those who did not
-- write it.
CREATE FUNCTION clientcore.read_sales(relation oid, statement text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result jsonb;
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement INTO result;
    RETURN result;
EXCEPTION WHEN assert_failure OR OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    -- the index of the clients
    IF state = '54000' AND message LIKE 'index row % "group_history_pkey"%' THEN
        message := 'a client and its group are longer than an index can hold: ' || message;
        hint := 'Attach it with breakdown => ''left(..., 50)'', or with client => ''md5(...)''.';
    ELSIF state = '54000' AND message LIKE 'index row %' THEN
        message := 'a client is longer than an index can hold: ' || message;
        hint := 'Attach it with client => ''md5(...)'', or leave such rows out by filter.';
    END IF;
    PERFORM clientcore.raise_again(state, format('%s: %s', clientcore.relation_name(relation), message), detail, hint);
END
$$;
COMMENT ON FUNCTION clientcore.read_sales(oid, text) IS
'Internal: runs a statement that reads the sales of a relation, whose errors then begin with its name';

-- --- attach ---

-- What attach will do, or why it cannot. Nothing is changed.
CREATE FUNCTION clientcore.base_plan(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation oid := (arguments ->> 'relation')::oid;
    capture text := arguments ->> 'capture';
    watermark text := arguments ->> 'watermark';
    is_new boolean := NOT clientcore.is_own_base(base);
    attached record;
    key record;
    roles jsonb;
    zone text;
    obstacle text;
    hint text;
    currencies text[];
    is_distributed boolean;
BEGIN
    PERFORM clientcore.use_one_connection();
    SELECT c.* INTO attached FROM pg_class c WHERE c.oid = relation;
    PERFORM clientcore.check_relation_kind(relation);
    PERFORM clientcore.check_relation(relation);

    FOREACH hint IN ARRAY ARRAY['client', 'sold_at', 'amount'] LOOP
        PERFORM clientcore.require_argument(hint, arguments ->> hint);
    END LOOP;
    FOREACH hint IN ARRAY ARRAY['profit', 'filter', 'currency', 'breakdown', 'time_zone', 'capture', 'watermark'] LOOP
        IF arguments ->> hint IS NOT NULL THEN
            PERFORM clientcore.require_argument(hint, arguments ->> hint);
        END IF;
    END LOOP;
    -- the time zone, by which constants in expressions are read as well
    zone := coalesce(arguments ->> 'time_zone', arguments ->> 'session_time_zone');
    IF NOT is_new AND arguments ->> 'time_zone' IS NULL THEN
        EXECUTE format('SELECT time_zone FROM %I.settings', base) INTO zone;
    END IF;
    SELECT z.name INTO zone FROM pg_timezone_names z WHERE lower(z.name) = lower(zone) ORDER BY z.name LIMIT 1;
    IF zone IS NULL THEN
        PERFORM clientcore.argument_error('time_zone',
            format('"%s" is not the name of a time zone', coalesce(arguments ->> 'time_zone', arguments ->> 'session_time_zone')),
            'See the view pg_timezone_names; for example time_zone => ''Europe/Tallinn''.');
    END IF;
    IF NOT is_new AND arguments ->> 'time_zone' IS NOT NULL THEN
        EXECUTE format('SELECT time_zone FROM %I.settings', base) INTO hint;
        IF hint <> zone THEN
            PERFORM clientcore.argument_error('time_zone', format('base "%s" has the time zone %s', base, hint),
                format('One base has one time zone; UPDATE %I.settings SET time_zone = %L changes it for all.', base, zone));
        END IF;
    END IF;
    PERFORM set_config('TimeZone', zone, true);
    roles := clientcore.describe_roles(relation, attached.relname, arguments, arguments ->> 'path');

    PERFORM clientcore.check_roles_on_nodes(relation, roles);
    is_distributed := clientcore.check_distribution(base, is_new, coalesce((arguments ->> 'distribute')::boolean, false), relation, roles -> 'client');
    IF jsonb_array_length(roles #> '{client,column_numbers}') = 0 THEN
        PERFORM clientcore.argument_error('client', 'it is the same for every row',
            'A column named like a word of SQL, or with capitals or blanks, is written in double quotes: client => ''"user"''.');
    END IF;

    -- the type of clients
    IF is_new THEN
        SELECT t.type_text AS key_type, quote_ident(n.nspname) || '.' || quote_ident(l.collname) AS key_collation INTO key
        FROM (SELECT roles #>> '{client,type_text}' AS type_text, (roles #>> '{client,collation_id}')::oid AS collation_id) t
        LEFT JOIN pg_collation l ON l.oid = t.collation_id
        LEFT JOIN pg_namespace n ON n.oid = l.collnamespace;
        -- a text without a collation of its own has the database's
        IF (roles #>> '{client,collation_id}')::oid = 'pg_catalog."default"'::regcollation THEN
            key.key_collation := NULL;
        END IF;
    ELSE
        SELECT * INTO key FROM clientcore.base_key(base);
        PERFORM clientcore.check_client_type(base, roles -> 'client', arguments ->> 'client');
    END IF;

    -- how changes are followed
    IF capture IS NOT NULL AND capture NOT IN ('delta', 'dirty', 'watermark', 'none') THEN
        PERFORM clientcore.argument_error('capture', format('"%s" is none of delta, dirty, watermark, none', capture), NULL);
    END IF;
    IF (watermark IS NOT NULL) <> (capture IS NOT DISTINCT FROM 'watermark') THEN
        PERFORM clientcore.argument_error('watermark',
            CASE WHEN watermark IS NULL THEN 'a column is needed' ELSE 'it is for capture => ''watermark'' alone' END,
            'For example capture => ''watermark'', watermark => ''id''.');
    END IF;
    IF capture = 'watermark' THEN
        PERFORM clientcore.check_watermark(relation, watermark);
    ELSIF capture = 'dirty' AND clientcore.is_of_citus(relation) THEN
        PERFORM clientcore.argument_error('capture', 'changes cannot be captured: ' || clientcore.obstacle_to_triggers(relation),
            'Leave capture out, or say capture => ''none'', to have it rebuilt at every refresh.');
    ELSIF coalesce(capture, 'delta') = 'delta' THEN
        obstacle := clientcore.obstacle_to_triggers(relation);
        hint := 'Leave capture out, or say capture => ''none'', to have it rebuilt at every refresh.';
        IF obstacle IS NULL THEN
            SELECT format('%s is %s', role.argument, CASE
                    WHEN (described ->> 'has_subquery')::boolean THEN 'an expression with a subquery'
                    WHEN described ->> 'volatility' = 'volatile' THEN 'a volatile expression'
                    WHEN described ->> 'volatility' = 'stable' THEN 'an expression that depends on the session'
                    ELSE 'an expression over the whole row' END),
                CASE WHEN described ->> 'volatility' = 'stable' THEN
                    'A timestamp with time zone may be attached as it is; elsewhere say which zone, for example ordered_at AT TIME ZONE '
                    || quote_literal(zone) || '.' ELSE hint END
            INTO obstacle, hint
            FROM jsonb_each(roles) AS role (argument, described)
            WHERE described ->> 'volatility' <> 'immutable' OR (described ->> 'has_subquery')::boolean
                OR (described ->> 'reads_whole_row')::boolean
                    AND (SELECT count(*) > 1 FROM clientcore.table_tree(relation))
            ORDER BY role.argument LIMIT 1;
        END IF;
        IF obstacle IS NOT NULL AND capture = 'delta' THEN
            PERFORM clientcore.argument_error('capture', 'changes cannot be captured: ' || obstacle, hint);
        END IF;
        capture := CASE WHEN obstacle IS NULL THEN 'delta' ELSE 'none' END;
    END IF;
    IF (arguments ->> 'replicated')::boolean AND capture NOT IN ('delta', 'dirty') THEN
        PERFORM clientcore.argument_error('replicated', format('it means nothing with capture => ''%s''', capture), NULL);
    END IF;

    -- one currency; the nodes are asked when they make the histories
    IF roles ? 'currency' AND NOT is_distributed THEN
        EXECUTE (
            SELECT format('SELECT array_agg(DISTINCT c.currency COLLATE "C") FROM (%s) c', string_agg(
                format('SELECT (%s)::text AS currency FROM %s AS %I WHERE (%s) IS NOT NULL AND (%s) IS NOT NULL AND (%s) GROUP BY 1',
                    roles #>> '{currency,expression_text}', p.part, attached.relname,
                    roles #>> '{sold_at,expression_text}', roles #>> '{amount,expression_text}',
                    coalesce(roles #>> '{filter,expression_text}', 'true')), ' UNION ALL '))
            FROM clientcore.parts_to_read(relation, roles) r (parts),
                LATERAL (SELECT CASE WHEN r.parts IS NOT NULL THEN 'ONLY ' END, o FROM unnest(coalesce(r.parts, ARRAY[relation])) o) q (only_it, o),
                LATERAL concat(q.only_it, clientcore.relation_name(q.o)) p (part))
        INTO currencies;
        PERFORM clientcore.check_currencies(base, NULL, currencies);
    ELSE
        -- permissions, and whatever else is wrong, before anything is made
        EXECUTE format('SELECT FROM %s AS %I LIMIT 0', clientcore.relation_name(relation), attached.relname);
    END IF;

    RETURN jsonb_build_object(
        'relation', relation, 'alias', attached.relname, 'kind', attached.relkind,
        'key_type', key.key_type, 'key_collation', key.key_collation,
        'client', roles #>> '{client,expression_text}', 'sold_at', roles #>> '{sold_at,expression_text}',
        'amount', roles #>> '{amount,expression_text}', 'profit', roles #>> '{profit,expression_text}',
        'filter', roles #>> '{filter,expression_text}', 'currency', roles #>> '{currency,expression_text}',
        'breakdown', roles #>> '{breakdown,expression_text}', 'currency_code', currencies[1], 'time_zone', zone, 'capture', capture, 'not_captured', obstacle,
        'is_distributed', is_distributed, 'watermark', watermark, 'replicated', arguments -> 'replicated', 'lacks_schema', arguments -> 'lacks_schema');
END
$$;
COMMENT ON FUNCTION clientcore.base_plan(text, jsonb) IS
'Internal: checks the arguments of attach. Errors: 22004 and 22023 for arguments that are missing or wrong, 42804 for types that do not fit, 42809 for relations that cannot be attached, 42501 under row-level security.';

CREATE FUNCTION clientcore.check_relation_kind(relation oid)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached pg_class;
BEGIN
    SELECT c.* INTO attached FROM pg_class c WHERE c.oid = relation;
    IF attached.relkind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = format('relation: %s is no table, view, materialized view or foreign table', clientcore.relation_name(relation));
    ELSIF attached.relpersistence = 't' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = format('relation: %I is temporary', attached.relname);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_relation_kind(oid) IS
'Internal: refuses relations that cannot be attached (42809)';

-- Whoever runs this owns the relation, and must see all of its rows.
CREATE FUNCTION clientcore.check_relation(relation oid)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid;
BEGIN
    SELECT c.relowner INTO owner FROM pg_class c WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_table',
            MESSAGE = clientcore.relation_name(relation),
            HINT = 'CALL clientcore.detach(..., source => ...) takes it out of the base, whose table source has its number.';
    ELSIF pg_get_userbyid(owner) <> current_user THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('relation: %s belongs to %I, not to %I', clientcore.relation_name(relation), pg_get_userbyid(owner), current_user),
            DETAIL = 'All sales of a base belong to one role.',
            HINT = 'Make it a base of its own, or attach a view that belongs to the owner of the base.';
    ELSIF row_security_active(relation) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('relation: row-level security hides rows of %s from its owner', clientcore.relation_name(relation)),
            HINT = 'ALTER TABLE ... NO FORCE ROW LEVEL SECURITY, or give the base''s owner BYPASSRLS.';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_relation(oid) IS
'Internal: refuses relations of others and under row-level security (42501), and those that are gone (42P01)';

-- A type is known by its number: as text it may have its schema or not.
CREATE FUNCTION clientcore.check_client_type(base text, role jsonb, expression text)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    IF NOT EXISTS (
        SELECT FROM pg_type t
        WHERE t.oid = (role ->> 'base_type')::oid
            AND (t.oid = key.type_id OR EXISTS (
                SELECT FROM pg_cast c WHERE c.castsource = t.oid AND c.casttarget = key.type_id AND c.castcontext = 'i'))
            OR role ->> 'type_text' = key.key_type)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('client: must be of type %s, as the clients of base "%s" are, not %s', key.key_type, base, role ->> 'type_text'),
            HINT = format('Where every client fits into it, add a cast: client => %L. A base keeps the type of its clients.',
                format('(%s)::%s', expression, key.key_type));
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_client_type(text, jsonb, text) IS
'Internal: refuses clients whose type is not that of the base (42804)';

CREATE FUNCTION clientcore.check_watermark(relation oid, watermark text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    marked record;
BEGIN
    SELECT a.attnotnull, a.atttypid, c.relkind, pg_get_expr(d.adbin, d.adrelid) AS default_text,
        -- of an identity column, or of a default
        (SELECT CASE WHEN q.seqcache > 1 THEN 'has a cache' WHEN q.seqcycle THEN 'cycles' ELSE 'descends' END
         FROM pg_depend p JOIN pg_sequence q ON q.seqrelid IN (p.objid, p.refobjid)
         WHERE (p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum
                OR p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
            AND (q.seqcache > 1 OR q.seqcycle OR q.seqincrement < 0)
         LIMIT 1) AS sequence_problem INTO marked
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = watermark AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.oid = relation;
    IF marked.relkind NOT IN ('r', 'p') THEN
        PERFORM clientcore.argument_error('capture', 'a watermark needs a table', NULL);
    ELSIF clientcore.is_of_citus(relation) THEN
        -- whoever writes on another node cannot be held while it is read
        PERFORM clientcore.argument_error('capture', 'a watermark needs a table that is none of Citus', 'Leave capture out, to have it rebuilt at every refresh.');
    ELSIF marked.atttypid IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('watermark: column "%s" does not exist', watermark),
            HINT = 'A column of the table itself is needed.';
    ELSIF marked.atttypid NOT IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype,
        'timestamp'::regtype, 'timestamptz'::regtype)
    THEN
        PERFORM clientcore.argument_error('watermark', format('a column of type %s cannot tell what is new', format_type(marked.atttypid, -1)),
            'A number or a timestamp is needed that every new row has higher than all before.');
    ELSIF NOT marked.attnotnull THEN
        PERFORM clientcore.argument_error('watermark', format('column "%s" may be null', watermark),
            format('ALTER TABLE %s ALTER %I SET NOT NULL;', clientcore.relation_name(relation), watermark));
    ELSIF marked.sequence_problem IS NOT NULL THEN
        PERFORM clientcore.argument_error('watermark', format('the sequence of column "%s" %s', watermark, marked.sequence_problem),
            'A later row may then have a lower number: ALTER SEQUENCE ... CACHE 1 INCREMENT BY 1 NO CYCLE.');
    ELSIF marked.default_text ~* '\m(now|transaction_timestamp|current_timestamp|localtimestamp)\M' THEN
        PERFORM clientcore.argument_error('watermark', format('column "%s" has the time at which a transaction began', watermark),
            'A transaction that began earlier may write later: use clock_timestamp(), or an identity column.');
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_watermark(oid, text) IS
'Internal: refuses columns that cannot be a watermark (22023, 42703)';

-- Sums over several currencies would mean nothing.
CREATE FUNCTION clientcore.check_currencies(base text, source_number integer, currencies text[])
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    others text[];
BEGIN
    IF clientcore.is_own_base(base) THEN
        EXECUTE format('SELECT array_agg(currency_code) FROM %I.source WHERE currency_code IS NOT NULL AND source IS DISTINCT FROM $1', base)
        INTO others USING source_number;
    END IF;
    currencies := ARRAY(SELECT DISTINCT c FROM unnest(currencies || others) AS c ORDER BY c);
    IF cardinality(currencies) > 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'data_exception',
            MESSAGE = format('currency: the sales of base "%s" are in different ones: %s', base, array_to_string(currencies, ', ', 'none')),
            HINT = 'Attach amounts in one currency, for example amount => ''total * rate''; coalesce(currency, ''EUR'') where none means one.';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_currencies(text, integer, text[]) IS
'Internal: refuses sales in different currencies (22000)';

-- Makes the base if it is new, and the source; not yet its histories.
CREATE FUNCTION clientcore.base_attach(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation oid := (arguments ->> 'relation')::oid;
    is_new boolean := NOT clientcore.is_own_base(base);
    is_new_source boolean;
    source_number integer;
    was jsonb;
    amount_scale integer;
BEGIN
    PERFORM clientcore.check_relation(relation);
    IF is_new THEN
        PERFORM clientcore.create_layout(base, (arguments ->> 'key_type') || coalesce(' COLLATE ' || (arguments ->> 'key_collation'), ''));
        EXECUTE format('INSERT INTO %I.settings (time_zone) VALUES ($1)', base) USING arguments ->> 'time_zone';
        IF (arguments ->> 'is_distributed')::boolean THEN
            PERFORM clientcore.distribute_histories(base, relation);
        END IF;
    END IF;
    PERFORM clientcore.lock_base(base);

    -- a relation that is attached already is attached in the new way
    EXECUTE format($sql$
        SELECT s.source, jsonb_build_object('source', to_jsonb(s),
            'captured_table', (SELECT jsonb_agg(to_jsonb(c)) FROM %1$I.captured_table c WHERE c.source = s.source))
        FROM %1$I.source s WHERE s.relation = $1$sql$, base)
    INTO source_number, was USING relation;
    is_new_source := source_number IS NULL;
    IF is_new_source THEN
        EXECUTE format($sql$
            INSERT INTO %1$I.source (source, relation, alias, client, sold_at, amount, capture, watermark)
            SELECT coalesce(max(source), 0) + 1, $1, '', '', '', '', 'none', NULL FROM %1$I.source
            RETURNING source$sql$, base)
        INTO source_number USING relation;
    END IF;
    EXECUTE format($sql$
        UPDATE %I.source
        SET alias = $2 ->> 'alias', client = $2 ->> 'client', sold_at = $2 ->> 'sold_at', amount = $2 ->> 'amount',
            profit = $2 ->> 'profit', filter = $2 ->> 'filter', currency = $2 ->> 'currency', currency_code = $2 ->> 'currency_code',
            breakdown = $2 ->> 'breakdown',
            capture = $2 ->> 'capture', not_captured = $2 ->> 'not_captured', watermark = ($2 ->> 'watermark')::name, watermark_value = NULL,
            replicated = coalesce(($2 ->> 'replicated')::boolean, false), stale = 'it was attached'
        WHERE source = $1$sql$, base)
    USING source_number, arguments;
    EXECUTE format('DELETE FROM %I.captured_table WHERE source = $1', base) USING source_number;
    IF arguments ->> 'capture' = 'dirty' AND arguments ->> 'kind' IN ('r', 'p') THEN
        PERFORM clientcore.add_captured_table(base, source_number, relation, arguments ->> 'alias', arguments ->> 'client');
    END IF;
    PERFORM clientcore.put_triggers(base, ARRAY[source_number]);
    EXECUTE format('UPDATE %I.source SET fingerprint = clientcore.take_fingerprint($1, $2) WHERE source = $2', base)
    USING base, source_number;
    EXECUTE format('SELECT amount_scale FROM %I.settings', base) INTO amount_scale;
    RETURN arguments || jsonb_build_object('source', source_number, 'is_new_base', is_new, 'is_new_source', is_new_source,
        'amount_scale', amount_scale, 'obstacle', clientcore.obstacle_to_capture(base, source_number),
        'was', was, 'overlap', clientcore.overlap_of_sources(base, source_number));
END
$$;
COMMENT ON FUNCTION clientcore.base_attach(text, jsonb) IS
'Internal: makes a base and a source of it, with its triggers. Errors: 55P03 where a table cannot be locked in time.';

-- Sales that reach a base by two ways count twice.
CREATE FUNCTION clientcore.overlap_of_sources(base text, source_number integer)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    overlap text;
BEGIN
    EXECUTE format($sql$
        WITH reads AS (
            SELECT s.source, s.relation, t.member
            FROM %I.source s, clientcore.relations_read(s.relation) r, clientcore.table_tree(r.reads) t
            WHERE r.kind <> 'v')
        SELECT format('%%s and %%s of this base both read %%s: its sales count twice',
            clientcore.relation_name(a.relation), clientcore.relation_name(b.relation), clientcore.relation_name(a.member))
        FROM reads a JOIN reads b ON b.member = a.member AND b.source <> a.source
        WHERE a.source = $1
        ORDER BY b.source, a.member LIMIT 1$sql$, base)
    INTO overlap USING source_number;
    RETURN overlap;
END
$$;
COMMENT ON FUNCTION clientcore.overlap_of_sources(text, integer) IS
'Internal: which table a source shares with another source of its base, in words; null where none';

CREATE FUNCTION clientcore.add_captured_table(base text, source_number integer, relation oid, alias text, client text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($sql$
        INSERT INTO %1$I.captured_table (captured, source, relation, alias, client)
        SELECT coalesce(max(captured), 0) + 1, $1, $2, $3, $4 FROM %1$I.captured_table
        ON CONFLICT (source, relation) DO UPDATE SET alias = excluded.alias, client = excluded.client$sql$, base)
    USING source_number, relation, alias, client;
END
$$;
COMMENT ON FUNCTION clientcore.add_captured_table(text, integer, oid, text, text) IS
'Internal: a table of which a source with capture dirty consists';

-- --- refresh ---

CREATE FUNCTION clientcore.changed_setting(attached jsonb, setting jsonb)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE
    WHEN attached ->> 'built_time_zone' <> setting ->> 'time_zone' THEN 'the setting time_zone was changed'
    WHEN (attached ->> 'built_amount_scale')::integer <> (setting ->> 'amount_scale')::integer THEN 'the setting amount_scale was changed'
    WHEN (setting ->> 'sales_complete_from')::date >= (attached ->> 'built_complete_from')::date THEN NULL
    WHEN attached ->> 'built_complete_from' IS NOT NULL THEN 'the setting sales_complete_from was set back' END
$$;
COMMENT ON FUNCTION clientcore.changed_setting(jsonb, jsonb) IS
'Internal: which setting is another than a source was built by, in words; null where none';

-- What a base is computed by is remembered with the time from which on it was.
CREATE FUNCTION clientcore.log_settings(base text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    EXECUTE format($sql$
        INSERT INTO %1$I.settings_history
        SELECT (jsonb_populate_record(NULL::%1$I.settings_history, to_jsonb(s) || jsonb_build_object('applied_at', t.applied_at))).*
        FROM %1$I.settings s,
            -- after all others, even where the clock was set back
            (SELECT greatest(clock_timestamp(), max(h.applied_at) + interval '1 microsecond') AS applied_at FROM %1$I.settings_history h) t
        WHERE to_jsonb(s) - 'only_row' IS DISTINCT FROM (
            SELECT to_jsonb(h) - 'applied_at' FROM %1$I.settings_history h ORDER BY h.applied_at DESC LIMIT 1)$sql$, base);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed > 0;
END
$$;
COMMENT ON FUNCTION clientcore.log_settings(text) IS
'Internal: adds the settings to settings_history; whether they are others than before';

-- What has become wrong with a source since it was attached is said with its relation, and how
-- to put it right.
CREATE FUNCTION clientcore.check_sources(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached record;
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    FOR attached IN EXECUTE format('SELECT * FROM %I.source ORDER BY source', base) LOOP
        PERFORM clientcore.check_relation(attached.relation);
        BEGIN
            PERFORM clientcore.check_roles_on_nodes(attached.relation,
                clientcore.describe_roles(attached.relation, attached.alias, to_jsonb(attached), 'pg_catalog, pg_temp'));
        EXCEPTION WHEN undefined_column OR undefined_function OR undefined_object OR datatype_mismatch OR ambiguous_column OR invalid_parameter_value THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            PERFORM clientcore.raise_again(state, format('%s: %s', clientcore.relation_name(attached.relation), message), detail,
                concat_ws(' ', nullif(hint, ''),
                    format('CALL clientcore.attach(%L, %L, ...) again says how it is read now.', base, clientcore.relation_name(attached.relation))));
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.check_sources(text) IS
'Internal: whether all sources can be read as they were attached. Errors: as check_relation and describe_role, with the relation.';

-- What a base has of days before one, and from one on; null where it has nothing. The sales
-- relation may have these sales no more.
CREATE FUNCTION clientcore.archived_sales(base text, source_number integer, from_day date, until_day date)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    found record;
    histories bigint := 0;
    revenue numeric := 0;
    sales numeric := 0;
BEGIN
    FOREACH name IN ARRAY ARRAY['history', 'guest', 'forgotten'] LOOP
        EXECUTE format($sql$
            SELECT count(*) AS histories, coalesce(sum(clientcore.revenue(k.history)), 0) AS revenue,
                coalesce(sum(clientcore.sale_count(k.history) + clientcore.return_count(k.history)), 0) AS sales
            FROM (SELECT clientcore.slice(h.history, $2, $3 - 1) AS history FROM %I.%I h WHERE h.source = $1) k
            WHERE k.history OPERATOR(clientcore.<>) '{}'$sql$, base, name)
        INTO found USING source_number, from_day, until_day;
        histories := histories + found.histories;
        revenue := revenue + found.revenue;
        sales := sales + found.sales;
    END LOOP;
    RETURN CASE WHEN histories > 0 THEN format('%s in %s sales and returns before %s', revenue, sales, until_day) END;
END
$$;
COMMENT ON FUNCTION clientcore.archived_sales(text, integer, date, date) IS
'Internal: what a base knows of days of which the sales may be gone, in words; null where nothing';

CREATE FUNCTION clientcore.keep_archive(base text, source_number integer, complete_from date, was date)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    archived text := CASE WHEN complete_from >= was OR was IS NULL THEN NULL
        ELSE clientcore.archived_sales(base, source_number, complete_from, was) END;
BEGIN
    IF archived IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the setting sales_complete_from of base "%s" was set back', base),
            DETAIL = format('The base has %s, which its sales may have no more.', archived),
            HINT = format('Where they are there again: CALL clientcore.refresh(%L, full => true). Else UPDATE %I.settings SET sales_complete_from = %L.',
                base, base, was);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.keep_archive(text, integer, date, date) IS
'Internal: refuses to read days anew whose sales may be gone (55000)';

-- What would be gone with a base, or a source of it, that no sales bring back.
CREATE FUNCTION clientcore.refuse_loss(base text, source_number integer)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    losses text[] := '{}';
    loss text;
    kept record;
BEGIN
    FOR kept IN EXECUTE format('SELECT * FROM %I.source s WHERE (s.source = $1 OR $1 IS NULL) AND s.built_complete_from IS NOT NULL ORDER BY s.source', base)
        USING source_number
    LOOP
        loss := clientcore.archived_sales(base, kept.source, NULL, kept.built_complete_from);
        losses := losses || CASE WHEN loss IS NOT NULL THEN ARRAY[format('%s, which %s may have no more', loss, clientcore.relation_name(kept.relation))] END;
    END LOOP;
    IF source_number IS NULL THEN
        FOREACH loss IN ARRAY ARRAY['forgotten_client', 'client_alias', 'client_mark', 'client_lost_reason', 'dossier_entry', 'council', 'share_grant', 'campaign'] LOOP
            EXECUTE format('SELECT format(''%%s row%%s of the table %%s'', count(*), CASE WHEN count(*) > 1 THEN ''s'' END, $1) FROM %I.%I HAVING count(*) > 0', base, loss)
            INTO loss USING loss;
            losses := losses || CASE WHEN loss IS NOT NULL THEN ARRAY[loss] END;
        END LOOP;
    END IF;
    IF losses <> '{}' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('base "%s" has what its sales cannot bring back', base),
            DETAIL = format('It would be gone: %s.', array_to_string(losses, '; ')),
            HINT = format('pg_dump --schema=%s keeps a copy. CALL clientcore.detach(%L, %sforce => true) takes it away all the same.', quote_ident(base), base,
                CASE WHEN source_number IS NOT NULL THEN format('source => %s, ', source_number) END);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.refuse_loss(text, integer) IS
'Internal: refuses to take away what no sales can bring back (55000)';

-- Triggers, settings and whatever else must be in place, before sales are read. True
-- where tables are locked for it, so that the locks should be given back at once.
CREATE FUNCTION clientcore.base_prepare(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached record;
    setting record;
    now_is jsonb;
    difference text;
    sources integer[];
    remade oid[];
    changed boolean;
    has_locks boolean;
BEGIN
    PERFORM clientcore.lock_base(base);
    changed := clientcore.log_settings(base);
    EXECUTE format('SELECT * FROM %I.settings', base) INTO setting;
    IF setting.time_zone IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the table settings of base "%s" has lost its row', base),
            HINT = format('INSERT INTO %I.settings (time_zone) VALUES (...);', base);
    ELSIF changed AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = setting.time_zone) THEN
        PERFORM clientcore.argument_error('settings.time_zone', format('"%s" is not the name of a time zone', setting.time_zone),
            'See the view pg_timezone_names; for example Europe/Tallinn.');
    END IF;
    PERFORM clientcore.check_sources(base);
    EXECUTE format('SELECT array_agg(source ORDER BY source) FROM %I.source', base) INTO sources;
    IF sources IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('base "%s" has no sales relation', base),
            HINT = format('CALL clientcore.attach(%L, ...) gives it one; CALL clientcore.detach(%1$L) takes the base away.', base);
    END IF;
    has_locks := clientcore.put_triggers(base, sources);
    PERFORM clientcore.require_own_base(base);
    -- whoever noted sales by a function as it was ends before they are read by what it is now
    EXECUTE format($sql$
        SELECT array_agg(DISTINCT b.relation ORDER BY b.relation)
        FROM %1$I.source s, clientcore.base_triggers($1) b, clientcore.take_fingerprint($1, s.source) f
        WHERE s.capture IN ('delta', 'dirty') AND b.source = s.source
            AND (s.fingerprint -> 'functions' <> f -> 'functions' OR s.fingerprint -> 'views' <> f -> 'views')$sql$, base)
    INTO remade USING base;
    IF remade IS NOT NULL THEN
        PERFORM clientcore.lock_tables(remade, 'SHARE');
        has_locks := true;
    END IF;
    FOR attached IN EXECUTE format('SELECT * FROM %I.source ORDER BY source', base) LOOP
        now_is := clientcore.take_fingerprint(base, attached.source);
        IF NOT coalesce((arguments ->> 'full')::boolean, false) THEN
            PERFORM clientcore.keep_archive(base, attached.source, setting.sales_complete_from, attached.built_complete_from);
        END IF;
        difference := coalesce(attached.stale,
            -- before the fingerprint: the triggers were made anew because of it
            clientcore.changed_setting(to_jsonb(attached), to_jsonb(setting)),
            clientcore.fingerprint_difference(attached.fingerprint, now_is));
        IF difference IS NOT NULL THEN
            EXECUTE format('UPDATE %I.source SET fingerprint = $2, stale = $3 WHERE source = $1', base)
            USING attached.source, now_is, difference;
        END IF;
    END LOOP;
    RETURN jsonb_build_object('has_locks', has_locks);
END
$$;
COMMENT ON FUNCTION clientcore.base_prepare(text, jsonb) IS
'Internal: makes a base ready for a refresh. Errors: 55000, 42501, 42P01, 55P03 as its helpers.';

-- How rows that triggers noted lead to clients by now.
CREATE FUNCTION clientcore.clients_of_lines(base text, source_number integer)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    captured record;
    queries text := '';
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    FOR captured IN
        EXECUTE format('SELECT * FROM %I.captured_table WHERE source = $1 AND client IS NOT NULL ORDER BY captured', base)
        USING source_number
    LOOP
        queries := queries || format(
            ' UNION SELECT (SELECT (%s)::%s%s FROM jsonb_populate_record(NULL::%s, t.line) AS %I) FROM taken t WHERE t.captured = %s AND t.line IS NOT NULL',
            captured.client, key.key_type, ' COLLATE ' || key.key_collation, clientcore.relation_name(captured.relation),
            captured.alias, captured.captured);
    END LOOP;
    RETURN queries;
END
$$;
COMMENT ON FUNCTION clientcore.clients_of_lines(text, integer) IS
'Internal: queries for the clients to which noted rows lead';

-- Brings one source up to date and returns what was done.
CREATE FUNCTION clientcore.refresh_source(base text, source_number integer, is_full boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached record;
    setting record;
    reader jsonb;
    report jsonb;
    totals jsonb;
    how text;
    why text;
    bounds text := '';
    mark text;
BEGIN
    EXECUTE format('SELECT * FROM %I.source WHERE source = $1', base) INTO STRICT attached USING source_number;
    EXECUTE format('SELECT * FROM %I.settings', base) INTO STRICT setting;
    EXECUTE format('SELECT reason FROM %I.pending WHERE source = $1 AND reason IS NOT NULL ORDER BY id LIMIT 1', base)
    INTO why USING source_number;
    why := CASE WHEN is_full THEN 'it was asked for'
        WHEN attached.built_at IS NULL THEN 'it is new'
        ELSE coalesce(attached.stale, clientcore.obstacle_to_capture(base, source_number), why) END;
    how := CASE WHEN why IS NULL THEN attached.capture ELSE 'rebuild' END;

    reader := clientcore.sale_reader(base, source_number);
    IF attached.capture = 'watermark' THEN
        mark := clientcore.next_watermark(attached.relation, attached.watermark);
        bounds := format(' AND %I.%I <= %L', attached.alias, attached.watermark, mark)
            || CASE WHEN how = 'watermark' AND attached.watermark_value IS NOT NULL
                THEN format(' AND %I.%I > %L', attached.alias, attached.watermark, attached.watermark_value) ELSE '' END;
    END IF;

    PERFORM clientcore.report_progress(format('clientcore base %I: %s %s', base,
        CASE how WHEN 'delta' THEN 'adding the changes of' WHEN 'dirty' THEN 'reading the changed clients of'
            WHEN 'watermark' THEN 'reading the new rows of'
            ELSE 'reading all' || coalesce((
                SELECT format(' of about %s rows', c.reltuples::bigint) FROM pg_class c WHERE c.oid = attached.relation AND c.reltuples > 0), '')
                || ' of' END,
        clientcore.relation_name(attached.relation)));
    IF how <> 'rebuild' THEN
        BEGIN
            report := clientcore.read_sales(attached.relation, clientcore.refresh_statement(base, source_number, how, reader,
                setting.sales_complete_from,
                CASE WHEN how = 'dirty' THEN clientcore.clients_of_lines(base, source_number) ELSE '' END, bounds));
            IF NOT (report ->> 'is_proper')::boolean THEN
                RAISE EXCEPTION USING ERRCODE = 'CC001';
            END IF;
        EXCEPTION WHEN SQLSTATE 'CC001' THEN
            how := 'rebuild';
            why := 'changes do not fit what was known';
        END;
    END IF;
    IF how = 'rebuild' THEN
        PERFORM clientcore.require_own_base(base);
        IF attached.breakdown IS NULL THEN
            EXECUTE format('DELETE FROM %I.group_history WHERE source = $1', base) USING source_number;
        END IF;
        report := clientcore.read_sales(attached.relation, CASE WHEN clientcore.has_distributed_histories(base)
            THEN format('SELECT clientcore.rebuild_distributed(%L, %L, %L, %L)', base, source_number, reader, setting.sales_complete_from)
            ELSE clientcore.rebuild_statement(base, source_number, reader, setting.sales_complete_from, bounds) END);
        PERFORM clientcore.require_own_base(base);
        EXECUTE format($sql$
            SELECT to_jsonb(c)
            FROM (SELECT count(*) AS clients, coalesce(sum(clientcore.purchase_count(history)), 0) AS purchase_days,
                    coalesce(sum(clientcore.sale_count(history) + clientcore.return_count(history)), 0) AS sales,
                    coalesce(sum(clientcore.revenue(history)), 0) AS revenue,
                    min(clientcore.first_purchase(history)) AS first_day, max(clientcore.last_purchase(history)) AS last_day
                FROM %1$I.history WHERE source = $1) c$sql$, base)
        INTO totals USING source_number;
        report := report || totals;
        EXECUTE format('SELECT to_jsonb(b) FROM (SELECT count(DISTINCT group_name) AS groups, count(*) AS group_histories FROM %I.group_history WHERE source = $1) b', base)
        INTO totals USING source_number;
        report := report || totals;
        EXECUTE format($sql$
            SELECT to_jsonb(g) || to_jsonb(f)
            FROM (SELECT coalesce(sum(clientcore.sale_count(history) + clientcore.return_count(history)), 0) AS guest_sales,
                    coalesce(sum(clientcore.revenue(history)), 0) AS guest_revenue
                FROM %1$I.guest WHERE source = $1) g,
                (SELECT coalesce(sum(clientcore.sale_count(history) + clientcore.return_count(history)), 0) AS forgotten_sales
                FROM %1$I.forgotten WHERE source = $1) f$sql$, base)
        INTO totals USING source_number;
        report := report || totals;
    END IF;

    IF jsonb_typeof(report -> 'currencies') = 'array' THEN
        PERFORM clientcore.check_currencies(base, source_number,
            ARRAY(SELECT jsonb_array_elements_text(report -> 'currencies'))
            || CASE WHEN how <> 'rebuild' AND attached.currency_code IS NOT NULL THEN ARRAY[attached.currency_code] END);
    END IF;
    IF how = 'rebuild' OR mark IS DISTINCT FROM attached.watermark_value
        OR setting.sales_complete_from IS DISTINCT FROM attached.built_complete_from
    THEN
        EXECUTE format($sql$
            UPDATE %I.source
            SET watermark_value = $2, currency_code = coalesce($3, currency_code),
                built_at = CASE WHEN $4 THEN clock_timestamp() ELSE built_at END,
                built_time_zone = CASE WHEN $4 THEN $5 ELSE built_time_zone END,
                built_amount_scale = CASE WHEN $4 THEN $6 ELSE built_amount_scale END,
                built_complete_from = CASE WHEN $4 OR built_complete_from IS NULL THEN $7 ELSE greatest(built_complete_from, $7) END,
                stale = NULL
            WHERE source = $1$sql$, base)
        USING source_number, mark, report -> 'currencies' ->> 0, how = 'rebuild', setting.time_zone, setting.amount_scale,
            setting.sales_complete_from;
    END IF;
    RETURN jsonb_build_object('source', source_number, 'relation', clientcore.relation_name(attached.relation), 'how', how,
        'why', why, 'capture', attached.capture) || report;
END
$$;
COMMENT ON FUNCTION clientcore.refresh_source(text, integer, boolean) IS
'Internal: brings the histories of one source up to date';

-- The day that views are for: yesterday, unless the sales are old, or set.
CREATE FUNCTION clientcore.choose_day(base text, OUT day date, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    yesterday date;
    newest date;
    found date;
    -- of whoever bought
    tables text[] := ARRAY['history', 'guest', 'forgotten'];
    name text;
    late_from date;
BEGIN
    EXECUTE format('SELECT as_of, (now() AT TIME ZONE time_zone)::date - 1 FROM %I.settings', base) INTO STRICT day, yesterday;
    IF day IS NOT NULL THEN
        reason := 'the day in its settings';
        RETURN;
    END IF;
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('SELECT max(clientcore.last_purchase(h.history)) FROM %I.%I h', base, name) INTO found;
        IF found > yesterday THEN
            EXECUTE format('SELECT max(clientcore.last_purchase(clientcore.as_of(h.history, $1))) FROM %I.%I h', base, name) INTO found USING yesterday + 1;
        END IF;
        newest := greatest(newest, found);
    END LOOP;
    -- the last sale may be a return, which the head of a history does not tell
    IF newest IS NULL OR newest < yesterday + 1 - 30 THEN
        late_from := newest + 1;
        FOREACH name IN ARRAY tables LOOP
            EXECUTE format($sql$
                SELECT max(d.day)
                FROM (
                    SELECT clientcore.slice(h.history, $1, $2) AS history
                    FROM %I.%I h WHERE clientcore.return_count(h.history) > 0) h, LATERAL clientcore.days(h.history) AS d
                WHERE clientcore.return_count(h.history) > 0$sql$, base, name)
            INTO found USING late_from, yesterday + 1;
            newest := greatest(newest, found);
        END LOOP;
    END IF;
    IF newest < yesterday + 1 - 30 AND newest >= '0001-01-01' THEN
        day := newest;
        reason := 'the day of the newest sale, which is over 30 days old';
    ELSE
        day := yesterday;
        reason := 'yesterday';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.choose_day(text) IS
'Internal: the day that the views of a base are for, and why';

-- What is in the sales or in the tables that people fill, but cannot be meant. Sales of today
-- lie after yesterday, and are meant; so is a mark for whoever has bought under an alias.
CREATE FUNCTION clientcore.refresh_warnings(base text, day date, is_yesterday boolean, is_built boolean)
RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    marked text[];
    sold record;
    warnings text[];
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    EXECUTE format($sql$
        SELECT count(DISTINCT h.client_id) FILTER (WHERE clientcore.first_purchase(h.history) < clientcore.placeholders_until($1)) AS early,
            count(DISTINCT h.client_id) FILTER (WHERE clientcore.last_purchase(h.history) > $2) AS late,
            min(CASE WHEN clientcore.last_purchase(h.history) > $2 THEN clientcore.first_purchase(clientcore.slice(h.history, $2 + 1, NULL)) END) AS next
        FROM %1$I.history h$sql$, base)
    INTO sold USING day, CASE WHEN is_yesterday THEN day + 1 ELSE day END;
    EXECUTE format('SELECT coalesce(array_agg(DISTINCT k.client_id::text), ''{}'') FROM %I.client_mark k', base) INTO marked;
    EXECUTE format($sql$
        SELECT array_remove(ARRAY[
            CASE WHEN $4 > 0 THEN clientcore.counted($4, 'client has', 'clients have') || format(
                ' purchases before %%s: a filter leaves out dates that stand for none', clientcore.placeholders_until($1)) END,
            CASE WHEN $5 > 0 AND $3 THEN clientcore.counted($5, 'client has', 'clients have') || format(
                ' purchases after %%s, the next on %%s: each counts when its day comes', $2, $6) END,
            CASE WHEN m.unknown > 0 THEN clientcore.counted(m.unknown, 'mark names a client', 'marks name clients') || ' without sales: see the table client_mark' END,
            CASE WHEN NOT EXISTS (SELECT FROM %1$I.strategy) THEN 'the table strategy is empty: no action is recommended, to nobody' END,
            CASE WHEN NOT EXISTS (SELECT FROM %1$I.rfm_segment) THEN 'the table rfm_segment is empty: no client has a segment' END], NULL)
        FROM (
            SELECT count(*) AS unknown FROM %1$I.client_mark k
            WHERE NOT EXISTS (SELECT FROM %3$s WHERE h.client_id %2$s k.client_id)
                AND NOT EXISTS (
                    SELECT FROM %1$I.client_alias a JOIN %1$I.card c ON c.client_id %2$s a.client
                    WHERE a.alias %2$s k.client_id OR a.client %2$s k.client_id)) m$sql$, base, key.equality,
        clientcore.histories(base, 'history', 'h', CASE WHEN clientcore.has_distributed_histories(base) THEN clientcore.is_one_of(base, marked) END))
    INTO warnings USING day, CASE WHEN is_yesterday THEN day + 1 ELSE day END, is_built, sold.early, sold.late, sold.next;
    RETURN warnings;
END
$$;
COMMENT ON FUNCTION clientcore.refresh_warnings(text, date, boolean, boolean) IS
'Internal: what a base as of a day should be told of, in words; of days to come only where sales were read anew';

CREATE FUNCTION clientcore.base_refresh(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamptz := clock_timestamp();
    source_number integer;
    reached bigint;
    sources jsonb := '[]';
    chosen record;
    calibration jsonb;
    cards jsonb;
    has_new_settings boolean;
    care jsonb;
    clients bigint;
    seconds numeric;
BEGIN
    PERFORM clientcore.lock_base(base);
    PERFORM clientcore.share_memory();
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.settings_history h JOIN %1$I.state s ON h.applied_at > s.refreshed_at)', base) INTO has_new_settings;
    -- what an expression leaves to the session is the base's to say
    EXECUTE format('SELECT set_config(''TimeZone'', time_zone, true) FROM %I.settings', base);
    EXECUTE format('SELECT last_value FROM %I.pending_id', base) INTO reached;
    FOR source_number IN EXECUTE format('SELECT source FROM %I.source ORDER BY source', base) LOOP
        sources := sources || clientcore.refresh_source(base, source_number, coalesce((arguments ->> 'full')::boolean, false));
    END LOOP;
    PERFORM clientcore.report_progress(format('clientcore base %I: reading clients and interactions', base));
    care := clientcore.read_care(base);
    PERFORM clientcore.report_progress(format('clientcore base %I: making the cards', base));
    PERFORM clientcore.require_own_base(base);
    SELECT * INTO chosen FROM clientcore.choose_day(base);
    calibration := clientcore.calibrate_once(base, chosen.day);
    cards := clientcore.refresh_cards(base, chosen.day, coalesce((arguments ->> 'full')::boolean, false));
    IF chosen.day IS NOT NULL THEN
        PERFORM clientcore.refresh_client_care(base, chosen.day), clientcore.refresh_campaigns(base, chosen.day);
    END IF;
    IF care <> '[]' THEN
        EXECUTE format('SELECT $2 || coalesce((SELECT jsonb_build_object(''later'', count(*)) FROM %I.interaction i WHERE i.day > $1 AND i.day <= current_date HAVING count(*) > 0), ''[]'')', base)
        INTO care USING chosen.day, care;
    END IF;
    PERFORM clientcore.report_progress(format('clientcore base %I: finishing', base));
    EXECUTE format(CASE WHEN clientcore.has_plain_histories(base) THEN 'SELECT count(*) FROM %1$I.history' ELSE $sql$
        SELECT count(*) FROM (SELECT DISTINCT coalesce(a.client, h.client_id) FROM %3$s LEFT JOIN %1$I.client_alias a ON a.alias %2$s h.client_id) c$sql$ END,
        base, (SELECT equality FROM clientcore.base_key(base)), clientcore.histories(base, 'history', 'h'))
    INTO clients;
    seconds := round(extract(epoch FROM clock_timestamp() - began), 3);
    EXECUTE format($sql$
        UPDATE %1$I.state
        SET pending_from = $1, pending_limit = s.pending_limit, as_of = $2, refreshed_at = clock_timestamp(), refresh_seconds = $3,
            client_count = $4
        FROM %1$I.settings s$sql$, base)
    USING reached, chosen.day, seconds, clients;
    RETURN jsonb_build_object('base', base, 'as_of', chosen.day, 'as_of_reason', chosen.reason, 'seconds', seconds, 'sources', sources,
        'calibration', calibration, 'cards', cards, 'models', clientcore.models_in_short(base), 'has_new_settings', has_new_settings, 'care', care,
        'warnings', clientcore.refresh_warnings(base, chosen.day, chosen.reason = 'yesterday', sources @> '[{"how": "rebuild"}]'));
END
$$;
COMMENT ON FUNCTION clientcore.base_refresh(text, jsonb) IS
'Internal: brings all histories of a base up to date. Errors: those of the sales'' expressions, 22003 for amounts beyond 64 bits, 22000 for different currencies.';

-- --- what a sales view is made of ---

CREATE FUNCTION clientcore.base_capture_from(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation oid := (arguments ->> 'relation')::oid;
    source_number integer := (arguments ->> 'source')::integer;
    attached record;
    alias text;
    role jsonb;
    obstacle text;
BEGIN
    PERFORM clientcore.lock_base(base);
    PERFORM clientcore.check_relation(relation);

    EXECUTE format($sql$
        SELECT s.* FROM %I.source s
        WHERE s.capture = 'dirty' AND ($1 IS NULL OR s.source = $1)
            AND ($2 IN (SELECT reads FROM clientcore.relations_read(s.relation)) OR $1 IS NOT NULL)
        ORDER BY s.source LIMIT 1$sql$, base)
    INTO attached USING source_number, relation;
    IF attached.source IS NULL THEN
        PERFORM clientcore.argument_error('relation',
            format('no sales relation of base "%s" with capture => ''dirty'' reads %s', base, clientcore.relation_name(relation)),
            'Attach the view with capture => ''dirty'' first; where functions hide that it reads the table, name it: source => 1.');
    END IF;
    obstacle := clientcore.obstacle_to_triggers(relation);
    IF obstacle IS NOT NULL THEN
        PERFORM clientcore.argument_error('relation', 'its changes cannot be captured: ' || obstacle,
            'Without capture_from the sales relation is rebuilt at every refresh.');
    END IF;
    SELECT relname INTO alias FROM pg_class WHERE oid = relation;
    IF arguments ->> 'client' IS NOT NULL THEN
        role := clientcore.describe_role(relation, alias, 'client', arguments ->> 'client', arguments ->> 'path');
        IF role ->> 'volatility' = 'volatile' THEN
            PERFORM clientcore.argument_error('client', 'a volatile expression cannot say whose row it is', NULL);
        END IF;
        PERFORM clientcore.check_client_type(base, role, arguments ->> 'client');
    END IF;

    PERFORM clientcore.add_captured_table(base, attached.source, relation, alias, role ->> 'expression_text');
    PERFORM clientcore.put_triggers(base, ARRAY[attached.source::integer]);
    EXECUTE format('UPDATE %I.source SET fingerprint = clientcore.take_fingerprint($1, $2), stale = coalesce(stale, $3) WHERE source = $2', base)
    USING base, attached.source, format('changes of %s were not captured before', clientcore.relation_name(relation));
    RETURN jsonb_build_object('source', attached.source, 'obstacle', clientcore.obstacle_to_capture(base, attached.source));
END
$$;
COMMENT ON FUNCTION clientcore.base_capture_from(text, jsonb) IS
'Internal: notes the changes of a table that an attached view reads';

-- --- detach ---

-- What create_layout makes, functions and views first, each before what it depends on. With
-- the arguments of functions, for others may have their names.
CREATE FUNCTION clientcore.layout_objects()
RETURNS TABLE (kind text, name text, arguments text)
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES ('FUNCTION', 'clients_as_of', '(date)'), ('FUNCTION', 'class_migration', '(date, date)'), ('FUNCTION', 'dossier_text', '(text)'),
    ('FUNCTION', 'reward_shares', '(numeric, numeric)'), ('FUNCTION', 'report_data', '()'), ('FUNCTION', 'report', '(text)')
UNION ALL
SELECT o.kind, o.name, ''
FROM (VALUES ('VIEW', 'campaign_lessons'), ('VIEW', 'campaign_clients'), ('VIEW', 'campaign_results_by'), ('VIEW', 'campaign_results'),
    ('VIEW', 'channel_mix_by'), ('VIEW', 'channel_mix'), ('VIEW', 'cross_sell_gaps'), ('VIEW', 'partial_losses'), ('VIEW', 'client_groups'), ('VIEW', 'client_breadth'),
    ('VIEW', 'manager_portfolio'), ('VIEW', 'care_due'), ('VIEW', 'loyal_but_ignored'), ('VIEW', 'concession_balance_by'), ('VIEW', 'concession_balance'),
    ('VIEW', 'relationship_scores_by'), ('VIEW', 'relationship_scores'), ('VIEW', 'feedback_response_by'), ('VIEW', 'feedback_response'),
    ('VIEW', 'offer_eligibility'), ('VIEW', 'council_candidates'), ('VIEW', 'prospects'), ('VIEW', 'dossier'), ('VIEW', 'client_interactions'),
    ('VIEW', 'models'), ('VIEW', 'win_back_list'), ('VIEW', 'lost_origins_by'), ('VIEW', 'lost_origins'), ('VIEW', 'lost_clients'),
    ('VIEW', 'lost_dynamics_by'), ('VIEW', 'lost_dynamics'), ('VIEW', 'retention_cohorts_by'), ('VIEW', 'retention_cohorts'),
    ('VIEW', 'client_flow_by'), ('VIEW', 'client_flow'), ('VIEW', 'calendar'), ('VIEW', 'client_months'), ('VIEW', 'kpis_by'), ('VIEW', 'kpis'),
    ('VIEW', 'class_migration_by'), ('VIEW', 'class_migration'), ('VIEW', 'concentration_by'), ('VIEW', 'concentration'),
    ('VIEW', 'rfm_segments_by'), ('VIEW', 'rfm_segments'), ('VIEW', 'loyalty_ladder_by'), ('VIEW', 'loyalty_ladder'),
    ('VIEW', 'abc_xyz_matrix_by'), ('VIEW', 'abc_xyz_matrix'),
    ('VIEW', 'let_go_candidates'), ('VIEW', 'growth_candidates'), ('VIEW', 'next_purchases'), ('VIEW', 'at_risk_clients'),
    ('VIEW', 'key_client_changes'), ('VIEW', 'key_clients'), ('VIEW', 'clients'), ('VIEW', 'client_history'),
    ('TABLE', 'campaign_lesson'), ('TABLE', 'campaign_outcome'), ('TABLE', 'campaign_client'), ('TABLE', 'campaign'),
    ('TABLE', 'share_grant'), ('TABLE', 'council'), ('TABLE', 'offer_item'), ('TABLE', 'offer'), ('TABLE', 'dossier_entry'), ('TABLE', 'client_lost_reason'),
    ('TABLE', 'lost_reason'), ('TABLE', 'client_care'), ('TABLE', 'interaction'), ('TABLE', 'interaction_kind'), ('TABLE', 'client_info'), ('TABLE', 'care_source'),
    ('TABLE', 'report_label'), ('TABLE', 'target'), ('TABLE', 'strategy'), ('TABLE', 'rfm_segment'), ('TABLE', 'model'), ('TABLE', 'return_chance'), ('TABLE', 'flow_summary'),
    ('TABLE', 'month_summary'), ('TABLE', 'client_loss'), ('TABLE', 'client_month'), ('TABLE', 'card_log'), ('TABLE', 'group_card'), ('TABLE', 'card'),
    ('TABLE', 'client_mark'), ('TABLE', 'pending'), ('TABLE', 'client_alias'), ('TABLE', 'forgotten_client'), ('TABLE', 'forgotten'), ('TABLE', 'guest'),
    ('TABLE', 'group_history'), ('TABLE', 'history'), ('TABLE', 'captured_table'), ('TABLE', 'source'), ('TABLE', 'state'), ('TABLE', 'settings_history'),
    ('TABLE', 'settings')) AS o (kind, name)
$$;
COMMENT ON FUNCTION clientcore.layout_objects() IS
'Internal: the tables, views and functions of a client base';

CREATE FUNCTION clientcore.find_source(base text, relation oid, source_number integer)
RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source_found integer;
BEGIN
    EXECUTE format('SELECT source FROM %I.source WHERE source = $1 OR relation = $2', base) INTO source_found USING source_number, relation;
    IF source_found IS NULL THEN
        PERFORM clientcore.argument_error(CASE WHEN source_number IS NULL THEN 'relation' ELSE 'source' END,
            format('base "%s" has no such sales relation', base),
            format('SELECT source, relation FROM %I.source lists those it has.', base));
    END IF;
    RETURN source_found;
END
$$;
COMMENT ON FUNCTION clientcore.find_source(text, oid, integer) IS
'Internal: the number of a source. Errors: 22023 where there is none.';

-- others: tables to lock in the same breath, so that no writer waits for their readers.
CREATE FUNCTION clientcore.drop_triggers(base text, source_number integer, others oid[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tables oid[] := ARRAY(
        SELECT DISTINCT relation FROM clientcore.base_triggers(base) WHERE source_number IS NULL OR source = source_number);
    dropped record;
BEGIN
    PERFORM clientcore.lock_tables(tables || others, 'ACCESS EXCLUSIVE');
    FOR dropped IN
        SELECT relation, name FROM clientcore.base_triggers(base)
        WHERE (source_number IS NULL OR source = source_number) AND relation = ANY (tables)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', dropped.name, clientcore.relation_name(dropped.relation));
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.drop_triggers(text, integer, oid[]) IS
'Internal: drops the triggers of a source, or of all. Errors: 55P03 where a table cannot be locked in time.';

-- Not an operation, for undoing an attach does it too, and operations may not call each other.
CREATE FUNCTION clientcore.take_away(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source_number integer;
    base_schema oid := (SELECT oid FROM pg_namespace WHERE nspname = base);
    table_name text;
    held bigint;
    object record;
BEGIN
    PERFORM clientcore.wait_for_base(base);
    PERFORM clientcore.use_one_connection();
    -- a client table, or interactions
    EXECUTE format('WITH gone AS (DELETE FROM %I.care_source WHERE relation = $1 RETURNING 1) SELECT count(*) FROM gone', base)
    INTO held USING (arguments ->> 'relation')::oid::regclass;
    IF held > 0 THEN
        PERFORM clientcore.remove_interactions(base);
        EXECUTE format('DELETE FROM %1$I.client_care WHERE NOT EXISTS (SELECT FROM %1$I.care_source c WHERE c.holds = ''interactions'')', base);
        EXECUTE format('DELETE FROM %1$I.client_info WHERE NOT EXISTS (SELECT FROM %1$I.care_source c WHERE c.holds = ''clients'')', base);
        RAISE NOTICE 'what was read of % is gone; cards and sums follow at the next refresh', arguments ->> 'relation_name';
        RETURN '{}';
    END IF;
    IF arguments ->> 'relation' IS NOT NULL OR arguments ->> 'source' IS NOT NULL THEN
        source_number := clientcore.find_source(base, (arguments ->> 'relation')::oid, (arguments ->> 'source')::integer);
    END IF;
    IF NOT coalesce((arguments ->> 'force')::boolean, false) THEN
        PERFORM clientcore.refuse_loss(base, source_number);
    END IF;
    IF source_number IS NOT NULL THEN
        FOREACH table_name IN ARRAY ARRAY['history', 'group_history', 'guest', 'forgotten', 'source'] LOOP
            EXECUTE format('DELETE FROM %I.%I WHERE source = $1', base, table_name) USING source_number;
        END LOOP;
        -- last, as writers wait from here on
        PERFORM clientcore.drop_triggers(base, source_number, '{}');
        EXECUTE format('DELETE FROM %I.pending WHERE source = $1', base) USING source_number;
        RETURN jsonb_build_object('source', source_number);
    END IF;

    PERFORM clientcore.drop_triggers(base, NULL, ARRAY(
        SELECT c.oid FROM clientcore.layout_objects() o
        JOIN pg_class c ON c.relname = o.name AND c.relnamespace = base_schema AND c.relkind = 'r'
        ORDER BY c.relname));
    PERFORM clientcore.drop_exports(base);
    FOR object IN SELECT * FROM clientcore.layout_objects() LOOP
        EXECUTE format('DROP %s IF EXISTS %I.%I%s', object.kind, base, object.name, object.arguments);
    END LOOP;
    IF NOT coalesce((arguments ->> 'keeps_schema')::boolean, false) THEN
        EXECUTE format('DROP SCHEMA %I', base);
    END IF;
    RETURN '{}';
EXCEPTION WHEN dependent_objects_still_exist THEN
    DECLARE
        what text;
    BEGIN
        GET STACKED DIAGNOSTICS what = PG_EXCEPTION_DETAIL;
        RAISE EXCEPTION USING
            ERRCODE = 'dependent_objects_still_exist',
            MESSAGE = format('base "%s" cannot be detached while other objects depend on it', base),
            DETAIL = what,
            HINT = format('Drop these first; or, in a transaction that has locked the sales, DROP SCHEMA %I CASCADE, which takes them along.', base);
    END;
END
$$;
COMMENT ON FUNCTION clientcore.take_away(text, jsonb) IS
'Internal: removes a source, or the base. Errors: 55000 where it has what no sales bring back, 22023, 55P03 as its helpers, 2BP01 while other objects depend on it.';

CREATE FUNCTION clientcore.base_detach(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.take_away(base, arguments)
$$;
COMMENT ON FUNCTION clientcore.base_detach(text, jsonb) IS
'Internal: removes a source, or the base. Errors: 55000 where it has what no sales bring back, 22023, 55P03 as its helpers, 2BP01 while other objects depend on it.';

-- A base whose sales could not be read is taken away again.
CREATE FUNCTION clientcore.base_undo_attach(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (arguments ->> 'is_new_base')::boolean THEN
        RETURN clientcore.take_away(base, jsonb_build_object('force', true, 'keeps_schema', NOT (arguments ->> 'lacks_schema')::boolean));
    ELSIF (arguments ->> 'is_new_source')::boolean THEN
        RETURN clientcore.take_away(base, jsonb_build_object('force', true, 'source', arguments -> 'source'));
    END IF;
    -- a relation that was attached before is attached as it was
    PERFORM clientcore.lock_base(base);
    EXECUTE format($sql$
        UPDATE %1$I.source s
        SET alias = w.alias, client = w.client, sold_at = w.sold_at, amount = w.amount, profit = w.profit, filter = w.filter,
            currency = w.currency, currency_code = w.currency_code, breakdown = w.breakdown, capture = w.capture, not_captured = w.not_captured,
            watermark = w.watermark, watermark_value = NULL, replicated = w.replicated, stale = 'attaching it anew failed'
        FROM jsonb_populate_record(NULL::%1$I.source, $1 -> 'source') w
        WHERE s.source = w.source$sql$, base)
    USING arguments -> 'was';
    EXECUTE format('DELETE FROM %I.captured_table WHERE source = $1', base) USING (arguments ->> 'source')::integer;
    EXECUTE format($sql$
        INSERT INTO %1$I.captured_table
        SELECT * FROM jsonb_populate_recordset(NULL::%1$I.captured_table, $1)$sql$, base)
    USING coalesce(nullif(arguments #> '{was,captured_table}', 'null'), '[]');
    PERFORM clientcore.put_triggers(base, ARRAY[(arguments ->> 'source')::integer]);
    EXECUTE format('UPDATE %I.source SET fingerprint = clientcore.take_fingerprint($1, $2) WHERE source = $2', base)
    USING base, (arguments ->> 'source')::integer;
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION clientcore.base_undo_attach(text, jsonb) IS
'Internal: undoes an attach after which the sales could not be read';

-- --- verify ---

CREATE FUNCTION clientcore.verify_statement(base text, attached jsonb, reader jsonb, complete_from date, share numeric)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source_number integer := (attached ->> 'source')::integer;
    equals text := (SELECT equality FROM clientcore.base_key(base));
    counted text := CASE WHEN complete_from IS NULL THEN 'clientcore.rollup(a.history)'
        ELSE format('clientcore.slice(clientcore.rollup(a.history), %L, NULL)', complete_from) END;
    sales text := (reader ->> 'query') || CASE WHEN attached ->> 'capture' = 'watermark' THEN
        format(' AND %I.%I <= %L', attached ->> 'alias', attached ->> 'watermark', attached ->> 'watermark_value') ELSE '' END;
BEGIN
    RETURN format($sql$
        WITH waiting AS MATERIALIZED (SELECT * FROM %1$I.pending p WHERE p.source = %2$s),
        dirty AS MATERIALIZED (
            SELECT t.client_id AS client FROM waiting t WHERE t.delta IS NULL AND t.reason IS NULL%7$s),
        grouped AS MATERIALIZED (%4$s),
        sold AS MATERIALIZED (
            SELECT a.client, a.kind, clientcore.rollup(a.history) AS history
            FROM (SELECT CASE WHEN k.kind = 'client' THEN k.client END AS client, k.kind, k.history
                  FROM (SELECT g.client, %5$s AS kind, g.history FROM grouped g WHERE g.history IS NOT NULL) k) a
            GROUP BY a.client, a.kind),
        kept AS MATERIALIZED (
            SELECT a.client, a.kind, $sql$ || counted || $sql$ AS history
            FROM (
                SELECT h.client_id AS client, 'client' AS kind, h.history FROM %1$I.history h
                WHERE h.source = %2$s AND (%8$s OR clientcore.key_fraction(h.client_id) < %9$L)
                UNION ALL SELECT NULL, 'guest', g.history FROM %1$I.guest g WHERE g.source = %2$s
                UNION ALL SELECT NULL, 'forgotten', f.history FROM %1$I.forgotten f WHERE f.source = %2$s
                UNION ALL SELECT CASE WHEN k.kind = 'client' THEN k.client END, k.kind, k.history
                    FROM (SELECT p.client_id AS client, %6$s AS kind, p.delta AS history FROM waiting p
                          WHERE p.delta IS NOT NULL AND (%8$s OR clientcore.key_fraction(p.client_id) < %9$L)) k) a
            GROUP BY a.client, a.kind),
        compared AS (
            SELECT coalesce(s.kind, k.kind) AS kind, CASE WHEN s.kind IS NULL THEN k.client ELSE s.client END AS client,
                coalesce(s.history, '{}') OPERATOR(clientcore.-) coalesce(k.history, '{}') AS difference
            FROM sold s FULL JOIN kept k ON k.client %3$s s.client AND k.kind = s.kind
            WHERE coalesce(s.kind, k.kind) = 'client'
            UNION ALL
            SELECT t.kind, NULL,
                coalesce((SELECT s.history FROM sold s WHERE s.kind = t.kind), '{}')
                    OPERATOR(clientcore.-) coalesce((SELECT k.history FROM kept k WHERE k.kind = t.kind), '{}')
            FROM (VALUES ('guest'), ('forgotten')) t (kind))
        SELECT jsonb_agg(jsonb_build_object('source', %2$s, 'relation', %10$L, 'kind', c.kind, 'client', c.client::text, 'difference', c.difference::text)
                ORDER BY c.kind, c.client::text COLLATE "C")
        FROM compared c
        WHERE c.difference OPERATOR(clientcore.<>) '{}'
            AND CASE c.kind
                WHEN 'client' THEN NOT EXISTS (SELECT FROM dirty d WHERE d.client %3$s c.client)
                WHEN 'guest' THEN %8$s AND NOT EXISTS (SELECT FROM dirty d WHERE d.client IS NOT DISTINCT FROM NULL)
                ELSE %8$s AND NOT EXISTS (SELECT FROM dirty d) END$sql$,
        base, source_number, equals,
        CASE WHEN jsonb_typeof(reader -> 'parts') = 'array' AND share = 1 THEN clientcore.grouped_parts(reader, complete_from)
            ELSE clientcore.grouped_sales(reader, CASE WHEN share < 1 THEN format(
                'SELECT s.* FROM (%s) s WHERE s.client IS DISTINCT FROM NULL AND clientcore.key_fraction(s.client) < %L', sales, share)
                ELSE sales END, complete_from) END,
        clientcore.kind_of_client(base, 'g.client'), clientcore.kind_of_client(base, 'p.client_id'),
        CASE WHEN attached ->> 'capture' = 'dirty' THEN replace(clientcore.clients_of_lines(base, source_number), 'FROM taken t', 'FROM waiting t') ELSE '' END,
        (share = 1)::text, share, (attached ->> 'relation')::regclass::oid);
END
$$;
COMMENT ON FUNCTION clientcore.verify_statement(text, jsonb, jsonb, date, numeric) IS
'Internal: the statement that compares the histories of a source with its sales';

-- The same for the histories per client and group.
CREATE FUNCTION clientcore.verify_groups_statement(base text, attached jsonb, reader jsonb, complete_from date, share numeric)
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        WITH waiting AS MATERIALIZED (SELECT * FROM %1$I.pending p WHERE p.source = %2$s),
        dirty AS MATERIALIZED (
            SELECT t.client_id AS client FROM waiting t WHERE t.delta IS NULL AND t.reason IS NULL%6$s),
        sold AS MATERIALIZED (
            SELECT s.client, s.group_name, s.history
            FROM (
                SELECT s.client, s.group_name, %4$s AS history
                FROM (%5$s) s
                WHERE s.client IS DISTINCT FROM NULL AND (%8$s OR clientcore.key_fraction(s.client) < %9$L)
                GROUP BY s.client, s.group_name) s
            WHERE %7$s = 'client'),
        kept AS MATERIALIZED (
            SELECT a.client, a.group_name, %10$s AS history
            FROM (
                SELECT h.client_id AS client, h.group_name, h.history FROM %1$I.group_history h WHERE h.source = %2$s
                UNION ALL
                SELECT p.client_id, coalesce(p.group_name, ''), p.delta FROM waiting p WHERE p.delta IS NOT NULL AND %11$s = 'client') a
            WHERE %8$s OR clientcore.key_fraction(a.client) < %9$L
            GROUP BY a.client, a.group_name),
        compared AS (
            SELECT CASE WHEN s.history IS NULL THEN k.client ELSE s.client END AS client, coalesce(s.group_name, k.group_name) AS group_name,
                coalesce(s.history, '{}') OPERATOR(clientcore.-) coalesce(k.history, '{}') AS difference
            FROM (SELECT * FROM sold WHERE history IS NOT NULL) s FULL JOIN kept k ON k.client %3$s s.client AND k.group_name = s.group_name)
        SELECT jsonb_agg(jsonb_build_object('source', %2$s, 'relation', %12$L, 'kind', format('client, of group "%%s"', c.group_name),
                'client', c.client::text, 'difference', c.difference::text) ORDER BY c.client::text COLLATE "C", c.group_name)
        FROM compared c
        WHERE c.difference OPERATOR(clientcore.<>) '{}' AND NOT EXISTS (SELECT FROM dirty d WHERE d.client %3$s c.client)$sql$,
    base, attached ->> 'source', k.equality,
    CASE WHEN complete_from IS NULL THEN reader ->> 'aggregate' ELSE format('clientcore.slice(%s, %L, NULL)', reader ->> 'aggregate', complete_from) END,
    (reader ->> 'query') || CASE WHEN attached ->> 'capture' = 'watermark' THEN
        format(' AND %I.%I <= %L', attached ->> 'alias', attached ->> 'watermark', attached ->> 'watermark_value') ELSE '' END,
    CASE WHEN attached ->> 'capture' = 'dirty'
        THEN replace(clientcore.clients_of_lines(base, (attached ->> 'source')::integer), 'FROM taken t', 'FROM waiting t') ELSE '' END,
    clientcore.kind_of_client(base, 's.client'), (share = 1)::text, share,
    CASE WHEN complete_from IS NULL THEN 'clientcore.rollup(a.history)' ELSE format('clientcore.slice(clientcore.rollup(a.history), %L, NULL)', complete_from) END,
    clientcore.kind_of_client(base, 'p.client_id'), (attached ->> 'relation')::regclass::oid)
FROM clientcore.base_key(base) k
$$;
COMMENT ON FUNCTION clientcore.verify_groups_statement(text, jsonb, jsonb, date, numeric) IS
'Internal: the statement that compares the histories per client and group of a source with its sales';

-- Both, where the histories are distributed: compared where they are.
CREATE FUNCTION clientcore.verify_distributed_statement(base text, attached jsonb, reader jsonb, complete_from date, share numeric)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    key_type text;
    sales record;
    target record;
    kept text := CASE WHEN complete_from IS NULL THEN 'h.history' ELSE format('clientcore.slice(h.history, %L, NULL)', complete_from) END;
    chosen text := CASE WHEN share < 1 THEN format('clientcore.key_fraction(%%s) < %L', share) ELSE 'true' END;
    compared text := '';
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    SELECT * INTO sales FROM clientcore.distributed_sales(base, reader, complete_from);
    key_type := key.key_type || coalesce(' COLLATE ' || key.key_collation, '');
    FOR target IN
        SELECT t.*
        FROM (VALUES (1, 'history', $sql$''$sql$, $sql$''$sql$, '', $sql$'client'$sql$),
            (2, 'group_history', $sql$coalesce(s.group_name, '')$sql$, 'h.group_name', ' AND h.group_name = s.group_name',
                $sql$format('client, of group "%s"', d.group_name)$sql$)) t (n, name, group_name, group_was, matches, kind)
        WHERE t.name = 'history' OR (reader ->> 'has_breakdown')::boolean
        ORDER BY t.n
    LOOP
        compared := compared || format($sql$
            SELECT %1$s AS kind, d.client, d.difference
            FROM clientcore.rows_of(%2$L) AS d (client %3$s, group_name text, difference clientcore.purchase_history)
            UNION ALL$sql$, target.kind, format($sql$
                SELECT CASE WHEN s.history IS NULL THEN h.client_id ELSE s.client END, coalesce(s.group_name, %8$s),
                    coalesce(s.history, '{}') OPERATOR(clientcore.-) coalesce(h.kept, '{}')
                FROM (SELECT s.client, %1$s AS group_name, %2$s AS history FROM (%3$s) s WHERE %4$s GROUP BY 1, 2) s
                FULL JOIN (SELECT h.*, %5$s AS kept FROM %6$I.%7$I h WHERE h.source = %9$s AND %10$s) h ON h.client_id %11$s s.client%12$s
                WHERE coalesce(s.history, '{}') OPERATOR(clientcore.<>) coalesce(h.kept, '{}')$sql$,
            target.group_name, reader ->> 'aggregate', sales.of_clients, format(chosen, 's.client'), kept,
            base, target.name, target.group_was, attached ->> 'source', format(chosen, 'h.client_id'), key.equality, target.matches), key_type);
    END LOOP;
    RETURN format($sql$
        WITH compared AS (%1$s
            SELECT 'forgotten', NULL,
                coalesce((SELECT clientcore.rollup(f.history) FROM clientcore.rows_of(%2$L) AS f (client %3$s, history clientcore.purchase_history)), '{}')
                OPERATOR(clientcore.-) coalesce((SELECT %4$s FROM %5$I.forgotten h WHERE h.source = %6$s), '{}')
            WHERE %7$s)
        SELECT jsonb_agg(jsonb_build_object('source', %6$s, 'relation', %8$L, 'kind', c.kind, 'client', c.client::text, 'difference', c.difference::text)
                ORDER BY c.kind COLLATE "C", c.client::text COLLATE "C")
        FROM compared c
        WHERE c.difference OPERATOR(clientcore.<>) '{}'$sql$,
        compared, format('SELECT s.client, %s FROM (%s) s GROUP BY s.client', reader ->> 'aggregate', sales.of_forgotten), key_type,
        kept, base, attached ->> 'source', (share = 1)::text, (attached ->> 'relation')::regclass::oid);
END
$$;
COMMENT ON FUNCTION clientcore.verify_distributed_statement(text, jsonb, jsonb, date, numeric) IS
'Internal: the statement that compares the distributed histories of a source with its sales';

CREATE FUNCTION clientcore.base_verify(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    share numeric := (arguments ->> 'share')::numeric;
    complete_from date;
    attached jsonb;
    reader jsonb;
    differing jsonb;
    differences jsonb := '[]';
BEGIN
    EXECUTE format('SELECT sales_complete_from FROM %I.settings', base) INTO STRICT complete_from;
    EXECUTE format('SELECT set_config(''TimeZone'', time_zone, true) FROM %I.settings', base);
    PERFORM clientcore.share_memory(), clientcore.check_sources(base);
    FOR attached IN EXECUTE format('SELECT to_jsonb(s) FROM %I.source s ORDER BY s.source', base) LOOP
        PERFORM clientcore.report_progress(format('clientcore base %I: verifying %s', base, attached ->> 'relation'));
        reader := clientcore.sale_reader(base, (attached ->> 'source')::integer);
        IF clientcore.has_distributed_histories(base) THEN
            differing := clientcore.read_sales((attached ->> 'relation')::regclass, clientcore.verify_distributed_statement(base, attached, reader, complete_from, share));
            differences := differences || coalesce(differing, '[]');
            CONTINUE;
        END IF;
        differing := clientcore.read_sales((attached ->> 'relation')::regclass, clientcore.verify_statement(base, attached, reader, complete_from, share));
        differences := differences || coalesce(differing, '[]');
        IF (reader ->> 'has_breakdown')::boolean THEN
            differing := clientcore.read_sales((attached ->> 'relation')::regclass,
                clientcore.verify_groups_statement(base, attached, reader, complete_from, share));
            differences := differences || coalesce(differing, '[]');
        END IF;
    END LOOP;
    IF NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean THEN
        EXECUTE format('UPDATE %I.state SET verified_at = clock_timestamp(), verified_share = $1, verified_differences = $2', base)
        USING share, jsonb_array_length(differences);
    END IF;
    RETURN differences;
END
$$;
COMMENT ON FUNCTION clientcore.base_verify(text, jsonb) IS
'Internal: compares the histories of a base with its sales';

-- --- forget ---

CREATE FUNCTION clientcore.base_forget(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    persons text;
    keys text[];
    sources smallint[];
    histories clientcore.purchase_history[];
    counts jsonb;
    complete_from date;
    made text;
    removed bigint;
    rows bigint := 0;
BEGIN
    PERFORM clientcore.lock_base(base);
    EXECUTE format('SELECT sales_complete_from FROM %I.settings', base) INTO STRICT complete_from;
    SELECT * INTO key FROM clientcore.base_key(base);
    BEGIN
        EXECUTE format('SELECT %L::%s', arguments ->> 'client', key.key_type);
    EXCEPTION WHEN assert_failure OR OTHERS THEN
        PERFORM clientcore.argument_error('client', SQLERRM, format('The clients of this base are of type %s.', key.key_type));
    END;

    -- the client, what it is an alias of, and all aliases of that
    persons := format($sql$
        WITH given AS (SELECT coalesce((SELECT a.client FROM %1$I.client_alias a WHERE a.alias %2$s v.client), v.client) AS client
            FROM (SELECT %3$L::%4$s%5$s) v (client)),
        person (client) AS MATERIALIZED (
            SELECT g.client FROM given g
            UNION SELECT a.alias FROM %1$I.client_alias a JOIN given g ON a.client %2$s g.client)$sql$,
        base, key.equality, arguments ->> 'client', key.key_type, ' COLLATE ' || key.key_collation);

    EXECUTE persons || ' SELECT array_agg(p.client::text) FROM person p' INTO keys;
    EXECUTE format('WITH gone AS (DELETE FROM %I.history h WHERE %s RETURNING h.source, h.history)
        SELECT array_agg(g.source), array_agg(g.history) FROM gone g', base, clientcore.is_one_of(base, keys))
    INTO sources, histories;
    EXECUTE format('DELETE FROM %I.group_history h WHERE %s', base, clientcore.is_one_of(base, keys));
    EXECUTE format($sql$%3$s,
        gone AS (SELECT * FROM unnest($1, $2) g (source, history)),
        late AS (
            DELETE FROM %1$I.pending p USING person x WHERE p.client_id %2$s x.client
            RETURNING p.source, clientcore.slice(p.delta, %4$L, NULL) AS delta),
        sums AS (
            SELECT s.source, clientcore.rollup(s.history) AS history
            FROM (SELECT * FROM gone UNION ALL SELECT * FROM late WHERE delta IS NOT NULL) s (source, history)
            GROUP BY s.source),
        kept AS (
            INSERT INTO %1$I.forgotten AS f (source, history)
            SELECT s.source, s.history FROM sums s
            ON CONFLICT (source) DO UPDATE SET history = f.history OPERATOR(clientcore.+) excluded.history),
        stale AS (
            UPDATE %1$I.source s SET stale = coalesce(s.stale, 'a client was forgotten whose changes were noted')
            WHERE s.source IN (SELECT l.source FROM late l WHERE l.delta IS NULL)),
        hashes AS (
            INSERT INTO %1$I.forgotten_client (hash)
            SELECT clientcore.key_hash(x.client, (SELECT salt FROM %1$I.state)) FROM person x
            ON CONFLICT DO NOTHING)
        SELECT jsonb_build_object('keys', (SELECT count(*) FROM person), 'histories', (SELECT count(*) FROM gone))$sql$,
        base, key.equality, persons, complete_from)
    INTO counts USING sources, histories;
    FOREACH made IN ARRAY ARRAY['card', 'group_card', 'card_log', 'client_month', 'client_loss', 'client_mark', 'client_info', 'interaction', 'client_care',
        'dossier_entry', 'client_lost_reason', 'council', 'share_grant', 'campaign_client', 'campaign_outcome'] LOOP
        EXECUTE format('%3$s DELETE FROM %1$I.%4$I t USING person x WHERE t.client_id %2$s x.client', base, key.equality, persons, made);
        GET DIAGNOSTICS removed = ROW_COUNT;
        rows := rows + removed;
    END LOOP;
    EXECUTE format('%3$s DELETE FROM %1$I.client_alias a USING person x WHERE a.alias %2$s x.client OR a.client %2$s x.client',
        base, key.equality, persons);
    -- words that told of it
    EXECUTE format('UPDATE %I.campaign SET from_list = ''a query'' WHERE from_list ~ ''[[:space:]]'' AND strpos(from_list, $1) > 0', base) USING arguments ->> 'client';
    EXECUTE format('UPDATE %I.care_source SET failure = NULL WHERE failure IS NOT NULL', base);
    EXECUTE format('DELETE FROM %1$I.interaction_kind k WHERE k.kind IS NULL AND NOT EXISTS (SELECT FROM %1$I.interaction i WHERE lower(i.own_kind) = lower(k.value))', base);
    RETURN counts || jsonb_build_object('rows', rows);
END
$$;
COMMENT ON FUNCTION clientcore.base_forget(text, jsonb) IS
'Internal: removes a client, under all its aliases, from a base';

-- --- pause, read, upgrade ---

CREATE FUNCTION clientcore.base_pause(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.lock_base(base);
    EXECUTE format('UPDATE %I.state SET paused = $1 WHERE paused <> $1', base) USING (arguments ->> 'paused')::boolean;
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION clientcore.base_pause(text, jsonb) IS
'Internal: has sales noted, or not';

CREATE FUNCTION clientcore.grant_views(base text, grantee text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    object record;
BEGIN
    FOR object IN
        SELECT * FROM clientcore.layout_objects() WHERE kind IN ('VIEW', 'FUNCTION')
        UNION ALL
        SELECT 'VIEW', e.name, '' FROM clientcore.exports_of(base) e
    LOOP
        EXECUTE format('GRANT %s ON %s %I.%I%s TO %s', CASE object.kind WHEN 'VIEW' THEN 'SELECT' ELSE 'EXECUTE' END,
            CASE object.kind WHEN 'VIEW' THEN 'TABLE' ELSE 'FUNCTION' END, base, object.name, object.arguments, grantee);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.grant_views(text, text) IS
'Internal: lets a role (as it stands in a GRANT) use the views and functions of a base';

CREATE FUNCTION clientcore.base_grant_read(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.lock_base(base);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', base, arguments ->> 'grantee');
    PERFORM clientcore.grant_views(base, arguments ->> 'grantee');
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION clientcore.base_grant_read(text, jsonb) IS
'Internal: lets a role read the views of a base and call its functions';

-- All that a role was given in a base, however that came about
CREATE FUNCTION clientcore.base_revoke_read(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.lock_base(base);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM %2$s', base, arguments ->> 'grantee');
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %1$I FROM %2$s', base, arguments ->> 'grantee');
    EXECUTE format('REVOKE ALL ON SCHEMA %1$I FROM %2$s', base, arguments ->> 'grantee');
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION clientcore.base_revoke_read(text, jsonb) IS
'Internal: takes from a role what it was given in a base';

-- Those to whom each view and function of a base is granted that there is: whoever was
-- given some alone, or had one taken away, is not given more by an upgrade.
CREATE FUNCTION clientcore.readers_of(base text)
RETURNS TABLE (reader text)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH object AS (
    SELECT c.oid, 'SELECT' AS privilege, c.relowner AS owner, c.relacl AS grants
    FROM clientcore.layout_objects() o
    JOIN pg_class c ON c.oid = to_regclass(format('%I.%I', base, o.name))
    WHERE o.kind = 'VIEW'
    UNION ALL
    SELECT p.oid, 'EXECUTE', p.proowner, p.proacl
    FROM clientcore.layout_objects() o
    JOIN pg_proc p ON p.oid = to_regprocedure(format('%I.%I', base, o.name) || o.arguments)
    WHERE o.kind = 'FUNCTION')
SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
FROM object o, aclexplode(o.grants) a
WHERE a.privilege_type = o.privilege AND a.grantee <> o.owner
GROUP BY a.grantee
HAVING count(DISTINCT o.oid) = (SELECT count(*) FROM object)
$$;
COMMENT ON FUNCTION clientcore.readers_of(text) IS
'Internal: the roles (as they stand in a GRANT) that may use all views and functions of a base';

CREATE FUNCTION clientcore.base_upgrade(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was integer;
    readers text[];
    grantee text;
BEGIN
    PERFORM clientcore.wait_for_base(base);
    EXECUTE format('SELECT layout FROM %I.state', base) INTO was;
    IF was IS NULL THEN
        PERFORM clientcore.refuse_empty_base(base);
    ELSIF was > clientcore.layout_version() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('client base "%s" has layout %s, later than %s', base, was, clientcore.layout_version()),
            HINT = 'ALTER EXTENSION clientcore UPDATE; perhaps after installing a later version.';
    END IF;
    readers := ARRAY(SELECT reader FROM clientcore.readers_of(base));
    PERFORM clientcore.create_what_reads(base), clientcore.comment_layout(base);
    FOREACH grantee IN ARRAY readers LOOP
        PERFORM clientcore.grant_views(base, grantee);
    END LOOP;
    EXECUTE format('UPDATE %I.state SET layout = $1 WHERE layout IS DISTINCT FROM $1', base) USING clientcore.layout_version();
    RETURN jsonb_build_object('was', was, 'layout', clientcore.layout_version());
END
$$;
COMMENT ON FUNCTION clientcore.base_upgrade(text, jsonb) IS
'Internal: brings a base to the layout of this version. Errors: 55000 for one of a later version.';

-- --- status ---

CREATE FUNCTION clientcore.base_status(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    status jsonb;
    setting record;
    attached record;
    reason text;
    reasons text[] := '{}';
    relations text[] := '{}';
    missing bigint := 0;
    disabled bigint;
BEGIN
    -- whoever asks for all bases shall not wait for the owner of one
    PERFORM set_config('lock_timeout', '1s', true);
    EXECUTE format($sql$
        SELECT jsonb_build_object('client_count', s.client_count, 'as_of', s.as_of, 'refreshed_at', s.refreshed_at,
            'refresh_seconds', s.refresh_seconds, 'paused', s.paused, 'verified_at', s.verified_at,
            'verified_differences', s.verified_differences, 'layout', s.layout,
            'sources', (SELECT count(*) FROM %1$I.source),
            'pending_rows', (SELECT count(*) FROM %1$I.pending),
            'pending_since', (SELECT min(added_at) FROM %1$I.pending),
            'pending_bytes', pg_total_relation_size(%2$L))
        FROM %1$I.state s$sql$, base, format('%I.pending', base))
    INTO status;
    IF status IS NULL THEN
        PERFORM clientcore.refuse_empty_base(base);
    END IF;
    EXECUTE format('SELECT * FROM %I.settings', base) INTO STRICT setting;
    FOR attached IN EXECUTE format('SELECT * FROM %I.source ORDER BY source', base) LOOP
        relations := relations || format('%s (%s)', clientcore.relation_name(attached.relation), attached.capture);
        BEGIN
            PERFORM clientcore.check_relation(attached.relation);
            missing := missing + (SELECT count(*) FROM clientcore.missing_triggers(base, attached.source));
            EXECUTE format('SELECT reason FROM %I.pending WHERE source = $1 AND reason IS NOT NULL ORDER BY id LIMIT 1', base)
            INTO reason USING attached.source;
            reason := CASE WHEN attached.built_at IS NULL THEN 'it was never built' ELSE coalesce(attached.stale,
                CASE WHEN attached.capture <> 'none' THEN clientcore.obstacle_to_capture(base, attached.source) END,
                clientcore.changed_setting(to_jsonb(attached), to_jsonb(setting)),
                clientcore.fingerprint_difference(attached.fingerprint, clientcore.take_fingerprint(base, attached.source)),
                reason) END;
        EXCEPTION WHEN assert_failure OR OTHERS THEN
            reason := SQLERRM;
        END;
        IF reason IS NOT NULL THEN
            reasons := reasons || CASE WHEN position(clientcore.relation_name(attached.relation) IN reason) > 0 THEN reason
                ELSE format('%s: %s', clientcore.relation_name(attached.relation), reason) END;
        END IF;
    END LOOP;
    IF relations = '{}' THEN
        reasons := ARRAY['it has no sales relation'];
    END IF;
    SELECT count(*) FILTER (WHERE b.enabled = 'D' OR b.enabled = 'R' AND b.name NOT LIKE '%\_row') INTO disabled
    FROM clientcore.base_triggers(base) b;
    RETURN status || jsonb_build_object(
        'relations', array_to_string(relations, ', '),
        'stale_reasons', array_to_string(reasons, '; '),
        'triggers_missing', missing, 'triggers_disabled', disabled,
        'bytes', (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = base AND c.relkind IN ('r', 'm')));
END
$$;
COMMENT ON FUNCTION clientcore.base_status(text, jsonb) IS
'Internal: what the view bases tells of a base';
