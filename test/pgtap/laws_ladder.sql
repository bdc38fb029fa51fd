-- Ladder of loyalty, lost or not, limits and losses of every client against their
-- definitions in plain SQL.

BEGIN;
\ir common/helpers.psql
SELECT plan(27);
\ir common/histories.psql

CREATE TEMP TABLE rule (name text, factor numeric, min_days integer, max_days integer, fallback_days integer);
INSERT INTO rule VALUES
    ('default', 3, 30, 730, 365),
    ('calibrated', 2.37, 14, 400, 203),
    ('tight', 1.01, 1, 1000, 60),
    ('fixed', 3, 180, 180, 180);

-- Every purchase with the intervals before it: how many, and their median.
CREATE TEMP TABLE silence AS
SELECT p.base, p.client, p.number, p.first_day, p.day, p.next_day,
       p.number - 1 AS interval_count,
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b.days_to_next)
        FROM purchase b WHERE (b.base, b.client) = (p.base, p.client) AND b.day < p.day)::numeric AS median
FROM purchase p;

-- The limit of the silence that began with it.
CREATE TEMP TABLE limited AS
SELECT s.*, r.name,
       CASE WHEN interval_count >= 3 THEN greatest(min_days, least(max_days, ceil(factor * median)))
            ELSE fallback_days END::integer AS days
FROM silence s, rule r;
CREATE INDEX ON limited (base, client, name, day);
ANALYZE limited;

-- Days to ask for: some for all, and around each purchase and each limit of random clients.
CREATE TEMP TABLE asked AS
SELECT base, client, first_day + part * (last_day - first_day) / 4 - 1 AS as_of
FROM client JOIN (SELECT base, min(day) AS first_day, max(day) AS last_day FROM sale_day GROUP BY base) AS b USING (base),
     generate_series(0, 6) AS part
WHERE part IN (3, 5) OR base NOT IN ('online_retail', 'cdnow_sample', 'rfm_orders')
UNION
SELECT base, client, day - 1 FROM purchase WHERE base = 'random' AND client LIKE '%5'
UNION
SELECT base, client, day FROM purchase WHERE base = 'random' AND client LIKE '%5'
UNION
SELECT base, client, day + days + beside FROM limited, generate_series(0, 2) AS beside
WHERE base IN ('random', 'classicmodels') AND name = 'default' AND (next_day IS NULL OR number % 12 = 0);
ANALYZE asked;

-- Where each stands on such a day.
CREATE TEMP TABLE standing AS
SELECT a.base, a.client, a.as_of, r.name, l.first_day, l.day AS last_day, coalesce(l.number, 0) AS purchase_count,
       a.as_of - l.day AS silence, l.days AS silence_limit,
       coalesce(a.as_of - l.day > l.days, false) AS is_lost,
       EXISTS (SELECT FROM sale_day d WHERE (d.base, d.client) = (a.base, a.client) AND d.day <= a.as_of) AS is_known
FROM asked a CROSS JOIN rule r
LEFT JOIN LATERAL (SELECT * FROM limited l
                   WHERE (l.base, l.client, l.name) = (a.base, a.client, r.name) AND l.day <= a.as_of
                   ORDER BY l.day DESC LIMIT 1) AS l ON true;

-- lost or not
SELECT pg_temp.same_rows(
    'SELECT base, client, name, silence_limit(h, factor, min_days, max_days, fallback_days) FROM history, rule',
    'SELECT base, client, name, days FROM client CROSS JOIN rule LEFT JOIN (SELECT * FROM limited WHERE next_day IS NULL) AS l USING (base, client, name)',
    2400, 'silence_limit of every client by every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, name, silence_limit(as_of(h, as_of), factor, min_days, max_days, fallback_days) FROM history JOIN asked USING (base, client), rule',
    'SELECT base, client, as_of, name, silence_limit FROM standing',
    20000, 'silence_limit as it stood on any day');
