-- Client bases: keys of every kind, other ways of capture, settings, aliases,
-- forgetting, several sources; and what verify finds.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- keys of every kind ---

CREATE TYPE membership AS (country text, number integer);
CREATE DOMAIN account AS text CHECK (value ~ '^A');
CREATE TYPE tier AS ENUM ('gold', 'silver', 'tin');
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- One table of each type; i leads to seven clients and guests.
CREATE FUNCTION pg_temp.follows_key(key_type text, client text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE key_sales (client %s, on_day date, amount numeric)', key_type);
    CALL clientcore.attach('keyed', 'key_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
    RETURN QUERY SELECT * FROM pg_temp.follows('keyed', 'rebuild: it is new', key_type);
    EXECUTE format('INSERT INTO key_sales SELECT %s, date ''2024-01-01'' + i, i FROM generate_series(1, 60) AS i', client);
    RETURN QUERY SELECT * FROM pg_temp.follows('keyed', 'delta', key_type || ', sold');
    RETURN NEXT is((SELECT count(*)::integer FROM keyed.history), 7, key_type || ': seven clients');
    EXECUTE format('UPDATE key_sales SET client = (SELECT %s FROM (VALUES (2)) AS v (i)), amount = amount + 1 WHERE amount > 50', client);
    DELETE FROM key_sales WHERE amount < 20;
    RETURN QUERY SELECT * FROM pg_temp.follows('keyed', 'delta', key_type || ', changed');
    RETURN NEXT alike(pg_temp.refresh('keyed', true), 'rebuild: it was asked for', key_type || ', built anew');
    RETURN NEXT is(pg_temp.differences('keyed'), NULL, key_type || ', built anew: no difference');
    RETURN NEXT is((SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'keyed.clients'::regclass AND attname = 'client_id'),
        key_type, key_type || ' in views');
    EXECUTE format($query$SELECT clientcore.run_as_owner(clientcore.base_owner('keyed'), 'base_forget', 'keyed',
        jsonb_build_object('client', (SELECT (%s)::text FROM (VALUES (3)) AS v (i))))$query$, client);
    RETURN NEXT is((SELECT count(*)::integer FROM keyed.history), 6, key_type || ': one is forgotten');
    RETURN NEXT is(pg_temp.differences('keyed'), NULL, key_type || ', forgotten: no difference');
    EXECUTE format('INSERT INTO key_sales SELECT %s, date ''2024-01-01'' + i, i FROM generate_series(1, 60) AS i', client);
    RETURN QUERY SELECT * FROM pg_temp.follows('keyed', 'delta', key_type || ', sold to one who is forgotten');
    RETURN NEXT is((SELECT count(*)::integer FROM keyed.history), 6, key_type || ': still forgotten');
    CALL clientcore.detach('keyed', force => true);
    DROP TABLE key_sales;
END
$$;
SELECT * FROM pg_temp.follows_key('integer', 'nullif(i % 8, 0)');
SELECT * FROM pg_temp.follows_key('bigint', 'nullif(i % 8, 0) * 10000000000');
SELECT * FROM pg_temp.follows_key('uuid', 'md5(nullif(i % 8, 0)::text)::uuid');
SELECT * FROM pg_temp.follows_key('text', '''client '' || nullif(i % 8, 0)');
SELECT * FROM pg_temp.follows_key('membership', 'CASE WHEN i % 8 > 0 THEN (''EE'', i % 8)::membership END');
SELECT * FROM pg_temp.follows_key('account', '(''A'' || nullif(i % 8, 0))::account');
SELECT * FROM pg_temp.follows_key('character varying', '''client '' || nullif(i % 8, 0)');
SELECT * FROM pg_temp.follows_key('numeric', '(nullif(i % 8, 0)::text || CASE WHEN i % 3 = 0 THEN ''.0'' ELSE ''.000'' END)::numeric');
SELECT * FROM pg_temp.follows_key('inet', '(''10.0.0.'' || nullif(i % 8, 0))::inet');
SELECT * FROM pg_temp.follows_key('date', 'date ''2000-01-01'' + nullif(i % 8, 0)');
SELECT * FROM pg_temp.follows_key('text[]', 'CASE WHEN i % 8 > 0 THEN ARRAY[''x'', (i % 8)::text] END');

-- Clients that are equal are one, however they are written.
CREATE TABLE sales (client text COLLATE any_case, tier tier, on_day date, amount numeric);
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
INSERT INTO sales VALUES ('Ann', 'gold', '2024-01-01', 1), ('ANN', 'tin', '2024-01-01', 2), ('bob', 'tin', '2024-01-01', 4);
INSERT INTO sales VALUES ('ann', 'gold', '2024-01-02', 8), ('Bob', 'tin', '2024-01-01', 16);
SELECT * FROM pg_temp.follows('shop', 'delta', 'a collation that knows no case');
UPDATE sales SET client = upper(client) WHERE on_day = '2024-01-01';
DELETE FROM sales WHERE amount = 16;
SELECT * FROM pg_temp.follows('shop', 'delta', 'a collation that knows no case, changed');
SELECT is((SELECT string_agg(lower(client_id COLLATE "C") || ' ' || revenue_amount, ', ' ORDER BY lower(client_id COLLATE "C")) FROM shop.clients),
    'ann 11.0000, bob 4.0000', 'a collation that knows no case: two clients');
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "aNN"}');
SELECT is((SELECT count(*)::integer FROM shop.history), 1, 'forgotten, however it is written');
SELECT is(pg_temp.refresh('shop', true), 'rebuild: it was asked for');
SELECT is((SELECT count(*)::integer FROM shop.history), 1, 'and stays forgotten');
SELECT is(pg_temp.differences('shop'), NULL, 'no difference');
CALL clientcore.detach('shop', force => true);

CALL clientcore.attach('shop', 'sales', client => 'tier', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
INSERT INTO sales VALUES ('Ann', 'silver', '2024-01-01', 1);
SELECT * FROM pg_temp.follows('shop', 'delta', 'an enum');
CALL clientcore.detach('shop');
SELECT throws_ok($$CALL clientcore.attach('shop', 'sales', client => 'point(1, amount::float)', sold_at => 'on_day', amount => 'amount', build => false)$$,
    '42883', NULL, 'a type without equality and order is refused');
SELECT throws_ok($$CALL clientcore.attach('shop', 'sales', client => '(client, tier)', sold_at => 'on_day', amount => 'amount', build => false)$$,
    '42804', NULL, 'a row without a named type is refused');
SELECT hasnt_schema('shop');

-- Keys longer than an index can hold, and NULs of a kind.
CREATE TABLE long_sales (client text, on_day date, amount numeric);
CALL clientcore.attach('long', 'long_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('long');
SELECT lives_ok($$INSERT INTO long_sales SELECT string_agg(md5(i::text), ''), '2024-01-01', 1 FROM generate_series(1, 300) AS i$$,
    'a key longer than an index can hold is sold');
SELECT lives_ok($$INSERT INTO long_sales VALUES ('', '2024-01-01', 1)$$, 'an empty key is sold');
DROP SCHEMA long CASCADE;
SELECT lives_ok($$INSERT INTO long_sales VALUES ('', '2024-01-01', 1)$$, 'a table goes on when its base is dropped');

-- --- amounts and days as capture and as a build read them ---

CREATE TABLE measured (client integer, at timestamptz, d double precision, r real, n numeric, m numeric(20, 2), i bigint);
INSERT INTO measured VALUES (0, '2024-01-01 00:00+00', 0.1, 0.1, 0.00005, 1, 1);
CREATE FUNCTION pg_temp.follows_amount(amount text, zone text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    CALL clientcore.attach('measure', 'measured', client => 'client', sold_at => 'at', amount => amount, profit => amount || ' / 3',
        time_zone => zone, build => false);
    PERFORM pg_temp.refresh('measure');
    INSERT INTO measured
    SELECT i % 5, timestamptz '2024-03-30 20:17+00' + i * interval '61 minutes', v, v::real, v::numeric / 3, v::numeric, 100 * v
    FROM generate_series(1, 200) AS i, LATERAL (SELECT (i * 7919 % 1000 - 500) / 7.0::double precision AS v) AS v;
    RETURN QUERY SELECT * FROM pg_temp.follows('measure', 'delta', format('%s in %s', amount, zone));
    DELETE FROM measured WHERE client % 2 = 1;
    RETURN QUERY SELECT * FROM pg_temp.follows('measure', 'delta', format('%s in %s, deleted', amount, zone));
    CALL clientcore.detach('measure');
END
$$;
SELECT f.* FROM unnest(ARRAY['d', 'r', 'n', 'm', 'i', 'd * r', 'n / 1.2', 'i / 7.0']) WITH ORDINALITY AS a (amount, n),
    unnest(ARRAY['Europe/Tallinn', 'Pacific/Apia']) AS zone, LATERAL pg_temp.follows_amount(amount, zone) AS f;

-- Sessions with settings of their own write the same.
CALL clientcore.attach('measure', 'measured', client => 'client', sold_at => 'at', amount => 'd', time_zone => 'Asia/Tokyo', build => false);
SELECT pg_temp.refresh('measure');
SET LOCAL TimeZone = 'America/New_York';
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL extra_float_digits = -10;
INSERT INTO measured SELECT i % 5, timestamptz '2024-01-01 10:00+00' + i * interval '7 hours', i / 7.0::double precision FROM generate_series(1, 100) AS i;
SELECT * FROM pg_temp.follows('measure', 'delta', 'a session with settings of its own');
RESET TimeZone;
RESET DateStyle;
RESET extra_float_digits;
SELECT is(pg_temp.differences('measure'), NULL, 'and another');

-- Constants of an expression are of the base's zone, and mean the same in every session.
CREATE TABLE zoned (client integer, at timestamptz, amount numeric);
INSERT INTO zoned VALUES (1, '2024-06-01 02:00+03', 1), (1, '2024-05-31 23:00+03', 2), (2, '2024-06-02 00:00+00', 4);
CALL clientcore.attach('zoned_base', 'zoned', client => 'client', sold_at => 'at', amount => 'amount', filter => 'at >= ''2024-06-01''',
    time_zone => 'Europe/Tallinn', build => false);
SELECT pg_temp.refresh('zoned_base');
SELECT is((SELECT sum(revenue_amount) FROM zoned_base.clients), 5::numeric, 'a constant is read by the base''s time zone');
SET LOCAL TimeZone = 'Asia/Tokyo';
SELECT ok(NOT is_stale AND trigger_missing_count = 0, 'another session sees the same triggers') FROM clientcore.bases WHERE base = 'zoned_base';
INSERT INTO zoned VALUES (1, '2024-06-01 01:00+03', 8), (1, '2024-05-31 22:00+03', 16);
SELECT * FROM pg_temp.follows('zoned_base', 'delta', 'sold and refreshed from another zone');
RESET TimeZone;
CALL clientcore.detach('zoned_base');

-- --- settings ---

UPDATE measure.settings SET time_zone = 'America/Los_Angeles';
SELECT ok(is_stale AND stale_reason LIKE '%time_zone%', 'bases tells of another time zone') FROM clientcore.bases WHERE base = 'measure';
INSERT INTO measured VALUES (1, '2024-02-01 03:00+00', 5);
SELECT * FROM pg_temp.follows('measure', 'rebuild: the setting time_zone was changed', 'another time zone');
INSERT INTO measured VALUES (1, '2024-02-01 03:00+00', 5);
SELECT * FROM pg_temp.follows('measure', 'delta', 'after that');
UPDATE measure.settings SET amount_scale = 2;
SELECT * FROM pg_temp.follows('measure', 'rebuild: the setting amount_scale was changed', 'another scale');
INSERT INTO measured VALUES (1, '2024-02-01 03:00+00', 5.12345);
SELECT * FROM pg_temp.follows('measure', 'delta', 'after that');
SELECT is((SELECT max(scale(clientcore.revenue(history))) FROM measure.history), 2, 'two decimals');
SELECT is((SELECT string_agg(time_zone || ' ' || amount_scale, ', ' ORDER BY applied_at) FROM measure.settings_history),
    'Asia/Tokyo 4, America/Los_Angeles 4, America/Los_Angeles 2', 'settings_history remembers');
SELECT throws_ok($$UPDATE measure.settings SET time_zone = 'Mars/Base'$$, '22023', NULL, 'a time zone that is none is refused');
SELECT throws_ok($$UPDATE measure.settings SET amount_scale = 9$$, '23514', NULL, 'too many decimals are refused');

UPDATE measure.settings SET pending_limit = 50;
SELECT pg_temp.refresh('measure');
DO $$
BEGIN
    FOR i IN 1 .. 200 LOOP
        INSERT INTO measured VALUES (i, '2024-02-01 03:00+00', 5);
    END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM measure.pending), '>', 50::bigint, 'beyond pending_limit every statement leaves a marker');
SELECT * FROM pg_temp.follows('measure', 'rebuild: more was sold since the last refresh than the setting pending_limit', 'beyond pending_limit');
INSERT INTO measured VALUES (1, '2024-02-01 03:00+00', 5);
SELECT * FROM pg_temp.follows('measure', 'delta', 'after that');

-- --- archived sales ---

UPDATE measure.settings SET sales_complete_from = '2024-02-01';
SELECT pg_temp.refresh('measure');
CREATE TEMP TABLE before_archiving AS SELECT client_id, history FROM measure.history;
DELETE FROM measured WHERE at < '2024-01-20';
SELECT * FROM pg_temp.follows('measure', 'delta', 'archived sales');
SELECT is(pg_temp.refresh('measure', true), 'rebuild: it was asked for');
SELECT is(pg_temp.differences('measure'), NULL, 'archived sales are not missed');
SELECT set_eq('SELECT client_id, history::text FROM measure.history', 'SELECT client_id, history::text FROM before_archiving', 'what was archived is kept');
INSERT INTO measured VALUES (1, '2024-01-05 03:00+00', 5);
SELECT * FROM pg_temp.follows('measure', 'delta', 'what is sold before that day counts no more');
INSERT INTO measured VALUES (1, '2024-02-05 03:00+00', 5), (4711, '2024-02-05 03:00+00', 5);
DELETE FROM measured WHERE client = 2;
SELECT * FROM pg_temp.follows('measure', 'delta', 'what is sold after it counts');
UPDATE measure.settings SET sales_complete_from = '2024-02-10';
INSERT INTO measured VALUES (1, '2024-02-05 03:00+00', 5);
SELECT * FROM pg_temp.follows('measure', 'delta', 'sales are complete from a later day on');
UPDATE measure.settings SET sales_complete_from = '2024-02-01';
SELECT throws_like($$SELECT pg_temp.refresh('measure')$$, '%sales_complete_from%was set back', 'the day was set back: what may be gone is kept');
SELECT is(pg_temp.refresh('measure', true), 'rebuild: it was asked for', 'the day was set back, as asked for');
SELECT is(pg_temp.differences('measure'), NULL, 'the day was set back: histories are the sales');
-- forgetting takes what is pending as a refresh would
DELETE FROM measured WHERE at < '2024-01-25';
INSERT INTO measured VALUES (3, '2024-01-06 03:00+00', 5);
SELECT clientcore.run_as_owner(clientcore.base_owner('measure'), 'base_forget', 'measure', '{"client": "3"}');
SELECT * FROM pg_temp.follows('measure', 'delta', 'forgotten while archived sales are pending');
SELECT is((SELECT history FROM measure.forgotten), (SELECT history FROM before_archiving WHERE client_id = 3),
    'what was archived of a forgotten client is kept');
TRUNCATE measured;
SELECT * FROM pg_temp.follows('measure', 'rebuild: %truncated%', 'all archived');
SELECT is((SELECT max(clientcore.last_purchase(history)) FROM measure.history), '2024-01-31', 'all days before it are kept');
SELECT throws_ok($$CALL clientcore.detach('measure')$$, '55000', 'base "measure" has what its sales cannot bring back', 'nor is what is archived detached');
SELECT throws_ok($$CALL clientcore.detach('measure', source => 1)$$, '55000', NULL, 'with its relation neither');
UPDATE measure.settings SET sales_complete_from = NULL;
SELECT throws_ok($$SELECT pg_temp.refresh('measure')$$, '55000', NULL, 'what is archived is not read anew');
SELECT is(pg_temp.refresh('measure', true), 'rebuild: it was asked for', 'but where it is asked for');
SELECT is((SELECT count(*)::integer FROM measure.history), 0, 'which are none');
CALL clientcore.detach('measure', force => true);

-- --- watermark ---

CREATE SEQUENCE cached CACHE 20;
CREATE TABLE log_cached (id bigint NOT NULL DEFAULT nextval('cached'), other bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1), client text, at timestamp, amount numeric);
SELECT throws_ok($$CALL clientcore.attach('logged', 'log_cached', 'client', 'at', 'amount', capture => 'watermark', watermark => 'id', build => false)$$,
    '22023', 'watermark: the sequence of column "id" has a cache', 'a sequence with a cache cannot tell what is new');
SELECT throws_ok($$CALL clientcore.attach('logged', 'log_cached', 'client', 'at', 'amount', capture => 'watermark', watermark => 'other', build => false)$$,
    '22023', 'watermark: the sequence of column "other" descends', 'nor one that descends');

CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY, client text, at timestamp, amount numeric);
INSERT INTO log (client, at, amount) SELECT nullif(i % 5, 0)::text, timestamp '2024-01-01' + i * interval '1 day', i FROM generate_series(1, 40) AS i;
SELECT throws_ok($$CALL clientcore.attach('logged', 'log', client => 'client', sold_at => 'at', amount => 'amount', capture => 'watermark', build => false)$$,
    '22023', 'watermark: a column is needed', 'a watermark needs a column');
CALL clientcore.attach('logged', 'log', client => 'client', sold_at => 'at', amount => 'amount', filter => 'amount <> 7', capture => 'watermark', watermark => 'id', build => false);
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgrelid = 'log'::regclass), 0, 'a watermark needs no trigger');
SELECT * FROM pg_temp.follows('logged', 'rebuild: it is new', 'a watermark');
SELECT * FROM pg_temp.follows('logged', 'watermark', 'nothing sold');
INSERT INTO log (client, at, amount) SELECT nullif(i % 7, 0)::text, timestamp '2024-01-01' + i * interval '1 day', i FROM generate_series(1, 40) AS i;
SELECT * FROM pg_temp.follows('logged', 'watermark', 'sold');
SELECT is((SELECT count(*)::integer FROM logged.history), 6, 'sold: six clients');
UPDATE log SET amount = 1000 WHERE id = 3;
SELECT isnt(pg_temp.differences('logged'), NULL, 'verify finds that a row of an append-only table was changed');
SELECT is(pg_temp.refresh('logged', true), 'rebuild: it was asked for');
SELECT is(pg_temp.differences('logged'), NULL, 'a full refresh mends it');
CALL clientcore.detach('logged');
SELECT throws_ok(format($$CALL clientcore.attach('logged', 'log', client => 'client', sold_at => 'at', amount => 'amount', capture => 'watermark', watermark => %L, build => false)$$, w),
    state, NULL, 'watermark ' || w || ' is refused')
