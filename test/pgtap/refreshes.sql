-- Refreshes after all that can happen to random sales: what is kept of clients against plain
-- SQL over the sales, against a build from nothing, and that nothing is written for nothing.

\ir common/helpers.psql
\set has_real false
BEGIN;
SELECT no_plan();
\set prefix refreshed_
\set is_whole false
\ir common/truth_bases.psql
\ir common/truth_changes.psql

-- --- the day ---

SELECT pg_temp.keep_rows('at_first', :'random') \g /dev/null
SELECT count(*) AS log_count FROM :random.card_log \gset
SELECT pg_temp.refresh(:'random') \g /dev/null
SELECT pg_temp.keep_rows('again', :'random') \g /dev/null
SELECT is((SELECT count(*) FROM at_first a FULL JOIN again b USING (made, place, content) WHERE a.made IS NULL OR b.made IS NULL), 0::bigint, 'a second refresh writes no row');
SELECT is((SELECT count(*) FROM :random.card_log), :log_count::bigint, 'and logs nothing');

-- A day later, weeks later.
SELECT pg_temp.set(:'random', '{"as_of": "2022-06-16"}'), pg_temp.refresh(:'random') \g /dev/null
SELECT pg_temp.keep_rows('later', :'random') \g /dev/null
SELECT * FROM pg_temp.wrote_no_row_again('at_first', 'later', 'the next day');
SELECT pg_temp.snapshot('then') \g /dev/null
\set day 2022-09-30
SELECT pg_temp.set(:'random', '{"as_of": "2022-09-30"}'), pg_temp.refresh(:'random') \g /dev/null
SELECT pg_temp.keep_rows('still_later', :'random'), pg_temp.snapshot('at_last') \g /dev/null
SELECT * FROM pg_temp.wrote_no_row_again('later', 'still_later', 'weeks later');
SELECT * FROM pg_temp.logged('then', 'at_last', 'weeks later');
\ir common/truth_now.psql

-- Back to a leap day, and forth again.
\set day 2020-02-29
SELECT pg_temp.set(:'random', '{"as_of": "2020-02-29"}'), pg_temp.refresh(:'random') \g /dev/null
\ir common/truth_now.psql
-- (names are those of cards, so that who was none yet has to be told of again)
SELECT pg_temp.set(:'random', '{"as_of": "2022-06-15"}'), pg_temp.refresh(:'random'), pg_temp.tell('random', :'random'), pg_temp.refresh(:'random') \g /dev/null
SELECT pg_temp.keep_rows('again', :'random') \g /dev/null
SELECT * FROM pg_temp.same_made('at_first', 'again', 'back on the first day all is as it was');
\set day 2022-06-15

-- --- sales that change ---

-- A second relation, empty at first.
\set second :prefix 'second'
CREATE TABLE :second (LIKE :random);

