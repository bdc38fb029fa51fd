-- Breadth: what is kept of clients and groups after all that can happen to sales, against
-- plain SQL over them; who is forgotten, what is detached, what is refused; and the views, of
-- random and real sales, against plain SQL over their lines.

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
SELECT is(pg_temp.refresh('by_delta', true), 'rebuild: it was asked for', 'delta, no archive any more');
SELECT * FROM pg_temp.followed('by_delta', 'delta', 'TABLE sold_delta', 0, 'delta, no archive');
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
CALL clientcore.detach('by_client', force => true);
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
SELECT * FROM pg_temp.same_rows('SELECT client_id, group_name, other_count FROM by_none.group_card WHERE other_count IS NOT NULL', $$
    WITH bought AS (
        SELECT client, day FROM grouped WHERE amount >= 0
        UNION SELECT CASE WHEN client IN ('c01', 'c03') THEN 'c02' ELSE client END, at FROM whole WHERE client IS NOT NULL)
    SELECT g.client, g.line, (SELECT count(*) FROM bought b WHERE b.client = g.client AND b.day > g.last AND b.day <= (SELECT as_of FROM by_none.state))
    FROM (SELECT client, line, max(day) AS last FROM grouped WHERE amount >= 0 AND day <= (SELECT as_of FROM by_none.state) GROUP BY 1, 2) g
    JOIN by_none.group_card c ON c.client_id = g.client AND c.group_name = g.line
    WHERE (SELECT as_of FROM by_none.state) - g.last > c.silence_limit$$, 20, 'what was bought since, of a group silent for longer than its limit');

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
CALL clientcore.detach('by_none', source => 1, force => true);
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
SELECT alike(pg_temp.refused($$SELECT pg_temp.refresh('alters')$$), '42804; public.altered: breakdown:%', 'and the refresh says so');
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

-- --- the views: of random sales, and of real ones ---

\ir common/truth_checks.psql
CREATE TEMP TABLE question (question text, base text, as_of date);
CREATE TEMP TABLE line (base text, client text, day date, amount numeric, line text COLLATE "C");
-- clients of which each has its own rhythm, its groups, and a day from which on it buys no more of one of them
CREATE TABLE sold_often (client text, day date, amount numeric, line text);
INSERT INTO sold_often
SELECT client, day, CASE WHEN dice < 0.1 THEN -1 WHEN dice < 0.15 THEN 0 ELSE 1 END * round((random() * 10 * (c % 17))::numeric, 2),
    nullif((ARRAY['tools', 'toys', 'food', 'lamps', 'none'])[1 + CASE WHEN day < date '2022-01-01' + c % 500 THEN n % 5 ELSE n % (1 + c % 4) END], 'none')
FROM (SELECT 'c' || c AS client, c, n, date '2022-01-01' + n * (5 + c * 7 % 60) + floor(random() * 5)::integer AS day, random() AS dice
    FROM generate_series(1, 500) AS c, generate_series(1, 140) AS n) d
WHERE day < date '2024-01-01' - CASE WHEN c % 6 = 0 THEN 200 ELSE 0 END AND day > date '2022-01-01' + CASE WHEN c % 9 = 0 THEN 500 ELSE 0 END;
INSERT INTO line SELECT 'random', client, day, amount, coalesce(line, '') FROM sold_often;
CALL clientcore.attach('seen', 'sold_often', client => 'client', sold_at => 'day', amount => 'amount', breakdown => 'line', build => false);
INSERT INTO made_base VALUES ('random', 'seen');
\set at_least_breadth 100
\set at_least_losses 30
\set at_least_gaps 50
\set at_least_mix 5
\if :has_real
\set at_least_breadth 4500
\set at_least_losses 90
\set at_least_gaps 100
\set at_least_mix 80
INSERT INTO made_base VALUES ('classicmodels', 'real_classic'), ('northwind', 'real_northwind'), ('online_retail', 'real_retail');
INSERT INTO line
SELECT 'classicmodels', customer_number::text, order_date, quantity_ordered * price_each, product_line FROM real.classicmodels_lines
UNION ALL SELECT 'northwind', customer_id, order_date, round(unit_price * quantity * (1 - discount), 4), product_id::text FROM real.northwind_lines
UNION ALL SELECT 'online_retail', customer_id::text, invoice_date::date, quantity * unit_price, country FROM real.online_retail WHERE customer_id IS NOT NULL;
CALL clientcore.attach('real_classic', 'real.classicmodels_lines', client => 'customer_number', sold_at => 'order_date', amount => 'quantity_ordered * price_each',
    breakdown => 'product_line', build => false);
