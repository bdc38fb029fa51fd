-- Whatever can be called from SQL, with NULLs and with values that nobody would give, as a
-- superuser and as a stranger: an answer or an error that says something, never a crash nor
-- an internal error. State functions, which take internal values, too.

BEGIN;
\ir common/helpers.psql
SELECT plan(5);

-- A value for an argument of a type: of the kind'th sort, NULL where it has none.
CREATE FUNCTION pg_temp.odd_value(type regtype, kind integer) RETURNS text LANGUAGE sql AS $$
SELECT coalesce((
    SELECT quote_literal(v.choices[1 + kind % cardinality(v.choices)])
    FROM (VALUES ('integer', ARRAY['0', '-1', '2147483647', '-2147483648']), ('smallint', ARRAY['0', '-1', '32767', '-32768']),
        ('bigint', ARRAY['0', '-1', '9223372036854775807', '-9223372036854775808']), ('numeric', ARRAY['0', '-1', 'NaN', 'Infinity', '-Infinity', '1e-30', '1e300']),
        ('double precision', ARRAY['0', '-1', 'NaN', 'Infinity', '-Infinity', '1e-300', '1e308']), ('real', ARRAY['0', 'NaN', 'Infinity']),
        ('date', ARRAY['infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '2024-01-01']), ('timestamp without time zone', ARRAY['infinity', '-infinity', '2024-01-01']),
        ('timestamp with time zone', ARRAY['infinity', '-infinity', '2024-01-01']), ('interval', ARRAY['178000000 years', '-1 s', '0']),
        ('text', ARRAY['', 'month', E'a\nb''"\\', repeat('x', 70000), '{}', 'shop']), ('name', ARRAY['', 'month']), ('boolean', ARRAY['true', 'false']),
        ('cstring', ARRAY['', '{', '{2024-01-01: sold 1}', repeat('{', 10000)]), ('bytea', ARRAY['', '\x00', '\x01020304050607', '\xffffffffffffffffffff']),
        ('jsonb', ARRAY['{}', '[]', 'null', '{"a": [1, {"b": null}]}', '1e400']), ('json', ARRAY['{}']), ('oid', ARRAY['0', '1', '4294967295']), ('regclass', ARRAY['0', 'pg_class', '4294967295']),
        ('regtype', ARRAY['0', 'internal', 'integer', '4294967295']), ('regrole', ARRAY['0', '10', '4294967295']), ('regproc', ARRAY['0', '4294967295']),
        ('text[]', ARRAY['{}', '{NULL}', '{a,b}', '{{a,b},{c,d}}', '[5:6]={a,b}']), ('integer[]', ARRAY['{}', '{NULL}', '{1,2}', '{{1},{2}}']), ('numeric[]', ARRAY['{}', '{NULL}', '{NaN,Infinity}', '{{1},{2}}']),
        ('double precision[]', ARRAY['{}', '{NULL}', '{NaN,Infinity}', '{{1},{2}}']), ('date[]', ARRAY['{}', '{NULL}', '{infinity}', '{{2024-01-01},{2024-01-02}}']), ('bigint[]', ARRAY['{}', '{NULL}', '{1}']),
        ('boolean[]', ARRAY['{}', '{NULL}', '{t}']), ('clientcore.purchase_history', ARRAY['{}', '{2024-01-01: sold 1}', '{4714-11-24 BC: sold 9223372036854775807; 5874897-12-31: returned 1e-18}']),
        ('clientcore.purchase_history[]', ARRAY['{}', '{NULL}', '{"{}"}']), ('"char"', ARRAY['', 'x'])) v (type, choices)
    WHERE v.type = format_type(odd_value.type, NULL)), 'NULL')
$$;

-- How a call with such arguments ended; the kind -1: all NULL.
CREATE FUNCTION pg_temp.outcome(called regprocedure, kind integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    arguments text := (
        SELECT string_agg(CASE kind WHEN -1 THEN 'NULL' ELSE pg_temp.odd_value(t.type::regtype, kind + t.n::integer) END || '::' || CASE format_type(t.type, NULL)
            WHEN 'anyelement' THEN 'integer' WHEN 'anyarray' THEN 'integer[]' WHEN 'anynonarray' THEN 'integer' WHEN 'anycompatible' THEN 'integer' WHEN '"any"' THEN 'integer' WHEN 'record' THEN 'pg_class'
            ELSE format_type(t.type, NULL) END, ', ' ORDER BY t.n)
        FROM pg_proc p, unnest(p.proargtypes::oid[]) WITH ORDINALITY t (type, n) WHERE p.oid = called);
    name text := (SELECT format('clientcore.%I', proname) FROM pg_proc WHERE oid = called);
    state text;
    message text;
BEGIN
    EXECUTE format('SELECT %s(%s)', name, arguments);
    RETURN 'answered';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    RETURN state || ' ' || message;
END
$$;

-- Procedures are not among them: they commit, and bases.sql and rights.sql call them wrongly.
CREATE TEMP TABLE callable AS
SELECT oid::regprocedure AS called, proname, prokind
FROM pg_proc WHERE pronamespace = 'clientcore'::regnamespace AND prokind IN ('f', 'a') AND prorettype <> 'trigger'::regtype;
SELECT cmp_ok((SELECT count(*) FROM callable), '>', 300::bigint, 'there are functions to call');
SET LOCAL client_min_messages = error;
-- valgrind takes its time
\set limit 60s
\getenv valgrind VALGRIND
\if :{?valgrind}
\set limit 10min
\endif
SET LOCAL statement_timeout = :'limit';
CREATE TEMP TABLE outcome AS SELECT c.called, c.proname, k.kind, pg_temp.outcome(c.called, k.kind) AS ended FROM callable c, generate_series(-1, 6) k (kind);
SELECT is_empty($$SELECT called, kind, left(ended, 200) FROM outcome WHERE ended LIKE 'XX%'$$, 'no internal error');
SELECT is_empty($$SELECT called, kind, left(ended, 200) FROM outcome WHERE ended LIKE '57014%' OR ended LIKE '53%' OR ended LIKE '58%'$$, 'nothing hangs, nor takes all memory');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE ended = 'answered'), '>', 500::bigint, 'many answer');
CREATE ROLE cc_hostile;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO cc_hostile;
SET LOCAL ROLE cc_hostile;
SELECT is_empty($$SELECT called, k, left(e, 200) FROM (SELECT called, k, pg_temp.outcome(called, k) AS e FROM callable, generate_series(-1, 1) k) o WHERE e LIKE 'XX%'$$, 'nor for a stranger');
SELECT * FROM finish();
ROLLBACK;
