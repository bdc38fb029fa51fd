-- Every figure of every view of a base against plain SQL over the sales, on the real sets and
-- on random ones; and what holds between the views.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\set prefix truth_
\ir common/truth_bases.psql
\ir common/truth.psql
\ir common/truth_clients.psql
\ir common/truth_months.psql

-- --- clients ---

SELECT * FROM pg_temp.view_is('clients', 'SELECT * FROM now_truth', '{client_id}', 600);

-- All that is stored of a client, but the hash of its history.
SELECT pg_temp.collect('actual', 'card', ARRAY(SELECT base FROM made_base));
ALTER TABLE actual DROP history_hash;
DROP TABLE pg_temp.expected;
CREATE TEMP TABLE expected AS
SELECT t.*, t.client AS client_id, p.name, p.manager, p.segment, p.region,
       b.client IS NOT NULL AS existed_before, b.abc_class AS abc_before, b.xyz AS xyz_before, b.rung AS rung_before,
       b.is_lost AS was_lost_before, b.rfm_segment AS segment_before, coalesce(b.is_key, false) AS was_key_before
FROM truth t JOIN place p USING (base, client)
LEFT JOIN truth b ON b.question = t.base || ' before' AND b.client = t.client
WHERE t.question = t.base || ' now';
SELECT * FROM pg_temp.same_columns('actual', 'expected', '{base,client_id}', 600, '{}', 'card');

SELECT * FROM pg_temp.view_is('key_clients', $$
    SELECT p.*, recommended_action, advice, offer,
           CASE WHEN is_lost THEN 'lost since ' || lost_date || ': ' || pg_temp.silent(silence_days, typical_interval_days)
                WHEN is_at_risk THEN concat_ws('; ', CASE WHEN is_silent THEN pg_temp.silent(silence_days, typical_interval_days) END,
                    CASE WHEN is_shrinking THEN pg_temp.fell(revenue_90d_year_ago_amount, revenue_90d_amount) END,
                    CASE WHEN profit_12m_amount < 0 THEN 'brought a loss of ' || pg_temp.money(-profit_12m_amount) || ' in 12 months' END)
                ELSE nullif(concat_ws('; ', CASE WHEN revenue_since < key_shrunk_share * revenue_before
                        THEN 'revenue since ' || compared_date || ' fell from ' || pg_temp.money(revenue_before) || ' to ' || pg_temp.money(revenue_since) END,
                    CASE WHEN profit_12m_amount < 0 THEN 'brought a loss of ' || pg_temp.money(-profit_12m_amount) || ' in 12 months' END), '') END AS alarm,
           concat_ws('; ', CASE WHEN is_top_buyer THEN 'top buyer (' || trim_scale(round(100 * revenue_12m_share, 1)) || ' % of revenue)' END,
               CASE WHEN is_breadwinner THEN 'breadwinner' || coalesce(' (' || CASE WHEN has_profit THEN trim_scale(round(100 * profit_12m_share, 1)) END || ' % of profit)', '') END,
               CASE WHEN is_long_standing THEN 'long-standing since ' || to_char(first_purchase_date, 'YYYY') END,
               CASE WHEN is_promising THEN 'promising: new on ' || first_purchase_date END,
               CASE WHEN is_vocal THEN 'vocal' END, CASE WHEN is_image_maker THEN 'image maker' END, CASE WHEN is_expert THEN 'expert' END,
               CASE WHEN is_lost AND NOT is_top_buyer THEN 'brought ' || pg_temp.money(value_revenue) || ' in the 12 months before it fell silent' END) AS reasons
    FROM now_truth p JOIN question USING (question, base) JOIN whole USING (question, base) LEFT JOIN action USING (base, client_id)
    WHERE is_key$$, '{client_id}', 50);

SELECT * FROM pg_temp.view_is('key_client_changes', $$
    SELECT c.*, array_position(ARRAY['lost', 'left', 'shrank', 'entered'], change) AS change_rank,
           revenue_before AS revenue_before_amount, revenue_since AS revenue_now_amount, revenue_since - revenue_before AS difference_amount
    FROM (SELECT n.*, CASE
                     WHEN is_lost THEN CASE WHEN was_lost_before IS NOT TRUE AND (is_key OR was_key_before) THEN 'lost' END
                     WHEN was_key_before AND was_lost_before IS NOT TRUE THEN
                         CASE WHEN NOT is_key THEN 'left' WHEN revenue_since < key_shrunk_share * revenue_before THEN 'shrank' END
                     WHEN is_key THEN 'entered' END AS change
          FROM now_truth n JOIN question USING (question, base)) AS c
    WHERE change IS NOT NULL$$, '{client_id}', 50);

