-- as_of, slice, days and periods against the sales themselves.

BEGIN;
\ir common/helpers.psql
SELECT plan(23);
\ir common/histories.psql

SELECT pg_temp.same_rows(
    'SELECT base, client, d.* FROM history, days(h) AS d',
    'SELECT base, client, day, sale_count, return_count, sold, returned, revenue, profit, profit_count FROM sale_day',
    8000, 'days(h): every day of every client');
SELECT pg_temp.same_rows(
    'SELECT base, client, day, row_number FROM history, ROWS FROM (days(h)) WITH ORDINALITY AS d(day, a, b, c, d, e, f, g, row_number)',
    'SELECT base, client, day, row_number() OVER (PARTITION BY base, client ORDER BY day) FROM sale_day',
    8000, 'days(h) ascends');
SELECT is_empty($$SELECT * FROM days('{}')$$, 'an empty history has no days');

-- as_of: for every day of random clients, the days beside it for some, three days of the others
CREATE TEMP TABLE asked AS
SELECT base, client, day FROM sale_day WHERE base = 'random'
UNION
SELECT base, client, day + beside FROM sale_day, unnest(ARRAY[-1, 1]) AS beside WHERE base = 'random' AND client LIKE '%3'
UNION
SELECT base, client, min(day) - 1 + ((max(day) - min(day) + 2) * random())::integer
FROM sale_day, generate_series(1, 3) WHERE base <> 'random' GROUP BY base, client, generate_series;
ANALYZE asked;

CREATE TEMP TABLE up_to_day AS
SELECT a.base, a.client, a.day,
       coalesce(purchase_history(s.sold_on, s.amount, s.profit), '{}') AS h
FROM asked a LEFT JOIN sale s ON (s.base, s.client) = (a.base, a.client) AND s.sold_on <= a.day
GROUP BY a.base, a.client, a.day;

SELECT pg_temp.same_rows(
    'SELECT base, client, day, purchase_history_send(as_of(h, day)) FROM asked JOIN history USING (base, client)',
    'SELECT base, client, day, purchase_history_send(h) FROM up_to_day',
    9000, 'as_of(h, day) = history of the sales up to that day');
SELECT pg_temp.same_rows(
    'SELECT base, client, day, purchase_history_send(slice(h, NULL, day)) FROM asked JOIN history USING (base, client)',
    'SELECT base, client, day, purchase_history_send(h) FROM up_to_day',
    9000, 'slice without a lower bound is as_of');
SELECT pg_temp.same_rows(
    $$SELECT base, client, purchase_history_send(as_of(h, '5874897-12-31')), purchase_history_send(slice(h)), as_of(h, '4714-11-24 BC')::text FROM history$$,
    $$SELECT base, client, purchase_history_send(h), purchase_history_send(h), '{}' FROM history$$,
    600, 'open bounds keep all, as of the first day there is nothing');
SELECT pg_temp.same_rows(
    'SELECT base, client, day, purchase_history_send(as_of(h, day) + slice(h, day + 1)), purchase_history_send(h - slice(h, from_day => day + 1)) FROM asked JOIN history USING (base, client)',
    'SELECT base, client, day, purchase_history_send(h.h), purchase_history_send(u.h) FROM up_to_day u JOIN history h USING (base, client)',
    9000, 'the slices before and after a day add up');

-- slices between two random days, a day alone among them
CREATE TEMP TABLE asked_slice AS
SELECT base, client, n, from_day, from_day + CASE WHEN random() < 0.2 THEN 0 ELSE (random() * 300)::integer END AS to_day
FROM (SELECT base, client, n, min(day) - 10 + (random() * (max(day) - min(day) + 20))::integer AS from_day
      FROM sale_day, generate_series(1, 5) AS n WHERE base <> 'online_retail' OR client < '13000'
      GROUP BY base, client, n) AS f;
