-- A table of two levels of partitions. (Not with an identity: from 17 on partitions have it
-- too, and those that were made apart have not.)
CREATE SEQUENCE sales_id_seq START 100000;
CREATE TABLE sales (
    id bigint DEFAULT nextval('sales_id_seq'),
    region integer,
    client bigint,
    sold_at timestamp,
    amount double precision,
    note text,
    PRIMARY KEY (id, region, sold_at)) PARTITION BY LIST (region);

DO $$
DECLARE
    region integer;
    year integer;
BEGIN
    FOR region IN 1 .. 3 LOOP
        EXECUTE format('CREATE TABLE sales_%s PARTITION OF sales (id DEFAULT nextval(''sales_id_seq'')) FOR VALUES IN (%1$s) PARTITION BY RANGE (sold_at)', region);
        FOR year IN 2023 .. 2024 LOOP
            -- columns in another order
            EXECUTE format('CREATE TABLE sales_%s_%s (note text, gone integer, amount double precision, sold_at timestamp NOT NULL, client bigint, '
                'region integer NOT NULL, id bigint NOT NULL DEFAULT nextval(''sales_id_seq''))', region, year);
            EXECUTE format('ALTER TABLE sales_%s_%s DROP gone', region, year);
            EXECUTE format('ALTER TABLE sales_%s ATTACH PARTITION sales_%1$s_%s FOR VALUES FROM (%L) TO (%L)',
                region, year, format('%s-01-01', year), format('%s-01-01', year + 1));
        END LOOP;
    END LOOP;
END
$$;

INSERT INTO sales (region, client, sold_at, amount)
SELECT 1 + n % 3, nullif(n % 40, 0), timestamp '2023-01-01 00:00' + n * interval '5 hours', (n * 37 % 2500) / 10.0 - 50
FROM generate_series(1, 2000) n;

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'sold_at', amount => 'amount', replicated => true);

CREATE FUNCTION truth() RETURNS TABLE (client text, day date, sales bigint, returns bigint, revenue numeric, profit numeric)
LANGUAGE SQL AS $$
SELECT client::text, sold_at::date, count(*) FILTER (WHERE amount >= 0), count(*) FILTER (WHERE amount < 0), sum(amount), NULL::numeric
FROM (SELECT s.client, s.sold_at, round(s.amount::numeric, t.amount_scale) AS amount FROM sales s, shop.settings t) s
WHERE sold_at IS NOT NULL AND amount IS NOT NULL
GROUP BY 1, 2
$$;
