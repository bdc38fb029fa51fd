-- Capture by triggers: whatever happens to the sales, the next refresh knows it; by
-- the deltas alone where it can, by reading all sales anew where it must; and a
-- statement on the sales never fails because of it.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- statements on a plain table ---

CREATE TABLE article (article_id integer PRIMARY KEY, note text);
INSERT INTO article VALUES (1), (2), (3);
CREATE TABLE sales (
    id integer PRIMARY KEY,
    client text,
    at timestamp,
    amount numeric,
    cost numeric(10, 2),
    state text,
    note text,
    article_id integer REFERENCES article ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO sales VALUES
    (1, 'a', '2024-01-01 10:00', 10, 4, 'ok', 'x', 1),
    (2, 'a', '2024-01-05 10:00', 20, NULL, 'ok', 'x', 1),
    (3, 'b', '2024-01-05 23:59:59.999', -7.5, 1, 'ok', 'x', 2),
    (4, NULL, '2024-01-06', 100, 1, 'ok', NULL, 2),
    (5, 'c', NULL, 100, 1, 'ok', NULL, 2),
    (6, 'd', '2024-01-06', NULL, 1, 'ok', NULL, 2),
    (7, 'e', '2024-01-06', 50, 1, 'cancelled', NULL, 3);
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'at', amount => 'amount',
    profit => 'amount - cost', filter => 'state <> ''cancelled''', time_zone => 'UTC', build => false);
SELECT * FROM pg_temp.follows('shop', 'rebuild: it is new', 'attach');
SELECT is((SELECT string_agg(client_id || ' ' || history, '; ' ORDER BY client_id) FROM shop.history),
    'a {2024-01-01: sold 10, profit 6; 2024-01-05: sold 20}; b {2024-01-05: returned 7.5, profit -8.5}', 'what a build makes');
SELECT is((SELECT history::text FROM shop.guest), '{2024-01-06: sold 100, profit 99}', 'guests are apart');

