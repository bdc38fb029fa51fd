-- Functions that return rows leave nothing behind, however often one statement calls them; nor do
-- sales, however many of them one statement makes.

BEGIN;
\ir common/helpers.psql
SELECT plan(6);

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

-- What the server has, at one sale and at another, told by what captures them.
CREATE SEQUENCE public.early_bytes;
CREATE SEQUENCE public.late_bytes;
CREATE FUNCTION public.watched(n double precision) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF trunc(n) IN (1000, 100000) THEN
        PERFORM setval(CASE trunc(n) WHEN 1000 THEN 'public.early_bytes' ELSE 'public.late_bytes' END::regclass, sum(total_bytes)::bigint)
        FROM pg_backend_memory_contexts WHERE name <> 'CacheMemoryContext' AND parent IS DISTINCT FROM 'CacheMemoryContext';
    END IF;
    RETURN true;
END
$$;
CREATE TABLE public.many_sales (client integer, day date, amount double precision, currency text);
INSERT INTO public.many_sales VALUES (1, '2024-01-01', 1, 'EUR');
CALL clientcore.attach('many', 'many_sales', client => 'client', sold_at => 'day', amount => 'amount', currency => 'currency', filter => 'watched(amount)', build => false);
SELECT is((SELECT count(*)::integer FROM many.source WHERE capture = 'delta'), 1, 'many sales are captured');
CALL clientcore.refresh('many');
INSERT INTO public.many_sales SELECT 1, '2024-01-02', n + 0.123456789, 'EUR' FROM generate_series(1, 100000) n;
SELECT cmp_ok((SELECT last_value FROM public.late_bytes), '<', (SELECT last_value FROM public.early_bytes) + 2000000, 'and a hundred thousand take no more memory than a thousand');

SELECT * FROM finish();
ROLLBACK;
