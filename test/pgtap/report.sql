-- The report: its data against the views, its page in four languages, whatever clients are
-- called; and the charts that it is made of.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql
SELECT set_config('search_path', 'public, clientcore', true);

-- --- words and numbers ---

SELECT results_eq($$SELECT number_text(n::numeric, l) FROM (VALUES ('1234567.891', 'en'), ('1234567.891', 'et'), ('-12345.6', 'ru'), ('0.25', 'ka'), ('12.34', 'en_GB'), ('99.95', 'en'), ('0', 'en'), ('-0.001', 'en'), ('NaN', 'et'), ('7', 'xx')) v (n, l)$$,
    ARRAY['1,234,568', U&'1\00A0234\00A0568', U&'−12\00A0346', '0,25', '12.3', '100.0', '0', '0.00', 'NaN', '7'], 'numbers as people write them');
SELECT is(number_text(1234.5, 'et', 2), U&'1\00A0234,50', 'with so many decimals');
SELECT is(number_text(NULL), NULL, 'nothing of nothing');
SELECT results_eq($$SELECT date_text('2024-03-09', l) FROM unnest(ARRAY['en', 'et', 'ka_GE', 'ru']) l$$, ARRAY['2024-03-09', '09.03.2024', '09.03.2024', '09.03.2024'], 'days as people write them');
SELECT is(html_escape(E'<a href="x">&''\x07</a>'), '&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;', 'what is escaped, and what is left out');
SELECT is(html_escape(NULL), NULL, 'nothing of nothing');
-- every label in every language, with as many places for what is put in
SELECT is((SELECT count(DISTINCT language) FROM default_report_labels()), 4::bigint, 'four languages');
SELECT is_empty($$SELECT a.label, l.language FROM default_report_labels() a CROSS JOIN (VALUES ('en'), ('et'), ('ka'), ('ru')) l (language)
    LEFT JOIN default_report_labels() b ON b.label = a.label AND b.language = l.language
    WHERE coalesce(b.words, '') = '' OR regexp_count(b.words, '%s') <> regexp_count(a.words, '%s')$$, 'each label has words in each');
SELECT is_empty($$SELECT label, language FROM default_report_labels() GROUP BY 1, 2 HAVING count(*) > 1$$, 'once');

-- --- charts ---

