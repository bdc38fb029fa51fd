-- The bulk builder gives what the aggregate gives, to the byte: for keys of many types,
-- within its memory and beyond it, whatever the order of the sales; and it reports what
-- it read, fails as the aggregate does, and leaves nothing behind when it is left early.

BEGIN;
\ir common/helpers.psql
\ir common/random_sales.psql

SELECT no_plan();
\ir common/real_sales.psql

-- What a query is built into.
CREATE FUNCTION pg_temp.built(query text, key text, zone text DEFAULT 'UTC', scale integer DEFAULT NULL, first_day date DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
SELECT format('SELECT (b.built).client, (b.built).history FROM (SELECT build_histories(NULL::%s, %L, %L, %L, %L) AS built OFFSET 0) b WHERE (b.built).report IS NULL',
    key, query, zone, scale, first_day)
$$;

-- The same with the history as bytes.
CREATE FUNCTION pg_temp.bytes(query text)
RETURNS text LANGUAGE sql AS $$
SELECT format('SELECT q.client, purchase_history_send(q.history) AS bytes FROM (%s) q', query)
$$;

-- What the aggregate makes of it.
CREATE FUNCTION pg_temp.grouped(query text, profit text DEFAULT ', q.profit', zone text DEFAULT 'UTC')
RETURNS text LANGUAGE sql AS $$
SELECT format('SELECT g.client, g.history FROM (SELECT q.client, purchase_history(q.sold_at, q.amount%s, %L) AS history FROM (%s) q GROUP BY q.client) g WHERE g.history IS NOT NULL',
    profit, zone, query)
$$;

CREATE FUNCTION pg_temp.report(query text, key text, scale integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SELECT (b.built).report FROM (SELECT build_histories(NULL::%s, %L, %L, %L, NULL) AS built OFFSET 0) b WHERE (b.built).report IS NOT NULL',
        key, query, 'UTC', scale) INTO STRICT result;
    RETURN result;
END
$$;

-- Blocks that a statement writes to temporary files.
CREATE FUNCTION pg_temp.blocks_written(statement text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) ' || statement INTO plan;
    RETURN (plan #>> '{0,Plan,Temp Written Blocks}')::bigint;
END
$$;

-- --- keys ---

CREATE COLLATION pg_temp.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE pg_temp.size AS ENUM ('s', 'm', 'l', 'xl');
CREATE TYPE pg_temp.pair AS (a integer, b text);
CREATE TYPE pg_temp.text_pair AS (a integer, b tsvector);
CREATE DOMAIN pg_temp.code AS text CHECK (value <> '');

-- 11,000 clients and guests, in the order of days, then at random
CREATE TEMP TABLE many AS
SELECT (right(s.client, 4)::integer * 20 + copy) AS n, s.client || '/' || copy AS client, s.sold_on + copy AS sold_at, s.amount, s.profit
FROM sale s, generate_series(1, 19) AS copy
WHERE s.base = 'random' AND s.client <> 'r0007'
UNION ALL
SELECT NULL, NULL, sold_on, amount, profit FROM sale WHERE base = 'random' AND client = 'r0007';
CREATE INDEX ON many (sold_at);
CREATE TEMP TABLE shuffled AS SELECT * FROM many ORDER BY hashint4(n) # hashint8((amount * 1000000)::bigint), amount;

CREATE TEMP TABLE key (name text, type text, expression text);
INSERT INTO key VALUES
('integer', 'integer', 'n'),
('negative', 'integer', '-n'),
('smallint', 'smallint', '(n % 30000)::smallint'),
('bigint', 'bigint', '(n::bigint - 6000) * 1000000007 * 65536'),
('few', 'boolean', 'n % 2 = 0'),
('char', '"char"', '(''a''::text || n)::"char"'),
('enum', 'pg_temp.size', '(ARRAY[''s'', ''m'', ''l'', ''xl''])[1 + n % 4]::pg_temp.size'),
('date', 'date', 'date ''2000-01-01'' + n'),
('text', 'text', 'client'),
('long text', 'text', 'repeat(client, 60)'),
('varchar', 'varchar', 'client::varchar'),
('text without case', 'text COLLATE pg_temp.no_case', '(CASE WHEN hashint8((amount * 1000)::bigint) % 2 = 0 THEN upper(client) ELSE client END) COLLATE pg_temp.no_case'),
('char with spaces', 'bpchar', 'rpad(client, 12 + (amount > 100)::integer)::bpchar'),
('name', 'name', 'client::name'),
('uuid', 'uuid', 'md5(client)::uuid'),
('numeric', 'numeric', 'n + (ARRAY[0.0, 0, 0.00])[1 + (amount > 100)::integer + (amount > 1000)::integer]'),
('double precision', 'double precision', 'CASE WHEN n % 9 = 0 THEN ''NaN'' WHEN n % 9 = 1 THEN 0.0::double precision * (CASE WHEN amount > 100 THEN -1 ELSE 1 END) ELSE n END'),
('interval', 'interval', 'n * interval ''1 day'' + CASE WHEN amount > 100 THEN interval ''1 month -30 days'' ELSE interval ''0'' END'),
('array', 'integer[]', 'ARRAY[n, 1]'),
('composite', 'pg_temp.pair', '(n, client)::pg_temp.pair'),
('range', 'int4range', 'int4range(n, n + 5)'),
('domain', 'pg_temp.code', 'client::pg_temp.code'),
('money', 'money', 'n::money'),
('bit', 'bit varying', 'n::bit(20)::varbit'),
('order alone', 'tsvector', 'to_tsvector(''simple'', client)'),
('composite with order alone', 'pg_temp.text_pair', '(n, to_tsvector(''simple'', ''a''))::pg_temp.text_pair');

SET maintenance_work_mem = '1MB';
SELECT format($sql$SELECT pg_temp.same_rows(pg_temp.bytes(pg_temp.built(%1$L, %2$L)), pg_temp.bytes(pg_temp.grouped(%1$L)), 2, %3$L)$sql$,
    format('SELECT %s AS client, sold_at, amount, profit FROM %s', k.expression, t.name), k.type, k.name || ' of ' || t.name || ' in 1MB')
FROM key k, (VALUES ('many'), ('shuffled')) t (name) WHERE t.name = 'shuffled' OR k.name IN ('integer', 'text') \gexec
SELECT cmp_ok(pg_temp.blocks_written(pg_temp.built('SELECT n AS client, sold_at, amount, profit FROM shuffled', 'integer')), '>', 50::bigint, 'in 1MB, sales go to a file');
SELECT cmp_ok(pg_temp.blocks_written(pg_temp.built('SELECT repeat(client, 60) AS client, sold_at, amount FROM shuffled', 'text')), '>', 1000::bigint, 'and keys');

SET maintenance_work_mem = '64MB';
SELECT format($sql$SELECT pg_temp.same_rows(pg_temp.bytes(pg_temp.built(%1$L, %2$L)), pg_temp.bytes(pg_temp.grouped(%1$L)), 2, %3$L)$sql$,
    format('SELECT %s AS client, sold_at, amount, profit FROM %s', k.expression, t.name), k.type, k.name || ' of ' || t.name || ' in 64MB')
FROM key k, (VALUES ('shuffled')) t (name) WHERE k.name IN ('integer', 'text', 'text without case', 'numeric', 'composite', 'order alone') \gexec
SELECT is(pg_temp.blocks_written(pg_temp.built('SELECT n AS client, sold_at, amount, profit FROM shuffled', 'integer')), 0::bigint, 'in 64MB, nothing goes to a file');

-- A client with most of the sales, and days far apart.
CREATE TEMP TABLE giant AS
SELECT CASE WHEN n % 100 = 0 THEN n ELSE 1 END AS n, date '2000-01-01' + hashint8(n) % 60000 AS sold_at,
    (hashint8(n + 1) % 100000)::numeric / 100 AS amount, CASE WHEN n % 3 > 0 THEN (n % 1000)::numeric / 8 END AS profit
FROM generate_series(1, 120000) AS n;
SET maintenance_work_mem = '1MB';
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT n AS client, sold_at, amount, profit FROM giant', 'integer')),
    pg_temp.bytes(pg_temp.grouped('SELECT n AS client, sold_at, amount, profit FROM giant')), 1000, 'a client with most of the sales');
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT repeat(n::text, 300) AS client, sold_at, amount, profit FROM giant ORDER BY n DESC', 'text')),
    pg_temp.bytes(pg_temp.grouped('SELECT repeat(n::text, 300) AS client, sold_at, amount, profit FROM giant')), 1000, 'for whose key there is no room');
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT CASE WHEN n > 1 THEN n END AS client, sold_at, amount, profit FROM giant', 'integer')),
    pg_temp.bytes(pg_temp.grouped('SELECT CASE WHEN n > 1 THEN n END AS client, sold_at, amount, profit FROM giant')), 1000, 'guests with most of them');

