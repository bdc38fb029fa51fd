-- The report: what a base has to say on one page. Its data are one JSON document, read from
-- the views; the page is made of that alone.

-- --- the data ---

CREATE FUNCTION clientcore.report_parts(row_type anyelement)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base text := clientcore.base_of_row(pg_typeof(row_type));
    parts jsonb := jsonb_build_object('base', base);
    part record;
    found jsonb;
BEGIN
    FOR part IN
        SELECT * FROM (VALUES
            ('state', $sql$SELECT to_jsonb(x) FROM (SELECT s.as_of AS as_of_date, s.compared_date, s.has_profit, (SELECT count(*) FROM %1$I.clients) AS client_count,
                s.revenue_12m_amount, s.guest_revenue_12m_amount FROM %1$I.state s) x$sql$),
            -- how many there are of what the page shows the first of
            ('sums', $sql$SELECT to_jsonb(c) || to_jsonb(d) || to_jsonb(k) || to_jsonb(r) || to_jsonb(w) FROM
                (SELECT count(*) AS change_count, count(*) FILTER (WHERE x.change = 'lost') AS key_lost_count, coalesce(sum(x.revenue_before_amount) FILTER (WHERE x.change = 'lost'), 0) AS key_lost_before_amount
                    FROM %1$I.key_client_changes x) c,
                (SELECT count(*) AS due_count, count(*) FILTER (WHERE x.is_overdue) AS overdue_count FROM %1$I.care_due x) d,
                (SELECT count(*) AS key_client_count FROM %1$I.key_clients x WHERE NOT x.is_lost) k,
                (SELECT count(*) AS at_risk_count, coalesce(sum(x.revenue_at_risk_amount), 0) AS at_risk_amount FROM %1$I.at_risk_clients x) r,
                (SELECT count(*) AS win_back_count FROM %1$I.win_back_list x) w$sql$),
            -- of the last month that is over
            ('headline', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.measure_rank) FROM (
                SELECT k.measure, k.measure_rank, k.unit, k.month_date, k.value, k.previous_month, k.year_ago, k.target, k.is_higher_better FROM %1$I.kpis k
                WHERE k.month_date = (SELECT max(l.month_date) FROM %1$I.kpis l WHERE l.is_complete_month) AND k.value IS NOT NULL) x$sql$),
            ('changes', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.n) FROM (
                SELECT row_number() OVER () AS n, c.* FROM (SELECT coalesce(k.name, k.client_id::text) AS client, k.manager, k.change, k.revenue_before_amount, k.revenue_now_amount, k.difference_amount, k.lost_date
                FROM %1$I.key_client_changes k ORDER BY abs(k.difference_amount) DESC, k.client_id LIMIT 12) c) x$sql$),
            ('due', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.n) FROM (
                SELECT row_number() OVER () AS n, c.* FROM (SELECT coalesce(k.name, k.client_id::text) AS client, k.manager, k.care, k.due_date, k.overdue_days, k.why, k.priority
                FROM %1$I.care_due k ORDER BY k.is_key DESC, k.priority, k.due_date DESC, k.care_rank, k.client_id LIMIT 12) c) x$sql$),
            ('key_clients', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.n) FROM (
                SELECT row_number() OVER () AS n, c.* FROM (SELECT coalesce(k.name, k.client_id::text) AS client, k.manager, k.key_rank, k.status, k.alarm, k.revenue_12m_amount, k.revenue_12m_share, k.reasons, k.recommended_action
                FROM %1$I.key_clients k WHERE NOT k.is_lost ORDER BY k.key_rank, k.client_id LIMIT 20) c) x$sql$),
            ('at_risk', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.n) FROM (
                SELECT row_number() OVER () AS n, c.* FROM (SELECT coalesce(k.name, k.client_id::text) AS client, k.manager, k.is_key, k.revenue_at_risk_amount, k.would_be_lost_date, k.alarm, k.recommended_action
                FROM %1$I.at_risk_clients k ORDER BY k.revenue_at_risk_amount DESC NULLS LAST, k.client_id LIMIT 12) c) x$sql$),
            ('lost', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.n) FROM (
                SELECT row_number() OVER () AS n, c.* FROM (SELECT coalesce(k.name, k.client_id::text) AS client, k.manager, k.lost_date, k.last_purchase_date, k.value_lost_amount, k.lost_from_stage
                FROM %1$I.lost_clients k WHERE k.lost_date > (k.as_of_date - interval '12 months')::date LIMIT 12) c) x$sql$),
            ('lost_sums', $sql$SELECT to_jsonb(x) FROM (SELECT count(*) AS client_count, coalesce(sum(k.value_lost_amount), 0) AS value_lost_amount,
                count(*) FILTER (WHERE k.lost_date > (k.as_of_date - interval '12 months')::date) AS client_12m_count,
                coalesce(sum(k.value_lost_amount) FILTER (WHERE k.lost_date > (k.as_of_date - interval '12 months')::date), 0) AS value_lost_12m_amount FROM %1$I.lost_clients k) x$sql$),
            ('win_back', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.n) FROM (
                SELECT row_number() OVER () AS n, c.* FROM (SELECT coalesce(k.name, k.client_id::text) AS client, k.manager, k.lost_date, k.value_lost_amount, k.return_12m_share, k.expected_value_amount, k.cost_limit_amount, k.offer
                FROM %1$I.win_back_list k LIMIT 12) c) x$sql$),
            ('matrix', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.abc_xyz_rank) FROM (
                SELECT m.abc_class, m.xyz_class, m.abc_xyz_rank, m.client_count, m.revenue_12m_amount, m.revenue_12m_share FROM %1$I.abc_xyz_matrix m) x$sql$),
            -- shares of the largest clients, for every second hundredth of them
            ('pareto', $sql$SELECT jsonb_agg(jsonb_build_object('client_share', p.hundredth / 100.0, 'revenue_share', coalesce(c.share, 0)) ORDER BY p.hundredth) FROM generate_series(0, 100, 2) p (hundredth)
                LEFT JOIN (
                    SELECT row_number() OVER w AS place, count(*) OVER () AS clients,
                        round(sum(greatest(k.revenue_12m_amount, 0)) OVER w / nullif(sum(greatest(k.revenue_12m_amount, 0)) OVER (), 0), 8) AS share
                    FROM %1$I.clients k WHERE NOT k.is_lost AND k.purchase_count > 0 WINDOW w AS (ORDER BY k.revenue_12m_amount DESC, k.client_id ROWS UNBOUNDED PRECEDING)) c ON c.place = round(c.clients * p.hundredth / 100.0)$sql$),
            ('classes', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.abc_class) FROM (
                SELECT k.abc_class, count(*) AS client_count, sum(k.revenue_12m_amount) AS revenue_12m_amount FROM %1$I.clients k WHERE NOT k.is_lost AND k.purchase_count > 0 GROUP BY k.abc_class) x$sql$),
            ('ladder', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.loyalty_rank) FROM (
                SELECT l.loyalty_stage, l.loyalty_rank, l.client_count, l.ever_count, l.revenue_12m_amount, l.conversion_share, l.median_days FROM %1$I.loyalty_ladder l) x$sql$),
            ('flow', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.month_date) FROM (
                SELECT f.month_date, f.is_complete_month, f.start_count, f.new_count, f.returned_count, f.lost_count, f.end_count, f.start_count - f.lost_count AS retained_count, f.revenue_amount, f.retention_12m_share
                FROM %1$I.client_flow f ORDER BY f.month_date DESC LIMIT 24) x$sql$),
            ('cohorts', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.cohort_date, x.month_number) FROM (
                SELECT c.cohort_date, c.month_number, c.client_count, c.active_count, c.retention_share FROM %1$I.retention_cohorts c CROSS JOIN %1$I.state s
                WHERE c.retention_share IS NOT NULL AND c.month_number < 12 AND c.cohort_date > (s.as_of - interval '13 months')::date) x$sql$),
            ('concentration', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.measure_rank) FROM (
                SELECT c.measure, c.measure_rank, c.value, c.unit, c.target_from, c.target_to, c.is_within FROM %1$I.concentration c) x$sql$),
            ('models', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.kind) FROM (
                SELECT m.kind, bool_or(m.is_used) AS is_used, bool_or(m.is_converged) AS is_converged, max(m.failure) AS failure, max(m.client_count) AS client_count, max(m.log_likelihood) AS log_likelihood,
                    jsonb_object_agg(m.parameter, m.value) FILTER (WHERE m.parameter IS NOT NULL) AS parameters
                FROM %1$I.models m GROUP BY m.kind) x$sql$),
            ('campaigns', $sql$SELECT jsonb_agg(to_jsonb(x) ORDER BY x.campaign_id) FROM (
                SELECT c.campaign_id, c.campaign_name, c.ends_date, c.sent_count, c.holdout_count, c.sent_returned_share, c.holdout_returned_share, c.uplift_from_share, c.uplift_to_share, c.verdict, c.extra_revenue_amount, c.cost_amount
                FROM %1$I.campaign_results c ORDER BY c.campaign_id DESC LIMIT 8) x$sql$)
        ) AS p (name, query)
    LOOP
        EXECUTE format(part.query, base) INTO found;
        parts := parts || jsonb_build_object(part.name, coalesce(found, '[]'));
    END LOOP;
    RETURN parts;
