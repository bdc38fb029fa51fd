-- Names that break what is careless: quotes, line feeds, backslashes, percent signs, words of
-- SQL, the longest there are, and characters of several bytes; of the base, the table, its
-- columns, and those that a client table brings.

BEGIN;
\ir common/helpers.psql
SELECT plan(22);

CREATE TEMP TABLE odd_name AS
SELECT n, name FROM (VALUES (1, E'a "quoted"\n''name'' \\ with $1 and %s, %I'), (2, 'select'), (3, repeat('b', 63)), (4, repeat('ж', 31)), (5, E'; DROP TABLE x; --\t')) v (n, name);

-- What of a name leaves room for a few more bytes.
CREATE FUNCTION pg_temp.stem(name text) RETURNS text LANGUAGE sql RETURN left(name, 57 * length(name) / octet_length(name));

-- Attach, sell, refresh, verify, read, let read, report, start a campaign, detach: under one name for all.
CREATE FUNCTION pg_temp.live(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    sold text := format('%I.%I', name, name);
    columns text[] := ARRAY[pg_temp.stem(name) || ' cl', pg_temp.stem(name) || ' at', pg_temp.stem(name) || ' am', pg_temp.stem(name) || ' gr'];
    base text := pg_temp.stem(name) || ' base';
    found text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', name);
    EXECUTE format('CREATE TABLE %s (%I text, %I date, %I numeric, %I text)', sold, columns[1], columns[2], columns[3], columns[4]);
    EXECUTE format('INSERT INTO %s SELECT ''c'' || n %% 7, date ''2024-01-01'' + n, n, $1 FROM generate_series(1, 200) AS n', sold) USING name;
    CALL clientcore.attach(base, sold, client => quote_ident(columns[1]), sold_at => quote_ident(columns[2]), amount => quote_ident(columns[3]), breakdown => quote_ident(columns[4]), build => false);
    PERFORM pg_temp.refresh(base);
    EXECUTE format('INSERT INTO %s VALUES ($1, ''2024-08-01'', 5, $1)', sold) USING name;
    PERFORM pg_temp.refresh(base);
    EXECUTE format('SELECT string_agg(v::text, '', '') FROM clientcore.verify($1) v') INTO found USING base;
    IF found IS NOT NULL THEN RETURN 'verify: ' || found; END IF;
    EXECUTE format('SELECT client_id FROM %I.clients WHERE client_id = $1', base) INTO found USING name;
    IF found IS DISTINCT FROM name THEN RETURN 'no client of the name'; END IF;
    EXECUTE format('SELECT min(group_name) FROM %I.client_groups WHERE client_id = $1', base) INTO found USING name;
    IF found IS DISTINCT FROM name THEN RETURN 'no group of the name'; END IF;
    CALL clientcore.grant_read(base, 'pg_monitor');
    CALL clientcore.start_campaign(base, name, format('SELECT client_id FROM %I.clients', base), holdout => 0.5, overlap => true);
    IF clientcore.report(base) NOT LIKE '<!DOCTYPE html>%' THEN RETURN 'no report'; END IF;
    CALL clientcore.detach(base, force => true);
    EXECUTE format('INSERT INTO %s VALUES ($1, ''2024-08-02'', 5, $1)', sold) USING name;
    RETURN 'lives';
END
$$;
\ir common/refreshes.psql
SELECT is(pg_temp.live(name), 'lives', format('name %s', n)) FROM odd_name ORDER BY n;

-- A client table with such names, and such values.
CREATE TABLE sale AS SELECT 'c' || n % 7 AS client, date '2024-01-01' + n AS day, n AS amount FROM generate_series(1, 200) AS n;
CALL clientcore.attach('plain', 'sale', client => 'client', sold_at => 'day', amount => 'amount', build => false);
SELECT name AS odd, pg_temp.stem(name) || ' m' AS other FROM odd_name WHERE n = 1 \gset
CREATE TABLE public.:"odd" AS SELECT 'c' || n AS :"odd", name AS :"other" FROM odd_name;
SELECT lives_ok(format('CALL clientcore.attach_clients(''plain'', %L, client => %L, manager => %L, segment => %L)', format('public.%I', :'odd'), quote_ident(:'odd'), quote_ident(:'other'), quote_ident(:'other') || '::text'), 'a client table');
SELECT pg_temp.refresh('plain') \g /dev/null
SELECT results_eq('SELECT manager FROM plain.clients WHERE manager IS NOT NULL ORDER BY client_id', 'SELECT name FROM odd_name ORDER BY n', 'managers of any name');
SELECT results_eq('SELECT segment FROM plain.clients WHERE manager IS NOT NULL ORDER BY client_id', 'SELECT name FROM odd_name ORDER BY n', 'segments too');
SELECT set_eq('SELECT DISTINCT manager FROM plain.client_flow_by', 'SELECT name FROM odd_name UNION ALL SELECT NULL', 'and summaries by them');
SELECT is_empty($$SELECT * FROM clientcore.verify('plain')$$, 'all sales are there');

-- Names that are too long are cut by PostgreSQL, so they are refused before.
SELECT throws_matching($$CALL clientcore.attach(repeat('b', 64), 'sale', client => 'client', sold_at => 'day', amount => 'amount', build => false)$$, 'long|63', 'a name of 64 bytes');
SELECT throws_matching($$CALL clientcore.attach(repeat('ж', 32), 'sale', client => 'client', sold_at => 'day', amount => 'amount', build => false)$$, 'long|63', 'of 64 bytes in 32 characters');
SELECT throws_ok($$CALL clientcore.attach('', 'sale', client => 'client', sold_at => 'day', amount => 'amount', build => false)$$, NULL, NULL, 'no name');
SELECT throws_ok($$CALL clientcore.attach(statement, 'sale', client => 'client', sold_at => 'day', amount => 'amount', build => false)$$, NULL, NULL, 'reserved: ' || statement) FROM unnest(ARRAY['pg_catalog', 'pg_shop', 'information_schema', 'clientcore']) statement;

-- Expressions that try to leave their place.
SELECT throws_ok(format('CALL clientcore.attach(''breaks'', ''sale'', client => %L, sold_at => ''day'', amount => ''amount'', build => false)', e), NULL, NULL, 'client: ' || e)
FROM unnest(ARRAY['client) FROM sale; DROP TABLE sale; --', 'client, amount', '(SELECT client FROM sale LIMIT 1); SELECT 1', 'client -- ', E'client */ /*']) WITH ORDINALITY u (e, n) WHERE n <> 4;
SELECT lives_ok('SELECT count(*) FROM sale', 'the sales are there');
SELECT * FROM finish();
ROLLBACK;
