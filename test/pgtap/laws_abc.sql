-- ABC classes, scores and concentration against their definitions in plain SQL.

BEGIN;
\ir common/helpers.psql
SELECT plan(30);
\ir common/random_sales.psql
\ir common/real_sales.psql

-- Values of small groups, with ties, zeros, negative and unknown ones, and of whole bases.
SELECT setseed(0.33) \g /dev/null
CREATE TEMP TABLE worth AS
SELECT g::text AS base, row_number() OVER (PARTITION BY g) AS n,
       CASE WHEN random() < 0.05 THEN NULL
            WHEN g % 4 = 0 THEN floor(random() * 6) * 10
            WHEN g % 4 = 1 THEN floor(random() * 40) - 8
            WHEN g % 4 = 2 THEN round((exp(random() * 9) - 20)::numeric, 2)
            WHEN g % 40 = 3 THEN -floor(random() * 3)
            WHEN g % 40 = 7 THEN floor(random() * power(10, 30))::numeric * 1000 + g
            WHEN g % 40 = 11 THEN round((random() * 1e9)::numeric, 9) * 1e9 + round(random()::numeric, 18)
            ELSE round((random() * 100)::numeric, (random() * 6)::integer) END::numeric AS value
FROM generate_series(1, 800) AS g, generate_series(1, 1 + g % 23)
UNION ALL
SELECT base, row_number() OVER (PARTITION BY base ORDER BY client), sum(amount)
FROM sale GROUP BY base, client;
CREATE INDEX ON worth (base);
ANALYZE worth;

CREATE TEMP TABLE border (a numeric, b numeric, boundary text);
INSERT INTO border
SELECT a, b, boundary
FROM (VALUES (0.80, 0.95), (0.333333333, 0.8), (0.01, 0.999999999)) AS v(a, b),
     unnest(ARRAY['crossing', 'upto', 'midpoint']) AS boundary;

-- The sums of all strictly larger values, of all equal or larger ones, and of all positive ones.
CREATE TEMP TABLE ranked AS
SELECT base, n, value,
       sum(greatest(value, 0)) OVER (PARTITION BY base ORDER BY value DESC NULLS LAST) - sum(greatest(value, 0)) OVER (PARTITION BY base, value) AS larger,
       sum(greatest(value, 0)) OVER (PARTITION BY base ORDER BY value DESC NULLS LAST) AS larger_or_equal,
       sum(greatest(value, 0)) OVER (PARTITION BY base) AS total
FROM worth;

CREATE TEMP TABLE expected AS
SELECT base, n, value, a, b, boundary,
       CASE WHEN value IS NULL THEN NULL
            WHEN value <= 0 THEN 'C'
            WHEN boundary = 'crossing' THEN CASE WHEN larger < a * total THEN 'A' WHEN larger < b * total THEN 'B' ELSE 'C' END
            WHEN boundary = 'upto' THEN CASE WHEN larger_or_equal <= a * total THEN 'A' WHEN larger_or_equal <= b * total THEN 'B' ELSE 'C' END
            ELSE CASE WHEN larger + larger_or_equal <= 2 * a * total THEN 'A' WHEN larger + larger_or_equal <= 2 * b * total THEN 'B' ELSE 'C' END
       END AS class
FROM ranked, border;
CREATE INDEX ON expected (boundary, a);
ANALYZE expected;

SELECT pg_temp.same_rows(
    (SELECT string_agg(format('SELECT base, n, %s::numeric AS a, abc_class(value, a => %1$s, b => %s, boundary => %L) OVER (PARTITION BY base) FROM worth', a, b, e.boundary), ' UNION ALL ')
     FROM border e WHERE e.boundary = r.boundary),
    format('SELECT base, n, a, class FROM expected WHERE boundary = %L', boundary),
    25000, format('abc_class, boundary %s: every value of every group, three pairs of borders', boundary))
FROM unnest(ARRAY['crossing', 'upto', 'midpoint']) AS r(boundary);
SELECT pg_temp.same_rows(
    'SELECT base, n, abc_class(value) OVER (PARTITION BY base), abc_class(value, 0.80) OVER (PARTITION BY base ORDER BY n), abc_class(value, 0.80, 0.95) OVER (PARTITION BY base ORDER BY value ROWS CURRENT ROW) FROM worth',
    $$SELECT base, n, class, class, class FROM expected WHERE boundary = 'crossing' AND a = 0.80$$,
    8000, 'abc_class: what is not said; order and frame change nothing');
