-- XYZ classes of every client against their definitions in plain SQL.

BEGIN;
\ir common/helpers.psql
SELECT plan(18);
\ir common/histories.psql

-- days to ask for: before all sales, within, after; ends of months, quarters and weeks, and others
CREATE TEMP TABLE asked AS
SELECT DISTINCT base, as_of
FROM (SELECT base, min(day) AS first_day, max(day) - min(day) AS span FROM sale_day GROUP BY base) AS b,
     LATERAL (VALUES
         (first_day - 1),
         (first_day + span / 3),
         ((date_trunc('month', (first_day + span / 2)::timestamp) - interval '1 day')::date),
         ((date_trunc('quarter', (first_day + span * 4 / 5)::timestamp) - interval '1 day')::date),
         ((date_trunc('year', (first_day + span * 4 / 5)::timestamp) - interval '1 day')::date),
         ((date_trunc('week', (first_day + span * 9 / 10)::timestamp) - interval '1 day')::date),
         (first_day + span),
         (first_day + span + 100)) AS d(as_of);

-- the two largest sets: two days, two rules
CREATE TEMP TABLE rule (name text, periods integer, period text, x numeric, y numeric);
INSERT INTO rule VALUES
    ('default', 12, 'month', 0.75, 0.25),
    ('quarters', 8, 'quarter', 0.75, 0.25),
    ('weeks', 26, 'week', 0.5, 0.1),
    ('few', 3, 'month', 1, 0.333333333),
    ('years', 5, 'year', 0.8, 0.4),
    ('days', 20, 'day', 0.2, 0.05);
DELETE FROM asked
WHERE base IN ('online_retail', 'cdnow_sample')
  AND as_of NOT IN (SELECT a.as_of FROM asked a WHERE a.base = asked.base ORDER BY a.as_of DESC LIMIT 2);
CREATE TEMP TABLE question AS
SELECT row_number() OVER () AS q, a.base, a.as_of, r.*
FROM asked a, rule r
WHERE a.base NOT IN ('online_retail', 'cdnow_sample') OR r.name IN ('default', 'quarters');

-- The last periods whole ones ending on or before as_of.
CREATE TEMP TABLE calendar_period AS
SELECT q, period, starts_at::date AS starts_on, (starts_at + step)::date - 1 AS ends_on
FROM question,
     LATERAL (SELECT CASE period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || period)::interval END AS step) AS s,
     LATERAL (SELECT date_trunc(period, (as_of + 1)::timestamp) AS this_one) AS t,
     generate_series(this_one - periods * step, this_one - step, step) AS starts_at;

-- What each client had bought by then.
ALTER TABLE client ADD id serial;
CREATE TEMP TABLE standing AS
SELECT c.id, q.q, min(p.day) AS first_day, count(p.day) AS purchase_count
FROM client c JOIN question q USING (base)
LEFT JOIN purchase p ON (p.base, p.client) = (c.base, c.client) AND p.day <= q.as_of
GROUP BY c.id, q.q;

CREATE TEMP TABLE purchase_period AS
SELECT DISTINCT id, period, date_trunc(period, day::timestamp)::date AS starts_on
FROM purchase JOIN client USING (base, client), (SELECT DISTINCT period FROM rule) AS r;

CREATE TEMP TABLE total AS
SELECT id, period, date_trunc(period, day::timestamp)::date AS starts_on, sum(revenue) AS revenue
FROM sale_day JOIN client USING (base, client), (SELECT DISTINCT period FROM rule) AS r
GROUP BY 1, 2, 3;

ANALYZE client, question, calendar_period, standing, purchase_period, total;

-- A row per client and question: the periods from that of the first purchase on,
-- those with a purchase, the sum of the totals and that of their squares.
SET LOCAL enable_mergejoin = off;
CREATE TEMP TABLE regularity AS
SELECT s.id, s.q,
       count(c.starts_on) AS period_count,
       count(p.starts_on) AS periods_with_purchase,
       sum(t.revenue) AS sum,
       sum(t.revenue * t.revenue) AS sum_of_squares
