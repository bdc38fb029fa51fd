-- A card: what one asks of a client, as of a day. The figures of every client, its median
-- interval, how long it may be silent, XYZ class and rung of loyalty; ABC classes by the
-- revenue of twelve months and of all, RFM scores by quintiles. Plain SQL is spared what
-- needs a running median, the losses in the past of a client.

-- == define columns
client_id, first_purchase, second_purchase, last_purchase, purchase_count, sale_count, return_count, revenue, returned,
    purchase_12m_count, revenue_12m, revenue_90d, revenue_90d_year_ago, revenue_before, value_revenue, first_days_revenue,
    typical_interval, silence_limit, xyz, rung, coalesce(date '2024-12-31' - last_purchase > silence_limit, false) AS is_lost

-- == define windows
SELECT {columns},
    clientcore.abc_class(revenue_12m) OVER () AS abc_class,
    clientcore.abc_class(revenue) OVER () AS abc_lifetime_class,
    6 - clientcore.quantile_score(date '2024-12-31' - last_purchase, 5) OVER () AS recency_score,
    clientcore.quantile_score(nullif(purchase_count, 0), 5) OVER () AS frequency_score,
    clientcore.quantile_score(CASE WHEN purchase_count > 0 THEN revenue END, 5) OVER () AS monetary_score
FROM figure

-- == define cutoffs
SELECT {columns},
    clientcore.abc_class_by_cutoffs(revenue_12m, recent) AS abc_class,
    clientcore.abc_class_by_cutoffs(revenue, lifetime) AS abc_lifetime_class,
    6 - clientcore.quantile_score_by_cutoffs(date '2024-12-31' - last_purchase, recency) AS recency_score,
    clientcore.quantile_score_by_cutoffs(nullif(purchase_count, 0), frequency) AS frequency_score,
    clientcore.quantile_score_by_cutoffs(CASE WHEN purchase_count > 0 THEN revenue END, monetary) AS monetary_score
FROM figure, (
    SELECT clientcore.abc_cutoffs(revenue_12m) AS recent, clientcore.abc_cutoffs(revenue) AS lifetime,
        clientcore.quantile_cutoffs(date '2024-12-31' - last_purchase, 5) AS recency,
        clientcore.quantile_cutoffs(nullif(purchase_count, 0), 5) AS frequency,
        clientcore.quantile_cutoffs(CASE WHEN purchase_count > 0 THEN revenue END, 5) AS monetary
    FROM figure) AS c

-- == define figures of the base
SELECT client_id, (f).*
    FROM (
        SELECT client_id, clientcore.card_figures(history, '2024-12-31', '2023-12-31', 'frequency', 12, 'month', 0.75, 0.25,
            3, 10, 365, 3, 30, 730, 365, 90) AS f
        FROM shop.history
        OFFSET 0) AS h

-- == kept: card_figures, windows
WITH figure AS MATERIALIZED ({figures of the base})
{windows}

-- == kept: card_figures, cutoffs
WITH figure AS MATERIALIZED ({figures of the base})
{cutoffs}

