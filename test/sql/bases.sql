-- A client base: what a DBA and an analyst see of it, from attach to detach.
SET datestyle = ISO;
SET timezone = 'Europe/Tallinn';
SET search_path = public;
\set SHOW_CONTEXT never

CREATE ROLE regress_shop;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_shop;
GRANT CREATE ON SCHEMA public TO regress_shop;
SET SESSION AUTHORIZATION regress_shop;

CREATE TABLE sale (
	id integer PRIMARY KEY,
	client text,
	ordered_at timestamptz,
	gross numeric,
	cost numeric,
	status text DEFAULT 'paid');
INSERT INTO sale VALUES (9, 'cid', '2024-02-20 12:00+02', 60, 30, 'cancelled');
INSERT INTO sale VALUES
	(1, 'ann', '2024-01-31 23:30+02', 120, 60),
	(2, 'ann', '2024-02-01 00:10+02', 10, NULL),
	(3, 'ann', '2024-02-10 12:00+02', -12, -6),
	(4, 'bob', '2024-02-03 12:00+02', 100, 50),
	(5, 'bob', '2024-02-03 18:00+02', 0, 0),
	(6, NULL, '2024-02-05 12:00+02', 24, 10),
	(7, 'bob', NULL, 7, 1),
	(8, 'bob', '2024-02-06 12:00+02', NULL, 1);

-- Attach: amounts without tax have more decimals than four
CALL clientcore.attach('shop', 'sale', client => 'client', sold_at => 'ordered_at', amount => 'gross / 1.2',
	profit => 'gross / 1.2 - cost', filter => $$status <> 'cancelled'$$);
SELECT client_id, first_purchase_date, last_purchase_date, purchase_count, sale_count, return_count, revenue_amount, returned_amount, profit_amount, as_of_date FROM shop.clients ORDER BY client_id;
SELECT source, client_id, history FROM shop.history ORDER BY 1, 2;
TABLE shop.guest;
SELECT relation, alias, client, sold_at, amount, profit, filter, capture FROM shop.source;
SELECT base, owner, relations, client_count, as_of_date, pending_count, is_stale, is_paused, trigger_missing_count,
	trigger_disabled_count, verified_difference_count, running_pid FROM clientcore.bases;

-- What is sold, changed and taken back is noted by statement, and added by the next refresh
INSERT INTO sale VALUES (10, 'cid', '2024-02-20 09:00+02', 36, 20), (11, 'cid', '2024-02-20 10:00+02', 12, 5);
UPDATE sale SET gross = 60 WHERE id = 1;
UPDATE sale SET client = 'dan' WHERE id = 6;
UPDATE sale SET status = 'shipped' WHERE id = 2;
DELETE FROM sale WHERE id = 4;
SELECT client_id, delta FROM shop.pending ORDER BY id;
CALL clientcore.refresh('shop');
SELECT client_id, purchase_count, revenue_amount, profit_amount FROM shop.clients ORDER BY 1;
SELECT * FROM clientcore.verify('shop');
-- Nothing to do; and all of it again
CALL clientcore.refresh('shop');
CALL clientcore.refresh('shop', "full" => true);

