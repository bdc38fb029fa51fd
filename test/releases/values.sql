-- Values of every kind that people keep, and what is said of them. Run by test/bin/keep-release
-- with a release, whose bytes and answers every later version has to understand.
SET search_path = public, clientcore;
CREATE TABLE kept_value (name text PRIMARY KEY, history clientcore.purchase_history, model clientcore.fitted_model,
    cutoff clientcore.abc_cutoff, stage clientcore.loyalty_stage);

-- A number of many, always the same
CREATE FUNCTION pg_temp.chance(n bigint) RETURNS numeric LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(n, 7) & 1048575) / 1048576.0;

CREATE TEMP TABLE sold AS
SELECT n, 'client ' || (n * n) % 97 AS client,
    date '2019-01-01' + (1500 * pg_temp.chance(n))::integer AS day,
    round((pg_temp.chance(n + 1000000) - 0.05) * 1000, (n % 5)::integer) AS amount,
    CASE WHEN n % 3 > 0 THEN round(pg_temp.chance(n + 2000000) * 300, 2) END AS profit
FROM generate_series(1, 2000) AS n;

INSERT INTO kept_value (name, history)
SELECT client, clientcore.purchase_history(day, amount) FROM sold GROUP BY client
UNION ALL
SELECT 'profit of ' || client, clientcore.purchase_history(day, amount, profit) FROM sold GROUP BY client
UNION ALL
SELECT 'all', clientcore.purchase_history(day, amount, profit) FROM sold
UNION ALL
SELECT 'difference', clientcore.purchase_history(day, amount) FILTER (WHERE n % 7 > 2) - clientcore.purchase_history(day, amount) FILTER (WHERE n % 5 > 1)
FROM sold
UNION ALL
SELECT 'large', clientcore.purchase_history(day, round(amount) * 1234567890123) FROM sold
UNION ALL
SELECT 'small', clientcore.purchase_history(day, amount * 0.00000001) FROM sold WHERE n < 100
UNION ALL
SELECT name, text::clientcore.purchase_history FROM (VALUES
    ('empty', '{}'), ('far', '{0001-01-01: sold 1; 5000-12-31: sold 0.01}'), ('returned only', '{2020-02-29: returned 12.50 in 3}'),
    ('nothing for it', '{2020-02-29: sold 0}')) AS v (name, text);

INSERT INTO kept_value (name, model)
SELECT 'bg/nbd', clientcore.fit_bgnbd(history, '2023-02-09') FROM kept_value WHERE name LIKE 'client %'
UNION ALL
SELECT 'mbg/nbd', clientcore.fit_mbgnbd(history, '2023-02-09') FROM kept_value WHERE name LIKE 'client %'
UNION ALL
SELECT 'pareto/nbd', clientcore.fit_paretonbd(history, '2023-02-09') FROM kept_value WHERE name LIKE 'client %'
UNION ALL
SELECT 'gamma-gamma', clientcore.fit_gamma_gamma(history, '2023-02-09') FROM kept_value WHERE name LIKE 'client %';

INSERT INTO kept_value (name, cutoff)
SELECT 'cutoffs', clientcore.abc_cutoffs(clientcore.revenue(history)) FROM kept_value WHERE name LIKE 'client %';

INSERT INTO kept_value (name, stage)
SELECT 'stage ' || stage, stage FROM unnest(enum_range(NULL::clientcore.loyalty_stage)) AS stage;
