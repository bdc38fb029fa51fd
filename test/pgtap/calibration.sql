-- silence_calibration against exact arithmetic of numerics over the sales.

BEGIN;
\ir common/helpers.psql
SELECT plan(31);
\ir common/random_sales.psql
\ir common/real_sales.psql

-- clients whose silences grow without bound, beyond the largest factor there is
INSERT INTO sale
SELECT 'wild', n::text, date '0900-01-01' + (sum(1 + floor(power(random(), 4) * CASE WHEN random() < 0.2 THEN power(10, random() * 6) ELSE 3 END)) OVER (PARTITION BY n ORDER BY part))::integer, 1, NULL::numeric
FROM generate_series(1, 150) AS n, generate_series(1, 2 + n % 17) AS part;
\ir common/day_tables.psql
CREATE TABLE public.calibrated_history AS
SELECT base, client, purchase_history(sold_on, amount, profit) AS h FROM sale GROUP BY base, client;
ALTER TABLE public.calibrated_history SET (parallel_workers = 8);
ANALYZE public.calibrated_history;

-- Every silence that ended, and the intervals before it.
CREATE TEMP TABLE silence AS
SELECT base, client, next_day, days_to_next AS days, number - 1 AS earlier_count,
       (SELECT d[(n + 1) / 2] + d[n / 2 + 1] FROM (SELECT array_agg(e ORDER BY e) AS d, count(*)::integer AS n FROM unnest(earlier) AS e) AS s) AS doubled_median
FROM (SELECT *, array_agg(days_to_next) OVER (PARTITION BY base, client ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier FROM purchase) AS p
WHERE next_day IS NOT NULL;

-- Whole bases and small groups of their clients; days before, within and after; shares.
CREATE TEMP TABLE grouping AS
SELECT base, client, base || part AS name
FROM client, LATERAL (VALUES (''), (right(client, 2)), (right(client, 1) || ' of ten')) AS p(part)
WHERE base IN ('random', 'wild') OR part = '' OR part LIKE '% of ten' AND base <> 'online_retail';
CREATE TEMP TABLE question AS
SELECT base, as_of, false_loss
FROM (SELECT base, min(day) AS first_day, max(day) AS last_day FROM sale_day GROUP BY base) AS b, generate_series(0, 4) AS part,
     LATERAL (SELECT first_day + part * (last_day - first_day) / 3 - 1) AS d(as_of),
     unnest(ARRAY[0.05, 0.5, 0.01, 0.25, 0.333333333, 0.999999999, 0.000000001]) AS false_loss
WHERE false_loss = 0.05 OR part IN (2, 4);

-- Quantiles of type 7: the values at both ranks, each as interval and doubled median.
CREATE TEMP TABLE known AS
SELECT name, as_of, false_loss, is_ratio, days, m AS doubled_median,
       row_number() OVER (PARTITION BY name, as_of, false_loss, is_ratio ORDER BY (2 * days)::numeric(60, 40) / m) AS rank,
       (1 - false_loss) * (count(*) OVER (PARTITION BY name, as_of, false_loss, is_ratio) - 1) AS position,
       count(*) OVER (PARTITION BY name, as_of, false_loss, is_ratio) AS n
FROM silence JOIN grouping USING (base, client) JOIN question USING (base),
     LATERAL (SELECT earlier_count >= 3 AS is_ratio, CASE WHEN earlier_count >= 3 THEN doubled_median ELSE 2 END AS m) AS r
WHERE next_day <= as_of;
CREATE TEMP TABLE quantile AS
SELECT name, as_of, false_loss, is_ratio, n, position - floor(position) AS part,
       l.days::numeric AS i, l.doubled_median::numeric AS d, h.days::numeric AS j, h.doubled_median::numeric AS e
FROM known l JOIN known h USING (name, as_of, false_loss, is_ratio, position, n)
WHERE l.rank = floor(position) + 1 AND h.rank = ceil(position) + 1;
CREATE TEMP TABLE rounded AS
SELECT name, as_of, false_loss, is_ratio, n, div(numerator, denominator) + (numerator % denominator > 0)::integer AS units, part, i * e = j * d AS is_one
FROM quantile, LATERAL (SELECT CASE WHEN is_ratio THEN 200 ELSE 2 END * (i * e + part * (j * d - i * e)) AS numerator, d * e AS denominator) AS f;
CREATE TEMP TABLE expected AS
SELECT g.name, q.as_of, q.false_loss, CASE WHEN r.units > 999999 THEN 9999.99 ELSE r.units / 100 END AS factor, d.units::integer AS fallback_days, coalesce(r.n, 0) AS ratio_count, coalesce(d.n, 0) AS interval_count
FROM (SELECT DISTINCT base, name FROM grouping) AS g JOIN question q USING (base)
LEFT JOIN rounded r ON (r.name, r.as_of, r.false_loss, r.is_ratio) = (g.name, q.as_of, q.false_loss, true)
LEFT JOIN rounded d ON (d.name, d.as_of, d.false_loss, d.is_ratio) = (g.name, q.as_of, q.false_loss, false);

SELECT pg_temp.same_rows(
    'SELECT name, as_of, false_loss, c.* FROM (SELECT name, as_of, false_loss, silence_calibration(h, as_of, false_loss) AS c FROM calibrated_history JOIN grouping USING (base, client) JOIN question USING (base) GROUP BY name, as_of, false_loss) AS s, LATERAL (SELECT (c).*) AS c',
    'SELECT * FROM expected', 3000, 'factor, days and their counts of all groups');
SELECT cmp_ok((SELECT count(*) FROM rounded WHERE is_ratio AND part > 0 AND NOT is_one), '>', 500::bigint, 'many factors lie between two ratios');
SELECT cmp_ok((SELECT count(*) FROM rounded WHERE is_ratio AND part = 0), '>', 50::bigint, 'some are one of the ratios');
SELECT cmp_ok((SELECT count(*) FROM rounded WHERE NOT is_ratio AND part > 0 AND NOT is_one), '>', 500::bigint, 'many days lie between two intervals');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE factor = 9999.99), '>', 5::bigint, 'some factors are beyond the largest');
SELECT cmp_ok((SELECT count(*) FROM rounded WHERE is_ratio AND units > 1000000 AND part > 0), '>', 5::bigint, 'far beyond');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE factor IS NULL AND fallback_days IS NOT NULL), '>', 20::bigint, 'some groups are too young for a factor');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE fallback_days IS NULL), '>', 20::bigint, 'in some no silence has ended');

