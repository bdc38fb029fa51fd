-- The rules that all views of a base keep: types, names, comments, ranks, flags, who may
-- read them, twins. Over a base with a name that needs quoting, random sales, guests,
-- marks, places and amounts near the limit; and over an empty one.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql
\ir common/random_sales.psql
SELECT current_setting('is_superuser')::boolean AS may_create \gset

CREATE TABLE sold AS SELECT client, sold_on, amount, profit FROM sale WHERE client <= 'r0160';
INSERT INTO sold SELECT NULL, date '2021-01-01' + i, 10 * i, NULL FROM generate_series(1, 50) AS i;
INSERT INTO sold VALUES
    ('giant', '2020-01-01', 900000000000000, 1), ('giant', '2020-06-01', 900000000000000, 1),
    ('refunded', '2020-03-01', 900000000000000, 1), ('refunded', '2021-06-01', -900000000000000, 1),
    ('odd, "50%s"', '2021-05-01', 70, 1), ('dear', '2021-02-01', 50, -10), ('dear', '2021-05-01', 60, -20), ('dear', '2021-06-25', 60, -20);
-- product lines; one is not sold any more
ALTER TABLE sold ADD line text;
UPDATE sold SET line = CASE WHEN sold_on < '2020-09-01' AND hashtext(client || 'l') % 2 = 0 THEN 'old'
    ELSE (ARRAY['tools', 'toys', 'food'])[1 + abs(hashtext(client || amount)) % 4] END;
CALL clientcore.attach('odd, "50%s"', 'sold', client => 'client', sold_at => 'sold_on', amount => 'amount', profit => 'profit', breakdown => 'line', build => false);
UPDATE "odd, ""50%s""".settings SET as_of = '2021-06-30';
INSERT INTO "odd, ""50%s""".client_mark
SELECT DISTINCT ON (client) client, (ARRAY['vocal', 'image_maker', 'expert', 'protected'])[1 + length(client || amount) % 4], 'a reason', NULL
FROM sold WHERE client LIKE 'r00%' ORDER BY client, sold_on;
SELECT pg_temp.refresh('odd, "50%s"') \g /dev/null
-- who looks after whom; unknown of a third
CREATE TABLE people AS
SELECT client, 'client ' || client AS name, (ARRAY['Ann', 'Bob'])[hashtext(client) % 3] AS manager, (ARRAY['shops', 'schools'])[hashtext(client || 's') % 3] AS segment,
    (ARRAY['north', 'south'])[hashtext(client || 'r') % 3] AS region, date '1980-07-01' + abs(hashtext(client || 'b')) % 365 AS born
FROM (SELECT DISTINCT client FROM sold WHERE client IS NOT NULL UNION VALUES ('prospect'), ('another')) c;
CREATE TABLE talks AS
SELECT client, date '2021-06-30' - 13 * n - abs(hashtext(client || n)) % 9 AS at, (ARRAY['complaint', 'suggestion', 'request', 'contact', 'promise', 'survey', 'concession', 'no such'])[1 + abs(hashtext(client || n || 'k')) % 8] AS kind,
    date '2021-07-05' - n AS due, CASE WHEN n % 2 = 0 THEN date '2021-07-03' - n END AS resolved, CASE WHEN n % 4 = 0 THEN date '2021-07-03' - n END AS explained,
    n % 5 AS score, (ARRAY['Brand', 'trust and safety', 'people'])[1 + n % 3] AS element, CASE WHEN n % 3 = 0 THEN 10 * n ELSE -n END AS amount, n % 2 = 0 AS ours
FROM people, generate_series(1, 12) n WHERE hashtext(client || 't') % 2 = 0;
SELECT clientcore.attach_care('odd, "50%s"', 'people', 'people'::regclass, 'clients',
    '{"client": "client", "name": "name", "manager": "manager", "segment": "segment", "region": "region", "birthday": "born"}', 'public'),
    clientcore.attach_care('odd, "50%s"', 'talks', 'talks'::regclass, 'interactions',
    '{"client": "client", "at": "at", "kind": "kind", "due_at": "due", "resolved_at": "resolved", "explained_at": "explained", "score": "score", "element": "element", "amount": "amount", "our_initiative": "ours"}', 'public') \g /dev/null