FROM (VALUES ('client', '22023'), ('at', '22023'), ('nothing', '42703')) AS v (w, state);

-- --- what cannot be captured ---

CREATE MATERIALIZED VIEW log_copy AS SELECT * FROM log;
CALL clientcore.attach('copied', 'log_copy', client => 'client', sold_at => 'at', amount => 'amount', build => false);
SELECT is((SELECT capture || ': ' || not_captured FROM copied.source), 'none: it is a materialized view', 'a materialized view is rebuilt');
SELECT * FROM pg_temp.follows('copied', 'rebuild: it is new', 'a materialized view');
INSERT INTO log (client, at, amount) VALUES ('x', '2024-01-01', 1);
REFRESH MATERIALIZED VIEW log_copy;
SELECT * FROM pg_temp.follows('copied', 'rebuild: it is a materialized view', 'a materialized view, refreshed');
-- a second source in the same base
CALL clientcore.attach('copied', 'log', client => 'client', sold_at => 'at', amount => 'amount', build => false);
SELECT * FROM pg_temp.follows('copied', 'rebuild: it is a materialized view; rebuild: it is new', 'a second source');
INSERT INTO log (client, at, amount) VALUES ('x', '2024-01-02', 1);
SELECT * FROM pg_temp.follows('copied', 'rebuild: it is a materialized view; delta', 'a second source, sold');
SELECT is((SELECT count(*)::integer FROM copied.history WHERE client_id = 'x'), 2, 'a client has a history for each source');
SELECT is((SELECT revenue_amount FROM copied.clients WHERE client_id = 'x'), 3::numeric, 'and is one client');
SELECT throws_ok($$CALL clientcore.attach('copied', 'sales', client => 'amount', sold_at => 'on_day', amount => 'amount', build => false)$$,
    '42804', NULL, 'a source with clients of another type is refused');
