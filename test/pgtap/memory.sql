-- Functions that return rows leave nothing behind, however often one statement calls them.

BEGIN;
\ir common/helpers.psql
SELECT plan(4);

CREATE TABLE public.many_histories AS
SELECT purchase_history(date '2024-01-01' + 40 * n, n) AS h FROM generate_series(1, 20000) AS client, generate_series(1, 3) AS n GROUP BY client;

-- What the executor of the statement has to itself once all rows are counted.
CREATE FUNCTION pg_temp.kept_by(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    bytes bigint;
BEGIN
    EXECUTE format('SELECT (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = ''ExecutorState'') FROM (
        SELECT count(*) AS n FROM public.many_histories CROSS JOIN LATERAL %s AS called OFFSET 0) AS counted WHERE n > 0', call)
    INTO bytes;
    RETURN bytes;
END
$$;
SELECT cmp_ok(pg_temp.kept_by(call), '<', 2 * pg_temp.kept_by('generate_series(1, 3)') + 100000, call)
FROM (VALUES ('days(h)'), ('periods(h, ''month'', NULL)'), ('loss_events(h, ''2027-01-01'')'),
    ('loss_events(h, ''2027-01-01'', ''{"kind": "mbg/nbd", "parameters": {"r": 0.5, "alpha": 43, "a": 0.9, "b": 1.6}}''::fitted_model)')) AS c (call);

SELECT * FROM finish();
ROLLBACK;
