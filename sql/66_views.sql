-- The views of a client base: plain SQL over its cards, months, losses and logs, with the
-- defaults of what people may edit: strategies and RFM segments.
--
-- A view is made from a template in which these stand for what all views share:
--   %1$I  the base
--   %2$s  the query of all clients with all that views tell of them: see client_rows
--   %3$s  the query that finds the action for every row of "chosen": see action_rows
--   %4$s  the condition by which the row c of a table belongs to the place p
--   %5$s  manager, segment and region of the place w in the outermost list of columns, with a
--         comma behind
--   %6$s  the query of all places: place (a number in their order), names (manager, segment,
--         region)
--   %7$s  whether the view is of the whole base, not by place
--   %8$s  the operator by which clients are equal
--   %9$s  the query of the settings that the last refresh went by
--   %10$s the query of all places, and of that of sales without a client
-- A summary is one template from which two views come: NAME, and NAME_by, which has a row
-- for each place: each combination of manager, segment and region. For NAME there is one
-- place. The names are null where not known, and empty in the tables of sums.

-- What is not our own is not replaced: its owner would stay, and read with the rights of
-- whoever looks.
CREATE FUNCTION clientcore.create_or_replace(base text, name text)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = base AND c.relname = name AND c.relowner = current_user::regrole)
    THEN 'CREATE OR REPLACE' ELSE 'CREATE' END
$$;
COMMENT ON FUNCTION clientcore.create_or_replace(text, text) IS
'Internal: how a view of a base is to be made: over one that the current user owns, else only where there is none';

-- --- what views share ---

-- Shares of amounts count what is negative as nothing.
-- card, state and settings are what stands in FROM for each: the tables of the base, or what
-- they would be on another day. place is the condition by which a card belongs to the place
-- p; where it is not empty, so is its number.
CREATE FUNCTION clientcore.client_rows(base text, place text, card text, state text, settings text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region, %2$s
            c.first_purchase AS first_purchase_date,
            c.last_purchase AS last_purchase_date,
            c.purchase_count, c.sale_count, c.return_count,
            c.revenue::numeric(28, 4) AS revenue_amount,
            c.returned::numeric(28, 4) AS returned_amount,
            c.profit::numeric(28, 4) AS profit_amount,
            c.purchase_12m_count,
            c.revenue_12m::numeric(28, 4) AS revenue_12m_amount,
            c.profit_12m::numeric(28, 4) AS profit_12m_amount,
            c.is_profit_known,
            c.revenue_90d::numeric(28, 4) AS revenue_90d_amount,
            c.revenue_90d_year_ago::numeric(28, 4) AS revenue_90d_year_ago_amount,
            c.revenue_before::numeric(28, 4) AS revenue_before_amount,
            c.revenue_since::numeric(28, 4) AS revenue_since_amount,
            (CASE WHEN s.revenue_12m_amount > 0 THEN greatest(c.revenue_12m, 0) / s.revenue_12m_amount END)::numeric(9, 8) AS revenue_12m_share,
            (CASE WHEN s.has_profit AND s.profit_12m_amount > 0 THEN greatest(c.profit_12m, 0) / s.profit_12m_amount END)::numeric(9, 8) AS profit_12m_share,
            c.abc_class, strpos('ABC', c.abc_class)::smallint AS abc_rank,
            c.abc_lifetime_class, strpos('ABC', c.abc_lifetime_class)::smallint AS abc_lifetime_rank,
            coalesce(c.xyz, 'new') AS xyz_class,
            coalesce(strpos('XYZ', c.xyz), 4)::smallint AS xyz_rank,
            c.abc_class || coalesce(c.xyz, ' new') AS abc_xyz,
            (4 * strpos('ABC', c.abc_class) - 4 + coalesce(strpos('XYZ', c.xyz), 4))::smallint AS abc_xyz_rank,
            CASE WHEN d.is_lost THEN 'lost' ELSE d.rung_stage END AS loyalty_stage,
            (CASE WHEN d.is_lost THEN 1 ELSE c.rung + 2 END)::smallint AS loyalty_rank,
            c.rung::smallint AS loyalty_rung,
            c.sale_count + c.return_count > 0 AS is_client,
            c.industry, c.channel, c.known_since AS known_since_date,
            -- a sale is looked after as long as it is followed up
            CASE WHEN c.purchase_count = 0 THEN 'pre_sale' WHEN d.silence_days <= t.follow_up_days THEN 'sale' ELSE 'post_sale' END AS phase,
            (CASE WHEN c.purchase_count = 0 THEN 1 WHEN d.silence_days <= t.follow_up_days THEN 2 ELSE 3 END)::smallint AS phase_rank,
            d.rung_stage,
            d.is_lost,
            CASE WHEN d.is_lost THEN c.last_purchase + c.silence_limit + 1 END AS lost_date,
            c.last_purchase + c.silence_limit + 1 AS limit_date,
            c.come_back_count > 0 AND NOT d.is_lost AS is_returned,
            c.come_back_count,
            r.is_silent OR r.is_shrinking AS is_at_risk,
            r.is_silent, r.is_shrinking,
            'silent for ' || d.silence_days || ' days' || CASE
                WHEN c.purchase_count = 1 THEN ' since its only purchase'
                WHEN c.purchase_count < 4 THEN ' after only ' || c.purchase_count || ' purchases'
                WHEN c.typical_interval = 1 THEN ', usually buys every day'
                ELSE ', usually buys every ' || trim_scale(c.typical_interval) || ' days' END AS silence_text,
            'revenue of 90 days fell from ' || to_char(c.revenue_90d_year_ago, 'FM999,999,999,999,999,999,990')
                || ' a year ago to ' || to_char(c.revenue_90d, 'FM999,999,999,999,999,999,990') AS shrinking_text,
            CASE WHEN d.is_lost THEN 'lost' WHEN r.is_silent OR r.is_shrinking THEN 'at_risk'
                WHEN c.sale_count + c.return_count = 0 THEN 'prospect' WHEN c.purchase_count < 2 OR c.xyz IS NULL THEN 'new' ELSE 'active' END AS status,
            (CASE WHEN d.is_lost THEN 1 WHEN r.is_silent OR r.is_shrinking THEN 2
                WHEN c.sale_count + c.return_count = 0 THEN 5 WHEN c.purchase_count < 2 OR c.xyz IS NULL THEN 3 ELSE 4 END)::smallint AS status_rank,
            d.silence_days,
            c.silence_limit AS silence_limit_days,
            CASE WHEN c.last_purchase IS NULL THEN NULL
                WHEN t.lost_rule = 'days' THEN 'fixed: ' || c.silence_limit || ' days'
                WHEN t.lost_rule = 'model' AND s.purchase_model IS NOT NULL AND c.silence_limit = t.lost_min_days THEN 'at least ' || c.silence_limit || ' days'
                WHEN t.lost_rule = 'model' AND s.purchase_model IS NOT NULL AND c.silence_limit = t.lost_max_days THEN 'at most ' || c.silence_limit || ' days'
                WHEN t.lost_rule = 'model' AND s.purchase_model IS NOT NULL THEN 'P(alive) under ' || trim_scale(t.lost_p_alive) || ': ' || c.silence_limit || ' days'
                WHEN c.purchase_count < 4 THEN 'fewer than 3 intervals: ' || c.silence_limit || ' days'
                WHEN t.lost_factor * c.typical_interval < c.silence_limit - 1 THEN 'at least ' || c.silence_limit || ' days'
                WHEN t.lost_factor * c.typical_interval > c.silence_limit THEN 'at most ' || c.silence_limit || ' days'
                ELSE trim_scale(t.lost_factor) || ' x ' || trim_scale(c.typical_interval) || ' days' END AS lost_rule,
            c.typical_interval::numeric(10, 1) AS typical_interval_days,
            s.as_of - c.first_purchase AS tenure_days,
            clientcore.p_alive(s.purchase_model, b.x, b.t_x, b.t)::numeric(9, 8) AS p_alive,
            clientcore.expected_purchases(s.purchase_model, b.x, b.t_x, b.t, b.year_days)::numeric(12, 4) AS expected_purchases_12m,
            clientcore.lifetime_value(s.purchase_model, s.spend_model, b.x, b.t_x, b.t,
                CASE WHEN c.purchase_count > 1 THEN (c.revenue - c.first_revenue) / (c.purchase_count - 1) ELSE 0 END,
                s.as_of, 12, t.discount_rate)::numeric(28, 4) AS lifetime_value_12m,
            s.as_of + ceil(nullif(least(clientcore.next_purchase(s.purchase_model, b.x, b.t_x, b.t, 0.5), 36525), 36525))::integer AS next_purchase_due,
            clientcore.purchase_probability(s.purchase_model, b.x, b.t_x, b.t, b.year_days)::numeric(9, 8) AS purchase_12m_share,
            clientcore.model_kind(s.purchase_model) AS model_kind,
            c.recency_score::smallint, c.frequency_score::smallint, c.monetary_score::smallint,
            c.rfm_segment, array_position(g.segments, c.rfm_segment)::smallint AS rfm_segment_rank,
            c.is_key, c.key_rank,
            c.is_top_buyer, c.is_breadwinner, c.is_long_standing, c.is_promising,
            c.is_vocal, c.is_image_maker, c.is_expert, c.is_protected,
            c.value_class, strpos('ABC', c.value_class)::smallint AS value_rank,
            c.value_revenue::numeric(28, 4) AS value_revenue_amount,
            c.value_profit::numeric(28, 4) AS value_profit_amount,
            (CASE WHEN s.abc_is_by_profit THEN c.value_profit ELSE c.value_revenue END)::numeric(28, 4) AS value_amount,
            c.existed_before, c.abc_before, c.xyz_before, c.rung_before, c.was_lost_before, c.rfm_segment_before, c.was_key_before,
            -- what the action goes by
            CASE WHEN d.is_lost THEN c.value_class WHEN r.is_silent OR r.is_shrinking THEN least(c.abc_class, c.value_class)
                ELSE c.abc_class END AS action_abc,
            concat_ws(',',
                CASE WHEN c.is_key THEN 'key' END, CASE WHEN c.is_top_buyer THEN 'top_buyer' END,
                CASE WHEN c.is_breadwinner THEN 'breadwinner' END, CASE WHEN c.is_long_standing THEN 'long_standing' END,
                CASE WHEN c.is_promising THEN 'promising' END, CASE WHEN c.is_vocal THEN 'vocal' END,
                CASE WHEN c.is_image_maker THEN 'image_maker' END, CASE WHEN c.is_expert THEN 'expert' END,
                CASE WHEN c.is_protected THEN 'protected' END, CASE WHEN r.is_let_go THEN 'let_go' END) AS kinds,
            r.is_let_go,
            s.as_of AS as_of_date
        FROM %3$s c%6$s
        CROSS JOIN %4$s s
        CROSS JOIN %5$s t
        CROSS JOIN (
            SELECT array_agg(x.segment ORDER BY x.position) AS segments
            FROM (SELECT y.segment, min(y.position) AS position FROM %1$I.rfm_segment y GROUP BY y.segment) x) g
        -- what the models know: purchases after the first, and times in days
        CROSS JOIN LATERAL (
            SELECT c.purchase_count - 1 AS x, c.last_purchase - c.first_purchase AS t_x, s.as_of - c.first_purchase AS t,
                (s.as_of + interval '12 months')::date - s.as_of AS year_days) b
        CROSS JOIN LATERAL (
            SELECT s.as_of - c.last_purchase AS silence_days,
                coalesce(s.as_of - c.last_purchase > c.silence_limit, false) AS is_lost,
                CASE c.rung WHEN 0 THEN 'unaware' WHEN 1 THEN 'aware' WHEN 2 THEN 'first_purchase' WHEN 3 THEN 'second_purchase'
                    WHEN 4 THEN 'frequent' WHEN 5 THEN 'adherent' END AS rung_stage) d
        CROSS JOIN LATERAL (
            SELECT NOT d.is_lost AND coalesce(d.silence_days > c.silence_limit
                    * CASE WHEN c.is_key THEN t.at_risk_key_silence_share ELSE t.at_risk_silence_share END, false)
                    -- not before its next purchase is due
                    AND d.silence_days > coalesce(c.typical_interval, 0) AS is_silent,
                NOT d.is_lost AND c.revenue_90d_year_ago > 0
                    AND c.revenue_90d < t.at_risk_revenue_share * c.revenue_90d_year_ago
                    -- who buys less than twice in 90 days may have bought just before them
                    AND coalesce(c.typical_interval <= 45 OR d.silence_days > c.typical_interval, false) AS is_shrinking,
                NOT d.is_lost AND c.is_profit_known AND c.purchase_12m_count > 0 AND coalesce(c.profit_12m < 0, false)
                    AND NOT (c.is_vocal OR c.is_image_maker OR c.is_expert OR c.is_promising OR c.is_protected) AS is_let_go) r$sql$,
    base, CASE place WHEN '' THEN '' ELSE 'p.place,' END, card, state, settings, CASE place WHEN '' THEN '' ELSE ' JOIN places p ON ' || place END)