INSERT INTO sales SELECT 100 + i, 'c' || i % 7, timestamp '2024-02-01' + i * interval '5 hours', i * 1.25, i, 'ok', 'x', 1
FROM generate_series(1, 50) AS i;
SELECT * FROM pg_temp.follows('shop', 'delta', 'INSERT of many');
UPDATE sales SET amount = amount + 0.01 WHERE id % 3 = 0;
SELECT * FROM pg_temp.follows('shop', 'delta', 'UPDATE of amounts');
UPDATE sales SET client = CASE WHEN id % 2 = 0 THEN 'a' WHEN id % 5 = 0 THEN NULL ELSE client END, at = at + interval '1 day';
SELECT * FROM pg_temp.follows('shop', 'delta', 'UPDATE of clients and days');
UPDATE sales SET id = -id;
SELECT is((SELECT count(*)::integer FROM shop.pending), 0, 'UPDATE of a column that no role uses notes nothing');
UPDATE sales SET id = -id, note = 'y', amount = amount;
SELECT is((SELECT count(*)::integer FROM shop.pending), 0, 'UPDATE to the same values notes nothing');
UPDATE sales SET state = CASE state WHEN 'ok' THEN 'cancelled' ELSE 'ok' END WHERE id % 4 = 0 OR id = 7;
SELECT * FROM pg_temp.follows('shop', 'delta', 'UPDATE through the filter, both ways');
UPDATE sales SET state = NULL WHERE id % 9 = 0;
SELECT * FROM pg_temp.follows('shop', 'delta', 'UPDATE to a filter that is null');
UPDATE sales SET at = NULL WHERE id % 11 = 0;
UPDATE sales SET amount = NULL WHERE id % 13 = 0;
UPDATE sales SET cost = NULL WHERE id % 2 = 0;
SELECT * FROM pg_temp.follows('shop', 'delta', 'UPDATE to no day, no amount, no profit');
DELETE FROM sales WHERE id % 4 = 1;
SELECT * FROM pg_temp.follows('shop', 'delta', 'DELETE');
COPY sales FROM STDIN (FORMAT csv);
201,a,2024-03-01,1.10,1,ok,x,1
202,new,2024-03-02,2.20,1,ok,x,3
203,,2024-03-03,3.30,1,ok,x,3
204,new,2024-03-03,4.40,1,cancelled,x,3
\.
SELECT * FROM pg_temp.follows('shop', 'delta', 'COPY');
INSERT INTO sales VALUES (201, 'a', '2024-03-01', 99, 1, 'ok', 'x', 1), (301, 'f', '2024-03-01', 99, 1, 'ok', 'x', 1)
ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, client = 'g';
INSERT INTO sales VALUES (201, 'a', '2024-03-01', 99, 1, 'ok', 'x', 1) ON CONFLICT DO NOTHING;
SELECT * FROM pg_temp.follows('shop', 'delta', 'ON CONFLICT');
MERGE INTO sales s
USING (SELECT i, i * 2.5 AS amount FROM generate_series(200, 310) AS i) n ON s.id = n.i
WHEN MATCHED AND s.id = 202 THEN DELETE
WHEN MATCHED THEN UPDATE SET amount = n.amount, client = coalesce(s.client, 'h')
WHEN NOT MATCHED AND n.i % 10 = 0 THEN INSERT VALUES (n.i, 'm', '2024-04-01', n.amount, 0, 'ok', 'x', 2);
SELECT * FROM pg_temp.follows('shop', 'delta', 'MERGE');
WITH gone AS (DELETE FROM sales WHERE id % 10 = 0 RETURNING *)
INSERT INTO sales SELECT id + 1000, client, at, amount, cost, state, note, article_id FROM gone;
SELECT * FROM pg_temp.follows('shop', 'delta', 'statements in WITH');
DELETE FROM article WHERE article_id = 2;
UPDATE article SET article_id = 30 WHERE article_id = 3;
SELECT * FROM pg_temp.follows('shop', 'delta', 'rows that a foreign key takes along');
PREPARE sell(text, numeric) AS INSERT INTO sales VALUES ((SELECT max(id) + 1 FROM sales), $1, '2024-05-01', $2, 0, 'ok', 'x', 1);
EXECUTE sell('p', 1);
EXECUTE sell('p', 2);
EXECUTE sell('q', 3);
SELECT * FROM pg_temp.follows('shop', 'delta', 'a prepared statement');
SAVEPOINT s;
INSERT INTO sales VALUES (5001, 'a', '2024-06-01', 1, 1, 'ok', 'x', 1);
ROLLBACK TO s;
INSERT INTO sales VALUES (5002, 'a', '2024-06-01', 1, 1, 'ok', 'x', 1);
SELECT * FROM pg_temp.follows('shop', 'delta', 'what was rolled back to a savepoint');
-- A client that loses all its sales is no client any more.
DELETE FROM sales WHERE client = 'p';
SELECT * FROM pg_temp.follows('shop', 'delta', 'DELETE of all of a client');
SELECT is((SELECT count(*)::integer FROM shop.history WHERE client_id = 'p'), 0, 'a client without sales is gone');
SELECT is(pg_temp.refresh('shop'), 'delta', 'a refresh without sales');
TRUNCATE sales;
SELECT * FROM pg_temp.follows('shop', 'rebuild: %truncated%', 'TRUNCATE');
SELECT is((SELECT count(*)::integer FROM shop.history), 0, 'nothing is left after TRUNCATE');
INSERT INTO sales VALUES (1, 'a', '2024-06-01', 1, 1, 'ok', 'x', 1);
TRUNCATE article CASCADE;
SELECT * FROM pg_temp.follows('shop', 'rebuild: %truncated%', 'TRUNCATE that cascades');

-- Triggers of the user's own: one that changes rows before, one that writes more after.
CREATE FUNCTION pg_temp.double() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.amount := NEW.amount * 2; RETURN NEW; END';
CREATE FUNCTION pg_temp.more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sales SELECT NEW.id + 1, 'more', NEW.at, 1, 0, 'ok', 'more', NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER double BEFORE INSERT ON sales FOR EACH ROW EXECUTE FUNCTION pg_temp.double();
CREATE TRIGGER more AFTER INSERT ON sales FOR EACH ROW WHEN (NEW.note = 'once') EXECUTE FUNCTION pg_temp.more();
INSERT INTO sales VALUES (1, 'a', '2024-06-01', 1, 1, 'ok', 'once', NULL), (10, 'a', '2024-06-01', 2, 1, 'ok', 'once', NULL);
SELECT * FROM pg_temp.follows('shop', 'delta', 'triggers of the user''s own');
SELECT is((SELECT string_agg(client_id || ' ' || history, '; ' ORDER BY client_id) FROM shop.history),
    'a {2024-06-01: sold 6 in 2, profit 4}; more {2024-06-01: sold 4 in 2, profit 4}', 'triggers of the user''s own: what was sold');
