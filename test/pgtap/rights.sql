-- Whose rights count: all that touches a base runs with those of its owner, who owns
-- the sales. Nobody gains by what another calls.

\ir common/helpers.psql
SELECT current_setting('is_superuser')::boolean AS may_create \gset
\if :may_create
BEGIN;
SELECT no_plan();
CREATE ROLE cc_owner;
CREATE ROLE cc_writer;
CREATE ROLE cc_reader;
CREATE ROLE cc_stranger;
CREATE ROLE cc_monitor;
GRANT pg_monitor TO cc_monitor;
CREATE SCHEMA trade AUTHORIZATION cc_owner;
GRANT USAGE ON SCHEMA trade TO cc_writer;

-- What code of the table's owner sees when it runs, noted where any role can.
CREATE TABLE public.seen (who text, what text);
GRANT INSERT, SELECT ON public.seen TO PUBLIC;

-- --- code that a table owner has planted ---

SET ROLE cc_owner;
SET search_path = trade, public, clientcore;
CREATE FUNCTION trade.spy(what text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR current_user <> 'cc_owner' THEN
        RAISE EXCEPTION 'runs as %', current_user USING ERRCODE = 'XX999';
    END IF;
    -- nor may it become anybody, or leave anything behind in the session
    BEGIN
        EXECUTE 'SET ROLE NONE';
        RAISE EXCEPTION 'it could change its role' USING ERRCODE = 'XX999';
    EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value OR feature_not_supported THEN
        NULL;
    END;
    RETURN true;
END
$$;
CREATE DOMAIN trade.spied AS integer CHECK (trade.spy('a domain') OR value IS NULL);
CREATE TYPE trade.member AS (id integer);
CREATE FUNCTION trade.member_to_text(trade.member) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT CASE WHEN trade.spy('a cast') THEN ($1).id::text END$$;
CREATE CAST (trade.member AS text) WITH FUNCTION trade.member_to_text(trade.member);
CREATE FUNCTION trade.worth(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$SELECT CASE WHEN trade.spy('a function') THEN $1 END$$;
CREATE FUNCTION trade.equal(trade.spied, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$SELECT trade.spy('an operator')$$;
CREATE OPERATOR trade.= (LEFTARG = trade.spied, RIGHTARG = integer, FUNCTION = trade.equal);
CREATE TABLE trade.sales (id integer PRIMARY KEY, client trade.spied, who trade.member, on_day date, amount numeric);
INSERT INTO trade.sales SELECT i, i % 5, ROW(i % 5)::trade.member, date '2024-01-01' + i, i FROM generate_series(1, 30) AS i;
GRANT INSERT, UPDATE, DELETE, SELECT ON trade.sales TO cc_writer;
RESET ROLE;

SELECT lives_ok($$CALL clientcore.attach('spied', 'trade.sales', client => 'client', sold_at => 'on_day', amount => 'trade.worth(amount)',
    filter => 'trade.spy(''a filter'')', build => false)$$, 'a superuser attaches the sales of another');
\ir common/refreshes.psql
SELECT is((SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'spied'), 'cc_owner', 'the base is the owner''s');
SELECT is((SELECT count(*)::integer FROM pg_class WHERE relnamespace = 'spied'::regnamespace AND relowner <> 'cc_owner'::regrole), 0, 'and all that is in it');
SELECT lives_ok($$CALL clientcore.refresh('spied')$$, 'a superuser refreshes');
SELECT is((SELECT count(*)::integer FROM spied.history), 5, 'it has read the sales');
-- the check of a domain is PostgreSQL's to run, as whoever sells; it keeps what it came to
SET ROLE cc_owner;
SELECT 1::trade.spied \g /dev/null
RESET ROLE;
INSERT INTO trade.sales VALUES (101, 3, ROW(3), '2024-01-01', 1);
SELECT is((SELECT string_agg(reason, ',') FROM spied.pending), NULL, 'a superuser sells: nothing ran with his rights');
SELECT is((SELECT count(*)::integer FROM spied.pending), 1, 'and it was noted');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('spied')), 0, 'a superuser verifies');
SELECT lives_ok($$SELECT * FROM clientcore.bases$$, 'a superuser looks at the bases');
SELECT lives_ok($$CALL clientcore.start_campaign('spied', 'spied', 'SELECT client AS client_id FROM trade.sales WHERE trade.worth(amount) > 0 AND trade.spy(''a list'')')$$, 'a superuser starts a campaign');
SELECT lives_ok($$CALL clientcore.refresh('spied')$$, 'and refreshes again');
SELECT lives_ok($$CALL clientcore.forget('spied', '3')$$, 'a superuser forgets');
SELECT lives_ok($$CALL clientcore.attach('spied', 'trade.sales', client => '(who::text::integer)::trade.spied', sold_at => 'on_day', amount => 'amount', build => false)$$,
    'a superuser attaches a planted cast');
SELECT lives_ok($$CALL clientcore.refresh('spied')$$, 'and refreshes it');
SELECT lives_ok($$CALL clientcore.detach('spied', force => true)$$, 'and detaches it');
CALL clientcore.attach('members', 'trade.sales', client => 'who', sold_at => 'on_day', amount => 'amount', build => false);
SELECT lives_ok($$CALL clientcore.refresh('members')$$, 'clients of a type with a planted cast');
CALL clientcore.detach('members');
-- the spy does see who runs it
SELECT throws_ok($$SELECT trade.spy('a call by a superuser')$$, 'XX999', NULL, 'the spy can tell');

-- --- an owner who is no superuser, a writer, a reader, a stranger ---

SET ROLE cc_owner;
CREATE TABLE trade.orders (id integer PRIMARY KEY, on_day date, amount numeric);
SELECT throws_ok($$CALL clientcore.attach('shop', 'trade.orders', client => 'id % 5', sold_at => 'on_day', amount => 'amount', build => false)$$, '42501', NULL, 'an owner who may not create schemas');
RESET ROLE;
GRANT CREATE ON DATABASE :DBNAME TO cc_owner;
SET ROLE cc_owner;
INSERT INTO trade.orders SELECT i, date '2024-01-01' + i, i FROM generate_series(1, 30) AS i;
GRANT INSERT, UPDATE, DELETE, SELECT ON trade.orders TO cc_writer;
SELECT lives_ok($$CALL clientcore.attach('shop', 'trade.orders', client => 'id % 5', sold_at => 'on_day', amount => 'amount', build => false)$$, 'an owner attaches');
SELECT lives_ok($$CALL clientcore.refresh('shop')$$, 'an owner refreshes');
SELECT lives_ok($$CALL clientcore.grant_read('shop', 'cc_reader')$$, 'an owner lets another read');
SELECT is((SELECT string_agg(base, ',') FROM clientcore.bases), 'shop', 'an owner sees the base');
SET ROLE cc_writer;
SELECT lives_ok($$INSERT INTO trade.orders VALUES (201, '2024-01-01', 1)$$, 'a writer inserts');
SELECT lives_ok($$UPDATE trade.orders SET amount = amount + 1$$, 'a writer updates');
SELECT lives_ok($$DELETE FROM trade.orders WHERE id = 201$$, 'a writer deletes');
SELECT throws_ok($$SELECT * FROM shop.pending$$, '42501', NULL, 'a writer cannot see what was noted');
SELECT throws_ok($$CALL clientcore.refresh('shop')$$, '42501', NULL, 'a writer cannot refresh');
SELECT throws_ok($$SELECT * FROM clientcore.verify('shop')$$, '42501', NULL, 'a writer cannot verify');
SELECT is((SELECT count(*)::integer FROM clientcore.bases), 0, 'a writer sees no base');
SET ROLE cc_reader;
SELECT is((SELECT count(*)::integer FROM shop.clients), 5, 'a reader reads the views');
SELECT throws_ok(format('SELECT * FROM shop.%I', t), '42501', NULL, 'a reader cannot read ' || t)
FROM unnest(ARRAY['history', 'pending', 'guest', 'forgotten', 'forgotten_client', 'source', 'state', 'settings', 'client_alias']) AS t;
SELECT throws_ok(format('CALL clientcore.%s', c), '42501', NULL, 'a reader cannot ' || c)
FROM unnest(ARRAY['refresh(''shop'')', 'detach(''shop'')', 'forget(''shop'', ''1'')', 'pause(''shop'')', 'resume(''shop'')',
    'start_campaign(''shop'', ''x'', ''clients'')', 'start_campaign(''shop'', ''x'', ''clients'', preview => true)',
    'grant_read(''shop'', ''cc_reader'')', 'upgrade_base(''shop'')', 'capture_from(''shop'', ''trade.orders'', NULL)']) AS c;
SET ROLE cc_stranger;
SELECT throws_ok($$CALL clientcore.attach('mine', 'trade.orders', client => 'id', sold_at => 'on_day', amount => 'amount', build => false)$$, '42501', NULL,
    'a stranger cannot attach the sales of another');
SELECT throws_ok($$SELECT clientcore.run_as_owner('cc_owner'::regrole, 'base_status', 'shop', '{}')$$, '42501', NULL, 'nor call operations as him');
SELECT throws_ok($$SELECT clientcore.base_refresh('shop', '{}')$$, '42501', NULL, 'nor by themselves');
SELECT throws_ok($$SELECT clientcore.run_as_owner('cc_stranger'::regrole, 'verify', 'shop', '{}')$$, '42883', NULL, 'only operations are run');
SET ROLE cc_monitor;
SELECT is((SELECT string_agg(base, ',') FROM clientcore.bases), 'shop', 'who may see all statistics sees the base');
SELECT throws_ok($$CALL clientcore.refresh('shop')$$, '42501', NULL, 'and cannot refresh it');
RESET ROLE;
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'all that was sold was noted');

