-- What a director wants to know on Monday morning, read from the views of the base
-- "shop": six questions, each answered in at most fifteen lines. The view that answers
-- stands beside the question; whoever wants to know more goes on there.

\pset footer off
\pset numericlocale on

-- --- words and numbers ---

-- A number as it is read.
CREATE FUNCTION pg_temp.readable(n numeric) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN to_char(round(n), 'FM999,999,999,999,999,999,990');

-- A share as a percentage.
CREATE FUNCTION pg_temp.percent(share numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE
RETURN round(100 * share, 1);

-- The same in a sentence.
CREATE FUNCTION pg_temp.in_percent(share numeric) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN round(100 * share) || ' %';

-- "1 client is", "2 clients are".
CREATE FUNCTION pg_temp.counted(n numeric, one text, many text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN pg_temp.readable(n) || ' ' || CASE WHEN n = 1 THEN one ELSE many END;

-- A client by its name or, where that is not known, its key; not too wide.
CREATE FUNCTION pg_temp.called(client_id text, name text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN length(coalesce(name, client_id)) > 26 THEN left(coalesce(name, client_id), 25) || '…' ELSE coalesce(name, client_id) END;

-- --- what changed among the key clients ---

-- Nine of them: of each change as many as fit, in the order of the view. Who is no longer a
-- key client only because others grew more is counted alone.
CREATE TEMP VIEW shown_change AS
SELECT *
FROM (SELECT *, row_number() OVER (ORDER BY place, change_rank) AS turn
    FROM (SELECT *, row_number() OVER (PARTITION BY change
            ORDER BY CASE change WHEN 'lost' THEN greatest(revenue_now_amount, revenue_before_amount) ELSE abs(difference_amount) END DESC, client_id) AS place
        FROM shop.key_client_changes
        WHERE change <> 'outpaced') AS c) AS c
WHERE turn <= 9;

SELECT format('What changed among the key clients since %s?', min(compared_date)) AS question FROM shop.class_migration \gset
SELECT CASE WHEN max(value) FILTER (WHERE measure = 'key_client_count') = 0 THEN 'There is no key client.'
    ELSE format('%s of %s%s %s %s of 12 months'' revenue, the ten largest %s, the largest %s.',
        pg_temp.counted(max(value) FILTER (WHERE measure = 'key_client_count'), 'key client', 'key clients'),
        (SELECT pg_temp.readable(count(*)) FROM shop.clients),
        (SELECT CASE WHEN count(*) > 0 THEN format(', %s of them lost,', pg_temp.readable(count(*))) ELSE '' END
            FROM shop.key_clients WHERE is_lost),
        CASE max(value) FILTER (WHERE measure = 'key_client_count') WHEN 1 THEN 'brings' ELSE 'bring' END,
        pg_temp.in_percent(max(value) FILTER (WHERE measure = 'key_clients_share')),
        pg_temp.in_percent(max(value) FILTER (WHERE measure = 'first_10_share')),
        pg_temp.in_percent(max(value) FILTER (WHERE measure = 'largest_client_share'))) END AS concentration
FROM shop.concentration \gset
SELECT count(*) > 0 AS has_changes,
    format('Lost: %s; ceased to be key: %s; shrank: %s; became key: %s; outpaced: %s. Revenue: %s before, %s since.',
        count(*) FILTER (WHERE change = 'lost'), count(*) FILTER (WHERE change = 'left'),
        count(*) FILTER (WHERE change = 'shrank'), count(*) FILTER (WHERE change = 'entered'),
        count(*) FILTER (WHERE change = 'outpaced'),
        pg_temp.readable(sum(revenue_before_amount)), pg_temp.readable(sum(revenue_now_amount))) AS changes,
    count(*) FILTER (WHERE change = 'lost') > 0 AS has_lost,
    format('Of those lost %s as key for 12 months, by value%s.',
        regexp_replace(pg_temp.counted(count(*) FILTER (WHERE change = 'lost' AND key_rank IS NOT NULL), 'still counts', 'still count'), '^0 .*', 'none counts any more'),
        CASE WHEN count(*) FILTER (WHERE change = 'lost' AND key_rank IS NULL) > 0 THEN '; the others were key clients before' ELSE '' END) AS lost_ones
FROM shop.key_client_changes \gset
\echo
\echo :question '  [shop.key_client_changes, shop.concentration]'
\echo :concentration
\if :has_changes
\echo :changes
\if :has_lost
\echo :lost_ones
\endif
SELECT pg_temp.called(client_id::text, name) AS client,
    CASE change WHEN 'lost' THEN 'lost on ' || lost_date WHEN 'left' THEN 'ceased to be key'
        WHEN 'entered' THEN 'became key' ELSE change END AS "what happened",
    round(revenue_before_amount) AS "revenue before", round(revenue_now_amount) AS "since then",
    round(difference_amount) AS difference, replace(status, '_', ' ') AS "is now"
FROM shown_change
ORDER BY change_rank, place;
\else
\echo 'Nothing changed among them.'
\echo
\endif

-- --- who is at risk ---

SELECT count(*) > 0 AS has_risk,
    format('%s, who brought %s in the 12 months to their last purchase; %s.',
        pg_temp.counted(count(*), 'client', 'clients'), pg_temp.readable(sum(revenue_at_risk_amount)),
        CASE count(*) FILTER (WHERE is_key) WHEN 0 THEN 'none of them is a key client' WHEN 1 THEN 'the first is a key client'
            ELSE format('the first %s are key clients', pg_temp.readable(count(*) FILTER (WHERE is_key))) END) AS risk
FROM shop.at_risk_clients \gset
\echo 'Who is about to be lost?   [shop.at_risk_clients]'
\if :has_risk
\echo :risk
\echo 'Silent for over 2/3 of their limit (key clients: half), or buying less than half of the same 90 days a year ago.'
SELECT pg_temp.called(client_id::text, name) AS client, 
    concat_ws(', ', CASE WHEN is_silent THEN 'silent' END,
        CASE WHEN is_shrinking AND revenue_90d_amount <= 0 THEN 'buys nothing'
            WHEN is_shrinking THEN format('buys %s %% less', floor(100 - 100 * revenue_90d_amount / revenue_90d_year_ago_amount)) END) AS why,
    silence_days AS "days silent", would_be_lost_date AS "lost from",
    round(revenue_at_risk_amount) AS "a year's worth", recommended_action AS "what to do"
FROM shop.at_risk_clients
LIMIT 10;
\else
\echo 'Nobody: no client has been silent for long, none buys much less than a year ago.'
\echo
\endif

-- --- whom to win back ---

SELECT count(*) > 0 AS has_lost,
    format('%s worth it: they brought %s in their last 12 months; %s of it can be expected again.',
        pg_temp.counted(count(*), 'lost client is', 'lost clients are'), pg_temp.readable(sum(value_lost_amount)),
        pg_temp.readable(sum(expected_value_amount))) AS lost,
    (SELECT CASE WHEN bool_and(c.is_profit_known) THEN 'Cost: up to half of the profit to expect.'
        ELSE format('Cost: up to half of the profit to expect (%s %% of revenue if not known).', round(100 * min(s.assumed_margin_share))) END
    FROM shop.clients c CROSS JOIN shop.settings s) AS cost
FROM shop.win_back_list \gset
\echo 'Whom to win back, how, and what may it cost?   [shop.win_back_list]'
\if :has_lost
\echo :lost
\echo 'Chance: how many as silent come back in a year.' :cost
SELECT pg_temp.called(client_id::text, name) AS client, round(value_lost_amount) AS "a year's worth", lost_date AS "lost on",
    pg_temp.percent(return_12m_share) AS "chance %", round(expected_value_amount) AS "to expect", round(cost_limit_amount) AS "may cost",
    recommended_action AS "what to do"
FROM shop.win_back_list
ORDER BY win_back_rank
LIMIT 10;
\else
\echo 'Nobody: no client of size A or B is lost.'
\echo
\endif

-- --- the matrix ---

SELECT format('X buy in at least %s of the %ss, Y in %s, Z in fewer; new: too early to tell. %s.',
        pg_temp.in_percent(xyz_x), xyz_period, pg_temp.in_percent(xyz_y), (SELECT CASE count(*) WHEN 0 THEN 'Nobody is lost' ELSE pg_temp.counted(count(*), 'is', 'are') || ' lost, and left out' END
            FROM shop.clients WHERE is_lost)) AS xyz
FROM shop.settings \gset
\echo 'How large are the clients, and how regular?   [shop.abc_xyz_matrix]'
\echo 'A, the largest, bring 80 % of the revenue of 12 months, B the next 15 %, C the rest.'
\echo :xyz
WITH line AS (
    SELECT abc_rank, abc_class, xyz_class, n, words
    FROM shop.abc_xyz_matrix, LATERAL (VALUES
        (1, pg_temp.counted(client_count, 'client', 'clients')),
        (2, pg_temp.percent(revenue_12m_share) || ' % of revenue'),
        (3, strategy)) AS words (n, words)
    WHERE client_count > 0 OR n = 1
    UNION ALL
    -- so that there are three lines, whatever the cells hold
    SELECT DISTINCT abc_rank, abc_class, '', 3, '' FROM shop.abc_xyz_matrix
    UNION ALL
    SELECT abc_rank, abc_class, 'all', n, words
    FROM (SELECT abc_rank, abc_class, sum(client_count) AS client_count, sum(revenue_12m_share) AS share
        FROM shop.abc_xyz_matrix GROUP BY abc_rank, abc_class) AS a,
        LATERAL (VALUES
            (1, pg_temp.counted(client_count, 'client', 'clients')),
            (2, pg_temp.percent(share) || ' % of revenue')) AS words (n, words)
)
SELECT CASE WHEN n = 1 THEN abc_class || CASE abc_class WHEN 'A' THEN ' large' WHEN 'B' THEN ' mid' ELSE ' small' END ELSE '' END AS " ",
    coalesce(max(words) FILTER (WHERE xyz_class = 'X'), '') AS "X regular", coalesce(max(words) FILTER (WHERE xyz_class = 'Y'), '') AS "Y now and then",
    coalesce(max(words) FILTER (WHERE xyz_class = 'Z'), '') AS "Z seldom", coalesce(max(words) FILTER (WHERE xyz_class = 'new'), '') AS "new",
    coalesce(max(words) FILTER (WHERE xyz_class = 'all'), '') AS "all"
FROM line
GROUP BY abc_rank, abc_class, n
ORDER BY abc_rank, n;

-- --- the ladder ---

SELECT format('frequent: %s purchases or more; adherent: %s or more, the last %s days or more after the first; lost: from any rung.',
    frequent_purchases, adherent_purchases, adherent_days) AS rungs
FROM shop.settings \gset
\echo 'How far up the ladder of loyalty have the clients come?   [shop.loyalty_ladder]'
\echo :rungs
SELECT replace(loyalty_stage, '_', ' ') AS rung, client_count AS "clients now", pg_temp.percent(client_share) AS "% of clients",
    round(revenue_12m_amount) AS "revenue 12 months", ever_count AS "ever came here",
    pg_temp.percent(conversion_share) AS "% went on", round(median_days) AS "after days (median)"
FROM shop.loyalty_ladder
WHERE loyalty_stage NOT IN ('unaware', 'aware') OR client_count > 0
ORDER BY loyalty_rank = 1, loyalty_rank DESC;

-- --- the flow ---

-- The last six months, and twelve months summed; the twelve before where there are.
CREATE TEMP VIEW flow AS
WITH month AS (
    SELECT *, row_number() OVER (ORDER BY month_date DESC) AS n, count(*) OVER () AS months FROM shop.client_flow)
SELECT 100 - n AS place, to_char(month_date, 'YYYY-MM') || CASE WHEN is_complete_month THEN '' ELSE ' (not over)' END AS months,
    start_count, new_count, returned_count, lost_count, end_count, revenue_amount
FROM month
WHERE n <= 6
UNION ALL
SELECT 300 - years.n, years.label, (array_agg(start_count ORDER BY month_date))[1], sum(new_count), sum(returned_count),
    sum(lost_count), (array_agg(end_count ORDER BY month_date DESC))[1], sum(revenue_amount)
FROM month, (VALUES (1, 'these 12 months'), (2, 'the 12 months before')) AS years (n, label)
WHERE month.n BETWEEN 12 * years.n - 11 AND 12 * years.n AND months >= 12 * years.n
GROUP BY years.n, years.label;

SELECT concat_ws('; ',
    pg_temp.in_percent(max(retention_12m_share) FILTER (WHERE n = 1)) || ' of last year''s clients are still here (sound: 70 %)',
    coalesce(pg_temp.in_percent(sum(once_lost_count)::numeric / nullif(sum(due_count), 0)) || ' of new ones are lost before buying again (limit: 30 %)',
        'no client has been here for long enough to tell more')) AS retention
FROM (SELECT *, row_number() OVER (ORDER BY month_date DESC) AS n FROM shop.client_flow) AS month
WHERE n <= 12 \gset
\echo 'Do more clients come than go?   [shop.client_flow]'
\echo :retention
SELECT months AS "month", start_count AS "at the start", new_count AS "+ new", returned_count AS "+ came back",
    lost_count AS "- lost", end_count AS "= at the end", round(revenue_amount) AS revenue
FROM flow
ORDER BY place;