SELECT * FROM pg_temp.view_is('at_risk_clients', $$
    SELECT p.*, recommended_action, advice, offer, greatest(value_revenue, 0) AS revenue_at_risk_amount, limit_date AS would_be_lost_date,
           concat_ws('; ', CASE WHEN is_silent THEN pg_temp.silent(silence_days, typical_interval_days) END,
               CASE WHEN is_shrinking THEN pg_temp.fell(revenue_90d_year_ago_amount, revenue_90d_amount) END) AS alarm
    FROM now_truth p LEFT JOIN action USING (base, client_id)
    WHERE is_at_risk$$, '{client_id}', 50);

SELECT * FROM pg_temp.view_is('next_purchases', $$
    SELECT *, greatest(as_of_date - due_date, 0) AS overdue_days, as_of_date > due_date AS is_overdue,
           round(greatest(CASE WHEN purchase_12m_count > 0 THEN revenue_12m_amount / purchase_12m_count ELSE revenue_amount / purchase_count END, 0), 4) AS expected_amount
    FROM (SELECT *, last_purchase_date + ceil(typical_interval_days)::integer AS due_date FROM now_truth) AS n
    WHERE NOT is_lost AND purchase_count >= 2$$, '{client_id}', 50);

SELECT * FROM pg_temp.view_is('growth_candidates', $$
    SELECT n.*, recommended_action, advice, offer, greatest(a_from - CASE WHEN is_by_profit THEN profit_12m_amount ELSE revenue_12m_amount END, 0) AS gap_amount,
           revenue_before AS revenue_before_amount, revenue_since AS revenue_now_amount, revenue_since - revenue_before AS growth_amount,
           CASE WHEN revenue_before > 0 THEN round(least((revenue_since - revenue_before) / revenue_before, 9999), 8) END AS growth_share
    FROM now_truth n JOIN border USING (question) JOIN whole USING (question, base) LEFT JOIN action USING (base, client_id)
    WHERE abc_class = 'B' AND rung >= 4 AND NOT is_lost AND NOT is_at_risk$$, '{client_id}', 20);

SELECT * FROM pg_temp.view_is('let_go_candidates', $$
    SELECT n.*, (s).name AS recommended_action, (s).advice, -profit_12m_amount AS loss_12m_amount
    FROM now_truth n JOIN situation f USING (base, client_id), pg_temp.strategy_for(f.abc, f.xyz, f.status, ARRAY['let_go']) AS s
    WHERE is_let_go$$, '{client_id}', 1);

-- --- classes, segments, concentration ---

SELECT * FROM pg_temp.summary_is('abc_xyz_matrix', $$
    WITH cell AS (
        SELECT base@, abc_class, xyz_class, count(*) AS client_count, sum(revenue_12m_amount) AS revenue_12m_amount,
               sum(greatest(revenue_12m_amount, 0)) AS positive, sum(profit_12m_amount) AS profit_12m_amount
        FROM placed WHERE NOT is_lost GROUP BY base@, abc_class, xyz_class)
    SELECT base@, abc_class, abc_rank, xyz_class, xyz_rank, abc_class || CASE xyz_class WHEN 'new' THEN ' new' ELSE xyz_class END AS abc_xyz,
           (abc_rank - 1) * 4 + xyz_rank AS abc_xyz_rank, coalesce(client_count, 0) AS client_count,
           round(coalesce(client_count, 0) / sum(client_count) OVER (PARTITION BY base), 8) AS client_share,
           coalesce(revenue_12m_amount, 0) AS revenue_12m_amount, round(coalesce(positive, 0) / nullif(sum(positive) OVER (PARTITION BY base), 0), 8) AS revenue_12m_share,
           profit_12m_amount, (s).name AS strategy, (s).advice
    FROM (SELECT DISTINCT base@ FROM placed) AS p
    CROSS JOIN (VALUES ('A', 1), ('B', 2), ('C', 3)) AS a (abc_class, abc_rank)
    CROSS JOIN (VALUES ('X', 1), ('Y', 2), ('Z', 3), ('new', 4)) AS x (xyz_class, xyz_rank)
    LEFT JOIN cell USING (base@, abc_class, xyz_class)
    JOIN (SELECT a AS abc_class, x AS xyz_class, pg_temp.strategy_for(a, x, CASE x WHEN 'new' THEN 'new' ELSE 'active' END, '{}') AS s
          FROM unnest('{A,B,C}'::text[]) AS a, unnest('{X,Y,Z,new}'::text[]) AS x) AS s USING (abc_class, xyz_class)$$,
    '{abc_class,xyz_class}', 12);