SELECT pg_temp.same_rows(
    'SELECT base, client, silence_limit(h) FROM history',
    $$SELECT base, client, days FROM client LEFT JOIN (SELECT * FROM limited WHERE name = 'default' AND next_day IS NULL) AS l USING (base, client)$$,
    600, 'silence_limit: what is not said');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, name, is_lost_client(h, as_of, factor, min_days, max_days, fallback_days) FROM history JOIN asked USING (base, client), rule',
    'SELECT base, client, as_of, name, is_lost FROM standing',
    20000, 'is_lost_client on any day by every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, is_lost_client(h, as_of) FROM history JOIN asked USING (base, client)',
    $$SELECT base, client, as_of, is_lost FROM standing WHERE name = 'default'$$,
    4000, 'is_lost_client: what is not said');
SELECT pg_temp.same_rows(
    $$SELECT base, client, as_of, is_lost_client(sold_on, amount, as_of) FROM sale JOIN asked USING (base, client) WHERE base <> 'online_retail' OR client < '13500' GROUP BY base, client, as_of$$,
    $$SELECT base, client, as_of, is_lost FROM standing WHERE name = 'default' AND (base <> 'online_retail' OR client < '13500')$$,
    4000, 'is_lost_client from sales');
SELECT cmp_ok((SELECT count(*) FROM standing WHERE silence = silence_limit), '>', 200::bigint,
    'many are silent for exactly their limit');
SELECT is((SELECT count(*) FROM standing WHERE silence = silence_limit AND is_lost), 0::bigint, 'and none of them is lost');
SELECT cmp_ok((SELECT count(*) FROM standing WHERE silence = silence_limit + 1 AND is_lost), '>', 200::bigint,
    'a day later they are');

SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, name, lost_on(h, as_of, factor, min_days, max_days, fallback_days) FROM history JOIN asked USING (base, client), rule',
    'SELECT base, client, as_of, name, CASE WHEN is_lost THEN last_day + silence_limit + 1 END FROM standing',
    20000, 'lost_on on any day by every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, lost_on(h, as_of) FROM history JOIN asked USING (base, client)',
    $$SELECT base, client, as_of, CASE WHEN is_lost THEN last_day + silence_limit + 1 END FROM standing WHERE name = 'default'$$,
    4000, 'lost_on: what is not said');

-- losses: every silence that lasted over its limit, and at least one day of being lost
SELECT pg_temp.same_rows(
    $$SELECT base, client, as_of, name, e.last_purchase, e.silence_limit, e.lost_on, e.returned_on
      FROM history JOIN asked USING (base, client), rule, loss_events(h, as_of, factor, min_days, max_days, fallback_days) AS e$$,
    $$SELECT a.base, a.client, a.as_of, l.name, l.day, l.days, l.day + l.days + 1, CASE WHEN l.next_day <= a.as_of THEN l.next_day END
      FROM asked a JOIN limited l USING (base, client)
      WHERE l.day <= a.as_of
        AND CASE WHEN l.next_day <= a.as_of THEN l.next_day - l.day > l.days + 1 ELSE a.as_of - l.day > l.days END$$,
    20000, 'loss_events on any day by every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, e.lost_on FROM history JOIN asked USING (base, client), loss_events(h, as_of) AS e',
    $$SELECT base, client, as_of, e.lost_on FROM history JOIN asked USING (base, client), loss_events(h, as_of, 3, 30, 730, 365) AS e$$,
    1000, 'loss_events: what is not said');
SELECT cmp_ok((SELECT count(*) FROM limited WHERE next_day - day > days + 1 AND name = 'default'), '>', 100::bigint, 'many losses ended');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, name, (SELECT lost_on FROM loss_events(h, as_of, factor, min_days, max_days, fallback_days) WHERE returned_on IS NULL) FROM history JOIN asked USING (base, client), rule',
    'SELECT base, client, as_of, name, CASE WHEN is_lost THEN last_day + silence_limit + 1 END FROM standing',
    20000, 'the loss that lasts is lost_on');
