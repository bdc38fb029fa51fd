-- Every figure of every view of a base against plain SQL over the sales, on the real sets and
-- on random ones; and what holds between the views.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\set prefix truth_
\set is_whole true
\ir common/truth_bases.psql
\if :has_real
\else
SELECT skip('the real sales are not here: online_retail, cdnow_sample, rfm_orders, northwind, classicmodels');
\endif
\ir common/truth.psql
\ir common/truth_clients.psql
\ir common/truth_months.psql

\ir common/truth_views.psql

-- --- what holds between views ---

SELECT * FROM pg_temp.twin_sums('abc_xyz_matrix', 'abc_class, xyz_class, strategy');
SELECT * FROM pg_temp.twin_sums('loyalty_ladder', 'loyalty_stage');
SELECT * FROM pg_temp.twin_sums('rfm_segments', 'rfm_segment');
SELECT * FROM pg_temp.twin_sums('class_migration', 'measure, from_class, to_class');
SELECT * FROM pg_temp.twin_sums('client_flow', 'month_date');
SELECT * FROM pg_temp.twin_sums('lost_dynamics', 'month_date');
SELECT * FROM pg_temp.twin_sums('retention_cohorts', 'cohort_date, month_date');
SELECT * FROM pg_temp.twin_sums('lost_origins', 'origin, origin_value');
SELECT * FROM pg_temp.twin_sums('kpis', 'measure, month_date', $$unit IN ('amount', 'count') AND measure <> 'average_purchase_amount'$$);
SELECT * FROM pg_temp.twin_sums('concentration', 'measure',
    $$measure IN ('buying_client_count', 'key_client_count', 'unidentified_revenue_amount')$$);

SELECT * FROM pg_temp.in_every_base($$
    SELECT c.*, m.* FROM (SELECT count(*), sum(revenue_12m_amount) FROM %1$I.clients) AS c,
        (SELECT (SELECT sum(client_count)::bigint FROM %1$I.abc_xyz_matrix) + (SELECT count(*) FROM %1$I.lost_clients),
            (SELECT sum(revenue_12m_amount) FROM %1$I.abc_xyz_matrix) + (SELECT sum(revenue_12m_amount) FROM %1$I.clients WHERE is_lost)) AS m (n, revenue)
    WHERE (c.count, c.sum) IS DISTINCT FROM (m.n, m.revenue)$$, 'the matrix and the lost are the clients');
SELECT * FROM pg_temp.in_every_base($$
    SELECT l.* FROM (SELECT sum(client_count)::bigint, sum(revenue_amount), sum(lost_from_count)::bigint FROM %1$I.loyalty_ladder) AS l (n, revenue, lost)
    WHERE (n, revenue, lost) IS DISTINCT FROM (SELECT (count(*), sum(revenue_amount), count(*) FILTER (WHERE is_lost)) FROM %1$I.clients)$$,
    'the ladder is the clients');
SELECT * FROM pg_temp.in_every_base($$
    SELECT s.* FROM (SELECT sum(client_count)::bigint, sum(revenue_amount), sum(purchase_count), sum(lost_count)::bigint, sum(at_risk_count)::bigint FROM %1$I.rfm_segments) AS s (n, revenue, purchases, lost, risk)
    WHERE (n, revenue, purchases, lost, risk) IS DISTINCT FROM (
        SELECT (count(*), sum(revenue_amount), sum(purchase_count), count(*) FILTER (WHERE is_lost), count(*) FILTER (WHERE is_at_risk)) FROM %1$I.clients WHERE purchase_count > 0)$$,
    'segments are the clients that bought');
SELECT * FROM pg_temp.in_every_base($$
    SELECT measure, sum(client_count) FROM %1$I.class_migration GROUP BY measure HAVING sum(client_count) <> (SELECT count(*) FROM %1$I.clients)$$,
    'migration moves every client once');
SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM (SELECT *, lag(end_count, 1, 0::bigint) OVER (ORDER BY month_date) AS before FROM %1$I.client_flow) AS f
    WHERE start_count <> before OR end_count <> start_count + new_count + returned_count - lost_count$$, 'the flow balances in every month');
SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM %1$I.client_flow
    WHERE revenue_amount <> new_revenue_amount + returned_revenue_amount + retained_revenue_amount + other_revenue_amount$$, 'the revenue of a month is that of its groups');
SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM (SELECT end_count FROM %1$I.client_flow ORDER BY month_date DESC LIMIT 1) AS f
    WHERE end_count <> (SELECT count(*) FROM %1$I.clients WHERE NOT is_lost AND purchase_count > 0)$$, 'the flow ends at the clients that are not lost');
SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM (SELECT count(*) AS n, sum(revenue_amount) AS revenue FROM %1$I.clients) AS c
    WHERE (n, revenue) IS DISTINCT FROM (SELECT (count(DISTINCT client_id), sum(revenue_amount)) FROM %1$I.client_months)$$, 'the months of clients are the clients');
SELECT * FROM pg_temp.in_every_base($$
    SELECT what, share FROM (
        SELECT 'matrix' AS what, sum(revenue_12m_share) AS share FROM %1$I.abc_xyz_matrix
        UNION ALL SELECT 'matrix, clients', sum(client_share) FROM %1$I.abc_xyz_matrix
        UNION ALL SELECT 'ladder', sum(revenue_12m_share) FROM %1$I.loyalty_ladder
        UNION ALL SELECT 'ladder, clients', sum(client_share) FROM %1$I.loyalty_ladder
        UNION ALL SELECT 'segments', sum(revenue_12m_share) FROM %1$I.rfm_segments
        UNION ALL SELECT 'segments, clients', sum(client_share) FROM %1$I.rfm_segments
        UNION ALL SELECT 'clients', sum(revenue_12m_share) FROM %1$I.clients) AS s
    WHERE abs(share - 1) > CASE what WHEN 'clients' THEN 0.00005 ELSE 0.0000001 END OR share IS NULL$$, 'shares sum to one');

-- Top buyers: with the least of them half is reached, without it not; and whoever is not
-- among them brings no more than it. So no smaller set reaches it.
SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM (
        SELECT sum(greatest(revenue_12m_amount, 0)) AS total, sum(revenue_12m_amount) FILTER (WHERE is_top_buyer) AS top,
            min(revenue_12m_amount) FILTER (WHERE is_top_buyer) AS least, max(revenue_12m_amount) FILTER (WHERE NOT is_top_buyer) AS next
        FROM %1$I.clients) AS c, %1$I.settings s
    WHERE top < key_share * total OR top - least >= key_share * total OR next > least OR top IS NULL$$, 'top buyers are the smallest set that brings key_share');

SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM %1$I.key_clients k WHERE reasons = '' OR (alarm IS NULL) <> (status IN ('active', 'new') AND alarm IS NULL) OR recommended_action IS NULL$$,
    'every key client has a reason and an action, and an alarm where it is lost or at risk');
SELECT * FROM pg_temp.in_every_base($$
    SELECT * FROM (SELECT key_rank, row_number() OVER (ORDER BY key_rank) AS n FROM %1$I.clients WHERE is_key) AS k WHERE key_rank <> n$$, 'ranks of key clients have no gaps');

-- --- what no default should do to real sales ---

SELECT pg_temp.collect('actual', 'clients') \g /dev/null
DELETE FROM actual WHERE base = 'random';
SELECT cmp_ok(count(*) FILTER (WHERE is_key AND NOT (is_vocal OR is_image_maker OR is_expert)), '<', count(*) / 10, base || ': key clients are few')
FROM actual GROUP BY base HAVING count(*) > 2000;
SELECT ok(sum(revenue_12m_share) FILTER (WHERE is_key) BETWEEN 0.45 AND 0.65, base || ': they bring about half') FROM actual GROUP BY base;
SELECT ok(count(*) FILTER (WHERE xyz_class IN ('X', 'Y')) >= count(*) / 10, base || ': not all are irregular') FROM actual GROUP BY base;
SELECT ok(count(*) FILTER (WHERE is_lost) BETWEEN 1 AND count(*) * 3 / 4, base || ': some are lost, not most') FROM actual GROUP BY base;
SELECT pg_temp.collect('actual', 'lost_clients') \g /dev/null
SELECT cmp_ok(sum(value_lost_amount), '>', 0::numeric, base || ': who is lost had a value') FROM actual GROUP BY base;
SELECT cmp_ok(count(*) FILTER (WHERE return_12m_share BETWEEN CASE WHEN return_rule = 'own past' THEN 0.005 ELSE 0 END AND CASE WHEN return_rule = 'own past' THEN 0.95 ELSE 0.9999 END), '=', count(*), base || ': nobody is sure to return, or not to') FROM actual GROUP BY base;

