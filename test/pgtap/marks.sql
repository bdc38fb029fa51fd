-- Every object of the extension: described, in its place, and marked as it truly is.

BEGIN;
\ir common/helpers.psql

SELECT no_plan();

CREATE TEMP TABLE member AS
SELECT d.classid, d.objid, i.type, i.schema, i.identity
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i
WHERE e.extname = 'clientcore'
  -- from 17 on the types that come with types and views are members as well
  AND NOT (d.classid = 'pg_type'::regclass AND (i.identity LIKE '%[]' OR i.identity = 'clientcore.bases'));
CREATE TEMP TABLE function AS
SELECT p.* FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
-- what serves client bases stands apart from what is computed of values
CREATE TEMP TABLE of_bases AS
SELECT f.* FROM function f JOIN pg_language l ON l.oid = f.prolang
WHERE lanname NOT IN ('c', 'internal') OR proname IN ('run_as_owner', 'may_commit', 'report_progress', 'parse_expression', 'key_equality',
    'key_hash', 'key_fraction', 'build_histories', 'hold_writers', 'release_writers', 'capture', 'is_base');
CREATE TEMP TABLE of_values AS SELECT * FROM function WHERE oid NOT IN (SELECT oid FROM of_bases);

SELECT cmp_ok((SELECT count(*) FROM member), '>', 90::bigint, 'the extension has members');
SELECT is((SELECT format('%s, %s, relocatable %s, tables %s', extversion, extnamespace::regnamespace, extrelocatable, coalesce(cardinality(extconfig), 0)) FROM pg_extension WHERE extname = 'clientcore'),
    '1.1, pg_catalog, relocatable f, tables 0', 'version 1.1, not relocatable, without tables');
SELECT is_empty($$SELECT type, identity FROM member WHERE schema IS DISTINCT FROM 'clientcore' AND type <> 'schema'$$, 'every member is in schema clientcore');
SELECT results_eq($$SELECT identity FROM member WHERE type = 'schema'$$, ARRAY['clientcore'], 'which is a member itself');
SELECT is_empty($$SELECT r.rolname FROM pg_roles r WHERE NOT rolsuper AND has_schema_privilege(r.oid, 'clientcore', 'CREATE')$$, 'nobody but superusers can add to it');
SELECT is_empty($$SELECT type, identity FROM member WHERE type IN ('table', 'cast')$$, 'no tables, no casts');
SELECT results_eq($$SELECT identity FROM member WHERE type = 'view'$$, ARRAY['clientcore.bases'], 'one view');
SELECT is_empty(
    'SELECT type, identity FROM member WHERE coalesce(obj_description(objid, classid::regclass::name), '''') !~ ''^[[:alnum:]].{5,}''',
    'every member has a comment');
SELECT isnt(obj_description((SELECT oid FROM pg_extension WHERE extname = 'clientcore'), 'pg_extension'), NULL, 'so has the extension');

-- functions of values
SELECT is_empty($$SELECT oid::regprocedure FROM of_values WHERE proparallel <> 's'$$, 'every function of values is parallel safe');
SELECT is_empty($$SELECT oid::regprocedure FROM of_values WHERE provolatile <> CASE WHEN proname LIKE 'history\_accum%' THEN 's' ELSE 'i' END AND prokind <> 'a'$$,
    'and immutable, but for those that read the zone of the session');
SELECT is((SELECT count(*) FROM of_values WHERE provolatile = 's' AND prokind <> 'a'), 5::bigint, 'five are stable');

-- functions of bases
SELECT is_empty($$SELECT oid::regprocedure FROM of_bases WHERE (provolatile = 'v') <> (proparallel = 'u') AND prokind = 'f' AND prorettype <> 'trigger'::regtype$$,
    'functions of bases are parallel safe where they change nothing');
SELECT is_empty($$SELECT oid::regprocedure FROM of_bases WHERE prokind = 'p' AND proconfig IS NOT NULL$$, 'procedures may commit');
SELECT set_eq($$SELECT proname::text FROM of_bases WHERE prokind = 'p'$$,
    ARRAY['attach', 'capture_from', 'detach', 'refresh', 'forget', 'pause', 'resume', 'grant_read', 'revoke_read', 'upgrade_base', 'attach_clients', 'attach_interactions',
        'start_campaign'], 'the procedures');
