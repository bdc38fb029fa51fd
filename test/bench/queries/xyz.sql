-- XYZ classes by the share of the last twelve months with a purchase, those before the
-- first purchase left out; no class for one day of purchase, or under three months.
-- Twelve months in a row have twelve different numbers, so a bit each will do.

-- == define class
CASE WHEN first_day IS NULL OR first_day = last_day OR months < 3 THEN NULL WHEN bought >= 0.75 * months THEN 'X' WHEN bought >= 0.25 * months THEN 'Y' ELSE 'Z' END AS class

-- == define months
least(12, (2024 - date_part('year', first_day)::integer) * 12 + 13 - date_part('month', first_day)::integer) AS months

-- == define bits
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, last_day, bit_count(bits::bit(12)) AS bought, {months}
    FROM (
        SELECT client_id, min(sold_at) FILTER (WHERE amount >= 0)::date AS first_day, max(sold_at) FILTER (WHERE amount >= 0)::date AS last_day,
            bit_or(CASE WHEN amount >= 0 AND sold_at >= '2024-01-01' THEN 1 << (date_part('month', sold_at)::integer - 1) ELSE 0 END) AS bits
        FROM bench.sale GROUP BY client_id) AS c) AS c

-- == plain: a bit for each month
{bits}

-- == plain: months counted
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, last_day, bought, {months}
    FROM (
        SELECT client_id, min(sold_at) FILTER (WHERE amount >= 0)::date AS first_day, max(sold_at) FILTER (WHERE amount >= 0)::date AS last_day,
            count(DISTINCT date_part('month', sold_at)) FILTER (WHERE amount >= 0 AND sold_at >= '2024-01-01') AS bought
        FROM bench.sale GROUP BY client_id) AS c) AS c

-- == plain: a bit for each month, compiled | jit = on
{bits}

-- == kept: xyz_class
SELECT client_id, clientcore.xyz_class(history, '2024-12-31') AS class FROM shop.history

-- == sales: xyz_class
SELECT client_id, clientcore.xyz_class(sold_at, amount, '2024-12-31') AS class FROM bench.sale GROUP BY client_id

-- == duckdb: a bit for each month
SELECT client_id, {class}
FROM (
    SELECT client_id, first_day, last_day, bit_count(bits) AS bought, {months}
    FROM (
        SELECT client_id, (min(sold_at) FILTER (WHERE amount >= 0))::date AS first_day, (max(sold_at) FILTER (WHERE amount >= 0))::date AS last_day,
            bit_or(CASE WHEN amount >= 0 AND sold_at >= '2024-01-01' THEN 1 << (date_part('month', sold_at)::integer - 1) ELSE 0 END) AS bits
        FROM bench.sale GROUP BY client_id) AS c) AS c

-- == check
SELECT count(*), count(*) FILTER (WHERE class = 'X'), count(*) FILTER (WHERE class = 'Y'), count(*) FILTER (WHERE class = 'Z') FROM (@) AS c