-- A chart is XML, and says what it shows; its data can be read from it.
CREATE FUNCTION pg_temp.data_of(chart text) RETURNS numeric[] LANGUAGE sql AS $$
SELECT array_agg(x::text::numeric ORDER BY n) FROM unnest(xpath('//@data-value', chart::xml)) WITH ORDINALITY AS d (x, n)
$$;
CREATE TEMP TABLE chart AS
SELECT 'bars' AS name, chart_bars(ARRAY['Birch & <Sons>', 'a "b"', NULL, 'd'], ARRAY[10, -5.5, 3, NULL], 'T <1>', 'what''s shown', ' €', 'et') AS drawn, ARRAY[10, -5.5, 3] AS amounts
UNION ALL SELECT 'line', chart_line(ARRAY['1', '2', '3', '1', '3'], ARRAY['new', 'new', 'new', 'lost', 'lost'], ARRAY[5, 0, 12, 1, -2], 'L'), ARRAY[5, 0, 12, 1, -2]
UNION ALL SELECT 'one point', chart_line(ARRAY['1'], ARRAY[NULL], ARRAY[0], 'P'), ARRAY[0]
UNION ALL SELECT 'heatmap', chart_heatmap(ARRAY['A', 'A', 'B', 'B'], ARRAY['X', 'Y', 'X', 'Y'], ARRAY[1, 2, NULL, 40], 'H', unit => ' %'), ARRAY[1, 2, 40]
UNION ALL SELECT 'funnel', chart_funnel(ARRAY['one', 'two', 'three'], ARRAY[1000, 250, 0], 'F'), ARRAY[1000, 250, 0]
UNION ALL SELECT 'huge', chart_bars(ARRAY['a', 'b'], ARRAY[1e30, -1e30], 'B'), ARRAY[1e30, -1e30]
UNION ALL SELECT 'tiny', chart_line(ARRAY['a', 'b'], ARRAY['x', 'x'], ARRAY[1e-9, 2e-9], 'B'), ARRAY[1e-9, 2e-9]
UNION ALL SELECT 'zeros', chart_heatmap(ARRAY['a', 'b'], ARRAY['x', 'x'], ARRAY[0, 0], 'N'), ARRAY[0, 0]
UNION ALL SELECT 'bars not finite', chart_bars(ARRAY['a', 'b', 'c', 'd'], ARRAY['NaN', 'Infinity', '-Infinity', 7]::numeric[], 'N', unit => NULL), ARRAY[7]
UNION ALL SELECT 'not finite', chart_heatmap(ARRAY['a', 'b', 'c'], ARRAY['x', 'x', 'x'], ARRAY['NaN', 'Infinity', 7]::numeric[], 'N'), ARRAY[7];
SELECT is(pg_temp.data_of(drawn), amounts::numeric[], name || ': its data') FROM chart;
SELECT is_empty($$SELECT name FROM chart WHERE NOT (xpath_exists('/*[local-name() = "svg"][@role = "img"][@aria-label != ""]/*[local-name() = "title"]', drawn::xml))$$, 'each has its title');
SELECT is_empty($$SELECT name, x FROM chart, unnest(xpath('//@*[contains(., "NaN") or contains(., "Infinity")]', drawn::xml)) x$$, 'nothing is drawn at no place');
SELECT is_empty($$SELECT name FROM chart WHERE drawn ~ ' (x|y|width|height|cx|cy|fill-opacity)=""'$$, 'nor without one');
SELECT ok(position('Birch &amp; &lt;Sons&gt;' IN drawn) > 0 AND position('<Sons>' IN drawn) = 0 AND position(U&'-5,5' IN translate(drawn, '−', '-')) > 0, 'names are escaped, numbers as in the locale') FROM chart WHERE name = 'bars';
SELECT ok(drawn LIKE '%↓ 25 \%%' AND drawn LIKE '%↓ 0 \%%', 'a funnel says what share went on') FROM chart WHERE name = 'funnel';
SELECT is(pg_temp.data_of(chart_line(ARRAY['a', 'a', 'b'], ARRAY['s', 's', 's'], ARRAY[2, 1, 3], 'L')), ARRAY[2, 1, 3]::numeric[], 'points of one label keep their order');
SELECT ok(chart_funnel(ARRAY['a', 'b', 'c'], ARRAY[100, NULL, 50], 'F') NOT LIKE '%50 \%%', 'over a step that is not known no share goes on');
SELECT is(length(number_text(repeat('9', 100000)::numeric)), 133333, 'the longest numbers too');
SELECT is(pg_temp.data_of(c), NULL, 'of nothing there is a picture of nothing') FROM (VALUES (chart_bars('{}', '{}', 'e')), (chart_line('{}', '{}', '{}', 'e')), (chart_heatmap('{}', '{}', '{}', 'e')), (chart_funnel('{}', '{}', 'e')), (chart_bars(NULL, NULL, NULL))) v (c);
SELECT is(pg_temp.sqlstate_of(statement), state, statement) FROM (VALUES
    ($$SELECT clientcore.chart_bars(ARRAY['a'], ARRAY[1, 2], 't')$$, '2202E'), ($$SELECT clientcore.chart_funnel(ARRAY['a'], NULL, 't')$$, '2202E'),
    ($$SELECT clientcore.chart_line(ARRAY['a'], ARRAY['s', 't'], ARRAY[1], 't')$$, '2202E'), ($$SELECT clientcore.chart_heatmap(ARRAY['a'], ARRAY['s'], ARRAY[1, 2], 't')$$, '2202E'),
    ($$SELECT clientcore.chart_bars(array_fill('a'::text, ARRAY[201]), array_fill(1.0, ARRAY[201]), 't')$$, '54000'),
    ($$SELECT clientcore.chart_line(ARRAY['1','2','3','4','5','6'], ARRAY['1','2','3','4','5','6'], ARRAY[1,2,3,4,5,6], 't')$$, '54000')) v (statement, state);

-- --- a base whose clients are called anything ---

CREATE TABLE trade AS
SELECT CASE n % 40 WHEN 0 THEN '<script>alert(1)</script>' WHEN 1 THEN '"quoted" & ''co''' WHEN 2 THEN E'tab\tand\x01bell' WHEN 3 THEN 'მაღაზია №3' ELSE 'c' || n % 40 END AS client,
    date '2022-01-03' + n * 13 % 900 AS day, (20 + n * n % 300) * (1 + (n + 35) % 40)::numeric AS amount, (n * n % 100)::numeric AS profit