-- --- a trigger that points to the base of another ---

SET ROLE cc_stranger;
SET search_path = pg_catalog;
RESET ROLE;
CREATE SCHEMA strange AUTHORIZATION cc_stranger;
GRANT USAGE ON SCHEMA shop TO cc_stranger;
SET ROLE cc_stranger;
CREATE TABLE strange.sales (id integer, client integer, who integer, on_day date, amount numeric);
CREATE TRIGGER forged AFTER INSERT ON strange.sales REFERENCING NEW TABLE AS clientcore_new FOR EACH STATEMENT
    WHEN (NULL::shop.source IS NULL) EXECUTE FUNCTION clientcore.capture('{"mode": "delta", "source": 1, "alias": "sales", "time_zone": "UTC", "scale": 4,
        "client": "sales.id", "sold_at": "sales.on_day", "amount": "sales.amount", "columns": []}');
CREATE TRIGGER forged_mark AFTER DELETE ON strange.sales FOR EACH STATEMENT
    WHEN (NULL::shop.source IS NULL) EXECUTE FUNCTION clientcore.capture('{"mode": "mark", "source": 1, "alias": "sales"}');
INSERT INTO strange.sales VALUES (1, 1, 1, '2024-01-01', 1000000);
DELETE FROM strange.sales;
TRUNCATE strange.sales;
RESET ROLE;
SET search_path = public, clientcore;
DELETE FROM shop.pending;
SET ROLE cc_stranger;
INSERT INTO strange.sales VALUES (1, 1, 1, '2024-01-01', 1000000);
DELETE FROM strange.sales;
RESET ROLE;
SELECT is((SELECT count(*)::integer FROM shop.pending), 0, 'a forged trigger writes nothing');
-- the function by itself, and with no argument
SELECT throws_ok($$SELECT clientcore.capture()$$, NULL, NULL, 'capture is a trigger function');
CREATE TRIGGER odd AFTER INSERT ON strange.sales FOR EACH STATEMENT EXECUTE FUNCTION clientcore.capture();
SELECT lives_ok($$INSERT INTO strange.sales VALUES (1, 1, 1, '2024-01-01', 1)$$, 'a trigger of no base does nothing');

