-- Cards: what a refresh makes of histories that are out of the ordinary.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- names ---

CREATE TABLE sales (client integer, on_day date, amount numeric);
INSERT INTO sales SELECT i % 7, date '2023-01-01' + i * 5, i FROM generate_series(1, 120) AS i;
CALL clientcore.attach('shop@"eu" %I %1$s ''x'' $sql$', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT lives_ok($$SELECT pg_temp.refresh('shop@"eu" %I %1$s ''x'' $sql$')$$, 'a base may have any name');
SELECT is((SELECT count(*) FROM "shop@""eu"" %I %1$s 'x' $sql$".clients_as_of('2023-12-31')), 7::bigint, 'also in its functions');
SELECT isnt_empty($$SELECT * FROM clientcore.preview('shop@"eu" %I %1$s ''x'' $sql$', '{"abc_a": 0.3}')$$, 'and where settings are tried');
CALL clientcore.detach('shop@"eu" %I %1$s ''x'' $sql$');

-- --- clients of several fields, which are not NULL where one of these is ---

CREATE TYPE branch AS (company integer, branch text);
CREATE TABLE branch_sales (client branch, on_day date, amount numeric);
INSERT INTO branch_sales
SELECT (client, CASE client WHEN 2 THEN 'east' END)::branch, on_day, 10
FROM generate_series(1, 2) AS client, unnest(ARRAY['2021-01-05', '2021-02-05', '2024-03-05', '2024-04-05']::date[]) AS on_day;
CALL clientcore.attach('shop', 'branch_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
SELECT results_eq('SELECT existed_before, abc_before FROM shop.card ORDER BY client_id', $$VALUES (true, 'C'), (true, 'C')$$, 'whoever bought before was there before');
SELECT results_eq($$SELECT month_date, client_count FROM shop.month_summary WHERE status = 'returned'$$, $$VALUES (date '2024-03-01', 2::bigint)$$, 'and came back');
CALL clientcore.detach('shop', force => true);

-- --- sales to nobody known ---

CREATE TABLE shop_sales (client text, on_day date, amount numeric);
INSERT INTO shop_sales VALUES ('ann', '2024-01-10', 10), ('bob', '2023-05-05', 4), ('bob', '2024-02-01', 30), (NULL, '2024-01-03', 7), (NULL, '2020-01-01', 99);
CALL clientcore.attach('shop', 'shop_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT guest_revenue_12m_amount FROM shop.state), 7::numeric, 'revenue of guests');
SELECT is((SELECT as_of FROM shop.state), '2024-02-01', 'the day of the newest sale');
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "bob"}');
SELECT pg_temp.refresh('shop');
SELECT is((SELECT sum(revenue_12m_amount) FROM shop.clients) + (SELECT guest_revenue_12m_amount FROM shop.state), 51::numeric, 'the revenue of forgotten clients is not lost with them');
SELECT is((SELECT as_of FROM shop.state), '2024-02-01', 'a sale to one who was forgotten is a sale still');
INSERT INTO shop_sales VALUES (NULL, '2024-02-09', 1);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT as_of FROM shop.state), '2024-02-09', 'and one to a guest');
INSERT INTO shop_sales VALUES (NULL, '2024-02-11', -1);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT as_of FROM shop.state), '2024-02-11', 'also where it is a return');
CALL clientcore.detach('shop', force => true);

-- --- dates that stand for none, and days to come ---