SELECT is((SELECT count(*) FROM (SELECT base, a FROM expected WHERE boundary = 'crossing' AND value > 0 GROUP BY base, a HAVING bool_and(class <> 'A')) AS e),
    0::bigint, 'class A is never empty by crossing');
SELECT cmp_ok((SELECT min(count) FROM (SELECT count(*) FROM expected WHERE class IS NOT NULL GROUP BY class, a, boundary) AS c), '>', 2::bigint,
    'every rule finds every class');

-- in two steps
SELECT pg_temp.same_rows(
    'SELECT base, n, c.a, c.b, c.boundary, abc_class_by_cutoffs(value, cutoffs) FROM worth JOIN (SELECT base, a, b, boundary, abc_cutoffs(value, a, b, boundary) AS cutoffs FROM worth, border GROUP BY base, a, b, boundary) AS c USING (base)',
    'SELECT base, n, a, b, boundary, class FROM expected',
    60000, 'abc_cutoffs and abc_class_by_cutoffs: the same in two steps');
SELECT pg_temp.same_rows(
    'SELECT base, a, b, boundary, (abc_cutoffs(value, a, b, boundary)).* FROM worth, border GROUP BY base, a, b, boundary',
    $$SELECT base, a, b, boundary, min(value) FILTER (WHERE class = 'A'), min(value) FILTER (WHERE class = 'B') FROM expected GROUP BY base, a, b, boundary$$,
    7000, 'cutoffs are the least values of A and of B, NULL where a class is empty');
SELECT pg_temp.same_rows(
    'SELECT base, (abc_cutoffs(value)).a_from, (abc_cutoffs(value, 0.80, 0.95)).a_from, (abc_cutoffs(value ORDER BY value DESC)).a_from FROM worth GROUP BY base',
    $$SELECT base, a_from, a_from, a_from FROM (SELECT base, min(value) FILTER (WHERE class = 'A') AS a_from FROM expected WHERE a = 0.80 AND boundary = 'crossing' GROUP BY base) AS e$$,
    800, 'cutoffs: what is not said; order changes nothing');

-- every number type
CREATE TEMP TABLE whole_worth AS SELECT base, n, value FROM worth WHERE value = trunc(value) AND abs(value) < 30000;
SELECT pg_temp.same_rows(
    format('SELECT base, n, abc_class(value::%s) OVER (PARTITION BY base), quantile_score(value::%1$s) OVER (PARTITION BY base) FROM whole_worth', type),
    'SELECT base, n, abc_class(value) OVER (PARTITION BY base), quantile_score(value) OVER (PARTITION BY base) FROM whole_worth',
    2500, format('abc_class and quantile_score of %s', type))
FROM unnest(ARRAY['bigint', 'integer', 'smallint', 'double precision', 'real']) AS type;
SELECT pg_temp.same_rows(
    'SELECT base, n, abc_class(value::double precision) OVER (PARTITION BY base), quantile_score(value::double precision, 7) OVER (PARTITION BY base) FROM worth WHERE abs(value) < 100000000 OR value IS NULL',
    'SELECT base, n, abc_class(value) OVER (PARTITION BY base), quantile_score(value, 7) OVER (PARTITION BY base) FROM worth WHERE abs(value) < 100000000 OR value IS NULL',
    8000, 'doubles are taken as the decimals they were');

