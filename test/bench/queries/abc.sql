-- ABC classes by revenue: of equal values, all are in the class of the first.

-- == define less
SELECT client_id, CASE WHEN value <= 0 THEN 'C' WHEN larger < 0.80 * total THEN 'A' WHEN larger < 0.95 * total THEN 'B' ELSE 'C' END AS class
FROM (
    SELECT client_id, value, sum(greatest(value, 0)) OVER () AS total,
        sum(greatest(value, 0)) OVER (ORDER BY value DESC) - sum(greatest(value, 0)) OVER (PARTITION BY value) AS larger
    FROM (SELECT client_id, sum(amount) AS value FROM bench.sale GROUP BY client_id) AS c) AS c

-- == define groups
SELECT client_id, CASE WHEN value <= 0 THEN 'C' WHEN larger < 0.80 * total THEN 'A' WHEN larger < 0.95 * total THEN 'B' ELSE 'C' END AS class
FROM (
    SELECT client_id, value, sum(greatest(value, 0)) OVER () AS total,
        coalesce(sum(greatest(value, 0)) OVER (ORDER BY value DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS larger
    FROM (SELECT client_id, sum(amount) AS value FROM bench.sale GROUP BY client_id) AS c) AS c

-- == plain: groups of equal values
{groups}

-- == plain: sums up to equal values, less these
{less}

-- == plain: groups of equal values, compiled | jit = on
{groups}

-- == kept: abc_class
SELECT client_id, clientcore.abc_class(clientcore.revenue(history)) OVER () AS class FROM shop.history

-- == kept: abc_cutoffs
SELECT h.client_id, clientcore.abc_class_by_cutoffs(clientcore.revenue(h.history), c.cutoffs) AS class
FROM shop.history AS h, (SELECT clientcore.abc_cutoffs(clientcore.revenue(history)) AS cutoffs FROM shop.history) AS c

-- == sales: abc_class
SELECT client_id, clientcore.abc_class(sum(amount)) OVER () AS class FROM bench.sale GROUP BY client_id

-- == duckdb: groups of equal values
{groups}

-- == duckdb: sums up to equal values, less these
{less}

-- == check
SELECT count(*), count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B') FROM (@) AS c
