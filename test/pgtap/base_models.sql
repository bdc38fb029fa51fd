-- The repeat-buying models of a base: when a refresh fits them, what it keeps of them, what
-- the views and the rule of loss make of them, and the functions that hold them against
-- sales; against plain SQL over the sales that asks the models of counts and days alone.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql
\ir common/truth_changes.psql

-- Clients who buy as the models think: each at a pace of its own, until it drops out.
SELECT setseed(0.31) \g /dev/null
CREATE TABLE sales AS
WITH buyer AS MATERIALIZED (
    SELECT n, date '2022-01-03' + floor(random() * 365)::integer AS began, -60 / ln(random()) AS pace, random() * random() AS drop_out, 20 + 200 * random() AS spend
    FROM generate_series(1, 1200) AS n),
gap AS MATERIALIZED (
    SELECT b.*, i, CASE WHEN i > 0 THEN ceil(-ln(1 - random()) * pace) ELSE 0 END AS days, i > 0 AND random() < drop_out AS is_over
    FROM buyer b, generate_series(0, 60) AS i),
bought AS (
    SELECT *, began + (sum(days) OVER w)::integer AS on_day, bool_or(is_over) OVER w AS is_gone
    FROM gap WINDOW w AS (PARTITION BY n ORDER BY i))
SELECT 'c' || lpad(n::text, 4, '0') AS client, on_day, round((spend * (0.5 + random()))::numeric, 2) AS amount
FROM bought WHERE NOT is_gone AND on_day <= '2024-06-30';
CREATE TEMP VIEW sold AS SELECT client, on_day, sum(amount) AS amount FROM sales GROUP BY client, on_day;

-- The clients of a day as the models see them, and what they bought since, up to another.
CREATE FUNCTION pg_temp.known(day date, until date DEFAULT NULL)
RETURNS TABLE (client text, first_day date, last_day date, x bigint, t_x integer, t integer, spend numeric, bought bigint, bought_before bigint, bought_again_before bigint)
LANGUAGE sql AS $$
SELECT s.client, f.first_day, f.last_day, f.x, f.last_day - f.first_day, day - f.first_day,
    coalesce(sum(s.amount) FILTER (WHERE s.on_day > f.first_day AND s.on_day <= day) / nullif(f.x, 0), 0),
    count(*) FILTER (WHERE s.on_day > day AND s.on_day <= until), count(*) FILTER (WHERE s.on_day > day - (until - day) AND s.on_day <= day),
    count(*) FILTER (WHERE s.on_day > day - (until - day) AND s.on_day <= day AND s.on_day > f.first_day)
FROM sold s JOIN (SELECT client, min(on_day) AS first_day, max(on_day) AS last_day, count(*) - 1 AS x FROM sold WHERE on_day <= day GROUP BY client) f USING (client)
GROUP BY s.client, f.first_day, f.last_day, f.x
$$;

-- A model of them, and whether one is lost by it.
CREATE FUNCTION pg_temp.fitted(kind text, day date) RETURNS fitted_model LANGUAGE sql AS $$
SELECT CASE kind WHEN 'mbg/nbd' THEN (SELECT fit_mbgnbd(x, t_x, t) FROM pg_temp.known(day)) WHEN 'bg/nbd' THEN (SELECT fit_bgnbd(x, t_x, t) FROM pg_temp.known(day))
    WHEN 'pareto/nbd' THEN (SELECT fit_paretonbd(x, t_x, t) FROM pg_temp.known(day)) WHEN 'gamma-gamma' THEN (SELECT fit_gamma_gamma(x, spend::double precision) FROM pg_temp.known(day)) END
$$;
CREATE FUNCTION pg_temp.is_lost(model fitted_model, p_alive numeric, min_days integer, max_days integer, x bigint, t_x integer, t integer) RETURNS boolean LANGUAGE sql AS $$
SELECT t - t_x > max_days OR t - t_x > min_days AND p_alive(model, x, t_x, t) < p_alive
$$;

-- What is told of a model.
CREATE FUNCTION pg_temp.told(model fitted_model) RETURNS text LANGUAGE sql AS $$
SELECT format('%s of %s: ', model_kind(model), model_clients(model)) || coalesce(convergence_failure(model), (
    SELECT string_agg(p || ' ' || round(model_parameter(model, p)::numeric, 6), ', ')
    FROM unnest(CASE model_kind(model) WHEN 'gamma-gamma' THEN '{p,q,v}' WHEN 'pareto/nbd' THEN '{r,alpha,s,beta}' ELSE '{r,alpha,a,b}' END::text[]) AS p))
$$;
-- The lines of a refresh.
CREATE FUNCTION pg_temp.notices(base text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT clientcore.refresh_lines(clientcore.run_as_owner(clientcore.base_owner(base), 'base_refresh', base, '{}'))
$$;

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
UPDATE shop.settings SET as_of = '2023-06-30';
SELECT pg_temp.refresh('shop') \g /dev/null
-- Where the rows of models, cards and losses lie.
CREATE FUNCTION pg_temp.places() RETURNS text LANGUAGE sql AS $$
SELECT md5(string_agg(place, ' ' ORDER BY place)) FROM (
    SELECT 'model ' || ctid || m::text AS place FROM shop.model m UNION ALL SELECT 'card ' || ctid || c::text FROM shop.card c UNION ALL SELECT 'loss ' || ctid || l::text FROM shop.client_loss l) p
$$;

-- --- what a refresh fits ---

SELECT results_eq('SELECT kind, as_of_date, pg_temp.told(model) FROM shop.model ORDER BY kind',
    $$SELECT kind, date '2023-06-30', pg_temp.told(pg_temp.fitted(kind, '2023-06-30')) FROM unnest(ARRAY['gamma-gamma', 'mbg/nbd']) AS kind$$, 'the first refresh fits the models of the day');
SELECT results_eq('SELECT purchase_model, spend_model FROM shop.state', $$SELECT min(model::text) FILTER (WHERE kind = 'mbg/nbd')::fitted_model, min(model::text) FILTER (WHERE kind = 'gamma-gamma')::fitted_model FROM shop.model$$, 'views go by them');
SELECT ok(bool_and(is_used AND is_converged AND failure IS NULL AND value > 0 AND standard_error > 0) AND count(*) = 7, 'which the view models says, with all parameters') FROM shop.models;
SELECT is(array_agg(DISTINCT format('%s %s', kind, client_count)), ARRAY['gamma-gamma ' || (SELECT count(*) FROM pg_temp.known('2023-06-30') WHERE x > 0), 'mbg/nbd 1200'], 'and of how many clients') FROM shop.models;
SELECT results_eq('SELECT kind, parameter, value, standard_error, log_likelihood FROM shop.models ORDER BY kind, parameter_rank',
    $$SELECT kind, p, round(model_parameter(model, p)::numeric, 8), round(standard_error(model, p)::numeric, 8), round(log_likelihood(model)::numeric, 4)
      FROM (VALUES ('gamma-gamma', 1, 'p'), ('gamma-gamma', 2, 'q'), ('gamma-gamma', 3, 'v'), ('mbg/nbd', 1, 'r'), ('mbg/nbd', 2, 'alpha'), ('mbg/nbd', 3, 'a'), ('mbg/nbd', 4, 'b')) AS v (kind, n, p)
      JOIN shop.model USING (kind) ORDER BY kind, n$$, 'its figures are those of the model');

SELECT pg_temp.places() AS places, fitted_at FROM shop.model WHERE kind = 'mbg/nbd' \gset
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.places(), :'places', 'a refresh without news writes no model, no card, no loss');
SELECT pg_temp.refresh('shop', true) \g /dev/null
SELECT is(pg_temp.places(), :'places', 'nor does one in full');