-- --- days and amounts ---

SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built(format('SELECT client, sold_on AS sold_at, amount, profit FROM sale WHERE base = %L', b.base), 'text')),
    pg_temp.bytes(pg_temp.grouped(format('SELECT client, sold_on AS sold_at, amount, profit FROM sale WHERE base = %L', b.base))), 50, b.base)
FROM (SELECT DISTINCT base FROM sale ORDER BY base) b;

CREATE TEMP TABLE moment AS
SELECT n % 500 AS client, timestamptz '2019-01-01 00:00+00' + (hashint8(n) % 100000000) * interval '1 second' AS sold_at, (n % 70)::numeric / 8 AS amount, NULL::numeric AS profit
FROM generate_series(1, 20000) AS n
UNION ALL
-- each hour of the days on which clocks change
SELECT 1, timestamptz '2021-03-27 00:00+00' + n * interval '20 minutes', n, NULL FROM generate_series(1, 300) AS n
UNION ALL
SELECT 1, timestamptz '2021-10-30 00:00+00' + n * interval '20 minutes', n, NULL FROM generate_series(1, 300) AS n;
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT client, sold_at, amount FROM moment', 'integer', z.zone)),
    pg_temp.bytes(pg_temp.grouped('SELECT * FROM moment', '', z.zone)), 500, 'days in ' || z.zone)
