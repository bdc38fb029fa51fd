-- Refresh: histories follow the sales. Each source is brought up to date by one
-- statement, whose one snapshot says both which sales are read and which rows of
-- pending they replace, or are; so nothing is lost and nothing counted twice, while
-- writers go on.

-- Which history the sales of a client go to.
CREATE FUNCTION clientcore.kind_of_client(base text, client text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$CASE
            WHEN %2$s IS NOT DISTINCT FROM NULL THEN 'guest'
            WHEN NOT (SELECT count(*) > 0 FROM %1$I.forgotten_client) THEN 'client'
            WHEN EXISTS (SELECT FROM %1$I.forgotten_client c
                WHERE c.hash = clientcore.key_hash(%2$s, (SELECT salt FROM %1$I.state))) THEN 'forgotten'
            ELSE 'client' END$sql$, base, client)
$$;
COMMENT ON FUNCTION clientcore.kind_of_client(text, text) IS
'Internal: the expression that tells clients, guests and forgotten clients apart';

-- One history per client from a query over sales, and what could not count. Sales
-- before complete_from may be missing where they are read, so none of them is taken.
CREATE FUNCTION clientcore.grouped_sales(reader jsonb, sales text, complete_from date)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT s.client, %s AS history,
            count(*) AS row_count,
            count(*) - count(s.sold_at) AS undated_count,
            count(*) FILTER (WHERE s.sold_at IS NOT NULL AND s.amount IS NULL) AS unpriced_count,
            %s AS rounded_count, %s AS rounding, %s AS currencies
        FROM (%s) s GROUP BY s.client$sql$,
    format(CASE WHEN (reader ->> 'as_bytes')::boolean THEN 'clientcore.purchase_history_send(%s)' ELSE '%s' END,
        CASE WHEN complete_from IS NULL THEN reader ->> 'aggregate'
            ELSE format('clientcore.slice(%s, %L, NULL)', reader ->> 'aggregate', complete_from) END),
    CASE WHEN (reader ->> 'is_rounded')::boolean THEN 'count(*) FILTER (WHERE s.rounding <> 0 AND s.sold_at IS NOT NULL)'
        ELSE '0::bigint' END,
    CASE WHEN (reader ->> 'is_rounded')::boolean THEN 'sum(s.rounding) FILTER (WHERE s.sold_at IS NOT NULL)'
        ELSE '0::numeric' END,
    CASE WHEN (reader ->> 'has_currency')::boolean THEN
        'array_agg(DISTINCT s.currency) FILTER (WHERE s.sold_at IS NOT NULL AND s.amount IS NOT NULL)'
        ELSE 'NULL::text[]' END,
    sales)
$$;
COMMENT ON FUNCTION clientcore.grouped_sales(jsonb, text, date) IS
'Internal: the query that makes one history per client from sales';

CREATE FUNCTION clientcore.history_of_bytes(bytes bytea)
RETURNS clientcore.purchase_history
AS 'MODULE_PATHNAME', 'history_of_bytes'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.history_of_bytes(bytea) IS
'Internal: a history from its binary output. Errors: 22P03 for bytes that are none.';

-- The same from each part of a relation: one row per client and part. Histories travel as
-- bytes, which are less than half of their text.
CREATE FUNCTION clientcore.grouped_parts(reader jsonb, complete_from date)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('SELECT p.client, clientcore.history_of_bytes(p.history) AS history, p.row_count, p.undated_count, p.unpriced_count, p.rounded_count, p.rounding, p.currencies FROM (%s) p',
    string_agg(clientcore.grouped_sales(reader || jsonb_build_object('aggregate', reader -> 'part_aggregate', 'as_bytes', true), p.query, complete_from),
        ' UNION ALL ' ORDER BY p.n))
FROM jsonb_array_elements_text(reader -> 'parts') WITH ORDINALITY p (query, n)
$$;
COMMENT ON FUNCTION clientcore.grouped_parts(jsonb, date) IS
'Internal: the query that makes one history per client and part from sales of which servers of their own have some';