SELECT is_empty($$SELECT oid::regprocedure FROM function WHERE has_function_privilege('public', oid, 'EXECUTE') = (proname LIKE 'base\_%' AND pronargs = 2 AND proargtypes[1] = 'jsonb'::regtype)$$,
    'all may call everything, but for the operations on bases');
SELECT cmp_ok((SELECT count(*) FROM function WHERE NOT has_function_privilege('public', oid, 'EXECUTE')), '>=', 12::bigint, 'which there are');

-- all functions
SELECT is_empty($$SELECT oid::regprocedure FROM function WHERE prosecdef OR proleakproof$$, 'none runs with rights of its owner, none claims to be leakproof');
SELECT is_empty(
    $$SELECT f.oid::regprocedure FROM function f JOIN pg_language l ON l.oid = prolang
      WHERE CASE lanname WHEN 'c' THEN probin !~ '/clientcore$' OR proconfig IS NOT NULL
                         WHEN 'internal' THEN prokind <> 'a'
                         ELSE NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}')) END
        AND prokind <> 'p'$$,
    'C of our own library, or SQL with a search path of its own');
-- what a procedure calls, it names with its schema; operators it has none
SELECT is_empty(
    $$SELECT f.oid::regprocedure, word[1] FROM function f, regexp_matches(prosrc, '(?<![.\w])([a-z_]+)\s*\(', 'g') AS word
      WHERE prokind = 'p' AND word[1] NOT IN ('if', 'clientcore')$$, 'procedures qualify what they call');
SELECT is_empty(
    $$SELECT f.oid::regprocedure FROM function f
      WHERE prokind = 'p' AND regexp_replace(prosrc, '--[^\n]*|:=|=>|::|''[^'']*''|GET STACKED DIAGNOSTICS[^;]*;', '', 'g') ~ '[-+*/<>=~!@#%^&|?]'$$,
    'and use no operators');
-- strict where NULL in means NULL out, and only there
SELECT set_eq(
    $$SELECT proname::text FROM of_values WHERE NOT proisstrict AND prokind IN ('f', 'w') AND NOT 'internal'::regtype = ANY (proargtypes::oid[])
        AND NOT 'purchase_history_state'::regtype = ANY (proargtypes::oid[]) AND NOT 'value_set'::regtype = ANY (proargtypes::oid[]) AND NOT 'silence_histogram'::regtype = ANY (proargtypes::oid[])$$,
    ARRAY['slice', 'periods', 'abc_class', 'quantile_score', 'card_figures'], 'all are strict but those that take NULL for something');
SELECT results_eq(
    $$SELECT slice(NULL, '2024-01-01', '2024-01-31') IS NULL, slice('{2024-01-05: sold 1}', NULL, NULL)::text, (SELECT count(*) FROM periods(NULL)), (SELECT count(*) FROM days(NULL)), (SELECT count(*) FROM loss_events(NULL, '2024-01-01'))$$,
    $$VALUES (true, '{2024-01-05: sold 1}', 0::bigint, 0::bigint, 0::bigint)$$, 'no history: nothing');
SELECT is_empty(
    $$SELECT f.oid::regprocedure
      FROM function f, LATERAL (SELECT format('SELECT clientcore.%I(%s)', proname, string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n)) AS query FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(t, n)) AS q
      WHERE proisstrict AND NOT proretset AND prokind = 'f' AND proargtypes::oid[] && ARRAY['purchase_history'::regtype]::oid[]
        AND (xpath('//row', query_to_xml(replace(query, 'SELECT ', 'SELECT 1 AS one WHERE (') || ') IS NOT NULL', false, false, '')))[1] IS NOT NULL$$,
    'functions of no history give NULL');

-- aggregates
CREATE TEMP TABLE aggregate AS
SELECT f.proname, f.proargtypes::text AS arguments, f.oid, a.* FROM function f JOIN pg_aggregate a ON a.aggfnoid = f.oid;
SELECT cmp_ok((SELECT count(*) FROM aggregate), '>=', 15::bigint, 'the extension has aggregates');
SELECT is_empty('SELECT aggfnoid FROM aggregate WHERE aggcombinefn = 0', 'every aggregate can be combined');
SELECT is_empty($$SELECT aggfnoid FROM aggregate WHERE (aggtranstype = 'internal'::regtype) <> (aggserialfn <> 0) OR (aggserialfn = 0) <> (aggdeserialfn = 0)$$,
    'internal states, and only they, can be serialised');
