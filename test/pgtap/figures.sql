-- card_figures against the functions that give each figure alone, and against plain
-- SQL over the days.

BEGIN;
\ir common/helpers.psql
SELECT plan(45);
\ir common/random_sales.psql

-- around leap days, where 12 months back are not as many days
INSERT INTO sale
SELECT 'random', 'leap' || n, d::date, CASE WHEN random() < 0.2 THEN -1 ELSE 1 END * round((random() * 100)::numeric, n % 3), CASE WHEN n % 3 = 0 OR random() < 0.9 THEN round((random() * 10 - 2)::numeric, 2) END
FROM generate_series(1, 40) AS n,
     unnest(ARRAY['2019-02-28', '2019-03-01', '2020-02-28', '2020-02-29', '2020-03-01', '2020-05-29', '2021-02-28', '2021-03-01', '2021-05-30', '2021-05-31', '2022-02-27', '2022-02-28', '2023-02-28', '2023-03-01', '2024-02-28', '2024-02-29', '2024-03-01', '2025-02-28', '2025-03-01']) AS d
WHERE random() < 0.5;
\ir common/real_sales.psql
\ir common/day_tables.psql
CREATE TEMP TABLE history AS
SELECT base, client, purchase_history(sold_on, amount, profit) AS h FROM sale GROUP BY base, client;

CREATE TEMP TABLE rule (
    name text, xyz_by text, periods integer, period text, x numeric, y numeric,
    frequent_purchases integer, adherent_purchases integer, adherent_days integer,
    factor numeric, min_days integer, max_days integer, fallback_days integer, first_days integer, model fitted_model, p_alive double precision);
INSERT INTO rule VALUES
    ('default', 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90),
    ('quarters', 'frequency', 8, 'quarter', 0.75, 0.25, 3, 5, 365, 2.37, 14, 400, 203, 30),
    ('variation', 'variation', 12, 'month', 0.5, 1.5, 4, 12, 100, 1.01, 1, 1000, 60, 1),
    ('fixed', 'variation', 26, 'week', 1.5, 3, 3, 3, 0, 3, 180, 180, 180, 400);
-- lost by P(alive)
INSERT INTO rule VALUES
    ('mbg', 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 10, 700, 20, 90,
        '{"kind": "mbg/nbd", "parameters": {"r": 0.52, "alpha": 43.3, "a": 0.89, "b": 1.61}}', 0.5),
    ('pareto', 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 0, 400, 500, 90,
        '{"kind": "pareto/nbd", "unit": "week", "parameters": {"r": 0.55, "alpha": 10.6, "s": 0.61, "beta": 11.7}}', 0.25),
    ('bg', 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 5, 300, 100, 90,
        '{"kind": "bg/nbd", "parameters": {"r": 0.24, "alpha": 30.9, "a": 0.79, "b": 2.43}}', 0.8);

-- Days to ask for: before, between and after all days of a client, on them, and
-- around leap days. Days to compare with: a year before (where before is a year,
-- too), other days, the day itself, a later one, none.
CREATE TEMP TABLE question AS
SELECT row_number() OVER (ORDER BY base, client, as_of) AS id, base, client, as_of,
       CASE row_number() OVER (ORDER BY base, client, as_of) % 7
           WHEN 0 THEN NULL
           WHEN 1 THEN as_of - 100
           WHEN 2 THEN as_of - 365
           WHEN 3 THEN as_of - 366
           WHEN 4 THEN as_of + length(client) % 2
           ELSE (as_of - interval '12 months')::date END AS compared
FROM (SELECT base, client, first_day + part * (last_day - first_day + 60) / 5 - 1 AS as_of
      FROM (SELECT base, client, min(day) AS first_day, max(day) AS last_day FROM sale_day GROUP BY base, client) AS c, generate_series(0, 5) AS part
      WHERE base = 'random' OR part IN (2, 5)
      UNION
      SELECT base, client, day + beside FROM sale_day, unnest(ARRAY[-1, 0, 89, 364, 365, 366]) AS beside
      WHERE base = 'random' AND (client LIKE 'leap%' OR client LIKE '%17')
      UNION
      SELECT base, client, d FROM client, unnest(ARRAY['2020-02-29', '2021-02-28', '2024-02-29']::date[]) AS d WHERE base = 'random') AS d;