END
$$;
COMMENT ON FUNCTION clientcore.report_parts(anyelement) IS
'Internal: the data of the report of a base, which a row type of it tells';

-- The words of a language: what the base says of it, and English where it says nothing.
CREATE FUNCTION clientcore.report_words(row_type anyelement, locale text)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    words jsonb;
BEGIN
    EXECUTE format($sql$
        SELECT (SELECT jsonb_object_agg(d.label, d.words) FROM clientcore.default_report_labels() d WHERE d.language = 'en')
            || coalesce((SELECT jsonb_object_agg(l.label, l.words) FROM %1$I.report_label l WHERE l.language = 'en'), '{}')
            || coalesce((SELECT jsonb_object_agg(l.label, l.words) FROM %1$I.report_label l WHERE l.language = lower(substring($1 FROM '^[A-Za-z]+'))), '{}')
            || coalesce((SELECT jsonb_object_agg(l.label, l.words) FROM %1$I.report_label l WHERE l.language = $1), '{}')$sql$, clientcore.base_of_row(pg_typeof(row_type)))
    INTO words USING locale;
    RETURN words;
END
$$;
COMMENT ON FUNCTION clientcore.report_words(anyelement, text) IS
'Internal: the words of a report in a language of the base that a row type tells';

-- --- the page ---

