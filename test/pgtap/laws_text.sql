-- Text and binary forms: written as SQL would write them, read back to the same
-- bytes, and forged bytes never pass.

BEGIN;
\ir common/helpers.psql
SELECT plan(27);
\ir common/histories.psql

-- The text form, built in SQL: as it is written, and with nothing left out. All
-- amounts have the decimals that the history needs.
CREATE TEMP TABLE decimals AS
SELECT base, client, max(greatest(scale(trim_scale(sold)), scale(trim_scale(returned)), scale(trim_scale(profit)))) AS decimals
FROM sale_day GROUP BY base, client;
CREATE TEMP TABLE day_text AS
SELECT base, client, day,
       day || ': ' || concat_ws(', ',
           CASE WHEN sale_count > 0 THEN 'sold ' || round(sold, decimals) || CASE WHEN sale_count <> 1 THEN ' in ' || sale_count ELSE '' END END,
           CASE WHEN return_count > 0 THEN 'returned ' || round(returned, decimals) || CASE WHEN return_count <> 1 THEN ' in ' || return_count ELSE '' END END,
           CASE WHEN profit_count > 0 THEN 'profit ' || round(profit, decimals) || CASE WHEN profit_count <> sale_count + return_count THEN ' of ' || profit_count ELSE '' END END) AS written,
       day || ': ' || concat_ws(', ',
           'sold ' || trim_scale(sold) || ' in ' || sale_count,
           'returned ' || returned || ' in ' || return_count,
           'profit ' || round(coalesce(profit, 0), 12) || ' of ' || profit_count) AS in_full
FROM sale_day JOIN decimals USING (base, client);
CREATE TEMP TABLE text_form AS
SELECT base, client,
       '{' || string_agg(written, '; ' ORDER BY day) || '}' AS written,
       '{' || string_agg(in_full, '; ' ORDER BY random()) || '}' AS in_full,
       E'  {\n' || string_agg(replace(replace(written, ', ', E' ,\n  '), ': ', E':\t'), E' ;\n' ORDER BY day DESC) || E' } ' AS spaced
FROM day_text GROUP BY base, client;

SELECT pg_temp.same_rows(
    'SELECT base, client, h::text FROM history',
    'SELECT base, client, written FROM text_form', 600, 'text output is what the sales say');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(h::text::purchase_history) FROM history',
    'SELECT base, client, purchase_history_send(h) FROM history', 600, 'text round trip gives the same bytes');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(written::purchase_history) FROM text_form',
    'SELECT base, client, purchase_history_send(h) FROM history', 600, 'text written by hand gives the same bytes');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(in_full::purchase_history) FROM text_form',
    'SELECT base, client, purchase_history_send(h) FROM history', 600, 'so does text with days in any order and nothing left out');
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(spaced::purchase_history) FROM text_form',
    'SELECT base, client, purchase_history_send(h) FROM history', 600, 'white space means nothing');

-- as bytes, by which histories travel between servers
SELECT pg_temp.same_rows(
    'SELECT base, client, history_of_bytes(purchase_history_send(h))::text FROM history',
    'SELECT base, client, written FROM text_form', 600, 'a round trip as bytes gives the same history');
SELECT throws_ok($$SELECT history_of_bytes('\x01')$$, '22P03', NULL, 'bytes that end too early are refused');
SELECT throws_ok($$SELECT history_of_bytes(purchase_history_send(h) || '\x00') FROM history WHERE h <> '{}' LIMIT 1$$, '22P03', NULL, 'and so are bytes too many');

-- one day a part: days that coincide fall together
SELECT pg_temp.same_rows(
    $$SELECT client, purchase_history_send(('{' || string_agg(format('%s: %s %s%s', sold_on, CASE WHEN amount >= 0 THEN 'sold' ELSE 'returned' END, abs(amount), ', profit ' || profit), '; ' ORDER BY random()) || '}')::purchase_history)
      FROM sale WHERE base = 'random' GROUP BY client$$,
    $$SELECT client, purchase_history_send(h) FROM history WHERE base = 'random'$$, 600, 'a day per sale, in any order');

