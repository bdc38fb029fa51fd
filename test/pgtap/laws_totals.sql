-- What is read off a history against SQL over the sales: totals, counts, first and
-- last purchase, intervals and their quantiles.

BEGIN;
\ir common/helpers.psql
SELECT plan(15);
\ir common/histories.psql

CREATE TEMP TABLE expected AS
SELECT base, client,
       sum(amount) AS revenue,
       coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS returned,
       count(*) FILTER (WHERE amount >= 0) AS sale_count,
       count(*) FILTER (WHERE amount < 0) AS return_count,
       count(DISTINCT sold_on) FILTER (WHERE amount >= 0) AS purchase_count,
       sum(profit) AS profit,
       count(profit) AS profit_count,
       min(sold_on) FILTER (WHERE amount >= 0) AS first_purchase,
       max(sold_on) FILTER (WHERE amount >= 0) AS last_purchase
FROM sale GROUP BY base, client;

SELECT pg_temp.same_rows('SELECT base, client, revenue(h) FROM history',
    'SELECT base, client, revenue FROM expected', 600, 'revenue = sum(amount)');
SELECT pg_temp.same_rows('SELECT base, client, returned(h) FROM history',
    'SELECT base, client, returned FROM expected', 600, 'returned = minus the sum of negative amounts');
SELECT pg_temp.same_rows('SELECT base, client, sale_count(h), return_count(h) FROM history',
    'SELECT base, client, sale_count, return_count FROM expected', 600, 'sales and returns counted');
SELECT pg_temp.same_rows('SELECT base, client, purchase_count(h) FROM history',
    'SELECT base, client, purchase_count FROM expected', 600, 'a purchase is a day with a sale');
SELECT pg_temp.same_rows('SELECT base, client, profit(h), profit_count(h) FROM history',
    'SELECT base, client, profit, profit_count FROM expected', 600, 'profit = sum(profit), NULL where none is known');
SELECT pg_temp.same_rows('SELECT base, client, first_purchase(h), last_purchase(h) FROM history',
    'SELECT base, client, first_purchase, last_purchase FROM expected', 600, 'first and last purchase, NULL for returns alone');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE purchase_count = 0), '>=', 16::bigint, 'some clients have returns alone');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE profit_count BETWEEN 1 AND sale_count + return_count - 1), '>=', 100::bigint,
    'some clients have profit known in part');

-- whole bases
SELECT pg_temp.same_rows(
    'SELECT base, revenue(rollup(h)), returned(rollup(h)), sale_count(rollup(h)), return_count(rollup(h)), purchase_count(rollup(h)), profit(rollup(h)), first_purchase(rollup(h)), last_purchase(rollup(h)) FROM history GROUP BY base',
    'SELECT base, sum(amount), coalesce(-sum(amount) FILTER (WHERE amount < 0), 0), count(*) FILTER (WHERE amount >= 0), count(*) FILTER (WHERE amount < 0), count(DISTINCT sold_on) FILTER (WHERE amount >= 0), sum(profit), min(sold_on) FILTER (WHERE amount >= 0), max(sold_on) FILTER (WHERE amount >= 0) FROM sale GROUP BY base',
    1, 'one history of all clients');

-- intervals
SELECT pg_temp.same_rows(
    'SELECT base, client, typical_interval(h) FROM history',
    'SELECT base, client, percentile_cont(0.5) WITHIN GROUP (ORDER BY days_to_next) FROM client LEFT JOIN purchase USING (base, client) GROUP BY base, client',
    600, 'typical_interval = median of the intervals');

CREATE TEMP TABLE difference AS
SELECT base, client, quantile, interval_quantile(h, quantile) AS actual, expected
FROM history JOIN (
    SELECT base, client, quantile,
           percentile_cont(quantile) WITHIN GROUP (ORDER BY days_to_next) AS expected
    FROM (SELECT DISTINCT base, client FROM sale WHERE base <> 'cdnow_sample') AS c LEFT JOIN purchase USING (base, client),
         unnest(ARRAY[0, 0.01, 0.1, 0.25, 1.0/3, 0.5, 0.777, 0.9, 0.95, 1]::double precision[]) AS quantile
    GROUP BY base, client, quantile) AS e USING (base, client);
SELECT is((SELECT count(*) FROM difference
           WHERE (actual IS NULL) <> (expected IS NULL) OR abs(actual - expected) > 1e-9 * greatest(1, expected)), 0::bigint,
          'interval_quantile = percentile_cont');
SELECT cmp_ok((SELECT count(*) FROM difference WHERE actual IS NOT NULL AND actual <> trunc(actual)), '>', 500::bigint,
          'many of these quantiles fall between two intervals');
SELECT is((SELECT count(*) FROM history WHERE interval_quantile(h, 0.5) IS DISTINCT FROM typical_interval(h)), 0::bigint,
          'the typical interval is the quantile 0.5');

-- nothing
SELECT results_eq(
    $$SELECT revenue(h), returned(h), sale_count(h), return_count(h), purchase_count(h), profit(h), profit_count(h), first_purchase(h), last_purchase(h), typical_interval(h) FROM (VALUES ('{}'::purchase_history)) AS e(h)$$,
    $$VALUES (0::numeric, 0::numeric, 0::bigint, 0::bigint, 0::bigint, NULL::numeric, 0::bigint, NULL::date, NULL::date, NULL::double precision)$$,
    'the empty history');

SELECT * FROM finish();
ROLLBACK;