INSERT INTO "odd, ""50%s""".offer (name, kind, valid_from) VALUES ('gift', 'gift', '2021-06-01');
INSERT INTO "odd, ""50%s""".share_grant (client_id, shares, granted_on) SELECT client, 10, '2020-07-02' FROM people;
INSERT INTO "odd, ""50%s""".target SELECT 'revenue_amount', month_date, 1000 FROM "odd, ""50%s""".client_flow;
SELECT pg_temp.refresh('odd, "50%s"') \g /dev/null
-- a campaign that is over by now
CALL clientcore.start_campaign('odd, "50%s"', 'odd, "50%s"', 'clients', offer => 'gift', holdout => 0.3, cost_per_client => 1);
UPDATE "odd, ""50%s""".campaign SET frozen_on = '2021-01-31', ends_on = '2021-06-15';
SELECT pg_temp.refresh('odd, "50%s"') \g /dev/null

CREATE TABLE unsold (client integer, sold_on date, amount numeric);
CALL clientcore.attach('empty', 'unsold', client => 'client', sold_at => 'sold_on', amount => 'amount', build => false);
SELECT pg_temp.refresh('empty') \g /dev/null

CREATE TEMP TABLE view AS
SELECT c.oid, c.relname::text AS name, c.relname LIKE '%\_by' AS is_twin
FROM pg_class c WHERE c.relnamespace = '"odd, ""50%s"""'::regnamespace AND c.relkind = 'v';
CREATE TEMP TABLE attribute AS
SELECT v.name AS view, v.is_twin, a.attname::text AS name, a.attnum AS place, a.atttypid::regtype AS type, a.atttypmod AS modifier,
    format_type(a.atttypid, a.atttypmod) AS full_type, col_description(v.oid, a.attnum) AS comment, a.attcollation
FROM view v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
WHERE v.name <> 'client_history';

-- What the views say, once for all that is asked of their rows.
DO $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT name FROM view WHERE name <> 'client_history' LOOP
        EXECUTE format('CREATE TEMP TABLE %1$I AS SELECT * FROM "odd, ""50%%s""".%1$I', one);
    END LOOP;
END
$$;

-- What a query says of every view or column for which it is asked, where that is not null or empty.
CREATE FUNCTION pg_temp.said(query text, asked text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    one record;
    answer text;
BEGIN
    FOR one IN EXECUTE asked LOOP
        EXECUTE format(query, 'pg_temp', one.view::text, one.name::text) INTO answer;
        IF answer <> '' THEN
            RETURN NEXT format('%s.%s: %s', one.view, one.name, answer);
        END IF;
    END LOOP;
END
$$;

-- --- which views ---

SELECT set_eq('SELECT name::text FROM view', ARRAY['client_history', 'clients', 'key_clients', 'key_client_changes', 'kpis', 'kpis_by', 'client_months', 'calendar',
    'abc_xyz_matrix', 'abc_xyz_matrix_by', 'loyalty_ladder', 'loyalty_ladder_by', 'rfm_segments', 'rfm_segments_by', 'concentration', 'concentration_by',
    'client_flow', 'client_flow_by', 'retention_cohorts', 'retention_cohorts_by', 'class_migration', 'class_migration_by',
    'lost_clients', 'lost_dynamics', 'lost_dynamics_by', 'lost_origins', 'lost_origins_by', 'win_back_list', 'at_risk_clients', 'next_purchases',
    'campaign_results', 'campaign_results_by', 'campaign_clients', 'campaign_lessons', 'campaign_export_1',
    'growth_candidates', 'let_go_candidates', 'models', 'client_interactions', 'dossier', 'prospects', 'care_due', 'feedback_response', 'feedback_response_by',
    'manager_portfolio', 'relationship_scores', 'relationship_scores_by', 'council_candidates', 'loyal_but_ignored', 'concession_balance', 'concession_balance_by',
    'offer_eligibility', 'client_breadth', 'client_groups', 'partial_losses', 'cross_sell_gaps', 'channel_mix', 'channel_mix_by'], 'the views');
SELECT set_eq('SELECT name::text FROM view', $$SELECT name FROM clientcore.layout_objects() WHERE kind = 'VIEW' UNION ALL SELECT name FROM clientcore.exports_of('odd, "50%s"')$$, 'are those that detach and grant_read know');
SELECT is_empty($$SELECT * FROM pg_temp.said('SELECT CASE WHEN count(*) = 0 THEN ''empty'' END FROM %1$s.%2$I', 'SELECT DISTINCT view, ''rows'' AS name FROM attribute') AS s$$,
    'none is empty here');

-- --- columns ---

SELECT is_empty($$SELECT view, name, full_type FROM attribute
    WHERE name <> 'client_id' AND (type NOT IN ('text', 'smallint', 'integer', 'bigint', 'numeric', 'boolean', 'date', 'timestamptz') OR type = 'numeric'::regtype AND modifier < 0)$$,
    'columns are of types that every BI tool knows');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE name = 'client_id' AND type <> 'text'::regtype$$, 'client_id is of its own type');
