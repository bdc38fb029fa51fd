-- A base in which every view has rows, for tools to read: sales made up of the generated
-- trade, with names that tools may trip over, and days of a time zone of its own. The role
-- bi_reader may read its views and nothing else.
--
-- The password of bi_reader is that of the environment, PGPASSWORD.

\set clients 300
\ir ../demo/generate.sql

CREATE FUNCTION pg_temp.pick(words text[], thing text, salt bigint) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN words[1 + ((hashtextextended(thing, salt) & 9007199254740991) % cardinality(words))];

CREATE TABLE odd_name (plain, odd) AS VALUES
    (pg_temp.name(1), 'O''Brien & "Sons" <b>, Ltd'), (pg_temp.name(2), 'Ülle Õun OÜ'), (pg_temp.name(3), 'ქართული წყალი'),
    (pg_temp.name(4), 'Ёлка; DROP TABLE x --'), (pg_temp.name(6), 'back\slash\n'), (pg_temp.name(7), '100 % {fn now()} ? $1 :a');

-- By night in London it is tomorrow in Tallinn.
CREATE TABLE invoice_line AS
SELECT s.order_id, s.line_no, coalesce(o.odd, s.client) AS client, (s.sold_at + interval '13 hours') AT TIME ZONE 'Europe/London' AS sold_at, s.amount, s.cost,
    CASE WHEN s.sold_at < '2024-06-01' OR s.client > 'M' THEN pg_temp.pick('{Chairs,Tables,Lamps,Rugs}', s.client || s.order_id, 1)
        ELSE pg_temp.pick('{Chairs,Tables}', s.client || s.order_id, 1) END AS product_line
FROM sales s
LEFT JOIN odd_name o ON o.plain = s.client;

CREATE EXTENSION IF NOT EXISTS clientcore;
SET client_min_messages = warning;
CALL clientcore.attach('shop', 'invoice_line', client => 'client', sold_at => 'sold_at', amount => 'amount', profit => 'amount - cost',
    time_zone => 'Europe/Tallinn', breakdown => 'product_line');

CREATE TABLE customers AS
SELECT client_id AS client, nullif(pg_temp.pick('{Anna,A_na,O''Brien,%,nobody}', client_id, 2), 'nobody') AS manager, pg_temp.pick('{north,south}', client_id, 3) AS region,
    pg_temp.pick('{shops,hotels}', client_id, 4) AS segment, pg_temp.pick('{fair,website,friend}', client_id, 5) AS channel,
    date '1960-01-01' + (hashtextextended(client_id, 6) & 8191)::integer AS birthday, true AS consent
FROM shop.clients
UNION ALL
SELECT 'Never Bought & Co', 'Anna', 'north', 'shops', 'fair', NULL, true;
CALL clientcore.attach_clients('shop', 'customers', client => 'client', manager => 'manager', region => 'region', segment => 'segment',
    channel => 'channel', birthday => 'birthday', consent => 'consent');

CREATE TABLE tickets AS
SELECT t.*, CASE kind WHEN 'survey' THEN 1 + (hashtextextended(client, n + 20) & 7) END AS score,
    CASE kind WHEN 'survey' THEN pg_temp.pick('{people,offer,brand,benefit}', client || n, 8) END AS element,
    CASE kind WHEN 'concession' THEN 10 * n END AS amount, kind = 'concession' AND n % 2 = 0 AS unasked,
    CASE kind WHEN 'promise' THEN at::date + 14 END AS due, CASE WHEN n % 3 > 0 THEN at + interval '30 hours' END AS resolved
FROM (
    SELECT client, n, timestamptz '2024-12-30 20:00Z' - interval '1 hour' * (hashtextextended(client, n) & 16383) AS at,
        pg_temp.pick('{call,complaint,survey,survey,concession,promise,request,referral}', client || n, 7) AS kind
    FROM customers, generate_series(1, 9) AS n) t;
CALL clientcore.attach_interactions('shop', 'tickets', client => 'client', at => 'at', kind => 'kind', due_at => 'due', resolved_at => 'resolved',
    score => 'score', element => 'element', amount => 'amount', our_initiative => 'unasked', "text" => 'kind');

UPDATE shop.settings SET as_of = '2023-12-31';
CALL clientcore.refresh('shop');
INSERT INTO shop.offer (name, kind, cost, is_for_lost_clients, valid_from) VALUES ('a gift', 'gift', 9, true, '2023-12-01');
CALL clientcore.start_campaign('shop', 'gift', 'lost_clients', offer => 'a gift', holdout => 0.3, ends_on => '2024-12-31');
UPDATE shop.settings SET as_of = NULL;
CALL clientcore.refresh('shop');

\getenv password PGPASSWORD
CREATE ROLE bi_reader LOGIN PASSWORD :'password';
CALL clientcore.grant_read('shop', 'bi_reader');
