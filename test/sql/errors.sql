-- Whatever is wrong is said, with a code, and with a hint where one helps.
SET search_path = clientcore, public;
SET timezone = 'UTC';

-- What a statement comes to: its error, or that it had none
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n\t', SQLSTATE || ' ' || message, nullif(detail, ''), nullif('Hint: ' || hint, 'Hint: '));
END $$;

\set ECHO none
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only
\pset fieldsep '\n\t'

-- Text
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT '2024-01-01: sold 1'::purchase_history$$),
	(2, $$SELECT '{2024-01-01 sold 1}'::purchase_history$$),
	(3, $$SELECT '{2024-13-01: sold 1}'::purchase_history$$),
	(4, $$SELECT '{2023-02-29: sold 1}'::purchase_history$$),
	(5, $$SELECT '{0000-01-01 BC: sold 1}'::purchase_history$$),
	(6, $$SELECT '{4714-11-23 BC: sold 1}'::purchase_history$$),
	(7, $$SELECT '{5874898-01-01: sold 1}'::purchase_history$$),
	(8, $$SELECT '{2024-01-01}'::purchase_history$$),
	(9, $$SELECT '{2024-01-01: bought 1}'::purchase_history$$),
	(10, $$SELECT '{2024-01-01: sold}'::purchase_history$$),
	(11, $$SELECT '{2024-01-01: sold NaN}'::purchase_history$$),
	(12, $$SELECT '{2024-01-01: sold 1 in 1.5}'::purchase_history$$),
	(13, $$SELECT '{2024-01-01: sold 9223372036854775808}'::purchase_history$$),
	(14, $$SELECT '{2024-01-01: sold 0.0000000000000000001}'::purchase_history$$),
	(15, $$SELECT '{2024-01-01: sold 9223372036854775807; 2024-01-02: sold 0.1}'::purchase_history$$),
	(16, $$SELECT '{2024-01-01: sold 9223372036854775807; 2024-01-02: sold 1}'::purchase_history$$),
	(17, $$SELECT '{2024-01-01: sold 1} x'::purchase_history$$),
	(18, $$SELECT '{2024-01-01: sold 1;}'::purchase_history$$),
	(19, $$SELECT ''::purchase_history$$),
	(20, $$SELECT '{2024'::purchase_history$$),
	(21, $$SELECT '{2024-01-01: sold 1, returned 1, sold 2}'::purchase_history$$),
	(22, $$SELECT '{2024-01-01: profit 1 of 1, profit 1}'::purchase_history$$)) v(n, statement) ORDER BY n;

