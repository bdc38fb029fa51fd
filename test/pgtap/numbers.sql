-- Amounts of every number type, of every magnitude and scale that fits, to the
-- last digit.

BEGIN;
\ir common/helpers.psql

SELECT plan(23);

SELECT setseed(0.71) \g /dev/null

-- Whole numbers of up to 63 bits, spread over all lengths, with a scale up to 18.
CREATE TEMP TABLE random_whole AS
SELECT n, floor(power(2, random() * 31.5) * random())::numeric * 4294967296 * (n % 3 <> 0)::integer + floor(random() * power(2, random() * 32))::numeric AS whole,
       floor(random() * 19)::integer AS scale, CASE WHEN random() < 0.3 THEN -1 ELSE 1 END AS sign
FROM generate_series(1, 30000) AS n;
DELETE FROM random_whole WHERE whole > 9223372036854775807;

CREATE TEMP TABLE number AS
-- any digits
SELECT n, sign * whole * ('1e-' || scale)::numeric AS value FROM random_whole
UNION ALL
-- few digits followed by many zeros
SELECT 100000 + n, sign * (whole % 1000) * ('1e' || (n % 16))::numeric FROM random_whole WHERE n <= 4000
UNION ALL
-- powers of ten and their neighbours
SELECT 200000 + n * 100 + k * 10 + s, s * (('1e' || n)::numeric + k - 1) * ('1e-' || m)::numeric
FROM generate_series(0, 18) AS n, generate_series(0, 2) AS k, (VALUES (-1), (1)) AS v(s), generate_series(0, 18, 6) AS m
UNION ALL
-- the borders of 64 bits
SELECT 300000 + scale, 9223372036854775807 * ('1e-' || scale)::numeric FROM generate_series(0, 18) AS scale
UNION ALL
SELECT 400000 + scale, -9223372036854775807 * ('1e-' || scale)::numeric FROM generate_series(0, 18) AS scale;
ALTER TABLE number ADD id serial;
ANALYZE number;

SELECT pg_temp.same_rows(
    'SELECT id, revenue(h), returned(h), sale_count(h), return_count(h), profit(h) FROM (SELECT id, purchase_history(date ''2024-01-01'', value, value) AS h FROM number GROUP BY id) AS s',
    'SELECT id, value, greatest(-value, 0), (value >= 0)::integer, (value < 0)::integer, value FROM number', 30000, 'every numeric that fits');
-- output has the least number of decimals, whatever the value came with
SELECT pg_temp.same_rows(
    'SELECT id, h::text FROM (SELECT id, purchase_history(date ''2024-01-01'', value) AS h FROM number GROUP BY id) AS s',
    'SELECT id, CASE WHEN value >= 0 THEN ''{2024-01-01: sold '' ELSE ''{2024-01-01: returned '' END || trim_scale(abs(value)) || ''}'' FROM number', 30000, 'written to the last digit');
SELECT pg_temp.same_rows(
    'SELECT id, purchase_history_send(purchase_history(date ''2024-01-01'', round(value, 30)::numeric(60, 30), value)) FROM number GROUP BY id',
    'SELECT id, purchase_history_send(purchase_history(date ''2024-01-01'', trim_scale(value), value)) FROM number GROUP BY id', 30000, 'trailing zeros mean nothing');
SELECT is((SELECT purchase_history(d, 10.500)::text FROM (VALUES (date '2024-01-01')) AS v(d)), '{2024-01-01: sold 10.5}', '10.500 is 10.5');
-- scales are what the content needs, not what came by
SELECT pg_temp.same_rows(
    'SELECT id, purchase_history_send(purchase_history(date ''2024-01-01'', v)) FROM number, unnest(ARRAY[value * 0.25, value * 0.75]) AS v WHERE abs(value) * (10::numeric ^ (scale(trim_scale(value)) + 2)) < 9223372036854775807 AND value > 0 AND scale(trim_scale(value)) <= 16 GROUP BY id',
    'SELECT id, purchase_history_send(purchase_history(date ''2024-01-01'', v)) FROM number, unnest(ARRAY[value * 0.5, value * 0.5]) AS v WHERE abs(value) * (10::numeric ^ (scale(trim_scale(value)) + 2)) < 9223372036854775807 AND value > 0 AND scale(trim_scale(value)) <= 16 GROUP BY id',
    10000, 'decimals that sum up to fewer decimals leave no trace');

