-- Sales of an invented shop, always the same ones: every random number is a hash of what
-- it is for.
--
-- psql variables: sales and clients, how many; exactly so many are made.
--
-- Leaves bench.sale in the schema bench: four years, in the order of time, as a shop
-- writes them. What a client buys how often is log-normal (the largest tenth buys half
-- of all); clients come, buy in a rhythm of their own, and leave; the summer is strong,
-- Sundays are closed, three sales in a hundred are returns.

-- A number between 0 and 1 for thing n and purpose salt.
CREATE FUNCTION bench.chance(n bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((hashint8extended(n, salt) & 9007199254740991) + 0.5::double precision) / 9007199254740992;

CREATE FUNCTION bench.normal(n bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sqrt(-2 * ln(bench.chance(n, salt))) * cos(2 * pi() * bench.chance(n, salt + 1000));

CREATE TEMP TABLE client AS
WITH born AS (
    SELECT i, exp(1.1 * bench.normal(i, 1)) AS weight, 20 * exp(0.8 * bench.normal(i, 2)) AS usual,
        CASE WHEN bench.chance(i, 3) < 0.35 THEN 0 ELSE 1455 * bench.chance(i, 4) ^ 0.8 END AS arrives,
        -1200 * ln(bench.chance(i, 5)) AS stays
    FROM generate_series(1, :clients) AS i
), lived AS (
    SELECT i, usual, arrives, least(arrives + 5 + stays, 1461) AS leaves,
        sum(weight * (least(arrives + 5 + stays, 1461) - arrives)) OVER (ORDER BY i) AS so_far,
        sum(weight * (least(arrives + 5 + stays, 1461) - arrives)) OVER () AS altogether
    FROM born
), counted AS (
    -- one sale at least, and exactly so many altogether
    SELECT i, usual, arrives, leaves, i + floor((:sales - :clients) * (so_far / altogether - 1e-12))::bigint AS until
    FROM lived
)
SELECT i, usual, arrives, leaves, coalesce(lag(until) OVER (ORDER BY i), 0) AS after,
    CASE WHEN i = :clients THEN :sales ELSE until END AS until
FROM counted;

CREATE TABLE bench.sale (
    sale_id bigint NOT NULL,
    sold_at timestamptz NOT NULL,
    client_id integer NOT NULL,
    status smallint NOT NULL DEFAULT 1,
    amount numeric(12,2) NOT NULL);

INSERT INTO bench.sale (sale_id, sold_at, client_id, amount)
SELECT row_number() OVER (ORDER BY sold_at, n), sold_at, i, cents::numeric / 100
FROM (
    SELECT i, n,
        (timestamp '2021-01-01 08:00' + floor(moment) * interval '1 day'
            + (moment - floor(moment)) * interval '12 hours') AT TIME ZONE 'Europe/Tallinn' AS sold_at,
        (CASE WHEN bench.chance(n, 6) < 0.03 THEN -100 ELSE 100 END
            * usual * exp(2 * (bench.chance(n, 7) + bench.chance(n, 8) - 1)))::bigint AS cents
    FROM (
        SELECT i, n, usual,
            -- Sunday's are sold on Saturday; the first day was a Friday
            CASE WHEN (floor(warped)::integer + 5) % 7 = 0 AND warped >= 1 THEN warped - 1 ELSE warped END AS moment
        FROM (
            SELECT i, n, usual, greatest(0, least(1460.99, day + 20 * sin(2 * pi() * (day - 150) / 365.25) + 10 * sin(2 * pi() * 150 / 365.25))) AS warped
            FROM (
                SELECT i, n, usual, arrives + (n - after - bench.chance(n, 9)) / (until - after) * (leaves - arrives) AS day
                FROM client, generate_series(after + 1, until) AS n) AS s) AS s) AS s) AS s;

ALTER TABLE bench.sale ADD PRIMARY KEY (sale_id);
DROP TABLE client;
VACUUM (FREEZE, ANALYZE) bench.sale;

-- Sales of the days that follow, to clients who bought lately, one in fifty to a new one;
-- every sale a statement of its own, as a shop makes them.
CREATE PROCEDURE bench.sell(how_many bigint, salt bigint)
LANGUAGE plpgsql AS $$
DECLARE
    last bigint := (SELECT max(sale_id) FROM bench.sale);
    newest timestamptz := (SELECT max(sold_at) FROM bench.sale);
    -- what a day sells
    daily double precision := (SELECT count(*) / 1461.0 FROM bench.sale);
    clients integer := (SELECT max(client_id) FROM bench.sale);
    sold record;
BEGIN
    FOR sold IN
        SELECT last + n AS sale_id, (newest::date + 1 + time '08:00') + n / daily * interval '1 day' AS sold_at,
            CASE WHEN bench.chance(n, salt) < 0.02 THEN clients + 1 + n / 50 ELSE s.client_id END AS client_id, s.amount
        FROM generate_series(1, how_many) AS n
        JOIN bench.sale AS s ON s.sale_id = last - floor(bench.chance(n, salt + 1) * last / 4)::bigint
    LOOP
        INSERT INTO bench.sale (sale_id, sold_at, client_id, amount)
        VALUES (sold.sale_id, sold.sold_at, sold.client_id, sold.amount);
    END LOOP;
END
$$;
