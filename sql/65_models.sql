-- The repeat-buying models of a base. A refresh fits them to the histories, keeps what it
-- found in the table model, and puts those of use into state, where views find
-- them. What they say of a client changes with every day that passes, so it stands in no
-- card: views compute it from the model and the dates and counts of the card.

-- Why a base does not go by a model. Where leaving is not told from chance, the model calls
-- everybody alive, however long silent: it converged, and says nothing about loss.
CREATE FUNCTION clientcore.unfit_reason(model clientcore.fitted_model)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT coalesce(clientcore.convergence_failure(model), CASE WHEN clientcore.model_kind(model) <> 'gamma-gamma'
    AND clientcore.model_parameter(model, p.leaving) < 2 * clientcore.standard_error(model, p.leaving)
    THEN format('%s is less than twice its standard error: leaving is not told from chance', p.leaving) END)
FROM (SELECT CASE clientcore.model_kind(model) WHEN 'pareto/nbd' THEN 's' ELSE 'a' END AS leaving) p
$$;
COMMENT ON FUNCTION clientcore.unfit_reason(clientcore.fitted_model) IS
'Internal: why a base does not go by a model: it did not converge, or does not tell leaving from chance; null where it does';

-- What stands for the model in expressions over the settings of an alias: null but where the
-- rule of loss goes by it.
CREATE FUNCTION clientcore.lost_model(base text, alias text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('CASE %2$s.lost_rule WHEN ''model'' THEN (SELECT t.purchase_model FROM %1$I.state t) END', base, alias)
$$;
COMMENT ON FUNCTION clientcore.lost_model(text, text) IS
'Internal: the expression for the model that the lost rule goes by; null where it goes by none, or none is of use';

-- By what losses are told, so that they need not be told again where it is the same.
CREATE FUNCTION clientcore.lost_rule_in_short(base text, settings text)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rule jsonb;
BEGIN
    EXECUTE format($sql$
        SELECT jsonb_build_object('lost_rule', s.lost_rule, 'lost_factor', s.lost_factor, 'lost_min_days', s.lost_min_days, 'lost_max_days', s.lost_max_days,
                'lost_fallback_days', s.lost_fallback_days, 'lost_days', s.lost_days)
            || CASE s.lost_rule WHEN 'model' THEN jsonb_build_object('model', %1$s::text, 'lost_p_alive', s.lost_p_alive) ELSE '{}' END
        FROM %2$s s$sql$, clientcore.lost_model(base, 's'), settings)
    INTO rule;
    RETURN rule;
END
$$;
COMMENT ON FUNCTION clientcore.lost_rule_in_short(text, text) IS
'Internal: the settings and the model by which losses are told';

-- The clients of a day with what they had bought by then; day is an expression. Dates that
-- stand for none would be taken for a hundred years of silence.
CREATE FUNCTION clientcore.known_clients(base text, day text, condition text DEFAULT NULL)
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT p.client_id, p.history, clientcore.first_purchase(p.history) AS first_day
        FROM (%1$s) p
        WHERE clientcore.first_purchase(p.history) BETWEEN clientcore.placeholders_until(%2$s) AND %2$s$sql$, clientcore.joined_histories(base, condition), day)
$$;
COMMENT ON FUNCTION clientcore.known_clients(text, text, text) IS
'Internal: the query of the clients of a base on a day; condition as joined_histories takes it';

-- The query that fits: one row with purchases and spend, of the clients up to a day. Of many
-- clients a sample, the same at every refresh but for new clients.
CREATE FUNCTION clientcore.fit_query(base text, kind text, day date, sample_clients bigint)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    clients bigint;
    known text := clientcore.known_clients(base, format('%L::date', day));
    is_chosen text;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I.history', base) INTO clients;
    -- of several sources, and of other days, there are more rows than clients
    IF clients > sample_clients THEN
        EXECUTE format('SELECT count(*) FROM (%s) c', known) INTO clients;
    END IF;
    is_chosen := CASE WHEN clients > sample_clients THEN
        format('clientcore.key_fraction(%%s.client_id) < %L', round(sample_clients::numeric / clients, 9)) END;
    RETURN format($sql$
        SELECT clientcore.%1$I(c.history, %2$L) AS purchases, clientcore.fit_gamma_gamma(c.history, %2$L) AS spend
        FROM (%3$s) c%4$s$sql$,
        'fit_' || replace(kind, '/', ''), day, clientcore.known_clients(base, format('%L::date', day), format(is_chosen, 'h')),
        ' WHERE ' || format(is_chosen, 'c'));
