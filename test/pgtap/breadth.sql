-- Breadth: what is kept of clients and groups after all that can happen to sales, against
-- plain SQL over them; who is forgotten, what is detached, what is refused; and the views of
-- real sales, against plain SQL over their lines.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql
SELECT setseed(0.17) \g /dev/null

-- --- the law, for every way to follow changes ---

-- Random sales: guests, returns, no day, no amount, no group; groups that are alike, that
-- need quoting, that are longer than what is kept.
CREATE FUNCTION pg_temp.some_group() RETURNS text LANGUAGE sql VOLATILE AS $$
SELECT (ARRAY['tools', 'toys', 'Toys', 'toys ', 'a "quoted", {odd} \group', '', NULL, 'лампы', repeat('щ', 250) || 'a', repeat('щ', 250) || 'b', repeat('щ', 199) || 'c'])[1 + floor(random() * 11)::integer]
$$;
CREATE FUNCTION pg_temp.some_client() RETURNS text LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.9 THEN 'c' || lpad(ceil(random() * 40)::integer::text, 2, '0') END
$$;
CREATE FUNCTION pg_temp.some_day() RETURNS timestamp LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.97 THEN timestamp '2022-01-01' + random() * interval '700 days' END
$$;
CREATE FUNCTION pg_temp.some_amount() RETURNS numeric LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.95 THEN round((random() * 1000 - 100)::numeric, 2) END
$$;
CREATE FUNCTION pg_temp.sell(name text, n integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %I (client, at, amount, profit, line)
        SELECT pg_temp.some_client(), pg_temp.some_day(), pg_temp.some_amount(), CASE WHEN random() < 0.7 THEN pg_temp.some_amount() END, pg_temp.some_group()
        FROM generate_series(1, $1)', name) USING n;
END
$$;
CREATE FUNCTION pg_temp.change(name text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE what
        WHEN 'sold' THEN PERFORM pg_temp.sell(name, 60);
        WHEN 'moved to other groups' THEN EXECUTE format('UPDATE %I SET line = pg_temp.some_group() WHERE random() < 0.2', name);
        WHEN 'repriced' THEN EXECUTE format('UPDATE %I SET amount = pg_temp.some_amount(), profit = NULL WHERE random() < 0.1', name);
        WHEN 'of other clients' THEN EXECUTE format('UPDATE %I SET client = pg_temp.some_client() WHERE random() < 0.1', name);
        WHEN 'of other days' THEN EXECUTE format('UPDATE %I SET at = pg_temp.some_day() WHERE random() < 0.1', name);
        WHEN 'changed in all' THEN EXECUTE format('UPDATE %I SET client = pg_temp.some_client(), at = pg_temp.some_day(), amount = pg_temp.some_amount(), line = pg_temp.some_group() WHERE random() < 0.1', name);
        WHEN 'deleted' THEN EXECUTE format('DELETE FROM %I WHERE random() < 0.15', name);
        WHEN 'taken from a client' THEN EXECUTE format('DELETE FROM %I WHERE client = pg_temp.some_client()', name);
        WHEN 'truncated' THEN EXECUTE format('TRUNCATE %I', name);
    END CASE;
END
$$;

-- What is kept is what plain SQL says of sales, a query of client, at, amount, profit, line.
CREATE FUNCTION pg_temp.kept_is_true(base text, sales text, at_least bigint, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT * FROM pg_temp.same_rows(
        format('SELECT client_id, group_name, history::text FROM %I.group_history', base),
        format('SELECT client, left(coalesce(line, ''''), 200), clientcore.purchase_history(at, amount, profit)::text FROM (%s) s
            WHERE client IS NOT NULL GROUP BY 1, 2 HAVING count(*) FILTER (WHERE at IS NOT NULL AND amount IS NOT NULL) > 0', sales),
        at_least, what || ': histories of clients and groups');
    RETURN QUERY SELECT * FROM pg_temp.same_rows(
        format('SELECT client_id, source, clientcore.rollup(history)::text FROM %I.group_history GROUP BY client_id, source', base),
        format('SELECT client_id, source, history::text FROM %I.history', base), least(at_least, 1), what || ': the groups of a client are all it bought');
    RETURN QUERY SELECT * FROM pg_temp.same_rows(
        format('SELECT client_id, group_name, first_purchase, last_purchase, purchase_count, revenue FROM %I.group_card', base),
        format('SELECT * FROM (
                SELECT coalesce(a.client, s.client) AS client, left(coalesce(line, ''''), 200) AS line, min(at::date) FILTER (WHERE amount >= 0), max(at::date) FILTER (WHERE amount >= 0),
                    count(DISTINCT at::date) FILTER (WHERE amount >= 0), sum(amount)
                FROM (%2$s) s LEFT JOIN %1$I.client_alias a ON a.alias = s.client
                WHERE s.client IS NOT NULL AND at::date <= (SELECT as_of FROM %1$I.state) AND amount IS NOT NULL
                GROUP BY 1, 2) g', base, sales),
        at_least / 2, what || ': what is told of them');
END
$$;

-- A refresh of the changes, and a build from nothing.
CREATE FUNCTION pg_temp.keep(base text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS pg_temp.%I', name);
    EXECUTE format('CREATE TEMP TABLE %1$I AS SELECT ''history'' AS made, h::text AS content FROM %2$I.group_history h UNION ALL SELECT ''card'', c::text FROM %2$I.group_card c', name, base);
END
$$;
CREATE FUNCTION pg_temp.followed(base text, how text, sales text, at_least bigint, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    IF how NOT LIKE '%rebuild%' THEN
        RETURN NEXT public.is(pg_temp.differences(base), NULL, what || ': histories and what is pending are the sales');
    END IF;
    RETURN NEXT public.alike(pg_temp.refresh(base), how, what || ': ' || how);
    RETURN NEXT public.is(pg_temp.differences(base), NULL, what || ': verified');
    RETURN QUERY SELECT * FROM pg_temp.kept_is_true(base, sales, at_least, what);
    PERFORM pg_temp.keep(base, 'by_change'), pg_temp.refresh(base, true), pg_temp.keep(base, 'anew');
    RETURN QUERY SELECT * FROM pg_temp.same_rows('TABLE by_change', 'TABLE anew', least(at_least, 1), what || ': a build from nothing gives the same');
END
$$;

CREATE FUNCTION pg_temp.all_changes_followed(base text, name text, how text, sales text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    what text;
BEGIN
    FOREACH what IN ARRAY ARRAY['sold', 'moved to other groups', 'repriced', 'of other clients', 'of other days', 'changed in all', 'deleted', 'taken from a client'] LOOP
        PERFORM pg_temp.change(name, what);
        RETURN QUERY SELECT * FROM pg_temp.followed(base, how, sales, 100, how || ', ' || what);
    END LOOP;
END
$$;

CREATE FUNCTION pg_temp.make_sales(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (id integer GENERATED ALWAYS AS IDENTITY, client text, at timestamp, amount numeric, profit numeric, line text)', name);
    PERFORM pg_temp.sell(name, 400);
END
$$;

-- delta
SELECT pg_temp.make_sales('sold_delta') \g /dev/null
CALL clientcore.attach('by_delta', 'sold_delta', client => 'client', sold_at => 'at', amount => 'amount', profit => 'profit', breakdown => 'line', build => false);
SELECT * FROM pg_temp.followed('by_delta', 'rebuild: it is new', 'TABLE sold_delta', 100, 'delta, attached');
SELECT is((SELECT max(length(group_name)) || ' ' || count(DISTINCT group_name) FROM by_delta.group_history), '200 9', 'groups are cut to 200 characters; those without one have none');
SELECT * FROM pg_temp.all_changes_followed('by_delta', 'sold_delta', 'delta', 'TABLE sold_delta');
-- several at once, also in one statement
SELECT pg_temp.change('sold_delta', what) FROM unnest(ARRAY['moved to other groups', 'of other clients', 'moved to other groups', 'deleted', 'sold', 'moved to other groups', 'changed in all']) AS what \g /dev/null
WITH gone AS (DELETE FROM sold_delta WHERE random() < 0.2 RETURNING *)
INSERT INTO sold_delta (client, at, amount, profit, line) SELECT client, at, amount, profit, pg_temp.some_group() FROM gone;
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 100, 'delta, all at once');
-- a sale that only moves
UPDATE sold_delta SET line = 'moved' WHERE id = (SELECT min(id) FROM sold_delta WHERE client IS NOT NULL AND at IS NOT NULL AND amount IS NOT NULL AND line = 'tools');
SELECT is((SELECT string_agg(group_name || ' ' || clientcore.sale_count(delta) + clientcore.return_count(delta), ', ' ORDER BY group_name) FROM by_delta.pending), 'moved 1, tools -1', 'a sale that moves is taken from one group and added to another');
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 100, 'delta, one sale moved');
UPDATE sold_delta SET line = line || '';
SELECT is((SELECT count(*)::integer FROM by_delta.pending), 0, 'one that does not is not noted');
-- of long groups only what is cut off
UPDATE sold_delta SET line = line || 'x' WHERE length(line) > 200;
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 100, 'delta, what is cut off');
-- duplicates
INSERT INTO by_delta.client_alias VALUES ('c01', 'c02'), ('c03', 'c02'), ('c05', 'never sold');
SELECT pg_temp.change('sold_delta', 'changed in all') \g /dev/null
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 100, 'delta, duplicates');
SELECT is((SELECT count(*)::integer FROM by_delta.group_card WHERE client_id IN ('c01', 'c03', 'c05')), 0, 'duplicates have no groups of their own');
-- more clients and groups than fit into memory
SET LOCAL work_mem = '64kB';
INSERT INTO sold_delta (client, at, amount, line)
SELECT 'm' || n % 3000, timestamp '2023-01-01' + n % 200 * interval '1 day', n % 70, 'group ' || n % 7 FROM generate_series(1, 12000) AS n;
UPDATE sold_delta SET line = 'group ' || (id + 1) % 7 WHERE client LIKE 'm%' AND id % 3 = 0;
SET LOCAL work_mem = '64MB';
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 9000, 'delta, many clients');
DELETE FROM sold_delta WHERE client LIKE 'm%';
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 100, 'delta, many clients gone');
-- an earlier day
UPDATE by_delta.settings SET as_of = '2023-01-15';
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 100, 'delta, of another day');
UPDATE by_delta.settings SET as_of = NULL;
-- sales that may be missing: those before a day stay as they are
SELECT pg_temp.refresh('by_delta') \g /dev/null
CREATE TEMP TABLE archive AS SELECT client, at, amount, profit, line FROM sold_delta WHERE at < '2022-07-01';
\set with_archive 'SELECT client, at, amount, profit, line FROM archive UNION ALL SELECT client, at, amount, profit, line FROM sold_delta WHERE at >= \'2022-07-01\''
UPDATE by_delta.settings SET sales_complete_from = '2022-07-01';
SELECT pg_temp.refresh('by_delta') \g /dev/null
DELETE FROM sold_delta WHERE at < '2022-05-01';
SELECT pg_temp.change('sold_delta', what) FROM unnest(ARRAY['moved to other groups', 'of other days', 'deleted', 'sold', 'of other clients']) AS what \g /dev/null
SELECT * FROM pg_temp.followed('by_delta', 'delta', :'with_archive', 100, 'delta, an archive');
TRUNCATE sold_delta;
SELECT * FROM pg_temp.followed('by_delta', 'rebuild: %truncated%', :'with_archive', 20, 'delta, nothing but the archive');
UPDATE by_delta.settings SET sales_complete_from = NULL;
SELECT * FROM pg_temp.followed('by_delta', 'rebuild: %', 'TABLE sold_delta', 0, 'delta, no archive');
SELECT is((SELECT count(*)::integer FROM by_delta.group_history), 0, 'nothing is left after TRUNCATE');