-- sums of many numbers of many scales that fit together
CREATE TEMP TABLE mixed AS
SELECT g, date '2024-01-01' + (random() * 20)::integer AS day, round(((random() - 0.3) * power(10, random() * 6))::numeric, (random() * 8)::integer) AS amount, round(((random() - 0.3) * power(10, random() * 6))::numeric, (random() * 8)::integer) AS profit
FROM generate_series(1, 1000) AS g, generate_series(1, 30);
SELECT pg_temp.same_rows(
    'SELECT g, revenue(h), returned(h), profit(h) FROM (SELECT g, purchase_history(day, amount, profit) AS h FROM mixed GROUP BY g) AS s',
    'SELECT g, sum(amount), -sum(amount) FILTER (WHERE amount < 0), sum(profit) FROM mixed GROUP BY g', 1000, 'sums of many scales');
SELECT pg_temp.same_rows(
    'SELECT d.* FROM (SELECT purchase_history(day, amount, profit) AS h FROM mixed) AS s, days(h) AS d',
    'SELECT day, count(*) FILTER (WHERE amount >= 0), count(*) FILTER (WHERE amount < 0), sum(amount) FILTER (WHERE amount >= 0), -sum(amount) FILTER (WHERE amount < 0), sum(amount), sum(profit), count(*) FROM mixed GROUP BY day', 21, 'days of many scales');

-- whole number types
CREATE TEMP TABLE whole_number AS
SELECT id, value::bigint AS big, (value % 2147483648)::integer AS int, (value % 32768)::smallint AS small FROM number WHERE scale(trim_scale(value)) = 0
UNION ALL VALUES (-1, 9223372036854775807, 2147483647, 32767::smallint), (-2, -9223372036854775807, -2147483648, (-32768)::smallint), (-3, 0, 0, 0::smallint);
SELECT pg_temp.same_rows(
    format('SELECT id, revenue(h), profit(h), sale_count(h) FROM (SELECT id, purchase_history(date ''2024-01-01'', %s, %1$s) AS h FROM whole_number GROUP BY id, %1$s) AS s', type),
    format('SELECT id, %s::numeric, %1$s::numeric, (%1$s >= 0)::integer FROM whole_number', type), 5000, format('every %s', name))
FROM (VALUES ('big', 'bigint'), ('int', 'integer'), ('small', 'smallint')) AS t(type, name);

-- doubles and reals: as their cast to numeric
CREATE TEMP TABLE floating AS
SELECT n, d, r FROM (
    SELECT n, CASE WHEN n % 4 = 0 THEN round(v * 100) / 100 WHEN n % 4 = 1 THEN v ELSE -v / 3 END AS d,
           (CASE WHEN n % 2 = 0 THEN round(v * 100) / 100 ELSE -v END)::real AS r
    FROM (SELECT n, random() * power(10, random() * 20 - 5) AS v FROM generate_series(1, 40000) AS n) AS s) AS f
UNION ALL
SELECT 100000 + n, d, d::real FROM unnest(ARRAY[0, -0.0, 0.1, 0.2, 0.3, 1e15, 1e16, 123456789012345678, 1e18, 9e18, -9e18, 1e-15, 1.5e-16, 0.1 + 0.2, 1.0/3, 2.675, 1e-5, 12345.678]::double precision[]) WITH ORDINALITY AS u(d, n);
CREATE FUNCTION pg_temp.fits(value numeric) RETURNS boolean LANGUAGE sql AS
$$SELECT scale(trim_scale(value)) <= 18 AND abs(value) * 10::numeric ^ scale(trim_scale(value)) <= 9223372036854775807$$;
SELECT pg_temp.same_rows(
    'SELECT n, revenue(h), profit(h) FROM (SELECT n, purchase_history(date ''2024-01-01'', d, d) AS h FROM floating WHERE pg_temp.fits(d::numeric) GROUP BY n, d) AS s',
    'SELECT n, d::numeric, d::numeric FROM floating WHERE pg_temp.fits(d::numeric)', 25000, 'every double precision as its cast to numeric');
SELECT pg_temp.same_rows(
    'SELECT n, revenue(h), profit(h) FROM (SELECT n, purchase_history(date ''2024-01-01'', r, r) AS h FROM floating WHERE pg_temp.fits(r::numeric) GROUP BY n, r) AS s',
    'SELECT n, r::numeric, r::numeric FROM floating WHERE pg_temp.fits(r::numeric)', 25000, 'every real as its cast to numeric');
