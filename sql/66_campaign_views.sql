-- The views of campaigns: what came of them, who is in which, what they teach, and one for
-- each campaign with those to be written to. Templates as in 66_views.sql.

CREATE FUNCTION clientcore.create_campaign_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    campaign integer;
BEGIN
    PERFORM clientcore.create_summary(base, 'campaign_results', $sql$
        WITH places AS (
            SELECT x.place, x.names FROM (%6$s) x
            UNION ALL
            -- of those who have no card any more
            SELECT 0, ARRAY['', '', ''] FROM (%6$s) x HAVING count(*) FILTER (WHERE x.names = ARRAY['', '', '']) = 0),
        client AS (
            SELECT p.place, k.campaign_id, k.arm = 'treatment' AS is_sent, o.returned_on, o.revenue, o.profit, o.is_profit_known,
                o.second_purchase_count, o.second_revenue, o.second_last_purchase,
                o.returned_on IS NOT NULL AND coalesce(s.as_of - c.last_purchase > c.silence_limit, false) AS is_lost_again
            FROM %1$I.campaign_client k
            JOIN %1$I.campaign_outcome o ON o.campaign_id = k.campaign_id AND o.client_id %8$s k.client_id
            LEFT JOIN %1$I.client_alias a ON a.alias %8$s k.client_id
            LEFT JOIN %1$I.card c ON c.client_id %8$s coalesce(a.client, k.client_id)
            JOIN places p ON %4$s
            CROSS JOIN %1$I.state s),
        summed AS (
            SELECT k.place, k.campaign_id, count(*) FILTER (WHERE k.is_sent) AS sent, count(*) FILTER (WHERE NOT k.is_sent) AS held,
                count(k.returned_on) FILTER (WHERE k.is_sent) AS sent_returned, count(k.returned_on) FILTER (WHERE NOT k.is_sent) AS held_returned,
                coalesce(sum(k.revenue) FILTER (WHERE k.is_sent), 0) AS revenue,
                CASE WHEN bool_and(k.is_profit_known) THEN coalesce(sum(k.profit) FILTER (WHERE k.is_sent), 0) END AS profit,
                avg(k.revenue) FILTER (WHERE k.is_sent) AS sent_revenue, avg(k.revenue) FILTER (WHERE NOT k.is_sent) AS held_revenue,
                var_samp(k.revenue) FILTER (WHERE k.is_sent) AS sent_variance, var_samp(k.revenue) FILTER (WHERE NOT k.is_sent) AS held_variance,
                CASE WHEN bool_and(k.is_profit_known) THEN avg(coalesce(k.profit, 0)) FILTER (WHERE k.is_sent) END AS sent_profit,
                CASE WHEN bool_and(k.is_profit_known) THEN avg(coalesce(k.profit, 0)) FILTER (WHERE NOT k.is_sent) END AS held_profit,
                CASE WHEN bool_and(k.is_profit_known) THEN var_samp(coalesce(k.profit, 0)) FILTER (WHERE k.is_sent) END AS sent_profit_variance,
                CASE WHEN bool_and(k.is_profit_known) THEN var_samp(coalesce(k.profit, 0)) FILTER (WHERE NOT k.is_sent) END AS held_profit_variance,
                coalesce(sum(k.second_purchase_count) FILTER (WHERE k.is_sent), 0) AS second_purchases,
                coalesce(sum(k.second_revenue) FILTER (WHERE k.is_sent), 0) AS second_revenue,
                avg(k.second_last_purchase - k.returned_on) FILTER (WHERE k.is_sent) AS second_days,
                count(*) FILTER (WHERE k.is_sent AND k.is_lost_again) AS second_lost
            FROM client k
            GROUP BY k.place, k.campaign_id)
        SELECT %5$s
            p.campaign_id, p.name AS campaign_name, p.offer AS offer_name, p.frozen_on AS frozen_date, p.ends_on AS ends_date, e.is_over,
            k.sent + k.held AS list_count, k.sent AS sent_count, k.held AS holdout_count,
            k.sent_returned AS sent_returned_count, k.held_returned AS holdout_returned_count,
            (k.sent_returned::numeric / nullif(k.sent, 0))::numeric(9, 8) AS sent_returned_share,
            (k.held_returned::numeric / nullif(k.held, 0))::numeric(9, 8) AS holdout_returned_share,
            u.uplift::numeric(9, 8) AS uplift_share, u.standard_error::numeric(9, 8) AS standard_error_share,
            u.score_from::numeric(9, 8) AS uplift_from_share, u.score_to::numeric(9, 8) AS uplift_to_share,
            v.verdict, array_position('{works,harms,not proven,too few,no holdout,running}', v.verdict)::smallint AS verdict_rank,
            CASE WHEN %7$s THEN p.detectable_uplift END::numeric(9, 8) AS detectable_uplift_share,
            k.revenue::numeric(28, 4) AS regained_revenue_amount, k.profit::numeric(28, 4) AS regained_profit_amount,
            CASE WHEN e.is_over THEN round(u.uplift * k.sent)::bigint END AS extra_returned_count,
            x.revenue::numeric(28, 4) AS extra_revenue_amount,
            x.revenue_error::numeric(28, 4) AS extra_revenue_error_amount,
            x.profit::numeric(28, 4) AS extra_profit_amount, x.profit_error::numeric(28, 4) AS extra_profit_error_amount, k.profit IS NULL AS is_profit_assumed,
            d.cost::numeric(28, 4) AS cost_amount,
            CASE WHEN d.cost > 0 AND x.profit IS NOT NULL THEN greatest(least((x.profit - d.cost) / d.cost, 9999), -9999) END::numeric(12, 8) AS return_on_cost_share,
            k.second_purchases::bigint AS second_purchase_count, k.second_revenue::numeric(28, 4) AS second_revenue_amount,
            k.second_days::numeric(10, 1) AS second_lifetime_days, k.second_lost AS second_lost_count,
            CASE WHEN NOT e.is_over THEN format('%%s written to, %%s of them came back so far; it runs until %%s', k.sent, k.sent_returned, to_char(p.ends_on, 'YYYY-MM-DD'))
                ELSE format('of %%s written to, %%s came back', k.sent, k.sent_returned)
                    || CASE WHEN u.uplift IS NOT NULL THEN format('; about %%s would have anyhow; the truth is between %%s and %%s more of 100', round(k.sent * k.held_returned::numeric / nullif(k.held, 0)),
                        round(100 * u.score_from::numeric, 1), round(100 * u.score_to::numeric, 1)) ELSE '' END
                    || ': ' || v.verdict END AS summary,
            s.as_of AS as_of_date
        FROM summed k
        JOIN places w USING (place)
        JOIN %1$I.campaign p USING (campaign_id)
        CROSS JOIN %1$I.state s
        CROSS JOIN (%9$s) t
        CROSS JOIN LATERAL clientcore.uplift(k.sent, k.sent_returned, k.held, k.held_returned) u
        CROSS JOIN LATERAL (SELECT s.as_of >= p.ends_on AS is_over) e
        CROSS JOIN LATERAL (SELECT CASE WHEN NOT e.is_over THEN 'running' WHEN k.held = 0 THEN 'no holdout'
            WHEN k.held < 10 OR k.sent < 10 THEN 'too few' WHEN u.score_from > 0 THEN 'works' WHEN u.score_to < 0 THEN 'harms' ELSE 'not proven' END AS verdict) v
        -- money is told when all is over: it moves about until then
        CROSS JOIN LATERAL (
            SELECT CASE WHEN e.is_over THEN k.sent * (k.sent_revenue - k.held_revenue) END AS revenue,
                CASE WHEN e.is_over THEN k.sent * sqrt(k.sent_variance / nullif(k.sent, 0) + k.held_variance / nullif(k.held, 0)) END AS revenue_error,
                CASE WHEN e.is_over THEN coalesce(k.sent * (k.sent_profit - k.held_profit), k.sent * (k.sent_revenue - k.held_revenue) * t.assumed_margin_share) END AS profit,
                CASE WHEN e.is_over THEN k.sent * sqrt(coalesce(k.sent_profit_variance, k.sent_variance * t.assumed_margin_share ^ 2) / nullif(k.sent, 0)
                    + coalesce(k.held_profit_variance, k.held_variance * t.assumed_margin_share ^ 2) / nullif(k.held, 0)) END AS profit_error) x
        CROSS JOIN LATERAL (
            SELECT coalesce(CASE WHEN %7$s THEN p.cost END, CASE WHEN num_nonnulls(p.cost_per_client, p.cost_per_return) > 0
                THEN coalesce(p.cost_per_client, 0) * k.sent + coalesce(p.cost_per_return, 0) * k.sent_returned END) AS cost) d
        ORDER BY place, p.campaign_id$sql$,
        'What came of each campaign: how many of those written to came back, how many would have anyhow, what that brought and cost');

    PERFORM clientcore.create_view(base, 'campaign_clients', replace($sql$
        SELECT k.client_id, c.name, c.manager, c.segment, c.region,
            p.campaign_id, p.name AS campaign_name, k.arm, (CASE k.arm WHEN 'treatment' THEN 1 ELSE 2 END)::smallint AS arm_rank, k.stratum AS stratum_rank,
            k.value::numeric(28, 4) AS value_amount, k.was_lost AS is_lost_then, k.silence_days AS frozen_silence_days, k.reason,
            (@expected)::numeric(9, 8) AS expected_share,
            o.returned_on IS NOT NULL AS is_returned, o.returned_on AS returned_date, coalesce(o.purchase_count, 0) AS purchase_count,
            coalesce(o.revenue, 0)::numeric(28, 4) AS revenue_amount, o.profit::numeric(28, 4) AS profit_amount,
            coalesce(o.second_purchase_count, 0) AS second_purchase_count, coalesce(o.second_revenue, 0)::numeric(28, 4) AS second_revenue_amount,
            p.frozen_on AS frozen_date, p.ends_on AS ends_date, s.as_of AS as_of_date
        FROM %1$I.campaign_client k
        JOIN %1$I.campaign p USING (campaign_id)
        CROSS JOIN %1$I.state s
        LEFT JOIN %1$I.campaign_outcome o ON o.campaign_id = k.campaign_id AND o.client_id %8$s k.client_id
        LEFT JOIN %1$I.client_alias a ON a.alias %8$s k.client_id
        LEFT JOIN %1$I.card c ON c.client_id %8$s coalesce(a.client, k.client_id)
        ORDER BY k.campaign_id, k.stratum, k.client_id$sql$, '@expected', clientcore.chance_within('k.chance_12m', 'p.ends_on - p.frozen_on')),
        'Who is in which campaign, written to or held back, and what each bought since');

    PERFORM clientcore.create_view(base, 'campaign_lessons', $sql$
        SELECT coalesce(nullif(l.reason, ''), '(not known)') AS reason,
            (ARRAY['under half a year', 'half a year to a year', 'one to two years', 'two years and more'])[l.silence_band] AS silence_band,
            l.silence_band AS silence_band_rank, l.sent_count, l.returned_count,
            (l.returned_count::numeric / l.sent_count)::numeric(9, 8) AS returned_share, l.holdout_count, l.holdout_returned_count,
            (l.holdout_returned_count::numeric / nullif(l.holdout_count, 0))::numeric(9, 8) AS holdout_returned_share, (l.expected_count / l.sent_count)::numeric(9, 8) AS expected_share,
            l.learnt_share::numeric(9, 8) AS learnt_share, s.as_of AS as_of_date
        FROM %1$I.campaign_lesson l
        CROSS JOIN %1$I.state s
        ORDER BY l.reason COLLATE "C", l.silence_band$sql$,
        'What campaigns that are over taught: how often lost clients come back when written to, by the reason of the loss and by silence');

    FOR campaign IN EXECUTE format('SELECT campaign_id FROM %I.campaign ORDER BY campaign_id', base) LOOP
        PERFORM clientcore.create_export(base, campaign);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.create_campaign_views(text) IS