FROM generate_series(1, 1500) AS n WHERE n % 40 NOT IN (2, 10, 11, 12) OR n * 13 % 900 < 500;
CALL clientcore.attach('odd, "50%s"', 'trade', client => 'client', sold_at => 'day', amount => 'amount', profit => 'profit', build => false);
SELECT pg_temp.refresh('odd, "50%s"') \g /dev/null
CREATE TEMP TABLE page AS SELECT l AS locale, clientcore.report('odd, "50%s"', l) AS html FROM unnest(ARRAY['en', 'et', 'ka', 'ru', 'ru_RU', 'fi']) l;
CREATE TEMP TABLE data AS SELECT clientcore.report_data('odd, "50%s"') AS d;
SELECT is_empty($$SELECT locale FROM page WHERE html !~ '^<!DOCTYPE html>\n<html lang="[a-z]{2}">' OR html !~ '</html>\n$'$$, 'a page in every language');
SELECT is_empty($$SELECT locale FROM page WHERE xpath('count(//*[local-name() = "section"])', replace(substr(html, strpos(html, '<main>'), strpos(html, '</main>') + 7 - strpos(html, '<main>')), '&nbsp;', ' ')::xml) IS NULL$$, 'whose parts close what they open');
SELECT is_empty($$SELECT locale FROM page WHERE html ~* '<script|javascript:| on[a-z]+=|https?://(?!www\.w3\.org/2000/svg)|<link|<img|@import|url\('$$, 'which runs nothing and asks for nothing');
SELECT ok(html LIKE '%&lt;script&gt;alert(1)&lt;/script&gt;%' AND html LIKE '%&quot;quoted&quot; &amp; &#39;co&#39;%' AND html LIKE '%მაღაზია №3%' AND html NOT LIKE E'%\x01%', 'names as they are') FROM page WHERE locale = 'en';
SELECT ok(html LIKE '%Clients of odd, &quot;50\%s&quot;%', 'that of the base too') FROM page WHERE locale = 'en';
SELECT is_empty($$SELECT locale, m FROM page, regexp_matches(html, '(>[^<]*%s[^<]*<)', 'g') m WHERE m::text NOT LIKE '%50\%s%'$$, 'no place is left empty');
SELECT is((SELECT html FROM page WHERE locale = 'ru'), (SELECT html FROM page WHERE locale = 'ru_RU'), 'a language is told by its beginning');
SELECT is((SELECT html FROM page WHERE locale = 'en'), (SELECT html FROM page WHERE locale = 'fi'), 'one that nobody added is English');
INSERT INTO "odd, ""50%s""".report_label VALUES ('fi', 'headline', 'Kuukausi lukuina'), ('fi', 'language', 'fi');
SELECT ok(clientcore.report('odd, "50%s"', 'fi') LIKE '%<html lang="fi">%<h2>What changed%<h2>Kuukausi lukuina</h2>%', 'a language can be added');
UPDATE "odd, ""50%s""".report_label SET words = '100 %, %1$s <b> %n %s' WHERE language = 'fi' AND label = 'headline';
INSERT INTO "odd, ""50%s""".report_label VALUES ('fi', 'title', 'Asiakkaat 100 %: %s, %s, %1$I');
SELECT ok(clientcore.report('odd, "50%s"', 'fi') LIKE '%<h1>Asiakkaat 100 \%: odd, &quot;50\%s&quot;, , \%1$I</h1>%', 'whatever words hold');
SELECT is(date_text('0044-03-15 BC'), '0044-03-15 BC', 'a day long ago');
SELECT is(date_text('12345-01-02', 'et'), '02.01.12345', 'and one far off');
SELECT is(clientcore.report_change(100.3, 100, 'amount', true, '{"same": "same"}', 'en'), '= same', 'a change that the figure does not show is none');
SELECT is(clientcore.report('odd, "50%s"'), (SELECT html FROM page WHERE locale = 'en'), 'the same base, the same page');
SET LOCAL TimeZone = 'Pacific/Kiritimati';
SET LOCAL DateStyle = 'German';
SET LOCAL lc_numeric = 'C';
SET LOCAL work_mem = '64kB';
SELECT is(clientcore.report('odd, "50%s"'), (SELECT html FROM page WHERE locale = 'en'), 'whatever the session');
RESET TimeZone;
RESET DateStyle;
RESET work_mem;

-- --- the data are those of the views ---

