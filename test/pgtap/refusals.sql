-- What is refused of texts, amounts and expressions: with which state, and in which words.

BEGIN;
\ir common/helpers.psql
SELECT plan(34);

CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws('|', state, message, nullif(detail, ''));
END
$$;

-- the text of a history
SELECT is(pg_temp.refusal(format('SELECT %L::purchase_history', '{2024-01-01: ' || day || '}')),
    format('22P02|invalid input syntax for type purchase_history: "{2024-01-01: %s}"|%s', day, detail), day)
FROM (VALUES
    ('sold 1, sold 2', 'At character 26: sold is given twice.'),
    ('returned 1, returned 2', 'At character 34: returned is given twice.'),
    ('profit 1, profit 2', 'At character 30: profit is given twice.'),
    ('bought 1', 'At character 14: sold, returned or profit is expected.'),
    ('sold 1 in 9223372036854775807, returned 1 in 9, profit 1', 'At character 70: the number is out of range.'),
    ('sold 1 in 99999999999999999999', 'At character 24: the number is out of range.'),
    ('sold 9000000000000000000, returned 0.01', 'At character 53: the amounts are out of range.'),
    ('sold 1e', 'At character 19: an amount is expected.'),
    ('sold 1e-', 'At character 19: an amount is expected.'),
    ('sold .', 'At character 19: an amount is expected.'),
    ('sold 1e400', 'At character 19: the amount is out of range.'),
    ('sold 1e999999999', 'At character 19: the amount is out of range.'),
    ('sold 1e-30', 'At character 19: the amount is out of range.'),
    ('sold 99999999999999999999999999999999999999999999', 'At character 19: the amount is out of range.'),
    ('sold 0.' || repeat('0', 200) || '1', 'At character 19: the amount is out of range.')) AS v (day, detail);
SELECT is('{2024-01-01: sold 1e2}'::purchase_history::text, '{2024-01-01: sold 100}', 'an exponent is read');

-- amounts that no history and no cutoff holds
SELECT is(pg_temp.refusal(format('SELECT %s', call)), format('22003|%s', refused), call)
FROM (VALUES
    ('purchase_history(date ''2024-01-01'', 1e300::float8)', 'amount is out of range: 1e+300|It must fit 38 digits, those after the decimal point included.'),
    ('purchase_history(date ''2024-01-01'', 1e38::float4)', 'amount is out of range: 1e+38|It must fit 64 bits with the decimals it needs, which are 18 at most.'),
    ('purchase_history(date ''2024-01-01'', 1e30)', 'amount is out of range: 1000000000000000000000000000000|It must fit 64 bits with the decimals it needs, which are 18 at most.'),
    ('abc_cutoffs(1e300::float8)', 'value is out of range: 1e+300|It must fit 38 digits, those after the decimal point included.'),
    ('abc_cutoffs(3e38::float4)', 'value is out of range: 3e+38|It must fit 38 digits, those after the decimal point included.')) AS v (call, refused);

-- expressions for roles
CREATE TABLE odd_sale (id integer, client text, day date, amount numeric);
SELECT is(pg_temp.refusal(format('SELECT clientcore.parse_expression(''odd_sale''::regclass, ''odd_sale'', ''amount'', %L, false, ''public'')', expression)),
    refused, expression)
FROM (VALUES
    ('amount, 1', '42601|amount: a column or one expression is expected'),
    ('DISTINCT amount', '42601|amount: a column or one expression is expected'),
    ('amount AS x', '42601|amount: a column or one expression is expected'),
    ('*', '42601|amount: a column or one expression is expected'),
    ('odd_sale.*', '42601|amount: a column or one expression is expected'),
    ('sum(amount)', '42803|amount: aggregate and window functions are not allowed'),
    ('row_number() OVER ()', '42803|amount: aggregate and window functions are not allowed'),
    ('generate_series(1, 2)', '0A000|amount: set-returning functions are not allowed'),
    ('tableoid::integer', '0A000|amount: system columns are not allowed'),
    ('amount; SELECT 1', '42601|amount: syntax error at or near ";"'),
    ('amount +', '42601|amount: syntax error at end of input'),
    ('1 UNION SELECT 2', '42601|amount: syntax error at or near "UNION"')) AS v (expression, refused);

SELECT is(pg_temp.refusal('SELECT clientcore.hold_writers(ARRAY[NULL]::oid[])'), '22004|relations must not be null', 'no relation to hold');

SELECT * FROM finish();
ROLLBACK;
