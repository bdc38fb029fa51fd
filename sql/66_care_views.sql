-- The views of care: who the clients are, what they said, what we owe them. Plain SQL over
-- cards, what interactions come to, and the tables that people fill. Where nothing is
-- attached they are empty, or their columns null, 0 or false. Templates as in 66_views.sql.

-- The rows of a table that people fill, duplicates joined: person, and all of its columns.
CREATE FUNCTION clientcore.people_rows(name text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('(SELECT coalesce(a.client, x.client_id) AS person, x.* FROM %%1$I.%I x LEFT JOIN %%1$I.client_alias a ON a.alias %%8$s x.client_id)', name)
$$;
COMMENT ON FUNCTION clientcore.people_rows(text) IS
'Internal: what stands in FROM, in the template of a view, for a table of clients that people fill';

-- Days after which a client is to be spoken to again, in a row of clients beside t.
CREATE FUNCTION clientcore.contact_days()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT 'CASE WHEN c.is_key THEN t.contact_days_key WHEN c.abc_class = ''A'' THEN t.contact_days_a WHEN c.abc_class = ''B'' THEN t.contact_days_b ELSE t.contact_days_c END'
$$;
COMMENT ON FUNCTION clientcore.contact_days() IS
'Internal: the expression for how often a client is to be spoken to, in days; 0: not';

-- The condition by which a client c may have the offer f, once it is valid.
CREATE FUNCTION clientcore.is_entitled()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT $sql$coalesce(c.as_of_date <= f.valid_to, true)
                AND coalesce(c.abc_class = f.abc_class, true) AND coalesce(c.loyalty_rung >= f.rung_from, true) AND coalesce(c.loyalty_rung <= f.rung_to, true)
                AND coalesce(c.segment = f.segment, f.segment IS NULL) AND (c.is_key OR NOT f.is_for_key_clients) AND c.is_lost = f.is_for_lost_clients
                AND NOT c.is_protected AND c.has_consent IS NOT FALSE$sql$
$$;
COMMENT ON FUNCTION clientcore.is_entitled() IS
'Internal: the condition by which a client may have an offer';

CREATE FUNCTION clientcore.create_care_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_dossier_views(base), clientcore.create_to_do_views(base), clientcore.create_feedback_views(base);
END
$$;
COMMENT ON FUNCTION clientcore.create_care_views(text) IS
'Internal: makes the views of care';

-- Who they are.
CREATE FUNCTION clientcore.create_dossier_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- one row for each client with entries: a text for each topic, the newest last
    entries text := replace($sql$(
            SELECT e.person, max(e.told) FILTER (WHERE e.topic = 'general') AS facts, max(e.told) FILTER (WHERE e.topic = 'history') AS history,
                max(e.told) FILTER (WHERE e.topic = 'decision_maker') AS decision_makers, max(e.told) FILTER (WHERE e.topic = 'competitor') AS competitors,
                max(e.told) FILTER (WHERE e.topic = 'need') AS needs, max(e.told) FILTER (WHERE e.topic = 'solvency') AS solvency,
                max(e.told) FILTER (WHERE e.topic = 'authority') AS authority, max(e.told) FILTER (WHERE e.topic = 'image') AS image,
                max(e.told) FILTER (WHERE e.topic = 'expert') AS expertise, max(e.told) FILTER (WHERE e.topic = 'preference') AS preferences,
                max(e.told) FILTER (WHERE e.topic = 'negotiation') AS negotiations
            FROM (
                SELECT e.person, e.topic, string_agg(concat_ws(': ', e.who, e.what) || coalesce(' (' || e.outcome || coalesce(': ' || e.why, '') || ')', ''),
                    '; ' ORDER BY e.noted_on, e.entry_id) AS told
                FROM @people e
                GROUP BY e.person, e.topic) e
            GROUP BY e.person)$sql$, '@people', clientcore.people_rows('dossier_entry'));
BEGIN
    PERFORM clientcore.create_view(base, 'client_interactions', $sql$
        SELECT i.client_id, c.name, c.manager, c.segment, c.region,
            i.day AS interaction_date, i.happened_at, i.kind AS interaction_kind, i.own_kind, i.direction, i.channel AS interaction_channel,
            i.due_on AS due_date, i.resolved_at, i.explained_at, i.score::numeric(28, 4) AS score, i.element, i.amount::numeric(28, 4) AS interaction_amount,
            coalesce(i.is_own_initiative, false) AS is_own_initiative, i.reason, i.body, i.about, s.as_of AS as_of_date
        FROM %1$I.interaction i
        JOIN %1$I.card c ON c.client_id %8$s i.client_id
        CROSS JOIN %1$I.state s
        WHERE i.day <= s.as_of
        ORDER BY i.client_id, i.happened_at, i.source, i.number$sql$,
        'What was said and done between us and each client, but for sales');

    PERFORM clientcore.create_view(base, 'dossier', replace(replace(replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.industry, c.channel, i.birthday AS birth_date, c.known_since_date,
            CASE WHEN i.has_consent THEN 'yes' WHEN NOT i.has_consent THEN 'no' END AS consent,
            c.phase, c.phase_rank, c.status, c.status_rank, c.abc_class, c.abc_rank, c.xyz_class, c.xyz_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
            c.is_key, c.key_rank, c.is_vocal, c.is_image_maker, c.is_expert, c.is_protected, c.is_lost, c.is_at_risk,
            c.first_purchase_date, c.last_purchase_date, c.purchase_count, c.revenue_amount, c.revenue_12m_amount, c.silence_days, c.typical_interval_days,
            e.facts, e.history, e.decision_makers, e.competitors, e.needs, e.solvency, e.authority, e.preferences, e.image, e.expertise, e.negotiations,
            k.last_contact AS last_contact_date, k.next_contact AS next_contact_date, coalesce(k.contact_12m_count, 0) AS contact_12m_count,
            coalesce(k.feedback_12m_count, 0) AS feedback_12m_count, coalesce(k.complaint_12m_count, 0) AS complaint_12m_count,
            coalesce(k.unanswered_count, 0) AS unanswered_count, coalesce(k.open_promise_count, 0) AS open_promise_count, k.promise_due AS promise_due_date,
            m.councils, coalesce(g.shares, 0)::bigint AS share_count,
            (num_nonnulls(c.name, c.manager, nullif(k.contact_12m_count, 0), e.facts, e.history, e.decision_makers, e.competitors, e.needs, e.solvency, e.preferences)
                / 10.0)::numeric(9, 8) AS completeness_share,
            nullif(concat_ws(', ', CASE WHEN c.name IS NULL THEN 'name' END, CASE WHEN c.manager IS NULL THEN 'manager' END,
                CASE WHEN coalesce(k.contact_12m_count, 0) = 0 THEN 'contact' END, CASE WHEN e.facts IS NULL THEN 'general' END,
                CASE WHEN e.history IS NULL THEN 'history' END, CASE WHEN e.decision_makers IS NULL THEN 'decision_maker' END,
                CASE WHEN e.competitors IS NULL THEN 'competitor' END, CASE WHEN e.needs IS NULL THEN 'need' END,
                CASE WHEN e.solvency IS NULL THEN 'solvency' END, CASE WHEN e.preferences IS NULL THEN 'preference' END), '') AS missing,
            c.as_of_date
        FROM (%2$s) c
        LEFT JOIN %1$I.client_info i ON i.client_id %8$s c.client_id
        LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
        LEFT JOIN @entries e ON e.person %8$s c.client_id
        LEFT JOIN (
            SELECT x.person, string_agg(DISTINCT x.body, ', ') AS councils
            FROM @council x CROSS JOIN %1$I.state s
            WHERE x.member_since <= s.as_of AND coalesce(x.member_until >= s.as_of, true)
            GROUP BY x.person) m ON m.person %8$s c.client_id
        LEFT JOIN (
            SELECT x.person, sum(x.shares) AS shares
            FROM @share x CROSS JOIN %1$I.state s
            WHERE x.granted_on <= s.as_of
            GROUP BY x.person) g ON g.person %8$s c.client_id
        ORDER BY c.client_id$sql$, '@entries', entries), '@council', clientcore.people_rows('council')), '@share', clientcore.people_rows('share_grant')),
        'All that is known of each client, on one row: who it is, who decides, what was said, what is open, and what is not known yet');

    PERFORM clientcore.create_view(base, 'prospects', replace($sql$
        WITH chosen AS (SELECT * FROM (%2$s) c WHERE c.purchase_count = 0),
        action AS (%3$s)
        SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.industry, c.channel, c.known_since_date,
            c.loyalty_stage, c.loyalty_rank, c.loyalty_rung,
            e.needs, e.solvency, nullif(concat_ws('; ', e.authority, e.decision_makers), '') AS authority,
            e.needs IS NOT NULL AS is_need_known, e.solvency IS NOT NULL AS is_solvency_known, p.is_authority_known,
            num_nonnulls(e.needs, e.solvency, CASE WHEN p.is_authority_known THEN true END) AS known_count,
            nullif(concat_ws(', ', CASE WHEN e.needs IS NULL THEN 'need' END, CASE WHEN e.solvency IS NULL THEN 'ability to pay' END,
                CASE WHEN NOT p.is_authority_known THEN 'authority to decide' END), '') AS missing,
            k.first_contact AS first_contact_date, k.last_contact AS last_contact_date, k.next_contact AS next_contact_date,
            coalesce(n.contacts, 0) AS contact_count,
            a.recommended_action, a.advice, a.offer, c.as_of_date
        FROM chosen c
        CROSS JOIN %1$I.state s
        LEFT JOIN @entries e ON e.person %8$s c.client_id
        LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
        LEFT JOIN (
            SELECT i.client_id, count(*) AS contacts FROM %1$I.interaction i CROSS JOIN %1$I.state s WHERE i.day <= s.as_of
            GROUP BY i.client_id) n ON n.client_id %8$s c.client_id
        LEFT JOIN action a USING (action_abc, xyz_class, status, kinds)
        CROSS JOIN LATERAL (SELECT e.authority IS NOT NULL OR e.decision_makers IS NOT NULL AS is_authority_known) p
        ORDER BY known_count DESC, k.last_contact DESC NULLS LAST, c.client_id$sql$, '@entries', entries),
        'Clients that are known, but have not bought yet: what is known of need, ability to pay and authority to decide, and what is missing; those of whom most is known first');

    PERFORM clientcore.create_view(base, 'council_candidates', replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            row_number() OVER (ORDER BY coalesce(k.feedback_12m_count, 0) DESC, c.key_rank) AS candidate_rank,
            concat_ws('; ', 'class ' || c.abc_class, CASE WHEN c.is_top_buyer THEN 'top buyer' END,
                'client since ' || to_char(least(c.first_purchase_date, c.known_since_date), 'YYYY-MM-DD'),
                CASE WHEN k.feedback_12m_count > 0 THEN 'spoke up ' || clientcore.counted(k.feedback_12m_count, 'time', 'times') || ' in 12 months' END,
                CASE WHEN c.is_vocal THEN 'vocal' END, CASE WHEN c.is_expert THEN 'expert' END) AS why,
            c.key_rank, c.abc_class, c.abc_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung, c.status, c.status_rank,
            c.revenue_12m_amount, c.first_purchase_date, c.tenure_days, coalesce(k.feedback_12m_count, 0) AS feedback_12m_count,
            c.is_vocal, c.is_expert, c.is_image_maker, c.as_of_date
        FROM (%2$s) c
        LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
        WHERE c.is_key AND NOT c.is_lost AND c.abc_class IN ('A', 'B') AND c.loyalty_rung >= 4
            AND c.as_of_date - least(c.first_purchase_date, c.known_since_date) >= 365
            AND (k.feedback_12m_count > 0 OR c.is_vocal OR c.is_expert)
            AND NOT EXISTS (SELECT FROM @council m WHERE m.person %8$s c.client_id AND coalesce(m.member_until >= c.as_of_date, true))
        ORDER BY candidate_rank$sql$, '@council', clientcore.people_rows('council')),
        'Whom to ask into a club, council or advisory board: key clients that buy much, have done so for a year or more, and speak up; not yet members');

    PERFORM clientcore.create_view(base, 'offer_eligibility', replace($sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            f.offer_id, f.name AS offer_name, f.kind AS offer_kind, p.items, f.cost::numeric(28, 4) AS cost_amount,
            f.valid_from AS valid_from_date, f.valid_to AS valid_to_date,
            c.is_key, c.abc_class, c.abc_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung, c.status, c.status_rank, c.as_of_date
        FROM (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.is_key, c.is_lost, c.is_protected, c.abc_class, c.abc_rank,
                c.loyalty_stage, c.loyalty_rank, c.loyalty_rung, c.status, c.status_rank, c.as_of_date, i.has_consent
            FROM (%2$s) c
            LEFT JOIN %1$I.client_info i ON i.client_id %8$s c.client_id) c
        JOIN %1$I.offer f ON f.valid_from <= c.as_of_date AND @entitled
        LEFT JOIN (
            SELECT x.offer_id, string_agg(CASE WHEN x.quantity <> 1 THEN trim_scale(x.quantity) || ' x ' ELSE '' END || x.item, ', ' ORDER BY x.position) AS items
            FROM %1$I.offer_item x GROUP BY x.offer_id) p ON p.offer_id = f.offer_id
        ORDER BY c.client_id, f.offer_id$sql$, '@entitled', clientcore.is_entitled()),
        'Which offers each client is entitled to now, by class, rung of the ladder and segment; without those who do not want to be written to, or are protected');