-- Shops sell too: another relation of the same base, with numbers of its own and without triggers
CREATE TABLE receipt (no bigint NOT NULL, card varchar(20), day date, total numeric(10,2));
INSERT INTO receipt VALUES (1, 'bob', '2024-02-04', 5), (2, 'eve', '2024-02-05', 6);
CALL clientcore.attach('shop', 'receipt', client => 'card', sold_at => 'day', amount => 'total', capture => 'watermark', watermark => 'no');
INSERT INTO receipt VALUES (3, 'eve', '2024-02-21', 7);
-- What the whole company sold by letter is a view over heads and lines
CREATE TABLE head (no integer, customer text, day date);
CREATE TABLE line (no integer, price numeric, quantity integer);
CREATE VIEW letter AS SELECT customer, day, price * quantity AS total FROM head JOIN line USING (no);
INSERT INTO head VALUES (1, 'bob', '2024-02-07'), (2, 'fay', '2024-02-08');
INSERT INTO line VALUES (1, 2.5, 4), (1, 1, 1), (2, 3, 3);
CALL clientcore.attach('shop', 'letter', 'customer', 'day', 'total', capture => 'dirty');
CALL clientcore.capture_from('shop', 'head', client => 'customer');
CALL clientcore.capture_from('shop', 'line', client => '(SELECT h.customer FROM head h WHERE h.no = line.no)');
CALL clientcore.refresh('shop');
UPDATE line SET quantity = 5 WHERE no = 2;
DELETE FROM head WHERE no = 1;
SELECT source, captured, client_id, line FROM shop.pending ORDER BY client_id, line;
CALL clientcore.refresh('shop');
-- A view that nobody follows is read anew each time
CREATE VIEW gift AS SELECT 'ann'::text AS client, date '2024-02-09' AS day, 1 AS worth;
CALL clientcore.attach('shop', 'gift', 'client', 'day', 'worth');
SELECT relations, client_count, is_stale, stale_reason FROM clientcore.bases;
SELECT source, client_id, history FROM shop.history ORDER BY 2, 1;
SELECT * FROM clientcore.verify('shop');

-- Duplicates are read as one client
INSERT INTO shop.client_alias VALUES ('fay', 'eve');
INSERT INTO shop.client_alias VALUES ('eve', 'ann');
CALL clientcore.refresh('shop');
SELECT client_id, sale_count, revenue_amount FROM shop.clients ORDER BY 1;

-- A client who asks for it is forgotten, under all names; its sales are nobody's
CALL clientcore.forget('shop', 'fay');
CALL clientcore.forget('shop', 'nobody');
CALL clientcore.refresh('shop', "full" => true);
SELECT client_id, sale_count, revenue_amount FROM shop.clients ORDER BY 1;
TABLE shop.forgotten ORDER BY source;
SELECT count(*) FROM shop.forgotten_client;
SELECT * FROM clientcore.verify('shop');

-- Bulk work: paused, nothing is noted but that it was done
CALL clientcore.pause('shop');
INSERT INTO sale SELECT 100 + i, 'gil', timestamptz '2024-02-22 12:00+02', 1, 0 FROM generate_series(1, 1000) i;
SELECT is_paused, pending_count, is_stale, stale_reason FROM clientcore.bases;
CALL clientcore.resume('shop');
CALL clientcore.detach('shop', 'gift');
CALL clientcore.refresh('shop');

-- Settings take effect at the next refresh
UPDATE shop.settings SET time_zone = 'Nowhere/Land';
\set VERBOSITY terse
UPDATE shop.settings SET amount_scale = 9;
UPDATE shop.settings SET abc_a = 0.95;
UPDATE shop.settings SET lost_rule = 'guess';
\set VERBOSITY default
UPDATE shop.settings SET time_zone = 'UTC', amount_scale = 2, as_of = '2024-02-10';
SELECT stale_reason FROM clientcore.bases;
CALL clientcore.refresh('shop');
SELECT client_id, history FROM shop.history WHERE client_id = 'ann';
SELECT client_id, first_purchase_date, last_purchase_date, purchase_count, sale_count, return_count, revenue_amount, returned_amount, profit_amount, as_of_date FROM shop.clients WHERE client_id = 'ann';
-- Sales of January are archived: what is known of them stays
UPDATE shop.settings SET sales_complete_from = '2024-02-01';
CALL clientcore.refresh('shop');
DELETE FROM sale WHERE ordered_at < '2024-02-01';
CALL clientcore.refresh('shop', "full" => true);
SELECT client_id, history FROM shop.history WHERE client_id = 'ann';
SELECT * FROM clientcore.verify('shop');
SELECT time_zone, amount_scale, as_of, sales_complete_from FROM shop.settings_history ORDER BY applied_at;

