-- Capture where sales are in more than one table: partitions at every level, children,
-- and tables that a view joins.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- partitions ---

CREATE TABLE sales (id integer, client integer, at timestamptz NOT NULL, region text NOT NULL, amount numeric(12, 2))
PARTITION BY RANGE (at);
CREATE TABLE sales_2023 PARTITION OF sales FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00') PARTITION BY LIST (region);
CREATE TABLE sales_2023_north PARTITION OF sales_2023 FOR VALUES IN ('north');
-- made apart: other columns, in another order, one of them dropped
CREATE TABLE sales_2023_rest (amount numeric(12, 2), gone text, region text NOT NULL, at timestamptz NOT NULL, client integer, id integer);
ALTER TABLE sales_2023_rest DROP COLUMN gone;
ALTER TABLE sales_2023 ATTACH PARTITION sales_2023_rest DEFAULT;
CREATE TABLE sales_2024 PARTITION OF sales FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
INSERT INTO sales
SELECT i, i % 11, timestamptz '2023-06-01 00:00+00' + i * interval '47 hours', (ARRAY['north', 'south', 'west'])[1 + i % 3], i
FROM generate_series(1, 200) AS i;
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'at', amount => 'amount', filter => 'region <> ''west''',
    time_zone => 'America/New_York', build => false);
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgname LIKE 'clientcore%' AND tgfoid = 'clientcore.capture'::regproc), 20,
    'every table of the tree has its triggers');
