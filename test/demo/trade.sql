-- What happens to the base "shop" when the generated company trades on. All of it is
-- on the last two days of its three years: the base is as of the day of the newest
-- sale, and sees none after it.

\pset footer off
\pset numericlocale on

CREATE TEMP VIEW concerned AS
SELECT client_id AS client, first_purchase_date AS "first purchase", last_purchase_date AS "last purchase",
    purchase_count AS purchases, sale_count AS sales, return_count AS returns, round(revenue_amount, 2) AS revenue,
    replace(status, '_', ' ') AS status
FROM shop.clients
WHERE client_id IN ('Fern Jackdaw Outfitters', 'Crimson Gull Trading', 'Clover Curlew and Sons');
CREATE TEMP TABLE concerned_before AS TABLE concerned;

\echo
\echo The company trades on
\echo 'A client who was lost buys again, another returns goods, an order of a third is cancelled, its lines with it;'
\echo 'triggers note whose sales these are, and a refresh reads the sales of these clients instead of all'
\echo '(and those without a client: a line whose order is gone leads to nobody).'
\echo
\set ECHO queries

WITH head AS (
    INSERT INTO orders (client, sold_at) VALUES ('Fern Jackdaw Outfitters', '2024-12-31 15:20') RETURNING order_id
)
INSERT INTO order_lines (order_id, line_no, amount, cost)
SELECT order_id, line_no, amount, cost
FROM head, (VALUES (1, 1800.00, 1250.00), (2, 640.50, 420.00)) AS line (line_no, amount, cost);

\echo
WITH head AS (
    INSERT INTO orders (client, sold_at) VALUES ('Crimson Gull Trading', '2024-12-31 16:05') RETURNING order_id
)
INSERT INTO order_lines (order_id, line_no, amount, cost)
SELECT order_id, 1, -950.00, -610.00 FROM head;

\echo
DELETE FROM orders WHERE client = 'Clover Curlew and Sons' AND sold_at >= '2024-12-30';

\echo
CALL clientcore.refresh('shop');

\set ECHO none
\echo
\echo 'What shop.clients says of them:'
\echo
SELECT CASE WHEN row_number() OVER (PARTITION BY name ORDER BY n) = 1 THEN name ELSE '' END AS client, CASE n WHEN 1 THEN 'before' ELSE 'now' END AS " ",
    "first purchase", "last purchase", purchases, sales, returns, revenue, status
FROM (
    SELECT *, 1 AS n, client AS name FROM concerned_before
    UNION ALL
    SELECT *, 2, client FROM concerned
) AS c
ORDER BY name, n;
\echo Whether the base agrees with the sales, row by row:
\echo
\pset footer on
\set ECHO queries
SELECT * FROM clientcore.verify('shop');