SELECT set_eq('SELECT jsonb_object_keys(d) FROM data', ARRAY['base', 'state', 'sums', 'headline', 'changes', 'due', 'key_clients', 'at_risk', 'lost', 'lost_sums', 'win_back', 'matrix', 'pareto', 'classes', 'ladder', 'flow',
    'cohorts', 'concentration', 'models', 'campaigns'], 'what the report holds');
SELECT results_eq($$SELECT x ->> 'measure', (x ->> 'value')::numeric FROM data, jsonb_array_elements(d -> 'headline') x$$,
    $$SELECT measure, value FROM "odd, ""50%s""".kpis WHERE month_date = (SELECT max(month_date) FROM "odd, ""50%s""".kpis WHERE is_complete_month) AND value IS NOT NULL ORDER BY measure_rank$$, 'headline: of the last month that is over');
SELECT results_eq($$SELECT x ->> 'client', (x ->> 'revenue_12m_amount')::numeric FROM data, jsonb_array_elements(d -> 'key_clients') x$$,
    $$SELECT client_id, revenue_12m_amount FROM "odd, ""50%s""".key_clients WHERE NOT is_lost ORDER BY key_rank LIMIT 20$$, 'key clients that are not lost');
SELECT results_eq($$SELECT abs((x ->> 'difference_amount')::numeric) FROM data, jsonb_array_elements(d -> 'changes') x$$,
    $$SELECT abs(difference_amount) FROM "odd, ""50%s""".key_client_changes ORDER BY 1 DESC LIMIT 12$$, 'the largest changes');
