-- Laws of repeat-buying models, on simulated clients and on random models.

BEGIN;
\ir common/helpers.psql
SELECT no_plan();
SELECT setseed(0.25) \g /dev/null

-- A number of the Gamma distribution with a whole shape
CREATE FUNCTION pg_temp.gamma(shape bigint)
RETURNS double precision LANGUAGE sql AS $$ SELECT -sum(ln(1 - random())) FROM generate_series(1, shape) $$;

-- Clients who behave as a model says: r 2, alpha 20, and a 1, b 3, or s 1, beta 100
CREATE FUNCTION pg_temp.simulated(kind text, clients integer)
RETURNS TABLE (client integer, t double precision, moments double precision[]) LANGUAGE plpgsql AS $$
DECLARE
    rate double precision;
    leaves double precision;
    ends double precision;
    moment double precision;
BEGIN
    FOR number IN 1..clients LOOP
        client := number;
        t := 100 + 300 * random();
        rate := pg_temp.gamma(2) / 20;
        leaves := 1 / (1 + pg_temp.gamma(3) / pg_temp.gamma(1));
        ends := CASE kind WHEN 'pareto/nbd' THEN -ln(1 - random()) * 100 / pg_temp.gamma(1) ELSE 1000 END;
        moment := 0;
        moments := '{}';
        IF kind <> 'mbg/nbd' OR random() >= leaves THEN
            LOOP
                moment := moment - ln(1 - random()) / rate;
                EXIT WHEN moment > least(t, ends);
                moments := moments || moment;
                EXIT WHEN kind <> 'pareto/nbd' AND random() < leaves;
            END LOOP;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