DROP TRIGGER double ON sales;
DROP TRIGGER more ON sales;

-- --- what capture cannot do never fails a sale ---

INSERT INTO sales VALUES (20, 'a', '2024-06-01', 'NaN', 1, 'cancelled', 'x', NULL);
SELECT is((SELECT count(*)::integer FROM shop.pending), 0, 'what the filter leaves out is not evaluated');
SELECT lives_ok($$INSERT INTO sales VALUES (21, 'a', '2024-06-01', 'NaN', 1, 'ok', 'x', NULL), (22, 'b', '2024-06-01', 1, 1, 'ok', 'x', NULL)$$,
    'NaN is sold');
SELECT is((SELECT count(*)::integer || ' ' || min(reason) FROM shop.pending), '1 amount must be finite, not NaN', 'NaN leaves a marker and no delta');
SELECT throws_ok($$SELECT pg_temp.refresh('shop')$$, '22003', NULL, 'NaN cannot be read by a rebuild either');
DELETE FROM sales WHERE id = 21;
SELECT * FROM pg_temp.follows('shop', 'rebuild: amount must be finite, not NaN', 'NaN, taken back');
INSERT INTO sales VALUES (23, 'a', 'infinity', 1, 1, 'ok', 'x', NULL);
DELETE FROM sales WHERE id = 23;
SELECT alike(pg_temp.refresh('shop'), 'rebuild: sold_at must be finite', 'an infinite moment leaves a marker');
INSERT INTO sales VALUES (24, 'a', '2024-06-01', 1e300, 1, 'ok', 'x', NULL);
DELETE FROM sales WHERE id = 24;
SELECT alike(pg_temp.refresh('shop'), 'rebuild: amount is out of range: 1000%', 'an amount beyond 64 bits leaves a marker');
INSERT INTO sales VALUES (25, 'a', '290000-01-01', 1, 1, 'ok', 'x', NULL);
SELECT lives_ok($$DELETE FROM sales WHERE id = 25$$, 'a day far away can be sold and taken back');
SELECT alike(pg_temp.refresh('shop'), '%', 'and the base refreshes');

-- Columns that are altered.
ALTER TABLE sales RENAME amount TO price;
SELECT lives_ok($$INSERT INTO sales VALUES (30, 'a', '2024-06-01', 1, 1, 'ok', 'x', NULL)$$, 'a renamed column: sales go on');
SELECT alike((SELECT min(reason) FROM shop.pending), '%amount%', 'a renamed column is noted');
SELECT throws_ok($$SELECT pg_temp.refresh('shop')$$, '42703', 'public.sales: amount: column "amount" does not exist', 'a renamed column: refresh says of which table what is missing');
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'at', amount => 'price',
    profit => 'price - cost', filter => 'state <> ''cancelled''', build => false);
