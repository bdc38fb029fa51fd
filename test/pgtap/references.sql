-- Published and independently computed figures.

BEGIN;
\ir common/helpers.psql

SELECT plan(43);

-- Figures are compared as text or at the precision they are given with.
CREATE FUNCTION pg_temp.about(actual double precision, expected numeric, description text)
RETURNS text LANGUAGE sql AS $$
    SELECT is(round(actual::numeric, scale(expected)), expected, description)
$$;

-- ABC
CREATE TEMP TABLE value AS SELECT * FROM unnest(ARRAY[27, 24, 18, 16, 6, 5, 4]) AS v;
SELECT results_eq(
    $$SELECT string_agg(c, '' ORDER BY v DESC), string_agg(u, '' ORDER BY v DESC), string_agg(m, '' ORDER BY v DESC)
      FROM (SELECT v, abc_class(v, 0.70, 0.90) OVER () AS c,
                   abc_class(v, 0.70, 0.90, 'upto') OVER () AS u,
                   abc_class(v, 0.70, 0.90, boundary => 'midpoint') OVER () AS m FROM value) AS e$$,
    $$VALUES ('AAAABCC', 'AAABCCC', 'AAABBCC')$$, '27, 24, 18, 16, 6, 5, 4 by three rules');
SELECT results_eq(
    $$SELECT abc_class(v) OVER () FROM (VALUES (1000000.0)) AS g(v)$$, $$VALUES ('A')$$, 'a sole giant is A');

-- concentration
SELECT unnest(ARRAY[
       pg_temp.about(gini(v), .46209113, 'Gini of ten incomes'),
       pg_temp.about(gini(v) * 10 / 9, .513434589, 'Gini of ten incomes, unbiased'),
       pg_temp.about(hhi(v), .184081231, 'HHI of ten incomes')])
FROM unnest(ARRAY[541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]) AS v;
SELECT pg_temp.about(gini(v), .3076923, 'Gini of 1, 3, 2, 1, 1, 1, 4') FROM unnest(ARRAY[1, 3, 2, 1, 1, 1, 4]) AS v;

-- XYZ by variation: 36 weekly sales
CREATE TEMP TABLE weekly AS
SELECT n, total, date '2024-01-01' + 7 * (n - 1)::integer AS monday
FROM unnest(ARRAY[0, 15, 40, 15, 10, 15, 20, 15, 10, 15, 20, 15, 5, 20, 45, 20, 15, 20, 25, 20, 15, 20, 25, 20, 40, 10, 35, 10, 5, 10, 15, 10, 5, 10, 15, 10])
     WITH ORDINALITY AS w(total, n);
CREATE TEMP TABLE weekly_history AS SELECT purchase_history(monday, total) AS h, max(monday) + 6 AS sunday FROM weekly;
-- totals of four and twelve weeks, laid out as months and quarters
CREATE TEMP TABLE four_weekly AS
SELECT (n - 1) / 4 AS n, sum(total) AS total, (date '2024-01-15' + (n - 1) / 4 * interval '1 month')::date AS day FROM weekly GROUP BY (n - 1) / 4;
CREATE TEMP TABLE twelve_weekly AS
SELECT (n - 1) / 12 AS n, sum(total) AS total, (date '2024-01-15' + (n - 1) / 12 * interval '3 months')::date AS day FROM weekly GROUP BY (n - 1) / 12;
SELECT results_eq(
    $$SELECT xyz_class_by_variation(h, sunday, 36, 'week', 0.578721, 0.578722), xyz_class_by_variation(h, sunday, 36, 'week', 0.5787215, 2), xyz_class_by_variation(h, sunday, 36, 'week', 0.5787225, 2), xyz_class_by_variation(h, sunday, 36, 'week', 0.1, 0.5787225) FROM weekly_history$$,
    $$VALUES ('Z', 'Y', 'X', 'Y')$$, 'variation by week .578722');
SELECT results_eq(
    $$SELECT xyz_class_by_variation(h, '2024-09-30', 9, 'month', 0.2759435, 2), xyz_class_by_variation(h, '2024-09-30', 9, 'month', 0.2759445, 2) FROM (SELECT purchase_history(day, total) AS h FROM four_weekly) AS f$$,
    $$VALUES ('Y', 'X')$$, 'variation by four weeks .275944');