SELECT * FROM pg_temp.summary_is('loyalty_ladder', $$
    WITH stage AS (SELECT stage, n AS loyalty_rank FROM unnest(ARRAY['lost', 'unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent']) WITH ORDINALITY AS s (stage, n)),
    standing AS (
        SELECT base@, loyalty_rank, count(*) AS client_count, sum(revenue_amount) AS revenue_amount, sum(revenue_12m_amount) AS revenue_12m_amount,
               sum(greatest(revenue_12m_amount, 0)) AS positive
        FROM placed GROUP BY base@, loyalty_rank),
    reached AS (
        SELECT base@, stage.loyalty_rank,
               count(*) FILTER (WHERE CASE stage WHEN 'lost' THEN is_lost OR come_back_count > 0 ELSE rung + 2 >= stage.loyalty_rank END) AS ever_count,
               count(*) FILTER (WHERE rung + 2 > stage.loyalty_rank AND stage <> 'lost') AS next_count,
               count(*) FILTER (WHERE is_lost AND rung + 2 = stage.loyalty_rank) AS lost_from_count,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE stage WHEN 'first_purchase' THEN second_purchase - first_purchase_date
                   WHEN 'second_purchase' THEN frequent_on - second_purchase WHEN 'frequent' THEN adherent_on - frequent_on END) AS median_days
        FROM placed CROSS JOIN stage GROUP BY base@, stage.loyalty_rank)
    SELECT base@, stage AS loyalty_stage, loyalty_rank, coalesce(client_count, 0) AS client_count,
           round(coalesce(client_count, 0) / sum(client_count) OVER (PARTITION BY base), 8) AS client_share,
           ever_count, coalesce(revenue_amount, 0) AS revenue_amount, coalesce(revenue_12m_amount, 0) AS revenue_12m_amount,
           round(coalesce(positive, 0) / nullif(sum(positive) OVER (PARTITION BY base), 0), 8) AS revenue_12m_share,
           CASE WHEN stage NOT IN ('lost', 'adherent') THEN round(next_count::numeric / nullif(ever_count, 0), 8) END AS conversion_share,
           median_days::numeric AS median_days, lost_from_count
    FROM reached JOIN stage USING (loyalty_rank) LEFT JOIN standing USING (base@, loyalty_rank)$$,
    '{loyalty_stage}', 7);

SELECT * FROM pg_temp.summary_is('rfm_segments', $$
    WITH summed AS (
        SELECT base@, coalesce(rfm_segment, 'none') AS rfm_segment, count(*) AS client_count, sum(revenue_amount) AS revenue_amount, sum(revenue_12m_amount) AS revenue_12m_amount,
               sum(greatest(revenue_12m_amount, 0)) AS positive, sum(purchase_count) AS purchase_count, count(*) FILTER (WHERE is_at_risk) AS at_risk_count,
               count(*) FILTER (WHERE is_lost) AS lost_count, percentile_cont(0.5) WITHIN GROUP (ORDER BY silence_days)::numeric AS median_silence_days
        FROM placed WHERE purchase_count > 0 GROUP BY base@, coalesce(rfm_segment, 'none'))
    SELECT base@, rfm_segment, segment_rank AS rfm_segment_rank, coalesce(client_count, 0) AS client_count,
           round(coalesce(client_count, 0) / sum(client_count) OVER (PARTITION BY base), 8) AS client_share,
           coalesce(revenue_amount, 0) AS revenue_amount, coalesce(revenue_12m_amount, 0) AS revenue_12m_amount,
           round(coalesce(positive, 0) / nullif(sum(positive) OVER (PARTITION BY base), 0), 8) AS revenue_12m_share,
           coalesce(purchase_count, 0) AS purchase_count, median_silence_days, coalesce(at_risk_count, 0) AS at_risk_count, coalesce(lost_count, 0) AS lost_count
    FROM (SELECT DISTINCT base@ FROM placed) AS p
    JOIN (SELECT replace(question, ' now', '') AS base, o.segment AS rfm_segment, segment_rank FROM segment_order o WHERE question LIKE '% now') AS s USING (base)
    LEFT JOIN summed USING (base@, rfm_segment)$$,
    '{rfm_segment}', 5);