CREATE TEMP TABLE simulated AS
SELECT kind, s.*, cardinality(moments) AS x, coalesce(moments[cardinality(moments)], 0) AS t_x
FROM unnest(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd']) AS kind, pg_temp.simulated(kind, 3000) AS s;
CREATE TEMP TABLE spender AS
SELECT x, pg_temp.gamma(3 * x) * 60 / pg_temp.gamma(4) / x AS spend FROM (SELECT 1 + (n % 7)::bigint AS x FROM generate_series(1, 3000) AS n) AS s;

-- fits of models find what clients were simulated by
CREATE TEMP TABLE recovered AS
SELECT kind AS simulated_by, unnest(ARRAY[fit_bgnbd(x, t_x, t), fit_mbgnbd(x, t_x, t), fit_paretonbd(x, t_x, t)]) AS m FROM simulated GROUP BY kind
UNION ALL SELECT 'gamma-gamma', fit_gamma_gamma(x, spend) FROM spender;
CREATE TEMP TABLE truth AS
SELECT * FROM (VALUES ('bg/nbd', 'r', 2), ('bg/nbd', 'alpha', 20), ('bg/nbd', 'a', 1), ('bg/nbd', 'b', 3), ('mbg/nbd', 'r', 2), ('mbg/nbd', 'alpha', 20), ('mbg/nbd', 'a', 1), ('mbg/nbd', 'b', 3),
    ('pareto/nbd', 'r', 2), ('pareto/nbd', 'alpha', 20), ('pareto/nbd', 's', 1), ('pareto/nbd', 'beta', 100), ('gamma-gamma', 'p', 3), ('gamma-gamma', 'q', 4), ('gamma-gamma', 'v', 60)) AS v(kind, name, parameter);
SELECT is((SELECT count(*) FROM recovered WHERE converged(m)), 10::bigint, 'fits to simulated clients converge');
CREATE TEMP TABLE distance AS
SELECT kind, name, (model_parameter(m, name) - parameter) / standard_error(m, name) AS by_errors, standard_error(m, name) / parameter AS error FROM recovered JOIN truth ON kind = simulated_by AND kind = model_kind(m);
SELECT is((SELECT count(*) FROM distance WHERE abs(by_errors) < 3.5 AND error BETWEEN 0.005 AND 0.3), 15::bigint, 'parameters are found within a few standard errors');
SELECT cmp_ok((SELECT sum(by_errors ^ 2) FROM distance), '<', 40::double precision, 'and mostly within one');
SELECT cmp_ok((SELECT sum(by_errors ^ 2) FROM distance), '>', 3::double precision, 'which is not too large');
SELECT is_empty(
    $$SELECT DISTINCT simulated_by FROM recovered AS r WHERE model_kind(m) <> simulated_by AND log_likelihood(m) >= (SELECT log_likelihood(t.m) FROM recovered AS t WHERE t.simulated_by = r.simulated_by AND model_kind(t.m) = r.simulated_by)$$,
    'no model is likelier than that of the simulation');

-- Buyers by days
CREATE TABLE public.buyer AS
SELECT kind, client, h, date '2024-01-01' AS as_of, x, t_x, t, CASE WHEN x > 0 THEN (100 * (revenue(h) - first_revenue))::double precision / (100.0::double precision * x) END AS spend, 1 + client % 3 AS part
FROM (SELECT kind, client, purchase_history(day, amount) AS h, count(DISTINCT day) - 1 AS x, (max(day) - min(day))::double precision AS t_x, (date '2024-01-01' - min(day))::double precision AS t
      FROM (SELECT kind, client, date '2024-01-01' - floor(t)::integer + floor(moment)::integer AS day, round(((1 + random()) * (1 + client % 17))::numeric, 2) AS amount
            FROM simulated, unnest(0.0::double precision || moments) AS moment WHERE client <= 400) AS s GROUP BY kind, client) AS b,
     LATERAL (SELECT revenue(slice(h, to_day => first_purchase(h))) AS first_revenue) AS f;
INSERT INTO buyer VALUES ('bg/nbd', 0, NULL, '2024-01-01', NULL, 0, 1, NULL, 1), ('bg/nbd', -1, '{}', '2024-01-01', 0, NULL, 1, NULL, 2), ('bg/nbd', -2, '{2024-01-02: sold 1}', '2024-01-01', 0, 0, NULL, NULL, 3), ('bg/nbd', -3, '{2023-01-02: returned 1}', '2024-01-01', NULL, NULL, NULL, NULL, 3);
ALTER TABLE buyer SET (parallel_workers = 8);
ANALYZE buyer;
CREATE TEMP TABLE fit AS
SELECT format(expression, aggregate) AS fit, aggregate FROM unnest(ARRAY['fit_bgnbd', 'fit_mbgnbd', 'fit_paretonbd']) AS aggregate, unnest(ARRAY['%s(h, as_of)', '%s(x, t_x, t)', '%s(x, t_x / 7, t / 7, ''week'')']) AS expression
UNION ALL SELECT * FROM unnest(ARRAY['fit_gamma_gamma(h, as_of)', 'fit_gamma_gamma(x, spend)'], ARRAY['fit_gamma_gamma', 'fit_gamma_gamma']);

CREATE FUNCTION pg_temp.fits(workers integer, source text)
RETURNS TABLE (fit text, kind text, model text, sent bytea, is_parallel boolean) LANGUAGE plpgsql AS $$
DECLARE
    asked text;
    plan json;
BEGIN
    PERFORM set_config(name, value, true)
    FROM (VALUES ('parallel_setup_cost', '0'), ('parallel_tuple_cost', '0'), ('min_parallel_table_scan_size', '0'), ('max_parallel_workers', '8'), ('max_parallel_workers_per_gather', workers::text)) AS s(name, value);
    FOR fit IN SELECT f.fit FROM fit AS f LOOP
        asked := format('SELECT %L, kind, m::text, fitted_model_send(m), %%L::boolean FROM (SELECT kind, %s AS m FROM %s GROUP BY kind) AS s', fit, fit, source);
        EXECUTE 'EXPLAIN (FORMAT json) ' || format(asked, true) INTO plan;
        RETURN QUERY EXECUTE format(asked, plan::text ~ '"Partial Mode": "Partial"' AND plan::text ~ '"Partial Mode": "Finalize"' AND plan::text ~ format('"Workers Planned": %s', workers));
    END LOOP;
END
$$;
CREATE TEMP TABLE serial AS SELECT * FROM pg_temp.fits(0, 'buyer');
SELECT is((SELECT count(*) FROM serial WHERE NOT is_parallel AND converged(model::fitted_model)), 33::bigint, 'all fits converge in one process');
SELECT pg_temp.same_rows(format('SELECT * FROM pg_temp.fits(%s, ''buyer'')', n), 'SELECT fit, kind, model, sent, true FROM serial', 33, format('they are the same to the byte by %s workers', n)) FROM unnest(ARRAY[1, 2, 4]) AS n;
SELECT pg_temp.same_rows(format('SELECT * FROM pg_temp.fits(0, %L)', source), 'SELECT * FROM serial', 33, 'and in another order: ' || source)
FROM unnest(ARRAY['(SELECT * FROM buyer ORDER BY random()) AS b', '(SELECT * FROM buyer ORDER BY kind, t DESC, x, client) AS b']) AS source;
SELECT pg_temp.same_rows(
    $$SELECT aggregate, kind, replace(model, '"as_of": "2024-01-01", ', '') FROM serial JOIN fit USING (fit) WHERE fit LIKE '%(h, as_of)'$$,
    $$SELECT aggregate, kind, model FROM serial JOIN fit USING (fit) WHERE fit LIKE '%(x, t_x, t)' OR fit LIKE '%(x, spend)'$$, 12, 'from histories as from x, t_x, t and x, spend');
SELECT is((SELECT count(*) FROM serial WHERE fit LIKE '%(h, as_of)' AND model_as_of(model::fitted_model) = '2024-01-01' AND model_unit(model::fitted_model) IS NOT DISTINCT FROM CASE WHEN fit LIKE '%gamma%' THEN NULL ELSE 'day' END
              AND model_clients(model::fitted_model) = CASE WHEN fit LIKE '%gamma%' THEN (SELECT count(*) FROM buyer b WHERE b.kind = serial.kind AND x > 0) ELSE 400 END), 12::bigint, 'clients of NULLs, or who bought nothing by then, are left out');
-- what came after the day of the look is not seen, nor are returns without a purchase
SELECT pg_temp.same_rows(
    $$SELECT kind, unnest(ARRAY[fit_bgnbd(h, '2023-10-01'), fit_mbgnbd(h, '2023-10-01'), fit_gamma_gamma(h, '2023-10-01')])::text FROM buyer GROUP BY kind$$,
    $$SELECT kind, unnest(ARRAY[fit_bgnbd(c, '2023-10-01'), fit_mbgnbd(c, '2023-10-01'), fit_gamma_gamma(c, '2023-10-01')])::text FROM buyer, as_of(h, '2023-10-01') AS c GROUP BY kind$$, 9, 'a fit sees nothing after its day');
SELECT is((SELECT array_agg(m IS NULL) FROM (SELECT unnest(ARRAY[fit_bgnbd(h, '2024-01-01'), fit_mbgnbd(h, '2024-01-01'), fit_paretonbd(h, '2024-01-01'), fit_gamma_gamma(h, '2024-01-01'), fit_bgnbd(x, t_x, t), fit_paretonbd(x, t_x, t, 'week'), fit_gamma_gamma(x, spend)]) AS m FROM buyer WHERE client < 0 OR client = 0) AS s),
    '{t,t,t,t,t,t,t}'::boolean[], 'a group with nobody has no model');
SELECT is((SELECT array_agg(m IS NULL) FROM (SELECT unnest(ARRAY[fit_bgnbd(h, '2024-01-01'), fit_gamma_gamma(x, spend)]) AS m FROM buyer WHERE false) AS s), '{t,t}'::boolean[], 'nor has one without rows');
SELECT results_eq(
    $$SELECT convergence_failure(fit_bgnbd(0, 0, n)), convergence_failure(fit_mbgnbd(0, 0, n)), convergence_failure(fit_paretonbd(0, 0, n)), standard_error(fit_mbgnbd(0, 0, n), 'r') FROM generate_series(1, 50) AS n$$,
    $$VALUES ('no client bought again', 'no client bought again', 'no client bought again', NULL::double precision)$$, 'of clients who bought once there is no fit');
-- whatever the currency
SELECT is_empty(
    $$SELECT factor FROM (SELECT factor, fit_gamma_gamma(x, spend * factor) AS m FROM spender, unnest(ARRAY[1e-70, 1e-6, 1000, 1e9, 1e15, 1e70]) AS factor GROUP BY factor) AS s, recovered AS r
      WHERE model_kind(r.m) = 'gamma-gamma' AND (converged(s.m) AND abs(model_parameter(s.m, 'p') / model_parameter(r.m, 'p') - 1) < 1e-8 AND abs(model_parameter(s.m, 'q') / model_parameter(r.m, 'q') - 1) < 1e-8
        AND abs(model_parameter(s.m, 'v') / factor / model_parameter(r.m, 'v') - 1) < 1e-8 AND s.m = s.m::text::fitted_model) IS NOT TRUE$$, 'a fit of spend is the same in any currency');

-- few clients, of whatever kind: a fit is a value that can be stored, and has converged or says why not
CREATE TEMP TABLE odd AS
SELECT n, fit_bgnbd(x, t_x, t) AS bg, fit_mbgnbd(x, t_x, t) AS mbg, fit_paretonbd(x, t_x, t) AS pareto, fit_gamma_gamma(x, spend) AS gamma
FROM (SELECT n, x, CASE WHEN x > 0 THEN t * (0.001 + 0.999 * random() ^ 3) ELSE 0 END AS t_x, t, power(10, random() * 12 - 6) AS spend
      FROM generate_series(1, 300) AS n, LATERAL (SELECT floor(random() ^ 3 * power(10, n % 4))::bigint AS x, power(10, random() * (n % 9) - 2) AS t FROM generate_series(1, 1 + n % 5)) AS s) AS c GROUP BY n;
CREATE TEMP TABLE odd_model AS SELECT n, m FROM odd, unnest(ARRAY[bg, mbg, pareto, gamma]) AS m WHERE m IS NOT NULL;
SELECT cmp_ok((SELECT count(*) FROM odd_model), '>', 1000::bigint, 'odd groups are fitted');
SELECT is_empty($$SELECT n, m::text FROM odd_model WHERE pg_temp.sqlstate_of(format('SELECT %L::clientcore.fitted_model', m)) <> '00000'$$, 'what comes out goes in');
SELECT is_empty($$SELECT n, m::text FROM odd_model WHERE m <> m::text::fitted_model OR converged(m) = (convergence_failure(m) IS NOT NULL) OR converged(m) <> (standard_error(m, CASE WHEN model_kind(m) LIKE 'gamma%' THEN 'p' ELSE 'r' END) IS NOT NULL)$$, 'as it was, and says whether it converged');

-- the value: text, bytes, order
CREATE TEMP TABLE value AS
SELECT row_number() OVER () AS n, m FROM (
    SELECT model::fitted_model AS m FROM serial UNION ALL SELECT m FROM odd_model UNION ALL SELECT m FROM recovered
    UNION ALL SELECT fit_bgnbd(h, d) FROM (VALUES ('{4714-11-24 BC: sold 1; 4713-01-01 BC: sold 1}'::purchase_history, date '0044-03-15 BC'), ('{4714-11-24 BC: sold 1}', '0001-12-31 BC'), ('{5874897-12-01: sold 1}', '5874897-12-31'), ('{0001-01-01: sold 1}', '0001-01-01')) AS v(h, d) GROUP BY d
    UNION ALL SELECT t::fitted_model FROM unnest(ARRAY['{"kind": "bg/nbd", "parameters": {"b": 1e9, "a": 1e-9, "alpha": 0.1, "r": 1}}', '{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "v": 1e100}}']) AS t) AS s;
CREATE TEMP TABLE sent AS SELECT n, fitted_model_send(m) AS bytes, m::text AS text FROM value;
SET LOCAL extra_float_digits = 0;
SET LOCAL datestyle = 'German';
SELECT is((SELECT count(*) FROM value JOIN sent USING (n) WHERE m::text = text AND m::text::fitted_model = m AND fitted_model_send(m::text::fitted_model) = bytes), (SELECT count(*) FROM value), 'text is the same whatever the settings, and is read as it was');
RESET extra_float_digits;
SET datestyle = 'ISO, YMD';
SELECT set_eq($$SELECT text::jsonb ->> 'as_of' FROM sent WHERE text ~ 'as_of' AND text !~ '2024-01-01'$$, ARRAY['0044-03-15 BC', '0001-12-31 BC', '5874897-12-31', '0001-01-01'], 'days of all eras');
SELECT is((SELECT count(*) FROM sent WHERE jsonb_typeof(text::jsonb) = 'object'), (SELECT count(*) FROM value), 'text is a JSON object');
SELECT results_eq($$SELECT '{"parameters": {"v": 15.44, "q": 3.74, "p": 6.25}, "kind": "gamma-gamma"}'::fitted_model::text, '{"kind":"mbg/nbd","parameters":{"r":0.525,"alpha":6,"a":0.891,"b":1.614}}'::fitted_model::text$$,
    $$VALUES ('{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "v": 15.44}}', '{"kind": "mbg/nbd", "unit": "day", "parameters": {"r": 0.525, "alpha": 6, "a": 0.891, "b": 1.614}}')$$, 'keys in any order; the unit is the day');
CREATE TEMP TABLE copied (LIKE value);
CREATE FUNCTION pg_temp.copy_binary() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($c$COPY value TO PROGRAM 'cat > clientcore.%s' (FORMAT binary)$c$, pg_backend_pid());
    EXECUTE format($c$COPY copied FROM PROGRAM 'cat clientcore.%1$s && rm clientcore.%1$s' (FORMAT binary)$c$, pg_backend_pid());
END
$$;
SELECT pg_temp.copy_binary() \g /dev/null
SELECT pg_temp.same_rows('SELECT n, fitted_model_send(m) FROM copied', 'SELECT n, bytes FROM sent', 1000, 'binary round trip');

CREATE TEMP TABLE few AS SELECT n, m FROM value WHERE n % 40 = 0;
SELECT is_empty(
    $$SELECT a.n, b.n FROM few a, few b WHERE NOT ((a.m = b.m) = (a.m::text = b.m::text) AND (a.m <> b.m) = NOT (a.m = b.m) AND (a.m < b.m) = (b.m > a.m) AND (a.m <= b.m) = (a.m < b.m OR a.m = b.m) AND (a.m >= b.m) = NOT (a.m < b.m)
        AND (a.m < b.m)::integer + (a.m = b.m)::integer + (a.m > b.m)::integer = 1 AND sign(fitted_model_cmp(a.m, b.m)) = (a.m > b.m)::integer - (a.m < b.m)::integer
        AND (a.m <> b.m OR fitted_model_hash(a.m) = fitted_model_hash(b.m) AND fitted_model_hash_extended(a.m, 7) = fitted_model_hash_extended(b.m, 7)))$$, 'comparisons agree');
SELECT is_empty($$SELECT a.n FROM few a, few b, few c WHERE a.m < b.m AND b.m < c.m AND NOT a.m < c.m$$, 'the order is one');
SELECT cmp_ok((SELECT count(DISTINCT fitted_model_hash(m)) FROM few), '>', (SELECT count(DISTINCT m) * 9 / 10 FROM few), 'hashes differ');
SELECT is((SELECT count(DISTINCT fitted_model_hash_extended(m, seed)) FROM few, generate_series(1, 5) AS seed), (SELECT 5 * count(DISTINCT m) FROM few), 'by the seed as well');
SELECT is((SELECT count(*) FROM (SELECT DISTINCT m FROM value) AS s), (SELECT count(DISTINCT m::text) FROM value), 'DISTINCT by hash or sort');
CREATE TABLE public.stored_model (m fitted_model PRIMARY KEY);
INSERT INTO stored_model SELECT DISTINCT m FROM value;
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*) FROM value v JOIN stored_model s ON s.m = v.m), (SELECT count(*) FROM value), 'a model is found in an index');
RESET enable_seqscan;
SELECT is(pg_temp.sqlstate_of('INSERT INTO stored_model SELECT m FROM value LIMIT 1'), '23505', 'which holds it once');
SELECT results_eq(
    $$SELECT model_kind(m), model_unit(m), model_as_of(m), model_clients(m), model_parameter(m, 'v'), standard_error(m, 'v'), log_likelihood(m), converged(m), convergence_failure(m) FROM (VALUES ('{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "v": 15.44}}'::fitted_model)) AS v(m)$$,
    $$VALUES ('gamma-gamma', NULL::text, NULL::date, NULL::bigint, 15.44::double precision, NULL::double precision, NULL::double precision, NULL::boolean, NULL::text)$$, 'a model that is given says nothing of a fit');
