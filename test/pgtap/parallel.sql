-- The same answer from any plan and any number of workers, with proof that the
-- plans are what they should be.

BEGIN;
\ir common/helpers.psql
\ir common/random_sales.psql

SELECT no_plan();

-- parallel workers cannot read temporary tables
CREATE SCHEMA parallel_test;
CREATE TABLE parallel_test.sale AS
SELECT client || '/' || copy AS client, substr(client, 1, 3) AS region, sold_on + copy AS sold_on,
       (sold_on + copy)::timestamp + copy * interval '7 hours' AS sold_at, amount, profit
FROM sale, generate_series(1, 4) AS copy;
CREATE TABLE parallel_test.history AS
SELECT client, region, purchase_history(sold_on, amount, profit) AS h, sum(amount) AS worth
FROM parallel_test.sale GROUP BY client, region;
ALTER TABLE parallel_test.sale SET (parallel_workers = 8);
ALTER TABLE parallel_test.history SET (parallel_workers = 8);
CREATE TABLE parallel_test.parted (LIKE parallel_test.sale) PARTITION BY RANGE (sold_on);
CREATE TABLE parallel_test.parted_1 PARTITION OF parallel_test.parted FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE parallel_test.parted_2 PARTITION OF parallel_test.parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parallel_test.parted_3 PARTITION OF parallel_test.parted FOR VALUES FROM ('2021-01-01') TO (MAXVALUE);
INSERT INTO parallel_test.parted SELECT * FROM parallel_test.sale;
ANALYZE parallel_test.sale, parallel_test.history, parallel_test.parted;

CREATE TABLE parallel_test.question (name text, query text);
INSERT INTO parallel_test.question VALUES
('purchase_history', $$SELECT client, purchase_history_send(purchase_history(sold_on, amount, profit)) AS h FROM parallel_test.sale GROUP BY client$$),
('purchase_history of moments', $$SELECT client, purchase_history_send(purchase_history(sold_at, amount)) AS h, purchase_history_send(purchase_history(sold_at AT TIME ZONE 'UTC', amount, 'America/New_York'::text)) AS z FROM parallel_test.sale GROUP BY client$$),
('one purchase_history of all', $$SELECT purchase_history_send(purchase_history(sold_on, amount, profit)) AS h FROM parallel_test.sale$$),
('rollup', $$SELECT region, purchase_history_send(rollup(h)) AS h FROM parallel_test.history GROUP BY region$$),
('rollup of all', $$SELECT purchase_history_send(rollup(h)) AS h FROM parallel_test.history$$),
('silence_calibration', $$SELECT region, silence_calibration(h, '2022-06-30', 0.05) AS c FROM parallel_test.history GROUP BY region$$),
('silence_calibration of all', $$SELECT silence_calibration(h, '2022-06-30', 0.05) AS c, silence_calibration(h, '2021-06-30', 0.2) AS d FROM parallel_test.history$$),
('xyz_class, loyalty_stage, is_lost_client', $$SELECT client, xyz_class(sold_on, amount, '2022-06-30'::date) AS x, loyalty_stage(sold_on, amount, '2022-06-30'::date) AS l, is_lost_client(sold_on, amount, '2022-06-30'::date) AS i FROM parallel_test.sale GROUP BY client$$),
('is_lost_client', $$SELECT region, is_lost_client(sold_on, amount, '2022-06-30'::date) AS i FROM parallel_test.sale GROUP BY region$$),
('abc_cutoffs', $$SELECT abc_cutoffs(amount) AS a, abc_cutoffs(amount, 0.5, 0.7) AS b, abc_cutoffs(amount, 0.5, 0.7, 'midpoint') AS c FROM parallel_test.sale$$),
('quantiles', $$SELECT quantile_cutoffs(amount, 7) AS a, quantile_cutoffs(amount * 1000000000000000000, 5) AS b, quantile(amount, 0.123) AS c FROM parallel_test.sale$$),
('quantiles by group', $$SELECT region, quantile_cutoffs(amount, 7) AS a, quantile(amount, 0.123) AS c FROM parallel_test.sale GROUP BY region$$),
('abc_cutoffs by group', $$SELECT region, abc_cutoffs(amount) AS a FROM parallel_test.sale GROUP BY region$$),
('gini', $$SELECT gini(amount) AS g, hhi(amount) AS h, top_share(amount, 0.05) AS t, gini(amount::double precision) AS gd, hhi(amount::double precision / 3) AS hd FROM parallel_test.sale$$),
('gini by group', $$SELECT region, gini(amount) AS g, hhi(amount::double precision / 3) AS h, top_share(amount, 0.05) AS t, xyz_class_by_variation(amount) AS x FROM parallel_test.sale GROUP BY region$$),
('grouping sets', $$SELECT region, client, purchase_history_send(purchase_history(sold_on, amount, profit)) AS h FROM parallel_test.sale GROUP BY GROUPING SETS ((region), (client), ())$$),
('over partitions', $$SELECT client, purchase_history_send(purchase_history(sold_on, amount, profit)) AS h FROM parallel_test.parted GROUP BY client$$),
('functions of a history', $$SELECT client, h, revenue(h), returned(h), profit(h), profit_count(h), purchase_count(h), sale_count(h), return_count(h), first_purchase(h), last_purchase(h),
   as_of(h, '2022-06-30') AS a, slice(h, '2020-01-01', '2020-12-31') AS s, h + h AS d, h - as_of(h, '2020-01-01') AS m, typical_interval(h), interval_quantile(h, 0.9),
   xyz_class(h, '2022-06-30'), xyz_class_by_variation(h, '2022-06-30'), loyalty_stage(h, '2022-06-30'), loyalty_rung(h, '2022-06-30'), is_lost_client(h, '2022-06-30'), silence_limit(h), lost_on(h, '2022-06-30'),
   abc_class_by_cutoffs(worth, ROW(100, 10)::abc_cutoff), purchase_history_hash(h), (SELECT count(*) FROM days(h)) AS days, (SELECT count(*) FROM periods(h)) AS periods, (SELECT count(*) FROM loss_events(h, '2022-06-30')) AS losses,
   card_figures(h, '2022-06-30', '2021-06-30', 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90)::text AS figures
   FROM parallel_test.history$$),