FROM standing s
JOIN calendar_period c ON c.q = s.q AND c.ends_on >= s.first_day
LEFT JOIN purchase_period p ON (p.id, p.period, p.starts_on) = (s.id, c.period, c.starts_on)
LEFT JOIN total t ON (t.id, t.period, t.starts_on) = (s.id, c.period, c.starts_on)
GROUP BY s.id, s.q;

CREATE TEMP VIEW known AS
SELECT base, client, as_of, name, purchase_count, coalesce(period_count, 0) AS period_count, periods_with_purchase, sum, sum_of_squares
FROM standing LEFT JOIN regularity USING (id, q) JOIN client USING (id) JOIN question USING (q, base);

-- by frequency
CREATE TEMP TABLE expected AS
SELECT base, client, as_of, name,
       CASE WHEN purchase_count < 2 OR period_count < 3 THEN NULL
            WHEN periods_with_purchase >= x * period_count THEN 'X'
            WHEN periods_with_purchase >= y * period_count THEN 'Y'
            ELSE 'Z' END AS class
FROM known JOIN rule USING (name);

SELECT pg_temp.same_rows(
    format('SELECT base, client, as_of, xyz_class(h, as_of, periods, period, x, y) FROM history JOIN question USING (base) WHERE name = %L', name),
    format('SELECT base, client, as_of, class FROM expected WHERE name = %L', name),
    4000, format('by frequency: %s', name))
FROM rule;
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, xyz_class(h, as_of) FROM history JOIN asked USING (base)',
    $$SELECT base, client, as_of, class FROM expected WHERE name = 'default'$$,
    4000, 'by frequency: what is not said');
SELECT pg_temp.same_rows(
    $$SELECT base, client, as_of, xyz_class(sold_on, amount, as_of) FROM sale JOIN asked USING (base) WHERE base <> 'online_retail' OR client < '13500' GROUP BY base, client, as_of$$,
    $$SELECT base, client, as_of, class FROM expected WHERE name = 'default' AND (base <> 'online_retail' OR client < '13500')$$,
    4000, 'by frequency: from sales');
SELECT cmp_ok((SELECT min(count) FROM (SELECT count(class) FROM expected GROUP BY name, class HAVING class IS NOT NULL) AS c), '>', 0::bigint,
    'every rule finds every class');
SELECT is((SELECT count(DISTINCT class) FROM expected), 3::bigint, 'X, Y and Z');

-- by variation: population coefficient of variation without root or division,
-- n * sum of squares - sum² <= threshold² * sum²
CREATE TEMP TABLE variation_rule (name text, x numeric, y numeric);
INSERT INTO variation_rule VALUES
    ('default', 0.10, 0.25), ('quarters', 0.5, 1), ('weeks', 1.5, 3), ('few', 0.4, 1.414213562), ('years', 0.333333333, 2), ('days', 2, 4.3);
CREATE TEMP TABLE expected_variation AS
SELECT base, client, as_of, name,
       CASE WHEN period_count < 3 OR sum IS NULL OR sum <= 0 THEN NULL
            WHEN period_count * sum_of_squares - sum * sum <= x * x * sum * sum THEN 'X'
            WHEN period_count * sum_of_squares - sum * sum <= y * y * sum * sum THEN 'Y'
            ELSE 'Z' END AS class
FROM known JOIN variation_rule USING (name);

SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, name, xyz_class_by_variation(h, as_of, periods, period, v.x, v.y) FROM history JOIN question USING (base) JOIN variation_rule v USING (name)',
    'SELECT base, client, as_of, name, class FROM expected_variation',
    20000, 'by variation: every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, xyz_class_by_variation(h, as_of) FROM history JOIN asked USING (base)',
    $$SELECT base, client, as_of, class FROM expected_variation WHERE name = 'default'$$,
    4000, 'by variation: what is not said');
SELECT is((SELECT count(DISTINCT class) FROM expected_variation), 3::bigint, 'by variation: X, Y and Z');

