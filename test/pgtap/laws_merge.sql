-- Any split of the sales, in any order, merges to the same bytes.

BEGIN;
\ir common/helpers.psql
SELECT plan(20);
\ir common/random_sales.psql
\ir common/real_sales.psql
-- a tenth of the largest set is enough for so many sorts
DELETE FROM sale WHERE base = 'online_retail' AND client NOT LIKE '%7';

CREATE TEMP TABLE whole AS
SELECT base, client, purchase_history(sold_on, amount, profit) AS h
FROM sale GROUP BY base, client;

CREATE TEMP TABLE expected AS
SELECT base, client, purchase_history_send(h) AS bytes,
       purchase_history_hash(h) AS hash, purchase_history_hash_extended(h, 7) AS hash_extended
FROM whole;

-- each sale with a random place and random parts
SELECT setseed(0.17) \g /dev/null
CREATE TEMP TABLE dealt AS
SELECT *, random() AS place, floor(random() * 2) AS half,
       floor(random() * 7)::integer AS part, floor(random() * random() * 40) AS uneven
FROM sale ORDER BY random();

CREATE TEMP TABLE part_history AS
SELECT base, client, part, random() AS place, purchase_history(sold_on, amount, profit) AS h
FROM dealt GROUP BY base, client, part;

-- folds with the operator instead of the aggregate
CREATE AGGREGATE pg_temp.fold_left(purchase_history) (
    SFUNC = purchase_history_add, STYPE = purchase_history, INITCOND = '{}');
CREATE FUNCTION pg_temp.add_in_front(purchase_history, purchase_history)
RETURNS purchase_history LANGUAGE sql AS 'SELECT $2 + $1';
CREATE AGGREGATE pg_temp.fold_right(purchase_history) (
    SFUNC = pg_temp.add_in_front, STYPE = purchase_history, INITCOND = '{}');

CREATE VIEW pg_temp.expected_bytes AS SELECT base, client, bytes FROM expected;

SELECT cmp_ok((SELECT count(DISTINCT bytes) FROM expected), '>', 500::bigint,
              'random clients have histories of their own');

SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, profit ORDER BY sold_on)) FROM sale GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'sales in order of time');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, profit ORDER BY sold_on DESC, amount)) FROM sale GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'sales against the order of time');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, profit ORDER BY place)) FROM dealt GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'sales in random order');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, profit ORDER BY scale(amount) DESC, place)) FROM dealt GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'sales of most decimals first');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, profit ORDER BY scale(amount), profit NULLS FIRST, place)) FROM dealt GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'sales of fewest decimals first, unknown profit first');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(purchase_history(sold_on, amount::numeric(30,12), profit::numeric(30,15) ORDER BY place)) FROM dealt GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'trailing zeros leave no trace');

SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(rollup(h)) FROM (SELECT base, client, purchase_history(sold_on, amount, profit) AS h FROM dealt GROUP BY base, client, half) AS p GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'two parts, rollup');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(rollup(h ORDER BY place)) FROM part_history GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'seven parts in random order, rollup');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(rollup(h ORDER BY place DESC)) FROM part_history GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'seven parts in the opposite order, rollup');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(rollup(h)) FROM (SELECT base, client, purchase_history(sold_on, amount, profit ORDER BY place) AS h FROM dealt GROUP BY base, client, uneven) AS p GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'forty uneven parts, rollup');
SELECT pg_temp.same_rows(
    $$SELECT base, client, purchase_history_send(rollup(h ORDER BY place)) FROM (SELECT base, client, place, purchase_history(sold_on, amount, profit) AS h FROM dealt WHERE base <> 'online_retail' GROUP BY base, client, place, sold_on) AS p GROUP BY base, client$$,
    $$SELECT * FROM pg_temp.expected_bytes WHERE base <> 'online_retail'$$, 600, 'a history per sale, rollup in random order');
SELECT pg_temp.same_rows(
    $$SELECT base, client, purchase_history_send(rollup(h)) FROM (SELECT base, client, rollup(h) AS h FROM part_history GROUP BY base, client, part % 3) AS p GROUP BY base, client$$,
    'SELECT * FROM pg_temp.expected_bytes', 600, 'rollup of rollups');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(pg_temp.fold_left(h ORDER BY place)) FROM part_history GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'seven parts in random order, added one after the other');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(pg_temp.fold_right(h ORDER BY place)) FROM part_history GROUP BY base, client',
    'SELECT * FROM pg_temp.expected_bytes', 600, 'seven parts in random order, each added in front');

SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_hash(h), purchase_history_hash_extended(h, 7) FROM (SELECT base, client, rollup(h ORDER BY place) AS h FROM part_history GROUP BY base, client) AS p',
    'SELECT base, client, hash, hash_extended FROM expected', 600, 'equal content has equal hashes');
SELECT pg_temp.same_rows(
    'SELECT w.base, w.client FROM whole w JOIN (SELECT base, client, rollup(h ORDER BY place) AS h FROM part_history GROUP BY base, client) AS p USING (base, client) WHERE w.h = p.h AND NOT w.h <> p.h AND w.h <= p.h AND w.h >= p.h AND NOT w.h < p.h AND NOT w.h > p.h AND purchase_history_cmp(w.h, p.h) = 0',
    'SELECT base, client FROM whole', 600, 'equal content is equal to every comparison');
SELECT pg_temp.same_rows(
    $$SELECT base, client, purchase_history_send(purchase_history(sold_on, amount)) FROM sale WHERE base <> 'classicmodels' AND base <> 'random' GROUP BY base, client
      UNION ALL SELECT base, client, purchase_history_send(purchase_history(sold_on, amount)) FROM (SELECT * FROM sale WHERE base = 'random' ORDER BY random()) AS s GROUP BY base, client$$,
    $$SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, NULL::numeric)) FROM sale WHERE base <> 'classicmodels' GROUP BY base, client$$,
    600, 'profit that is never known is no profit at all');
SELECT pg_temp.same_rows(
    $$SELECT base, client, purchase_history_send(purchase_history(sold_on, amount, profit)) FROM
      (SELECT base, client, sold_on, amount, profit FROM dealt
       UNION ALL SELECT base, client, NULL, amount, profit FROM dealt WHERE half = 0
       UNION ALL SELECT base, client, sold_on, NULL, profit FROM dealt WHERE half = 1) AS s GROUP BY base, client$$,
    'SELECT * FROM pg_temp.expected_bytes', 600, 'rows without a day or an amount are left out');

SELECT * FROM finish();
ROLLBACK;