-- News: another model of the same day. Without them: the same as before.
INSERT INTO sales VALUES ('c0001', '2023-06-11', 70), ('c0002', '2023-06-11', 70);
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT isnt(pg_temp.told(purchase_model), pg_temp.told(model), 'a sale makes another model') FROM shop.state, (SELECT pg_temp.fitted('mbg/nbd', '2023-06-10') AS model) AS m;
SELECT is(pg_temp.told(purchase_model) || pg_temp.told(spend_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-06-30')) || pg_temp.told(pg_temp.fitted('gamma-gamma', '2023-06-30')), 'that of the sales') FROM shop.state;
SELECT is((SELECT count(*) FROM shop.model), 2::bigint, 'in the place of the one of the same day');
SELECT ok(fitted_at > :'fitted_at', 'fitted later') FROM shop.model WHERE kind = 'mbg/nbd';
DELETE FROM sales WHERE on_day = '2023-06-11' AND amount = 70;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-06-30')), 'without the sale it is as before') FROM shop.state;

-- --- days ---

SELECT pg_temp.set('shop', jsonb_build_object('as_of', day)), pg_temp.refresh('shop') FROM unnest(ARRAY['2023-07-31', '2023-12-31', '2023-10-01', '2023-06-30']) AS day \g /dev/null
SELECT results_eq('SELECT as_of_date, kind, pg_temp.told(model) FROM shop.model ORDER BY as_of_date, kind',
    $$SELECT day, kind, pg_temp.told(pg_temp.fitted(kind, day)) FROM unnest(ARRAY['2023-06-30', '2023-07-31', '2023-10-01', '2023-12-31']::date[]) AS day, unnest(ARRAY['gamma-gamma', 'mbg/nbd']) AS kind ORDER BY 1, 2$$,
    'models of every day are kept, in whatever order the days come');
SELECT is(array_agg(DISTINCT fit_date), ARRAY[date '2023-06-30'], 'the views go by those of the day') FROM shop.models WHERE is_used;
SELECT is(array_agg(DISTINCT as_of_date), ARRAY[date '2023-06-30'], 'of which there is one') FROM shop.models;
SELECT set_eq('SELECT DISTINCT failure FROM shop.models WHERE NOT is_used', $$VALUES ('not the last fit of the model that is set')$$, 'why not by others is told');

-- Fitted again after so many days; till then what was found is asked of the day. Of days
-- that are later than the day there is nothing to go by.
DELETE FROM shop.model WHERE as_of_date <> '2023-06-30';
SELECT pg_temp.set('shop', '{"model_refit_days": 40, "as_of": "2023-08-08"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(array_agg(DISTINCT as_of_date), ARRAY[date '2023-06-30'], '39 days later nothing is fitted') FROM shop.model;
SELECT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-06-30')), 'and views go by what there is') FROM shop.state;
SELECT pg_temp.same_rows('SELECT client_id, p_alive FROM shop.clients', $$SELECT client, round(p_alive(m, x, t_x, t)::numeric, 8) FROM pg_temp.known('2023-08-08'), pg_temp.fitted('mbg/nbd', '2023-06-30') AS m$$, 1200, 'as of the day');
SELECT pg_temp.set('shop', '{"as_of": "2023-08-09"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-08-09')), '40 days later all is') FROM shop.state;
SELECT pg_temp.set('shop', '{"as_of": "2023-08-01"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-06-30')), 'back in time, by the model of then') FROM shop.state;
SELECT pg_temp.refresh('shop', true) \g /dev/null
SELECT is(pg_temp.told(purchase_model) || pg_temp.told(spend_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-08-01')) || pg_temp.told(pg_temp.fitted('gamma-gamma', '2023-08-01')), 'in full, fitted before it is due') FROM shop.state;
SELECT pg_temp.set('shop', '{"as_of": "2023-01-31"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-01-31')), 'on a day before all of them, too') FROM shop.state;

