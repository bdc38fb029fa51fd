-- The median of the days between two consecutive days of purchase.

-- == define gaps
SELECT client_id, nullif(day - lag(day) OVER (PARTITION BY client_id ORDER BY day), 0) AS gap
    FROM (SELECT client_id, sold_at::date AS day FROM bench.sale WHERE amount >= 0) AS s

-- == define ranked
SELECT client_id, avg(gap) AS days
FROM (
    SELECT client_id, gap, row_number() OVER (PARTITION BY client_id ORDER BY gap) AS place, count(*) OVER (PARTITION BY client_id) AS places
    FROM ({gaps}) AS g
    WHERE gap IS NOT NULL) AS g
WHERE place IN ((places + 1) / 2, (places + 2) / 2)
GROUP BY client_id

-- == plain: percentile_cont
SELECT client_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS days FROM ({gaps}) AS g GROUP BY client_id

-- == plain: percentile_cont of distinct days
SELECT client_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS days
FROM (
    SELECT client_id, day - lag(day) OVER (PARTITION BY client_id ORDER BY day) AS gap
    FROM (SELECT DISTINCT client_id, sold_at::date AS day FROM bench.sale WHERE amount >= 0) AS s) AS g
GROUP BY client_id

-- == plain: the mean of the middle ranks
{ranked}

-- == kept: typical_interval
SELECT client_id, clientcore.typical_interval(history) AS days FROM shop.history

-- == sales: typical_interval
SELECT client_id, clientcore.typical_interval(clientcore.purchase_history(sold_at, amount)) AS days FROM bench.sale GROUP BY client_id

-- == duckdb: quantile_cont
SELECT client_id, quantile_cont(gap, 0.5) AS days FROM ({gaps}) AS g GROUP BY client_id

-- == duckdb: the mean of the middle ranks
SELECT client_id, avg(gap) AS days
FROM (
    SELECT client_id, gap, row_number() OVER (PARTITION BY client_id ORDER BY gap) AS place, count(*) OVER (PARTITION BY client_id) AS places
    FROM ({gaps}) AS g
    WHERE gap IS NOT NULL) AS g
WHERE place IN ((places + 1) // 2, (places + 2) // 2)
GROUP BY client_id

-- == duckdb: lists of sorted days
SELECT client_id, list_median(list_transform(range(1, len(days)), lambda i: days[i + 1] - days[i])) AS days
FROM (
    SELECT client_id, list_sort(list_distinct(list(sold_at::date))) AS days
    FROM bench.sale WHERE amount >= 0 GROUP BY client_id) AS c

-- == check
SELECT count(days), (2 * sum(days))::bigint FROM (@) AS c
