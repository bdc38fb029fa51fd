-- The views of breadth: which groups of what is sold clients buy, and which no more. They are
-- empty without a breakdown. Templates as in 66_views.sql.

-- The name of a group, in a row of group_card with an alias.
CREATE FUNCTION clientcore.group_label(alias text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('coalesce(nullif(%s.group_name, ''''), ''(none)'') COLLATE "default"', alias)
$$;
COMMENT ON FUNCTION clientcore.group_label(text) IS
'Internal: the expression for the name of a group as views tell it';

-- A group is not bought more often than all that is bought; nor is it missed before twice its
-- own interval has passed.
CREATE FUNCTION clientcore.group_limit()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT 'greatest(g.silence_limit, c.silence_limit_days, ceil(2 * g.typical_interval)::integer)'
$$;
COMMENT ON FUNCTION clientcore.group_limit() IS
'Internal: the expression for the days that a client c may go without a group g';

-- One purchase without it may be chance.
CREATE FUNCTION clientcore.is_group_lost()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT '(g.purchase_count >= 2 AND g.other_count >= 2 AND c.as_of_date - g.last_purchase > l.silence_limit)'
$$;
COMMENT ON FUNCTION clientcore.is_group_lost() IS
'Internal: the condition by which a group g is lost with a client c that is not, once the limit l is known';

CREATE FUNCTION clientcore.create_breadth_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_view(base, 'client_breadth', replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            b.group_12m_count, b.group_ever_count, n.group_count AS base_group_count, (b.group_12m_count::numeric / nullif(n.group_count, 0))::numeric(9, 8) AS breadth_share,
            b.group_now_count, b.group_before_count, b.group_now_count - b.group_before_count AS group_difference_count,
            d.change AS breadth_change, array_position('{narrower,exchanged,same,wider,new}', d.change)::smallint AS breadth_change_rank,
            b.new_groups, b.dropped_groups, b.top_group,
            (b.top_revenue / nullif(b.revenue_12m, 0))::numeric(9, 8) AS top_group_12m_share,
            c.revenue_12m_amount, c.is_key, c.key_rank, c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank,
            c.loyalty_stage, c.loyalty_rank, c.loyalty_rung, c.status, c.status_rank, s.compared_date, c.as_of_date
        FROM (%2$s) c
        JOIN (
            SELECT g.client_id, min(g.group_12m_count) AS group_12m_count,
                count(*) FILTER (WHERE g.purchase_count > 0) AS group_ever_count,
                count(*) FILTER (WHERE g.was_bought_since) AS group_now_count,
                count(*) FILTER (WHERE g.was_bought_before) AS group_before_count,
                string_agg(@label, ', ' ORDER BY g.group_name) FILTER (WHERE g.first_purchase > s.compared_date) AS new_groups,
                string_agg(@label, ', ' ORDER BY g.group_name) FILTER (WHERE g.was_bought_before AND NOT g.was_bought_since) AS dropped_groups,
                min(@label) FILTER (WHERE g.group_rank = 1 AND g.revenue_12m > 0) AS top_group,
                min(g.revenue_12m) FILTER (WHERE g.group_rank = 1 AND g.revenue_12m > 0) AS top_revenue, sum(greatest(g.revenue_12m, 0)) AS revenue_12m
            FROM %1$I.group_card g
            CROSS JOIN %1$I.state s
            GROUP BY g.client_id) b ON b.client_id %8$s c.client_id
        CROSS JOIN %1$I.state s
        CROSS JOIN (SELECT count(DISTINCT g.group_name) AS group_count FROM %1$I.group_card g WHERE g.purchase_12m_count > 0) n
        CROSS JOIN LATERAL (
            SELECT CASE WHEN NOT c.existed_before THEN 'new' WHEN b.group_now_count > b.group_before_count THEN 'wider'
                WHEN b.group_now_count < b.group_before_count THEN 'narrower' WHEN b.dropped_groups IS NOT NULL THEN 'exchanged' ELSE 'same' END AS change) d
        ORDER BY c.client_id$sql$, '@label', clientcore.group_label('g')),
        'How many groups of what is sold each client buys, and whether they become more or fewer');

    PERFORM clientcore.create_view(base, 'client_groups', replace(replace(replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            @label AS group_name, g.group_rank,
            d.group_status, array_position('{lost,overdue,shrank,dropped,bought}', d.group_status)::smallint AS group_status_rank,
            g.first_purchase AS first_group_purchase_date, g.last_purchase AS last_group_purchase_date,
            c.as_of_date - g.last_purchase AS group_silence_days, l.silence_limit AS group_silence_limit_days, g.typical_interval::numeric(10, 1) AS group_interval_days,
            g.purchase_count AS group_purchase_count, g.purchase_12m_count,
            g.revenue::numeric(28, 4) AS revenue_amount, g.revenue_12m::numeric(28, 4) AS revenue_12m_amount,
            g.revenue_before::numeric(28, 4) AS revenue_before_amount, g.revenue_since::numeric(28, 4) AS revenue_now_amount,
            (g.revenue_since - g.revenue_before)::numeric(28, 4) AS difference_amount,
            c.is_key, c.key_rank, c.abc_class, c.abc_rank, c.status, c.status_rank, s.compared_date, c.as_of_date
        FROM (%2$s) c
        JOIN %1$I.group_card g ON g.client_id %8$s c.client_id
        CROSS JOIN %1$I.state s
        CROSS JOIN (%9$s) t
        CROSS JOIN LATERAL (SELECT @limit AS silence_limit) l
        CROSS JOIN LATERAL (
            SELECT CASE WHEN g.last_purchase IS NULL THEN 'dropped'
                WHEN NOT c.is_lost AND @lost THEN 'lost'
                WHEN NOT c.is_lost AND c.as_of_date - g.last_purchase > coalesce(g.typical_interval, l.silence_limit) AND c.last_purchase_date > g.last_purchase THEN 'overdue'
                WHEN NOT g.was_bought_since THEN 'dropped'
                WHEN g.revenue_since < t.key_shrunk_share * g.revenue_before THEN 'shrank' ELSE 'bought' END AS group_status) d
        ORDER BY c.client_id, g.group_rank$sql$, '@label', clientcore.group_label('g')), '@limit', clientcore.group_limit()), '@lost', clientcore.is_group_lost()),
        'What each client buys of each group: before and now, how long ago, and how that stands');

    PERFORM clientcore.create_view(base, 'partial_losses', replace(replace(replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            @label AS group_name,
            format('bought on %%s of %%s until %%s, and on none of %%s since', g.purchase_count,
                clientcore.counted(c.purchase_count - g.other_count, 'purchase', 'purchases'), to_char(g.last_purchase, 'YYYY-MM-DD'), g.other_count) AS why,
            (g.last_purchase + l.silence_limit + 1) AS lost_date, g.last_purchase AS last_group_purchase_date,
            c.as_of_date - g.last_purchase AS group_silence_days, l.silence_limit AS group_silence_limit_days,
            g.typical_interval::numeric(10, 1) AS group_interval_days, g.purchase_count AS group_purchase_count,
            g.other_count AS purchase_since_count,
            g.value_revenue::numeric(28, 4) AS revenue_lost_amount,
            (CASE WHEN c.revenue_amount > 0 THEN least(greatest(g.revenue, 0) / c.revenue_amount, 1) END)::numeric(9, 8) AS group_revenue_share,
            x.last_sold AS group_last_sold_date,
            c.last_purchase_date, c.revenue_12m_amount, c.is_key, c.key_rank, c.abc_class, c.abc_rank, c.status, c.status_rank, c.as_of_date
        FROM (%2$s) c
        JOIN %1$I.group_card g ON g.client_id %8$s c.client_id
        LEFT JOIN (SELECT y.group_name, max(y.last_purchase) AS last_sold FROM %1$I.group_card y GROUP BY y.group_name) x ON x.group_name = g.group_name
        CROSS JOIN LATERAL (SELECT @limit AS silence_limit) l
        WHERE NOT c.is_lost AND @lost
        ORDER BY g.value_revenue DESC, c.client_id, g.group_name$sql$, '@label', clientcore.group_label('g')), '@limit', clientcore.group_limit()), '@lost', clientcore.is_group_lost()),
        'Clients that still buy, but nothing any more of a group that they used to buy; most revenue lost first');

    PERFORM clientcore.create_view(base, 'cross_sell_gaps', replace($sql$
        WITH buyer AS MATERIALIZED (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.abc_xyz, c.abc_xyz_rank, c.is_key, c.key_rank, c.revenue_12m_amount,
                c.loyalty_stage, c.loyalty_rank, c.loyalty_rung, c.status, c.status_rank, c.as_of_date
            FROM (%2$s) c
            WHERE NOT c.is_lost AND c.purchase_12m_count > 0
                AND EXISTS (SELECT FROM %1$I.group_card g WHERE g.client_id %8$s c.client_id)),
        cell AS (SELECT b.abc_xyz_rank, count(*) AS clients FROM buyer b GROUP BY b.abc_xyz_rank),
        bought AS MATERIALIZED (
            SELECT b.abc_xyz_rank, g.group_name, n.clients, count(*) AS buyers, count(*)::numeric / n.clients AS share,
                clientcore.quantile(g.revenue_12m, 0.5) AS typical
            FROM buyer b
            JOIN %1$I.group_card g ON g.client_id %8$s b.client_id AND g.purchase_12m_count > 0
            JOIN cell n USING (abc_xyz_rank)
            CROSS JOIN (%9$s) t
            WHERE n.clients >= 5
            GROUP BY b.abc_xyz_rank, g.group_name, n.clients, t.cross_sell_share
            HAVING count(*) >= t.cross_sell_share * n.clients)
        SELECT b.client_id, b.name, b.manager, b.segment, b.region,
            @label AS group_name,
            row_number() OVER (PARTITION BY b.client_id ORDER BY f.is_former_buyer, e.expected DESC, g.group_name) AS gap_rank,
            b.abc_xyz, b.abc_xyz_rank, g.clients AS cell_client_count, g.buyers AS cell_buyer_count, g.share::numeric(9, 8) AS cell_buyer_share,
            g.typical::numeric(28, 4) AS typical_12m_amount, e.expected::numeric(28, 4) AS expected_12m_amount,
            f.is_former_buyer, o.last_purchase AS last_group_purchase_date,
            b.revenue_12m_amount, b.is_key, b.key_rank, b.loyalty_stage, b.loyalty_rank, b.loyalty_rung, b.status, b.status_rank, b.as_of_date
        FROM buyer b
        JOIN bought g USING (abc_xyz_rank)
        LEFT JOIN %1$I.group_card o ON o.client_id %8$s b.client_id AND o.group_name = g.group_name
        -- nobody brings more with one group than it brings with all
        CROSS JOIN LATERAL (SELECT g.share * least(g.typical, greatest(b.revenue_12m_amount, 0)) AS expected) e
        CROSS JOIN LATERAL (SELECT coalesce(o.purchase_count > 0, false) AS is_former_buyer) f
        WHERE coalesce(o.purchase_12m_count, 0) = 0
        ORDER BY f.is_former_buyer, e.expected DESC, b.client_id, g.group_name$sql$, '@label', clientcore.group_label('g')),
        'What to offer next: groups that many clients of the same ABC-XYZ cell bought within 12 months, and this one did not; most revenue first, former buyers last');

    PERFORM clientcore.create_summary(base, 'channel_mix', replace($sql$
        WITH places AS (%6$s),
        bought AS (
            SELECT p.place, g.*
            FROM %1$I.group_card g
            JOIN %1$I.card c ON c.client_id %8$s g.client_id
            JOIN places p ON %4$s),
        summed AS (
            SELECT b.place, b.group_name, count(*) FILTER (WHERE b.purchase_12m_count > 0) AS clients,
                count(*) FILTER (WHERE b.purchase_12m_count > 0 AND b.group_12m_count = 1) AS alone, sum(b.purchase_12m_count) AS purchases,
                sum(b.revenue_12m) AS revenue, sum(b.revenue_since) AS now, sum(b.revenue_before) AS before
            FROM bought b
            GROUP BY b.place, b.group_name),
        known AS (SELECT b.place, count(*) AS clients FROM bought b WHERE b.group_12m_count > 0 AND b.group_rank = 1 GROUP BY b.place)
        SELECT %5$s
            @label AS group_name,
            row_number() OVER (PARTITION BY g.place ORDER BY g.revenue DESC, g.group_name) AS group_rank,
            g.clients AS client_12m_count, (g.clients::numeric / nullif(k.clients, 0))::numeric(9, 8) AS client_12m_share, g.alone AS only_client_12m_count,
            g.purchases::bigint AS purchase_12m_count, g.revenue::numeric(28, 4) AS revenue_12m_amount,
            (greatest(g.revenue, 0) / nullif(sum(greatest(g.revenue, 0)) OVER (PARTITION BY g.place), 0))::numeric(9, 8) AS revenue_12m_share,
            g.before::numeric(28, 4) AS revenue_before_amount, g.now::numeric(28, 4) AS revenue_now_amount, (g.now - g.before)::numeric(28, 4) AS difference_amount,
            (greatest(g.before, 0) / nullif(sum(greatest(g.before, 0)) OVER (PARTITION BY g.place), 0))::numeric(9, 8) AS revenue_before_share,
            s.compared_date, s.as_of AS as_of_date
        FROM summed g
        JOIN places w USING (place)
        LEFT JOIN known k USING (place)
        CROSS JOIN %1$I.state s
        ORDER BY place, group_rank$sql$, '@label', clientcore.group_label('g')),
        'What each group (channel, product line, shop) brings, how many clients buy of it, how many of it alone');
END
$$;
COMMENT ON FUNCTION clientcore.create_breadth_views(text) IS
'Internal: makes the views of breadth';