CALL clientcore.detach('copied', relation => 'log_copy');
SELECT is((SELECT count(*)::integer FROM copied.history WHERE client_id = 'x'), 1, 'a source can be detached');
SELECT is(pg_temp.refresh('copied'), 'delta', 'the other goes on');
SELECT is((SELECT revenue_amount FROM copied.clients WHERE client_id = 'x'), 2::numeric, 'with what it has');
CALL clientcore.detach('copied');

SELECT throws_ok(format($$CALL clientcore.attach('x', 'log', client => %L, sold_at => %L, amount => %L, filter => %L, capture => 'delta', build => false)$$,
    client, sold_at, amount, filter), '22023', NULL, format('delta is refused for %s, %s, %s, %s', client, sold_at, amount, filter))
FROM (VALUES ('client', 'at', 'amount * random()::numeric', 'true'),
    ('client', 'at::timestamptz', 'amount', 'true'),
    ('client', 'at', 'amount', 'at < now()'),
    ('client', 'at', '(SELECT max(amount) FROM log)', 'true'),
    ('current_user::text', 'at', 'amount', 'true')) AS v (client, sold_at, amount, filter);
CALL clientcore.attach('x', 'log', client => 'client', sold_at => 'at', amount => 'amount', filter => 'at < now()', build => false);
SELECT is((SELECT capture || ': ' || not_captured FROM x.source), 'none: filter is an expression that depends on the session', 'such is rebuilt');
SELECT * FROM pg_temp.follows('x', 'rebuild: it is new', 'a filter that depends on the session');
CALL clientcore.detach('x');

