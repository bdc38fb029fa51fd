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

-- --- who is held back ---

-- Values with ties, of zero, below zero, of clients without a purchase; some gone for years.
CREATE TABLE sold AS
SELECT 'c' || n AS client, date '2020-01-05' + n * 37 % 900 + 45 * k AS day, CASE WHEN n % 11 = 0 THEN 0 WHEN n % 13 = 0 THEN -5 ELSE n * n % 97 END::numeric AS amount
FROM generate_series(1, 3000) AS n, generate_series(0, n % 6) AS k
UNION ALL SELECT 'c' || n, date '2020-01-06' + n * 37 % 900 + 45 * (n % 6), -60 FROM generate_series(7, 3000, 17) AS n;
CALL clientcore.attach('laws', 'sold', client => 'client', sold_at => 'day', amount => 'amount', build => false);
SELECT throws_ok($$CALL clientcore.start_campaign('laws', 'x', 'clients')$$, '55000', 'base "laws" was never refreshed', 'a base that was never refreshed has nobody to write to');
SELECT pg_temp.refresh('laws') \g /dev/null

-- What a client brought in the 12 months to its last purchase.
CREATE TEMP TABLE worth AS
SELECT s.client, greatest(coalesce(sum(s.amount) FILTER (WHERE s.day > (l.day - interval '12 months')::date AND s.day <= l.day), 0), 0) AS value
FROM sold AS s LEFT JOIN (SELECT client, max(day) AS day FROM sold WHERE amount >= 0 GROUP BY client) AS l USING (client) GROUP BY s.client;
CREATE FUNCTION pg_temp.truth(clients text[], name text, holdout numeric, most bigint DEFAULT NULL) RETURNS TABLE (client_id text, arm text, stratum integer, value numeric) LANGUAGE sql AS $$
WITH place AS (SELECT client, w.value, row_number() OVER (ORDER BY w.value DESC, client COLLATE "C") AS place FROM worth AS w WHERE client = ANY (clients)),
    chosen AS (SELECT *, count(*) OVER () AS n FROM place WHERE most IS NULL OR place - round(place * holdout) <= most),
    cut AS (SELECT *, ((place - 1) * greatest(1, least(10, floor(n * least(holdout, 1 - holdout) / 5)::bigint)) / n + 1)::integer AS stratum FROM chosen),
    hashed AS (SELECT *, row_number() OVER (PARTITION BY cut.stratum ORDER BY sha256(convert_to(length(name) || ' ' || name || client, 'UTF8'))) AS number,
        min(place) OVER (PARTITION BY cut.stratum) AS first, max(place) OVER (PARTITION BY cut.stratum) AS last FROM cut)
SELECT client, CASE WHEN number <= round(last * holdout) - round((first - 1) * holdout) THEN 'holdout' ELSE 'treatment' END, h.stratum, h.value FROM hashed AS h $$;
-- The same by the query that start_campaign runs.
CREATE FUNCTION pg_temp.arms(base text, clients text[], name text, holdout numeric, most bigint DEFAULT NULL) RETURNS TABLE (client_id text, arm text, stratum integer, value numeric) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'WITH ' || clientcore.arm_rows(base) || 'SELECT a.client_id::text, a.arm, a.stratum::integer, a.value FROM arm AS a' USING clients, name, holdout, most, true;
END
$$;
CREATE TEMP TABLE tried AS
SELECT h AS holdout, size, format('%s of %s', h, size) AS name, (SELECT array_agg(client) FROM (SELECT client FROM worth ORDER BY md5(client || size || h) LIMIT size) AS w) AS clients
FROM unnest(ARRAY[0, 0.05, 0.1, 0.3, 0.5, 0.9]) AS h, unnest(ARRAY[1, 2, 3, 10, 49, 50, 333, 1000, 3000]) AS size;
CREATE TEMP TABLE drawn AS SELECT t.holdout, t.size, a.* FROM tried AS t, pg_temp.arms('laws', clients, name, holdout) AS a;
ANALYZE drawn;
SELECT ok(count(*) = 3000 AND count(DISTINCT value) < 500 AND min(value) = 0 AND count(*) FILTER (WHERE value = 0) > 300, 'values have ties and zeros') FROM drawn WHERE size = 3000 AND holdout = 0.5;
SELECT * FROM pg_temp.same_rows('SELECT holdout, size, client_id, arm, stratum, value FROM drawn', 'SELECT t.holdout, t.size, a.* FROM tried AS t, pg_temp.truth(clients, name, holdout) AS a', 20000,
    'who is held back is who comes first by sha256 of name and client');
SELECT is_empty('SELECT holdout, size, count(*) FILTER (WHERE arm = ''holdout'') FROM drawn GROUP BY holdout, size HAVING count(*) <> size OR count(*) FILTER (WHERE arm = ''holdout'') <> round(size * holdout)',
    'everybody is in one arm, the share held back is as near as can be');
