-- What the aggregates take: every pair of types, domains over them, FILTER,
-- DISTINCT, windows, prepared statements, tables that change their types.

BEGIN;
\ir common/helpers.psql
\ir common/random_sales.psql

SELECT plan(25);

CREATE TEMP TABLE expected AS
SELECT client, purchase_history_send(purchase_history(sold_on, amount, profit)) AS bytes FROM sale GROUP BY client;
-- whole amounts, so that every number type holds them
CREATE TEMP TABLE whole_sale AS
SELECT client, sold_on, round(amount) % 30000 AS amount, round(profit) % 30000 AS profit FROM sale;
CREATE TEMP TABLE whole_expected AS
SELECT client, purchase_history_send(purchase_history(sold_on, amount, profit)) AS bytes FROM whole_sale GROUP BY client;

-- every type of moment with every type of number
CREATE TEMP TABLE kind AS
SELECT * FROM unnest(ARRAY['date', 'timestamp', 'timestamptz']) AS moment,
              unnest(ARRAY['numeric', 'bigint', 'integer', 'smallint', 'double precision', 'real']) AS number;
SELECT pg_temp.same_rows(
    (SELECT string_agg(format('SELECT %L, client, purchase_history_send(purchase_history(sold_on::%s, amount::%s, profit::%s)) FROM whole_sale GROUP BY client', k.moment || p.number, k.moment, k.number, p.number), ' UNION ALL ')
     FROM kind k JOIN kind p USING (moment) WHERE k.number = n.number),
    'SELECT moment || number, client, bytes FROM kind, whole_expected',
    10000, format('amounts of %s with any moment and any profit', number))
FROM (SELECT DISTINCT number FROM kind) AS n ORDER BY number;

-- domains, also over domains, with constraints
CREATE DOMAIN pg_temp.euros AS numeric(20, 6) CHECK (value > -1e12);
CREATE DOMAIN pg_temp.small_euros AS pg_temp.euros CHECK (value < 1e12);
CREATE DOMAIN pg_temp.float_euros AS double precision;
CREATE DOMAIN pg_temp.units AS integer NOT NULL;
CREATE DOMAIN pg_temp.order_day AS date CHECK (value > '1900-01-01');
CREATE DOMAIN pg_temp.order_moment AS timestamptz;
CREATE DOMAIN pg_temp.local_moment AS timestamp(3);
CREATE DOMAIN pg_temp.zone_name AS text CHECK (value LIKE '%/%');
SELECT pg_temp.same_rows(
    format('SELECT client, purchase_history_send(purchase_history(sold_on::%s, amount::%s, profit::pg_temp.small_euros)) FROM sale GROUP BY client', moment, number),
    'SELECT * FROM expected', 600, format('domains: %s, %s', moment, number))
FROM (VALUES ('pg_temp.order_day', 'pg_temp.euros'), ('pg_temp.order_moment', 'pg_temp.small_euros'), ('pg_temp.local_moment', 'numeric(30,8)')) AS d(moment, number);
SELECT pg_temp.same_rows(
    'SELECT client, purchase_history_send(purchase_history(sold_on::pg_temp.order_moment, amount::pg_temp.units, profit::pg_temp.float_euros, ''Europe/Tallinn''::pg_temp.zone_name)) FROM whole_sale GROUP BY client',
    'SELECT * FROM whole_expected', 600, 'domains: units, a double and a zone');
SELECT pg_temp.same_rows(
    $$SELECT client, xyz_class(sold_on::pg_temp.order_day, amount::pg_temp.euros, '2022-06-30'::pg_temp.order_day), loyalty_stage(sold_on::pg_temp.order_moment, amount::pg_temp.units, '2022-06-30'::pg_temp.order_day)::text, is_lost_client(sold_on::pg_temp.local_moment, amount::pg_temp.float_euros, '2022-06-30'::pg_temp.order_day) FROM whole_sale GROUP BY client$$,
    $$SELECT client, xyz_class(sold_on, amount, date '2022-06-30'), loyalty_stage(sold_on, amount, date '2022-06-30')::text, is_lost_client(sold_on, amount, date '2022-06-30') FROM whole_sale GROUP BY client$$,
    600, 'domains: classes from sales');
SELECT pg_temp.same_rows(
    'SELECT client, abc_class(amount::pg_temp.euros) OVER w, abc_class(amount::pg_temp.float_euros) OVER w, quantile_score(amount::pg_temp.units) OVER w, abc_class_by_cutoffs(amount::pg_temp.units, ROW(500, 100)::abc_cutoff) FROM whole_sale WINDOW w AS (PARTITION BY client)',
    'SELECT client, abc_class(amount) OVER w, abc_class(amount) OVER w, quantile_score(amount) OVER w, abc_class_by_cutoffs(amount, ROW(500, 100)::abc_cutoff) FROM whole_sale WINDOW w AS (PARTITION BY client)',
    10000, 'domains: ABC and scores');