END
$$;
COMMENT ON FUNCTION clientcore.fit_query(text, text, date, bigint) IS
'Internal: the query that fits the models of a base as of a day';

CREATE FUNCTION clientcore.refresh_models(base text, settings text, day date, is_full boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    setting record;
    last_fit date;
    found record;
BEGIN
    EXECUTE format('SELECT s.purchase_model AS kind, s.model_sample_clients, s.model_refit_days FROM %s s', settings) INTO setting;
    IF setting.kind = 'none' THEN
        EXECUTE format('UPDATE %I.state SET purchase_model = NULL, spend_model = NULL', base);
        RETURN;
    END IF;
    -- those that were fitted later are of another day
    EXECUTE format('SELECT max(m.as_of_date) FROM %1$I.model m WHERE m.kind = $1 AND m.as_of_date <= $2', base) INTO last_fit USING setting.kind, day;
    IF is_full OR last_fit IS NULL OR day - last_fit >= setting.model_refit_days THEN
        EXECUTE clientcore.fit_query(base, setting.kind, day, setting.model_sample_clients) INTO found;
        EXECUTE format($sql$
            INSERT INTO %1$I.model AS m (as_of_date, kind, model, fitted_at)
            SELECT $1, clientcore.model_kind(f.model), f.model, clock_timestamp()
            FROM (VALUES ($2::clientcore.fitted_model), ($3)) f (model) WHERE f.model IS NOT NULL
            ON CONFLICT (as_of_date, kind) DO UPDATE SET model = excluded.model, fitted_at = excluded.fitted_at
            WHERE m.model OPERATOR(clientcore.<>) excluded.model$sql$, base)
        USING day, found.purchases, found.spend;
        -- nor does one stay of the same day that is fitted to nobody any more
        EXECUTE format('DELETE FROM %I.model m WHERE m.as_of_date = $1 AND (m.kind = $2 AND $3 IS NULL OR m.kind = ''gamma-gamma'' AND $4 IS NULL)', base)
        USING day, setting.kind, found.purchases, found.spend;
        last_fit := day;
    END IF;
    EXECUTE format($sql$
        UPDATE %1$I.state s
        SET purchase_model = (SELECT m.model FROM %1$I.model m WHERE m.as_of_date = $1 AND m.kind = $2 AND clientcore.unfit_reason(m.model) IS NULL),
            spend_model = (SELECT m.model FROM %1$I.model m WHERE m.as_of_date = $1 AND m.kind = 'gamma-gamma' AND clientcore.unfit_reason(m.model) IS NULL)$sql$, base)
    USING last_fit, setting.kind;
END
$$;
COMMENT ON FUNCTION clientcore.refresh_models(text, text, date, boolean) IS
'Internal: fits the models of a base where that is due, and sets those that it goes by';

-- What the base has to say of the models of its day: a list of kind, clients, failure and
-- whether losses are told by it.
-- With lost_rule, as if that were the setting.
CREATE FUNCTION clientcore.models_in_short(base text, lost_rule text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    models jsonb;
BEGIN
    EXECUTE format($sql$
        SELECT jsonb_agg(jsonb_build_object('kind', m.kind, 'clients', clientcore.model_clients(m.model), 'failure', clientcore.unfit_reason(m.model),
            'is_rule', coalesce($1, s.lost_rule) = 'model' AND m.kind <> 'gamma-gamma') ORDER BY m.kind = 'gamma-gamma')
        FROM %1$I.settings s
        CROSS JOIN %1$I.state t
        CROSS JOIN LATERAL (
            SELECT m.kind, m.model FROM %1$I.model m
            WHERE m.kind IN (s.purchase_model, 'gamma-gamma')
                AND m.as_of_date = (SELECT max(f.as_of_date) FROM %1$I.model f WHERE f.kind = s.purchase_model AND f.as_of_date <= t.as_of)
            UNION ALL
            SELECT s.purchase_model, NULL WHERE s.purchase_model = 'none' AND coalesce($1, s.lost_rule) = 'model') m$sql$, base)
    INTO models USING lost_rule;
    RETURN coalesce(models, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.models_in_short(text, text) IS
'Internal: which models a base has, and why it does not go by them';

CREATE FUNCTION clientcore.base_models(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.models_in_short(base, arguments ->> 'lost_rule')
$$;
COMMENT ON FUNCTION clientcore.base_models(text, jsonb) IS
'Internal: which models a base has, and why it does not go by them';