-- dirty: a view whose groups come from another table
SELECT pg_temp.make_sales('sold_dirty') \g /dev/null
CREATE TABLE renamed (line text PRIMARY KEY, becomes text);
INSERT INTO renamed VALUES ('tools', 'hardware');
CREATE VIEW sold_view AS SELECT s.client, s.at, s.amount, s.profit, coalesce(r.becomes, s.line) AS line FROM sold_dirty s LEFT JOIN renamed r USING (line);
CALL clientcore.attach('by_client', 'sold_view', client => 'client', sold_at => 'at', amount => 'amount', profit => 'profit', breakdown => 'line', capture => 'dirty', build => false);
CALL clientcore.capture_from('by_client', 'sold_dirty', client => 'client');
CALL clientcore.capture_from('by_client', 'renamed', client => NULL);
SELECT * FROM pg_temp.followed('by_client', 'rebuild: %', 'TABLE sold_view', 100, 'dirty, attached');
SELECT * FROM pg_temp.all_changes_followed('by_client', 'sold_dirty', 'dirty', 'TABLE sold_view');
INSERT INTO renamed VALUES ('toys', 'games'), ('', 'named');
SELECT * FROM pg_temp.followed('by_client', 'rebuild: %', 'TABLE sold_view', 100, 'dirty, groups of another name');
CREATE TEMP TABLE old AS SELECT client, at, amount, profit, line FROM sold_view WHERE at < '2022-07-01';
UPDATE by_client.settings SET sales_complete_from = '2022-07-01';
SELECT pg_temp.refresh('by_client'), pg_temp.change('sold_dirty', 'changed in all'), pg_temp.change('sold_dirty', 'moved to other groups') \g /dev/null
SELECT * FROM pg_temp.followed('by_client', 'dirty', 'SELECT * FROM old UNION ALL SELECT * FROM sold_view WHERE at >= ''2022-07-01''', 100, 'dirty, an archive');
CALL clientcore.detach('by_client');
-- a table
CALL clientcore.attach('by_client', 'sold_dirty', client => 'client', sold_at => 'at', amount => 'amount', profit => 'profit', breakdown => 'line', capture => 'dirty', build => false);
SELECT * FROM pg_temp.followed('by_client', 'rebuild: %', 'TABLE sold_dirty', 100, 'dirty, a table');
SELECT pg_temp.change('sold_dirty', 'moved to other groups') \g /dev/null
SELECT * FROM pg_temp.followed('by_client', 'dirty', 'TABLE sold_dirty', 100, 'dirty, a table, moved to other groups');