SELECT * FROM pg_temp.follows('shop', 'rebuild: it is new', 'partitions');
INSERT INTO sales
SELECT i, i % 11, timestamptz '2023-06-01 00:00+00' + i * interval '47 hours', (ARRAY['north', 'south', 'west'])[1 + i % 3], i
FROM generate_series(201, 260) AS i;
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows written to the root');
INSERT INTO sales_2023 VALUES (301, 1, '2023-12-31 23:00+00', 'north', 5), (302, 2, '2023-12-31 23:00+00', 'south', 5);
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows written to a table between');
INSERT INTO sales_2023_rest (id, client, at, region, amount) VALUES (303, 3, '2023-12-31 23:00+00', 'east', 7);
UPDATE sales_2023_rest SET amount = amount * 2, client = client + 1;
DELETE FROM sales_2023_north WHERE id % 5 = 0;
COPY sales_2023_rest (id, client, at, region, amount) FROM STDIN (FORMAT csv);
304,3,2023-12-31 23:00+00,east,7
305,,2023-12-31 23:00+00,east,7
\.
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows written straight into partitions');
UPDATE sales SET at = at + interval '100 days', amount = amount + 1 WHERE at < '2024-09-01';
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows that move from partition to partition');
UPDATE sales SET region = CASE region WHEN 'north' THEN 'south' WHEN 'south' THEN 'west' ELSE 'north' END WHERE id % 2 = 0;
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows that move, and through the filter');
UPDATE sales_2023 SET region = 'north' WHERE region = 'south';
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows that move below a table between');
MERGE INTO sales s
USING (SELECT i FROM generate_series(1, 400, 3) AS i) n ON s.id = n.i
WHEN MATCHED AND s.id % 2 = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET at = timestamptz '2024-11-05 03:00+00', client = 77
WHEN NOT MATCHED THEN INSERT VALUES (n.i, n.i % 5, '2023-07-01 00:00+00', 'north', 3);
SELECT * FROM pg_temp.follows('shop', 'rebuild: MERGE may have moved rows%', 'MERGE over partitions');
-- rows that only move are shown to no trigger of the statement
PREPARE move AS MERGE INTO sales s USING (SELECT i FROM generate_series(1, 300) AS i) n ON s.id = n.i
WHEN MATCHED THEN UPDATE SET at = s.at - interval '150 days', amount = s.amount + 1;
EXECUTE move;
SELECT * FROM pg_temp.follows('shop', 'rebuild: MERGE may have moved rows%', 'MERGE that only moves rows, prepared');
CREATE FUNCTION pg_temp.move(days integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    MERGE INTO sales s USING (SELECT i FROM generate_series(1, 300) AS i) n ON s.id = n.i
    WHEN MATCHED THEN UPDATE SET at = s.at + days * interval '1 day';
END
$$;
SELECT pg_temp.move(150);
SELECT * FROM pg_temp.follows('shop', 'rebuild: MERGE may have moved rows%', 'MERGE that only moves rows, in a function');
CREATE FUNCTION pg_temp.move_in_sql() RETURNS void LANGUAGE sql AS $$
MERGE INTO sales s USING (SELECT i FROM generate_series(1, 300) AS i) n ON s.id = n.i
WHEN MATCHED THEN UPDATE SET at = s.at - interval '10 days', amount = s.amount + 1
$$;
SELECT pg_temp.move_in_sql();
SELECT * FROM pg_temp.follows('shop', 'rebuild: MERGE may have moved rows%', 'MERGE that only moves rows, in a function in SQL');
MERGE INTO sales_2023_rest s USING (SELECT i FROM generate_series(1, 300) AS i) n ON s.id = n.i
WHEN MATCHED THEN UPDATE SET amount = s.amount + 1;
SELECT * FROM pg_temp.follows('shop', 'delta', 'MERGE into a partition');
-- a partition that comes and goes between two refreshes
CREATE TABLE sales_2030 PARTITION OF sales FOR VALUES FROM ('2030-01-01 00:00+00') TO ('2031-01-01 00:00+00');
INSERT INTO sales VALUES (901, 5, '2030-01-05 00:00+00', 'north', 9);
DROP TABLE sales_2030;
SELECT * FROM pg_temp.follows('shop', 'rebuild: a partition or child was added to sales', 'a partition that came and went');
CREATE TABLE sales_2023_lands PARTITION OF sales_2023 FOR VALUES IN ('far', 'further') PARTITION BY LIST (client);
CREATE TABLE sales_2023_lands_1 PARTITION OF sales_2023_lands FOR VALUES IN (1);
SELECT * FROM pg_temp.follows('shop', 'rebuild: %added: public.sales_2023_lands', 'partitions of partitions');
INSERT INTO sales VALUES (902, 1, '2023-01-05 00:00+00', 'far', 9);
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows written into them');
CREATE TABLE sales_2023_lands_2 PARTITION OF sales_2023_lands FOR VALUES IN (2);
INSERT INTO sales VALUES (903, 2, '2023-01-05 00:00+00', 'far', 9);
ALTER TABLE sales_2023_lands DETACH PARTITION sales_2023_lands_2;
SELECT * FROM pg_temp.follows('shop', 'rebuild: a partition or child was added to sales', 'a partition far below that came and went');
DELETE FROM sales WHERE id % 7 = 0;
SELECT * FROM pg_temp.follows('shop', 'delta', 'DELETE over partitions');
CREATE TABLE sales_2025 PARTITION OF sales FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
INSERT INTO sales VALUES (1001, 5, '2025-01-05 00:00+00', 'north', 9);
SELECT ok(is_stale, 'bases tells of a new partition') FROM clientcore.bases WHERE base = 'shop';
SELECT * FROM pg_temp.follows('shop', 'rebuild: %added: public.sales_2025', 'a new partition');
INSERT INTO sales_2025 VALUES (1002, 5, '2025-01-05 00:00+00', 'north', 9);
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows written straight into it');
ALTER TABLE sales DETACH PARTITION sales_2024;
INSERT INTO sales_2024 VALUES (1003, 5, '2024-01-05 00:00+00', 'north', 9);
SELECT * FROM pg_temp.follows('shop', 'rebuild: %taken away', 'a partition that is detached');
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgrelid = 'sales_2024'::regclass), 0, 'its triggers are gone');
INSERT INTO sales_2024 VALUES (1004, 5, '2024-01-05 00:00+00', 'north', 9);
INSERT INTO sales_2025 VALUES (1004, 5, '2025-01-05 00:00+00', 'north', 9);
SELECT * FROM pg_temp.follows('shop', 'delta', 'what is sold in a table that was taken away');
ALTER TABLE sales ATTACH PARTITION sales_2024 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
SELECT * FROM pg_temp.follows('shop', 'rebuild: %added: public.sales_2024', 'a partition that is attached');
TRUNCATE sales_2025;
SELECT * FROM pg_temp.follows('shop', 'rebuild: %truncated%', 'a partition that is truncated');
DROP TABLE sales_2023_north;
SELECT * FROM pg_temp.follows('shop', 'rebuild: %taken away', 'a partition that is dropped');
CALL clientcore.detach('shop');
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgname LIKE 'clientcore%'), 0, 'detach leaves no trigger');
INSERT INTO sales VALUES (1005, 5, '2025-01-05 00:00+00', 'north', 9);
DROP TABLE sales;