-- --- currency ---

CREATE TABLE priced (client integer, on_day date, amount numeric, currency text);
INSERT INTO priced VALUES (1, '2024-01-01', 1, 'EUR'), (1, '2024-01-01', 1, 'EUR');
CALL clientcore.attach('priced_base', 'priced', client => 'client', sold_at => 'on_day', amount => 'amount', currency => 'currency', build => false);
SELECT pg_temp.refresh('priced_base');
INSERT INTO priced VALUES (2, '2024-01-01', 1, 'EUR');
SELECT * FROM pg_temp.follows('priced_base', 'delta', 'one currency');
SAVEPOINT s;
SELECT lives_ok($$INSERT INTO priced VALUES (2, '2024-01-01', 1, 'USD')$$, 'another currency is sold');
SELECT throws_ok($$SELECT pg_temp.refresh('priced_base')$$, '22000', NULL, 'and refused by the refresh');
ROLLBACK TO s;
SELECT lives_ok($$INSERT INTO priced VALUES (2, '2024-01-01', 1, NULL)$$, 'no currency is sold');
SELECT throws_ok($$SELECT pg_temp.refresh('priced_base')$$, '22000', NULL, 'and refused by the refresh');
SELECT throws_ok($$CALL clientcore.attach('other', 'priced', client => 'client', sold_at => 'on_day', amount => 'amount', currency => 'currency', build => false)$$,
    '22000', 'currency: the sales of base "other" are in different ones: EUR, none', 'and by attach');