-- watermark: what is added is read, the rest by a full refresh
SELECT pg_temp.make_sales('sold_on') \g /dev/null
CALL clientcore.attach('by_mark', 'sold_on', client => 'client', sold_at => 'at', amount => 'amount', profit => 'profit', breakdown => 'line', capture => 'watermark', watermark => 'id', build => false);
SELECT * FROM pg_temp.followed('by_mark', 'rebuild: it is new', 'TABLE sold_on', 100, 'watermark, attached');
SELECT pg_temp.change('sold_on', 'sold') \g /dev/null
SELECT * FROM pg_temp.followed('by_mark', 'watermark', 'TABLE sold_on', 100, 'watermark, sold');
SELECT pg_temp.sell('sold_on', 500) \g /dev/null
SELECT * FROM pg_temp.followed('by_mark', 'watermark', 'TABLE sold_on', 100, 'watermark, sold again');
SELECT pg_temp.change('sold_on', 'moved to other groups') \g /dev/null
SELECT is((SELECT count(*) FROM clientcore.verify('by_mark') WHERE kind NOT LIKE 'client, of group "%"'), 0::bigint, 'watermark, moved to other groups: clients have the same sales');
SELECT cmp_ok((SELECT count(*) FROM clientcore.verify('by_mark')), '>', 20::bigint, 'watermark, moved to other groups: verify finds it');
SELECT pg_temp.refresh('by_mark', true) \g /dev/null
SELECT * FROM pg_temp.followed('by_mark', 'watermark', 'TABLE sold_on', 100, 'watermark, read anew');

