-- Care: what a client table and interactions that are attached come to, against plain SQL
-- over these tables and the sales.

\ir common/helpers.psql
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

-- --- who buys, who is known, who said what ---

CREATE TABLE sold AS
SELECT 'c' || lpad(n::text, 3, '0') AS client, date '2021-06-01' + n + (10 + n % 40) * i AS sold_on, (10 + n * n % 97 + i % 5)::numeric AS amount
FROM generate_series(1, 120) AS n, generate_series(0, 100) AS i
WHERE date '2021-06-01' + n + (10 + n % 40) * i <= CASE WHEN n % 7 = 0 THEN date '2023-01-01' ELSE date '2023-12-31' END;
CREATE TABLE people AS
SELECT client, 'name of ' || client AS name, (ARRAY['Ann', 'Bob', NULL])[1 + n % 3] AS manager, (ARRAY['shops', 'schools'])[1 + n % 2] AS segment,
       (ARRAY['north', 'south', ''])[1 + n % 3] AS region, (ARRAY['trade', 'crafts'])[1 + n % 2] AS industry, (ARRAY['web', 'fair'])[1 + n % 2] AS channel,
       CASE WHEN n % 4 > 0 THEN date '1980-01-03' + 3 * n END AS born, CASE WHEN n % 10 = 1 THEN timestamptz '2015-03-01 12:00+00' END AS since,
       CASE n WHEN 5 THEN 'Internal' WHEN 6 THEN 'external' END AS kind, n = 8 AS famous, n = 9 AS expert, CASE WHEN n % 5 > 0 THEN n % 5 < 4 END AS agreed
FROM (SELECT DISTINCT client, substr(client, 2)::integer AS n FROM sold WHERE client < 'c111' UNION ALL SELECT 'p' || n, n FROM generate_series(11, 30) AS n) AS c;
UPDATE people SET born = '1984-02-29' WHERE client = 'c001';
UPDATE people SET born = '1980-01-01', agreed = NULL WHERE client = 'c002';
INSERT INTO people SELECT NULL, 'nobody';
INSERT INTO people SELECT 'c020', 'another name of c020', 'Zoe';
CREATE TABLE talks AS
SELECT row_number() OVER () AS id, p.client, (date '2022-12-20' + (13 * k + 7 * length(p.client || k) + 31 * n % 379))::timestamp + interval '10 hours' AS said_at,
       (ARRAY['Complaint', 'suggestion', 'request', 'call', 'promise', 'survey', 'concession', 'praise', 'barter'])[1 + (n * 7 + k * 5) % 9] AS what,
       CASE WHEN (n + k) % 4 > 0 THEN date '2023-12-25' + (n + k) % 30 END AS due, (ARRAY['inbound', 'Out', NULL])[1 + (n + k) % 3] AS way,
       CASE WHEN (n * k) % 3 > 0 THEN interval '1 hour' * (5 * n + 11 * k) END AS took, CASE WHEN (n * k) % 3 = 1 THEN interval '1 hour' * (9 * n + 11 * k) END AS told_after,
       (n + k) % 6 AS score, (ARRAY['Brand', 'people', 'trust and safety', 'no such'])[1 + (n + k) % 4] AS element, CASE WHEN k % 5 = 0 THEN -3 ELSE 10 * k END AS amount, (n + k) % 2 = 0 AS ours
FROM (SELECT client, substr(client, 2)::integer AS n FROM people WHERE client IS NOT NULL AND name NOT LIKE 'another%') AS p, generate_series(1, 8) AS k
WHERE n % 4 < 2 OR client = 'c008';
INSERT INTO talks (client, said_at, what) SELECT 'c003', timestamp '2023-11-01 09:00' + interval '1 hour' * k, 'complaint' FROM generate_series(1, 30) AS k;
INSERT INTO talks (client, said_at, what) VALUES ('lead', '2023-05-01', 'call'), (NULL, '2023-05-01', 'call'), ('c001', NULL, 'call'), ('c001', 'infinity', 'call');
CALL clientcore.attach('shop', 'sold', client => 'client', sold_at => 'sold_on', amount => 'amount', time_zone => 'Europe/Tallinn', build => false);
UPDATE shop.settings SET as_of = '2023-12-31';
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT results_eq($$SELECT count(*) FILTER (WHERE care = 'next_purchase') > 0, count(*) FILTER (WHERE care NOT IN ('next_purchase', 'greeting')) FROM shop.care_due$$, $$VALUES (true, 0::bigint)$$,
    'from sales alone it is known who will buy, and since when');
SELECT is_empty(format('SELECT FROM shop.%I', view), view || ' is empty where nothing is known')
FROM unnest(ARRAY['client_interactions', 'prospects', 'feedback_response', 'relationship_scores', 'concession_balance', 'loyal_but_ignored', 'offer_eligibility', 'council_candidates']) AS view;
SELECT results_eq('SELECT client_count, overdue_care_count >= 0 FROM shop.manager_portfolio', $$VALUES (120::bigint, true)$$, 'all clients are nobody''s');
SELECT results_eq('SELECT count(*), count(name), max(completeness_share) FROM shop.dossier', $$VALUES (120::bigint, 0::bigint, 0::numeric)$$, 'dossiers are empty');
SELECT client_id, key_rank INTO TEMP key_before FROM shop.key_clients;

CALL clientcore.attach_clients('shop', 'people', 'client', name => 'name', manager => 'manager', segment => 'segment', region => 'region', industry => 'industry', channel => 'channel',
    birthday => 'born', known_since => 'since', kind => 'kind', image_maker => 'famous', expert => 'expert', consent => 'agreed');
CALL clientcore.attach_interactions('shop', 'talks', 'client', 'said_at', 'what', due_at => 'due', direction => 'way', resolved_at => 'said_at + took', explained_at => 'said_at + told_after',
    score => 'score', element => 'element', amount => 'amount', our_initiative => 'ours', reason => '''because''', "text" => 'id::text');