SELECT results_eq(
    $$SELECT xyz_class_by_variation(h, '2024-09-30', 3, 'quarter', 0.1580665, 2), xyz_class_by_variation(h, '2024-09-30', 3, 'quarter', 0.1580675, 2) FROM (SELECT purchase_history(day, total) AS h FROM twelve_weekly) AS f$$,
    $$VALUES ('Y', 'X')$$, 'variation by twelve weeks .158067');
SELECT results_eq(
    'SELECT (SELECT xyz_class_by_variation(total) FROM weekly), (SELECT xyz_class_by_variation(total) FROM four_weekly), (SELECT xyz_class_by_variation(total) FROM twelve_weekly)',
    $$VALUES ('Z', 'Z', 'Y')$$, 'their classes by the default borders');

\if :has_real

-- online_retail
CREATE TEMP TABLE online_retail AS
SELECT customer_id, purchase_history(invoice_date, quantity * unit_price) AS h
FROM real.online_retail WHERE customer_id IS NOT NULL GROUP BY customer_id;
SELECT is((SELECT sum(revenue(h)) FROM online_retail), 8300065.814, 'online_retail: revenue to the last digit');
SELECT is((SELECT revenue(rollup(h)) FROM online_retail), 8300065.814, 'online_retail: revenue of one history of all');
SELECT is((SELECT count(*) FROM online_retail), 4372::bigint, 'online_retail: clients');
SELECT is((SELECT sum(sale_count(h)) FROM online_retail), 397924::numeric, 'online_retail: sales of zero or more');
SELECT is((SELECT sum(return_count(h)) FROM online_retail), 8905::numeric, 'online_retail: returns');
SELECT is((SELECT count(*) FROM online_retail WHERE revenue(h) < 0), 41::bigint, 'online_retail: clients net negative');
SELECT is((SELECT count(*) FROM online_retail WHERE revenue(h) = 0), 14::bigint, 'online_retail: clients net zero');
SELECT is((SELECT count(*) FROM online_retail WHERE purchase_count(h) = 0), 33::bigint, 'online_retail: clients without a sale');
SELECT is((SELECT count(*) FROM online_retail WHERE first_purchase(h) IS NULL), 33::bigint, 'online_retail: clients without a first purchase');
SELECT is((SELECT revenue(purchase_history(invoice_date, quantity * unit_price)) FROM real.online_retail), 9747747.934, 'online_retail: revenue with guests');

-- cdnow_sample
CREATE TEMP TABLE cdnow AS
SELECT client_id, purchase_history(sold_on, amount) AS h FROM real.cdnow_sample GROUP BY client_id;
SELECT results_eq('SELECT count(*), sum(sale_count(h)), sum(revenue(h)) FROM cdnow',
    'VALUES (2357::bigint, 6919::numeric, 244091.94)', 'cdnow_sample: clients, sales, revenue');
SELECT results_eq(
    $$SELECT sum(purchase_count(as_of(h, '1997-09-30')) - 1), sum(purchase_count(slice(h, from_day => '1997-10-01'))), count(*) FILTER (WHERE purchase_count(as_of(h, '1997-09-30')) = 1) FROM cdnow$$,
    'VALUES (2457::numeric, 1882::numeric, 1411::bigint)', 'cdnow_sample: repeat purchases before and after, clients without one');
CREATE TEMP TABLE cdnow_interval AS
SELECT day - lag(day) OVER (PARTITION BY client_id ORDER BY day) AS interval FROM cdnow, days(as_of(h, '1998-06-30')) WHERE sale_count > 0;
SELECT results_eq(
    'SELECT count(interval), round(avg(interval), 4), percentile_cont(ARRAY[.4, .5, .8, .9, .95]) WITHIN GROUP (ORDER BY interval) FROM cdnow_interval',
    $$VALUES (4339::bigint, 70.8606, '{23,34,117,196,279}'::double precision[])$$, 'cdnow_sample: intervals, their mean and quantiles');