-- Models are yours to prune: what is gone is fitted when it is needed.
DELETE FROM shop.model;
SELECT isnt_empty('SELECT FROM shop.clients WHERE p_alive IS NOT NULL', 'who prunes them all takes nothing from the views');
SELECT pg_temp.set('shop', '{"model_refit_days": 0, "as_of": "2023-06-30"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT array_agg(kind ORDER BY kind) FROM shop.model), ARRAY['gamma-gamma', 'mbg/nbd'], 'and the next refresh fits anew');

-- --- samples ---

CREATE FUNCTION pg_temp.sampled(share numeric) RETURNS text LANGUAGE sql AS $$
SELECT pg_temp.told(fit_mbgnbd(x, t_x, t)) FROM pg_temp.known('2023-06-30') WHERE clientcore.key_fraction(client) < round(share, 9)
$$;
SELECT pg_temp.set('shop', '{"model_sample_clients": 300}'), pg_temp.refresh('shop') \g /dev/null
SELECT cmp_ok(abs(model_clients(purchase_model) - 300), '<', 60::bigint, 'of many clients, about as many are looked at as are to be') FROM shop.state;
SELECT is(pg_temp.told(purchase_model), pg_temp.sampled(0.25), 'chosen by their hash') FROM shop.state;
SELECT pg_temp.told(purchase_model) AS told FROM shop.state \gset
SELECT client AS outside FROM pg_temp.known('2023-06-30') WHERE clientcore.key_fraction(client) >= 0.25 ORDER BY client LIMIT 1 \gset
INSERT INTO sales VALUES (:'outside', '2023-06-29', 1000);
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(purchase_model), :'told', 'the same at the next refresh') FROM shop.state;
DELETE FROM sales WHERE amount = 1000;
SELECT pg_temp.set('shop', '{"model_sample_clients": 1200}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(model_clients(purchase_model), 1200::bigint, 'and all where they are no more than that') FROM shop.state;
-- Not all clients are clients of an early day.
SELECT pg_temp.set('shop', '{"model_sample_clients": 600, "as_of": "2022-07-01"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(model_clients(model), (SELECT count(*) FROM pg_temp.known('2022-07-01')), 'those that came later are none to choose from') FROM shop.model WHERE as_of_date = '2022-07-01' AND kind = 'mbg/nbd';
SELECT cmp_ok((SELECT count(*) FROM pg_temp.known('2022-07-01')), '<=', 600::bigint, 'of whom there are no more than are looked at');
-- Where leaving is not told from chance, the model is kept, and not gone by.
SELECT set_eq($$SELECT DISTINCT is_used, is_converged, failure FROM shop.models WHERE fit_date = '2022-07-01' AND kind = 'mbg/nbd'$$,
    $$VALUES (false, true, 'a is less than twice its standard error: leaving is not told from chance')$$, 'a model that tells nothing of loss is not gone by');
SELECT is(failure, 'a is less than twice its standard error: leaving is not told from chance', 'nor does it judge anybody in back_test') FROM clientcore.back_test('shop', '2022-06-30', '2022-07-01') WHERE rule = 'mbg/nbd';
SELECT ok(count(*) > 0 AND count(*) FILTER (WHERE is_used) = 0, 'without it nothing goes by a model of spend either') FROM shop.models WHERE fit_date = '2022-07-01' AND kind = 'gamma-gamma' AND is_converged;
SELECT pg_temp.set('shop', '{"model_sample_clients": 100000, "as_of": "2023-06-30"}'), pg_temp.refresh('shop') \g /dev/null

-- --- views ---

CREATE FUNCTION pg_temp.views_of(asked text, discount numeric) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted(asked, '2023-06-30')), asked || ': fitted') FROM shop.state;
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT client_id, p_alive, expected_purchases_12m, lifetime_value_12m, next_purchase_due FROM shop.clients', format($sql$
        SELECT client, round(p_alive(m, x, t_x, t)::numeric, 8), round(expected_purchases(m, x, t_x, t, 366)::numeric, 4),
            round(lifetime_value(m, spend_model, x, t_x, t, spend::double precision, '2023-06-30', 12, %s)::numeric, 4),
            date '2023-06-30' + (SELECT ceil(days)::integer FROM next_purchase(m, x, t_x, t, 0.5) AS days WHERE days < 36525)
        FROM pg_temp.known('2023-06-30'), (SELECT purchase_model AS m, spend_model FROM shop.state) AS s$sql$, discount), 1200, asked || ': clients');
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT client_id, p_alive, expected_loss_amount, ranked_by, row_number() OVER () FROM shop.at_risk_clients', format($sql$
        SELECT c.client_id, c.p_alive, round(r.revenue_at_risk_amount * (1 - c.p_alive), 4), 'model %s',
            row_number() OVER (ORDER BY c.is_key DESC, r.revenue_at_risk_amount * (1 - c.p_alive) DESC, r.revenue_at_risk_amount DESC, client_id)
        FROM shop.clients c JOIN shop.at_risk_clients r USING (client_id) WHERE c.is_at_risk$sql$, asked), 20, asked || ': at_risk_clients');
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT client_id, return_12m_share, return_rule FROM shop.lost_clients', format($sql$
        SELECT client_id, round(purchase_probability(m, x, t_x, t, 366)::numeric, 8), 'model %s'
        FROM shop.clients JOIN pg_temp.known('2023-06-30') k ON k.client = client_id, (SELECT purchase_model AS m FROM shop.state) AS s WHERE is_lost$sql$, asked), 50, asked || ': lost_clients');
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT client_id, return_rule, return_12m_share, expected_value_amount, win_back_rank FROM shop.win_back_list', $sql$
        SELECT client_id, l.return_rule, l.return_12m_share, round(l.value_lost_amount * purchase_probability(m, x, t_x, t, 366)::numeric(9, 8), 4),
            row_number() OVER (ORDER BY l.value_lost_amount * l.return_12m_share DESC, l.value_lost_amount DESC, client_id)
        FROM shop.lost_clients l JOIN pg_temp.known('2023-06-30') k ON k.client = client_id, (SELECT purchase_model AS m FROM shop.state) AS s
        WHERE value_class IN ('A', 'B') AND NOT is_protected AND value_lost_amount > 0$sql$, 20, asked || ': win_back_list');
END
$$;
SELECT * FROM pg_temp.views_of('mbg/nbd', 0.10);
-- What is set counts from the next refresh on.
SELECT pg_temp.set('shop', '{"purchase_model": "bg/nbd", "discount_rate": -0.05}') \g /dev/null
SELECT * FROM pg_temp.views_of('mbg/nbd', 0.10);
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.views_of('bg/nbd', -0.05);
SELECT pg_temp.set('shop', '{"purchase_model": "pareto/nbd", "discount_rate": 0}'), pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.views_of('pareto/nbd', 0);
SELECT is(array_agg(DISTINCT kind), ARRAY['bg/nbd', 'gamma-gamma', 'mbg/nbd', 'pareto/nbd'], 'models of other kinds are kept') FROM shop.models;
SELECT is(array_agg(DISTINCT kind), ARRAY['gamma-gamma', 'pareto/nbd'], 'and not used') FROM shop.models WHERE is_used;

