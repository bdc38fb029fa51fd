-- What a sales director wants to see, from the purchase histories in client_history.
--
-- psql variables: has_filter, has_profit: true or false.

SET search_path = public, clientcore;
\pset footer off
\pset numericlocale on

-- What every answer is for: the day of the newest sale that is not in the future,
-- the year that ends on it, and the period that suits the rhythm of this trade.
CREATE TABLE answer AS
WITH day AS (
    SELECT coalesce(max(day) FILTER (WHERE day <= current_date), max(day)) AS as_of,
        max(day) AS newest
    FROM days((SELECT rollup(h) FROM client_history))
), rhythm AS (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY typical_interval(h)) AS median_interval
    FROM client_history
)
SELECT as_of, newest, (as_of - interval '12 months')::date + 1 AS year_from, median_interval,
    coalesce(median_interval >= 60, false) AS is_slow,
    CASE WHEN median_interval >= 60 THEN 'quarter' ELSE 'month' END AS period,
    CASE WHEN median_interval >= 60 THEN 8 ELSE 12 END AS periods,
    CASE WHEN median_interval >= 60 THEN 5 ELSE 10 END AS adherent_purchases
FROM day, rhythm;

CREATE TABLE card AS
WITH known AS (
    SELECT client, as_of(h, as_of) AS h, slice(h, year_from, as_of) AS year, answer.*
    FROM client_history, answer
)
SELECT client,
    CASE WHEN length(client) > 28 THEN left(client, 27) || '…' ELSE client END AS short_name,
    purchase_count(h) AS purchases,
    revenue(h) AS revenue,
    revenue(year) AS revenue_12m,
    profit(year) AS profit_12m,
    abc_class(revenue(year)) OVER () AS abc,
    xyz_class(h, as_of, periods => periods, period => period) AS xyz,
    loyalty_stage(h, as_of, adherent_purchases => adherent_purchases) AS stage,
    is_lost_client(h, as_of) AS is_lost,
    last_purchase(h) AS last_purchase,
    as_of - last_purchase(h) AS silence,
    silence_limit(h) AS silence_limit,
    lost_on(h, as_of) AS lost_on,
    typical_interval(h) AS typical_interval,
    -- What the client was worth: the twelve months that end on its last purchase.
    CASE WHEN last_purchase(h) IS NOT NULL THEN
        revenue(slice(h, (last_purchase(h) - interval '12 months')::date + 1, last_purchase(h)))
    END AS last_year_revenue
FROM known;

-- A number as it is read.
CREATE FUNCTION pg_temp.readable(n numeric) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN to_char(round(n), 'FM999,999,999,999,990');