-- == sales: card_figures
WITH figure AS MATERIALIZED (
    SELECT client_id, (f).*
    FROM (
        SELECT client_id, clientcore.card_figures(clientcore.purchase_history(sold_at, amount), '2024-12-31', '2023-12-31',
            'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90) AS f
        FROM bench.sale GROUP BY client_id
        OFFSET 0) AS h)
{cutoffs}

-- == define days
SELECT client_id, sold_at::date AS day, count(*) FILTER (WHERE amount >= 0) AS sales, count(*) FILTER (WHERE amount < 0) AS returns,
        sum(amount) AS revenue, sum(amount) FILTER (WHERE amount < 0) AS returned
    FROM bench.sale GROUP BY client_id, sold_at::date

-- == define spaced days
SELECT client_id, day, sales, returns, revenue, returned, sales > 0 AS is_purchase,
        day - lag(day) OVER (PARTITION BY client_id, sales > 0 ORDER BY day) AS gap,
        min(CASE WHEN sales > 0 THEN day END) OVER (PARTITION BY client_id) AS first_day,
        max(CASE WHEN sales > 0 THEN day END) OVER (PARTITION BY client_id) AS last_day
    FROM day

-- == define spaced sales
SELECT client_id, day, is_sale::integer AS sales, (NOT is_sale)::integer AS returns, amount AS revenue, CASE WHEN NOT is_sale THEN amount END AS returned,
        is_sale AND gap IS DISTINCT FROM 0 AS is_purchase, nullif(gap, 0) AS gap, first_day, last_day
    FROM (
        SELECT client_id, day, is_sale, amount,
            day - lag(day) OVER (PARTITION BY client_id, is_sale ORDER BY day) AS gap,
            min(CASE WHEN is_sale THEN day END) OVER (PARTITION BY client_id) AS first_day,
            max(CASE WHEN is_sale THEN day END) OVER (PARTITION BY client_id) AS last_day
        FROM (SELECT client_id, sold_at::date AS day, amount >= 0 AS is_sale, amount FROM bench.sale) AS s) AS s

-- == define figures
SELECT client_id, first_day AS first_purchase, min(day) FILTER (WHERE is_purchase AND day > first_day) AS second_purchase, last_day AS last_purchase,
        count(*) FILTER (WHERE is_purchase) AS purchase_count, sum(sales) AS sale_count, sum(returns) AS return_count,
        sum(revenue) AS revenue, -coalesce(sum(returned), 0) AS returned,
        count(*) FILTER (WHERE is_purchase AND day > '2023-12-31') AS purchase_12m_count,
        coalesce(sum(revenue) FILTER (WHERE day > '2023-12-31'), 0) AS revenue_12m,
        coalesce(sum(revenue) FILTER (WHERE day > '2024-10-02'), 0) AS revenue_90d,
        coalesce(sum(revenue) FILTER (WHERE day > '2023-10-02' AND day <= '2023-12-31'), 0) AS revenue_90d_year_ago,
        coalesce(sum(revenue) FILTER (WHERE day > '2022-12-31' AND day <= '2023-12-31'), 0) AS revenue_before,
        coalesce(sum(revenue) FILTER (WHERE day > last_day - interval '12 months' AND day <= last_day), 0) AS value_revenue,
        coalesce(sum(revenue) FILTER (WHERE day >= first_day AND day < first_day + 90), 0) AS first_days_revenue

-- == define bits
bit_or(CASE WHEN is_purchase AND day >= '2024-01-01' THEN 1 << (date_part('month', day)::integer - 1) ELSE 0 END)

-- == define judged
SELECT *, CASE WHEN purchase_count > 3 THEN least(greatest(ceil(3 * typical_interval), 30), 730) WHEN purchase_count > 0 THEN 365 END AS silence_limit,
        CASE WHEN purchase_count < 2 OR months < 3 THEN NULL WHEN bought >= 0.75 * months THEN 'X' WHEN bought >= 0.25 * months THEN 'Y' ELSE 'Z' END AS xyz,
        CASE WHEN purchase_count >= 10 AND last_purchase - first_purchase >= 365 THEN 5 WHEN purchase_count >= 3 THEN 4 ELSE 1 + purchase_count END AS rung
    FROM (
        SELECT *, least(12, (2024 - date_part('year', first_purchase)::integer) * 12 + 13 - date_part('month', first_purchase)::integer) AS months
        FROM figure) AS f

-- == define classed
SELECT client_id, first_purchase, second_purchase, last_purchase, purchase_count, sale_count, return_count, revenue, returned,
    purchase_12m_count, revenue_12m, revenue_90d, revenue_90d_year_ago, revenue_before, value_revenue, first_days_revenue,
    typical_interval, silence_limit, xyz, rung, coalesce(date '2024-12-31' - last_purchase > silence_limit, false) AS is_lost,
    CASE WHEN revenue_12m <= 0 THEN 'C' WHEN larger_12m < 0.80 * total_12m THEN 'A' WHEN larger_12m < 0.95 * total_12m THEN 'B' ELSE 'C' END AS abc_class,
    CASE WHEN revenue <= 0 THEN 'C' WHEN larger < 0.80 * total THEN 'A' WHEN larger < 0.95 * total THEN 'B' ELSE 'C' END AS abc_lifetime_class,
    5 - (silence > r[1])::integer - (silence > r[2])::integer - (silence > r[3])::integer - (silence > r[4])::integer AS recency_score,
    1 + (purchases > f[1])::integer + (purchases > f[2])::integer + (purchases > f[3])::integer + (purchases > f[4])::integer AS frequency_score,
    1 + (spent > m[1])::integer + (spent > m[2])::integer + (spent > m[3])::integer + (spent > m[4])::integer AS monetary_score
FROM (
    SELECT *, date '2024-12-31' - last_purchase AS silence, nullif(purchase_count, 0) AS purchases, CASE WHEN purchase_count > 0 THEN revenue END AS spent,
        sum(greatest(revenue_12m, 0)) OVER () AS total_12m,
        coalesce(sum(greatest(revenue_12m, 0)) OVER (ORDER BY revenue_12m DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS larger_12m,
        sum(greatest(revenue, 0)) OVER () AS total,
        coalesce(sum(greatest(revenue, 0)) OVER (ORDER BY revenue DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS larger
    FROM judged) AS j, cut

-- == define plain tail
judged AS ({judged}),
cut AS (
    SELECT percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY date '2024-12-31' - last_purchase) AS r,
        percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY purchase_count) FILTER (WHERE purchase_count > 0) AS f,
        percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY revenue) FILTER (WHERE purchase_count > 0) AS m
    FROM figure)
{classed}

-- == define plain median
percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FILTER (WHERE is_purchase) AS typical_interval, bit_count({bits}::bit(12)) AS bought

-- == plain: by day
WITH day AS ({days}),
figure AS MATERIALIZED (
    {figures}, {plain median}
    FROM ({spaced days}) AS s GROUP BY client_id, first_day, last_day),
{plain tail}

-- == plain: sale by sale
WITH figure AS MATERIALIZED (
    {figures}, {plain median}
    FROM ({spaced sales}) AS s GROUP BY client_id, first_day, last_day),
{plain tail}

-- == plain: by day, compiled | jit = on
WITH day AS ({days}),
figure AS MATERIALIZED (
    {figures}, {plain median}
    FROM ({spaced days}) AS s GROUP BY client_id, first_day, last_day),
{plain tail}

-- == define duckdb tail
judged AS ({judged}),
cut AS (
    SELECT quantile_cont(date '2024-12-31' - last_purchase, [0.2, 0.4, 0.6, 0.8]) AS r,
        quantile_cont(purchase_count, [0.2, 0.4, 0.6, 0.8]) FILTER (WHERE purchase_count > 0) AS f,
        quantile_cont(revenue::double, [0.2, 0.4, 0.6, 0.8]) FILTER (WHERE purchase_count > 0) AS m
    FROM figure)
{classed}

-- == duckdb: by day, quantile_cont
WITH day AS ({days}),
figure AS MATERIALIZED (
    {figures}, quantile_cont(gap, 0.5) FILTER (WHERE is_purchase) AS typical_interval, bit_count({bits}) AS bought
    FROM ({spaced days}) AS s GROUP BY client_id, first_day, last_day),
{duckdb tail}

-- == duckdb: by day, medians of lists
WITH day AS ({days}),
figure AS MATERIALIZED (
    {figures}, list_median(list(gap) FILTER (WHERE is_purchase)) AS typical_interval, bit_count({bits}) AS bought
    FROM ({spaced days}) AS s GROUP BY client_id, first_day, last_day),
{duckdb tail}

-- == duckdb: sale by sale, medians of lists
WITH figure AS MATERIALIZED (
    {figures}, list_median(list(gap) FILTER (WHERE is_purchase)) AS typical_interval, bit_count({bits}) AS bought
    FROM ({spaced sales}) AS s GROUP BY client_id, first_day, last_day),
{duckdb tail}

-- == check
SELECT count(*), sum(first_purchase - date '2021-01-01')::bigint, sum(second_purchase - date '2021-01-01')::bigint, sum(last_purchase - date '2021-01-01')::bigint,
    sum(purchase_count)::bigint, sum(sale_count)::bigint, sum(return_count)::bigint, (100 * sum(revenue))::bigint, (100 * sum(returned))::bigint,
    sum(purchase_12m_count)::bigint, (100 * sum(revenue_12m))::bigint, (100 * sum(revenue_90d))::bigint, (100 * sum(revenue_90d_year_ago))::bigint,
    (100 * sum(revenue_before))::bigint, (100 * sum(value_revenue))::bigint, (100 * sum(first_days_revenue))::bigint,
    (2 * sum(typical_interval))::bigint, sum(silence_limit)::bigint, count(*) FILTER (WHERE xyz = 'X'), count(*) FILTER (WHERE xyz = 'Y'),
    count(*) FILTER (WHERE xyz = 'Z'), sum(rung)::bigint, count(*) FILTER (WHERE is_lost), count(*) FILTER (WHERE abc_class = 'A'), count(*) FILTER (WHERE abc_class = 'B'),
    count(*) FILTER (WHERE abc_lifetime_class = 'A'), count(*) FILTER (WHERE abc_lifetime_class = 'B'),
    sum(recency_score)::bigint, sum(frequency_score)::bigint, sum(monetary_score)::bigint
FROM (@) AS c