CREATE TEMP VIEW talk AS
SELECT client, said_at::date AS day, CASE lower(what) WHEN 'call' THEN 'contact' WHEN 'barter' THEN NULL ELSE lower(what) END AS kind, due, said_at,
       said_at + took AS resolved_at, said_at + told_after AS explained_at, lower(what) IN ('complaint', 'suggestion', 'request') AS is_feedback,
       coalesce((said_at + took)::date <= '2023-12-31', false) AS is_resolved,
       -- of a contact with a day on which it is due: made when it was settled, planned till then
       CASE WHEN due IS NULL THEN said_at::date WHEN (said_at + took)::date <= '2023-12-31' THEN (said_at + took)::date END AS made_on,
       CASE WHEN due IS NULL THEN CASE WHEN said_at::date > '2023-12-31' THEN said_at::date END WHEN coalesce((said_at + took)::date > '2023-12-31', true) THEN due END AS planned_for, coalesce((said_at + told_after)::date <= '2023-12-31', false) AS is_explained,
       said_at::date > '2022-12-31' AS is_recent, score, replace(lower(element), ' ', '_') AS element, amount, ours, id
FROM talks WHERE client IS NOT NULL AND isfinite(said_at);
CREATE TEMP VIEW seen AS SELECT * FROM talk WHERE day <= '2023-12-31';

-- --- what is copied ---

SELECT * FROM pg_temp.same_rows('SELECT client_id, name, manager, segment, region, industry, channel, birthday, known_since, is_internal, is_image_maker, is_expert, has_consent FROM shop.client_info',
    $$SELECT client, name, manager, segment, nullif(region, ''), industry, channel, born, since::date, coalesce(kind = 'Internal', false), coalesce(famous, false), coalesce(expert, false), agreed
      FROM people WHERE client IS NOT NULL AND name <> 'name of c020'
      UNION ALL SELECT 'lead', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2023-05-01', false, false, false, NULL$$, 130, 'client_info: of two rows of a client the first by name, and who was only spoken to');
SELECT * FROM pg_temp.same_rows($$SELECT client_id, day, happened_at, kind, own_kind, direction, due_on, resolved_at, explained_at, score, element, amount, is_own_initiative, reason, body FROM shop.interaction$$,
    $$SELECT t.client, t.day, t.said_at::timestamptz, t.kind, what, CASE way WHEN 'inbound' THEN 'in' WHEN 'Out' THEN 'out' END, t.due, t.resolved_at::timestamptz, t.explained_at::timestamptz, t.score::numeric,
             t.element, t.amount::numeric, t.ours, 'because', id::text FROM talk t JOIN talks USING (id)
      UNION ALL SELECT client, said_at::date, said_at, lower(what), what, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'because', NULL FROM talks WHERE id IS NULL AND client = 'c003'
      UNION ALL SELECT client, said_at::date, said_at, 'contact', 'call', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'because', NULL FROM talks WHERE client = 'lead'$$, 500, 'interactions');
SELECT set_eq('SELECT value FROM shop.interaction_kind WHERE kind IS NULL', ARRAY['barter'], 'kinds that are not known wait to be');
SELECT * FROM pg_temp.same_rows($$SELECT client_id, first_contact, last_contact, next_contact, contact_12m_count, feedback_12m_count, complaint_12m_count, unanswered_count, unanswered_since,
        unexplained_count, unexplained_since, complaint_count, open_promise_count, promise_due FROM shop.client_care$$,
    $$SELECT client, min(day) FILTER (WHERE day <= '2023-12-31'), max(made_on) FILTER (WHERE kind = 'contact' AND made_on <= '2023-12-31'), min(planned_for) FILTER (WHERE kind = 'contact'),
             count(*) FILTER (WHERE kind = 'contact' AND made_on BETWEEN '2023-01-01' AND '2023-12-31')::int, count(*) FILTER (WHERE is_feedback AND is_recent AND day <= '2023-12-31')::int, count(*) FILTER (WHERE kind = 'complaint' AND is_recent AND day <= '2023-12-31')::int,
             count(*) FILTER (WHERE is_feedback AND day <= '2023-12-31' AND NOT is_resolved AND NOT is_explained)::int, min(day) FILTER (WHERE is_feedback AND day <= '2023-12-31' AND NOT is_resolved AND NOT is_explained),
             count(*) FILTER (WHERE is_feedback AND day <= '2023-12-31' AND is_resolved AND NOT is_explained)::int, min(day) FILTER (WHERE is_feedback AND day <= '2023-12-31' AND is_resolved AND NOT is_explained),
             count(*) FILTER (WHERE kind = 'complaint' AND day <= '2023-12-31')::int,
             count(*) FILTER (WHERE kind = 'promise' AND day <= '2023-12-31' AND NOT is_resolved)::int, min(coalesce(due, day)) FILTER (WHERE kind = 'promise' AND day <= '2023-12-31' AND NOT is_resolved)
      FROM talk GROUP BY client$$, 60, 'what interactions come to');

-- --- the ladder, prospects, marks ---

SELECT * FROM pg_temp.same_rows($$SELECT client_id, loyalty_stage, loyalty_rung, status, phase, is_key, purchase_count, revenue_amount, abc_class FROM shop.clients WHERE purchase_count = 0$$,
    $$SELECT i.client, CASE WHEN s.client IS NULL THEN 'unaware' ELSE 'aware' END, CASE WHEN s.client IS NULL THEN 0 ELSE 1 END::smallint, 'prospect', 'pre_sale', false, 0::bigint, 0::numeric, 'C'
      FROM (SELECT client FROM people WHERE client LIKE 'p%' UNION SELECT 'lead') AS i LEFT JOIN (SELECT DISTINCT client FROM seen) AS s USING (client)$$, 21, 'who is known and has not bought');
SELECT is((SELECT array_agg(client_id) FROM shop.clients WHERE client_id = 'c005'), NULL, 'an internal client is none');
SELECT is_empty($$SELECT view, count FROM (SELECT 'client_months' AS view, count(*) AS count FROM shop.client_months WHERE client_id = 'c005' UNION ALL SELECT 'client_loss', count(*) FROM shop.client_loss WHERE client_id = 'c005'
    UNION ALL SELECT 'matrix', sum(client_count) - 119 + (SELECT count(*) FROM shop.clients WHERE is_lost) FROM shop.abc_xyz_matrix) AS v WHERE count <> 0$$, 'nor in months, losses or sums');
SELECT is((SELECT value FROM shop.kpis WHERE measure = 'revenue_amount' AND month_date = '2023-06-01'), (SELECT sum(amount) FROM sold WHERE client <> 'c005' AND sold_on BETWEEN '2023-06-01' AND '2023-06-30'), 'nor in revenue');
UPDATE shop.settings SET with_internal_clients = true;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT value FROM shop.kpis WHERE measure = 'revenue_amount' AND month_date = '2023-06-01'), (SELECT sum(amount) FROM sold WHERE sold_on BETWEEN '2023-06-01' AND '2023-06-30'), 'unless it shall count');
UPDATE shop.settings SET with_internal_clients = false;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT count(*) FROM shop.client_months WHERE client_id = 'c005'), 0::bigint, 'and no more');
SELECT results_eq($$SELECT client_id FROM shop.clients WHERE is_image_maker$$, ARRAY['c008'], 'an image maker');
SELECT results_eq($$SELECT client_id FROM shop.clients WHERE is_expert$$, ARRAY['c009'], 'an expert');
SELECT ok(bool_and(is_key), 'are key clients') FROM shop.clients WHERE is_image_maker OR is_expert;
-- of 119 buyers 2 % are two and a bit: who has fewer than 2.38 above him
SELECT * FROM pg_temp.same_rows('SELECT client_id FROM shop.clients WHERE is_vocal', $$
    WITH voice AS (SELECT client, count(*) AS n FROM seen WHERE is_feedback AND is_recent AND client IN (SELECT client FROM sold WHERE client <> 'c005') GROUP BY client)
    SELECT client FROM voice v WHERE n >= 3 AND (SELECT count(*) FROM voice w WHERE w.n > v.n) < 0.02 * 119$$, 2, 'who speaks up most is vocal');
