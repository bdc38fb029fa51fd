-- Which day a moment belongs to: in a zone named, in the session's zone, without
-- one; across every change of the clocks from 1900 to 2100.

BEGIN;
\ir common/helpers.psql

SELECT plan(18);

CREATE TEMP TABLE zone AS
SELECT * FROM unnest(ARRAY['UTC', 'Europe/Tallinn', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'Australia/Lord_Howe',
    -- clocks that change at midnight, and one to the half hour
    'America/Sao_Paulo', 'Africa/Cairo', 'Asia/Beirut', 'America/St_Johns', 'Pacific/Kiritimati',
    -- no place at all
    'EST5EDT', '<+0330>-03:30']) AS zone;

SELECT setseed(0.61) \g /dev/null

-- moments anywhere
CREATE TEMP TABLE anywhere AS
SELECT n, timestamptz '1900-01-01 00:00+00' + random() * interval '200 years' AS moment
FROM generate_series(1, 5000) AS n;

-- days on which the distance from UTC at noon is not what it was at noon five days before
CREATE TEMP TABLE change AS
SELECT zone, noon
FROM (SELECT zone, noon, distance, lag(distance) OVER (PARTITION BY zone ORDER BY noon) AS before
      FROM (SELECT zone, noon, noon AT TIME ZONE zone - noon AT TIME ZONE 'UTC' AS distance
            FROM zone, generate_series(timestamptz '1900-01-01 12:00+00', timestamptz '2100-01-01 12:00+00', '5 days') AS noon) AS d) AS b
WHERE distance <> before;

-- the very moment of each, by halving
CREATE FUNCTION pg_temp.moment_of_change(zone text, before timestamptz, after timestamptz)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    distance interval := before AT TIME ZONE zone - before AT TIME ZONE 'UTC';
    middle timestamptz;
BEGIN
    WHILE after - before > interval '1 second' LOOP
        middle := date_trunc('second', before + (after - before) / 2);
        IF middle AT TIME ZONE zone - middle AT TIME ZONE 'UTC' = distance THEN
            before := middle;
        ELSE
            after := middle;
        END IF;
    END LOOP;
    RETURN after;
END
$$;
CREATE TEMP TABLE changed AS
SELECT zone, pg_temp.moment_of_change(zone, noon - interval '5 days', noon) AS moment FROM change;

-- moments around each change, and around the midnights before and after it
CREATE TEMP TABLE around AS
SELECT DISTINCT zone, moment FROM (
    SELECT zone, moment + step FROM changed, unnest(ARRAY['-2 hours', '-61 minutes', '-1 hour', '-30 minutes', '-1 second', '-1 microsecond', '0', '1 microsecond', '1 second', '30 minutes', '59 minutes', '1 hour', '2 hours']::interval[]) AS step
    UNION ALL
    SELECT zone, (date_trunc('day', moment AT TIME ZONE zone) + day * interval '1 day') AT TIME ZONE zone + step
    FROM changed, generate_series(-1, 2) AS day, unnest(ARRAY['-1 hour', '-1 microsecond', '0', '1 microsecond', '1 hour']::interval[]) AS step
    ) AS m(zone, moment);
SELECT cmp_ok((SELECT count(*) FROM changed), '>', 1500::bigint, 'there are many changes of the clocks');

CREATE TEMP TABLE moment AS
SELECT zone, moment FROM around UNION SELECT zone, moment FROM zone, anywhere;
ANALYZE moment;

-- a zone named, one history per moment
SELECT pg_temp.same_rows(
    'SELECT zone, moment, first_purchase(purchase_history(moment, 1, zone)) FROM moment GROUP BY zone, moment',
    'SELECT zone, moment, (moment AT TIME ZONE zone)::date FROM moment', 100000, 'the day in a zone named');
-- histories of many moments, in random order and in order: whatever is remembered from one moment serves the next
SELECT pg_temp.same_rows(
    'SELECT zone, d.day, d.sale_count FROM (SELECT zone, purchase_history(moment, 1, zone ORDER BY random()) AS h FROM moment GROUP BY zone) AS z, days(h) AS d',
    'SELECT zone, (moment AT TIME ZONE zone)::date, count(*) FROM moment GROUP BY 1, 2', 50000, 'the days in a zone named, moments at random');