-- --- names that lead elsewhere ---

-- A schema of one's own that looks like a base is asked about in the name of another.
CREATE FUNCTION strange.grab() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.seen VALUES (current_user, 'grabbed');
    RETURN true;
END
$$;
CREATE SCHEMA evil AUTHORIZATION cc_monitor;
GRANT USAGE ON SCHEMA strange TO PUBLIC;
SET ROLE cc_monitor;
CREATE VIEW evil.state AS SELECT strange.grab() AS x;
CREATE TABLE evil.source (source smallint, relation regclass);
CREATE TABLE evil.pending (added_at timestamptz);
CREATE TABLE evil.settings (a integer);
CREATE TABLE evil.history (client_id integer, history clientcore.purchase_history);
CREATE SEQUENCE evil.pending_id;
SELECT throws_ok($$SELECT clientcore.run_as_owner(10, 'base_status', 'evil', '{}')$$, '3F000', NULL, 'a schema of one''s own is no base of another');
SELECT throws_ok($$SELECT clientcore.run_as_owner('cc_monitor'::regrole, 'base_status', 'evil', '{}')$$, '3F000', NULL, 'nor one with a view for a table');
SELECT is((SELECT string_agg(base, ',') FROM clientcore.bases), 'shop', 'nor is it listed');
RESET ROLE;

