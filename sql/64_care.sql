-- The client table and the interactions of a base: what is attached, and how a refresh
-- reads it. Both are copied, so that views are of one moment, hold no lock on what is not
-- theirs and stand in the way of no ALTER TABLE; only rows that differ are written.

-- What each column or expression is to a client or an interaction, and what it must be: time
-- is a date or timestamp, number, boolean, or text, which anything can be made.
CREATE FUNCTION clientcore.care_roles(holds text)
RETURNS TABLE (role text, wanted text, is_required boolean, place integer)
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT r.role, r.wanted, r.role IN ('client', 'at') OR holds = 'interactions' AND r.role = 'kind', r.place
FROM (VALUES
    (1, 'both', 'client', 'client'),
    (2, 'clients', 'name', 'text'), (3, 'clients', 'manager', 'text'), (4, 'clients', 'segment', 'text'), (5, 'clients', 'region', 'text'),
    (6, 'clients', 'industry', 'text'), (7, 'both', 'channel', 'text'), (8, 'clients', 'birthday', 'time'), (9, 'clients', 'known_since', 'time'),
    (10, 'both', 'kind', 'text'), (11, 'clients', 'image_maker', 'boolean'), (12, 'clients', 'expert', 'boolean'), (13, 'clients', 'consent', 'boolean'),
    (14, 'interactions', 'at', 'time'), (15, 'interactions', 'direction', 'text'), (16, 'interactions', 'due_at', 'time'),
    (17, 'interactions', 'resolved_at', 'time'), (18, 'interactions', 'explained_at', 'time'), (19, 'interactions', 'score', 'number'),
    (20, 'interactions', 'element', 'text'), (21, 'interactions', 'amount', 'number'), (22, 'interactions', 'our_initiative', 'boolean'),
    (23, 'interactions', 'reason', 'text'), (24, 'interactions', 'text', 'text'), (25, 'interactions', 'about', 'text')
) AS r (place, part, role, wanted)
WHERE r.part IN ('both', holds)
$$;
COMMENT ON FUNCTION clientcore.care_roles(text) IS
'Internal: the roles of a client table, or of interactions';