END
$$;
COMMENT ON FUNCTION clientcore.create_dossier_views(text) IS
'Internal: makes the views of who clients are, and what is for whom';

-- The anniversary of a day among the days ahead; null where it is not among them.
CREATE FUNCTION clientcore.anniversary_ahead(day text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$CASE WHEN date_part('month', %1$s) * 32 + date_part('day', %1$s) = ANY (ARRAY(SELECT a.month_day FROM ahead a))
                    THEN (SELECT min(a.due_date) FROM ahead a WHERE a.month_day = date_part('month', %1$s) * 32 + date_part('day', %1$s) AND a.due_date > %1$s) END$sql$, day)
$$;
COMMENT ON FUNCTION clientcore.anniversary_ahead(text) IS
'Internal: the expression for the anniversary of a day among the days of due_rows';

-- Common table expressions, in a template, with due as what is to be done for whom in the
-- days ahead. Every client is looked at once, with all that can be due for it; the words are
-- found for what is due alone.
CREATE FUNCTION clientcore.due_rows()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT replace(replace(replace(replace(replace($sql$
        -- the 29th of February is the 28th in other years
        ahead AS MATERIALIZED (
            SELECT d.day::date AS due_date, date_part('month', d.day) * 32 + e.day_of_month AS month_day
            FROM %1$I.state s
            CROSS JOIN (%9$s) t
            CROSS JOIN LATERAL generate_series(s.as_of::timestamp, s.as_of + make_interval(days => t.care_ahead_days), interval '1 day') d (day)
            CROSS JOIN LATERAL (
                SELECT date_part('day', d.day) AS day_of_month
                UNION ALL
                SELECT 29 WHERE to_char(d.day, 'MMDD') = '0228' AND to_char(d.day + interval '1 day', 'MMDD') = '0301') e),
        due AS (
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.is_key, c.is_client, c.abc_class, c.abc_rank, c.status, c.status_rank, c.as_of_date,
                (ARRAY['promise', 'feedback', 'explanation', 'contact', 'follow_up', 'next_purchase', 'greeting', 'greeting', 'offer'])[d.number] AS care,
                (ARRAY[1, 2, 3, 4, 5, 6, 7, 7, 8])[d.number] AS care_rank, (ARRAY[2, 2, 3, 3, 3, 3, 4, 4, 4])[d.number] AS step, d.due_date, CASE d.number
                    WHEN 1 THEN CASE c.open_promise_count WHEN 1 THEN 'a promise is open' ELSE c.open_promise_count || ' promises are open' END
                    WHEN 2 THEN CASE c.unanswered_count WHEN 1 THEN 'what it said on ' ELSE c.unanswered_count || ' complaints, suggestions or requests, the first of ' END
                        || to_char(c.unanswered_since, 'YYYY-MM-DD') || CASE c.unanswered_count WHEN 1 THEN ' is not answered' ELSE ', are not answered' END
                    WHEN 3 THEN 'was not told what came of what it said' || CASE c.unexplained_count WHEN 1 THEN ' on ' ELSE ' ' || c.unexplained_count || ' times, first on ' END
                        || to_char(c.unexplained_since, 'YYYY-MM-DD')
                    WHEN 4 THEN CASE WHEN c.next_contact IS NOT NULL THEN 'planned for that day'
                        ELSE coalesce('last spoken to on ' || to_char(c.last_contact, 'YYYY-MM-DD'), 'no contact is recorded') || ', every ' || c.contact_days || ' days is the rule' END
                    WHEN 5 THEN 'bought on ' || to_char(c.last_purchase_date, 'YYYY-MM-DD') || ': ask how it went'
                    WHEN 6 THEN 'usually buys every ' || trim_scale(c.typical_interval_days) || ' days, last on ' || to_char(c.last_purchase_date, 'YYYY-MM-DD')
                    WHEN 7 THEN 'birthday'
                    WHEN 8 THEN clientcore.counted(date_part('year', d.due_date)::integer - date_part('year', c.first_purchase_date)::integer, 'year', 'years') || ' a client'
                    WHEN 9 THEN 'may have ' || (
                        SELECT string_agg('"' || f.name || '"' || coalesce(' until ' || to_char(f.valid_to, 'YYYY-MM-DD'), ''), ', ' ORDER BY f.offer_id)
                        FROM %1$I.offer f WHERE @offered) || ', and was not told yet'
                    END AS why
            FROM (
                SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.is_key, c.is_lost, c.is_protected, c.is_at_risk, c.abc_class, c.abc_rank, c.status, c.status_rank,
                    c.loyalty_rung, c.first_purchase_date, c.last_purchase_date, c.purchase_count, c.typical_interval_days, c.is_client,
                    i.birthday, i.has_consent, k.last_contact, k.next_contact, k.unanswered_count, k.unanswered_since, k.unexplained_count, k.unexplained_since,
                    k.open_promise_count, k.promise_due, o.records_from, @days AS contact_days, t.answer_days, t.follow_up_days, t.care_ahead_days, c.as_of_date
                FROM (%2$s) c
                CROSS JOIN (%9$s) t
                CROSS JOIN (SELECT min(o.first_contact) AS records_from FROM %1$I.client_care o) o
                LEFT JOIN %1$I.client_info i ON i.client_id %8$s c.client_id
                LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
                WHERE NOT c.is_protected
                OFFSET 0) c
            -- an array, for the rows of VALUES are made ready anew for every client
            CROSS JOIN LATERAL unnest(ARRAY[
                CASE WHEN c.open_promise_count > 0 THEN coalesce(c.promise_due, c.as_of_date) END,
                CASE WHEN c.unanswered_count > 0 THEN c.unanswered_since + c.answer_days END,
                CASE WHEN c.unexplained_count > 0 THEN c.unexplained_since + c.answer_days END,
                CASE WHEN c.next_contact IS NOT NULL THEN c.next_contact
                    -- nothing is known of the time before interactions were recorded
                    WHEN c.records_from IS NOT NULL AND c.contact_days > 0 AND NOT c.is_lost
                    THEN coalesce(c.last_contact, greatest(c.first_purchase_date, c.records_from)) + c.contact_days END,
                CASE WHEN c.records_from IS NOT NULL AND c.contact_days > 0 AND c.follow_up_days > 0 AND coalesce(c.last_contact < c.last_purchase_date, true)
                    AND c.last_purchase_date + 2 * c.follow_up_days >= c.as_of_date THEN c.last_purchase_date + c.follow_up_days END,
                CASE WHEN c.contact_days > 0 AND c.purchase_count >= 2 AND NOT c.is_lost AND NOT c.is_at_risk
                    AND c.last_purchase_date + ceil(c.typical_interval_days)::integer >= c.as_of_date - c.follow_up_days
                    AND coalesce(c.last_contact < c.last_purchase_date + ceil(c.typical_interval_days)::integer - c.follow_up_days, true)
                    THEN c.last_purchase_date + ceil(c.typical_interval_days)::integer END,
                CASE WHEN NOT c.is_lost AND c.has_consent IS NOT FALSE THEN @birthday END,
                CASE WHEN c.contact_days > 0 AND NOT c.is_lost AND c.has_consent IS NOT FALSE THEN @anniversary END,
                CASE WHEN c.contact_days > 0 OR c.is_lost OR NOT c.is_client
                    THEN (SELECT min(coalesce(f.valid_to, f.valid_from + 30)) FROM %1$I.offer f WHERE @offered) END])
                WITH ORDINALITY d (due_date, number)
            -- an offer is to be told until it ends
            WHERE d.due_date <= c.as_of_date + c.care_ahead_days OR d.number = 9 AND d.due_date IS NOT NULL
            UNION ALL
            SELECT c.client_id, c.name, c.manager, c.segment, c.region, c.is_key, c.is_client, c.abc_class, c.abc_rank, c.status, c.status_rank, c.as_of_date,
                'share_statement', 9, 4, d.due_date, d.why
            FROM @share g
            JOIN (%2$s) c ON c.client_id %8$s g.person
            CROSS JOIN (%9$s) t
            CROSS JOIN LATERAL (
                SELECT a.due_date, 'yearly statement of ' || g.shares || ' shares granted on ' || to_char(g.granted_on, 'YYYY-MM-DD') AS why
                FROM ahead a
                WHERE a.month_day = date_part('month', g.granted_on) * 32 + date_part('day', g.granted_on) AND a.due_date > g.granted_on
                UNION ALL
                SELECT g.locked_until, g.shares || ' shares granted on ' || to_char(g.granted_on, 'YYYY-MM-DD') || ' may be sold from then on'
                WHERE g.lock_months > 0 AND g.locked_until BETWEEN c.as_of_date AND c.as_of_date + t.care_ahead_days) d
            WHERE NOT c.is_protected)$sql$,
    '@days', clientcore.contact_days()), '@offered', 'f.valid_from <= c.as_of_date + c.care_ahead_days AND coalesce(c.last_contact < f.valid_from, true) AND ' || clientcore.is_entitled()), '@share', clientcore.people_rows('share_grant')),
    '@birthday', clientcore.anniversary_ahead('c.birthday')), '@anniversary', clientcore.anniversary_ahead('c.first_purchase_date'))
