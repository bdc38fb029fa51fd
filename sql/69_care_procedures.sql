-- What people call about care: attaching a client table and interactions, the page on one
-- client, and sharing out.

CREATE FUNCTION clientcore.attach_care(base text, relation text, relation_id oid, holds text, roles jsonb, path text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner_id oid := clientcore.base_owner(base);
BEGIN
    PERFORM clientcore.require_read_committed(), clientcore.require_relation(relation, relation_id);
    PERFORM clientcore.run_as_owner(owner_id, 'base_attach_care', base,
        jsonb_build_object('relation', relation_id, 'holds', holds, 'roles', jsonb_strip_nulls(roles), 'path', path));
END
$$;
COMMENT ON FUNCTION clientcore.attach_care(text, text, oid, text, jsonb, text) IS
'Internal: attaches a client table, or interactions';

CREATE PROCEDURE clientcore.attach_clients(
    base text,
    relation text,
    client text,
    name text DEFAULT NULL,
    manager text DEFAULT NULL,
    segment text DEFAULT NULL,
    region text DEFAULT NULL,
    industry text DEFAULT NULL,
    channel text DEFAULT NULL,
    birthday text DEFAULT NULL,
    known_since text DEFAULT NULL,
    kind text DEFAULT NULL,
    image_maker text DEFAULT NULL,
    expert text DEFAULT NULL,
    consent text DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.attach_care(base, relation, pg_catalog.to_regclass(relation), 'clients', pg_catalog.jsonb_build_object(
        'client', client, 'name', name, 'manager', manager, 'segment', segment, 'region', region, 'industry', industry, 'channel', channel,
        'birthday', birthday, 'known_since', known_since, 'kind', kind, 'image_maker', image_maker, 'expert', expert, 'consent', consent),
        clientcore.path_text(pg_catalog.current_schemas(false)));
    CALL clientcore.refresh(base);
END
$$;
COMMENT ON PROCEDURE clientcore.attach_clients(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Tells a client base who its clients are, from your client table (a table, view, materialized view or foreign table of the base''s owner), and refreshes it. client is as in the sales; all else is a column or an expression and may be left out: name, manager, segment, region, industry, channel (texts), birthday, known_since (dates or timestamps), kind (internal: one of the company''s own, left out unless the setting with_internal_clients says otherwise; else external), image_maker, expert, consent (booleans). Clients that never bought become prospects. Every refresh reads the table again; attaching another one takes its place. Errors: 42P01, 42809 and 42501 for the relation, 22004, 42804, 42703 and those of the parser for roles, named in the message, and those of refresh.';

CREATE PROCEDURE clientcore.attach_interactions(
    base text,
    relation text,
    client text,
    at text,
    kind text,
    direction text DEFAULT NULL,
    channel text DEFAULT NULL,
    due_at text DEFAULT NULL,
    resolved_at text DEFAULT NULL,
    explained_at text DEFAULT NULL,
    score text DEFAULT NULL,
    element text DEFAULT NULL,
    amount text DEFAULT NULL,
    our_initiative text DEFAULT NULL,
    reason text DEFAULT NULL,
    "text" text DEFAULT NULL,
    about text DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientcore.attach_care(base, relation, pg_catalog.to_regclass(relation), 'interactions', pg_catalog.jsonb_build_object(
        'client', client, 'at', at, 'kind', kind, 'direction', direction, 'channel', channel, 'due_at', due_at, 'resolved_at', resolved_at,
        'explained_at', explained_at, 'score', score, 'element', element, 'amount', amount, 'our_initiative', our_initiative,
        'reason', reason, 'text', "text", 'about', about), clientcore.path_text(pg_catalog.current_schemas(false)));
    CALL clientcore.refresh(base);
END
$$;
COMMENT ON PROCEDURE clientcore.attach_interactions(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Tells a client base what was said and done between you and its clients, from tickets, calls, visits or surveys (a table, view, materialized view or foreign table of the base''s owner), and refreshes it; several may be attached. client is as in the sales, at is when it was (date or timestamp), kind is your own word for what it was, which the table interaction_kind of the base leads to contact, complaint, suggestion, request, praise, survey, promise, competitor_offer, concession or referral. All else may be left out: direction (in..., out...), channel, due_at, resolved_at (settled), explained_at (the client was told what came of it), score, element (of a survey), amount (of a concession or offer), our_initiative (boolean), reason, text, about (whom of you it is about). Every refresh reads it again; attaching a relation again replaces how it is read, clientcore.detach takes it away. Errors: as attach_clients.';

-- With the rights of whoever asks, who must be able to read the views.
CREATE FUNCTION clientcore.dossier_text(base text, client text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key_type text;
    d record;
    said text;
    months text;
    shown bigint;
BEGIN
    PERFORM clientcore.require_argument('client', client), clientcore.base_owner(base);
    SELECT format_type(a.atttypid, -1) INTO key_type
    FROM pg_attribute a WHERE a.attrelid = format('%I.dossier', base)::regclass AND a.attname = 'client_id';
    BEGIN
        EXECUTE format('SELECT d.*, k.reasons, k.alarm FROM %1$I.dossier d LEFT JOIN %1$I.key_clients k USING (client_id) WHERE d.client_id = $1::%2$s', base, key_type)
        INTO d USING client;
    EXCEPTION WHEN data_exception THEN
        PERFORM clientcore.argument_error('client', SQLERRM, format('The clients of this base are of type %s.', key_type));
    END;
    IF d.as_of_date IS NULL THEN
        PERFORM clientcore.argument_error('client', format('base "%s" has no client %s', base, client), NULL);
    END IF;
    EXECUTE format($sql$
        SELECT string_agg(i.line, E'\n' ORDER BY i.happened_at DESC, i.line COLLATE "C")
        FROM (
            SELECT i.happened_at, '  ' || to_char(i.interaction_date, 'YYYY-MM-DD') || '  ' || coalesce(i.interaction_kind, i.own_kind)
                || coalesce(' (' || nullif(concat_ws(', ', i.interaction_channel, i.element || ' ' || trim_scale(i.score), trim_scale(i.interaction_amount)::text), '') || ')', '')
                || coalesce(': ' || left(i.body, 200), '') AS line
            FROM %1$I.client_interactions i WHERE i.client_id = $1::%2$s
            ORDER BY i.happened_at DESC LIMIT 10) i$sql$, base, key_type)
    INTO said USING client;
    EXECUTE format($sql$
        SELECT string_agg('  ' || to_char(m.month_date, 'YYYY-MM') || '  ' || to_char(m.revenue_amount, 'FM999,999,999,999,999,999,990') || ' in '
            || clientcore.counted(m.purchase_count, 'purchase', 'purchases'), E'\n' ORDER BY m.month_date DESC), count(*)
        FROM (SELECT * FROM %1$I.client_months m WHERE m.client_id = $1::%2$s ORDER BY m.month_date DESC LIMIT 12) m$sql$, base, key_type)
    INTO months, shown USING client;
    RETURN concat_ws(E'\n',
        coalesce(d.name || ' (' || client || ')', client) || ', as of ' || to_char(d.as_of_date, 'YYYY-MM-DD'),
        nullif(concat_ws(', ', 'looked after by ' || d.manager, d.segment, d.region, d.industry, 'via ' || d.channel), ''),
        nullif(concat_ws('; ', CASE d.phase WHEN 'pre_sale' THEN 'has not bought yet' ELSE format('class %s%s, %s, %s', d.abc_class, d.xyz_class, d.loyalty_stage, d.status) END,
            CASE WHEN d.is_key THEN 'key client ' || coalesce('no. ' || d.key_rank, '') || coalesce(': ' || d.reasons, '') END,
            CASE WHEN d.is_protected THEN 'protected' END), ''),
        'alarm: ' || d.alarm,
        '',
        'What it bought',
        CASE WHEN d.purchase_count > 0 THEN format('  %s from %s to %s, for %s, of that %s in 12 months', clientcore.counted(d.purchase_count, 'purchase', 'purchases'),
            to_char(d.first_purchase_date, 'YYYY-MM-DD'), to_char(d.last_purchase_date, 'YYYY-MM-DD'),
            to_char(d.revenue_amount, 'FM999,999,999,999,999,999,990'), to_char(d.revenue_12m_amount, 'FM999,999,999,999,999,999,990'))
            || coalesce(format('; usually every %s days, silent for %s', trim_scale(d.typical_interval_days), d.silence_days), '') ELSE '  nothing yet' END,
        months,
        '',
        'What is known',
        '  ' || d.facts, '  history: ' || d.history, '  who decides: ' || nullif(concat_ws('; ', d.decision_makers, d.authority), ''),
        '  competitors: ' || d.competitors, '  needs: ' || d.needs, '  ability to pay: ' || d.solvency, '  likes: ' || d.preferences,
        '  image: ' || d.image, '  expert in: ' || d.expertise, '  negotiations: ' || d.negotiations,
        '  birthday: ' || to_char(d.birth_date, 'YYYY-MM-DD'), '  known since: ' || to_char(d.known_since_date, 'YYYY-MM-DD'),
        '  member of: ' || d.councils, CASE WHEN d.share_count > 0 THEN '  shares: ' || d.share_count END,
        CASE d.consent WHEN 'no' THEN '  does not want to be written to' END,
        format('  known to %s %%', round(100 * d.completeness_share)) || coalesce('; missing: ' || d.missing, ''),
        '',
        'What was said',
        coalesce(said, '  nothing is known'),
        nullif(concat_ws('; ', '  last contact ' || to_char(d.last_contact_date, 'YYYY-MM-DD'), 'next planned ' || to_char(d.next_contact_date, 'YYYY-MM-DD')), ''),
        CASE WHEN d.unanswered_count > 0 THEN '  not answered: ' || d.unanswered_count END,
        CASE WHEN d.open_promise_count > 0 THEN '  promises open: ' || d.open_promise_count || coalesce(', due ' || to_char(d.promise_due_date, 'YYYY-MM-DD'), '') END);
END
$$;
COMMENT ON FUNCTION clientcore.dossier_text(text, text) IS
'A page on a client, given as text, to read before a meeting: who it is, what it bought of late, what is known and what is missing, what was said last, what is open. Reads the views dossier, key_clients, client_interactions and client_months of the base with the rights of whoever asks. Errors: 3F000 where there is no such base, 22004 for NULL, 22023 for a client that is not there or cannot be one, 42501 without the rights.';

-- By the largest remainder (Hamilton's method): each has the whole units of its exact part,
-- and those left go to the largest rests, to the first key client where these are equal.
CREATE FUNCTION clientcore.reward_shares(base text, pool numeric, unit numeric DEFAULT 1)
RETURNS TABLE (client text, name text, manager text, key_rank integer, contribution_amount numeric, contribution_share numeric, reward numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('pool', pool::text), clientcore.require_argument('unit', unit::text), clientcore.base_owner(base);
    IF NOT (unit > 0 AND unit < 'Infinity') THEN
        PERFORM clientcore.argument_error('unit', 'it must be above 0', '0.01 splits money to the cent.');
    ELSIF NOT (pool >= 0 AND pool < 'Infinity') THEN
        PERFORM clientcore.argument_error('pool', 'it must be 0 or more', NULL);
    ELSIF mod(pool, unit) <> 0 THEN
        PERFORM clientcore.argument_error('pool', format('it is no multiple of the unit, %s', unit), 'For example unit => 0.01.');
    END IF;
    RETURN QUERY EXECUTE format($sql$
        WITH key AS MATERIALIZED (
            SELECT c.client_id::text AS client, c.name, c.manager, c.key_rank,
                -- profit where that of all of them is known
                greatest(CASE WHEN bool_and(c.profit_12m_amount IS NOT NULL) OVER () THEN c.profit_12m_amount ELSE c.revenue_12m_amount END, 0) AS contribution
            FROM %I.key_clients c WHERE NOT c.is_lost),
        part AS (
            SELECT k.*, s.sum, div($1 * k.contribution, s.sum * $2) AS units, mod($1 * k.contribution, s.sum * $2) AS rest
            FROM key k CROSS JOIN (SELECT sum(k.contribution) AS sum FROM key k) s
            WHERE k.contribution > 0),
        placed AS (
            SELECT p.*, $1 / $2 - sum(p.units) OVER () AS left_over, row_number() OVER (ORDER BY p.rest DESC, p.key_rank) AS place
            FROM part p)
        SELECT p.client, p.name, p.manager, p.key_rank, p.contribution, (p.contribution / p.sum)::numeric(9, 8),
            (p.units + CASE WHEN p.place <= p.left_over THEN 1 ELSE 0 END) * $2
        FROM placed p
        ORDER BY p.key_rank$sql$, base)
    USING pool, unit;
END
$$;
COMMENT ON FUNCTION clientcore.reward_shares(text, numeric, numeric) IS
'Splits a pool (shares, a bonus, a budget) among the key clients that are not lost, in proportion to what each brought within 12 months: profit where that of all of them is known, else revenue; who brought nothing has nothing. In whole units (1; 0.01 for cents), by the largest remainder, so that the rewards add up to the pool exactly. No row where nobody brought anything. Reads the view key_clients of the base with the rights of whoever asks. Errors: 3F000 where there is no such base, 22004, and 22023 for a pool that is negative or no multiple of the unit; 42501 without the rights.';