SELECT pg_temp.set('shop', '{"purchase_model": "none"}'), pg_temp.refresh('shop') \g /dev/null
CREATE FUNCTION pg_temp.views_without(base text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE replace($sql$
        SELECT public.is(count(*), 0::bigint, '@: no figure of a model in clients') FROM @.clients WHERE num_nonnulls(p_alive, expected_purchases_12m, lifetime_value_12m, next_purchase_due) > 0
        UNION ALL
        SELECT public.is(count(*) FILTER (WHERE ranked_by <> 'revenue alone' OR num_nonnulls(p_alive, expected_loss_amount) > 0), 0::bigint, '@: who is at risk is ranked by revenue alone') FROM @.at_risk_clients
        UNION ALL
        SELECT public.is(count(*) FILTER (WHERE place <> row_number), 0::bigint, '@: in this order')
        FROM (SELECT row_number() OVER () AS place, row_number() OVER (ORDER BY is_key DESC, revenue_at_risk_amount DESC, client_id) FROM @.at_risk_clients) AS r
        UNION ALL
        SELECT public.is(count(*) FILTER (WHERE return_rule <> 'own past' OR return_12m_share IS NULL), 0::bigint, '@: chances of return are of the own past') FROM @.lost_clients
        UNION ALL
        SELECT public.is(count(*) FILTER (WHERE return_rule <> 'own past' OR return_12m_share IS NULL), 0::bigint, '@: also in win_back_list') FROM @.win_back_list
        UNION ALL
        SELECT public.is(count(*), 0::bigint, '@: no model is used') FROM @.models WHERE is_used
        UNION ALL
        SELECT public.is(s::text, '(,)', '@: nor is one in state') FROM (SELECT purchase_model, spend_model FROM @.state) AS s$sql$, '@', base);
END
$$;
SELECT * FROM pg_temp.views_without('shop');
SELECT cmp_ok(count(*), '>', 20::bigint, 'where there are such clients') FROM shop.at_risk_clients;
SELECT cmp_ok(count(*), '>', 20::bigint, 'and lost ones') FROM shop.win_back_list;
SELECT pg_temp.set('shop', '{"purchase_model": "mbg/nbd", "discount_rate": 0.10}'), pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.views_of('mbg/nbd', 0.10);

-- --- lost by P(alive) ---

-- Every silence by counts and days alone: how often, and for how long, its client had bought
-- when it began, and how many days it lasted without a purchase.
CREATE FUNCTION pg_temp.silences(day date) RETURNS TABLE (client text, last_purchase date, x bigint, t_x integer, silent integer, returned_on date) LANGUAGE sql AS $$
SELECT client, on_day, row_number() OVER w - 1, on_day - min(on_day) OVER w, coalesce(lead(on_day) OVER w, day + 1) - on_day - 1, lead(on_day) OVER w
FROM sold WHERE on_day <= day WINDOW w AS (PARTITION BY client ORDER BY on_day)
$$;
CREATE FUNCTION pg_temp.losses_of(what text, day date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    SELECT * INTO s FROM shop.settings, (SELECT purchase_model AS model FROM shop.state) AS t;
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT client_id, is_lost FROM shop.clients',
        format('SELECT client, pg_temp.is_lost(%L, %s, %s, %s, x, t_x, t) FROM pg_temp.known(%L)', s.model, s.lost_p_alive, s.lost_min_days, s.lost_max_days, day), 1100, what || ': who is lost');
    RETURN NEXT is(count(*) FILTER (WHERE is_lost AND silence_days BETWEEN s.lost_min_days + 1 AND s.lost_max_days AND p_alive > s.lost_p_alive
            OR NOT is_lost AND silence_days > s.lost_min_days AND p_alive < s.lost_p_alive), 0::bigint, what || ': as its P(alive) says') FROM shop.clients;
    RETURN NEXT is(count(*) FILTER (WHERE lost_rule <> CASE silence_limit_days WHEN s.lost_min_days THEN format('at least %s days', s.lost_min_days) WHEN s.lost_max_days THEN format('at most %s days', s.lost_max_days)
            ELSE format('P(alive) under %s: %s days', trim_scale(s.lost_p_alive), silence_limit_days) END), 0::bigint, what || ': which is told as the rule') FROM shop.clients;
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT client_id, last_purchase, returned_on FROM shop.client_loss', format($sql$
        SELECT client, last_purchase, returned_on FROM pg_temp.silences(%L) WHERE pg_temp.is_lost(%L, %s, %s, %s, x, t_x, t_x + silent)$sql$, day, s.model, s.lost_p_alive, s.lost_min_days, s.lost_max_days), 100, what || ': all losses');
    RETURN NEXT is(count(*), 0::bigint, what || ': each on the first day on which it is one')
    FROM shop.client_loss l JOIN pg_temp.silences(day) i ON i.client = l.client_id AND i.last_purchase = l.last_purchase
    WHERE l.lost_on <> l.last_purchase + l.silence_limit + 1 OR l.silence_limit NOT BETWEEN s.lost_min_days AND s.lost_max_days
        OR pg_temp.is_lost(s.model, s.lost_p_alive, s.lost_min_days, s.lost_max_days, i.x, i.t_x, i.t_x + l.silence_limit)
        OR NOT pg_temp.is_lost(s.model, s.lost_p_alive, s.lost_min_days, s.lost_max_days, i.x, i.t_x, i.t_x + l.silence_limit + 1);
    -- the time for a second purchase ends when who bought once is lost
    RETURN QUERY SELECT * FROM pg_temp.same_rows('SELECT sum(due_count), sum(once_lost_count) FROM shop.flow_summary', format($sql$
        SELECT (SELECT count(*) FROM pg_temp.known(%1$L) WHERE t > once.days), (SELECT count(*) FROM pg_temp.silences(%1$L) WHERE x = 0 AND silent > once.days)
        FROM (SELECT min(d) - 1 AS days FROM generate_series(%4$s + 1, %5$s + 1) AS d WHERE pg_temp.is_lost(%2$L, %3$s, %4$s, %5$s, 0, 0, d)) AS once$sql$,
        day, s.model, s.lost_p_alive, s.lost_min_days, s.lost_max_days), 1, what || ': second purchases due');
    RETURN NEXT is(count(*) FILTER (WHERE end_count <> start_count + new_count + returned_count - lost_count OR start_count <> before), 0::bigint, what || ': the flow adds up')
    FROM (SELECT *, lag(end_count, 1, 0::bigint) OVER (ORDER BY month_date) AS before FROM shop.client_flow) AS f;
    RETURN NEXT is((SELECT end_count FROM shop.client_flow ORDER BY month_date DESC LIMIT 1), (SELECT count(*) FROM shop.clients WHERE NOT is_lost), what || ': and ends at those who are left');
    RETURN NEXT is((SELECT (sum(new_count), sum(lost_count), sum(returned_count))::text FROM shop.client_flow), (SELECT ((SELECT count(*) FROM shop.clients), count(*), count(returned_on))::text FROM shop.client_loss), what || ': having counted every loss');
END
$$;

-- What it would change is what it changes.
SELECT results_eq($$SELECT sum(client_count) FROM clientcore.preview('shop', '{"lost_rule": "model"}') WHERE measure = 'loyalty_stage' AND to_class = 'lost'$$,
    $$SELECT count(*)::numeric FROM pg_temp.known('2023-06-30') k JOIN shop.clients c ON c.client_id = k.client
      WHERE NOT c.is_lost AND pg_temp.is_lost((SELECT purchase_model FROM shop.state), 0.5, 30, 730, x, t_x, t)$$, 'a preview says who would be lost by the model');
CREATE TEMP TABLE previewed AS SELECT * FROM clientcore.preview('shop', '{"lost_rule": "model", "lost_p_alive": 0.4}') WHERE measure = 'loyalty_stage';
SELECT cmp_ok(sum(client_count), '>', 20::numeric, 'moves to look at') FROM previewed;
SELECT client_id, loyalty_stage INTO TEMP stage FROM shop.clients;
SELECT pg_temp.set('shop', '{"lost_rule": "model", "lost_p_alive": 0.4}'), pg_temp.refresh('shop') \g /dev/null
SELECT pg_temp.same_rows('SELECT from_class, to_class, client_count FROM previewed', 'SELECT s.loyalty_stage, c.loyalty_stage, count(*) FROM stage s JOIN shop.clients c USING (client_id) WHERE s.loyalty_stage <> c.loyalty_stage GROUP BY 1, 2', 3, 'a refresh moves whom the preview named');
SELECT * FROM pg_temp.losses_of('mbg/nbd', '2023-06-30');
SELECT throws_ok(format($$SELECT * FROM clientcore.preview('shop', '{"lost_rule": "model", "%s": %s}')$$, s.name, s.value), '22023', format('settings: "%s" is no setting that can be tried', s.name), s.name || ' cannot be tried: no other model was fitted')
FROM (VALUES ('purchase_model', '"pareto/nbd"'), ('model_sample_clients', '500'), ('model_refit_days', '5')) AS s (name, value);

SELECT pg_temp.set('shop', '{"lost_p_alive": 0.7, "lost_min_days": 50, "lost_max_days": 200, "purchase_model": "bg/nbd"}'), pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.losses_of('bg/nbd', '2023-06-30');
SELECT is(count(*) FILTER (WHERE is_lost <> (silence_days > 200)), 0::bigint, 'it gives nobody up who bought once, but by the bound') FROM shop.clients WHERE purchase_count = 1;
SELECT pg_temp.set('shop', '{"lost_p_alive": 0.5, "lost_min_days": 0, "lost_max_days": 730, "purchase_model": "pareto/nbd", "as_of": "2023-12-31"}'), pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.losses_of('pareto/nbd', '2023-12-31');

