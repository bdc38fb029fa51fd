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

SELECT * FROM finish();
ROLLBACK;