$$;
COMMENT ON FUNCTION clientcore.client_rows(text, text, text, text, text) IS
'Internal: the query of all clients of a base with all that its views tell of them';

-- What refresh went by, not what was set since.
CREATE FUNCTION clientcore.applied_settings(base text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
            SELECT a.* FROM (
                SELECT %2$s, h.applied_at FROM %1$I.settings_history h
                UNION ALL
                SELECT %2$s, '-infinity' FROM %1$I.settings h) a
            ORDER BY a.applied_at DESC LIMIT 1$sql$,
    base, 'h.lost_rule, h.lost_factor, h.lost_min_days, h.lost_max_days, h.lost_p_alive, h.discount_rate, h.at_risk_silence_share, h.at_risk_key_silence_share, h.at_risk_revenue_share, '
        'h.key_shrunk_share, h.assumed_margin_share, h.win_back_cost_share, h.rfm_bins, h.time_zone, h.contact_days_key, h.contact_days_a, h.contact_days_b, '
        'h.contact_days_c, h.follow_up_days, h.answer_days, h.ignored_days, h.care_ahead_days, h.cross_sell_share')
$$;
COMMENT ON FUNCTION clientcore.applied_settings(text) IS
'Internal: the query of the settings that the last refresh of a base went by';

-- The most specific strategy of every situation among the rows of "chosen".
CREATE FUNCTION clientcore.action_rows(base text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT DISTINCT ON (n.action_abc, n.xyz_class, n.status, n.kinds)
            n.action_abc, n.xyz_class, n.status, n.kinds, y.name AS recommended_action, y.advice, y.offer
        FROM (SELECT DISTINCT h.action_abc, h.xyz_class, h.status, h.kinds FROM chosen h) n
        JOIN %1$I.strategy y ON coalesce(y.abc = n.action_abc, true) AND coalesce(y.xyz = n.xyz_class, true)
            AND coalesce(y.status = n.status, true) AND (y.kind IS NULL OR y.kind = ANY (string_to_array(n.kinds, ',')))
        ORDER BY n.action_abc, n.xyz_class, n.status, n.kinds,
            num_nonnulls(y.abc, y.xyz, y.status, y.kind) DESC,
            y.kind IS NULL, y.status IS NULL, y.abc IS NULL, y.xyz IS NULL, y.strategy_id$sql$, base)
$$;
COMMENT ON FUNCTION clientcore.action_rows(text) IS
'Internal: the query that finds the strategy for every situation of the rows of "chosen"';

-- Of the clients, of the sums of the last refresh and, where that is asked for, of nobody
-- known, to whom sales without a client count. Made distinct one by one, and joined by one
-- array: the planner is to know that they are few, and to hash.
CREATE FUNCTION clientcore.place_rows(base text, with_nobody boolean)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT row_number() OVER (ORDER BY x.names COLLATE "C")::integer AS place, x.names
        FROM (
            SELECT ARRAY[coalesce(c.manager, ''), coalesce(c.segment, ''), coalesce(c.region, '')] AS names
            FROM (SELECT DISTINCT d.manager, d.segment, d.region FROM %1$I.card d) c
            UNION
            SELECT ARRAY[c.manager, c.segment, c.region]
            FROM (SELECT DISTINCT f.manager, f.segment, f.region FROM %1$I.flow_summary f) c%2$s) x$sql$,
    base, CASE WHEN with_nobody THEN format($sql$
            UNION
            SELECT ARRAY['', '', ''] FROM %I.state s WHERE s.guest_revenue_12m_amount <> 0$sql$, base) ELSE '' END)
$$;
COMMENT ON FUNCTION clientcore.place_rows(text, boolean) IS
'Internal: the query of the combinations of manager, segment and region there are';

CREATE FUNCTION clientcore.create_view(base text, name text, query text, comment text, place text DEFAULT 'client')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key_type oid := (SELECT atttypid FROM pg_attribute WHERE attrelid = format('%I.card', base)::regclass AND attname = 'client_id');
    belongs text := CASE place
        WHEN 'by' THEN 'p.names = ARRAY[coalesce(c.manager, ''''), coalesce(c.segment, ''''), coalesce(c.region, '''')]'
        WHEN 'whole' THEN 'true' ELSE '' END;
    whole text := 'SELECT 1 AS place, ARRAY['''', '''', ''''] AS names';
    attribute text;