CREATE FUNCTION clientcore.describe_care_role(base text, relation oid, alias text, argument text, wanted text, expression text, path text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    role record;
    described jsonb;
    hint text;
BEGIN
    IF wanted = 'client' THEN
        described := clientcore.describe_role(relation, alias, argument, expression, path);
        PERFORM clientcore.check_client_type(base, described, expression);
        RETURN described ->> 'expression_text';
    END IF;
    SELECT * INTO role FROM clientcore.parse_expression(relation, alias, argument, expression, false, path);
    hint := CASE
        WHEN wanted = 'time' AND role.base_type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
            THEN format('A date or timestamp is needed, for example %s => %L.', argument, format('to_date(%s, ''YYYY-MM-DD'')', expression))
        WHEN wanted = 'number' AND role.base_type NOT IN ('numeric'::regtype, 'bigint'::regtype, 'integer'::regtype, 'smallint'::regtype, 'double precision'::regtype, 'real'::regtype)
            THEN format('A number is needed, for example %s => %L.', argument, format('(%s)::numeric', expression))
        WHEN wanted = 'boolean' AND role.base_type <> 'boolean'::regtype
            THEN format('True or false is needed, for example %s => %L.', argument, format('(%s) = ''yes''', expression)) END;
    IF hint IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('%s: must not be of type %s', argument, format_type(role.base_type, -1)),
            HINT = hint;
    END IF;
    RETURN role.expression_text;
END
$$;
COMMENT ON FUNCTION clientcore.describe_care_role(text, oid, text, text, text, text, text) IS
'Internal: the expression of a role, its type checked. Errors: 42804 for a type that does not fit, and those of the parser.';

-- The rows of an attached relation, as plain columns: client, then its other roles by name,
-- null where not attached.
CREATE FUNCTION clientcore.care_rows(base text, attached jsonb)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    columns text;
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    SELECT string_agg(
        CASE r.wanted
            WHEN 'client' THEN format('(%s)::%s%s', e.expression, key.key_type, ' COLLATE ' || key.key_collation)
            -- not longer than an index can hold, where it is one of a few
            WHEN 'text' THEN format(CASE WHEN r.role IN ('text', 'reason', 'kind') THEN 'nullif(btrim((%s)::text), '''') COLLATE "C"'
                ELSE 'nullif(left(btrim((%s)::text), 200), '''') COLLATE "C"' END, coalesce(e.expression, 'NULL'))
            -- what no view could show, or reckon with
            WHEN 'time' THEN CASE WHEN e.expression IS NULL THEN 'NULL::timestamptz' ELSE format('CASE WHEN (%1$s) BETWEEN ''0001-01-02'' AND ''9999-12-30'' THEN (%1$s)::timestamptz END', e.expression) END
            WHEN 'number' THEN CASE WHEN e.expression IS NULL THEN 'NULL::numeric' ELSE format('CASE WHEN abs((%1$s)::numeric) < 1e12 THEN (%1$s)::numeric END', e.expression) END
            ELSE format('(%s)::boolean', coalesce(e.expression, 'NULL')) END || format(' AS %I', r.role), ', ' ORDER BY r.place)
    INTO columns
    FROM clientcore.care_roles(attached ->> 'holds') r
    LEFT JOIN LATERAL (
        -- parsed anew, as its columns may be of other types by now
        SELECT clientcore.describe_care_role(base, (attached ->> 'relation')::regclass, attached ->> 'alias', r.role, r.wanted,
            attached #>> ARRAY['roles', r.role], 'pg_catalog, pg_temp') AS expression) e ON true;
    RETURN format('SELECT %s FROM %s AS %I', columns, clientcore.relation_name((attached ->> 'relation')::regclass), attached ->> 'alias');
END
$$;
COMMENT ON FUNCTION clientcore.care_rows(text, jsonb) IS
'Internal: the query of the rows of a client table or of interactions';

-- Those of known clients, duplicates joined: client_id, is_alias and the columns of care_rows.
CREATE FUNCTION clientcore.known_care_rows(base text, attached jsonb)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT coalesce(a.client, s.client) AS client_id, a.client IS NOT NULL AS is_alias, s.*
        FROM (%2$s) s
        LEFT JOIN %1$I.client_alias a ON a.alias %3$s s.client
        WHERE %4$s = 'client'$sql$,
    base, clientcore.care_rows(base, attached), (SELECT equality FROM clientcore.base_key(base)), clientcore.kind_of_client(base, 's.client'))
$$;
COMMENT ON FUNCTION clientcore.known_care_rows(text, jsonb) IS
'Internal: the query of those rows of a client table or of interactions that have a client';

-- Of several rows of a client the same one whatever their order, its own before those of its
-- duplicates. Days up to 1900-01-01 stand for none that is known. A client of whom there are
-- interactions alone is known too, since the first of them.
CREATE FUNCTION clientcore.client_info_query(base text, attached jsonb)
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT coalesce(r.client_id, i.client_id), r.name, r.manager, r.segment, r.region, r.industry, r.channel, r.birthday::date,
            coalesce(r.known_since::date, CASE WHEN r.client_id IS NULL THEN i.first_day END),
            coalesce(lower(r.kind) IN ('internal', 'true'), false), coalesce(r.image_maker, false), coalesce(r.expert, false), r.consent
        FROM (%2$s) r
        FULL JOIN (SELECT i.client_id, min(i.day) AS first_day FROM %1$I.interaction i GROUP BY i.client_id) i ON i.client_id %3$s r.client_id$sql$,
    base, CASE WHEN attached IS NOT NULL THEN format($sql$
            SELECT DISTINCT ON (s.client_id) s.client_id, s.name, s.manager, s.segment, s.region, s.industry, s.channel,
                CASE WHEN s.birthday >= '1900-01-02' THEN s.birthday END AS birthday,
                CASE WHEN s.known_since >= '1900-01-02' THEN s.known_since END AS known_since,
                s.kind, s.image_maker, s.expert,
                -- what was refused under one key is refused
                bool_and(s.consent) OVER (PARTITION BY s.client_id) AS consent
            FROM (%s) s
            ORDER BY s.client_id, s.is_alias, s.client::text COLLATE "C", s.name, s.manager, s.segment, s.region, s.industry, s.channel, s.birthday, s.known_since,
                s.kind, s.image_maker, s.expert, s.consent$sql$, clientcore.known_care_rows(base, attached))
        ELSE format('SELECT (i).* , NULL::text AS kind, NULL::boolean AS image_maker, NULL::boolean AS expert, NULL::boolean AS consent FROM (SELECT i FROM %I.client_info i LIMIT 0) n', base) END,
    (SELECT equality FROM clientcore.base_key(base)))
$$;
COMMENT ON FUNCTION clientcore.client_info_query(text, jsonb) IS
'Internal: the query of the clients that are known otherwise than by their sales';

CREATE FUNCTION clientcore.interaction_query(base text, attached jsonb)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT s.client_id, %2$s, row_number() OVER (PARTITION BY s.client_id
                ORDER BY s.at, s.own_kind, s.text, s.resolved_at, s.explained_at, s.due_at, s.direction, s.channel, s.score, s.element, s.amount,
                    s.our_initiative, s.reason, s.about)::integer,
            s.at, s.at::date, k.kind, s.own_kind,
            CASE WHEN s.direction COLLATE "default" ~* '^(in|from)' THEN 'in' WHEN s.direction COLLATE "default" ~* '^(out|to)' THEN 'out' END,
            s.channel, s.due_at::date,
            CASE WHEN s.resolved_at IS NOT NULL THEN greatest(s.resolved_at, s.at) END,
            CASE WHEN s.explained_at IS NOT NULL THEN greatest(s.explained_at, s.at) END,
            s.score, regexp_replace(lower(s.element), '[ -]+', '_', 'g'), s.amount, s.our_initiative, s.reason, s.text, s.about
        FROM (SELECT r.*, coalesce(r.kind, '') AS own_kind FROM (%3$s) r WHERE r.at IS NOT NULL) s
        LEFT JOIN %1$I.interaction_kind k ON lower(k.value) = lower(s.own_kind COLLATE "default")$sql$,
    base, attached ->> 'source', clientcore.known_care_rows(base, attached))