SELECT results_eq(
    $$SELECT model_kind(m), model_unit(m), model_as_of(m), model_clients(m), model_parameter(m, 'beta'), standard_error(m, 'beta'), log_likelihood(m), converged(m), convergence_failure(m)
      FROM (VALUES (1, '{"kind": "pareto/nbd", "unit": "week", "as_of": "2024-02-29", "parameters": {"r": 1, "alpha": 2, "s": 3, "beta": 4}, "standard_errors": {"r": 0.1, "alpha": 0.2, "s": 0.3, "beta": 0.4}, "log_likelihood": -5.5, "clients": 6, "converged": true}'::fitted_model),
                   (2, '{"kind": "pareto/nbd", "unit": "week", "parameters": {"r": 1, "alpha": 2, "s": 3, "beta": 4}, "log_likelihood": 5.5, "clients": 6, "converged": false, "reason": "no optimum: s falls to zero"}')) AS v(n, m) ORDER BY n$$,
    $$VALUES ('pareto/nbd', 'week', date '2024-02-29', 6::bigint, 4::double precision, 0.4::double precision, -5.5::double precision, true, NULL), ('pareto/nbd', 'week', NULL, 6, 4, NULL, 5.5, false, 'no optimum: s falls to zero')$$, 'what a text says is what a model says');