SELECT pg_temp.same_rows(
    'SELECT base, client, n, purchase_history_send(slice(h, from_day, to_day)) FROM asked_slice JOIN history USING (base, client)',
    $$SELECT a.base, a.client, n, purchase_history_send(coalesce(purchase_history(s.sold_on, s.amount, s.profit), '{}'))
      FROM asked_slice a LEFT JOIN sale s ON (s.base, s.client) = (a.base, a.client) AND s.sold_on BETWEEN from_day AND to_day
      GROUP BY a.base, a.client, n$$,
    2900, 'slice(h, from, to) = history of the sales within');
SELECT cmp_ok((SELECT count(*) FROM asked_slice JOIN history USING (base, client)
               WHERE slice(h, from_day, to_day) NOT IN (h, '{}')), '>', 1000::bigint, 'many of these slices hold a part');
SELECT pg_temp.same_rows(
    'SELECT client, purchase_history_send(rollup(slice(h, day, day))) FROM history JOIN sale_day USING (base, client) WHERE base = ''random'' GROUP BY client',
    'SELECT client, purchase_history_send(h) FROM history WHERE base = ''random''',
    600, 'the slices of single days add up to the whole');

-- a running aggregate over a window reads its state many times without changing it
SELECT pg_temp.same_rows(
    'SELECT base, client, sold_on, purchase_history_send(purchase_history(sold_on, amount, profit) OVER (PARTITION BY base, client ORDER BY sold_on)) FROM sale WHERE base = ''random''',
    'SELECT s.base, s.client, sold_on, purchase_history_send(u.h) FROM sale s JOIN up_to_day u ON (u.base, u.client, u.day) = (s.base, s.client, s.sold_on) WHERE s.base = ''random''',
    10000, 'running histories over a window');

-- periods
CREATE TEMP TABLE asked_periods AS
-- bounds of the history itself
SELECT h.base, h.client, h.h, period, NULL::date AS from_day, NULL::date AS to_day, min(day) AS first_day, max(day) AS last_day
FROM history h JOIN sale_day USING (base, client),
     unnest(ARRAY['week', 'month', 'quarter', 'year']) AS period
WHERE h.base = 'random' AND h.client LIKE '%3' OR h.client LIKE '%31'
GROUP BY h.base, h.client, h.h, period
UNION ALL
SELECT h.base, h.client, h.h, 'day', NULL, NULL, min(day), max(day)
FROM history h JOIN sale_day USING (base, client)
WHERE h.client LIKE '%5'
GROUP BY h.base, h.client, h.h
HAVING max(day) - min(day) < 150
UNION ALL
-- bounds within, across and beyond it
SELECT base, client, h, period, from_day, to_day, coalesce(from_day, first_day), coalesce(to_day, last_day)
FROM (SELECT h.base, h.client, h.h, period, min(day) AS first_day, max(day) AS last_day,
             CASE WHEN random() < 0.8 THEN min(day) - 100 + (random() * 300)::integer END AS from_day,
             CASE WHEN random() < 0.8 THEN max(day) + 100 - (random() * 300)::integer END AS to_day
      FROM history h JOIN sale_day USING (base, client),
           unnest(ARRAY['week', 'month', 'quarter', 'year']) AS period
      WHERE h.base IN ('random', 'classicmodels', 'northwind') AND h.client LIKE ANY (ARRAY['%1', '%7'])
      GROUP BY h.base, h.client, h.h, period) AS b
WHERE coalesce(from_day, to_day) IS NOT NULL AND coalesce(from_day, first_day) <= coalesce(to_day, last_day);

CREATE FUNCTION pg_temp.expected_periods(whole_calendar text)
RETURNS TABLE (base text, client text, period text, from_day date, to_day date,
               period_start date, period_end date, purchase_count numeric, sale_count numeric, return_count numeric,
               sold numeric, returned numeric, revenue numeric, profit numeric, profit_count numeric)