CREATE TABLE placed_sales AS
SELECT client, date '2021-01-10' + 31 * n + client AS on_day, 10 AS amount FROM generate_series(1, 6) AS client, generate_series(0, 20) AS n;
-- of the clients that have other sales all is told as without them, but for their first days
CREATE FUNCTION pg_temp.told_of(placeholder date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    report jsonb;
    one text;
BEGIN
    INSERT INTO placed_sales VALUES (1, placeholder, 3), (98, placeholder, -4), (99, placeholder, 5);
    CALL clientcore.attach('shop', 'placed_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
    report := clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{}');
    RETURN NEXT is(report -> 'warnings', '["2 clients have purchases before 1922-09-28: a filter leaves out dates that stand for none"]', 'a sale of ' || placeholder || ' is told of');
    FOR one IN SELECT name FROM clientcore.layout_objects() WHERE kind = 'VIEW' LOOP
        EXECUTE format('SELECT count(v::text) FROM shop.%I v', one);
    END LOOP;
    RETURN NEXT results_eq('SELECT min(day_date), count(*) FROM shop.calendar', $a$VALUES (date '2021-01-01', 636::bigint)$a$, 'and is in no calendar');
    RETURN NEXT is((SELECT compared_date FROM shop.state), '2021-11-20', 'nor makes the base old');
    RETURN NEXT is((SELECT count(*) FROM shop.client_flow WHERE month_date >= '2021-01-01'), 21::bigint, 'months are those in between');
    RETURN NEXT cmp_ok((SELECT count(*) FROM shop.client_flow), '<', 30::bigint, 'and those of what happened then');
    RETURN NEXT is((SELECT sum(new_count) FROM shop.client_flow), 7::numeric, 'in which clients began');
    RETURN NEXT results_eq('SELECT DISTINCT start_count + new_count + returned_count - lost_count = end_count FROM shop.client_flow', ARRAY[true], 'and went');
    RETURN NEXT is((SELECT end_count FROM shop.client_flow ORDER BY month_date DESC LIMIT 1), (SELECT count(*) FROM shop.clients WHERE NOT is_lost AND purchase_count > 0), 'which leaves those of today');
    RETURN NEXT is((SELECT sum(revenue_amount) FROM shop.client_months), (SELECT sum(amount)::numeric FROM placed_sales), 'its amount counts');
    RETURN NEXT is((SELECT value_revenue FROM shop.client_loss WHERE client_id = 99), 5::numeric, 'and was lost');
    RETURN NEXT is((SELECT count(*) FROM shop.retention_cohorts WHERE cohort_date = month_date), 2::bigint, 'a cohort of its own');
    RETURN NEXT is((SELECT max(retention_12m_share) FROM shop.client_flow WHERE month_date >= '2022-02-01'), 1.00000000, 'retention is not of them');
    CALL clientcore.detach('shop', force => true);
    DELETE FROM placed_sales WHERE on_day < '2021-01-01';
END
$$;
SELECT pg_temp.told_of(p) FROM unnest(ARRAY['4714-11-24 BC', '4713-01-01 BC', '0001-12-31 BC', '0001-01-01', '1753-01-01', '1900-01-01']::date[]) AS p;

CREATE TABLE undated_sales AS SELECT 1 AS client, date '4714-11-24 BC' AS on_day, 10 AS amount;
CALL clientcore.attach('shop', 'undated_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT lives_ok($$SELECT pg_temp.refresh('shop')$$, 'also where there is no other sale');
SELECT is((SELECT as_of FROM shop.state), (now() AT TIME ZONE 'Europe/Tallinn')::date - 1, 'which is none to go by');
CALL clientcore.detach('shop', force => true);

INSERT INTO placed_sales VALUES (1, '2022-10-09', 1), (2, '9999-12-31', 1), (2, '5874897-12-31', 1);
CALL clientcore.attach('shop', 'placed_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
UPDATE shop.settings SET as_of = '2022-10-08';
CREATE TEMP TABLE told AS SELECT n, clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{}') AS report FROM generate_series(1, 2) AS n;
SELECT results_eq('SELECT report -> ''warnings'' FROM told ORDER BY n',
    $$VALUES ('["2 clients have purchases after 2022-10-08, the next on 2022-10-09: each counts when its day comes"]'::jsonb), ('[]')$$, 'days to come are told of once');
SELECT is((SELECT string_agg(line, '; ') FROM told, clientcore.refresh_lines(report) WHERE n = 1 AND line LIKE '%its day comes'), '2 clients have purchases after 2022-10-08, the next on 2022-10-09: each counts when its day comes', 'in words');
UPDATE shop.settings SET as_of = NULL;
SELECT is(pg_temp.refresh('shop'), 'delta', 'of the last of all days, too');
CALL clientcore.detach('shop', force => true);
INSERT INTO placed_sales VALUES (1, (now() AT TIME ZONE 'Europe/Tallinn')::date, 1);
CALL clientcore.attach('shop', 'placed_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT is(clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{}') -> 'warnings' ->> 0,
    format('1 client has purchases after %s, the next on 9999-12-31: each counts when its day comes', (now() AT TIME ZONE 'Europe/Tallinn')::date), 'sales of today are to be expected');
CALL clientcore.detach('shop', force => true);

-- --- settings and targets that nothing could be made of ---

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT throws_ok(format('UPDATE shop.settings SET %s = %L', s.name, s.value), '23514', NULL, format('%s is refused for %s', s.value, s.name))
FROM (VALUES ('as_of', '294277-01-01'), ('as_of', '4713-11-24 BC'), ('as_of', 'infinity'), ('lost_factor', 'NaN'), ('lost_factor', '0'), ('abc_a', 'NaN'), ('xyz_x', 'NaN'),
    ('xyz_variation_y', 'NaN'), ('key_share', 'NaN'), ('false_loss', 'NaN')) AS s (name, value);
SELECT pg_temp.refresh('shop');
SELECT throws_ok(format('SELECT * FROM clientcore.preview(''shop'', %L)', t), '22023', NULL, t || ' is refused where it is to be tried')
FROM unnest(ARRAY['{"abc_a": "much"}', '{"lost_days": 1.5}', '{"lost_days": 3000000000}', '{"lost_factor": 100000}', '{"lost_factor": "NaN"}', '{"abc_a": null}', '{"as_of": "2024-01-01"}', '{"none": 1}', '[]', 'null']) AS t;
SELECT throws_ok(format('INSERT INTO shop.target VALUES (''revenue_amount'', ''2024-01-01'', %L)', s.value), s.state, NULL, s.value || ' is no target')
FROM (VALUES ('NaN', '23514'), ('Infinity', '22003'), ('1e26', '22003')) AS s (value, state);
SELECT throws_ok($$INSERT INTO shop.target VALUES ('revenue', '2024-01-01', 1)$$, '23514', NULL, 'what kpis does not measure has no target');
CALL clientcore.detach('shop', force => true);

-- --- trying settings moves nothing else ---

CREATE TABLE tried_sales AS SELECT 'c' || i AS client, date '2023-01-01' + n * 40 AS on_day, i AS amount FROM generate_series(1, 12) AS i, generate_series(0, i) AS n;
INSERT INTO tried_sales VALUES ('returns', '2023-02-01', -1);
CALL clientcore.attach('shop', 'tried_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
INSERT INTO shop.client_mark VALUES ('c1', 'vocal'), ('c2', 'expert');
INSERT INTO shop.client_alias VALUES ('c3', 'c4');
UPDATE shop.rfm_segment SET segment = 'any';
UPDATE shop.settings SET abc_a = 0.3;
SELECT is_empty($$SELECT * FROM clientcore.preview('shop', '{}')$$, 'what was changed since the last refresh is no move');
SELECT isnt_empty($$SELECT * FROM clientcore.preview('shop', '{"abc_a": 0.6}')$$, 'what is tried is');
SELECT is_empty($$SELECT * FROM clientcore.preview('shop', '{"abc_a": 0.6}') WHERE measure NOT LIKE 'abc%'$$, 'alone');
-- no client, and no purchase
SELECT results_eq($$SELECT from_class, to_class, client_count FROM shop.class_migration('2023-01-20', '2023-02-01') WHERE measure = 'rfm_segment'$$,
    $$VALUES ('any', 'any', 11::bigint), ('none', 'no segment', 1)$$, 'who was no client comes from nowhere, who bought nothing has no segment');
SELECT results_eq($$SELECT from_class, to_class, client_count FROM shop.class_migration('2023-02-01', '2023-02-02') WHERE measure = 'rfm_segment'$$,
    $$VALUES ('any', 'any', 11::bigint), ('no segment', 'no segment', 1)$$, 'and stays there');
CALL clientcore.detach('shop', force => true);

-- --- tables of one's own, and what is amiss in them ---

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
CREATE FUNCTION pg_temp.warnings() RETURNS text LANGUAGE sql AS $$
SELECT string_agg(w, '; ') FROM jsonb_array_elements_text(clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{}') -> 'warnings') AS w
$$;
INSERT INTO shop.client_alias VALUES (3, 900), (4, 5), (901, 902);
INSERT INTO shop.client_mark VALUES (1, 'vocal'), (3, 'vocal'), (4, 'vocal'), (5, 'expert'), (900, 'expert');
SELECT is(pg_temp.warnings(), NULL, 'marks of clients, duplicates and whom they are duplicates of, are fine');
INSERT INTO shop.client_mark VALUES (77, 'vocal');
SELECT is(pg_temp.warnings(), '1 mark names a client without sales: see the table client_mark', 'a mark of nobody known is told of');
INSERT INTO shop.client_mark VALUES (77, 'expert'), (901, 'expert'), (902, 'expert');
DELETE FROM shop.strategy;
SELECT is(pg_temp.warnings(), '4 marks name clients without sales: see the table client_mark; the table strategy is empty: no action is recommended, to nobody', 'so are several, and a table that was emptied');
DELETE FROM shop.client_mark;
DELETE FROM shop.rfm_segment;
SELECT is(pg_temp.warnings(), 'the table strategy is empty: no action is recommended, to nobody; the table rfm_segment is empty: no client has a segment', 'or two');
CALL clientcore.detach('shop', force => true);

-- --- settings that a base chooses ---

CREATE TABLE slow_sales AS
SELECT client, date '2018-01-01' + client + purchase * 90 AS on_day, 5 AS amount FROM generate_series(1, 12) AS client, generate_series(1, 12) AS purchase;
CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
SELECT is((SELECT adherent_purchases FROM shop.settings), 5, 'where clients buy every quarter, five purchases are many');
SELECT results_eq('SELECT lost_factor, lost_fallback_days FROM shop.settings', 'VALUES (1.25, 113)', 'where they buy like clocks, a quarter more than the rhythm is allowed');
SELECT results_eq('SELECT DISTINCT silence_limit_days FROM shop.clients', 'VALUES (113)', 'so that they can be late before they are lost');
UPDATE shop.settings SET frequent_purchases = 7, adherent_purchases = 9;
SELECT pg_temp.refresh('shop');
SELECT results_eq($$SELECT measure, from_value, to_value FROM clientcore.recalibrate('shop') WHERE measure LIKE 'setting %'$$,
    $$VALUES ('setting adherent_purchases', '9', '7')$$, 'but not fewer than make a client frequent');
CALL clientcore.detach('shop', force => true);

CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
UPDATE shop.settings SET xyz_period = 'week', lost_fallback_days = 200, abc_a = 0.7;
CREATE TEMP TABLE report AS SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{}') AS report;
SELECT results_eq('SELECT xyz_period, xyz_periods, lost_factor, lost_fallback_days, adherent_purchases, abc_a FROM shop.settings',
    $$VALUES ('week', 12, 1.25, 200, 5, 0.7)$$, 'what was set before the first refresh stays');
SELECT results_eq('SELECT line FROM report, clientcore.refresh_lines(report) OFFSET 1', $$VALUES
    ('XYZ classes look at 12 weeks (as it was set)'),
    ('lost is who is silent for over 1.25 times its typical interval (from 96 silences that ended)'),
    ('or, with fewer than three intervals, for over 200 days (as it was set)'),
    ('tried on the past: made from the sales until 2019-12-28, the rule would have called 0 clients lost, of whom 0 bought since; of 12 others 0 (0 %) did not'),
    ('base "shop" is as of 2020-12-28')$$, 'and is told of');
SELECT pg_temp.refresh('shop');
SELECT is((SELECT count(*) FROM report, clientcore.refresh_lines(jsonb_set(report, '{calibration}', 'null'))), 2::bigint, 'once');
CALL clientcore.detach('shop', force => true);

-- A base that begins with few sales keeps the defaults, until it is told that there are enough.
CREATE TABLE young_sales AS SELECT * FROM slow_sales WHERE on_day < '2018-10-01';
CALL clientcore.attach('shop', 'young_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
CREATE FUNCTION pg_temp.told_when_due() RETURNS SETOF text LANGUAGE SQL AS
$$SELECT line FROM clientcore.refresh_lines(clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_refresh', 'shop', '{}')) AS l(line) WHERE line ~ 'recalibrate'$$;
SELECT pg_temp.refresh('shop');
SELECT results_eq('SELECT lost_factor, lost_fallback_days, is_rule_assumed FROM shop.settings, shop.state', 'VALUES (3.00, 365, true)', 'too few silences for a factor');
SELECT is_empty('SELECT pg_temp.told_when_due()', 'nothing is said as long as they are few');
INSERT INTO young_sales SELECT * FROM slow_sales WHERE on_day >= '2018-10-01';
SELECT results_eq('SELECT pg_temp.told_when_due()',
    $$VALUES ('by now 36 silences have ended, enough to choose the rule of loss by: SELECT * FROM clientcore.recalibrate(''shop'')')$$, 'it is told when there are enough');
SELECT results_eq('SELECT lost_factor FROM shop.settings', 'VALUES (3.00)', 'nothing changes by itself');
UPDATE shop.settings SET lost_rule = 'days', lost_days = 100;
SELECT is_empty('SELECT pg_temp.told_when_due()', 'who counts days needs no factor');
SELECT results_eq($$SELECT lost_factor, lost_fallback_days FROM clientcore.back_test('shop')$$, 'VALUES (NULL::numeric, 100)', 'what is tested then is the days');
SELECT is_empty($$SELECT * FROM clientcore.recalibrate('shop', apply => true) WHERE measure ~ 'lost_'$$, 'and nothing about a factor is suggested');
UPDATE shop.settings SET lost_rule = 'silence';
SELECT isnt_empty('SELECT pg_temp.told_when_due()', 'back with the rhythm, it is told again');
SELECT results_eq($$SELECT measure, to_value FROM clientcore.recalibrate('shop', apply => true) WHERE measure ~ 'lost_'$$,
    $$VALUES ('setting lost_factor', '1.25'), ('setting lost_fallback_days', '113')$$, 'and does as it says');
SELECT is_empty('SELECT pg_temp.told_when_due()', 'who has recalibrated is not told again');
CALL clientcore.detach('shop', force => true);

-- Settings are those that were logged last, even where the clock was set back since.
CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
UPDATE shop.settings_history SET applied_at = applied_at + interval '1 year';
UPDATE shop.settings SET lost_rule = 'days', lost_days = 11;
SELECT pg_temp.refresh('shop');
SELECT pg_temp.refresh('shop');
SELECT results_eq('SELECT DISTINCT lost_rule, silence_limit_days FROM shop.clients', $$VALUES ('fixed: 11 days', 11)$$, 'new settings are not held up by a clock that was set back');
SELECT is((SELECT count(*) FROM shop.settings_history), 3::bigint, 'and are logged once');
CALL clientcore.detach('shop', force => true);

-- Rows that are the same are not even locked.
CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
UPDATE shop.settings SET lost_min_days = 29;
SELECT pg_temp.refresh('shop');
SELECT is((SELECT count(*) FROM shop.client_month WHERE xmax <> '0') + (SELECT count(*) FROM shop.client_loss WHERE xmax <> '0') + (SELECT count(*) FROM shop.month_summary WHERE xmax <> '0')
    + (SELECT count(*) FROM shop.flow_summary WHERE xmax <> '0') + (SELECT count(*) FROM shop.return_chance WHERE xmax <> '0'), 0::bigint, 'what does not differ is left alone');
CALL clientcore.detach('shop', force => true);

-- What is the same is not made again; whatever is another by whomever, is.
CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
CREATE TEMP TABLE made AS SELECT * FROM shop.card;
CREATE TEMP TABLE made_sums AS SELECT * FROM shop.month_summary;
SELECT pg_temp.refresh('shop');
SELECT is((SELECT made -> 'of' ->> 'day' FROM shop.state)::date, (SELECT as_of FROM shop.state), 'it is known what cards were made of');
UPDATE shop.card SET revenue = revenue + 1;
SELECT pg_temp.refresh('shop');
SELECT set_eq('SELECT * FROM shop.card', 'SELECT * FROM made', 'cards that were tampered with are made anew');
DELETE FROM shop.card WHERE client_id = (SELECT min(client_id) FROM shop.card);
SELECT pg_temp.refresh('shop');
SELECT set_eq('SELECT * FROM shop.card', 'SELECT * FROM made', 'and those that were removed');
INSERT INTO shop.client_info (client_id, manager) SELECT client_id, 'Ann' FROM shop.card;
SELECT pg_temp.refresh('shop');
SELECT results_eq('SELECT manager, sum(client_count) FROM shop.month_summary GROUP BY manager',
    $$SELECT 'Ann', sum(client_count) FROM made_sums$$, 'sums follow labels');
SELECT results_eq('SELECT DISTINCT manager FROM shop.flow_summary', $$VALUES ('Ann')$$, 'all of them');
DELETE FROM shop.client_info;
SELECT pg_temp.refresh('shop');
SELECT set_eq('SELECT * FROM shop.month_summary', 'SELECT * FROM made_sums', 'and back');
UPDATE shop.rfm_segment SET segment = segment || '!';
SELECT pg_temp.refresh('shop');
SELECT is((SELECT count(*) FROM shop.card WHERE rfm_segment NOT LIKE '%!'), 0::bigint, 'names of segments are followed');
INSERT INTO shop.client_mark (client_id, kind) SELECT min(client_id), 'vocal' FROM shop.card;
SELECT pg_temp.refresh('shop');
SELECT is((SELECT count(*) FROM shop.card WHERE is_vocal), 1::bigint, 'so are marks');
INSERT INTO shop.client_alias SELECT max(client_id), min(client_id) FROM shop.card;
SELECT pg_temp.refresh('shop');
SELECT is((SELECT count(*) FROM shop.card), (SELECT count(*) - 1 FROM made), 'and aliases');
TRUNCATE shop.month_summary, shop.flow_summary;
SELECT pg_temp.refresh('shop', true);
SELECT is((SELECT sum(revenue) FROM shop.month_summary), (SELECT sum(revenue) FROM made_sums), 'in full, all is made anew');
CALL clientcore.detach('shop', force => true);

-- --- errors ---

-- They come as they are, but without the statement, of twenty thousand bytes.
CALL clientcore.attach('shop', 'slow_sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
SELECT pg_temp.refresh('shop');
CREATE FUNCTION pg_temp.object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '57014', MESSAGE = 'not now', DETAIL = 'It is night.', HINT = 'Come tomorrow.', CONSTRAINT = 'by_day';
END
$$;
CREATE TRIGGER object BEFORE UPDATE ON shop.card FOR EACH ROW EXECUTE FUNCTION pg_temp.object();
UPDATE shop.settings SET lost_rule = 'days', lost_days = 12;
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
    constraint_name text;
    context text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN query_canceled OR others THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        constraint_name = CONSTRAINT_NAME, context = PG_EXCEPTION_CONTEXT;
    RETURN ARRAY[state, message, detail, hint, constraint_name, (length(context) < 1000)::text, (context ~ 'pg_temp.*refresh')::text];
END
$$;
SELECT is(pg_temp.error_of($$SELECT pg_temp.refresh('shop')$$), '{57014,not now,It is night.,Come tomorrow.,by_day,true,true}', 'an error comes whole, but without the statement');
DROP TRIGGER object ON shop.card;
SELECT is(pg_temp.refresh('shop'), 'delta', 'and leaves no trace');
CALL clientcore.detach('shop', force => true);

-- --- functions ---

-- Others may have the names of ours, with other arguments.
CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'on_day', amount => 'amount', build => false);
CREATE FUNCTION shop.clients_as_of(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE ROLE cards_reader;
SELECT lives_ok($$CALL clientcore.upgrade_base('shop')$$, 'a base with a function of another''s is upgraded');
SELECT lives_ok($$CALL clientcore.grant_read('shop', 'cards_reader')$$, 'and granted');
SELECT is(has_function_privilege('cards_reader', 'shop.clients_as_of(date)', 'EXECUTE'), true, 'which is for ours');
SELECT throws_ok($$CALL clientcore.detach('shop')$$, '2BP01', NULL, 'but not detached with it');
DROP FUNCTION shop.clients_as_of(text);
-- Whoever may read all may read what an upgrade adds; nobody else is given more.
CREATE ROLE cards_guest;
GRANT SELECT ON shop.clients TO cards_guest;
CREATE ROLE "Cards Partner";
CALL clientcore.grant_read('shop', 'Cards Partner');
REVOKE SELECT ON shop.win_back_list FROM "Cards Partner";
DROP VIEW shop.kpis;
CALL clientcore.upgrade_base('shop');
SELECT is((SELECT string_agg(format('%s: %s %s %s', rolname, has_table_privilege(oid, 'shop.kpis', 'SELECT'), has_table_privilege(oid, 'shop.win_back_list', 'SELECT'),
        has_function_privilege(oid, 'shop.clients_as_of(date)', 'EXECUTE')), '; ' ORDER BY rolname) FROM pg_roles WHERE rolname ~* '^cards'),
    'Cards Partner: f f t; cards_guest: f f f; cards_reader: t t t', 'an upgrade gives what it adds to those who may read all');
-- What was granted stays.
GRANT EXECUTE ON FUNCTION shop.class_migration(date, date) TO PUBLIC;
CALL clientcore.upgrade_base('shop');
SELECT is((SELECT count(*) FROM pg_proc p, aclexplode(p.proacl) a WHERE p.oid = 'shop.class_migration(date, date)'::regprocedure AND a.grantee = 0), 1::bigint, 'an upgrade takes no grant back');
CALL clientcore.detach('shop', force => true);

SELECT * FROM finish();
ROLLBACK;
