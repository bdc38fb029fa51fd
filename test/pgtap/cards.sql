-- Cards: what a refresh makes of histories that are out of the ordinary.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- names ---

CREATE TABLE sales (client integer, on_day date, amount numeric);
INSERT INTO sales SELECT i % 7, date '2023-01-01' + i * 5, i FROM generate_series(1, 120) AS i;
CALL clientcore.attach('shop@"eu" %I %1$s ''x'' $sql$', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT lives_ok($$SELECT pg_temp.refresh('shop@"eu" %I %1$s ''x'' $sql$')$$, 'a base may have any name');
SELECT is((SELECT count(*) FROM "shop@""eu"" %I %1$s 'x' $sql$".clients_as_of('2023-12-31')), 7::bigint, 'also in its functions');
SELECT isnt_empty($$SELECT * FROM clientcore.preview('shop@"eu" %I %1$s ''x'' $sql$', '{"abc_a": 0.3}')$$, 'and where settings are tried');
CALL clientcore.detach('shop@"eu" %I %1$s ''x'' $sql$');

-- --- clients of several fields, which are not NULL where one of these is ---

CREATE TYPE branch AS (company integer, branch text);
CREATE TABLE branch_sales (client branch, on_day date, amount numeric);
INSERT INTO branch_sales
SELECT (client, CASE client WHEN 2 THEN 'east' END)::branch, on_day, 10
FROM generate_series(1, 2) AS client, unnest(ARRAY['2021-01-05', '2021-02-05', '2024-03-05', '2024-04-05']::date[]) AS on_day;
CALL clientcore.attach('shop', 'branch_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
SELECT results_eq('SELECT existed_before, abc_before FROM shop.card ORDER BY client_id', $$VALUES (true, 'C'), (true, 'C')$$, 'whoever bought before was there before');
SELECT results_eq($$SELECT month_date, client_count FROM shop.month_summary WHERE status = 'returned'$$, $$VALUES (date '2024-03-01', 2::bigint)$$, 'and came back');
CALL clientcore.detach('shop');

-- --- sales to nobody known ---

CREATE TABLE shop_sales (client text, on_day date, amount numeric);
INSERT INTO shop_sales VALUES ('ann', '2024-01-10', 10), ('bob', '2023-05-05', 4), ('bob', '2024-02-01', 30), (NULL, '2024-01-03', 7), (NULL, '2020-01-01', 99);
CALL clientcore.attach('shop', 'shop_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT guest_revenue_12m_amount FROM shop.state), 7::numeric, 'revenue of guests');
SELECT is((SELECT as_of FROM shop.state), '2024-02-01', 'the day of the newest sale');
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "bob"}');
SELECT pg_temp.refresh('shop');
SELECT is((SELECT sum(revenue_12m_amount) FROM shop.clients) + (SELECT guest_revenue_12m_amount FROM shop.state), 51::numeric, 'the revenue of forgotten clients is not lost with them');
SELECT is((SELECT as_of FROM shop.state), '2024-02-01', 'a sale to one who was forgotten is a sale still');
INSERT INTO shop_sales VALUES (NULL, '2024-02-09', 1);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT as_of FROM shop.state), '2024-02-09', 'and one to a guest');
INSERT INTO shop_sales VALUES (NULL, '2024-02-11', -1);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT as_of FROM shop.state), '2024-02-11', 'also where it is a return');
CALL clientcore.detach('shop');

-- --- settings that a base chooses ---

CREATE TABLE slow_sales AS
SELECT client, date '2018-01-01' + client + purchase * 90 AS on_day, 5 AS amount FROM generate_series(1, 12) AS client, generate_series(1, 12) AS purchase;
CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT adherent_purchases FROM shop.settings), 5, 'where clients buy every quarter, five purchases are many');
UPDATE shop.settings SET frequent_purchases = 7, adherent_purchases = 9;
SELECT pg_temp.refresh('shop');
SELECT results_eq($$SELECT measure, from_value, to_value FROM clientcore.recalibrate('shop') WHERE measure LIKE 'setting %'$$,
    $$VALUES ('setting adherent_purchases', '9', '7')$$, 'but not fewer than make a client frequent');
CALL clientcore.detach('shop');

SELECT * FROM finish();
ROLLBACK;