SELECT ok(bool_and(reasons LIKE '%vocal (spoke up % times in 12 months)%') AND count(*) >= 2, 'which is told as a reason') FROM shop.key_clients WHERE is_vocal;
SELECT ok(bool_or(least(first_purchase_date, known_since_date) < first_purchase_date) AND bool_and(known_since_date IS NOT DISTINCT FROM '2015-03-01'), 'who was known long before is long-standing')
FROM shop.clients WHERE is_long_standing;
SELECT matches(reasons, 'long-standing since 2015', 'and since then') FROM shop.key_clients WHERE is_long_standing LIMIT 1;
SELECT pg_temp.same_rows($$SELECT client_id, needs, solvency, authority, known_count, missing FROM shop.prospects$$,
    $$SELECT client_id, NULL::text, NULL::text, NULL::text, 0, 'need, ability to pay, authority to decide' FROM shop.clients WHERE purchase_count = 0$$, 21, 'of prospects nothing is known yet');
INSERT INTO shop.dossier_entry (client_id, topic, noted_on, who, what, outcome, why) VALUES ('p11', 'need', '2023-01-02', NULL, 'ten a week', NULL, NULL), ('p11', 'solvency', '2023-01-02', NULL, 'pays in advance', NULL, NULL),
    ('p11', 'decision_maker', '2023-01-02', 'Eve', 'buys', NULL, NULL), ('p12', 'need', '2023-01-02', NULL, 'one', NULL, NULL), ('p12', 'need', '2023-01-01', NULL, 'two', NULL, NULL),
    ('c001', 'negotiation', '2023-01-02', 'Bob', 'contract', 'won', 'best price'), ('c001', 'general', '2023-01-03', NULL, 'family firm', NULL, NULL);
SELECT results_eq($$SELECT client_id, needs, solvency, authority, known_count, missing FROM shop.prospects LIMIT 2$$,
    $$VALUES ('p11', 'ten a week', 'pays in advance', 'Eve: buys', 3, NULL), ('p12', 'two; one', NULL, NULL, 1, 'ability to pay, authority to decide')$$, 'the three of which most is known first');
SELECT results_eq($$SELECT facts, negotiations, completeness_share, missing FROM shop.dossier WHERE client_id = 'c001'$$,
    $$SELECT 'family firm', 'Bob: contract (won: best price)', 0.4 - CASE WHEN n THEN 0.1 ELSE 0 END, CASE WHEN n THEN 'contact, ' ELSE '' END || 'history, decision_maker, competitor, need, solvency, preference'
      FROM (SELECT NOT EXISTS (SELECT FROM talk WHERE client = 'c001' AND kind = 'contact' AND made_on BETWEEN '2023-01-01' AND '2023-12-31') AS n) AS n$$, 'a dossier says how much of it is there');

-- --- what is due ---

INSERT INTO shop.offer (name, kind, abc_class, rung_from, segment, valid_from, valid_to) VALUES ('fruit', 'gift', 'A', 4, 'shops', '2023-12-01', '2024-01-31'), ('over', 'gift', NULL, NULL, NULL, '2023-01-01', '2023-12-30'), ('lost', 'discount', NULL, NULL, NULL, '2023-12-01', NULL);
UPDATE shop.offer SET is_for_lost_clients = true WHERE name = 'lost';
INSERT INTO shop.share_grant (client_id, shares, granted_on) VALUES ('c001', 10, '2021-01-03'), ('c002', 5, '2022-06-01');
SELECT is(locked_until, '2024-01-03', 'shares are locked for three years') FROM shop.share_grant WHERE client_id = 'c001';
CREATE TEMP VIEW card AS
SELECT c.*, k.last_contact, k.next_contact, CASE WHEN c.is_key THEN 30 WHEN c.abc_class = 'A' THEN 60 WHEN c.abc_class = 'B' THEN 120 ELSE 0 END AS contact_days, p.born, p.agreed, (SELECT min(day) FROM seen) AS began
FROM shop.clients c LEFT JOIN (SELECT client, max(made_on) FILTER (WHERE kind = 'contact' AND made_on <= '2023-12-31') AS last_contact, min(planned_for) FILTER (WHERE kind = 'contact') AS next_contact FROM talk GROUP BY client) AS k ON k.client = c.client_id
LEFT JOIN people p ON p.client = c.client_id AND p.name <> 'name of c020';
CREATE FUNCTION pg_temp.due(kind text, truth text, at_least bigint) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.same_rows(format('SELECT client_id, due_date FROM shop.care_due WHERE care = %L', kind), truth, at_least, 'due: ' || kind) $$;
SELECT * FROM pg_temp.due('promise', $$SELECT client, min(coalesce(due, day)) FROM seen WHERE kind = 'promise' AND NOT is_resolved AND client <> 'c005' GROUP BY client HAVING min(coalesce(due, day)) <= '2024-01-07'$$, 5);
SELECT * FROM pg_temp.due('feedback', $$SELECT client, min(day) + 3 FROM seen WHERE is_feedback AND NOT is_resolved AND NOT is_explained AND client <> 'c005' GROUP BY client$$, 20);
SELECT * FROM pg_temp.due('explanation', $$SELECT client, min(day) + 3 FROM seen WHERE is_feedback AND is_resolved AND NOT is_explained AND client <> 'c005' GROUP BY client$$, 10);
SELECT * FROM pg_temp.due('contact', $$SELECT client_id, next_contact FROM card WHERE next_contact <= '2024-01-07'
    UNION ALL SELECT client_id, coalesce(last_contact, greatest(first_purchase_date, began)) + contact_days FROM card WHERE contact_days > 0 AND NOT is_lost AND purchase_count > 0 AND next_contact IS NULL
    AND coalesce(last_contact, greatest(first_purchase_date, began)) + contact_days <= '2024-01-07'$$, 20);