\if :has_real
SELECT results_eq(
    $$SELECT base, fallback_days FROM (SELECT base, silence_calibration(h, '2025-01-01', 0.05) AS c FROM calibrated_history WHERE base NOT IN ('random', 'wild') GROUP BY base) AS s, LATERAL (SELECT (c).*) AS c ORDER BY base$$,
    $$VALUES ('cdnow_sample', 338), ('classicmodels', 491), ('northwind', 279), ('online_retail', 203), ('rfm_orders', 438)$$, 'days of the real bases');
-- what it is for: of the silences that ended, so many were longer than the factor
SELECT is_empty(
    $$SELECT base, false_loss, share FROM (
        SELECT base, false_loss, avg((200 * days::numeric > factor * 100 * doubled_median)::integer) AS share, count(*) AS n
        FROM silence JOIN expected ON name = base JOIN (SELECT base, max(as_of) AS as_of FROM question GROUP BY base) AS q USING (base, as_of)
        WHERE earlier_count >= 3 AND base <> 'wild' GROUP BY base, false_loss) AS s
      WHERE NOT share BETWEEN false_loss - 0.035 - 1.0 / n AND false_loss + 1.0 / n$$, 'as many silences are longer than the factor as may be called a loss');
\else
SELECT skip('the real sales are not here (online_retail, cdnow_sample, rfm_orders, northwind, classicmodels)', 2);
\endif