-- Words in which %s stands for what is put in, in its order: whatever else is in them, for
-- they are anybody's to edit.
CREATE FUNCTION clientcore.filled(words text, VARIADIC amounts text[])
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT string_agg(p.part || CASE WHEN p.n < p.parts THEN coalesce(amounts[p.n], '') ELSE '' END, '' ORDER BY p.n)
FROM (SELECT x.part, x.n, count(*) OVER () AS parts FROM unnest(string_to_array(words, '%s')) WITH ORDINALITY x (part, n)) p
$$;
COMMENT ON FUNCTION clientcore.filled(text, text[]) IS
'Internal: a label with what is put in';

CREATE FUNCTION clientcore.report_table(headings text[], numbers boolean[], cells jsonb)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH cell AS (
    SELECT w.n AS line, c.n AS position, nullif(c.value #>> '{}', '') AS told, CASE WHEN numbers[c.n] THEN ' class="n"' ELSE '' END AS class
    FROM jsonb_array_elements(cells) WITH ORDINALITY w (cells, n), jsonb_array_elements(w.cells) WITH ORDINALITY c (value, n)),
heading AS (
    SELECT position, min(class) AS class, clientcore.html_escape(headings[position]) AS told FROM cell GROUP BY position HAVING count(told) > 0)
SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="%s"><table><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>',
    clientcore.html_escape(headings[1]), (SELECT string_agg(format('<th scope="col"%s>%s</th>', h.class, h.told), '' ORDER BY h.position) FROM heading h),
    (SELECT string_agg('<tr>' || r.drawn || '</tr>', '' ORDER BY r.line)
     FROM (
        SELECT c.line, string_agg(format('<td%s data-label="%s">%s</td>', c.class, h.told, coalesce(clientcore.html_escape(c.told), '')), '' ORDER BY c.position) AS drawn
        FROM cell c JOIN heading h USING (position)
        GROUP BY c.line) r))
WHERE jsonb_array_length(cells) > 0
$$;
COMMENT ON FUNCTION clientcore.report_table(text[], boolean[], jsonb) IS
'Internal: a table of the report, without the columns that say nothing; NULL where it has no row';

-- Where a list goes on: the first 12 of 40.
CREATE FUNCTION clientcore.report_shown(rows jsonb, row_count text, words jsonb, locale text)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN row_count::bigint > jsonb_array_length(rows)
    THEN ' ' || clientcore.filled(words ->> 'shown', clientcore.number_text(jsonb_array_length(rows), locale), clientcore.number_text(row_count::numeric, locale)) ELSE '' END
$$;
COMMENT ON FUNCTION clientcore.report_shown(jsonb, text, jsonb, text) IS
'Internal: a sentence on how many of the rows of a list are on the page';

-- The names of the first clients of a list.
CREATE FUNCTION clientcore.report_first(rows jsonb, most integer)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT coalesce(string_agg(r.row_data ->> 'client', ', ' ORDER BY r.n), '–') FROM jsonb_array_elements(rows) WITH ORDINALITY r (row_data, n) WHERE r.n <= most
$$;
COMMENT ON FUNCTION clientcore.report_first(jsonb, integer) IS
'Internal: the first clients of a list of the report, by name';

-- A change of a figure, in words and with a sign: ▲ 12 % or ▼ 3 points.
CREATE FUNCTION clientcore.report_change(value numeric, before numeric, unit text, is_higher_better boolean, words jsonb, locale text)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN before IS NULL THEN '–'
    -- nor a change that cannot be seen in the figure told
    WHEN t.told !~ '[1-9]' THEN '= ' || (words ->> 'same')
    ELSE CASE WHEN value > before THEN '▲ ' ELSE '▼ ' END || t.told || ' (' || (words ->> CASE WHEN (value > before) = is_higher_better THEN 'better' ELSE 'worse' END) || ')' END
FROM (
    SELECT CASE WHEN unit = 'share' THEN clientcore.number_text(100 * abs(value - before), locale, 1) || ' ' || (words ->> 'points')
            WHEN before > 0 AND unit = 'amount' THEN clientcore.number_text(100 * abs(value - before) / before, locale, 0) || ' %'
            ELSE clientcore.number_text(abs(value - before), locale) END AS told) t
$$;
COMMENT ON FUNCTION clientcore.report_change(numeric, numeric, text, boolean, jsonb, text) IS
'Internal: how a figure of the report changed, in words';

CREATE FUNCTION clientcore.report_value(value numeric, unit text, locale text)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE unit WHEN 'share' THEN clientcore.number_text(100 * value, locale, 1) || ' %' WHEN 'amount' THEN clientcore.number_text(value, locale, 0)
    WHEN 'index' THEN clientcore.number_text(value, locale, 3) ELSE clientcore.number_text(value, locale) END