SELECT * FROM pg_temp.due('follow_up', $$SELECT client_id, last_purchase_date + 7 FROM card WHERE contact_days > 0 AND last_purchase_date >= date '2023-12-31' - 14 AND coalesce(last_contact < last_purchase_date, true)$$, 10);
SELECT * FROM pg_temp.due('next_purchase', $$SELECT client_id, due_date FROM shop.next_purchases JOIN card USING (client_id) WHERE contact_days > 0 AND NOT card.is_at_risk AND due_date BETWEEN '2023-12-24' AND '2024-01-07' AND coalesce(last_contact < due_date - 7, true)$$, 10);
SELECT * FROM pg_temp.due('greeting', $$
    SELECT client_id, day FROM card, generate_series(date '2023-12-31', '2024-01-07', '1 day') AS g, LATERAL (SELECT g::date AS day) AS d
    WHERE to_char(born, 'MMDD') = to_char(day, 'MMDD') AND NOT is_lost AND agreed IS NOT FALSE
    UNION ALL SELECT client_id, day FROM card, generate_series(date '2023-12-31', '2024-01-07', '1 day') AS g, LATERAL (SELECT g::date AS day) AS d
    WHERE to_char(first_purchase_date, 'MMDD') = to_char(day, 'MMDD') AND NOT is_lost AND contact_days > 0 AND agreed IS NOT FALSE$$, 1);
SELECT * FROM pg_temp.due('offer', $$SELECT client_id, date '2024-01-31' FROM card WHERE contact_days > 0 AND abc_class = 'A' AND loyalty_rung >= 4 AND segment = 'shops' AND NOT is_lost AND agreed IS NOT FALSE AND coalesce(last_contact < '2023-12-01', true)
    UNION ALL SELECT client_id, '2023-12-31' FROM card WHERE is_lost AND agreed IS NOT FALSE AND coalesce(last_contact < '2023-12-01', true)$$, 3);
SELECT * FROM pg_temp.due('share_statement', $$VALUES ('c001', date '2024-01-03'), ('c001', '2024-01-03')$$, 2);
SELECT ok(bool_and(overdue_days = greatest(date '2023-12-31' - due_date, 0) AND is_overdue = (due_date < '2023-12-31') AND why <> '' AND priority BETWEEN 1 AND 5), 'each says how urgent it is, and why') FROM shop.care_due;
SELECT is(min(priority) FILTER (WHERE NOT is_key), max(priority) FILTER (WHERE is_key) + 1::smallint, 'key clients come before others') FROM shop.care_due WHERE care = 'feedback' AND abc_class <> 'C';
SELECT * FROM pg_temp.same_rows('SELECT client_id, offer_name FROM shop.offer_eligibility', $$SELECT client_id, 'fruit' FROM card WHERE abc_class = 'A' AND loyalty_rung >= 4 AND segment = 'shops' AND NOT is_lost AND agreed IS NOT FALSE
    UNION ALL SELECT client_id, 'lost' FROM card WHERE is_lost AND agreed IS NOT FALSE$$, 10, 'offers: whom they are for');
-- The 29th of February is the 28th in other years.
UPDATE shop.settings SET as_of = '2023-02-25';
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT results_eq($$SELECT due_date, why FROM shop.care_due WHERE client_id = 'c001' AND care = 'greeting'$$, $$VALUES (date '2023-02-28', 'birthday')$$, 'a birthday every year');
SELECT is((SELECT max(interaction_date) <= '2023-02-25' FROM shop.client_interactions), true, 'of later days nothing is seen');
SELECT * FROM pg_temp.same_rows('SELECT client_id, first_contact, last_contact FROM shop.client_care WHERE first_contact IS NOT NULL', $$SELECT client, min(day) FILTER (WHERE day <= '2023-02-25'), max(made) FILTER (WHERE kind = 'contact' AND made <= '2023-02-25')
    FROM (SELECT *, CASE WHEN due IS NULL THEN day ELSE (resolved_at)::date END AS made FROM talk) AS t GROUP BY client HAVING min(day) <= '2023-02-25'$$, 5, 'as of that day');
UPDATE shop.settings SET as_of = '2023-07-15';
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT * FROM pg_temp.same_rows($$SELECT client_id, due_date, why FROM shop.care_due WHERE care = 'greeting' AND why LIKE '%a client'$$, $$
    SELECT client_id, date '2023-07-15' + d, CASE extract(year FROM first_purchase_date) WHEN 2021 THEN '2 years a client' ELSE '1 year a client' END
    FROM shop.clients JOIN (SELECT client, agreed FROM people WHERE name <> 'name of c020' UNION ALL SELECT DISTINCT client, NULL::boolean FROM sold WHERE client > 'c110') AS p ON client = client_id, generate_series(0, 7) AS d
    WHERE to_char(first_purchase_date, 'MMDD') = to_char(date '2023-07-15' + d, 'MMDD') AND NOT is_lost AND (is_key OR abc_class IN ('A', 'B')) AND agreed IS NOT FALSE$$, 2, 'anniversaries of the first purchase');
UPDATE shop.settings SET as_of = '2023-12-31';
SELECT pg_temp.refresh('shop') \g /dev/null

-- --- what was said ---

CREATE TEMP VIEW classed AS SELECT client_id AS client, CASE WHEN purchase_count > 0 THEN abc_class ELSE 'none' END AS class_of FROM shop.clients;

SELECT * FROM pg_temp.same_rows($$SELECT feedback_kind, abc_class, feedback_count, answered_count, resolved_count, unanswered_count, median_answer_days, p90_resolve_days, in_time_share FROM shop.feedback_response$$, $$
    SELECT kind, class_of, count(*), count(*) FILTER (WHERE is_resolved OR is_explained), count(*) FILTER (WHERE is_resolved), count(*) FILTER (WHERE NOT is_resolved AND NOT is_explained),
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN is_resolved OR is_explained THEN extract(epoch FROM least(resolved_at, explained_at) - said_at) / 86400 END)::numeric, 1),
           round(percentile_cont(0.9) WITHIN GROUP (ORDER BY CASE WHEN is_resolved THEN extract(epoch FROM resolved_at - said_at) / 86400 END)::numeric, 1),
           round(count(*) FILTER (WHERE (is_resolved OR is_explained) AND least(resolved_at, explained_at)::date - day <= 3)::numeric
               / nullif(count(*) FILTER (WHERE is_resolved OR is_explained OR day + 3 < '2023-12-31'), 0), 8)
    FROM seen JOIN classed USING (client) WHERE is_feedback AND is_recent GROUP BY kind, class_of$$, 8, 'how soon feedback is answered');