-- In a schema where somebody's table has a name of ours, a view stands for another.
CREATE SCHEMA shared;
GRANT ALL ON SCHEMA shared TO cc_stranger;
CREATE TABLE shared.pending (x integer);
SET ROLE cc_stranger;
CREATE VIEW shared.source AS SELECT jsonb_build_object('triggers', strange.grab()) AS fingerprint;
CREATE TABLE shared.state (a integer);
CREATE SEQUENCE shared.pending_id;
CREATE TRIGGER other_base AFTER INSERT ON strange.sales REFERENCING NEW TABLE AS n FOR EACH STATEMENT
    WHEN (NULL::shared.source IS NULL) EXECUTE FUNCTION clientcore.capture('{"source": 1}');
INSERT INTO strange.sales VALUES (1, 1, 1, '2024-01-01', 1);
SELECT is((SELECT count(*)::integer FROM public.seen), 0, 'nothing runs in the name of another');
RESET ROLE;

-- A view that stands where the base's own is to be is not replaced: it would stay another's.
CREATE SCHEMA planted;
GRANT ALL ON SCHEMA planted TO cc_stranger;
SET ROLE cc_stranger;
CREATE VIEW planted.clients AS SELECT 1 AS client_id;
RESET ROLE;
SELECT throws_ok($$SELECT clientcore.create_layout('planted', 'integer')$$, '42P07', NULL, 'the view of a stranger is not made a base''s own');
DROP SCHEMA planted CASCADE;

-- Whoever may make triggers on the sales makes one that looks like ours.
GRANT ALL ON trade.orders TO cc_stranger;
GRANT USAGE ON SCHEMA trade TO cc_stranger;
SET ROLE cc_stranger;
CREATE TRIGGER like_ours AFTER INSERT ON trade.orders REFERENCING NEW TABLE AS n FOR EACH STATEMENT
    WHEN (NULL::shop.source IS NULL) EXECUTE FUNCTION clientcore.capture('{"mode": "delta", "source": 1, "alias": "orders", "time_zone": "UTC",
        "scale": 4, "client": "CASE WHEN strange.grab() THEN 1 END", "sold_at": "orders.on_day", "amount": "orders.amount", "columns": []}');
