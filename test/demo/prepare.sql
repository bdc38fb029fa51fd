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
    E'CREATE VIEW sale AS SELECT (%s\n)::text AS client, (%s\n) AS sold_at, (%s\n) AS amount,'
    ' (%s\n) AS profit FROM sales WHERE (%s\n)',
    :'client', :'sold_at', :'amount', coalesce(nullif(:'profit', ''), 'NULL::numeric'),
    coalesce(nullif(:'filter', ''), 'true')) \gexec

-- What is read off the sales themselves: how many there are, and which cannot count.
CREATE TABLE loaded AS
SELECT (SELECT count(*) FROM sales) AS lines,
    count(*) AS kept_lines,
    sum(amount::numeric) AS amount,
    count(*) FILTER (WHERE client IS NULL) AS guest_lines,
    sum(amount::numeric) FILTER (WHERE client IS NULL) AS guest_amount,
    count(*) FILTER (WHERE client IS NOT NULL AND sold_at IS NULL) AS undated_lines,
    sum(amount::numeric) FILTER (WHERE client IS NOT NULL AND sold_at IS NULL) AS undated_amount,
    count(*) FILTER (WHERE client IS NOT NULL AND sold_at IS NOT NULL AND amount IS NULL) AS unpriced_lines,
    count(*) FILTER (WHERE client IS NOT NULL AND sold_at IS NOT NULL AND amount IS NOT NULL) AS sale_lines
FROM sale;

CREATE TABLE client_history AS
SELECT client,
\if :has_profit
    clientcore.purchase_history(sold_at, amount, profit) AS h
\else
    clientcore.purchase_history(sold_at, amount) AS h
\endif
FROM sale
WHERE client IS NOT NULL AND sold_at IS NOT NULL AND amount IS NOT NULL
GROUP BY client;

ANALYZE client_history;
