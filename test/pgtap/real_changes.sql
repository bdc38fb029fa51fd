-- What changes a base: other days, other settings, sales that change, duplicates, forgetting;
-- every time against plain SQL over the sales, and a refresh against a build from nothing.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\set prefix change_
\set is_whole false
\ir common/truth_bases.psql
\ir common/truth_changes.psql
\if :has_real
\else
SELECT skip('the real sales are not here: cdnow_sample, northwind, classicmodels');
\endif

-- --- other days ---

-- Days that are asked for: the day compared with, the last of a month, one before it all.
SELECT pg_temp.ask(q.base || ' ' || d.name, q.base, b.schema, d.day)
FROM question q JOIN made_base b USING (base)
CROSS JOIN LATERAL (VALUES
    ('early', (SELECT min(sold_on) + 40 FROM sale s WHERE s.base = q.base)),
    ('month end', (date_trunc('month', (q.as_of - 200)::timestamp) - interval '1 day')::date),
    ('late', q.as_of - 45)) AS d (name, day)
WHERE q.question = q.base || ' now' \g /dev/null

-- Other settings, to be tried.
CREATE TEMP TABLE trial (name text, settings jsonb);
INSERT INTO trial VALUES
    ('abc', '{"abc_a": 0.7, "abc_b": 0.9, "abc_boundary": "upto", "key_share": 0.3, "breadwinner_share": 0.02}'),
    ('profit', '{"abc_by": "profit", "abc_boundary": "midpoint", "long_standing_share": 0.5}'),
    ('xyz', '{"xyz_by": "variation", "xyz_period": "quarter", "xyz_periods": 6, "xyz_variation_x": 0.5, "xyz_variation_y": 1.2}'),
    ('lost', '{"lost_rule": "days", "lost_days": 120, "frequent_purchases": 4, "adherent_purchases": 6, "adherent_days": 100}'),
    ('rhythm', '{"lost_factor": 1.5, "lost_min_days": 14, "lost_max_days": 90, "lost_fallback_days": 60, "xyz_period": "week", "xyz_x": 0.5}'),
    ('scores', '{"rfm_bins": 4, "promising_days": 120, "promising_top_share": 0.5, "promising_limit_share": 0.1}');
SELECT pg_temp.ask(q.base || ' try ' || t.name, q.base, b.schema, q.as_of, t.settings)
FROM question q JOIN made_base b USING (base), trial t
WHERE q.question = q.base || ' now' AND (b.base <> 'cdnow_sample' OR t.name IN ('abc', 'lost')) \g /dev/null
\ir common/truth.psql
\ir common/truth_clients.psql