-- whatever the number of workers
CREATE FUNCTION pg_temp.of_bases(workers integer)
RETURNS TABLE (base text, calibrated text, is_parallel boolean) LANGUAGE plpgsql AS $$
DECLARE
    asked text := $q$SELECT base, clientcore.silence_calibration(h, '2022-01-01', 0.05) AS c FROM public.calibrated_history GROUP BY base$q$;
    plan json;
BEGIN
    PERFORM set_config(name, value, true)
    FROM (VALUES ('parallel_setup_cost', '0'), ('parallel_tuple_cost', '0'), ('min_parallel_table_scan_size', '0'), ('max_parallel_workers', '8'), ('max_parallel_workers_per_gather', workers::text)) AS s(name, value);
    EXECUTE 'EXPLAIN (FORMAT json) ' || asked INTO plan;
    RETURN QUERY EXECUTE format('SELECT base, c::text, %L::boolean FROM (%s) AS s', plan::text ~ '"Partial Mode": "Finalize"' AND plan::text ~ format('"Workers Planned": %s', workers), asked);
END
$$;
CREATE TEMP TABLE serial_answer AS SELECT * FROM pg_temp.of_bases(0);
SELECT cmp_ok((SELECT count(*) FROM serial_answer WHERE calibrated LIKE '(_%' AND NOT is_parallel), '>', 1::bigint, 'the bases by one process');
SELECT pg_temp.same_rows(format('SELECT * FROM pg_temp.of_bases(%s)', n), 'SELECT base, calibrated, true FROM serial_answer', 2, format('the bases by %s workers', n)) FROM unnest(ARRAY[1, 2, 4]) AS n;

-- small examples
SELECT results_eq(
    $$SELECT (silence_calibration(h, '2024-12-31', 0.5)).* FROM (VALUES
        ('{2024-01-01: sold 1; 2024-01-02: sold 1; 2024-01-04: sold 1; 2024-01-08: sold 1; 2024-01-13: sold 1; 2024-01-14: returned 1; 2024-01-23: sold 1}'::purchase_history),
        (NULL), ('{}'), ('{2024-01-01: sold 1}'), ('{2024-05-05: returned 1}'), ('{2024-03-01: sold 0; 2025-03-01: sold 0}')) AS v(h)$$,
    'VALUES (2.92::numeric, 2, 2::bigint, 3::bigint)', 'intervals 1, 2, 4, then 5 over 2 and 10 over 3: the median of 2.5 and 3.33 is 2.92 rounded up');
SELECT results_eq(
    $$SELECT (silence_calibration(h, d, 0.05)).*, d FROM unnest(ARRAY['2024-01-07', '2024-01-08', '2024-01-12', '2024-01-13']::date[]) AS d, (VALUES ('{2024-01-01: sold 1; 2024-01-02: sold 1; 2024-01-04: sold 1; 2024-01-08: sold 1; 2024-01-13: sold 1}'::purchase_history)) AS v(h) GROUP BY d ORDER BY d$$,
    $$VALUES (NULL::numeric, 2, 0::bigint, 2::bigint, date '2024-01-07'), (NULL, 4, 0, 3, '2024-01-08'), (NULL, 4, 0, 3, '2024-01-12'), (2.50, 4, 1, 3, '2024-01-13')$$, 'a silence counts from the day on which it ends');
SELECT results_eq(
    $$SELECT (silence_calibration('{4714-11-24 BC: sold 1; 5874897-12-31: sold 1}', '5874897-12-31', 0.05)).*$$,
    'VALUES (NULL::numeric, 2147483493, 0::bigint, 1::bigint)', 'the longest silence');
SELECT results_eq($$SELECT (silence_calibration(NULL, '2024-01-01', 0.05)).*$$, 'VALUES (NULL::numeric, NULL::integer, 0::bigint, 0::bigint)', 'nothing known of one');
SELECT results_eq($$SELECT (c).* FROM (SELECT silence_calibration(h, '2024-01-01', 0.05) AS c FROM calibrated_history WHERE false) AS s$$, 'VALUES (NULL::numeric, NULL::integer, 0::bigint, 0::bigint)', 'of nobody');