SELECT is_empty('SELECT holdout, size, stratum FROM drawn GROUP BY holdout, size, stratum HAVING abs(count(*) FILTER (WHERE arm = ''holdout'') - count(*) * holdout) >= 1', 'in every stratum too');
SELECT is_empty('SELECT holdout, size FROM (SELECT holdout, size, stratum, count(*) AS n FROM drawn GROUP BY holdout, size, stratum) AS s GROUP BY holdout, size
    HAVING max(n) - min(n) > 1 OR max(stratum) <> count(*) OR min(stratum) <> 1 OR count(*) > 10', 'strata are of one size');
SELECT is_empty('SELECT FROM (SELECT holdout, size, stratum, min(value) AS least, lead(max(value)) OVER (PARTITION BY holdout, size ORDER BY stratum) AS most FROM drawn GROUP BY holdout, size, stratum) AS s WHERE most > least',
    'the first has the highest values');
SELECT is_empty('SELECT holdout, size, stratum FROM drawn WHERE stratum > 1 OR size >= 1000 GROUP BY holdout, size, stratum HAVING holdout > 0 AND least(count(*) FILTER (WHERE arm = ''holdout''), count(*) FILTER (WHERE arm = ''treatment'')) < 4',
    'and both arms in each, or there is one');
SELECT set_eq('SELECT holdout, max(stratum) FROM drawn WHERE size = 333 GROUP BY holdout', 'VALUES (0, 1), (0.05, 3), (0.1, 6), (0.3, 10), (0.5, 10), (0.9, 6)', 'as many strata as five of the smaller arm allow');

CREATE FUNCTION pg_temp.start(base text, name text, list text, arguments text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('DELETE FROM %I.campaign WHERE name = %L', base, name);
    EXECUTE format('CALL clientcore.start_campaign(%L, %L, %L, overlap => true%s)', base, name, list, arguments);
    EXECUTE format('SELECT md5(string_agg(concat_ws('' '', k.client_id, k.arm, k.stratum, k.value), '','' ORDER BY k.client_id::text COLLATE "C"))
        FROM %1$I.campaign_client AS k JOIN %1$I.campaign AS p USING (campaign_id) WHERE p.name = $1', base) INTO found USING name;
    RETURN found;
END
$$;
SELECT pg_temp.start('laws', 'Söö & ''joo''', 'SELECT client AS client_id FROM worth') AS first \gset
SELECT * FROM pg_temp.same_rows('SELECT client_id, arm, stratum::integer, value FROM laws.campaign_client', $$SELECT * FROM pg_temp.truth((SELECT array_agg(client) FROM worth), 'Söö & ''joo''', 0.1)$$, 3000, 'a campaign is stored as it is drawn');
SELECT is(pg_temp.start('laws', 'Söö & ''joo''', list), :'first', 'the same clients and name, the same arms: ' || list)
FROM unnest(ARRAY['SELECT client AS client_id FROM worth ORDER BY client DESC', 'SELECT client AS client_id FROM sold ORDER BY md5(day || client);', 'clients', 'laws.clients', 'TABLE laws.clients',
    '(SELECT client AS client_id FROM worth UNION ALL SELECT client FROM worth)', 'WITH w AS (SELECT * FROM worth) SELECT client AS client_id, value FROM w -- all', 'SELECT ''nobody'' AS client_id UNION ALL SELECT NULL UNION ALL SELECT client FROM worth']) AS list;
CREATE FUNCTION pg_temp.start_with(setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    was text := current_setting(setting);
    found text;
BEGIN
    PERFORM set_config(setting, value, true);
    found := pg_temp.start('laws', 'Söö & ''joo''', 'SELECT client AS client_id FROM public.sold');
    PERFORM set_config(setting, was, true);
    RETURN found;
END
$$;
SELECT is(pg_temp.start_with(setting, value), :'first', 'the same arms with ' || setting || ' = ' || value)
FROM (VALUES ('enable_hashagg', 'off'), ('enable_hashjoin', 'off'), ('enable_sort', 'off'), ('work_mem', '64kB'), ('max_parallel_workers_per_gather', '0'), ('max_parallel_workers', '0'),
    ('extra_float_digits', '-3'), ('timezone', 'Asia/Tokyo'), ('search_path', 'pg_temp')) AS s (setting, value);
SELECT isnt(pg_temp.start('laws', other, 'clients'), :'first', 'another draw for ' || other) FROM unnest(ARRAY['Söö & ''joo''!', 'söö & joo', 'x']) AS other;
SELECT throws_ok(format($$CALL clientcore.start_campaign('laws', %L, 'clients')$$, other), '22023', 'name: base "laws" has a campaign "Söö & ''joo''" already', 'a name is the same in whatever capitals and blanks')
FROM unnest(ARRAY['Söö & ''joo'' ', 'söö & ''JOO''']) AS other;
SELECT cmp_ok(count(*), '<', 60::bigint, 'which has few of the same clients') FROM (SELECT client_id FROM pg_temp.arms('laws', (SELECT array_agg(client) FROM worth), 'x', 0.1) WHERE arm = 'holdout'
    INTERSECT SELECT client_id FROM pg_temp.arms('laws', (SELECT array_agg(client) FROM worth), 'y', 0.1) WHERE arm = 'holdout') AS s;

-- Over many names chance alone decides.
CREATE TEMP TABLE draw AS SELECT n, a.* FROM generate_series(1, 200) AS n, pg_temp.arms('laws', (SELECT array_agg('c' || c) FROM generate_series(1, 1000) AS c), 'name ' || n, 0.1) AS a;
SELECT ok(abs(avg(d)) < 4 * stddev_samp(d) / sqrt(200) AND stddev_samp(d) > 0, 'the arms are of one value, but for chance')
FROM (SELECT avg(value) FILTER (WHERE arm = 'treatment') - avg(value) FILTER (WHERE arm = 'holdout') AS d FROM draw GROUP BY n) AS s;
-- strata make the arms more alike than a draw from all would
SELECT ok(stddev_samp(d) < 0.5 * (SELECT stddev_samp(value) * sqrt(1 / 900.0 + 1 / 100.0) FROM draw WHERE n = 1), 'and nearer than by a draw without strata')
FROM (SELECT avg(value) FILTER (WHERE arm = 'treatment') - avg(value) FILTER (WHERE arm = 'holdout') AS d FROM draw GROUP BY n) AS s;
SELECT ok(count(*) = 1000 AND max(abs(held - 20)) < 5 * sqrt(18) AND abs(var_samp(held) - 18) < 5 * 18 * sqrt(2 / 999.0), 'each is held back a tenth of the time') FROM (SELECT client_id, count(*) FILTER (WHERE arm = 'holdout') AS held FROM draw GROUP BY client_id) AS s;

-- Equal keys that are written in several ways are one client, as the base writes it.
CREATE TABLE numbered AS SELECT n::numeric AS client, date '2023-01-01' + n % 99 AS day, n AS amount FROM generate_series(1, 200) AS n;
CALL clientcore.attach('numbers', 'numbered', client => 'client', sold_at => 'day', amount => 'amount', build => false);
SELECT pg_temp.refresh('numbers') \g /dev/null
SELECT is(pg_temp.start('numbers', 'x', list, ', holdout => 0.3'), pg_temp.start('numbers', 'x', 'clients', ', holdout => 0.3'), list)
FROM unnest(ARRAY['SELECT client + 0.00 AS client_id FROM numbered', 'SELECT client_id::text FROM (SELECT client + 0.0 AS client_id FROM numbered UNION ALL SELECT client FROM numbered ORDER BY 1) AS s', 'SELECT client::integer AS client_id FROM numbered']) AS list;

-- --- budget ---

CREATE TEMP TABLE affordable AS
SELECT budget, cost, holdout, a.* FROM (VALUES (100, 1), (99.99, 1), (250, 2.5), (1000, 0.37), (1e14, 1e-8), (700, 0.25)) AS b (budget, cost), unnest(ARRAY[0, 0.1, 0.5]) AS holdout,
    pg_temp.arms('laws', (SELECT array_agg(client) FROM worth), 'budget', holdout, least(div(budget, cost), 1e9)::bigint) AS a;
SELECT is_empty('SELECT budget, cost, holdout FROM affordable GROUP BY budget, cost, holdout HAVING cost * count(*) FILTER (WHERE arm = ''treatment'') > budget', 'no more are written to than the budget pays for');
SELECT is_empty('SELECT budget, cost, holdout FROM affordable GROUP BY budget, cost, holdout HAVING count(*) < 3000 AND cost * (count(*) FILTER (WHERE arm = ''treatment'') + 1) <= budget', 'nor fewer');
SELECT is_empty('SELECT budget, cost, holdout FROM affordable GROUP BY budget, cost, holdout HAVING count(*) FILTER (WHERE arm = ''holdout'') <> round(count(*) * holdout)', 'as many are held back of these');
SELECT is_empty('SELECT FROM (SELECT budget, cost, holdout, min(value) AS least, count(*) AS n FROM affordable GROUP BY budget, cost, holdout) AS s WHERE (SELECT count(*) FROM worth WHERE value > least) > n', 'of most value first');
SELECT * FROM pg_temp.same_rows('SELECT budget, cost, holdout, client_id, arm, stratum, value FROM affordable', $$SELECT budget, cost, holdout, t.* FROM (SELECT DISTINCT budget, cost, holdout FROM affordable) AS a,
    pg_temp.truth((SELECT array_agg(client) FROM worth), 'budget', holdout, least(div(budget, cost), 1e9)::bigint) AS t$$, 5000, 'as plain SQL has it');
SELECT pg_temp.start('laws', 'cheap', 'clients', ', budget => 250, cost_per_client => 2.5, holdout => 0.1'), pg_temp.start('laws', 'very cheap', 'clients', ', budget => 1e14, cost_per_client => 1e-8, holdout => 0'),
    pg_temp.start('laws', 'free', 'clients', ', budget => 0, cost_per_client => 0') \g /dev/null
INSERT INTO laws.offer (name, kind, cost) VALUES ('gift', 'gift', 4);
SELECT pg_temp.start('laws', 'with a gift', 'clients', ', budget => 99, offer => ''gift''') \g /dev/null
SELECT * FROM pg_temp.same_rows('SELECT campaign_name, list_count, sent_count, cost_amount, offer_name FROM laws.campaign_results WHERE campaign_name ~ ''cheap|free|gift''', $$VALUES ('cheap', 111::bigint, 100::bigint, 250::numeric(28, 4), NULL),
    ('very cheap', 3000, 3000, 0, NULL), ('free', 3000, 2700, 0, NULL), ('with a gift', 27, 24, 96, 'gift')$$, 4, 'campaigns keep to their budget, an offer has a cost');
SELECT results_eq('SELECT p.name, f.name FROM laws.campaign AS p JOIN laws.offer AS f USING (offer_id)', $$VALUES ('with a gift', 'gift')$$, 'offers are found by their name');
SELECT throws_ok($$CALL clientcore.start_campaign('laws', 'e', 'clients', budget => 2.99999999999999999999, cost_per_client => 3)$$, '22023', 'from_list: nobody is left to be written to', 'a budget under what one costs pays for none');

-- --- errors ---

CREATE VIEW plain AS SELECT client FROM sold;
INSERT INTO laws.offer (name, kind) VALUES ('two', 'gift'), ('two', 'discount');
SELECT count(*) AS campaigns FROM laws.campaign \gset
SELECT throws_ok('CALL clientcore.start_campaign(' || c.arguments || ')', c.state, c.message, c.arguments)
FROM (VALUES ('''laws'', ''e'', ''clients'', holdout => 1', '22023', 'holdout: it must be at least 0 and under 1'), ('''laws'', ''e'', ''clients'', holdout => -0.1', '22023', 'holdout: it must be at least 0 and under 1'),
    ('''laws'', ''e'', ''clients'', holdout => ''NaN''', '22023', 'holdout: it must be at least 0 and under 1'), ('''laws'', ''e'', ''clients'', holdout => NULL', '22004', 'holdout must not be null'),
    ('''laws'', ''e'', ''clients'', ends_on => ''2020-01-01''', '22023', NULL), ('''laws'', ''e'', ''clients'', ends_on => ''2023-02-02''', '22023', 'ends_on: it must lie after 2023-02-02, the day of the base'),
    ('''laws'', ''e'', ''clients'', ends_on => ''infinity''', '22023', NULL), ('''laws'', ''e'', ''clients'', ends_on => ''10000-01-01''', '22023', NULL),
    ('''laws'', ''cheap'', ''clients''', '22023', 'name: base "laws" has a campaign "cheap" already'), ('''laws'', NULL, ''clients''', '22004', 'name must not be null'), ('''laws'', '' '', ''clients''', '22023', NULL),
    ('''laws'', ''e'', NULL', '22004', 'from_list must not be null'), ('''laws'', ''e'', ''SELECT client_id FROM laws.clients WHERE false''', '22023', 'from_list: nobody is left to be written to'),
    ('''laws'', ''e'', ''SELECT NULL::text AS client_id''', '22023', 'from_list: nobody is left to be written to'), ('''laws'', ''e'', ''SELECT ''''nobody'''' AS client_id''', '22023', 'from_list: nobody is left to be written to'),
    ('''laws'', ''e'', ''SELECT ''''c1'''' AS client_id'', holdout => 0.9', '22023', 'from_list: nobody is left to be written to'),
    ('''laws'', ''e'', ''plain''', '22023', 'from_list: column client_id does not exist'), ('''laws'', ''e'', ''SELECT client FROM sold''', '22023', 'from_list: column client_id does not exist'),
    ('''laws'', ''e'', ''SELECT 1 AS client_id, 2 AS client_id''', '22023', NULL), ('''laws'', ''e'', ''SELECT client_id FROM laws.clients WHERE''', '22023', NULL), ('''laws'', ''e'', ''SELECT client_id FRO laws.clients ORDER''', '22023', NULL),
    ('''laws'', ''e'', ''SELECT client_id FROM laws.clients; SELECT 1''', '22023', NULL), ('''laws'', ''e'', ''no_such_view''', '22023', 'from_list: "no_such_view" is neither a view nor a query'), ('''laws'', ''e'', ''a b c''', '22023', 'from_list: "a b c" is neither a view nor a query'),
    ('''laws'', ''e'', ''DELETE FROM sold RETURNING client AS client_id''', '22023', NULL), ('''laws'', ''e'', ''WITH d AS (DELETE FROM sold RETURNING client AS client_id) SELECT * FROM d''', '0A000', NULL),
    ('''laws'', ''e'', ''SELECT client_id FROM no_such_table''', '42P01', NULL), ('''laws'', ''e'', ''SELECT 1 / (length(client) - length(client)) AS client_id FROM sold''', '22012', NULL), ('''numbers'', ''e'', ''SELECT ''''x'''' AS client_id''', '22023', NULL),
    ('''laws'', ''e'', ''clients'', budget => 100', '22023', 'budget: what one client costs is not known'), ('''laws'', ''e'', ''clients'', budget => -1, cost_per_client => 1', '22023', 'budget: it must not be negative, nor 1e15 or more'),
    ('''laws'', ''e'', ''clients'', budget => ''NaN'', cost_per_client => 1', '22023', 'budget: it must not be negative, nor 1e15 or more'), ('''laws'', ''e'', ''clients'', cost_per_client => -1', '22023', 'cost_per_client: it must not be negative, nor 1e15 or more'),
    ('''laws'', ''e'', ''clients'', cost_per_client => ''Infinity''', '22023', 'cost_per_client: it must not be negative, nor 1e15 or more'), ('''laws'', ''e'', ''clients'', offer => ''two''', '22023', 'offer: 2 rows of the table offer have this name'),
    ('''laws'', ''e'', ''clients'', offer => '' ''', '22023', NULL), ('''none'', ''e'', ''clients''', '3F000', NULL), ('NULL, ''e'', ''clients''', '22004', NULL)) AS c (arguments, state, message);
SELECT isnt(pg_temp.sqlstate_of($q$CALL clientcore.start_campaign('laws', 'e', 'SELECT 1 AS client_id) q; DROP TABLE laws.offer; SELECT * FROM (SELECT 1')$q$), '00000', 'a list is one query');
SELECT isnt(to_regclass('laws.offer'), NULL, 'which changes nothing');
SELECT lives_ok($$CALL clientcore.start_campaign('laws', 'looked at', 'clients', preview => true)$$, 'a preview');
SELECT results_eq('SELECT count(*) FROM laws.campaign', ARRAY[:campaigns::bigint], 'what fails starts nothing, nor does a preview');
SELECT is((SELECT count(*) FROM laws.campaign_client LEFT JOIN laws.campaign USING (campaign_id) WHERE name IS NULL), 0::bigint, 'nor stores a client');
SELECT pg_temp.refresh('laws') \g /dev/null
SELECT set_eq('SELECT name FROM clientcore.exports_of(''laws'')', 'SELECT ''campaign_export_'' || campaign_id FROM laws.campaign', 'nor makes a view');
SELECT is(clientcore.run_as_owner(clientcore.base_owner('laws'), 'base_plan_campaign', 'laws', '{"name": "not yet", "from_list": "clients", "holdout": 0.1, "overlap": true, "path": "public"}') ->> 'held', '300', 'it would hold back a tenth');
-- What is not known is not told of.
SELECT results_eq($$SELECT line FROM clientcore.campaign_lines('{"listed": 1, "unknown": 0, "protected": 0, "without_consent": 0, "beyond_budget": 0, "sent": 1, "held": 0, "strata": 1, "frozen_on": "2024-01-01", "ends_on": "2024-02-01"}')$$,
    ARRAY['1 client on the list', '1 to be written to, 0 held back, in 1 stratum by value', 'purchases after 2024-01-01, until 2024-02-01, decide; how many would come by themselves is not known', 'nobody is held back: it will not be known what the campaign did'], 'a list of which little is known, in words');
SELECT results_eq($$SELECT line FROM clientcore.campaign_lines('{"listed": 25, "unknown": 1, "protected": 2, "without_consent": 3, "beyond_budget": 4, "sent": 20, "held": 15, "strata": 2, "has_share": true, "with_chance": 35, "expected": 0.1, "detectable": 0.25, "cost": 20.50, "frozen_on": "2024-01-01", "ends_on": "2024-02-01", "others": 1, "base": "a b", "campaign": 7}')$$,
    ARRAY['25 clients on the list; left out: 1 not known to the base, 2 protected, 3 without consent, 4 of least value beyond the budget', '20 to be written to, 15 held back, in 2 strata by value, at a cost of 20.5',
        'purchases after 2024-01-01, until 2024-02-01, decide; about 10.0 % would come by themselves', 'to be proven, it must bring back 25.0 of 100 more than come by themselves (35.0 in place of 10.0); if it truly does, that will show four times in five, and if it does less, expect "not proven"',
        '1 client is written to in another campaign that runs: what comes of one will be seen in both', 'whom to write to: SELECT * FROM "a b".campaign_export_7'], 'and one of which much is');
SELECT current_setting('is_superuser')::boolean AS may_create \gset
\if :may_create
CREATE ROLE cc_campaign_owner;
CREATE ROLE cc_campaign_stranger;
GRANT CREATE, USAGE ON SCHEMA public TO cc_campaign_owner, cc_campaign_stranger;
CREATE SCHEMA hidden;
CREATE TABLE hidden.list AS SELECT 'k1' AS client_id;
SET LOCAL ROLE cc_campaign_owner;
CREATE TABLE own_sold AS SELECT 'k' || n AS client, date '2023-01-01' + n AS day, n AS amount FROM generate_series(1, 60) AS n;
RESET ROLE;
CALL clientcore.attach('owned', 'own_sold', client => 'client', sold_at => 'day', amount => 'amount', build => false);
SELECT pg_temp.refresh('owned') \g /dev/null
SET LOCAL ROLE cc_campaign_stranger;
SELECT throws_ok($$CALL clientcore.start_campaign('owned', 'x', 'clients')$$, '42501', NULL, 'a stranger starts no campaign');
SELECT throws_ok($$CALL clientcore.start_campaign('owned', 'x', 'clients', preview => true)$$, '42501', NULL, 'nor previews one');
RESET ROLE;
SELECT throws_ok($$CALL clientcore.start_campaign('owned', 'x', 'hidden.list')$$, '42501', NULL, 'a superuser lends no rights: what the owner may not read is no list');
SELECT throws_ok($$CALL clientcore.start_campaign('owned', 'x', 'SELECT client_id FROM hidden.list')$$, '42501', NULL, 'nor in a query');
SET LOCAL ROLE cc_campaign_owner;
SELECT throws_ok($$CALL clientcore.start_campaign('owned', 'x', 'SELECT client_id FROM hidden.list')$$, '42501', NULL, 'nor when the owner asks');
SELECT lives_ok($$CALL clientcore.start_campaign('owned', 'x', 'SELECT client AS client_id FROM own_sold')$$, 'an owner does');
SELECT throws_ok($$SELECT clientcore.base_start_campaign('owned', '{}')$$, '42501', NULL, 'but not by the operation itself');
RESET ROLE;
GRANT USAGE ON SCHEMA hidden TO cc_campaign_owner;
GRANT SELECT ON hidden.list TO cc_campaign_owner;
SET LOCAL search_path = hidden, public, clientcore;
SELECT lives_ok($$CALL clientcore.start_campaign('owned', 'y', 'list', holdout => 0)$$, 'with the right it is, by the search path of who asks');
SET LOCAL search_path = public, clientcore;
SELECT results_eq('SELECT client_id FROM owned.campaign_export_2', ARRAY['k1'], 'as is said');
SELECT is(relowner::regrole::text, 'cc_campaign_owner', 'the owner has what is made') FROM pg_class WHERE oid = 'owned.campaign_export_2'::regclass;
\else
SELECT skip('roles are made by superusers');
\endif

-- --- nobody held back is written to ---

CREATE TABLE traded AS
SELECT 't' || lpad(n::text, 3, '0') AS client, date '2021-01-10' + n * 53 % 200 + (20 + n % 60) * k + n * k % 5 AS day, ((n * 7 + k * 11) % 90 - CASE WHEN (n + k) % 9 = 0 THEN 100 ELSE 0 END)::numeric AS amount,
       CASE WHEN n % 5 > 0 OR k % 3 > 0 THEN (n + k * 5) % 31 - 4 END::numeric AS profit
FROM generate_series(1, 400) AS n, generate_series(0, 60) AS k
WHERE date '2021-01-10' + n * 53 % 200 + (20 + n % 60) * k <= CASE n % 3 WHEN 0 THEN date '2024-12-31' WHEN 1 THEN date '2022-03-01' + n ELSE date '2022-11-01' END OR n % 3 > 0 AND (n + k) % 23 = 0 AND k < 40;
CREATE TABLE known AS
SELECT client, (ARRAY['Ann', 'Bob'])[1 + n % 2] AS manager, (ARRAY['shops', 'schools', 'kiosks'])[1 + n % 3] AS segment, CASE WHEN n % 7 > 0 THEN n % 7 < 6 END AS agreed
FROM (SELECT DISTINCT client, substr(client, 2)::integer AS n FROM traded UNION ALL SELECT 'prospect' || n, n FROM generate_series(1, 9) AS n) AS c;
CALL clientcore.attach('trade', 'traded', client => 'client', sold_at => 'day', amount => 'amount', profit => 'profit', build => false);
UPDATE trade.settings SET as_of = '2023-06-30', abc_by = 'revenue';
INSERT INTO trade.client_mark (client_id, kind, reason) SELECT 't' || n, 'protected', 'tried' FROM generate_series(100, 119) AS n;
INSERT INTO trade.client_alias VALUES ('old name', 't001');
SELECT pg_temp.refresh('trade') \g /dev/null
CREATE TEMP TABLE listed AS SELECT client AS client_id FROM known UNION ALL VALUES ('old name'), ('stranger'), (NULL);
-- without a word of consent
SELECT pg_temp.start('trade', 'before', 'SELECT client_id FROM pg_temp.listed', ', holdout => 0.25') \g /dev/null
SELECT set_eq('SELECT client_id FROM trade.campaign_client', $$SELECT DISTINCT client FROM traded WHERE client NOT BETWEEN 't100' AND 't119'$$, 'those not known and those protected are in no campaign');
SELECT results_eq('SELECT list_count, sent_count, holdout_count FROM trade.campaign_results', 'VALUES (380::bigint, 285::bigint, 95::bigint)', 'which counts them');
CALL clientcore.attach_clients('trade', 'known', 'client', manager => 'manager', segment => 'segment');
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT pg_temp.start('trade', 'known', 'SELECT client_id FROM pg_temp.listed', ', holdout => 0.25') \g /dev/null
SELECT set_eq($$SELECT client_id FROM trade.campaign_clients WHERE campaign_name = 'known'$$, $$SELECT client FROM known WHERE client NOT BETWEEN 't100' AND 't119'$$, 'where nobody says who consents, all known ones are, also those who have not bought');
CALL clientcore.attach_clients('trade', 'known', 'client', manager => 'manager', segment => 'segment', consent => 'agreed');
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT is((SELECT count(*) FROM trade.campaign_client), 380 + 389::bigint, 'campaigns are not changed by what is known later');
\if :may_create
CREATE ROLE cc_campaign_reader;
CREATE ROLE cc_campaign_late_reader;
CALL clientcore.grant_read('trade', 'cc_campaign_reader');
\endif
SELECT pg_temp.start('trade', 'asked', 'SELECT client_id FROM pg_temp.listed', ', holdout => 0.25, offer => ''tea''') \g /dev/null
SELECT set_eq($$SELECT client_id FROM trade.campaign_clients WHERE campaign_name = 'asked'$$, $$SELECT client FROM known WHERE client NOT BETWEEN 't100' AND 't119' AND agreed$$, 'where it is said, only those who do');
SELECT campaign_id AS asked FROM trade.campaign WHERE name = 'asked' \gset
SELECT campaign_id AS before FROM trade.campaign WHERE name = 'before' \gset
CREATE FUNCTION pg_temp.exported(campaign integer) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE format('SELECT client_id FROM trade.campaign_export_%s', campaign); END$$;
SELECT set_eq(format('SELECT * FROM pg_temp.exported(%s)', :asked), format($$SELECT client_id FROM trade.campaign_client WHERE arm = 'treatment' AND campaign_id = %s$$, :asked), 'the export has those to be written to');
SELECT is_empty(format('SELECT * FROM pg_temp.exported(%1$s) INTERSECT SELECT client_id FROM trade.campaign_client WHERE arm = ''holdout'' AND campaign_id = %1$s', :asked), 'and nobody held back');
SELECT set_eq(format('SELECT * FROM pg_temp.exported(%s)', :before), format($$SELECT client_id FROM trade.campaign_client JOIN known ON client = client_id WHERE arm = 'treatment' AND campaign_id = %s AND agreed$$, :before), 'an export from before keeps to consent');
SELECT results_eq(format('SELECT DISTINCT campaign_id, campaign_name, offer_name, frozen_date, ends_date FROM trade.campaign_export_%s', :asked), format($$VALUES (%s, 'asked', 'tea', date '2023-06-30', date '2023-09-28')$$, :asked), 'it says what for, and till when');
SELECT results_eq(format('SELECT client_id, value_amount FROM trade.campaign_export_%s', :asked), format($$SELECT client_id, value::numeric(28, 4) FROM trade.campaign_client WHERE arm = 'treatment' AND campaign_id = %s ORDER BY client_id$$, :asked), 'with what each was worth');
\if :may_create
CALL clientcore.grant_read('trade', 'cc_campaign_late_reader');
SET LOCAL ROLE cc_campaign_reader;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.exported(:asked)), '>', 200::bigint, 'a reader of before reads an export');
SELECT throws_ok('SELECT * FROM trade.' || t, '42501', NULL, 'but not ' || t) FROM unnest(ARRAY['campaign', 'campaign_client', 'campaign_outcome', 'campaign_lesson']) AS t;
SELECT throws_ok($$CALL clientcore.start_campaign('trade', 'x', 'clients')$$, '42501', NULL, 'nor starts a campaign');
SET LOCAL ROLE cc_campaign_late_reader;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.exported(:asked)), '>', 200::bigint, 'so does one of after');
RESET ROLE;
\endif
-- What turns out later.
CREATE TEMP TABLE sent AS SELECT client_id, row_number() OVER (ORDER BY client_id) AS n FROM trade.campaign_client WHERE campaign_id = :asked AND arm = 'treatment' AND client_id BETWEEN 't002' AND 't399';
CREATE TEMP TABLE held AS SELECT client_id, row_number() OVER (ORDER BY client_id) AS n FROM trade.campaign_client WHERE campaign_id = :asked AND arm = 'holdout' AND client_id BETWEEN 't002' AND 't399';
INSERT INTO trade.client_alias SELECT s.client_id, h.client_id FROM sent AS s JOIN held AS h USING (n) WHERE n <= 5 UNION ALL SELECT h.client_id, s.client_id FROM sent AS s JOIN held AS h USING (n) WHERE n BETWEEN 6 AND 10
    UNION ALL SELECT s.client_id, t.client_id FROM sent AS s JOIN sent AS t ON t.n = s.n + 1 WHERE s.n IN (11, 13, 15);
SELECT is_empty(format('SELECT * FROM pg_temp.exported(%s) INTERSECT (SELECT client_id FROM sent WHERE n <= 10 UNION SELECT client_id FROM held)', :asked), 'nor, at once, who turns out to be one who was held back');
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT set_eq(format('SELECT * FROM pg_temp.exported(%s)', :asked), format('SELECT client_id FROM trade.campaign_client WHERE campaign_id = %s AND arm = ''treatment'' EXCEPT SELECT client_id FROM sent WHERE n <= 10 OR n IN (11, 13, 15)', :asked),
    'also after a refresh; duplicates that were both to be written to are one');
SELECT is(count(*), count(DISTINCT e), 'each once') FROM pg_temp.exported(:asked) AS e;
UPDATE known SET agreed = CASE substr(client, 4, 1) WHEN '1' THEN NULL ELSE false END WHERE client IN (SELECT client_id FROM sent WHERE n BETWEEN 20 AND 29);
INSERT INTO trade.client_mark (client_id, kind, reason) SELECT client_id, 'protected', 'late' FROM sent WHERE n BETWEEN 30 AND 39;
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT is_empty(format('SELECT * FROM pg_temp.exported(%s) INTERSECT SELECT client_id FROM sent WHERE n BETWEEN 20 AND 39', :asked), 'nor who took consent back or is protected since');
SELECT is((SELECT count(*) FROM trade.campaign_client WHERE campaign_id = :asked), (SELECT count(*) FROM trade.campaign_clients WHERE campaign_id = :asked), 'who stays in the campaign all the same');
SELECT client_id AS gone FROM sent WHERE n = 50 \gset
SELECT client_id AS gone_held FROM held WHERE n = 50 \gset
SELECT clientcore.run_as_owner(clientcore.base_owner('trade'), 'base_forget', 'trade', jsonb_build_object('client', g)) FROM unnest(ARRAY[:'gone', :'gone_held']) AS g \g /dev/null
SELECT is((SELECT count(*) FROM trade.campaign_client WHERE client_id IN (:'gone', :'gone_held')) + (SELECT count(*) FROM trade.campaign_outcome WHERE client_id IN (:'gone', :'gone_held')) + (SELECT count(*) FROM pg_temp.exported(:asked) AS e WHERE e = :'gone'),
    0::bigint, 'who is forgotten is in no campaign');
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT is((SELECT count(*) FROM trade.campaign_outcome WHERE client_id IN (:'gone', :'gone_held')), 0::bigint, 'nor comes back by a refresh');
SELECT pg_temp.start('trade', 'again', 'SELECT client_id FROM pg_temp.listed') IS NOT NULL, 0 AS none \g /dev/null
SELECT is_empty(format('SELECT FROM trade.campaign_clients WHERE client_id IN (%L, %L)', :'gone', :'gone_held'), 'nor by a list');
-- Views of campaigns come and go with them.
SELECT campaign_id AS again FROM trade.campaign WHERE name = 'again' \gset
DELETE FROM trade.campaign WHERE name IN ('again', 'known');
SELECT is((SELECT count(*) FROM pg_temp.exported(:again)), 0::bigint, 'of a campaign that is deleted nobody is to be written to');
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT set_eq('SELECT name FROM clientcore.exports_of(''trade'')', ARRAY['campaign_export_' || :before, 'campaign_export_' || :asked], 'and at the next refresh its view is gone');
SELECT set_eq('SELECT DISTINCT campaign_id FROM trade.campaign_outcome', ARRAY[:before, :asked], 'with what came of it');
DROP VIEW trade.campaign_export_:asked;
CALL clientcore.upgrade_base('trade');
SELECT set_eq('SELECT name FROM clientcore.exports_of(''trade'')', ARRAY['campaign_export_' || :before, 'campaign_export_' || :asked], 'a view that is not there comes again by upgrade_base');
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM clientcore.exports_of('trade') AS e JOIN pg_class AS c ON c.oid = ('trade.' || e.name)::regclass JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE coalesce(obj_description(c.oid, 'pg_class'), '') !~ '.{6}' OR coalesce(col_description(c.oid, a.attnum), '') !~ '.{6}'$$, 'with its comments');
\if :may_create
SELECT ok(has_table_privilege(r, 'trade.campaign_export_' || :asked, 'SELECT'), r || ' reads it again') FROM unnest(ARRAY['cc_campaign_reader', 'cc_campaign_late_reader']) AS r;
\endif

-- --- what came of it ---

-- Whatever is in campaigns: what each bought in the time of its campaign, by the day of the base; and the campaigns.
CREATE FUNCTION pg_temp.outcome(as_of date, OUT campaign_id integer, OUT client_id text, OUT returned_on date, OUT purchase_count bigint, OUT revenue numeric, OUT profit numeric, OUT is_profit_known boolean,
    OUT second_purchase_count bigint, OUT second_revenue numeric, OUT second_last_purchase date) RETURNS SETOF record LANGUAGE sql AS $$
-- of several clients that are one person the first, and none where they are in both arms
WITH own AS (SELECT k.campaign_id, min(k.client_id COLLATE "C") AS client_id, frozen_on, least(ends_on, $1) AS until, coalesce(a.client, k.client_id) AS person FROM trade.campaign_client AS k JOIN trade.campaign AS p USING (campaign_id)
        LEFT JOIN trade.client_alias AS a ON a.alias = k.client_id GROUP BY 1, 3, 4, 5 HAVING count(DISTINCT k.arm) = 1),
    bought AS (SELECT coalesce(a.client, t.client) AS person, day, amount, profit FROM traded AS t LEFT JOIN trade.client_alias AS a ON a.alias = t.client WHERE day <= $1),
    first AS (SELECT o.campaign_id, o.client_id, o.person, min(day) FILTER (WHERE amount >= 0) AS returned_on, count(DISTINCT day) FILTER (WHERE amount >= 0) AS purchase_count, coalesce(sum(amount), 0) AS revenue, sum(profit) AS profit,
        count(profit) = count(day) AS is_profit_known FROM own AS o LEFT JOIN bought AS b ON b.person = o.person AND day > frozen_on AND day <= until GROUP BY 1, 2, 3)
SELECT f.campaign_id, f.client_id, returned_on, f.purchase_count, f.revenue, f.profit, f.is_profit_known, count(DISTINCT day) FILTER (WHERE amount >= 0), coalesce(sum(amount), 0), max(day) FILTER (WHERE amount >= 0)
FROM first AS f LEFT JOIN bought AS b ON b.person = f.person AND day >= returned_on GROUP BY 1, 2, 3, 4, 5, 6, 7 $$;
-- Of the whole, or of each manager and segment. u: uplift by its own formula.
CREATE FUNCTION pg_temp.results(as_of date, by_place boolean) RETURNS TABLE (manager text, segment text, campaign_id integer, is_over boolean, list_count bigint, sent_count bigint, holdout_count bigint, sent_returned_count bigint, holdout_returned_count bigint,
    sent_share numeric, holdout_share numeric, uplift numeric, error numeric, regained numeric, regained_profit numeric, extra_returned bigint, extra_revenue numeric, extra_error numeric, extra_profit numeric, is_assumed boolean, cost numeric, return_on_cost numeric,
    second_count bigint, second_revenue numeric, second_days numeric, second_lost bigint) LANGUAGE sql AS $$
WITH one AS (SELECT CASE WHEN by_place THEN n.manager END AS manager, CASE WHEN by_place THEN n.segment END AS segment, o.*, k.arm = 'treatment' AS is_sent, o.returned_on IS NOT NULL AND c.is_lost AS is_lost_again FROM pg_temp.outcome(as_of) AS o
        JOIN trade.campaign_client AS k USING (campaign_id, client_id) LEFT JOIN trade.client_alias AS a ON a.alias = client_id LEFT JOIN known AS n ON n.client = coalesce(a.client, client_id) LEFT JOIN trade.clients AS c ON c.client_id = n.client),
    summed AS (SELECT manager, segment, campaign_id, count(*) AS n, count(*) FILTER (WHERE is_sent) AS s, count(*) FILTER (WHERE NOT is_sent) AS h, count(returned_on) FILTER (WHERE is_sent) AS sr, count(returned_on) FILTER (WHERE NOT is_sent) AS hr,
        coalesce(sum(revenue) FILTER (WHERE is_sent), 0) AS money, coalesce(sum(profit) FILTER (WHERE is_sent), 0) AS profit, bool_and(is_profit_known) AS known, avg(revenue) FILTER (WHERE is_sent) AS sm, avg(revenue) FILTER (WHERE NOT is_sent) AS hm,
        var_samp(revenue) FILTER (WHERE is_sent) AS sv, var_samp(revenue) FILTER (WHERE NOT is_sent) AS hv, avg(coalesce(profit, 0)) FILTER (WHERE is_sent) AS sp, avg(coalesce(profit, 0)) FILTER (WHERE NOT is_sent) AS hp,
        coalesce(sum(second_purchase_count) FILTER (WHERE is_sent), 0) AS more, coalesce(sum(second_revenue) FILTER (WHERE is_sent), 0) AS more_money, avg(second_last_purchase - returned_on) FILTER (WHERE is_sent) AS days, count(*) FILTER (WHERE is_sent AND is_lost_again) AS lost
        FROM one GROUP BY manager, segment, campaign_id)
SELECT manager, segment, campaign_id, as_of >= ends_on, n, s, h, sr, hr, round(sr::numeric / nullif(s, 0), 8), round(hr::numeric / nullif(h, 0), 8), round(u.d::numeric, 8), round(sqrt(u.sp * (1 - u.sp) / s + u.hp * (1 - u.hp) / h)::numeric, 8),
    round(money, 4), CASE WHEN known THEN round(summed.profit, 4) END, CASE WHEN o.is_over THEN round(u.d * s)::bigint END, CASE WHEN o.is_over THEN round(s * (sm - hm), 4) END, CASE WHEN o.is_over THEN round(s * sqrt(sv / nullif(s, 0) + hv / nullif(h, 0)), 4) END, CASE WHEN o.is_over THEN round(x.profit, 4) END, NOT known, round(c.cost, 4), CASE WHEN o.is_over THEN round((x.profit - c.cost) / nullif(c.cost, 0), 8) END, more::bigint, round(more_money, 4), round(days, 1), lost
FROM summed JOIN trade.campaign USING (campaign_id), LATERAL (SELECT sr::float8 / nullif(s, 0), hr::float8 / nullif(h, 0), sr::float8 / nullif(s, 0) - hr::float8 / nullif(h, 0)) AS u (sp, hp, d), LATERAL (SELECT CASE WHEN known THEN s * (summed.sp - summed.hp) ELSE s * (sm - hm) * 0.3 END) AS x (profit),
    LATERAL (SELECT as_of >= ends_on) AS o (is_over),
    LATERAL (SELECT CASE WHEN by_place OR campaign.cost IS NULL THEN CASE WHEN cost_per_client IS NULL THEN cost_per_return * sr ELSE cost_per_client * s + coalesce(cost_per_return * sr, 0) END ELSE campaign.cost END) AS c (cost) $$;
CREATE FUNCTION pg_temp.agrees(what text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
DECLARE
    day date := (SELECT as_of FROM trade.state);
    columns text := 'campaign_id, is_over, list_count, sent_count, holdout_count, sent_returned_count, holdout_returned_count, sent_returned_share, holdout_returned_share, uplift_share, standard_error_share, regained_revenue_amount, regained_profit_amount,
        extra_returned_count, extra_revenue_amount, extra_revenue_error_amount, extra_profit_amount, is_profit_assumed, cost_amount, return_on_cost_share, second_purchase_count, second_revenue_amount, second_lifetime_days, second_lost_count';
BEGIN
    RETURN QUERY SELECT pg_temp.same_rows('SELECT campaign_id, client_id, returned_on, purchase_count, revenue, profit, is_profit_known, second_purchase_count, second_revenue, second_last_purchase FROM trade.campaign_outcome',
        format('SELECT * FROM pg_temp.outcome(%L)', day), 1000, what || ': what each bought');
    RETURN QUERY SELECT pg_temp.same_rows('SELECT NULL::text, NULL::text, ' || columns || ' FROM trade.campaign_results', format('SELECT * FROM pg_temp.results(%L, false)', day), 6, what || ': what came of campaigns');
    RETURN QUERY SELECT pg_temp.same_rows('SELECT manager, segment, ' || columns || ' FROM trade.campaign_results_by', format('SELECT * FROM pg_temp.results(%L, true)', day), 24, what || ': of each manager and segment');
    RETURN QUERY SELECT pg_temp.same_rows('SELECT campaign_id, sum(list_count), sum(sent_count), sum(holdout_count), sum(sent_returned_count), sum(holdout_returned_count), sum(regained_revenue_amount), sum(second_purchase_count), sum(second_revenue_amount), sum(second_lost_count) FROM trade.campaign_results_by GROUP BY campaign_id',
        'SELECT campaign_id, list_count, sent_count, holdout_count, sent_returned_count, holdout_returned_count, regained_revenue_amount, second_purchase_count, second_revenue_amount, second_lost_count FROM trade.campaign_results', 6, what || ': which sum to it');
    RETURN QUERY SELECT is_empty($$SELECT * FROM (SELECT r.*, u FROM trade.campaign_results AS r, uplift(sent_count, sent_returned_count, holdout_count, holdout_returned_count) AS u UNION ALL
            SELECT (SELECT r FROM trade.campaign_results AS r LIMIT 0).*, NULL WHERE false) AS r WHERE (uplift_share, standard_error_share, uplift_from_share, uplift_to_share) IS DISTINCT FROM (round((u).uplift::numeric, 8), round((u).standard_error::numeric, 8),
            round((u).score_from::numeric, 8), round((u).score_to::numeric, 8))
        OR verdict IS DISTINCT FROM CASE WHEN as_of_date < ends_date THEN 'running' WHEN holdout_count = 0 THEN 'no holdout' WHEN least(sent_count, holdout_count) < 10 THEN 'too few' WHEN (u).score_from > 0 THEN 'works' WHEN (u).score_to < 0 THEN 'harms' ELSE 'not proven' END
        OR verdict_rank <> array_position(ARRAY['works', 'harms', 'not proven', 'too few', 'no holdout', 'running'], verdict)$$, what || ': uplift and verdict');
    RETURN QUERY SELECT pg_temp.same_rows('SELECT campaign_id, client_id, is_returned, returned_date, purchase_count, revenue_amount, profit_amount, second_purchase_count, second_revenue_amount FROM trade.campaign_clients',
        format('SELECT campaign_id, k.client_id, returned_on IS NOT NULL, returned_on, coalesce(purchase_count, 0), round(coalesce(revenue, 0), 4), round(profit, 4), coalesce(second_purchase_count, 0), round(coalesce(second_revenue, 0), 4)
            FROM trade.campaign_client AS k LEFT JOIN pg_temp.outcome(%L) USING (campaign_id, client_id)', day), 1000, what || ': client by client');
END
$f$;
SELECT pg_temp.start('trade', 'long', 'SELECT client_id FROM trade.clients', ', holdout => 0.4, ends_on => ''2023-11-15'', cost_per_client => 0.35'), pg_temp.start('trade', 'to all', 'lost_clients', ', holdout => 0, ends_on => ''2023-08-01'''),
    pg_temp.start('trade', 'profit', 'SELECT client AS client_id FROM traded GROUP BY client HAVING count(*) = count(profit)', ', holdout => 0.5, cost_per_client => 2, ends_on => ''2024-06-30'''), pg_temp.start('trade', 'dear', 'clients', ', holdout => 0.3, cost_per_client => 0, ends_on => ''2023-12-31''') \g /dev/null
UPDATE trade.campaign SET cost = 1234.5 WHERE name = 'profit';
UPDATE trade.campaign SET cost = 10 WHERE name = 'to all';
SELECT * FROM pg_temp.same_rows('SELECT client_id, round(chance_12m, 8), silence_days FROM trade.campaign_client JOIN trade.campaign USING (campaign_id) WHERE name = ''to all''',
    'SELECT client_id, return_12m_share, silence_days FROM trade.lost_clients JOIN known ON client = client_id WHERE agreed AND NOT is_protected', 40, 'the chances of lost clients are stored');
SELECT * FROM pg_temp.agrees('on the day it starts');
SELECT is((SELECT count(*) FROM trade.campaign_results WHERE verdict = 'running'), 6::bigint, 'all run');
CREATE TEMP TABLE frozen AS TABLE trade.campaign_client;
UPDATE trade.settings SET as_of = '2023-08-15';
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT * FROM pg_temp.agrees('after six weeks');
SELECT set_eq('SELECT campaign_name FROM trade.campaign_results WHERE verdict = ''no holdout''', ARRAY['to all'], 'one is over, without a holdout');
UPDATE trade.settings SET as_of = '2024-03-31';
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT * FROM pg_temp.agrees('after nine months');
SELECT ok(count(*) FILTER (WHERE revenue < 0) > 0 AND count(*) FILTER (WHERE returned_on IS NULL AND revenue < 0) > 0 AND count(*) FILTER (WHERE second_revenue > revenue) > 100 AND count(*) FILTER (WHERE NOT is_profit_known) > 20, 'with goods returned, purchases after the campaign, profit that is not known') FROM trade.campaign_outcome;
SELECT ok(bool_or(is_profit_assumed) AND bool_or(NOT is_profit_assumed) AND bool_or(cost_amount = 1234.5) AND bool_or(cost_amount IS NULL) AND bool_and(return_on_cost_share IS NULL) FILTER (WHERE coalesce(cost_amount, 0) = 0 OR holdout_count = 0) AND count(return_on_cost_share) = 1, 'costs are known, or not') FROM trade.campaign_results;
-- Sales are changed after the fact, clients are joined, some are gone altogether.
UPDATE traded SET amount = -amount WHERE day BETWEEN '2023-07-05' AND '2023-07-20';
DELETE FROM traded WHERE day BETWEEN '2023-08-01' AND '2023-08-20' OR client = (SELECT client_id FROM sent WHERE n = 60);
DELETE FROM known WHERE client = (SELECT client_id FROM sent WHERE n = 60);
INSERT INTO traded SELECT client, date '2023-09-28', 5000, 1 FROM known WHERE client LIKE 't_5_' UNION ALL SELECT client, '2023-09-29', 7000, NULL FROM known WHERE client LIKE 't_6_' UNION ALL SELECT client, '2023-06-30', 9000, 5 FROM known WHERE client LIKE 't_7_';
INSERT INTO trade.client_alias SELECT s.client_id, t.client_id FROM sent AS s JOIN sent AS t ON t.n = s.n + 1 WHERE s.n IN (62, 64);
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT * FROM pg_temp.agrees('when sales were changed');
SELECT is_empty('SELECT FROM trade.campaign_results_by WHERE manager IS NULL HAVING count(*) = 0', 'who has no card any more is of no place');
UPDATE trade.settings SET as_of = '2023-07-10', assumed_margin_share = 0.3, lost_rule = 'days', lost_fallback_days = 100;
INSERT INTO trade.client_mark (client_id, kind, reason) SELECT client_id, 'vocal', 'x' FROM sent WHERE n > 100;
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT * FROM pg_temp.agrees('the day set back');
UPDATE trade.settings SET as_of = '2023-01-01';
SELECT pg_temp.refresh('trade') \g /dev/null
SELECT * FROM pg_temp.agrees('before it began');
SELECT is((SELECT count(*) FROM trade.campaign_outcome WHERE purchase_count > 0), 0::bigint, 'when nobody had returned');
UPDATE trade.settings SET as_of = NULL;
SELECT pg_temp.refresh('trade', true) \g /dev/null
SELECT * FROM pg_temp.agrees('all over, read anew');
SELECT * FROM pg_temp.same_rows('TABLE trade.campaign_client', 'TABLE frozen', 1000, 'who is in which campaign is as it was');
-- costs so small that a return on them has no figure
UPDATE trade.campaign SET cost = 0.0001;
SELECT ok(min(return_on_cost_share) = -9999 AND max(return_on_cost_share) = 9999, 'a return on next to nothing has its bounds') FROM trade.campaign_results;

-- --- a year of campaigns ---

-- Clients who stopped at some time, and some who have not. The first campaign brings back three times as many as
-- come by themselves, the second as many, the third a quarter.
CREATE TABLE yearly AS
SELECT 'y' || lpad(n::text, 4, '0') AS client, date '2023-06-30' - n * 7 % 1400 - (20 + n % 40) * k AS day, (5 + n * 31 % 200)::numeric AS amount, NULL::numeric AS profit FROM generate_series(1, 4500) AS n, generate_series(0, n % 5) AS k;
CALL clientcore.attach('year', 'yearly', client => 'client', sold_at => 'day', amount => 'amount', build => false);
INSERT INTO year.client_lost_reason (client_id, noted_on, reason) SELECT client, date '2023-01-01' + i::integer, r FROM (SELECT DISTINCT client, substr(client, 2)::integer AS n FROM yearly) AS c, unnest(ARRAY['moved', 'price', 'ignored']) WITH ORDINALITY AS r (r, i)
    WHERE i <= CASE n % 12 WHEN 0 THEN 2 WHEN 1 THEN 3 WHEN 3 THEN 2 WHEN 4 THEN 1 ELSE 0 END;
SELECT pg_temp.refresh('year') \g /dev/null
CREATE TEMP TABLE chance_before AS SELECT client_id, return_12m_share, silence_days FROM year.lost_clients;
SELECT pg_temp.start('year', name, format('SELECT client_id FROM year.lost_clients WHERE substr(client_id, 2)::integer %% 3 = %s', n), ', holdout => 0.2, ends_on => ''2023-12-31'', cost_per_client => 1')
FROM (VALUES (0, 'works'), (1, 'idle'), (2, 'harms')) AS v (n, name) \g /dev/null
SELECT results_eq('SELECT campaign_name, verdict, detectable_uplift_share FROM year.campaign_results', $$SELECT name, 'running', round(detectable_uplift(count(*) FILTER (WHERE arm = 'treatment'), count(*) FILTER (WHERE arm = 'holdout'),
    avg(round((1 - (1 - chance_12m) ^ (184 / 365.0)), 10))::float8)::numeric, 8) FROM year.campaign JOIN year.campaign_client USING (campaign_id) GROUP BY campaign_id ORDER BY campaign_id$$, 'three campaigns, and what they can show');
INSERT INTO yearly SELECT client_id, date '2023-07-10' + number::integer % 150, 40, NULL FROM (
    SELECT name, arm, client_id, row_number() OVER w AS number, count(*) OVER (PARTITION BY name, arm) AS n FROM year.campaign_client JOIN year.campaign USING (campaign_id) WINDOW w AS (PARTITION BY name, arm ORDER BY md5(client_id))) AS k
    JOIN (VALUES ('works', 'treatment', 0.15), ('works', 'holdout', 0.05), ('idle', 'treatment', 0.08), ('idle', 'holdout', 0.08), ('harms', 'treatment', 0.03), ('harms', 'holdout', 0.12)) AS s (name, arm, share) USING (name, arm) WHERE number <= round(n * share);
UPDATE year.settings SET as_of = '2023-12-30';
SELECT pg_temp.refresh('year') \g /dev/null
SELECT set_eq('SELECT verdict FROM year.campaign_results', ARRAY['running'], 'a day before the end they run');
SELECT is((SELECT count(*) FROM year.campaign_lesson), 0::bigint, 'and teach nothing');
UPDATE year.settings SET as_of = '2023-12-31';
SELECT pg_temp.refresh('year') \g /dev/null
SELECT results_eq('SELECT campaign_name, verdict FROM year.campaign_results', $$VALUES ('works', 'works'), ('idle', 'not proven'), ('harms', 'harms')$$, 'one works, one does not, one harms');
SELECT is_empty($$SELECT campaign_name, uplift_share FROM year.campaign_results WHERE abs(uplift_share - CASE campaign_name WHEN 'works' THEN 0.10 WHEN 'idle' THEN 0 ELSE -0.09 END) > 0.003
    OR abs(extra_revenue_amount - 40 * uplift_share * sent_count) > 0.01 OR abs(extra_profit_amount - 0.3 * extra_revenue_amount) > 0.0001 OR abs(return_on_cost_share - (extra_profit_amount - sent_count) / sent_count) > 0.0000001$$, 'by as much as was done');
SELECT ok(detectable_uplift_share BETWEEN 0.01 AND 0.15, 'so much was to be seen') FROM year.campaign_results WHERE campaign_name = 'works';
CREATE FUNCTION pg_temp.lessons() RETURNS TABLE (reason text, band smallint, sent bigint, returned bigint, held bigint, held_returned bigint, expected numeric, learnt numeric) LANGUAGE sql AS $$
SELECT s.reason, s.band::smallint, n, back, held, held_back, expected, round((back + 50 * expected / n) / (n + 50), 8) FROM (
    SELECT coalesce(k.reason, '') AS reason, width_bucket(k.silence_days, ARRAY[0, 180, 365, 730]) AS band, count(*) FILTER (WHERE arm = 'treatment') AS n, count(*) FILTER (WHERE arm = 'treatment' AND came) AS back,
        count(*) FILTER (WHERE arm = 'holdout') AS held, count(*) FILTER (WHERE arm = 'holdout' AND came) AS held_back,
        sum(CASE WHEN chance_12m = 1 THEN 1 ELSE round(1 - (1 - chance_12m) ^ ((p.ends_on - p.frozen_on) / 365.0), 10) END) FILTER (WHERE arm = 'treatment') AS expected
    FROM year.campaign_client AS k JOIN year.campaign AS p USING (campaign_id), LATERAL (SELECT EXISTS (SELECT FROM yearly WHERE client = k.client_id AND day > p.frozen_on AND day <= p.ends_on) AS came) AS c
    WHERE was_lost AND p.ends_on <= (SELECT as_of FROM year.state) GROUP BY 1, 2) AS s WHERE n > 0 $$;
CREATE INDEX ON yearly (client, day);
ANALYZE yearly;
CREATE TEMP TABLE lesson AS SELECT * FROM pg_temp.lessons();
SELECT * FROM pg_temp.same_rows('TABLE year.campaign_lesson', 'TABLE lesson', 10, 'what campaigns teach');
SELECT * FROM pg_temp.same_rows('SELECT reason, silence_band, silence_band_rank, sent_count, returned_count, returned_share, expected_share, learnt_share FROM year.campaign_lessons', $$SELECT CASE reason WHEN '' THEN '(not known)' ELSE reason END,
    CASE band WHEN 1 THEN 'under half a year' WHEN 2 THEN 'half a year to a year' WHEN 3 THEN 'one to two years' WHEN 4 THEN 'two years and more' END, band, sent, returned, round(returned::numeric / sent, 8), round(expected / sent, 8), learnt FROM lesson$$, 10, 'as the view has it');
SELECT is_empty('SELECT FROM year.campaign_client AS k LEFT JOIN chance_before AS b USING (client_id) WHERE abs(k.chance_12m - b.return_12m_share) > 0.00000001 OR b.client_id IS NULL OR k.silence_days <> b.silence_days
    OR k.reason IS DISTINCT FROM (SELECT reason FROM year.client_lost_reason AS r WHERE r.client_id = k.client_id ORDER BY noted_on DESC LIMIT 1)', 'from what was known then');
SELECT is_empty('SELECT reason, band FROM lesson WHERE learnt NOT BETWEEN least(returned, expected) / sent - 0.00000001 AND greatest(returned, expected) / sent + 0.00000001', 'what is learnt lies between what came and what was expected');
SELECT ok((SELECT max(abs(learnt - expected / sent)) FROM lesson WHERE reason = 'price') > 0, 'and differs');
CREATE TEMP VIEW wanted AS
SELECT w.client_id, w.return_12m_share, w.expected_value_amount, w.value_lost_amount, w.return_rule, w.reason, w.lesson_sent_count, w.lesson_returned_count, l.return_12m_share AS own_share, l.return_rule AS own_rule, e.*,
       (SELECT reason FROM year.client_lost_reason AS r WHERE r.client_id = w.client_id ORDER BY noted_on DESC LIMIT 1) AS last_reason
FROM year.win_back_list AS w JOIN year.lost_clients AS l USING (client_id) LEFT JOIN LATERAL (SELECT sent, returned, expected, learnt FROM lesson AS e
    WHERE e.reason = coalesce((SELECT reason FROM year.client_lost_reason AS r WHERE r.client_id = w.client_id ORDER BY noted_on DESC LIMIT 1), '') AND e.band = width_bucket(l.silence_days, ARRAY[0, 180, 365, 730]) OFFSET 0) AS e ON true;
CREATE TEMP TABLE learnt AS TABLE wanted;
SELECT cmp_ok((SELECT count(*) FROM learnt WHERE learnt IS NOT NULL AND abs(return_12m_share - own_share) > 0.001), '>', 300::bigint, 'chances are learnt');
SELECT is_empty('SELECT client_id, return_12m_share, own_share, learnt FROM learnt WHERE abs(return_12m_share - CASE WHEN learnt IS NULL THEN own_share
    WHEN learnt * sent > expected THEN 1 - (1 - own_share) * (1 - learnt) / (1 - expected / sent) ELSE own_share * learnt * sent / expected END) > 0.0000005
    OR return_12m_share NOT BETWEEN 0 AND 1 OR abs(expected_value_amount - value_lost_amount * return_12m_share) > 0.001', 'by what was learnt, more and less');
SELECT is_empty('SELECT client_id FROM learnt WHERE return_rule IS DISTINCT FROM own_rule || CASE WHEN learnt IS NULL THEN '''' ELSE '' and campaigns'' END OR reason IS DISTINCT FROM last_reason OR lesson_sent_count <> coalesce(sent, 0) OR lesson_returned_count <> coalesce(returned, 0)', 'which is said');
SELECT is_empty('SELECT FROM (SELECT win_back_rank, lead(win_back_rank) OVER w AS next, expected_value_amount, lead(expected_value_amount) OVER w AS less FROM year.win_back_list WINDOW w AS (ORDER BY win_back_rank)) AS s WHERE next <> win_back_rank + 1 OR less > expected_value_amount', 'and the list goes by it');
DELETE FROM year.campaign WHERE name <> 'idle';
SELECT pg_temp.refresh('year') \g /dev/null
SELECT * FROM pg_temp.same_rows('TABLE year.campaign_lesson', 'SELECT * FROM pg_temp.lessons()', 4, 'what is deleted teaches no more');
DELETE FROM year.campaign;
SELECT pg_temp.refresh('year') \g /dev/null
SELECT results_eq('SELECT count(*) FILTER (WHERE return_12m_share <> own_share OR return_rule <> own_rule OR lesson_sent_count > 0), count(*) > 100 FROM (SELECT w.*, l.return_12m_share AS own_share, l.return_rule AS own_rule FROM year.win_back_list AS w JOIN year.lost_clients AS l USING (client_id)) AS s',
    'VALUES (0::bigint, true)', 'without campaigns a base has its own past');
-- All of a base goes with it.
CREATE VIEW mailing AS SELECT client_id FROM trade.campaign_export_:asked;
SELECT throws_ok($$CALL clientcore.detach('trade', force => true)$$, '2BP01', NULL, 'an export that another view reads stays');
DROP VIEW mailing;
CALL clientcore.detach('trade', force => true);
SELECT is_empty($$SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('trade')$$, 'a base that is detached leaves no campaign');

-- --- what exports hide, and what is the company's own ---

CREATE TABLE club AS SELECT 'm' || n AS client, date '2024-01-01' + n * 7 % 300 AS day, n % 9 AS amount FROM generate_series(1, 300) AS n;
CREATE TABLE people AS SELECT DISTINCT client, client NOT IN ('m7', 'm8') AS may_be_written_to FROM club;
INSERT INTO people VALUES ('n9', false);
CALL clientcore.attach('club', 'club', client => 'client', sold_at => 'day', amount => 'amount', build => false);
-- what is the owner's own is left alone, and no export takes its place
SELECT pg_temp.refresh('club') \g /dev/null
CREATE VIEW club.campaign_export_2 AS SELECT client FROM club;
CREATE VIEW club.campaign_export_77 AS SELECT client FROM club;
INSERT INTO club.client_alias VALUES ('n9', 'm9');
SELECT clientcore.run_as_owner(clientcore.base_owner('club'), 'base_attach_care', 'club', jsonb_build_object('relation', 'people'::regclass::oid, 'holds', 'clients', 'path', 'public',
    'roles', jsonb_build_object('client', 'client', 'consent', 'may_be_written_to'))) \g /dev/null
SELECT pg_temp.refresh('club') \g /dev/null
SELECT set_eq('SELECT name FROM clientcore.exports_of(''club'')', ARRAY[]::text[], 'a view of that name that is the owner''s own is no export');
CALL clientcore.start_campaign('club', 'letters', 'clients', holdout => 0.1);
SELECT is((SELECT count(*) FROM club.campaign_client WHERE client_id IN ('m7', 'm8', 'm9')), 0::bigint, 'who refused under one of its keys is not written to');
SELECT throws_ok($$CALL clientcore.start_campaign('club', 'more', 'clients')$$, '42P07', '"campaign_export_2" is there already in base "club", and is no export of clientcore', 'nor is a view of the owner''s replaced');
SELECT has_view('club', 'campaign_export_77', 'or dropped');
-- a function of whoever reads an export sees nothing of those that it leaves out
CREATE TEMP TABLE seen (client text);
CREATE FUNCTION pg_temp.peeks(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS $$
BEGIN
    PERFORM set_config('peek.seen', coalesce(nullif(current_setting('peek.seen', true), ''), ',') || value || ',', true);
    RETURN true;
END
$$;
SET LOCAL enable_nestloop = off;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_mergejoin = off;
SELECT count(*) FROM club.campaign_export_1 WHERE pg_temp.peeks(client_id) \g /dev/null
SELECT is_empty($$SELECT client_id FROM club.campaign_client WHERE arm = 'holdout' AND position(',' || client_id || ',' IN current_setting('peek.seen')) > 0$$, 'a function shown the export sees nobody held back');
SELECT cmp_ok(length(current_setting('peek.seen')), '>', 500, 'but those in it');
RESET enable_nestloop;
RESET enable_indexscan;
RESET enable_bitmapscan;
RESET enable_mergejoin;
INSERT INTO club.client_mark (client_id, kind) SELECT client_id, 'protected' FROM club.campaign_export_1 ORDER BY client_id LIMIT 3;
SELECT is_empty('SELECT client_id FROM club.client_mark JOIN club.campaign_export_1 USING (client_id)', 'who is marked protected is gone at once');
SELECT clientcore.run_as_owner(clientcore.base_owner('club'), 'base_detach', 'club', jsonb_build_object('relation', 'people'::regclass::oid, 'relation_name', 'people')) \g /dev/null
SELECT pg_temp.refresh('club') \g /dev/null
SELECT is((SELECT count(*) FROM club.campaign_export_1), 0::bigint, 'once nothing tells of consent any more, nobody is written to');
-- a campaign that is deleted while others read its export stops no refresh
CREATE VIEW reads_export AS SELECT client_id FROM club.campaign_export_1;
DELETE FROM club.campaign;
SELECT lives_ok($$SELECT pg_temp.refresh('club')$$, 'an export that another view reads stops no refresh');
SELECT is((SELECT count(*) FROM reads_export), 0::bigint, 'and is empty');
DROP VIEW reads_export, club.campaign_export_2;
SELECT pg_temp.refresh('club') \g /dev/null
SELECT hasnt_view('club', 'campaign_export_1', 'it goes with the next');

-- Who is held back in one campaign is in no other, unless that is asked for; costs of returns.
INSERT INTO club.offer (name, kind, cost, valid_from) VALUES ('ten per cent', 'discount', 4, '2024-01-01'), ('mug', 'gift', 5, '2024-01-01');
CALL clientcore.start_campaign('club', 'one', 'clients', holdout => 0.3, offer => 'ten per cent', ends_on => '2024-12-31');
CALL clientcore.start_campaign('club', 'two', 'clients', offer => 'mug', ends_on => '2024-12-31');
CALL clientcore.start_campaign('club', 'three', 'clients', overlap => true, ends_on => '2024-12-31');
SELECT is_empty($$SELECT k.client_id FROM club.campaign_client k JOIN club.campaign p USING (campaign_id)
    JOIN club.campaign_client o ON o.client_id = k.client_id AND o.arm = 'holdout' JOIN club.campaign q ON q.campaign_id = o.campaign_id AND q.name = 'one' WHERE p.name = 'two'$$, 'who is held back is left alone');
SELECT is((SELECT count(*) FROM club.campaign_client JOIN club.campaign USING (campaign_id) WHERE name = 'three'), (SELECT count(*) FROM club.clients WHERE NOT is_protected), 'unless that is asked for');
SELECT results_eq('SELECT name, cost_per_client, cost_per_return FROM club.campaign ORDER BY name', $$VALUES ('one', NULL::numeric, 4::numeric), ('three', NULL, NULL), ('two', 5, NULL)$$, 'a gift costs with the letter, a discount with the return');
INSERT INTO club SELECT client_id, '2024-11-05', 10 FROM club.campaign_client JOIN club.campaign USING (campaign_id) WHERE name = 'one' AND arm = 'treatment' ORDER BY client_id LIMIT 7;
SELECT alike((SELECT string_agg(line, ' ') FROM clientcore.campaign_lines(clientcore.run_as_owner(clientcore.base_owner('club'), 'base_plan_campaign', 'club', '{"name": "late", "from_list": "clients", "holdout": 0.1, "overlap": true, "path": "public"}'))),
    '%the base has not seen the latest sales (7 changes are waiting)%', 'sales that the base has not seen are told of');
UPDATE club.settings SET as_of = '2024-12-31';
SELECT pg_temp.refresh('club') \g /dev/null
SELECT results_eq('SELECT campaign_name, cost_amount FROM club.campaign_results ORDER BY 1', $$VALUES ('one', 28::numeric), ('three', NULL), ('two', 5 * (SELECT sent_count FROM club.campaign_results WHERE campaign_name = 'two'))$$, 'and so do campaigns');
SELECT alike(summary, 'of % written to, 7 came back; about 0 would have anyhow; the truth is between % and % more of 100: %', 'in a sentence') FROM club.campaign_results WHERE campaign_name = 'one';
CREATE FUNCTION takes_away() RETURNS text LANGUAGE sql VOLATILE AS $$DELETE FROM club; SELECT 'm50'$$;
CALL clientcore.start_campaign('club', 'tried', 'SELECT takes_away() AS client_id', preview => true);
SELECT cmp_ok(count(*), '>', 0::bigint, 'what a list does besides being read, a preview undoes') FROM club;
SELECT throws_ok($$CALL clientcore.detach('club', force => true)$$, '2BP01', NULL, 'detach leaves what is the owner''s own');
SELECT has_view('club', 'campaign_export_77', 'which stays');

-- --- real sales ---

\if :has_real
CALL clientcore.attach('cdnow', 'real.cdnow_sample', client => 'client_id', sold_at => 'sold_on', amount => 'amount', build => false);
UPDATE cdnow.settings SET as_of = '1997-12-31';
SELECT pg_temp.refresh('cdnow') \g /dev/null
SELECT pg_temp.start('cdnow', 'spring', 'win_back_list', ', holdout => 0.3, ends_on => ''1998-06-30''') IS NOT NULL AS is_started \g /dev/null
SELECT set_eq('SELECT client_id FROM cdnow.campaign_client', 'SELECT client_id FROM cdnow.win_back_list', 'cdnow: all that are worth winning back');
UPDATE cdnow.settings SET as_of = '1998-06-30';
SELECT pg_temp.refresh('cdnow') \g /dev/null
CREATE TEMP VIEW came AS SELECT k.client_id, k.arm, min(s.sold_on) AS day, count(DISTINCT s.sold_on) AS purchases, coalesce(sum(s.amount), 0) AS revenue
FROM cdnow.campaign_client AS k LEFT JOIN real.cdnow_sample AS s ON s.client_id = k.client_id AND s.sold_on BETWEEN '1998-01-01' AND '1998-06-30' GROUP BY k.client_id, k.arm;
SELECT * FROM pg_temp.same_rows('SELECT client_id, arm, returned_date, purchase_count, revenue_amount FROM cdnow.campaign_clients', 'SELECT client_id, arm, day, purchases, round(revenue, 4) FROM came', 200, 'cdnow: who came back, client by client');
SELECT cmp_ok((SELECT count(day) FROM came), '>', 20::bigint, 'cdnow: some did');
SELECT results_eq('SELECT sent_count, holdout_count, sent_returned_count, holdout_returned_count, round(uplift_share, 6), verdict FROM cdnow.campaign_results', $$SELECT count(*) FILTER (WHERE arm = 'treatment'), count(*) FILTER (WHERE arm = 'holdout'),
    count(day) FILTER (WHERE arm = 'treatment'), count(day) FILTER (WHERE arm = 'holdout'), round(avg((day IS NOT NULL)::int) FILTER (WHERE arm = 'treatment') - avg((day IS NOT NULL)::int) FILTER (WHERE arm = 'holdout'), 6), 'not proven' FROM came$$, 'cdnow: nobody was written to, nothing is proven');
-- where nothing was done, one campaign in twenty seems to have done something
SELECT ok(count(*) = 200 AND count(*) FILTER (WHERE uplift_from > 0 OR uplift_to < 0) BETWEEN 1 AND 22, 'cdnow: by another name neither') FROM (SELECT count(*) FILTER (WHERE a.arm = 'treatment') AS m, count(day) FILTER (WHERE a.arm = 'treatment') AS x, count(*) FILTER (WHERE a.arm = 'holdout') AS n, count(day) FILTER (WHERE a.arm = 'holdout') AS y
    FROM generate_series(1, 200) AS name, pg_temp.arms('cdnow', (SELECT array_agg(client_id) FROM came), 'name ' || name, 0.3) AS a JOIN came USING (client_id) GROUP BY name) AS s, uplift(m, x, n, y);
\else
SELECT skip('the real sales are not here: cdnow_sample');
\endif

SELECT * FROM finish();
ROLLBACK;