CALL clientcore.detach('priced_base');

-- --- aliases, forgetting ---

DROP TABLE sales;
CREATE TABLE sales (client text, tier tier, on_day date, amount numeric);
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
INSERT INTO sales VALUES ('a', NULL, '2024-01-01', 1), ('a1', NULL, '2024-01-01', 2), ('a2', NULL, '2024-01-02', 4), ('b', NULL, '2024-01-02', 8);
SELECT pg_temp.refresh('shop');
INSERT INTO shop.client_alias VALUES ('a1', 'a'), ('a2', 'a');
SELECT throws_ok($$INSERT INTO shop.client_alias VALUES ('b', 'a1')$$, '23000', NULL, 'a chain of aliases is refused');
SELECT throws_ok($$INSERT INTO shop.client_alias VALUES ('a', 'b')$$, '23000', NULL, 'and one made from its other end');
SELECT throws_ok($$INSERT INTO shop.client_alias VALUES ('z', 'z')$$, '23000', NULL, 'and a client that is its own alias');
SELECT * FROM pg_temp.follows('shop', 'delta', 'aliases');
SELECT results_eq($$SELECT client_id || ' ' || revenue_amount || ' ' || purchase_count FROM shop.clients ORDER BY client_id COLLATE "C"$$,
    ARRAY['a 7.0000 2', 'b 8.0000 1'], 'duplicates are read as one from the next refresh on');
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "a1"}');
SELECT results_eq('SELECT client_id FROM shop.history', ARRAY['b'], 'a client is forgotten under all its keys');
SELECT is((SELECT count(*)::integer FROM shop.client_alias), 0, 'and so are its aliases');
SELECT is((SELECT history::text FROM shop.forgotten), '{2024-01-01: sold 3 in 2; 2024-01-02: sold 4}', 'its sales are nobody''s');
SELECT is(pg_temp.differences('shop'), NULL, 'verify agrees');
INSERT INTO sales VALUES ('a2', NULL, '2024-01-03', 16);
SELECT * FROM pg_temp.follows('shop', 'delta', 'sold to one who is forgotten');
SELECT is(pg_temp.refresh('shop', true), 'rebuild: it was asked for');
SELECT results_eq('SELECT client_id FROM shop.history', ARRAY['b'], 'a rebuild does not bring it back');
SELECT is(pg_temp.differences('shop'), NULL, 'verify agrees');
INSERT INTO sales VALUES ('b', NULL, '2024-01-03', 16);
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "b"}');
SELECT is((SELECT count(*)::integer FROM shop.pending), 0, 'what is pending is forgotten too');
SELECT * FROM pg_temp.follows('shop', 'delta', 'all forgotten');
SELECT is((SELECT count(*)::integer FROM shop.clients), 0, 'no client is left');
SELECT ok(NOT EXISTS (SELECT FROM shop.forgotten_client WHERE encode(hash, 'escape') LIKE '%b%' AND octet_length(hash) < 16), 'only hashes are kept');