SELECT is_empty($$SELECT view, name, attcollation::regcollation FROM attribute WHERE type = 'text'::regtype AND attcollation <> '"default"'::regcollation$$,
    'texts sort as they do elsewhere');
SELECT is_empty($$SELECT view, name FROM attribute WHERE coalesce(comment, '') !~ '^[[:alnum:]].{5,}'$$, 'every column has a comment');
SELECT is_empty($$SELECT name FROM view WHERE coalesce(obj_description(oid, 'pg_class'), '') !~ '^[[:alnum:]].{5,}'$$, 'so has every view');
SELECT is_empty($$SELECT view, name FROM attribute WHERE name !~ '^[a-z][a-z0-9_]*$'$$, 'names are in snake_case');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE (type = 'boolean'::regtype) <> (name LIKE 'is\_%')$$, 'flags, and only flags, are is_');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE (type = 'date'::regtype) <> (name LIKE '%\_date' OR name = 'next_purchase_due')$$, 'dates, and only dates, are _date');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE name LIKE '%\_amount' AND full_type <> 'numeric(28,4)'$$, 'amounts are of one type');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE name LIKE '%\_count' AND type NOT IN ('integer', 'bigint')$$, 'counts are whole');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE name LIKE '%\_days' AND full_type NOT IN ('integer', 'numeric(10,1)')$$, 'days are whole or halves');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE name LIKE '%\_share' AND full_type <> CASE WHEN name IN ('growth_share', 'return_on_cost_share') THEN 'numeric(12,8)' ELSE 'numeric(9,8)' END$$, 'shares are of one type');
SELECT is_empty($$SELECT view, name, full_type FROM attribute WHERE name ~ '_(rank|rung|score)$' AND name NOT IN ('key_rank', 'win_back_rank', 'candidate_rank', 'gap_rank', 'group_rank', 'average_score', 'year_ago_score') AND type <> 'smallint'::regtype$$, 'ranks are small');
SELECT is_empty($$SELECT view, name, full_type FROM attribute
    WHERE type IN ('smallint', 'integer', 'bigint', 'numeric') AND name !~ '_(amount|count|days|share|rank|rung|score)$' AND name <> 'client_id'
        AND (view, name) NOT IN (SELECT v, n FROM (VALUES ('calendar', 'year'), ('calendar', 'quarter'), ('calendar', 'month'),
            -- of the models, by the names of their field
            ('clients', 'p_alive'), ('at_risk_clients', 'p_alive'), ('clients', 'expected_purchases_12m'), ('clients', 'lifetime_value_12m'),
            ('care_due', 'priority'), ('offer_eligibility', 'offer_id'), ('client_interactions', 'score'),
            ('campaign_clients', 'campaign_id'), ('campaign_export_1', 'campaign_id'), ('campaign_results', 'campaign_id'), ('campaign_results_by', 'campaign_id'), ('campaign_lessons', 'chance_factor'),
            ('models', 'value'), ('models', 'standard_error'), ('models', 'log_likelihood'),
            ('calendar', 'week_year'), ('calendar', 'week'), ('calendar', 'weekday')) x (v, n))
        AND (regexp_replace(view, '_by$', ''), name) NOT IN (('retention_cohorts', 'month_number'), ('concentration', 'value'), ('concentration', 'target_from'),
            ('concentration', 'target_to'), ('kpis', 'value'), ('kpis', 'previous_month'), ('kpis', 'year_ago'), ('kpis', 'target'))$$,
    'every number says by its name what it is');