SELECT results_eq(
    $$SELECT count(*) FILTER (WHERE date '1998-06-30' - last_purchase(h) > 180), count(*) FILTER (WHERE date '1998-06-30' - last_purchase(h) > 365), count(*) FILTER (WHERE purchase_count(h) = 1) FROM cdnow$$,
    'VALUES (1842::bigint, 1539::bigint, 1218::bigint)', 'cdnow_sample: silent clients, clients of one purchase');
SELECT is((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY typical_interval(h)) FROM cdnow), 60::double precision, 'cdnow_sample: median typical interval');
SELECT results_eq(
    $$SELECT cohort, array_agg(buyers ORDER BY month)
      FROM (SELECT cohort, (date_part('year', period_start) - 1997) * 12 + date_part('month', period_start) - date_part('month', cohort) AS month, count(*) FILTER (WHERE purchase_count > 0) AS buyers
            FROM (SELECT date_trunc('month', first_purchase(h))::date AS cohort, h FROM cdnow) AS c, periods(h, 'month', to_day => '1998-06-30')
            GROUP BY cohort, period_start) AS m
      WHERE month <= 6 GROUP BY cohort ORDER BY cohort$$,
    $$VALUES (date '1997-01-01', '{781,124,95,70,65,77,65}'::bigint[]), ('1997-02-01', '{857,134,110,75,77,75,61}'), ('1997-03-01', '{719,87,84,78,63,64,55}')$$,
    'cdnow_sample: cohorts');
SELECT is((SELECT round(avg((purchase_count(h) > 1)::integer), 6) FROM cdnow), .483241, 'cdnow_sample: repeat rate');
SELECT unnest(ARRAY[
       pg_temp.about(gini(revenue(h)), .630917, 'cdnow_sample: Gini'),
       pg_temp.about(hhi(revenue(h)), .0022858, 'cdnow_sample: HHI'),
       pg_temp.about(top_share(revenue(h), 0.01), .1455, 'cdnow_sample: share of the top 1 %'),
       pg_temp.about(top_share(revenue(h), 0.1), .5081, 'cdnow_sample: share of the top 10 %'),
       pg_temp.about(top_share(revenue(h), 0.2), .6740, 'cdnow_sample: share of the top 20 %'),
       pg_temp.about(top_share(revenue(h), round(1.0 / 2357, 9)), .026845, 'cdnow_sample: share of the largest client')])
FROM cdnow;

-- rfm_orders
CREATE TEMP TABLE rfm AS
SELECT customer_id, purchase_history(order_date, revenue) AS h FROM real.rfm_orders GROUP BY customer_id;
SELECT results_eq('SELECT count(*), sum(sale_count(h)), sum(revenue(h)) FROM rfm',
    'VALUES (995::bigint, 4906::numeric, 464158::numeric)', 'rfm_orders: clients, orders, revenue');
SELECT unnest(ARRAY[
       pg_temp.about(gini(revenue(h)), .289603, 'rfm_orders: Gini'),
       pg_temp.about(top_share(revenue(h), 0.1), .2016, 'rfm_orders: share of the top 10 %'),
       pg_temp.about(top_share(revenue(h), 0.2), .3562, 'rfm_orders: share of the top 20 %')])
FROM rfm;
CREATE TEMP TABLE rfm_score AS
SELECT quantile_score(date '2006-12-31' - last_purchase(h)) OVER () AS silence,
       quantile_score(sale_count(h)) OVER () AS frequency,
       quantile_score(purchase_count(h)) OVER () AS frequency_days,
       quantile_score(revenue(h)) OVER () AS monetary
FROM rfm;
SELECT results_eq(
    $$SELECT array_agg(count ORDER BY score) FROM (
        SELECT measure, score, count(*) FROM rfm_score, LATERAL (VALUES (1, silence), (2, frequency), (3, frequency_days), (4, monetary)) AS m(measure, score) GROUP BY measure, score) AS s
      GROUP BY measure ORDER BY measure$$,
    $$VALUES ('{200,199,198,201,197}'::bigint[]), ('{268,187,176,244,120}'), ('{269,187,178,241,120}'), ('{199,201,197,203,195}')$$,
    'rfm_orders: sizes of silence, frequency (orders, days) and monetary scores');