CALL clientcore.attach('real_northwind', 'real.northwind_lines', client => 'customer_id', sold_at => 'order_date', amount => 'unit_price * quantity * (1 - discount)',
    breakdown => 'product_id', build => false);
CALL clientcore.attach('real_retail', 'real.online_retail', client => 'customer_id', sold_at => 'invoice_date', amount => 'quantity * unit_price',
    breakdown => 'country', time_zone => 'Europe/London', build => false);
\else
SELECT skip('the real sales are not here: classicmodels, northwind, online_retail');
\endif
-- places, of some clients
CREATE TABLE people AS
SELECT DISTINCT client, (ARRAY['Ann', 'Bob'])[1 + abs(hashtext(client)) % 3] AS manager, (ARRAY['north', 'south'])[1 + abs(hashtext(client || 'r')) % 3] AS region FROM sold_often;
SELECT clientcore.attach_care('seen', 'people', 'people'::regclass, 'clients', '{"client": "client", "manager": "manager", "region": "region"}', 'public') \g /dev/null
SELECT pg_temp.refresh(schema) FROM made_base \g /dev/null
CREATE FUNCTION pg_temp.label(line text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT CASE line WHEN '' THEN '(none)' ELSE line END$$;

-- What is known of clients, and tested elsewhere, and the settings.
SELECT pg_temp.collect('known', 'clients') \g /dev/null
ALTER TABLE known RENAME client_id TO client;
SELECT pg_temp.collect('state', 'state'), pg_temp.collect('settings', 'settings') \g /dev/null
CREATE TEMP TABLE setting AS
SELECT base, t.as_of, compared_date AS compared,
    CASE WHEN compared_date = (t.as_of - interval '1 year')::date THEN (compared_date - interval '1 year')::date ELSE compared_date - (t.as_of - compared_date) END AS before_from,
    lost_factor AS factor, lost_min_days AS min_days, lost_max_days AS max_days, lost_fallback_days AS fallback_days, cross_sell_share AS share
FROM state t JOIN settings USING (base);
SELECT is((SELECT count(*) FROM setting s WHERE s.as_of <> (SELECT max(day) FROM line l WHERE l.base = s.base)), 0::bigint, 'bases are of their last day');

CREATE TEMP TABLE day AS
SELECT base, client, line, day, count(*) FILTER (WHERE amount >= 0) > 0 AS bought, sum(amount) AS revenue FROM line GROUP BY 1, 2, 3, 4;
CREATE INDEX ON day (base, client, line);
ANALYZE day;
-- clients and groups
CREATE TEMP TABLE part AS
SELECT g.*, s.as_of, (SELECT count(DISTINCT o.day) FROM day o WHERE (o.base, o.client) = (g.base, g.client) AND o.bought AND o.day > g.last) AS since_count,
    (SELECT sum(o.revenue) FROM day o WHERE (o.base, o.client, o.line) = (g.base, g.client, g.line) AND o.day <= g.last AND o.day > g.last - interval '12 months') AS value,
    silence_limit(g.history, s.factor, s.min_days, s.max_days, s.fallback_days) AS own_limit, silence_limit(c.history, s.factor, s.min_days, s.max_days, s.fallback_days) AS client_limit,
    c.last AS client_last, c.revenue AS client_revenue
FROM (
    SELECT d.base, d.client, d.line, min(day) FILTER (WHERE bought) AS first, max(day) FILTER (WHERE bought) AS last, count(*) FILTER (WHERE bought) AS n, sum(revenue) AS revenue,
        count(*) FILTER (WHERE bought AND day > s.as_of - interval '12 months') AS year_count, coalesce(sum(revenue) FILTER (WHERE day > s.as_of - interval '12 months'), 0) AS year_revenue,
        count(*) FILTER (WHERE bought AND day > compared) AS now_count, count(*) FILTER (WHERE bought AND day <= compared AND day > before_from) AS before_count,
        coalesce(sum(revenue) FILTER (WHERE day > compared), 0) AS now_revenue, coalesce(sum(revenue) FILTER (WHERE day <= compared AND day > before_from), 0) AS before_revenue,
        purchase_history(day, CASE WHEN bought THEN 1 ELSE -1 END) AS history
    FROM day d JOIN setting s USING (base) GROUP BY d.base, d.client, d.line) g
JOIN setting s USING (base)
JOIN (
    SELECT base, client, max(day) FILTER (WHERE bought) AS last, sum(revenue) AS revenue, purchase_history(day, CASE WHEN bought THEN 1 ELSE -1 END) AS history
    FROM day GROUP BY base, client) c USING (base, client);

-- client_breadth
SELECT * FROM pg_temp.view_is('client_breadth', $$
    SELECT p.base, p.client AS client_id, k.name, k.manager, k.segment, k.region, p.year AS group_12m_count, p.ever AS group_ever_count, b.n AS base_group_count,
        round(p.year::numeric / b.n, 8) AS breadth_share, p.now AS group_now_count, p.before AS group_before_count, p.now - p.before AS group_difference_count,
        c.change AS breadth_change, c.rank::smallint AS breadth_change_rank, p.new_groups, p.dropped_groups, pg_temp.label(t.line) AS top_group, round(t.share, 8) AS top_group_12m_share,
        k.revenue_12m_amount, k.is_key, k.key_rank, k.abc_class, k.abc_rank, k.xyz_class, k.xyz_rank, k.loyalty_stage, k.loyalty_rank, k.loyalty_rung, k.status, k.status_rank,
        s.compared AS compared_date, s.as_of AS as_of_date
    FROM (
        SELECT base, client, count(*) FILTER (WHERE year_count > 0) AS year, count(*) FILTER (WHERE n > 0) AS ever, count(*) FILTER (WHERE now_count > 0) AS now,
            count(*) FILTER (WHERE before_count > 0) AS before, string_agg(pg_temp.label(line), ', ' ORDER BY line) FILTER (WHERE first > compared) AS new_groups,
            string_agg(pg_temp.label(line), ', ' ORDER BY line) FILTER (WHERE before_count > 0 AND now_count = 0) AS dropped_groups
        FROM part JOIN setting USING (base) GROUP BY base, client) p
    JOIN known k USING (base, client)
    JOIN setting s USING (base)
    JOIN (SELECT base, count(DISTINCT line) AS n FROM part WHERE year_count > 0 GROUP BY base) b USING (base)
    JOIN (SELECT base, client, min(day) AS first FROM day GROUP BY base, client) f USING (base, client)
    JOIN (VALUES (1, 'narrower'), (2, 'exchanged'), (3, 'same'), (4, 'wider'), (5, 'new')) AS c (rank, change)
        ON c.rank = CASE WHEN f.first > s.compared THEN 5 WHEN p.now < p.before THEN 1 WHEN p.now > p.before THEN 4 WHEN p.dropped_groups IS NULL THEN 3 ELSE 2 END
    LEFT JOIN (
        SELECT DISTINCT ON (base, client) base, client, line, year_revenue / sum(year_revenue) OVER (PARTITION BY base, client) AS share
        FROM part WHERE year_revenue > 0 ORDER BY base, client, year_revenue DESC, line) t USING (base, client)$$, '{client_id}', :at_least_breadth);

-- client_groups
SELECT * FROM pg_temp.view_is('client_groups', $$
    SELECT p.base, p.client AS client_id, k.name, k.manager, k.segment, k.region, pg_temp.label(p.line) AS group_name,
        row_number() OVER (PARTITION BY base, p.client ORDER BY year_revenue DESC, p.line)::integer AS group_rank, c.status AS group_status, c.rank::smallint AS group_status_rank,
        p.first AS first_group_purchase_date, p.last AS last_group_purchase_date, s.as_of - p.last AS group_silence_days, t.silence_limit AS group_silence_limit_days,
        p.gap::numeric(10, 1) AS group_interval_days, n AS group_purchase_count, year_count AS purchase_12m_count, round(revenue, 4) AS revenue_amount, round(year_revenue, 4) AS revenue_12m_amount,
        round(before_revenue, 4) AS revenue_before_amount, round(now_revenue, 4) AS revenue_now_amount, round(now_revenue - before_revenue, 4) AS difference_amount,
        k.is_key, k.key_rank, k.abc_class, k.abc_rank, k.status, k.status_rank, s.compared AS compared_date, s.as_of AS as_of_date
    FROM (
        SELECT p.*, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM (
            SELECT day - lag(day) OVER (ORDER BY day) AS gap FROM day d WHERE (d.base, d.client, d.line) = (p.base, p.client, p.line) AND bought) g) AS gap
        FROM part p) p
    JOIN known k USING (base, client)
    JOIN setting s USING (base)
    CROSS JOIN LATERAL (SELECT greatest(own_limit, client_limit, ceil(2 * p.gap)::integer) AS silence_limit, s.as_of - client_last <= client_limit AS is_here, s.as_of - p.last AS silence) t
    JOIN (VALUES (1, 'lost'), (2, 'overdue'), (3, 'shrank'), (4, 'dropped'), (5, 'bought')) AS c (rank, status)
        ON c.rank = CASE WHEN p.last IS NULL THEN 4 WHEN is_here AND n >= 2 AND since_count >= 2 AND silence > t.silence_limit THEN 1
            WHEN is_here AND silence > coalesce(p.gap, t.silence_limit) AND client_last > p.last THEN 2 WHEN now_count = 0 THEN 4
            WHEN now_revenue < 0.75 * before_revenue THEN 3 ELSE 5 END$$, '{client_id,group_name}', :at_least_breadth);