-- none
SELECT pg_temp.make_sales('sold_none') \g /dev/null
CALL clientcore.attach('by_none', 'sold_none', client => 'client', sold_at => 'at', amount => 'amount', profit => 'profit', breakdown => 'line', capture => 'none', build => false);
SELECT pg_temp.refresh('by_none'), pg_temp.change('sold_none', 'moved to other groups'), pg_temp.change('sold_none', 'changed in all') \g /dev/null
SELECT * FROM pg_temp.followed('by_none', 'rebuild: %', 'TABLE sold_none', 100, 'none, changed');

-- --- several relations, duplicates, forgetting, detaching ---

-- groups of a name are one group, whichever relation they are of; one relation has none
CREATE TABLE shops (client text, at date, amount numeric, shop integer);
INSERT INTO shops SELECT pg_temp.some_client(), date '2023-01-01' + n, n, n % 3 FROM generate_series(1, 100) AS n;
INSERT INTO sold_none (client, at, amount, line) VALUES ('c01', '2023-05-01', 5, '1');
CALL clientcore.attach('by_none', 'shops', client => 'client', sold_at => 'at', amount => 'amount', breakdown => 'shop', build => false);
CREATE TABLE whole (client text, at date, amount numeric);
INSERT INTO whole SELECT pg_temp.some_client(), date '2023-03-01' + n, 10 * n FROM generate_series(1, 100) AS n;
CALL clientcore.attach('by_none', 'whole', client => 'client', sold_at => 'at', amount => 'amount', build => false);
INSERT INTO by_none.client_alias VALUES ('c01', 'c02'), ('c03', 'c02');
SELECT pg_temp.refresh('by_none') \g /dev/null
SELECT * FROM pg_temp.same_rows('SELECT client_id, source, group_name, history::text FROM by_none.group_history', $$
    SELECT client, 1, left(coalesce(line, ''), 200), purchase_history(at, amount, profit)::text FROM sold_none WHERE client IS NOT NULL AND at IS NOT NULL AND amount IS NOT NULL GROUP BY 1, 3
    UNION ALL SELECT client, 2, shop::text, purchase_history(at, amount)::text FROM shops WHERE client IS NOT NULL GROUP BY 1, 3$$, 150, 'several relations, of which one has no groups');