-- A table with a foreign partition cannot have transition tables.
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE TABLE sales (client integer, on_day date, amount integer) PARTITION BY RANGE (on_day);
CREATE TABLE sales_near PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE FOREIGN TABLE sales_foreign PARTITION OF sales FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') SERVER files OPTIONS (filename '/dev/null');
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT is((SELECT capture || ': ' || not_captured FROM shop.source), 'none: public.sales_foreign is a foreign table', 'a foreign partition: rebuilt');
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgname LIKE 'clientcore%'), 0, 'a foreign partition: no triggers');
SELECT throws_ok($$CALL clientcore.attach('other', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', capture => 'delta', build => false)$$,
    '22023', 'capture: changes cannot be captured: public.sales_foreign is a foreign table', 'a foreign partition: delta is refused');
CALL clientcore.detach('shop');
DROP TABLE sales;

-- --- children ---

CREATE TABLE sales (client text, at timestamp, amount integer);
CREATE TABLE sales_online (url text) INHERITS (sales);
CREATE TABLE sales_shop (till integer, shop text) INHERITS (sales);
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'at', amount => 'amount', build => false);
SELECT * FROM pg_temp.follows('shop', 'rebuild: it is new', 'children');
INSERT INTO sales VALUES ('a', '2024-01-01', 1);
INSERT INTO sales_online VALUES ('b', '2024-01-01', 2, 'u');
INSERT INTO sales_shop VALUES ('c', '2024-01-01', 3, 1, 's'), (NULL, '2024-01-01', 3, 1, 's');
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows written to children');
UPDATE sales SET amount = amount * 10;
DELETE FROM sales WHERE client = 'b';
UPDATE ONLY sales SET client = 'd';
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows of children changed through the parent');
SELECT is((SELECT string_agg(client_id || ' ' || history, '; ' ORDER BY client_id) FROM shop.history),
    'c {2024-01-01: sold 30}; d {2024-01-01: sold 10}', 'children: what was sold');
CREATE TABLE sales_fair () INHERITS (sales);
INSERT INTO sales_fair VALUES ('e', '2024-01-01', 1);
SELECT * FROM pg_temp.follows('shop', 'rebuild: %added: public.sales_fair', 'a new child');
ALTER TABLE sales_shop NO INHERIT sales;
SELECT * FROM pg_temp.follows('shop', 'rebuild: %taken away', 'a child that no longer is one');
CALL clientcore.detach('shop');
-- a partition or child alone: its rows can be changed through its parent
SELECT throws_ok($$CALL clientcore.attach('shop', 'sales_online', client => 'client', sold_at => 'at', amount => 'amount', capture => 'delta', build => false)$$,
    '22023', 'capture: changes cannot be captured: public.sales_online is a part of public.sales, through which its rows can be changed',
    'a child alone cannot be followed');
DROP TABLE sales CASCADE;
DROP TABLE sales_shop;

-- --- heads and lines ---

CREATE TABLE orders (order_id integer PRIMARY KEY, client bigint, ordered_on date, note text);
CREATE TABLE order_lines (
    order_id integer REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE,
    line_no integer, quantity integer, price numeric, PRIMARY KEY (order_id, line_no));
INSERT INTO orders SELECT i, nullif(i % 9, 0), date '2024-01-01' + i, NULL FROM generate_series(1, 60) AS i;
INSERT INTO order_lines SELECT i, l, i % 4 - 1, l * 2.55 FROM generate_series(1, 60) AS i, generate_series(1, 3) AS l;
CREATE VIEW sales AS SELECT o.client, o.ordered_on, l.quantity * l.price AS amount FROM orders o JOIN order_lines l USING (order_id);
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'ordered_on', amount => 'amount', capture => 'dirty', build => false);
SELECT * FROM pg_temp.follows('shop', 'rebuild: it is new', 'a view');
SELECT * FROM pg_temp.follows('shop', 'rebuild: changes of public.% are not captured', 'a view of which no table is captured');
CALL clientcore.capture_from('shop', 'orders', client => 'client');
SELECT * FROM pg_temp.follows('shop', 'rebuild: changes of public.order%', 'a view of which one table is captured');
SELECT * FROM pg_temp.follows('shop', 'rebuild: changes of public.order_lines are not captured', 'a view of which one table is captured, again');
CALL clientcore.capture_from('shop', 'order_lines', client => '(SELECT client FROM orders o WHERE o.order_id = order_lines.order_id)');
SELECT * FROM pg_temp.follows('shop', 'rebuild: changes of public.order%', 'a view of which all tables are captured');
SELECT * FROM pg_temp.follows('shop', 'dirty', 'nothing sold');
INSERT INTO orders SELECT i, nullif(i % 9, 0), date '2024-01-01' + i FROM generate_series(61, 70) AS i;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'heads without lines');
INSERT INTO order_lines SELECT i, l, i % 4 - 1, l * 2.55 FROM generate_series(61, 70) AS i, generate_series(1, 3) AS l;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'their lines');
UPDATE order_lines SET quantity = quantity + 1 WHERE order_id % 9 IN (2, 3) AND line_no = 1;
SELECT is((SELECT count(DISTINCT client_id)::integer FROM shop.pending), 2, 'only clients that changed are noted');
SELECT * FROM pg_temp.follows('shop', 'dirty', 'lines changed');
UPDATE orders SET client = 500 WHERE order_id IN (10, 20);
UPDATE orders SET ordered_on = ordered_on + 1 WHERE order_id = 21;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'heads that go to another client');
UPDATE orders SET client = NULL WHERE order_id IN (30);
UPDATE orders SET client = 4 WHERE order_id IN (9);
SELECT * FROM pg_temp.follows('shop', 'dirty', 'clients that become guests, and guests clients');
UPDATE orders SET note = 'x' WHERE order_id = 5;
SELECT is((SELECT count(*)::integer FROM shop.pending), 1, 'of a view''s tables any column may matter');
UPDATE orders SET note = 'x' WHERE order_id = 5;
SELECT is((SELECT count(*)::integer FROM shop.pending), 1, 'the same values do not');
DELETE FROM order_lines WHERE order_id % 7 = 0;
DELETE FROM orders WHERE order_id % 6 = 0;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'DELETE, and what it takes along');
-- in one transaction, the line first changes, then its head goes to another client
UPDATE order_lines SET price = price * 2 WHERE order_id = 11;
UPDATE orders SET client = 600 WHERE order_id = 11;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'a line, then its head');
UPDATE orders SET order_id = order_id + 10000 WHERE order_id IN (13, 14);
SELECT * FROM pg_temp.follows('shop', 'dirty', 'a key that takes the lines along');
WITH o AS (INSERT INTO orders VALUES (900, 700, '2024-05-01') RETURNING order_id)
INSERT INTO order_lines SELECT order_id, 1, 1, 9.99 FROM o;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'head and line in one statement');
CREATE OR REPLACE VIEW sales AS SELECT o.client, o.ordered_on, l.quantity * l.price * 2 AS amount FROM orders o JOIN order_lines l USING (order_id);
SELECT * FROM pg_temp.follows('shop', 'rebuild: view public.sales was changed', 'a view that is defined anew');
TRUNCATE order_lines;
SELECT * FROM pg_temp.follows('shop', 'rebuild: %truncated%', 'TRUNCATE of a table of a view');
CALL clientcore.detach('shop');
DROP VIEW sales;