SELECT * FROM pg_temp.summary_is('concentration', $$
    WITH value AS (
        SELECT base@, client_id, is_key, purchase_12m_count > 0 AS has_bought, greatest(revenue_12m_amount, 0) AS x FROM placed),
    ordered AS (
        SELECT *, sum(x) OVER (PARTITION BY base@ ORDER BY x DESC, client_id ROWS UNBOUNDED PRECEDING) AS reached, sum(x) OVER (PARTITION BY base@) AS total,
               row_number() OVER (PARTITION BY base@ ORDER BY x DESC, client_id) AS place,
               row_number() OVER (PARTITION BY base@, has_bought ORDER BY x) AS i, count(*) OVER (PARTITION BY base@, has_bought) AS n, sum(x) OVER (PARTITION BY base@, has_bought) AS s
        FROM value),
    summed AS (
        SELECT base@, count(*) FILTER (WHERE has_bought) AS buyers, count(*) FILTER (WHERE is_key) AS key, nullif(max(total), 0) AS total,
               -- the first with which 30 % are reached, if there is anything
               count(*) FILTER (WHERE reached - x < 0.30 * total) AS for_30, count(*) FILTER (WHERE reached - x < 0.55 * total) AS for_55,
               sum(x) FILTER (WHERE place <= 10) AS first_10, max(x) AS largest, coalesce(sum(x) FILTER (WHERE is_key), 0) AS of_key,
               sum((2 * i - n - 1) * x / nullif(n * s, 0)) FILTER (WHERE has_bought) AS gini, sum((x / nullif(total, 0)) ^ 2) AS hhi
        FROM ordered GROUP BY base@),
    guest AS (SELECT base, greatest(sum(amount), 0) AS amount FROM guest_sale GROUP BY base)
    SELECT base@, measure, measure_rank, label, unit, target_from, target_to, round(value, 8) AS value,
           coalesce(value >= target_from, true) AND coalesce(value <= target_to, true) AS is_within
    FROM summed
    LEFT JOIN (SELECT base, ''::text AS m, ''::text AS s, ''::text AS r, amount FROM guest) AS g USING (base)
    CROSS JOIN LATERAL (SELECT CASE WHEN concat(''@) = '' THEN coalesce(g.amount, 0) ELSE 0 END AS guests) AS u
    CROSS JOIN LATERAL (VALUES
        ('buying_client_count', 1, 'Clients that bought in the 12 months', buyers::numeric, 'count', NULL::numeric, NULL::numeric),
        ('clients_for_30_percent_count', 2, 'The largest clients that together bring 30 % of the revenue', for_30, 'count', NULL, NULL),
        ('clients_for_30_percent_share', 3, 'The same as a share of the clients that bought', for_30::numeric / nullif(buyers, 0), 'share', NULL, NULL),
        ('clients_for_55_percent_count', 4, 'The largest clients that together bring 55 % of the revenue', for_55, 'count', NULL, NULL),
        ('clients_for_55_percent_share', 5, 'The same as a share of the clients that bought', for_55::numeric / nullif(buyers, 0), 'share', NULL, NULL),
        ('first_10_share', 6, 'Share of the ten largest clients in the revenue of known clients', first_10 / total, 'share', NULL, NULL),
        ('largest_client_share', 7, 'Share of the largest client in the revenue of known clients: over 10 % the company depends on it', largest / total, 'share', NULL, 0.10),
        ('key_client_count', 8, 'Key clients', key, 'count', NULL, NULL),
        ('key_clients_share', 9, 'Share of the key clients in the revenue of known clients: 30 to 55 % is sound', of_key / total, 'share', 0.30, 0.55),
        ('unidentified_revenue_amount', 10, 'Revenue without a client (guests), in none of the shares above', guests, 'amount', NULL, NULL),
        ('unidentified_revenue_share', 11, 'The same as a share of all revenue, guests included', guests / nullif(coalesce(total, 0) + guests, 0), 'share', NULL, NULL),
        ('gini', 12, 'Gini coefficient of the revenue of clients that bought: 0 all equal, 1 one has all', gini, 'index', NULL, NULL),
        ('hhi', 13, 'Herfindahl-Hirschman index of the revenue: 1 / index is the number of equal clients that would be as concentrated', hhi, 'index', NULL, NULL)
        ) AS m (measure, measure_rank, label, value, unit, target_from, target_to)$$,
    '{measure}', 13, '{value}');