SELECT is_empty($$SELECT aggfnoid FROM aggregate WHERE aggfinalmodify <> 'r' OR aggfinalextra$$, 'final functions only read');
SELECT is_empty($$SELECT aggfnoid FROM aggregate WHERE proname IN ('rollup', 'abc_cutoffs', 'quantile_cutoffs', 'quantile', 'gini', 'hhi', 'top_share', 'silence_calibration') AND aggtranstype = 'internal'::regtype$$,
    'aggregates over histories and over values have a real type as their state');
SELECT is_empty(
    $$SELECT arguments, array_agg(proname) FROM aggregate WHERE proname NOT IN ('xyz_class_by_variation', 'fit_gamma_gamma') GROUP BY arguments, aggtranstype HAVING count(DISTINCT aggtransfn) > 1$$,
    'aggregates over the same arguments share one transition function');
SELECT results_eq(
    $$SELECT count(*), count(DISTINCT aggtransfn), count(DISTINCT (aggcombinefn, aggserialfn, aggdeserialfn)) FROM aggregate WHERE proname IN ('xyz_class', 'loyalty_stage', 'is_lost_client')$$,
    'VALUES (3::bigint, 1::bigint, 1::bigint)', 'the three classes from sales share one state');

-- types and operators
SELECT set_eq(
    $$SELECT typname::text FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid WHERE typelem = 0$$,
    ARRAY['purchase_history', 'purchase_history_state', 'value_set', 'abc_cutoff', 'silence_histogram', 'calibrated_silence', 'loyalty_stage', 'fitted_model'], 'the types');
SELECT is_empty(
    $$SELECT typname FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid WHERE typtype = 'b' AND typelem = 0 AND (typreceive = 0 OR typsend = 0 OR typlen <> -1)$$,
    'every type of our own has a binary form');
SELECT set_eq(
    $$SELECT oprname::text FROM pg_operator o JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid$$,
    ARRAY['+', '-', '=', '<>', '<', '<=', '>', '>='], 'the operators');
SELECT is_empty(
    $$SELECT o.oid::regoperator FROM pg_operator o JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
      WHERE oprresult = 'boolean'::regtype AND (oprnegate = 0 OR oprcom = 0 OR oprrest = 0 OR oprjoin = 0)$$, 'comparisons can be planned for');
SELECT results_eq(
    $$SELECT oprcanhash, oprcanmerge FROM pg_operator WHERE oid = 'clientcore.=(clientcore.purchase_history, clientcore.purchase_history)'::regoperator$$,
    'VALUES (true, true)', '= hashes and merges');
SELECT set_eq(
    $$SELECT amname::text || ' ' || opcname || ' ' || opcdefault FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod JOIN member m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid$$,
    ARRAY['btree purchase_history_ops true', 'hash purchase_history_ops true', 'btree fitted_model_ops true', 'hash fitted_model_ops true'], 'operator classes');
SELECT is_empty(
    $$SELECT c.opcname FROM pg_opclass c JOIN member m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid WHERE NOT amvalidate(c.oid)$$,
    'operator classes are valid');

-- arguments of functions for people have names, so that each can be given by name
SELECT is_empty(
    $$SELECT oid::regprocedure FROM function WHERE pronargs > 1 AND prokind IN ('f', 'w') AND proargnames IS NULL
        AND NOT 'internal'::regtype = ANY (proargtypes::oid[]) AND proname !~ '^(purchase_history|rollup|values|silence_histogram|purchase_history_state|fitted_model)_'$$,
    'arguments have names');
SELECT results_eq(
    $$SELECT xyz_class(h => '{2024-01-01: sold 1; 2024-03-01: sold 1}', as_of => '2024-12-31', periods => 12, period => 'month', x => 0.75, y => 0.1),
             loyalty_stage(h => '{2024-01-01: sold 1}', as_of => '2024-12-31', adherent_days => 10, fallback_days => 20)::text,
             is_lost_client('{2024-01-01: sold 1}', '2024-12-31', fallback_days => 364),
             silence_limit('{2024-01-01: sold 1}', fallback_days => 99)$$,
    $$VALUES ('Y', 'lost', true, 99)$$, 'thresholds are named arguments');

SELECT * FROM finish();
ROLLBACK;