-- A refresh of what changed, then a build from nothing: the same.
CREATE FUNCTION pg_temp.refreshed(schema text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.keep_rows('before_it', schema), pg_temp.snapshot('then');
    RETURN NEXT public.is(pg_temp.refresh(schema), 'delta', what || ': refreshed by what changed');
    PERFORM pg_temp.keep_rows('by_delta', schema), pg_temp.snapshot('at_last');
    RETURN QUERY SELECT * FROM pg_temp.wrote_no_row_again('before_it', 'by_delta', what);
    RETURN QUERY SELECT * FROM pg_temp.logged('then', 'at_last', what);
    PERFORM pg_temp.refresh(schema, true);
    PERFORM pg_temp.keep_rows('anew', schema);
    RETURN QUERY SELECT * FROM pg_temp.same_made('by_delta', 'anew', what || ': a build from nothing gives the same');
    RETURN NEXT public.is(pg_temp.differences(schema), NULL, what || ': verified');
END
$$;
\set reload 'DELETE FROM sale; INSERT INTO sale SELECT \'random\', coalesce(a.client, s.client), sold_on, round(amount, 4), round(profit, 4) FROM (TABLE ' :random ' UNION ALL TABLE ' :second ') s LEFT JOIN ' :random '.client_alias a ON a.alias = s.client WHERE s.client IS NOT NULL; DELETE FROM place p WHERE NOT EXISTS (SELECT FROM sale s WHERE s.client = p.client); DELETE FROM ' :random '.client_info i WHERE NOT EXISTS (SELECT FROM place p WHERE p.client = i.client_id); SELECT alike(pg_temp.refresh(r.base), \'delta%\', \'who was forgotten, or is somebody else, is no prospect\') FROM (VALUES (replace(\'' :random '\', \'\"\', \'\'))) AS r (base); DELETE FROM guest_sale; INSERT INTO guest_sale SELECT \'random\', round(amount, 4) FROM (TABLE ' :random ' UNION ALL TABLE ' :second ') s WHERE client IS NULL AND sold_on > \'2021-06-15\' AND sold_on <= \'2022-06-15\';'

SELECT setseed(0.7) \g /dev/null
INSERT INTO :random
SELECT 'r' || lpad(ceil(random() * 700)::integer::text, 4, '0'), date '2020-01-01' + floor(random() * 900)::integer,
       round((random() * 5000 - 300)::numeric, 2), CASE WHEN random() < 0.7 THEN round((random() * 900)::numeric, 2) END
FROM generate_series(1, 400);
SELECT * FROM pg_temp.refreshed(:'random', 'sold');
:reload
\ir common/truth_now.psql

UPDATE :random SET amount = amount * 1.5, profit = NULL WHERE client LIKE '%7' AND sold_on > '2021-03-01';
UPDATE :random SET sold_on = sold_on - 20 WHERE client LIKE '%31';
UPDATE :random SET client = 'r0001' WHERE client = 'r0002';
UPDATE :random SET client = NULL WHERE client = 'r0003';
UPDATE :random SET amount = -abs(amount) WHERE client LIKE '%44';
SELECT * FROM pg_temp.refreshed(:'random', 'corrected');
:reload
\ir common/truth_now.psql

DELETE FROM :random WHERE client LIKE '%5' AND sold_on > '2020-06-01';
DELETE FROM :random WHERE client LIKE '%12';
DELETE FROM :random WHERE client = (SELECT client_id FROM :random.clients WHERE key_rank = 1);
INSERT INTO :random SELECT 'new ' || n, date '2022-05-01' + n, 40000, NULL FROM generate_series(1, 20) AS n;
INSERT INTO :random SELECT 'new ' || n, date '2022-05-10' + n, 90000, NULL FROM generate_series(1, 20) AS n;
SELECT * FROM pg_temp.refreshed(:'random', 'cancelled, and new clients');
:reload
\ir common/truth_now.psql
SELECT cmp_ok(count(*) FILTER (WHERE is_promising), '>', 0::bigint, 'some of them are promising') FROM truth WHERE question = 'random now';

-- One whose first days lie between the quantile of type 7 that makes promising and the
-- nearest value of another client.
SELECT pg_temp.set(:'random', '{"promising_limit_share": 0.5}') \g /dev/null
INSERT INTO :random
SELECT 'border', date '2022-06-01' + n, ((q.value_times_whole + nearest) / 4), 1
FROM quantile q, generate_series(1, 2) AS n,
    LATERAL (SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY value) AS nearest FROM ranked r WHERE (r.question, r.measure) = (q.question, q.measure)) AS d
WHERE q.question = 'random now' AND q.measure = 'first days';
SELECT pg_temp.refresh(:'random') \g /dev/null
:reload
\ir common/truth_now.psql
SELECT isnt(min(q.value_times_whole), min(r.value), 'the border lies between two clients') FROM quantile q JOIN ranked r USING (question, measure)
WHERE question = 'random now' AND measure = 'first days' AND r.value >= q.value_times_whole;

-- --- a second relation ---

-- Half of the sales of some clients move to it, and half of those of guests.
SELECT pg_temp.keep_rows('before_it', :'random') \g /dev/null
CALL clientcore.attach(:'random', :'second', client => 'client', sold_at => 'sold_on', amount => 'amount', profit => 'profit', build => false);
WITH moved AS (
    DELETE FROM :random WHERE (client LIKE '%8' OR client LIKE '%20' OR client IS NULL) AND extract(day FROM sold_on)::integer % 2 = 0 RETURNING *)
INSERT INTO :second TABLE moved;
SELECT cmp_ok(count(*), '>', 100::bigint, 'sales moved to a second relation') FROM :second;
SELECT pg_temp.refresh(:'random') \g /dev/null
SELECT pg_temp.keep_rows('by_delta', :'random') \g /dev/null
DELETE FROM before_it WHERE made IN ('history', 'guest', 'forgotten');
DELETE FROM by_delta WHERE made IN ('history', 'guest', 'forgotten');
SELECT * FROM pg_temp.same_made('before_it', 'by_delta', 'two relations together say what one did');
SELECT * FROM pg_temp.wrote_no_row_again('before_it', 'by_delta', 'two relations');
UPDATE :second SET amount = amount * 2, sold_on = sold_on + 3 WHERE client LIKE '%18';
SELECT pg_temp.refresh(:'random') \g /dev/null
SELECT is(pg_temp.differences(:'random'), NULL, 'two relations, changed: verified');
:reload
\ir common/truth_now.psql