SELECT pg_temp.same_rows(
    'SELECT d.sale_count, d.sold, d.returned FROM (SELECT purchase_history(date ''2024-01-01'', d) AS h FROM floating WHERE abs(d) < 10000 AND n < 100000 AND n % 4 = 0) AS s, days(h) AS d',
    'SELECT count(*) FILTER (WHERE d >= 0), sum(d::numeric) FILTER (WHERE d >= 0), coalesce(-sum(d::numeric) FILTER (WHERE d < 0), 0) FROM floating WHERE abs(d) < 10000 AND n < 100000 AND n % 4 = 0', 1, 'doubles are summed as decimals');

-- different types beside one another in one query
SELECT results_eq(
    $$SELECT revenue(purchase_history(d, n)), revenue(purchase_history(d, n::bigint)), revenue(purchase_history(d::timestamp, n::double precision)), revenue(purchase_history(d::timestamptz, n::real)), profit(purchase_history(d, n::smallint, n / 8.0)), profit(purchase_history(d, n / 8.0, n)), profit(purchase_history(d, n, n::double precision / 8)) FROM (VALUES (date '2024-01-01', 3), ('2024-01-02', 4)) AS v(d, n)$$,
    'VALUES (7::numeric, 7::numeric, 7::numeric, 7::numeric, 0.875, 7::numeric, 0.875)', 'types side by side');

-- what does not fit is an error, never a wrap
CREATE TEMP TABLE too_large AS
SELECT 9223372036854775808 * ('1e-' || scale)::numeric * sign AS value FROM generate_series(0, 18) AS scale, (VALUES (1), (-1)) AS v(sign)
UNION ALL SELECT (whole + 9223372036854775808) * ('1e-' || scale)::numeric FROM random_whole WHERE n <= 300 AND (whole + 9223372036854775808) % 10 <> 0
UNION ALL SELECT ('1e' || n)::numeric FROM generate_series(19, 130, 3) AS n
UNION ALL SELECT 1 + ('1e-' || n)::numeric FROM generate_series(19, 130, 3) AS n;
SELECT is_empty(
    $$SELECT * FROM (SELECT value, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(date ''2024-01-01'', %s)', value)) AS amount, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(date ''2024-01-01'', 1, %s)', value)) AS profit FROM too_large) AS s WHERE amount <> '22003' OR profit <> '22003'$$,
    'a numeric that does not fit is out of range');
SELECT cmp_ok((SELECT count(*) FROM too_large), '>', 300::bigint, 'many were tried');
SELECT is_empty(
    $$SELECT * FROM (SELECT d, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(date ''2024-01-01'', %L::double precision)', d)) AS state FROM (SELECT d FROM floating WHERE NOT pg_temp.fits(d::numeric) LIMIT 500) AS f) AS s WHERE state <> '22003'$$,
    'a double that does not fit is out of range');
SELECT is_empty(
    $$SELECT * FROM (SELECT v, t, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(date ''2024-01-01'', %L::%s)', v, t)) AS amount, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(date ''2024-01-01'', 1, %L::%s)', v, t)) AS profit
        FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity']) AS v, unnest(ARRAY['numeric', 'double precision', 'real']) AS t) AS s WHERE amount NOT IN ('22003', '22023') OR profit NOT IN ('22003', '22023')$$,
    'NaN and infinity are refused');