-- what is wrong
SELECT is_empty(
    $$SELECT as_of, false_loss, wanted FROM (VALUES
        ('''2024-01-01''', '0', '22023'), ('''2024-01-01''', '1', '22023'), ('''2024-01-01''', '-0.05', '22023'), ('''2024-01-01''', '5', '22023'), ('''2024-01-01''', '''NaN''', '22023'), ('''2024-01-01''', '0.0000000001', '22023'),
        ('''2024-01-01''', 'NULL', '22004'), ('NULL', '0.05', '22004'), ('''infinity''', '0.05', '22008'), ('''2024-01-01''', '0.999999999', '00000'), ('''2024-01-01''', '0.000000001', '00000'),
        ('date ''2024-01-01'' + n', '0.05', '22023'), ('''2024-01-01''', '0.05 + 0.01 * n', '22023'), ('CASE n WHEN 1 THEN date ''2024-01-01'' END', '0.05', '22004')) AS w(as_of, false_loss, wanted)
      WHERE pg_temp.sqlstate_of(format('SELECT clientcore.silence_calibration(''{}'', %s, %s) FROM generate_series(1, 2) AS n', as_of, false_loss)) <> wanted$$,
    'arguments out of bounds, or that vary');
CREATE TABLE public.calibrated_part (n integer, h purchase_history) PARTITION BY LIST (n);
CREATE TABLE public.calibrated_part_1 PARTITION OF public.calibrated_part FOR VALUES IN (1);
CREATE TABLE public.calibrated_part_2 PARTITION OF public.calibrated_part FOR VALUES IN (2);
INSERT INTO calibrated_part SELECT n, '{}' FROM generate_series(1, 2) AS n, generate_series(1, 5000);
ANALYZE calibrated_part;
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(pg_temp.sqlstate_of($$SELECT clientcore.silence_calibration(h, date '2024-01-01' + n, 0.05) FROM calibrated_part$$), '22023', 'an as_of that varies between parts, each of which has but one');
SELECT is(pg_temp.sqlstate_of($$SELECT clientcore.silence_calibration(h, '2024-01-01', 0.05 * n) FROM calibrated_part$$), '22023', 'so a false_loss');
RESET enable_partitionwise_aggregate;

-- the state: made in parts, written and read, it is one
CREATE FUNCTION pg_temp.state_of(histories purchase_history[]) RETURNS silence_histogram LANGUAGE plpgsql AS $$
DECLARE
    state clientcore.silence_histogram;
    h clientcore.purchase_history;
BEGIN
    FOREACH h IN ARRAY histories LOOP
        state := clientcore.silence_histogram_accum(state, h, '2024-01-01', 0.05);
    END LOOP;
    RETURN state;
END
$$;
CREATE TEMP TABLE state AS
SELECT base, n, pg_temp.state_of(array_agg(h)) AS state
FROM (SELECT *, ntile(3) OVER (PARTITION BY base ORDER BY client) AS n FROM calibrated_history WHERE base IN ('random', 'wild')) AS p GROUP BY base, n;
SELECT pg_temp.same_rows(
    $$SELECT a.base, silence_histogram_final(silence_histogram_combine(silence_histogram_combine(b.state::text::silence_histogram, c.state), silence_histogram_combine(a.state, NULL)))
      FROM state a, state b, state c WHERE a.base = b.base AND b.base = c.base AND (a.n, b.n, c.n) IN ((1, 2, 3), (3, 1, 2))$$,
    $$SELECT base, silence_calibration(h, '2024-01-01', 0.05) FROM calibrated_history, generate_series(1, 2) AS n WHERE base IN ('random', 'wild') GROUP BY base, n.n$$, 4, 'states that are joined in any order');