('histories joined and sorted', $$SELECT a.client, b.client AS other, a.h < b.h AS less FROM parallel_test.history a JOIN parallel_test.history b ON a.h = b.h WHERE a.client < 'r02'$$),
('window functions', $$SELECT client, abc_class(worth) OVER (PARTITION BY region) AS a, quantile_score(worth) OVER (PARTITION BY region) AS q FROM parallel_test.history$$);

-- Runs a question under settings and keeps the answer; gives the plan's node types.
CREATE FUNCTION pg_temp.ask(question text, answer text, settings text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked text := (SELECT q.query FROM parallel_test.question q WHERE q.name = $1);
    names text[] := ARRAY(SELECT split_part(s, ' = ', 1) FROM unnest(settings) AS s);
    before text[] := ARRAY(SELECT current_setting(n) FROM unnest(names) AS n);
    plan json;
BEGIN
    PERFORM set_config(split_part(s, ' = ', 1), split_part(s, ' = ', 2), true) FROM unnest(settings) AS s;
    EXECUTE format('DROP TABLE IF EXISTS %I', answer);
    EXECUTE format('EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT json) CREATE TEMP TABLE %I AS %s', answer, asked) INTO plan;
    PERFORM set_config(names[i], before[i], true) FROM generate_subscripts(names, 1) AS i;
    RETURN plan::text;
END
$$;

CREATE FUNCTION pg_temp.is_answer_of(question text, described text, settings text[], plan_holds text[])
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    plan text;
    lacking text;
BEGIN
    plan := pg_temp.ask(question, 'answer', settings);
    RETURN QUERY SELECT pg_temp.same_rows('SELECT * FROM answer', 'SELECT * FROM serial_answer', 1, question || ': ' || described);
    SELECT string_agg(needed, ', ') INTO lacking FROM unnest(plan_holds) AS needed WHERE plan !~ needed;
    RETURN NEXT ok(lacking IS NULL, question || ': ' || described || ', plan as asked for');
    IF lacking IS NOT NULL THEN
        RETURN NEXT diag('the plan lacks ' || lacking || E'\n' || left(plan, 3000));
    END IF;
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT ok(false, question || ': ' || described);
    RETURN NEXT diag(format('%s %s', SQLSTATE, SQLERRM));
END
$$;

CREATE FUNCTION pg_temp.same_by_any_plan(question text, is_aggregate boolean, has_partial boolean)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    gathered text[] := ARRAY['"Node Type": "Gather', '"Workers Launched": [1-9]'];
    partial_aggregate text[] := CASE WHEN has_partial THEN ARRAY['"Partial Mode": "Partial"', '"Partial Mode": "Finalize"'] ELSE '{}' END;
    free text[] := '{parallel_setup_cost = 0,parallel_tuple_cost = 0,min_parallel_table_scan_size = 0,max_parallel_workers = 8}';
    is_grouped boolean := (SELECT q.query ~ 'GROUP BY' FROM parallel_test.question q WHERE q.name = $1);
    workers integer;
BEGIN
    PERFORM pg_temp.ask(question, 'serial_answer', '{max_parallel_workers_per_gather = 0,enable_hashagg = off}');
    RETURN QUERY SELECT pg_temp.is_answer_of(question, 'no workers', free || '{max_parallel_workers_per_gather = 0}'::text[],
        CASE WHEN is_grouped THEN ARRAY['"Strategy": "Hashed"'] ELSE '{}' END);
    FOREACH workers IN ARRAY '{1,2,4}'::integer[] LOOP
        RETURN QUERY SELECT pg_temp.is_answer_of(question, format('%s workers', workers),
            free || format('max_parallel_workers_per_gather = %s', workers),
            gathered || partial_aggregate || format('"Workers Planned": %s', workers));
    END LOOP;
    RETURN QUERY SELECT pg_temp.is_answer_of(question, 'two workers, the leader idle',
        free || '{max_parallel_workers_per_gather = 2,parallel_leader_participation = off}'::text[], gathered || partial_aggregate);
    IF is_grouped THEN
        RETURN QUERY SELECT pg_temp.is_answer_of(question, 'little memory, sorted groups, two workers',
            free || '{work_mem = 64kB,enable_hashagg = off,max_parallel_workers_per_gather = 2}'::text[], gathered || partial_aggregate || ARRAY['"Strategy": "Sorted"']);
        RETURN QUERY SELECT pg_temp.is_answer_of(question, 'little memory, hashed groups, no workers',
            '{work_mem = 64kB,enable_sort = off,max_parallel_workers_per_gather = 0}', ARRAY['"Strategy": "(Hashed|Mixed)"']);
        RETURN QUERY SELECT pg_temp.is_answer_of(question, 'little memory, hashed groups, two workers',
            free || '{work_mem = 64kB,enable_sort = off,max_parallel_workers_per_gather = 2}'::text[], gathered || partial_aggregate || ARRAY['"Strategy": "Hashed"']);
    END IF;
END
$$;

SELECT pg_temp.same_by_any_plan(name, true, true) FROM parallel_test.question
WHERE name NOT IN ('grouping sets', 'over partitions', 'functions of a history', 'histories joined and sorted', 'window functions');

-- hash tables spill: many more groups than little memory holds
SELECT matches(pg_temp.ask('purchase_history', 'answer', '{work_mem = 64kB,enable_sort = off,max_parallel_workers_per_gather = 0}'),
    '"HashAgg Batches": ([2-9]|[1-9][0-9]+)', 'purchase_history: hashed groups spill where memory is little');

-- grouping sets, by hash and by sort
SELECT pg_temp.ask('grouping sets', 'serial_answer', '{enable_hashagg = off,max_parallel_workers_per_gather = 0}') \g /dev/null
SELECT pg_temp.is_answer_of('grouping sets', 'hashed', '{max_parallel_workers_per_gather = 0}', ARRAY['"Strategy": "(Mixed|Hashed)"']);
SELECT pg_temp.is_answer_of('grouping sets', 'hashed, little memory', '{work_mem = 64kB,max_parallel_workers_per_gather = 0}', '{}');

-- partitions, each aggregated alone and combined
SELECT pg_temp.ask('purchase_history', 'serial_answer', '{max_parallel_workers_per_gather = 0}') \g /dev/null
SELECT pg_temp.is_answer_of('over partitions', 'one after the other', '{max_parallel_workers_per_gather = 0}', '{}');
SELECT pg_temp.is_answer_of('over partitions', 'each alone', '{max_parallel_workers_per_gather = 0,enable_partitionwise_aggregate = on}',
    ARRAY['"Partial Mode": "Partial"', '"Partial Mode": "Finalize"']);
SELECT pg_temp.is_answer_of('over partitions', 'each alone, two workers',
    '{parallel_setup_cost = 0,parallel_tuple_cost = 0,min_parallel_table_scan_size = 0,max_parallel_workers_per_gather = 2,enable_partitionwise_aggregate = on}',
    ARRAY['"Partial Mode": "Partial"', '"Partial Mode": "Finalize"', '"Node Type": "Gather']);

-- an as_of that varies between parts, each of which has but one
SET LOCAL enable_partitionwise_aggregate = on;
SELECT is(pg_temp.sqlstate_of($$SELECT clientcore.is_lost_client(sold_on, amount, CASE WHEN sold_on < '2020-01-01' THEN date '2022-01-01' ELSE '2022-06-30' END) FROM parallel_test.parted$$), '22023',
    'an as_of that varies between partitions is an error');
RESET enable_partitionwise_aggregate;

-- scalar functions in workers
SELECT pg_temp.ask(name, 'serial_answer', '{max_parallel_workers_per_gather = 0}') FROM parallel_test.question WHERE name = 'functions of a history' \g /dev/null
SELECT pg_temp.is_answer_of('functions of a history', 'three workers',
    '{parallel_setup_cost = 0,parallel_tuple_cost = 0,min_parallel_table_scan_size = 0,max_parallel_workers_per_gather = 3,parallel_leader_participation = off}',
    ARRAY['"Node Type": "Gather"', '"Workers Launched": [1-9]']);

-- joins on equal histories, hashed and merged, against the loop
SELECT pg_temp.ask('histories joined and sorted', 'serial_answer', '{max_parallel_workers_per_gather = 0,enable_hashjoin = off,enable_mergejoin = off}') \g /dev/null
SELECT pg_temp.is_answer_of('histories joined and sorted', 'hashed', '{max_parallel_workers_per_gather = 0,enable_mergejoin = off,enable_nestloop = off}', ARRAY['"Node Type": "Hash Join"']);
SELECT pg_temp.is_answer_of('histories joined and sorted', 'merged', '{max_parallel_workers_per_gather = 0,enable_hashjoin = off,enable_nestloop = off}', ARRAY['"Node Type": "Merge Join"']);
SELECT pg_temp.is_answer_of('histories joined and sorted', 'hashed by two workers',
    '{parallel_setup_cost = 0,parallel_tuple_cost = 0,min_parallel_table_scan_size = 0,max_parallel_workers_per_gather = 2,enable_mergejoin = off,enable_nestloop = off}', ARRAY['"Node Type": "Hash Join"', '"Node Type": "Gather']);

-- window functions are never pushed into workers, yet read from them
SELECT pg_temp.ask('window functions', 'serial_answer', '{max_parallel_workers_per_gather = 0}') \g /dev/null
SELECT pg_temp.is_answer_of('window functions', 'fed by two workers',
    '{parallel_setup_cost = 0,parallel_tuple_cost = 0,min_parallel_table_scan_size = 0,max_parallel_workers_per_gather = 2}', ARRAY['"Node Type": "WindowAgg"', '"Node Type": "Gather']);
SELECT pg_temp.is_answer_of('window functions', 'little memory', '{max_parallel_workers_per_gather = 0,work_mem = 64kB}', ARRAY['"Node Type": "WindowAgg"']);

\if :has_real
-- the real shop, whatever the number of workers
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.shop_total(workers integer)
RETURNS TABLE (clients bigint, revenue numeric, launched boolean) LANGUAGE plpgsql AS $$
DECLARE
    histories text := 'SELECT customer_id, clientcore.purchase_history(invoice_date, quantity * unit_price) AS h FROM real.online_retail WHERE customer_id IS NOT NULL GROUP BY customer_id';
    plan json;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    EXECUTE 'EXPLAIN (FORMAT json) ' || histories INTO plan;
    RETURN QUERY EXECUTE format('SELECT count(*), sum(clientcore.revenue(h)), %L::boolean FROM (%s) AS s', plan::text ~ '"Partial Mode": "Finalize"', histories);
END
$$;
SELECT results_eq(format('SELECT * FROM pg_temp.shop_total(%s)', n), format('VALUES (4372::bigint, 8300065.814, %L::boolean)', n > 0),
    format('online_retail: %s workers, 4,372 clients, 8,300,065.814', n)) FROM unnest(ARRAY[0, 1, 2, 4]) AS n;
\else
SELECT skip('the real sales are not here (online_retail)', 4);
\endif

SELECT * FROM finish();
ROLLBACK;