-- --- pause ---

CALL clientcore.pause('shop');
INSERT INTO sales VALUES ('c', NULL, '2024-01-03', 16), ('d', NULL, '2024-01-03', 16);
SELECT is((SELECT string_agg(reason, ',') FROM shop.pending), 'sales were not noted while the base was paused', 'while paused a statement leaves a marker');
SELECT ok(is_paused AND is_stale, 'bases tells of it') FROM clientcore.bases WHERE base = 'shop';
SELECT * FROM pg_temp.follows('shop', 'rebuild: sales were not noted while the base was paused', 'paused');
CALL clientcore.resume('shop');
INSERT INTO sales VALUES ('c', NULL, '2024-01-03', 16);
SELECT * FROM pg_temp.follows('shop', 'delta', 'resumed');

-- --- what verify finds, and what looks wrong ---

UPDATE shop.history SET history = history + '{2024-01-09: sold 1}' WHERE client_id = 'c';
INSERT INTO shop.history VALUES ('nobody', 1, '{2024-01-09: sold 1}');
DELETE FROM shop.history WHERE client_id = 'd';
SELECT results_eq($$SELECT client || ' ' || difference::text FROM clientcore.verify('shop') ORDER BY client$$,
    ARRAY['c {2024-01-09: sold -1 in -1}', 'd {2024-01-03: sold 16}', 'nobody {2024-01-09: sold -1 in -1}'], 'verify finds what differs');
