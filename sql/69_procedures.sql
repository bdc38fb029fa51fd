-- What users call. Procedures that commit cannot have a search path of their own, so
-- nothing in them is looked up by name alone, operators included.

-- Told where it is long enough to be of interest.
CREATE FUNCTION clientcore.time_taken(report jsonb)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN (report ->> 'seconds')::numeric >= 10 THEN format('%s seconds', round((report ->> 'seconds')::numeric, 1)) END
$$;
COMMENT ON FUNCTION clientcore.time_taken(jsonb) IS
'Internal: how long an operation took, in words; null where that was under ten seconds';

CREATE FUNCTION clientcore.counted(number numeric, one text, many text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('%s %s', number, CASE WHEN number = 1 THEN one ELSE many END)
$$;
COMMENT ON FUNCTION clientcore.counted(numeric, text, text) IS
'Internal: a number of things, in words';

CREATE FUNCTION clientcore.share_of(number numeric, whole numeric)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT number || CASE WHEN whole > 0 THEN format(' (%s %%)', round(100 * number / whole)) ELSE '' END
$$;
COMMENT ON FUNCTION clientcore.share_of(numeric, numeric) IS
'Internal: how many of a whole, in words';

CREATE FUNCTION clientcore.silences_seen(calibration jsonb, setting text, what text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format(CASE WHEN calibration -> 'kept' ? setting THEN ' (as it was set)'
        WHEN (calibration ->> what)::numeric >= (calibration ->> 'needed')::numeric THEN ' (from %s that ended)'
        WHEN (calibration ->> what)::numeric = 0 THEN ' (the default: no silence ended so far)' ELSE ' (the default: only %s ended so far)' END,
    clientcore.counted((calibration ->> what)::numeric, 'silence', 'silences'))
$$;
COMMENT ON FUNCTION clientcore.silences_seen(jsonb, text, text) IS
'Internal: from how many silences a setting was chosen, if it was not set, in words';

-- The settings that a base chose for itself, and why.
CREATE FUNCTION clientcore.calibration_lines(calibration jsonb)
RETURNS TABLE (n integer, line text)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT l.n, l.line
FROM (SELECT calibration -> 'settings' AS chosen, calibration -> 'back_test' AS test) c, LATERAL (VALUES
    (1, format('XYZ classes look at %s %ss', c.chosen ->> 'xyz_periods', c.chosen ->> 'xyz_period')
        || CASE WHEN calibration -> 'kept' ?| ARRAY['xyz_periods', 'xyz_period'] THEN ' (as it was set)'
            ELSE ': ' || coalesce('half of the clients usually buy again within '
                    || clientcore.counted(trim_scale(round((calibration ->> 'typical_interval')::numeric, 1)), 'day', 'days'),
                'no client has bought twice') END),
    (2, format('lost is who is silent for over %s times its typical interval', c.chosen ->> 'lost_factor')
        || clientcore.silences_seen(calibration, 'lost_factor', 'ratio_count')),
    (3, format('or, with fewer than three intervals, for over %s days', c.chosen ->> 'lost_fallback_days')
        || clientcore.silences_seen(calibration, 'lost_fallback_days', 'interval_count')),
    (4, CASE WHEN (c.test ->> 'client_count')::bigint > 0 THEN format(
        'tried on the past: made from the sales until %s%s, the rule would have called %s lost, of whom %s bought since; of %s %s did not',
        c.test ->> 'test_date', CASE WHEN (c.test ->> 'known_days')::integer < 365 THEN format(' (%s days to go by)', c.test ->> 'known_days') END,
        clientcore.counted((c.test ->> 'lost_count')::numeric, 'client', 'clients'),
        clientcore.share_of((c.test ->> 'lost_returned_count')::numeric, (c.test ->> 'lost_count')::numeric),
        clientcore.counted((c.test ->> 'kept_count')::numeric, 'other', 'others'),
        clientcore.share_of((c.test ->> 'kept_silent_count')::numeric, (c.test ->> 'kept_count')::numeric)) END),
    (5, CASE WHEN calibration ? 'due_for' THEN format(
        'by now %s have ended, enough to choose the rule of loss by: SELECT * FROM clientcore.recalibrate(%L)',
        clientcore.counted(least((calibration ->> 'ratio_count')::numeric, (calibration ->> 'interval_count')::numeric), 'silence', 'silences'),
        calibration ->> 'due_for') END)
) AS l (n, line)
WHERE l.line IS NOT NULL
$$;
COMMENT ON FUNCTION clientcore.calibration_lines(jsonb) IS
'Internal: what calibration chose, in words';

CREATE FUNCTION clientcore.model_lines(models jsonb)
RETURNS TABLE (line text, is_rule boolean, is_failure boolean)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN m.kind = 'none' THEN 'there is no model to tell losses by (purchase_model is none)'
        WHEN m.failure IS NULL THEN format('model %s fitted to %s', m.kind, clientcore.counted(m.clients, 'client', 'clients'))
        ELSE format('model %s is not used (the view models says why)', m.kind) END
    || CASE WHEN m.is_rule AND (m.failure IS NOT NULL OR m.kind = 'none') THEN ': lost is who is silent for long, as if lost_rule were silence' ELSE '' END,
    m.is_rule, m.failure IS NOT NULL OR m.kind = 'none'
FROM jsonb_to_recordset(models) AS m (kind text, clients bigint, failure text, is_rule boolean)
$$;
COMMENT ON FUNCTION clientcore.model_lines(jsonb) IS
'Internal: which models a base has, in words';

-- The words of a report, a line each.
CREATE FUNCTION clientcore.refresh_lines(report jsonb)
RETURNS TABLE (line text)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('%s: %s', source ->> 'relation', CASE source ->> 'how'
        WHEN 'rebuild' THEN format('rebuilt from %s, because %s', clientcore.counted((source ->> 'rows_read')::numeric, 'row', 'rows'), source ->> 'why')
        WHEN 'delta' THEN format('%s added', clientcore.counted((source ->> 'pending_taken')::numeric, 'change', 'changes'))
        WHEN 'dirty' THEN format('%s of changed clients read', clientcore.counted((source ->> 'rows_read')::numeric, 'row', 'rows'))
        ELSE format('%s read', clientcore.counted((source ->> 'rows_read')::numeric, 'new row', 'new rows')) END)
    || format('; clients: %s new, %s changed, %s gone', source ->> 'clients_added', source ->> 'clients_changed', source ->> 'clients_removed')
    || CASE WHEN (source ->> 'undated')::bigint + (source ->> 'unpriced')::bigint > 0 THEN
        format('; skipped: %s without a date, %s without an amount',
            clientcore.counted((source ->> 'undated')::numeric, 'row', 'rows'), source ->> 'unpriced') ELSE '' END
FROM jsonb_array_elements(report -> 'sources') AS source
UNION ALL
SELECT line FROM clientcore.care_lines(report ->> 'base', report -> 'care')
UNION ALL
(SELECT line FROM clientcore.calibration_lines(nullif(report -> 'calibration', 'null')) ORDER BY n)
UNION ALL
-- where something is new, of all; else of those alone by which losses are told
SELECT line FROM clientcore.model_lines(report -> 'models') WHERE is_rule AND is_failure OR (report ->> 'has_new_settings')::boolean
UNION ALL
SELECT format('clients: %s, of whom lost: %s', report #>> '{cards,clients}', report #>> '{cards,lost}') WHERE (report ->> 'has_new_settings')::boolean
UNION ALL
SELECT line FROM jsonb_array_elements_text(report -> 'warnings') AS w (line)
UNION ALL
-- of those who never bought
SELECT format('known, and have not bought yet: %s', clientcore.counted((report #>> '{cards,prospects}')::numeric, 'prospect', 'prospects')) WHERE (report #>> '{cards,prospects}')::bigint > 0
UNION ALL
SELECT format('base "%s" is as of %s', report ->> 'base', coalesce(report ->> 'as_of', 'no day'))
    || coalesce(' (' || clientcore.time_taken(report) || ')', '')
$$;
COMMENT ON FUNCTION clientcore.refresh_lines(jsonb) IS
'Internal: the report of a refresh in words';

CREATE FUNCTION clientcore.tell(lines text[])
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    line text;
BEGIN
    FOREACH line IN ARRAY lines LOOP
        RAISE NOTICE '%', line;
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.tell(text[]) IS
'Internal: sends lines as notices';

CREATE FUNCTION clientcore.tell_refresh(report jsonb)
RETURNS void
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.tell(ARRAY(SELECT line FROM clientcore.refresh_lines(report)))
$$;
COMMENT ON FUNCTION clientcore.tell_refresh(jsonb) IS
'Internal: sends the report of a refresh as notices';

-- The relation that a user names, by his search path, which the caller passes on as
-- what to_regclass made of it.
CREATE FUNCTION clientcore.require_relation(name text, relation oid)
RETURNS oid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('relation', name);
    IF relation IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_table',
            MESSAGE = format('relation: "%s" does not exist', name),
            HINT = 'Name it as in a statement: public.orders, "Orders".';
    END IF;
    RETURN relation;
END
$$;
COMMENT ON FUNCTION clientcore.require_relation(text, oid) IS
'Internal: refuses a relation that is not there (42P01)';

-- Who will own, or owns, the base; and whether its schema must be made.
CREATE FUNCTION clientcore.check_base_name(base text, relation oid, OUT owner oid, OUT lacks_schema boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema_id oid;
    schema_owner oid;
BEGIN
    PERFORM clientcore.require_argument('base', base);
    SELECT relowner INTO owner FROM pg_class WHERE oid = relation;
    SELECT oid, nspowner INTO schema_id, schema_owner FROM pg_namespace WHERE nspname = base;
    lacks_schema := schema_id IS NULL;
    IF octet_length(base) > 63 THEN
        PERFORM clientcore.argument_error('base', 'the name of a schema has at most 63 bytes', NULL);
    ELSIF base LIKE 'pg\_%' OR base IN ('information_schema', 'clientcore', 'public') THEN
        PERFORM clientcore.argument_error('base', format('"%s" is no name for a base', base), 'A schema of its own is made: choose a new name.');
    ELSIF lacks_schema THEN
        RETURN;
    ELSIF schema_owner <> owner THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('base: schema "%s" belongs to %I, %s to %I', base, pg_get_userbyid(schema_owner),
                clientcore.relation_name(relation), pg_get_userbyid(owner)),
            DETAIL = 'A base and all its sales belong to one role.',
            HINT = 'Make it a base of its own, or attach a view that belongs to the owner of the base.';
    ELSIF NOT clientcore.is_base(schema_id) AND EXISTS (
        SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = schema_id)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_schema',
            MESSAGE = format('base: schema "%s" exists, and is no client base', base),
            HINT = format('A schema of its own is made: choose a new name, or an empty schema; DROP SCHEMA %I CASCADE removes what DROP EXTENSION left of a base.', base);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_base_name(text, oid) IS
'Internal: refuses names that cannot be a base (22004, 22023, 42P06), and bases of others (42501)';

-- As the caller, who may be allowed to make schemas where the owner is not.
CREATE FUNCTION clientcore.create_base_schema(base text, owner oid)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', base, pg_get_userbyid(owner));
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('base: %s', SQLERRM),
        HINT = format('GRANT CREATE ON DATABASE %I TO %I, or have a schema "%s" of %I made.', current_database(), current_user, base, pg_get_userbyid(owner));
END
$$;
COMMENT ON FUNCTION clientcore.create_base_schema(text, oid) IS
'Internal: makes the schema of a base. Errors: 42501 for who may not.';

-- What attach did, in words.
CREATE FUNCTION clientcore.attach_lines(plan jsonb, report jsonb)
RETURNS TABLE (line text)
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH built AS (
    SELECT source.*
    FROM jsonb_array_elements(report -> 'sources') AS s (source), jsonb_to_record(source) AS source (
        relation text, rows_read bigint, undated bigint, unpriced bigint, rounded bigint, rounding numeric,
        clients bigint, purchase_days numeric, sales numeric, revenue numeric, guest_sales numeric, guest_revenue numeric,
        forgotten_sales numeric, first_day date, last_day date, groups bigint, group_histories bigint)
    WHERE (source ->> 'source') = (plan ->> 'source')
)
SELECT l.line
FROM built b, LATERAL (VALUES
    (1, clientcore.counted(b.rows_read, 'row', 'rows') || ' read' || coalesce(', with purchases from ' || b.first_day || ' to ' || b.last_day, '')),
    (2, format('%s, with %s in %s, for %s', clientcore.counted(b.clients, 'client', 'clients'),
        clientcore.counted(b.sales, 'sale or return', 'sales and returns'), clientcore.counted(b.purchase_days, 'purchase (day of a client)', 'purchases (days of a client)'), b.revenue)),
    (3, format('%s without a client (guests), for %s', clientcore.counted(b.guest_sales, 'sale or return', 'sales and returns'), b.guest_revenue)),
    (4, CASE WHEN b.forgotten_sales > 0 THEN format('%s of forgotten clients', clientcore.counted(b.forgotten_sales, 'sale or return', 'sales and returns')) END),
    (5, format('skipped: %s without a date, %s without an amount', clientcore.counted(b.undated, 'row', 'rows'), b.unpriced)),
    (6, CASE WHEN b.rounded > 0 THEN format('rounded to %s decimals: %s, which changes their total by %s',
        plan ->> 'amount_scale', clientcore.counted(b.rounded, 'amount', 'amounts'), to_char(CASE WHEN abs(b.rounding) >= 0.000001 THEN round(b.rounding, 6) ELSE b.rounding END, 'FMSG99999999990.09999999999999999999'))
        ELSE format('no amount has more than %s decimals', plan ->> 'amount_scale') END),
    (6.5, CASE WHEN plan ->> 'breakdown' IS NOT NULL THEN format('broken down by %s: %s, %s', plan ->> 'breakdown',
        clientcore.counted(b.groups, 'group', 'groups'), clientcore.counted(b.group_histories, 'history of a client', 'histories of clients'))
        || CASE WHEN b.groups > 100 THEN '; over a hundred are hard to look through: is there a column that joins them?' ELSE '' END END),
    (7, CASE plan ->> 'capture'
        WHEN 'delta' THEN 'followed by triggers on the table (capture delta)'
        WHEN 'dirty' THEN coalesce('every refresh rebuilds (capture dirty), as long as ' || (plan ->> 'obstacle'),
            'followed by triggers on the tables that it is made of (capture dirty)')
        WHEN 'watermark' THEN format('followed by what is above the highest %s (capture watermark)', plan ->> 'watermark')
        ELSE 'every refresh rebuilds (capture none)' || coalesce(', because ' || (plan ->> 'not_captured'), '') END),
    (8, format('days are those of %s; the base is as of %s, %s', plan ->> 'time_zone', coalesce(report ->> 'as_of', 'no day'), report ->> 'as_of_reason')),
    (9, (SELECT string_agg(w.line, E'\n' ORDER BY w.n) FROM jsonb_array_elements_text(report -> 'warnings') WITH ORDINALITY AS w (line, n))),
    (10, (SELECT string_agg(c.line, E'\n' ORDER BY c.n) FROM clientcore.calibration_lines(nullif(report -> 'calibration', 'null')) c)),
    (11, CASE WHEN (report #>> '{cards,clients}')::bigint > 0 THEN format('key clients: %s of %s, with %s %% of the revenue of 12 months, and %s more that were lost; lost in all: %s',
        report #>> '{cards,key_clients}', report #>> '{cards,clients}',
        coalesce(round(100 * (report #>> '{cards,key_revenue}')::numeric / nullif((report #>> '{cards,revenue_12m_amount}')::numeric, 0), 1), 0),
        report #>> '{cards,key_lost}', report #>> '{cards,lost}') END),
    (12, (SELECT string_agg(m.line, E'\n') FROM clientcore.model_lines(report -> 'models') m)),
    (13, plan ->> 'overlap'),
    (14, clientcore.time_taken(report))
) AS m (n, lines)
CROSS JOIN LATERAL string_to_table(m.lines, E'\n') AS l (line)
ORDER BY m.n
$$;
COMMENT ON FUNCTION clientcore.attach_lines(jsonb, jsonb) IS
'Internal: the report of attach in words';

-- Schemas as a search path.
CREATE FUNCTION clientcore.path_text(schemas name[])
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT coalesce(string_agg(quote_ident(schema), ', ' ORDER BY n), '')
FROM unnest(schemas) WITH ORDINALITY AS s (schema, n)
$$;
COMMENT ON FUNCTION clientcore.path_text(name[]) IS
'Internal: schemas as the text of a search path';

CREATE FUNCTION clientcore.check_build(build boolean, commits boolean)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF build IS NULL THEN
        PERFORM clientcore.require_argument('build', NULL);
    ELSIF build AND NOT commits THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'attach cannot build a base inside a transaction block',
            DETAIL = 'Writers would wait until the transaction ends.',
            HINT = 'Call it outside of one; or say build => false, commit, and CALL clientcore.refresh(...).';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_build(boolean, boolean) IS
'Internal: refuses to build while a transaction holds locks on the sales (25001)';

CREATE FUNCTION clientcore.raise_again(state text, message text, detail text, hint text)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF detail <> '' AND hint <> '' THEN
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = detail, HINT = hint;
    ELSIF detail <> '' THEN
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = detail;
    ELSIF hint <> '' THEN
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = hint;
    END IF;
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message;
END
$$;
COMMENT ON FUNCTION clientcore.raise_again(text, text, text, text) IS
'Internal: raises an error that was caught';

CREATE FUNCTION clientcore.not_undone(base text, problem text, hint text)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT concat_ws(' ', nullif(hint, ''), format('It could not be undone (%s): CALL clientcore.detach(%L) takes away what was made.', problem, base))
$$;
COMMENT ON FUNCTION clientcore.not_undone(text, text, text) IS
'Internal: the hint where an attach that failed left something';

CREATE PROCEDURE clientcore.attach(
    base text,
    relation text,
    client text,
    sold_at text,
    amount text,
    profit text DEFAULT NULL,
    filter text DEFAULT NULL,
    currency text DEFAULT NULL,
    time_zone text DEFAULT NULL,
    capture text DEFAULT NULL,
    watermark text DEFAULT NULL,
    replicated boolean DEFAULT false,
    build boolean DEFAULT true,
    breakdown text DEFAULT NULL,
    distribute boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    relation_id pg_catalog.oid := clientcore.require_relation(relation, pg_catalog.to_regclass(relation));
    owner_id pg_catalog.oid;
    lacks_schema pg_catalog.bool;
    plan pg_catalog.jsonb;
    report pg_catalog.jsonb;
    state pg_catalog.text;
    message pg_catalog.text;
    detail pg_catalog.text;
    hint pg_catalog.text;
    is_left pg_catalog.bool := false;
BEGIN
    PERFORM clientcore.require_read_committed(), clientcore.check_build(build, clientcore.may_commit());
    SELECT b.owner, b.lacks_schema INTO owner_id, lacks_schema FROM clientcore.check_base_name(base, relation_id) b;
    plan := clientcore.run_as_owner(owner_id, 'base_plan', base, pg_catalog.jsonb_build_object(
        'relation', relation_id, 'path', clientcore.path_text(pg_catalog.current_schemas(false)),
        'client', client, 'sold_at', sold_at, 'amount', amount, 'profit', profit, 'filter', filter, 'currency', currency, 'breakdown', breakdown,
        'time_zone', time_zone, 'session_time_zone', pg_catalog.current_setting('TimeZone'), 'capture', capture, 'watermark', watermark, 'replicated', replicated,
        'distribute', distribute, 'lacks_schema', lacks_schema));
    IF lacks_schema THEN
        PERFORM clientcore.create_base_schema(base, owner_id);
    END IF;
    plan := clientcore.run_as_owner(owner_id, 'base_attach', base, plan);
    IF NOT build THEN
        PERFORM clientcore.tell_unbuilt(base, plan);
        RETURN;
    END IF;

    -- gives the locks on the sales back: writers go on while they are read
    COMMIT;
    BEGIN
        PERFORM clientcore.run_as_owner(owner_id, 'base_prepare', base, '{}');
    EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    END;
    COMMIT;
    IF state IS NULL THEN
        BEGIN
            report := clientcore.run_as_owner(owner_id, 'base_refresh', base, '{}');
        EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        END;
    END IF;
    IF report IS NULL THEN
        -- after a failure in the same transaction Citus would drop nothing, nor commit
        ROLLBACK;
        BEGIN
            PERFORM clientcore.run_as_owner(owner_id, 'base_undo_attach', base, plan);
        EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
            hint := clientcore.not_undone(base, SQLERRM, hint);
            is_left := true;
        END;
        IF is_left THEN
            ROLLBACK;
        END IF;
        COMMIT;
        PERFORM clientcore.raise_again(state, message, detail, hint);
    END IF;
    PERFORM clientcore.tell_attach(base, plan, report);
END
$$;
COMMENT ON PROCEDURE clientcore.attach(text, text, text, text, text, text, text, text, text, text, text, boolean, boolean, text, boolean) IS
'Makes the client base (a schema of that name), or adds to it, from a table, view, materialized view or foreign table of sales: client, sold_at, amount, profit and currency are columns or expressions, filter is a condition; breakdown is a column or expression (text, whole number or boolean) for what was bought or where, such as a product line, channel or shop, of whose every value the base keeps a history per client; with distribute => true, histories are kept on the nodes of Citus beside sales that it distributes by client; capture is delta, dirty, watermark (with the column) or none, by default what fits. Reports as notices what was read, skipped and chosen. The base belongs to the owner of the relation. With build => false the first refresh reads the sales. Attaching a relation again replaces how it is read. Errors: 42P01, 42809 for relations that cannot be attached, 42501 without the rights, 22004, 22023, 42804, 42703 and those of the parser for arguments, named in the message, 22000 for sales in several currencies, 22003 for amounts beyond 64 bits, 25001 in a transaction block, 25000 in one that is not READ COMMITTED, 25006 on a standby server, 55P03 where the table cannot be locked within lock_timeout (3 s by default), 0A000 for distribute without Citus.';

CREATE PROCEDURE clientcore.capture_from(base text, relation text, client text, source integer DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
    relation_id pg_catalog.oid := clientcore.require_relation(relation, pg_catalog.to_regclass(relation));
    done pg_catalog.jsonb;
BEGIN
    PERFORM clientcore.require_read_committed();
    done := clientcore.run_as_owner(clientcore.base_owner(base), 'base_capture_from', base, pg_catalog.jsonb_build_object(
        'relation', relation_id, 'path', clientcore.path_text(pg_catalog.current_schemas(false)), 'client', client, 'source', source));
    PERFORM clientcore.tell_capture(base, done);
END
$$;
COMMENT ON PROCEDURE clientcore.capture_from(text, text, text, integer) IS
'Names a table of which a view attached with capture => ''dirty'' is made, and how its rows lead to a client: a column or an expression, which may read other tables; null where any change shall mean a rebuild. source is needed only where it is not seen that the view reads the table. Errors: 22023, 42804, 42501, 42P01 for arguments, 55P03 where the table cannot be locked in time, 3F000 where there is no such base.';

CREATE PROCEDURE clientcore.refresh(base text, "full" boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    owner_id pg_catalog.oid;
    prepared pg_catalog.jsonb;
BEGIN
    PERFORM clientcore.require_read_committed();
    owner_id := clientcore.base_owner(base);
    prepared := clientcore.run_as_owner(owner_id, 'base_prepare', base, pg_catalog.jsonb_build_object('full', "full"));
    IF clientcore.may_commit() AND pg_catalog.jsonb_extract_path_text(prepared, 'has_locks')::pg_catalog.bool THEN
        -- gives the locks on the sales back
        COMMIT;
    END IF;
    PERFORM clientcore.tell_refresh(clientcore.run_as_owner(owner_id, 'base_refresh', base,
        pg_catalog.jsonb_build_object('full', "full")));
END
$$;
COMMENT ON PROCEDURE clientcore.refresh(text, boolean) IS
'Brings a client base up to date with its sales; full => true builds it from all of them. What was done is reported as notices. Refreshes of a base queue; writers never wait, readers see the last complete state. Errors: 3F000 where there is no such base, 25000, 25006, 42501, 42P01, 55000, 55P03, and those of attach for sales that cannot be read.';

CREATE PROCEDURE clientcore.detach(base text, relation text DEFAULT NULL, source integer DEFAULT NULL, force boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    relation_id pg_catalog.oid;
BEGIN
    PERFORM clientcore.require_read_committed();
    IF relation IS NOT NULL THEN
        relation_id := clientcore.require_relation(relation, pg_catalog.to_regclass(relation));
    END IF;
    PERFORM clientcore.run_as_owner(clientcore.base_owner(base), 'base_detach', base,
        pg_catalog.jsonb_build_object('relation', relation_id, 'source', source, 'relation_name', relation, 'force', force));
END
$$;
COMMENT ON PROCEDURE clientcore.detach(text, text, integer, boolean) IS
'Removes a client base and its triggers; with a relation, or the number of a source, that one alone. The sales are left as they are. What no sales can bring back (archived days, the list of the forgotten, what people wrote, campaigns) is taken away with force => true alone. Errors: 3F000 where there is no such base, 22023 where it has no such relation, 55000 where it has what no sales bring back, 2BP01 while objects of yours depend on it, 55P03 where a table cannot be locked within lock_timeout (3 s by default).';

CREATE FUNCTION clientcore.verify(base text, share numeric DEFAULT 1)
RETURNS TABLE (source integer, relation text, kind text, client text, difference clientcore.purchase_history)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner_id oid := clientcore.base_owner(base);
    stale text;
BEGIN
    PERFORM clientcore.require_argument('share', share::text);
    IF share <= 0 OR share > 1 THEN
        PERFORM clientcore.argument_error('share', 'it must be above 0 and at most 1', '0.01 compares one client in a hundred.');
    END IF;
    stale := clientcore.run_as_owner(owner_id, 'base_status', base, '{}') ->> 'stale_reasons';
    IF stale <> '' THEN
        RAISE NOTICE 'base "%": the next refresh rebuilds: %', base, stale;
    END IF;
    RETURN QUERY
        SELECT d.source, clientcore.relation_name(d.relation::oid), d.kind, d.client, d.difference::clientcore.purchase_history
        FROM jsonb_to_recordset(clientcore.run_as_owner(owner_id, 'base_verify', base, jsonb_build_object('share', share)))
            AS d (source integer, relation text, kind text, client text, difference text);
END
$$;
COMMENT ON FUNCTION clientcore.verify(text, numeric) IS
'Compares the histories of a base, with what is pending, with its sales, and returns every client that differs: difference is what its history lacks, or has too much (negative); kind is client, guest (sales without a client) or forgotten (sales of forgotten clients). share: compare that share of the clients alone, drawn by their hash, and no guests. Repairs nothing: a full refresh does. Errors: 3F000 where there is no such base, 22023 for a share out of bounds, and those of attach for sales that cannot be read.';

CREATE PROCEDURE clientcore.forget(base text, client text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.require_read_committed(), clientcore.require_argument('client', client);
    PERFORM clientcore.tell_forgotten(base, clientcore.run_as_owner(clientcore.base_owner(base), 'base_forget', base,
        pg_catalog.jsonb_build_object('client', client)));
END
$$;
COMMENT ON PROCEDURE clientcore.forget(text, text) IS
'Removes a client, given as text, under all its aliases, from every object of the base; its sales are counted as those of nobody known, and no refresh brings it back. The sales themselves are yours to erase. Errors: 3F000 where there is no such base, 22004 for NULL, and those of the type of clients.';

CREATE PROCEDURE clientcore.pause(base text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.require_read_committed();
    PERFORM clientcore.run_as_owner(clientcore.base_owner(base), 'base_pause', base, pg_catalog.jsonb_build_object('paused', true));
END
$$;
COMMENT ON PROCEDURE clientcore.pause(text) IS
'Before bulk work on the sales: from now on they are not noted one by one; the next refresh rebuilds. Errors: 3F000 where there is no such base.';

CREATE PROCEDURE clientcore.resume(base text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.require_read_committed();
    PERFORM clientcore.run_as_owner(clientcore.base_owner(base), 'base_pause', base, pg_catalog.jsonb_build_object('paused', false));
END
$$;
COMMENT ON PROCEDURE clientcore.resume(text) IS
'After pause: sales are noted again. Errors: 3F000 where there is no such base.';

CREATE PROCEDURE clientcore.grant_read(base text, role text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.require_read_committed();
    PERFORM clientcore.run_as_owner(clientcore.base_owner(base), 'base_grant_read', base,
        pg_catalog.jsonb_build_object('grantee', clientcore.grantee(role)));
END
$$;
COMMENT ON PROCEDURE clientcore.grant_read(text, text) IS
'Lets a role (its name, or public) read the views of a base and call its functions, and nothing beneath them. Errors: 3F000 where there is no such base, 42704 where there is no such role.';

CREATE PROCEDURE clientcore.revoke_read(base text, role text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.require_read_committed();
    PERFORM clientcore.run_as_owner(clientcore.base_owner(base), 'base_revoke_read', base,
        pg_catalog.jsonb_build_object('grantee', clientcore.grantee(role)));
END
$$;
COMMENT ON PROCEDURE clientcore.revoke_read(text, text) IS
'Takes from a role (its name, or public) whatever it was given in a base, by grant_read or otherwise; not what it has as a member of other roles. Errors: 3F000 where there is no such base, 42704 where there is no such role.';

CREATE FUNCTION clientcore.back_test(base text, day date DEFAULT NULL)
RETURNS TABLE (
    test_date date, as_of_date date, lost_factor numeric, lost_fallback_days integer, client_count bigint,
    lost_count bigint, lost_returned_count bigint, kept_count bigint, kept_silent_count bigint)
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT t.*
FROM jsonb_to_record(clientcore.run_as_owner(clientcore.base_owner(base), 'base_back_test', base, jsonb_build_object('day', day))) AS t (
    test_date date, as_of_date date, lost_factor numeric, lost_fallback_days integer, client_count bigint,
    lost_count bigint, lost_returned_count bigint, kept_count bigint, kept_silent_count bigint)
WHERE t.test_date IS NOT NULL
$$;
COMMENT ON FUNCTION clientcore.back_test(text, date) IS
'How the rule of who is lost would have done: calibrated on the sales up to day (by default a year before the day of the base; the middle of the span where there are under two years) and held against what was sold since. lost_count: clients it would have called lost, lost_returned_count: those of them that bought since; kept_count: all others, kept_silent_count: those of them that did not buy since. No row for a base without sales. Errors: 3F000 where there is no such base, 22023 for a day that is not before that of the base.';

CREATE FUNCTION clientcore.back_test(base text, calibration_end date, holdout_end date)
RETURNS TABLE (
    rule text, failure text, client_count bigint, lost_count bigint, lost_returned_count bigint, kept_count bigint, kept_silent_count bigint,
    right_share numeric, actual_count bigint, expected_count numeric, mean_error numeric)
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT t.*
FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_compare_rules', base,
    jsonb_build_object('calibration_end', calibration_end, 'holdout_end', holdout_end))) AS t (
    rule text, failure text, client_count bigint, lost_count bigint, lost_returned_count bigint, kept_count bigint, kept_silent_count bigint,
    right_share numeric, actual_count bigint, expected_count numeric, mean_error numeric)
$$;
COMMENT ON FUNCTION clientcore.back_test(text, date, date) IS
'Which criterion of loss suits a base: rules and models made from the sales up to calibration_end, held against those from there to holdout_end. Of the clients known by then: those that each calls lost, and those of them that bought all the same; those that it keeps, and those of them that did not buy; right_share, of all, those judged right; the purchases of the holdout, actual and expected, and the mean absolute error of a client. Rules: silence (as calibrated on the day), days (lost_days), same as last period (lost is who did not buy in as many days before the end of calibration; expected is what was bought in these, first purchases left out), and the models, by the rule of lost_rule model; failure says why a base would not go by one. A silent client of a short holdout need not be lost: let it be as long as the silence that you would call a loss. Errors: 22004 for a NULL day, 22008 for an infinite one, 22023 for days the wrong way round or after the day of the base, 55000 before the first refresh, 42501, 3F000.';

CREATE FUNCTION clientcore.purchase_count_fit(base text, calibration_end date DEFAULT NULL, most integer DEFAULT 7)
RETURNS TABLE (repeat_purchase_count integer, is_or_more boolean, actual_count bigint, expected_count numeric)
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT t.*
FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_purchase_count_fit', base,
    jsonb_build_object('calibration_end', calibration_end, 'most', most))) AS t (repeat_purchase_count integer, is_or_more boolean, actual_count bigint, expected_count numeric)
ORDER BY t.repeat_purchase_count
$$;
COMMENT ON FUNCTION clientcore.purchase_count_fit(text, date, integer) IS
'Clients by how often they bought after their first purchase up to calibration_end (by default the day of the base), and how many the model of the base, fitted as of that day, expects; the last row is of most purchases or more. Nothing is expected, with a warning, where the model does not converge. Errors: 22023 for a day after that of the base or for most that is not between 1 and 1000, 22008 for an infinite day, 55000 before the first refresh, 42501, 3F000. Source: the fit of counts in Fader, Hardie, Lee 2005.';

CREATE FUNCTION clientcore.weekly_fit(base text, calibration_end date, holdout_end date)
RETURNS TABLE (
    week_number integer, week_end_date date, is_holdout boolean, actual_count bigint, expected_count numeric,
    week_actual_count bigint, week_expected_count numeric)
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT t.*
FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_weekly_fit', base,
    jsonb_build_object('calibration_end', calibration_end, 'holdout_end', holdout_end))) AS t (
    week_number integer, week_end_date date, is_holdout boolean, actual_count bigint, expected_count numeric,
    week_actual_count bigint, week_expected_count numeric)
ORDER BY t.week_number
$$;
COMMENT ON FUNCTION clientcore.weekly_fit(text, date, date) IS
'The purchases after the first of the clients known at calibration_end, week by week from the first day of all to holdout_end: cumulated and of the week, actual and as the model of the base, fitted as of calibration_end, expects them of new clients. Nothing is expected, with a warning, where the model does not converge. Errors: as back_test. Source: the tracking plots in Fader, Hardie, Lee 2005.';

CREATE FUNCTION clientcore.alive_fit(base text, calibration_end date, holdout_end date, bins integer DEFAULT 10)
RETURNS TABLE (
    bin integer, client_count bigint, p_alive_from numeric, p_alive_to numeric, p_alive numeric,
    buyer_share numeric, expected_buyer_share numeric, actual_count bigint, expected_count numeric)
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT t.*
FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_alive_fit', base,
    jsonb_build_object('calibration_end', calibration_end, 'holdout_end', holdout_end, 'bins', bins))) AS t (
    bin integer, client_count bigint, p_alive_from numeric, p_alive_to numeric, p_alive numeric,
    buyer_share numeric, expected_buyer_share numeric, actual_count bigint, expected_count numeric)
ORDER BY t.bin
$$;
COMMENT ON FUNCTION clientcore.alive_fit(text, date, date, integer) IS
'Clients known at calibration_end in bins of as many, the highest P(alive) first: their mean P(alive), the share that bought in the holdout and that the model expected to, and their purchases, actual and expected. No rows, with a warning, where the model does not converge. Errors: as back_test, 22023 for bins that are not between 1 and 1000. Source: calibration of probabilities by decile.';

CREATE FUNCTION clientcore.preview(base text, settings jsonb)
RETURNS TABLE (measure text, from_class text, to_class text, client_count bigint, revenue_12m_amount numeric)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('settings', settings::text);
    PERFORM clientcore.tell(ARRAY(
        SELECT m.line
        FROM clientcore.model_lines(clientcore.run_as_owner(clientcore.base_owner(base), 'base_models', base, jsonb_build_object('lost_rule', settings -> 'lost_rule'))) m
        WHERE m.is_rule AND m.is_failure));
    RETURN QUERY
        SELECT m.measure, m.from_class, m.to_class, m.client_count, m.revenue_now
        FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_preview', base, jsonb_build_object('settings', settings)))
            AS m (measure text, from_class text, to_class text, client_count bigint, revenue_now numeric)
        ORDER BY m.measure COLLATE "C", m.from_class COLLATE "C", m.to_class COLLATE "C";
END
$$;
COMMENT ON FUNCTION clientcore.preview(text, jsonb) IS
'What other settings would change, for example {"abc_a": 0.7}: how many clients, with how much revenue of the last 12 months, would move from which class to which; measure is abc, xyz, abc_xyz, loyalty_stage, rfm_segment or key. Both sides are computed for the day of the base from what is known now, marks, duplicates and RFM segments too, the one under the settings as they stand. Nothing is changed. Errors: 3F000 where there is no such base, 22004, and 22023 for settings that do not exist, cannot be tried or violate a check.';

CREATE FUNCTION clientcore.recalibrate(base text, apply boolean DEFAULT false)
RETURNS TABLE (measure text, from_value text, to_value text, client_count bigint, revenue_12m_amount numeric)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found jsonb;
BEGIN
    PERFORM clientcore.require_argument('apply', apply::text);
    IF apply THEN
        PERFORM clientcore.require_read_committed();
    END IF;
    found := clientcore.run_as_owner(clientcore.base_owner(base), 'base_recalibrate', base, jsonb_build_object('apply', apply));
    RETURN QUERY
        SELECT 'setting ' || s.setting, s.was, s.becomes, NULL::bigint, NULL::numeric
        FROM jsonb_to_recordset(found -> 'settings') AS s (setting text, was text, becomes text)
        ORDER BY s.setting COLLATE "C";
    RETURN QUERY
        SELECT m.measure, m.from_class, m.to_class, m.client_count, m.revenue_now
        FROM jsonb_to_recordset(found -> 'moves') AS m (measure text, from_class text, to_class text, client_count bigint, revenue_now numeric)
        ORDER BY m.measure COLLATE "C", m.from_class COLLATE "C", m.to_class COLLATE "C";
END
$$;
COMMENT ON FUNCTION clientcore.recalibrate(text, boolean) IS
'Which settings the sales up to the day of the base would suggest now, where these are others (rows "setting ..."), and the moves between classes that they would bring, as in preview; with apply => true the settings are changed, from the next refresh on. Errors: 3F000 where there is no such base, 22004 for NULL.';

CREATE PROCEDURE clientcore.upgrade_base(base text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.require_read_committed();
    PERFORM clientcore.run_as_owner(clientcore.base_owner(base), 'base_upgrade', base, '{}');
END
$$;
COMMENT ON PROCEDURE clientcore.upgrade_base(text) IS
'After ALTER EXTENSION clientcore UPDATE: brings the views and functions of a base up to the new version; columns are only appended, and what is added is granted to whoever may read all the rest. Errors: 3F000 where there is no such base, 55000 for a base of a later version.';

-- --- what they say ---

CREATE FUNCTION clientcore.tell_attach(base text, plan jsonb, report jsonb)
RETURNS void
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.tell(format('base "%s": %s is source %s', base, clientcore.relation_name((plan ->> 'relation')::oid), plan ->> 'source')
    || CASE WHEN jsonb_array_length(report -> 'sources') > 1 THEN ARRAY[
        format('the base adds up %s relations: %s', jsonb_array_length(report -> 'sources'),
            (SELECT string_agg(s.source ->> 'relation', ', ' ORDER BY s.n) FROM jsonb_array_elements(report -> 'sources') WITH ORDINALITY s (source, n)))] END
    || ARRAY(SELECT line FROM clientcore.attach_lines(plan, report)))
$$;
COMMENT ON FUNCTION clientcore.tell_attach(text, jsonb, jsonb) IS
'Internal: sends the report of attach as notices';

CREATE FUNCTION clientcore.tell_unbuilt(base text, plan jsonb)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE NOTICE 'base "%": % is source %, to be read by CALL clientcore.refresh(%)', base,
        clientcore.relation_name((plan ->> 'relation')::oid), plan ->> 'source', quote_literal(base);
END
$$;
COMMENT ON FUNCTION clientcore.tell_unbuilt(text, jsonb) IS
'Internal: says that a source is attached and not yet read';

CREATE FUNCTION clientcore.tell_capture(base text, done jsonb)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF done ->> 'obstacle' IS NULL THEN
        RAISE NOTICE 'base "%": the changes of source % are followed from its next refresh on', base, done ->> 'source';
    ELSE
        RAISE NOTICE 'base "%": source % is rebuilt at every refresh as long as %', base, done ->> 'source', done ->> 'obstacle';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.tell_capture(text, jsonb) IS
'Internal: says whether the changes of a view are followed';

CREATE FUNCTION clientcore.tell_forgotten(base text, done jsonb)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (done ->> 'histories')::bigint = 0 AND (done ->> 'rows')::bigint = 0 THEN
        RAISE NOTICE 'base "%": nothing was known of it; should it buy, it counts as nobody', base;
        RETURN;
    END IF;
    RAISE NOTICE 'base "%": forgotten; % under % removed; its sales, those to come too, count as nobody''s', base,
        CASE done ->> 'histories' WHEN '0' THEN 'no history' WHEN '1' THEN '1 history' ELSE (done ->> 'histories') || ' histories' END,
        CASE done ->> 'keys' WHEN '1' THEN '1 key' ELSE (done ->> 'keys') || ' keys' END;
END
$$;
COMMENT ON FUNCTION clientcore.tell_forgotten(text, jsonb) IS
'Internal: says what was forgotten';

CREATE FUNCTION clientcore.grantee(role text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('role', role);
    IF role = 'public' THEN
        RETURN 'PUBLIC';
    ELSIF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('role: "%s" does not exist', role);
    END IF;
    RETURN quote_ident(role);
END
$$;
COMMENT ON FUNCTION clientcore.grantee(text) IS
'Internal: a role as it stands in a GRANT. Errors: 42704 where there is none.';

-- --- bases ---

-- Names first: what owners' tables hold must not move the list of bases.
CREATE FUNCTION clientcore.list_bases()
RETURNS TABLE (
    base text, owner text, relations text, client_count bigint, as_of_date date, refreshed_at timestamptz, refresh_seconds numeric,
    pending_count bigint, pending_bytes bigint, pending_since timestamptz, is_stale boolean, stale_reason text, is_paused boolean,
    trigger_missing_count bigint, trigger_disabled_count bigint, verified_at timestamptz, verified_difference_count bigint,
    total_bytes bigint, layout_version integer)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
    owners oid[];
BEGIN
    SELECT array_agg(n.nspname::text ORDER BY n.nspname), array_agg(n.nspowner ORDER BY n.nspname) INTO names, owners
    FROM pg_namespace n
    WHERE EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'source') AND clientcore.is_base(n.oid)
        AND (pg_has_role(n.nspowner, 'MEMBER') OR pg_has_role('pg_read_all_stats', 'USAGE'));
    FOR i IN 1 .. coalesce(cardinality(names), 0) LOOP
        base := names[i];
        owner := pg_get_userbyid(owners[i]);
        -- an owner whose tables are not as they should be hides his own base alone
        BEGIN
            SELECT t.relations, t.client_count, t.as_of, t.refreshed_at, t.refresh_seconds, t.pending_rows, t.pending_bytes,
                t.pending_since, coalesce(t.stale_reasons, '') <> '', nullif(t.stale_reasons, ''), coalesce(t.paused, false),
                t.triggers_missing, t.triggers_disabled, t.verified_at, t.verified_differences, t.bytes, t.layout
            INTO relations, client_count, as_of_date, refreshed_at, refresh_seconds, pending_count, pending_bytes,
                pending_since, is_stale, stale_reason, is_paused,
                trigger_missing_count, trigger_disabled_count, verified_at, verified_difference_count, total_bytes, layout_version
            FROM jsonb_to_record(clientcore.run_as_owner(owners[i], 'base_status', base, '{}')) AS t (
                relations text, client_count bigint, as_of date, refreshed_at timestamptz, refresh_seconds numeric, pending_rows bigint,
                pending_bytes bigint, pending_since timestamptz, stale_reasons text, paused boolean, triggers_missing bigint,
                triggers_disabled bigint, verified_at timestamptz, verified_differences bigint, bytes bigint, layout integer);
        EXCEPTION WHEN assert_failure OR OTHERS THEN
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, SQLERRM, false, NULL, NULL, NULL, NULL, NULL, NULL
            INTO relations, client_count, as_of_date, refreshed_at, refresh_seconds, pending_count, pending_bytes,
                pending_since, is_stale, stale_reason, is_paused,
                trigger_missing_count, trigger_disabled_count, verified_at, verified_difference_count, total_bytes, layout_version;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.list_bases() IS
'Internal: the bases of this database whose owner the caller can become; all of them for who may see all statistics';

CREATE VIEW clientcore.bases AS
SELECT b.base, b.owner, b.relations, b.client_count, b.as_of_date, b.refreshed_at, b.refresh_seconds::numeric(12, 3) AS refresh_seconds,
    b.pending_count, b.pending_bytes, b.pending_since, b.is_stale, b.stale_reason, b.is_paused,
    b.trigger_missing_count, b.trigger_disabled_count, b.verified_at, b.verified_difference_count, b.total_bytes, b.layout_version,
    r.pid AS running_pid,
    r.xact_start AS running_since,
    r.progress
FROM clientcore.list_bases() b
LEFT JOIN LATERAL (
    SELECT l.pid, a.xact_start, CASE WHEN a.query LIKE 'clientcore base %' THEN a.query END AS progress
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation AND c.relname = 'source'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = b.base
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
    LIMIT 1) r ON true
ORDER BY b.base;
COMMENT ON VIEW clientcore.bases IS
'The client bases of this database that the caller may see: those whose owner he can become; all of them for members of pg_read_all_stats';
COMMENT ON COLUMN clientcore.bases.base IS 'name: the schema';
COMMENT ON COLUMN clientcore.bases.owner IS 'who owns the base and its sales';
COMMENT ON COLUMN clientcore.bases.relations IS 'sales relations, with the way each is followed (capture)';
COMMENT ON COLUMN clientcore.bases.client_count IS 'clients at the last refresh, duplicates joined, those of later days included';
COMMENT ON COLUMN clientcore.bases.as_of_date IS 'day that the views are for';
COMMENT ON COLUMN clientcore.bases.refreshed_at IS 'time of the last refresh';
COMMENT ON COLUMN clientcore.bases.refresh_seconds IS 'seconds it took';
COMMENT ON COLUMN clientcore.bases.pending_count IS 'rows noted since';
COMMENT ON COLUMN clientcore.bases.pending_bytes IS 'size of the table of these';
COMMENT ON COLUMN clientcore.bases.pending_since IS 'time of the oldest of them';
COMMENT ON COLUMN clientcore.bases.is_stale IS 'whether the next refresh has to rebuild';
COMMENT ON COLUMN clientcore.bases.stale_reason IS 'why';
COMMENT ON COLUMN clientcore.bases.is_paused IS 'whether sales are not noted one by one: see pause';
COMMENT ON COLUMN clientcore.bases.trigger_missing_count IS 'triggers that are missing or were changed; a refresh makes them anew';
COMMENT ON COLUMN clientcore.bases.trigger_disabled_count IS 'triggers that somebody disabled';
COMMENT ON COLUMN clientcore.bases.verified_at IS 'time of the last verification';
COMMENT ON COLUMN clientcore.bases.verified_difference_count IS 'clients in which it found a difference';
COMMENT ON COLUMN clientcore.bases.total_bytes IS 'size of the tables of the base, indexes included';
COMMENT ON COLUMN clientcore.bases.layout_version IS 'version of its layout: see upgrade_base';
COMMENT ON COLUMN clientcore.bases.running_pid IS 'process that works on the base at the moment';
COMMENT ON COLUMN clientcore.bases.running_since IS 'begin of its transaction';
COMMENT ON COLUMN clientcore.bases.progress IS 'what it does';
GRANT SELECT ON clientcore.bases TO PUBLIC;

-- Operations are for run_as_owner alone.
DO $$
DECLARE
    operation regprocedure;
BEGIN
    FOR operation IN
        SELECT p.oid FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'clientcore'::pg_catalog.regnamespace AND p.proname LIKE 'base\_%'
            AND p.proargtypes = '25 3802'::pg_catalog.oidvector
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', operation);
    END LOOP;
END
$$;