SELECT * FROM pg_temp.same_rows($$SELECT abc_class, compared_count, revenue_before_amount, revenue_after_amount FROM shop.feedback_response WHERE feedback_kind = 'complaint' AND compared_count > 0$$, $$
    SELECT class_of, count(*), sum((SELECT coalesce(sum(amount), 0) FROM sold s WHERE s.client = t.client AND sold_on BETWEEN day - 90 AND day - 1)), sum((SELECT coalesce(sum(amount), 0) FROM sold s WHERE s.client = t.client AND sold_on BETWEEN day AND day + 89))
    FROM seen t JOIN classed USING (client) WHERE kind = 'complaint' AND is_recent AND day + 89 <= '2023-12-31' GROUP BY class_of$$, 2, 'sales before and after a complaint');
SELECT * FROM pg_temp.same_rows('SELECT element, abc_class, client_count, average_score, is_trust, weakness_rank::bigint FROM shop.relationship_scores', $$
    SELECT element, class_of, count(*), round(avg(score), 4), element = 'trust_and_safety', rank() OVER (ORDER BY avg(score))
    FROM (SELECT DISTINCT ON (client, element) client, element, score FROM seen WHERE kind = 'survey' AND is_recent AND element <> 'no_such' AND score IS NOT NULL ORDER BY client, element, said_at DESC, id DESC) AS s
    JOIN classed USING (client) GROUP BY element, class_of$$, 3, 'scores of the elements');
SELECT * FROM pg_temp.same_rows('SELECT abc_class, concession_count, concession_amount, own_initiative_amount, told_amount, own_and_told_amount FROM shop.concession_balance', $$
    SELECT class_of, count(*), sum(greatest(amount, 0))::numeric, coalesce(sum(greatest(amount, 0)) FILTER (WHERE ours), 0)::numeric, coalesce(sum(greatest(amount, 0)) FILTER (WHERE is_explained), 0)::numeric, coalesce(sum(greatest(amount, 0)) FILTER (WHERE ours AND is_explained), 0)::numeric
    FROM seen JOIN classed USING (client) WHERE kind = 'concession' AND is_recent GROUP BY class_of$$, 2, 'what was conceded');
SELECT * FROM pg_temp.same_rows('SELECT client_id, ignored_days, unanswered_count FROM shop.loyal_but_ignored', $$
    SELECT client_id, date '2023-12-31' - coalesce(last_contact, greatest(first_purchase_date, began)), coalesce(n, 0)::int FROM card
    LEFT JOIN (SELECT client, count(*) AS n FROM seen WHERE is_feedback AND NOT is_resolved AND NOT is_explained GROUP BY client) AS u ON u.client = client_id
    WHERE NOT is_lost AND (is_long_standing OR abc_class = 'A') AND (date '2023-12-31' - coalesce(last_contact, greatest(first_purchase_date, began)) > 180 OR n > 0)$$, 10, 'loyal and ignored');
SELECT * FROM pg_temp.same_rows('SELECT client_id FROM shop.council_candidates', $$
    SELECT client_id FROM card JOIN (SELECT DISTINCT client FROM seen WHERE is_feedback AND is_recent UNION SELECT client_id FROM shop.clients WHERE is_vocal OR is_expert) AS v ON v.client = client_id
    WHERE is_key AND NOT is_lost AND abc_class IN ('A', 'B') AND loyalty_rung >= 4 AND least(first_purchase_date, known_since_date) <= '2022-12-31'$$, 5, 'who may sit in a council');
INSERT INTO shop.council (client_id, body, member_since) SELECT client_id, 'club', '2023-01-01' FROM shop.council_candidates WHERE candidate_rank = 1;
SELECT ok((SELECT client_id FROM shop.council WHERE body = 'club') NOT IN (SELECT client_id FROM shop.council_candidates), 'a member is no candidate');
INSERT INTO shop.client_lost_reason (client_id, noted_on, reason) SELECT client_id, date '2023-05-01', 'ignored' FROM shop.lost_clients UNION ALL SELECT max(client_id), '2023-06-01', 'price' FROM shop.lost_clients;
SELECT * FROM pg_temp.same_rows($$SELECT origin, origin_value, client_count, lost_count FROM shop.lost_origins WHERE origin IN ('reason', 'complaint', 'channel')$$, $$
    SELECT 'reason', r, n, n FROM (VALUES ('price', 1), ('ignored', (SELECT count(*) - 1 FROM shop.lost_clients))) AS v (r, n)
    UNION ALL SELECT 'channel', channel, count(*), count(*) FILTER (WHERE is_lost) FROM card WHERE purchase_count > 0 AND channel IS NOT NULL GROUP BY channel
    UNION ALL SELECT 'complaint', CASE WHEN open THEN 'unanswered' WHEN n THEN 'answered' ELSE 'none' END, count(*), count(*) FILTER (WHERE is_lost)
    FROM card LEFT JOIN (SELECT client, true AS n, bool_or(NOT is_resolved AND NOT is_explained) AS open FROM seen WHERE kind = 'complaint' GROUP BY client) AS s ON s.client = client_id WHERE purchase_count > 0 GROUP BY 2$$, 7, 'where the lost come from');
SELECT * FROM pg_temp.same_rows($$SELECT manager, client_count, active_count, key_client_count, prospect_count, revenue_12m_amount, at_risk_count, feedback_12m_count, overdue_care_count FROM shop.manager_portfolio$$, $$
    SELECT manager, count(*) FILTER (WHERE purchase_count > 0), count(*) FILTER (WHERE purchase_count > 0 AND NOT is_lost), count(*) FILTER (WHERE is_key AND NOT is_lost), count(*) FILTER (WHERE purchase_count = 0), sum(revenue_12m_amount),
           count(*) FILTER (WHERE is_at_risk), (SELECT count(*) FROM seen JOIN card d ON d.client_id = client WHERE is_feedback AND is_recent AND d.manager IS NOT DISTINCT FROM c.manager), (SELECT count(*) FROM shop.care_due d WHERE is_overdue AND d.manager IS NOT DISTINCT FROM c.manager)
    FROM card c GROUP BY manager$$, 3, 'what each manager looks after');

