-- Campaigns: uplift against known figures; who is held back, against plain SQL and by laws
-- over random lists; that nobody held back is written to; what came of a campaign and what
-- it teaches, against plain SQL over the sales.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- uplift ---

CREATE FUNCTION pg_temp.near(have double precision, want double precision, within double precision, description text) RETURNS text LANGUAGE sql AS $$
SELECT ok(abs(have - want) <= within, description) || CASE WHEN coalesce(abs(have - want) <= within, false) THEN '' ELSE E'\n' || diag(format('have %s, want %s', have, want)) END $$;

SELECT pg_temp.near(have, want, 1e-9, '120 of 1,000 against 90 of 1,000: ' || what)
FROM uplift(1000, 120, 1000, 90) AS u, LATERAL (VALUES ('uplift', uplift, 0.03), ('standard error', standard_error, 0.0136930639376292), ('from', uplift_from, 0.0031620876),
    ('to', uplift_to, 0.0568379124)) AS v (what, have, want);
SELECT pg_temp.near(standard_error, sqrt(0.12 * 0.88 / 1000 + 0.09 * 0.91 / 1000), 1e-15, 'the standard error of two shares') FROM uplift(1000, 120, 1000, 90);
SELECT pg_temp.near(have, want, 0.00005, 'Newcombe 1998, 56 of 70 against 48 of 80: ' || what)
FROM uplift(70, 56, 80, 48) AS u, LATERAL (VALUES ('uplift', uplift, 0.2), ('simple from', uplift_from, 0.0575), ('simple to', uplift_to, 0.3425), ('score from', score_from, 0.0524), ('score to', score_to, 0.3339)) AS v (what, have, want);
SELECT pg_temp.near(have, want, 0.00005, 'Newcombe 1998, ' || what)
FROM (VALUES ('9 of 10 against 3 of 10: from', (uplift(10, 9, 10, 3)).score_from, 0.1705), ('to', (uplift(10, 9, 10, 3)).score_to, 0.8090),
    ('10 of 10 against 0 of 20: from', (uplift(10, 10, 20, 0)).score_from, 0.6791), ('to', (uplift(10, 10, 20, 0)).score_to, 1),
    ('5 of 56 against 0 of 29: from', (uplift(56, 5, 29, 0)).score_from, -0.0381), ('to', (uplift(56, 5, 29, 0)).score_to, 0.1926)) AS v (what, have, want);
-- Wilson's intervals by hand
CREATE FUNCTION pg_temp.wilson(x numeric, n numeric, side integer) RETURNS double precision LANGUAGE sql AS $$
SELECT (2 * x + z * z + side * z * sqrt(z * z + 4 * x * (1 - x / n))) / (2 * (n + z * z)) FROM (VALUES (1.959963984540054)) AS v (z) $$;
SELECT ok(bool_and(abs(score_from - (d - sqrt((p - pg_temp.wilson(x, m, -1)) ^ 2 + (pg_temp.wilson(y, n, 1) - q) ^ 2))) < 1e-9
    AND abs(score_to - (d + sqrt((pg_temp.wilson(x, m, 1) - p) ^ 2 + (q - pg_temp.wilson(y, n, -1)) ^ 2))) < 1e-9
    AND abs(uplift_from - (d - 1.959963984540054 * s)) < 1e-9 AND abs(uplift_to - (d + 1.959963984540054 * s)) < 1e-9 AND uplift = d AND abs(standard_error - s) < 1e-12
    AND score_from BETWEEN -1 AND 1 AND score_to BETWEEN -1 AND 1 AND score_from <= uplift AND uplift <= score_to) AND count(*) > 1500, 'uplift is what its formulas say')
FROM generate_series(1, 60, 7) AS m, generate_series(1, 400, 57) AS n, generate_series(0, m, 1 + m / 5) AS x, generate_series(0, n, 1 + n / 6) AS y, LATERAL (SELECT x::float8 / m, y::float8 / n) AS s (p, q),
    LATERAL (SELECT p - q, sqrt(p * (1 - p) / m + q * (1 - q) / n)) AS e (d, s), uplift(m, x, n, y);
