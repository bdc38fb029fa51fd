-- Two tables of the same first sales, to be written in turn, one of them followed by a
-- base; and 10,000 sales to be put into both.
CREATE TABLE bench.alone (LIKE bench.sale INCLUDING ALL);
CREATE TABLE bench.followed (LIKE bench.sale INCLUDING ALL);
CREATE SEQUENCE bench.alone_id START 1000000000;
CREATE SEQUENCE bench.followed_id START 1000000000;
CREATE TEMP TABLE first_sale AS SELECT row_number() OVER (ORDER BY sale_id) AS sale_id, sold_at, client_id, status, amount FROM bench.sale ORDER BY sale_id LIMIT :rows;
INSERT INTO bench.alone SELECT * FROM first_sale;
INSERT INTO bench.followed SELECT * FROM first_sale;
DROP TABLE first_sale;
CREATE TABLE bench.batch AS
SELECT n, timestamptz '2025-02-01 12:00+02' + n * interval '1 second' AS sold_at, (1 + n % 500)::numeric / 4 AS amount
FROM generate_series(1, 10000) AS n;
VACUUM ANALYZE bench.alone, bench.followed, bench.batch;
CHECKPOINT;