-- output and input are immutable: no setting changes them
SET LOCAL datestyle = 'German, DMY';
SET LOCAL extra_float_digits = -15;
SET LOCAL TIME ZONE 'Pacific/Apia';
CREATE TEMP TABLE written_elsewhere AS SELECT base, client, h::text AS written FROM history;
CREATE TEMP TABLE read_elsewhere AS SELECT base, client, purchase_history_send(written::purchase_history) AS bytes FROM text_form;
SET LOCAL datestyle = 'ISO, YMD';
RESET extra_float_digits;
SET LOCAL TIME ZONE 'Europe/Tallinn';
SELECT pg_temp.same_rows('SELECT * FROM written_elsewhere', 'SELECT base, client, written FROM text_form', 600, 'no setting changes the text written');
SELECT pg_temp.same_rows('SELECT * FROM read_elsewhere', 'SELECT base, client, purchase_history_send(h) FROM history', 600, 'no setting changes the text read');

-- far days, before Christ too
CREATE TEMP TABLE far_day AS
SELECT n, purchase_history(day, n) AS h, day
FROM (SELECT n, date '4713-01-01 BC' + (random() * 5877000 * (CASE WHEN n % 2 = 0 THEN 1 ELSE 365 END))::integer AS day FROM generate_series(1, 5000) AS n) AS d
GROUP BY n, day;
SELECT pg_temp.same_rows(
    'SELECT n, purchase_history_send(h::text::purchase_history), first_purchase(h), (days(h)).day FROM far_day',
    'SELECT n, purchase_history_send(h), day, day FROM far_day', 5000, 'any date there is survives');

CREATE TEMP TABLE era AS
SELECT string_agg(day || ': sold ' || n % 97, '; ' ORDER BY day) AS written, purchase_history(day, n % 97) AS h
FROM (SELECT n, CASE WHEN n < 146100 THEN date '1999-12-25' + n ELSE date '0006-01-01 BC' + (n - 146100) END AS day FROM generate_series(0, 150000) AS n) AS d;
SELECT is((SELECT count(*) FROM era WHERE h::text = '{' || written || '}'), 1::bigint, 'every day of four centuries, and around the birth of Christ, is written as dates are');
SELECT is((SELECT count(*) FROM era WHERE purchase_history_send(('{' || written || '}')::purchase_history) = purchase_history_send(h)), 1::bigint, 'and read as they are');