SELECT * FROM pg_temp.summary_is('class_migration', $$
    SELECT base@, measure, measure_rank, from_class, from_rank, to_class, to_rank, count(*) AS client_count,
           sum(revenue_before) AS revenue_before_amount, sum(revenue_since) AS revenue_now_amount, compared_date, as_of_date
    FROM placed
    LEFT JOIN (SELECT question, s.segment AS segment_before, segment_rank AS rank_before FROM segment_order s) AS s USING (question, segment_before)
    CROSS JOIN LATERAL (VALUES
        ('abc', 1, coalesce(abc_before, 'none'), coalesce(position(abc_before IN 'ABC'), 0), abc_class, abc_rank),
        ('xyz', 2, coalesce(xyz_before, 'none'), coalesce(array_position('{X,Y,Z,new}', xyz_before), 0), xyz_class, xyz_rank),
        ('abc_xyz', 3, coalesce(abc_xyz_before, 'none'),
            coalesce(array_position('{AX,AY,AZ,A new,BX,BY,BZ,B new,CX,CY,CZ,C new}', abc_xyz_before), 0), abc_xyz, abc_xyz_rank),
        ('loyalty_stage', 4, coalesce(stage_before, 'none'),
            coalesce(array_position('{lost,unaware,aware,first_purchase,second_purchase,frequent,adherent}', stage_before), 0), loyalty_stage, loyalty_rank),
        ('rfm_segment', 5, coalesce(segment_before, 'none'), coalesce(rank_before, 0), coalesce(rfm_segment, 'none'), coalesce(rfm_segment_rank, 0)),
        ('key', 6, CASE WHEN existed_before THEN CASE WHEN was_key_before THEN 'key' ELSE 'other' END ELSE 'none' END,
            CASE WHEN existed_before THEN CASE WHEN was_key_before THEN 1 ELSE 2 END ELSE 0 END, CASE WHEN is_key THEN 'key' ELSE 'other' END, CASE WHEN is_key THEN 1 ELSE 2 END)
        ) AS m (measure, measure_rank, from_class, from_rank, to_class, to_rank)
    GROUP BY base@, measure, measure_rank, from_class, from_rank, to_class, to_rank, compared_date, as_of_date$$,
    '{measure,from_class,to_class}', 30);

-- --- months ---