-- Arguments of the aggregates
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT purchase_history('2024-01-01', 1)$$),
	(2, $$SELECT purchase_history(date '2024-01-01', '1')$$),
	(3, $$SELECT purchase_history(1, 1)$$),
	(4, $$SELECT purchase_history(time '10:00', 1)$$),
	(5, $$SELECT purchase_history(date '2024-01-01', money '1')$$),
	(6, $$SELECT purchase_history(date '2024-01-01', 1, date '2024-01-01')$$),
	(7, $$SELECT purchase_history(date '2024-01-01', true)$$),
	(8, $$SELECT purchase_history(date 'infinity', 1)$$),
	(9, $$SELECT purchase_history(timestamp '-infinity', 1)$$),
	(10, $$SELECT purchase_history(timestamptz 'infinity', 1)$$),
	(11, $$SELECT purchase_history(date '2024-01-01', numeric 'NaN')$$),
	(12, $$SELECT purchase_history(date '2024-01-01', numeric 'Infinity')$$),
	(13, $$SELECT purchase_history(date '2024-01-01', double precision 'NaN')$$),
	(14, $$SELECT purchase_history(date '2024-01-01', real '-Infinity')$$),
	(15, $$SELECT purchase_history(date '2024-01-01', 1, numeric '-Infinity')$$),
	(16, $$SELECT purchase_history(date '2024-01-01', 9223372036854775808)$$),
	(17, $$SELECT purchase_history(date '2024-01-01', (-9223372036854775808)::bigint)$$),
	(18, $$SELECT purchase_history(date '2024-01-01', 0.0000000000000000001)$$),
	(19, $$SELECT purchase_history(date '2024-01-01', 1e300::double precision)$$),
	(20, $$SELECT purchase_history(date '2024-01-01', a) FROM (VALUES (9223372036854775807), (1)) v(a)$$),
	(21, $$SELECT purchase_history(date '2024-01-01', a) FROM (VALUES (922337203685477581), (0.01)) v(a)$$),
	(22, $$SELECT purchase_history(date '2024-01-01', 1, p) FROM (VALUES (9223372036854775807), (-1)) v(p)$$),
	(23, $$SELECT purchase_history(now(), 1, 'Atlantis/Poseidonis')$$),
	(24, $$SELECT rollup(h) FROM (VALUES ('{2024-01-01: sold 9223372036854775807}'::purchase_history), ('{2024-01-02: sold 1}')) v(h)$$),
	(25, $$SELECT xyz_class(date '2024-01-01', 1, d) FROM (VALUES (date '2024-01-01'), ('2024-01-02')) v(d)$$),
	(26, $$SELECT xyz_class(date '2024-01-01', 1, d) FROM (VALUES (date '2024-01-01'), (NULL)) v(d)$$),
	(27, $$SELECT is_lost_client(date '2024-01-01', 1, date 'infinity')$$),
	(28, $$SELECT purchase_history(date '2024-01-01', 1, 'lots'::varchar)$$),
	(99, $$SELECT purchase_history(date '2024-01-01', 1, '3.5'::text)$$),
	(29, $$SELECT purchase_history(timestamptz '4714-11-24 00:00Z BC', 1, 'America/New_York')$$)) v(n, statement) ORDER BY n;

-- Arithmetic
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT '{2024-01-01: sold 9223372036854775807}'::purchase_history + '{2024-01-01: sold 1}'$$),
	(2, $$SELECT '{2024-01-01: sold 9223372036854775807}'::purchase_history + '{2024-01-02: sold 1}'$$),
	(3, $$SELECT '{2024-01-01: sold 9223372036854775807}'::purchase_history - '{2024-01-01: sold 0.5}'$$)) v(n, statement) ORDER BY n;

-- Days, periods, quantiles
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT as_of('{}', 'infinity')$$),
	(2, $$SELECT slice('{}', '2024-01-02', '2024-01-01')$$),
	(3, $$SELECT slice('{}', '-infinity', NULL)$$),
	(4, $$SELECT * FROM periods('{}', 'fortnight')$$),
	(5, $$SELECT interval_quantile('{}', 1.5)$$),
	(6, $$SELECT interval_quantile('{}', 'NaN')$$)) v(n, statement) ORDER BY n;

-- Thresholds
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT xyz_class('{}', 'infinity')$$),
	(2, $$SELECT xyz_class('{}', '2024-01-01', 2)$$),
	(3, $$SELECT xyz_class('{}', '2024-01-01', -12)$$),
	(4, $$SELECT xyz_class('{}', '2024-01-01', period => 'decade')$$),
	(5, $$SELECT xyz_class('{}', '2024-01-01', x => 0.25, y => 0.75)$$),
	(6, $$SELECT xyz_class('{}', '2024-01-01', x => 1.01)$$),
	(7, $$SELECT xyz_class('{}', '2024-01-01', x => 'NaN')$$),
	(8, $$SELECT xyz_class('{}', '2024-01-01', x => 0.7500000001)$$),
	(9, $$SELECT xyz_class('{}', '2024-01-01', x => 1e30)$$),
	(10, $$SELECT xyz_class_by_variation('{}', '2024-01-01', x => 0.25, y => 0.25)$$),
	(11, $$SELECT loyalty_stage('{}', '2024-01-01', frequent_purchases => 2)$$),
	(12, $$SELECT loyalty_stage('{}', '2024-01-01', adherent_purchases => 2)$$),
	(13, $$SELECT loyalty_rung('{}', '2024-01-01', adherent_days => -1)$$),
	(14, $$SELECT is_lost_client('{}', '2024-01-01', factor => 0)$$),
	(15, $$SELECT silence_limit('{}', min_days => -1)$$),
	(16, $$SELECT silence_limit('{}', min_days => 10, max_days => 5)$$),
	(17, $$SELECT lost_on('{}', '2024-01-01', fallback_days => -1)$$),
	(18, $$SELECT * FROM loss_events('{}', '-infinity')$$),
	(19, $$SELECT card_figures('{}', '2024-01-01', 'infinity', 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90)$$),
	(20, $$SELECT card_figures('{}', '2024-01-01', NULL, 'often', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90)$$),
	(21, $$SELECT card_figures('{}', '2024-01-01', NULL, 'variation', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 90)$$),
	(22, $$SELECT card_figures('{}', '2024-01-01', NULL, 'frequency', 12, 'month', 0.75, 0.25, 3, 10, 365, 3, 30, 730, 365, 0)$$),
	(23, $$SELECT silence_calibration('{}', '2024-01-01', 5)$$),
	(24, $$SELECT silence_calibration('{}', '2024-01-01', NULL)$$),
	(25, $$SELECT silence_calibration('{}', 'infinity', 0.05)$$),
	(26, $$SELECT silence_calibration('{}', d, 0.05) FROM (VALUES (date '2024-01-01'), ('2024-01-02')) v(d)$$),
	(27, $$SELECT silence_calibration('{}', '2024-01-01', f) FROM (VALUES (0.05), (0.06)) v(f)$$)) v(n, statement) ORDER BY n;

