-- What the functions of a base tell of care: a page on a client, and a pool shared out.

CREATE FUNCTION clientcore.dossier_page(row_type anyelement, client text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base text := clientcore.base_of_row(pg_typeof(row_type));
    key record;
    d record;
    said text;
    months text;
BEGIN
    PERFORM clientcore.require_argument('client', client);
    SELECT * INTO key FROM clientcore.base_key(base);
    EXECUTE format('SELECT d.*, k.reasons, k.alarm FROM %1$I.dossier d LEFT JOIN %1$I.key_clients k ON k.client_id %3$s d.client_id WHERE d.client_id %3$s $1::%2$s',
        base, key.key_type, key.equality)
    INTO d USING client;
    IF d.as_of_date IS NULL THEN
        PERFORM clientcore.argument_error('client', format('base "%s" has no client %s', base, client), NULL);
    END IF;
    EXECUTE format($sql$
        SELECT string_agg(i.line, E'\n' ORDER BY i.happened_at DESC, i.line COLLATE "C")
        FROM (
            SELECT i.happened_at, '  ' || to_char(i.interaction_date, 'YYYY-MM-DD') || '  ' || coalesce(i.interaction_kind, i.own_kind)
                || coalesce(' (' || nullif(concat_ws(', ', i.interaction_channel, i.element || ' ' || trim_scale(i.score), trim_scale(i.interaction_amount)::text), '') || ')', '')
                || coalesce(': ' || left(i.body, 200), '') AS line
            FROM %1$I.client_interactions i WHERE i.client_id %3$s $1::%2$s
            ORDER BY i.happened_at DESC LIMIT 10) i$sql$, base, key.key_type, key.equality)
    INTO said USING client;
    EXECUTE format($sql$
        SELECT string_agg('  ' || to_char(m.month_date, 'YYYY-MM') || '  ' || to_char(m.revenue_amount, 'FM999,999,999,999,999,999,990') || ' in '
            || clientcore.counted(m.purchase_count, 'purchase', 'purchases'), E'\n' ORDER BY m.month_date DESC)
        FROM (SELECT * FROM %1$I.client_months m WHERE m.client_id %3$s $1::%2$s ORDER BY m.month_date DESC LIMIT 12) m$sql$, base, key.key_type, key.equality)
    INTO months USING client;
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
COMMENT ON FUNCTION clientcore.dossier_page(anyelement, text) IS
'Internal: a page on a client of the base to which a row type belongs. Errors: 22004, 22023 for a client that is not there, those of the type of clients.';

-- By the largest remainder (Hamilton's method): each has the whole units of its exact part,
-- and those left go to the largest rests, to the first key client where these are equal.
CREATE FUNCTION clientcore.shares_of_pool(row_type anyelement, pool numeric, unit numeric)
RETURNS TABLE (client text, name text, manager text, key_rank integer, contribution_amount numeric, contribution_share numeric, reward numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base text := clientcore.base_of_row(pg_typeof(row_type));
BEGIN
    PERFORM clientcore.require_argument('pool', pool::text), clientcore.require_argument('unit', unit::text);
    IF NOT (unit > 0 AND unit < 'Infinity') THEN
        PERFORM clientcore.argument_error('unit', 'it must be above 0', '0.01 splits money to the cent.');
    ELSIF NOT (pool >= 0 AND pool < 'Infinity') THEN
        PERFORM clientcore.argument_error('pool', 'it must be 0 or more', NULL);
    ELSIF mod(pool, unit) <> 0 THEN
        PERFORM clientcore.argument_error('pool', format('%s is no multiple of the unit, %s', pool, unit), 'Round the pool, or take a smaller unit: unit => 0.01 splits money to the cent.');
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
            SELECT p.*, div($1, $2) - sum(p.units) OVER () AS left_over, row_number() OVER (ORDER BY p.rest DESC, p.key_rank) AS place
            FROM part p)
        SELECT p.client, p.name, p.manager, p.key_rank, p.contribution, (p.contribution / p.sum)::numeric(9, 8),
            (p.units + CASE WHEN p.place <= p.left_over THEN 1 ELSE 0 END) * $2
        FROM placed p
        ORDER BY p.key_rank$sql$, base)
    USING pool, unit;
END
$$;
COMMENT ON FUNCTION clientcore.shares_of_pool(anyelement, numeric, numeric) IS
'Internal: a pool split among the key clients of the base to which a row type belongs. Errors: 22004, 22023.';

CREATE FUNCTION clientcore.base_dossier_text(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    page text;
BEGIN
    EXECUTE format('SELECT clientcore.dossier_page(NULL::%I.clients, $1)', base) INTO page USING arguments ->> 'client';
    RETURN to_jsonb(page);
END
$$;
COMMENT ON FUNCTION clientcore.base_dossier_text(text, jsonb) IS
'Internal: a page on a client. Errors: as dossier_page.';

CREATE FUNCTION clientcore.base_reward_shares(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shares jsonb;
BEGIN
    EXECUTE format('SELECT jsonb_agg(to_jsonb(s) ORDER BY s.key_rank) FROM clientcore.shares_of_pool(NULL::%I.clients, $1, $2) s', base)
    INTO shares USING (arguments ->> 'pool')::numeric, (arguments ->> 'unit')::numeric;
    RETURN coalesce(shares, '[]');
END
$$;
COMMENT ON FUNCTION clientcore.base_reward_shares(text, jsonb) IS
'Internal: a pool split among the key clients. Errors: as shares_of_pool.';