SELECT * FROM pg_temp.view_is('client_months', 'SELECT f.*, n.name, n.manager, n.segment, n.region
    FROM (SELECT base, client_id, month_date, purchase_count, sale_count, return_count, revenue_amount, returned_amount, profit_amount FROM month_fact) AS f
    JOIN now_truth n USING (base, client_id)', '{client_id,month_date}', 1000);

SELECT * FROM pg_temp.summary_is('client_flow', $$
    SELECT base@, month_date, is_complete_month, start_count, new_count, returned_count, lost_count, end_count, revenue AS revenue_amount,
           new_revenue AS new_revenue_amount, returned_revenue AS returned_revenue_amount, retained_revenue AS retained_revenue_amount,
           other_revenue AS other_revenue_amount, lost_value AS lost_value_amount, year_ago_count, kept_count,
           round(kept_count::numeric / nullif(year_ago_count, 0), 8) AS retention_12m_share, 0.7 AS retention_target_share,
           due_count, once_lost_count, round(once_lost_count::numeric / nullif(due_count, 0), 8) AS once_lost_share, 0.3 AS once_lost_limit_share
    FROM flow#$$, '{month_date}', 30);

SELECT * FROM pg_temp.summary_is('lost_dynamics', $$
    SELECT base@, month_date, is_complete_month, start_count, lost_count,
           CASE WHEN start_count > 0 THEN round(least(lost_count::numeric / start_count, 1), 8) END AS lost_share,
           lost_value AS lost_value_amount, returned_count, returned_value AS returned_value_amount,
           lost_count - returned_count AS net_lost_count, lost_value - returned_value AS net_lost_value_amount
    FROM flow#$$, '{month_date}', 30);

INSERT INTO :random.target VALUES ('revenue_amount', '2022-05-01', 1000000), ('new_client_count', '2022-05-01', 5), ('new_client_count', '2022-06-01', 7);
SELECT * FROM pg_temp.summary_is('kpis', $$
    WITH measured AS (
        SELECT base@, month_date, is_complete_month, m.*
        FROM flow# JOIN (SELECT question, base, has_profit FROM whole) AS w USING (base)
        CROSS JOIN LATERAL (VALUES
            ('revenue_amount', 1, 'Revenue', revenue, 'amount', true),
            ('profit_amount', 2, 'Profit', profit, 'amount', true),
            ('purchase_count', 3, 'Purchases: days on which a client bought', purchase_count, 'count', true),
            ('buying_client_count', 4, 'Clients that bought', buyer_count, 'count', true),
            ('client_count', 5, 'Clients at the end of the month: those not lost', end_count, 'count', true),
            ('new_client_count', 6, 'New clients: their first purchase', new_count, 'count', true),
            ('returned_client_count', 7, 'Lost clients that came back', returned_count, 'count', true),
            ('lost_client_count', 8, 'Clients lost', lost_count, 'count', false),
            ('lost_value_amount', 9, 'Revenue of the last 12 months of the clients lost', lost_value, 'amount', false),
            ('average_purchase_amount', 10, 'Revenue per purchase', round(revenue / nullif(purchase_count, 0), 8), 'amount', true),
            ('returned_amount', 11, 'Goods that came back', returned, 'amount', false),
            ('retention_12m_share', 12, 'Retention: of the clients of a year before, those not lost now', round(kept_count::numeric / nullif(year_ago_count, 0), 8), 'share', true),
            ('once_lost_share', 13, 'Lost before a second purchase: of those whose time for it ended', round(once_lost_count::numeric / nullif(due_count, 0), 8), 'share', false)
            ) AS m (measure, measure_rank, label, value, unit, is_higher_better)
        WHERE question = base || ' now' AND (measure <> 'profit_amount' OR has_profit))
    SELECT m.*, p.value AS previous_month, y.value AS year_ago, t.target
    FROM measured m
    LEFT JOIN (SELECT base@, measure, (month_date + interval '1 month')::date AS month_date, value FROM measured) AS p USING (base@, measure, month_date)
    LEFT JOIN (SELECT base@, measure, (month_date + interval '12 months')::date AS month_date, value FROM measured) AS y USING (base@, measure, month_date)
    LEFT JOIN (VALUES ('random', 'revenue_amount', date '2022-05-01', 1000000), ('random', 'new_client_count', '2022-05-01', 5),
        ('random', 'new_client_count', '2022-06-01', 7)) AS t (base, measure, month_date, target)
        ON (t.base, t.measure, t.month_date) = (m.base, m.measure, m.month_date) AND '#' = ''$$,
    '{measure,month_date}', 300);

SELECT * FROM pg_temp.summary_is('retention_cohorts', $$
    WITH cohort AS (SELECT base@, cohort_date, count(DISTINCT client_id) AS client_count FROM month_fact WHERE cohort_date IS NOT NULL GROUP BY base@, cohort_date)
    SELECT c.base@, cohort_date, (extract(year FROM age(month_date, cohort_date)) * 12 + extract(month FROM age(month_date, cohort_date)))::integer AS month_number,
           month_date, is_complete_month, client_count, CASE WHEN is_complete_month THEN coalesce(active_count, 0) END AS active_count,
           CASE WHEN is_complete_month THEN round(coalesce(active_count, 0)::numeric / client_count, 8) END AS retention_share,
           CASE WHEN is_complete_month THEN coalesce(revenue_amount, 0) END AS revenue_amount
    FROM cohort c
    JOIN (SELECT base AS b, month_date, is_complete_month FROM month) AS m ON m.b = c.base AND month_date >= cohort_date
    LEFT JOIN (SELECT base@, cohort_date, month_date, count(*) FILTER (WHERE purchase_count > 0) AS active_count, sum(revenue_amount) AS revenue_amount
               FROM month_fact GROUP BY base@, cohort_date, month_date) AS f USING (base@, cohort_date, month_date)$$,
    '{cohort_date,month_date}', 300);

SELECT * FROM pg_temp.view_is('calendar', $$
    SELECT base, day::date AS day_date, date_trunc('month', day)::date AS month_date, date_trunc('quarter', day)::date AS quarter_date,
           date_part('year', day) AS year, date_part('quarter', day) AS quarter, date_part('month', day) AS month, date_part('isoyear', day) AS week_year,
           date_part('week', day) AS week, date_part('isodow', day) AS weekday, left(day::text, 7) AS month_name,
           (ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[date_part('isodow', day)::integer] AS weekday_name,
           date_part('isodow', day) IN (6, 7) AS is_weekend, is_complete_month, day > as_of - interval '12 months' AS is_within_12m, as_of - day::date AS ago_days
    FROM (SELECT base, min(month_date) AS first_day, max(as_of) AS as_of FROM month GROUP BY base) AS b,
         generate_series(first_day::timestamp, as_of::timestamp, '1 day') AS day
    JOIN LATERAL (SELECT (date_trunc('month', day) + interval '1 month')::date - 1 <= as_of AS is_complete_month) AS c ON true$$, '{day_date}', 3000);

-- --- lost clients ---

SELECT pg_temp.collect('actual', 'client_loss', ARRAY(SELECT base FROM made_base));
SELECT * FROM pg_temp.same_columns('actual', 'loss', '{base,client_id,last_purchase}', 300, '{}', 'client_loss');
SELECT pg_temp.collect('actual', 'return_chance', ARRAY(SELECT base FROM made_base));
SELECT * FROM pg_temp.same_columns('actual', 'chance', '{base,silence_month}', 60, '{hazard,chance_12m}', 'return_chance');

SELECT * FROM pg_temp.view_is('lost_clients', $$
    SELECT n.*, (ARRAY['unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'])[rung + 1] AS lost_from_stage, rung + 2 AS lost_from_rank,
           position(value_class IN 'ABC') AS value_rank, value AS value_lost_amount, value_revenue AS revenue_lost_amount, value_profit AS profit_lost_amount,
           round(chance_12m, 8) AS return_12m_share, was_key_before AS is_former_key
    FROM now_truth n LEFT JOIN chance_of USING (base, client_id)
    WHERE is_lost$$, '{client_id}', 300, '{return_12m_share}');

SELECT * FROM pg_temp.view_is('win_back_list', $$
    SELECT w.*, row_number() OVER (PARTITION BY base ORDER BY value * chance_12m DESC, value DESC, client_id) AS win_back_rank, position(value_class IN 'ABC') AS value_rank,
           value AS value_lost_amount, round(chance_12m, 8) AS return_12m_share, round(value * chance_12m, 4) AS expected_value_amount, round(profit * chance_12m, 4) AS expected_profit_amount,
           round(greatest(profit * chance_12m * win_back_cost_share, 0), 4) AS cost_limit_amount, was_key_before AS is_former_key,
           (ARRAY['unaware', 'aware', 'first_purchase', 'second_purchase', 'frequent', 'adherent'])[rung + 1] AS lost_from_stage, rung + 2 AS lost_from_rank
    FROM (SELECT n.*, q.win_back_cost_share, round(c.chance_12m, 8) AS chance_12m, recommended_action, advice, offer, coalesce(value_profit, value_revenue * assumed_margin_share) AS profit
          FROM now_truth n JOIN question q USING (question, base) JOIN chance_of c USING (base, client_id) LEFT JOIN action USING (base, client_id)
          WHERE is_lost AND value_class IN ('A', 'B') AND value > 0 AND NOT is_protected) AS w$$, '{client_id}', 30, '{return_12m_share}');

SELECT * FROM pg_temp.summary_is('lost_origins', $$
    SELECT base@, origin, origin_rank, p.origin_value, coalesce(origin_value_rank, segment_rank) AS origin_value_rank, count(*) AS client_count,
           count(*) FILTER (WHERE is_lost) AS lost_count, round(count(*) FILTER (WHERE is_lost)::numeric / count(*), 8) AS lost_share,
           coalesce(sum(value) FILTER (WHERE is_lost), 0) AS value_lost_amount,
           count(*) FILTER (WHERE lost_date > as_of_date - interval '12 months') AS lost_12m_count,
           coalesce(sum(value) FILTER (WHERE lost_date > as_of_date - interval '12 months'), 0) AS value_lost_12m_amount
    FROM (SELECT p.*, o.* FROM placed p
          CROSS JOIN LATERAL (VALUES
              ('rung', 1, (ARRAY['first_purchase', 'second_purchase', 'frequent', 'adherent'])[rung - 1], rung + 2),
              ('value_class', 2, value_class, position(value_class IN 'ABC')),
              ('xyz', 3, CASE WHEN NOT was_lost_before THEN xyz_before END, array_position('{X,Y,Z,new}', xyz_before)),
              ('rfm_segment', 4, CASE WHEN NOT was_lost_before THEN segment_before END, NULL),
              ('segment', 5, own_segment, NULL), ('region', 6, own_region, NULL), ('manager', 7, own_manager, NULL)
              ) AS o (origin, origin_rank, origin_value, origin_value_rank)
          WHERE purchase_count > 0 AND origin_value IS NOT NULL) AS p
    LEFT JOIN (SELECT question, s.segment AS origin_value, segment_rank FROM segment_order s) AS s ON s.question = p.base || ' now' AND s.origin_value = p.origin_value AND origin = 'rfm_segment'
    GROUP BY base@, origin, origin_rank, p.origin_value, origin_value_rank, segment_rank$$,
    '{origin,origin_value}', 50);

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

-- --- what was chosen from the sales ---

-- The rule: the 95 % quantile of interval / median of the earlier intervals, and that of the
-- intervals of who had fewer than three. Numbers of forty digits, so that nothing is lost
-- before it is rounded up.
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
    SELECT base, question, as_of, is_early, value, (count(*) OVER w - 1) * share AS h, row_number() OVER (w ORDER BY value) - 1 AS i
    FROM completed JOIN asked USING (base) WHERE next_day <= as_of WINDOW w AS (PARTITION BY base, question, is_early))
SELECT base, question, as_of,
       ceil(max(q) FILTER (WHERE NOT is_early) / 1e38) / 100 AS lost_factor, ceil(max(q) FILTER (WHERE is_early)) AS lost_fallback_days
FROM (SELECT base, question, as_of, is_early, sum(value * CASE i WHEN floor(h) THEN 1 - (h - floor(h)) ELSE h - floor(h) END) AS q
      FROM ranked WHERE i IN (floor(h), floor(h) + 1) GROUP BY base, question, as_of, is_early) AS q
GROUP BY base, question, as_of;
CREATE TEMP TABLE slow AS
SELECT base, percentile_cont(0.5) WITHIN GROUP (ORDER BY typical_interval) >= 60 AS is_slow FROM figure WHERE question LIKE '% now' GROUP BY base;
SELECT is(q.lost_factor, c.lost_factor, base || ': lost_factor'),
    is(q.lost_fallback_days, c.lost_fallback_days::integer, base || ': lost_fallback_days'),
    is(q.xyz_period || ' ' || q.xyz_periods || ' ' || q.adherent_purchases, CASE WHEN is_slow THEN 'quarter 8 5' ELSE 'month 12 10' END, base || ': periods and purchases')
FROM question q JOIN calibration c USING (base, question) JOIN slow USING (base) ORDER BY base;

SELECT pg_temp.collect('actual', 'settings', ARRAY(SELECT base FROM made_base));
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
SELECT is(t.*::text, (SELECT b::text FROM clientcore.back_test((SELECT schema FROM made_base m WHERE m.base = q.base)) AS b), q.base || ': back-test')
FROM (SELECT DISTINCT base FROM tested) AS q
CROSS JOIN LATERAL (
    SELECT test_date, as_of_date, lost_factor::numeric(6, 2), lost_fallback_days::integer, count(*) AS client_count, count(*) FILTER (WHERE is_lost) AS lost_count,
           count(*) FILTER (WHERE is_lost AND has_bought) AS lost_returned_count, count(*) FILTER (WHERE NOT is_lost) AS kept_count,
           count(*) FILTER (WHERE NOT is_lost AND NOT has_bought) AS kept_silent_count
    FROM tested WHERE tested.base = q.base GROUP BY 1, 2, 3, 4) AS t
ORDER BY q.base;

-- --- published scores ---

-- Those of the R package rfm, which puts the next whole number above a cut below it, silence
-- on a cut above it, and counts two orders of a day as two.
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
             WHERE r.question = 'rfm_orders now' AND r.client = p.client_id AND abs(r.value - q.value_times_whole / q.whole) < 1) AS at_cut
FROM published p FULL JOIN (SELECT client_id::text, purchase_count, revenue_amount, recency_score, frequency_score, monetary_score FROM :rfm.clients) AS c USING (client_id);
SELECT is(count(*), 995::bigint, 'published scores: of all clients') FROM scored_beside WHERE base IS NOT NULL AND revenue_amount = amount;
SELECT is(count(*), 0::bigint, 'published scores: recency') FROM scored_beside WHERE recency IS DISTINCT FROM recency_score AND 'recency' <> ALL (at_cut);
SELECT is(count(*), 0::bigint, 'published scores: frequency') FROM scored_beside WHERE frequency IS DISTINCT FROM frequency_score AND 'frequency' <> ALL (at_cut) AND order_count = purchase_count;
SELECT is(count(*), 0::bigint, 'published scores: money') FROM scored_beside WHERE monetary IS DISTINCT FROM monetary_score AND 'monetary' <> ALL (at_cut);
SELECT cmp_ok(count(*), '<', 30::bigint, 'published scores: few differ') FROM scored_beside
WHERE (recency, frequency, monetary) IS DISTINCT FROM (recency_score, frequency_score, monetary_score);
\else
SELECT skip('the published scores of rfm_orders are not here');
\endif

SELECT * FROM finish();
ROLLBACK;
