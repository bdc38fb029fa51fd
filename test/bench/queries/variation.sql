-- XYZ classes by the coefficient of variation of the net totals of the last twelve
-- months, empty ones counted, those before the first purchase left out; no class under
-- three months or for a mean of zero or less. Its square is (months * sum of squares -
-- square of the sum) / square of the sum.

-- == define class
CASE WHEN first_day IS NULL OR months < 3 OR coalesce(total, 0) <= 0 THEN NULL
        WHEN months * squares - total * total <= 0.01 * total * total THEN 'X'
        WHEN months * squares - total * total <= 0.0625 * total * total THEN 'Y' ELSE 'Z' END AS class

-- == define months
least(12, (2024 - date_part('year', first_day)::integer) * 12 + 13 - date_part('month', first_day)::integer) AS months

-- == define squared
(CASE WHEN first_day < '2024-02-01' THEN coalesce(m1, 0) END), (CASE WHEN first_day < '2024-03-01' THEN coalesce(m2, 0) END),
            (CASE WHEN first_day < '2024-04-01' THEN coalesce(m3, 0) END), (CASE WHEN first_day < '2024-05-01' THEN coalesce(m4, 0) END),
            (CASE WHEN first_day < '2024-06-01' THEN coalesce(m5, 0) END), (CASE WHEN first_day < '2024-07-01' THEN coalesce(m6, 0) END),
            (CASE WHEN first_day < '2024-08-01' THEN coalesce(m7, 0) END), (CASE WHEN first_day < '2024-09-01' THEN coalesce(m8, 0) END),
            (CASE WHEN first_day < '2024-10-01' THEN coalesce(m9, 0) END), (CASE WHEN first_day < '2024-11-01' THEN coalesce(m10, 0) END),
            (CASE WHEN first_day < '2024-12-01' THEN coalesce(m11, 0) END), (CASE WHEN first_day < '2025-01-01' THEN coalesce(m12, 0) END)

-- == define sums
sum(amount) FILTER (WHERE month = 1) AS m1, sum(amount) FILTER (WHERE month = 2) AS m2, sum(amount) FILTER (WHERE month = 3) AS m3,
            sum(amount) FILTER (WHERE month = 4) AS m4, sum(amount) FILTER (WHERE month = 5) AS m5, sum(amount) FILTER (WHERE month = 6) AS m6,
            sum(amount) FILTER (WHERE month = 7) AS m7, sum(amount) FILTER (WHERE month = 8) AS m8, sum(amount) FILTER (WHERE month = 9) AS m9,
            sum(amount) FILTER (WHERE month = 10) AS m10, sum(amount) FILTER (WHERE month = 11) AS m11, sum(amount) FILTER (WHERE month = 12) AS m12

-- == define by month
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, {months}, sum(amount) FILTER (WHERE month >= from_month) AS total, sum(amount * amount) FILTER (WHERE month >= from_month) AS squares
    FROM (
        SELECT client_id, month, amount, first_day, CASE WHEN first_day >= '2024-01-01' THEN date_part('month', first_day) ELSE 1 END AS from_month
        FROM (
            SELECT client_id, month, sum(amount) AS amount, (min(min(sold_at) FILTER (WHERE amount >= 0)) OVER (PARTITION BY client_id))::date AS first_day
            FROM (SELECT client_id, sold_at, amount, CASE WHEN sold_at >= '2024-01-01' THEN date_part('month', sold_at)::smallint ELSE 0 END AS month FROM bench.sale) AS s
            GROUP BY client_id, month) AS m) AS m
    GROUP BY client_id, first_day) AS c

-- == plain: by month, then by client
{by month}

-- == plain: a sum for each month
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, {months}, t.total, t.squares
    FROM (
        SELECT client_id, min(sold_at) FILTER (WHERE amount >= 0)::date AS first_day, {sums}
        FROM (SELECT client_id, sold_at, amount, CASE WHEN sold_at >= '2024-01-01' THEN date_part('month', sold_at)::smallint END AS month FROM bench.sale) AS s
        GROUP BY client_id) AS c,
        LATERAL (SELECT sum(m) AS total, sum(m * m) AS squares FROM (VALUES {squared}) AS v (m)) AS t) AS c

-- == plain: by month, then by client, compiled | jit = on
{by month}

-- == kept: xyz_class_by_variation
SELECT client_id, clientcore.xyz_class_by_variation(history, '2024-12-31') AS class FROM shop.history

-- == sales: xyz_class_by_variation
SELECT client_id, clientcore.xyz_class_by_variation(clientcore.purchase_history(sold_at, amount), '2024-12-31') AS class FROM bench.sale GROUP BY client_id

-- == duckdb: by month, then by client
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, {months}, sum(amount) FILTER (WHERE month >= from_month) AS total, sum(amount * amount) FILTER (WHERE month >= from_month) AS squares
    FROM (
        SELECT client_id, month, amount, first_day, CASE WHEN first_day >= '2024-01-01' THEN date_part('month', first_day) ELSE 1 END AS from_month
        FROM (
            SELECT client_id, month, amount::double AS amount, (min(first_sale) OVER (PARTITION BY client_id))::date AS first_day
            FROM (
                SELECT client_id, CASE WHEN sold_at >= '2024-01-01' THEN date_part('month', sold_at)::smallint ELSE 0 END AS month,
                    sum(amount) AS amount, min(sold_at) FILTER (WHERE amount >= 0) AS first_sale
                FROM bench.sale GROUP BY ALL) AS s) AS m) AS m
    GROUP BY client_id, first_day) AS c

-- == duckdb: a sum for each month
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, {months}, list_sum(l) AS total, list_sum(list_transform(l, lambda m: m * m)) AS squares
    FROM (
        SELECT client_id, first_day, list_filter([{squared}], lambda m: m IS NOT NULL) AS l
        FROM (
            SELECT client_id, (min(sold_at) FILTER (WHERE amount >= 0))::date AS first_day, {sums}
            FROM (SELECT client_id, sold_at, amount::double AS amount, CASE WHEN sold_at >= '2024-01-01' THEN date_part('month', sold_at)::smallint END AS month FROM bench.sale) AS s
            GROUP BY client_id) AS c) AS c) AS c

-- == check
SELECT count(*), count(*) FILTER (WHERE class = 'X'), count(*) FILTER (WHERE class = 'Y'), count(*) FILTER (WHERE class = 'Z') FROM (@) AS c