SELECT is((SELECT verified_difference_count FROM clientcore.bases WHERE base = 'shop'), 3::bigint, 'bases remembers it');
SELECT is(pg_temp.refresh('shop'), 'delta', 'a refresh does not look');
SELECT is(pg_temp.refresh('shop', true), 'rebuild: it was asked for');
SELECT is(pg_temp.differences('shop'), NULL, 'a full refresh mends it');
-- a history that lacks a sale, which is then taken back: counts would be negative
UPDATE shop.history SET history = '{}' WHERE client_id = 'c';
DELETE FROM sales WHERE client = 'c';
SELECT is(pg_temp.refresh('shop'), 'rebuild: changes do not fit what was known', 'what cannot be means a rebuild');
SELECT is(pg_temp.differences('shop'), NULL, 'which mends it');
SELECT cmp_ok((SELECT count(*)::integer FROM clientcore.verify('shop', 0.5)), '=', 0, 'a share can be verified');
SELECT throws_ok($$SELECT * FROM clientcore.verify('shop', 0)$$, '22023', NULL, 'a share of nothing is refused');
SELECT throws_ok($$SELECT * FROM clientcore.verify('shop', 1.5)$$, '22023', NULL, 'more than all is refused');
SELECT throws_ok($$SELECT * FROM clientcore.verify('no such')$$, '3F000', 'client base "no such" does not exist', 'an unknown base is refused');