-- --- duplicates, marks, segments ---

INSERT INTO :random.client_alias VALUES ('r0011', 'r0010'), ('r0013', 'r0010'), ('r0021', 'r0020'), ('r0555', 'never sold');
UPDATE mark SET client = a.client FROM :random.client_alias a WHERE a.alias = mark.client;
SELECT pg_temp.refresh(:'random'), pg_temp.keep_rows('by_delta', :'random'), pg_temp.refresh(:'random', true), pg_temp.keep_rows('anew', :'random') \g /dev/null
SELECT * FROM pg_temp.same_made('by_delta', 'anew', 'duplicates: a build from nothing gives the same');
:reload
\ir common/truth_now.psql
UPDATE :random SET amount = amount + 100 WHERE client = 'r0011';
SELECT pg_temp.refresh(:'random') \g /dev/null
:reload
\ir common/truth_now.psql
DELETE FROM :random.client_alias WHERE alias <> 'r0021';
DELETE FROM :random.client_mark WHERE client_id LIKE '%1';
INSERT INTO :random.client_mark VALUES ('r0017', 'vocal', NULL, '2022-06-14'), ('r0018', 'vocal', NULL, '2022-06-15'), ('r0018', 'protected', NULL, NULL), ('nobody', 'expert', NULL, NULL);
DELETE FROM mark;
INSERT INTO mark SELECT 'random', client_id, kind, until FROM :random.client_mark;
DELETE FROM :random.rfm_segment WHERE position IN (10, 40);
UPDATE :random.rfm_segment SET segment = 'ours', recency_from = 2 WHERE position = 30;
SELECT pg_temp.refresh(:'random') \g /dev/null
:reload
\ir common/truth_now.psql
\ir common/truth_views.psql

-- --- forgetting ---

SELECT client_id AS famous FROM :random.clients WHERE is_key ORDER BY key_rank LIMIT 1 \gset
SELECT clientcore.run_as_owner(clientcore.base_owner(:'random'), 'base_forget', :'random', jsonb_build_object('client', c.client))
FROM (VALUES (:'famous'), ('r0020')) AS c (client) \g /dev/null
CREATE FUNCTION pg_temp.left_of(schema text, clients text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    made text;
    found text := '';
    n bigint;
BEGIN
    FOR made IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
        WHERE s.nspname = schema AND c.relkind IN ('r', 'v') ORDER BY 1
    LOOP
        EXECUTE format('SELECT count(*) FROM %I.%I t WHERE t::text ~ $1', schema, made) INTO n USING '\m(' || array_to_string(clients, '|') || ')\M';
        found := found || CASE WHEN n > 0 THEN made || ' ' ELSE '' END;
    END LOOP;
    RETURN found;
END
$$;
SELECT is(pg_temp.left_of(:'random', ARRAY[:'famous', 'r0020', 'r0021']), '', 'nothing is left of who was forgotten');
SELECT pg_temp.refresh(:'random') \g /dev/null
SELECT is(pg_temp.left_of(:'random', ARRAY[:'famous', 'r0020', 'r0021']), '', 'nor after a refresh');
SELECT pg_temp.keep_rows('by_delta', :'random'), pg_temp.refresh(:'random', true), pg_temp.keep_rows('anew', :'random') \g /dev/null
SELECT * FROM pg_temp.same_made('by_delta', 'anew', 'forgotten: a build from nothing gives the same');
:reload
DELETE FROM sale WHERE client IN (:'famous', 'r0020', 'r0021');
DELETE FROM place WHERE client IN (:'famous', 'r0020', 'r0021');
DELETE FROM mark WHERE client IN (:'famous', 'r0020', 'r0021');
\ir common/truth_now.psql
-- Their sales count as a guest's.
SELECT is(value, (SELECT round(sum(round(amount, 4)), 8) FROM (TABLE :random UNION ALL TABLE :second) AS s
        WHERE (client IS NULL OR client IN (:'famous', 'r0020', 'r0021')) AND sold_on > date '2021-06-15' AND sold_on <= '2022-06-15'),
    'revenue of guests and of who was forgotten')
FROM :random.concentration WHERE measure = 'unidentified_revenue_amount';

-- --- long after all sales ---

\set day 2040-01-01
SELECT pg_temp.set(:'random', '{"as_of": "2040-01-01"}'), pg_temp.refresh(:'random') \g /dev/null
\ir common/truth_now.psql

SELECT * FROM finish();
ROLLBACK;