CREATE TEMP TABLE grouped AS
SELECT CASE WHEN client IN ('c01', 'c03') THEN 'c02' ELSE client END AS client, left(coalesce(line, ''), 200) AS line, at::date AS day, amount
FROM (SELECT client, at, amount, line FROM sold_none UNION ALL SELECT client, at, amount, shop::text FROM shops) s WHERE client IS NOT NULL AND at IS NOT NULL AND amount IS NOT NULL;
SELECT * FROM pg_temp.same_rows('SELECT client_id, group_name, purchase_count, revenue FROM by_none.group_card',
    $$SELECT client, line, count(DISTINCT day) FILTER (WHERE amount >= 0), sum(amount) FROM grouped WHERE day <= (SELECT as_of FROM by_none.state) GROUP BY 1, 2$$, 150, 'several relations, duplicates: a group is one');
-- what was bought since of a relation without groups is something else
SELECT * FROM pg_temp.same_rows('SELECT client_id, group_name, other_count FROM by_none.group_card WHERE last_purchase IS NOT NULL', $$
    WITH bought AS (
        SELECT client, day FROM grouped WHERE amount >= 0
        UNION SELECT CASE WHEN client IN ('c01', 'c03') THEN 'c02' ELSE client END, at FROM whole WHERE client IS NOT NULL)
    SELECT g.client, g.line, (SELECT count(*) FROM bought b WHERE b.client = g.client AND b.day > g.last AND b.day <= (SELECT as_of FROM by_none.state))
    FROM (SELECT client, line, max(day) AS last FROM grouped WHERE amount >= 0 AND day <= (SELECT as_of FROM by_none.state) GROUP BY 1, 2) g$$, 150, 'what was bought since');