SELECT is((SELECT count(*) FROM state WHERE silence_histogram_send(state) <> silence_histogram_send(state::text::silence_histogram)), 0::bigint, 'a state is written and read');
SELECT is((SELECT count(*) FROM (SELECT ROW(pg_temp.state_of(h)) AS a, ROW(pg_temp.state_of(h)) AS b, ROW(pg_temp.state_of(h)::text::silence_histogram) AS c FROM (VALUES (ARRAY['{2020-01-01: sold 1; 2020-01-09: sold 1}']::purchase_history[])) AS v(h)) AS s WHERE a *= b AND a *= c), 1::bigint, 'nothing stray is stored with it');
SELECT is((SELECT silence_histogram_final(silence_histogram_combine(NULL, state)) FROM state WHERE base = 'wild' AND n = 1), (SELECT silence_histogram_final(state) FROM state WHERE base = 'wild' AND n = 1), 'with nothing it is itself');
SELECT is((SELECT count(*) FROM state a, state b WHERE silence_histogram_combine(a.state, b.state) IS NOT NULL AND a.base = b.base AND silence_histogram_send(a.state) <> silence_histogram_send(a.state::text::silence_histogram)), 0::bigint, 'joined, it is left as it was');

-- bytes that are changed are refused, or another state
CREATE TEMP TABLE forged AS
SELECT set_byte(bytes, at, (get_byte(bytes, at) + by) % 256) AS bytes, at
FROM (SELECT silence_histogram_send(pg_temp.state_of(ARRAY['{2024-01-01: sold 1}', '{2020-01-01: sold 1; 2020-01-02: sold 1; 2020-01-04: sold 1; 2020-01-08: sold 1; 2020-01-13: sold 1}']::purchase_history[])) AS bytes) AS s,
     LATERAL generate_series(0, length(bytes) - 1) AS at, unnest(ARRAY[1, 128, 255]) AS by
UNION ALL
SELECT substr(bytes, 1, n), 1000 FROM (SELECT silence_histogram_send(pg_temp.state_of(ARRAY['{2020-01-01: sold 1; 2020-01-02: sold 1; 2020-01-04: sold 1}']::purchase_history[])) AS bytes) AS s, LATERAL generate_series(0, length(bytes) - 1) AS n WHERE n NOT IN (13, 45);
SELECT is_empty(
    $$SELECT outcome, count(*) FROM (SELECT pg_temp.sqlstate_of(format('SELECT clientcore.silence_histogram_final(%L::clientcore.silence_histogram)', '\x' || encode(bytes, 'hex'))) AS outcome FROM forged) AS o WHERE outcome NOT IN ('00000', '22P03', '22003') GROUP BY outcome$$, 'nothing but refusals and states');
SELECT is_empty(
    $$SELECT at FROM forged WHERE (at = 0 OR at BETWEEN 13 AND 20 OR at = 1000) AND pg_temp.sqlstate_of(format('SELECT %L::clientcore.silence_histogram', '\x' || encode(bytes, 'hex'))) <> '22P03'$$, 'format, kind, number and length are not to be forged');

CREATE TEMP TABLE alike AS
SELECT silence_histogram_send(pg_temp.state_of(ARRAY['{2000-01-01: sold 1; 2000-01-03: sold 1; 2000-01-05: sold 1; 2000-01-07: sold 1; 2000-01-12: sold 1}']::purchase_history[])) AS more,
       silence_histogram_send(pg_temp.state_of(ARRAY['{2000-01-01: sold 1; 2002-09-27: sold 1; 2005-06-23: sold 1; 2008-03-19: sold 1; 2015-01-21: sold 1}']::purchase_history[])) AS less;
SELECT results_eq(
    $$SELECT length(more), substr(more, 46, 8) = substr(less, 46, 8), pg_temp.sqlstate_of(format('SELECT %L::clientcore.silence_histogram', '\x' || encode(overlay(more PLACING substr(less, 54, 8) FROM 54), 'hex'))),
             pg_temp.sqlstate_of(format('SELECT %L::clientcore.silence_histogram', '\x' || encode(overlay(more PLACING substr(less, 62, 8) FROM 62), 'hex'))) FROM alike$$,
    $$VALUES (77, true, '00000', '22P03')$$, 'of 5 over 2 and 2499 over 1000, both 250 hundredths, the lesser is not the greatest');

SELECT * FROM finish();
ROLLBACK;