$$;
COMMENT ON FUNCTION clientcore.interaction_query(text, jsonb) IS
'Internal: the query of the interactions of a relation, as the table interaction has them';

-- What interactions come to as of a day. What is due, or was answered, on a later day is not
-- seen, but for contacts that are planned: those of later days and, where it is attached what
-- is due and settled, those with a day on which they are due that are not settled; these were
-- made on the day on which they were. Where it is not attached when a promise was kept, it
-- counts as kept once its day has passed; one without a day is due when it was given.
CREATE FUNCTION clientcore.client_care_query(base text, day date)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT i.client_id,
            min(i.day) FILTER (WHERE i.day <= %2$L),
            max(i.made_on) FILTER (WHERE i.kind = 'contact' AND i.made_on <= %2$L),
            min(i.planned_for) FILTER (WHERE i.kind = 'contact'),
            count(*) FILTER (WHERE i.kind = 'contact' AND i.made_on <= %2$L AND i.made_on > (date %2$L - interval '12 months')::date),
            count(*) FILTER (WHERE i.is_feedback AND i.is_recent),
            count(*) FILTER (WHERE i.kind = 'complaint' AND i.is_recent),
            count(*) FILTER (WHERE i.is_unanswered), min(i.day) FILTER (WHERE i.is_unanswered),
            count(*) FILTER (WHERE i.is_unexplained), min(i.day) FILTER (WHERE i.is_unexplained),
            count(*) FILTER (WHERE i.kind = 'complaint' AND i.is_unanswered),
            count(*) FILTER (WHERE i.kind = 'complaint' AND i.day <= %2$L AND (i.is_resolved OR i.is_explained)),
            count(*) FILTER (WHERE i.kind = 'complaint' AND i.day <= %2$L),
            count(*) FILTER (WHERE i.is_open_promise), min(coalesce(i.due_on, i.day)) FILTER (WHERE i.is_open_promise),
            coalesce(min(e.compared), 0), coalesce(min(e.before), 0), coalesce(min(e.after), 0)
        FROM (
            SELECT i.*,
                CASE WHEN o.roles ?& '{due_at,resolved_at}' AND i.due_on IS NOT NULL THEN CASE WHEN i.is_resolved THEN i.resolved_on END ELSE i.day END AS made_on,
                CASE WHEN o.roles ?& '{due_at,resolved_at}' AND i.due_on IS NOT NULL THEN CASE WHEN NOT i.is_resolved THEN i.due_on END
                    WHEN i.day > %2$L THEN i.day END AS planned_for,
                i.is_feedback AND i.day <= %2$L AND o.roles ?| '{resolved_at,explained_at}' AND NOT i.is_resolved AND NOT i.is_explained AS is_unanswered,
                i.is_feedback AND i.day <= %2$L AND o.roles ? 'explained_at' AND i.is_resolved AND NOT i.is_explained AS is_unexplained,
                i.kind = 'promise' AND i.day <= %2$L AND CASE WHEN o.roles ? 'resolved_at' THEN NOT i.is_resolved ELSE coalesce(i.due_on, i.day) >= %2$L END AS is_open_promise
            FROM (
                SELECT i.client_id, i.source, i.day, i.kind, i.due_on, i.resolved_at::date AS resolved_on,
                    coalesce(i.kind IN ('complaint', 'suggestion', 'request'), false) AS is_feedback,
                    i.day <= %2$L AND i.day > (date %2$L - interval '12 months')::date AS is_recent,
                    coalesce(i.resolved_at::date <= %2$L, false) AS is_resolved, coalesce(i.explained_at::date <= %2$L, false) AS is_explained
                FROM %1$I.interaction i) i
            JOIN %1$I.care_source o USING (source)) i
        LEFT JOIN (
            SELECT c.client_id, count(*) AS compared, sum(clientcore.revenue(clientcore.slice(h.history, c.day - 90, c.day - 1))) AS before,
                sum(clientcore.revenue(clientcore.slice(h.history, c.day, c.day + 89))) AS after
            FROM %1$I.interaction c
            LEFT JOIN (%3$s) h ON h.client_id %4$s c.client_id
            WHERE c.kind = 'complaint' AND c.day > (date %2$L - interval '12 months')::date AND c.day <= date %2$L - 89
            GROUP BY c.client_id) e ON e.client_id %4$s i.client_id
        GROUP BY i.client_id$sql$, base, day, clientcore.joined_histories(base), (SELECT equality FROM clientcore.base_key(base)))