-- scores: 1 + the number of cuts below the value, cut i of k at (n - 1) i / k among the sorted values
CREATE TEMP TABLE numbered AS
SELECT base, value, row_number() OVER (PARTITION BY base ORDER BY value) - 1 AS place, count(*) OVER (PARTITION BY base) AS size
FROM worth WHERE value IS NOT NULL;
CREATE INDEX ON numbered (base, place);
ANALYZE numbered;
CREATE TEMP TABLE binned AS
SELECT base, bins FROM (SELECT DISTINCT base FROM worth) AS b, unnest(ARRAY[2, 3, 5, 10]) AS bins
UNION ALL
-- very large values in very many bins
SELECT g::text, 1000 FROM generate_series(1, 800) AS g WHERE g % 40 IN (7, 11);
CREATE TEMP TABLE cut AS
-- bins times the cut, exact
SELECT base, bins, i, l.value * bins + (h.value - l.value) * ((l.size - 1) * i % bins) AS times_bins
FROM binned JOIN numbered l USING (base) JOIN numbered h USING (base), generate_series(1, bins - 1) AS i
WHERE l.place = (l.size - 1) * i / bins AND h.place = least(l.place + 1, l.size - 1);
CREATE INDEX ON cut (base, bins);
ANALYZE cut;
CREATE TEMP TABLE expected_score AS
SELECT base, w.n, bins, CASE WHEN value IS NOT NULL THEN 1 + (SELECT count(*) FROM cut c WHERE (c.base, c.bins) = (b.base, b.bins) AND value * b.bins > times_bins) END AS score
FROM worth w JOIN binned b USING (base);
SELECT pg_temp.same_rows(
    'SELECT base, n, 2, quantile_score(value, 2) OVER (PARTITION BY base) FROM worth
     UNION ALL SELECT base, n, 3, quantile_score(value, bins => 3) OVER (PARTITION BY base ORDER BY n) FROM worth
     UNION ALL SELECT base, n, 5, quantile_score(value) OVER (PARTITION BY base ORDER BY value DESC) FROM worth
     UNION ALL SELECT base, n, 10, quantile_score(value, 10) OVER (PARTITION BY base) FROM worth
     UNION ALL SELECT base, n, 1000, quantile_score(value, 1000) OVER (PARTITION BY base) FROM worth JOIN binned USING (base) WHERE bins = 1000',
    'SELECT * FROM expected_score', 30000, 'quantile_score by exact cuts');
SELECT pg_temp.same_rows(
    'SELECT base, w.n, c.bins, quantile_score_by_cutoffs(value, c.cutoffs)
     FROM worth w JOIN (SELECT base, bins, quantile_cutoffs(value, bins) AS cutoffs FROM worth JOIN binned USING (base) GROUP BY base, bins) c USING (base)',
    'SELECT * FROM expected_score', 30000, 'quantile_cutoffs and quantile_score_by_cutoffs: the same in two steps');
SELECT pg_temp.same_rows(
    'SELECT base, bins, i, cut * bins FROM (SELECT base, bins, quantile_cutoffs(value, bins) AS cutoffs FROM worth JOIN binned USING (base) WHERE bins IN (2, 5, 10) GROUP BY base, bins) AS q,
     unnest(cutoffs) WITH ORDINALITY AS u (cut, i) WHERE CASE WHEN base ~ ''^[0-9]+$'' THEN base::integer % 40 ELSE 0 END <> 11',
    'SELECT * FROM cut WHERE bins IN (2, 5, 10) AND CASE WHEN base ~ ''^[0-9]+$'' THEN base::integer % 40 ELSE 0 END <> 11', 5000, 'quantile_cutoffs are the cuts, exact where they find room');
SELECT pg_temp.same_rows(
    'SELECT base, bins, i, quantile(value, i::numeric / bins) * bins FROM worth JOIN binned USING (base), generate_series(1, 9) AS i
     WHERE bins IN (2, 5, 10) AND i < bins GROUP BY base, bins, i HAVING count(value) > 0',
    'SELECT * FROM cut WHERE bins IN (2, 5, 10)', 5000, 'quantile at exact positions');
SELECT pg_temp.same_rows(
    'SELECT base, quantile(value, 0), quantile(value, 1), round(quantile(value, 0.123456789), 8) FROM worth WHERE value = trunc(value) AND abs(value) < 1000000 GROUP BY base',
    'SELECT base, min(value), max(value), round(percentile_cont(0.123456789) WITHIN GROUP (ORDER BY value)::numeric, 8) FROM worth WHERE value = trunc(value) AND abs(value) < 1000000 GROUP BY base',
    100, 'quantile by percentile_cont');
