-- h + d - d = h: what was added can be taken away without trace.

BEGIN;
\ir common/helpers.psql
\ir common/random_sales.psql

SELECT plan(21);

SELECT setseed(0.29) \g /dev/null

-- every client's sales dealt into two halves; an updated copy of some of them
CREATE TEMP TABLE dealt AS
SELECT client, sold_on, amount, profit, random() < 0.5 AS is_first_half,
       CASE WHEN random() < 0.2 THEN (random() * 90)::integer - 45 ELSE 0 END AS moved_days,
       CASE WHEN random() < 0.2 THEN round((random() * 100 - 20)::numeric, 8) ELSE amount END AS new_amount,
       CASE WHEN random() < 0.2 THEN round((random() * 100 - 20)::numeric, 5)
            WHEN random() < 0.2 THEN NULL ELSE profit END AS new_profit,
       random() < 0.3 AS is_updated
FROM sale;

CREATE TEMP TABLE book AS
SELECT row_number() OVER (ORDER BY client) AS n, client,
       purchase_history(sold_on, amount, profit) AS h,
       coalesce(purchase_history(sold_on, amount, profit) FILTER (WHERE is_first_half), '{}') AS first_half,
       coalesce(purchase_history(sold_on, amount, profit) FILTER (WHERE NOT is_first_half), '{}') AS second_half,
       coalesce(purchase_history(sold_on, amount, profit) FILTER (WHERE is_updated), '{}') AS old,
       coalesce(purchase_history(sold_on + moved_days, new_amount, new_profit) FILTER (WHERE is_updated), '{}') AS new,
       purchase_history(CASE WHEN is_updated THEN sold_on + moved_days ELSE sold_on END,
                        CASE WHEN is_updated THEN new_amount ELSE amount END,
                        CASE WHEN is_updated THEN new_profit ELSE profit END) AS updated
FROM dealt GROUP BY client;

-- pairs and triples of clients: other decimals, other days, profit beside none
CREATE TEMP TABLE pair AS
SELECT a.n, a.h AS a, b.h AS b, c.h AS c
FROM book a
JOIN book b ON b.n = 1 + (a.n * 7 + 3) % 600
JOIN book c ON c.n = 1 + (a.n * 11 + 5) % 600
UNION ALL
SELECT 1000 + a.n, a.h, a.new - a.old, b.old - b.new
FROM book a JOIN book b ON b.n = 1 + (a.n * 13 + 1) % 600;

CREATE FUNCTION pg_temp.all_hold(condition text, description text)
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT pg_temp.same_rows(
        format('SELECT n FROM pair WHERE %s', condition), 'SELECT n FROM pair', 1200, description);
END
$$;

SELECT pg_temp.all_hold('purchase_history_send(a + b - b) = purchase_history_send(a)', 'h + d - d = h');
SELECT pg_temp.all_hold('purchase_history_send(a - b + b) = purchase_history_send(a)', 'h - d + d = h');
SELECT pg_temp.all_hold('purchase_history_send(a + b - a) = purchase_history_send(b)', 'a + b - a = b');
SELECT pg_temp.all_hold('purchase_history_send(a + b) = purchase_history_send(b + a)', 'a + b = b + a');
SELECT pg_temp.all_hold('purchase_history_send(a + (b + c)) = purchase_history_send((a + b) + c)', 'a + (b + c) = (a + b) + c');
SELECT pg_temp.all_hold('purchase_history_send(a - (b + c)) = purchase_history_send(a - b - c)', 'a - (b + c) = a - b - c');
SELECT pg_temp.all_hold('purchase_history_send(a - (b - c)) = purchase_history_send(a - b + c)', 'a - (b - c) = a - b + c');
SELECT pg_temp.all_hold($$purchase_history_send((a - b) + (b - a)) = purchase_history_send('{}') AND (a - b) + (b - a) = '{}'$$, '(a - b) + (b - a) = {}');
SELECT pg_temp.all_hold($$purchase_history_send(a - a) = purchase_history_send('{}') AND (a - a)::text = '{}'$$, 'h - h = {}');
SELECT pg_temp.all_hold($$purchase_history_send(a + '{}') = purchase_history_send(a) AND purchase_history_send(a - '{}') = purchase_history_send(a)$$, '{} changes nothing');
SELECT pg_temp.all_hold($$purchase_history_send('{}' - ('{}' - a)) = purchase_history_send(a)$$, 'the delta of a delta is the history');

SELECT pg_temp.all_hold('revenue(a + b) = revenue(a) + revenue(b) AND revenue(a - b) = revenue(a) - revenue(b)', 'revenue is linear');
SELECT pg_temp.all_hold('returned(a + b) = returned(a) + returned(b) AND returned(a - b) = returned(a) - returned(b)', 'returned amount is linear');
SELECT pg_temp.all_hold('sale_count(a - b) = sale_count(a) - sale_count(b) AND return_count(a - b) = return_count(a) - return_count(b) AND profit_count(a - b) = profit_count(a) - profit_count(b)', 'counts are linear, below zero too');

SELECT pg_temp.same_rows(
    'SELECT n, purchase_history_send((a - b)::text::purchase_history) FROM pair',
    'SELECT n, purchase_history_send(a - b) FROM pair', 1200, 'deltas survive their text form');
SELECT cmp_ok((SELECT count(*) FROM pair WHERE sale_count(a - b) < 0), '>', 100::bigint,
              'some of these deltas have negative counts');

SELECT pg_temp.same_rows(
    'SELECT client, purchase_history_send(h - first_half), purchase_history_send(h - second_half), purchase_history_send(first_half + second_half) FROM book',
    'SELECT client, purchase_history_send(second_half), purchase_history_send(first_half), purchase_history_send(h) FROM book', 600,
    'without some sales: the history of the others');
SELECT pg_temp.same_rows(
    'SELECT client, purchase_history_send(h + (new - old)) FROM book',
    'SELECT client, purchase_history_send(updated) FROM book', 600,
    'an update is the delta new - old');
SELECT pg_temp.same_rows(
    $$SELECT client, purchase_history_send(rollup(delta)) FROM (SELECT client, h AS delta FROM book UNION ALL SELECT client, new FROM book UNION ALL SELECT client, '{}' - old FROM book) AS d GROUP BY client$$,
    'SELECT client, purchase_history_send(updated) FROM book', 600,
    'rollup takes deltas');
SELECT cmp_ok((SELECT count(*) FROM book WHERE updated <> h), '>', 300::bigint, 'most clients were updated');

-- examples a person can follow
SELECT results_eq(
    $$VALUES ((('{2024-01-03: sold 20}'::purchase_history + '{2024-01-03: sold 0.001, profit 0.5}') - '{2024-01-03: sold 0.001, profit 0.5}')::text),
             (('{2024-01-03: sold 20; 2024-01-04: sold 5}'::purchase_history - '{2024-01-04: sold 5}')::text),
             (('{2024-01-03: sold 1.5}'::purchase_history + '{2024-01-03: sold 1.5}')::text),
             (('{2024-01-03: sold 20}'::purchase_history - '{2024-01-03: sold 15}')::text),
             (('{}'::purchase_history - '{2024-01-03: sold 15, returned 2}')::text)$$,
    $$VALUES ('{2024-01-03: sold 20}'),
             ('{2024-01-03: sold 20}'),
             ('{2024-01-03: sold 3 in 2}'),
             ('{2024-01-03: sold 5 in 0}'),
             ('{2024-01-03: sold -15 in -1, returned -2 in -1}')$$,
    'subtraction as people read it');

SELECT * FROM finish();
ROLLBACK;