SELECT results_eq($$SELECT (d #>> '{sums,change_count}')::bigint, (d #>> '{sums,key_client_count}')::bigint, (d #>> '{sums,at_risk_count}')::bigint, (d #>> '{sums,at_risk_amount}')::numeric, (d #>> '{sums,win_back_count}')::bigint, (d #>> '{sums,due_count}')::bigint FROM data$$,
    $$SELECT (SELECT count(*) FROM "odd, ""50%s""".key_client_changes), (SELECT count(*) FROM "odd, ""50%s""".key_clients WHERE status <> 'lost'), count(*), sum(revenue_at_risk_amount),
        (SELECT count(*) FROM "odd, ""50%s""".win_back_list), (SELECT count(*) FROM "odd, ""50%s""".care_due) FROM "odd, ""50%s""".at_risk_clients$$, 'how many there are of each');
SELECT ok(html LIKE format('%%<li>About to be lost: %s, with %s a year at stake. Call first: %s%%', d #>> '{sums,at_risk_count}', number_text((d #>> '{sums,at_risk_amount}')::numeric, 'en', 0), html_escape(d #>> '{at_risk,0,client}')),
    'in short, whom to call') FROM page, data WHERE locale = 'en';
SELECT is(html ~ 'The first 12 of', (SELECT count(*) > 12 FROM "odd, ""50%s""".at_risk_clients) OR (SELECT count(*) > 12 FROM "odd, ""50%s""".win_back_list) OR (SELECT count(*) > 12 FROM "odd, ""50%s""".key_client_changes), 'a list that goes on says so') FROM page WHERE locale = 'en';
SELECT is_empty($$SELECT locale FROM page WHERE html ~ '>Manager<|data-label="Manager"'$$, 'a column that says nothing is left out');
SELECT results_eq($$SELECT x ->> 'client', (x ->> 'revenue_at_risk_amount')::numeric FROM data, jsonb_array_elements(d -> 'at_risk') x$$,
    $$SELECT client_id, revenue_at_risk_amount FROM "odd, ""50%s""".at_risk_clients ORDER BY 2 DESC, 1 LIMIT 12$$, 'at risk');
SELECT results_eq($$SELECT x ->> 'client', (x ->> 'expected_value_amount')::numeric FROM data, jsonb_array_elements(d -> 'win_back') x$$,
    $$SELECT client_id, expected_value_amount FROM "odd, ""50%s""".win_back_list LIMIT 12$$, 'win back');
SELECT is((SELECT sum((x ->> 'client_count')::bigint) FROM data, jsonb_array_elements(d -> 'matrix') x), (SELECT count(*)::numeric FROM "odd, ""50%s""".clients WHERE NOT is_lost), 'matrix: clients not lost');
SELECT is((SELECT count(*) FROM data, jsonb_array_elements(d -> 'matrix') x), 12::bigint, 'in twelve cells');
SELECT is((SELECT string_agg(x ->> 'revenue_share', ' ' ORDER BY (x ->> 'client_share')::numeric) FROM data, jsonb_array_elements(d -> 'pareto') x WHERE (x ->> 'client_share')::numeric IN (0, 1)), '0 1.00000000', 'Pareto: from nothing to all');
SELECT results_eq($$SELECT (x ->> 'revenue_share')::numeric FROM data, jsonb_array_elements(d -> 'pareto') x WHERE (x ->> 'client_share')::numeric = 0.2$$,
    $$SELECT round(sum(revenue) / (SELECT sum(greatest(revenue_12m_amount, 0)) FROM "odd, ""50%s""".clients WHERE NOT is_lost), 8) FROM (
        SELECT greatest(revenue_12m_amount, 0) AS revenue FROM "odd, ""50%s""".clients WHERE NOT is_lost ORDER BY revenue_12m_amount DESC, client_id LIMIT (SELECT round(count(*) * 0.2) FROM "odd, ""50%s""".clients WHERE NOT is_lost)) c$$, 'of a fifth of the clients');
SELECT cmp_ok(jsonb_array_length(d -> 'flow'), '<=', 24, 'two years of flow') FROM data;
SELECT is_empty($$SELECT x FROM data, jsonb_array_elements(d -> 'flow') x WHERE (x ->> 'start_count')::int + (x ->> 'new_count')::int + (x ->> 'returned_count')::int - (x ->> 'lost_count')::int <> (x ->> 'end_count')::int$$, 'which adds up');
-- every chart of the page has its data
SELECT is((SELECT array_agg(v::text::numeric ORDER BY n) FROM page, unnest(xpath('//*[local-name() = "svg"][@aria-label = "Ever reached"]//@data-value', substr(html, strpos(html, '<main>'), strpos(html, '</main>') + 7 - strpos(html, '<main>'))::xml)) WITH ORDINALITY u (v, n) WHERE locale = 'en'),
    (SELECT array_agg(ever_count::numeric ORDER BY loyalty_rank) FROM "odd, ""50%s""".loyalty_ladder WHERE loyalty_rank >= 4), 'the funnel of the page');
SELECT is_empty($$SELECT locale, xpath('string(./@aria-label)', s) FROM page, unnest(xpath('//*[local-name() = "svg"]', substr(html, strpos(html, '<main>'), strpos(html, '</main>') + 7 - strpos(html, '<main>'))::xml)) s
    WHERE NOT xpath_exists('//@data-value', s)$$, 'no chart is empty');

-- --- an empty base, and who may see it ---

CREATE TABLE nothing (client text, day date, amount numeric);
CALL clientcore.attach('bare', 'nothing', client => 'client', sold_at => 'day', amount => 'amount', build => false);
SELECT ok(clientcore.report('bare') LIKE '<!DOCTYPE html>%</html>%', 'a page of nothing, before the first refresh');
SELECT pg_temp.refresh('bare') \g /dev/null
SELECT ok(clientcore.report('bare', 'ka') LIKE '<!DOCTYPE html>%</html>%', 'and after it');
SELECT is(pg_temp.sqlstate_of(statement), state, statement) FROM (VALUES ($$SELECT clientcore.report('no such')$$, '3F000'), ($$SELECT clientcore.report(NULL)$$, '22004'), ($$SELECT clientcore.report('bare', NULL)$$, '22004'),
    ($$SELECT clientcore.report_data('no such')$$, '3F000')) v (statement, state);
SELECT current_setting('is_superuser')::boolean AS may_create \gset
\if :may_create
CREATE ROLE cc_report_reader;
CREATE ROLE cc_report_stranger;
CALL clientcore.grant_read('bare', 'cc_report_reader');
SET LOCAL ROLE cc_report_reader;
SELECT ok(clientcore.report('bare') LIKE '<!DOCTYPE html>%', 'a reader may have the report');
SELECT is(pg_temp.sqlstate_of('SELECT count(*) FROM bare.history'), '42501', 'who may not see what is beneath');
SET LOCAL ROLE cc_report_stranger;
SELECT is(pg_temp.sqlstate_of($$SELECT clientcore.report('bare')$$), '42501', 'a stranger may not');
RESET ROLE;
\else
SELECT skip('roles need a superuser', 3);
\endif

SELECT * FROM finish();
ROLLBACK;