ANALYZE question, history, rule;

CREATE TEMP TABLE figure AS
SELECT q.id, q.as_of, r.name, f.*
FROM question q JOIN history USING (base, client), rule r,
     card_figures(h, as_of, compared, xyz_by, periods, period, x, y, frequent_purchases, adherent_purchases, adherent_days,
         factor, min_days, max_days, fallback_days, first_days, model, p_alive) AS f;
ANALYZE figure;

-- What is the same by every rule, from plain SQL.
CREATE TEMP TABLE standing AS
SELECT q.*, p.*, (as_of - interval '12 months')::date AS year_ago, (compared - interval '12 months')::date AS year_before_compared,
       (as_of - 90 - interval '12 months')::date AS year_ago_90d, (last_purchase - interval '12 months')::date AS value_after
FROM question q,
     LATERAL (SELECT min(day) AS first_purchase, max(day) AS last_purchase, (array_agg(day ORDER BY day))[2] AS second_purchase, count(*) AS purchase_count
              FROM purchase p WHERE (p.base, p.client) = (q.base, q.client) AND p.day <= q.as_of) AS p;
ANALYZE standing;
CREATE TEMP TABLE expected AS
SELECT id, count(d.day) AS day_count,
       coalesce(sum(sale_count), 0) AS sale_count, coalesce(sum(return_count), 0) AS return_count, sum(revenue) AS revenue, sum(returned) AS returned, sum(profit) AS profit,
       count(*) FILTER (WHERE day > year_ago AND sale_count > 0) AS purchase_12m_count,
       coalesce(sum(revenue) FILTER (WHERE day > year_ago), 0) AS revenue_12m,
       CASE WHEN bool_and(profit_count = sale_count + return_count) FILTER (WHERE day > year_ago) THEN sum(profit) FILTER (WHERE day > year_ago)
            WHEN count(*) FILTER (WHERE day > year_ago) = 0 AND sum(profit_count) > 0 THEN 0 END AS profit_12m,
       coalesce(bool_and(profit_count = sale_count + return_count) FILTER (WHERE day > year_ago), true) AS is_profit_known,
       coalesce(sum(revenue) FILTER (WHERE day > as_of - 90), 0) AS revenue_90d,
       coalesce(sum(revenue) FILTER (WHERE day > year_ago_90d AND day <= year_ago), 0) AS revenue_90d_year_ago,
       CASE WHEN compared IS NOT NULL THEN coalesce(sum(revenue) FILTER (WHERE day > compared), 0) END AS revenue_since,
       CASE WHEN compared = year_ago THEN coalesce(sum(revenue) FILTER (WHERE day > year_before_compared AND day <= compared), 0)
            WHEN compared IS NOT NULL THEN coalesce(sum(revenue) FILTER (WHERE day > compared - (as_of - compared) AND day <= compared), 0) END AS revenue_before,
       sum(revenue) FILTER (WHERE day > value_after AND day <= last_purchase) AS value_revenue,
       CASE WHEN bool_and(profit_count = sale_count + return_count) FILTER (WHERE day > value_after AND day <= last_purchase)
            THEN sum(profit) FILTER (WHERE day > value_after AND day <= last_purchase) END AS value_profit
FROM standing s JOIN sale_day d ON (d.base, d.client) = (s.base, s.client) AND d.day <= as_of
GROUP BY id, as_of, compared, year_ago, year_before_compared;
ANALYZE expected;

CREATE FUNCTION pg_temp.columns_are(names text, query text, description text)
RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.same_rows(format('SELECT id, name, %s FROM figure', names), query, 20000, description)
$$;