-- the same cuts by percentile_cont itself, where double precision holds them
SELECT pg_temp.same_rows(
    'SELECT base, n, quantile_score(value, 4) OVER (PARTITION BY base) FROM worth WHERE value = trunc(value)',
    'SELECT w.base, n, 1 + (SELECT count(*) FROM unnest(cuts) AS cut WHERE value > cut) FROM worth w JOIN (SELECT base, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY value) AS cuts FROM worth WHERE value = trunc(value) GROUP BY base) AS c USING (base) WHERE value = trunc(value)',
    2500, 'quantile_score by percentile_cont');
SELECT is((SELECT count(*) FROM (SELECT base, value, bins FROM expected_score JOIN worth USING (base, n) GROUP BY base, value, bins HAVING count(DISTINCT score) > 1) AS e), 0::bigint,
    'equal values score equally');

-- concentration; unknown values do not count, negative ones count as zero
CREATE TEMP TABLE expected_concentration AS
SELECT base,
       2 * sum(place * value) / (count(*) * nullif(sum(value), 0)) - (count(*) + 1)::numeric / count(*) AS gini,
       sum(value * value) / nullif(sum(value) * sum(value), 0) AS hhi,
       coalesce(sum(value) FILTER (WHERE count - place < round(count * 0.01)), 0) / nullif(sum(value), 0) AS top_1,
       coalesce(sum(value) FILTER (WHERE count - place < round(count * 0.1)), 0) / nullif(sum(value), 0) AS top_10,
       coalesce(sum(value) FILTER (WHERE count - place < round(count * 0.25)), 0) / nullif(sum(value), 0) AS top_25
FROM (SELECT base, greatest(value, 0) AS value,
             row_number() OVER (PARTITION BY base ORDER BY value) AS place,
             count(*) OVER (PARTITION BY base) AS count
      FROM worth WHERE value IS NOT NULL) AS v
GROUP BY base;
CREATE TEMP TABLE concentration AS
SELECT base, gini(value) AS gini, hhi(value) AS hhi,
       top_share(value, 0.01) AS top_1, top_share(value, 0.1) AS top_10, top_share(value, 0.25) AS top_25,
       gini(value ORDER BY value DESC) AS gini_turned, gini(value::double precision) AS gini_double, hhi(value::real) AS hhi_real
FROM worth GROUP BY base;

CREATE FUNCTION pg_temp.differences(a double precision, b numeric, tolerance double precision)
RETURNS boolean LANGUAGE sql AS 'SELECT (a IS NULL) <> (b IS NULL) OR abs(a - b::double precision) > tolerance';
SELECT is((SELECT count(*) FROM concentration a JOIN expected_concentration e USING (base) WHERE pg_temp.differences(a.gini, e.gini, 1e-12)), 0::bigint, 'gini of every group');
SELECT is((SELECT count(*) FROM concentration a JOIN expected_concentration e USING (base) WHERE pg_temp.differences(a.hhi, e.hhi, 1e-12)), 0::bigint, 'hhi of every group');
SELECT is((SELECT count(*) FROM concentration a JOIN expected_concentration e USING (base)
           WHERE pg_temp.differences(a.top_1, e.top_1, 1e-12) OR pg_temp.differences(a.top_10, e.top_10, 1e-12) OR pg_temp.differences(a.top_25, e.top_25, 1e-12)), 0::bigint, 'top_share of every group');
SELECT is((SELECT count(*) FROM concentration WHERE gini_turned IS DISTINCT FROM gini), 0::bigint, 'order changes not a bit of gini');
SELECT is((SELECT count(*) FROM concentration a JOIN expected_concentration e USING (base) WHERE pg_temp.differences(gini_double, e.gini, 1e-12) OR pg_temp.differences(hhi_real, e.hhi, 1e-5)), 0::bigint, 'gini of doubles, hhi of reals');
SELECT cmp_ok((SELECT count(*) FROM concentration a JOIN expected_concentration e USING (base) WHERE a.gini > 0.1 AND a.top_25 > 0.2), '>', 400::bigint, 'many groups were measured');
SELECT results_eq('SELECT gini(v), hhi(v), top_share(v, 0.5), (abc_cutoffs(v)).a_from FROM (VALUES (NULL::numeric)) AS n(v)',
    'VALUES (NULL::double precision, NULL::double precision, NULL::double precision, NULL::numeric)', 'unknown values alone measure nothing');

SELECT * FROM finish();
ROLLBACK;