LANGUAGE sql AS $$
    SELECT a.base, a.client, a.period, a.from_day, a.to_day, p.starts_on, p.ends_on,
           count(*) FILTER (WHERE d.sale_count > 0),
           coalesce(sum(d.sale_count), 0), coalesce(sum(d.return_count), 0),
           coalesce(sum(d.sold), 0), coalesce(sum(d.returned), 0), coalesce(sum(d.revenue), 0),
           sum(d.profit), coalesce(sum(d.profit_count), 0)
    FROM asked_periods a
    CROSS JOIN LATERAL (
        SELECT starts_at::date AS starts_on, (starts_at + step)::date - 1 AS ends_on
        FROM (SELECT CASE a.period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || a.period)::interval END AS step) AS s,
             generate_series(date_trunc(a.period, a.first_day::timestamp), a.last_day::timestamp, step) AS starts_at) AS p
    LEFT JOIN sale_day d ON (d.base, d.client) = (a.base, a.client)
                        AND d.day BETWEEN greatest(p.starts_on, a.first_day) AND least(p.ends_on, a.last_day)
    WHERE a.period = $1
    GROUP BY a.base, a.client, a.period, a.from_day, a.to_day, p.starts_on, p.ends_on
$$;

SELECT pg_temp.same_rows(
    format('SELECT base, client, period, from_day, to_day, p.* FROM asked_periods, periods(h, period, from_day, to_day) AS p WHERE period = %L', period),
    format('SELECT * FROM pg_temp.expected_periods(%L)', period),
    400, format('periods(h, %L, …): empty ones included, days outside the bounds left out', period))
FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS period;

SELECT pg_temp.same_rows(
    $$SELECT base, client, p.* FROM history, periods(h) AS p WHERE base = 'random'$$,
    $$SELECT base, client, p.* FROM history, periods(h, 'month') AS p WHERE base = 'random'$$,
    600, 'a period is a month unless said otherwise');
-- the period of every day about the end of a month, over four centuries and more
CREATE TEMP TABLE calendar_day AS
SELECT day FROM (
SELECT date '1999-12-25' + n AS day FROM generate_series(0, 146200) AS n
UNION ALL SELECT date '0005-01-05 BC' + n FROM generate_series(0, 4000) AS n
UNION ALL SELECT date '4713-01-01 BC' + n FROM generate_series(0, 1500) AS n
UNION ALL SELECT date '294000-01-01' + n FROM generate_series(0, 1500) AS n) AS c
WHERE date_part('day', day) NOT BETWEEN 2 AND 27;
SELECT pg_temp.same_rows(
    $$SELECT period, day, p.period_start, p.period_end FROM calendar_day, unnest(ARRAY['week', 'month', 'quarter', 'year']) AS period, periods('{}', period, day, day) AS p$$,
    $$SELECT period, day, starts_at::date, (starts_at + CASE period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || period)::interval END)::date - 1
      FROM calendar_day, unnest(ARRAY['week', 'month', 'quarter', 'year']) AS period, date_trunc(period, day::timestamp) AS starts_at$$,
    80000, 'the week, month, quarter and year of a day');
SELECT is_empty($$SELECT client, p.* FROM (SELECT client, h, max(day) AS last_day FROM history JOIN sale_day USING (base, client) WHERE base = 'random' GROUP BY client, h) AS b, periods(h, 'month', last_day + 1) AS p$$,
    'after the last day an open end has no periods');
SELECT is_empty($$SELECT client, p.* FROM (SELECT client, h, min(day) AS first_day FROM history JOIN sale_day USING (base, client) WHERE base = 'random' GROUP BY client, h) AS b, periods(h, 'month', NULL, first_day - 1) AS p$$,
    'before the first day an open beginning has no periods');
SELECT results_eq(
    $$SELECT period_start, period_end, purchase_count, revenue, profit FROM periods('{}', 'week', '2024-12-30', '2025-01-06')$$,
    $$VALUES (date '2024-12-30', date '2025-01-05', 0::bigint, 0::numeric, NULL::numeric), ('2025-01-06', '2025-01-12', 0, 0, NULL)$$,
    'an empty history has empty periods between two days; weeks start on Monday');
SELECT is_empty($$SELECT * FROM periods('{}')$$, 'an empty history without bounds has no periods');

SELECT * FROM finish();
ROLLBACK;