-- The same for all sales, in less time than GROUP BY takes: a row for each client, one
-- for guests with no client, and then one with the report alone. client is only there for
-- its type. The target list is the place to call it: in FROM, PostgreSQL would store all
-- rows first.
CREATE FUNCTION clientcore.build_histories(
    client anyelement,
    query text,
    time_zone text,
    amount_scale integer,
    complete_from date,
    OUT client anyelement,
    OUT history clientcore.purchase_history,
    OUT report jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'build_histories'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION clientcore.build_histories(anyelement, text, text, integer, date) IS
'Internal: runs a query with columns client, sold_at, amount and, if they are known, profit and currency under the snapshot of the calling statement, and returns the history of each client, of guests, and a report of what was read. Errors: as purchase_history(sold_at, amount), 42703 and 42804 for columns that are missing or of a wrong type.';

-- With a breakdown, the same statement keeps a history per client and group. Further common
-- table expressions, with a comma before, for a way to refresh (or rebuild), which has taken
-- and dirty as its own:
--   group_fresh    client, group_name, history: what is new
--   group_merged   client, group_name, was, history: what the history becomes
CREATE FUNCTION clientcore.group_expressions(base text, source_number integer, how text, reader jsonb, complete_from date, bounds text)
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN NOT (reader ->> 'has_breakdown')::boolean THEN '' ELSE format($sql$,
    group_fresh (client, group_name, history) AS MATERIALIZED (%4$s),
    group_merged AS MATERIALIZED (%5$s),
    group_removed AS (
        DELETE FROM %1$I.group_history h USING group_merged m
        WHERE h.source = %2$s AND h.client_id %3$s m.client AND h.group_name = m.group_name AND m.history OPERATOR(clientcore.=) '{}'),
    group_changed AS (
        UPDATE %1$I.group_history h SET history = m.history FROM group_merged m
        WHERE h.source = %2$s AND h.client_id %3$s m.client AND h.group_name = m.group_name
            AND m.history OPERATOR(clientcore.<>) '{}' AND m.history OPERATOR(clientcore.<>) m.was),
    group_added AS (
        INSERT INTO %1$I.group_history (client_id, source, group_name, history)
        SELECT m.client, %2$s, m.group_name, m.history FROM group_merged m
        WHERE m.was IS NULL AND m.history OPERATOR(clientcore.<>) '{}')$sql$,
    base, source_number, k.equality,
    format($sql$
        SELECT s.client, s.group_name, s.history
        FROM (
            SELECT s.client, coalesce(s.group_name, '') AS group_name, %1$s AS history
            FROM (%2$s) s
            WHERE s.client IS DISTINCT FROM NULL
            GROUP BY s.client, coalesce(s.group_name, '')) s
        WHERE %3$s = 'client'$sql$,
        CASE WHEN complete_from IS NULL THEN o.aggregate ELSE format('clientcore.slice(%s, %L, NULL)', o.aggregate, complete_from) END,
        CASE how WHEN 'delta' THEN 'SELECT t.client_id AS client, t.group_name, t.delta FROM taken t'
            WHEN 'dirty' THEN format('SELECT s.* FROM dirty d JOIN (%s) s ON s.client %s d.client', reader ->> 'query', k.equality)
            ELSE (reader ->> 'query') || bounds END,
        clientcore.kind_of_client(base, 's.client')),
    CASE WHEN how IN ('delta', 'watermark') THEN format($sql$
        SELECT f.client, f.group_name, h.history AS was, coalesce(h.history, '{}') OPERATOR(clientcore.+) f.history AS history
        FROM group_fresh f
        LEFT JOIN %1$I.group_history h ON h.source = %2$s AND h.client_id %3$s f.client AND h.group_name = f.group_name
        WHERE f.history IS NOT NULL$sql$, base, source_number, k.equality)
    -- what is read anew takes the place of what was there, but for sales that may be missing by now
    ELSE format($sql$
        SELECT * FROM (
            SELECT CASE WHEN h.history IS NULL THEN f.client ELSE h.client_id END AS client, coalesce(h.group_name, f.group_name) AS group_name,
                h.history AS was, %4$s AS history
            FROM group_fresh f
            FULL JOIN (SELECT h.* FROM %1$I.group_history h%5$s WHERE h.source = %2$s) h ON h.client_id %3$s f.client AND h.group_name = f.group_name) m
        WHERE coalesce(m.was, '{}') OPERATOR(clientcore.<>) m.history$sql$, base, source_number, k.equality,
        CASE WHEN complete_from IS NULL THEN 'coalesce(f.history, ''{}'')'
            ELSE format('coalesce(clientcore.slice(h.history, NULL, %L), ''{}'') OPERATOR(clientcore.+) coalesce(f.history, ''{}'')', complete_from - 1) END,
        CASE how WHEN 'dirty' THEN format(' JOIN dirty d ON d.client %s h.client_id', k.equality) ELSE '' END) END) END
FROM clientcore.base_key(base) k, (
    SELECT CASE how WHEN 'delta' THEN 'clientcore.rollup(s.delta)' ELSE reader ->> 'aggregate' END AS aggregate) o
$$;
COMMENT ON FUNCTION clientcore.group_expressions(text, integer, text, jsonb, date, text) IS
'Internal: what a statement that refreshes a source does for its histories per client and group; empty without a breakdown';

-- The statement that brings the histories of a source up to date. how it does that:
--   delta       from the deltas that triggers left
--   dirty       from the sales of the clients that triggers named
--   watermark   from the sales past the last watermark, up to a new one
-- Its common table expressions:
--   taken     the rows of pending that it uses up
--   dirty     the clients that triggers named
--   grouped   what was read of sales
--   fresh     client, kind, history: what is new
--   merged    client, was, history: what the history of a client was and becomes
--   side      kind, was, history: the same for guests and for the forgotten
-- lines leads from noted rows to further dirty clients; bounds says how far a watermark
-- has come.
CREATE FUNCTION clientcore.refresh_statement(
    base text,
    source_number integer,
    how text,
    reader jsonb,
    complete_from date,
    lines text DEFAULT '',
    bounds text DEFAULT '')
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    equals text := (SELECT equality FROM clientcore.base_key(base));
    taken text := CASE how
        WHEN 'delta' THEN 'p.source = %2$s AND p.delta IS NOT NULL'
        WHEN 'dirty' THEN 'p.source = %2$s AND p.delta IS NULL AND p.reason IS NULL'
        WHEN 'watermark' THEN 'false' END;
    grouped text := CASE how
        WHEN 'delta' THEN clientcore.grouped_sales(reader, (reader ->> 'query') || ' AND false', complete_from)
        WHEN 'dirty' THEN clientcore.grouped_sales(reader, format(
            'SELECT s.* FROM dirty d JOIN (%1$s) s ON s.client %2$s d.client'
            ' UNION ALL SELECT s.* FROM (%1$s) s WHERE s.client IS NOT DISTINCT FROM NULL AND (SELECT bool_or(d.client IS NOT DISTINCT FROM NULL) FROM dirty d)',
            reader ->> 'query', equals), complete_from)
        WHEN 'watermark' THEN clientcore.grouped_sales(reader, (reader ->> 'query') || bounds, complete_from) END;
    -- what is read anew takes the place of what was there, but for sales that may be
    -- missing by now; deltas, and sales past a watermark, add to it
    stays text := CASE
        WHEN how IN ('delta', 'watermark') THEN 'coalesce(h.history, ''{}'')'
        WHEN complete_from IS NULL THEN '''{}''::clientcore.purchase_history'
        ELSE format('coalesce(clientcore.slice(h.history, NULL, %L), ''{}'')', complete_from - 1) END;
    fresh text := CASE how
        WHEN 'delta' THEN
            CASE WHEN complete_from IS NULL THEN
                'SELECT t.client_id, %5$s, clientcore.rollup(t.delta) FROM taken t GROUP BY t.client_id'
            ELSE
                'SELECT t.client_id, %5$s, clientcore.slice(clientcore.rollup(t.delta), %6$L, NULL) FROM taken t GROUP BY t.client_id'
            END
        WHEN 'watermark' THEN
            'SELECT g.client, %4$s, g.history FROM grouped g WHERE g.history IS NOT NULL'
        WHEN 'dirty' THEN
            'SELECT d.client, %7$s, coalesce(g.history, ''{}'')
            FROM dirty d
            LEFT JOIN grouped g ON g.client %3$s d.client
            WHERE d.client IS DISTINCT FROM NULL
            UNION ALL
            SELECT NULL, ''guest'', coalesce((SELECT g.history FROM grouped g WHERE g.client IS NOT DISTINCT FROM NULL), ''{}'')
            FROM dirty d
            WHERE d.client IS NOT DISTINCT FROM NULL' END;
BEGIN
    RETURN format('WITH taken AS (DELETE FROM %1$I.pending p WHERE ' || taken || ' RETURNING p.*),'
        || CASE WHEN how = 'dirty' THEN ' dirty AS MATERIALIZED (SELECT DISTINCT t.client_id AS client FROM taken t%8$s),' ELSE '' END || $sql$
    grouped AS MATERIALIZED (%9$s),
    fresh (client, kind, history) AS MATERIALIZED ($sql$ || fresh || $sql$),
    merged AS MATERIALIZED (
        SELECT f.client, h.history AS was, $sql$ || replace(stays, '%', '%%') || $sql$ OPERATOR(clientcore.+) f.history AS history
        FROM (SELECT f.client, f.history FROM fresh f WHERE f.kind = 'client') f
        LEFT JOIN %1$I.history h ON h.source = %2$s AND h.client_id %3$s f.client),
    side AS MATERIALIZED (
        SELECT f.kind, $sql$ || replace(stays, '%', '%%') || $sql$ OPERATOR(clientcore.+) f.history AS history
        FROM (SELECT f.kind, clientcore.rollup(f.history) AS history FROM fresh f WHERE f.kind <> 'client' GROUP BY f.kind) f
        LEFT JOIN (
            SELECT 'guest' AS kind, g.history FROM %1$I.guest g WHERE g.source = %2$s
            UNION ALL
            SELECT 'forgotten', o.history FROM %1$I.forgotten o WHERE o.source = %2$s) h ON h.kind = f.kind),
    removed AS (
        DELETE FROM %1$I.history h USING merged m
        WHERE h.source = %2$s AND h.client_id %3$s m.client AND m.history OPERATOR(clientcore.=) '{}'
        RETURNING 1),
    changed AS (
        UPDATE %1$I.history h SET history = m.history FROM merged m
        WHERE h.source = %2$s AND h.client_id %3$s m.client
            AND m.history OPERATOR(clientcore.<>) '{}' AND m.history OPERATOR(clientcore.<>) m.was
        RETURNING 1),
    added AS (
        INSERT INTO %1$I.history (client_id, source, history)
        SELECT m.client, %2$s, m.history FROM merged m
        WHERE m.was IS NULL AND m.history OPERATOR(clientcore.<>) '{}'
        RETURNING 1),
    guests AS (
        INSERT INTO %1$I.guest AS g (source, history)
        SELECT %2$s, s.history FROM side s WHERE s.kind = 'guest'
        ON CONFLICT (source) DO UPDATE SET history = excluded.history
        WHERE g.history OPERATOR(clientcore.<>) excluded.history),
    forgotten AS (
        INSERT INTO %1$I.forgotten AS o (source, history)
        SELECT %2$s, s.history FROM side s WHERE s.kind = 'forgotten'
        ON CONFLICT (source) DO UPDATE SET history = excluded.history
        WHERE o.history OPERATOR(clientcore.<>) excluded.history)%10$s
    SELECT jsonb_build_object(
        'rows_read', (SELECT coalesce(sum(g.row_count), 0) FROM grouped g),
        'undated', (SELECT coalesce(sum(g.undated_count), 0) FROM grouped g),
        'unpriced', (SELECT coalesce(sum(g.unpriced_count), 0) FROM grouped g),
        'rounded', (SELECT coalesce(sum(g.rounded_count), 0) FROM grouped g),
        'rounding', (SELECT coalesce(sum(g.rounding), 0) FROM grouped g),
        'currencies', (SELECT jsonb_agg(DISTINCT c.currency) FROM grouped g, unnest(g.currencies) AS c (currency)),
        'pending_taken', (SELECT count(*) FROM taken),
        'clients_added', (SELECT count(*) FROM added),
        'clients_changed', (SELECT count(*) FROM changed),
        'clients_removed', (SELECT count(*) FROM removed),
        'is_proper', (SELECT coalesce(bool_and(clientcore.is_proper(m.history)), true) FROM merged m)
            AND (SELECT coalesce(bool_and(clientcore.is_proper(s.history)), true) FROM side s)
            AND %11$s
            AND NOT ($sql$ || (how = 'dirty')::text || $sql$ AND (SELECT count(*) > 0 FROM fresh f WHERE f.kind = 'forgotten')))$sql$,
        base, source_number, equals, clientcore.kind_of_client(base, 'g.client'), clientcore.kind_of_client(base, 't.client_id'),
        complete_from, clientcore.kind_of_client(base, 'd.client'), lines, grouped,
        clientcore.group_expressions(base, source_number, how, reader, complete_from, bounds),
        CASE WHEN (reader ->> 'has_breakdown')::boolean THEN '(SELECT coalesce(bool_and(clientcore.is_proper(m.history)), true) FROM group_merged m)' ELSE 'true' END);
END
$$;
COMMENT ON FUNCTION clientcore.refresh_statement(text, integer, text, jsonb, date, text, text) IS
'Internal: the statement that brings the histories of a source up to date and tells what it did';

-- The statement that builds the histories of a source anew from all of its sales. What is
-- read takes the place of what was there, but for days before complete_from, whose sales
-- may be missing by now. Only rows that differ are written; where there are none yet, as
-- at attach, histories go straight into the table. Its common table expressions:
--   taken      the rows of pending that it uses up
--   fresh      client, kind, history: what the sales say; and the report of reading them
--   merged     client, was, history: what differs
--   side       kind, history: of guests and of the forgotten
CREATE FUNCTION clientcore.rebuild_statement(base text, source_number integer, reader jsonb, complete_from date, bounds text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    equals text := (SELECT equality FROM clientcore.base_key(base));
    becomes text := CASE WHEN complete_from IS NULL THEN 'coalesce(f.history, ''{}'')'
        ELSE format('coalesce(clientcore.slice(h.history, NULL, %L), ''{}'') OPERATOR(clientcore.+) coalesce(f.history, ''{}'')', complete_from - 1) END;
    is_empty boolean;
    built text;
    merged text;
    added text;
BEGIN
    IF jsonb_typeof(reader -> 'parts') = 'array' THEN
        built := format($sql$
            WITH grouped AS MATERIALIZED (%s)
            SELECT g.client, clientcore.rollup(g.history) AS history, NULL::jsonb AS report
            FROM grouped g WHERE g.history IS NOT NULL GROUP BY g.client
            UNION ALL
            SELECT NULL, NULL, jsonb_build_object(
                'rows_read', coalesce(sum(g.row_count), 0), 'undated', coalesce(sum(g.undated_count), 0),
                'unpriced', coalesce(sum(g.unpriced_count), 0), 'rounded', coalesce(sum(g.rounded_count), 0),
                'rounding', coalesce(sum(g.rounding), 0),
                'currencies', (SELECT jsonb_agg(DISTINCT c.currency COLLATE "C") FROM grouped g, unnest(g.currencies) AS c (currency)))
            FROM grouped g$sql$, clientcore.grouped_parts(reader, complete_from));
    ELSE
        built := format($sql$
            SELECT (b.built).client, (b.built).history, (b.built).report
            FROM (
                SELECT clientcore.build_histories((SELECT h.client_id FROM %1$I.history h LIMIT 0), %2$L, %3$L, %4$L, %5$L) AS built
                OFFSET 0) b
            OFFSET 0$sql$,
            base, (reader ->> 'sales') || bounds, reader ->> 'time_zone', (reader ->> 'amount_scale')::integer, complete_from);
    END IF;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I.history WHERE source = $1)', base) INTO is_empty USING source_number;
    IF is_empty THEN
        merged := format('SELECT h.client_id AS client, h.history AS was, h.history FROM %I.history h WHERE false', base);
        added := 'SELECT f.client, %s, f.history FROM fresh f WHERE f.kind = ''client'' AND f.history OPERATOR(clientcore.<>) ''{}''';
    ELSE
        merged := format($sql$SELECT * FROM (
                SELECT CASE WHEN h.history IS NULL THEN f.client ELSE h.client_id END AS client, h.history AS was, %s AS history
                FROM (SELECT f.client, f.history FROM fresh f WHERE f.kind = 'client') f
                FULL JOIN (SELECT h.client_id, h.history FROM %I.history h WHERE h.source = %s) h ON h.client_id %s f.client) m
            WHERE coalesce(m.was, '{}') OPERATOR(clientcore.<>) m.history$sql$, becomes, base, source_number, equals);
        added := 'SELECT m.client, %s, m.history FROM merged m WHERE m.was IS NULL';
    END IF;
    RETURN format($sql$WITH
    taken AS (DELETE FROM %1$I.pending p WHERE p.source = %2$s RETURNING 1),
    fresh AS MATERIALIZED (
        SELECT s.client, CASE WHEN s.report IS NOT NULL THEN 'report' ELSE %4$s END AS kind, s.history, s.report
        FROM (%5$s) s),
    merged AS MATERIALIZED (
        %6$s),
    side AS MATERIALIZED (
        SELECT k.kind, %7$s AS history
        FROM (VALUES ('guest'), ('forgotten')) k (kind)
        LEFT JOIN (SELECT f.kind, clientcore.rollup(f.history) AS history FROM fresh f WHERE f.kind IN ('guest', 'forgotten') GROUP BY f.kind) f
            ON f.kind = k.kind
        LEFT JOIN (
            SELECT 'guest' AS kind, g.history FROM %1$I.guest g WHERE g.source = %2$s
            UNION ALL
            SELECT 'forgotten', o.history FROM %1$I.forgotten o WHERE o.source = %2$s) h ON h.kind = k.kind),
    removed AS (
        DELETE FROM %1$I.history h USING merged m
        WHERE h.source = %2$s AND h.client_id %3$s m.client AND m.history OPERATOR(clientcore.=) '{}'
        RETURNING 1),
    changed AS (
        UPDATE %1$I.history h SET history = m.history FROM merged m
        WHERE h.source = %2$s AND h.client_id %3$s m.client AND m.history OPERATOR(clientcore.<>) '{}'
        RETURNING 1),
    added AS (
        INSERT INTO %1$I.history (client_id, source, history)
        %8$s
        RETURNING 1),
    guests AS (
        INSERT INTO %1$I.guest AS g (source, history)
        SELECT %2$s, s.history FROM side s WHERE s.kind = 'guest'
        ON CONFLICT (source) DO UPDATE SET history = excluded.history
        WHERE g.history OPERATOR(clientcore.<>) excluded.history),
    forgotten AS (
        INSERT INTO %1$I.forgotten AS o (source, history)
        SELECT %2$s, s.history FROM side s WHERE s.kind = 'forgotten'
        ON CONFLICT (source) DO UPDATE SET history = excluded.history
        WHERE o.history OPERATOR(clientcore.<>) excluded.history)%9$s
    SELECT (SELECT f.report FROM fresh f WHERE f.kind = 'report') || jsonb_build_object(
        'pending_taken', (SELECT count(*) FROM taken),
        'clients_added', (SELECT count(*) FROM added),
        'clients_changed', (SELECT count(*) FROM changed),
        'clients_removed', (SELECT count(*) FROM removed))$sql$,
        base, source_number, equals, clientcore.kind_of_client(base, 's.client'),
        built, merged, becomes, format(added, source_number), clientcore.group_expressions(base, source_number, 'rebuild', reader, complete_from, bounds));
END
$$;
COMMENT ON FUNCTION clientcore.rebuild_statement(text, integer, jsonb, date, text) IS
'Internal: the statement that builds the histories of a source anew and tells what it did';

-- Where the histories are on the nodes of Citus, beside their sales, every node makes those
-- of its own clients: one INSERT ... SELECT that is pushed down, and nothing travels. Sales are
-- distributed by their client, so there are no guests. What decides is in the condition and
-- not in the history, so that only rows are written that differ.
CREATE FUNCTION clientcore.distributed_sales(base text, reader jsonb, complete_from date)
RETURNS TABLE (of_clients text, of_forgotten text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- as literals: the tables are not on the nodes
    hashes bytea[];
    salt bytea;
    sales text := format('SELECT * FROM (%s) s WHERE s.sold_at IS NOT NULL AND s.amount IS NOT NULL%s', reader ->> 'query',
        CASE WHEN complete_from IS NOT NULL THEN format(' AND %s >= %L', reader ->> 'day', complete_from) END);
BEGIN
    EXECUTE format('SELECT array_agg(c.hash ORDER BY c.hash), (SELECT salt FROM %1$I.state) FROM %1$I.forgotten_client c', base) INTO hashes, salt;
    of_clients := sales || CASE WHEN hashes IS NOT NULL THEN format(' AND clientcore.key_hash(s.client, %L) <> ALL (%L::bytea[])', salt, hashes) ELSE '' END;
    of_forgotten := sales || CASE WHEN hashes IS NOT NULL THEN format(' AND clientcore.key_hash(s.client, %L) = ANY (%L::bytea[])', salt, hashes) ELSE ' AND false' END;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION clientcore.distributed_sales(text, jsonb, date) IS
'Internal: the queries of the distributed sales that count, those of clients and those of the forgotten';

CREATE FUNCTION clientcore.rebuild_distributed(base text, source_number integer, reader jsonb, complete_from date)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    equals text := (SELECT equality FROM clientcore.base_key(base));
    sales record;
    kept text := CASE WHEN complete_from IS NOT NULL THEN format('clientcore.slice(h.history, NULL, %L)', complete_from - 1) END;
    target record;
    report jsonb;
    were bigint;
    are bigint;
    written bigint;
    cut bigint := 0;
    removed bigint;
    taken bigint;
    currencies text[];
    forgotten clientcore.purchase_history;
BEGIN
    SELECT * INTO sales FROM clientcore.distributed_sales(base, reader, complete_from);
    EXECUTE format($sql$
        SELECT jsonb_build_object('rows_read', count(*), 'undated', count(*) - count(s.sold_at),
            'unpriced', count(*) FILTER (WHERE s.sold_at IS NOT NULL AND s.amount IS NULL),
            'rounded', count(*) FILTER (WHERE s.rounding <> 0 AND s.sold_at IS NOT NULL),
            'rounding', coalesce(sum(s.rounding) FILTER (WHERE s.sold_at IS NOT NULL), 0))
        FROM (%s) s$sql$, reader ->> 'query')
    INTO report;
    -- what is counted at the end is of the last, the histories
    FOR target IN
        SELECT t.*
        FROM (VALUES (1, 'group_history', ', group_name', ', coalesce(s.group_name, '''')', ' AND coalesce(s.group_name, '''') = h.group_name'),
            (2, 'history', '', '', '')) t (n, name, keys, values, matches)
        WHERE t.name = 'history' OR (reader ->> 'has_breakdown')::boolean
        ORDER BY t.n
    LOOP
        EXECUTE format('SELECT count(*) FROM %I.%I WHERE source = $1', base, target.name) INTO were USING source_number;
        EXECUTE format($sql$
            INSERT INTO %1$I.%2$I AS h (client_id, source%3$s, history)
            SELECT s.client, %4$s::smallint%5$s, %6$s
            FROM (%7$s) s
            GROUP BY s.client%5$s
            ON CONFLICT (client_id, source%3$s) DO UPDATE SET history = %8$s
            WHERE h.history OPERATOR(clientcore.<>) %8$s$sql$,
            base, target.name, target.keys, source_number, target.values, reader ->> 'aggregate', sales.of_clients,
            coalesce('(' || kept || ' OPERATOR(clientcore.+) excluded.history)', 'excluded.history'));
        GET DIAGNOSTICS written = ROW_COUNT;
        IF complete_from IS NOT NULL THEN
            EXECUTE format($sql$
                UPDATE %1$I.%2$I h SET history = %3$s
                WHERE h.source = %4$s AND %3$s OPERATOR(clientcore.<>) h.history AND %3$s OPERATOR(clientcore.<>) '{}'
                    AND NOT EXISTS (SELECT FROM (%5$s) s WHERE s.client %6$s h.client_id%7$s)$sql$,
                base, target.name, kept, source_number, sales.of_clients, equals, target.matches);
            GET DIAGNOSTICS cut = ROW_COUNT;
        END IF;
        EXECUTE format($sql$
            DELETE FROM %1$I.%2$I h
            WHERE h.source = %4$s%3$s AND NOT EXISTS (SELECT FROM (%5$s) s WHERE s.client %6$s h.client_id%7$s)$sql$,
            base, target.name, ' AND ' || kept || ' OPERATOR(clientcore.=) ''{}''', source_number, sales.of_clients, equals, target.matches);
        GET DIAGNOSTICS removed = ROW_COUNT;
    END LOOP;
    EXECUTE format('SELECT count(*) FROM %I.history WHERE source = $1', base) INTO are USING source_number;

    EXECUTE format('SELECT clientcore.rollup(f.history) FROM (SELECT s.client, %s AS history FROM (%s) s GROUP BY s.client) f',
        reader ->> 'aggregate', sales.of_forgotten)
    INTO forgotten;
    -- each statement sees what was sold by its beginning: so these last, for all that was read
    IF (reader ->> 'has_currency')::boolean THEN
        EXECUTE format('SELECT array_agg(c.currency) FROM (SELECT s.currency FROM (%s) s WHERE s.sold_at IS NOT NULL AND s.amount IS NOT NULL GROUP BY s.currency) c',
            reader ->> 'query')
        INTO currencies;
        report := report || jsonb_build_object('currencies', (SELECT jsonb_agg(c.currency ORDER BY c.currency COLLATE "C") FROM unnest(currencies) c (currency)));
    END IF;
    EXECUTE format('INSERT INTO %I.guest (source, history) VALUES ($1, ''{}'') ON CONFLICT DO NOTHING', base) USING source_number;
    EXECUTE format($sql$
        INSERT INTO %1$I.forgotten AS h (source, history) VALUES ($1, coalesce($2, '{}'))
        ON CONFLICT (source) DO UPDATE SET history = %2$s$sql$,
        base, coalesce('(' || kept || ' OPERATOR(clientcore.+) excluded.history)', 'excluded.history'))
    USING source_number, forgotten;
    EXECUTE format('DELETE FROM %I.pending WHERE source = $1', base) USING source_number;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN report || jsonb_build_object('pending_taken', taken, 'clients_added', are - were + removed,
        'clients_changed', written + cut - (are - were + removed), 'clients_removed', removed);
END
$$;
COMMENT ON FUNCTION clientcore.rebuild_distributed(text, integer, jsonb, date) IS
'Internal: builds the distributed histories of a source anew, where they are, and tells what it did';

-- A lock on a table and all its parts that lets nobody write, for a moment: what is
-- committed after it has a higher watermark than what was before.
CREATE FUNCTION clientcore.hold_writers(relations oid[])
RETURNS boolean
AS 'MODULE_PATHNAME', 'hold_writers'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION clientcore.hold_writers(oid[]) IS
'Internal: locks tables of the current user in SHARE mode, waiting for the first alone; false, with none locked, where another cannot be had. Errors: 42501 for tables of others, 55P03 after lock_timeout.';

CREATE FUNCTION clientcore.release_writers(relations oid[])
RETURNS void
AS 'MODULE_PATHNAME', 'release_writers'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION clientcore.release_writers(oid[]) IS
'Internal: gives back what hold_writers took';

CREATE FUNCTION clientcore.next_watermark(relation oid, watermark name)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tables oid[] := ARRAY(SELECT member FROM clientcore.table_tree(relation));
    timeout text := current_setting('lock_timeout');
    -- as in lock_tables
    slice numeric := 500 * extract(epoch FROM current_setting('deadlock_timeout')::interval);
    patience interval := CASE timeout WHEN '0' THEN '3s' ELSE timeout END;
    deadline timestamptz := clock_timestamp() + patience;
    value text;
BEGIN
    LOOP
        PERFORM set_config('lock_timeout',
            greatest(1, ceil(least(slice, 1000 * extract(epoch FROM deadline - clock_timestamp()))))::text, true);
        -- held and released in one subtransaction: a lock cannot be given back after its end
        BEGIN
            IF clientcore.hold_writers(tables) THEN
                EXECUTE format('SELECT max(%I)::text FROM %s', watermark, clientcore.relation_name(relation)) INTO value;
                PERFORM clientcore.release_writers(tables), set_config('lock_timeout', timeout, true);
                RETURN value;
            END IF;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            NULL;
        END;
        IF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION USING
                ERRCODE = 'lock_not_available',
                MESSAGE = format('could not lock %s within %s ms', clientcore.relation_name(relation),
                        (1000 * extract(epoch FROM patience))::bigint),
                HINT = 'Long transactions write to it: try again when they have ended, or set lock_timeout higher.';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.next_watermark(oid, name) IS
'Internal: the highest value of a column of which no lower one can still be on its way. Errors: 55P03 where the table cannot be locked in time.';