-- ABC, scores, concentration; a window function does not become another by way of an operator
CREATE OPERATOR pg_temp.=== (LEFTARG = "any", RIGHTARG = integer, FUNCTION = quantile_score);
CREATE FUNCTION pg_temp.one_share(v "any", a numeric) RETURNS text AS '$libdir/clientcore', 'abc_class' LANGUAGE C WINDOW;
CREATE OPERATOR pg_temp.==== (LEFTARG = "any", RIGHTARG = numeric, FUNCTION = pg_temp.one_share);
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT abc_class(1, 0.9, 0.8) OVER ()$$),
	(2, $$SELECT abc_class(1, 0, 0.8) OVER ()$$),
	(3, $$SELECT abc_class(1, 0.8, 1.1) OVER ()$$),
	(4, $$SELECT abc_class(1, NULL) OVER ()$$),
	(5, $$SELECT abc_class(1, boundary => 'fuzzy') OVER ()$$),
	(6, $$SELECT abc_class('1') OVER ()$$),
	(7, $$SELECT abc_class(date '2024-01-01') OVER ()$$),
	(8, $$SELECT abc_class(v) OVER () FROM (VALUES (1), ('NaN'::numeric)) t(v)$$),
	(9, $$SELECT abc_class(v) OVER () FROM (VALUES (1e30), (1e-30)) t(v)$$),
	(10, $$SELECT abc_class(1, a) OVER () FROM (VALUES (0.5), (0.6)) t(a)$$),
	(11, $$SELECT abc_cutoffs(1, 0.9, 0.8)$$),
	(12, $$SELECT abc_cutoffs(1, a, 0.8) FROM (VALUES (0.5), (0.6)) t(a)$$),
	(13, $$SELECT abc_cutoffs(1, 0.5, 0.8, NULL)$$),
	(14, $$SELECT top_share(1, 1.1)$$),
	(15, $$SELECT top_share(1, NULL)$$),
	(16, $$SELECT top_share(1, f) FROM (VALUES (0.5), (0.6)) t(f)$$),
	(17, $$SELECT gini('infinity'::double precision)$$),
	(18, $$SELECT quantile_score(1, 1) OVER ()$$),
	(19, $$SELECT quantile_score(1, NULL) OVER ()$$),
	(20, $$SELECT quantile_score(1, b) OVER () FROM (VALUES (2), (3)) t(b)$$),
	(21, $$SELECT quantile_score(point '(1,1)') OVER ()$$),
	(22, $$SELECT 1.5 OPERATOR(pg_temp.===) 5$$),
	(23, $$SELECT 1.5 OPERATOR(pg_temp.====) 0.5$$),
	(24, $$SELECT quantile_cutoffs(1, 1)$$),
	(25, $$SELECT quantile_cutoffs(1, NULL)$$),
	(26, $$SELECT quantile_cutoffs(1, b) FROM (VALUES (2), (3)) t(b)$$),
	(27, $$SELECT quantile_cutoffs('2024-01-01'::date, 5)$$),
	(28, $$SELECT quantile(1, 1.1)$$),
	(29, $$SELECT quantile('NaN'::real, 0.5)$$),
	(30, $$SELECT quantile_score_by_cutoffs(1, '{2,1}')$$),
	(31, $$SELECT quantile_score_by_cutoffs(1, '{}')$$),
	(32, $$SELECT quantile_score_by_cutoffs(1, '{1,NULL}')$$),
	(33, $$SELECT quantile_score_by_cutoffs(1, '{{1},{2}}')$$),
	(34, $$SELECT quantile_score_by_cutoffs(1, '{NaN}')$$),
	(35, $$SELECT abc_class_by_cutoffs(1, ROW('Infinity', 1)::abc_cutoff)$$)) v(n, statement) ORDER BY n;