-- --- a page on a client, a pool to share out ---

SELECT matches(dossier_text('shop', 'c001'), '^name of c001 \(c001\), as of 2023-12-31\nlooked after by Bob, schools, south, crafts, via fair\n.*What it bought.*family firm.*negotiations: Bob: contract \(won: best price\).*What was said', 'a page on a client');
SELECT alike(dossier_text('shop', 'p11'), '%has not bought yet%nothing yet%Eve: buys%', 'on one who has not bought');
SELECT throws_ok($$SELECT dossier_text('shop', 'nobody')$$, '22023', 'client: base "shop" has no client nobody', 'on nobody there is none');
SELECT throws_ok($$SELECT dossier_text('none', 'x')$$, '3F000', NULL, 'nor in no base');
SELECT * FROM pg_temp.same_rows('SELECT client, key_rank, contribution_amount, round(contribution_share, 8) FROM reward_shares(''shop'', 1000)',
    'SELECT client_id, key_rank, revenue_12m_amount, round(revenue_12m_amount / sum(revenue_12m_amount) OVER (), 8) FROM shop.key_clients WHERE NOT is_lost AND revenue_12m_amount > 0', 10, 'each by what it brought');
SELECT ok(count(*) = 5 AND bool_and(total = pool AND off < 1), 'to the last unit, and none a unit off')
FROM (SELECT pool, unit, sum(reward) AS total, max(abs(reward - pool * contribution_amount / s) / unit) AS off
      FROM (VALUES (0, 1), (1, 1), (1000, 1), (999.99, 0.01), (7, 0.5)) AS p (pool, unit), LATERAL (SELECT r.*, sum(contribution_amount) OVER () AS s FROM reward_shares('shop', pool, unit) AS r) AS r GROUP BY pool, unit) AS t;
SELECT throws_ok(format('SELECT * FROM reward_shares(%L, %s)', 'shop', a), '22023', NULL, 'no pool: ' || a) FROM unnest(ARRAY['-1', '0.5', '''NaN''', '''Infinity''', '1, 0', '1, -1', '1, ''NaN''']) AS a;
SELECT throws_ok('SELECT * FROM reward_shares(''shop'', NULL)', '22004', NULL, 'nor none');

-- --- changes ---

-- Duplicates are one, from the next refresh on.
INSERT INTO shop.client_alias VALUES ('c012', 'c013');
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT results_eq('SELECT name, contact_12m_count + 0 FROM shop.dossier WHERE client_id = ''c013''', $$SELECT 'name of c013', count(*)::int FROM talk WHERE client IN ('c012', 'c013') AND kind = 'contact' AND made_on BETWEEN '2023-01-01' AND '2023-12-31'$$, 'duplicates: said by either, under its own name');
SELECT is((SELECT count(*) FROM shop.clients WHERE client_id = 'c012'), 0::bigint, 'and one client');
-- What is forgotten is not read again.
SELECT clientcore.run_as_owner(clientcore.base_owner('shop'), 'base_forget', 'shop', '{"client": "c001"}') IS NOT NULL, pg_temp.refresh('shop') \g /dev/null
SELECT is_empty(format('SELECT FROM shop.%I WHERE client_id = ''c001''', t), 'forgotten: nothing in ' || t)
FROM unnest(ARRAY['client_info', 'interaction', 'client_care', 'dossier_entry', 'share_grant', 'card', 'clients', 'dossier', 'care_due']) AS t;
-- A row that differs is all that is written.
SELECT max(ctid::text) AS was FROM shop.client_info WHERE client_id = 'c030' \gset
SELECT count(*) AS kept FROM shop.interaction \gset
UPDATE people SET manager = 'Cid' WHERE client = 'c031';
DELETE FROM talks WHERE id = (SELECT max(id) FROM talks WHERE client = 'c032');
UPDATE shop.interaction_kind SET kind = 'praise' WHERE value = 'barter';
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT manager FROM shop.clients WHERE client_id = 'c031'), 'Cid', 'another manager');
SELECT is((SELECT ctid::text FROM shop.client_info WHERE client_id = 'c030'), :'was', 'is all that is written');
SELECT is((SELECT count(*) FROM shop.interaction), :kept - 1::bigint, 'what was taken back is gone');
SELECT is((SELECT count(*) FROM shop.interaction WHERE kind IS NULL), 0::bigint, 'and all kinds are known');
-- Words of every language and case, days that no calendar has, words without end.
INSERT INTO talks (id, client, said_at, what, due) VALUES (9001, 'c050', '2023-12-01', 'ÜBERGABE', NULL), (9002, 'c050', '2023-12-02', 'Übergabe', '5000000-01-01'), (9003, 'c050', '2023-12-03', repeat('x', 5000), '-infinity'),
    (9004, 'c050', '200000-01-01', 'call', NULL), (9005, 'c050', '2023-12-04', ' ', NULL);