$$;
COMMENT ON FUNCTION clientcore.report_value(numeric, text, text) IS
'Internal: a figure of the report in its unit';

CREATE FUNCTION clientcore.report_section(anchor text, title text, intro text, body text)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('<section id="%s"><h2>%s</h2>%s%s</section>', anchor, clientcore.html_escape(title), coalesce('<p>' || clientcore.html_escape(intro) || '</p>', ''), body)
WHERE body IS NOT NULL
$$;
COMMENT ON FUNCTION clientcore.report_section(text, text, text, text) IS
'Internal: a part of the report; NULL where it has nothing to show';

CREATE FUNCTION clientcore.report_style()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT $css$
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #4d5661; --paper: #fff; --line: #d5dae0; --card: #f4f6f8; --chart: #1f6f8b; --chart-2: #a8501c; --chart-3: #6a4c93; --chart-4: #3d7a35; --chart-5: #7d6400; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #b3bac2; --paper: #14171a; --line: #3a4149; --card: #1e2328; --chart: #5fb3d0; --chart-2: #e39a6b; --chart-3: #b79be0; --chart-4: #86c47c; --chart-5: #d9be55; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 16px; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 0 0 4px; }
header p, section > p { color: var(--quiet); margin: 0 0 8px; }
footer { color: var(--quiet); }
section { padding: 20px 0; border-top: 1px solid var(--line); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(156px, 1fr)); gap: 10px; margin: 8px 0 0; padding: 0; list-style: none; }
.figures li { background: var(--card); border-radius: 8px; padding: 10px 12px; font-size: 13px; }
.figures b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
.figures span { display: block; color: var(--quiet); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 18px; }
.charts figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 4px; }
svg.chart { display: block; width: 100%; max-width: 480px; height: auto; }
svg.chart-heatmap { max-width: 560px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: 5px 16px 5px 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; max-width: 22em; }
.short { margin: 4px 0 0; padding-left: 18px; }
.short li { margin: 4px 0; }
th { font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media screen and (max-width: 640px) { thead { position: absolute; left: -9999px; } tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 9em 1fr; gap: 8px; max-width: none; padding: 1px 0; border: 0; overflow-wrap: anywhere; } td:empty { display: none; }
  td::before { content: attr(data-label); color: var(--quiet); } td:first-child { display: block; font-weight: 600; } td:first-child::before { content: none; } .n { text-align: left; white-space: normal; } }
@media print { @page { size: A4; margin: 14mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9px system-ui, sans-serif; } } * { print-color-adjust: exact; } body { font-size: 11px; } header, main, footer { max-width: none; padding: 0; }
  section { padding: 10px 0; } tr, figure, .figures li { break-inside: avoid; } h2, section > p { break-after: avoid; } thead { display: table-header-group; } .figures { display: block; } .figures li { display: inline-block; width: 19%; margin: 0 0.5% 6px 0; vertical-align: top; font-size: 9px; padding: 6px 8px; } .scroll { overflow: visible; } table { font-size: 9px; } th, td { padding-right: 8px; } td { overflow-wrap: anywhere; } th { min-width: 54px; overflow-wrap: anywhere; white-space: normal; } .figures b { font-size: 15px; }
  .charts { grid-template-columns: 1fr 1fr; } }
$css$
$$;
COMMENT ON FUNCTION clientcore.report_style() IS
'Internal: how the report looks';