SELECT ok(bool_and(abs((u).uplift + (v).uplift) < 1e-15 AND abs((u).score_from + (v).score_to) < 1e-15 AND abs((u).uplift_to + (v).uplift_from) < 1e-15), 'the other way round it is the opposite')
FROM generate_series(0, 20) AS x, LATERAL (SELECT uplift(20, x, 33, 5) AS u, uplift(33, 5, 20, x) AS v) AS s;
SELECT results_eq('SELECT uplift, standard_error, uplift_from, uplift_to FROM uplift(50, 0, 40, 0)', 'VALUES (0::float8, 0::float8, 0::float8, 0::float8)', 'where nobody returned the simple interval is none');
SELECT ok(score_from < -0.08 AND score_to > 0.07, 'but the other knows how few they are') FROM uplift(50, 0, 40, 0);
SELECT ok(score_from < uplift_from AND score_to > -score_from, 'one of few is little') FROM uplift(10, 1, 10, 0);
SELECT pg_temp.near(uplift_to - uplift_from, 2 * 2.5758293035489 * standard_error, 1e-9, 'confidence is an argument') FROM uplift(1000, 120, 1000, 90, confidence => 0.99);
SELECT ok(num_nonnulls(u.uplift, u.standard_error, u.uplift_from, u.uplift_to, u.score_from, u.score_to) = 0, 'an arm of none: nothing is known')
FROM (VALUES (0, 0, 5, 1), (5, 1, 0, 0), (0, 0, 0, 0)) AS v (a, b, c, d), uplift(a, b, c, d) AS u;
SELECT ok((SELECT uplift FROM uplift(9223372036854775807, 9223372036854775807, 1, 0)) = 1, 'counts may be as large as they can be');
SELECT throws_ok('SELECT ' || c.call, '22023', c.message, c.call)
FROM (VALUES ('uplift(-1, 0, 1, 1)', 'sent_count must not be negative'), ('uplift(1, -1, 1, 1)', 'sent_returned_count must not be negative'), ('uplift(1, 1, -1, 1)', 'holdout_count must not be negative'),
    ('uplift(1, 1, 1, -1)', 'holdout_returned_count must not be negative'), ('uplift(1, 2, 1, 1)', 'sent_returned_count must not be above sent_count'), ('uplift(1, 1, 1, 2)', 'holdout_returned_count must not be above holdout_count'),
    ('uplift(0, 1, 1, 1)', 'sent_returned_count must not be above sent_count'), ('uplift(1, 1, 1, 1, 0)', 'confidence must lie between 0 and 1'), ('uplift(1, 1, 1, 1, 1)', 'confidence must lie between 0 and 1'),
    ('uplift(1, 1, 1, 1, ''NaN'')', 'confidence must lie between 0 and 1'), ('detectable_uplift(-1, 1, 0.1)', 'sent_count must not be negative'), ('detectable_uplift(1, -1, 0.1)', 'holdout_count must not be negative'),
    ('detectable_uplift(1, 1, -0.1)', 'expected_share must lie between 0 and 1'), ('detectable_uplift(1, 1, ''NaN'')', 'expected_share must lie between 0 and 1'), ('detectable_uplift(1, 1, 1.1)', 'expected_share must lie between 0 and 1'),
    ('detectable_uplift(1, 1, 0.1, 95)', 'confidence must lie between 0 and 1'), ('detectable_uplift(1, 1, 0.1, 0.95, 1)', 'power must lie between 0 and 1'), ('detectable_uplift(1, 1, 0.1, 0.95, 0)', 'power must lie between 0 and 1')) AS c (call, message);

-- z = 1.959963984540054 + 0.841621233572914
SELECT ok(bool_and(abs(d * d - 2.801585218112968 ^ 2 * ((p + d) * (1 - p - d) / m + p * (1 - p) / n)) < 1e-12 AND d > 0 AND p + d <= 1) AND count(*) > 30, 'detectable_uplift solves its equation')
FROM unnest(ARRAY[0, 0.001, 0.1, 0.5, 0.8]::float8[]) AS p, unnest(ARRAY[20, 100, 5000, 1000000]) AS m, unnest(ARRAY[20, 333, 100000]) AS n, detectable_uplift(m, n, p) AS d WHERE d IS NOT NULL;
SELECT ok(bool_and(d IS NULL) , 'none where nothing can be shown: ' || what)
FROM (VALUES ('nobody written to', detectable_uplift(0, 5, 0.1)), ('nobody held back', detectable_uplift(5, 0, 0.1)), ('all return anyhow', detectable_uplift(100, 100, 1)), ('one and one', detectable_uplift(1, 1, 0.5)),
    ('even if all returned', detectable_uplift(5, 3, 0.6))) AS v (what, d) GROUP BY what;
SELECT ok(bool_and(d < before AND e < coalesce(e_before, 2)), 'the more there are, the smaller what shows')
FROM (SELECT n, detectable_uplift(n, 500, 0.1) AS d, lag(detectable_uplift(n, 500, 0.1)) OVER (ORDER BY n) AS before, detectable_uplift(500, n, 0.1) AS e, lag(detectable_uplift(500, n, 0.1)) OVER (ORDER BY n) AS e_before
      FROM generate_series(20, 20000, 370) AS n) AS s WHERE before IS NOT NULL;
SELECT ok(detectable_uplift(1000, 1000, 0.1, power => 0.9) > detectable_uplift(1000, 1000, 0.1) AND detectable_uplift(1000, 1000, 0.1, confidence => 0.99) > detectable_uplift(1000, 1000, 0.1), 'to be surer takes more');
-- what is detectable is above zero in the middle
SELECT ok((uplift(900, 90 + ceil(900 * detectable_uplift(900, 900, 0.1))::bigint, 900, 90)).uplift_from > 0, 'an uplift that large would show');

SELECT * FROM finish();
ROLLBACK;
