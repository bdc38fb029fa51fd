-- How well the models of a base fit what was bought, and how rules of loss would have done:
-- made from the sales up to one day, the end of calibration, and held against those from
-- there to another, the end of the holdout.

CREATE FUNCTION clientcore.fit_as_of(base text, kind text, day date)
RETURNS clientcore.fitted_model
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sample_clients bigint;
    model clientcore.fitted_model;
BEGIN
    EXECUTE format('SELECT model_sample_clients FROM %I.settings', base) INTO sample_clients;
    EXECUTE format('SELECT f.purchases FROM (%s) f', clientcore.fit_query(base, kind, day, sample_clients)) INTO model;
    RETURN model;
END
$$;
COMMENT ON FUNCTION clientcore.fit_as_of(text, text, date) IS
'Internal: a model of the clients of a base as of a day';

-- That of the setting, or the default, if it converges; else nothing is expected of it. One
-- that a base would not go by is shown, with a warning: the tests are there to see why.
CREATE FUNCTION clientcore.usual_model(base text, day date)
RETURNS clientcore.fitted_model
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind text;
    model clientcore.fitted_model;
BEGIN
    EXECUTE format('SELECT coalesce(nullif(purchase_model, ''none''), ''mbg/nbd'') FROM %I.settings', base) INTO kind;
    model := clientcore.fit_as_of(base, kind, day);
    IF clientcore.converged(model) THEN
        IF clientcore.unfit_reason(model) IS NOT NULL THEN
            RAISE WARNING 'a base would not go by model % as of % (%)', kind, day, clientcore.unfit_reason(model);
        END IF;
        RETURN model;
    END IF;
    RAISE WARNING 'model % did not converge as of % (%)', kind, day, coalesce(clientcore.convergence_failure(model), 'no clients')
        USING HINT = 'Try another day, or UPDATE the setting purchase_model.';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION clientcore.usual_model(text, date) IS
'Internal: the model of a base as of a day, with a warning where a base would not go by it; null where it does not converge';

-- Days as arguments: where calibration ends, and where the holdout does.
CREATE FUNCTION clientcore.day_to_test(base text)
RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    as_of date;
BEGIN
    EXECUTE format('SELECT as_of FROM %I.state', base) INTO as_of;
    IF as_of IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('base "%s" has not been refreshed yet', base),
            HINT = format('CALL clientcore.refresh(%L) first.', base);
    END IF;
    RETURN as_of;
END
$$;
COMMENT ON FUNCTION clientcore.day_to_test(text) IS
'Internal: the day that a base is as of. Errors: 55000 where it has none yet.';

CREATE FUNCTION clientcore.check_holdout(base text, calibration_end date, holdout_end date)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    as_of date := clientcore.day_to_test(base);
BEGIN
    IF calibration_end IS NULL OR holdout_end IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'calibration_end and holdout_end must be days';
    ELSIF NOT isfinite(calibration_end) OR NOT isfinite(holdout_end) THEN
        RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow', MESSAGE = 'calibration_end and holdout_end must be finite';
    ELSIF calibration_end >= holdout_end THEN
        PERFORM clientcore.argument_error('calibration_end', 'it must be before holdout_end', NULL);
    ELSIF holdout_end > as_of THEN
        PERFORM clientcore.argument_error('holdout_end', format('it must not be after %s, the day that base "%s" is as of', as_of, base), NULL);
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_holdout(text, date, date) IS
'Internal: refuses days between which nothing can be tried';

