-- What functions of repeat-buying models refuse, and NULL.

BEGIN;
\ir common/helpers.psql
SELECT plan(19);

CREATE FUNCTION pg_temp.outcome(expression text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT ' || replace(replace(replace(expression, 'MBG', '''{"kind": "mbg/nbd", "unit": "week", "parameters": {"r": 0.5, "alpha": 6, "a": 1, "b": 2}}''::clientcore.fitted_model'),
        'GG', '''{"kind": "gamma-gamma", "parameters": {"p": 6, "q": 4, "v": 15}}''::clientcore.fitted_model'), 'H1', '''{2024-01-01: sold 10; 2024-01-15: sold 20}''::clientcore.purchase_history') INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- a model of purchases knows no spend, one of spend no purchases
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM unnest(ARRAY['p_alive(GG, H1, ''2024-02-01'')', 'p_alive(GG, 1, 1, 2)', 'expected_purchases(GG, H1, ''2024-02-01'', 1)', 'expected_purchases(GG, 1, 1, 2, 1)', 'expected_purchases(GG, 1)',
        'purchase_probability(GG, H1, ''2024-02-01'', 1)', 'purchase_probability(GG, 1, 1, 2, 1)', 'next_purchase(GG, H1, ''2024-02-01'')', 'next_purchase(GG, 1, 1, 2, 0.5)', 'purchase_count_probability(GG, 1, 1)', 'lifetime_value(GG, GG, H1, ''2024-02-01'', 12, 0.1)', 'lifetime_value(GG, MBG, ''2024-02-01'', 12, 0.1)']) AS e
      WHERE pg_temp.outcome(e) <> '22023 a model of kind gamma-gamma knows nothing of when clients buy'$$, 'models of spend do not tell purchases');
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM unnest(ARRAY['expected_spend(MBG, H1, ''2024-02-01'')', 'expected_spend(MBG, 1, 10)', 'lifetime_value(MBG, MBG, H1, ''2024-02-01'', 12, 0.1)', 'lifetime_value(MBG, MBG, ''2024-02-01'', 12, 0.1)']) AS e
      WHERE pg_temp.outcome(e) <> '22023 a model of kind mbg/nbd knows nothing of what clients spend'$$, 'models of purchases do not tell spend');
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM unnest(ARRAY['model_parameter(GG, ''r'')', 'standard_error(GG, ''alpha'')', 'model_parameter(MBG, ''s'')', 'model_parameter(MBG, '''')', 'standard_error(MBG, ''R'')', 'model_parameter(MBG, ''alphabet'')']) AS e
      WHERE pg_temp.outcome(e) !~ '^22023 a model of kind (gamma-gamma|mbg/nbd) has no parameter "(r|alpha|s||R|alphabet)"$'$$, 'parameters of another kind');

-- days
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM (SELECT replace(e, 'D', d) AS e FROM unnest(ARRAY['p_alive(MBG, H1, ''D'')', 'expected_purchases(MBG, H1, ''D'', 1)', 'purchase_probability(MBG, H1, ''D'', 1)', 'next_purchase(MBG, H1, ''D'')', 'expected_spend(GG, H1, ''D'')', 'lifetime_value(MBG, GG, H1, ''D'', 12, 0.1)', 'lifetime_value(MBG, GG, ''D'', 12, 0.1)',
        'fit_bgnbd(H1, ''D'')', 'fit_mbgnbd(H1, ''D'')', 'fit_paretonbd(H1, ''D'')', 'fit_gamma_gamma(H1, ''D'')']) AS e, unnest(ARRAY['infinity', '-infinity']) AS d) AS s WHERE pg_temp.outcome(e) !~ '^22008 .*as_of'$$, 'an infinite day');
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM (SELECT format('%s(h, %s) FROM (VALUES (1, H1), (2, NULL)) AS v(n, h)', f, d) AS e, state FROM unnest(ARRAY['fit_bgnbd', 'fit_mbgnbd', 'fit_paretonbd', 'fit_gamma_gamma']) AS f, (VALUES ('NULL', '22004 as_of must not be null'), ('CASE n WHEN 1 THEN date ''2024-02-01'' END', '22004 as_of must not be null'), ('date ''2024-02-01'' + n', '22023 as_of must not vary within a group')) AS v(d, state)) AS s WHERE pg_temp.outcome(e) <> state$$, 'a day that is NULL or varies');
CREATE TABLE public.fitted_part (n integer, h purchase_history, x bigint, t double precision) PARTITION BY LIST (n);
CREATE TABLE public.fitted_part_1 PARTITION OF public.fitted_part FOR VALUES IN (1);
CREATE TABLE public.fitted_part_2 PARTITION OF public.fitted_part FOR VALUES IN (2);
INSERT INTO fitted_part SELECT n, '{2023-12-01: sold 1}', 0, 10 FROM generate_series(1, 2) AS n, generate_series(1, 2000);
ANALYZE fitted_part;
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(pg_temp.outcome('fit_bgnbd(h, date ''2024-01-01'' + n) FROM fitted_part'), '22023 as_of must not vary within a group', 'a day that varies between parts');
SELECT is(pg_temp.outcome('fit_bgnbd(x, 0, t, CASE n WHEN 1 THEN ''day'' ELSE ''week'' END) FROM fitted_part'), '22023 unit must not vary within a group', 'a unit that does');
SELECT is(pg_temp.outcome('model_clients(fit_bgnbd(x, 0, t, ''week'')) FROM fitted_part'), '4000', 'one that does not');
RESET enable_partitionwise_aggregate;
RESET max_parallel_workers_per_gather;

-- x, t_x, t and what else is a number
SELECT is_empty(
    $$SELECT e, state, pg_temp.outcome(e) FROM (SELECT format(e, args) AS e, state FROM unnest(ARRAY['p_alive(MBG, %s)', 'expected_purchases(MBG, %s, 10)', 'purchase_probability(MBG, %s, 10)', 'next_purchase(MBG, %s, 0.1)', 'fit_bgnbd(%s)', 'fit_mbgnbd(%s)', 'fit_paretonbd(%s)', 'fit_bgnbd(%s, ''week'')', 'fit_mbgnbd(%s, ''day'')', 'fit_paretonbd(%s, ''week'')']) AS e,
        (VALUES ('1, 3, 2', '22023 t_x must not be negative, nor greater than t'), ('1, -1, 2', '22023 t_x must not be negative, nor greater than t'), ('0, 0, -1', '22023 t_x must not be negative, nor greater than t'), ('1, ''NaN'', 2', '22023 t_x must not be negative, nor greater than t'), ('1, 1, ''NaN''', '22023 t_x must not be negative, nor greater than t'),
                ('1, 1, ''infinity''', '22023 t_x must not be negative, nor greater than t'), ('1, 1, 1.1e9', '22023 t_x must not be negative, nor greater than t'), ('0, 1, 2', '22023 x is the number of purchases after the first: t_x is 0 if, and only if, x is 0'), ('1, 0, 2', '22023 x is the number of purchases after the first: t_x is 0 if, and only if, x is 0'),
                ('-1, 1, 2', '22023 x must be between 0 and 1000000'), ('1000001, 1, 2', '22023 x must be between 0 and 1000000')) AS v(args, state)) AS s WHERE pg_temp.outcome(e) <> state$$, 'x, t_x and t that contradict each other');
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM unnest(ARRAY['fit_bgnbd(1, 1, 2, ''month'')', 'fit_mbgnbd(1, 1, 2, ''Week'')', 'fit_paretonbd(1, 1, 2, '''')', 'fit_bgnbd(NULL, 1, 2, ''days'')']) AS e WHERE pg_temp.outcome(e) !~ '^22023 unit "(month|Week||days)" not recognized$'$$, 'a unit that there is not');
SELECT is(pg_temp.outcome('fit_bgnbd(1, 1, 2, NULL)'), '22004 unit must not be null', 'no unit');
SELECT is_empty(
    $$SELECT e, state, pg_temp.outcome(e) FROM (VALUES
        ('expected_purchases(MBG, H1, ''2024-02-01'', -1)', '22023 days must be between 0 and 1e+09'), ('expected_purchases(MBG, -1)', '22023 days must be between 0 and 1e+09'), ('purchase_probability(MBG, H1, ''2024-02-01'', -1)', '22023 days must be between 0 and 1e+09'), ('purchase_probability(MBG, H1, ''2024-02-01'', 2000000000)', '22023 days must be between 0 and 1e+09'),
        ('purchase_count_probability(MBG, 1, -1)', '22023 days must be between 0 and 1e+09'), ('purchase_count_probability(MBG, -1, 1)', '22023 purchase_count must be between 0 and 1000000'), ('purchase_count_probability(MBG, 1000001, 1)', '22023 purchase_count must be between 0 and 1000000'),
        ('expected_purchases(MBG, 1, 1, 2, -1)', '22023 duration must be between 0 and 1e+09'), ('expected_purchases(MBG, 1, 1, 2, ''NaN'')', '22023 duration must be between 0 and 1e+09'), ('purchase_probability(MBG, 1, 1, 2, ''infinity'')', '22023 duration must be between 0 and 1e+09'),
        ('next_purchase(MBG, H1, ''2024-02-01'', 0)', '22023 probability must be between 0 and 1'), ('next_purchase(MBG, H1, ''2024-02-01'', 1)', '22023 probability must be between 0 and 1'), ('next_purchase(MBG, 1, 1, 2, 0)', '22023 probability must be between 0 and 1'), ('next_purchase(MBG, 1, 1, 2, 1)', '22023 probability must be between 0 and 1'), ('next_purchase(MBG, 1, 1, 2, ''NaN'')', '22023 probability must be between 0 and 1'), ('next_purchase(MBG, 1, 1, 2, -0.5)', '22023 probability must be between 0 and 1'),
        ('lifetime_value(MBG, GG, H1, ''2024-02-01'', -1, 0.1)', '22023 months must be between 0 and 1200'), ('lifetime_value(MBG, GG, ''2024-02-01'', 1201, 0.1)', '22023 months must be between 0 and 1200'), ('lifetime_value(MBG, GG, H1, ''2024-02-01'', 1, -1)', '22023 yearly_discount_rate must be between -0.9 and 100'),
        ('lifetime_value(MBG, GG, ''2024-02-01'', 1, ''NaN'')', '22023 yearly_discount_rate must be between -0.9 and 100'), ('lifetime_value(MBG, GG, ''2024-02-01'', 1, 101)', '22023 yearly_discount_rate must be between -0.9 and 100'),
        ('lifetime_value(MBG, GG, ''2024-02-01'', 1, -0.91)', '22023 yearly_discount_rate must be between -0.9 and 100'), ('lifetime_value(MBG, GG, 1, 1, 2, 1e81, ''2024-02-01'', 1, 0)', '22023 spend must be between 1e-80 and 1e+80, or zero'),
        ('expected_spend(GG, -1, 10)', '22023 x must be between 0 and 1000000'), ('fit_gamma_gamma(-1, 10)', '22023 x must be between 0 and 1000000'), ('expected_spend(GG, 1, ''infinity'')', '22023 spend must be between 1e-80 and 1e+80, or zero'), ('fit_gamma_gamma(1, ''NaN'')', '22023 spend must be between 1e-80 and 1e+80, or zero'), ('fit_gamma_gamma(1, -1e81)', '22023 spend must be between 1e-80 and 1e+80, or zero'), ('fit_gamma_gamma(1, 1e-81)', '22023 spend must be between 1e-80 and 1e+80, or zero')) AS v(e, state)
      WHERE pg_temp.outcome(e) <> state$$, 'numbers out of bounds');

-- texts that are no model
CREATE TEMP TABLE bad AS
SELECT * FROM (VALUES
    ('[]', 'a model is an object'), ('"mbg/nbd"', 'a model is an object'), ('{}', 'kind is bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma'), ('{"kind": "nbd", "parameters": {"r": 1, "alpha": 1}}', 'kind is bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma'), ('{"kind": 1}', 'kind is bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma'), ('{"kind": "BG/NBD"}', 'kind is bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma'),
    ('{"kind": "bg/nbd"}', 'parameters are missing'), ('{"kind": "bg/nbd", "parameters": [1, 1, 1, 1]}', 'parameters and standard_errors are objects with the parameters of the kind, and no others'), ('{"kind": "bg/nbd", "parameters": 1}', 'parameters and standard_errors are objects with the parameters of the kind, and no others'),
    ('{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1}}', 'parameters and standard_errors are objects with the parameters of the kind, and no others'), ('{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 1, "v": 1, "w": 1}}', 'parameters and standard_errors are objects with the parameters of the kind, and no others'), ('{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "s": 1, "beta": 1}}', 'a parameter is missing'),
    ('{"kind": "bg/nbd", "parameters": {"r": "1", "alpha": 1, "a": 1, "b": 1}}', 'parameters and standard errors are numbers'), ('{"kind": "bg/nbd", "parameters": {"r": null, "alpha": 1, "a": 1, "b": 1}}', 'parameters and standard errors are numbers'), ('{"kind": "bg/nbd", "parameters": {"r": 1e400, "alpha": 1, "a": 1, "b": 1}}', 'parameters and standard errors are numbers'),
    ('{"kind": "bg/nbd", "parameters": {"r": 0, "alpha": 1, "a": 1, "b": 1}}', 'parameters are between 1e-9 and 1e9, v of gamma-gamma between 1e-100 and 1e100'), ('{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": -1, "a": 1, "b": 1}}', 'parameters are between 1e-9 and 1e9, v of gamma-gamma between 1e-100 and 1e100'),
    ('{"kind": "mbg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1.1e9, "b": 1}}', 'parameters are between 1e-9 and 1e9, v of gamma-gamma between 1e-100 and 1e100'), ('{"kind": "pareto/nbd", "parameters": {"r": 1, "alpha": 1, "s": 1, "beta": 9e-10}}', 'parameters are between 1e-9 and 1e9, v of gamma-gamma between 1e-100 and 1e100'),
    ('{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 1, "v": 1e101}}', 'parameters are between 1e-9 and 1e9, v of gamma-gamma between 1e-100 and 1e100'), ('{"kind": "gamma-gamma", "parameters": {"p": 1e10, "q": 1, "v": 1}}', 'parameters are between 1e-9 and 1e9, v of gamma-gamma between 1e-100 and 1e100'),
    ('{"kind": "gamma-gamma", "unit": "day", "parameters": {"p": 1, "q": 1, "v": 1}}', 'gamma-gamma has no unit of time'), ('{"kind": "bg/nbd", "unit": "month", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}', 'unit is day or week'), ('{"kind": "bg/nbd", "unit": 1, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}', 'unit is day or week'),
    ('{"kind": "bg/nbd", "colour": "blue", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}', 'there are the keys kind, unit, as_of, parameters, standard_errors, log_likelihood, clients, converged and reason'), ('{"kind": "bg/nbd", "Unit": "day", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}', 'there are the keys kind, unit, as_of, parameters, standard_errors, log_likelihood, clients, converged and reason')) AS v(text, detail)
UNION ALL
-- what a fit says, or half of it
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, ' || said || '}', detail FROM (VALUES
    ('"as_of": "2024-01-01"', 'as_of, standard_errors, log_likelihood, clients and reason need converged'), ('"clients": 1', 'as_of, standard_errors, log_likelihood, clients and reason need converged'), ('"log_likelihood": -1', 'as_of, standard_errors, log_likelihood, clients and reason need converged'), ('"reason": "no client bought again"', 'as_of, standard_errors, log_likelihood, clients and reason need converged'), ('"standard_errors": {"r": 1, "alpha": 1, "a": 1, "b": 1}', 'as_of, standard_errors, log_likelihood, clients and reason need converged'),
    ('"converged": true', 'a fit has log_likelihood and clients, and standard_errors where it converged, else a reason'), ('"converged": true, "log_likelihood": -1, "clients": 1', 'a fit has log_likelihood and clients, and standard_errors where it converged, else a reason'), ('"converged": false, "log_likelihood": -1, "clients": 1', 'a fit has log_likelihood and clients, and standard_errors where it converged, else a reason'),
    ('"converged": false, "log_likelihood": -1, "clients": 1, "reason": "no client bought again", "standard_errors": {"r": 1, "alpha": 1, "a": 1, "b": 1}', 'a fit has log_likelihood and clients, and standard_errors where it converged, else a reason'), ('"converged": true, "log_likelihood": -1, "clients": 1, "reason": "no client bought again", "standard_errors": {"r": 1, "alpha": 1, "a": 1, "b": 1}', 'a fit has log_likelihood and clients, and standard_errors where it converged, else a reason'),
    ('"converged": true, "log_likelihood": -1, "clients": 1, "standard_errors": {"r": 1, "alpha": 1, "a": 1, "b": -1}', 'standard errors are at least 0'), ('"converged": false, "log_likelihood": -1, "clients": 1, "reason": "bad luck"', 'the reason is none that a fit gives'), ('"converged": false, "log_likelihood": -1, "clients": 1, "reason": "no optimum: s falls to zero"', 'the reason is none that a fit gives'), ('"converged": false, "log_likelihood": -1, "clients": 1, "reason": 1', 'the reason is none that a fit gives'),
    ('"converged": "yes"', 'converged is true or false'), ('"log_likelihood": "-1"', 'log_likelihood is a number'), ('"clients": 0', 'clients is a whole number of at least 1'), ('"clients": 1.5', 'clients is a whole number of at least 1'), ('"clients": "1"', 'clients is a whole number of at least 1'), ('"clients": 1e20', 'clients is a whole number of at least 1'),
    ('"as_of": 1', 'as_of is a day such as "2024-01-31"'), ('"as_of": "today"', 'as_of is a day such as "2024-01-31"'), ('"as_of": "2024-01-01 AD"', 'as_of is a day such as "2024-01-31"'), ('"as_of": "2024-01-01 12:00"', 'as_of is a day such as "2024-01-31"'), ('"as_of": "0000-01-01"', 'as_of is a day such as "2024-01-31"'), ('"as_of": "infinity"', 'as_of is a day such as "2024-01-31"'), ('"as_of": "2024-01-01aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"', 'as_of is a day such as "2024-01-31"'),
    ('"as_of": "2023-02-29"', 'there is no such day as as_of'), ('"as_of": "2024-13-01"', 'there is no such day as as_of'), ('"as_of": "5874898-01-01"', 'as_of is out of range'), ('"as_of": "4714-11-23 BC"', 'as_of is out of range')) AS v(said, detail);
CREATE FUNCTION pg_temp.refusal(input text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM input::clientcore.fitted_model;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN format('%s %s: %s', SQLSTATE, SQLERRM, detail);
END
$$;
SELECT is_empty($$SELECT text, pg_temp.refusal(text) FROM bad WHERE pg_temp.refusal(text) <> format('22P02 invalid input syntax for type fitted_model: "%s": Not so: %s.', text, detail)$$, 'texts that are no model are refused, and why');
SELECT cmp_ok((SELECT count(DISTINCT detail) FROM bad), '>=', 20::bigint, 'for whatever reason');
SELECT is_empty($$SELECT t, pg_temp.refusal(t) FROM unnest(ARRAY['', '{', '{"kind": "bg/nbd"', 'bg/nbd', '{"kind": "bg/nbd"} {}']) AS t WHERE pg_temp.refusal(t) !~ '^22P02 invalid input syntax for type json'$$, 'nor is what is not JSON');
CREATE FUNCTION pg_temp.received(input text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := 'clientcore.' || pg_backend_pid();
BEGIN
    CREATE TEMP TABLE raw (m fitted_model);
    CREATE TEMP TABLE plain ON COMMIT DROP AS SELECT input AS t;
    EXECUTE format('COPY plain TO PROGRAM %L (FORMAT binary)', 'cat > ' || file);
    EXECUTE format('COPY raw FROM PROGRAM %L (FORMAT binary)', format('cat %1$s && rm %1$s', file));
    RETURN (SELECT m::text FROM raw);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT results_eq($$SELECT pg_temp.received('{"kind": "bg/nbd", "parameters": {"r": 0, "alpha": 1, "a": 1, "b": 1}}'), pg_temp.received('{'), pg_temp.received('{"kind": "gamma-gamma", "parameters": {"p": 1, "v": 3, "q": 2}}')$$,
    $$VALUES ('22P02', '22P02', '{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 2, "v": 3}}')$$, 'bytes are checked like text');

-- NULL, and nothing bought
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM unnest(ARRAY['p_alive(NULL, H1, ''2024-02-01'')', 'p_alive(MBG, NULL, ''2024-02-01'')', 'p_alive(MBG, H1, NULL)', 'p_alive(MBG, NULL, 1, 2)', 'expected_purchases(MBG, H1, ''2024-02-01'', NULL)', 'expected_purchases(MBG, NULL::integer)', 'expected_purchases(MBG, 1, 1, 2, NULL)', 'purchase_probability(MBG, H1, ''2024-02-01'', NULL)', 'next_purchase(MBG, H1, ''2024-02-01'', NULL)', 'expected_spend(GG, 1, NULL)',
        'expected_spend(NULL, H1, ''2024-02-01'')', 'lifetime_value(MBG, NULL, H1, ''2024-02-01'', 1, 0)', 'lifetime_value(MBG, GG, ''2024-02-01'', 1, NULL)', 'purchase_count_probability(MBG, NULL, 1)', 'model_parameter(MBG, NULL)', 'standard_error(NULL, ''r'')', 'fit_bgnbd(NULL, 1, 2)', 'fit_gamma_gamma(1, NULL)', 'fit_gamma_gamma(0, 5)', 'fit_gamma_gamma(5, 0)', 'fit_gamma_gamma(5, -1)']) AS e WHERE pg_temp.outcome(e) <> 'NULL'$$, 'of NULL nothing is known');
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM (SELECT format(e, h) AS e FROM unnest(ARRAY['p_alive(MBG, ''%s'', ''2024-02-01'')', 'expected_purchases(MBG, ''%s'', ''2024-02-01'', 5)', 'purchase_probability(MBG, ''%s'', ''2024-02-01'', 5)', 'next_purchase(MBG, ''%s'', ''2024-02-01'')', 'expected_spend(GG, ''%s''::purchase_history, ''2024-02-01'')', 'lifetime_value(MBG, GG, ''%s'', ''2024-02-01'', 5, 0)', 'fit_bgnbd(''%s'', ''2024-02-01'')', 'fit_gamma_gamma(''%s''::purchase_history, ''2024-02-01'')']) AS e, unnest(ARRAY['{}', '{2024-02-02: sold 1}', '{2024-01-01: returned 1}']) AS h) AS s WHERE pg_temp.outcome(e) <> 'NULL'$$, 'nor of who has bought nothing yet');
SELECT is_empty(
    $$SELECT e, pg_temp.outcome(e) FROM unnest(ARRAY['expected_spend(''{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 1, "v": 2}}'', 0, 0)', 'lifetime_value(MBG, ''{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 0.5, "v": 2}}'', ''2024-02-01'', 12, 0)', 'expected_spend(''{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 0.5, "v": 2}}'', ''{2024-01-01: sold 1}''::purchase_history, ''2024-02-01'')']) AS e WHERE pg_temp.outcome(e) <> 'NULL'$$, 'a spend without a finite mean is not told');

SELECT * FROM finish();
ROLLBACK;