-- ABC of both
SELECT results_eq(
    $$SELECT name, array_agg(count ORDER BY class), boundary FROM (
        SELECT name, boundary, class, count(*) FROM (
            SELECT name, abc_class(worth) OVER (PARTITION BY name) AS crossing, abc_class(worth, boundary => 'upto') OVER (PARTITION BY name) AS upto
            FROM (SELECT 'cdnow' AS name, revenue(h) AS worth FROM cdnow UNION ALL SELECT 'rfm', revenue(h) FROM rfm) AS w) AS c,
            LATERAL (VALUES ('crossing', crossing), ('upto', upto)) AS b(boundary, class)
        GROUP BY name, boundary, class) AS s
      GROUP BY name, boundary ORDER BY name, boundary$$,
    $$VALUES ('cdnow', '{777,804,776}'::bigint[], 'crossing'), ('cdnow', '{776,797,784}', 'upto'), ('rfm', '{607,228,160}', 'crossing'), ('rfm', '{603,230,162}', 'upto')$$,
    'cdnow_sample and rfm_orders: ABC by crossing and upto');

-- northwind and classicmodels
SELECT results_eq(
    'SELECT count(*), sum(revenue(h)) FROM (SELECT purchase_history(order_date, round(unit_price * quantity * (1 - discount), 4)) AS h FROM real.northwind_lines GROUP BY customer_id) AS n',
    'VALUES (89::bigint, 1265793.0414)', 'northwind: clients and revenue, lines rounded to four decimals');
SELECT results_eq(
    $$SELECT fits, count(*) FROM (SELECT pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(order_date, unit_price * quantity * (1 - discount)) FROM real.northwind_lines WHERE customer_id = %L', customer_id)) AS fits
      FROM real.northwind_lines GROUP BY customer_id) AS n GROUP BY fits ORDER BY fits$$,
    $$VALUES ('00000', 40::bigint), ('22003', 49::bigint)$$, 'northwind: 18 decimals are more than 64 bits hold for 49 clients');
SELECT results_eq(
    'SELECT count(*), sum(revenue(h)), sum(profit(h)), sum(profit_count(h)) FROM (SELECT purchase_history(order_date, quantity_ordered * price_each, quantity_ordered * (price_each - buy_price)) AS h FROM real.classicmodels_lines GROUP BY customer_number) AS c',
    'SELECT 98::bigint, 9604190.61, sum(quantity_ordered * (price_each - buy_price)), 2996::numeric FROM real.classicmodels_lines', 'classicmodels: clients, revenue and profit');

-- the 95 % quantile of the intervals with fewer than three before them
SELECT results_eq(
    $$SELECT name, ceil(percentile_cont(0.95) WITHIN GROUP (ORDER BY interval))::integer
      FROM (SELECT name, client, day - lag(day) OVER w AS interval, row_number() OVER w AS number
            FROM (SELECT 'cdnow_sample' AS name, client_id AS client, h FROM cdnow
                  UNION ALL SELECT 'online_retail', customer_id::text, h FROM online_retail
                  UNION ALL SELECT 'rfm_orders', customer_id, h FROM rfm
                  UNION ALL SELECT 'northwind', customer_id, purchase_history(order_date, quantity) FROM real.northwind_lines GROUP BY customer_id
                  UNION ALL SELECT 'classicmodels', customer_number::text, purchase_history(order_date, quantity_ordered) FROM real.classicmodels_lines GROUP BY customer_number) AS b, days(h)
            WHERE sale_count > 0 WINDOW w AS (PARTITION BY name, client ORDER BY day)) AS i
      WHERE number BETWEEN 2 AND 4 GROUP BY name ORDER BY name$$,
    $$VALUES ('cdnow_sample', 338), ('classicmodels', 491), ('northwind', 279), ('online_retail', 203), ('rfm_orders', 438)$$,
    'days of silence that few young clients outlast, by base');
\else
SELECT skip('the real sales are not here (online_retail, cdnow_sample, rfm_orders, northwind, classicmodels)', 33);
\endif

SELECT * FROM finish();
ROLLBACK;
