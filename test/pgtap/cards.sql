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

SELECT * FROM finish();
ROLLBACK;