INSERT INTO trade.orders VALUES (401, '2024-01-01', 1);
SELECT is((SELECT count(*)::integer FROM public.seen), 0, 'an expression of a stranger is not evaluated');
RESET ROLE;
SELECT is((SELECT count(*)::integer FROM shop.pending WHERE delta IS NOT NULL), 1, 'and no sale counted twice');
SELECT is((SELECT count(*)::integer FROM shop.pending WHERE reason IS NOT NULL), 1, 'but a reason to rebuild is noted');
CALL clientcore.refresh('shop');
SELECT is((SELECT count(*)::integer FROM pg_trigger WHERE tgname = 'like_ours'), 0, 'the next refresh drops it');
SET ROLE cc_stranger;
SELECT format('CREATE OR REPLACE TRIGGER %I AFTER INSERT ON trade.orders REFERENCING NEW TABLE AS clientcore_new FOR EACH STATEMENT
    WHEN (NULL::shop.source IS NOT NULL) EXECUTE FUNCTION clientcore.capture(%L)', b.name, b.argument) AS replacing
FROM (SELECT tgname AS name, convert_from(substring(tgargs FROM 1 FOR octet_length(tgargs) - 1), 'UTF8') AS argument FROM pg_trigger
    WHERE tgrelid = 'trade.orders'::regclass AND tgname LIKE '%insert') b \gset
:replacing;
CREATE TRIGGER unreadable AFTER DELETE ON trade.orders FOR EACH STATEMENT
    WHEN (NULL::shop.source IS NULL) EXECUTE FUNCTION clientcore.capture('{not "source": 1, json');
RESET ROLE;
INSERT INTO trade.orders VALUES (402, '2024-01-01', 1);
DELETE FROM trade.orders WHERE id = 401;
SELECT ok(is_stale AND trigger_missing_count = 1, 'a trigger of ours that was replaced is noticed') FROM clientcore.bases WHERE base = 'shop';
SELECT lives_ok($$CALL clientcore.refresh('shop')$$, 'and put right');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'with all that was sold meanwhile');
SELECT ok(NOT is_stale AND trigger_missing_count = 0, 'as bases tells') FROM clientcore.bases WHERE base = 'shop';
INSERT INTO trade.orders VALUES (403, '2024-01-01', 1);
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'and sales are noted again');
CALL clientcore.refresh('shop');

-- --- settings of the session ---

SET ROLE cc_owner;
CREATE FUNCTION trade.set_path(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM set_config('search_path', 'trade, pg_catalog', false), set_config('statement_timeout', '1h', false);
    RETURN $1;
END
$$;
RESET ROLE;
CALL clientcore.attach('paths', 'trade.orders', client => 'trade.set_path(id % 5)', sold_at => 'on_day', amount => 'amount', build => false);
CALL clientcore.refresh('paths');
SELECT is(current_setting('search_path') || current_setting('statement_timeout'), 'public, clientcore0', 'a refresh leaves the caller''s settings alone');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('paths')), 0, 'a verification');
SELECT is(current_setting('search_path') || current_setting('statement_timeout'), 'public, clientcore0', 'does too');
INSERT INTO trade.orders VALUES (404, '2024-01-01', 1);
SELECT is(current_setting('search_path') || current_setting('statement_timeout'), 'public, clientcore0', 'and a sale');
CALL clientcore.detach('paths');
SELECT is((SELECT count(*)::integer FROM public.seen), 0, 'nothing ever ran in the name of another');

-- --- arguments of triggers that make no sense ---

