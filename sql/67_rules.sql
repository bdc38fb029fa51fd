-- Rules that a base chooses from its own sales, and trying other ones: calibration,
-- back-test, preview, the clients and the moves between classes of other days.

-- What the settings would be if they were chosen now, and from what.
CREATE FUNCTION clientcore.calibration(base text, day date)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found jsonb;
    is_slow boolean;
    -- as many silences as it takes for one to be called a loss in error
    needed numeric;
    frequent_purchases integer;
BEGIN
    EXECUTE format($sql$
        SELECT to_jsonb(c.calibrated) || jsonb_build_object('typical_interval', c.typical_interval, 'client_count', c.clients), c.needed, c.frequent_purchases
        FROM (
            SELECT ceil(1 / min(s.false_loss)) AS needed, min(s.frequent_purchases) AS frequent_purchases,
                clientcore.silence_calibration(p.history, $1, s.false_loss) AS calibrated,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY clientcore.typical_interval(clientcore.as_of(p.history, $1))) AS typical_interval,
                count(*) FILTER (WHERE clientcore.first_purchase(p.history) <= $1) AS clients
            FROM (%2$s) p, %1$I.settings s) c$sql$, base, clientcore.joined_histories(base))
    INTO found, needed, frequent_purchases USING day;
    is_slow := coalesce((found ->> 'typical_interval')::numeric >= 60, false);
    -- Where everybody buys like a clock, a quarter more: else a purchase one day late were a
    -- loss, and nobody ever at risk.
    RETURN found || jsonb_build_object('day', day, 'needed', needed,
        'is_assumed', least((found ->> 'ratio_count')::bigint, (found ->> 'interval_count')::bigint) < needed,
        'settings', jsonb_build_object(
            'lost_factor', CASE WHEN (found ->> 'ratio_count')::bigint >= needed THEN greatest((found ->> 'factor')::numeric, 1.25) ELSE 3 END,
            'lost_fallback_days', CASE WHEN (found ->> 'interval_count')::bigint >= needed
                THEN least(greatest((found ->> 'fallback_days')::integer, ceil(1.25 * (found ->> 'typical_interval')::numeric)), 100000)::integer ELSE 365 END,
            'xyz_period', CASE WHEN is_slow THEN 'quarter' ELSE 'month' END,
            'xyz_periods', CASE WHEN is_slow THEN 8 ELSE 12 END,
            -- none is adherent before it is frequent
            'adherent_purchases', greatest(CASE WHEN is_slow THEN 5 ELSE 10 END, frequent_purchases)));
END
$$;
COMMENT ON FUNCTION clientcore.calibration(text, date) IS
'Internal: the settings that the sales up to a day suggest';

