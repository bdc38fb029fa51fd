-- What the report needs beside the base "shop".

SET search_path = public, clientcore;

-- Told is the day of the newest sale, where the base would rather end with yesterday.
-- What is dated later than today is not known to have happened.
SELECT (now() AT TIME ZONE time_zone)::date AS today FROM shop.settings \gset
SELECT max(day) AS newest_day, coalesce(max(day) <> max(as_of), false) AS is_other_day
FROM shop.state, days((SELECT rollup(as_of(history, :'today')) FROM shop.history)) \gset
\if :is_other_day
UPDATE shop.settings SET as_of = :'newest_day';
CALL clientcore.refresh('shop');
\endif

-- The sales as the base reads them: it keeps neither lines that are no sales nor what
-- rounding changed.
SELECT format('CREATE TEMP VIEW sale AS SELECT (%s) AS sold_at, (%s)::numeric AS exact_amount, (%s)::numeric AS exact_profit'
    ' FROM %s AS %I WHERE (%s)', sold_at, amount, coalesce(profit, 'NULL'), relation, alias, coalesce(filter, 'true'))
FROM shop.source \gexec

CREATE TABLE loaded AS
WITH line AS (
    SELECT sold_at, exact_amount, exact_profit, sold_at IS NOT NULL AND exact_amount IS NOT NULL AS is_sale,
        round(exact_amount, amount_scale) AS amount, round(exact_profit, amount_scale) AS profit
    FROM sale, shop.settings
), read AS (
    SELECT count(*) AS kept_lines,
        count(*) FILTER (WHERE sold_at IS NULL) AS undated_lines,
        sum(amount) FILTER (WHERE sold_at IS NULL) AS undated_amount,
        count(*) FILTER (WHERE sold_at IS NOT NULL AND exact_amount IS NULL) AS unpriced_lines,
        count(*) FILTER (WHERE is_sale AND amount <> exact_amount) AS rounded_amounts,
        sum(amount - exact_amount) FILTER (WHERE is_sale) AS amount_gained,
        count(*) FILTER (WHERE is_sale AND profit <> exact_profit) AS rounded_profits,
        sum(profit - exact_profit) FILTER (WHERE is_sale) AS profit_gained
    FROM line
), part AS (
    SELECT 'guest' AS kind, history AS h FROM shop.guest
    UNION ALL
    SELECT 'future', slice(history, :'today'::date + 1, NULL) FROM shop.history
    UNION ALL
    SELECT 'sale', as_of(history, :'today') FROM shop.history
), kept AS (
    SELECT sum(lines) FILTER (WHERE kind = 'guest') AS guest_lines,
        sum(amount) FILTER (WHERE kind = 'guest') AS guest_amount,
        sum(lines) FILTER (WHERE kind = 'future') AS future_lines,
        sum(amount) FILTER (WHERE kind = 'future') AS future_amount,
        sum(lines) FILTER (WHERE kind = 'sale') AS sale_lines,
        sum(amount) FILTER (WHERE kind = 'sale') AS sale_amount,
        sum(amount) AS amount
    FROM part, LATERAL (SELECT sale_count(h) + return_count(h) AS lines, revenue(h) AS amount) AS p
)
SELECT (SELECT count(*) FROM sales) AS lines, read.*, guest_lines, guest_amount, future_lines, future_amount,
    sale_lines, sale_amount, kept.amount + coalesce(undated_amount, 0) AS amount
FROM read, kept;