SELECT pg_temp.same_rows(
    'SELECT zone, d.day, d.sale_count, d.profit FROM (SELECT zone, purchase_history(moment, 1, 2, zone ORDER BY moment) AS h FROM moment GROUP BY zone) AS z, days(h) AS d',
    'SELECT zone, (moment AT TIME ZONE zone)::date, count(*), 2 * count(*) FROM moment GROUP BY 1, 2', 50000, 'the days in a zone named, moments in order, with profit');

-- the zone of the session, one after the other in the same transaction
CREATE TEMP TABLE in_session (zone text, moment timestamptz, day date);
CREATE FUNCTION pg_temp.ask_in_each_zone()
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    z text;
BEGIN
    FOR z IN SELECT zone FROM zone LOOP
        PERFORM set_config('TimeZone', z, true);
        -- the same prepared statement in every zone
        INSERT INTO in_session
        SELECT m.zone, m.moment, first_purchase(purchase_history(m.moment, 1)) FROM moment m WHERE m.zone = z GROUP BY m.zone, m.moment;
    END LOOP;
    PERFORM set_config('TimeZone', 'Europe/Tallinn', true);
END
$$;
SELECT pg_temp.ask_in_each_zone() \g /dev/null
SELECT pg_temp.same_rows('SELECT zone, moment, day FROM in_session',
    'SELECT zone, moment, (moment AT TIME ZONE zone)::date FROM moment', 100000, 'the day in the zone of the session');

-- even while a query runs
SELECT pg_temp.same_rows(
    $$SELECT n, zone, first_purchase(purchase_history(moment, 1)) FROM (SELECT row_number() OVER () AS n, zone, moment, set_config('TimeZone', zone, true) AS set FROM (SELECT * FROM around ORDER BY md5(zone || moment) LIMIT 20000) AS a) AS s WHERE set IS NOT NULL GROUP BY n, zone$$,
    $$SELECT row_number() OVER () AS n, zone, (moment AT TIME ZONE zone)::date FROM (SELECT * FROM around ORDER BY md5(zone || moment) LIMIT 20000) AS a$$,
    20000, 'the zone of the session may change while a query runs');
SET LOCAL TIME ZONE 'Europe/Tallinn';

-- the aggregates with as_of use the session's zone too
SET LOCAL TIME ZONE 'Pacific/Apia';
SELECT pg_temp.same_rows(
    $$SELECT moment, loyalty_stage(moment, 1, (moment AT TIME ZONE 'Pacific/Apia')::date)::text, loyalty_stage(moment, 1, (moment AT TIME ZONE 'Pacific/Apia')::date - 1)::text FROM moment WHERE zone = 'Pacific/Apia' GROUP BY moment$$,
    $$SELECT moment, 'first_purchase', 'unaware' FROM moment WHERE zone = 'Pacific/Apia'$$, 5000, 'as of a day of the session''s zone');
SET LOCAL TIME ZONE 'Europe/Tallinn';

-- a zone per sale, as shops in several countries have it
SELECT pg_temp.same_rows(
    'SELECT d.day, d.sale_count FROM (SELECT purchase_history(moment, 1, zone ORDER BY moment, zone) AS h FROM around) AS z, days(h) AS d',
    'SELECT (moment AT TIME ZONE zone)::date, count(*) FROM around GROUP BY 1', 5000, 'a zone per sale');
SELECT is((SELECT purchase_history(moment, 1, NULL::text) IS NULL FROM (VALUES (timestamptz '2024-01-01')) AS v(moment)), false,
    'without the name of a zone: that of the session');

-- examples a person can follow
SELECT results_eq(
    $$SELECT purchase_history(m, 10, 'Europe/Tallinn'::text)::text FROM (VALUES (timestamptz '2024-03-31 20:59:59.999999+00'), ('2024-03-31 21:00:00+00')) AS v(m)$$,
    $$VALUES ('{2024-03-31: sold 10; 2024-04-01: sold 10}')$$, 'midnight in Tallinn in summer');