'Internal: makes the views of campaigns';

-- Those to be written to in one campaign: the holdout is not in it, nor who may not be
-- written to by now; nor whoever turned out to be the same person as one held back. Granted
-- alone to whoever sends letters, who must not see through it what it leaves out.
CREATE FUNCTION clientcore.create_export(base text, campaign integer)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := format('campaign_export_%s', campaign);
BEGIN
    IF to_regclass(format('%I.%I', base, name)) IS NOT NULL AND NOT EXISTS (SELECT FROM clientcore.exports_of(base) e WHERE e.campaign = create_export.campaign) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_table',
            MESSAGE = format('"%s" is there already in base "%s", and is no export of clientcore', name, base),
            HINT = 'Rename it: the list of the campaign gets that name.';
    END IF;
    PERFORM clientcore.create_view(base, name, replace(replace(replace(replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            p.campaign_id, p.name AS campaign_name, p.offer AS offer_name, f.description AS offer_description,
            max(k.value)::numeric(28, 4) AS value_amount, p.frozen_on AS frozen_date, p.ends_on AS ends_date
        FROM @members k
        JOIN %1$I.campaign p ON p.campaign_id = k.campaign_id
        JOIN (SELECT d.*, s.as_of AS as_of_date FROM %1$I.card d CROSS JOIN %1$I.state s) c ON c.client_id %8$s k.person
        LEFT JOIN %1$I.offer f ON f.offer_id = p.offer_id
        LEFT JOIN %1$I.client_info i ON i.client_id %8$s c.client_id
        WHERE k.campaign_id = @campaign AND k.arm = 'treatment' AND NOT @protected AND @may
            AND (i.has_consent OR NOT p.is_consent_told)
            AND NOT EXISTS (SELECT FROM @members h WHERE h.campaign_id = @campaign AND h.arm = 'holdout' AND h.person %8$s k.person)
        GROUP BY c.client_id, c.name, c.manager, c.segment, c.region, p.campaign_id, f.offer_id
        ORDER BY c.client_id$sql$, '@members', clientcore.people_rows('campaign_client')), '@campaign', campaign::text), '@may', clientcore.may_be_written_to()), '@protected', clientcore.is_protected_now()),
        clientcore.export_comment());
    EXECUTE format('ALTER VIEW %I.%I SET (security_barrier)', base, name);
