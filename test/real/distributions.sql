-- What five real sets of sales look like as client bases: a table in Markdown, as it
-- stands in doc/views.md. Needs the schema real, as test/bin/load-real makes it.

SET client_min_messages = warning;
\pset tuples_only on
\pset format unaligned

CALL clientcore.attach('online_retail', 'real.online_retail', client => 'customer_id', sold_at => 'invoice_date',
    amount => 'quantity * unit_price', time_zone => 'Europe/London');
CALL clientcore.attach('cdnow_sample', 'real.cdnow_sample', client => 'client_id', sold_at => 'sold_on', amount => 'amount');
CALL clientcore.attach('rfm_orders', 'real.rfm_orders', client => 'customer_id', sold_at => 'order_date', amount => 'revenue');
CALL clientcore.attach('northwind', 'real.northwind_lines', client => 'customer_id', sold_at => 'order_date',
    amount => 'unit_price * quantity * (1 - discount)');
CALL clientcore.attach('classicmodels', 'real.classicmodels_lines', client => 'customer_number', sold_at => 'order_date',
    amount => 'quantity_ordered * price_each', profit => 'quantity_ordered * (price_each - buy_price)');

CREATE TEMP TABLE set_of_sales (place integer, base text);
INSERT INTO set_of_sales VALUES (1, 'online_retail'), (2, 'cdnow_sample'), (3, 'rfm_orders'), (4, 'northwind'), (5, 'classicmodels');
CREATE TEMP TABLE measured (place integer, n integer, what text, value text);

-- 12,345
CREATE FUNCTION pg_temp.readable(n numeric) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN to_char(n, 'FM999,999,999,990');

SELECT format($sql$
INSERT INTO measured
SELECT %1$s, m.* FROM (
    SELECT count(*) AS clients, count(*) FILTER (WHERE is_lost) AS lost, sum(purchase_count) AS purchases,
        sum(greatest(purchase_count - 1, 0)) AS ended, min(first_purchase_date) AS since, min(as_of_date) AS as_of, sum(revenue_12m_amount) AS revenue,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY typical_interval_days)::numeric AS typical,
        count(*) FILTER (WHERE is_key AND NOT is_lost) AS key, count(*) FILTER (WHERE is_key AND is_lost) AS key_lost,
        sum(revenue_12m_share) FILTER (WHERE is_key) AS key_share,
        concat_ws(' / ', pg_temp.readable(count(*) FILTER (WHERE abc_class = 'A')), pg_temp.readable(count(*) FILTER (WHERE abc_class = 'B')),
            pg_temp.readable(count(*) FILTER (WHERE abc_class = 'C'))) AS abc,
        concat_ws(' / ', pg_temp.readable(count(*) FILTER (WHERE NOT is_lost AND xyz_class = 'X')), pg_temp.readable(count(*) FILTER (WHERE NOT is_lost AND xyz_class = 'Y')),
            pg_temp.readable(count(*) FILTER (WHERE NOT is_lost AND xyz_class = 'Z')), pg_temp.readable(count(*) FILTER (WHERE NOT is_lost AND xyz_class = 'new'))) AS xyz,
        concat_ws(' / ', pg_temp.readable(count(*) FILTER (WHERE loyalty_stage = 'adherent')), pg_temp.readable(count(*) FILTER (WHERE loyalty_stage = 'frequent')),
            pg_temp.readable(count(*) FILTER (WHERE loyalty_stage = 'second_purchase')), pg_temp.readable(count(*) FILTER (WHERE loyalty_stage = 'first_purchase'))) AS ladder,
        count(*) FILTER (WHERE purchase_count BETWEEN 1 AND 3) AS short,
        count(*) FILTER (WHERE is_at_risk) AS at_risk
    FROM %2$I.clients) c
CROSS JOIN %2$I.settings s
CROSS JOIN (SELECT count(*) FILTER (WHERE returned_on IS NOT NULL) AS called FROM %2$I.client_loss) l
CROSS JOIN (SELECT coalesce(sum(value_lost_amount), 0) AS value, max(return_12m_share) AS best FROM %2$I.lost_clients) w
CROSS JOIN (SELECT retention_12m_share AS kept, sum(once_lost_count) OVER year / nullif(sum(due_count) OVER year, 0) AS once_lost
    FROM %2$I.client_flow WINDOW year AS (ORDER BY month_date ROWS 11 PRECEDING) ORDER BY month_date DESC LIMIT 1) f
CROSS JOIN clientcore.back_test(%2$L) t
CROSS JOIN LATERAL (VALUES
    (1, 'sales from', to_char(c.since, 'YYYY-MM-DD')),
    (2, 'as of', to_char(c.as_of, 'YYYY-MM-DD')),
    (3, 'clients', pg_temp.readable(c.clients)),
    (4, 'purchases', pg_temp.readable(c.purchases)),
    (5, 'typical interval of half of the clients, at most', trim_scale(round(c.typical, 1)) || ' days'),
    (6, 'XYZ looks at', s.xyz_periods || ' ' || s.xyz_period || 's'),
    (7, '`lost_factor`', s.lost_factor::text),
    (8, '`lost_fallback_days`', s.lost_fallback_days::text),
    (9, 'clients with fewer than three intervals, to whom these days apply', round(100.0 * c.short / c.clients) || ' %%'),
    (10, 'silences that ended in a purchase', pg_temp.readable(c.ended)),
    (11, 'of them called a loss', round(100.0 * l.called / c.ended, 1) || ' %%'),
    (12, 'key clients, not lost', pg_temp.readable(c.key)),
    (13, 'key clients lost within 12 months', pg_temp.readable(c.key_lost)),
    (14, 'all of these, of all clients', round(100.0 * (c.key + c.key_lost) / c.clients, 1) || ' %%'),
    (15, 'what they bring of the revenue of 12 months', round(100 * c.key_share, 1) || ' %%'),
    (16, 'A / B / C', c.abc),
    (17, 'X / Y / Z / new, of clients not lost', c.xyz),
    (18, 'adherent / frequent / second / first purchase', c.ladder),
    (19, 'lost', pg_temp.readable(c.lost) || ' (' || round(100.0 * c.lost / c.clients) || ' %%)'),
    (20, 'value lost, in revenue of 12 months', round(100 * w.value / c.revenue) || ' %%'),
    (21, 'at risk', pg_temp.readable(c.at_risk)),
    (22, 'still here of the clients of a year ago', round(100 * f.kept) || ' %%'),
    (23, 'lost before a second purchase, of those due within 12 months', coalesce(round(100 * f.once_lost) || ' %%', 'none due')),
    (24, 'back-test made on', to_char(t.test_date, 'YYYY-MM-DD')),
    (25, 'called lost; of them bought since', pg_temp.readable(t.lost_count) || '; ' || pg_temp.readable(t.lost_returned_count)),
    (26, 'not called lost; of them did not buy since', pg_temp.readable(t.kept_count) || '; ' || pg_temp.readable(t.kept_silent_count)),
    (27, 'best chance of return of a lost client', round(100 * w.best) || ' %%')
    ) m (n, what, value)$sql$, place, base)
FROM set_of_sales \gexec

SELECT format('| | %s |', string_agg(base, ' | ' ORDER BY place)) FROM set_of_sales;
SELECT format('| --- | %s |', string_agg('---', ' | ')) FROM set_of_sales;
SELECT format('| %s | %s |', what, string_agg(value, ' | ' ORDER BY place)) FROM measured GROUP BY n, what ORDER BY n;