-- where nothing was sold or returned, there is nothing
SELECT pg_temp.columns_are('num_nulls(first_purchase, second_purchase, frequent_on, adherent_on, last_purchase, purchase_count, sale_count, return_count, revenue, returned, profit,
    purchase_12m_count, revenue_12m, profit_12m, is_profit_known, revenue_90d, revenue_90d_year_ago, revenue_since, revenue_before, value_revenue, value_profit, first_days_revenue, first_revenue,
    typical_interval, silence_limit, come_back_count, full_years, years_bought, xyz, rung, history_hash) = 31',
    'SELECT id, name, day_count IS NULL FROM question LEFT JOIN expected USING (id), rule', 'no figures before the first day, some from it on');
SELECT cmp_ok((SELECT count(*) FROM figure WHERE rung IS NULL), '>', 1000::bigint, 'many are asked about before their first day');
DELETE FROM figure WHERE history_hash IS NULL;

-- what is the same by every rule
SELECT pg_temp.columns_are('first_purchase, second_purchase, last_purchase, purchase_count',
    'SELECT id, name, first_purchase, second_purchase, last_purchase, purchase_count FROM standing JOIN expected USING (id), rule', 'purchases');
SELECT pg_temp.columns_are('sale_count, return_count, revenue, returned, profit',
    'SELECT id, name, sale_count, return_count, revenue, returned, profit FROM expected, rule', 'counts and totals');
SELECT pg_temp.columns_are('purchase_12m_count, revenue_12m', 'SELECT id, name, purchase_12m_count, revenue_12m FROM expected, rule', '12 months');
SELECT pg_temp.columns_are('profit_12m, is_profit_known', 'SELECT id, name, profit_12m, is_profit_known FROM expected, rule', 'profit of 12 months');
SELECT pg_temp.columns_are('revenue_90d, revenue_90d_year_ago', 'SELECT id, name, revenue_90d, revenue_90d_year_ago FROM expected, rule', '90 days, now and a year ago');
SELECT pg_temp.columns_are('revenue_since, revenue_before', 'SELECT id, name, revenue_since, revenue_before FROM expected, rule', 'since a day, and before it');
SELECT pg_temp.columns_are('value_revenue, value_profit', 'SELECT id, name, value_revenue, value_profit FROM expected, rule', 'value: 12 months to the last purchase');
SELECT pg_temp.columns_are('full_years, years_bought',
    $$SELECT id, name, y.* FROM standing s JOIN expected USING (id), rule,
      LATERAL (SELECT CASE WHEN first_purchase IS NOT NULL THEN count(*) END,
                      CASE WHEN first_purchase IS NOT NULL THEN count(*) FILTER (WHERE EXISTS (
                          SELECT FROM purchase p WHERE (p.base, p.client) = (s.base, s.client) AND p.day >= (first_purchase + k * interval '12 months')::date AND p.day < (first_purchase + (k + 1) * interval '12 months')::date)) END
               FROM generate_series(0, 30) AS k WHERE (first_purchase + (k + 1) * interval '12 months')::date <= as_of + 1) AS y$$, 'years, and those with a purchase');
SELECT pg_temp.columns_are('typical_interval',
    $$SELECT id, name, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY p.days_to_next)::numeric FROM purchase p WHERE (p.base, p.client) = (s.base, s.client) AND p.next_day <= as_of)
      FROM standing s JOIN expected USING (id), rule$$, 'typical interval');

-- what goes by a rule
SELECT pg_temp.columns_are('frequent_on, adherent_on',
    $$SELECT id, name, frequent_on, adherent_on FROM standing s JOIN expected USING (id), rule,
      LATERAL (SELECT min(day) FILTER (WHERE number >= frequent_purchases) AS frequent_on, min(day) FILTER (WHERE number >= adherent_purchases AND day - first_day >= adherent_days) AS adherent_on
               FROM purchase p WHERE (p.base, p.client) = (s.base, s.client) AND p.day <= as_of) AS r$$, 'days on which rungs were reached');
SELECT pg_temp.columns_are('first_days_revenue',
    $$SELECT id, name, (SELECT sum(revenue) FROM sale_day d WHERE (d.base, d.client) = (s.base, s.client) AND d.day >= first_purchase AND d.day < first_purchase + first_days AND d.day <= as_of)
      FROM standing s JOIN expected USING (id), rule$$, 'revenue of the first days');