-- Of sales that change: the same as from nothing.
SELECT pg_temp.set('shop', '{"lost_min_days": 30, "purchase_model": "mbg/nbd"}'), pg_temp.refresh('shop') \g /dev/null
UPDATE sales SET on_day = on_day - 3 WHERE client LIKE '%7' AND on_day > '2023-03-01';
DELETE FROM sales WHERE client LIKE '%31';
INSERT INTO sales SELECT 'new ' || n, date '2023-08-01' + n * i, 40 + n FROM generate_series(1, 20) AS n, generate_series(0, 3) AS i;
SELECT is(pg_temp.refresh('shop'), 'delta', 'sales that change');
SELECT * FROM pg_temp.losses_of('changed', '2023-12-31');
SELECT pg_temp.keep_rows('by_delta', 'shop') \g /dev/null
SELECT purchase_model AS model, spend_model AS spend FROM shop.state \gset
SELECT pg_temp.refresh('shop', true), pg_temp.keep_rows('anew', 'shop') \g /dev/null
SELECT * FROM pg_temp.same_made('by_delta', 'anew', 'a build from nothing gives the same cards and losses');
SELECT ok(purchase_model = :'model' AND spend_model = :'spend', 'and the same models') FROM shop.state;
-- The same model, so that losses need not be told anew; another, so that all of them must.
SELECT pg_temp.set('shop', '{"as_of": "2024-01-01", "model_refit_days": 30}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(purchase_model::text, :'model', 'a day later, by the same model') FROM shop.state;
SELECT * FROM pg_temp.losses_of('a day later', '2024-01-01');
SELECT pg_temp.keep_rows('by_delta', 'shop') \g /dev/null
SELECT pg_temp.set('shop', '{"model_refit_days": 0}'), pg_temp.refresh('shop') \g /dev/null
SELECT isnt(purchase_model::text, :'model', 'then by one of the day') FROM shop.state;
SELECT * FROM pg_temp.losses_of('of the day', '2024-01-01');
SELECT pg_temp.set('shop', '{"as_of": "2023-12-31"}'), pg_temp.refresh('shop') \g /dev/null

-- Other days, by the model and the rule of today.
SELECT pg_temp.same_rows($$SELECT client_id, p_alive, expected_purchases_12m, is_lost, lost_date FROM shop.clients_as_of('2023-03-31')$$, $$
    SELECT client, round(p_alive(m, x, t_x, t)::numeric, 8), round(expected_purchases(m, x, t_x, t, 366)::numeric, 4), pg_temp.is_lost(m, 0.5, 30, 730, x, t_x, t),
        CASE WHEN pg_temp.is_lost(m, 0.5, 30, 730, x, t_x, t) THEN
            last_day + (SELECT min(d)::integer FROM generate_series(31, t - t_x) AS d WHERE pg_temp.is_lost(m, 0.5, 30, 730, x, t_x, t_x + d::integer)) END
    FROM pg_temp.known('2023-03-31'), (SELECT purchase_model AS m FROM shop.state) AS s$$, 1100, 'clients_as_of: P(alive) and losses of another day');
SELECT is((SELECT sum(client_count) FROM shop.class_migration('2023-03-31', '2023-12-31') WHERE measure = 'loyalty_stage' AND (from_class = 'lost') < (to_class = 'lost')),
    (SELECT count(*)::numeric FROM pg_temp.known('2023-12-31') k LEFT JOIN pg_temp.known('2023-03-31') w USING (client), (SELECT purchase_model AS m FROM shop.state) AS s
     WHERE pg_temp.is_lost(m, 0.5, 30, 730, k.x, k.t_x, k.t) AND pg_temp.is_lost(m, 0.5, 30, 730, w.x, w.t_x, w.t) IS NOT TRUE), 'class_migration: who was lost meanwhile');

-- The back-test of the rule: by a model of then.
SELECT pg_temp.same_rows('SELECT * FROM clientcore.back_test(''shop'', ''2023-04-01'')', $$
    SELECT date '2023-04-01', date '2023-12-31', NULL::numeric, NULL::integer, count(*), count(*) FILTER (WHERE l), count(*) FILTER (WHERE l AND bought > 0), count(*) FILTER (WHERE NOT l), count(*) FILTER (WHERE NOT l AND bought = 0)
    FROM (SELECT pg_temp.is_lost(m, 0.5, 30, 730, x, t_x, t) AS l, bought FROM pg_temp.known('2023-04-01', '2023-12-31'), pg_temp.fitted('mbg/nbd', '2023-04-01') AS m) AS k$$, 1, 'back_test: by the model of the day');

-- --- duplicates, relations, forgetting ---

CREATE TABLE more_sales (LIKE sales);
CALL clientcore.attach('shop', 'more_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
WITH moved AS (DELETE FROM sales WHERE extract(day FROM on_day)::integer % 2 = 0 RETURNING *) INSERT INTO more_sales TABLE moved;
SELECT purchase_model AS model FROM shop.state \gset
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is(purchase_model::text, :'model', 'of two relations, one model: that of the joined histories') FROM shop.state;
-- (most clients are in both, and count as one)
SELECT pg_temp.set('shop', '{"model_sample_clients": 1300}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(purchase_model::text, :'model', 'as many clients as there are, not histories') FROM shop.state WHERE (SELECT count(*) FROM shop.history) > 1300;
INSERT INTO shop.client_alias SELECT 'c0' || n || '2', 'c0' || n || '3' FROM generate_series(10, 40) AS n;
CREATE OR REPLACE TEMP VIEW sold AS
SELECT coalesce(a.client, s.client) AS client, on_day, sum(amount) AS amount FROM (TABLE sales UNION ALL TABLE more_sales) s LEFT JOIN shop.client_alias a ON a.alias = s.client GROUP BY 1, 2;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT isnt(purchase_model::text, :'model', 'duplicates make another model') FROM shop.state;
SELECT is(pg_temp.told(purchase_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-12-31')), 'in which they are one client') FROM shop.state;
SELECT * FROM pg_temp.losses_of('duplicates', '2023-12-31');
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', jsonb_build_object('client', c)) FROM unnest(ARRAY['c0103', 'c0500', 'c0900']) AS c \g /dev/null
CREATE OR REPLACE TEMP VIEW sold AS
SELECT coalesce(a.client, s.client) AS client, on_day, sum(amount) AS amount FROM (TABLE sales UNION ALL TABLE more_sales) s LEFT JOIN shop.client_alias a ON a.alias = s.client
WHERE s.client NOT IN ('c0102', 'c0103', 'c0500', 'c0900') GROUP BY 1, 2;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(purchase_model) || pg_temp.told(spend_model), pg_temp.told(pg_temp.fitted('mbg/nbd', '2023-12-31')) || pg_temp.told(pg_temp.fitted('gamma-gamma', '2023-12-31')), 'who was forgotten is in no model') FROM shop.state;
SELECT * FROM pg_temp.losses_of('forgotten', '2023-12-31');

-- --- how well they fit ---

-- Against plain SQL, of the purchases in sold.
CREATE FUNCTION pg_temp.fits_of(base text, asked text, calibration_end date, holdout_end date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    model fitted_model := pg_temp.fitted(asked, calibration_end);
    s record;
BEGIN
    EXECUTE format('SELECT * FROM %I.settings', base) INTO s;
    RETURN QUERY SELECT * FROM pg_temp.same_rows(format('SELECT repeat_purchase_count, is_or_more, actual_count, expected_count FROM purchase_count_fit(%L, %L, 5)', base, calibration_end), format($sql$
        WITH k AS MATERIALIZED (SELECT * FROM pg_temp.known(%L)),
        told AS (SELECT n, (SELECT count(*) FROM k WHERE x = n) AS clients, (SELECT sum(clients * purchase_count_probability(%L, n, t)) FROM (SELECT t, count(*) AS clients FROM k GROUP BY t) AS k) AS expected FROM generate_series(0, 4) AS n)
        SELECT n, false, clients, round(expected::numeric, 4) FROM told
        UNION ALL
        SELECT 5, true, (SELECT count(*) FROM k WHERE x >= 5), round(((SELECT count(*) FROM k) - sum(expected))::numeric, 4) FROM told$sql$, calibration_end, model), 6, asked || ': purchase_count_fit');
    RETURN QUERY SELECT * FROM pg_temp.same_rows(format('SELECT * FROM weekly_fit(%L, %L, %L)', base, calibration_end, holdout_end), format($sql$
        WITH k AS MATERIALIZED (SELECT client, first_day FROM pg_temp.known(%1$L)),
        again AS MATERIALIZED (SELECT on_day FROM sold JOIN k USING (client) WHERE on_day > first_day),
        began AS MATERIALIZED (SELECT first_day, count(*) AS clients FROM k GROUP BY first_day),
        week AS (SELECT row_number() OVER (ORDER BY d)::integer AS n, least(d::date + 6, %2$L) AS last_day FROM generate_series((SELECT min(first_day) FROM k), date %2$L, interval '1 week') AS d),
        told AS (
            SELECT n, last_day, (SELECT count(*) FROM again WHERE on_day <= last_day) AS bought,
                (SELECT sum(clients * expected_purchases(%3$L, last_day - first_day)) FROM began WHERE first_day <= last_day) AS expected
            FROM week)
        SELECT n, last_day, last_day > %1$L, bought, round(expected::numeric, 4), bought - lag(bought, 1, 0::bigint) OVER w, round((expected - lag(expected, 1, 0::double precision) OVER w)::numeric, 4)
        FROM told WINDOW w AS (ORDER BY n)$sql$, calibration_end, holdout_end, model), 50, asked || ': weekly_fit');
    RETURN QUERY SELECT * FROM pg_temp.same_rows(format('SELECT * FROM alive_fit(%L, %L, %L, 7)', base, calibration_end, holdout_end), format($sql$
        SELECT bin, count(*), round(min(p)::numeric, 8), round(max(p)::numeric, 8), round(avg(p)::numeric, 8), round(count(*) FILTER (WHERE bought > 0)::numeric / count(*), 8),
            round(avg(chance)::numeric, 8), sum(bought)::bigint, round(sum(expected)::numeric, 4)
        FROM (SELECT ntile(7) OVER (ORDER BY p DESC, client COLLATE "C") AS bin, k.*
            FROM (SELECT k.*, p_alive(%4$L, x, t_x, t) AS p, purchase_probability(%4$L, x, t_x, t, %3$L) AS chance, expected_purchases(%4$L, x, t_x, t, %3$L) AS expected
                FROM pg_temp.known(%1$L, %2$L) AS k) AS k) AS k
        GROUP BY bin$sql$, calibration_end, holdout_end, holdout_end - calibration_end, model), 7, asked || ': alive_fit');
    RETURN QUERY SELECT * FROM pg_temp.same_rows(format($sql$SELECT * FROM back_test(%L, %L, %L) WHERE rule IN (%L, 'days', 'same as last period')$sql$, base, calibration_end, holdout_end, asked), format($sql$
        SELECT rule, NULL, count(*), count(*) FILTER (WHERE l), count(*) FILTER (WHERE l AND bought > 0), count(*) FILTER (WHERE NOT l), count(*) FILTER (WHERE NOT l AND bought = 0),
            round(count(*) FILTER (WHERE l <> (bought > 0))::numeric / count(*), 8), sum(bought)::bigint, round(sum(e)::numeric, 4), round(avg(abs(e - bought))::numeric, 8)
        FROM pg_temp.known(%1$L, %2$L) AS k, LATERAL (VALUES
            (%4$L, pg_temp.is_lost(%5$L, %6$s, %7$s, %8$s, x, t_x, t), expected_purchases(%5$L, x, t_x, t, %3$L)), ('days', t - t_x > %9$s, NULL),
            -- as many days before, but not the first purchase again
            ('same as last period', bought_before = 0, bought_again_before)) AS r (rule, l, e)
        GROUP BY rule$sql$, calibration_end, holdout_end, holdout_end - calibration_end, asked, model, s.lost_p_alive, s.lost_min_days, s.lost_max_days, s.lost_days), 3, asked || ': back_test');
END
$$;
SELECT pg_temp.set('shop', '{"lost_rule": "silence", "lost_days": 120}'), pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.fits_of('shop', 'mbg/nbd', '2023-05-15', '2023-11-20');
UPDATE shop.settings SET purchase_model = 'bg/nbd';
SELECT * FROM pg_temp.fits_of('shop', 'bg/nbd', '2023-05-15', '2023-11-20');
UPDATE shop.settings SET purchase_model = 'pareto/nbd';
SELECT * FROM pg_temp.fits_of('shop', 'pareto/nbd', '2023-05-15', '2023-11-20');
-- Where there is to be none, the default is tried.
UPDATE shop.settings SET purchase_model = 'none';
SELECT * FROM pg_temp.fits_of('shop', 'mbg/nbd', '2023-05-15', '2023-11-20');
SELECT results_eq('SELECT * FROM purchase_count_fit(''shop'')', 'SELECT * FROM purchase_count_fit(''shop'', ''2023-12-31'', 7)', 'by default of the day of the base, up to seven purchases');
SELECT results_eq('SELECT * FROM alive_fit(''shop'', ''2023-05-15'', ''2023-11-20'')', 'SELECT * FROM alive_fit(''shop'', ''2023-05-15'', ''2023-11-20'', 10)', 'by default in tenths');
SELECT results_eq($$SELECT client_count, lost_count, lost_returned_count, kept_count, kept_silent_count FROM back_test('shop', '2023-05-15', '2023-12-31') WHERE rule = 'silence'$$,
    $$SELECT client_count, lost_count, lost_returned_count, kept_count, kept_silent_count FROM back_test('shop', '2023-05-15')$$, 'silence is the rule as it is tried alone');
SELECT is(array_agg(rule), ARRAY['silence', 'days', 'same as last period', 'mbg/nbd', 'bg/nbd', 'pareto/nbd'], 'rules side by side') FROM back_test('shop', '2023-05-15', '2023-11-20');
-- On a sample, too; who is counted is all.
SELECT pg_temp.set('shop', '{"purchase_model": "mbg/nbd", "model_sample_clients": 200}') \g /dev/null
SELECT is(clients, known, 'fitted to a sample, of all clients') FROM (SELECT sum(actual_count) AS clients FROM purchase_count_fit('shop', '2023-05-15')) AS f, (SELECT count(*)::numeric AS known FROM pg_temp.known('2023-05-15')) AS k;
SELECT isnt(expected, expected_of_all, 'with other expectations') FROM (SELECT expected_count AS expected FROM back_test('shop', '2023-05-15', '2023-11-20') WHERE rule = 'mbg/nbd') AS f,
    (SELECT round(sum(expected_purchases(m, x, t_x, t, 189))::numeric, 4) AS expected_of_all FROM pg_temp.known('2023-05-15'), pg_temp.fitted('mbg/nbd', '2023-05-15') AS m) AS k;
SELECT pg_temp.set('shop', '{"model_sample_clients": 100000}') \g /dev/null

-- Errors.
CREATE TABLE new_sales (LIKE sales);
CALL clientcore.attach('unread', 'new_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT throws_ok(format('SELECT * FROM %s(''shop'', %s)', name, d.days), d.state, d.message, format('%s of %s', name, d.days))
FROM unnest(ARRAY['back_test', 'weekly_fit', 'alive_fit']) AS name,
    (VALUES ('NULL, ''2023-01-01''', '22004', 'calibration_end and holdout_end must be days'), ('''2023-01-01'', NULL', '22004', 'calibration_end and holdout_end must be days'),
        ('''-infinity'', ''2023-01-01''', '22008', 'calibration_end and holdout_end must be finite'), ('''2023-01-01'', ''infinity''', '22008', 'calibration_end and holdout_end must be finite'),
        ('''2023-01-02'', ''2023-01-01''', '22023', 'calibration_end: it must be before holdout_end'), ('''2023-01-01'', ''2023-01-01''', '22023', 'calibration_end: it must be before holdout_end'),
        ('''2023-01-01'', ''2024-01-01''', '22023', 'holdout_end: it must not be after 2023-12-31, the day that base "shop" is as of')) AS d (days, state, message);
SELECT throws_ok('SELECT * FROM ' || f.call, f.state, f.message, f.call)
FROM (VALUES ('purchase_count_fit(''shop'', ''2024-01-01'')', '22023', 'calibration_end: it must not be after 2023-12-31, the day that base "shop" is as of'),
    ('purchase_count_fit(''shop'', ''infinity'')', '22008', 'calibration_end must be finite'), ('purchase_count_fit(''shop'', ''-infinity'')', '22008', 'calibration_end must be finite'),
    ('purchase_count_fit(''shop'', NULL, 0)', '22023', 'most: it must be between 1 and 1000'), ('purchase_count_fit(''shop'', NULL, 1001)', '22023', 'most: it must be between 1 and 1000'),
    ('purchase_count_fit(''shop'', NULL, NULL)', '22023', 'most: it must be between 1 and 1000'),
    ('alive_fit(''shop'', ''2023-01-01'', ''2023-02-01'', 0)', '22023', 'bins: it must be between 1 and 1000'), ('alive_fit(''shop'', ''2023-01-01'', ''2023-02-01'', 1001)', '22023', 'bins: it must be between 1 and 1000'),
    ('alive_fit(''shop'', ''2023-01-01'', ''2023-02-01'', NULL)', '22023', 'bins: it must be between 1 and 1000')) AS f (call, state, message);
SELECT throws_ok(format('SELECT * FROM %s(%L%s)', f.name, b.base, f.days), b.state, b.message, format('%s of base %s', f.name, b.base))
FROM (VALUES ('back_test', ', ''2023-01-01'', ''2023-02-01'''), ('weekly_fit', ', ''2023-01-01'', ''2023-02-01'''), ('alive_fit', ', ''2023-01-01'', ''2023-02-01'''), ('purchase_count_fit', '')) AS f (name, days),
    (VALUES ('unread', '55000', 'base "unread" has not been refreshed yet'), ('nowhere', '3F000', 'client base "nowhere" does not exist')) AS b (base, state, message);
SELECT is((SELECT count(*) FROM purchase_count_fit('shop', NULL, 1)), 2::bigint, 'one purchase or more is something to count');
SELECT is((SELECT count(*) FROM alive_fit('shop', '2023-05-15', '2023-11-20', 1000)), 1000::bigint, 'as many bins as there may be');

-- Before the first sale there is nothing to fit, and nothing to tell (but for a warning).
SET LOCAL client_min_messages = error;
SELECT is_empty('SELECT * FROM weekly_fit(''shop'', ''2020-01-01'', ''2023-01-01'')', 'no week before the first sale');
SELECT is_empty('SELECT * FROM alive_fit(''shop'', ''2020-01-01'', ''2023-01-01'')', 'nobody alive');
SELECT is_empty('SELECT * FROM back_test(''shop'', ''2020-01-01'', ''2023-01-01'')', 'nobody to judge');

-- Whose rights count.
SELECT current_setting('is_superuser')::boolean AS may_create \gset
\if :may_create
CREATE ROLE models_stranger;
CREATE ROLE models_reader;
CALL clientcore.grant_read('shop', 'models_reader');
GRANT USAGE ON SCHEMA shop TO models_stranger;
SELECT set_config('role', 'models_reader', true) \g /dev/null
SELECT isnt_empty('SELECT * FROM shop.models', 'a reader reads the view models');
SELECT throws_ok('SELECT * FROM shop.model', '42501', NULL, 'not the table beneath');
SELECT throws_ok('SELECT * FROM ' || f.call, '42501', NULL, 'a reader does not call ' || f.call)
FROM (VALUES ('clientcore.back_test(''shop'', ''2023-01-01'', ''2023-02-01'')'), ('clientcore.weekly_fit(''shop'', ''2023-01-01'', ''2023-02-01'')'),
    ('clientcore.alive_fit(''shop'', ''2023-01-01'', ''2023-02-01'')'), ('clientcore.purchase_count_fit(''shop'')')) AS f (call);
SELECT set_config('role', 'models_stranger', true) \g /dev/null
SELECT throws_ok('SELECT * FROM shop.models', '42501', NULL, 'nor does a stranger read anything');
SELECT set_config('role', 'none', true) \g /dev/null
\else
SELECT skip('roles are made by superusers');
\endif

-- --- where nothing converges ---

-- Nobody has bought again any more: what was fitted to those who had is not of the day.
SELECT pg_temp.set('shop', '{"lost_rule": "model", "as_of": "2023-06-30"}'), pg_temp.refresh('shop') \g /dev/null
SELECT is(pg_temp.told(spend_model), pg_temp.told(pg_temp.fitted('gamma-gamma', '2023-06-30')), 'those who bought again have a model of spend') FROM shop.state;
DELETE FROM sales;
DELETE FROM more_sales;
DELETE FROM shop.client_alias;
INSERT INTO sales SELECT 'c' || lpad(n::text, 4, '0'), date '2023-01-01' + n, 10 FROM generate_series(1, 90) AS n;
SELECT set_eq($$SELECT line FROM pg_temp.notices('shop') AS line WHERE line LIKE 'model %'$$,
    ARRAY['model mbg/nbd is not used (the view models says why): lost is who is silent for long, as if lost_rule were silence'], 'that a model did not converge is told of');
SELECT * FROM pg_temp.views_without('shop');
SELECT results_eq('SELECT DISTINCT kind, is_converged, failure FROM shop.models WHERE fit_date = as_of_date AND kind IN (''mbg/nbd'', ''gamma-gamma'')', $$VALUES ('mbg/nbd', false, 'no client bought again')$$, 'one of spend is none');
-- On an earlier day, which has a model of its own later.
SELECT pg_temp.set('shop', '{"as_of": "2023-01-15"}') \g /dev/null
SELECT isnt_empty('SELECT FROM shop.model WHERE as_of_date > ''2023-06-30'' AND converged(model)', 'models of later days converged');
SELECT set_eq($$SELECT line FROM pg_temp.notices('shop') AS line WHERE line LIKE 'model %'$$,
    ARRAY['model mbg/nbd is not used (the view models says why): lost is who is silent for long, as if lost_rule were silence'], 'but it is that of the day which is told of');

-- Clients who buy like clocks, each with two late.
CREATE TABLE clocks AS SELECT n AS client, date '2023-01-01' + 10 * i + n % 10 AS on_day, 10 AS amount FROM generate_series(1, 60) AS n, generate_series(0, 20) AS i WHERE n % 5 > 0 OR i < 12;
CALL clientcore.attach('clock', 'clocks', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
UPDATE clock.settings SET purchase_model = 'pareto/nbd';
SELECT is_empty($$SELECT line FROM pg_temp.notices('clock') AS line WHERE line LIKE 'model %'$$, 'nothing is told of a model that losses are not told by');
SELECT matches(failure, '^no optimum: [a-z]+ grows without limit$', kind || ' of clocks: the view says why there is none') FROM (SELECT DISTINCT kind, failure FROM clock.models) AS m;
SELECT ok(bool_and(NOT is_converged AND NOT is_used AND standard_error IS NULL) AND count(*) = 7, 'of all parameters') FROM clock.models;
SELECT * FROM pg_temp.views_without('clock');
SELECT client_id, is_lost, lost_rule, silence_limit_days INTO TEMP by_silence FROM clock.clients;
SELECT pg_temp.set('clock', '{"lost_rule": "model"}') \g /dev/null
SELECT matches(line, '^model pareto/nbd is not used \(the view models says why\): lost is who is silent for long, as if lost_rule were silence$', 'that losses are told by another rule is told of')
FROM (SELECT line FROM pg_temp.notices('clock') AS line WHERE line LIKE 'model %' UNION ALL SELECT '' ORDER BY 1 DESC LIMIT 1) AS l;
SELECT pg_temp.same_rows('SELECT client_id, is_lost, lost_rule, silence_limit_days FROM clock.clients', 'TABLE by_silence', 60, 'it is the rule of silence');
SELECT is(count(*) FILTER (WHERE is_lost), 12::bigint, 'by which the late are lost') FROM by_silence;
SELECT is((SELECT count(*) FROM clock.client_loss), 12::bigint, 'as in losses');
SELECT is_empty($$SELECT * FROM clientcore.preview('clock', '{"lost_rule": "silence"}')$$, 'so that to set it would change nothing');
SELECT is(lost_factor, (SELECT lost_factor FROM clock.settings), 'and the back-test is of it') FROM clientcore.back_test('clock', '2023-07-28');
SELECT results_eq($$SELECT rule, failure IS NOT NULL, num_nonnulls(lost_count, lost_returned_count, kept_count, kept_silent_count, right_share), num_nonnulls(expected_count, mean_error) FROM back_test('clock', '2023-05-01', '2023-06-01') WHERE rule LIKE '%nbd'$$,
    $$VALUES ('mbg/nbd', true, 0, 0), ('bg/nbd', true, 0, 0), ('pareto/nbd', true, 0, 0)$$, 'back_test says why a model judges nobody');
SELECT results_eq($$SELECT sum(actual_count), count(expected_count) FROM purchase_count_fit('clock', '2023-05-01')$$, $$VALUES (60::numeric, 0::bigint)$$, 'purchase_count_fit counts, and expects nothing');
SELECT ok(count(*) = 22 AND max(actual_count) = (SELECT count(*) - 60 FROM clocks WHERE on_day <= '2023-06-03') AND count(expected_count) = 0 AND count(week_expected_count) = 0, 'weekly_fit does the same') FROM weekly_fit('clock', '2023-05-01', '2023-06-03');
SELECT is_empty($$SELECT * FROM alive_fit('clock', '2023-05-01', '2023-06-01')$$, 'alive_fit has nothing to tell');
-- No model at all is one that losses cannot be told by.
SELECT pg_temp.set('clock', '{"purchase_model": "none"}') \g /dev/null
SELECT set_eq($$SELECT line FROM pg_temp.notices('clock') AS line WHERE line LIKE '%model%'$$,
    ARRAY['there is no model to tell losses by (purchase_model is none): lost is who is silent for long, as if lost_rule were silence'], 'nor is it kept quiet that there is to be none');
SELECT pg_temp.same_rows('SELECT client_id, is_lost, lost_rule, silence_limit_days FROM clock.clients', 'TABLE by_silence', 60, 'and it is the rule of silence again');

-- --- settings ---

SELECT throws_ok(format('UPDATE shop.settings SET %s = %L', s.name, s.value), '23514', NULL, format('%s is refused for %s', s.value, s.name))
FROM (VALUES ('lost_rule', 'p_alive'), ('lost_p_alive', '0'), ('lost_p_alive', '1'), ('lost_p_alive', 'NaN'), ('purchase_model', 'gamma-gamma'), ('purchase_model', 'MBG/NBD'), ('purchase_model', ''),
    ('model_sample_clients', '99'), ('model_refit_days', '-1'), ('model_refit_days', '3661'), ('discount_rate', '-0.91'), ('discount_rate', '0.0000000001'), ('lost_p_alive', '0.9999999999'), ('discount_rate', '100.01'), ('discount_rate', 'NaN')) AS s (name, value);
SELECT throws_ok(format('UPDATE shop.settings SET %s = NULL', name), '23502', NULL, name || ' is never unknown')
FROM unnest(ARRAY['lost_p_alive', 'purchase_model', 'model_sample_clients', 'model_refit_days', 'discount_rate']) AS name;
SELECT lives_ok(format('UPDATE shop.settings SET %s = %L', s.name, s.value), format('%s is taken for %s', s.value, s.name))
FROM (VALUES ('lost_rule', 'model'), ('lost_p_alive', '0.0001'), ('lost_p_alive', '0.9999'), ('purchase_model', 'none'), ('model_sample_clients', '100'), ('model_refit_days', '3660'), ('discount_rate', '-0.9'), ('discount_rate', '100')) AS s (name, value);
SELECT throws_ok($$SELECT * FROM clientcore.preview('shop', '{"lost_p_alive": 1.5}')$$, '22023', NULL, 'nor can it be tried');

-- --- real sales ---

\if :has_real
CREATE TABLE discs AS SELECT client_id, sold_on, amount FROM real.cdnow_sample;
CREATE OR REPLACE TEMP VIEW sold AS SELECT client_id::text AS client, sold_on AS on_day, sum(amount)::numeric AS amount FROM discs GROUP BY 1, 2;
CALL clientcore.attach('disc', 'discs', client => 'client_id', sold_at => 'sold_on', amount => 'amount', build => false);
-- Published of these clients: Fader, Hardie, Lee 2005 (in weeks).
SELECT pg_temp.set('disc', '{"as_of": "1997-09-30", "purchase_model": "bg/nbd"}'), pg_temp.refresh('disc') \g /dev/null
SELECT is(array_agg(format('%s %s', parameter, round(value / CASE parameter WHEN 'alpha' THEN 7 ELSE 1 END, 3)) ORDER BY parameter_rank), ARRAY['r 0.243', 'alpha 4.414', 'a 0.793', 'b 2.426'], 'cdnow_sample: the published model')
FROM disc.models WHERE kind = 'bg/nbd';
SELECT pg_temp.set('disc', '{"as_of": "1998-06-30"}'), pg_temp.refresh('disc') \g /dev/null
SELECT * FROM pg_temp.fits_of('disc', 'bg/nbd', '1997-09-30', '1998-06-30');
UPDATE disc.settings SET purchase_model = 'mbg/nbd';
SELECT * FROM pg_temp.fits_of('disc', 'mbg/nbd', '1997-09-30', '1998-06-30');
\else
SELECT skip('the real sales are not here: cdnow_sample');
\endif

SELECT * FROM finish();
ROLLBACK;