END
$$;
COMMENT ON FUNCTION clientcore.create_export(text, integer) IS
'Internal: makes the view of those to be written to in a campaign. Errors: 42P07 where something else has its name.';

-- By which a view of that name is known to be one.
CREATE FUNCTION clientcore.export_comment()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT 'Whom to write to in this campaign of clientcore: those drawn for it, without the ones held back'
$$;
COMMENT ON FUNCTION clientcore.export_comment() IS
'Internal: the comment on a view of those to be written to';

CREATE FUNCTION clientcore.exports_of(base text)
RETURNS TABLE (name text, campaign integer)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT c.relname::text, substring(c.relname FROM '[0-9]+$')::integer
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = base AND c.relkind = 'v' AND c.relname ~ '^campaign_export_[1-9][0-9]{0,8}$' AND c.relowner = n.nspowner
    AND obj_description(c.oid, 'pg_class') = clientcore.export_comment()
ORDER BY 2
$$;
COMMENT ON FUNCTION clientcore.exports_of(text) IS
'Internal: the views of those to be written to in the campaigns of a base';

CREATE FUNCTION clientcore.drop_exports(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    export record;
BEGIN
    FOR export IN SELECT e.name FROM clientcore.exports_of(base) e LOOP
        EXECUTE format('DROP VIEW %I.%I', base, export.name);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.drop_exports(text) IS
'Internal: drops all views of those to be written to. Errors: 2BP01 while other objects depend on one.';

-- Of campaigns that are no more. One that others read, or depend on, stays for now, and is
-- empty: no refresh waits for it.
CREATE FUNCTION clientcore.drop_orphan_exports(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms'
AS $$
DECLARE
    export record;
BEGIN
    FOR export IN
        EXECUTE format('SELECT e.name FROM clientcore.exports_of($1) e WHERE NOT EXISTS (SELECT FROM %I.campaign p WHERE p.campaign_id = e.campaign)', base) USING base
    LOOP
        BEGIN
            EXECUTE format('DROP VIEW %I.%I', base, export.name);
        EXCEPTION WHEN dependent_objects_still_exist OR lock_not_available THEN
            NULL;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.drop_orphan_exports(text) IS
'Internal: drops the views of those to be written to in campaigns that were deleted, where that can be done at once';