FROM (VALUES ('UTC'), ('Europe/Tallinn'), ('America/New_York'), ('Asia/Kathmandu'), ('Australia/Lord_Howe')) z (zone);
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT client, sold_at, amount FROM moment', 'integer', NULL)),
    pg_temp.bytes(pg_temp.grouped('SELECT * FROM moment', '', 'Europe/Tallinn')), 500, 'days of the session');
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT client, sold_at::timestamp AS sold_at, amount FROM moment', 'integer', 'Asia/Tokyo')),
    pg_temp.bytes(pg_temp.grouped('SELECT client, sold_at::timestamp AS sold_at, amount FROM moment', '', 'Asia/Tokyo')), 500, 'timestamps without a zone');

-- Far days, and amounts at the edge of 64 bits.
CREATE TEMP TABLE edge (client integer, sold_at date, amount numeric, profit numeric);
INSERT INTO edge VALUES
(1, '4713-01-01 BC', 1, NULL), (1, '5874897-12-31', 2.5, -1), (1, '1850-05-05', 0, 0),
(2, '2020-01-01', 9223372036854775807, NULL), (3, '2020-01-01', -9223372036854775807, 1),
(4, '2020-01-01', 0.000000000000000001, NULL), (4, '2020-01-01', 9, NULL), (4, '2020-01-02', -9.223372036854775807, NULL),
(5, '2020-01-01', 92233720368547758.07, NULL), (6, '2020-01-01', 100000000000000000, NULL), (6, '2020-01-01', 0.1, 0.3),
(7, '2020-01-01', 12345678901.5678, 0.00001234), (8, '2020-01-01', 100000, 20000000), (8, '2020-01-01', 0.0001, 0.0000), (8, '2019-12-31', 10, 0.7);
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('TABLE edge', 'integer')), pg_temp.bytes(pg_temp.grouped('TABLE edge')), 8, 'amounts and days at the edge');

-- Amounts of every type, rounded.
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built(format('SELECT client, sold_on AS sold_at, %1$s AS amount, %2$s AS profit FROM sale WHERE base = ''random''', a.amount, a.profit), 'text', 'UTC', a.scale)),
    pg_temp.bytes(pg_temp.grouped(format('SELECT client, sold_on AS sold_at, round((%1$s)::numeric, %3$s) AS amount, round((%2$s)::numeric, %3$s) AS profit FROM sale WHERE base = ''random''', a.amount, a.profit, a.scale))),
    500, format('%s rounded to %s decimals', a.amount, a.scale))
FROM (VALUES ('amount', 'profit', 4), ('amount', 'profit', 0), ('amount / 1.2', 'profit / 7', 2), ('amount / 3', 'profit::double precision / 3', 8),
    ('amount::double precision / 1.1', 'profit::real', 4), ('amount::real', 'profit::integer', 1), ('amount::bigint', 'profit::bigint', 2), ('(amount % 1000)::smallint', 'NULL::numeric', 2),
    ('amount + 0.00000000000000000000000000000000000000001', 'profit', 3)) a (amount, profit, scale);

SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT n AS client, sold_at, amount, profit FROM many', 'integer', 'UTC', NULL, '2020-06-15')),
    format('SELECT q.client, purchase_history_send(slice(q.history, ''2020-06-15'', NULL)) FROM (%s) q', pg_temp.grouped('SELECT n AS client, sold_at, amount, profit FROM many')), 10000, 'from a day on');

-- --- what it reports ---

SELECT is(pg_temp.report($$SELECT * FROM (VALUES (1, date '2020-01-01', 1.23456, 'EUR'), (1, NULL, 2.5, 'GBP'), (1, '2020-01-01', NULL, 'CHF'), (NULL, '2020-01-02', 1.00005, NULL),
        (2, NULL, NULL, 'EUR'), (2, '2020-01-01', 1.10000, 'AUD'), (2, '2020-01-01', 7, 'EUR')) v (client, sold_at, amount, currency)$$, 'integer', 4),
    '{"rows_read": 7, "undated": 2, "unpriced": 1, "rounded": 2, "rounding": 0.00009, "currencies": ["AUD", "EUR", null]}', 'what was read, left out, rounded');
SELECT is(pg_temp.report('SELECT 1 AS client, current_date AS sold_at, 1.23456 AS amount', 'integer', NULL) - 'rows_read',
    '{"undated": 0, "unpriced": 0, "rounded": 0, "rounding": 0, "currencies": null}', 'nothing of it');
SELECT is(pg_temp.report('SELECT 1 AS client, current_date AS sold_at, 1.1 AS amount WHERE false', 'integer', 4) -> 'rows_read', '0', 'no row');
SELECT is_empty(pg_temp.built('SELECT NULL::text AS client, sold_at, amount FROM many WHERE false', 'text'), 'no row, no history');
SELECT is_empty(pg_temp.built('SELECT client, NULL::date AS sold_at, amount FROM many', 'text'), 'no day, no history');
SELECT is(pg_temp.report('SELECT amount AS client, sold_on AS sold_at, amount / 7 AS amount FROM sale', 'numeric', 5) - 'undated' - 'unpriced' - 'currencies',
    (SELECT jsonb_build_object('rows_read', count(*), 'rounded', count(*) FILTER (WHERE round(amount / 7, 5) <> amount / 7), 'rounding', sum(round(amount / 7, 5) - amount / 7)) FROM sale), 'roundings add up');
SELECT is(pg_temp.report($$SELECT n AS client, date '2020-01-01' AS sold_at, 1 AS amount, 'c' || n % 3000 AS currency FROM generate_series(1, 9000) AS n$$, 'integer', 4) -> 'currencies',
    (SELECT jsonb_agg('c' || n ORDER BY ('c' || n) COLLATE "C") FROM generate_series(0, 2999) AS n), 'a currency for every client');

-- --- where it is called ---

CREATE TEMP TABLE stock AS SELECT n % 10 AS client, date '2020-01-01' + n AS sold_at, n AS amount FROM generate_series(1, 100) AS n;
CREATE TEMP TABLE kept (client integer, history purchase_history);
WITH gone AS (DELETE FROM stock WHERE client < 5 RETURNING 1),
    more AS (INSERT INTO stock VALUES (77, '2020-01-01', 1)),
    built AS (SELECT (b.built).client, (b.built).history FROM (SELECT build_histories(NULL::integer, 'TABLE stock', 'UTC', 4, NULL) AS built OFFSET 0) b),
    put AS (INSERT INTO kept SELECT * FROM built WHERE history IS NOT NULL RETURNING client)
SELECT is((SELECT array_agg(client ORDER BY client) || count(*)::integer FROM put) || (SELECT count(*)::integer FROM gone), ARRAY[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50], 'it sees what its statement sees, and not what that does');
SELECT results_eq($$SELECT count(*), sum(sale_count(history)) FROM build_histories(NULL::integer, 'TABLE stock', 'UTC', 4, NULL)$$, 'VALUES (7::bigint, 51::numeric)', 'in FROM');

