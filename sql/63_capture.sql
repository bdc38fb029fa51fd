-- How the changes of a sales relation are noticed: triggers, and a fingerprint that
-- tells whether changes may have passed them by.

-- Notes in pending what a statement changed, see src/capture.c. Executable by all, as
-- anyone who may write to a sales table fires it.
CREATE FUNCTION clientcore.capture()
RETURNS trigger
AS 'MODULE_PATHNAME', 'capture'
LANGUAGE C;
COMMENT ON FUNCTION clientcore.capture() IS
'Trigger function of sales tables: notes the changes of a statement in the client base, in its transaction; never makes it fail';

CREATE FUNCTION clientcore.trigger_name(base text, source integer, event text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- within 63 bytes, and different for every base
SELECT format('clientcore_%s_%s_%s',
    CASE WHEN octet_length(base) <= 30 THEN base ELSE md5(base) END, source, event)
$$;
COMMENT ON FUNCTION clientcore.trigger_name(text, integer, text) IS
'Internal: the name of a trigger on a sales table';

-- What the trigger of a table is told, as text: numbers, names and types of the
-- columns that it reads, so that it sees when one was changed, and the expressions.
CREATE FUNCTION clientcore.trigger_argument(member oid, root oid, fixed jsonb, column_numbers smallint[])
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT (jsonb_strip_nulls(fixed) || jsonb_build_object('columns', coalesce((
    SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attname, format('%s.%s', tn.nspname, t.typname), a.atttypmod) ORDER BY r.attnum)
    FROM unnest(column_numbers) AS n (attnum)
    JOIN pg_attribute r ON r.attrelid = root AND r.attnum = n.attnum
    JOIN pg_attribute a ON a.attrelid = member AND a.attname = r.attname AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace tn ON tn.oid = t.typnamespace), '[]')))::text
$$;
COMMENT ON FUNCTION clientcore.trigger_argument(oid, oid, jsonb, smallint[]) IS
'Internal: the argument of a trigger on a sales table';

-- The triggers that a source should have.
CREATE FUNCTION clientcore.wanted_triggers(base text, source_number integer)
RETURNS TABLE (relation oid, name text, event text, argument text, enabled "char")
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    attached record;
    captured record;
    roles jsonb;
    fixed jsonb;
    column_numbers smallint[];
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    EXECUTE format('SELECT s.*, t.time_zone, t.amount_scale FROM %1$I.source s, %1$I.settings t WHERE s.source = $1', base)
    INTO attached USING source_number;

    IF attached.capture = 'delta' THEN
        roles := clientcore.describe_roles(attached.relation, attached.alias, to_jsonb(attached), 'pg_catalog, pg_temp');
        SELECT jsonb_object_agg(role.argument, role.described ->> 'expression_text') INTO fixed
        FROM jsonb_each(roles) AS role (argument, described);
        -- a char(n) is compared without its blanks, as a text
        IF roles ? 'currency' THEN
            fixed := fixed || jsonb_build_object('currency', format('(%s)::text', fixed ->> 'currency'));
        END IF;
        IF roles ? 'breakdown' THEN
            fixed := fixed || jsonb_build_object('breakdown', clientcore.group_of_sale(roles -> 'breakdown'));
        END IF;
        -- the client in the type of the base
        IF roles #>> '{client,type_text}' <> key.key_type THEN
            fixed := fixed || jsonb_build_object('client', format('(%s)::%s', fixed ->> 'client', key.key_type));
        END IF;
        fixed := fixed || jsonb_build_object('mode', 'delta', 'source', source_number, 'alias', attached.alias,
            'time_zone', attached.time_zone, 'scale', attached.amount_scale, 'currency_code', attached.currency_code);
        SELECT array_agg(DISTINCT n::smallint) INTO column_numbers
        FROM jsonb_each(roles) AS role (argument, described), jsonb_array_elements_text(described -> 'column_numbers') AS n;
        RETURN QUERY SELECT * FROM clientcore.triggers_of_tree(base, source_number, attached.relation, fixed, column_numbers,
            attached.replicated);
    ELSIF attached.capture = 'dirty' THEN
        FOR captured IN
            EXECUTE format('SELECT * FROM %I.captured_table WHERE source = $1 ORDER BY captured', base) USING source_number
        LOOP
            fixed := jsonb_build_object('mode', 'dirty', 'source', source_number, 'alias', captured.alias, 'captured', captured.captured);
            column_numbers := NULL;
            IF captured.client IS NULL THEN
                fixed := fixed || jsonb_build_object('mode', 'mark');
            ELSE
                roles := clientcore.describe_role(captured.relation, captured.alias, 'client', captured.client, 'pg_catalog, pg_temp');
                fixed := fixed || jsonb_build_object(
                    'client', CASE WHEN roles ->> 'type_text' = key.key_type THEN roles ->> 'expression_text'
                        ELSE format('(%s)::%s', roles ->> 'expression_text', key.key_type) END,
                    'line', (roles ->> 'has_subquery')::boolean OR roles ->> 'volatility' <> 'immutable');
                SELECT array_agg(n::smallint) INTO column_numbers FROM jsonb_array_elements_text(roles -> 'column_numbers') AS n;
            END IF;
            RETURN QUERY SELECT * FROM clientcore.triggers_of_tree(base, source_number, captured.relation, fixed, column_numbers,
                attached.replicated);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.wanted_triggers(text, integer) IS