SELECT results_eq(
    $$SELECT purchase_history(m, 10, 'Pacific/Apia'::text)::text FROM (VALUES (timestamptz '2011-12-30 09:59:59+00'), ('2011-12-30 10:00:00+00')) AS v(m)$$,
    $$VALUES ('{2011-12-29: sold 10; 2011-12-31: sold 10}')$$, 'Samoa had no 30 December 2011');

-- no zone: timestamp and date, anywhere in the calendar
SET LOCAL TIME ZONE 'America/New_York';
CREATE TEMP TABLE far AS
SELECT n, timestamp '4713-01-01 BC' + random() * interval '298989 years' AS moment FROM generate_series(1, 10000) AS n
UNION ALL
SELECT 20000 + n, date_trunc('day', timestamp '1000-01-01 BC' + random() * interval '4000 years') + (ARRAY['-1 microsecond', '0', '1 microsecond']::interval[])[1 + n % 3] FROM generate_series(1, 10000) AS n;
SELECT pg_temp.same_rows(
    'SELECT n, first_purchase(purchase_history(moment, 1)), first_purchase(purchase_history(moment, 1, ''Asia/Kathmandu''::text)) FROM far GROUP BY n',
    'SELECT n, moment::date, moment::date FROM far', 20000, 'the day of a timestamp, in no zone');
SELECT pg_temp.same_rows(
    'SELECT n, first_purchase(purchase_history(moment AT TIME ZONE ''UTC'', 1)) FROM far WHERE moment BETWEEN ''4000-01-01 BC'' AND ''290000-01-01'' GROUP BY n',
    'SELECT n, (moment AT TIME ZONE ''UTC'')::date FROM far WHERE moment BETWEEN ''4000-01-01 BC'' AND ''290000-01-01''', 19000, 'the day of a timestamptz in far years');
CREATE TEMP TABLE far_date AS
SELECT n, date '4713-01-01 BC' + (random() * 2147483493)::bigint::integer AS day FROM generate_series(1, 10000) AS n
UNION ALL VALUES (-1, date '4714-11-24 BC'), (-2, '5874897-12-31'), (-3, '0001-12-31 BC'), (-4, '0001-01-01'), (-5, '2000-02-29');
SELECT pg_temp.same_rows(
    'SELECT n, first_purchase(purchase_history(day, 1)), last_purchase(purchase_history(day, 1, ''Asia/Kathmandu''::text)) FROM far_date GROUP BY n',
    'SELECT n, day, day FROM far_date', 10005, 'a date is the day it is');
SELECT pg_temp.same_rows(
    'SELECT d.day, d.sale_count FROM (SELECT purchase_history(day, 1) AS h FROM far_date) AS a, days(h) AS d',
    'SELECT day, count(*) FROM far_date GROUP BY day', 9000, 'a history over all of time');
SELECT is_empty(
    $$SELECT moment, pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(m, 1) FROM (VALUES (%s)) AS v(m)', moment))
      FROM unnest(ARRAY['date ''infinity''', 'date ''-infinity''', 'timestamp ''infinity''', 'timestamp ''-infinity''', 'timestamptz ''infinity''', 'timestamptz ''-infinity''']) AS moment
      WHERE pg_temp.sqlstate_of(format('SELECT clientcore.purchase_history(m, 1) FROM (VALUES (%s)) AS v(m)', moment)) NOT IN ('22008', '22003', '22023')$$,
    'no day is infinite');
SELECT is(pg_temp.sqlstate_of($$SELECT clientcore.purchase_history(m, 1, 'Middle/Earth'::text) FROM (VALUES (now())) AS v(m)$$), '22023', 'no such zone');
SELECT is(pg_temp.sqlstate_of($$SELECT clientcore.purchase_history(m, 1) FROM (VALUES ('12:00'::time)) AS v(m)$$) ~ '^(42804|42883|0A000|22023)$', true, 'a time is no day');

SELECT * FROM finish();
ROLLBACK;
