-- A database owner who is no superuser installs the extension, uses it, and cannot
-- drop it while histories exist. In a database of its own, as installing and
-- dropping lock what other sessions use.

\set QUIET on
SELECT current_setting('is_superuser')::boolean AS may_create, current_database() AS here \gset
\if :may_create
SET client_min_messages = error;
DROP DATABASE IF EXISTS clientcore_install_test;
DROP ROLE IF EXISTS clientcore_install_test;
CREATE ROLE clientcore_install_test;
CREATE DATABASE clientcore_install_test OWNER clientcore_install_test TEMPLATE template0;
\connect clientcore_install_test
SET client_min_messages = error;
SET ROLE clientcore_install_test;
\set ON_ERROR_STOP off
\set written -
\set owner -
\set still_there -
\set histories_still_there -
\set left_behind -
-- what fails here is seen in the SQLSTATEs below, not on the terminal
\o /dev/null
\set VERBOSITY sqlstate
CREATE EXTENSION clientcore;
\set created :SQLSTATE
CREATE TABLE public.history AS SELECT clientcore.purchase_history(d, 5.25) AS h FROM (VALUES (date '2024-01-01')) AS v(d);
SELECT h::text AS written, extowner::regrole::text AS owner FROM public.history, pg_extension WHERE extname = 'clientcore' \gset
DO $$
BEGIN
    DROP EXTENSION clientcore;
EXCEPTION WHEN dependent_objects_still_exist THEN
    NULL;
END
$$;
SELECT count(*) AS still_there FROM pg_extension WHERE extname = 'clientcore' \gset
SELECT count(*) AS histories_still_there FROM public.history \gset
DROP EXTENSION clientcore CASCADE;
\set dropped :SQLSTATE
SELECT count(*) AS left_behind
FROM (SELECT pronamespace FROM pg_proc UNION ALL SELECT typnamespace FROM pg_type
      UNION ALL SELECT oprnamespace FROM pg_operator UNION ALL SELECT opcnamespace FROM pg_opclass
      UNION ALL SELECT opfnamespace FROM pg_opfamily UNION ALL SELECT relnamespace FROM pg_class
      UNION ALL SELECT oid FROM pg_namespace WHERE nspname = 'clientcore') AS o(namespace)
WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.oid = namespace) OR namespace = to_regnamespace('clientcore') \gset
CREATE EXTENSION clientcore;
\set created_again :SQLSTATE
\o
\set VERBOSITY default
\set ON_ERROR_STOP on
\connect :here
DROP DATABASE clientcore_install_test;
DROP ROLE clientcore_install_test;
\endif

BEGIN;
\ir common/helpers.psql
SELECT plan(7);
\if :may_create
SELECT is(:'created'::text, '00000', 'a database owner may create the extension');
SELECT is(:'written'::text, '{2024-01-01: sold 5.25}', 'and use it');
SELECT is(:'owner'::text, 'clientcore_install_test', 'and owns it');
SELECT is(concat_ws(' ', :'still_there', :'histories_still_there'), '1 1', 'DROP EXTENSION refuses while histories exist');
SELECT is(:'dropped'::text, '00000', 'with CASCADE it goes');
SELECT is(:'left_behind'::text, '0', 'and leaves no object behind');
SELECT is(:'created_again'::text, '00000', 'and can come again');
\else
SELECT skip('another database and role are for superusers to create', 7);
\endif
SELECT * FROM finish();
ROLLBACK;
