-- Three years of an invented company's trade, always the same: every random number
-- is a hash of what it is for, so neither plan nor order of rows matters.
--
-- psql variable: clients, the number of clients.
--
-- Leaves orders, order_lines and the view sales, which joins them.
--
-- Clients buy weekly, monthly, quarterly, now and then, or once; they arrive faster
-- year by year, grow or shrink, pause for some months and come back, and leave after an
-- exponential lifetime; fourteen giants are a large part of the revenue: two leave, two
-- shrink, one has just fallen silent. December is strong, the summer weak, Sundays are closed, some
-- goods come back, some clients cost more than they bring, some sales name no client.

-- A number between 0 and 1 for thing n and purpose salt.
CREATE FUNCTION pg_temp.chance(n bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN ((hashint8extended(n, salt) & 9007199254740991) + 0.5::double precision) / 9007199254740992;

-- A number from the normal distribution.
CREATE FUNCTION pg_temp.normal(n bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN sqrt(-2 * ln(pg_temp.chance(n, salt))) * cos(2 * pi() * pg_temp.chance(n, salt + 1000));

-- Invented names, each once up to 9,600 clients.
CREATE FUNCTION pg_temp.name(i bigint) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (string_to_array('Amber Azure Brass Cedar Clover Cobalt Copper Coral Crimson Dapper Ebony Fern '
            'Flint Frosty Gentle Gilded Hazel Indigo Ivory Jade Jolly Lofty Lucky Maple Mellow Misty Noble Olive '
            'Pearl Plucky Quiet Russet Saffron Scarlet Silver Sunny Tidy Velvet Violet Willow', ' '))[1 + i % 40]
    || ' ' || (string_to_array('Badger Bison Condor Crane Curlew Dolphin Falcon Gecko Gull Heron Ibex Jackdaw '
            'Kestrel Lark Lemur Lynx Magpie Marmot Marten Moose Newt Osprey Otter Owl Panda Pelican Plover Puffin '
            'Quail Raven Robin Salmon Seal Sparrow Stork Swift Tapir Turtle Walrus Wren', ' '))[1 + (i / 40 + i) % 40]
    || ' ' || (string_to_array('Stores,Supplies,Trading,Works,and Sons,Outfitters', ','))[1 + (i / 1600 + i) % 6];

CREATE TEMP TABLE invented_client AS
WITH rhythm AS (
    SELECT i, i <= 14 AS giant, pg_temp.chance(i, 1) AS u FROM generate_series(1, :clients) AS i
), kind AS (
    SELECT i, giant,
        CASE WHEN giant THEN CASE WHEN i % 3 = 0 THEN 30 ELSE 7 END
             WHEN u < 0.05 THEN 8
             WHEN u < 0.36 THEN 28
             WHEN u < 0.58 THEN 80
             WHEN u < 0.82 THEN 160
        END AS mean_interval
    FROM rhythm
)
SELECT i, giant, pg_temp.name(i) AS name,
    mean_interval * exp(0.2 * pg_temp.normal(i, 2)) AS own_interval,
    -- A third were clients before the first day.
    CASE WHEN giant OR pg_temp.chance(i, 3) < 0.33
         THEN pg_temp.chance(i, 4) * coalesce(mean_interval, 300)
         ELSE 1095 * pg_temp.chance(i, 4) ^ 0.7
    END AS arrives,
    CASE WHEN i IN (5, 11) THEN 700 + 10 * i
         WHEN i = 12 THEN 1030
         WHEN giant THEN 10000
         ELSE -ln(pg_temp.chance(i, 5)) * CASE WHEN mean_interval <= 30 THEN 2000 ELSE 1500 END
    END AS stays,
    CASE WHEN giant THEN 900 * (1 + 2 * pg_temp.chance(i, 6))
         ELSE 45 * exp(0.85 * pg_temp.normal(i, 6)) * CASE WHEN mean_interval <= 30 THEN 1.6 ELSE 1 END
    END AS usual_line,
    -- What it buys grows or shrinks so much a year, as a power of e.
    CASE WHEN i IN (3, 8) THEN -0.9 ELSE CASE WHEN giant THEN 0.1 ELSE 0.25 END * pg_temp.normal(i, 18) END AS trend,
    -- A third pause once, for four months to a year.
    CASE WHEN NOT giant AND pg_temp.chance(i, 19) < 0.33 THEN 1095 * pg_temp.chance(i, 20) END AS pause,
    120 + 240 * pg_temp.chance(i, 21) AS pause_days
FROM kind;

-- Purchase k of a client, its day counted from the first day of the three years.
CREATE TEMP TABLE invented_purchase AS
WITH due AS (
    SELECT i, k, name, usual_line, trend, pause, pause_days, stays, arrives,
        arrives + sum(CASE WHEN k = 0 THEN 0 ELSE own_interval * (0.5 + pg_temp.chance(i * 1000 + k, 7)) END)
            OVER (PARTITION BY i ORDER BY k) AS at
    FROM invented_client
    CROSS JOIN LATERAL generate_series(0, coalesce((2 * 1095 / own_interval)::integer, 0)) AS k
), dated AS (
    SELECT i, k, name, usual_line * exp(trend * (at - greatest(arrives, 0)) / 365) AS usual_line, date '2022-01-01' + at::integer AS day
    FROM due
    WHERE at < arrives + stays AND (pause IS NULL OR NOT at BETWEEN pause AND pause + pause_days)
), open AS (
    SELECT i, k, name, usual_line, day + CASE WHEN extract(isodow FROM day) = 7 THEN 1 ELSE 0 END AS day
    FROM dated
)
SELECT i, k, name, day,
    usual_line * CASE extract(month FROM day)
        WHEN 12 THEN 1.35 WHEN 11 THEN 1.15 WHEN 7 THEN 0.85 WHEN 8 THEN 0.8 ELSE 1 END AS usual_line
FROM open
WHERE day <= '2024-12-31'
    -- In summer one purchase in five is left out.
    AND (k = 0 OR extract(month FROM day) NOT IN (7, 8) OR pg_temp.chance(i * 1000 + k, 8) > 0.2);

CREATE TEMP TABLE invented_line AS
SELECT name, day + time '08:00' + interval '1 minute' * floor(600 * pg_temp.chance(i * 1000 + k, 9)) AS sold_at,
    greatest(round((usual_line * exp(0.45 * pg_temp.normal((i * 1000 + k) * 8 + line, 10)))::numeric, 2), 0.50) AS amount,
    -- One client in forty is served below cost.
    CASE WHEN i % 41 = 17 THEN 0.87 ELSE 0.55 END AS least_cost,
    (i * 1000 + k) * 8 + line AS n
FROM invented_purchase
CROSS JOIN LATERAL generate_series(1, 1 + floor(4 * pg_temp.chance(i * 1000 + k, 11))::integer) AS line;

-- Lines of one purchase are one order; so are those of it that name no client, or no
-- day, and whatever of it comes back.
CREATE TEMP TABLE invented_sale AS
WITH line AS (
    -- One line in thirty names no client, a few lack a date or an amount.
    SELECT CASE WHEN pg_temp.chance(n, 12) > 0.033 THEN name END AS client,
        CASE WHEN pg_temp.chance(n, 13) > 0.0001 THEN sold_at END AS sold_at,
        CASE WHEN pg_temp.chance(n, 14) > 0.0002 THEN amount END AS amount,
        round(amount * (least_cost + 0.3 * pg_temp.chance(n, 15))::numeric, 2) AS cost,
        n / 8 AS bought_together, n
    FROM invented_line
    UNION ALL
    -- One in twenty-five comes back within three weeks.
    SELECT name, sold_at + interval '1 day' * (1 + floor(20 * pg_temp.chance(n, 16))), -amount,
        -round(amount * (least_cost + 0.3 * pg_temp.chance(n, 15))::numeric, 2), -n, -n
    FROM invented_line
    WHERE pg_temp.chance(n, 17) < 0.04
)
SELECT dense_rank() OVER (ORDER BY sold_at, bought_together, client) AS order_id,
    row_number() OVER (PARTITION BY sold_at, bought_together, client ORDER BY n) AS line_no,
    client, sold_at, amount, cost
FROM line
WHERE sold_at < '2025-01-01' OR sold_at IS NULL;

-- Order heads and lines, as most companies have them, and a view that joins them.
CREATE TABLE orders (
    order_id integer GENERATED BY DEFAULT AS IDENTITY,
    client text,
    sold_at timestamp);
CREATE TABLE order_lines (
    order_id integer,
    line_no integer,
    amount numeric(12, 2),
    cost numeric(12, 2));
CREATE VIEW sales AS
SELECT order_id, line_no, client, sold_at, amount, cost
FROM orders
JOIN order_lines USING (order_id);

INSERT INTO orders
SELECT order_id, client, sold_at
FROM invented_sale
WHERE line_no = 1
ORDER BY order_id;

INSERT INTO order_lines
SELECT order_id, line_no, amount, cost
FROM invented_sale
ORDER BY order_id, line_no;

-- The keys lead from a client to its orders, and from these to their lines; so that a
-- refresh reads no others.
ALTER TABLE orders ADD PRIMARY KEY (order_id);
ALTER TABLE order_lines ADD PRIMARY KEY (order_id, line_no),
    ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE;
CREATE INDEX ON orders (client);
SELECT setval(pg_get_serial_sequence('orders', 'order_id'), max(order_id)) AS last_order FROM orders \gset

COMMENT ON VIEW sales IS 'three years of invented trade';
ANALYZE orders, order_lines;
