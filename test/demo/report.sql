-- What a sales director wants to see, from the base "shop"; after prepare.sql, in the
-- same session.
--
-- psql variable: note: what else to say of the load, perhaps empty.

SET search_path = public, clientcore;
\pset footer off
\pset numericlocale on

-- What every answer is for: the day of the base, the year that ends on it, and the
-- period that suits the rhythm of this trade.
CREATE TABLE answer AS
WITH rhythm AS (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY typical_interval(as_of(history, as_of))) AS median_interval
    FROM shop.history, shop.state
)
SELECT as_of, (as_of - interval '12 months')::date + 1 AS year_from, median_interval,
    coalesce(median_interval >= 60, false) AS is_slow,
    CASE WHEN median_interval >= 60 THEN 'quarter' ELSE 'month' END AS period,
    CASE WHEN median_interval >= 60 THEN 8 ELSE 12 END AS periods,
    CASE WHEN median_interval >= 60 THEN 5 ELSE 10 END AS adherent_purchases
FROM shop.state, rhythm;

CREATE MATERIALIZED VIEW card AS
WITH known AS (
    SELECT client_id::text AS client, as_of(history, as_of) AS h, slice(history, year_from, as_of) AS year, answer.*
    FROM shop.history, answer
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
    first_purchase(h) AS first_purchase,
    last_purchase(h) AS last_purchase,
    as_of - last_purchase(h) AS silence,
    silence_limit(h) AS silence_limit,
    lost_on(h, as_of) AS lost_on,
    typical_interval(h) AS typical_interval,
    -- What the client was worth: the twelve months that end on its last purchase.
    CASE WHEN last_purchase(h) IS NOT NULL THEN
        revenue(slice(h, (last_purchase(h) - interval '12 months')::date + 1, last_purchase(h)))
    END AS last_year_revenue
FROM known
WHERE sale_count(h) + return_count(h) > 0;

-- A number as it is read.
CREATE FUNCTION pg_temp.readable(n numeric) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN to_char(round(n), 'FM999,999,999,999,990');

-- "1 client", "2 clients".
CREATE FUNCTION pg_temp.counted(n numeric, thing text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN pg_temp.readable(n) || ' ' || thing || CASE WHEN n = 1 THEN '' ELSE 's' END;

-- A share as a percentage; NULL where there is no whole.
CREATE FUNCTION pg_temp.percent(part numeric, whole numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE
RETURN round(100 * part / nullif(whole, 0), 1);

-- How much a sum changed, not longer than need be.
CREATE FUNCTION pg_temp.change(n numeric) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n < 0 THEN '-' ELSE '+' END
    || trim_scale(abs(CASE WHEN abs(n) > 0.00001 THEN round(n, 6) ELSE n END));

SELECT filter IS NOT NULL AS has_filter, profit IS NOT NULL AS has_profit FROM shop.source \gset
SELECT sum(revenue_12m) > 0 AS has_revenue, count(*) FILTER (WHERE revenue_12m < 0) > 0 AS has_negative
FROM card \gset

---------------------------------------------------------------------------------
\echo
\echo What was loaded
SELECT pg_temp.counted(count(*), 'client')
    || CASE sum(purchases)
        WHEN 0 THEN ' made no purchase: there are only returns.'
        WHEN 1 THEN format(' made 1 purchase, on %s.', max(last_purchase))
        ELSE format(' made %s purchases (days on which a client bought) from %s to %s.',
            pg_temp.readable(sum(purchases)), min(first_purchase), max(last_purchase))
    END AS clients,
    format('Every answer is for %s, the day of the newest sale%s.', as_of,
        CASE WHEN future_lines > 0 THEN ' that is not in the future' ELSE '' END) AS day,
    amount_gained <> 0 AS has_rounding,
    format('%s rounded to 4 decimals at the sale, which changes their total by %s.',
        CASE rounded_amounts WHEN 1 THEN '1 amount is' ELSE pg_temp.readable(rounded_amounts) || ' amounts are' END,
        pg_temp.change(amount_gained)) AS rounding,
    coalesce(profit_gained <> 0, false) AS has_profit_rounding,
    format('%s rounded to 4 decimals at the sale, which changes their total by %s.',
        CASE rounded_profits WHEN 1 THEN '1 profit is' ELSE pg_temp.readable(rounded_profits) || ' profits are' END,
        pg_temp.change(profit_gained)) AS profit_rounding,
    :'note' <> '' AS has_note
FROM card, answer, loaded
GROUP BY as_of, future_lines, rounded_amounts, amount_gained, rounded_profits, profit_gained \gset
\echo :clients
\echo :day
\if :has_note
\echo :note
\endif
\if :has_rounding
\echo :rounding
\endif
\if :has_profit_rounding
\echo :profit_rounding
\endif
\echo

-- Amounts to the last digit of any of them, with two decimals rather than one.
SELECT line.what AS " ", line.lines,
    round(CASE WHEN line.lines > 0 THEN line.amount END, max(CASE min_scale(line.amount) WHEN 1 THEN 2 ELSE min_scale(line.amount) END) OVER ()) AS amount
FROM loaded, LATERAL (VALUES
    (1, 'lines in the table', lines, CASE WHEN NOT :'has_filter' THEN amount END),
    (2, 'left out by FILTER', lines - kept_lines, NULL),
    (3, 'skipped: no client (guests)', guest_lines, guest_amount),
    (4, 'skipped: no date', undated_lines, undated_amount),
    (5, 'skipped: no amount', unpriced_lines, NULL),
    (6, 'skipped: dated in the future', future_lines, future_amount),
    (7, 'sales of known clients', sale_lines, sale_amount)
) AS line (n, what, lines, amount)
WHERE CASE line.n WHEN 2 THEN :'has_filter' WHEN 6 THEN future_lines > 0 ELSE true END
ORDER BY line.n;

---------------------------------------------------------------------------------
\echo ABC-XYZ matrix
SELECT format('X bought in at least 75 %% of the last %s whole %ss since the first purchase, Y in at least 25 %%, Z in fewer;',
        periods, period) AS xyz,
    format('new: fewer than two purchases, or known for fewer than three whole %ss.', period) AS new,
    format('(%s, since clients who come back do so every %s in the median; %s.)',
        CASE WHEN is_slow THEN 'Quarters' ELSE 'Months' END,
        trim_scale(trunc(median_interval::numeric, 1)) || CASE median_interval WHEN 1 THEN ' day' ELSE ' days' END,
        CASE WHEN is_slow THEN 'under 60 it would be months' ELSE 'from 60 on it would be quarters' END) AS why,
    median_interval IS NOT NULL AS has_rhythm
FROM answer \gset
\echo 'A: the largest clients, together 80 % of the revenue of the last 12 months; B: the next 15 %; C: the rest.'
\echo :xyz
\echo :new
\if :has_rhythm
\echo :why
\endif
\if :has_negative
\echo 'In shares of revenue, clients who returned more than they bought count as 0.'
\endif
\echo

\if :has_revenue
WITH classed AS (
    SELECT abc, CASE WHEN is_lost THEN 'lost' ELSE coalesce(xyz, 'new') END AS kind,
        count(*) AS clients, sum(revenue_12m) AS revenue, sum(greatest(revenue_12m, 0)) AS positive
    FROM card
    GROUP BY 1, 2
), cell AS (
    SELECT a.abc, k.kind, coalesce(sum(clients), 0) AS clients,
        coalesce(sum(revenue), 0) AS revenue, coalesce(sum(positive), 0) AS positive
    FROM unnest('{A,B,C,all}'::text[]) AS a (abc)
    CROSS JOIN unnest('{X,Y,Z,new,lost,all}'::text[]) AS k (kind)
    LEFT JOIN classed ON a.abc IN (classed.abc, 'all') AND k.kind IN (classed.kind, 'all')
    GROUP BY a.abc, k.kind
), line AS (
    SELECT abc, n, measure, kind, value
    FROM cell, LATERAL (VALUES
        (1, 'clients', clients),
        (2, 'revenue 12m', round(revenue)),
        (3, '% of all', pg_temp.percent(positive, (SELECT sum(positive) FROM classed)))
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
\else
\echo 'There is no revenue in these 12 months.'
\echo
\endif

---------------------------------------------------------------------------------
\echo Ladder of loyalty
SELECT format('frequent: 3 purchases or more; adherent: %s or more, the last a year or more after the first;',
    adherent_purchases) AS ladder
FROM answer \gset
\echo 'unaware: no sale yet; aware: a return, but no purchase; first, second purchase: one purchase, two;'
\echo :ladder
\echo 'lost: silent for longer than their limit, whatever rung they had reached.'
\echo

WITH rung AS (
    SELECT stage, count(*) AS clients, sum(revenue_12m) AS revenue_12m,
        sum(greatest(revenue_12m, 0)) AS positive, sum(revenue) AS revenue
    FROM card
    GROUP BY stage
), line AS (
    SELECT stage, coalesce(clients, 0) AS clients, coalesce(revenue_12m, 0) AS revenue_12m,
        coalesce(positive, 0) AS positive, coalesce(revenue, 0) AS revenue
    FROM unnest(enum_range(NULL::loyalty_stage)) AS stage
    LEFT JOIN rung USING (stage)
    UNION ALL
    SELECT NULL, sum(clients), sum(revenue_12m), sum(positive), sum(revenue)
    FROM rung
)
SELECT coalesce(replace(stage::text, '_', ' '), 'all') AS rung,
    clients,
    pg_temp.percent(clients, max(clients) OVER ()) AS "% of clients",
    round(revenue_12m) AS "revenue 12m",
    CASE WHEN :'has_revenue' THEN pg_temp.percent(positive, max(positive) OVER ()) END AS "% of revenue",
    round(revenue) AS "revenue ever"
FROM line
WHERE clients > 0 OR stage NOT IN ('unaware', 'aware')
ORDER BY stage DESC NULLS LAST;

---------------------------------------------------------------------------------
\echo Lost clients
SELECT CASE count(*) FILTER (WHERE is_lost)
            WHEN 0 THEN 'No client is'
            WHEN 1 THEN format('1 of %s is', pg_temp.counted(count(*), 'client'))
            ELSE format('%s of %s are', pg_temp.readable(count(*) FILTER (WHERE is_lost)), pg_temp.counted(count(*), 'client'))
        END || ' lost: silent for over 3 times their usual interval (at least 30, at most 730 days),' AS lost,
    format('In the 12 months up to their last purchase they brought %s.%s',
        pg_temp.readable(coalesce(sum(last_year_revenue) FILTER (WHERE is_lost), 0)),
        CASE WHEN count(*) FILTER (WHERE is_lost) > 10 THEN ' The ten largest:' ELSE '' END) AS worth,
    count(*) FILTER (WHERE is_lost) > 0 AS has_lost
FROM card \gset
\echo :lost
\echo 'or over 365 days where they have bought fewer than four times.'
\if :has_lost
\echo :worth
\endif
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
\if :has_revenue
-- The smallest set of the largest that reaches half of the revenue: each of them
-- has less than half before it. Listed are the twelve largest, and up to three more
-- who should be called.
CREATE TEMP TABLE key_client AS
WITH ranked AS (
    SELECT *,
        row_number() OVER largest AS rank,
        sum(revenue_12m) OVER () AS total,
        sum(revenue_12m) OVER largest AS reached,
        CASE WHEN is_lost THEN 'win back' WHEN silence * 3 > silence_limit * 2 THEN 'call' END AS to_do
    FROM card
    WHERE revenue_12m > 0
    WINDOW largest AS (ORDER BY revenue_12m DESC, client ROWS UNBOUNDED PRECEDING)
)
SELECT *, rank <= 12
    OR to_do IS NOT DISTINCT FROM 'call' AND count(*) FILTER (WHERE rank > 12 AND to_do = 'call') OVER (ORDER BY rank) <= 3 AS is_listed
FROM ranked
WHERE (reached - revenue_12m) * 2 < total;

SELECT format('%s of %s %s half of the revenue of the last 12 months.%s', pg_temp.readable(count(*)),
        pg_temp.counted((SELECT count(*) FROM card), 'client'),
        CASE count(*) WHEN 1 THEN 'brings' ELSE 'bring' END,
        CASE WHEN count(*) FILTER (WHERE is_listed) > 12 THEN ' The twelve largest, and others to call:'
             WHEN count(*) > 12 THEN ' The twelve largest:' ELSE '' END) AS key_clients,
    count(*) FILTER (WHERE NOT is_listed) > 0 AS has_more,
    format('... and %s more, of whom %s to call and %s to win back',
        pg_temp.readable(count(*) FILTER (WHERE NOT is_listed)),
        coalesce(nullif(count(*) FILTER (WHERE NOT is_listed AND to_do = 'call'), 0)::text, 'none'),
        coalesce(nullif(count(*) FILTER (WHERE NOT is_listed AND to_do = 'win back'), 0)::text, 'none')) AS more
FROM key_client \gset
\echo :key_clients
\echo 'call: silent for over 2/3 of their limit; win back: lost. Silent, limit and interval (their usual one) are in days.'
\echo

SELECT rank AS "#", short_name AS client, round(revenue_12m) AS "revenue 12m",
\if :has_profit
    round(profit_12m) AS "profit 12m",
\endif
    pg_temp.percent(revenue_12m, total) AS "%", pg_temp.percent(reached, total) AS "% so far",
    abc || coalesce(xyz, ' new') AS class, replace(stage::text, '_', ' ') AS stage,
    last_purchase AS "last purchase", silence AS "silent", silence_limit AS "limit",
    round(typical_interval::numeric, 1) AS interval, to_do AS "to do"
FROM key_client
WHERE is_listed
ORDER BY rank;

\if :has_more
\echo :more
\endif
\else
\echo 'There is no revenue in these 12 months.'
\endif
