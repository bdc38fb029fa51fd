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
    RETURN QUERY EXECUTE 'WITH ' || clientcore.arm_rows(base) || 'SELECT a.client_id::text, a.arm, a.stratum::integer, a.value FROM arm AS a' USING clients, name, holdout, most;
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
    EXECUTE format('CALL clientcore.start_campaign(%L, %L, %L%s)', base, name, list, arguments);
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
SELECT isnt(pg_temp.start('laws', other, 'clients'), :'first', 'another draw for ' || other) FROM unnest(ARRAY['Söö & ''joo'' ', 'söö & ''joo''', 'x']) AS other;
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
    ('''laws'', ''e'', ''plain''', '22023', 'from_list: column q.client_id does not exist'), ('''laws'', ''e'', ''SELECT client FROM sold''', '22023', 'from_list: column q.client_id does not exist'),
    ('''laws'', ''e'', ''SELECT 1 AS client_id, 2 AS client_id''', '22023', NULL), ('''laws'', ''e'', ''SELECT client_id FROM laws.clients WHERE''', '22023', NULL), ('''laws'', ''e'', ''SELECT client_id FRO laws.clients ORDER''', '22023', NULL),
    ('''laws'', ''e'', ''SELECT client_id FROM laws.clients; SELECT 1''', '22023', NULL), ('''laws'', ''e'', ''no_such_view''', '22023', 'from_list: "no_such_view" is neither a view nor a query'), ('''laws'', ''e'', ''a b c''', '22023', 'from_list: "a b c" is neither a view nor a query'),
    ('''laws'', ''e'', ''DELETE FROM sold RETURNING client AS client_id''', '22023', NULL), ('''laws'', ''e'', ''WITH d AS (DELETE FROM sold RETURNING client AS client_id) SELECT * FROM d''', '0A000', NULL),
    ('''laws'', ''e'', ''SELECT client_id FROM no_such_table''', '42P01', NULL), ('''laws'', ''e'', ''SELECT 1 / (length(client) - length(client)) AS client_id FROM sold''', '22012', NULL), ('''numbers'', ''e'', ''SELECT ''''x'''' AS client_id''', '22P02', NULL),
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
SELECT is(clientcore.run_as_owner(clientcore.base_owner('laws'), 'base_plan_campaign', 'laws', '{"name": "x", "from_list": "clients", "holdout": 0.1, "path": "public"}') ->> 'held', '300', 'it would hold back a tenth');
-- What is not known is not told of.
SELECT results_eq($$SELECT line FROM clientcore.campaign_lines('{"listed": 1, "unknown": 0, "protected": 0, "without_consent": 0, "beyond_budget": 0, "sent": 1, "held": 0, "strata": 1, "frozen_on": "2024-01-01", "ends_on": "2024-02-01"}')$$,
    ARRAY['1 client on the list', '1 to be written to, 0 held back, in 1 stratum by value', 'purchases after 2024-01-01, until 2024-02-01, decide; how many would come by themselves is not known', 'nobody is held back: it will not be known what the campaign did'], 'a list of which little is known, in words');
SELECT results_eq($$SELECT line FROM clientcore.campaign_lines('{"listed": 25, "unknown": 1, "protected": 2, "without_consent": 3, "beyond_budget": 4, "sent": 10, "held": 5, "strata": 2, "expected": 0.1, "detectable": 0.25, "cost": 20.50, "frozen_on": "2024-01-01", "ends_on": "2024-02-01", "others": 1, "base": "a b", "campaign": 7}')$$,
    ARRAY['25 clients on the list: 1 not known to the base, 2 protected, 3 without consent, 4 of least value beyond the budget are left out', '10 to be written to, 5 held back, in 2 strata by value, at a cost of 20.5',
        'purchases after 2024-01-01, until 2024-02-01, decide; about 10.0 % would come by themselves', 'four times in five it will show an uplift of 25.0 points or more (35.0 % in place of 10.0 %); a smaller one may stay unproven',
        '1 client is in another campaign that still runs: what comes of one will be seen in both', 'whom to write to: SELECT * FROM "a b".campaign_export_7'], 'and one of which much is');
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

SELECT * FROM finish();
ROLLBACK;