$$;
COMMENT ON FUNCTION clientcore.due_rows() IS
'Internal: the common table expressions that find what is due, in the template of a view';

-- What is to be done.
CREATE FUNCTION clientcore.create_to_do_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_view(base, 'care_due', 'WITH ' || clientcore.due_rows() || $sql$
        SELECT d.client_id, d.name, d.manager, d.segment, d.region,
            d.care, d.care_rank::smallint AS care_rank, d.due_date, greatest(d.as_of_date - d.due_date, 0) AS overdue_days, d.as_of_date > d.due_date AS is_overdue,
            d.priority::smallint AS priority,
            d.why, d.is_key, d.abc_class, d.abc_rank, d.status, d.status_rank, d.as_of_date
        FROM (SELECT d.*, least(greatest(d.step - CASE WHEN d.is_key THEN 1 WHEN d.abc_class = 'C' AND d.is_client THEN -1 ELSE 0 END, 1), 5) AS priority FROM due d) d
        -- by priority, day, kind and key clients first, as one number: texts before them would have to be gone through at every comparison
        ORDER BY ((d.priority * 10000000::bigint
            + (d.due_date - date '0001-01-01')) * 10 + d.care_rank) * 2 + CASE WHEN d.is_key THEN 0 ELSE 1 END, d.client_id, d.why$sql$,
        'What is to be done for whom, by whom, until when and why: promises, answers, contacts, follow-ups, purchases, greetings, offers and statements that are due or will be within care_ahead_days; what is most urgent first');

    PERFORM clientcore.create_view(base, 'loyal_but_ignored', $sql$
        SELECT c.client_id, c.name, c.manager, c.segment, c.region,
            concat_ws('; ',
                CASE WHEN g.ignored_days > t.ignored_days THEN coalesce('not spoken to since ' || to_char(k.last_contact, 'YYYY-MM-DD'), 'no contact is recorded') END,
                CASE WHEN k.unanswered_count > 0 THEN 'what it said on ' || to_char(k.unanswered_since, 'YYYY-MM-DD') || ' is not answered' END) AS why,
            g.ignored_days, k.last_contact AS last_contact_date, coalesce(k.unanswered_count, 0) AS unanswered_count,
            c.is_key, c.key_rank, c.is_long_standing, c.abc_class, c.abc_rank, c.loyalty_stage, c.loyalty_rank, c.loyalty_rung, c.status, c.status_rank,
            c.revenue_12m_amount, c.revenue_12m_share, c.first_purchase_date, c.tenure_days, c.as_of_date
        FROM (%2$s) c
        CROSS JOIN (%9$s) t
        LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
        CROSS JOIN (SELECT min(o.first_contact) AS records_from FROM %1$I.client_care o) o
        CROSS JOIN LATERAL (SELECT c.as_of_date - coalesce(k.last_contact, greatest(c.first_purchase_date, o.records_from)) AS ignored_days) g
        WHERE o.records_from IS NOT NULL
            AND NOT c.is_lost AND (c.is_long_standing OR c.abc_class = 'A') AND (g.ignored_days > t.ignored_days OR k.unanswered_count > 0)
        ORDER BY c.revenue_12m_amount DESC, c.client_id$sql$,
        'Long-standing clients and those of class A that nobody has spoken to for long, or who had no answer; most revenue first');

    PERFORM clientcore.create_view(base, 'manager_portfolio', 'WITH ' || clientcore.due_rows() || $sql$,
        client AS (
            SELECT c.manager, count(*) FILTER (WHERE c.is_client) AS client_count, count(*) FILTER (WHERE c.is_client AND NOT c.is_lost) AS active_count,
                count(*) FILTER (WHERE NOT c.is_client) AS prospect_count,
                count(*) FILTER (WHERE c.is_key AND NOT c.is_lost) AS key_client_count, count(*) FILTER (WHERE c.is_at_risk) AS at_risk_count,
                count(*) FILTER (WHERE c.lost_date > (c.as_of_date - interval '12 months')::date) AS lost_12m_count,
                sum(c.revenue_12m_amount) AS revenue, sum(greatest(c.revenue_12m_amount, 0)) AS positive, sum(c.profit_12m_amount) AS profit,
                sum(k.feedback_12m_count) AS feedback, sum(k.unanswered_count) AS unanswered, min(c.as_of_date) AS as_of_date
            FROM (%2$s) c
            LEFT JOIN %1$I.client_care k ON k.client_id %8$s c.client_id
            GROUP BY c.manager),
        flow AS (
            SELECT nullif(f.manager, '') AS manager,
                sum(f.returned_count) FILTER (WHERE f.month_date > (s.as_of - interval '12 months')::date) AS returned,
                sum(f.year_ago_count) FILTER (WHERE f.month_date = date_trunc('month', s.as_of)::date) AS year_ago,
                sum(f.kept_count) FILTER (WHERE f.month_date = date_trunc('month', s.as_of)::date) AS kept
            FROM %1$I.flow_summary f CROSS JOIN %1$I.state s
            GROUP BY f.manager),
        answer AS (
            SELECT c.manager, percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', least(i.resolved_at, i.explained_at) - i.happened_at) / 86400) AS days
            FROM %1$I.interaction i
            JOIN %1$I.card c ON c.client_id %8$s i.client_id
            CROSS JOIN %1$I.state s
            CROSS JOIN (%9$s) t
            WHERE i.kind IN ('complaint', 'suggestion', 'request') AND i.day <= s.as_of AND i.day > (s.as_of - interval '12 months')::date
                AND (least(i.resolved_at, i.explained_at) AT TIME ZONE t.time_zone)::date <= s.as_of
            GROUP BY c.manager),
        overdue AS (SELECT d.manager, count(*) AS due FROM due d WHERE d.as_of_date > d.due_date GROUP BY d.manager)
        SELECT c.manager, c.client_count, c.active_count, c.key_client_count, c.prospect_count,
            c.revenue::numeric(28, 4) AS revenue_12m_amount, (c.positive / nullif(sum(c.positive) OVER (), 0))::numeric(9, 8) AS revenue_12m_share,
            c.profit::numeric(28, 4) AS profit_12m_amount,
            c.at_risk_count, c.lost_12m_count, coalesce(f.returned, 0)::bigint AS returned_12m_count,
            (f.kept / nullif(f.year_ago, 0))::numeric(9, 8) AS retention_12m_share,
            coalesce(c.feedback, 0)::bigint AS feedback_12m_count, coalesce(c.unanswered, 0)::bigint AS unanswered_count,
            r.days::numeric(10, 1) AS median_answer_days, coalesce(o.due, 0) AS overdue_care_count, c.as_of_date
        FROM client c
        LEFT JOIN flow f ON f.manager IS NOT DISTINCT FROM c.manager
        LEFT JOIN answer r ON r.manager IS NOT DISTINCT FROM c.manager
        LEFT JOIN overdue o ON o.manager IS NOT DISTINCT FROM c.manager
        ORDER BY c.revenue DESC, c.manager$sql$,
        'What each manager looks after and how it goes: clients, revenue, who is lost and came back, how soon they are answered, what is overdue; most revenue first');
