-- What a base is built from: something per client of all sales.
--
-- build is the statement by which a full build gets all histories.

-- == plain: one aggregation
SELECT client_id, sum(amount), count(*), min(sold_at), max(sold_at) FROM bench.sale GROUP BY client_id

-- == plain: one aggregation, compiled | jit = on
SELECT client_id, sum(amount), count(*), min(sold_at), max(sold_at) FROM bench.sale GROUP BY client_id

-- == build: build_histories
SELECT (b.built).client, (b.built).history
FROM (
    SELECT clientcore.build_histories((SELECT s.client_id FROM bench.sale s LIMIT 0),
        'SELECT client_id AS client, sold_at, amount FROM bench.sale', NULL, NULL, NULL) AS built
    OFFSET 0) b
WHERE (b.built).report IS NULL

-- == aggregate: purchase_history
SELECT client_id, clientcore.purchase_history(sold_at, amount) FROM bench.sale GROUP BY client_id

-- == duckdb: one aggregation
SELECT client_id, sum(amount), count(*), min(sold_at), max(sold_at) FROM bench.sale GROUP BY client_id

-- == check
SELECT count(*), (100 * sum(revenue))::bigint, sum(sales)::bigint, min(first_day::date), max(last_day::date)
FROM (@) AS c (client_id, revenue, sales, first_day, last_day)

-- == check build
SELECT count(*), (100 * sum(clientcore.revenue(history)))::bigint, sum(clientcore.sale_count(history) + clientcore.return_count(history))::bigint,
    min((SELECT min(day) FROM clientcore.days(history))), max((SELECT max(day) FROM clientcore.days(history)))
FROM (@) AS c (client_id, history)

-- == check aggregate
SELECT count(*), (100 * sum(clientcore.revenue(history)))::bigint, sum(clientcore.sale_count(history) + clientcore.return_count(history))::bigint,
    min((SELECT min(day) FROM clientcore.days(history))), max((SELECT max(day) FROM clientcore.days(history)))
FROM (@) AS c (client_id, history)