CREATE FUNCTION clientcore.apply_calibration(base text, calibration jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($sql$
        UPDATE %1$I.settings s
        SET lost_factor = c.lost_factor, lost_fallback_days = c.lost_fallback_days, xyz_period = c.xyz_period, xyz_periods = c.xyz_periods,
            adherent_purchases = c.adherent_purchases
        FROM (SELECT (jsonb_populate_record(t, $1 -> 'settings')).* FROM %1$I.settings t) c$sql$, base)
    USING calibration;
    EXECUTE format('UPDATE %I.state SET calibrated_at = clock_timestamp(), is_rule_assumed = CASE WHEN $2 THEN $1 ELSE is_rule_assumed END', base)
    USING (calibration ->> 'is_assumed')::boolean, calibration -> 'settings' ? 'lost_factor';
END
$$;
COMMENT ON FUNCTION clientcore.apply_calibration(text, jsonb) IS
'Internal: makes the settings those that calibration suggests';

-- The settings that are not the defaults of their columns.
CREATE FUNCTION clientcore.settings_set(base text)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    defaults text;
    found jsonb;
BEGIN
    SELECT string_agg(format('(%s) AS %I', pg_get_expr(d.adbin, d.adrelid), a.attname), ', ') INTO defaults
    FROM pg_attribute a
    JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = format('%I.settings', base)::regclass;
    EXECUTE format($sql$
        SELECT jsonb_object_agg(s.key, s.value)
        FROM %I.settings t, (SELECT to_jsonb(d) AS usual FROM (SELECT %s) d) d, jsonb_each(to_jsonb(t)) s
        WHERE s.value <> d.usual -> s.key$sql$, base, defaults)
    INTO found;
    RETURN coalesce(found, '{}');
END
$$;
COMMENT ON FUNCTION clientcore.settings_set(text) IS
'Internal: the settings of a base that somebody has set';

-- At the first refresh that finds clients. What somebody has set before it stays; later ones
-- change nothing, so that losses do not drift: where the first found too few silences to go
-- by, they say when there are enough.
CREATE FUNCTION clientcore.calibrate_once(base text, day date)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_calibrated boolean;
    may_be_due boolean;
    found jsonb;
    kept jsonb;
BEGIN
    EXECUTE format('SELECT t.calibrated_at IS NOT NULL, t.is_rule_assumed AND s.lost_rule <> ''days'' FROM %1$I.state t, %1$I.settings s', base)
    INTO is_calibrated, may_be_due;
    IF is_calibrated AND NOT may_be_due THEN
        RETURN NULL;
    END IF;
    found := clientcore.calibration(base, day);
    IF is_calibrated THEN
        RETURN CASE WHEN NOT (found ->> 'is_assumed')::boolean
            THEN jsonb_build_object('due_for', base, 'ratio_count', found -> 'ratio_count', 'interval_count', found -> 'interval_count') END;
    END IF;
    IF (found ->> 'client_count')::bigint = 0 THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(jsonb_object_agg(k.key, k.value), '{}') INTO kept
    FROM jsonb_each(clientcore.settings_set(base)) k WHERE found -> 'settings' ? k.key;
    -- a number of periods says little without the period
    IF kept ?| ARRAY['xyz_period', 'xyz_periods'] THEN
        EXECUTE format('SELECT $1 || jsonb_build_object(''xyz_period'', xyz_period, ''xyz_periods'', xyz_periods) FROM %I.settings', base)
        INTO kept USING kept;
    END IF;
    found := found || jsonb_build_object('settings', (found -> 'settings') || kept, 'kept', kept);
    PERFORM clientcore.apply_calibration(base, found), clientcore.log_settings(base);
    RETURN found || jsonb_build_object('back_test', clientcore.back_test_of(base, NULL, day));
END
$$;
COMMENT ON FUNCTION clientcore.calibrate_once(text, date) IS
'Internal: chooses the settings of a base that has none of its own yet';

-- The rule as it would have been calibrated on a day, from the sales up to it alone, held
-- against what was sold since.
CREATE FUNCTION clientcore.back_test_of(base text, test_day date, as_of date)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first_sale date;
    day date;
    found jsonb;
    model clientcore.fitted_model;
    result jsonb;
BEGIN
    first_sale := clientcore.first_sale(base, as_of);
    IF first_sale IS NULL OR first_sale > as_of THEN
        RETURN NULL;
    END IF;
    day := coalesce(test_day, clientcore.compared_day(as_of, first_sale));
    IF day >= as_of THEN
        RETURN NULL;
    END IF;
    found := clientcore.calibration(base, day);
    EXECUTE format('SELECT CASE WHEN s.lost_rule = ''model'' AND s.purchase_model <> ''none'' THEN clientcore.fit_as_of(%L, s.purchase_model, $1) END FROM %I.settings s', base, base)
    INTO model USING day;
    IF clientcore.unfit_reason(model) IS NOT NULL THEN
        model := NULL;
    END IF;
    EXECUTE format($sql$
        SELECT jsonb_build_object('test_date', $1, 'as_of_date', $2, 'known_days', $5,
            'lost_factor', CASE WHEN bool_or(c.lost_rule <> 'days') AND $6 IS NULL THEN $3 END,
            'lost_fallback_days', CASE WHEN bool_or(c.lost_rule = 'days') THEN min(c.lost_days) WHEN $6 IS NULL THEN $4 END,
            'client_count', count(*),
            'lost_count', count(*) FILTER (WHERE c.is_lost),
            'lost_returned_count', count(*) FILTER (WHERE c.is_lost AND c.has_bought),
            'kept_count', count(*) FILTER (WHERE NOT c.is_lost),
            'kept_silent_count', count(*) FILTER (WHERE NOT c.is_lost AND NOT c.has_bought))
        FROM (
            SELECT s.lost_rule, s.lost_days,
                CASE WHEN s.lost_rule = 'days' THEN clientcore.is_lost_client(p.history, $1, 1, s.lost_days, s.lost_days, s.lost_days)
                    WHEN $6 IS NOT NULL THEN clientcore.is_lost_client(p.history, $1, $6, s.lost_p_alive, s.lost_min_days, s.lost_max_days)
                    ELSE clientcore.is_lost_client(p.history, $1, $3, s.lost_min_days, s.lost_max_days, $4) END AS is_lost,
                clientcore.purchase_count(clientcore.slice(p.history, $1 + 1, $2)) > 0 AS has_bought
            FROM (%2$s) p, %1$I.settings s
            WHERE clientcore.first_purchase(p.history) <= $1) c$sql$, base, clientcore.joined_histories(base))
    INTO result
    USING day, as_of, (found #>> '{settings,lost_factor}')::numeric, (found #>> '{settings,lost_fallback_days}')::integer, day - first_sale + 1, model;
    RETURN result;
END
$$;
COMMENT ON FUNCTION clientcore.back_test_of(text, date, date) IS
'Internal: how the rule of a day would have done up to another';

CREATE FUNCTION clientcore.base_back_test(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    as_of date;
    test_day date := (arguments ->> 'day')::date;
BEGIN
    EXECUTE format('SELECT as_of FROM %I.state', base) INTO as_of;
    IF test_day >= as_of THEN
        PERFORM clientcore.argument_error('day', format('it must be before %s, the day that base "%s" is as of', as_of, base), NULL);
    END IF;
    RETURN coalesce(clientcore.back_test_of(base, test_day, as_of), '{}');
END
$$;
COMMENT ON FUNCTION clientcore.base_back_test(text, jsonb) IS
'Internal: how the lost rule would have done';

-- --- trying settings ---

-- The settings with others in their place, as what stands in FROM. Those by which
-- histories are built cannot be tried on histories.
CREATE FUNCTION clientcore.tried_settings(base text, tried jsonb)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source text;
    wrong text;
    failed text;
BEGIN
    IF jsonb_typeof(tried) <> 'object' THEN
        PERFORM clientcore.argument_error('settings', 'a JSON object of settings and values is needed', 'For example ''{"abc_a": 0.7}''.');
    END IF;
    SELECT key INTO wrong FROM jsonb_object_keys(tried) AS k (key)
    WHERE key IN ('only_row', 'time_zone', 'amount_scale', 'as_of', 'sales_complete_from', 'pending_limit')
        OR NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = format('%I.settings', base)::regclass AND attname = key AND attnum > 0)
    ORDER BY key LIMIT 1;
    IF wrong IS NOT NULL THEN
        PERFORM clientcore.argument_error('settings', format('"%s" is no setting that can be tried', wrong),
            format('See the columns of %I.settings from abc_by on.', base));
    END IF;
    IF tried ? 'with_internal_clients' THEN
        PERFORM clientcore.argument_error('settings', '"with_internal_clients" is no setting that can be tried', 'It says who is a client, not how clients are told apart.');
    END IF;
    -- losses are told by the model that was fitted
    SELECT key INTO wrong FROM jsonb_object_keys(tried) AS k (key) WHERE key IN ('purchase_model', 'model_sample_clients', 'model_refit_days') ORDER BY key LIMIT 1;
    IF wrong IS NOT NULL THEN
        PERFORM clientcore.argument_error('settings', format('"%s" is no setting that can be tried', wrong),
            format('SELECT * FROM clientcore.back_test(%L, calibration_end, holdout_end) holds models against each other.', base));
    END IF;
    SELECT key INTO wrong FROM jsonb_each_text(tried) AS k (key, value) WHERE value IS NULL ORDER BY key LIMIT 1;
    IF wrong IS NOT NULL THEN
        PERFORM clientcore.argument_error('settings', format('"%s" must not be null', wrong), NULL);
    END IF;
    source := format('(SELECT (jsonb_populate_record(t, %2$L)).* FROM %1$I.settings t)', base, tried);
    BEGIN
        EXECUTE 'SELECT * FROM ' || source || ' s';
    EXCEPTION WHEN data_exception THEN
        PERFORM clientcore.argument_error('settings', SQLERRM, NULL);
    END;
    FOR wrong, failed IN
        SELECT pg_get_expr(conbin, conrelid), conname FROM pg_constraint
        WHERE conrelid = format('%I.settings', base)::regclass AND contype = 'c'
        ORDER BY conname
    LOOP
        EXECUTE format('SELECT CASE WHEN (%s) IS FALSE THEN %L END FROM %s s', wrong, failed, source) INTO failed;
        IF failed IS NOT NULL THEN
            PERFORM clientcore.argument_error('settings', format('they violate the check %s', wrong), NULL);
        END IF;
    END LOOP;
    RETURN source;
END
$$;
COMMENT ON FUNCTION clientcore.tried_settings(text, jsonb) IS
'Internal: the settings of a base with others in their place. Errors: 22023 for those that cannot be tried.';

-- Moves between the classes of two sets of cards: what stands in FROM for each.
CREATE FUNCTION clientcore.class_moves(base text, was text, becomes text, was_day text, day text)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
    SELECT m.measure, coalesce(m.was, 'none') AS from_class, coalesce(m.becomes, 'none') AS to_class,
        count(*) AS client_count, coalesce(sum(w.revenue_12m), 0) AS revenue_before, coalesce(sum(b.revenue_12m), 0) AS revenue_now
    FROM %1$s w
    FULL JOIN %2$s b ON b.client_id %3$s w.client_id
    CROSS JOIN LATERAL (VALUES
        ('abc', w.abc_class, b.abc_class),
        ('xyz', CASE WHEN w.rung IS NOT NULL THEN coalesce(w.xyz, 'new') END, CASE WHEN b.rung IS NOT NULL THEN coalesce(b.xyz, 'new') END),
        ('abc_xyz', w.abc_class || coalesce(w.xyz, ' new'), b.abc_class || coalesce(b.xyz, ' new')),
        ('loyalty_stage', %4$s, %5$s),
        ('rfm_segment', CASE WHEN w.rung IS NOT NULL THEN coalesce(w.rfm_segment, 'no segment') END, CASE WHEN b.rung IS NOT NULL THEN coalesce(b.rfm_segment, 'no segment') END),
        ('key', CASE WHEN w.is_key THEN 'key' WHEN w.rung IS NOT NULL THEN 'other' END, CASE WHEN b.is_key THEN 'key' WHEN b.rung IS NOT NULL THEN 'other' END)
        ) m (measure, was, becomes)
    GROUP BY m.measure, m.was, m.becomes$sql$,
    was, becomes, (SELECT equality FROM clientcore.base_key(base)),
    clientcore.stage_name('w.rung', format('w.rung IS NOT NULL AND coalesce(%s - w.last_purchase > w.silence_limit, false)', was_day)),
    clientcore.stage_name('b.rung', format('b.rung IS NOT NULL AND coalesce(%s - b.last_purchase > b.silence_limit, false)', day)))
$$;
COMMENT ON FUNCTION clientcore.class_moves(text, text, text, text, text) IS
'Internal: the query for the moves of clients between classes';

-- What cards would be under other settings, against what they would be under those that
-- stand: so that nothing else counts which was changed since they were published.
CREATE FUNCTION clientcore.preview_moves(base text, tried jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state record;
    day text;
    compared text;
    result jsonb;
BEGIN
    EXECUTE format('SELECT as_of, compared_date FROM %I.state', base) INTO state;
    day := format('%L::date', state.as_of);
    compared := format('%L::date', state.compared_date);
    EXECUTE format('WITH %s, %s, moves AS (%s) SELECT jsonb_agg(to_jsonb(m)) FROM moves m WHERE m.from_class <> m.to_class',
        clientcore.card_query(base, 'now', format('%I.settings', base), day, compared),
        clientcore.card_query(base, 'tried', clientcore.tried_settings(base, tried), day, compared),
        clientcore.class_moves(base, 'now_card', 'tried_card', day, day))
    INTO result;
    RETURN coalesce(result, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.preview_moves(text, jsonb) IS
'Internal: the moves between classes that other settings would bring';

CREATE FUNCTION clientcore.base_preview(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.preview_moves(base, arguments -> 'settings')
$$;
COMMENT ON FUNCTION clientcore.base_preview(text, jsonb) IS
'Internal: the moves between classes that other settings would bring';

CREATE FUNCTION clientcore.base_recalibrate(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    day date;
    is_by_days boolean;
    found jsonb;
    changes jsonb;
    moves jsonb;
BEGIN
    IF (arguments ->> 'apply')::boolean THEN
        PERFORM clientcore.lock_base(base);
    END IF;
    EXECUTE format('SELECT as_of FROM %I.state', base) INTO day;
    IF day IS NULL THEN
        RETURN '{"settings": [], "moves": []}';
    END IF;
    found := clientcore.calibration(base, day);
    -- a rule of days alone has neither
    EXECUTE format('SELECT lost_rule = ''days'' FROM %I.settings', base) INTO is_by_days;
    IF is_by_days THEN
        found := found #- '{settings,lost_factor}' #- '{settings,lost_fallback_days}';
    END IF;
    EXECUTE format($sql$
        SELECT jsonb_agg(jsonb_build_object('setting', n.key, 'was', to_jsonb(s) ->> n.key, 'becomes', n.value) ORDER BY n.key)
        FROM %I.settings s, jsonb_each_text($1 -> 'settings') n (key, value)
        WHERE to_jsonb(s) -> n.key IS DISTINCT FROM $1 -> 'settings' -> n.key$sql$, base)
    INTO changes USING found;
    moves := CASE WHEN changes IS NULL THEN '[]' ELSE clientcore.preview_moves(base, found -> 'settings') END;
    IF (arguments ->> 'apply')::boolean THEN
        PERFORM clientcore.apply_calibration(base, found);
    END IF;
    RETURN jsonb_build_object('settings', coalesce(changes, '[]'), 'moves', moves);
END
$$;
COMMENT ON FUNCTION clientcore.base_recalibrate(text, jsonb) IS
'Internal: which settings calibration would change, and what that would move; changes them if asked to';

-- --- other days ---

-- The base to which a row type belongs: functions of a base know it by the type of its
-- clients, which stays theirs under any name.
CREATE FUNCTION clientcore.base_of_row(row_type regtype)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT n.nspname
FROM pg_type t
JOIN pg_class c ON c.oid = t.typrelid AND c.relname = 'clients'
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.oid = row_type AND clientcore.is_base(n.oid)
$$;
COMMENT ON FUNCTION clientcore.base_of_row(regtype) IS
'Internal: the base whose view clients has a row type';

CREATE FUNCTION clientcore.require_base_of_row(row_type regtype, day date, argument text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base text := clientcore.base_of_row(row_type);
BEGIN
    IF base IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = format('%s is no row of the clients of a client base', row_type),
            HINT = 'Call the function of the base, for example SELECT * FROM shop.clients_as_of(''2024-12-31'').';
    ELSIF day IS NULL OR NOT isfinite(day) THEN
        RAISE EXCEPTION USING
            ERRCODE = CASE WHEN day IS NULL THEN 'null_value_not_allowed' ELSE 'datetime_field_overflow' END,
            MESSAGE = format('%s must be a day', argument);
    END IF;
    RETURN base;
END
$$;
COMMENT ON FUNCTION clientcore.require_base_of_row(regtype, date, text) IS
'Internal: the base of a row type. Errors: 42809 where it has none, 22004 and 22008 for a day that is none.';

CREATE FUNCTION clientcore.first_sale(base text, seen_on date DEFAULT NULL)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    day date;
BEGIN
    EXECUTE format($sql$
        SELECT min(f.day) FROM (SELECT clientcore.first_purchase(history) AS day FROM %I.history) f
        WHERE f.day >= coalesce(clientcore.placeholders_until($1), '-infinity')$sql$, base)
    INTO day USING seen_on;
    RETURN day;
END
$$;
COMMENT ON FUNCTION clientcore.first_sale(text, date) IS
'Internal: the day of the first purchase known to a base; as seen on a day, without those before placeholders_until';

CREATE FUNCTION clientcore.clients_as_of(row_type anyelement, day date)
RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base text := clientcore.require_base_of_row(pg_typeof(row_type), day, 'day');
    compared date := clientcore.compared_day(day, least(clientcore.first_sale(base, day), day));
BEGIN
    RETURN QUERY EXECUTE 'WITH ' || clientcore.fresh_cards(base, format('%I.settings', base), format('%L::date', day), format('%L::date', compared))
        || format(clientcore.clients_template(), base, clientcore.client_rows(base, '',
            'fresh',
            format($sql$(
                SELECT %L::date AS as_of, %L::date AS compared_date, coalesce(k.revenue_12m, 0) AS revenue_12m_amount,
                    k.profit_12m AS profit_12m_amount, k.is_by_profit AS abc_is_by_profit, k.has_profit, m.purchase_model, m.spend_model
                FROM now_known k, %I.state m)$sql$, day, compared, base),
            'now_setting'));
END
$$;
COMMENT ON FUNCTION clientcore.clients_as_of(anyelement, date) IS
'Internal: the view clients of the base to which a row type belongs, as of another day, from the histories as they are known now and under today''s settings; what the client table says is today''s. Errors: 42809 for another type, 22004 for NULL, 22008 for an infinite day.';

CREATE FUNCTION clientcore.class_migration(row_type anyelement, from_day date, to_day date)
RETURNS TABLE (measure text, from_class text, to_class text, client_count bigint, revenue_before_amount numeric, revenue_now_amount numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base text := clientcore.require_base_of_row(pg_typeof(row_type), from_day, 'from_day');
    settings text := format('%I.settings', base);
    was_day text := format('%L::date', from_day);
    day text := format('%L::date', to_day);
BEGIN
    PERFORM clientcore.require_base_of_row(pg_typeof(row_type), to_day, 'to_day');
    IF from_day > to_day THEN
        PERFORM clientcore.argument_error('from_day', 'it is after to_day', NULL);
    END IF;
    RETURN QUERY EXECUTE format('WITH %s, %s, moves AS (%s) SELECT * FROM moves m ORDER BY m.measure COLLATE "C", m.from_class COLLATE "C", m.to_class COLLATE "C"',
        clientcore.card_query(base, 'then', settings, was_day, was_day), clientcore.card_query(base, 'now', settings, day, day),
        clientcore.class_moves(base, 'then_card', 'now_card', was_day, day));
END
$$;
COMMENT ON FUNCTION clientcore.class_migration(anyelement, date, date) IS
'Internal: the moves of clients between classes from one day to another, in the base to which a row type belongs, under today''s settings. Errors: as clients_as_of, 22023 for days the wrong way round.';

-- The functions of a base. Their bodies are kept parsed, so that they follow the schema
-- under any name; they read with the rights of the owner of the base, as its views do.
CREATE FUNCTION clientcore.create_functions(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made record;
    is_there boolean;
BEGIN
    FOR made IN
        SELECT f.*, format('%I.%I', base, o.name) || o.arguments AS signature
        FROM (VALUES
            ('clients_as_of', 'day date', 'SETOF %1$I.clients', 'SELECT * FROM clientcore.clients_as_of(NULL::%1$I.clients, day)',
                'the view clients as of another day, from what is known now and under today''s settings'),
            ('class_migration', 'from_day date, to_day date',
                'TABLE (measure text, from_class text, to_class text, client_count bigint, revenue_before_amount numeric, revenue_now_amount numeric)',
                'SELECT * FROM clientcore.class_migration(NULL::%1$I.clients, from_day, to_day)',
                'how many clients moved from class to class between two days, with their revenue of the 12 months up to each; none: no client on that day; no segment: no purchase by then, or scores that no row of rfm_segment is for'),
            ('dossier_text', 'client text', 'text', 'SELECT clientcore.dossier_page(NULL::%1$I.clients, client)', 'a page on a client to read before a meeting'),
            ('reward_shares', 'pool numeric, unit numeric DEFAULT 1',
                'TABLE (client text, name text, manager text, key_rank integer, contribution_amount numeric, contribution_share numeric, reward numeric)',
                'SELECT * FROM clientcore.shares_of_pool(NULL::%1$I.clients, pool, unit)', 'a pool split among the key clients by what each brought within 12 months, to the last unit'),
            ('report_data', '', 'jsonb', 'SELECT clientcore.report_parts(NULL::%1$I.clients)', 'the data of the report'),
            ('report', 'locale text DEFAULT ''en''', 'text',
                'SELECT clientcore.report_page(clientcore.report_parts(NULL::%1$I.clients), clientcore.report_words(NULL::%1$I.clients, locale), locale)', 'the report as a page in HTML')
        ) AS f (name, parameters, result, body, comment)
        JOIN clientcore.layout_objects() o ON o.kind = 'FUNCTION' AND o.name = f.name
    LOOP
        -- as with views: over one's own alone; anew, because the body knows the columns of clients
        is_there := EXISTS (SELECT FROM pg_proc WHERE oid = to_regprocedure(made.signature) AND proowner = current_user::regrole);
        EXECUTE format($sql$
            %4$s FUNCTION %1$I.%2$I(%3$s) RETURNS $sql$ || made.result || $sql$
            LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp SET "DateStyle" = 'ISO, YMD' SET bytea_output = 'hex' SET extra_float_digits = 1 SET jit = off
            BEGIN ATOMIC $sql$ || made.body || '; END', base, made.name, made.parameters,
            CASE WHEN is_there THEN 'CREATE OR REPLACE' ELSE 'CREATE' END);
        IF NOT is_there THEN
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made.signature);
        END IF;
        EXECUTE format('COMMENT ON FUNCTION %s IS %L', made.signature, made.comment);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.create_functions(text) IS
'Internal: makes the functions of a client base';