-- partial_losses
SELECT * FROM pg_temp.view_is('partial_losses', $$
    SELECT p.base, p.client AS client_id, k.name, k.manager, k.segment, k.region, pg_temp.label(p.line) AS group_name,
        format('bought on %s of %s until %s, and on none of %s since', n, t.purchases || CASE t.purchases WHEN 1 THEN ' purchase' ELSE ' purchases' END, p.last, since_count) AS why,
        p.last + t.silence_limit + 1 AS lost_date, p.last AS last_group_purchase_date,
        as_of - p.last AS group_silence_days, t.silence_limit AS group_silence_limit_days, t.gap::numeric(10, 1) AS group_interval_days,
        n AS group_purchase_count, since_count AS purchase_since_count, round(value, 4) AS revenue_lost_amount,
        CASE WHEN client_revenue > 0 THEN round(least(greatest(revenue, 0) / client_revenue, 1), 8) END AS group_revenue_share,
        (SELECT max(day) FROM day d WHERE (d.base, d.line) = (p.base, p.line) AND bought) AS group_last_sold_date,
        k.last_purchase_date, k.revenue_12m_amount, k.is_key, k.key_rank, k.abc_class, k.abc_rank, k.status, k.status_rank, as_of AS as_of_date
    FROM (
        SELECT p.*, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM (
            SELECT day - lag(day) OVER (ORDER BY day) AS gap FROM day d WHERE (d.base, d.client, d.line) = (p.base, p.client, p.line) AND bought) g) AS gap
        FROM part p) p
    JOIN known k USING (base, client)
    CROSS JOIN LATERAL (SELECT p.gap, greatest(own_limit, client_limit, ceil(2 * p.gap)::integer) AS silence_limit,
        (SELECT count(DISTINCT day) FROM day d WHERE (d.base, d.client) = (p.base, p.client) AND bought AND day <= p.last) AS purchases) t
    WHERE as_of - client_last <= client_limit AND n >= 2 AND since_count >= 2 AND as_of - p.last > t.silence_limit$$, '{client_id,group_name}', :at_least_losses);

