-- Classes and measures of a whole base.
SET search_path = clientcore, public;
SET datestyle = ISO;

CREATE TEMP TABLE example (client integer, value integer);
INSERT INTO example SELECT row_number() OVER (), v FROM unnest(ARRAY[27, 24, 18, 16, 6, 5, 4]) v;

-- The three rules in use
SELECT string_agg(crossing, '' ORDER BY value DESC) AS crossing,
	string_agg(upto, '' ORDER BY value DESC) AS upto,
	string_agg(midpoint, '' ORDER BY value DESC) AS midpoint
FROM (
	SELECT value, abc_class(value, 0.70, 0.90) OVER () AS crossing,
		abc_class(value, a => 0.70, b => 0.90, boundary => 'upto') OVER () AS upto,
		abc_class(value, 0.70, 0.90, 'midpoint') OVER () AS midpoint
	FROM example) q;
SELECT abc_cutoffs(value, 0.70, 0.90) AS crossing, abc_cutoffs(value, 0.70, 0.90, 'upto') AS upto,
	abc_cutoffs(value, 0.70, 0.90, 'midpoint') AS midpoint, abc_cutoffs(value) AS defaults
FROM example;
SELECT string_agg(abc_class_by_cutoffs(value, c), '' ORDER BY value DESC)
FROM example, (SELECT abc_cutoffs(value, 0.70, 0.90) c FROM example) q;

-- A sole giant is A; equal values share a class; what is not positive is C; NULL has none
SELECT value, abc_class(value) OVER () FROM (VALUES (1000000), (1)) v(value) ORDER BY value;
SELECT value, count(*), min(class), max(class) FROM (
	SELECT value, abc_class(value) OVER () AS class FROM (VALUES (10.0), (10), (10), (10), (1), (1), (0), (-5), (NULL)) v(value)) q
GROUP BY value ORDER BY value;
SELECT value, abc_class(value) OVER () FROM (VALUES (0), (-1)) v(value) ORDER BY value;
SELECT abc_cutoffs(value), abc_class_by_cutoffs(5, abc_cutoffs(value)) FROM (VALUES (0), (-1)) v(value);
SELECT abc_class_by_cutoffs(NULL::integer, ROW(5, 3)::abc_cutoff) IS NULL AS no_value, abc_class_by_cutoffs(0, ROW(-5, -7)::abc_cutoff) AS zero,
	abc_class_by_cutoffs(4.999999, ROW(5, 3)::abc_cutoff) AS below_a, abc_class_by_cutoffs(5e0::real, ROW(5, 3)::abc_cutoff) AS at_a,
	abc_class_by_cutoffs(5::bigint, ROW(NULL, 3)::abc_cutoff) AS without_a;

-- Partitions are apart; the same values in other types and other scales
SELECT part, string_agg(class, '' ORDER BY value DESC) FROM (
	SELECT part, value, abc_class(value) OVER (PARTITION BY part) AS class
	FROM (VALUES (1, 80), (1, 15), (1, 5), (2, 15), (2, 5)) v(part, value)) q
GROUP BY part ORDER BY part;
SELECT string_agg(class, '' ORDER BY value DESC) FROM (
	SELECT value, abc_class(value / 7) OVER () AS class FROM (SELECT value::numeric FROM example) v) q;
SELECT string_agg(class, '' ORDER BY value DESC) FROM (
	SELECT value, abc_class(value) OVER () AS class FROM (SELECT value::double precision / 100 FROM example) v(value)) q;

-- Thresholds may come from the rows if they do not vary
SELECT string_agg(class, '' ORDER BY value DESC) FROM (
	SELECT value, abc_class(value, a, b) OVER () AS class FROM example, (VALUES (0.70, 0.90)) s(a, b)) q;

-- Concentration
SELECT round(gini(value)::numeric, 8) AS gini, round(hhi(value)::numeric, 9) AS hhi
FROM unnest(ARRAY[541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]) value;
SELECT round(gini(value)::numeric, 7) AS gini FROM unnest(ARRAY[1, 3, 2, 1, 1, 1, 4]) value;
SELECT top_share(value, 0.25), top_share(value, 0), top_share(value, 1), top_share(value, 0.30) FROM generate_series(1, 4) value;
SELECT gini(value) IS NULL AS gini, hhi(value) IS NULL AS hhi, top_share(value, 0.5) IS NULL AS top_share, abc_cutoffs(value)
FROM (VALUES (0), (NULL), (-4)) v(value);
SELECT gini(value), hhi(value) FROM (VALUES (3), (-5)) v(value);
SELECT gini(value) IS NULL AS gini, abc_cutoffs(value) IS NULL AS cutoffs FROM (SELECT 1 WHERE false) v(value);

-- Scores: 1 + the number of cuts below the value; any type that can be sorted
SELECT string_agg(score::text, '' ORDER BY value) FROM (SELECT value, quantile_score(value) OVER () AS score FROM generate_series(1, 10) value) q;
SELECT string_agg(score::text, '' ORDER BY value) FROM (SELECT value, quantile_score(value, bins => 4) OVER () AS score FROM unnest(ARRAY[1, 1, 1, 1, 1, 2, 3, 9]) value) q;
SELECT string_agg(score::text, '' ORDER BY value) FROM (
	SELECT value, quantile_score(value, 2) OVER () AS score FROM unnest(ARRAY[date '2024-01-01', '2024-01-02', '2024-01-03']) value) q;
SELECT string_agg(coalesce(score::text, '-'), '' ORDER BY value) FROM (
	SELECT value, quantile_score(value, 2) OVER () AS score FROM unnest(ARRAY['a', 'b', NULL, 'c', 'd']) value) q;
SELECT quantile_score(value) OVER () FROM (VALUES (NULL::integer)) v(value);
SELECT quantile_cutoffs(value, 5), quantile(value, 0.5), quantile(value, 0.9) FROM generate_series(1, 10) value;
SELECT quantile_cutoffs(value, 5), quantile(value, 0.5) FROM (VALUES (NULL::integer)) v(value);
SELECT quantile_score_by_cutoffs(value, cutoffs) FROM (VALUES (1.5, '{2}'::numeric[]), (2.5, '{2}'), (2.5, '{2,2.4,3}'), (NULL, '{2}'), (2.5, NULL)) v(value, cutoffs);
-- values that need more than 64 bits, or come to need them as others have more decimals
SELECT quantile_cutoffs(value, 2), quantile(value, 0.75), (abc_cutoffs(value)).a_from FROM (VALUES (9000000000000000000), (9200000000000000000), (0.001), (-9200000000000000000), (-92233720368547758070)) v(value);

-- Rows so wide that each fetch frees the one before
WITH s AS MATERIALIZED (
	SELECT repeat(chr(96 + g), 1000000) v, 5 + 0 * g bins, 0.7::numeric + 0 * g a, 0.9::numeric + 0 * g b,
		'crossing' || left('', g) boundary, g FROM generate_series(1, 3) g)
SELECT g, quantile_score(v, 5) OVER () AS constant, quantile_score(v, bins) OVER () AS from_rows,
	abc_class(g, a, b, boundary) OVER () AS abc FROM s;

-- Equal values are equal, whatever rounding would say
SELECT count(*) FILTER (WHERE gini <> 0) FROM (
	SELECT gini(12345678901234567.89 * n) FROM generate_series(2, 400) n, generate_series(1, n) GROUP BY n) q;