-- beyond memory, and left early
\set beyond 'SELECT build_histories(NULL::text, $$SELECT client, sold_at, amount, profit FROM shuffled$$, $$UTC$$, NULL, NULL) AS built'
SELECT is(count(*), 3::bigint, 'LIMIT') FROM (:beyond LIMIT 3) b;
SELECT is(count(*), 2::bigint, 'LIMIT again and again') FROM generate_series(1, 2) AS n, LATERAL (SELECT count(*) FROM (SELECT build_histories(NULL::text, 'SELECT client, sold_at, amount, profit FROM shuffled WHERE ' || n || ' > 0', 'UTC', NULL, NULL) LIMIT 5) l) c WHERE c.count = 5;
SELECT is(sum(c.count), 3::numeric * (SELECT count(DISTINCT client) + 2 FROM many), 'to the end, again and again') FROM generate_series(1, 3) AS n, LATERAL (SELECT count(*) FROM (SELECT build_histories(NULL::text, 'SELECT client, sold_at, amount, profit FROM shuffled WHERE ' || n || ' > 0', 'UTC', NULL, NULL)) l) c;
DECLARE early CURSOR FOR :beyond;
FETCH 2 FROM early \g /dev/null
SAVEPOINT inner_one;
FETCH 2 FROM early \g /dev/null
DECLARE inner_early CURSOR FOR :beyond;
FETCH 2 FROM inner_early \g /dev/null
ROLLBACK TO inner_one;
FETCH 3 FROM early \g /dev/null
CLOSE early;
SELECT pass('a cursor, over a savepoint, closed early');
DECLARE late CURSOR FOR :beyond;
FETCH 2 FROM late \g /dev/null
MOVE ALL FROM late;
FETCH 1 FROM late \g /dev/null
CLOSE late;
DO $$
DECLARE
    n integer := 0;
    row record;
BEGIN
    FOR row IN SELECT build_histories(NULL::text, 'SELECT client, sold_at, amount, profit FROM shuffled', 'UTC', NULL, NULL) LOOP
        n := n + 1;
        EXIT WHEN n = 3;
    END LOOP;
END
$$;
SELECT is(pg_temp.sqlstate_of($$SELECT 1 / (sale_count((b.built).history) - sale_count((b.built).history)) FROM (SELECT build_histories(NULL::text, 'SELECT client, sold_at, amount, profit FROM shuffled', 'UTC', NULL, NULL) AS built OFFSET 0) b$$), '22012', 'an error of the caller');
SELECT is(pg_temp.sqlstate_of(format('SELECT * FROM (%s) q', pg_temp.built('SELECT client, sold_at, amount / (amount - 12.5) AS amount FROM shuffled UNION ALL SELECT ''x'', ''2020-01-01'', 1 / (random() - random()) * 0 / 0', 'text'))), '22012', 'an error of the query, in the midst');
CREATE FUNCTION pg_temp.is_cancelled(statement text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN false;
EXCEPTION WHEN query_canceled THEN
    RETURN true;
END
$$;
SET LOCAL statement_timeout = '300ms';
SELECT ok(pg_temp.is_cancelled($$SELECT count(*) FROM (SELECT build_histories(NULL::bigint, 'SELECT n AS client, date ''2020-01-01'' AS sold_at, 1 AS amount FROM generate_series(1::bigint, 1000000000) AS n', 'UTC', NULL, NULL)) b$$), 'cancelled while it reads');
SELECT ok(pg_temp.is_cancelled($$SELECT count(pg_sleep(0.01)) FROM (SELECT build_histories(NULL::text, 'SELECT client, sold_at, amount FROM shuffled', 'UTC', NULL, NULL)) b$$), 'and while it gives');
RESET statement_timeout;

-- a builder within the query of a builder
SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built(format('SELECT q.client, d.day AS sold_at, d.sold AS amount FROM (%s) q, LATERAL days(q.history) d', pg_temp.built('SELECT n AS client, sold_at, abs(amount) AS amount FROM many', 'integer')), 'integer')),
    pg_temp.bytes(pg_temp.grouped('SELECT n AS client, sold_at, sum(abs(amount)) AS amount FROM many GROUP BY n, sold_at', '')), 10000, 'a builder within a builder');

-- --- what it refuses, as the aggregate does ---

CREATE FUNCTION pg_temp.message_of(statement text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, message, detail, hint);
END
$$;
SELECT is(pg_temp.message_of(pg_temp.built(r.query, 'integer')),
    nullif(pg_temp.message_of(pg_temp.grouped(r.query, CASE WHEN r.query ~ 'profit' THEN ', q.profit' ELSE '' END)), 'none'), r.query)