SELECT pg_temp.same_rows(
    'SELECT client, abc_cutoffs(amount::pg_temp.euros)::text, gini(amount::pg_temp.units), hhi(amount::pg_temp.euros), top_share(amount::pg_temp.float_euros, 0.1), xyz_class_by_variation(amount::pg_temp.units) FROM whole_sale GROUP BY client',
    'SELECT client, abc_cutoffs(amount)::text, gini(amount), hhi(amount), top_share(amount, 0.1), xyz_class_by_variation(amount) FROM whole_sale GROUP BY client',
    600, 'domains: cutoffs and concentration');

-- ways to call an aggregate
SELECT pg_temp.same_rows(
    'SELECT client, purchase_history_send(purchase_history(sold_on, amount) FILTER (WHERE amount > 10)) FROM sale GROUP BY client',
    'SELECT client, purchase_history_send(h) FROM (SELECT DISTINCT client FROM sale) AS c LEFT JOIN (SELECT client, purchase_history(sold_on, amount) AS h FROM sale WHERE amount > 10 GROUP BY client) AS f USING (client)',
    600, 'FILTER; a group without sales has no history');
SELECT pg_temp.same_rows(
    'SELECT client, purchase_history_send(purchase_history(DISTINCT sold_on, 5)) FROM sale GROUP BY client',
    'SELECT client, purchase_history_send(purchase_history(sold_on, 5)) FROM (SELECT DISTINCT client, sold_on FROM sale) AS d GROUP BY client',
    600, 'DISTINCT');
SELECT pg_temp.same_rows(
    'SELECT client, sold_on, purchase_history_send(purchase_history(sold_on, amount, profit) OVER (PARTITION BY client ORDER BY sold_on RANGE BETWEEN ''30 days'' PRECEDING AND CURRENT ROW)) FROM sale WHERE client < ''r0200''',
    'SELECT s.client, s.sold_on, purchase_history_send(slice(h, s.sold_on - 30, s.sold_on)) FROM sale s JOIN (SELECT client, purchase_history(sold_on, amount, profit) AS h FROM sale GROUP BY client) AS f USING (client) WHERE s.client < ''r0200''',
    3000, 'a frame that moves');
SELECT pg_temp.same_rows(
    $$SELECT client, purchase_history_send(purchase_history(sold_on, amount, profit)), xyz_class(sold_on, amount, date '2022-06-30'), is_lost_client(sold_on, amount, date '2022-06-30'), loyalty_stage(sold_on, amount, date '2022-06-30')::text, loyalty_stage(sold_on, amount, date '2020-06-30')::text, purchase_history_send(purchase_history(sold_on, amount)) FROM sale GROUP BY client$$,
    $$SELECT client, purchase_history_send(p), xyz_class(h, '2022-06-30'), is_lost_client(h, '2022-06-30'), loyalty_stage(h, '2022-06-30')::text, loyalty_stage(h, '2020-06-30')::text, purchase_history_send(h) FROM (SELECT client, purchase_history(sold_on, amount, profit) AS p, purchase_history(sold_on, amount) AS h FROM sale GROUP BY client) AS s$$,
    600, 'several aggregates over the same sales do not disturb one another');
PREPARE by_client(date) AS SELECT client, is_lost_client(sold_on, amount, $1) AS is_lost FROM sale GROUP BY client;
SET LOCAL plan_cache_mode = force_generic_plan;
CREATE TEMP TABLE prepared_answer AS EXECUTE by_client('2022-06-30');
SELECT pg_temp.same_rows('SELECT * FROM prepared_answer',
    $$SELECT client, is_lost_client(sold_on, amount, date '2022-06-30') FROM sale GROUP BY client$$, 600, 'a prepared statement');
-- the same call site meets another type
CREATE TEMP TABLE changing (sold_at date, amount integer);
INSERT INTO changing VALUES ('2024-01-01', 5), ('2024-01-02', 7);
CREATE FUNCTION pg_temp.history_of_changing() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT clientcore.purchase_history(sold_at, amount)::text FROM changing);
END
$$;
CREATE TEMP TABLE seen (n integer, h text);
INSERT INTO seen SELECT 1, pg_temp.history_of_changing();
ALTER TABLE changing ALTER amount TYPE numeric(10, 2) USING amount + 0.25;
INSERT INTO seen SELECT 2, pg_temp.history_of_changing();
ALTER TABLE changing ALTER sold_at TYPE timestamp USING sold_at + interval '30 hours', ALTER amount TYPE double precision;
INSERT INTO seen SELECT 3, pg_temp.history_of_changing();
SELECT results_eq('SELECT h FROM seen ORDER BY n',
    $$VALUES ('{2024-01-01: sold 5; 2024-01-02: sold 7}'), ('{2024-01-01: sold 5.25; 2024-01-02: sold 7.25}'), ('{2024-01-02: sold 5.25; 2024-01-03: sold 7.25}')$$,
    'columns that change their types');
