-- The purchase history: text form, arithmetic, comparison.
SET search_path = clientcore, public;
SET datestyle = ISO;

-- What a person writes and reads
SELECT '{}'::purchase_history;
SELECT '{2024-01-03: sold 19.99; 2024-02-10: sold 45 in 2, returned 5, profit 7.5 of 2}'::purchase_history;

-- Days in any order, days that coincide, spare zeros and spaces
SELECT ' { 2024-02-10:sold 1.50 ;2024-01-03 : returned 0.250 in 2;
	2024-02-10: sold 2.5 in 3, profit -1 }'::purchase_history;

-- A profit that is known for all sales needs no count; an empty day vanishes
SELECT '{2024-01-03: sold 5 in 2, profit 1; 2024-01-04: sold 0 in 0}'::purchase_history;

-- The ends of the calendar
SELECT '{4714-11-24 BC: sold 1; 0001-12-31 BC: sold 1; 5874897-12-31: sold 1}'::purchase_history;

-- The ends of money
SELECT '{2024-01-01: sold 9223372036854775807}'::purchase_history;
SELECT '{2024-01-01: sold 9.223372036854775807}'::purchase_history;
SELECT '{2024-01-01: sold 0.000000000000000001}'::purchase_history;

-- One encoding for one content
SELECT purchase_history_send('{2024-01-03: sold 10.00, returned 2.0}') =
	purchase_history_send('{2024-01-03: sold 1e1, returned 2}') AS same_bytes;
SELECT purchase_history_send('{2024-01-03: sold 19.99}');

-- Arithmetic is exact, both ways
SELECT '{2024-01-03: sold 1.5}'::purchase_history + '{2024-01-03: sold 2.25; 2024-01-04: sold 1}';
SELECT '{2024-01-03: sold 1.5}'::purchase_history - '{2024-01-03: sold 0.5}';
SELECT '{2024-01-03: sold 1.5}'::purchase_history - '{2024-01-03: sold 1.5}';
SELECT '{}'::purchase_history - '{2024-01-03: sold 1.5 in 2, returned 1, profit 1}';
WITH v(h, d) AS (
	VALUES ('{2024-01-03: sold 1.5, profit 1}'::purchase_history,
			'{2024-01-02: sold 3; 2024-01-03: sold 0.001, profit 0.5 of 0}'::purchase_history))
SELECT h + d - d = h AS back, h - d + d = h AS forth FROM v;

-- Comparison is by content
SELECT a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt
FROM (VALUES
	('{}'::purchase_history, '{2024-01-01: sold 1}'::purchase_history),
	('{2024-01-01: sold 1}', '{2024-01-01: sold 1.00}'),
	('{2024-01-01: sold 1.5}', '{2024-01-01: sold 1.25; 2024-01-02: sold 1}'),
	('{2024-01-01: sold 1}', '{2024-01-01: sold 1; 2024-01-02: sold 1}'),
	('{2024-01-01: sold 9223372036854775807}', '{2024-01-01: sold 0.000000000000000001}'),
	('{2024-01-01: sold -9223372036854775807}', '{2024-01-01: sold -0.000000000000000001}')) v(a, b);
SELECT h FROM (VALUES
	('{2024-01-02: sold 1}'::purchase_history), ('{}'), ('{2024-01-01: sold 2}'),
	('{2024-01-01: sold 1.5}'), ('{2024-01-01: sold 1.5, profit 1}')) v(h)
ORDER BY h;
SELECT count(*) FROM (
	SELECT h FROM (VALUES ('{2024-01-02: sold 1.0}'::purchase_history), ('{2024-01-02: sold 1}'), ('{}')) v(h)
	GROUP BY h) q;
SELECT purchase_history_hash(a) = purchase_history_hash(b) AS hash,
	purchase_history_hash_extended(a, 7) = purchase_history_hash_extended(b, 7) AS hash_extended
FROM (VALUES ('{2024-01-02: sold 1.0}'::purchase_history, '{2024-01-02: sold 1}'::purchase_history)) v(a, b);

-- Stored, indexed, joined by merge and by hash
CREATE TEMP TABLE stored (client integer, h purchase_history);
INSERT INTO stored SELECT i, format('{2024-01-%s: sold %s}', 1 + i % 28, i % 10)::purchase_history
FROM generate_series(1, 1000) i;
CREATE INDEX ON stored USING btree (h);
CREATE INDEX ON stored USING hash (h);
SET enable_seqscan = off;
SELECT count(*) FROM stored WHERE h = '{2024-01-03: sold 2}';
SET enable_hashjoin = off; SET enable_nestloop = off;
SELECT count(*) FROM stored a JOIN stored b USING (h);
SET enable_hashjoin = on; SET enable_mergejoin = off;
SELECT count(*) FROM stored a JOIN stored b USING (h);
RESET enable_seqscan; RESET enable_nestloop; RESET enable_mergejoin;

-- A long history lies outside its row; its header is still enough for the totals
CREATE TEMP TABLE long_history AS
SELECT purchase_history(date '2000-01-01' + i, i::bigint * 1000003) h FROM generate_series(1, 9000) i;
SELECT pg_column_size(h) > 8000 AS is_large, purchase_count(h), revenue(h), first_purchase(h), last_purchase(h) FROM long_history;
SELECT revenue(h), sum = revenue(h) AS same FROM long_history, LATERAL (SELECT sum(revenue) FROM days(h)) d(sum);

-- Binary form
CREATE TEMP TABLE copied (LIKE stored);
\set file `mktemp`
\setenv COPY_FILE :file
COPY (SELECT * FROM stored ORDER BY client) TO STDOUT (FORMAT binary) \g :file
\copy copied FROM PROGRAM 'cat "$COPY_FILE"' (FORMAT binary)
\! rm -f "$COPY_FILE"
SELECT count(*) FROM stored a JOIN copied b USING (client)
WHERE purchase_history_send(a.h) = purchase_history_send(b.h);

-- States of aggregates, as engines ship them that split an aggregate over servers
SELECT rollup_final(rollup_combine(
	rollup_accum(rollup_accum(NULL, '{2024-01-05: sold 1}'), '{2024-01-03: sold 0.5}')::text::purchase_history_state,
	rollup_accum(NULL, '{2024-01-03: returned 2}')));
SELECT values_gini_final(values_combine(values_accum(values_accum(NULL, 1), 3)::text::value_set, values_accum(NULL, 2.5)));
SELECT silence_histogram_final(silence_histogram_combine(
	silence_histogram_accum(NULL, '{2024-01-03: sold 1; 2024-01-13: sold 1}', '2024-01-31', 0.5)::text::silence_histogram,
	silence_histogram_accum(NULL, '{2024-01-05: sold 1; 2024-01-26: sold 1}', '2024-01-31', 0.5)));

-- States of equal input have equal bytes: nothing stray is stored with them
SELECT a *= b AS same_values, c *= d AS same_days
FROM (SELECT ROW(values_accum(values_accum(NULL, 1), 2)) a, ROW(values_accum(values_accum(NULL, 1), 2)) b,
	ROW(rollup_accum(NULL, '{2024-01-03: sold 0.5}')) c, ROW(rollup_accum(NULL, '{2024-01-03: sold 0.5}')) d) q;