SELECT clientcore.run_as_owner(clientcore.base_owner('by_none'), 'base_forget', 'by_none', '{"client": "c03"}') \g /dev/null
SELECT is((SELECT count(*)::integer FROM by_none.group_history WHERE client_id IN ('c01', 'c02', 'c03')), 0, 'nothing is left of who is forgotten');
SELECT is((SELECT count(*)::integer FROM by_none.group_card WHERE client_id IN ('c01', 'c02', 'c03')), 0, 'nor on cards');
INSERT INTO shops VALUES ('c01', '2023-04-04', 1, 1), ('c04', '2023-04-04', 1, 1);
SELECT pg_temp.refresh('by_none'), pg_temp.refresh('by_none', true) \g /dev/null
SELECT is((SELECT count(*)::integer FROM by_none.group_history WHERE client_id IN ('c01', 'c02', 'c03')), 0, 'no refresh brings it back');
SELECT is(pg_temp.differences('by_none'), NULL, 'and nothing is missing');
-- forgotten while changes are pending
INSERT INTO shops VALUES ('c04', '2023-04-05', 1, 2), ('c05', '2023-04-04', 1, 1);
SELECT clientcore.run_as_owner(clientcore.base_owner('by_none'), 'base_forget', 'by_none', '{"client": "c04"}') \g /dev/null
SELECT pg_temp.refresh('by_none') \g /dev/null
SELECT is((SELECT count(*)::integer FROM by_none.group_history WHERE client_id = 'c04'), 0, 'nor does what was pending');
SELECT is(pg_temp.differences('by_none'), NULL, 'and nothing is missing');

-- verify
SELECT client_id AS robbed, history AS taken FROM by_none.group_history WHERE source = 1 AND group_name = 'tools' ORDER BY client_id LIMIT 1 \gset
UPDATE by_none.group_history SET history = history + '{2023-02-02: sold 7}'::purchase_history WHERE client_id = 'c05' AND source = 2 AND group_name = '1';
DELETE FROM by_none.group_history WHERE client_id = :'robbed' AND source = 1 AND group_name = 'tools';
INSERT INTO by_none.group_history VALUES ('c07', 2, '99', '{2023-02-02: sold 7}');
SELECT results_eq($$SELECT source, kind, client, difference::text FROM clientcore.verify('by_none')$$, format($$
    VALUES (1, 'client, of group "tools"', %L, %L), (2, 'client, of group "1"', 'c05', '{2023-02-02: sold -7 in -1}'), (2, 'client, of group "99"', 'c07', '{2023-02-02: sold -7 in -1}')$$, :'robbed', :'taken'), 'verify finds what was tampered with');
SELECT pg_temp.refresh('by_none', true) \g /dev/null
SELECT is(pg_temp.differences('by_none'), NULL, 'and a full refresh mends it');

-- detaching, and attaching in another way
CALL clientcore.detach('by_none', source => 1);
SELECT set_eq('SELECT DISTINCT source FROM by_none.group_history', ARRAY[2], 'what is detached leaves no groups');
SELECT pg_temp.refresh('by_none') \g /dev/null
SELECT set_eq('SELECT DISTINCT group_name FROM by_none.group_card', ARRAY['0', '1', '2'], 'nor on cards');
CALL clientcore.attach('by_none', 'shops', client => 'client', sold_at => 'at', amount => 'amount', breakdown => 'shop > 0', build => false);
SELECT pg_temp.refresh('by_none') \g /dev/null
SELECT set_eq('SELECT DISTINCT group_name FROM by_none.group_history', ARRAY['true', 'false'], 'attached again, by another breakdown');
CALL clientcore.attach('by_none', 'shops', client => 'client', sold_at => 'at', amount => 'amount', build => false);
SELECT pg_temp.refresh('by_none') \g /dev/null
SELECT is((SELECT count(*)::integer FROM by_none.group_history), 0, 'attached again, without a breakdown');
SELECT is((SELECT count(*)::integer FROM by_none.group_card), 0, 'so are the cards');
SELECT is((SELECT count(*)::integer FROM by_none.client_breadth), 0, 'and the views');
INSERT INTO shops VALUES ('c09', '2023-04-04', 1, 1);
SELECT * FROM pg_temp.follows('by_none', '%delta%', 'followed as before');

-- --- what a breakdown may be ---

CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('; ', SQLSTATE, message, nullif(hint, ''));
END
$$;
\set attach 'CALL clientcore.attach(\'refused\', \'sold_none\', client => \'client\', sold_at => \'at\', amount => \'amount\', build => false, breakdown => '
SELECT is(pg_temp.refused(:'attach' || $$'at::date')$$), '42804; breakdown: must be a text, whole number or boolean, not of type date; Add a cast, for example breakdown => ''(at::date)::text''.', 'a date is refused');
SELECT alike(pg_temp.refused(:'attach' || $$'amount')$$), '42804;%', 'so is a number with decimals');
SELECT alike(pg_temp.refused(:'attach' || $$'no_such_column')$$), '42703;%', 'so is what is not there');
SELECT alike(pg_temp.refused(:'attach' || $$'count(*)::text')$$), '42%', 'so is an aggregate');
SELECT alike(pg_temp.refused(:'attach' || $$'')$$), '22%', 'so is nothing');
SELECT alike(pg_temp.refused(:'attach' || $$'(SELECT max(line) FROM sold_on o WHERE o.client = sold_none.client)', capture => 'delta')$$), '22023;%', 'a subquery cannot be followed by deltas');
SELECT is(pg_temp.refused(format(:'attach' || '%L)', one)), 'not refused', one || ' is a breakdown')
FROM unnest(ARRAY['line', 'id', 'id > 5', 'id::smallint', 'id::bigint', 'line::varchar(9)', 'line::char(9)', '''one''', 'lower(line)', 'NULL::text']) AS one;
CALL clientcore.detach('refused');

-- a column that is altered
CREATE TABLE altered (client text, at date, amount numeric, line text);
INSERT INTO altered SELECT 'c' || n % 5, date '2023-01-01' + n, n, repeat('l', n % 3) FROM generate_series(1, 30) AS n;
CALL clientcore.attach('alters', 'altered', client => 'client', sold_at => 'at', amount => 'amount', breakdown => 'line', build => false);
SELECT * FROM pg_temp.follows('alters', 'rebuild: it is new', 'before it is altered');
ALTER TABLE altered ALTER line TYPE integer USING length(line);
SELECT lives_ok($$INSERT INTO altered VALUES ('c1', '2023-05-01', 1, 7)$$, 'a breakdown of another type: sales go on');
SELECT * FROM pg_temp.follows('alters', 'rebuild: %', 'a breakdown of another type');
SELECT set_eq('SELECT DISTINCT group_name FROM alters.group_history', ARRAY['0', '1', '2', '7'], 'its groups are the new ones');
UPDATE altered SET line = 8 WHERE line = 7;
SELECT * FROM pg_temp.follows('alters', 'delta', 'after that');
ALTER TABLE altered ALTER line TYPE date USING date '2023-01-01' + line;
SELECT lives_ok($$INSERT INTO altered VALUES ('c1', '2023-05-01', 1, '2023-01-01')$$, 'a breakdown that is none any more: sales go on');
SELECT alike(pg_temp.refused($$SELECT pg_temp.refresh('alters')$$), '42804; breakdown%', 'and the refresh says so');
ALTER TABLE altered DROP COLUMN line;
SELECT lives_ok($$INSERT INTO altered VALUES ('c1', '2023-05-01', 1)$$, 'a breakdown that is gone: sales go on');
SELECT alike(pg_temp.refused($$SELECT pg_temp.refresh('alters')$$), '42703;%', 'and the refresh says so');
-- an expression that fails for a sale
CALL clientcore.attach('alters', 'altered', client => 'client', sold_at => 'at', amount => 'amount', breakdown => '100 / amount::integer', build => false);
SELECT * FROM pg_temp.follows('alters', 'rebuild: %', 'an expression');
SELECT lives_ok($$INSERT INTO altered VALUES ('c1', '2023-05-02', 0)$$, 'an expression that fails: sales go on');
SELECT is((SELECT min(reason) FROM alters.pending), 'division by zero', 'and it is noted');
DELETE FROM altered WHERE amount = 0;
SELECT * FROM pg_temp.follows('alters', 'rebuild: division by zero', 'taken back');

SELECT * FROM finish();
ROLLBACK;