SELECT * FROM pg_temp.follows('shop', 'rebuild: it was attached', 'attached anew with the new name');
INSERT INTO sales VALUES (31, 'a', '2024-06-01', 1, 1, 'ok', 'x', NULL);
SELECT * FROM pg_temp.follows('shop', 'delta', 'after that');
-- Names may go round: a column that takes the name of another is another column.
ALTER TABLE sales RENAME price TO other;
ALTER TABLE sales RENAME cost TO price;
ALTER TABLE sales RENAME other TO cost;
INSERT INTO sales VALUES (32, 'a', '2024-06-02', 5, 3, 'ok', 'x', NULL);
SELECT alike((SELECT min(reason) FROM shop.pending), '%', 'columns that exchanged their names are noted');
SELECT * FROM pg_temp.follows('shop', 'rebuild: column "price" of sales was changed', 'columns that exchanged their names');
ALTER TABLE sales ALTER price TYPE double precision;
INSERT INTO sales VALUES (33, 'a', '2024-06-02', 5, 0.1, 'ok', 'x', NULL);
SELECT * FROM pg_temp.follows('shop', 'rebuild: public.sales was truncated or rewritten', 'a column of another type');
INSERT INTO sales VALUES (34, 'a', '2024-06-02', 5, 0.30000000000000004, 'ok', 'x', NULL), (35, 'a', '2024-06-02', 5, 1e15, 'ok', 'x', NULL);
SELECT alike(pg_temp.refresh('shop'), '%', 'large doubles refresh');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'large doubles: histories are the sales');
ALTER TABLE sales ALTER state TYPE integer USING 1;
SELECT lives_ok($$INSERT INTO sales VALUES (36, 'a', '2024-06-02', 5, 1, 2, 'x', NULL)$$, 'an expression that no longer works: sales go on');
SELECT throws_ok($$SELECT pg_temp.refresh('shop')$$, NULL, NULL, 'an expression that no longer works: refresh says so');
ALTER TABLE sales DROP COLUMN state;
SELECT lives_ok($$INSERT INTO sales VALUES (37, 'a', '2024-06-02', 5, 1, 'x', NULL)$$, 'a dropped column: sales go on');
SELECT lives_ok($$UPDATE sales SET note = 'z'$$, 'a dropped column: updates go on');
SELECT lives_ok($$DELETE FROM sales WHERE id = 37$$, 'a dropped column: deletes go on');
SELECT throws_ok($$SELECT pg_temp.refresh('shop')$$, '42703', NULL, 'a dropped column: refresh says so');
CALL clientcore.detach('shop');
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgrelid = 'sales'::regclass AND NOT tgisinternal), 0, 'detach leaves no trigger');
SELECT hasnt_schema('shop');
DROP TABLE sales, article;

-- Functions in expressions: altered, failing, gone.
CREATE FUNCTION public.worth(a numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN a * 2; END';
CREATE TABLE sales (client uuid, on_day date, amount numeric);
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'worth(amount)', time_zone => 'UTC', build => false);
SELECT pg_temp.refresh('shop');
INSERT INTO sales VALUES (md5('a')::uuid, '2024-01-01', 10);
SELECT * FROM pg_temp.follows('shop', 'delta', 'a function in an expression');
CREATE OR REPLACE FUNCTION public.worth(a numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1 / (a - 5); END';
SELECT ok(is_stale AND stale_reason LIKE '%function%', 'bases tells of a function that was changed') FROM clientcore.bases WHERE base = 'shop';
SELECT lives_ok($$INSERT INTO sales VALUES (md5('a')::uuid, '2024-01-01', 5)$$, 'a function that fails: sales go on');
SELECT is((SELECT reason FROM shop.pending), 'division by zero', 'a function that fails is noted');
DELETE FROM sales;
DELETE FROM shop.pending;
DROP FUNCTION public.worth(numeric);
SELECT lives_ok($$INSERT INTO sales VALUES (md5('a')::uuid, '2024-01-01', 5)$$, 'a function that is gone: sales go on');
SELECT alike((SELECT reason FROM shop.pending), '%worth(numeric) does not exist', 'a function that is gone is noted');
CREATE FUNCTION public.worth(a numeric) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT a';
INSERT INTO sales VALUES (md5('b')::uuid, '2024-01-01', 5);
SELECT alike(pg_temp.refresh('shop'), 'rebuild: %', 'a function that is there again');
INSERT INTO sales VALUES (md5('b')::uuid, '2024-01-01', 5);
SELECT * FROM pg_temp.follows('shop', 'delta', 'after that');
CREATE OR REPLACE FUNCTION public.worth(a numeric) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT a * 3';
SELECT * FROM pg_temp.follows('shop', 'rebuild: a function in an expression was changed', 'a function that means something else');

-- --- triggers that were off, tables that were rewritten ---

ALTER TABLE sales DISABLE TRIGGER USER;
INSERT INTO sales VALUES (md5('c')::uuid, '2024-01-01', 5);
SELECT ok(is_stale AND trigger_disabled_count = 4 AND stale_reason LIKE '%disabled%', 'bases tells of disabled triggers')
FROM clientcore.bases WHERE base = 'shop';
SELECT alike(pg_temp.refresh('shop'), 'rebuild: %disabled%', 'disabled triggers mean a rebuild');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'disabled triggers: histories are the sales');
INSERT INTO sales VALUES (md5('d')::uuid, '2024-01-01', 5);
ALTER TABLE sales ENABLE TRIGGER USER;
SELECT * FROM pg_temp.follows('shop', 'rebuild: a trigger was missing, disabled or changed', 'triggers that were disabled for a while');
SET LOCAL session_replication_role = replica;
INSERT INTO sales VALUES (md5('d')::uuid, '2024-01-01', 5);
SET LOCAL session_replication_role = origin;
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 1, 'what was written as a replica is found by verify');
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{"full": true}') IS NOT NULL;
DO $$
BEGIN
    EXECUTE (SELECT format('DROP TRIGGER %I ON sales', tgname) FROM pg_trigger WHERE tgrelid = 'sales'::regclass AND tgname LIKE '%insert');