SELECT results_eq(
    $$SELECT * FROM loss_events('{2020-01-01: sold 1; 2021-01-01: sold 1; 2022-01-02: sold 1; 2023-01-04: sold 1}', '2030-01-01')$$,
    $$VALUES (date '2022-01-02', 365, date '2023-01-03', date '2023-01-04'), ('2023-01-04', 730, '2025-01-04', NULL)$$,
    'returning on the day the loss would begin is no loss, a day later it is');

-- long histories under a hasty rule, by which most silences are losses: so the
-- limit after almost every purchase is seen, odd and even, after longer and shorter intervals
CREATE TEMP TABLE long_purchase AS
SELECT n, date '2000-01-01' + (sum(gap) OVER (PARTITION BY n ORDER BY part))::integer AS day, part - 1 AS interval_count
FROM (SELECT n, part, CASE n % 4 WHEN 0 THEN 1 + floor(-ln(1 - random()) * 20)
                                 WHEN 1 THEN part + floor(random() * 3)
                                 WHEN 2 THEN 401 - part + floor(random() * 3)
                                 ELSE 1 + floor(random() * 9) END AS gap
      FROM generate_series(1, 24) AS n, generate_series(1, 250) AS part) AS g;
CREATE TEMP TABLE long_interval AS
SELECT * FROM (SELECT n, day, lead(day) OVER (PARTITION BY n ORDER BY day) AS next_day FROM long_purchase) AS p WHERE next_day IS NOT NULL;
CREATE INDEX ON long_interval (n, day);
ANALYZE long_interval;
CREATE TEMP TABLE long_silence AS
SELECT p.n, p.day, p.interval_count, p.next_day,
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b.next_day - b.day)
        FROM long_interval b WHERE b.n = p.n AND b.day < p.day)::numeric AS median
FROM (SELECT *, lead(day) OVER (PARTITION BY n ORDER BY day) AS next_day FROM long_purchase) AS p;
SELECT pg_temp.same_rows(
    $$SELECT n, e.* FROM (SELECT n, purchase_history(day, 1) AS h, max(day) AS last_day FROM long_purchase GROUP BY n) AS s, loss_events(h, last_day + 30, 0.31, 0, 10000, 0) AS e$$,
    $$SELECT n, day, silence_limit, day + silence_limit + 1, next_day
      FROM (SELECT *, CASE WHEN interval_count >= 3 THEN least(10000, ceil(0.31 * median))::integer ELSE 0 END AS silence_limit,
                   max(day) OVER (PARTITION BY n) AS last_day FROM long_silence) AS l
      WHERE coalesce(next_day - day > silence_limit + 1, last_day + 30 - day > silence_limit)$$,
    3500, 'loss_events of long histories by a hasty rule');
SELECT pg_temp.same_rows(
    $$SELECT n, day, silence_limit(as_of(h, day), 0.31, 0, 10000, 0) FROM (SELECT n, purchase_history(day, 1) AS h FROM long_purchase GROUP BY n) AS s JOIN long_silence USING (n)$$,
    $$SELECT n, day, CASE WHEN interval_count >= 3 THEN least(10000, ceil(0.31 * median))::integer ELSE 0 END FROM long_silence$$,
    6000, 'silence_limit of long histories after each purchase');

-- the ladder
CREATE TEMP TABLE ladder_rule (ladder text, name text, has_contact boolean, frequent_purchases integer, adherent_purchases integer, adherent_days integer);
INSERT INTO ladder_rule VALUES
    ('default', 'default', false, 3, 10, 365),
    ('slow', 'calibrated', false, 3, 5, 365),
    ('steep', 'tight', false, 6, 12, 100),
    ('at once', 'fixed', true, 3, 3, 0);