-- --- what was chosen from the sales ---

-- The rule: the 95 % quantile of interval / median of the earlier intervals, and that of the
-- intervals of who had fewer than three, where there are at least twenty of them. Numbers of
-- forty digits, so that nothing is lost before it is rounded up.
CREATE TEMP TABLE calibration AS
WITH completed AS (
    SELECT base, day, next_day, interval_count < 3 AS is_early,
           CASE WHEN interval_count < 3 THEN next_day - r.day ELSE round((next_day - r.day) * 1e40 / median) END AS value
    FROM rhythm r WHERE next_day IS NOT NULL),
asked AS (
    SELECT base, question, as_of, 0.95 AS share FROM question WHERE question LIKE '% now'
    UNION ALL
    SELECT base, 'back test', compared, 0.95 FROM question WHERE question LIKE '% now'),
ranked AS (
    SELECT base, question, as_of, is_early, value, (count(*) OVER w - 1) * share AS h, row_number() OVER (w ORDER BY value) - 1 AS i, count(*) OVER w AS n
    FROM completed JOIN asked USING (base) WHERE next_day <= as_of WINDOW w AS (PARTITION BY base, question, is_early)),
usual AS (
    SELECT base, question, percentile_cont(0.5) WITHIN GROUP (ORDER BY median)::numeric AS typical_interval
    FROM (SELECT DISTINCT ON (base, question, client) base, question, median FROM rhythm JOIN asked USING (base)
        WHERE day <= as_of ORDER BY base, question, client, day DESC) AS r
    GROUP BY base, question)
SELECT base, question, as_of,
       coalesce(ceil(greatest(max(q) FILTER (WHERE NOT is_early AND n >= 20), max(1.25e40) FILTER (WHERE NOT is_early AND n >= 20)) / 1e38) / 100, 3) AS lost_factor,
       coalesce(greatest(ceil(max(q) FILTER (WHERE is_early AND n >= 20)), ceil(1.25 * max(typical_interval) FILTER (WHERE is_early AND n >= 20))), 365) AS lost_fallback_days
FROM (SELECT base, question, as_of, is_early, n, sum(value * CASE i WHEN floor(h) THEN 1 - (h - floor(h)) ELSE h - floor(h) END) AS q
      FROM ranked WHERE i IN (floor(h), floor(h) + 1) GROUP BY base, question, as_of, is_early, n) AS q
JOIN usual USING (base, question)
GROUP BY base, question, as_of;
CREATE TEMP TABLE slow AS
SELECT base, percentile_cont(0.5) WITHIN GROUP (ORDER BY typical_interval) >= 60 AS is_slow FROM figure WHERE question LIKE '% now' GROUP BY base;
SELECT unnest(ARRAY[is(q.lost_factor, c.lost_factor, base || ': lost_factor'),
    is(q.lost_fallback_days, c.lost_fallback_days::integer, base || ': lost_fallback_days'),
    is(q.xyz_period || ' ' || q.xyz_periods || ' ' || q.adherent_purchases, CASE WHEN is_slow THEN 'quarter 8 5' ELSE 'month 12 10' END, base || ': periods and purchases')])
FROM question q JOIN calibration c USING (base, question) JOIN slow USING (base) ORDER BY base;

SELECT pg_temp.collect('actual', 'settings');
SELECT is(lost_factor || ' ' || lost_fallback_days || ' ' || xyz_period, expected, base || ': known figures')
FROM actual JOIN (VALUES ('online_retail', '3.23 203 month'), ('cdnow_sample', '8.11 338 quarter'), ('rfm_orders', '7.73 438 quarter'),
    ('northwind', '4.34 279 month'), ('classicmodels', '2.18 491 quarter')) AS k (base, expected) USING (base);

-- One silence in twenty is called a loss, where there are enough to go by.
SELECT cmp_ok(abs(round(count(*) FILTER (WHERE is_loss)::numeric / count(*), 3) - 0.05), '<=', 0.015, base || ': losses among silences that ended')
FROM silence WHERE question = base || ' now' AND next_day IS NOT NULL AND base <> 'random'
GROUP BY base HAVING count(*) > 300;