UPDATE people SET born = '1900-01-01', since = '0001-01-01 BC' WHERE client = 'c050';
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT array_agg(own_kind ORDER BY number) FROM shop.interaction WHERE client_id = 'c050' AND source = 2 AND day > '2023-11-30' AND body > '9000'), ARRAY['ÜBERGABE', 'Übergabe', repeat('x', 5000), ''], 'all of them are read, but those of days that are none');
SELECT is((SELECT count(*) FROM shop.care_source WHERE failure IS NOT NULL), 0::bigint, 'without a failure');
SELECT set_eq($$SELECT kind FROM shop.interaction_kind WHERE value = 'ÜBERGABE' OR value = 'Übergabe'$$, ARRAY[NULL::text], 'words that are not known wait to be told');
SELECT is((SELECT birthday || ' ' || known_since FROM shop.client_info WHERE client_id = 'c050'), NULL, 'a day that stands for none is none');
SELECT lives_ok(format('SELECT count(v::text) FROM shop.%I v', view), view || ' can be read') FROM unnest(ARRAY['client_interactions', 'dossier', 'care_due', 'feedback_response', 'manager_portfolio', 'prospects']) AS view;
DELETE FROM talks WHERE id > 9000;
-- One relation may hold clients and interactions.
CALL clientcore.attach_interactions('shop', 'people', 'client', 'since', '''visit''');
SELECT results_eq('SELECT holds, count(*) FROM shop.care_source WHERE relation = ''people''::regclass GROUP BY holds ORDER BY holds', $$VALUES ('clients', 1::bigint), ('interactions', 1)$$, 'a client table may tell of visits too');
SELECT cmp_ok((SELECT count(*) FROM shop.client_interactions WHERE own_kind = 'visit'), '>', 5::bigint, 'which are there');
DELETE FROM shop.care_source WHERE relation = 'people'::regclass AND holds = 'interactions';
DELETE FROM shop.interaction WHERE own_kind = 'visit';
-- What cannot be read stays as it was, and sales do not wait for it.
ALTER TABLE talks RENAME what TO whatever;
INSERT INTO sold VALUES ('c031', '2023-12-31', 1000);
SELECT count(*) AS kept FROM shop.interaction \gset
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT results_eq('SELECT holds, failure FROM shop.care_source ORDER BY source', $$VALUES ('clients', NULL), ('interactions', 'kind: column "what" does not exist')$$, 'a column that is gone is told of');
SELECT is((SELECT count(*) FROM shop.interaction), :kept::bigint, 'what was said is known still');
SELECT is((SELECT revenue_amount FROM shop.clients WHERE client_id = 'c031'), (SELECT sum(amount) FROM sold WHERE client = 'c031'), 'and sales are read');
ALTER TABLE talks RENAME whatever TO what;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT count(failure) FROM shop.care_source), 0::bigint, 'till it is back');
-- Other interactions beside these; and what is detached is gone.
CREATE VIEW visits AS SELECT client, sold_on + 1 AS day FROM sold WHERE client = 'c040';
CALL clientcore.attach_interactions('shop', 'visits', 'client', 'day', '''visit''');
SELECT is((SELECT count(*) FROM shop.client_interactions WHERE client_id = 'c040' AND own_kind = 'visit'), (SELECT count(*) FROM visits WHERE day <= '2023-12-31'), 'several may be attached');
CALL clientcore.detach('shop', 'visits');
SELECT results_eq('SELECT DISTINCT own_kind = ''visit'' FROM shop.interaction', ARRAY[false], 'and detached');
-- A relation that is no more is told of, and taken away by hand.
CREATE TABLE gone AS SELECT client, day FROM visits;
CALL clientcore.attach_interactions('shop', 'gone', 'client', 'day', '''visit''');
DROP TABLE gone;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT results_eq($$SELECT failure ~ '^relation "[0-9]+" does not exist$' FROM shop.care_source WHERE failure IS NOT NULL$$, ARRAY[true], 'a relation that is no more is told of');
SELECT cmp_ok((SELECT count(*) FROM shop.interaction WHERE own_kind = 'visit'), '>', 0::bigint, 'what it told is kept');
DELETE FROM shop.care_source WHERE failure IS NOT NULL;
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT count(*) FROM shop.interaction WHERE own_kind = 'visit'), 0::bigint, 'till its row is deleted');
CALL clientcore.detach('shop', 'people');
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT results_eq('SELECT count(name), count(*) > 0 FROM shop.client_info', $$VALUES (0::bigint, true)$$, 'without the client table, who was spoken to is known');
CALL clientcore.detach('shop', 'talks');
SELECT pg_temp.refresh('shop') \g /dev/null
SELECT is((SELECT count(*) FROM shop.client_info) + (SELECT count(*) FROM shop.interaction) + (SELECT count(*) FROM shop.client_care), 0::bigint, 'and then nobody');
SELECT is((SELECT count(*) FROM shop.clients WHERE purchase_count = 0), 0::bigint, 'nor is there a prospect');
SELECT is(pg_temp.differences('shop'), NULL, 'histories are the sales');