-- States of aggregates are no back door
SELECT statement, pg_temp.outcome(statement) FROM (VALUES
	(1, $$SELECT 'hello'::purchase_history_state$$),
	(2, $$SELECT '\x'::purchase_history_state$$),
	(3, $$SELECT '\x01'::purchase_history_state$$),
	(4, $$SELECT '\x01000000000000000002'::purchase_history_state$$),
	(5, $$SELECT '\xzz'::value_set$$),
	(6, $$SELECT '\x00'::value_set$$),
	(7, $$SELECT '\x012700000000000000000000000000000000000000'::value_set$$),
	(8, $$SELECT '\x0100000000000000020005'::purchase_history_state$$),
	(9, $$SELECT rollup_final(rollup_accum(NULL, '{2024-01-01: sold 1}'))$$),
	(10, $$SELECT values_gini_final('\x0100000000000000000000000000000000000000')$$),
	(11, $$SELECT 'hello'::silence_histogram$$),
	(12, $$SELECT '\x'::silence_histogram$$),
	(13, $$SELECT '\x01000000000000000000000000'::silence_histogram$$),
	(14, $$SELECT silence_histogram_final(silence_histogram_combine(silence_histogram_accum(NULL, '{}', '2024-01-01', 0.05), silence_histogram_accum(NULL, '{}', '2024-01-02', 0.05)))$$)) v(n, statement) ORDER BY n;

-- Binary input trusts nothing. The first is {2024-01-03: sold 19.99}, which is right.
CREATE TEMP TABLE forged (h purchase_history);
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009e1f0000008089010080890100cf0f' (FORMAT binary)
TABLE forged;

\echo nothing
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy ""' (FORMAT binary)
\echo another format
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0202010102009e1f0000008089010080890100cf0f' (FORMAT binary)
\echo a scale beyond 18
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0113010102009e1f0000008089010080890100cf0f' (FORMAT binary)
\echo truncated
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009e1f0000008089010080890100cf' (FORMAT binary)
\echo a byte too many
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009e1f0000008089010080890100cf0f00' (FORMAT binary)
\echo a wrong total
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009c1f0000008089010080890100cf0f' (FORMAT binary)
\echo more days than there are
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102020102009e1f0000008089010080890100cf0f' (FORMAT binary)
\echo fewer purchases than there are
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010002009e1f00000080890100cf0f' (FORMAT binary)
\echo a day out of range
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009e1f000000feffffff1f00feffffff1f00cf0f' (FORMAT binary)
\echo spare decimals
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 010201010200a01f0000008089010080890100d00f' (FORMAT binary)
\echo an amount in more bytes than it needs
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009e1f0000008089010080890100cf8f00' (FORMAT binary)
\echo a flag that says what need not be said
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102010102009e1f000000808901008089010102cf0f' (FORMAT binary)
\echo an empty day
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 0102020202009e1f0000008089010180890100cf0f010000' (FORMAT binary)
\echo a day twice
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 010202020400bc3e0000008089010080890100cf0f00cf0f' (FORMAT binary)
\echo one byte
\copy forged FROM PROGRAM '"$PG_ABS_SRCDIR"/bin/binary-copy 01' (FORMAT binary)
SELECT count(*) FROM forged;