$$;
COMMENT ON FUNCTION clientcore.client_care_query(text, date) IS
'Internal: the query of what the interactions of each client come to as of a day';

-- Of relations that are attached no more.
CREATE FUNCTION clientcore.remove_interactions(base text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    EXECUTE format('DELETE FROM %1$I.interaction i WHERE NOT EXISTS (SELECT FROM %1$I.care_source s WHERE s.source = i.source AND s.holds = ''interactions'')', base);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION clientcore.remove_interactions(text) IS
'Internal: removes interactions whose relation is attached no more, and tells how many they were';

-- Reads one attached relation anew. Returns what there is to say of it. What is read is
-- taken for few rows where nothing is known of the relation: without nested loops, which
-- would go through all of it for every row.
CREATE FUNCTION clientcore.read_care_source(base text, attached jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
-- sales wait no longer for a lock on it
SET lock_timeout = '3s'
AS $$
DECLARE
    counts jsonb;
BEGIN
    PERFORM clientcore.check_relation((attached ->> 'relation')::regclass);
    IF attached ->> 'holds' = 'clients' THEN
        PERFORM clientcore.replace_rows(base, 'client_info', clientcore.client_info_query(base, attached));
        EXECUTE format($sql$
            SELECT jsonb_build_object('rows', count(*), 'without_client', count(*) FILTER (WHERE r.client IS NOT DISTINCT FROM NULL),
                'clients', count(DISTINCT r.client), 'odd_kinds', count(*) FILTER (WHERE lower(r.kind) NOT IN ('internal', 'external', 'true', 'false')))
            FROM (%s) r$sql$, clientcore.care_rows(base, attached)) INTO counts;
    ELSE
        PERFORM clientcore.replace_rows(base, 'interaction', clientcore.interaction_query(base, attached), part => format('t.source = %s', attached ->> 'source'));
        EXECUTE format($sql$
            SELECT jsonb_build_object('rows', count(*), 'without_client', count(*) FILTER (WHERE r.client IS NOT DISTINCT FROM NULL),
                'without_day', count(*) FILTER (WHERE r.at IS NULL), 'without_kind', count(*) FILTER (WHERE r.kind IS NULL))
            FROM (%s) r$sql$, clientcore.care_rows(base, attached)) INTO counts;
    END IF;
    EXECUTE format('UPDATE %I.care_source SET row_count = $2, read_at = clock_timestamp(), failure = NULL WHERE source = $1', base)
    USING (attached ->> 'source')::smallint, (counts ->> 'rows')::bigint;
    RETURN counts || jsonb_build_object('relation', clientcore.relation_name((attached ->> 'relation')::regclass), 'holds', attached -> 'holds');
END
$$;
COMMENT ON FUNCTION clientcore.read_care_source(text, jsonb) IS
'Internal: reads a client table, or interactions, anew. Errors: those of its expressions, 42501, 42P01.';

-- Without a client table, those who have interactions are all that is known of people.
CREATE FUNCTION clientcore.read_interacting(base text)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
SELECT clientcore.replace_rows(base, 'client_info', clientcore.client_info_query(base, NULL))
$$;
COMMENT ON FUNCTION clientcore.read_interacting(text) IS
'Internal: makes the clients that are known those that have interactions';

CREATE FUNCTION clientcore.refresh_client_care(base text, day date)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
SELECT clientcore.replace_rows(base, 'client_care', clientcore.client_care_query(base, day))
$$;
COMMENT ON FUNCTION clientcore.refresh_client_care(text, date) IS
'Internal: brings what interactions come to up to date';

-- All that is attached, interactions first, for their clients are known by them. What cannot
-- be read stays as it was, and is told of: sales do not wait for it.
CREATE FUNCTION clientcore.read_care(base text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attached jsonb;
    has_clients boolean := false;
    has_interactions boolean := false;
    is_first boolean;
    removed bigint;
    read jsonb := '[]';
    unknown text[];
BEGIN
    EXECUTE format($sql$
        SELECT EXISTS (SELECT FROM %1$I.care_source) AND EXISTS (
            SELECT FROM pg_class c WHERE c.oid IN (%2$L::regclass, %3$L::regclass) AND c.reltuples < 0)$sql$,
        base, format('%I.client_info', base), format('%I.interaction', base)) INTO is_first;
    -- its row may have been deleted by hand
    removed := clientcore.remove_interactions(base);
    FOR attached IN EXECUTE format('SELECT to_jsonb(s) FROM %I.care_source s ORDER BY s.holds DESC, s.source', base) LOOP
        has_clients := has_clients OR attached ->> 'holds' = 'clients';
        has_interactions := has_interactions OR attached ->> 'holds' = 'interactions';
        BEGIN
            read := read || clientcore.read_care_source(base, attached);
        EXCEPTION WHEN assert_failure OR OTHERS THEN
            EXECUTE format('UPDATE %I.care_source SET failure = $2 WHERE source = $1', base) USING (attached ->> 'source')::smallint, SQLERRM;
            read := read || jsonb_build_object('relation', CASE WHEN attached ->> 'relation' ~ '^[0-9]+$' THEN attached ->> 'alias' ELSE attached ->> 'relation' END,
                'source', attached -> 'source', 'failure', SQLERRM, 'read_at', attached -> 'read_at');
        END;
    END LOOP;
    IF NOT has_clients AND (has_interactions OR removed > 0) THEN
        PERFORM clientcore.read_interacting(base);
    END IF;
    IF has_interactions THEN
        EXECUTE format($sql$
            SELECT array_agg(k.own_kind ORDER BY k.own_kind COLLATE "C")
            FROM (SELECT DISTINCT ON (lower(i.own_kind)) i.own_kind FROM %I.interaction i WHERE i.kind IS NULL AND length(i.own_kind) BETWEEN 1 AND 100
                ORDER BY lower(i.own_kind), i.own_kind COLLATE "C" LIMIT 101) k$sql$, base) INTO unknown;
        IF cardinality(unknown) <= 100 THEN
            EXECUTE format('INSERT INTO %I.interaction_kind (value) SELECT unnest($1) ON CONFLICT DO NOTHING', base) USING unknown;
        END IF;
        IF cardinality(unknown) > 0 THEN
            read := read || jsonb_build_object('unknown_kinds', unknown);
        END IF;
    END IF;
    -- where much is new, the planner is told before cards are made of it
    IF is_first THEN
        EXECUTE format('ANALYZE %1$I.client_info, %1$I.interaction', base);
    END IF;
    RETURN read;
END
$$;
COMMENT ON FUNCTION clientcore.read_care(text) IS
'Internal: reads the client table and the interactions of a base anew, and tells what there is to say of each';

-- What the report of a refresh says of it.
CREATE FUNCTION clientcore.care_lines(base text, read jsonb)
RETURNS TABLE (line text)
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE
    WHEN r.read ? 'failure' THEN format('%s could not be read, and is as it was%s: %s', r.read ->> 'relation',
        coalesce(' at ' || (r.read ->> 'read_at'), ''), r.read ->> 'failure')
        || format('; where it is no more: DELETE FROM %I.care_source WHERE source = %s', base, r.read ->> 'source')
    WHEN r.read ? 'later' THEN format('after the day of the base, and not seen yet: %s', clientcore.counted((r.read ->> 'later')::numeric, 'interaction', 'interactions'))
    WHEN r.read ? 'unknown_kinds' THEN CASE WHEN jsonb_array_length(r.read -> 'unknown_kinds') > 100
        THEN 'over 100 different kinds of interactions are not known: is kind the right column?'
        ELSE format('kinds of interactions that are not known, and count for nothing: %s; say what they are: UPDATE %I.interaction_kind SET kind = ... WHERE value = ...',
            (SELECT string_agg(k.name, ', ' ORDER BY k.name COLLATE "C") FROM jsonb_array_elements_text(r.read -> 'unknown_kinds') k (name)), base) END
    ELSE format('%s: %s read', r.read ->> 'relation', clientcore.counted((r.read ->> 'rows')::numeric, 'row', 'rows'))
        || CASE WHEN r.read ? 'clients' THEN format(', %s', clientcore.counted((r.read ->> 'clients')::numeric, 'client', 'clients')) ELSE '' END
        || CASE WHEN (r.read ->> 'rows')::bigint - (r.read ->> 'without_client')::bigint > (r.read ->> 'clients')::bigint
            THEN '; of several rows of a client one is taken' ELSE '' END
        || CASE WHEN (r.read ->> 'without_client')::bigint > 0 THEN format('; without a client: %s', r.read ->> 'without_client') ELSE '' END
        || CASE WHEN (r.read ->> 'without_day')::bigint > 0 THEN format('; without a day: %s', r.read ->> 'without_day') ELSE '' END
        || CASE WHEN (r.read ->> 'without_kind')::bigint > 0 THEN format('; without a kind: %s', r.read ->> 'without_kind') ELSE '' END
        || CASE WHEN (r.read ->> 'odd_kinds')::bigint > 0 THEN format('; neither internal nor external, and taken for external: %s', r.read ->> 'odd_kinds') ELSE '' END
    END
FROM jsonb_array_elements(read) WITH ORDINALITY AS r (read, n)
ORDER BY r.n
$$;
COMMENT ON FUNCTION clientcore.care_lines(text, jsonb) IS
'Internal: what was read of clients and interactions, in words';

-- --- operations ---

-- Checks what is to be attached, and attaches it.
CREATE FUNCTION clientcore.base_attach_care(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation oid := (arguments ->> 'relation')::oid;
    holds text := arguments ->> 'holds';
    alias name := (SELECT c.relname FROM pg_class c WHERE c.oid = relation);
    role record;
    roles jsonb := '{}';
    attached jsonb;
BEGIN
    PERFORM clientcore.lock_base(base);
    PERFORM clientcore.check_relation_kind(relation), clientcore.check_relation(relation);
    EXECUTE format('SELECT set_config(''TimeZone'', time_zone, true) FROM %I.settings', base);
    FOR role IN SELECT * FROM clientcore.care_roles(holds) r ORDER BY r.place LOOP
        IF role.is_required OR arguments #>> ARRAY['roles', role.role] IS NOT NULL THEN
            PERFORM clientcore.require_argument(role.role, arguments #>> ARRAY['roles', role.role]);
            roles := roles || jsonb_build_object(role.role, clientcore.describe_care_role(base, relation, alias, role.role, role.wanted,
                arguments #>> ARRAY['roles', role.role], arguments ->> 'path'));
        END IF;
    END LOOP;
    -- one client table; another takes its place
    EXECUTE format('DELETE FROM %I.care_source WHERE holds = $2 AND (relation = $1 OR $2 = ''clients'')', base) USING relation::regclass, holds;
    EXECUTE format($sql$
        INSERT INTO %1$I.care_source AS c (source, holds, relation, alias, roles)
        SELECT coalesce(max(source), 0) + 1, $1, $2, $3, $4 FROM %1$I.care_source
        RETURNING to_jsonb(c)$sql$, base)
    INTO attached USING holds, relation::regclass, alias, roles;
    PERFORM clientcore.remove_interactions(base);
    -- what is wrong with its rows is told at once
    BEGIN
        RETURN clientcore.read_care_source(base, attached);
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION USING
            ERRCODE = SQLSTATE,
            MESSAGE = format('%s: %s', clientcore.relation_name(relation), SQLERRM),
            HINT = 'A role that cannot be told of some rows may be null there: CASE WHEN code ~ ''^[0-9]+$'' THEN code::integer END.';
    END;
END
$$;
COMMENT ON FUNCTION clientcore.base_attach_care(text, jsonb) IS
'Internal: attaches a client table, or interactions, to a base. Errors: 22004, 22023, 42804 for roles, 42809, 42501 for relations, and those of its expressions.';