BEGIN
    EXECUTE format('%s VIEW %I.%I AS ', clientcore.create_or_replace(base, name), base, name) || format(query,
        base, clientcore.client_rows(base, belongs, format('%I.card', base), format('%I.state', base), '(' || clientcore.applied_settings(base) || ')'),
        clientcore.action_rows(base), belongs,
        CASE place WHEN 'by' THEN 'nullif(w.names[1], '''') AS manager, nullif(w.names[2], '''') AS segment, nullif(w.names[3], '''') AS region,' ELSE '' END,
        CASE place WHEN 'by' THEN clientcore.place_rows(base, false) ELSE whole END,
        (place = 'whole')::text, clientcore.key_equality(key_type), clientcore.applied_settings(base),
        CASE place WHEN 'by' THEN clientcore.place_rows(base, true) ELSE whole END);
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', base, name, comment);
    FOR attribute IN
        SELECT attname FROM pg_attribute WHERE attrelid = format('%I.%I', base, name)::regclass AND attnum > 0 AND NOT attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', base, name, attribute,
            clientcore.column_comment(CASE place WHEN 'by' THEN regexp_replace(name, '_by$', '') ELSE regexp_replace(name, '^(campaign_export)_[0-9]+$', '\1') END, attribute));
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.create_view(text, text, text, text, text) IS
'Internal: makes a view of a base from its template, with its comments';

CREATE FUNCTION clientcore.create_summary(base text, name text, query text, comment text)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.create_view(base, name, query, comment, 'whole'),
    clientcore.create_view(base, name || '_by', query, comment || '; for each manager, segment and region', 'by')
$$;
COMMENT ON FUNCTION clientcore.create_summary(text, text, text, text) IS
'Internal: makes a summary of a base and its twin by manager, segment and region';

-- --- the views ---

CREATE FUNCTION clientcore.create_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_client_views(base), clientcore.create_class_views(base),
        clientcore.create_month_views(base), clientcore.create_lost_views(base), clientcore.create_care_views(base), clientcore.create_breadth_views(base),
        clientcore.create_campaign_views(base);
END
$$;
COMMENT ON FUNCTION clientcore.create_views(text) IS
'Internal: makes the views of a client base, or brings them up to this version; columns are only ever appended';

-- Clients, and what to do with them.

-- For the view, and for the function that tells the same of another day.
CREATE FUNCTION clientcore.clients_template()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT $sql$
        SELECT client_id, name, manager, segment, region,
            first_purchase_date, last_purchase_date, purchase_count, sale_count, return_count,
            revenue_amount, returned_amount, profit_amount, revenue_12m_amount, profit_12m_amount,
            revenue_90d_amount, revenue_90d_year_ago_amount, revenue_12m_share,
            abc_class, abc_rank, abc_lifetime_class, abc_lifetime_rank, xyz_class, xyz_rank, abc_xyz, abc_xyz_rank,
            loyalty_stage, loyalty_rank, loyalty_rung,
            is_lost, lost_date, is_returned, is_at_risk, status, status_rank,
            silence_days, silence_limit_days, lost_rule, typical_interval_days, tenure_days,
            recency_score, frequency_score, monetary_score, rfm_segment, rfm_segment_rank,
            is_key, key_rank, is_top_buyer, is_breadwinner, is_long_standing, is_promising,
            is_vocal, is_image_maker, is_expert, is_protected,
            purchase_12m_count, is_profit_known, profit_12m_share, come_back_count,
            p_alive, expected_purchases_12m, lifetime_value_12m, next_purchase_due,
            industry, channel, known_since_date, phase, phase_rank, as_of_date
        FROM (%2$s) c
        ORDER BY client_id$sql$
$$;
COMMENT ON FUNCTION clientcore.clients_template() IS
'Internal: the template of the view clients';

CREATE FUNCTION clientcore.create_client_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_view(base, 'client_history', $sql$
        SELECT client_id, history, as_of_date
        FROM (
            SELECT coalesce(a.client, h.client_id) AS client_id,
                clientcore.as_of(clientcore.rollup(h.history), s.as_of) AS history,
                s.as_of AS as_of_date
            FROM %1$I.history h
            LEFT JOIN %1$I.client_alias a ON a.alias %8$s h.client_id
            CROSS JOIN %1$I.state s
            GROUP BY coalesce(a.client, h.client_id), s.as_of) c
        WHERE clientcore.sale_count(history) > 0 OR clientcore.return_count(history) > 0$sql$,
        'A client and what it bought, for the functions of clientcore; duplicates and sales relations joined');

    PERFORM clientcore.create_view(base, 'clients', clientcore.clients_template(),
        'All clients, duplicates joined: what each has bought and where it stands');

    PERFORM clientcore.create_view(base, 'key_clients', $sql$
        WITH chosen AS (SELECT * FROM (%2$s) c WHERE c.is_key),
        action AS (%3$s)
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            c.key_rank, c.status, c.status_rank,
            CASE
                WHEN c.is_lost THEN 'lost since ' || to_char(c.lost_date, 'YYYY-MM-DD') || ': ' || c.silence_text
                ELSE nullif(concat_ws('; ',
                    CASE WHEN c.is_silent THEN c.silence_text END,
                    CASE WHEN c.is_shrinking THEN c.shrinking_text END,
                    CASE WHEN NOT c.is_at_risk AND c.revenue_since_amount < t.key_shrunk_share * c.revenue_before_amount
                        THEN 'revenue since ' || to_char(s.compared_date, 'YYYY-MM-DD') || ' fell from ' || to_char(c.revenue_before_amount, 'FM999,999,999,999,999,999,990')
                            || ' to ' || to_char(c.revenue_since_amount, 'FM999,999,999,999,999,999,990') END,
                    CASE WHEN c.is_profit_known AND c.profit_12m_amount < 0
                        THEN 'brought a loss of ' || to_char(-c.profit_12m_amount, 'FM999,999,999,999,999,999,990') || ' in 12 months' END), '')
            END AS alarm,
            c.revenue_12m_amount, c.revenue_12m_share, c.profit_12m_amount, c.profit_12m_share,
            c.first_purchase_date, c.last_purchase_date, c.silence_days, c.silence_limit_days, c.typical_interval_days, c.lost_date,
            c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
            c.is_lost, c.is_at_risk, c.is_top_buyer, c.is_breadwinner, c.is_long_standing, c.is_vocal, c.is_promising,
            c.is_image_maker, c.is_expert, c.is_protected,
            concat_ws('; ',
                CASE WHEN c.is_top_buyer THEN 'top buyer' || coalesce(' (' || trim_scale(round(100 * c.revenue_12m_share, 1)) || ' %% of revenue)', '') END,
                CASE WHEN c.is_breadwinner THEN 'breadwinner' || CASE WHEN s.has_profit
                    THEN coalesce(' (' || trim_scale(round(100 * c.profit_12m_share, 1)) || ' %% of profit)', '') ELSE '' END END,
                CASE WHEN c.is_long_standing THEN 'long-standing since ' || extract(year FROM least(c.first_purchase_date, c.known_since_date)) END,
                CASE WHEN c.is_promising THEN 'promising: new on ' || to_char(c.first_purchase_date, 'YYYY-MM-DD') END,
                CASE WHEN c.is_vocal THEN 'vocal' || coalesce(' (spoke up ' || clientcore.counted(nullif(k.feedback_12m_count, 0), 'time', 'times') || ' in 12 months)', '') END,
                CASE WHEN c.is_image_maker THEN 'image maker' END,
                CASE WHEN c.is_expert THEN 'expert' END,
                CASE WHEN c.is_lost AND NOT c.is_top_buyer THEN 'brought ' || to_char(c.value_revenue_amount, 'FM999,999,999,999,999,999,990')
                    || ' in the 12 months before it fell silent' END) AS reasons,
            a.recommended_action, a.advice, a.offer,
            c.as_of_date
        FROM chosen c
        CROSS JOIN %1$I.state s
        CROSS JOIN (%9$s) t
        LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        ORDER BY least(c.status_rank, 3), c.key_rank, c.client_id$sql$,
        'The key clients, with those lost within the last 12 months: what is wrong with whom, why it matters, what to do');

    PERFORM clientcore.create_view(base, 'key_client_changes', $sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.change,
            (CASE c.change WHEN 'lost' THEN 1 WHEN 'left' THEN 2 WHEN 'shrank' THEN 3 WHEN 'entered' THEN 4 ELSE 5 END)::smallint AS change_rank,
            c.revenue_before_amount, c.revenue_since_amount AS revenue_now_amount,
            (c.revenue_since_amount - c.revenue_before_amount)::numeric(28, 4) AS difference_amount,
            c.lost_date, c.status, c.status_rank, c.key_rank,
            s.compared_date, c.as_of_date
        FROM (
            SELECT c.*, CASE
                    WHEN c.is_lost THEN CASE WHEN c.lost_date > s.compared_date THEN 'lost' END
                    WHEN c.was_key AND NOT c.is_key THEN CASE WHEN c.revenue_since_amount < c.revenue_before_amount THEN 'left' ELSE 'outpaced' END
                    WHEN c.was_key AND c.revenue_since_amount < t.key_shrunk_share * c.revenue_before_amount THEN 'shrank'
                    WHEN c.is_key AND NOT c.was_key THEN 'entered' END AS change
            FROM (SELECT c.*, c.was_key_before AND NOT coalesce(c.was_lost_before, false) AS was_key
                FROM (%2$s) c WHERE c.is_key OR c.was_key_before) c
            CROSS JOIN %1$I.state s
            CROSS JOIN (%9$s) t) c
        CROSS JOIN %1$I.state s
        WHERE c.change IS NOT NULL
        ORDER BY change_rank, CASE c.change WHEN 'lost' THEN greatest(c.revenue_since_amount, c.revenue_before_amount)
            ELSE abs(c.revenue_since_amount - c.revenue_before_amount) END DESC, c.client_id$sql$,
        'Who was lost, left, shrank or entered among the key clients since compared_date; most money first');

    PERFORM clientcore.create_view(base, 'at_risk_clients', $sql$
        WITH chosen AS (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.is_key, c.key_rank,
                c.is_silent, c.is_shrinking, c.silence_text, c.shrinking_text,
                c.silence_days, c.silence_limit_days, c.typical_interval_days, c.limit_date,
                c.last_purchase_date, c.revenue_12m_amount, c.revenue_90d_amount, c.revenue_90d_year_ago_amount,
                greatest(c.value_revenue_amount, 0)::numeric(28, 4) AS revenue_at_risk_amount,
                c.p_alive, c.model_kind,
                c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
                c.action_abc, c.status, c.kinds, c.as_of_date
            FROM (%2$s) c WHERE c.is_at_risk),
        action AS (%3$s)
        SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.is_key, c.key_rank,
            concat_ws('; ',
                CASE WHEN c.is_silent THEN c.silence_text END,
                CASE WHEN c.is_shrinking THEN c.shrinking_text END) AS alarm,
            c.is_silent, c.is_shrinking,
            c.revenue_at_risk_amount, c.revenue_12m_amount, c.revenue_90d_amount, c.revenue_90d_year_ago_amount,
            c.last_purchase_date, c.silence_days, c.silence_limit_days, c.typical_interval_days,
            c.limit_date AS would_be_lost_date,
            c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
            a.recommended_action, a.advice, a.offer,
            c.p_alive, (c.revenue_at_risk_amount * (1 - c.p_alive))::numeric(28, 4) AS expected_loss_amount,
            coalesce('model ' || c.model_kind, 'revenue alone') AS ranked_by, c.as_of_date
        FROM chosen c
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        ORDER BY c.is_key DESC, coalesce(c.revenue_at_risk_amount * (1 - c.p_alive), c.revenue_at_risk_amount) DESC, c.revenue_at_risk_amount DESC, c.client_id$sql$,
        'Clients that are about to be lost: silent for long, or buying far less than a year ago; key clients first, then most money that is likely to go');

    PERFORM clientcore.create_view(base, 'next_purchases', $sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            c.due_date, greatest(c.as_of_date - c.due_date, 0) AS overdue_days, c.as_of_date > c.due_date AS is_overdue,
            greatest(CASE WHEN c.purchase_12m_count > 0 THEN c.revenue_12m_amount / c.purchase_12m_count
                ELSE c.revenue_amount / c.purchase_count END, 0)::numeric(28, 4) AS expected_amount,
            c.last_purchase_date, c.typical_interval_days, c.silence_days, c.silence_limit_days,
            c.is_key, c.is_at_risk, c.status, c.status_rank, c.abc_class, c.abc_rank, c.next_purchase_due, c.as_of_date
        FROM (SELECT c.*, c.last_purchase_date + ceil(c.typical_interval_days)::integer AS due_date
            FROM (%2$s) c WHERE NOT c.is_lost AND c.purchase_count >= 2) c
        ORDER BY c.is_at_risk, abs(c.as_of_date - c.due_date) / 7, expected_amount DESC, c.client_id$sql$,
        'When the next purchase of each client is due, by its own rhythm: clients not lost with two purchases or more; the week nearest to as_of first, ahead or overdue, and in it most money; those at risk, who have a list of their own, last');

    PERFORM clientcore.create_view(base, 'growth_candidates', $sql$
        WITH chosen AS (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.revenue_12m_amount, c.profit_12m_amount,
                c.revenue_before_amount, c.revenue_since_amount, c.purchase_12m_count, c.typical_interval_days, c.last_purchase_date, c.is_key,
                c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
                c.action_abc, c.status, c.kinds, c.as_of_date
            FROM (%2$s) c WHERE NOT c.is_lost AND NOT c.is_at_risk AND c.abc_class = 'B' AND c.loyalty_rung >= 4),
        action AS (%3$s)
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            c.revenue_12m_amount, c.profit_12m_amount,
            (s.abc_a_from - CASE WHEN s.abc_is_by_profit THEN c.profit_12m_amount ELSE c.revenue_12m_amount END)::numeric(28, 4) AS gap_amount,
            c.revenue_before_amount, c.revenue_since_amount AS revenue_now_amount,
            (c.revenue_since_amount - c.revenue_before_amount)::numeric(28, 4) AS growth_amount,
            (CASE WHEN c.revenue_before_amount > 0
                THEN least(greatest(c.revenue_since_amount / c.revenue_before_amount - 1, -9999), 9999) END)::numeric(12, 8) AS growth_share,
            c.purchase_12m_count, c.typical_interval_days, c.last_purchase_date,
            c.is_key, c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
            a.recommended_action, a.advice, a.offer, s.compared_date, c.as_of_date
        FROM chosen c
        CROSS JOIN %1$I.state s
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        ORDER BY gap_amount, c.client_id$sql$,
        'The middle clients worth developing: of class B, frequent, neither lost nor at risk; nearest to class A first');

    PERFORM clientcore.create_view(base, 'let_go_candidates', $sql$
        WITH chosen AS (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.revenue_12m_amount, c.profit_12m_amount, c.revenue_12m_share,
                c.purchase_12m_count, c.sale_count, c.return_count, c.returned_amount, c.tenure_days, c.last_purchase_date, c.is_key,
                c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
                c.action_abc, c.status, 'let_go'::text AS kinds, c.as_of_date
            FROM (%2$s) c WHERE c.is_let_go),
        action AS (%3$s)
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            (-c.profit_12m_amount)::numeric(28, 4) AS loss_12m_amount, c.revenue_12m_amount, c.revenue_12m_share,
            c.purchase_12m_count, c.sale_count, c.return_count, c.returned_amount, c.tenure_days, c.last_purchase_date, c.is_key,
            c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
            a.recommended_action, a.advice, c.as_of_date
        FROM chosen c
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        ORDER BY loss_12m_amount DESC, c.client_id$sql$,
        'Clients that cost more than they bring: a loss over 12 months, where the profit of every sale is known; largest loss first');
END
$$;
COMMENT ON FUNCTION clientcore.create_client_views(text) IS
'Internal: makes the views whose rows are clients, but those of lost ones';

-- Classes, segments and concentration.
CREATE FUNCTION clientcore.create_class_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_summary(base, 'abc_xyz_matrix', $sql$
        WITH places AS (%6$s),
        cell AS (
            SELECT c.place, c.abc_class AS action_abc, c.xyz_class, count(*) AS client_count,
                sum(c.revenue_12m_amount) AS revenue, sum(greatest(c.revenue_12m_amount, 0)) AS positive, sum(c.profit_12m_amount) AS profit
            FROM (%2$s) c WHERE c.is_client AND NOT c.is_lost
            GROUP BY c.place, c.abc_class, c.xyz_class),
        chosen AS (
            SELECT a.abc AS action_abc, a.rank AS abc_rank, x.xyz AS xyz_class, x.rank AS xyz_rank,
                CASE x.xyz WHEN 'new' THEN 'new' ELSE 'active' END AS status, ''::text AS kinds
            FROM (VALUES ('A', 1), ('B', 2), ('C', 3)) a (abc, rank)
            CROSS JOIN (VALUES ('X', 1), ('Y', 2), ('Z', 3), ('new', 4)) x (xyz, rank)),
        action AS (%3$s)
        SELECT %5$s
            n.action_abc AS abc_class, n.abc_rank::smallint AS abc_rank, n.xyz_class, n.xyz_rank::smallint AS xyz_rank,
            n.action_abc || CASE n.xyz_class WHEN 'new' THEN ' ' ELSE '' END || n.xyz_class AS abc_xyz,
            (4 * n.abc_rank - 4 + n.xyz_rank)::smallint AS abc_xyz_rank,
            coalesce(c.client_count, 0) AS client_count,
            (coalesce(c.client_count, 0) / nullif(sum(c.client_count) OVER (), 0))::numeric(9, 8) AS client_share,
            coalesce(c.revenue, 0)::numeric(28, 4) AS revenue_12m_amount,
            (coalesce(c.positive, 0) / nullif(sum(c.positive) OVER (), 0))::numeric(9, 8) AS revenue_12m_share,
            c.profit::numeric(28, 4) AS profit_12m_amount,
            a.recommended_action AS strategy, a.advice
        FROM chosen n
        CROSS JOIN places w
        LEFT JOIN cell c USING (place, action_abc, xyz_class)
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        ORDER BY place, n.abc_rank, n.xyz_rank$sql$,
        'Clients not lost by size (A, B, C) and frequency of purchase (X, Y, Z, new): always all twelve cells');

    PERFORM clientcore.create_summary(base, 'loyalty_ladder', $sql$
        WITH places AS (%6$s),
        known AS NOT MATERIALIZED (
            SELECT p.place, c.rung, coalesce(s.as_of - c.last_purchase > c.silence_limit, false) AS is_lost, c.come_back_count > 0 AS has_come_back,
                c.revenue, c.revenue_12m, c.first_purchase, c.second_purchase, c.frequent_on, c.adherent_on
            FROM %1$I.card c JOIN places p ON %4$s CROSS JOIN %1$I.state s),
        -- where they stand
        standing AS (
            SELECT k.place, k.rung, k.is_lost, count(*) AS client_count, sum(k.revenue) AS revenue,
                sum(k.revenue_12m) AS revenue_12m, sum(greatest(k.revenue_12m, 0)) AS positive
            FROM known k
            GROUP BY k.place, k.rung, k.is_lost),
        -- what they have reached
        reached AS (
            SELECT k.place, count(*) AS client_count, count(*) FILTER (WHERE k.rung >= 1) AS aware_count,
                count(k.first_purchase) AS first_count, count(k.second_purchase) AS second_count,
                count(k.frequent_on) AS frequent_count, count(k.adherent_on) AS adherent_count,
                count(*) FILTER (WHERE k.is_lost OR k.has_come_back) AS lost_count,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY k.second_purchase - k.first_purchase) AS first_days,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY k.frequent_on - k.second_purchase) AS second_days,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY k.adherent_on - k.frequent_on) AS frequent_days
            FROM known k
            GROUP BY k.place)
        SELECT %5$s
            r.stage AS loyalty_stage, r.rank::smallint AS loyalty_rank,
            coalesce(n.client_count, 0)::bigint AS client_count,
            (coalesce(n.client_count, 0) / nullif(sum(n.client_count) OVER (), 0))::numeric(9, 8) AS client_share,
            r.ever_count,
            coalesce(n.revenue, 0)::numeric(28, 4) AS revenue_amount,
            coalesce(n.revenue_12m, 0)::numeric(28, 4) AS revenue_12m_amount,
            (coalesce(n.positive, 0) / nullif(sum(n.positive) OVER (), 0))::numeric(9, 8) AS revenue_12m_share,
            (r.next_count::numeric / nullif(r.ever_count, 0))::numeric(9, 8) AS conversion_share,
            r.days::numeric(10, 1) AS median_days,
            coalesce(f.client_count, 0) AS lost_from_count
        FROM (
            SELECT p.place, l.*
            FROM places p
            LEFT JOIN reached h USING (place)
            CROSS JOIN LATERAL (VALUES
                ('lost', 1, NULL, coalesce(h.lost_count, 0), NULL::bigint, NULL::float8),
                ('unaware', 2, 0, coalesce(h.client_count, 0), h.aware_count, NULL),
                ('aware', 3, 1, coalesce(h.aware_count, 0), h.first_count, NULL),
                ('first_purchase', 4, 2, coalesce(h.first_count, 0), h.second_count, h.first_days),
                ('second_purchase', 5, 3, coalesce(h.second_count, 0), h.frequent_count, h.second_days),
                ('frequent', 6, 4, coalesce(h.frequent_count, 0), h.adherent_count, h.frequent_days),
                ('adherent', 7, 5, coalesce(h.adherent_count, 0), NULL, NULL)) l (stage, rank, rung, ever_count, next_count, days)) r
        LEFT JOIN (
            SELECT place, CASE WHEN is_lost THEN 1 ELSE rung + 2 END AS rank, sum(client_count) AS client_count,
                sum(revenue) AS revenue, sum(revenue_12m) AS revenue_12m, sum(positive) AS positive
            FROM standing
            GROUP BY 1, 2) n USING (place, rank)
        LEFT JOIN (SELECT * FROM standing WHERE is_lost) f USING (place, rung)
        JOIN places w USING (place)
        ORDER BY place, r.rank$sql$,
        'The ladder of loyalty: how many clients stand on each rung, have ever reached it, go on to the next and how soon');

    PERFORM clientcore.create_summary(base, 'rfm_segments', $sql$
        WITH places AS (%6$s),
        known AS (
            SELECT c.place, coalesce(c.rfm_segment, 'no segment') AS rfm_segment, c.purchase_count,
                c.revenue_amount, c.revenue_12m_amount, c.silence_days, c.is_lost, c.is_at_risk
            FROM (%2$s) c WHERE c.purchase_count > 0),
        summed AS (
            SELECT k.place, k.rfm_segment, count(*) AS client_count, count(*) FILTER (WHERE k.is_lost) AS lost_count,
                count(*) FILTER (WHERE k.is_at_risk) AS at_risk_count, sum(k.purchase_count) AS purchase_count,
                sum(k.revenue_amount) AS revenue, sum(k.revenue_12m_amount) AS revenue_12m, sum(greatest(k.revenue_12m_amount, 0)) AS positive,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY k.silence_days) AS silence
            FROM known k
            GROUP BY k.place, k.rfm_segment)
        SELECT %5$s
            rfm_segment, coalesce(n.rank, 32767)::smallint AS rfm_segment_rank,
            coalesce(c.client_count, 0) AS client_count,
            (coalesce(c.client_count, 0) / nullif(sum(c.client_count) OVER (), 0))::numeric(9, 8) AS client_share,
            coalesce(c.revenue, 0)::numeric(28, 4) AS revenue_amount,
            coalesce(c.revenue_12m, 0)::numeric(28, 4) AS revenue_12m_amount,
            (coalesce(c.positive, 0) / nullif(sum(c.positive) OVER (), 0))::numeric(9, 8) AS revenue_12m_share,
            coalesce(c.purchase_count, 0)::bigint AS purchase_count,
            c.silence::numeric(10, 1) AS median_silence_days,
            coalesce(c.at_risk_count, 0) AS at_risk_count,
            coalesce(c.lost_count, 0) AS lost_count
        FROM (SELECT p.place, y.segment AS rfm_segment, y.rank
            FROM places p
            CROSS JOIN (SELECT r.segment, row_number() OVER (ORDER BY min(r.position)) AS rank FROM %1$I.rfm_segment r GROUP BY r.segment) y) n
        FULL JOIN summed c USING (place, rfm_segment)
        JOIN places w USING (place)
        ORDER BY place, rfm_segment_rank, rfm_segment$sql$,
        'Clients by segment of their RFM scores: recency, frequency and money of everything they bought');

    PERFORM clientcore.create_summary(base, 'concentration', $sql$
        WITH places AS (%10$s),
        known AS NOT MATERIALIZED (
            SELECT p.place, c.is_key, c.purchase_12m_count > 0 AS is_buyer, greatest(c.revenue_12m, 0) AS revenue
            FROM %1$I.card c JOIN places p ON %4$s),
        summed AS (
            SELECT k.place, count(*) FILTER (WHERE k.is_buyer) AS buyer_count, count(*) FILTER (WHERE k.is_key) AS key_count,
                nullif(sum(k.revenue), 0) AS total, max(k.revenue) AS largest, sum(k.revenue) FILTER (WHERE k.is_key) AS of_key,
                clientcore.gini(CASE WHEN k.is_buyer THEN k.revenue END) AS gini, clientcore.hhi(k.revenue) AS hhi
            FROM known k
            GROUP BY k.place),
        -- from the largest on: how many they are, and how much they bring
        ranked AS (
            SELECT k.place, k.revenue, row_number() OVER largest_first AS nth, sum(k.revenue) OVER largest_first AS reached
            FROM known k WHERE k.revenue > 0
            WINDOW largest_first AS (PARTITION BY k.place ORDER BY k.revenue DESC ROWS UNBOUNDED PRECEDING)),
        counted AS (
            SELECT place, sum(r.revenue) FILTER (WHERE r.nth <= 10) AS first_10,
                count(*) FILTER (WHERE r.reached - r.revenue < 0.30 * d.total) AS for_30_count,
                count(*) FILTER (WHERE r.reached - r.revenue < 0.55 * d.total) AS for_55_count
            FROM ranked r JOIN summed d USING (place)
            GROUP BY place),
        whole AS (
            SELECT place, coalesce(c.buyer_count, 0) AS buyer_count, coalesce(c.key_count, 0) AS key_count, c.total,
                coalesce(l.for_30_count, 0) AS for_30_count, coalesce(l.for_55_count, 0) AS for_55_count,
                l.first_10, c.largest, c.of_key, c.gini, c.hhi,
                CASE WHEN p.names = ARRAY['', '', ''] THEN greatest(s.guest_revenue_12m_amount, 0) ELSE 0 END AS guests
            FROM places p
            LEFT JOIN summed c USING (place)
            LEFT JOIN counted l USING (place)
            CROSS JOIN %1$I.state s)
        SELECT %5$s
            m.measure, m.rank::smallint AS measure_rank, m.label, m.value::numeric(34, 8) AS value, m.unit,
            m.target_from::numeric(9, 8) AS target_from, m.target_to::numeric(9, 8) AS target_to,
            m.value IS NOT NULL AND coalesce(m.value >= m.target_from, true) AND coalesce(m.value <= m.target_to, true) AS is_within
        FROM whole d
        JOIN places w USING (place)
        CROSS JOIN LATERAL (VALUES
            ('buying_client_count', 1, 'Clients that bought in the 12 months', d.buyer_count::numeric, 'count', NULL::numeric, NULL::numeric),
            ('clients_for_30_percent_count', 2, 'The largest clients that together bring 30 %% of the revenue', d.for_30_count, 'count', NULL, NULL),
            ('clients_for_30_percent_share', 3, 'The same as a share of the clients that bought', d.for_30_count::numeric / nullif(d.buyer_count, 0), 'share', NULL, NULL),
            ('clients_for_55_percent_count', 4, 'The largest clients that together bring 55 %% of the revenue', d.for_55_count, 'count', NULL, NULL),
            ('clients_for_55_percent_share', 5, 'The same as a share of the clients that bought', d.for_55_count::numeric / nullif(d.buyer_count, 0), 'share', NULL, NULL),
            ('first_10_share', 6, 'Share of the ten largest clients in the revenue of known clients', d.first_10 / d.total, 'share', NULL, NULL),
            ('largest_client_share', 7, 'Share of the largest client in the revenue of known clients: over 10 %% the company depends on it', d.largest / d.total, 'share', NULL, 0.10),
            ('key_client_count', 8, 'Key clients', d.key_count, 'count', NULL, NULL),
            ('key_clients_share', 9, 'Share of the key clients in the revenue of known clients: 30 to 55 %% is sound', coalesce(d.of_key, 0) / d.total, 'share', 0.30, 0.55),
            ('unidentified_revenue_amount', 10, 'Revenue without a client (guests), in none of the shares above', d.guests, 'amount', NULL, NULL),
            ('unidentified_revenue_share', 11, 'The same as a share of all revenue, guests included', d.guests / nullif(coalesce(d.total, 0) + d.guests, 0), 'share', NULL, NULL),
            ('gini', 12, 'Gini coefficient of the revenue of clients that bought: 0 all equal, 1 one has all', d.gini::numeric, 'index', NULL, NULL),
            ('hhi', 13, 'Herfindahl-Hirschman index of the revenue: 1 / index is the number of equal clients that would be as concentrated', d.hhi::numeric, 'index', NULL, NULL)
            ) m (measure, rank, label, value, unit, target_from, target_to)
        ORDER BY place, m.rank$sql$,
        'How far the revenue of 12 months hangs on few clients; clients with a negative revenue count as nothing');

    PERFORM clientcore.create_summary(base, 'class_migration', $sql$
        WITH places AS (%6$s),
        known AS (
            SELECT c.place,
                CASE WHEN c.existed_before THEN strpos('ABC', c.abc_before) ELSE 0 END AS from_abc, c.abc_rank AS to_abc,
                CASE WHEN c.existed_before THEN coalesce(strpos('XYZ', c.xyz_before), 4) ELSE 0 END AS from_xyz, c.xyz_rank AS to_xyz,
                CASE WHEN NOT c.existed_before THEN 0 WHEN c.was_lost_before THEN 1 ELSE c.rung_before + 2 END AS from_stage, c.loyalty_rank AS to_stage,
                CASE WHEN c.existed_before THEN coalesce(c.rfm_segment_before, 'no segment') ELSE 'none' END COLLATE "C" AS from_segment,
                coalesce(c.rfm_segment, 'no segment') COLLATE "C" AS to_segment,
                CASE WHEN NOT c.existed_before THEN 0 WHEN c.was_key_before THEN 1 ELSE 2 END AS from_key, CASE WHEN c.is_key THEN 1 ELSE 2 END AS to_key,
                c.revenue_before_amount, c.revenue_since_amount
            FROM (%2$s) c WHERE c.is_client),
        moved AS MATERIALIZED (
            SELECT k.place, k.from_abc, k.to_abc, k.from_xyz, k.to_xyz, k.from_stage, k.to_stage,
                k.from_segment, k.to_segment, k.from_key, k.to_key,
                CASE GROUPING(k.from_abc, k.from_xyz, k.from_stage, k.from_segment, k.from_key)
                    WHEN 15 THEN 1 WHEN 23 THEN 2 WHEN 7 THEN 3 WHEN 27 THEN 4 WHEN 29 THEN 5 WHEN 30 THEN 6 END AS measure_rank,
                count(*) AS client_count, sum(k.revenue_before_amount) AS revenue_before, sum(k.revenue_since_amount) AS revenue_now
            FROM known k
            GROUP BY k.place, GROUPING SETS (
                (k.from_abc, k.to_abc), (k.from_xyz, k.to_xyz), (k.from_abc, k.to_abc, k.from_xyz, k.to_xyz),
                (k.from_stage, k.to_stage), (k.from_segment, k.to_segment), (k.from_key, k.to_key))),
        segment_rank AS (
            SELECT r.segment COLLATE "C" AS name, row_number() OVER (ORDER BY min(r.position)) AS rank FROM %1$I.rfm_segment r GROUP BY r.segment)
        SELECT %5$s
            n.measures[m.measure_rank] AS measure, m.measure_rank::smallint AS measure_rank,
            CASE m.measure_rank WHEN 1 THEN n.abc[m.from_abc + 1] WHEN 2 THEN n.xyz[m.from_xyz + 1] WHEN 3 THEN n.abc_xyz[d.from_cell + 1]
                WHEN 4 THEN n.stages[m.from_stage + 1] WHEN 5 THEN m.from_segment COLLATE "default" ELSE n.keys[m.from_key + 1] END AS from_class,
            (CASE m.measure_rank WHEN 1 THEN m.from_abc WHEN 2 THEN m.from_xyz WHEN 3 THEN d.from_cell
                WHEN 4 THEN m.from_stage WHEN 5 THEN coalesce(f.rank, CASE m.from_segment WHEN 'none' THEN 0 ELSE 32767 END) ELSE m.from_key END)::smallint AS from_rank,
            CASE m.measure_rank WHEN 1 THEN n.abc[m.to_abc + 1] WHEN 2 THEN n.xyz[m.to_xyz + 1] WHEN 3 THEN n.abc_xyz[d.to_cell + 1]
                WHEN 4 THEN n.stages[m.to_stage + 1] WHEN 5 THEN m.to_segment COLLATE "default" ELSE n.keys[m.to_key + 1] END AS to_class,
            (CASE m.measure_rank WHEN 1 THEN m.to_abc WHEN 2 THEN m.to_xyz WHEN 3 THEN d.to_cell
                WHEN 4 THEN m.to_stage WHEN 5 THEN coalesce(t.rank, 32767) ELSE m.to_key END)::smallint AS to_rank,
            m.client_count, m.revenue_before::numeric(28, 4) AS revenue_before_amount, m.revenue_now::numeric(28, 4) AS revenue_now_amount,
            s.compared_date, s.as_of AS as_of_date
        FROM moved m
        JOIN places w USING (place)
        CROSS JOIN %1$I.state s
        LEFT JOIN segment_rank f ON f.name = m.from_segment
        LEFT JOIN segment_rank t ON t.name = m.to_segment
        CROSS JOIN LATERAL (SELECT greatest(4 * m.from_abc - 4 + m.from_xyz, 0) AS from_cell, 4 * m.to_abc - 4 + m.to_xyz AS to_cell) d
        CROSS JOIN (SELECT ARRAY['abc', 'xyz', 'abc_xyz', 'loyalty_stage', 'rfm_segment', 'key'] AS measures,
            ARRAY['none', 'A', 'B', 'C'] AS abc, ARRAY['none', 'X', 'Y', 'Z', 'new'] AS xyz,
            ARRAY['none', 'AX', 'AY', 'AZ', 'A new', 'BX', 'BY', 'BZ', 'B new', 'CX', 'CY', 'CZ', 'C new'] AS abc_xyz,
            ARRAY['none', 'lost', 'unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'] AS stages,
            ARRAY['none', 'key', 'other'] AS keys) n
        ORDER BY place, m.measure_rank, from_rank, to_rank, from_class, to_class$sql$,
        'From which class to which clients moved between compared_date and as_of_date');
END
$$;
COMMENT ON FUNCTION clientcore.create_class_views(text) IS
'Internal: makes the views of classes, segments and concentration';

-- Months and days.
CREATE FUNCTION clientcore.create_month_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- one row for each month and place: what the summaries say of it
    months text := $sql$
        SELECT m.*,
            sum(m.new_count + m.returned_count - m.lost_count) OVER (PARTITION BY m.place ORDER BY m.month_date)::bigint AS end_count
        FROM (
            SELECT place, month_date,
                coalesce(f.new_count, 0) AS new_count, coalesce(f.returned_count, 0) AS returned_count, coalesce(f.lost_count, 0) AS lost_count,
                coalesce(f.year_ago_count, 0) AS year_ago_count, coalesce(f.kept_count, 0) AS kept_count,
                coalesce(f.due_count, 0) AS due_count, coalesce(f.once_lost_count, 0) AS once_lost_count,
                coalesce(f.lost_value, 0) AS lost_value, coalesce(f.returned_value, 0) AS returned_value,
                coalesce(n.buyer_count, 0) AS buyer_count, coalesce(n.purchase_count, 0) AS purchase_count,
                coalesce(n.revenue, 0) AS revenue, coalesce(n.returned, 0) AS returned, n.profit,
                coalesce(n.new_revenue, 0) AS new_revenue, coalesce(n.returned_revenue, 0) AS returned_revenue,
                coalesce(n.retained_revenue, 0) AS retained_revenue, coalesce(n.other_revenue, 0) AS other_revenue,
                (month_date + interval '1 month')::date - 1 <= s.as_of AS is_complete_month
            FROM (
                SELECT place, month_date,
                    sum(new_count)::bigint AS new_count, sum(returned_count)::bigint AS returned_count, sum(lost_count)::bigint AS lost_count,
                    sum(year_ago_count)::bigint AS year_ago_count, sum(kept_count)::bigint AS kept_count,
                    sum(due_count)::bigint AS due_count, sum(once_lost_count)::bigint AS once_lost_count,
                    sum(lost_value) AS lost_value, sum(returned_value) AS returned_value
                FROM (SELECT p.place, c.month_date, c.new_count, c.returned_count, c.lost_count, c.year_ago_count, c.kept_count,
                        c.due_count, c.once_lost_count, c.lost_value, c.returned_value
                    FROM %1$I.flow_summary c JOIN places p ON %4$s) f
                GROUP BY place, month_date) f
            FULL JOIN (
                SELECT place, month_date,
                    (sum(client_count) FILTER (WHERE status <> 'none'))::bigint AS buyer_count, sum(purchase_count)::bigint AS purchase_count,
                    sum(revenue) AS revenue, sum(returned) AS returned, sum(profit) AS profit,
                    sum(revenue) FILTER (WHERE status = 'new') AS new_revenue, sum(revenue) FILTER (WHERE status = 'returned') AS returned_revenue,
                    sum(revenue) FILTER (WHERE status = 'retained') AS retained_revenue, sum(revenue) FILTER (WHERE status = 'none') AS other_revenue
                FROM (SELECT p.place, c.month_date, c.status, c.client_count, c.purchase_count, c.revenue, c.returned, c.profit
                    FROM %1$I.month_summary c JOIN places p ON %4$s) n
                GROUP BY place, month_date) n USING (place, month_date)
            CROSS JOIN %1$I.state s) m$sql$;
BEGIN
    PERFORM clientcore.create_summary(base, 'kpis', replace($sql$
        WITH places AS (%6$s),
        month AS (@months),
        measured AS (
            SELECT m.place, m.month_date, m.is_complete_month, ARRAY[
                m.revenue, m.profit, m.purchase_count, m.buyer_count, m.end_count, m.new_count, m.returned_count, m.lost_count, m.lost_value,
                m.revenue / nullif(m.purchase_count, 0), m.returned,
                m.kept_count::numeric / nullif(m.year_ago_count, 0), m.once_lost_count::numeric / nullif(m.due_count, 0)] AS figures
            FROM month m)
        SELECT %5$s
            k.measure, k.rank::smallint AS measure_rank, k.label, m.month_date, m.is_complete_month,
            m.figures[k.rank]::numeric(34, 8) AS value,
            CASE WHEN m.is_complete_month THEN p.figures[k.rank] END::numeric(34, 8) AS previous_month,
            CASE WHEN m.is_complete_month THEN y.figures[k.rank] END::numeric(34, 8) AS year_ago,
            t.target::numeric(34, 8) AS target,
            k.unit, k.is_higher_better
        FROM measured m
        JOIN places w USING (place)
        LEFT JOIN (SELECT d.place, (d.month_date + interval '1 month')::date AS month_date, d.figures FROM measured d) p
            USING (place, month_date)
        LEFT JOIN (SELECT d.place, (d.month_date + interval '12 months')::date AS month_date, d.figures FROM measured d) y
            USING (place, month_date)
        CROSS JOIN %1$I.state s
        JOIN (VALUES
            (1, 'revenue_amount', 'Revenue', 'amount', true),
            (2, 'profit_amount', 'Profit', 'amount', true),
            (3, 'purchase_count', 'Purchases: days on which a client bought', 'count', true),
            (4, 'buying_client_count', 'Clients that bought', 'count', true),
            (5, 'client_count', 'Clients at the end of the month: those not lost', 'count', true),
            (6, 'new_client_count', 'New clients: their first purchase', 'count', true),
            (7, 'returned_client_count', 'Lost clients that came back', 'count', true),
            (8, 'lost_client_count', 'Clients lost', 'count', false),
            (9, 'lost_value_amount', 'Revenue of the last 12 months of the clients lost', 'amount', false),
            (10, 'average_purchase_amount', 'Revenue per purchase', 'amount', true),
            (11, 'returned_amount', 'Goods that came back', 'amount', false),
            (12, 'retention_12m_share', 'Retention: of the clients of a year before, those not lost now', 'share', true),
            (13, 'once_lost_share', 'Lost before a second purchase: of those whose time for it ended', 'share', false)
            ) k (rank, measure, label, unit, is_higher_better) ON k.measure <> 'profit_amount' OR s.has_profit
        LEFT JOIN %1$I.target t ON t.measure = k.measure AND t.month_date = m.month_date AND %7$s
        ORDER BY place, k.rank, m.month_date$sql$, '@months', months),
        'Measures month by month, beside the month before, the same month of the year before, and your targets');

    PERFORM clientcore.create_view(base, 'client_months', $sql$
        SELECT m.client_id, m.month_date, c.name, c.manager, c.segment, c.region,
            m.purchase_count, m.sale_count, m.return_count,
            m.revenue::numeric(28, 4) AS revenue_amount, m.returned::numeric(28, 4) AS returned_amount, m.profit::numeric(28, 4) AS profit_amount
        FROM %1$I.client_month m
        JOIN %1$I.card c ON c.client_id %8$s m.client_id
        ORDER BY m.client_id, m.month_date$sql$,
        'What each client bought in each month; months without a sale or return have no row');

    PERFORM clientcore.create_view(base, 'calendar', $sql$
        SELECT d.day_date, date_trunc('month', d.day_date)::date AS month_date, date_trunc('quarter', d.day_date)::date AS quarter_date,
            extract(year FROM d.day_date)::smallint AS year, extract(quarter FROM d.day_date)::smallint AS quarter,
            extract(month FROM d.day_date)::smallint AS month, extract(isoyear FROM d.day_date)::smallint AS week_year,
            extract(week FROM d.day_date)::smallint AS week, extract(isodow FROM d.day_date)::smallint AS weekday,
            to_char(d.day_date, 'YYYY-MM') AS month_name, to_char(d.day_date, 'FMDay') AS weekday_name,
            extract(isodow FROM d.day_date) >= 6 AS is_weekend,
            (date_trunc('month', d.day_date) + interval '1 month')::date - 1 <= s.as_of AS is_complete_month,
            d.day_date > (s.as_of - interval '12 months')::date AS is_within_12m,
            s.as_of - d.day_date AS ago_days
        FROM %1$I.state s
        CROSS JOIN LATERAL (
            SELECT generate_series((SELECT min(m.month_date) FROM %1$I.month_summary m
                    WHERE m.month_date >= date_trunc('month', s.as_of - interval '100 years'))::timestamp,
                s.as_of::timestamp, interval '1 day')::date AS day_date) d
        ORDER BY d.day_date$sql$,
        'The days from the month of the first sale or return to as_of, at most 100 years, to join with day_date or month_date');

    PERFORM clientcore.create_summary(base, 'client_flow', replace($sql$
        WITH places AS (%6$s),
        month AS (@months)
        SELECT %5$s
            m.month_date, m.is_complete_month,
            m.end_count - m.new_count - m.returned_count + m.lost_count AS start_count,
            m.new_count, m.returned_count, m.lost_count, m.end_count,
            m.revenue::numeric(28, 4) AS revenue_amount,
            m.new_revenue::numeric(28, 4) AS new_revenue_amount,
            m.returned_revenue::numeric(28, 4) AS returned_revenue_amount,
            m.retained_revenue::numeric(28, 4) AS retained_revenue_amount,
            m.other_revenue::numeric(28, 4) AS other_revenue_amount,
            m.lost_value::numeric(28, 4) AS lost_value_amount,
            m.year_ago_count, m.kept_count,
            (m.kept_count::numeric / nullif(m.year_ago_count, 0))::numeric(9, 8) AS retention_12m_share,
            0.70::numeric(9, 8) AS retention_target_share,
            m.due_count, m.once_lost_count,
            (m.once_lost_count::numeric / nullif(m.due_count, 0))::numeric(9, 8) AS once_lost_share,
            0.30::numeric(9, 8) AS once_lost_limit_share
        FROM month m
        JOIN places w USING (place)
        ORDER BY place, m.month_date$sql$, '@months', months),
        'Clients won, lost and returned, month by month: start + new + returned - lost = end');

    PERFORM clientcore.create_summary(base, 'retention_cohorts', replace(replace($sql$
        WITH places AS (%6$s),
        sold AS (
            SELECT m.place, m.cohort_date, m.month_date,
                sum(m.client_count) FILTER (WHERE m.status = 'new') AS new_count,
                sum(m.client_count) FILTER (WHERE m.status <> 'none') AS active_count, sum(m.revenue) AS revenue
            FROM (SELECT p.place, c.cohort_date, c.month_date, c.status, c.client_count, c.revenue
                FROM %1$I.month_summary c JOIN places p ON %4$s WHERE c.cohort_date < 'infinity') m
            GROUP BY m.place, m.cohort_date, m.month_date),
        cohort AS (
            SELECT d.place, d.cohort_date, d.new_count::bigint AS client_count
            FROM sold d WHERE d.month_date = d.cohort_date AND d.new_count > 0),
        month AS (SELECT DISTINCT f.month_date FROM %1$I.flow_summary f)
        SELECT %5$s
            h.cohort_date,
            @now - @then AS month_number,
            month_date, e.is_complete_month, h.client_count,
            CASE WHEN e.is_complete_month THEN coalesce(d.active_count, 0)::bigint END AS active_count,
            (CASE WHEN e.is_complete_month THEN coalesce(d.active_count, 0) / h.client_count END)::numeric(9, 8) AS retention_share,
            (CASE WHEN e.is_complete_month THEN coalesce(d.revenue, 0) END)::numeric(28, 4) AS revenue_amount
        FROM cohort h
        JOIN month m ON m.month_date >= h.cohort_date
        LEFT JOIN sold d USING (place, cohort_date, month_date)
        JOIN places w USING (place)
        CROSS JOIN %1$I.state s
        CROSS JOIN LATERAL (SELECT (m.month_date + interval '1 month')::date - 1 <= s.as_of AS is_complete_month) e
        ORDER BY place, h.cohort_date, month_date$sql$, '@now', clientcore.month_number('month_date')), '@then', clientcore.month_number('h.cohort_date')),
        'Of the clients of each month of first purchase: how many bought in every month since');

    PERFORM clientcore.create_summary(base, 'lost_dynamics', replace($sql$
        WITH places AS (%6$s),
        month AS (@months)
        SELECT %5$s
            m.month_date, m.is_complete_month,
            m.end_count - m.new_count - m.returned_count + m.lost_count AS start_count,
            m.lost_count,
            (CASE WHEN m.end_count - m.new_count - m.returned_count + m.lost_count > 0
                THEN least(m.lost_count::numeric / (m.end_count - m.new_count - m.returned_count + m.lost_count), 1) END)::numeric(9, 8) AS lost_share,
            m.lost_value::numeric(28, 4) AS lost_value_amount,
            m.returned_count, m.returned_value::numeric(28, 4) AS returned_value_amount,
            m.lost_count - m.returned_count AS net_lost_count,
            (m.lost_value - m.returned_value)::numeric(28, 4) AS net_lost_value_amount
        FROM month m
        JOIN places w USING (place)
        ORDER BY place, m.month_date$sql$, '@months', months),
        'Clients lost and returned, month by month, and what they were worth');
END
$$;
COMMENT ON FUNCTION clientcore.create_month_views(text) IS
'Internal: makes the views whose rows are months or days';

-- Lost clients.
CREATE FUNCTION clientcore.create_lost_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_view(base, 'lost_clients', $sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            c.lost_date, c.last_purchase_date, c.silence_days, c.silence_limit_days, c.lost_rule, c.typical_interval_days,
            c.rung_stage AS lost_from_stage, (c.loyalty_rung + 2)::smallint AS lost_from_rank, c.loyalty_rung,
            c.value_class, c.value_rank,
            c.value_amount AS value_lost_amount, c.value_revenue_amount AS revenue_lost_amount, c.value_profit_amount AS profit_lost_amount,
            coalesce(c.purchase_12m_share, h.chance_12m)::numeric(9, 8) AS return_12m_share,
            c.purchase_count, c.revenue_amount, c.first_purchase_date, c.come_back_count,
            c.rfm_segment, c.rfm_segment_rank, c.is_key, c.was_key_before AS is_former_key, c.is_protected,
            coalesce('model ' || c.model_kind, 'own past') AS return_rule, c.as_of_date
        FROM (%2$s) c
        LEFT JOIN %1$I.return_chance h
            ON h.silence_month = least(c.silence_days * 12 / 365, (SELECT max(x.silence_month) FROM %1$I.return_chance x))
        WHERE c.is_lost
        ORDER BY c.value_amount DESC NULLS LAST, c.client_id$sql$,
        'Lost clients: since when, from which rung, what they were worth; most value first');

    PERFORM clientcore.create_summary(base, 'lost_origins', replace($sql$
        WITH places AS (%6$s),
        known AS (
            SELECT c.place, c.is_lost, CASE WHEN c.is_lost THEN c.value_amount END AS value,
                c.lost_date > (c.as_of_date - interval '12 months')::date AS is_lost_12m,
                c.loyalty_rung AS rung, c.value_rank,
                CASE WHEN c.existed_before AND NOT c.was_lost_before THEN coalesce(strpos('XYZ', c.xyz_before), 4) END AS xyz_rank,
                CASE WHEN c.existed_before AND NOT c.was_lost_before THEN c.rfm_segment_before END COLLATE "C" AS rfm_segment,
                c.segment COLLATE "C" AS own_segment, c.region COLLATE "C" AS own_region, c.manager COLLATE "C" AS own_manager,
                c.channel COLLATE "C" AS own_channel, CASE WHEN c.is_lost THEN l.reason END COLLATE "C" AS reason,
                CASE WHEN k.unanswered_complaint_count > 0 THEN 1 WHEN k.answered_complaint_count > 0 THEN 2
                    WHEN o.is_attached AND coalesce(k.complaint_count, 0) = 0 THEN 3 END AS complaint
            FROM (%2$s) c
            CROSS JOIN (SELECT EXISTS (SELECT FROM %1$I.care_source o WHERE o.holds = 'interactions') AS is_attached) o
            LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
            LEFT JOIN @reasons l ON l.client_id %8$s c.client_id
            WHERE c.last_purchase_date IS NOT NULL),
        summed AS (
            SELECT k.place, k.rung, k.value_rank, k.xyz_rank, k.rfm_segment, k.own_segment, k.own_region, k.own_manager, k.own_channel, k.reason, k.complaint,
                count(*) AS client_count, count(*) FILTER (WHERE k.is_lost) AS lost_count, coalesce(sum(k.value), 0) AS value,
                count(*) FILTER (WHERE k.is_lost_12m) AS lost_12m_count, coalesce(sum(k.value) FILTER (WHERE k.is_lost_12m), 0) AS value_12m
            FROM known k
            GROUP BY k.place, GROUPING SETS (
                (k.rung), (k.value_rank), (k.xyz_rank), (k.rfm_segment), (k.own_segment), (k.own_region), (k.own_manager),
                (k.own_channel), (k.reason), (k.complaint)))
        SELECT %5$s
            o.origin, o.origin_rank::smallint AS origin_rank, o.origin_value COLLATE "default" AS origin_value,
            coalesce(o.origin_value_rank, y.rank)::smallint AS origin_value_rank,
            d.client_count, d.lost_count, (d.lost_count::numeric / d.client_count)::numeric(9, 8) AS lost_share,
            d.value::numeric(28, 4) AS value_lost_amount,
            d.lost_12m_count, d.value_12m::numeric(28, 4) AS value_lost_12m_amount
        FROM summed d
        JOIN places w USING (place)
        CROSS JOIN LATERAL (VALUES
            ('rung', 1, CASE d.rung WHEN 0 THEN 'unaware' WHEN 1 THEN 'aware' WHEN 2 THEN 'first_purchase' WHEN 3 THEN 'second_purchase'
                WHEN 4 THEN 'frequent' WHEN 5 THEN 'adherent' END, d.rung + 2),
            ('value_class', 2, substr('ABC', d.value_rank, 1), d.value_rank),
            ('xyz', 3, CASE d.xyz_rank WHEN 4 THEN 'new' ELSE substr('XYZ', d.xyz_rank, 1) END, d.xyz_rank),
            ('rfm_segment', 4, d.rfm_segment, NULL),
            ('segment', 5, d.own_segment, NULL), ('region', 6, d.own_region, NULL), ('manager', 7, d.own_manager, NULL),
            ('channel', 8, d.own_channel, NULL), ('reason', 9, d.reason, NULL),
            ('complaint', 10, (ARRAY['unanswered', 'answered', 'none'])[d.complaint], d.complaint)
            ) o (origin, origin_rank, origin_value, origin_value_rank)
        LEFT JOIN (SELECT r.segment AS origin_value, row_number() OVER (ORDER BY min(r.position)) AS rank FROM %1$I.rfm_segment r GROUP BY r.segment) y
            ON o.origin = 'rfm_segment' AND y.origin_value = o.origin_value COLLATE "default"
        WHERE o.origin_value IS NOT NULL
        ORDER BY place, o.origin_rank, origin_value_rank, o.origin_value$sql$, '@reasons', clientcore.last_reasons()),
        'Where lost clients come from: how many of the clients of each rung, class, segment, region, manager and channel are lost, for which reasons, and whether their complaints were answered');

    PERFORM clientcore.create_view(base, 'win_back_list', replace(replace(replace($sql$
        WITH chosen AS (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.value_class, c.value_rank,
                c.value_amount, c.value_revenue_amount, c.value_profit_amount,
                coalesce(c.value_profit_amount, c.value_revenue_amount * t.assumed_margin_share) AS profit,
                CASE WHEN o.sent_count > 0 THEN @learnt ELSE coalesce(c.purchase_12m_share, h.chance_12m) END AS chance_12m,
                CASE WHEN o.sent_count > 0 THEN 'own past and campaigns' ELSE coalesce('model ' || c.model_kind, 'own past') END AS return_rule,
                r.reason, coalesce(o.sent_count, 0) AS lesson_sent_count, coalesce(o.returned_count, 0) AS lesson_returned_count, t.win_back_cost_share,
                c.lost_date, c.last_purchase_date, c.silence_days, c.typical_interval_days, c.rung_stage, c.loyalty_rung, c.is_key, c.was_key_before,
                c.action_abc, c.xyz_class, c.status, c.kinds, c.as_of_date
            FROM (%2$s) c
            CROSS JOIN (%9$s) t
            LEFT JOIN %1$I.return_chance h
                ON h.silence_month = least(c.silence_days * 12 / 365, (SELECT max(x.silence_month) FROM %1$I.return_chance x))
            LEFT JOIN @reasons r ON r.client_id %8$s c.client_id
            LEFT JOIN %1$I.campaign_lesson o ON o.reason = coalesce(r.reason, '') AND o.silence_band = @band
            WHERE c.is_lost AND NOT c.is_protected AND c.value_class IN ('A', 'B') AND c.value_amount > 0),
        action AS (%3$s)
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            row_number() OVER (ORDER BY c.value_amount * c.chance_12m DESC NULLS LAST, c.value_amount DESC, c.client_id) AS win_back_rank,
            c.value_class, c.value_rank,
            c.value_amount AS value_lost_amount,
            c.chance_12m::numeric(9, 8) AS return_12m_share,
            (c.value_amount * c.chance_12m)::numeric(28, 4) AS expected_value_amount,
            (c.profit * c.chance_12m)::numeric(28, 4) AS expected_profit_amount,
            (greatest(c.profit, 0) * c.chance_12m * c.win_back_cost_share)::numeric(28, 4) AS cost_limit_amount,
            a.offer, a.recommended_action, a.advice,
            c.lost_date, c.last_purchase_date, c.silence_days, c.typical_interval_days,
            c.rung_stage AS lost_from_stage, (c.loyalty_rung + 2)::smallint AS lost_from_rank, c.loyalty_rung,
            c.is_key, c.was_key_before AS is_former_key,
            c.return_rule, c.reason, c.lesson_sent_count, c.lesson_returned_count, c.as_of_date
        FROM chosen c
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        ORDER BY win_back_rank$sql$, '@reasons', clientcore.last_reasons()), '@band', clientcore.silence_band('c.silence_days')), '@learnt', clientcore.learnt_chance('coalesce(h.chance_12m, c.purchase_12m_share)', 'o')),
        'Lost clients worth winning back: what they were worth, the chance that they return, what that may cost, what to offer');

    PERFORM clientcore.create_view(base, 'models', $sql$
        SELECT m.as_of_date AS fit_date, m.kind, u.is_used,
            clientcore.converged(m.model) AS is_converged, CASE WHEN NOT u.is_used THEN coalesce(clientcore.unfit_reason(m.model), 'not the last fit of the model that is set') END AS failure,
            clientcore.model_clients(m.model) AS client_count, clientcore.log_likelihood(m.model)::numeric(28, 4) AS log_likelihood,
            p.parameter, p.parameter_rank::smallint AS parameter_rank,
            clientcore.model_parameter(m.model, p.parameter)::numeric(28, 8) AS value,
            clientcore.standard_error(m.model, p.parameter)::numeric(28, 8) AS standard_error,
            s.as_of AS as_of_date
        FROM %1$I.model m
        CROSS JOIN %1$I.state s
        -- what is spent means nothing without a model of when
        CROSS JOIN LATERAL (
            SELECT coalesce(m.model OPERATOR(clientcore.=) s.purchase_model
                OR m.model OPERATOR(clientcore.=) s.spend_model AND s.purchase_model IS NOT NULL, false) AS is_used) u
        CROSS JOIN LATERAL string_to_table(CASE m.kind WHEN 'gamma-gamma' THEN 'p,q,v' WHEN 'pareto/nbd' THEN 'r,alpha,s,beta' ELSE 'r,alpha,a,b' END, ',')
            WITH ORDINALITY AS p (parameter, parameter_rank)
        ORDER BY m.as_of_date DESC, m.kind, p.parameter_rank$sql$,
        'The repeat-buying models that were fitted, a row for each parameter: which of them the views go by, and why not by others; newest first');
END
$$;
COMMENT ON FUNCTION clientcore.create_lost_views(text) IS
'Internal: makes the views of lost clients';

-- --- defaults of what people may edit ---

-- The field's segments (champions, loyal, ...) in bands of each score, but for three of its
-- names, new, at risk and lost, which are statuses here: recent, slipping and lapsed are in
-- use for them as well. For 5 bins: high is
-- 4 and 5, top 5, middle 3, low 1 and 2, bottom 1; for others the same shares of them. A
-- rule that no combination would be left for is left out.
CREATE FUNCTION clientcore.default_rfm_segments(bins integer DEFAULT 5)
RETURNS TABLE (
    "position" smallint, segment text, recency_from smallint, recency_to smallint,
    frequency_from smallint, frequency_to smallint, monetary_from smallint, monetary_to smallint)
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH band AS (
    SELECT greatest(bins * 2 / 5, 1) AS low, greatest(bins / 5, 1) AS bottom
),
edge AS (
    SELECT b.bottom, greatest(b.low, b.bottom) AS low, bins - b.low + 1 AS high, bins - b.bottom + 1 AS top,
        least(b.low + 1, bins - b.low + 1) AS middle
    FROM band b
),
rule AS (
    SELECT r.*
    FROM edge e, LATERAL (VALUES
        (1, 'champions', e.high, 10, e.high, 10, e.high, 10),
        (2, 'loyal', e.middle, 10, e.middle, 10, e.middle, 10),
        (3, 'potential loyalist', e.high, 10, e.bottom + 1, 10, 1, 10),
        (4, 'recent', e.top, 10, 1, e.bottom, 1, 10),
        (5, 'promising', e.high, 10, 1, e.bottom, 1, 10),
        (6, 'needs attention', e.middle, 10, e.bottom + 1, 10, 1, 10),
        (7, 'about to sleep', e.middle, 10, 1, e.bottom, 1, 10),
        (8, 'cannot lose', 1, e.low, e.high, 10, e.high, 10),
        (9, 'slipping', 1, e.low, e.middle, 10, 1, 10),
        (10, 'slipping', 1, e.low, e.bottom + 1, 10, e.high, 10),
        (11, 'hibernating', 1, e.low, e.bottom + 1, 10, 1, 10),
        (12, 'hibernating', e.bottom + 1, e.low, 1, 10, 1, 10),
        (13, 'lapsed', 1, e.bottom, 1, e.bottom, 1, 10)
    ) r (n, segment, r_from, r_to, f_from, f_to, m_from, m_to)
),
won AS (
    SELECT DISTINCT (
        SELECT min(t.n) FROM rule t
        WHERE r BETWEEN t.r_from AND t.r_to AND f BETWEEN t.f_from AND t.f_to AND m BETWEEN t.m_from AND t.m_to) AS n
    FROM generate_series(1, 10) r, generate_series(1, 10) f, generate_series(1, 10) m
    WHERE r <= bins AND f <= bins AND m <= bins
)
SELECT (10 * row_number() OVER (ORDER BY t.n))::smallint, t.segment, t.r_from::smallint, t.r_to::smallint,
    t.f_from::smallint, t.f_to::smallint, t.m_from::smallint, t.m_to::smallint
FROM rule t JOIN won USING (n)
ORDER BY t.n
$$;
COMMENT ON FUNCTION clientcore.default_rfm_segments(integer) IS
'The rows that the table rfm_segment of a base begins with, for a number of scores (2 to 10): every combination has a segment. Source: the segments of RFM analysis as in common use.';

-- Cells speak of clients that buy; where a client is at risk, lost or of some kind, the rows
-- below win, for status and kind count before size and frequency. Of several kinds the one
-- that stands first wins.
CREATE FUNCTION clientcore.default_strategy()
RETURNS TABLE (strategy_id integer, abc text, xyz text, status text, kind text, name text, advice text, offer text)
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT row_number() OVER (ORDER BY r.n, s.n)::integer, r.abc, r.xyz, s.status, r.kind, r.name, r.advice, r.offer
FROM (VALUES
    -- cells
    (1, 'A', 'X', NULL, NULL, 'Look after', 'Large and regular: one person answers for it, stock and terms are agreed for the year, somebody visits every quarter. Nothing may go wrong here.', 'annual agreement with guaranteed stock'),
    (2, 'A', 'Y', NULL, NULL, 'Make regular', 'Large, but uneven: learn when it orders and why it skips, call before each usual order, agree on a delivery plan.', 'delivery plan with fixed prices'),
    (3, 'A', 'Z', NULL, NULL, 'Plan the next order', 'Large, but rare: ask when the next project comes and who else supplies it; be there before it asks.', 'early offer for the next project'),
    (4, 'A', 'new', NULL, NULL, 'Welcome in person', 'Large from the start: thank it in person, ask what it expects, make sure that the second order goes perfectly.', 'personal contact and a second order on best terms'),
    (5, 'B', 'X', NULL, NULL, 'Develop', 'Regular, of middle size: show what it does not buy from you yet, raise the order by sets and by steps of quantity.', 'discount from the next step of quantity on'),
    (6, 'B', 'Y', NULL, NULL, 'Develop the habit', 'Of middle size, uneven: remind it shortly before its usual order, make ordering again one click or one call.', 'small bonus for an order within its usual time'),
    (7, 'B', 'Z', NULL, NULL, 'Find the occasion', 'Of middle size, rare: find out what it buys for, and write when the occasion comes round.', 'offer for the season or occasion'),
    (8, 'B', 'new', NULL, NULL, 'Lead to the second order', 'A good beginning: ask how the first order was, propose what goes with it, within weeks.', 'something that goes with the first order'),
    (9, 'C', 'X', NULL, NULL, 'Serve simply', 'Small, but faithful: standing orders and self-service; larger packs instead of visits. Some grow.', 'larger pack at a better price'),
    (10, 'C', 'Y', NULL, NULL, 'Keep at low cost', 'Small: newsletter and web shop, no personal time; watch who grows.', NULL),
    (11, 'C', 'Z', NULL, NULL, 'Leave to the web shop', 'Small and rare: costs nothing as long as nobody spends time on it.', NULL),
    (12, 'C', 'new', NULL, NULL, 'Greet and watch', 'New and small: a friendly letter, a reason to come again; the second purchase tells more.', 'welcome for the second purchase'),
    -- by status
    (20, 'A', NULL, 'at_risk', NULL, 'Call today', 'A large client goes quiet: the manager calls today, asks what changed, settles what is open.', 'settle what is open; terms for the next order'),
    (21, 'B', NULL, 'at_risk', NULL, 'Call this week', 'Slipping away: call this week, with a reason to order now.', 'reason to order now, with an end date'),
    (22, 'C', NULL, 'at_risk', NULL, 'Remind', 'Slipping away: one friendly reminder by mail.', 'reminder of what it bought last'),
    (23, 'A', NULL, 'lost', NULL, 'Win back in person', 'A large client is gone: somebody senior goes and asks why, before anything is offered.', 'new terms after a talk'),
    (24, 'B', NULL, 'lost', NULL, 'Win back by an offer', 'Gone: ask why in one question, make one good offer with an end date, then stop.', 'good offer for the first order, with an end date'),
    (25, 'C', NULL, 'lost', NULL, 'Let rest', 'Gone, and small: the newsletter is enough.', NULL),
    (26, NULL, NULL, 'active', NULL, 'Keep in touch', 'Buys as usual: keep word, ask now and then.', NULL),
    (27, NULL, NULL, 'new', NULL, 'Greet and watch', 'New: a friendly letter, a reason to come again; the second purchase tells more.', 'welcome for the second purchase'),
    (28, NULL, NULL, 'at_risk', NULL, 'Remind', 'Slipping away: one friendly reminder.', 'reminder of what it bought last'),
    (29, NULL, NULL, 'lost', NULL, 'Let rest', 'Gone: the newsletter is enough.', NULL),
    (30, NULL, NULL, 'prospect', NULL, 'Learn what it needs', 'Has not bought yet: find out what it needs, whether it can pay and who decides; then make one fitting offer.', 'fitting first offer'),
    (31, 'C', NULL, 'prospect', NULL, 'Learn what it needs', 'Has not bought yet: find out what it needs, whether it can pay and who decides; then make one fitting offer.', 'fitting first offer'),
    -- by kind
    (32, NULL, NULL, 'active,new,at_risk,lost', 'protected', 'Ask its keeper', 'Marked as protected: nothing is said or sent to it without the one who keeps it.', NULL),
    (33, NULL, NULL, 'active,new', 'breadwinner', 'Tie closely', 'The company lives on it: the director knows its director, contracts run over years, and others are built up beside it.', 'contract over several years'),
    (34, NULL, NULL, 'at_risk', 'breadwinner', 'Director calls today', 'The company lives on it and it goes quiet: the director calls today.', 'whatever keeps it and still pays'),
    (35, NULL, NULL, 'lost', 'breadwinner', 'Director goes there', 'The company lived on it: the director goes there this week and asks why.', 'new terms after a talk'),
    (36, NULL, NULL, 'active,new', 'top_buyer', 'Look after', 'One of the few that bring half of the revenue: one person answers for it, and calls before it does.', 'annual agreement with guaranteed stock'),
    (37, NULL, NULL, 'at_risk', 'top_buyer', 'Call today', 'One of the few that bring half of the revenue goes quiet: call today, ask what changed, settle what is open.', 'settle what is open; terms for the next order'),
    (38, NULL, NULL, 'lost', 'top_buyer', 'Win back in person', 'One of the few that brought half of the revenue is gone: somebody senior goes and asks why.', 'new terms after a talk'),
    (39, NULL, NULL, 'active,new', 'vocal', 'Give a stage', 'Others listen to it: tell it first, quote it, ask it to speak.', 'first look at what is new'),
    (40, NULL, NULL, 'at_risk', 'vocal', 'Listen at once', 'Others listen to it, and it goes quiet: ask what is wrong before others hear of it.', 'a talk, and what was wrong put right'),
    (41, NULL, NULL, 'lost', 'vocal', 'Part as friends', 'Others listen to it: make good what went wrong, even if it does not come back.', 'what was wrong put right'),
    (42, NULL, NULL, 'active,new', 'image_maker', 'Show with pride', 'The company is known by it: serve it best, ask to name it as a reference.', 'joint story or event'),
    (43, NULL, NULL, 'at_risk', 'image_maker', 'Visit', 'The company is known by it, and it goes quiet: somebody senior visits.', 'joint story or event'),
    (44, NULL, NULL, 'lost', 'image_maker', 'Win back in person', 'The company was known by it: somebody senior goes and asks why.', 'new terms after a talk'),
    (45, NULL, NULL, 'active,new', 'expert', 'Ask for advice', 'It knows the trade: ask what it would do better, try new things with it, tell what came of it.', 'seat among your advisers'),
    (46, NULL, NULL, 'at_risk', 'expert', 'Ask what is wrong', 'It knows the trade: its reason for going quiet is worth more than its order.', 'a talk with those who can change things'),
    (47, NULL, NULL, 'lost', 'expert', 'Ask why it went', 'It knows the trade: ask why it went, and tell what was changed since.', 'a talk with those who can change things'),
    (48, NULL, NULL, 'active,new', 'promising', 'Help to grow', 'New, with a strong beginning: thank in person, learn what it needs, plan the next orders together.', 'personal contact and terms to grow into'),
    (49, NULL, NULL, 'at_risk', 'promising', 'Call this week', 'It began strongly and goes quiet: call this week, ask how it went.', 'reason to order now, with an end date'),
    (50, NULL, NULL, 'lost', 'promising', 'Ask why it went', 'It began strongly and is gone: one call to learn what went wrong.', 'good offer for the first order, with an end date'),
    (51, NULL, NULL, 'active,new', 'long_standing', 'Honour', 'It has bought for years: thank it for that, by name and in public if it likes.', 'sign of thanks that money does not buy'),
    (52, NULL, NULL, 'at_risk', 'long_standing', 'Visit', 'It has bought for years and goes quiet: visit, ask how things are.', 'sign of thanks that money does not buy'),
    (53, NULL, NULL, 'lost', 'long_standing', 'Win back in person', 'It had bought for years: somebody it knows goes and asks why.', 'new terms after a talk'),
    (54, NULL, NULL, 'active,new', 'key', 'Keep close', 'A key client: one person answers for it, and knows how it is this month.', NULL),
    (55, NULL, NULL, 'at_risk', 'key', 'Call today', 'A key client goes quiet: call today, ask what changed.', 'settle what is open; terms for the next order'),
    (56, NULL, NULL, 'lost', 'key', 'Win back in person', 'A key client is gone: somebody senior goes and asks why.', 'new terms after a talk'),
    (57, NULL, NULL, 'active,new,at_risk', 'let_go', 'Make it pay, or let go politely', 'It costs more than it brings: list prices, least order, no free services. If it declines, part politely.', NULL)
) AS r (n, abc, xyz, statuses, kind, name, advice, offer)
CROSS JOIN LATERAL (
    SELECT status, n FROM unnest(coalesce(string_to_array(r.statuses, ','), ARRAY[NULL])) WITH ORDINALITY AS u (status, n)) s
$$;
COMMENT ON FUNCTION clientcore.default_strategy() IS
'The rows that the table strategy of a base begins with: an action for every cell of the matrix, every status and every kind of client';

CREATE FUNCTION clientcore.fill_defaults(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($sql$
        INSERT INTO %1$I.strategy (abc, xyz, status, kind, name, advice, offer)
        SELECT d.abc, d.xyz, d.status, d.kind, d.name, d.advice, d.offer FROM clientcore.default_strategy() d ORDER BY d.strategy_id$sql$, base);
    EXECUTE format('INSERT INTO %I.rfm_segment SELECT * FROM clientcore.default_rfm_segments()', base);
END
$$;
COMMENT ON FUNCTION clientcore.fill_defaults(text) IS
'Internal: gives a new base its strategies and RFM segments';

CREATE FUNCTION clientcore.base_check_segments(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    problems jsonb;
BEGIN
    EXECUTE format($sql$
        WITH score AS (SELECT g.n FROM generate_series(1, 10) g (n) JOIN %1$I.settings s ON g.n <= s.rfm_bins),
        combination AS MATERIALIZED (
            SELECT r.n AS recency, f.n AS frequency, m.n AS monetary, (
                SELECT min(y.position) FROM %1$I.rfm_segment y
                WHERE r.n BETWEEN y.recency_from AND y.recency_to AND f.n BETWEEN y.frequency_from AND y.frequency_to
                    AND m.n BETWEEN y.monetary_from AND y.monetary_to) AS matched
            FROM score r CROSS JOIN score f CROSS JOIN score m),
        unmatched AS (
            SELECT y.position, y.segment, s.rfm_bins,
                string_agg(b.name || ' from ' || b.low || ' to ' || b.high, ', ' ORDER BY b.n) FILTER (WHERE b.low > b.high) AS empty,
                string_agg(b.name || ' from ' || b.low || ' to ' || b.high, ', ' ORDER BY b.n)
                    FILTER (WHERE b.low > s.rfm_bins OR b.high < 1) AS beyond
            FROM %1$I.rfm_segment y
            CROSS JOIN %1$I.settings s
            CROSS JOIN LATERAL (VALUES
                (1, 'recency', y.recency_from, y.recency_to),
                (2, 'frequency', y.frequency_from, y.frequency_to),
                (3, 'monetary', y.monetary_from, y.monetary_to)) b (n, name, low, high)
            WHERE NOT EXISTS (SELECT FROM combination c WHERE c.matched = y.position)
            GROUP BY y.position, y.segment, s.rfm_bins),
        without AS (
            SELECT c.recency, c.frequency, min(c.monetary) AS low, max(c.monetary) AS high
            FROM (SELECT c.*, c.monetary - row_number() OVER (PARTITION BY c.recency, c.frequency ORDER BY c.monetary) AS run
                FROM combination c WHERE c.matched IS NULL) c
            GROUP BY c.recency, c.frequency, c.run)
        SELECT jsonb_agg(to_jsonb(p) ORDER BY p.position NULLS LAST, p.n)
        FROM (
            SELECT u.position, u.segment, 0 AS n, 'can never match: ' || CASE
                    WHEN u.empty IS NOT NULL THEN u.empty || ' is empty'
                    WHEN u.beyond IS NOT NULL THEN u.beyond || ', but scores go from 1 to ' || u.rfm_bins
                    ELSE 'rows before it match all of it' END AS problem
            FROM unmatched u
            UNION ALL
            SELECT NULL, NULL, row_number() OVER (ORDER BY w.recency, w.frequency, w.low),
                'no segment for recency ' || w.recency || ', frequency ' || w.frequency || ', monetary ' || w.low
                    || CASE WHEN w.high > w.low THEN ' to ' || w.high ELSE '' END
            FROM without w) p$sql$, base)
    INTO problems;
    RETURN coalesce(problems, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.base_check_segments(text, jsonb) IS
'Internal: finds what is wrong with the RFM segments of a base';

CREATE FUNCTION clientcore.check_segments(base text)
RETURNS TABLE ("position" smallint, segment text, problem text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT p."position", p.segment, p.problem
        FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_check_segments', base, '{}'))
            AS p ("position" smallint, segment text, problem text);
END
$$;
COMMENT ON FUNCTION clientcore.check_segments(text) IS
'Checks the table rfm_segment of a base: returns rows that can never match (an empty range, scores beyond rfm_bins, all of it matched by rows before) and combinations of scores without a segment; no row where all is well. Errors: 3F000 where there is no such base.';