-- amounts near the border of 64 bits over many thousand periods: squares are of
-- another order
CREATE TEMP TABLE large_sale AS
SELECT n, date '1990-01-15' + part * (CASE n % 2 WHEN 0 THEN 30 ELSE 1 + n % 50 END) AS day,
       (CASE WHEN random() < 0.2 THEN -1 ELSE 1 END) * floor(random() * power(10, 17 - n % 3 * random() * 5))::numeric AS amount
FROM generate_series(1, 1000) AS n, generate_series(1, 3 + n % 30) AS part;
CREATE TEMP TABLE large_rule AS
SELECT * FROM (VALUES (1000, 0.1, 5.5), (3000, 3, 10), (100000, 10.1, 20.123456789)) AS v(periods, x, y);
CREATE TEMP TABLE large_expected AS
SELECT n, periods,
       CASE WHEN count < 3 OR sum <= 0 THEN NULL
            WHEN count * sum_of_squares - sum * sum <= x * x * sum * sum THEN 'X'
            WHEN count * sum_of_squares - sum * sum <= y * y * sum * sum THEN 'Y'
            ELSE 'Z' END AS class
FROM (SELECT n, periods, x, y, last_day - first_day + 1 AS count, sum(amount) AS sum, sum(amount * amount) AS sum_of_squares
      FROM (SELECT n, periods, x, y, max(day) AS last_day,
                   greatest(max(day) - periods + 1, min(day) FILTER (WHERE amount >= 0)) AS first_day
            FROM large_sale, large_rule GROUP BY n, periods, x, y) AS b
      JOIN large_sale USING (n)
      WHERE day BETWEEN first_day AND last_day
      GROUP BY n, periods, x, y, first_day, last_day) AS s;
SELECT pg_temp.same_rows(
    'SELECT n, periods, xyz_class_by_variation(h, last_day, periods, ''day'', x, y) FROM (SELECT n, purchase_history(day, amount) AS h, max(day) AS last_day FROM large_sale GROUP BY n) AS s, large_rule WHERE first_purchase(h) IS NOT NULL',
    'SELECT * FROM large_expected', 2500, 'by variation: large amounts over many periods');
SELECT is((SELECT count(DISTINCT class) FROM large_expected), 3::bigint, 'by variation: X, Y and Z of large amounts');

-- the aggregate over totals of periods
CREATE TEMP TABLE period_total AS
SELECT n, (CASE WHEN n % 3 = 0 THEN 90 + floor(random() * 25) WHEN n % 3 = 1 THEN 50 + floor(random() * 50) ELSE floor(random() * 100) - 30 END)::numeric / 8 AS total,
       random() < 0.02 AS is_empty
FROM generate_series(1, 3000) AS n, generate_series(1, 1 + n % 13);
SELECT pg_temp.same_rows(
    'SELECT n, xyz_class_by_variation(CASE WHEN NOT is_empty THEN total END), xyz_class_by_variation(CASE WHEN NOT is_empty THEN total::double precision END) FROM period_total GROUP BY n',
    $$SELECT n, class, class FROM (
        SELECT n, CASE WHEN count(*) < 3 OR sum(t) <= 0 THEN NULL
                       WHEN count(*) * sum(t * t) - sum(t) * sum(t) <= 0.01 * sum(t) * sum(t) THEN 'X'
                       WHEN count(*) * sum(t * t) - sum(t) * sum(t) <= 0.0625 * sum(t) * sum(t) THEN 'Y'
                       ELSE 'Z' END AS class
        FROM (SELECT n, CASE WHEN is_empty THEN 0 ELSE total END AS t FROM period_total) AS z GROUP BY n) AS c$$,
    3000, 'by variation: the aggregate over totals, NULL an empty period');
SELECT results_eq(
    $$SELECT xyz_class_by_variation(t) FROM (VALUES (1, 9), (1, 11), (1, 9), (1, 11), (2, 10), (2, 10), (3, 75), (3, 125), (3, 75), (3, 125), (4, 74), (4, 125), (4, 75), (4, 125), (5, 0), (5, 0), (5, 0)) AS v(n, t) GROUP BY n ORDER BY n$$,
    $$VALUES ('X'), (NULL), ('Y'), ('Z'), (NULL)$$,
    'by variation: both borders belong to the better class');

SELECT * FROM finish();
ROLLBACK;