FROM (VALUES
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, ''NaN''::numeric AS amount'),
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, ''-infinity''::double precision AS amount'),
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, 1 AS amount, ''Infinity''::numeric AS profit'),
    ('SELECT 1 AS client, date ''infinity'' AS sold_at, 1 AS amount'),
    ('SELECT 1 AS client, timestamptz ''-infinity'' AS sold_at, 1 AS amount'),
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, 1e19 AS amount'),
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, 0.1234567890123456789 AS amount'),
    ('SELECT 1 AS client, date ''2020-01-01'' + n AS sold_at, 5e18 * (-1) ^ (n / 2) AS amount FROM generate_series(1, 4) AS n'),
    ('SELECT 1 AS client, date ''2020-01-01'' + n AS sold_at, CASE n WHEN 1 THEN 5e18 ELSE 0.1 END AS amount FROM generate_series(1, 2) AS n'),
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, 5e18 AS amount, 0.01 AS profit'),
    ('SELECT 1 AS client, date ''2020-01-01'' AS sold_at, 1 AS amount, 9e18 AS profit FROM generate_series(1, 2) AS n'),
    ('SELECT NULL::integer AS client, date ''2020-01-01'' AS sold_at, 9e18 AS amount FROM generate_series(1, 2) AS n')) r (query);

SELECT throws_ok('SELECT ' || r.call, r.state, r.message, r.call)
FROM (VALUES
    ($$build_histories(1, 'SELECT 1 AS client, current_date AS sold_at', 'UTC', 4, NULL)$$, '42703', 'the query gives no column "amount"'),
    ($$build_histories(1, 'SELECT 1::bigint AS client, current_date AS sold_at, 1 AS amount', 'UTC', 4, NULL)$$, '42804', 'client must be integer, not bigint'),
    ($$build_histories(1, 'SELECT 1 AS client, ''x''::text AS sold_at, 1 AS amount', 'UTC', 4, NULL)$$, '42804', 'sold_at must be date, timestamp or timestamptz, not text'),
    ($$build_histories(1, 'SELECT 1 AS client, current_date AS sold_at, 1::money AS amount', 'UTC', 4, NULL)$$, '42804', 'amount must be a number, not money'),
    ($$build_histories(1, 'SELECT 1 AS client, current_date AS sold_at, 1 AS amount, true AS profit', 'UTC', 4, NULL)$$, '42804', 'profit must be a number, not boolean'),
    ($$build_histories(1, 'SELECT 1 AS client, current_date AS sold_at, 1 AS amount, 1 AS currency', 'UTC', 4, NULL)$$, '42804', 'currency must be text, not integer'),
    ($$build_histories(json '1', 'SELECT json ''1'' AS client, current_date AS sold_at, 1 AS amount', 'UTC', 4, NULL)$$, '42883', 'type json has no equality and order to tell clients by'),
    ($$build_histories(1, 'DELETE FROM stock RETURNING client, sold_at, amount', 'UTC', 4, NULL)$$, '0A000', 'DELETE is not allowed in a non-volatile function'),
    ($$build_histories(1, 'VACUUM', 'UTC', 4, NULL)$$, '22023', 'the query must be one that gives rows'),
    ($$build_histories(1, 'TABLE stock; TABLE stock', 'UTC', 4, NULL)$$, '22023', 'the query must be one that gives rows'),
    ($$build_histories(1, NULL, 'UTC', 4, NULL)$$, '22004', 'query must not be null'),
    ($$build_histories(1, 'TABLE stock', 'Nowhere', 4, NULL)$$, '22023', 'time zone "Nowhere" not recognized'),
    ($$build_histories(1, 'TABLE stock', 'UTC', 4, 'infinity')$$, '22008', 'complete_from must be finite')) r (call, state, message);
SELECT is(count(*), 7::bigint, 'and goes on after errors') FROM (SELECT build_histories(NULL::integer, 'TABLE stock', 'UTC', 4, NULL)) b;

-- --- plans ---

SELECT pg_temp.same_rows(
    pg_temp.bytes(pg_temp.built('SELECT n AS client, min(sold_at) AS sold_at, sum(abs(amount)) AS amount FROM many GROUP BY n, sold_at', 'integer')),
    pg_temp.bytes(pg_temp.grouped('SELECT n AS client, sold_at, sum(abs(amount)) AS amount FROM many GROUP BY n, sold_at', '')), 10000, 'a query with an aggregate');

SELECT * FROM finish();
ROLLBACK;