CREATE FUNCTION pg_temp.clients_are(day text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.collect('actual', 'clients', NULL, '%I.clients_as_of(%L)', day);
    DROP TABLE IF EXISTS pg_temp.expected;
    CREATE TEMP TABLE expected AS SELECT * FROM client_truth c WHERE c.question = c.base || ' ' || day;
    RETURN QUERY SELECT * FROM pg_temp.same_columns('actual', 'expected', '{base,client_id}', 20, '{}', 'clients_as_of ' || day);
END
$$;
SELECT * FROM pg_temp.clients_are('early');
SELECT * FROM pg_temp.clients_are('before');
SELECT * FROM pg_temp.clients_are('month end');
SELECT * FROM pg_temp.clients_are('late');
SELECT * FROM pg_temp.clients_are('now');
SELECT is((SELECT count(*) FROM :random.clients_as_of('2018-12-31')), 0::bigint, 'clients_as_of a day before all sales');

-- Moves between two questions: class then, class now, and what they brought in the 12 months
-- to each day.
CREATE FUNCTION pg_temp.true_moves(base text, was text, becomes text)
RETURNS TABLE (measure text, from_class text, to_class text, client_count bigint, revenue_before_amount numeric, revenue_now_amount numeric) STABLE LANGUAGE sql AS $$
SELECT measure, coalesce(f, 'none'), coalesce(t, 'none'), count(*), coalesce(sum(w.revenue_12m_amount), 0), coalesce(sum(b.revenue_12m_amount), 0)
FROM (SELECT * FROM client_truth WHERE question = $1 || ' ' || $2) AS w
FULL JOIN (SELECT * FROM client_truth WHERE question = $1 || ' ' || $3) AS b ON b.client_id = w.client_id
CROSS JOIN LATERAL (VALUES
    ('abc', w.abc_class, b.abc_class), ('xyz', w.xyz_class, b.xyz_class), ('abc_xyz', w.abc_xyz, b.abc_xyz),
    ('loyalty_stage', w.loyalty_stage, b.loyalty_stage),
    ('rfm_segment', CASE WHEN w.client_id IS NOT NULL THEN coalesce(w.rfm_segment, 'no segment') END, CASE WHEN b.client_id IS NOT NULL THEN coalesce(b.rfm_segment, 'no segment') END),
    ('key', CASE WHEN w.is_key THEN 'key' WHEN NOT w.is_key THEN 'other' END, CASE WHEN b.is_key THEN 'key' WHEN NOT b.is_key THEN 'other' END)) AS m (measure, f, t)
GROUP BY 1, 2, 3
$$;
SELECT s.*
FROM made_base b
CROSS JOIN (VALUES ('before', 'now'), ('early', 'month end'), ('month end', 'late')) AS d (f, t)
JOIN question f ON f.question = b.base || ' ' || d.f
JOIN question t ON t.question = b.base || ' ' || d.t
CROSS JOIN LATERAL pg_temp.same_rows(
    format('SELECT measure, from_class, to_class, client_count, revenue_before_amount, revenue_now_amount FROM %I.class_migration(%L, %L)', b.schema, f.as_of, t.as_of),
    format('SELECT * FROM pg_temp.true_moves(%L, %L, %L)', b.base, d.f, d.t), 10, b.base || ': class_migration from ' || d.f || ' to ' || d.t) AS s;

-- --- other settings ---

SELECT s.*
FROM made_base b JOIN trial t ON b.base <> 'cdnow_sample' OR t.name IN ('abc', 'lost')
CROSS JOIN LATERAL pg_temp.same_rows(
    format('SELECT measure, from_class, to_class, client_count, revenue_12m_amount FROM clientcore.preview(%L, %L)', b.schema, t.settings),
    format('SELECT measure, from_class, to_class, client_count, revenue_now_amount FROM pg_temp.true_moves(%L, ''now'', %L) WHERE from_class <> to_class', b.base, 'try ' || t.name),
    CASE WHEN b.base = 'random' AND t.name <> 'profit' THEN 1 ELSE 0 END, b.base || ': preview of ' || t.settings) AS s;

-- Half of the trials, then the others: every view, and what moved.
DELETE FROM made_base WHERE base = 'cdnow_sample';
DELETE FROM sale WHERE base = 'cdnow_sample';
SELECT pg_temp.collect('chosen_settings', 'settings') \g /dev/null
CREATE TEMP TABLE chosen AS SELECT base, to_jsonb(c) AS settings FROM chosen_settings c;
SELECT pg_temp.snapshot('at_first') \g /dev/null
SELECT pg_temp.set(schema, (SELECT settings FROM trial WHERE name = 'abc') || (SELECT settings FROM trial WHERE name = 'lost') || (SELECT settings FROM trial WHERE name = 'scores')),
    pg_temp.refresh(schema) FROM made_base \g /dev/null
SELECT pg_temp.snapshot('then') \g /dev/null
SELECT * FROM pg_temp.logged('at_first', 'then', 'other settings');
DELETE FROM segment_rule;
CREATE TEMP TABLE asked AS SELECT replace(question, base || ' ', '') AS name, base, as_of, compared FROM question WHERE question LIKE '% now' OR question LIKE '% before';
DELETE FROM question;
SELECT pg_temp.ask(a.base || ' ' || name, a.base, schema, as_of, compared => compared) FROM asked a JOIN made_base USING (base) \g /dev/null
\ir common/truth.psql
\ir common/truth_clients.psql
\ir common/truth_months.psql
\ir common/truth_views.psql

SELECT pg_temp.set(schema, (SELECT settings FROM trial WHERE name = 'profit') || (SELECT settings FROM trial WHERE name = 'xyz') || (SELECT settings FROM trial WHERE name = 'rhythm')
        || '{"lost_rule": "silence", "rfm_bins": 7, "key_shrunk_share": 0.9, "at_risk_silence_share": 0.3, "at_risk_revenue_share": 0.8, "assumed_margin_share": 0.1, "win_back_cost_share": 0.9}'),
    pg_temp.refresh(schema) FROM made_base \g /dev/null
SELECT pg_temp.snapshot('at_last') \g /dev/null
SELECT * FROM pg_temp.logged('then', 'at_last', 'other settings again');
DELETE FROM question;
DELETE FROM segment_rule;
SELECT pg_temp.ask(a.base || ' ' || name, a.base, schema, as_of, compared => compared) FROM asked a JOIN made_base USING (base) \g /dev/null
\ir common/truth.psql
\ir common/truth_clients.psql
\ir common/truth_months.psql
\ir common/truth_views.psql
\if :has_real
SELECT ok(abc_is_by_profit, 'classicmodels: by profit') FROM :classic.state;
\endif

-- --- back to what the sales suggest ---

CREATE FUNCTION pg_temp.recalibrated(base text, schema text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    suggested jsonb := (SELECT jsonb_object_agg(s.key, a.settings -> s.key) FROM chosen a, unnest(ARRAY['lost_factor', 'lost_fallback_days', 'xyz_period', 'xyz_periods', 'adherent_purchases']) AS s (key)
        WHERE a.base = recalibrated.base);
    settings text := format('(SELECT key, value FROM %I.settings s, jsonb_each_text(to_jsonb(s)))', schema);
BEGIN
    RETURN QUERY SELECT * FROM pg_temp.same_rows(
        format('SELECT measure, from_value, to_value FROM clientcore.recalibrate(%L) WHERE measure LIKE ''setting %%''', schema),
        format('SELECT ''setting '' || n.key, o.value, n.value FROM jsonb_each_text(%L) n JOIN %s o USING (key) WHERE o.value::text <> n.value::text', suggested, settings),
        2, base || ': recalibrate suggests what was chosen at first');
    RETURN QUERY SELECT * FROM pg_temp.same_rows(
        format('SELECT * FROM clientcore.recalibrate(%L) WHERE measure NOT LIKE ''setting %%''', schema),
        format('SELECT * FROM clientcore.preview(%L, %L)', schema, suggested), 1, base || ': and shows what that would change');
    PERFORM clientcore.recalibrate(schema, apply => true);
    RETURN QUERY SELECT * FROM pg_temp.same_rows(
        format('SELECT o.key, o.value FROM %s o JOIN jsonb_each_text(%L) n USING (key)', settings, suggested),
        format('SELECT key, value FROM jsonb_each_text(%L)', suggested), 5, base || ': and applies it');
    RETURN NEXT public.is((SELECT count(*) FROM clientcore.recalibrate(schema)), 0::bigint, base || ': then there is nothing to change');
END
$$;
SELECT r.* FROM made_base b, pg_temp.recalibrated(b.base, b.schema) AS r;

SELECT * FROM finish();
ROLLBACK;