-- cross_sell_gaps
CREATE TEMP TABLE in_cell AS
SELECT k.* FROM known k JOIN setting s USING (base) WHERE NOT k.is_lost AND EXISTS (SELECT FROM day d WHERE (d.base, d.client) = (k.base, k.client) AND d.bought AND d.day > s.as_of - interval '12 months');
SELECT * FROM pg_temp.view_is('cross_sell_gaps', $$
    WITH cell AS (SELECT base, abc_xyz, count(*) AS n FROM in_cell GROUP BY 1, 2 HAVING count(*) >= 5),
    offered AS (
        SELECT base, i.abc_xyz, p.line, c.n, count(*) AS buyers, count(*)::numeric / c.n AS share,
            ((percentile_disc(0.5) WITHIN GROUP (ORDER BY year_revenue)) + (percentile_disc(0.5) WITHIN GROUP (ORDER BY year_revenue DESC))) / 2 AS typical
        FROM in_cell i JOIN cell c USING (base, abc_xyz) JOIN part p USING (base) JOIN setting s USING (base)
        WHERE p.client = i.client AND p.year_count > 0
        GROUP BY base, i.abc_xyz, p.line, c.n, s.share
        HAVING count(*) >= s.share * c.n)
    SELECT base, i.client AS client_id, i.name, i.manager, i.segment, i.region, pg_temp.label(o.line) AS group_name,
        row_number() OVER (PARTITION BY base, i.client ORDER BY EXISTS (SELECT FROM day d WHERE (d.base, d.client, d.line) = (i.base, i.client, o.line) AND d.bought), o.share * least(o.typical, greatest(i.revenue_12m_amount, 0)) DESC, o.line) AS gap_rank, abc_xyz, i.abc_xyz_rank,
        o.n AS cell_client_count, o.buyers AS cell_buyer_count, round(o.share, 8) AS cell_buyer_share, round(o.typical, 4) AS typical_12m_amount, round(o.share * least(o.typical, greatest(i.revenue_12m_amount, 0)), 4) AS expected_12m_amount,
        EXISTS (SELECT FROM day d WHERE (d.base, d.client, d.line) = (i.base, i.client, o.line) AND d.bought) AS is_former_buyer,
        (SELECT max(d.day) FROM day d WHERE (d.base, d.client, d.line) = (i.base, i.client, o.line) AND d.bought) AS last_group_purchase_date,
        i.revenue_12m_amount, i.is_key, i.key_rank, i.loyalty_stage, i.loyalty_rank, i.loyalty_rung, i.status, i.status_rank, i.as_of_date
    FROM in_cell i JOIN offered o USING (base, abc_xyz)
    WHERE NOT EXISTS (SELECT FROM day d WHERE (d.base, d.client, d.line) = (i.base, i.client, o.line) AND d.bought AND d.day > i.as_of_date - interval '12 months')$$,
    '{client_id,group_name}', :at_least_gaps);