-- Histories that someone changed by hand
UPDATE shop.history SET history = history OPERATOR(clientcore.+) '{2024-02-02: sold 1}'::clientcore.purchase_history WHERE client_id = 'ann' AND source = 1;
DELETE FROM shop.history WHERE client_id = 'cid';
INSERT INTO shop.history VALUES ('nil', 1, '{2024-02-02: sold 3}');
SELECT * FROM clientcore.verify('shop');
SELECT verified_difference_count FROM clientcore.bases;
CALL clientcore.refresh('shop', "full" => true);
SELECT * FROM clientcore.verify('shop');

-- What triggers cannot follow makes a rebuild, not an error
TRUNCATE receipt, sale;
CALL clientcore.refresh('shop');
SELECT * FROM clientcore.verify('shop');

-- A BI tool reads the views and nothing beneath them
RESET SESSION AUTHORIZATION;
CREATE ROLE regress_bi;
SET SESSION AUTHORIZATION regress_shop;
CALL clientcore.grant_read('shop', 'regress_bi');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bi;
SELECT client_id, revenue_amount FROM shop.clients ORDER BY 1;
SELECT * FROM shop.history;
CALL clientcore.refresh('shop');
SELECT count(*) FROM clientcore.bases;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_shop;

-- Detach: while something depends on the base; then the base
CALL clientcore.detach('shop', source => 2);
CREATE VIEW best AS SELECT client_id FROM shop.clients ORDER BY revenue_amount DESC LIMIT 1;
CALL clientcore.detach('shop');
CALL clientcore.detach('shop', force => true);
DROP VIEW best;
CALL clientcore.detach('shop', force => true);
SELECT count(*) FROM clientcore.bases;
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'clientcore%';
INSERT INTO sale VALUES (1, 'ann', '2024-01-31 23:30+02', 120, 60);

-- Whatever is wrong is said before anything is made: the argument, what is wrong with it, what would be right
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n\t', SQLSTATE || ' ' || message, nullif(detail, ''), nullif('Hint: ' || hint, 'Hint: '));
END $$;
CREATE FUNCTION pg_temp.attach(arguments text) RETURNS text
RETURN pg_temp.outcome(format('CALL clientcore.attach(%s, build => false)', arguments));
CREATE TABLE money (
	client point, day time, total text, price money, currency text DEFAULT 'EUR', note xml, part integer, id bigint NOT NULL,
	made timestamptz NOT NULL DEFAULT now());
INSERT INTO money (id, part, currency) VALUES (1, 1, 'USD'), (2, 2, 'EUR'), (3, 3, NULL), (4, NULL, 'SEK');
CREATE TEMP TABLE fleeting AS TABLE sale;
CREATE INDEX sale_client ON sale (client);
CREATE SEQUENCE numbers;
CREATE SCHEMA full_of;
CREATE TABLE full_of.things ();
CREATE TABLE guarded (LIKE sale);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE UNLOGGED TABLE unlogged (LIKE sale);
RESET SESSION AUTHORIZATION;
CREATE ROLE regress_other;
CREATE TABLE foreign_sale (LIKE sale);
ALTER TABLE foreign_sale OWNER TO regress_other;
SET SESSION AUTHORIZATION regress_shop;

\set ECHO none
\pset format unaligned
\pset tuples_only
\pset fieldsep '\n\t'