-- The back-test: the rule of the day compared with, from the sales until then.
CREATE TEMP TABLE tested AS
SELECT base, c.as_of AS test_date, q.as_of AS as_of_date, c.lost_factor, c.lost_fallback_days, r.is_lost,
       EXISTS (SELECT FROM purchase p WHERE (p.base, p.client) = (c.base, r.client) AND p.day > c.as_of AND p.day <= q.as_of) AS has_bought
FROM calibration c
JOIN question q USING (base)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (client) client, c.as_of - day > CASE WHEN interval_count >= 3
        THEN greatest(q.lost_min_days, least(q.lost_max_days, ceil(c.lost_factor * median))) ELSE c.lost_fallback_days END AS is_lost
    FROM rhythm r WHERE r.base = c.base AND r.day <= c.as_of ORDER BY client, day DESC) AS r
WHERE c.question = 'back test' AND q.question = base || ' now';
SELECT is(t::text, (SELECT (test_date, as_of_date, trim_scale(lost_factor), lost_fallback_days, client_count, lost_count, lost_returned_count, kept_count, kept_silent_count)::text
    FROM clientcore.back_test((SELECT schema FROM made_base m WHERE m.base = q.base))), q.base || ': back-test')
FROM (SELECT DISTINCT base FROM tested) AS q
CROSS JOIN LATERAL (
    SELECT test_date, as_of_date, trim_scale(lost_factor), lost_fallback_days::integer, count(*) AS client_count, count(*) FILTER (WHERE is_lost) AS lost_count,
           count(*) FILTER (WHERE is_lost AND has_bought) AS lost_returned_count, count(*) FILTER (WHERE NOT is_lost) AS kept_count,
           count(*) FILTER (WHERE NOT is_lost AND NOT has_bought) AS kept_silent_count
    FROM tested WHERE tested.base = q.base GROUP BY 1, 2, 3, 4) AS t
ORDER BY q.base;

-- --- published scores ---

-- Those of the R package rfm, which puts the next whole number above a cut that is none below
-- it, and counts two orders of a day as two.
\set published `cat "${SALES_DATA:-../shared/data}/../reference/rfm_orders_scores.csv" 2>/dev/null`
SELECT :'published' <> '' AND :'has_real'::boolean AS has_published \gset
\if :has_published
CREATE TEMP TABLE published AS
SELECT 'rfm_orders'::text AS base, c[1] AS client_id, c[3]::integer AS order_count, c[4]::numeric AS amount,
       c[5]::integer AS recency, c[6]::integer AS frequency, c[7]::integer AS monetary
FROM (SELECT string_to_array(line, ',') AS c FROM string_to_table(:'published', E'\n') WITH ORDINALITY AS l (line, n) WHERE n > 1 AND line <> '') AS l;
CREATE TEMP TABLE scored_beside AS
SELECT p.*, c.purchase_count, c.revenue_amount, c.recency_score, c.frequency_score, c.monetary_score,
       ARRAY(SELECT r.measure FROM ranked r JOIN quantile q USING (question, measure)
             WHERE r.question = 'rfm_orders now' AND r.client = p.client_id AND r.value > q.value_times_whole / q.whole AND r.value < q.value_times_whole / q.whole + 1) AS at_cut
FROM published p FULL JOIN (SELECT client_id::text, purchase_count, revenue_amount, recency_score, frequency_score, monetary_score FROM :rfm.clients) AS c USING (client_id);
SELECT is(count(*), 995::bigint, 'published scores: of all clients') FROM scored_beside WHERE base IS NOT NULL AND revenue_amount = amount;
SELECT is(count(*), 0::bigint, 'published scores: recency') FROM scored_beside WHERE recency IS DISTINCT FROM recency_score AND 'recency' <> ALL (at_cut);
SELECT is(count(*), 0::bigint, 'published scores: frequency') FROM scored_beside WHERE frequency IS DISTINCT FROM frequency_score AND 'frequency' <> ALL (at_cut) AND order_count = purchase_count;
SELECT is(count(*), 0::bigint, 'published scores: money') FROM scored_beside WHERE monetary IS DISTINCT FROM monetary_score AND 'monetary' <> ALL (at_cut);
SELECT cmp_ok(count(*), '<', 10::bigint, 'published scores: few differ') FROM scored_beside
WHERE (recency, frequency, monetary) IS DISTINCT FROM (recency_score, frequency_score, monetary_score);
\else
SELECT skip('the published scores of rfm_orders are not here');
\endif

SELECT * FROM finish();
ROLLBACK;