-- A share as a percentage; NULL where there is no whole.
CREATE FUNCTION pg_temp.percent(part numeric, whole numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE
RETURN round(100 * part / nullif(whole, 0), 1);

---------------------------------------------------------------------------------
\echo
\echo What was loaded
SELECT format('%s clients made %s purchases (days on which a client bought) from %s to %s.',
        pg_temp.readable(count(*)), pg_temp.readable(sum(purchases)),
        (SELECT min(first_purchase(h)) FROM client_history), max(last_purchase)) AS clients,
    format('Every answer is for %s, the day of the newest sale%s.', as_of,
        CASE WHEN as_of < newest THEN ' that is not in the future' ELSE '' END) AS day
FROM card, answer
GROUP BY as_of, newest \gset
\echo :clients
\echo :day
\echo

-- Amounts to the last digit of any of them, with two decimals rather than one.
SELECT line.what AS " ", line.lines,
    round(line.amount, max(CASE min_scale(line.amount) WHEN 1 THEN 2 ELSE min_scale(line.amount) END) OVER ()) AS amount
FROM loaded, LATERAL (VALUES
    (1, 'lines in the table', lines, CASE WHEN NOT :has_filter THEN amount END),
    (2, 'left out by FILTER', lines - kept_lines, NULL),
    (3, 'skipped: no client (guests)', guest_lines, guest_amount),
    (4, 'skipped: no date', undated_lines, undated_amount),
    (5, 'skipped: no amount', unpriced_lines, NULL),
    (6, 'sales of known clients', sale_lines, (SELECT sum(revenue(h)) FROM client_history))
) AS line (n, what, lines, amount)
WHERE line.n <> 2 OR :has_filter
ORDER BY line.n;

---------------------------------------------------------------------------------
\echo ABC-XYZ matrix
SELECT format('X bought in 75 %% of the last %s %ss or more, Y in 25 %% or more, Z in less; new: too early to tell.',
        periods, period) AS xyz,
    format('(%s, since half of the clients who came back come every %s days or oftener%s.)',
        CASE WHEN is_slow THEN 'Quarters' ELSE 'Months' END, ceil(median_interval),
        CASE WHEN is_slow THEN ', not under 60' ELSE '' END) AS why,
    median_interval IS NOT NULL AS has_rhythm
FROM answer \gset
\echo 'A: the largest clients, together 80 % of the revenue of the last 12 months; B: the next 15 %; C: the rest.'
\echo :xyz
\if :has_rhythm
\echo :why
\endif
\echo

WITH cell AS (
    SELECT CASE WHEN GROUPING(abc) = 1 THEN 'all' ELSE abc END AS abc,
        CASE WHEN GROUPING(kind) = 1 THEN 'all' ELSE kind END AS kind,
        count(*) AS clients, sum(revenue_12m) AS revenue
    FROM (SELECT abc, revenue_12m, CASE WHEN is_lost THEN 'lost' ELSE coalesce(xyz, 'new') END AS kind FROM card) AS c
    GROUP BY CUBE (abc, kind)
), whole AS (
    SELECT revenue AS total FROM cell WHERE abc = 'all' AND kind = 'all'
), line AS (
    SELECT abc, n, measure, kind, value
    FROM cell, whole, LATERAL (VALUES
        (1, 'clients', clients::numeric),
        (2, 'revenue', round(revenue)),
        (3, '% of all', pg_temp.percent(revenue, total))
    ) AS measure (n, measure, value)
)
SELECT CASE WHEN n = 1 THEN abc ELSE '' END AS " ", measure AS "  ",
    max(value) FILTER (WHERE kind = 'X') AS "X",
    max(value) FILTER (WHERE kind = 'Y') AS "Y",
    max(value) FILTER (WHERE kind = 'Z') AS "Z",
    max(value) FILTER (WHERE kind = 'new') AS new,
    max(value) FILTER (WHERE kind = 'lost') AS lost,
    max(value) FILTER (WHERE kind = 'all') AS all
FROM line
GROUP BY abc, n, measure
ORDER BY CASE WHEN abc = 'all' THEN 'Z' ELSE abc END, n;

---------------------------------------------------------------------------------
\echo Ladder of loyalty
SELECT format('From the first purchase up to adherent (%s purchases, the last a year or more after the first);',
    adherent_purchases) AS ladder
FROM answer \gset
\echo :ladder
\echo 'lost are those whose silence is over its limit, whatever rung they had reached.'
\echo

WITH rung AS (
    SELECT stage, count(*) AS clients, sum(revenue_12m) AS revenue_12m, sum(revenue) AS revenue
    FROM card
    GROUP BY stage
)
SELECT replace(stage::text, '_', ' ') AS rung,
    coalesce(clients, 0) AS clients,
    pg_temp.percent(coalesce(clients, 0), sum(clients) OVER ()) AS "% of clients",
    round(coalesce(revenue_12m, 0)) AS "revenue 12 months",
    pg_temp.percent(coalesce(revenue_12m, 0), sum(revenue_12m) OVER ()) AS "% of revenue",
    round(coalesce(revenue, 0)) AS "revenue ever"
FROM unnest(enum_range(NULL::loyalty_stage)) AS stage
LEFT JOIN rung USING (stage)
WHERE clients > 0 OR stage NOT IN ('unaware', 'aware')
ORDER BY stage DESC;

---------------------------------------------------------------------------------
\echo Lost clients
SELECT format('%s of %s clients are lost: silent for over 3 times their usual interval, or over 365 days where they',
        pg_temp.readable(count(*) FILTER (WHERE is_lost)), pg_temp.readable(count(*))) AS lost,
    format('bought too seldom to tell. In the 12 months up to their last purchase they brought %s.%s',
        pg_temp.readable(coalesce(sum(last_year_revenue) FILTER (WHERE is_lost), 0)),
        CASE WHEN count(*) FILTER (WHERE is_lost) > 10 THEN ' The ten largest:' ELSE '' END) AS worth,
    count(*) FILTER (WHERE is_lost) > 0 AS has_lost
FROM card \gset
\echo :lost
\echo :worth
\echo

\if :has_lost
SELECT short_name AS client, round(last_year_revenue) AS "their last 12 months", abc AS "ABC now",
    purchases, last_purchase AS "last purchase", silence AS "days silent", silence_limit AS "limit",
    lost_on AS "lost on"
FROM card
WHERE is_lost
ORDER BY last_year_revenue DESC, client
LIMIT 10;
\endif

---------------------------------------------------------------------------------
\echo Key clients
-- The smallest set of the largest that reaches half of the revenue: each of them
-- has less than half before it.
CREATE TEMP TABLE key_client AS
SELECT *
FROM (
    SELECT *,
        row_number() OVER largest AS rank,
        sum(revenue_12m) OVER () AS total,
        sum(revenue_12m) OVER largest AS reached
    FROM card
    WHERE revenue_12m > 0
    WINDOW largest AS (ORDER BY revenue_12m DESC, client ROWS UNBOUNDED PRECEDING)
) AS ranked
WHERE (reached - revenue_12m) * 2 < total;

SELECT format('%s of %s clients bring half of the last 12 months'' revenue.%s', pg_temp.readable(count(*)),
    pg_temp.readable((SELECT count(*) FROM card)),
    CASE WHEN count(*) > 12 THEN ' The twelve largest:' ELSE '' END) AS key_clients,
    count(*) > 12 AS has_more,
    format('... and %s more', pg_temp.readable(count(*) - 12)) AS more
FROM key_client \gset
\echo 'A silence that nears its limit deserves a call; interval is the client''s usual one, in days.'
\echo :key_clients
\echo

SELECT rank AS "#", short_name AS client, round(revenue_12m) AS "revenue 12m",
\if :has_profit
    round(profit_12m) AS "profit 12m",
\endif
    pg_temp.percent(revenue_12m, total) AS "%", pg_temp.percent(reached, total) AS "% so far",
    abc || coalesce(xyz, ' new') AS class, replace(stage::text, '_', ' ') AS stage,
    last_purchase AS "last purchase", silence AS "silent", silence_limit AS "limit",
    round(typical_interval::numeric, 1) AS interval
FROM key_client
ORDER BY rank
LIMIT 12;

\if :has_more
\echo :more
\endif