-- Whatever the owner of a base has put into its types gains nothing by who asks.
SELECT current_setting('is_superuser')::boolean AS may_create \gset
\if :may_create
CREATE ROLE care_owner;
GRANT CREATE ON SCHEMA public TO care_owner;
SET LOCAL ROLE care_owner;
CREATE FUNCTION nosy(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN IF current_user <> 'care_owner' THEN RAISE EXCEPTION 'as %', current_user; END IF; RETURN true; END$$;
CREATE DOMAIN nosy_key AS text CHECK (nosy(VALUE));
CREATE TABLE nosy_sold AS SELECT ('x' || i % 3)::nosy_key AS client, date '2023-01-01' + i AS day, 10 AS amount FROM generate_series(1, 50) AS i;
RESET ROLE;
CALL clientcore.attach('nosy', 'nosy_sold', client => 'client', sold_at => 'day', amount => 'amount', build => false);
SELECT pg_temp.refresh('nosy') \g /dev/null
SELECT matches(dossier_text('nosy', 'x1'), '^x1, as of', 'a page for a superuser, by the owner''s rights');
SELECT is(sum(reward), 10::numeric, 'and a pool') FROM reward_shares('nosy', 10);
SET LOCAL ROLE care_owner;
CREATE OR REPLACE FUNCTION nosy.dossier_text(client text) RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
RESET ROLE;
SELECT matches(dossier_text('nosy', 'x1'), '^x1, as of', 'nor is a function called that its owner put in the place of that of the base');
\else
SELECT skip('roles are made by superusers');
\endif

-- --- real sales ---

\if :has_real
-- Managers and countries come from the lines themselves; interactions are made of them.
CREATE VIEW customer AS SELECT customer_number, min(customer_name) AS name, min(sales_rep_employee_number) AS rep, min(country) AS country FROM real.classicmodels_lines GROUP BY customer_number;
CREATE VIEW trouble AS
SELECT customer_number, order_date + 10 AS day, CASE status WHEN 'Disputed' THEN 'complaint' WHEN 'Resolved' THEN 'complaint' WHEN 'On Hold' THEN 'promise' WHEN 'Cancelled' THEN 'request' ELSE 'call' END AS kind,
       CASE status WHEN 'Resolved' THEN order_date + 14 END AS settled, min(order_number) AS number
FROM real.classicmodels_lines GROUP BY customer_number, order_date, status;
CALL clientcore.attach('classic', 'real.classicmodels_lines', client => 'customer_number', sold_at => 'order_date', amount => 'quantity_ordered * price_each', profit => 'quantity_ordered * (price_each - buy_price)', build => false);
CALL clientcore.attach_clients('classic', 'customer', 'customer_number', name => 'name', manager => 'rep', region => 'country');
CALL clientcore.attach_interactions('classic', 'trouble', 'customer_number', 'day', 'kind', resolved_at => 'settled', due_at => 'day + 30');
SELECT * FROM pg_temp.same_rows('SELECT manager, client_count, prospect_count, revenue_12m_amount, unanswered_count FROM classic.manager_portfolio', $$
    SELECT rep::text, count(*), 0::bigint, sum((SELECT coalesce(sum(quantity_ordered * price_each), 0) FROM real.classicmodels_lines l WHERE l.customer_number = c.customer_number AND order_date > '2004-05-31')),
           sum((SELECT count(*) FROM trouble t WHERE t.customer_number = c.customer_number AND kind IN ('complaint', 'request') AND day <= '2005-05-31' AND settled IS NULL))::bigint
    FROM customer c GROUP BY rep$$, 15, 'classicmodels: what each representative looks after');
SELECT * FROM pg_temp.same_rows($$SELECT client_id, due_date FROM classic.care_due WHERE care = 'feedback'$$, $$
    SELECT customer_number, min(day) + 3 FROM trouble WHERE kind IN ('complaint', 'request') AND day <= '2005-05-31' AND settled IS NULL GROUP BY customer_number$$, 5, 'classicmodels: disputes and cancelled orders without an answer');
SELECT is((SELECT count(*) FROM classic.client_interactions), (SELECT count(*) FROM trouble WHERE day <= '2005-05-31'), 'classicmodels: all that was said by the day');
CREATE VIEW buyer AS SELECT DISTINCT ON (customer_id) customer_id, 'E' || employee_id AS seller, ship_country FROM real.northwind_lines ORDER BY customer_id, order_date DESC, order_id DESC;
CREATE VIEW visit AS SELECT customer_id, order_date - 3 AS day, employee_id FROM real.northwind_lines WHERE order_date >= '1998-01-01' GROUP BY customer_id, order_date, employee_id;
CALL clientcore.attach('north', 'real.northwind_lines', client => 'customer_id', sold_at => 'order_date', amount => 'unit_price * quantity * (1 - discount)', build => false);
CALL clientcore.attach_clients('north', 'buyer', 'customer_id', manager => 'seller', region => 'ship_country');
CALL clientcore.attach_interactions('north', 'visit', 'customer_id', 'day', $$'visit'$$, about => 'employee_id');
SELECT * FROM pg_temp.same_rows($$SELECT client_id, due_date FROM north.care_due WHERE care = 'contact'$$, $$
    SELECT c.client_id, coalesce(v.day, greatest(c.first_purchase_date, (SELECT min(day) FROM visit))) + d.days FROM north.clients c
    LEFT JOIN (SELECT customer_id, max(day) AS day FROM visit WHERE day <= '1998-05-06' GROUP BY 1) AS v ON v.customer_id = c.client_id
    CROSS JOIN LATERAL (SELECT CASE WHEN is_key THEN 30 WHEN abc_class = 'A' THEN 60 WHEN abc_class = 'B' THEN 120 END AS days) AS d
    WHERE NOT is_lost AND coalesce(v.day, greatest(c.first_purchase_date, (SELECT min(day) FROM visit))) + d.days <= date '1998-05-06' + 7$$, 5, 'northwind: who is to be visited');
SELECT * FROM pg_temp.same_rows('SELECT manager, region, count(*) FROM north.clients GROUP BY 1, 2', 'SELECT seller, ship_country, count(*) FROM buyer GROUP BY 1, 2', 40, 'northwind: sellers and countries');
\else
SELECT skip('real sales are not here');
\endif

-- --- errors ---

SELECT throws_ok(format('CALL clientcore.%s', c.call), c.state, c.message, c.call)
FROM (VALUES ('attach_clients(''shop'', ''no_such'', ''client'')', '42P01', 'relation: "no_such" does not exist'), ('attach_clients(''none'', ''people'', ''client'')', '3F000', NULL),
    ('attach_clients(''shop'', ''people'', NULL)', '22004', NULL), ('attach_clients(''shop'', ''people'', ''no_such'')', '42703', NULL),
    ('attach_clients(''shop'', ''people'', ''client'', birthday => ''name'')', '42804', 'birthday: must not be of type text'), ('attach_clients(''shop'', ''people'', ''client'', expert => ''name'')', '42804', 'expert: must not be of type text'),
    ('attach_clients(''shop'', ''people'', ''length(client)'')', '42804', NULL), ('attach_clients(''shop'', ''people'', ''client'', name => ''(SELECT'')', '42601', NULL),
    ('attach_clients(''shop'', ''people'', ''client'', name => '''')', '22023', NULL), ('attach_clients(''shop'', ''people'', ''client'', name => ''1 / (length(name) - length(name))'')', '22012', NULL),
    ('attach_interactions(''shop'', ''talks'', ''client'', ''said_at'', NULL)', '22004', NULL), ('attach_interactions(''shop'', ''talks'', ''client'', ''what'', ''what'')', '42804', 'at: must not be of type text'),
    ('attach_interactions(''shop'', ''talks'', ''client'', ''said_at'', ''what'', score => ''what'')', '42804', 'score: must not be of type text'),
    ('attach_interactions(''shop'', ''sold_pkey'', ''client'', ''said_at'', ''what'')', '42P01', NULL)) AS c (call, state, message);
SELECT is((SELECT count(*) FROM shop.care_source), 0::bigint, 'what fails attaches nothing');
SELECT throws_ok(format('INSERT INTO shop.%s', c.what), c.state, NULL, c.what)
FROM (VALUES ('offer (name, kind) VALUES (''x'', ''y'')', '23514'), ('offer (name, kind, valid_from, valid_to) VALUES (''x'', ''gift'', ''2024-01-02'', ''2024-01-01'')', '23514'), ('offer_item (offer_id, position, item) VALUES (999, 1, ''x'')', '23503'),
    ('client_lost_reason (client_id, reason) VALUES (''x'', ''no such'')', '23503'), ('dossier_entry (client_id, topic, what) VALUES (''x'', ''y'', ''z'')', '23514'), ('council (client_id, body) VALUES (''x'', ''y'')', '23514'),
    ('share_grant (client_id, shares, granted_on) VALUES (''x'', 0, ''2024-01-01'')', '23514'), ('interaction_kind VALUES (''Call'', ''contact'')', '23505'), ('interaction_kind VALUES (''x'', ''y'')', '23514'),
    ('dossier_entry (client_id, topic, what, outcome) VALUES (''x'', ''need'', ''z'', ''won'')', '23514')) AS c (what, state);

SELECT * FROM finish();
ROLLBACK;