SELECT is_empty($$SELECT a.view, a.name FROM attribute a
    WHERE (a.name ~ '_(class|stage)$' OR a.name IN ('abc_xyz', 'rfm_segment', 'status', 'change', 'breadth_change', 'measure', 'origin', 'origin_value'))
        AND NOT EXISTS (SELECT FROM attribute b WHERE b.view = a.view AND b.name = regexp_replace(a.name, '_(class|stage)$', '') || '_rank' AND b.type = 'smallint'::regtype)$$,
    'every class has its rank beside it');
SELECT is_empty($$SELECT * FROM pg_temp.said('SELECT string_agg(DISTINCT x.class || '' '' || x.rank, '', '') FROM (
        SELECT %3$I AS class, to_jsonb(v) ->> (regexp_replace(%3$L, ''_(class|stage)$'', '''') || ''_rank'') AS rank, count(*) OVER (PARTITION BY %3$I) AS n,
            count(*) OVER (PARTITION BY %3$I, to_jsonb(v) ->> (regexp_replace(%3$L, ''_(class|stage)$'', '''') || ''_rank'')) AS same
        FROM %1$s.%2$I v) x WHERE x.n <> x.same',
    'SELECT view, name FROM attribute WHERE (name ~ ''_(class|stage)$'' OR name IN (''abc_xyz'', ''rfm_segment'', ''status'', ''change'', ''breadth_change'', ''measure'', ''origin'')) AND view NOT LIKE ''class_migration%''') AS s$$,
    'a class has one rank');

-- --- rows ---

SELECT is_empty($$SELECT * FROM pg_temp.said('SELECT CASE WHEN count(*) > 0 THEN count(*) || '' null'' END FROM %1$s.%2$I WHERE %3$I IS NULL',
    'SELECT view, name FROM attribute WHERE name LIKE ''is\_%''') AS s$$, 'flags are never null');
SELECT is_empty($$SELECT * FROM pg_temp.said('SELECT CASE WHEN count(*) > 0 THEN count(*) || '' null'' END FROM %1$s.%2$I WHERE %3$I IS NULL',
    'SELECT view, name FROM attribute WHERE name ~ ''_(class|stage|rung)$'' OR name IN (''client_count'', ''measure'', ''status'', ''month_date'', ''recommended_action'', ''advice'')') AS s$$,
    'nor are classes, numbers of clients, measures, actions');
SELECT is_empty($$SELECT * FROM pg_temp.said('SELECT CASE WHEN min(%3$I) < 0 OR max(%3$I) > 1 THEN min(%3$I) || '' to '' || max(%3$I) END FROM %1$s.%2$I',
    'SELECT view, name FROM attribute WHERE name LIKE ''%\_share'' AND name <> ''growth_share''
        AND name NOT IN (''uplift_share'', ''uplift_from_share'', ''uplift_to_share'', ''return_on_cost_share'')') AS s$$, 'shares are fractions of one');
SELECT is((SELECT count(*) FROM "odd, ""50%s""".clients WHERE profit_12m_share IS NOT NULL), 0::bigint, 'none where it is not known: here of profit');
SELECT is_empty($$SELECT view FROM attribute WHERE name = 'client_id' AND place > 1$$, 'client_id comes first');
SELECT is_empty($$SELECT * FROM pg_temp.said('SELECT CASE WHEN count(*) <> count(DISTINCT client_id) THEN ''more than once'' END FROM %1$s.%2$I',
    'SELECT view, name FROM attribute WHERE name = ''client_id'' AND view NOT IN (''client_months'', ''client_interactions'', ''care_due'', ''offer_eligibility'', ''client_groups'', ''partial_losses'', ''cross_sell_gaps'')') AS s$$, 'and once');
SELECT is((SELECT count(*) FROM pg_temp.client_groups), (SELECT count(DISTINCT (client_id, group_name)) FROM pg_temp.client_groups), 'once a group in client_groups');
SELECT is((SELECT count(*) FROM pg_temp.partial_losses), (SELECT count(DISTINCT (client_id, group_name)) FROM pg_temp.partial_losses), 'once a group in partial_losses');
SELECT is((SELECT count(*) FROM pg_temp.cross_sell_gaps), (SELECT count(DISTINCT (client_id, group_name)) FROM pg_temp.cross_sell_gaps), 'and in cross_sell_gaps');
SELECT is((SELECT count(*) FROM "odd, ""50%s""".client_months), (SELECT count(DISTINCT (client_id, month_date)) FROM "odd, ""50%s""".client_months), 'once a month in client_months');
SELECT is_empty($$SELECT v.name, n.name FROM view v CROSS JOIN (VALUES ('name'), ('manager'), ('segment'), ('region')) n (name)
    WHERE EXISTS (SELECT FROM attribute a WHERE a.view = v.name AND a.name = 'client_id')
        AND NOT EXISTS (SELECT FROM attribute a WHERE a.view = v.name AND a.name = n.name)$$,
    'views of clients have name, manager, segment and region');
SELECT is_empty($$SELECT name FROM view WHERE name <> 'client_history' AND pg_get_viewdef(oid) !~ E'\n  ORDER BY '$$, 'views are in a stable order');
SELECT is_empty($$SELECT v.name, p.oid::regprocedure FROM view v
    JOIN pg_rewrite r ON r.ev_class = v.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.refobjid
    WHERE p.pronamespace NOT IN ('clientcore'::regnamespace, 'pg_catalog'::regnamespace)$$, 'views use no functions of a base');
-- --- twins ---

SELECT set_eq('SELECT regexp_replace(name, ''_by$'', '''') FROM view WHERE is_twin AND name <> ''campaign_results_by''',
    ARRAY['abc_xyz_matrix', 'loyalty_ladder', 'rfm_segments', 'concentration', 'client_flow', 'retention_cohorts', 'class_migration', 'lost_dynamics', 'lost_origins', 'kpis',
        'feedback_response', 'relationship_scores', 'concession_balance', 'channel_mix'],
    'every summary has a twin');
SELECT results_eq($$SELECT regexp_replace(view, '_by$', ''), name, full_type, comment FROM attribute WHERE is_twin AND place > 3 ORDER BY view COLLATE "C", place$$,
    $$SELECT view::text, name, full_type, comment FROM attribute WHERE view || '_by' IN (SELECT name FROM view) ORDER BY (view || '_by') COLLATE "C", place$$,
    'which has the same columns');
SELECT is_empty($$SELECT view, array_agg(name ORDER BY place) FROM attribute WHERE is_twin AND place <= 3 GROUP BY view HAVING array_agg(name::text ORDER BY place) <> ARRAY['manager', 'segment', 'region']$$,
    'after manager, segment and region');
-- summed over everything; a client is in one place, so whatever is counted or summed is the same;
-- only the mix is that of each place
CREATE FUNCTION pg_temp.twin_differences() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    one record;
    whole numeric;
    summed numeric;
BEGIN
    FOR one IN SELECT view, name FROM attribute
        WHERE view || '_by' IN (SELECT v.name FROM view v) AND (name ~ '_(amount|count)$' OR name ~ '^(client|revenue_12m)_share$')
            AND (view, name) <> ('channel_mix', 'revenue_12m_share')
            -- of arms of their own, place by place
            AND NOT (view = 'campaign_results' AND name ~ '^extra_|^regained_profit')
    LOOP
        EXECUTE format('SELECT coalesce(sum(%I), 0) FROM pg_temp.%I', one.name, one.view) INTO whole;
        EXECUTE format('SELECT coalesce(sum(%I), 0) FROM pg_temp.%I', one.name, one.view || '_by') INTO summed;
        IF abs(whole - summed) > (CASE WHEN one.name LIKE '%share' THEN 0.00001 ELSE 0 END) THEN
            RETURN NEXT format('%s.%s: %s, its twin %s', one.view, one.name, whole, summed);
        END IF;
    END LOOP;
END
$$;
SELECT is_empty('SELECT * FROM pg_temp.twin_differences()', 'a twin summed is the summary');
SELECT is_empty($$SELECT manager, segment, region FROM pg_temp.channel_mix_by GROUP BY 1, 2, 3 HAVING abs(sum(revenue_12m_share) - 1) > 0.0000001$$, 'the mix of a place is one');
SELECT is_empty($$
    SELECT a.measure, a.month_date, a.value, b.value
    FROM pg_temp.kpis a
    LEFT JOIN (SELECT measure, month_date, sum(value) AS value FROM pg_temp.kpis_by GROUP BY measure, month_date) b USING (measure, month_date)
    WHERE a.unit IN ('amount', 'count') AND a.measure <> 'average_purchase_amount' AND a.value IS DISTINCT FROM b.value$$, 'so are the kpis');
SELECT cmp_ok((SELECT count(*) FROM (SELECT DISTINCT manager, segment, region FROM pg_temp.abc_xyz_matrix_by) d), '>', 8::bigint, 'twins have many places here');
SELECT is((SELECT count(*) FROM pg_temp.kpis WHERE target IS NOT NULL), (SELECT count(*) FROM "odd, ""50%s""".target), 'targets are of the whole');
SELECT is((SELECT count(*) FROM pg_temp.kpis_by WHERE target IS NOT NULL), 0::bigint, 'not of a place');
SELECT lives_ok($$INSERT INTO "odd, ""50%s""".target SELECT DISTINCT measure, date '2001-01-01', 1 FROM pg_temp.kpis$$, 'every measure may have a target');
SELECT results_eq($$SELECT DISTINCT count(*) FROM pg_temp.abc_xyz_matrix_by GROUP BY manager, segment, region$$, ARRAY[12::bigint], 'a matrix has twelve cells everywhere');
SELECT results_eq($$SELECT abc_xyz FROM pg_temp.abc_xyz_matrix$$, ARRAY['AX', 'AY', 'AZ', 'A new', 'BX', 'BY', 'BZ', 'B new', 'CX', 'CY', 'CZ', 'C new'], 'in this order');

-- sales without a client are nobody's, also where every client has a place
UPDATE "odd, ""50%s""".card SET segment = 'all';
SELECT results_eq($$SELECT sum(value) FROM "odd, ""50%s""".concentration_by WHERE measure = 'unidentified_revenue_amount'$$,
    $$SELECT value FROM "odd, ""50%s""".concentration WHERE measure = 'unidentified_revenue_amount' AND value > 0$$, 'sales without a client have a place');

-- --- an empty base ---

SELECT lives_ok(format('SELECT count(v::text) FROM empty.%I v', name), name || ' of an empty base') FROM view WHERE name <> 'campaign_export_1' ORDER BY name COLLATE "C";
SELECT is((SELECT count(*) FROM empty.abc_xyz_matrix WHERE client_count = 0 AND strategy IS NOT NULL), 12::bigint, 'an empty matrix has twelve cells');
SELECT is((SELECT count(*) FROM empty.loyalty_ladder), 7::bigint, 'an empty ladder has its rungs');
SELECT is((SELECT count(*) FROM empty.rfm_segments WHERE client_count = 0), 11::bigint, 'and every segment is there');
SELECT is((SELECT count(*) FROM empty.concentration WHERE is_within <> (value IS NOT NULL)), 0::bigint, 'of what is not known nothing is claimed');
SELECT is((SELECT count(*) FROM empty.concentration WHERE is_within), 5::bigint, 'of what is, no target is missed');

-- --- what comes first ---

SELECT results_eq($$SELECT client_id FROM "odd, ""50%s""".next_purchases$$,
    $$SELECT client_id FROM "odd, ""50%s""".next_purchases ORDER BY is_at_risk, abs(as_of_date - due_date) / 7, expected_amount DESC, client_id$$, 'due this week, then most money');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.next_purchases WHERE abs(as_of_date - due_date) < 7 AND NOT is_at_risk), '>', 3::bigint, 'some are');
-- segments are no statuses
SELECT is_empty($$SELECT segment FROM clientcore.default_rfm_segments() INTERSECT SELECT replace(s, '_', ' ') FROM unnest(ARRAY['lost', 'at_risk', 'new', 'active']) AS s$$, 'no segment is called as a status');

-- --- readers ---

\if :may_create
CREATE ROLE cc_views_reader;
CALL clientcore.grant_read('odd, "50%s"', 'cc_views_reader');
SET ROLE cc_views_reader;
SELECT lives_ok(format('SELECT count(v::text) FROM "odd, ""50%%s""".%I v', name), 'a reader reads ' || name)
FROM clientcore.layout_objects() WHERE kind = 'VIEW' ORDER BY name COLLATE "C";
SELECT throws_ok(format('SELECT * FROM "odd, ""50%%s""".%I', name), '42501', NULL, 'a reader cannot read ' || name)
FROM clientcore.layout_objects() WHERE kind = 'TABLE' ORDER BY name COLLATE "C";
RESET ROLE;
\endif

-- --- strategies ---

SELECT is((SELECT count(*) FROM empty.strategy), (SELECT count(*) FROM clientcore.default_strategy()), 'a base begins with the default strategies');
SELECT set_eq('SELECT abc, xyz FROM empty.strategy WHERE xyz IS NOT NULL',
    $$SELECT a, x FROM unnest(ARRAY['A', 'B', 'C']) a, unnest(ARRAY['X', 'Y', 'Z', 'new']) x$$, 'there is one for every cell');
SELECT set_eq('SELECT status FROM empty.strategy WHERE num_nonnulls(abc, xyz, kind) = 0', ARRAY['active', 'new', 'at_risk', 'lost', 'prospect'], 'for every status');
SELECT set_eq('SELECT kind FROM empty.strategy WHERE kind IS NOT NULL', ARRAY['key', 'top_buyer', 'breadwinner', 'long_standing', 'vocal', 'promising', 'image_maker',
    'expert', 'protected', 'let_go'], 'and for every kind');
-- every situation in which a client can be, and the row that is chosen for it
CREATE TEMP TABLE chosen AS
SELECT a AS action_abc, x AS xyz_class, s AS status, k AS kinds
FROM unnest(ARRAY['A', 'B', 'C']) a, unnest(ARRAY['X', 'Y', 'Z', 'new']) x, unnest(ARRAY['active', 'new', 'at_risk', 'lost']) s,
    unnest(ARRAY['', 'key', 'key,top_buyer', 'key,breadwinner', 'key,long_standing', 'key,promising', 'key,vocal', 'key,image_maker', 'key,expert', 'protected', 'let_go']) k
WHERE s <> 'lost' OR k <> 'let_go'
-- one who has not bought is of class C, and new
UNION ALL SELECT 'C', 'new', 'prospect', k FROM unnest(ARRAY['', 'protected']) k;
CREATE FUNCTION pg_temp.actions() RETURNS TABLE (action_abc text, xyz_class text, status text, kinds text, recommended_action text, advice text, offer text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE clientcore.action_rows('empty');
END
$$;
SELECT is((SELECT count(*) FROM pg_temp.actions()), (SELECT count(*) FROM chosen), 'every situation has an action');
SELECT is_empty($$SELECT y.* FROM empty.strategy y WHERE NOT EXISTS (SELECT FROM pg_temp.actions() a
    WHERE a.advice = y.advice AND coalesce(y.status = a.status, true) AND (y.kind IS NULL OR y.kind = ANY (string_to_array(a.kinds, ','))))
    AND num_nonnulls(y.abc, y.xyz, y.status, y.kind) > 1$$, 'and every row that says two things or more is chosen for some');
SELECT results_eq($$SELECT recommended_action FROM pg_temp.actions() WHERE (action_abc, xyz_class, status) = ('A', 'X', 'active') AND kinds IN ('', 'key,expert', 'let_go') ORDER BY kinds$$,
    ARRAY['Look after', 'Ask for advice', 'Make it pay, or let go politely'], 'a kind counts more than a cell');
SELECT results_eq($$SELECT DISTINCT recommended_action FROM pg_temp.actions() WHERE (action_abc, status, kinds) = ('A', 'lost', '')$$, ARRAY['Win back in person'], 'and a status');
INSERT INTO empty.strategy (abc, xyz, status, kind, name, advice) VALUES ('A', 'X', 'active', NULL, 'Of three', 'words'), ('A', 'X', NULL, 'expert', 'Of a kind', 'words');
SELECT results_eq($$SELECT recommended_action FROM pg_temp.actions() WHERE (action_abc, xyz_class, status) = ('A', 'X', 'active') AND kinds IN ('', 'key,expert', 'let_go') ORDER BY kinds$$,
    ARRAY['Of three', 'Of a kind', 'Of three'], 'the most specific row wins, of equals that with a kind');
DELETE FROM empty.strategy;
SELECT is((SELECT count(*) FROM empty.abc_xyz_matrix WHERE strategy IS NULL), 12::bigint, 'without strategies there is no action');
SELECT lives_ok($$INSERT INTO empty.strategy (kind, name, advice) VALUES ('let_go', 'x', 'y')$$, 'and the next one has its number');

-- --- segments ---

SELECT is_empty($$SELECT * FROM clientcore.check_segments('empty')$$, 'nothing is wrong with the default segments');
SELECT is((SELECT count(DISTINCT segment) FROM empty.rfm_segment), 11::bigint, 'eleven segments');
CREATE FUNCTION pg_temp.problems_with(bins integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE empty.settings SET rfm_bins = bins;
    DELETE FROM empty.rfm_segment;
    INSERT INTO empty.rfm_segment SELECT * FROM clientcore.default_rfm_segments(bins);
    RETURN (SELECT string_agg(problem, '; ') FROM clientcore.check_segments('empty'));
END
$$;
SELECT is(pg_temp.problems_with(n), NULL, format('nor with those for %s scores', n)) FROM generate_series(2, 10) AS n;
UPDATE empty.settings SET rfm_bins = 5;
DELETE FROM empty.rfm_segment;
SELECT results_eq($$SELECT count(*), min(problem) FROM clientcore.check_segments('empty')$$, $$VALUES (25::bigint, 'no segment for recency 1, frequency 1, monetary 1 to 5')$$, 'without rows there are no segments');
INSERT INTO empty.rfm_segment VALUES (1, 'best', 4, 5, 4, 5, 4, 5), (2, 'turned round', 4, 3, 1, 5, 1, 5), (3, 'too high', 1, 5, 6, 9, 1, 5), (4, 'taken', 5, 5, 4, 4, 4, 5), (5, 'too low', 0, 0, 1, 5, 1, 5),
    (6, 'most', 2, 10, 1, 10, 1, 10), (7, 'rest', 1, 1, 1, 5, 1, 3);
SELECT results_eq($$SELECT * FROM clientcore.check_segments('empty') LIMIT 6$$, $$VALUES
    (2::smallint, 'turned round', 'can never match: recency from 4 to 3 is empty'),
    (3::smallint, 'too high', 'can never match: frequency from 6 to 9, but scores go from 1 to 5'),
    (4::smallint, 'taken', 'can never match: rows before it match all of it'),
    (5::smallint, 'too low', 'can never match: recency from 0 to 0, but scores go from 1 to 5'),
    (NULL::smallint, NULL, 'no segment for recency 1, frequency 1, monetary 4 to 5'),
    (NULL::smallint, NULL, 'no segment for recency 1, frequency 2, monetary 4 to 5')$$, 'rows that never match, and combinations without a row');
SELECT throws_ok($$SELECT * FROM clientcore.check_segments('nowhere')$$, '3F000', NULL, 'there must be such a base');

SELECT * FROM finish();
ROLLBACK;