-- Clients by how often they bought after the first time, and how many the model expects: of
-- each it knows for how long it has been a client.
CREATE FUNCTION clientcore.base_purchase_count_fit(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    day date := (arguments ->> 'calibration_end')::date;
    most integer := (arguments ->> 'most')::integer;
    as_of date := clientcore.day_to_test(base);
    result jsonb;
BEGIN
    day := coalesce(day, as_of);
    IF NOT isfinite(day) THEN
        RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow', MESSAGE = 'calibration_end must be finite';
    ELSIF day > as_of THEN
        PERFORM clientcore.argument_error('calibration_end', format('it must not be after %s, the day that base "%s" is as of', as_of, base), NULL);
    ELSIF most IS NULL OR most NOT BETWEEN 1 AND 1000 THEN
        PERFORM clientcore.argument_error('most', 'it must be between 1 and 1000', NULL);
    END IF;
    EXECUTE format($sql$
        WITH client AS MATERIALIZED (
            SELECT $1 - c.first_day AS tenure, least(clientcore.purchase_count(clientcore.as_of(c.history, $1)) - 1, $2) AS purchases
            FROM (%s) c),
        tenure AS MATERIALIZED (SELECT c.tenure, count(*) AS clients FROM client c GROUP BY c.tenure),
        expected AS (
            SELECT n.purchases, sum(t.clients * clientcore.purchase_count_probability($3, n.purchases, t.tenure) ORDER BY t.tenure) AS clients
            FROM tenure t, generate_series(0, $2 - 1) n (purchases)
            GROUP BY n.purchases)
        SELECT jsonb_agg(jsonb_build_object('repeat_purchase_count', n.purchases, 'is_or_more', n.purchases = $2,
            'actual_count', (SELECT count(*) FROM client c WHERE c.purchases = n.purchases),
            'expected_count', round(coalesce(e.clients, (SELECT count(*) FROM client) - (SELECT sum(e.clients ORDER BY e.purchases) FROM expected e))::numeric, 4)))
        FROM generate_series(0, $2) n (purchases)
        LEFT JOIN expected e ON e.purchases = n.purchases$sql$, clientcore.known_clients(base, '$1'))
    INTO result USING day, most, clientcore.usual_model(base, day);
    RETURN coalesce(result, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.base_purchase_count_fit(text, jsonb) IS
'Internal: clients by number of purchases, actual and expected';

-- The purchases of each week after the first of a client, by the clients that there were at
-- the end of calibration.
CREATE FUNCTION clientcore.base_weekly_fit(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    calibration_end date := (arguments ->> 'calibration_end')::date;
    holdout_end date := (arguments ->> 'holdout_end')::date;
    result jsonb;
BEGIN
    PERFORM clientcore.check_holdout(base, calibration_end, holdout_end);
    EXECUTE format($sql$
        WITH client AS MATERIALIZED (%s),
        began AS MATERIALIZED (SELECT c.first_day, count(*) AS clients FROM client c GROUP BY c.first_day),
        week AS MATERIALIZED (
            -- whole weeks, and what remains at the end
            SELECT n.number, least(f.first_day + 7 * n.number - 1, $2) AS last_day, f.first_day + 7 * n.number - 7 AS from_day
            FROM (SELECT min(b.first_day) AS first_day FROM began b) f, generate_series(1, ($2 - f.first_day + 7) / 7) n (number)),
        bought AS MATERIALIZED (
            SELECT d.day, count(*) AS purchases
            FROM client c, clientcore.days(clientcore.slice(c.history, c.first_day + 1, $2)) d
            WHERE d.sale_count > 0
            GROUP BY d.day),
        asked AS MATERIALIZED (
            SELECT w.number, w.last_day - b.first_day AS days, sum(b.clients) AS clients
            FROM week w JOIN began b ON b.first_day <= w.last_day
            GROUP BY w.number, w.last_day - b.first_day),
        told AS MATERIALIZED (SELECT a.days, clientcore.expected_purchases($3, a.days) AS purchases FROM (SELECT DISTINCT days FROM asked) a),
        expected AS (SELECT a.number, sum(a.clients::double precision * t.purchases ORDER BY a.days) AS purchases FROM asked a JOIN told t ON t.days = a.days GROUP BY a.number)
        SELECT jsonb_agg(jsonb_build_object('week_number', w.number, 'week_end_date', w.last_day, 'is_holdout', w.last_day > $1,
            'actual_count', (SELECT coalesce(sum(b.purchases), 0) FROM bought b WHERE b.day <= w.last_day),
            'expected_count', round(e.purchases::numeric, 4),
            'week_actual_count', (SELECT coalesce(sum(b.purchases), 0) FROM bought b WHERE b.day BETWEEN w.from_day AND w.last_day),
            'week_expected_count', round((e.purchases - coalesce(before.purchases, 0))::numeric, 4)))
        FROM week w
        LEFT JOIN expected e ON e.number = w.number
        LEFT JOIN expected before ON before.number = w.number - 1$sql$, clientcore.known_clients(base, '$1'))
    INTO result USING calibration_end, holdout_end, clientcore.usual_model(base, calibration_end);
    RETURN coalesce(result, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.base_weekly_fit(text, jsonb) IS
'Internal: repeat purchases by week, actual and expected';

-- Clients in bins of P(alive), and how many of each bought in the holdout.
CREATE FUNCTION clientcore.base_alive_fit(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    calibration_end date := (arguments ->> 'calibration_end')::date;
    holdout_end date := (arguments ->> 'holdout_end')::date;
    bins integer := (arguments ->> 'bins')::integer;
    result jsonb;
BEGIN
    PERFORM clientcore.check_holdout(base, calibration_end, holdout_end);
    IF bins IS NULL OR bins NOT BETWEEN 1 AND 1000 THEN
        PERFORM clientcore.argument_error('bins', 'it must be between 1 and 1000', NULL);
    END IF;
    EXECUTE format($sql$
        SELECT jsonb_agg(jsonb_build_object('bin', b.bin, 'client_count', b.clients,
            'p_alive_from', round(b.least::numeric, 8), 'p_alive_to', round(b.greatest::numeric, 8), 'p_alive', round(b.mean::numeric, 8),
            'buyer_share', round(b.buyers::numeric / b.clients, 8), 'expected_buyer_share', round((b.expected_buyers / b.clients)::numeric, 8),
            'actual_count', b.purchases, 'expected_count', round(b.expected::numeric, 4)) ORDER BY b.bin)
        FROM (
            SELECT c.bin, count(*) AS clients, min(c.p_alive) AS least, max(c.p_alive) AS greatest,
                sum(c.p_alive ORDER BY c.place) / count(*) AS mean, count(*) FILTER (WHERE c.purchases > 0) AS buyers,
                sum(c.purchases) AS purchases, sum(c.expected ORDER BY c.place) AS expected, sum(c.chance ORDER BY c.place) AS expected_buyers
            FROM (
                SELECT ntile($4) OVER chance AS bin, row_number() OVER chance AS place, k.*
                FROM (
                    SELECT c.client_id, clientcore.p_alive($3, c.history, $1) AS p_alive,
                        clientcore.purchase_count(clientcore.slice(c.history, $1 + 1, $2)) AS purchases,
                        clientcore.expected_purchases($3, c.history, $1, $2 - $1) AS expected,
                        clientcore.purchase_probability($3, c.history, $1, $2 - $1) AS chance
                    FROM (%s) c
                    WHERE $3 IS NOT NULL) k
                WINDOW chance AS (ORDER BY k.p_alive DESC, k.client_id::text COLLATE "C")) c
            GROUP BY c.bin) b$sql$, clientcore.known_clients(base, '$1'))
    INTO result USING calibration_end, holdout_end, clientcore.usual_model(base, calibration_end), bins;
    RETURN coalesce(result, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.base_alive_fit(text, jsonb) IS
'Internal: calibration of P(alive): how many bought in the holdout';

-- Rules of loss and of how much will be bought, side by side.
CREATE FUNCTION clientcore.base_compare_rules(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    calibration_end date := (arguments ->> 'calibration_end')::date;
    holdout_end date := (arguments ->> 'holdout_end')::date;
    found jsonb;
    result jsonb;
BEGIN
    PERFORM clientcore.check_holdout(base, calibration_end, holdout_end);
    found := clientcore.calibration(base, calibration_end);
    EXECUTE format($sql$
        WITH rule AS MATERIALIZED (
            SELECT r.*, CASE WHEN r.model IS NOT NULL THEN clientcore.unfit_reason(r.model) END AS failure,
                CASE WHEN clientcore.unfit_reason(r.model) IS NULL THEN r.model END AS usable
            FROM (VALUES (1, 'silence', NULL), (2, 'days', NULL), (3, 'same as last period', NULL), (4, 'mbg/nbd', $5), (5, 'bg/nbd', $6), (6, 'pareto/nbd', $7))
                r (place, rule, model)),
        client AS MATERIALIZED (
            SELECT c.history, c.first_day, clientcore.purchase_count(clientcore.slice(c.history, $1 + 1, $2)) AS bought,
                clientcore.purchase_count(clientcore.slice(c.history, $1 - ($2 - $1) + 1, $1)) AS bought_before,
                row_number() OVER (ORDER BY c.client_id::text COLLATE "C") AS number
            FROM (%2$s) c),
        judged AS (
            SELECT r.rule, r.place, r.failure, c.bought, c.number,
                CASE r.rule WHEN 'silence' THEN clientcore.is_lost_client(c.history, $1, $3, s.lost_min_days, s.lost_max_days, $4)
                    WHEN 'days' THEN clientcore.is_lost_client(c.history, $1, 1, s.lost_days, s.lost_days, s.lost_days)
                    WHEN 'same as last period' THEN c.bought_before = 0
                    ELSE clientcore.is_lost_client(c.history, $1, r.usable, s.lost_p_alive, s.lost_min_days, s.lost_max_days) END AS is_lost,
                -- none buys for the first time again
                CASE WHEN r.rule = 'same as last period' THEN c.bought_before - (c.first_day > $1 - ($2 - $1))::integer ELSE clientcore.expected_purchases(r.usable, c.history, $1, $2 - $1) END AS expected
            FROM rule r, client c, %1$I.settings s)
        SELECT jsonb_agg(jsonb_build_object('rule', t.rule, 'failure', t.failure, 'client_count', t.clients,
            'lost_count', t.lost, 'lost_returned_count', t.lost_returned, 'kept_count', t.kept, 'kept_silent_count', t.kept_silent,
            'right_share', round(1 - (t.lost_returned + t.kept_silent)::numeric / t.clients, 8),
            'actual_count', t.bought, 'expected_count', round(t.expected::numeric, 4), 'mean_error', round((t.error / t.clients)::numeric, 8)) ORDER BY t.place)
        FROM (
            SELECT j.rule, j.place, j.failure, count(*) AS clients,
                CASE WHEN j.failure IS NULL THEN count(*) FILTER (WHERE j.is_lost) END AS lost,
                CASE WHEN j.failure IS NULL THEN count(*) FILTER (WHERE j.is_lost AND j.bought > 0) END AS lost_returned,
                CASE WHEN j.failure IS NULL THEN count(*) FILTER (WHERE NOT j.is_lost) END AS kept,
                CASE WHEN j.failure IS NULL THEN count(*) FILTER (WHERE NOT j.is_lost AND j.bought = 0) END AS kept_silent,
                sum(j.bought) AS bought, sum(j.expected ORDER BY j.number) AS expected, sum(abs(j.expected - j.bought) ORDER BY j.number) AS error
            FROM judged j
            GROUP BY j.rule, j.place, j.failure) t$sql$, base, clientcore.known_clients(base, '$1'))
    INTO result
    USING calibration_end, holdout_end, (found #>> '{settings,lost_factor}')::numeric, (found #>> '{settings,lost_fallback_days}')::integer,
        clientcore.fit_as_of(base, 'mbg/nbd', calibration_end), clientcore.fit_as_of(base, 'bg/nbd', calibration_end), clientcore.fit_as_of(base, 'pareto/nbd', calibration_end);
    RETURN coalesce(result, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.base_compare_rules(text, jsonb) IS
'Internal: how rules of loss and models made on a day would have done up to another';