-- A third table, whose changes reach clients in a way that cannot be told.
CREATE TABLE price (article integer PRIMARY KEY, price numeric);
CREATE TABLE line (line integer PRIMARY KEY, client text, sold_on date, article integer, quantity integer);
CREATE VIEW sales AS SELECT line.client, line.sold_on, quantity * price AS amount FROM line JOIN price USING (article);
INSERT INTO price SELECT i, i FROM generate_series(1, 5) AS i;
INSERT INTO line SELECT i, 'c' || i % 6, date '2024-01-01' + i, 1 + i % 5, i FROM generate_series(1, 40) AS i;
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'sold_on', amount => 'amount', capture => 'dirty', build => false);
CALL clientcore.capture_from('shop', 'line', client => 'client');
CALL clientcore.capture_from('shop', 'price', client => NULL);
SELECT * FROM pg_temp.follows('shop', 'rebuild: %', 'a table of which any change matters to all');
UPDATE line SET quantity = quantity + 1 WHERE line = 7;
SELECT * FROM pg_temp.follows('shop', 'dirty', 'the other table');
UPDATE price SET price = price + 1;
SELECT * FROM pg_temp.follows('shop', 'rebuild: price was changed', 'that table');
CALL clientcore.capture_from('shop', 'price', client => '''c1''::text');
SELECT throws_ok($$CALL clientcore.capture_from('shop', 'price', client => 'random()::text')$$, '22023', NULL, 'a volatile expression is refused');
SELECT throws_ok($$CALL clientcore.capture_from('shop', 'price', client => 'article')$$, '42804', NULL, 'a client of another type is refused');
SELECT throws_ok($$CALL clientcore.capture_from('shop', 'pg_class', client => 'relname')$$, NULL, NULL, 'a table that the view does not read is refused');
CALL clientcore.detach('shop');
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgname LIKE 'clientcore%'), 0, 'detach leaves no trigger');

-- A plain table, dirty.
CALL clientcore.attach('shop', 'line', client => 'client', sold_at => 'sold_on', amount => 'quantity', capture => 'dirty', build => false);
SELECT * FROM pg_temp.follows('shop', 'rebuild: it is new', 'a table, dirty');
UPDATE line SET quantity = quantity + 1 WHERE line % 6 = 1;
DELETE FROM line WHERE line % 6 = 2;
INSERT INTO line VALUES (100, NULL, '2024-01-01', 1, 1), (101, 'new', '2024-01-01', 1, 1);
SELECT * FROM pg_temp.follows('shop', 'dirty', 'a table, dirty, changed');
SELECT is((SELECT count(*)::integer FROM shop.history WHERE client_id = 'c2'), 0, 'a client without sales is gone');
CALL clientcore.detach('shop');

SELECT * FROM finish();
ROLLBACK;