'Internal: the triggers that a source of a base should have';

-- A statement fires the triggers of the table it names, whichever partitions its rows
-- are in; so every table of a tree needs them. Rows that logical replication applies
-- fire row triggers alone, on the table that holds the row.
CREATE FUNCTION clientcore.triggers_of_tree(
    base text,
    source_number integer,
    root oid,
    fixed jsonb,
    column_numbers smallint[],
    replicated boolean)
RETURNS TABLE (relation oid, name text, event text, argument text, enabled "char")
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT t.member, clientcore.trigger_name(base, source_number, lower(e.event)), e.event,
    clientcore.trigger_argument(t.member, root, fixed, column_numbers),
    CASE WHEN e.event = 'ROW' THEN 'R' WHEN e.event = 'TRUNCATE' AND replicated THEN 'A' ELSE 'O' END::"char"
FROM clientcore.table_tree(root) t
JOIN pg_class c ON c.oid = t.member
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('ROW')) AS e (event)
WHERE e.event <> 'ROW' OR replicated AND c.relkind = 'r'
$$;
COMMENT ON FUNCTION clientcore.triggers_of_tree(text, integer, oid, jsonb, smallint[], boolean) IS
'Internal: the triggers that a table, its partitions and children should have';

-- What the catalog says of a trigger as it should be: type (pg_trigger.h), transition tables,
-- and that its condition is the one that is always true and goes with the base.
CREATE FUNCTION clientcore.trigger_shape(event text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE event
    WHEN 'INSERT' THEN '4  clientcore_new t'
    WHEN 'DELETE' THEN '8 clientcore_old  t'
    WHEN 'UPDATE' THEN '16 clientcore_old clientcore_new t'
    WHEN 'TRUNCATE' THEN '32   t'
    ELSE '29   t' END
$$;
COMMENT ON FUNCTION clientcore.trigger_shape(text) IS
'Internal: how base_triggers tells of a trigger for an event';

-- The triggers of a base on tables of its owner. Strangers could make such triggers on
-- tables of their own, and whoever may make triggers on a sales table could make others
-- there: nothing in them is taken for granted.
CREATE FUNCTION clientcore.base_triggers(base text)
RETURNS TABLE (source integer, relation oid, name text, shape text, argument text, enabled "char", trigger_id oid, trigger_xmin xid)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT (substring(a.argument FROM '"source": ([0-9]{1,5})[,}]'))::integer, t.tgrelid, t.tgname::text,
    format('%s %s %s %s', t.tgtype, t.tgoldtable, t.tgnewtable, t.tgattr::text = '' AND t.tgconstraint = 0 AND t.tgqual::text ~ format(
        '^{NULLTEST :arg {CONST :consttype %s [^{}]*:constisnull true [^{}]*} :nulltesttype 0 [^{}]*}$', source.reltype)),
    a.argument, t.tgenabled, t.oid, t.xmin
FROM pg_class source
JOIN pg_namespace n ON n.oid = source.relnamespace AND n.nspname = base
JOIN pg_depend d ON d.classid = 'pg_trigger'::regclass AND d.refclassid = 'pg_type'::regclass AND d.refobjid = source.reltype
JOIN pg_trigger t ON t.oid = d.objid
JOIN pg_class c ON c.oid = t.tgrelid AND c.relowner = source.relowner
CROSS JOIN LATERAL (
    SELECT convert_from(substring(t.tgargs FROM 1 FOR octet_length(t.tgargs) - 1), getdatabaseencoding())
    WHERE t.tgnargs = 1
    UNION ALL
    SELECT '' WHERE t.tgnargs <> 1) AS a (argument)
WHERE source.relname = 'source'
$$;
COMMENT ON FUNCTION clientcore.base_triggers(text) IS
'Internal: the triggers of a base that there are';

CREATE FUNCTION clientcore.missing_triggers(base text, source_number integer)
RETURNS TABLE (relation oid, name text, event text, argument text, enabled "char")
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT w.*
FROM clientcore.wanted_triggers(base, source_number) w
WHERE NOT EXISTS (
    SELECT FROM clientcore.base_triggers(base) b
    WHERE b.relation = w.relation AND b.name = w.name AND b.argument = w.argument
        AND b.shape = clientcore.trigger_shape(w.event)
        -- ENABLE TRIGGER ALL enables them all alike; who disabled one meant it
        AND b.enabled IN (w.enabled, 'D'))
$$;
COMMENT ON FUNCTION clientcore.missing_triggers(text, integer) IS
'Internal: the triggers that a source lacks, or has otherwise';

-- Of these sources, and of none that there is.
CREATE FUNCTION clientcore.surplus_triggers(base text, sources integer[])
RETURNS TABLE (relation oid, name text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT b.relation, b.name
        FROM clientcore.base_triggers(%1$L) b
        WHERE NOT EXISTS (SELECT FROM %1$I.source s WHERE s.source = b.source AND NOT s.source = ANY ($1))
            AND NOT EXISTS (
                SELECT FROM unnest($1) AS s, clientcore.wanted_triggers(%1$L, s) w
                WHERE w.relation = b.relation AND w.name = b.name)$sql$, base)
    USING sources;
END
$$;
COMMENT ON FUNCTION clientcore.surplus_triggers(text, integer[]) IS
'Internal: triggers of a base that it should not have';

-- Locks for triggers. It waits for one lock only while it holds none, in slices shorter than
-- deadlock_timeout (tables were read before, which is a lock too), and so can neither take
-- part in a deadlock with writers nor keep them waiting beyond lock_timeout, which is three
-- seconds where the session has set none.
CREATE FUNCTION clientcore.lock_tables(relations oid[], lock_mode text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    timeout text := current_setting('lock_timeout');
    -- a writer that waits for us while we wait for him is not to find a deadlock
    slice numeric := 500 * extract(epoch FROM current_setting('deadlock_timeout')::interval);
    patience interval := CASE timeout WHEN '0' THEN '3s' ELSE timeout END;
    deadline timestamptz := clock_timestamp() + patience;
    relation oid;
    is_first boolean;
BEGIN
    LOOP
        is_first := true;
        BEGIN
            FOREACH relation IN ARRAY relations LOOP
                -- a partition may be dropped meanwhile
                CONTINUE WHEN NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation);
                PERFORM set_config('lock_timeout',
                    greatest(1, ceil(least(slice, 1000 * extract(epoch FROM deadline - clock_timestamp()))))::text, true);
                EXECUTE format('LOCK TABLE ONLY %s IN %s MODE %s', clientcore.relation_name(relation), lock_mode,
                    CASE WHEN NOT is_first THEN 'NOWAIT' END);
                is_first := false;
            END LOOP;
            PERFORM set_config('lock_timeout', timeout, true);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR undefined_table THEN
            IF clock_timestamp() >= deadline THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'lock_not_available',
                    MESSAGE = format('could not lock %s within %s ms', clientcore.relation_name(relation),
                        (1000 * extract(epoch FROM patience))::bigint),
                    HINT = 'Long transactions use it: try again when they have ended, or set lock_timeout higher.';
            END IF;
        END;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.lock_tables(oid[], text) IS
'Internal: locks those tables that are there, without the danger of a deadlock. Errors: 55P03 where they are not to be had within lock_timeout.';

-- Gives sources the triggers they should have; true where that changed anything. All tables
-- are locked at once, since waiting for one while holding another could be a deadlock.
CREATE FUNCTION clientcore.put_triggers(base text, sources integer[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing oid[];
    surplus oid[];
    put record;
BEGIN
    SELECT array_agg(DISTINCT m.relation) INTO missing FROM unnest(sources) AS s, clientcore.missing_triggers(base, s) m;
    SELECT array_agg(DISTINCT u.relation) INTO surplus FROM clientcore.surplus_triggers(base, sources) u;
    IF missing IS NULL AND surplus IS NULL THEN
        RETURN false;
    END IF;
    PERFORM clientcore.lock_tables(ARRAY(SELECT DISTINCT r FROM unnest(missing || surplus) AS r ORDER BY r),
        CASE WHEN surplus IS NULL THEN 'SHARE ROW EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END);
    -- of what was locked: meanwhile partitions may have come and gone
    FOR put IN SELECT * FROM clientcore.surplus_triggers(base, sources) WHERE relation = ANY (surplus) LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', put.name, clientcore.relation_name(put.relation));
    END LOOP;
    FOR put IN
        SELECT m.* FROM unnest(sources) AS s, clientcore.missing_triggers(base, s) m
        WHERE m.relation = ANY (missing) ORDER BY m.relation, m.name
    LOOP
        -- a trigger has no owner: one that stands there becomes ours wholly
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s%s FOR EACH %s WHEN (NULL::%I.source IS NULL) EXECUTE FUNCTION clientcore.capture(%L)',
            put.name,
            CASE put.event WHEN 'ROW' THEN 'INSERT OR UPDATE OR DELETE' ELSE put.event END,
            clientcore.relation_name(put.relation),
            CASE put.event
                WHEN 'INSERT' THEN ' REFERENCING NEW TABLE AS clientcore_new'
                WHEN 'UPDATE' THEN ' REFERENCING OLD TABLE AS clientcore_old NEW TABLE AS clientcore_new'
                WHEN 'DELETE' THEN ' REFERENCING OLD TABLE AS clientcore_old'
            END,
            CASE put.event WHEN 'ROW' THEN 'ROW' ELSE 'STATEMENT' END,
            base, put.argument);
        IF put.enabled <> 'O' THEN
            EXECUTE format('ALTER TABLE %s ENABLE %s TRIGGER %I', clientcore.relation_name(put.relation),
                CASE put.enabled WHEN 'R' THEN 'REPLICA' ELSE 'ALWAYS' END, put.name);
        END IF;
    END LOOP;
    RETURN true;
END
$$;
COMMENT ON FUNCTION clientcore.put_triggers(text, integer[]) IS
'Internal: makes and drops triggers until sources have those they should have. Errors: 55P03 where a table cannot be locked in time.';

-- What a source looked like: where any of it differs, changes may have gone unnoticed.
CREATE FUNCTION clientcore.take_fingerprint(base text, source_number integer)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached record;
    roles jsonb;
    files jsonb;
BEGIN
    EXECUTE format('SELECT * FROM %I.source WHERE source = $1', base) INTO attached USING source_number;
    IF attached.capture = 'none' THEN
        RETURN NULL;
    END IF;
    roles := clientcore.describe_roles(attached.relation, attached.alias, to_jsonb(attached), 'pg_catalog, pg_temp');
    EXECUTE format($sql$
        SELECT coalesce(jsonb_object_agg(c.oid, c.relfilenode), '{}')
        FROM (SELECT r.reads FROM clientcore.relations_read($1) r WHERE r.kind IN ('r', 'p')
                UNION SELECT t.relation FROM %I.captured_table t WHERE t.source = $2) r,
            clientcore.table_tree(r.reads) t, pg_class c
        WHERE c.oid = t.member$sql$, base)
    INTO files USING attached.relation, source_number;
    RETURN jsonb_build_object(
        'files', files,
        -- while these were otherwise, nothing may have been noted
        'base', (
            SELECT jsonb_object_agg(c.relname, format('%s %s', c.oid, c.xmin))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = base AND c.relname IN ('source', 'state', 'pending', 'pending_id')),
        'functions', (
            SELECT coalesce(jsonb_object_agg(p.oid, md5(pg_get_functiondef(p.oid))), '{}')
            FROM jsonb_each(roles) AS role (argument, described), jsonb_array_elements_text(described -> 'functions') AS f, pg_proc p
            WHERE p.oid = f::oid AND p.prokind = 'f'),
        'views', (
            SELECT coalesce(jsonb_object_agg(r.reads, md5(pg_get_viewdef(r.reads))), '{}')
            FROM clientcore.relations_read(attached.relation) r WHERE r.kind = 'v'),
        'triggers', (
            SELECT coalesce(jsonb_object_agg(b.trigger_id, format('%s %s', b.trigger_xmin, b.enabled)), '{}')
            FROM clientcore.base_triggers(base) b WHERE b.source = source_number));
END
$$;
COMMENT ON FUNCTION clientcore.take_fingerprint(text, integer) IS
'Internal: files, views, functions and triggers of a source as they are now';

CREATE FUNCTION clientcore.fingerprint_difference(was jsonb, now_is jsonb)
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE
    WHEN was IS NOT DISTINCT FROM now_is THEN NULL
    WHEN was IS NULL THEN 'it was never followed'
    WHEN split_part(was #>> '{base,source}', ' ', 1) <> split_part(now_is #>> '{base,source}', ' ', 1) THEN 'the base was restored'
    ELSE coalesce(
        (SELECT 'a table, partition or child was added: ' || clientcore.relation_name(key::oid)
         FROM jsonb_object_keys(now_is -> 'files') AS key WHERE NOT was -> 'files' ? key ORDER BY key::oid LIMIT 1),
        (SELECT 'a table, partition or child was taken away'
         FROM jsonb_object_keys(was -> 'files') AS key WHERE NOT now_is -> 'files' ? key LIMIT 1),
        (SELECT format('%s was truncated or rewritten', clientcore.relation_name(n.key::oid))
         FROM jsonb_each(now_is -> 'files') AS n WHERE n.value <> was -> 'files' -> n.key ORDER BY n.key::oid LIMIT 1),
        (SELECT format('view %s was changed', clientcore.relation_name(n.key::oid))
         FROM jsonb_each(now_is -> 'views') AS n WHERE n.value IS DISTINCT FROM was -> 'views' -> n.key ORDER BY n.key::oid LIMIT 1),
        CASE WHEN was -> 'functions' IS DISTINCT FROM now_is -> 'functions' THEN 'a function in an expression was changed'
            WHEN was -> 'base' IS DISTINCT FROM now_is -> 'base' THEN 'a table of the base was altered' END,
        'a trigger was missing, disabled or changed')
END
$$;
COMMENT ON FUNCTION clientcore.fingerprint_difference(jsonb, jsonb) IS
'Internal: what differs between two fingerprints, in words; null where nothing does';

-- Why triggers are no help as things are; null where they work.
CREATE FUNCTION clientcore.obstacle_to_capture(base text, source_number integer)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached record;
    obstacle text;
BEGIN
    EXECUTE format('SELECT * FROM %I.source WHERE source = $1', base) INTO attached USING source_number;
    IF attached.capture = 'none' THEN
        RETURN coalesce(attached.not_captured, 'its changes are not captured');
    ELSIF attached.capture = 'delta' THEN
        obstacle := clientcore.obstacle_to_triggers(attached.relation);
    ELSIF attached.capture = 'dirty' THEN
        EXECUTE format($sql$
            SELECT CASE
                WHEN r.kind IN ('m', 'f') THEN format('%%s is a %%s', clientcore.relation_name(r.reads),
                    CASE r.kind WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END)
                WHEN clientcore.obstacle_to_triggers(c.relation) IS NOT NULL THEN clientcore.obstacle_to_triggers(c.relation)
                ELSE format('changes of %%s are not captured', clientcore.relation_name(r.reads)) END
            FROM clientcore.relations_read($1) r
            LEFT JOIN %I.captured_table c ON c.source = $2 AND r.reads IN (SELECT member FROM clientcore.table_tree(c.relation))
            WHERE r.kind IN ('r', 'p', 'm', 'f')
                AND (c.relation IS NULL OR clientcore.obstacle_to_triggers(c.relation) IS NOT NULL)
            ORDER BY r.reads LIMIT 1$sql$, base)
        INTO obstacle USING attached.relation, source_number;
    END IF;
    RETURN coalesce(obstacle, (
        SELECT format('trigger %I on %s is disabled', b.name, clientcore.relation_name(b.relation))
        FROM clientcore.base_triggers(base) b
        WHERE b.source = source_number AND (b.enabled = 'D' OR b.enabled = 'R' AND b.name NOT LIKE '%\_row')
        ORDER BY b.name LIMIT 1));
END
$$;
COMMENT ON FUNCTION clientcore.obstacle_to_capture(text, integer) IS
'Internal: why the changes of a source cannot be followed; null where they can';