SELECT arguments, pg_temp.attach(arguments) FROM (VALUES
	-- the base
	(1, $$NULL, 'sale', 'client', 'ordered_at', 'gross'$$),
	(2, $$' ', 'sale', 'client', 'ordered_at', 'gross'$$),
	(3, $$'pg_shop', 'sale', 'client', 'ordered_at', 'gross'$$),
	(4, $$'public', 'sale', 'client', 'ordered_at', 'gross'$$),
	(5, $$'full_of', 'sale', 'client', 'ordered_at', 'gross'$$),
	(6, $$repeat('x', 64), 'sale', 'client', 'ordered_at', 'gross'$$),
	-- the relation
	(10, $$'shop', NULL, 'client', 'ordered_at', 'gross'$$),
	(11, $$'shop', 'sales', 'client', 'ordered_at', 'gross'$$),
	(14, $$'shop', 'sale_client', 'client', 'ordered_at', 'gross'$$),
	(15, $$'shop', 'numbers', 'client', 'ordered_at', 'gross'$$),
	(16, $$'shop', 'fleeting', 'client', 'ordered_at', 'gross'$$),
	(17, $$'shop', 'foreign_sale', 'client', 'ordered_at', 'gross'$$),
	(18, $$'shop', 'guarded', 'client', 'ordered_at', 'gross'$$),
	-- columns and expressions
	(20, $$'shop', 'sale', NULL, 'ordered_at', 'gross'$$),
	(21, $$'shop', 'sale', 'client', '', 'gross'$$),
	(22, $$'shop', 'sale', 'client', 'ordered_at', NULL$$),
	(23, $$'shop', 'sale', 'customer', 'ordered_at', 'gross'$$),
	(24, $$'shop', 'sale', 'client', 'ordered', 'gross'$$),
	(25, $$'shop', 'sale', 'client', 'ordered_at', 'gross /'$$),
	(26, $$'shop', 'sale', 'client', 'ordered_at', 'gross) FROM sale; --'$$),
	(27, $$'shop', 'sale', 'client', 'ordered_at', 'sum(gross)'$$),
	(28, $$'shop', 'sale', 'client', 'ordered_at', 'generate_series(1, 2)'$$),
	(29, $$'shop', 'sale', 'client', 'ordered_at', 'status'$$),
	(30, $$'shop', 'sale', 'client', 'status', 'gross'$$),
	(31, $$'shop', 'sale', 'client', 'ordered_at', 'gross', profit => 'status'$$),
	(32, $$'shop', 'sale', 'client', 'ordered_at', 'gross', filter => 'gross'$$),
	(33, $$'shop', 'sale', 'client', 'ordered_at', 'gross', filter => 'state = 1'$$),
	(34, $$'shop', 'sale', 'client', 'ordered_at', 'gross', filter => ''$$),
	(35, $$'shop', 'money', 'client', 'made', 'part'$$),
	(36, $$'shop', 'money', 'note', 'made', 'part'$$),
	(37, $$'shop', 'money', 'id', 'day', 'part'$$),
	(38, $$'shop', 'money', 'id', 'made', 'price'$$),
	(39, $$'shop', 'money', '(id, part)', 'made', 'part'$$),
	-- currency
	(40, $$'shop', 'money', 'id', 'made', 'part', currency => 'part'$$),
	(41, $$'shop', 'money', 'id', 'made', 'part', currency => 'currency'$$),
	-- how it is followed
	(50, $$'shop', 'sale', 'client', 'ordered_at', 'gross', time_zone => 'Tallinn'$$),
	(51, $$'shop', 'sale', 'client', 'ordered_at', 'gross', capture => 'triggers'$$),
	(52, $$'shop', 'sale', 'client', 'ordered_at', 'gross', capture => 'watermark'$$),
	(53, $$'shop', 'sale', 'client', 'ordered_at', 'gross', watermark => 'id'$$),
	(54, $$'shop', 'sale', 'client', 'ordered_at', 'gross', capture => 'watermark', watermark => 'no'$$),
	(55, $$'shop', 'sale', 'client', 'ordered_at', 'gross', capture => 'watermark', watermark => 'client'$$),
	(56, $$'shop', 'sale', 'client', 'ordered_at', 'gross', capture => 'watermark', watermark => 'gross'$$),
	(57, $$'shop', 'money', 'id', 'made', 'part', capture => 'watermark', watermark => 'made'$$),
	(58, $$'shop', 'letter', 'customer', 'day', 'total', capture => 'watermark', watermark => 'day'$$),
	(59, $$'shop', 'letter', 'customer', 'day', 'total', capture => 'delta'$$),
	(60, $$'shop', 'unlogged', 'client', 'ordered_at', 'gross', capture => 'delta'$$),
	(61, $$'shop', 'sale', 'client', 'ordered_at::date', 'gross', capture => 'delta'$$),
	(62, $$'shop', 'sale', 'client', 'ordered_at', 'gross * random()', capture => 'delta'$$),
	(63, $$'shop', 'sale', 'client', 'ordered_at', '(SELECT gross)', capture => 'delta'$$),
	(64, $$'shop', 'letter', 'customer', 'day', 'total', replicated => true$$),
	(65, $$'shop', 'sale', 'client', 'ordered_at', 'gross', distribute => true$$)) v(n, arguments) ORDER BY n;