-- sums at the border
SELECT is((SELECT revenue(purchase_history(d, n)) FROM (VALUES (date '2024-01-01', 9223372036854775806.0), ('2024-01-02', 1)) AS v(d, n)), 9223372036854775807::numeric, 'a sum at the border of 64 bits');
SELECT is_empty(
    $$SELECT query FROM unnest(ARRAY[
        'SELECT clientcore.purchase_history(d, n) FROM (VALUES (date ''2024-01-01'', 9223372036854775807), (''2024-01-02'', 1)) AS v(d, n)',
        'SELECT clientcore.purchase_history(d, n) FROM (VALUES (date ''2024-01-01'', 9223372036854775807), (''2024-01-01'', 1)) AS v(d, n)',
        'SELECT clientcore.purchase_history(d, n) FROM (VALUES (date ''2024-01-01'', 9223372036854775807), (''2024-01-02'', 0.1)) AS v(d, n)',
        -- sums that would wrap all the way round
        'SELECT clientcore.purchase_history(date ''2024-01-01'', n) FROM unnest(ARRAY[9223372036854775807, 9223372036854775807, 2]) AS n',
        'SELECT clientcore.purchase_history(date ''2024-01-01'', -n) FROM unnest(ARRAY[9223372036854775807, 9223372036854775807, 2]) AS n',
        'SELECT clientcore.purchase_history(date ''2024-01-01'', 1, n) FROM unnest(ARRAY[9223372036854775807, 9223372036854775807, 2]) AS n',
        'SELECT clientcore.purchase_history(date ''2024-01-01'' + i, n) FROM unnest(ARRAY[9223372036854775807, 9223372036854775807, 2]) WITH ORDINALITY AS u(n, o), CAST(o AS integer) AS i',
        'SELECT clientcore.rollup(h) FROM unnest(ARRAY[''{2024-01-01: sold 9223372036854775807}'', ''{2024-01-01: sold 9223372036854775807}'', ''{2024-01-01: sold 2}'']::clientcore.purchase_history[]) AS h',
        'SELECT ''{2024-01-01: sold 9223372036854775807; 2024-01-01: sold 9223372036854775807; 2024-01-01: sold 2}''::clientcore.purchase_history',
        'SELECT ''{2024-01-01: sold 1 in 9223372036854775807; 2024-01-01: sold 1 in 9223372036854775807; 2024-01-01: sold 1 in 2}''::clientcore.purchase_history',
        'SELECT ''{2024-01-01: sold 9223372036854775807}''::clientcore.purchase_history OPERATOR(clientcore.+) ''{2024-01-02: sold 1}''',
        'SELECT ''{2024-01-01: sold 9223372036854775807}''::clientcore.purchase_history OPERATOR(clientcore.+) ''{2024-01-02: sold 0.5}''',
        'SELECT ''{2024-01-01: sold 9223372036854775807}''::clientcore.purchase_history OPERATOR(clientcore.-) (''{}'' OPERATOR(clientcore.-) ''{2024-01-02: sold 1}''::clientcore.purchase_history)',
        'SELECT clientcore.rollup(h) FROM (VALUES (''{2024-01-01: sold 9223372036854775807}''::clientcore.purchase_history), (''{2024-01-02: sold 1}'')) AS v(h)',
        'SELECT ''{2024-01-01: sold 9223372036854775807; 2024-01-02: sold 1}''::clientcore.purchase_history',
        'SELECT ''{2024-01-01: sold 1 in 9223372036854775807; 2024-01-02: sold 1}''::clientcore.purchase_history']) AS query
      WHERE pg_temp.sqlstate_of(query) <> '22003'$$,
    'sums beyond the border are out of range');
-- whether it fits does not depend on the order, though its parts cancel or fall together
CREATE TEMP TABLE ordering AS
SELECT kind, a, b, c, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(date ''2024-01-01'' + %s * o::integer, %s) FROM unnest(ARRAY[%s, %s, %s]) WITH ORDINALITY AS u(n, o)', days, arguments, a, b, c)) AS state
FROM (VALUES ('amount', 'n'), ('profit', '1, n')) AS k(kind, arguments), generate_series(0, 1) AS days,
     (VALUES (1, 5e18, 0.5, 0.5), (2, 9e18, -9e18, 0.5), (3, 9223372036854775807, 0, 0.00), (4, 9223372036854775807, -1, 0.5), (5, 4e18, 4e18, -9e18), (6, 9e17, 0.5, -0.5), (7, 4e18, -4e18, 0.5)) AS l(list, x, y, z),
     LATERAL (VALUES (x, y, z), (x, z, y), (y, x, z), (y, z, x), (z, x, y), (z, y, x)) AS p(a, b, c);
SELECT is_empty(
    'SELECT kind, array_agg((a, b, c, state)) FROM (SELECT *, (SELECT array_agg(v ORDER BY v) FROM unnest(ARRAY[a, b, c]) AS v) AS list FROM ordering) AS o GROUP BY kind, list HAVING count(DISTINCT state) > 1',
    'whether a sum fits does not depend on the order of its sales');
SELECT set_eq('SELECT DISTINCT state FROM ordering', ARRAY['00000', '22003'], 'some fit and some do not');
SELECT is((SELECT count(*) FROM ordering), 168::bigint, 'every order was tried');

SELECT * FROM finish();
ROLLBACK;