-- Predictions by random models of random clients
CREATE TEMP TABLE guess AS
SELECT n, m, x, CASE WHEN x = 0 THEN 0 ELSE t * (1 - (1 - 1e-9) * random() ^ (n % 4)) END AS t_x, t, power(10, random() * 9 - 3) AS duration
FROM (SELECT n, format('{"kind": %s, "unit": "%s", "parameters": {"r": %s, "alpha": %s, %s": %s}}', to_json(kind), CASE n % 2 WHEN 0 THEN 'day' ELSE 'week' END, p[1], p[2], replace(CASE kind WHEN 'pareto/nbd' THEN '"s": #, "beta' ELSE '"a": #, "b' END, '#', p[3]::text), p[4])::fitted_model AS m,
             floor(power(10, random() * least(width, 6)) - random())::bigint AS x, power(10, random() * 9 - 2) AS t
      FROM generate_series(1, 6000) AS n, LATERAL (SELECT (ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd'])[1 + n % 3] AS kind, (ARRAY[1, 3, 9])[1 + n / 3 % 3] AS width) AS k,
           LATERAL (SELECT ARRAY(SELECT power(10, (random() * 2 - 1) * width) FROM generate_series(n, n + 3)) AS p) AS r) AS s;
SELECT cmp_ok((SELECT count(DISTINCT m) FROM guess), '>', 5900::bigint, 'there are models of all sizes');
CREATE TEMP TABLE told AS
SELECT guess.*, model_kind(m) AS kind, p_alive(m, x, t_x, t) AS alive, expected_purchases(m, x, t_x, t, duration) AS expected, expected_purchases(m, x, t_x, t, duration * 1.5) AS expected_later,
       purchase_probability(m, x, t_x, t, duration) AS buys, purchase_probability(m, x, t_x, t, duration * 1.5) AS buys_later, expected_purchases(m, x, t_x, t, 0) AS at_once
FROM guess;
SELECT is_empty($$SELECT n, m, x, t_x, t, alive FROM told WHERE (alive BETWEEN 0 AND 1) IS NOT TRUE$$, 'P(alive) is a probability');
SELECT is_empty($$SELECT n, m, x, t_x, t, duration, buys, buys_later, alive FROM told WHERE (buys BETWEEN 0 AND alive AND buys_later BETWEEN buys * (1 - 1e-9) AND alive) IS NOT TRUE$$, 'P(buys) rises to no more than P(alive)');
SELECT is_empty($$SELECT n, m, x, t_x, t, duration, expected, expected_later FROM told WHERE (expected BETWEEN 0 AND 1e300 AND expected_later BETWEEN expected * (1 - 1e-6) AND 1.5 * expected * (1 + 1e-6) + 1e-300 AND at_once = 0) IS NOT TRUE$$, 'purchases expected begin at 0 and rise, ever more slowly');
SELECT is_empty($$SELECT n, m, x, t_x, t, duration, expected, buys FROM told WHERE (buys <= expected * (1 + 1e-6) + 1e-300) IS NOT TRUE$$, 'no less than P(buys)');
SELECT is_empty($$SELECT n, m, x, t_x, t, duration, expected FROM told WHERE (expected <= alive * (model_parameter(m, 'r') + x) * duration / (model_parameter(m, 'alpha') + t) * (1 + 1e-6) + 1e-300) IS NOT TRUE$$, 'no more than if nobody left');
-- what is kept from one client to the next is kept by model and by x
CREATE FUNCTION pg_temp.expected_alone(m fitted_model, x bigint) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    result double precision;
BEGIN
    EXECUTE 'SELECT clientcore.expected_purchases($1, $2, 10, 20, 100)' INTO result USING m, x;
    RETURN result;
END
$$;
SELECT is_empty(
    $$SELECT n, m, x FROM (SELECT n, m, x, expected_purchases(m, x, 10, 20, 100) AS one_by_one, pg_temp.expected_alone(m, x) AS alone
        FROM (SELECT n, m, u.x FROM guess, unnest(ARRAY[1, 65, 2, 129, 1, 641, 66]) WITH ORDINALITY AS u(x, place) WHERE n <= 60 ORDER BY n / 2, place, n OFFSET 0) AS o) AS s WHERE one_by_one IS DISTINCT FROM alone$$, 'clients do not get in the way of each other');
CREATE TEMP TABLE awaited AS
SELECT told.*, q, next_purchase(m, x, t_x, t, q) AS next FROM told, LATERAL (SELECT alive * share FROM unnest(ARRAY[0.001, 0.5, 0.9]) AS share) AS s(q) WHERE alive > 1e-9;
SELECT cmp_ok((SELECT count(*) FROM awaited WHERE next < 1e9), '>', 5000::bigint, 'of many it is told when they buy');
SELECT is_empty($$SELECT n, m, x, t_x, t, q, next, purchase_probability(m, x, t_x, t, next) FROM awaited WHERE next <= 1e9 AND (abs(purchase_probability(m, x, t_x, t, next) / q - 1) < 1e-8) IS NOT TRUE$$, 'by then they have bought with the probability asked for');
SELECT is_empty($$SELECT n, m, x, t_x, t, q, next FROM awaited WHERE (next IS NULL OR next > 1e9) AND purchase_probability(m, x, t_x, t, 1e9) > q * (1 + 1e-8)$$, 'else they do not within 1e9');
SELECT is_empty($$SELECT n FROM told WHERE alive < 1 AND next_purchase(m, x, t_x, t, least(alive + 1e-15, 1 - 1e-16)) IS NOT NULL$$, 'nor ever with more than P(alive)');

-- numbers of purchases of new clients
CREATE TEMP TABLE counted AS
SELECT n, m, days, sum(p) AS total, sum(purchases * p) AS mean, expected_purchases(m, days) AS expected, min(p) AS least, max(p) AS most, purchase_probability(m, 0, 0, 0, days / CASE model_unit(m) WHEN 'week' THEN 7.0 ELSE 1 END) AS buys, 1 - min(p) FILTER (WHERE purchases = 0) AS counted_buys
FROM (SELECT DISTINCT ON (m) n, m, days FROM guess, unnest(ARRAY[0, 1, 30]) AS days WHERE n <= 120 AND model_parameter(m, 'r') * days / model_parameter(m, 'alpha') < 100 AND model_parameter(m, 'r') < 1000 AND days / model_parameter(m, 'alpha') < 20) AS s,
     generate_series(0, 3000) AS purchases, purchase_count_probability(m, purchases, days) AS p GROUP BY n, m, days;
SELECT cmp_ok((SELECT count(*) FROM counted), '>', 40::bigint, 'models of which all counts are looked at');
SELECT is_empty($$SELECT n, m, days, total, least, most FROM counted WHERE (abs(total - 1) < 1e-8 AND least >= 0 AND most <= 1 + 1e-9) IS NOT TRUE$$, 'probabilities of all counts have the sum of 1');
SELECT is_empty($$SELECT n, m, days, mean, expected FROM counted WHERE (abs(mean - expected) < 1e-6 * expected + 1e-12) IS NOT TRUE$$, 'and the mean that is expected');
SELECT is_empty($$SELECT n, m, days, counted_buys, buys FROM counted WHERE (abs(counted_buys - buys) < 1e-9) IS NOT TRUE$$, 'that of none is that of no purchase');
SELECT is_empty($$SELECT n, m FROM guess, unnest(ARRAY[0, 1, 17, 1000, 1000000]) AS purchases, unnest(ARRAY[0, 1, 1000, 1000000000]) AS days WHERE n <= CASE WHEN purchases < 1000000 THEN 300 ELSE 30 END AND (purchase_count_probability(m, purchases, days) BETWEEN 0 AND 1 + 1e-4) IS NOT TRUE$$, 'they are probabilities whatever the model');

-- a far-off corner, once a matter of years
SELECT cmp_ok((SELECT abs(purchase_count_probability('{"kind": "bg/nbd", "parameters": {"r": 1e-9, "alpha": 0.001, "a": 1, "b": 1}}', 2000, 1000000000) / 5.110733e-15 - 1)), '<', 0.001::double precision, 'who hardly ever begins to buy, in a very long time');
SELECT is((SELECT count(*) FROM unnest(ARRAY[0.7, 1, 40, 10000]) AS r, LATERAL (SELECT format('{"kind": "pareto/nbd", "parameters": {"r": %s, "alpha": %s, "s": 1, "beta": 100}}', r, 5 * r)::fitted_model AS m) AS f,
              LATERAL (SELECT sum(p) AS total, sum(n * p) AS mean FROM generate_series(0, 1500) AS n, purchase_count_probability(m, n, 200) AS p) AS t WHERE abs(total - 1) < 1e-7 AND abs(mean / expected_purchases(m, 200) - 1) < 1e-5), 4::bigint, 'Pareto/NBD of clients who are nearly alike');

-- lifetime value: month by month, from the day after as_of to the same day of the month
CREATE TEMP TABLE valued AS
SELECT m, g, h, d AS as_of, months, rate, lifetime_value(m, g, h, d, months, rate) AS value, lifetime_value(m, g, d, months, rate) AS value_of_new
FROM (SELECT model::fitted_model AS m, kind, row_number() OVER () AS n FROM serial WHERE fit !~ 'gamma') AS p JOIN (SELECT model::fitted_model AS g, kind FROM serial WHERE fit LIKE '%gamma%h%') AS s USING (kind)
JOIN buyer USING (kind), unnest(ARRAY['2024-01-01', '2024-01-31', '2023-08-30']::date[]) AS d, (VALUES (0, 0.1), (1, 0), (12, 0.1), (37, -0.2), (24, 3)) AS v(months, rate) WHERE client % 100 = 7;
SELECT cmp_ok((SELECT count(*) FROM valued WHERE value > 0), '>', 300::bigint, 'lifetime values');
SELECT is_empty(
    $$SELECT m, h, as_of, months, rate, value, by_hand FROM valued, LATERAL (
        SELECT coalesce(sum((expected_purchases(m, h, as_of, (as_of + n * interval '1 month')::date - as_of) - expected_purchases(m, h, as_of, (as_of + (n - 1) * interval '1 month')::date - as_of)) * expected_spend(g, h, as_of) * power(1 + rate, -n / 12.0)), 0) AS by_hand FROM generate_series(1, months) AS n) AS s
      WHERE purchase_count(as_of(h, as_of)) > 0 AND (abs(value - by_hand) <= 1e-9 * by_hand) IS NOT TRUE$$, 'are sums over months');
SELECT is_empty(
    $$SELECT m, as_of, months, rate, value_of_new, by_hand FROM valued, LATERAL (
        SELECT coalesce(sum((expected_purchases(m, (as_of + n * interval '1 month')::date - as_of) - expected_purchases(m, (as_of + (n - 1) * interval '1 month')::date - as_of)) * expected_spend(g, 0, 0) * power(1 + rate, -n / 12.0)), 0) AS by_hand FROM generate_series(1, months) AS n) AS s
      WHERE (abs(value_of_new - by_hand) <= 1e-9 * by_hand) IS NOT TRUE$$, 'of new clients as well');
SELECT is_empty(
    $$SELECT m, h, as_of, spend, mean FROM (SELECT g AS m, h, as_of, expected_spend(g, h, as_of) AS spend, expected_spend(g, purchase_count(c) - 1, coalesce(revenue(slice(c, from_day => first_purchase(c) + 1)) / nullif(purchase_count(c) - 1, 0), 0)::double precision) AS mean FROM valued, as_of(h, as_of) AS c WHERE months = 1 AND purchase_count(c) > 0) AS s WHERE (abs(spend / mean - 1) < 1e-12) IS NOT TRUE$$, 'spend expected is that of the mean of repeat purchases');
SELECT is((SELECT count(*) FROM valued WHERE value IS NULL), (SELECT count(*) FROM valued WHERE purchase_count(as_of(h, as_of)) = 0), 'who has not bought yet has none');
SELECT is_empty($$
    SELECT m, rate, value FROM unnest(ARRAY['mbg/nbd', 'bg/nbd']) AS kind, unnest(ARRAY[1e-9, 1, 1e9]) AS least, unnest(ARRAY[-0.9, 100]) AS rate,
        LATERAL (SELECT format('{"kind": "%s", "parameters": {"r": 1e9, "alpha": %s, "a": %s, "b": 1e9}}', kind, least, least)::fitted_model AS m) AS p,
        LATERAL (VALUES (lifetime_value(m, '{"kind": "gamma-gamma", "parameters": {"p": 1e9, "q": 1.000000001, "v": 1e100}}', 1000, 1, 1e9, 1e80, '2024-01-01', 1200, rate)),
            (lifetime_value(m, '{"kind": "gamma-gamma", "parameters": {"p": 1e9, "q": 1.000000001, "v": 1e100}}', '2024-01-01', 1200, rate))) AS v (value)
    WHERE (value >= 0 AND value < 'infinity') IS NOT TRUE$$, 'lifetime values are finite, whatever the model, the rate and the money');
SELECT is(lifetime_value('{"kind": "pareto/nbd", "parameters": {"r": 1, "alpha": 1, "s": 1, "beta": 1}}', '{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 2, "v": 1}}', '5874897-12-31', 12, 0) > 0, true, 'at the end of the calendar');
SELECT results_eq(
    $$SELECT next_purchase(m, h, '5874897-12-31'), next_purchase(m, h, '5874897-12-01'), next_purchase(m, h, '5874897-12-01', 0.9) FROM (VALUES ('{"kind": "bg/nbd", "parameters": {"r": 10, "alpha": 10, "a": 1, "b": 100}}'::fitted_model, '{5874897-12-01: sold 1}'::purchase_history)) AS v(m, h)$$,
    $$VALUES (NULL::date, date '5874897-12-02', date '5874897-12-04')$$, 'no purchase is due after its end');

SELECT * FROM finish();
ROLLBACK;