CREATE TEMP TABLE expected_ladder AS
SELECT base, client, as_of, name, ladder, is_lost,
       CASE WHEN purchase_count = 0 THEN CASE WHEN has_contact OR is_known THEN 1 ELSE 0 END
            WHEN purchase_count >= adherent_purchases AND last_day - first_day >= adherent_days THEN 5
            WHEN purchase_count >= frequent_purchases THEN 4
            WHEN purchase_count >= 2 THEN 3
            ELSE 2 END AS rung
FROM standing JOIN ladder_rule USING (name);

SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, ladder, loyalty_rung(h, as_of, has_contact, frequent_purchases, adherent_purchases, adherent_days) FROM history JOIN asked USING (base, client), ladder_rule',
    $$SELECT base, client, as_of, ladder, rung FROM expected_ladder$$,
    20000, 'loyalty_rung on any day by every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, name, ladder, loyalty_stage(h, as_of, has_contact, frequent_purchases, adherent_purchases, adherent_days, factor, min_days, max_days, fallback_days)::text FROM history JOIN asked USING (base, client), rule JOIN ladder_rule USING (name)',
    $$SELECT base, client, as_of, name, ladder, CASE WHEN is_lost THEN 'lost' ELSE (ARRAY['unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'])[rung + 1] END FROM expected_ladder$$,
    20000, 'loyalty_stage on any day by every rule');
SELECT pg_temp.same_rows(
    'SELECT base, client, as_of, loyalty_rung(h, as_of), loyalty_stage(h, as_of)::text FROM history JOIN asked USING (base, client)',
    $$SELECT base, client, as_of, rung, CASE WHEN is_lost THEN 'lost' ELSE (ARRAY['unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'])[rung + 1] END FROM expected_ladder WHERE ladder = 'default'$$,
    4000, 'the ladder: what is not said');
SELECT pg_temp.same_rows(
    $$SELECT base, client, as_of, loyalty_stage(sold_on, amount, as_of)::text FROM sale JOIN asked USING (base, client) WHERE base <> 'online_retail' OR client < '13500' GROUP BY base, client, as_of$$,
    $$SELECT base, client, as_of, CASE WHEN is_lost THEN 'lost' ELSE (ARRAY['unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'])[rung + 1] END FROM expected_ladder WHERE ladder = 'default' AND (base <> 'online_retail' OR client < '13500')$$,
    4000, 'the ladder from sales');
SELECT is((SELECT count(DISTINCT (rung, is_lost)) FROM expected_ladder WHERE ladder = 'default'), 10::bigint,
    'all six rungs, four of them lost');
SELECT enum_has_labels('clientcore', 'loyalty_stage',
    ARRAY['lost', 'unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'], 'lost is below all rungs');

-- nobody
SELECT results_eq(
    $$SELECT silence_limit(h), is_lost_client(h, d), lost_on(h, d), loyalty_stage(h, d)::text, loyalty_rung(h, d), loyalty_stage(h, d, has_contact => true)::text
      FROM (VALUES ('{}'::purchase_history, date '2024-01-01'), ('{2023-01-01: returned 5}', '2024-01-01'), ('{2024-01-02: sold 5}', '2024-01-01')) AS v(h, d)$$,
    $$VALUES (NULL::integer, false, NULL::date, 'unaware', 0, 'aware'), (NULL, false, NULL, 'aware', 1, 'aware'), (365, false, NULL, 'unaware', 0, 'aware')$$,
    'without a purchase nobody is lost');
SELECT results_eq(
    $$SELECT xyz_class(d, a, '2024-01-01'::date), loyalty_stage(d, a, '2024-01-01'::date)::text, is_lost_client(d, a, '2024-01-01'::date) FROM (VALUES (date '2000-01-01', NULL::numeric), (NULL, 5)) AS v(d, a)$$,
    $$VALUES (NULL::text, 'unaware', false)$$,
    'sales that say nothing make nobody');

SELECT * FROM finish();
ROLLBACK;