-- channel_mix
CREATE TEMP TABLE placed AS
SELECT p.*, coalesce(k.manager, '') AS manager, coalesce(k.segment, '') AS segment, coalesce(k.region, '') AS region,
    count(*) FILTER (WHERE year_count > 0) OVER (PARTITION BY p.base, p.client) AS groups
FROM part p JOIN known k USING (base, client);
SELECT * FROM pg_temp.summary_is('channel_mix', $$
    SELECT base@, pg_temp.label(line) AS group_name, row_number() OVER (PARTITION BY base@ ORDER BY revenue DESC, line) AS group_rank, clients AS client_12m_count,
        round(clients::numeric / b.n, 8) AS client_12m_share,
        alone AS only_client_12m_count, purchases::bigint AS purchase_12m_count, round(revenue, 4) AS revenue_12m_amount,
        round(greatest(revenue, 0) / nullif(sum(greatest(revenue, 0)) OVER (PARTITION BY base@), 0), 8) AS revenue_12m_share, round(before, 4) AS revenue_before_amount,
        round(now, 4) AS revenue_now_amount, round(now - before, 4) AS difference_amount,
        round(greatest(before, 0) / nullif(sum(greatest(before, 0)) OVER (PARTITION BY base@), 0), 8) AS revenue_before_share, compared AS compared_date, as_of AS as_of_date
    FROM (
        SELECT base@, line, compared, as_of, count(*) FILTER (WHERE year_count > 0) AS clients, count(*) FILTER (WHERE year_count > 0 AND groups = 1) AS alone,
            sum(year_count) AS purchases, sum(year_revenue) AS revenue, sum(now_revenue) AS now, sum(before_revenue) AS before
        FROM (SELECT p.*, s.compared FROM placed p JOIN setting s USING (base)) p GROUP BY base@, line, compared, as_of) g
    LEFT JOIN (SELECT base@, count(DISTINCT client) AS n FROM placed WHERE year_count > 0 GROUP BY base@) b USING (base@)$$, '{group_name}', :at_least_mix);

SELECT * FROM finish();
ROLLBACK;