CREATE FUNCTION clientcore.report_figure(caption text, chart text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT '<figure><figcaption>' || clientcore.html_escape(caption) || '</figcaption><div class="scroll" tabindex="0" role="region" aria-label="' || clientcore.html_escape(caption) || '">' || chart || '</div></figure>'
$$;
COMMENT ON FUNCTION clientcore.report_figure(text, text) IS
'Internal: a chart of the report with its caption';

-- words: the labels of one language, by key.
CREATE FUNCTION clientcore.report_page(data jsonb, words jsonb, locale text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    as_of text := clientcore.date_text((data #>> '{state,as_of_date}')::date, locale);
    compared text := clientcore.date_text((data #>> '{state,compared_date}')::date, locale);
    month text := to_char((data #>> '{headline,0,month_date}')::date, CASE WHEN clientcore.writes_day_first(locale) THEN 'MM.YYYY' ELSE 'YYYY-MM' END);
    sums jsonb := data -> 'sums';
    body text;
BEGIN
    body := concat(
    -- the page in five sentences, from what is below
    clientcore.report_section('short', words ->> 'short', NULL, (
        SELECT '<ul class="short">' || string_agg('<li>' || clientcore.html_escape(t.told) || '</li>', '' ORDER BY t.n) || '</ul>'
        FROM (
            SELECT 1 AS n, clientcore.filled(words ->> 'short_month', month, clientcore.report_value(k.value, k.unit, locale),
                clientcore.filled(words ->> 'against_month', clientcore.report_change(k.value, k.previous_month, k.unit, k.is_higher_better, words, locale)),
                clientcore.filled(words ->> 'against_year', clientcore.report_change(k.value, k.year_ago, k.unit, k.is_higher_better, words, locale))) AS told
            FROM jsonb_to_recordset(data -> 'headline') k (measure text, unit text, value numeric, previous_month numeric, year_ago numeric, is_higher_better boolean) WHERE k.measure = 'revenue_amount'
            UNION ALL
            SELECT 2, clientcore.filled(words ->> 'short_key', clientcore.number_text((sums ->> 'key_client_count')::numeric, locale), compared, clientcore.number_text((sums ->> 'key_lost_count')::numeric, locale),
                clientcore.number_text((sums ->> 'key_lost_before_amount')::numeric, locale, 0)) WHERE sums <> '[]'
            UNION ALL
            SELECT 3, clientcore.filled(words ->> 'short_risk', clientcore.number_text((sums ->> 'at_risk_count')::numeric, locale), clientcore.number_text((sums ->> 'at_risk_amount')::numeric, locale, 0),
                clientcore.report_first(data -> 'at_risk', 3)) WHERE (sums ->> 'at_risk_count')::bigint > 0
            UNION ALL
            SELECT 4, clientcore.filled(words ->> 'short_lost', clientcore.number_text((data #>> '{lost_sums,client_12m_count}')::numeric, locale), clientcore.number_text((data #>> '{lost_sums,value_lost_12m_amount}')::numeric, locale, 0),
                clientcore.report_first(data -> 'win_back', 3)) WHERE (data #>> '{lost_sums,client_12m_count}')::bigint > 0
            UNION ALL
            SELECT 5, clientcore.filled(words ->> 'short_due', clientcore.number_text((sums ->> 'due_count')::numeric, locale), clientcore.number_text((sums ->> 'overdue_count')::numeric, locale)) WHERE (sums ->> 'due_count')::bigint > 0) t)),
    clientcore.report_section('changes', words ->> 'changes', clientcore.filled(words ->> 'changes_intro', compared) || clientcore.report_shown(data -> 'changes', sums ->> 'change_count', words, locale), coalesce((
        SELECT clientcore.report_table(ARRAY[words ->> 'client', words ->> 'manager', words ->> 'change', words ->> 'before', words ->> 'now', words ->> 'difference'], '{f,f,f,t,t,t}',
            jsonb_agg(jsonb_build_array(c.client, c.manager, coalesce(words ->> ('change_' || c.change), c.change) || coalesce(' ' || clientcore.date_text(c.lost_date, locale), ''),
                clientcore.number_text(c.revenue_before_amount, locale, 0), clientcore.number_text(c.revenue_now_amount, locale, 0), clientcore.number_text(c.difference_amount, locale, 0)) ORDER BY c.difference_amount, c.n))
        FROM jsonb_to_recordset(data -> 'changes') c (n integer, client text, manager text, change text, lost_date date, revenue_before_amount numeric, revenue_now_amount numeric, difference_amount numeric)),
        '<p>' || clientcore.html_escape(words ->> 'nothing_changed') || '</p>')),
    clientcore.report_section('headline', words ->> 'headline', clientcore.filled(words ->> 'headline_intro', month), (
        SELECT '<ul class="figures">' || string_agg(format('<li>%s<b>%s</b><span>%s</span><span>%s</span></li>', clientcore.html_escape(coalesce(words ->> ('kpi_' || k.measure), k.measure)),
            clientcore.html_escape(clientcore.report_value(k.value, k.unit, locale)),
            clientcore.html_escape(clientcore.filled(words ->> 'against_month', clientcore.report_change(k.value, k.previous_month, k.unit, k.is_higher_better, words, locale))),
            clientcore.html_escape(clientcore.filled(words ->> 'against_year', clientcore.report_change(k.value, k.year_ago, k.unit, k.is_higher_better, words, locale)))), '' ORDER BY k.measure_rank) || '</ul>'
        FROM jsonb_to_recordset(data -> 'headline') k (measure text, measure_rank integer, unit text, value numeric, previous_month numeric, year_ago numeric, is_higher_better boolean))),
    clientcore.report_section('due', words ->> 'due', (words ->> 'due_intro') || clientcore.report_shown(data -> 'due', sums ->> 'due_count', words, locale), (
        SELECT clientcore.report_table(ARRAY[words ->> 'client', words ->> 'manager', words ->> 'what', words ->> 'due_on', words ->> 'why'], '{f,f,f,f,f}',
            jsonb_agg(jsonb_build_array(c.client, c.manager, coalesce(words ->> ('care_' || c.care), c.care), clientcore.date_text(c.due_date, locale), c.why) ORDER BY c.n))
        FROM jsonb_to_recordset(data -> 'due') c (n integer, client text, manager text, care text, due_date date, why text))),
    clientcore.report_section('key_clients', words ->> 'key_clients', (words ->> 'key_clients_intro') || clientcore.report_shown(data -> 'key_clients', sums ->> 'key_client_count', words, locale), (
        SELECT clientcore.report_table(ARRAY[words ->> 'client', words ->> 'manager', words ->> 'status', words ->> 'revenue_12m', words ->> 'share', words ->> 'why', words ->> 'action'], '{f,f,f,t,t,f,f}',
            jsonb_agg(jsonb_build_array(c.client, c.manager, coalesce(words ->> ('status_' || c.status), c.status) || coalesce(': ' || c.alarm, ''), clientcore.number_text(c.revenue_12m_amount, locale, 0),
                clientcore.number_text(100 * c.revenue_12m_share, locale, 1) || ' %', c.reasons, c.recommended_action) ORDER BY c.n))
        FROM jsonb_to_recordset(data -> 'key_clients') c (n integer, client text, manager text, status text, alarm text, revenue_12m_amount numeric, revenue_12m_share numeric, reasons text, recommended_action text))),
    clientcore.report_section('at_risk', words ->> 'at_risk', (words ->> 'at_risk_intro') || clientcore.report_shown(data -> 'at_risk', sums ->> 'at_risk_count', words, locale), (
        SELECT clientcore.report_table(ARRAY[words ->> 'client', words ->> 'manager', words ->> 'at_stake', words ->> 'lost_by', words ->> 'alarm', words ->> 'action'], '{f,f,t,f,f,f}',
            jsonb_agg(jsonb_build_array(c.client, c.manager, clientcore.number_text(c.revenue_at_risk_amount, locale, 0), clientcore.date_text(c.would_be_lost_date, locale), c.alarm, c.recommended_action) ORDER BY c.n))
        FROM jsonb_to_recordset(data -> 'at_risk') c (n integer, client text, manager text, revenue_at_risk_amount numeric, would_be_lost_date date, alarm text, recommended_action text))),
    clientcore.report_section('lost', words ->> 'lost', clientcore.filled(words ->> 'lost_intro', clientcore.number_text((data #>> '{lost_sums,client_12m_count}')::numeric, locale),
            clientcore.number_text((data #>> '{lost_sums,value_lost_12m_amount}')::numeric, locale, 0), clientcore.number_text((data #>> '{lost_sums,client_count}')::numeric, locale)), (
        SELECT clientcore.report_table(ARRAY[words ->> 'client', words ->> 'manager', words ->> 'lost_on', words ->> 'last_purchase', words ->> 'stage', words ->> 'value_lost'], '{f,f,f,f,f,t}',
            jsonb_agg(jsonb_build_array(c.client, c.manager, clientcore.date_text(c.lost_date, locale), clientcore.date_text(c.last_purchase_date, locale),
                coalesce(words ->> ('stage_' || c.lost_from_stage), c.lost_from_stage), clientcore.number_text(c.value_lost_amount, locale, 0)) ORDER BY c.n))
        FROM jsonb_to_recordset(data -> 'lost') c (n integer, client text, manager text, lost_date date, last_purchase_date date, lost_from_stage text, value_lost_amount numeric))),
    clientcore.report_section('win_back', words ->> 'win_back', (words ->> 'win_back_intro') || clientcore.report_shown(data -> 'win_back', sums ->> 'win_back_count', words, locale), (
        SELECT clientcore.report_table(ARRAY[words ->> 'client', words ->> 'manager', words ->> 'lost_on', words ->> 'value_lost', words ->> 'chance', words ->> 'expected', words ->> 'may_cost', words ->> 'offer'], '{f,f,f,t,t,t,t,f}',
            jsonb_agg(jsonb_build_array(c.client, c.manager, clientcore.date_text(c.lost_date, locale), clientcore.number_text(c.value_lost_amount, locale, 0), clientcore.number_text(100 * c.return_12m_share, locale, 0) || ' %',
                clientcore.number_text(c.expected_value_amount, locale, 0), clientcore.number_text(c.cost_limit_amount, locale, 0), c.offer) ORDER BY c.n))
        FROM jsonb_to_recordset(data -> 'win_back') c (n integer, client text, manager text, lost_date date, value_lost_amount numeric, return_12m_share numeric, expected_value_amount numeric, cost_limit_amount numeric, offer text))));
    body := body || concat(
    clientcore.report_section('campaigns', words ->> 'campaigns', words ->> 'campaigns_intro', (
        SELECT clientcore.report_table(ARRAY[words ->> 'campaign', words ->> 'ends_on', words ->> 'verdict', words ->> 'sent', words ->> 'held_back', words ->> 'came_back', words ->> 'by_themselves', words ->> 'uplift', words ->> 'extra_revenue', words ->> 'cost'],
            '{f,f,f,t,t,t,t,t,t,t}',
            jsonb_agg(jsonb_build_array(c.campaign_name, clientcore.date_text(c.ends_date, locale), coalesce(words ->> ('verdict_' || replace(c.verdict, ' ', '_')), c.verdict),
                clientcore.number_text(c.sent_count, locale), clientcore.number_text(c.holdout_count, locale), clientcore.number_text(100 * c.sent_returned_share, locale, 1) || ' %',
                clientcore.number_text(100 * c.holdout_returned_share, locale, 1) || ' %',
                clientcore.number_text(100 * c.uplift_from_share, locale, 1) || ' … ' || clientcore.number_text(100 * c.uplift_to_share, locale, 1),
                clientcore.number_text(c.extra_revenue_amount, locale, 0), clientcore.number_text(c.cost_amount, locale, 0)) ORDER BY c.campaign_id DESC))
        FROM jsonb_to_recordset(data -> 'campaigns') c (campaign_id integer, campaign_name text, ends_date date, sent_count bigint, holdout_count bigint, extra_revenue_amount numeric, cost_amount numeric, sent_returned_share numeric, holdout_returned_share numeric, uplift_from_share numeric, uplift_to_share numeric, verdict text))),
    clientcore.report_section('classes', words ->> 'classes', words ->> 'classes_intro', '<div class="charts">' || concat((
        SELECT clientcore.report_figure(words ->> 'matrix_clients', clientcore.chart_heatmap(array_agg(m.abc_class ORDER BY m.abc_xyz_rank), array_agg(CASE m.xyz_class WHEN 'new' THEN words ->> 'status_new' ELSE m.xyz_class END ORDER BY m.abc_xyz_rank),
            array_agg(m.client_count ORDER BY m.abc_xyz_rank), words ->> 'matrix_clients', words ->> 'classes_intro', '', locale))
        FROM jsonb_to_recordset(data -> 'matrix') m (abc_class text, xyz_class text, abc_xyz_rank integer, client_count numeric)), (
        SELECT clientcore.report_figure(words ->> 'matrix_revenue', clientcore.chart_heatmap(array_agg(m.abc_class ORDER BY m.abc_xyz_rank), array_agg(CASE m.xyz_class WHEN 'new' THEN words ->> 'status_new' ELSE m.xyz_class END ORDER BY m.abc_xyz_rank),
            array_agg(round(100 * m.revenue_12m_share, 1) ORDER BY m.abc_xyz_rank), words ->> 'matrix_revenue', words ->> 'classes_intro', ' %', locale))
        FROM jsonb_to_recordset(data -> 'matrix') m (abc_class text, xyz_class text, abc_xyz_rank integer, revenue_12m_share numeric)), (
        SELECT clientcore.report_figure(words ->> 'pareto', clientcore.chart_line(array_agg(clientcore.number_text(100 * p.client_share, locale) || ' %' ORDER BY p.client_share), array_fill(NULL::text, ARRAY[count(*)::integer]),
            array_agg(round(100 * p.revenue_share, 1) ORDER BY p.client_share), words ->> 'pareto', (
                SELECT string_agg(clientcore.filled(words ->> 'pareto_class', k.abc_class, clientcore.number_text(k.client_count, locale), clientcore.number_text(k.revenue_12m_amount, locale, 0)), '; ' ORDER BY k.abc_class)
                FROM jsonb_to_recordset(data -> 'classes') k (abc_class text, client_count numeric, revenue_12m_amount numeric)), ' %', locale))
        FROM jsonb_to_recordset(data -> 'pareto') p (client_share numeric, revenue_share numeric))) || '</div><p>' || coalesce((
            SELECT clientcore.html_escape(string_agg(clientcore.filled(words ->> 'pareto_class', k.abc_class, clientcore.number_text(k.client_count, locale), clientcore.number_text(k.revenue_12m_amount, locale, 0)), '; ' ORDER BY k.abc_class))
            FROM jsonb_to_recordset(data -> 'classes') k (abc_class text, client_count numeric, revenue_12m_amount numeric)), '') || '</p>'),
    clientcore.report_section('ladder', words ->> 'ladder', words ->> 'ladder_intro', '<div class="charts">' || concat((
        SELECT clientcore.report_figure(words ->> 'ladder_ever', clientcore.chart_funnel(array_agg(coalesce(words ->> ('stage_' || l.loyalty_stage), l.loyalty_stage) ORDER BY l.loyalty_rank),
            array_agg(l.ever_count ORDER BY l.loyalty_rank), words ->> 'ladder_ever', words ->> 'ladder_intro', '', locale))
        FROM jsonb_to_recordset(data -> 'ladder') l (loyalty_stage text, loyalty_rank integer, ever_count numeric) WHERE l.loyalty_rank >= 4), (
        SELECT clientcore.report_figure(words ->> 'ladder_now', clientcore.chart_bars(array_agg(coalesce(words ->> ('stage_' || l.loyalty_stage), l.loyalty_stage) ORDER BY l.loyalty_rank),
            array_agg(l.client_count ORDER BY l.loyalty_rank), words ->> 'ladder_now', words ->> 'ladder_intro', '', locale))
        FROM jsonb_to_recordset(data -> 'ladder') l (loyalty_stage text, loyalty_rank integer, client_count numeric))) || '</div>'),
    clientcore.report_section('flow', words ->> 'flow', words ->> 'flow_intro', '<div class="charts">' || concat((
        SELECT clientcore.report_figure(words ->> 'flow_moves', clientcore.chart_line(array_agg(to_char(f.month_date, 'YYYY-MM') ORDER BY s.n, f.month_date), array_agg(words ->> ('flow_' || s.name) ORDER BY s.n, f.month_date),
            array_agg(s.amount ORDER BY s.n, f.month_date), words ->> 'flow_moves', words ->> 'flow_intro', '', locale))
        FROM jsonb_to_recordset(data -> 'flow') f (month_date date, new_count numeric, returned_count numeric, lost_count numeric),
            LATERAL (VALUES (1, 'new', f.new_count), (2, 'returned', f.returned_count), (3, 'lost', f.lost_count)) s (n, name, amount)), (
        SELECT clientcore.report_figure(words ->> 'flow_clients', clientcore.chart_line(array_agg(to_char(f.month_date, 'YYYY-MM') ORDER BY s.n, f.month_date), array_agg(words ->> ('flow_' || s.name) ORDER BY s.n, f.month_date),
            array_agg(s.amount ORDER BY s.n, f.month_date), words ->> 'flow_clients', words ->> 'flow_intro', '', locale))
        FROM jsonb_to_recordset(data -> 'flow') f (month_date date, end_count numeric, retained_count numeric),
            LATERAL (VALUES (1, 'end', f.end_count), (2, 'retained', f.retained_count)) s (n, name, amount)), (
        SELECT clientcore.report_figure(words ->> 'cohorts', clientcore.chart_heatmap(array_agg(to_char(c.cohort_date, 'YYYY-MM') ORDER BY c.cohort_date, c.month_number), array_agg(c.month_number::text ORDER BY c.cohort_date, c.month_number),
            array_agg(round(100 * c.retention_share) ORDER BY c.cohort_date, c.month_number), words ->> 'cohorts', words ->> 'cohorts_intro', '', locale))
        FROM jsonb_to_recordset(data -> 'cohorts') c (cohort_date date, month_number integer, retention_share numeric) HAVING count(*) > 0)) || '</div><p>' || clientcore.html_escape(words ->> 'cohorts_intro') || '</p>'),
    clientcore.report_section('concentration', words ->> 'concentration', words ->> 'concentration_intro', (
        SELECT clientcore.report_table(ARRAY[words ->> 'measure', words ->> 'value', words ->> 'sound', words ->> 'judgement'], '{f,t,t,f}',
            jsonb_agg(jsonb_build_array(coalesce(words ->> ('concentration_' || c.measure), c.measure), clientcore.report_value(c.value, c.unit, locale),
                CASE WHEN c.target_from IS NULL THEN '≤ ' ELSE clientcore.report_value(c.target_from, c.unit, locale) || ' … ' END || clientcore.report_value(c.target_to, c.unit, locale),
                CASE WHEN coalesce(c.target_from, c.target_to) IS NULL THEN '' WHEN c.is_within THEN words ->> 'within' ELSE words ->> 'outside' END) ORDER BY c.measure_rank))
        FROM jsonb_to_recordset(data -> 'concentration') c (measure text, measure_rank integer, value numeric, unit text, target_from numeric, target_to numeric, is_within boolean) WHERE c.value IS NOT NULL)),
    clientcore.report_section('models', words ->> 'models', words ->> 'models_intro', (
        SELECT clientcore.report_table(ARRAY[words ->> 'model', words ->> 'fit', words ->> 'clients', words ->> 'parameters'], '{f,f,t,f}',
            jsonb_agg(jsonb_build_array(m.kind, CASE WHEN m.is_used THEN words ->> 'model_used' ELSE (words ->> 'model_unused') || coalesce(': ' || m.failure, '') END, clientcore.number_text(m.client_count, locale),
                (SELECT string_agg(p.key || ' = ' || clientcore.number_text(round(p.value::numeric, 3), locale, 3), '; ' ORDER BY p.key) FROM jsonb_each_text(nullif(m.parameters, 'null')) p)) ORDER BY m.kind))
        FROM jsonb_to_recordset(data -> 'models') m (kind text, is_used boolean, failure text, client_count bigint, parameters jsonb))));
    RETURN concat('<!DOCTYPE html>', E'\n', '<html lang="', clientcore.html_escape(coalesce(words ->> 'language', 'en')), '"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>', clientcore.html_escape(clientcore.filled(words ->> 'title', data ->> 'base')), '</title><style>', clientcore.report_style(),
        '</style></head>', E'\n', '<body><header><h1>', clientcore.html_escape(clientcore.filled(words ->> 'title', data ->> 'base')), '</h1><p>',
        clientcore.html_escape(clientcore.filled(words ->> 'subtitle', as_of, clientcore.number_text((data #>> '{state,client_count}')::numeric, locale), clientcore.number_text((data #>> '{state,revenue_12m_amount}')::numeric, locale, 0))),
        '</p></header>', E'\n', '<main>', body, '</main>', E'\n', '<footer>', clientcore.html_escape(words ->> 'footer'), '</footer></body></html>', E'\n');
END
$$;
COMMENT ON FUNCTION clientcore.report_page(jsonb, jsonb, text) IS
'Internal: the page of a report, from its data and the words of a language';

CREATE FUNCTION clientcore.base_report_data(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    data jsonb;
BEGIN
    EXECUTE format('SELECT clientcore.report_parts(NULL::%I.clients)', base) INTO data;
    RETURN data;
END
$$;
COMMENT ON FUNCTION clientcore.base_report_data(text, jsonb) IS
'Internal: the data of the report';

CREATE FUNCTION clientcore.base_report(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    page text;
BEGIN
    EXECUTE format('SELECT clientcore.report_page(clientcore.report_parts(NULL::%1$I.clients), clientcore.report_words(NULL::%1$I.clients, $1), $1)', base)
    INTO page USING arguments ->> 'locale';
    RETURN to_jsonb(page);
END
$$;
COMMENT ON FUNCTION clientcore.base_report(text, jsonb) IS
'Internal: the report as a page in HTML';