END
$$;
INSERT INTO sales VALUES (md5('d')::uuid, '2024-01-01', 5);
SELECT ok(is_stale AND trigger_missing_count = 1, 'bases tells of a missing trigger') FROM clientcore.bases WHERE base = 'shop';
SELECT * FROM pg_temp.follows('shop', 'rebuild: a trigger was missing, disabled or changed', 'a trigger that was dropped');
INSERT INTO sales VALUES (md5('d')::uuid, '2024-01-01', 5);
SELECT * FROM pg_temp.follows('shop', 'delta', 'it is there again');

-- --- schemas and owners ---

ALTER SCHEMA shop RENAME TO "The Shop";
INSERT INTO sales VALUES (md5('e')::uuid, '2024-01-01', 5);
SELECT * FROM pg_temp.follows('The Shop', 'rebuild: a trigger was missing, disabled or changed', 'a base that was renamed');
INSERT INTO sales VALUES (md5('e')::uuid, '2024-01-01', 5);
SELECT * FROM pg_temp.follows('The Shop', 'delta', 'after that');
ALTER TABLE sales RENAME TO sold;
INSERT INTO sold VALUES (md5('e')::uuid, '2024-01-01', 5);
SELECT * FROM pg_temp.follows('The Shop', 'delta', 'a table that was renamed');
DROP TABLE sold;
SELECT throws_ok($$SELECT pg_temp.refresh('The Shop')$$, '42P01', NULL, 'a table that was dropped: refresh says so');
SELECT alike((SELECT stale_reason FROM clientcore.bases WHERE base = 'The Shop'), '%no longer exists%', 'a table that was dropped: bases says so');
CALL clientcore.detach('The Shop', source => 1);
SELECT throws_ok($$SELECT pg_temp.refresh('The Shop')$$, '55000', NULL, 'a base without a sales relation is not refreshed to nothing');
CALL clientcore.detach('The Shop');

-- --- rows that logical replication writes into tables of which a view is made ---

CREATE TABLE replica_head (id integer PRIMARY KEY, client text, day date);
CREATE TABLE replica_line (head integer, amount numeric);
INSERT INTO replica_head VALUES (1, 'ann', '2024-01-01'), (2, 'bob', '2024-01-02');
INSERT INTO replica_line VALUES (1, 5), (2, 7);
CREATE VIEW replica_sold AS SELECT h.client, h.day, l.amount FROM replica_head h JOIN replica_line l ON l.head = h.id;
CALL clientcore.attach('replica', 'replica_sold', client => 'client', sold_at => 'day', amount => 'amount', capture => 'dirty', replicated => true, build => false);
CALL clientcore.capture_from('replica', 'replica_head', client => 'client');
CALL clientcore.capture_from('replica', 'replica_line', client => '(SELECT h.client FROM public.replica_head h WHERE h.id = replica_line.head)');
SELECT pg_temp.refresh('replica');
SET LOCAL session_replication_role = replica;
INSERT INTO replica_line VALUES (1, 10);
UPDATE replica_line SET amount = 8, head = 1 WHERE amount = 7;
DELETE FROM replica_line WHERE amount = 5;
SET LOCAL session_replication_role = origin;
SELECT results_eq('SELECT client_id FROM replica.pending ORDER BY id', ARRAY['ann', 'bob', 'ann', 'ann'], 'lines that are replicated lead to their clients, old and new');
SELECT * FROM pg_temp.follows('replica', 'dirty', 'lines that are replicated');
SELECT results_eq('SELECT client_id, history::text FROM replica.history', $$VALUES ('ann', '{2024-01-01: sold 18 in 2}')$$, 'and are added');

SELECT * FROM finish();
ROLLBACK;