SELECT pg_temp.columns_are('rung',
    $$SELECT id, name, CASE WHEN adherent_on IS NOT NULL THEN 5 WHEN frequent_on IS NOT NULL THEN 4 WHEN second_purchase IS NOT NULL THEN 3 WHEN first_purchase IS NOT NULL THEN 2 ELSE 1 END FROM figure$$,
    'the rung is the last one reached');

-- by the functions that give each alone
CREATE TEMP TABLE alone AS
SELECT q.*, r.*, h, as_of(h, as_of) AS a FROM question q JOIN history USING (base, client) JOIN expected USING (id), rule r;
ANALYZE alone;
SELECT pg_temp.columns_are('first_purchase, last_purchase, purchase_count, sale_count, return_count, revenue, returned, profit, typical_interval::double precision',
    'SELECT id, name, first_purchase(a), last_purchase(a), purchase_count(a), sale_count(a), return_count(a), revenue(a), returned(a), profit(a), typical_interval(a) FROM alone', 'as the accessors of the history of that day');
SELECT pg_temp.columns_are('silence_limit', 'SELECT id, name, CASE WHEN model IS NULL THEN silence_limit(a, factor, min_days, max_days, fallback_days) ELSE silence_limit(a, model, p_alive, min_days, max_days) END FROM alone', 'as silence_limit');
SELECT pg_temp.columns_are('come_back_count', 'SELECT id, name, CASE WHEN model IS NULL THEN (SELECT count(*) FROM loss_events(h, as_of, factor, min_days, max_days, fallback_days) WHERE returned_on IS NOT NULL)
        ELSE (SELECT count(*) FROM loss_events(h, as_of, model, p_alive, min_days, max_days) WHERE returned_on IS NOT NULL) END FROM alone', 'as loss_events');
SELECT pg_temp.columns_are('last_purchase + silence_limit < as_of',
    'SELECT id, name, CASE WHEN first_purchase(a) IS NOT NULL THEN CASE WHEN model IS NULL THEN is_lost_client(h, as_of, factor, min_days, max_days, fallback_days) ELSE is_lost_client(h, as_of, model, p_alive, min_days, max_days) END END FROM alone', 'tells who is lost as is_lost_client does');
SELECT pg_temp.columns_are('xyz', $$SELECT id, name, CASE xyz_by WHEN 'frequency' THEN xyz_class(h, as_of, periods, period, x, y) ELSE xyz_class_by_variation(h, as_of, periods, period, x, y) END FROM alone$$, 'as xyz_class and xyz_class_by_variation');
SELECT pg_temp.columns_are('rung', 'SELECT id, name, loyalty_rung(h, as_of, false, frequent_purchases, adherent_purchases, adherent_days) FROM alone', 'as loyalty_rung');
SELECT pg_temp.columns_are('revenue_12m, purchase_12m_count, revenue_90d, is_profit_known',
    $$SELECT id, name, revenue(s), purchase_count(s), revenue(slice(h, as_of - 89, as_of)), profit_count(s) = sale_count(s) + return_count(s)
      FROM alone, slice(h, (as_of - interval '12 months')::date + 1, as_of) AS s$$, 'as slices');
SELECT pg_temp.columns_are('first_revenue',
    'SELECT id, name, CASE WHEN first_purchase(a) IS NOT NULL THEN revenue(slice(a, NULL, first_purchase(a))) END FROM alone', 'as a slice up to the first purchase');
-- by the model itself: P(alive) at the limit, and a day later, within the bounds
SELECT is_empty($$
    SELECT id, f.name FROM figure f JOIN rule r USING (name) JOIN question q USING (id) JOIN history USING (base, client),
        LATERAL (SELECT p_alive(r.model, as_of(h, q.as_of), last_purchase + silence_limit) AS at_limit, p_alive(r.model, as_of(h, q.as_of), last_purchase + silence_limit + 1) AS past_limit) p
    WHERE r.model IS NOT NULL AND (p.at_limit < r.p_alive AND silence_limit > min_days OR p.past_limit >= r.p_alive AND silence_limit < max_days)$$,
    'the limit is the last day on which P(alive) has not fallen');
SELECT cmp_ok((SELECT count(DISTINCT silence_limit) FROM figure WHERE name = 'mbg'), '>', 50::bigint, 'which differs from client to client');
SELECT pg_temp.columns_are('value_revenue, first_days_revenue',
    $$SELECT id, name, CASE WHEN last_purchase(a) IS NOT NULL THEN revenue(slice(a, (last_purchase(a) - interval '12 months')::date + 1, last_purchase(a))) END,
             CASE WHEN first_purchase(a) IS NOT NULL THEN revenue(slice(a, first_purchase(a), first_purchase(a) + first_days - 1)) END FROM alone$$, 'as slices from the first and to the last purchase');

-- each of these is seen
SELECT is((SELECT count(DISTINCT (name, xyz)) FROM figure WHERE xyz IS NOT NULL), 21::bigint, 'every class by every rule');
SELECT is((SELECT count(DISTINCT rung) FROM figure), 5::bigint, 'every rung but the lowest, which needs that nothing is known');
SELECT cmp_ok((SELECT count(*) FROM figure WHERE come_back_count > 1), '>', 500::bigint, 'many came back more than once');
SELECT results_eq('SELECT count(*) FILTER (WHERE profit_12m IS NULL AND profit IS NOT NULL) > 500, count(*) FILTER (WHERE profit_12m = 0 AND purchase_12m_count = 0) > 500, count(*) FILTER (WHERE value_profit IS NOT NULL) > 500, count(*) FILTER (WHERE years_bought < full_years) > 500 FROM figure',
    'VALUES (true, true, true, true)', 'profits that are known in part, of nobody, of all; years without a purchase');
SELECT cmp_ok((SELECT count(*) FROM standing WHERE compared = year_ago AND as_of - compared <> compared - year_before_compared), '>', 300::bigint, 'leap years make 12 months of unlike length');

-- the hash is that of the content as of the day
CREATE TEMP VIEW hashed AS
SELECT base, client, as_of, (c).history_hash AS hash, as_of(h, as_of) AS a, (card_figures(as_of(h, as_of), '9999-01-01', NULL, 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90)).history_hash AS hash_alone
FROM (SELECT q.*, h, card_figures(h, as_of, compared, 'variation', 3, 'year', 0.1, 0.25, 3, 10, 365, 3, 30, 730, 365, 90) AS c FROM question q JOIN history USING (base, client) JOIN expected USING (id)) AS f;
CREATE TEMP TABLE hash AS SELECT * FROM hashed;
SELECT is((SELECT count(*) FROM hash WHERE hash IS DISTINCT FROM hash_alone), 0::bigint, 'a history that ends then has the hash of one that goes on');
SELECT cmp_ok((SELECT count(*) FROM hash JOIN history USING (base, client) WHERE scale(revenue(a)) < scale(revenue(h))), '>', 100::bigint, 'also where it needs fewer decimals');
SELECT results_eq('SELECT count(DISTINCT a), max(hashes) FROM (SELECT a, count(DISTINCT hash) AS hashes FROM hash GROUP BY a) AS s', 'SELECT count(DISTINCT hash), 1::bigint FROM hash', 'hashes are as many as contents');
SELECT results_eq(
    $$SELECT (card_figures(h::purchase_history, '2024-12-31', NULL, 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90)).history_hash FROM unnest(ARRAY['{2024-01-01: sold 5}', '{2024-01-01: sold 0.05}', '{2020-02-29: sold 10.5 in 2, returned 3, profit -2 of 1; 2024-01-01: returned 5}']) AS h$$,
    $$VALUES (-7659695993890772693::bigint), (-7543302410728211967), (1838228857980002387)$$, 'and the same on every machine');

-- long histories, amounts beyond 64 bits, the ends of the calendar
CREATE TEMP TABLE long_history AS
SELECT n, purchase_history(date '2010-01-01' + day, (n * day % 1000)::numeric / 8, 1 + day % 3) AS h
FROM generate_series(1, 6) AS n, generate_series(1, 3000) AS day WHERE day % (n + 1) <> 0 GROUP BY n;
SELECT pg_temp.same_rows(
    $$SELECT n, as_of, purchase_count, revenue, profit, typical_interval::double precision, silence_limit, come_back_count, xyz, rung, first_days_revenue, revenue_12m, full_years
      FROM long_history, unnest(ARRAY['2010-06-01', '2011-05-27', '2018-03-19', '2019-01-01']::date[]) AS as_of, unnest(ARRAY['frequency', 'variation']) AS by, card_figures(h, as_of, NULL, by, 12, 'month', 0.7, CASE by WHEN 'frequency' THEN 0.2 ELSE 1.4 END, 3, 10, 365, 0.5, 0, 730, 365, 1000)$$,
    $$SELECT n, as_of, purchase_count(a), revenue(a), profit(a), typical_interval(a), silence_limit(a, 0.5, 0, 730, 365), (SELECT count(*) FROM loss_events(h, as_of, 0.5, 0, 730, 365) WHERE returned_on IS NOT NULL),
             CASE by WHEN 'frequency' THEN xyz_class(h, as_of, x => 0.7, y => 0.2) ELSE xyz_class_by_variation(h, as_of, x => 0.7, y => 1.4) END, loyalty_rung(h, as_of), revenue(slice(a, first_purchase(a), first_purchase(a) + 999)), revenue(slice(a, (as_of - interval '12 months')::date + 1)),
             extract(year FROM age(as_of + 1, first_purchase(a)))
      FROM long_history, unnest(ARRAY['2010-06-01', '2011-05-27', '2018-03-19', '2019-01-01']::date[]) AS as_of, unnest(ARRAY['frequency', 'variation']) AS by, as_of(h, as_of) AS a$$,
    48, 'histories of thousands of days');
SELECT results_eq(
    $$SELECT (c).revenue, (c).profit, (c).revenue_12m, (c).purchase_count, (c).rung FROM (SELECT card_figures('{2024-01-01: sold -9000000000000000.001 in -1, returned 9000000000000000.001; 2024-01-02: sold 0 in 0, profit 5 of 1}', '2024-12-31', NULL, 'variation', 12, 'month', 0.1, 0.25, 3, 10, 365, 3, 30, 730, 365, 90) AS c) AS f$$,
    $$VALUES (-18000000000000000.002, 5::numeric, -18000000000000000.002, 0::bigint, 1)$$, 'deltas have figures, too');
SELECT results_eq(
    $$SELECT (c).full_years, (c).years_bought, (c).typical_interval, (c).silence_limit, (c).revenue_since, (c).revenue_before, (c).value_revenue, (c).first_days_revenue, (c).revenue_90d_year_ago FROM (SELECT card_figures('{4714-11-24 BC: sold 5; 5874897-12-31: sold 7}', '5874897-12-31', '4714-11-24 BC', 'frequency', 3, 'year', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 2147483647) AS c) AS f$$,
    $$VALUES (5879610, 1, 2147483493::numeric, 365, 7::numeric, 5::numeric, 7::numeric, 12::numeric, 0::numeric)$$, 'from one end of the calendar to the other');

SELECT results_eq(
    $$SELECT compared, (SELECT revenue_since FROM card_figures('{2000-01-01: sold 5; 2000-01-05: sold 7}', '2000-02-01', compared, 'frequency', 3, 'year', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 1))
      FROM unnest(ARRAY[NULL, '2000-01-01', NULL, '2000-01-03', '2000-01-05', '2000-02-01', '2000-02-05']::date[]) AS compared$$,
    $$VALUES (NULL::date, NULL::numeric), ('2000-01-01', 7), (NULL, NULL), ('2000-01-03', 7), ('2000-01-05', 0), ('2000-02-01', 0), ('2000-02-05', 0)$$, 'a day to compare with that comes and goes');

-- amounts of all sizes and decimals, byte by byte as PostgreSQL makes them
CREATE TEMP TABLE digits AS
SELECT purchase_history(date '2024-01-01', sign * coefficient / power(10::numeric, scale)) AS h
FROM generate_series(0, 18) AS scale, unnest(ARRAY[-1, 1]) AS sign,
    (SELECT 0::numeric UNION SELECT 9223372036854775807 UNION SELECT 12345678901234567 UNION SELECT power(10::numeric, n) + k FROM generate_series(0, 18) AS n, generate_series(-1, 1) AS k) AS c (coefficient)
GROUP BY scale, sign, coefficient;
SELECT is_empty($$SELECT h, f.revenue FROM digits, card_figures(h, '2024-12-31', NULL, 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90) AS f
    WHERE numeric_send(f.revenue) <> numeric_send(revenue(h)) OR numeric_send(f.returned) <> numeric_send(returned(h)) OR f.revenue::text <> revenue(h)::text$$,
    'amounts are numerics like any others');
SELECT cmp_ok((SELECT count(*) FROM digits), '>', 2000::bigint, 'and many of them');

-- what is not known, what is wrong
CREATE TEMP TABLE argument AS
SELECT * FROM unnest(
    ARRAY['''{2024-01-01: sold 5}''::clientcore.purchase_history', '''2024-12-31''', '''2024-06-30''', '''frequency''', '12', '''month''', '0.75', '0.25', '3', '10', '365', '3', '30', '730', '365', '90'])
    WITH ORDINALITY AS a(value, position);
CREATE FUNCTION pg_temp.call_with(at bigint, other text) RETURNS text LANGUAGE sql AS $$
SELECT format('SELECT (clientcore.card_figures(%s)).*', string_agg(CASE WHEN position = at THEN other ELSE value END, ', ' ORDER BY position)) FROM argument
$$;
SELECT is_empty(
    $$SELECT position FROM argument WHERE ((xpath('//rung/text()', query_to_xml(pg_temp.call_with(position, 'NULL'), false, false, '')))[1] IS NULL) = (position = 3)$$,
    'no argument, no figures; but there need be no day to compare with');
SELECT is_empty(
    $$SELECT at, other, wanted, pg_temp.sqlstate_of(pg_temp.call_with(at, other)) FROM (VALUES
        (0, 'x', '00000'), (2, '''infinity''', '22008'), (2, '''-infinity''', '22008'), (3, '''infinity''', '22008'), (4, '''abc''', '22023'), (4, '''frequencies''', '22023'), (4, '''''', '22023'), (4, '''Frequency''', '22023'),
        (5, '2', '22023'), (5, '100001', '22023'), (6, '''fortnight''', '22023'), (7, '1.01', '22023'), (7, '0.25', '22023'), (7, '''NaN''', '22023'), (7, '0.1234567891', '22023'), (8, '-0.01', '22023'), (8, '0.75', '22023'),
        (9, '2', '22023'), (9, '11', '22023'), (10, '2', '22023'), (11, '-1', '22023'), (12, '0', '22023'), (13, '-1', '22023'), (13, '731', '22023'), (14, '29', '22023'), (15, '-1', '22023'), (16, '0', '22023'), (16, '-5', '22023'),
        (4, '''variation''', '22023'), (16, '1', '00000'), (11, '0', '00000')) AS w(at, other, wanted)
      WHERE pg_temp.sqlstate_of(pg_temp.call_with(at, other)) <> wanted$$,
    'arguments out of bounds are errors, as of the functions that they come from');
SELECT is(pg_temp.sqlstate_of(replace(pg_temp.call_with(4, '''variation'''), '0.75, 0.25', '0.25, 0.75')), '00000', 'borders of variation ascend');
SELECT is(pg_temp.sqlstate_of(replace(pg_temp.call_with(4, '''variation'''), '0.75, 0.25', '-0.1, 0.75')), '22023', 'from zero on');

SELECT * FROM finish();
ROLLBACK;
