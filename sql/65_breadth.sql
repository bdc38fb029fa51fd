-- The breadth of what clients buy: with a breakdown, what a refresh makes of the histories
-- per client and group. A group is told lost by the rule for clients: silence.

-- One row for each client, duplicates and sales relations joined, and group it has bought.
CREATE FUNCTION clientcore.group_card_query(base text, settings text, day date, compared date)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
    SELECT g.client_id, g.group_name, (g.f).first_purchase, (g.f).last_purchase, (g.f).purchase_count, (g.f).revenue,
        (g.f).purchase_12m_count, (g.f).revenue_12m, coalesce((g.f).last_purchase > %4$L, false),
        -- most is known without a look at the days
        CASE WHEN (g.f).first_purchase <= %4$L THEN CASE WHEN (g.f).last_purchase <= %4$L THEN (g.f).last_purchase > %5$L
            WHEN (g.f).first_purchase > %5$L THEN true
            ELSE clientcore.purchase_count(clientcore.slice(g.history, %5$L::date + 1, %4$L)) > 0 END ELSE false END,
        (g.f).revenue_since, (g.f).revenue_before, (g.f).value_revenue, (g.f).typical_interval, (g.f).silence_limit,
        CASE WHEN %3$L - (g.f).last_purchase > (g.f).silence_limit THEN clientcore.purchase_count(clientcore.slice(p.history, (g.f).last_purchase + 1, %3$L)) END,
        row_number() OVER (PARTITION BY g.client_id ORDER BY (g.f).revenue_12m DESC, g.group_name),
        count(*) FILTER (WHERE (g.f).purchase_12m_count > 0) OVER (PARTITION BY g.client_id)
    FROM (
        SELECT h.client_id, h.group_name, h.history, clientcore.card_figures(h.history, %3$L, %4$L, s.xyz_by, s.xyz_periods, s.xyz_period, 0.75, 0.25,
            s.frequent_purchases, s.adherent_purchases, s.adherent_days, %7$s, s.promising_days) AS f
        FROM (%9$s) h
        CROSS JOIN %6$s s
        OFFSET 0) g
    JOIN %1$I.card c ON c.client_id %2$s g.client_id
    JOIN (%8$s) p ON p.client_id %2$s g.client_id
    WHERE (g.f).sale_count + (g.f).return_count > 0$sql$,
    base, (SELECT equality FROM clientcore.base_key(base)), day, compared,
    -- as many days before; of whole years, a year
    CASE WHEN compared = (day - interval '12 months')::date THEN (compared - interval '12 months')::date ELSE compared - (day - compared) END,
    settings, clientcore.lost_arguments('s'), clientcore.joined_histories(base),
    format(CASE WHEN clientcore.has_plain_histories(base) THEN 'SELECT h.client_id, h.group_name, h.history FROM %3$s' ELSE $sql$
            SELECT coalesce(a.client, h.client_id) AS client_id, h.group_name, clientcore.rollup(h.history) AS history
            FROM %3$s
            LEFT JOIN %1$I.client_alias a ON a.alias %2$s h.client_id
            GROUP BY coalesce(a.client, h.client_id), h.group_name$sql$ END, base, (SELECT equality FROM clientcore.base_key(base)),
        clientcore.histories(base, 'group_history', 'h')))
$$;
COMMENT ON FUNCTION clientcore.group_card_query(text, text, date, date) IS
'Internal: the query of what each client bought of each group, as of a day';

CREATE FUNCTION clientcore.refresh_group_cards(base text, settings text, day date, compared date)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
SELECT clientcore.replace_rows(base, 'group_card', clientcore.group_card_query(base, settings, day, compared))
$$;
COMMENT ON FUNCTION clientcore.refresh_group_cards(text, text, date, date) IS
'Internal: brings what each client bought of each group up to date';