-- What was forgotten can be taken back.
SELECT is((SELECT count(*)::integer FROM shop.history WHERE client_id IN ('a', 'a1', 'a2', 'b')), 0, 'forgotten until here');
DELETE FROM shop.forgotten_client;
SELECT pg_temp.refresh('shop', true);
SELECT is((SELECT count(*)::integer FROM shop.history WHERE client_id IN ('a', 'a1', 'a2', 'b')), 4, 'and taken back');
SELECT is(pg_temp.differences('shop'), NULL, 'with all that was sold');
SELECT throws_ok($$SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_plan', 'shop', jsonb_build_object('relation', 'sales'::regclass::oid,
    'path', 'public', 'client', 'user', 'sold_at', 'on_day', 'amount', 'amount', 'session_time_zone', 'UTC'))$$, '22023', NULL, 'a client that is the same for every row is refused');

-- One sale by two ways would count twice.
CREATE VIEW sales_again AS SELECT * FROM sales;
CALL clientcore.attach('shop', 'sales_again', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT is(clientcore.overlap_of_sources('shop', 2), 'public.sales_again and public.sales of this base both read public.sales: its sales count twice', 'an overlap of sources is told');
SELECT is(clientcore.overlap_of_sources('shop', 1) IS NULL, false, 'both ways');
CALL clientcore.detach('shop', source => 2);
SELECT is(clientcore.overlap_of_sources('shop', 1), NULL, 'and gone with one of them');

-- A base without a sales relation is told to be one, and not refreshed to nothing.
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "a"}');
INSERT INTO shop.client_mark (client_id, kind, reason) VALUES ('b', 'expert', 'wrote the book'), ('c', 'expert', 'as well');
CREATE TABLE moved AS SELECT * FROM sales;
SELECT throws_ok($$CALL clientcore.detach('shop')$$, '55000', 'base "shop" has what its sales cannot bring back', 'what people wrote is not detached');
CREATE FUNCTION pg_temp.detail_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END
$$;
SELECT is(pg_temp.detail_of($$CALL clientcore.detach('shop')$$), (SELECT format('It would be gone: %s row%s of the table forgotten_client; %s2 rows of the table client_mark.',
        count(*), CASE WHEN count(*) > 1 THEN 's' END, (SELECT string_agg(format('%s row%s of the table client_alias; ', n, CASE WHEN n > 1 THEN 's' END), '') FROM (SELECT count(*) AS n FROM shop.client_alias) a WHERE n > 0))
    FROM shop.forgotten_client), 'and told');
SAVEPOINT attached;
CALL clientcore.detach('shop', source => 1);
SELECT throws_ok($$CALL clientcore.refresh('shop')$$, '55000', 'base "shop" has no sales relation', 'a base without a sales relation is not refreshed');
SELECT is((SELECT stale_reason FROM clientcore.bases WHERE base = 'shop'), 'it has no sales relation', 'and listed as such');
ROLLBACK TO SAVEPOINT attached;
CALL clientcore.detach('shop', force => true);
SELECT is((SELECT count(*)::integer FROM pg_namespace WHERE nspname = 'shop'), 0, 'unless it is told to');
ROLLBACK TO SAVEPOINT attached;
DELETE FROM shop.client_mark;
DELETE FROM shop.forgotten_client;
SELECT pg_temp.refresh('shop', true);

-- Statements of a base are not compiled, whatever the session says.
CREATE SEQUENCE public.jit_seen;
CREATE FUNCTION public.see_jit() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM setval('public.jit_seen', CASE current_setting('jit') WHEN 'on' THEN 2 ELSE 3 END);
    RETURN true;
END
$$;
CREATE TABLE uncompiled AS SELECT 1 AS client, date '2024-01-01' AS day, 1 AS amount;
CALL clientcore.attach('uncompiled_base', 'uncompiled', client => 'client', sold_at => 'day', amount => 'amount', filter => 'public.see_jit() AND amount > 0', build => false);
SET LOCAL jit = on;
SELECT pg_temp.refresh('uncompiled_base');
SELECT is((SELECT last_value FROM public.jit_seen), 3::bigint, 'a refresh compiles nothing');
SELECT is(current_setting('jit'), 'on', 'and leaves the session as it was');
SET LOCAL jit = off;
CALL clientcore.detach('uncompiled_base');

-- Without sales a refresh for the same day writes no history.
CREATE TEMP TABLE versions AS SELECT ctid AS place, client_id FROM shop.history;
SELECT pg_temp.refresh('shop', true);
SELECT set_eq('SELECT ctid AS place, client_id FROM shop.history', 'SELECT place, client_id FROM versions', 'a full refresh writes only what differs');

SELECT * FROM finish();
ROLLBACK;
