-- From the table sales to one purchase history per client.
--
-- psql variables: client, sold_at, amount, profit, filter: SQL expressions over the
-- columns of sales, the last two perhaps empty; time_zone, perhaps empty.

SELECT :'time_zone' <> '' AS has_time_zone, :'profit' <> '' AS has_profit \gset

-- Whose days count, in this session and in those to come.
\if :has_time_zone
SELECT format('ALTER DATABASE %I SET timezone = %L', current_database(), :'time_zone') \gexec
SET timezone = :'time_zone';
\endif

SELECT format(
    E'CREATE VIEW sale_as_given AS SELECT (%s\n) AS client, (%s\n) AS sold_at, (%s\n)::numeric AS amount,'
    ' (%s\n)::numeric AS profit FROM sales WHERE (%s\n)',
    :'client', :'sold_at', :'amount', coalesce(nullif(:'profit', ''), 'NULL'),
    coalesce(nullif(:'filter', ''), 'true')) \gexec

-- Every amount is rounded once, at the sale: expressions such as gross / 1.2 have 16
-- digits. What is dated after today is not known to have happened.
CREATE VIEW sale AS
SELECT client, sold_at, amount AS exact_amount, round(amount, 4) AS amount,
    profit AS exact_profit, round(profit, 4) AS profit,
    CASE WHEN client IS NULL THEN 'guest'
         WHEN sold_at IS NULL THEN 'undated'
         WHEN amount IS NULL THEN 'unpriced'
         WHEN sold_at::date > current_date THEN 'future'
         ELSE 'sale'
    END AS kind
FROM sale_as_given;

-- What is read off the sales themselves: how many there are, which cannot count, and
-- what rounding changed.
CREATE TABLE loaded AS
SELECT (SELECT count(*) FROM sales) AS lines,
    count(*) AS kept_lines,
    sum(amount) AS amount,
    count(*) FILTER (WHERE kind = 'guest') AS guest_lines,
    sum(amount) FILTER (WHERE kind = 'guest') AS guest_amount,
    count(*) FILTER (WHERE kind = 'undated') AS undated_lines,
    sum(amount) FILTER (WHERE kind = 'undated') AS undated_amount,
    count(*) FILTER (WHERE kind = 'unpriced') AS unpriced_lines,
    count(*) FILTER (WHERE kind = 'future') AS future_lines,
    sum(amount) FILTER (WHERE kind = 'future') AS future_amount,
    count(*) FILTER (WHERE kind = 'sale') AS sale_lines,
    count(*) FILTER (WHERE amount <> exact_amount) AS rounded_amounts,
    sum(amount - exact_amount) AS amount_gained,
    count(*) FILTER (WHERE profit <> exact_profit) AS rounded_profits,
    sum(profit - exact_profit) AS profit_gained
FROM sale;

CREATE TABLE client_history AS
SELECT client::text AS client,
\if :has_profit
    clientcore.purchase_history(sold_at, amount, profit) AS h
\else
    clientcore.purchase_history(sold_at, amount) AS h
\endif
FROM sale
WHERE kind = 'sale'
GROUP BY sale.client;

ANALYZE client_history;