SELECT is_empty(
    $$SELECT query, pg_temp.sqlstate_of(query) FROM (SELECT 'SELECT clientcore.is_lost_client(d, 1, d) FROM (VALUES (date ''2024-01-01''), (''2024-01-02'')) AS v(d)') AS q(query) WHERE pg_temp.sqlstate_of(query) <> '22023'$$,
    'an as_of that varies within a group is an error');
SELECT is_empty(
    $$SELECT query, pg_temp.sqlstate_of(query) FROM unnest(ARRAY[
        'SELECT clientcore.purchase_history(d, ''5''::text) FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.purchase_history(d, ''5'') FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.purchase_history(''2024-01-01'', 5)',
        'SELECT clientcore.purchase_history(5, 5)',
        'SELECT clientcore.purchase_history(d, d) FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.purchase_history(d, 5::money) FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.purchase_history(d, ARRAY[5]) FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.purchase_history(d, 5, true) FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.gini(d) FROM (VALUES (date ''2024-01-01'')) AS v(d)',
        'SELECT clientcore.abc_cutoffs(''5'')',
        'SELECT clientcore.abc_class(d) OVER () FROM (VALUES (date ''2024-01-01'')) AS v(d)']) AS query
      WHERE pg_temp.sqlstate_of(query) NOT IN ('42804', '42883', '42725', '42P18', '0A000', '22023')$$,
    'other types and untyped literals are errors');

-- as grown sorting keys
CREATE TEMP TABLE sorted AS SELECT client, purchase_history(sold_on, amount, profit) AS h FROM sale GROUP BY client;
CREATE UNIQUE INDEX sorted_h ON sorted (h, client);
CREATE INDEX sorted_hash ON sorted USING hash (h);
SET LOCAL enable_seqscan = off;
SELECT pg_temp.same_rows('SELECT a.client FROM sorted a WHERE EXISTS (SELECT FROM sorted b WHERE b.h = a.h AND b.client = a.client)', 'SELECT client FROM sorted', 600, 'histories are found by index');
SELECT is((SELECT count(*) FROM (SELECT h, lag(h) OVER (ORDER BY h) AS before FROM sorted) AS s WHERE before > h OR NOT (before <= h) OR (before = h) = (before < h) OR sign(purchase_history_cmp(before, h)) <> CASE WHEN before = h THEN 0 ELSE -1 END OR purchase_history_cmp(h, before) <> -purchase_history_cmp(before, h)), 0::bigint, 'the order is one');
SELECT is((SELECT count(*) FROM sorted a, sorted b, sorted c WHERE a.client < 'r0025' AND b.client < 'r0025' AND c.client < 'r0025' AND a.h <= b.h AND b.h <= c.h AND NOT a.h <= c.h), 0::bigint, 'the order is transitive');

-- histories that differ in one figure alone
CREATE TEMP TABLE alike AS
SELECT n, h::purchase_history AS h FROM unnest(ARRAY[
    '{}', '{2024-01-02: sold 5, profit 1}', '{2024-01-01: sold 5, profit 1}', '{2024-01-01: sold 5.01, profit 1}', '{2024-01-01: sold 5 in 2, profit 1 of 1}',
    '{2024-01-01: sold 5 in 2, profit 1 of 2}', '{2024-01-01: sold 5 in 2, profit 1.5 of 2}', '{2024-01-01: sold 5 in 2, profit -1 of 2}', '{2024-01-01: sold 5}',
    '{2024-01-01: sold 5, returned 1}', '{2024-01-01: sold 5, returned 1.1}', '{2024-01-01: sold 5, returned 1 in 2}', '{2024-01-01: returned 5}',
    '{2024-01-01: sold 5; 2024-01-02: sold 5}', '{2024-01-01: sold -5 in -1}', '{2024-01-01: sold 5 in 0}', '{2024-01-01: sold 0}']) WITH ORDINALITY AS u(h, n);
SELECT is_empty(
    'SELECT a.n, b.n FROM alike a, alike b
     WHERE (a.n = b.n) <> (a.h = b.h) OR (a.n = b.n) = (a.h <> b.h) OR (a.h < b.h) <> (b.h > a.h) OR (a.h <= b.h) <> (b.h >= a.h)
        OR (a.h < b.h)::integer + (a.h = b.h)::integer + (a.h > b.h)::integer <> 1
        OR purchase_history_cmp(a.h, b.h) <> -purchase_history_cmp(b.h, a.h) OR (a.n = b.n) <> (purchase_history_cmp(a.h, b.h) = 0)
        OR (a.n <> b.n AND purchase_history_hash_extended(a.h, 1) = purchase_history_hash_extended(b.h, 1))
        OR (a.h - b.h = ''{}'') <> (a.n = b.n)',
    'a difference in one figure is seen by every comparison');

SELECT * FROM finish();
ROLLBACK;