END
$$;
COMMENT ON FUNCTION clientcore.create_to_do_views(text) IS
'Internal: makes the views of what is to be done, and by whom';

-- What they said.
CREATE FUNCTION clientcore.create_feedback_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.create_summary(base, 'feedback_response', $sql$
        WITH places AS (%6$s),
        said AS (
            SELECT p.place, i.kind, CASE WHEN c.sale_count + c.return_count > 0 THEN c.abc_class ELSE 'none' END AS abc_class, i.client_id, i.day, s.as_of, t.answer_days, o.is_answer_known,
                CASE WHEN (least(i.resolved_at, i.explained_at) AT TIME ZONE t.time_zone)::date <= s.as_of
                    THEN date_part('epoch', least(i.resolved_at, i.explained_at) - i.happened_at) / 86400 END AS answer_days_taken,
                CASE WHEN (i.resolved_at AT TIME ZONE t.time_zone)::date <= s.as_of THEN date_part('epoch', i.resolved_at - i.happened_at) / 86400 END AS resolve_days_taken,
                (least(i.resolved_at, i.explained_at) AT TIME ZONE t.time_zone)::date - i.day AS days_until_answer
            FROM %1$I.interaction i
            JOIN (SELECT o.source, o.roles ?| '{resolved_at,explained_at}' AS is_answer_known FROM %1$I.care_source o) o USING (source)
            JOIN %1$I.card c ON c.client_id %8$s i.client_id
            JOIN places p ON %4$s
            CROSS JOIN %1$I.state s
            CROSS JOIN (%9$s) t
            WHERE i.kind IN ('complaint', 'suggestion', 'request') AND i.day <= s.as_of AND i.day > (s.as_of - interval '12 months')::date),
        effect AS (
            SELECT p.place, CASE WHEN c.sale_count + c.return_count > 0 THEN c.abc_class ELSE 'none' END AS abc_class, sum(k.compared_complaint_count) AS compared,
                sum(k.revenue_before_complaint) AS before, sum(k.revenue_after_complaint) AS after
            FROM %1$I.client_care k
            JOIN %1$I.card c ON c.client_id %8$s k.client_id
            JOIN places p ON %4$s
            GROUP BY 1, 2),
        summed AS (
            SELECT d.place, d.kind, d.abc_class, count(*) AS feedback, count(d.answer_days_taken) AS answered, count(d.resolve_days_taken) AS resolved,
                count(*) FILTER (WHERE d.is_answer_known AND d.answer_days_taken IS NULL) AS unanswered,
                percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY d.answer_days_taken) AS answer,
                percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY d.resolve_days_taken) AS resolve,
                count(*) FILTER (WHERE d.answer_days_taken IS NOT NULL AND d.days_until_answer <= d.answer_days) AS in_time,
                count(*) FILTER (WHERE d.answer_days_taken IS NOT NULL OR d.is_answer_known AND d.day + d.answer_days < d.as_of) AS due
            FROM said d
            GROUP BY d.place, d.kind, d.abc_class)
        SELECT %5$s
            d.kind AS feedback_kind, (CASE d.kind WHEN 'complaint' THEN 1 WHEN 'suggestion' THEN 2 ELSE 3 END)::smallint AS feedback_kind_rank,
            d.abc_class, coalesce(nullif(strpos('ABC', d.abc_class), 0), 4)::smallint AS abc_rank,
            d.feedback AS feedback_count, d.answered AS answered_count, d.resolved AS resolved_count, d.unanswered AS unanswered_count,
            d.answer[1]::numeric(10, 1) AS median_answer_days, d.answer[2]::numeric(10, 1) AS p90_answer_days,
            d.resolve[1]::numeric(10, 1) AS median_resolve_days, d.resolve[2]::numeric(10, 1) AS p90_resolve_days,
            (d.in_time::numeric / nullif(d.due, 0))::numeric(9, 8) AS in_time_share,
            CASE WHEN d.kind = 'complaint' THEN coalesce(e.compared, 0) ELSE 0 END::bigint AS compared_count,
            (CASE WHEN d.kind = 'complaint' AND e.compared > 0 THEN e.before END)::numeric(28, 4) AS revenue_before_amount,
            (CASE WHEN d.kind = 'complaint' AND e.compared > 0 THEN e.after END)::numeric(28, 4) AS revenue_after_amount
        FROM summed d
        JOIN places w USING (place)
        LEFT JOIN effect e USING (place, abc_class)
        ORDER BY place, feedback_kind_rank, abc_rank$sql$,
        'How soon complaints, suggestions and requests of 12 months were answered and settled, by class, and what their clients bought before and after a complaint');

    PERFORM clientcore.create_summary(base, 'relationship_scores', $sql$
        WITH places AS (%6$s),
        given AS (
            SELECT i.client_id, i.element, i.score, i.day > (s.as_of - interval '12 months')::date AS is_recent,
                row_number() OVER (PARTITION BY i.client_id, i.element, i.day > (s.as_of - interval '12 months')::date
                    ORDER BY i.happened_at DESC, i.source DESC, i.number DESC) AS nth
            FROM %1$I.interaction i CROSS JOIN %1$I.state s
            WHERE i.kind = 'survey' AND i.score IS NOT NULL AND i.day <= s.as_of AND i.day > (s.as_of - interval '24 months')::date),
        summed AS (
            SELECT p.place, CASE WHEN c.sale_count + c.return_count > 0 THEN c.abc_class ELSE 'none' END AS abc_class, g.element, count(*) FILTER (WHERE g.is_recent) AS clients,
                avg(g.score) FILTER (WHERE g.is_recent) AS score, avg(g.score) FILTER (WHERE NOT g.is_recent) AS year_ago
            FROM given g
            JOIN %1$I.card c ON c.client_id %8$s g.client_id
            JOIN places p ON %4$s
            WHERE g.nth = 1
            GROUP BY 1, 2, 3)
        SELECT %5$s
            d.element, n.rank::smallint AS element_rank, n.rank > 5 AS is_trust, d.abc_class, coalesce(nullif(strpos('ABC', d.abc_class), 0), 4)::smallint AS abc_rank,
            d.clients AS client_count, d.score::numeric(28, 4) AS average_score, d.year_ago::numeric(28, 4) AS year_ago_score,
            (rank() OVER (PARTITION BY place ORDER BY d.score))::smallint AS weakness_rank
        FROM summed d
        JOIN places w USING (place)
        JOIN unnest('{brand,communications,environment,offer,people,reason_to_use,trust_and_safety,importance,status,benefit}'::text[])
            WITH ORDINALITY AS n (element, rank) ON n.element = d.element
        WHERE d.clients > 0
        ORDER BY place, weakness_rank, n.rank, abc_rank$sql$,
        'How clients score the five elements of the relationship and the five levels of trust, by class: the last score of each client within 12 months; the weakest first');

    PERFORM clientcore.create_summary(base, 'concession_balance', $sql$
        WITH places AS (%6$s),
        given AS (
            SELECT p.place, CASE WHEN c.sale_count + c.return_count > 0 THEN c.abc_class ELSE 'none' END AS abc_class, count(*) AS concessions, sum(g.amount) AS amount, sum(g.amount) FILTER (WHERE i.is_own_initiative) AS own,
                sum(g.amount) FILTER (WHERE g.is_told) AS told, sum(g.amount) FILTER (WHERE g.is_told AND i.is_own_initiative) AS own_and_told
            FROM %1$I.interaction i
            JOIN %1$I.card c ON c.client_id %8$s i.client_id
            JOIN places p ON %4$s
            CROSS JOIN %1$I.state s
            CROSS JOIN (%9$s) t
            CROSS JOIN LATERAL (SELECT greatest(i.amount, 0) AS amount, coalesce((i.explained_at AT TIME ZONE t.time_zone)::date <= s.as_of, false) AS is_told) g
            WHERE i.kind = 'concession' AND i.day <= s.as_of AND i.day > (s.as_of - interval '12 months')::date
            GROUP BY 1, 2)
        SELECT %5$s
            g.abc_class, coalesce(nullif(strpos('ABC', g.abc_class), 0), 4)::smallint AS abc_rank, g.concessions AS concession_count,
            coalesce(g.amount, 0)::numeric(28, 4) AS concession_amount,
            coalesce(g.own, 0)::numeric(28, 4) AS own_initiative_amount, (coalesce(g.own, 0) / nullif(g.amount, 0))::numeric(9, 8) AS own_initiative_share,
            coalesce(g.told, 0)::numeric(28, 4) AS told_amount, (coalesce(g.told, 0) / nullif(g.amount, 0))::numeric(9, 8) AS told_share,
            coalesce(g.own_and_told, 0)::numeric(28, 4) AS own_and_told_amount, (coalesce(g.own_and_told, 0) / nullif(g.amount, 0))::numeric(9, 8) AS own_and_told_share
        FROM given g
        JOIN places w USING (place)
        ORDER BY place, abc_rank$sql$,
        'How much of what was conceded to clients within 12 months was given on our own initiative, and how much they were told of, by class');
END
$$;
COMMENT ON FUNCTION clientcore.create_feedback_views(text) IS
'Internal: makes the views of what clients said and were given';