-- An owner may write what he likes into his own base: it must not crash.
SET ROLE cc_owner;
CREATE FUNCTION pg_temp.with_argument(argument text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('CREATE TRIGGER odd AFTER INSERT ON trade.orders REFERENCING NEW TABLE AS n FOR EACH STATEMENT
        WHEN (NULL::shop.source IS NULL) EXECUTE FUNCTION clientcore.capture(%L)', argument);
    UPDATE shop.source SET fingerprint = jsonb_set(fingerprint, ARRAY['triggers', t.oid::text], to_jsonb(format('%s %s', t.xmin, t.tgenabled)))
    FROM pg_trigger t WHERE t.tgname = 'odd' AND t.tgrelid = 'trade.orders'::regclass;
    INSERT INTO trade.orders VALUES (500, '2024-01-01', 1);
    SELECT string_agg(reason, ', ') INTO found FROM shop.pending;
    DELETE FROM trade.orders WHERE id = 500;
    DELETE FROM shop.pending;
    DROP TRIGGER odd ON trade.orders;
    RETURN found;
END
$$;
SELECT isnt(pg_temp.with_argument(argument), NULL, argument)
FROM unnest(ARRAY['', '{}', '[]', '1', '{"source": 1}', '{"source": 99999999}', '{"source": 1, "mode": 7}',
    '{"source": 1, "mode": "delta", "alias": "orders", "columns": [[]]}',
    '{"source": 1, "mode": "delta", "alias": "orders", "columns": [1], "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "columns": [["a", 1, 2, "b"]], "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "columns": [{"a": 1}], "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "sold_at": "orders.on_day", "amount": "orders.amount", "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "client": "orders.id", "sold_at": "orders.on_day", "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "client": "orders.id", "sold_at": "orders.on_day::timestamptz", "amount": "orders.amount"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "client": "orders.id", "sold_at": "orders.on_day", "amount": "orders.amount", "currency": "orders.id", "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "client": "orders.id", "sold_at": "orders.on_day", "amount": "orders.amount", "filter": "orders.id", "time_zone": "UTC"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "client": "orders.id", "sold_at": "orders.on_day", "amount": "orders.amount", "time_zone": "Mars"}',
    '{"source": 1, "mode": "delta", "alias": "orders", "client": "orders.id", "sold_at": "orders.on_day", "amount": "orders.amount", "scale": 99, "time_zone": "UTC"}',
    '{"source": 1, "mode": "dirty", "alias": "orders"}', '{"source": 1, "mode": "dirty", "alias": "orders", "line": true}']) AS argument;
-- and a table pending whose columns are others
ALTER TABLE shop.pending ALTER id TYPE text, ALTER source TYPE text, ALTER reason TYPE bytea USING NULL, ALTER added_at TYPE text;
SELECT lives_ok($$INSERT INTO trade.orders VALUES (501, '2024-01-01', 1)$$, 'columns that are others get no values, and sales go on');
DELETE FROM shop.pending;
ALTER TABLE shop.pending ALTER id TYPE bigint USING NULL, ALTER source TYPE smallint USING NULL, ALTER reason TYPE text USING NULL,
    ALTER added_at TYPE timestamptz USING NULL;
RESET ROLE;
SELECT lives_ok($$CALL clientcore.refresh('shop')$$, 'a table pending that was replaced');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'means a rebuild');

-- --- rights that are taken back ---

SAVEPOINT granted;
GRANT SELECT ON shop.history TO cc_reader;
SELECT lives_ok($$CALL clientcore.revoke_read('shop', 'cc_reader')$$, 'an owner takes back what another may read');
SELECT is((SELECT count(*)::integer FROM (
    SELECT c.relacl AS acl FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace
    UNION ALL SELECT p.proacl FROM pg_proc p WHERE p.pronamespace = 'shop'::regnamespace
    UNION ALL SELECT n.nspacl FROM pg_namespace n WHERE n.nspname = 'shop') a, aclexplode(a.acl) g WHERE g.grantee = 'cc_reader'::regrole), 0, 'all of it');
GRANT USAGE ON SCHEMA shop TO cc_reader;
SET ROLE cc_reader;
SELECT throws_ok($$SELECT clientcore.report('shop')$$, '42501', 'permission denied for function report', 'the report too');
SELECT throws_ok($$SELECT * FROM shop.clients_as_of('2024-06-01')$$, '42501', NULL, 'and the functions of the base');
RESET ROLE;
SELECT throws_ok($$CALL clientcore.revoke_read('shop', 'nobody at all')$$, '42704', NULL, 'a role that is not there');
ROLLBACK TO SAVEPOINT granted;
SET ROLE cc_stranger;
SELECT throws_ok($$CALL clientcore.revoke_read('shop', 'cc_reader')$$, '42501', NULL, 'a stranger takes nothing from anybody');
RESET ROLE;

-- --- what an owner puts in the place of functions of his base ---

SET ROLE cc_owner;
CREATE TYPE trade.planted AS ENUM ('x');
CREATE FUNCTION trade.note_who(text) RETURNS void LANGUAGE sql AS $$INSERT INTO public.seen VALUES (current_user, $1)$$;
CREATE FUNCTION trade.planted_to_jsonb(trade.planted) RETURNS jsonb LANGUAGE plpgsql AS $$BEGIN PERFORM trade.note_who('a cast'); RETURN '{}'; END$$;
CREATE CAST (trade.planted AS jsonb) WITH FUNCTION trade.planted_to_jsonb(trade.planted) AS ASSIGNMENT;
CREATE TABLE trade.trap (x integer);
CREATE FUNCTION trade.spring() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM trade.note_who('a deferred trigger'); RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON trade.trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trade.spring();
SAVEPOINT planted;
DROP FUNCTION shop.report_data(), shop.report(text), shop.dossier_text(text), shop.reward_shares(numeric, numeric);
CREATE FUNCTION shop.report_data() RETURNS trade.planted LANGUAGE sql SECURITY DEFINER AS $$SELECT 'x'::trade.planted$$;
CREATE FUNCTION shop.report(locale text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$INSERT INTO trade.trap VALUES (1); SELECT 'x'$$;
CREATE FUNCTION shop.dossier_text(client text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$INSERT INTO trade.trap VALUES (1); SELECT 'x'$$;
CREATE FUNCTION shop.reward_shares(pool numeric, unit numeric) RETURNS TABLE (client text, name text, manager text, key_rank integer,
    contribution_amount numeric, contribution_share numeric, reward numeric) LANGUAGE sql SECURITY DEFINER
    AS $$INSERT INTO trade.trap VALUES (1); SELECT NULL, NULL, NULL, 1, 1.0, 1.0, 1.0$$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA shop FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA shop TO cc_reader;
RESET ROLE;
TRUNCATE public.seen;
SELECT is(clientcore.report_data('shop') ->> 'base', 'shop', 'a superuser has the data of the report, not what its owner planted');
SELECT alike(clientcore.report('shop'), '<!DOCTYPE html>%', 'and the report');
SELECT alike(clientcore.dossier_text('shop', (SELECT min(client_id)::text FROM shop.clients)), '%as of%', 'and a page on a client');
SELECT is((SELECT count(*)::integer FROM clientcore.reward_shares('shop', 10) WHERE key_rank IS NULL OR reward IS NULL), 0, 'and a pool');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is_empty('SELECT * FROM public.seen', 'nothing that was planted ran');
SET ROLE cc_reader;
SELECT alike(clientcore.report('shop'), '<!DOCTYPE html>%', 'a reader has it too, who may call the function of that name');
RESET ROLE;
ALTER FUNCTION shop.report(text) OWNER TO cc_stranger;
GRANT USAGE ON SCHEMA shop TO cc_stranger;
SET ROLE cc_stranger;
SELECT throws_ok($$SELECT clientcore.report('shop')$$, '42501', 'permission denied for function report', 'not one to whom a function of that name belongs');
SELECT throws_ok($$SELECT clientcore.report_data('shop')$$, '42501', 'permission denied for function report_data', 'nor a stranger');
SELECT throws_ok(format($$SELECT clientcore.run_as_owner(%s, 'base_report', 'shop', '{"locale": "en"}')$$, 'cc_owner'::regrole::oid), '42501',
    'permission denied for function report', 'nor by way of the operation beneath');
RESET ROLE;
ROLLBACK TO SAVEPOINT planted;

-- --- what monitors see, and what an owner may do to them ---

SET ROLE cc_monitor;
SELECT bag_eq(format($$SELECT jsonb_object_keys(clientcore.run_as_owner(%s, 'base_status', 'shop', '{}'))$$, 'cc_owner'::regrole::oid),
    $$SELECT unnest('{client_count,as_of,refreshed_at,refresh_seconds,paused,verified_at,verified_differences,layout,sources,pending_rows,pending_since,pending_bytes,
        relations,stale_reasons,triggers_missing,triggers_disabled,bytes}'::text[])$$, 'a monitor learns what the list of bases tells, and no revenue');
RESET ROLE;
SAVEPOINT planted;
SET ROLE cc_owner;
CREATE FUNCTION trade.burst(trade.planted) RETURNS json LANGUAGE plpgsql AS $$BEGIN ASSERT false, 'burst'; END$$;
CREATE CAST (trade.planted AS json) WITH FUNCTION trade.burst(trade.planted);
ALTER TABLE shop.state ADD planted trade.planted DEFAULT 'x';
RESET ROLE;
SET ROLE cc_monitor;
SELECT isnt_empty('SELECT base FROM clientcore.bases', 'an assertion in a base of one owner keeps nobody from the list');
RESET ROLE;
ROLLBACK TO SAVEPOINT planted;
CREATE ROLE "Public";
SELECT lives_ok($$CALL clientcore.grant_read('shop', 'Public')$$, 'a role "Public"');
SELECT is(has_table_privilege('cc_stranger', 'shop.clients', 'SELECT'), false, 'is not everybody');

-- --- an index of the owner's on what is noted ---

SET ROLE cc_owner;
CREATE FUNCTION trade.lowered(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN lower($1); END$$;
CREATE INDEX on_pending ON shop.pending (trade.lowered(client_id::text));
RESET ROLE;
CREATE SCHEMA lures AUTHORIZATION cc_writer;
GRANT USAGE ON SCHEMA lures TO cc_owner;
SET ROLE cc_writer;
CREATE FUNCTION lures.lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN INSERT INTO public.seen VALUES (current_user, 'lower'); RETURN $1; END$$;
SET LOCAL search_path = lures, pg_catalog;
INSERT INTO trade.orders VALUES (701, '2024-01-01', 1);
RESET ROLE;
SET LOCAL search_path = trade, public, clientcore;
SELECT is_empty('SELECT * FROM public.seen', 'runs under no search path of whoever sells');
SELECT isnt_empty('SELECT FROM shop.pending', 'who sold');
DROP INDEX shop.on_pending;

-- --- owners that change ---

ALTER TABLE trade.orders OWNER TO cc_stranger;
GRANT USAGE ON SCHEMA trade TO cc_stranger;
SET ROLE cc_stranger;
SELECT lives_ok($$INSERT INTO trade.orders VALUES (301, '2024-01-01', 1)$$, 'a table of another owner by now: sales go on');
RESET ROLE;
SELECT alike((SELECT string_agg(reason, ',') FROM shop.pending), '%owner%', 'which is noted');
SELECT throws_ok($$CALL clientcore.refresh('shop')$$, '42501', NULL, 'and refused by refresh');
ALTER TABLE trade.orders OWNER TO cc_owner;
SELECT lives_ok($$CALL clientcore.refresh('shop')$$, 'until the owner is the same again');
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'with all its sales');

-- --- row-level security ---

ALTER TABLE trade.orders ENABLE ROW LEVEL SECURITY;
SELECT lives_ok($$CALL clientcore.refresh('shop', true)$$, 'row-level security that the owner is free of');
CREATE POLICY few ON trade.orders FOR SELECT TO cc_reader USING (id % 5 = 1);
GRANT USAGE ON SCHEMA trade TO cc_reader;
GRANT SELECT ON trade.orders TO cc_reader;
SET ROLE cc_reader;
SELECT is((SELECT count(DISTINCT id % 5)::integer FROM trade.orders), 1, 'a policy hides sales from who reads the sales');
SELECT is((SELECT count(*)::integer FROM shop.clients), 5, 'and no client from who was let read the base');
RESET ROLE;
DROP POLICY few ON trade.orders;
REVOKE SELECT ON trade.orders FROM cc_reader;
ALTER TABLE trade.orders FORCE ROW LEVEL SECURITY;
SELECT throws_ok($$CALL clientcore.refresh('shop')$$, '42501', NULL, 'row-level security that binds the owner is refused');
SELECT throws_ok($$CALL clientcore.attach('other', 'trade.orders', client => 'id', sold_at => 'on_day', amount => 'amount', build => false)$$, '42501', NULL,
    'by attach too');
CREATE POLICY none ON trade.orders FOR ALL TO cc_writer USING (true);
SET ROLE cc_writer;
SELECT lives_ok($$INSERT INTO trade.orders VALUES (302, '2024-01-01', 1)$$, 'sales go on');
RESET ROLE;
ALTER TABLE trade.orders NO FORCE ROW LEVEL SECURITY;
SELECT is((SELECT count(*)::integer FROM clientcore.verify('shop')), 0, 'and are noted');

SELECT * FROM finish();
ROLLBACK;
\else
SELECT plan(1);
SELECT skip('roles are made by superusers');
\endif