SELECT count(*) FROM clientcore.bases;

-- Another base is asked for, or what it has not
CALL clientcore.attach('shop', 'letter', 'customer', 'day', 'total', capture => 'dirty', build => false);
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$CALL clientcore.refresh('shap')$$),
	(2, $$CALL clientcore.refresh(NULL)$$),
	(3, $$CALL clientcore.refresh('public')$$),
	(4, $$CALL clientcore.detach('shap')$$),
	(5, $$CALL clientcore.forget('shap', 'ann')$$),
	(6, $$CALL clientcore.pause('shap')$$),
	(7, $$CALL clientcore.resume('shap')$$),
	(8, $$CALL clientcore.grant_read('shap', 'public')$$),
	(9, $$CALL clientcore.upgrade_base('shap')$$),
	(10, $$CALL clientcore.capture_from('shap', 'line', NULL)$$),
	(11, $$SELECT * FROM clientcore.verify('shap')$$),
	(20, $$CALL clientcore.detach('shop', 'sale')$$),
	(21, $$CALL clientcore.detach('shop', source => 7)$$),
	(22, $$CALL clientcore.detach('shop', 'nothing')$$),
	(23, $$CALL clientcore.forget('shop', NULL)$$),
	(24, $$CALL clientcore.grant_read('shop', 'nobody')$$),
	(25, $$SELECT * FROM clientcore.verify('shop', 0)$$),
	(26, $$SELECT * FROM clientcore.verify('shop', NULL)$$),
	(30, $$CALL clientcore.capture_from('shop', 'sale', 'client')$$),
	(31, $$CALL clientcore.capture_from('shop', 'letter', 'customer')$$),
	(32, $$CALL clientcore.capture_from('shop', 'head', 'client')$$),
	(33, $$CALL clientcore.capture_from('shop', 'head', 'no')$$),
	(34, $$CALL clientcore.capture_from('shop', 'head', 'customer || random()')$$),
	(35, $$CALL clientcore.capture_from('shop', 'head', 'customer', source => 3)$$),
	(40, $$CALL clientcore.attach('shop', 'sale', 'id', 'ordered_at', 'gross', build => false)$$),
	(41, $$CALL clientcore.attach('shop', 'sale', 'client', 'ordered_at', 'gross', time_zone => 'UTC', build => false)$$),
	(42, $$CALL clientcore.attach('shop', 'foreign_sale', 'client', 'ordered_at', 'gross', build => false)$$),
	(43, $$CALL clientcore.attach('shop', 'sale', 'client', 'ordered_at', 'gross', build => NULL)$$),
	(44, $$CALL clientcore.attach('shop', 'sale', 'client', 'ordered_at', 'gross')$$)) v(n, statement) ORDER BY n;

\set ECHO all
\pset format aligned
\pset tuples_only off
-- What an open transaction forbids
BEGIN;
CALL clientcore.attach('shop', 'sale', 'client', 'ordered_at', 'gross');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL clientcore.refresh('shop');
ROLLBACK;
-- Sales that cannot be read are not attached, and what was there before is left as it was
INSERT INTO sale VALUES (20, 'ann', '2024-02-01 00:00+02', 'NaN');
CALL clientcore.attach('shop', 'sale', 'client', 'ordered_at', 'gross');
SELECT source, relation FROM shop.source;
CALL clientcore.attach('new', 'sale', 'client', 'ordered_at', 'gross');
SELECT base FROM clientcore.bases;

CALL clientcore.detach('shop');
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_shop, regress_other, regress_bi;
DROP ROLE regress_shop, regress_other, regress_bi;