-- binary, through COPY, which reads and writes as programs do
SELECT current_setting('is_superuser')::boolean AS may_copy \gset
\if :may_copy
CREATE FUNCTION pg_temp.through_copy(relation text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- a program of COPY starts in the folder of the server's data
    EXECUTE format('CREATE TEMP TABLE copied (LIKE %s)', relation);
    EXECUTE format($c$COPY %s TO PROGRAM 'cat >clientcore.%s' (FORMAT binary)$c$, relation, pg_backend_pid());
    EXECUTE format($c$COPY copied FROM PROGRAM 'cat clientcore.%1$s && rm clientcore.%1$s' (FORMAT binary)$c$, pg_backend_pid());
END
$$;
CREATE TEMP TABLE sent AS
SELECT base, client, h FROM history
UNION ALL SELECT 'delta', a.client, a.h - b.h FROM history a JOIN history b USING (base) WHERE a.base = 'random' AND b.client = 'r0007'
UNION ALL SELECT 'none', '', '{}';
SELECT pg_temp.through_copy('sent') \g /dev/null
SELECT pg_temp.same_rows(
    'SELECT base, client, purchase_history_send(h) FROM copied',
    'SELECT base, client, purchase_history_send(h) FROM sent', 1201, 'binary round trip gives the same bytes, deltas too');

-- The bytes a client program sends for a value of a type, as it were: what they
-- become as text, or the SQLSTATE they end with.
CREATE FUNCTION pg_temp.receive(type text, bytes bytea)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    stream bytea := '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0)
                 || int2send(1::smallint) || int4send(length(bytes)) || bytes || int2send(-1::smallint);
    octal text;
    result text;
BEGIN
    SELECT string_agg('\' || b / 64 || b / 8 % 8 || b % 8, '' ORDER BY i) INTO octal
    FROM (SELECT i, get_byte(stream, i) AS b FROM generate_series(0, length(stream) - 1) AS i) AS s;
    EXECUTE format('CREATE TEMP TABLE received (value %s)', type);
    EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', 'printf ''' || octal || '''');
    SELECT value::text INTO result FROM received;
    DROP TABLE received;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

CREATE TEMP TABLE genuine AS
SELECT 'purchase_history' AS type, h::text AS value, purchase_history_send(h) AS bytes
FROM (VALUES ('{2024-01-03: sold 19.99; 2024-02-10: sold 45 in 2, returned 5, profit 7.5 of 2; 2025-12-31: sold 0.001}'::purchase_history),
             ('{}'), ('{2024-01-03: sold -3 in -1, profit 2 of -1}')) AS e(h);
SELECT is((SELECT count(*) FROM genuine WHERE pg_temp.receive(type, bytes) IS DISTINCT FROM value), 0::bigint,
          'genuine bytes are received');

-- every prefix, every byte flipped in three ways, bytes added
SELECT setseed(0.5) \g /dev/null
CREATE TEMP TABLE forged AS
SELECT DISTINCT type, 'prefix' AS kind, substr(bytes, 1, n) AS bytes FROM genuine, generate_series(0, length(bytes) - 1) AS n
UNION SELECT type, 'longer', bytes || decode(repeat(tail, n), 'hex') FROM genuine, unnest(ARRAY['00', '01', 'ff']) AS tail, unnest(ARRAY[1, 9]) AS n
UNION SELECT type, 'changed', set_byte(bytes, n, (get_byte(bytes, n) + plus) % 256) FROM genuine, generate_series(0, length(bytes) - 1) AS n, unnest(ARRAY[1, 127, 255]) AS plus
UNION SELECT type, 'changed', set_byte(set_byte(bytes, (random() * (length(bytes) - 1))::integer, (random() * 255)::integer), (random() * (length(bytes) - 1))::integer, 255)
FROM genuine, generate_series(1, 60) WHERE value <> '{}';
CREATE TEMP TABLE verdict AS SELECT type, kind, bytes, pg_temp.receive(type, bytes) AS verdict FROM forged;

SELECT cmp_ok((SELECT count(*) FROM verdict), '>', 300::bigint, 'many forgeries were tried');
SELECT is_empty($$SELECT type, bytes, verdict FROM verdict WHERE kind IN ('prefix', 'longer') AND verdict IS DISTINCT FROM '22P03'$$,
    'what is too short or too long is an invalid binary representation');
SELECT is_empty($$SELECT type, bytes, verdict FROM verdict WHERE verdict IS NULL OR verdict !~ '^(22P03|22003|22008|\{.*\})$'$$,
    'what is changed is an error of input or another history');
SELECT is_empty($$SELECT bytes, verdict FROM verdict WHERE type = 'purchase_history' AND verdict LIKE '{%' AND purchase_history_send(verdict::purchase_history) <> bytes$$,
    'what passes is the one encoding of its content');
SELECT cmp_ok((SELECT count(*) FROM verdict WHERE verdict = '22P03'), '>', 150::bigint, 'most forgeries are refused');

-- states of aggregates are types too: their bytes are not trusted either
CREATE TEMP TABLE genuine_state AS
SELECT 'purchase_history_state' AS type, purchase_history_state_send(rollup_accum(NULL, '{2024-01-03: sold 19.99; 2024-02-10: sold 45 in 2, returned 5, profit 7.5 of 2}')) AS bytes
UNION ALL SELECT 'silence_histogram', silence_histogram_send(silence_histogram_accum(silence_histogram_accum(NULL, '{2024-01-03: sold 1; 2024-02-10: sold 2; 2024-03-31: sold 1}', '2024-12-31', 0.05),
    '{2024-01-01: sold 1; 2024-01-08: sold 2; 2024-06-01: sold 5}', '2024-12-31', 0.05))
UNION ALL SELECT 'value_set', value_set_send(values_accum_shares(values_accum_shares(NULL, 12.5, 0.8, 0.95), 7::numeric, 0.8, 0.95))
UNION ALL SELECT 'value_set', value_set_send(values_accum_bins(NULL, 3.25, 5))
UNION ALL SELECT 'value_set', value_set_send(values_accum_fraction(NULL, -3.25, 0.5))
UNION ALL SELECT 'value_set', value_set_send(values_accum_total(values_accum_total(NULL, 1e30), -1e30));
SELECT is_empty($$SELECT type, bytes FROM genuine_state WHERE pg_temp.receive(type, bytes) ~ '^[0-9A-Z]{5}$'$$, 'genuine bytes of states are received');
CREATE TEMP TABLE forged_state AS
SELECT type, substr(bytes, 1, n) AS bytes FROM genuine_state, generate_series(0, length(bytes) - 1) AS n
UNION SELECT type, set_byte(bytes, n, (get_byte(bytes, n) + plus) % 256) FROM genuine_state, generate_series(0, length(bytes) - 1) AS n, unnest(ARRAY[1, 255]) AS plus;
CREATE TEMP TABLE state_verdict AS SELECT type, bytes, pg_temp.receive(type, bytes) AS verdict FROM forged_state;
SELECT cmp_ok((SELECT min(n) FROM (SELECT count(*) AS n FROM state_verdict WHERE verdict IS NOT NULL GROUP BY type) s), '>', 50::bigint, 'no forged state ends the server');
SELECT is_empty($$SELECT type, bytes, verdict FROM state_verdict WHERE verdict ~ '^(XX|53|57|58)...$'$$, 'nor is an internal error');
\else
SELECT skip('COPY of binary files is for superusers', 10);
\endif

-- text that is none
SELECT is_empty($$
    SELECT bad, pg_temp.sqlstate_of(format('SELECT %L::clientcore.purchase_history', bad)) FROM unnest(ARRAY[
        '', '{', '}', '{}{}', '{;}', '{2024-01-03}', '{2024-01-03:}', '{2024-13-03: sold 1}', '{2024-01-03: sold}',
        '{2024-01-03: sold 1', '{2024-01-03: sold 1;}x', '{2024-01-03: sold x}', '{2024-01-03: bought 1}',
        '{2024-01-03: sold 1 in}', '{2024-01-03: sold 1 in 1.5}', '{2024-01-03: sold 1 of 2}', '{2024-01-03: sold NaN}',
        '{2024-01-03: sold Infinity}', '{infinity: sold 1}', '{2024-01-03: profit 1 in 2}', '{2024-01-03: sold 1 2}',
        '{2024-01-03: sold 99999999999999999999}', '{2024-01-03: sold 1 in 99999999999999999999}', 'NULL', '{,}',
        '{2024-01-03: sold 1, sold 2}', '{2024-01-03: returned 1, returned 2}', '{2024-01-03: profit 1, profit 2}', '{2024-01-03: returned}', '{2024-01-03: profit x}',
        '{0000-01-01: sold 1}', '{2024-02-30: sold 1}', '{5874898-01-01: sold 1}', '{2024-01-03: sold 9000000000000000000; 2024-01-04: sold 0.1}',
        '{2024-01-03: sold 1 in 9223372036854775807, returned 1 in 9223372036854775807, profit 1}']) AS bad
    WHERE pg_temp.sqlstate_of(format('SELECT %L::clientcore.purchase_history', bad)) NOT IN ('22P02', '22003', '22007', '22008', '22023')$$,
    'bad text is an error of input');
SELECT is(('{2024-02-10: sold 45 in 2, returned 5 in 1, profit 7.5 of 3; 2024-01-03: sold 19.990}'::purchase_history)::text,
    '{2024-01-03: sold 19.99; 2024-02-10: sold 45.00 in 2, returned 5.00, profit 7.50}', 'what goes without saying is left out');

SELECT * FROM finish();
ROLLBACK;
