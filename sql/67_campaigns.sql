-- The operations on campaigns: what a list would prove, and starting one.

-- Null where there is none, and where the name is no name.
CREATE FUNCTION clientcore.relation_on_path(name text, path text)
RETURNS oid
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('search_path', path, true);
    RETURN pg_catalog.to_regclass(name);
EXCEPTION WHEN invalid_name OR syntax_error OR feature_not_supported THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION clientcore.relation_on_path(text, text) IS
'Internal: the relation of a name, by a search path';

-- A cursor takes one statement, and nothing but a query.
CREATE FUNCTION clientcore.read_list(query text, path text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list refcursor;
    clients text[];
BEGIN
    PERFORM set_config('search_path', path, true);
    OPEN list NO SCROLL FOR EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(l.client_id) FROM (%s) l', query);
    FETCH list INTO clients;
    CLOSE list;
    RETURN clients;
END
$$;
COMMENT ON FUNCTION clientcore.read_list(text, text) IS
'Internal: the one column of a query, client_id, read by a search path. Errors: those of the query.';

-- The clients of a list, as text: of a view or table, by its column client_id, or of a
-- query that has one. Read with the rights of the base's owner, by the search path of
-- whoever asks, and then among the views of the base.
CREATE FUNCTION clientcore.clients_of_list(base text, from_list text, path text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query text := btrim(from_list, E' \t\n\r;');
    relation oid;
BEGIN
    IF query ~* '^([\s(]|--[^\n]*\n|/\*.*?\*/)*(select|with|values|table)\M' THEN
        query := format(E'SELECT q.client_id::pg_catalog.text FROM (%s\n) q', query);
    ELSE
        relation := to_regclass(format('%I.%I', base, query));
        IF relation IS NULL THEN
            relation := clientcore.relation_on_path(query, path);
        END IF;
        IF relation IS NULL THEN
            PERFORM clientcore.argument_error('from_list', format('"%s" is neither a view nor a query', from_list),
                format('Name a view of base %s or a table with a column client_id, in double quotes where it has blanks or capitals; or write a query: ''SELECT client_id FROM ...''.', base));
        END IF;
        query := format('SELECT q.client_id::pg_catalog.text FROM %s q', clientcore.relation_name(relation));
    END IF;
    RETURN coalesce(clientcore.read_list(query, concat_ws(', ', nullif(path, ''), quote_ident(base))), '{}');
EXCEPTION
    WHEN undefined_column OR ambiguous_column THEN
        PERFORM clientcore.argument_error('from_list', replace(SQLERRM, 'column q.client_id', 'column client_id'), 'The list needs a column client_id: SELECT customer AS client_id FROM ....');
    WHEN syntax_error OR invalid_cursor_definition THEN
        PERFORM clientcore.argument_error('from_list', SQLERRM, 'It is the name of a view or table, or one SELECT.');
END
$$;
COMMENT ON FUNCTION clientcore.clients_of_list(text, text, text) IS
'Internal: the clients of a list. Errors: 22023 for what is no list of clients, and those of the query.';

-- The arguments of a campaign, checked and completed.
CREATE FUNCTION clientcore.campaign_arguments(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    frozen date;
    ends date := (arguments ->> 'ends_on')::date;
    holdout numeric := (arguments ->> 'holdout')::numeric;
    budget numeric := (arguments ->> 'budget')::numeric;
    offered record;
    cost numeric := (arguments ->> 'cost_per_client')::numeric;
    return_cost numeric := (arguments ->> 'cost_per_return')::numeric;
    argument text;
    taken text;
BEGIN
    PERFORM clientcore.require_argument('name', arguments ->> 'name'), clientcore.require_argument('from_list', arguments ->> 'from_list'), clientcore.require_argument('holdout', holdout::text);
    IF arguments ->> 'offer' IS NOT NULL THEN
        PERFORM clientcore.require_argument('offer', arguments ->> 'offer');
    END IF;
    EXECUTE format('SELECT as_of FROM %I.state', base) INTO frozen;
    IF frozen IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('base "%s" was never refreshed', base),
            HINT = format('CALL clientcore.refresh(%L);', base);
    END IF;
    ends := coalesce(ends, frozen + 90);
    IF NOT holdout >= 0 OR NOT holdout < 1 THEN
        PERFORM clientcore.argument_error('holdout', 'it must be at least 0 and under 1', '0.1 holds back one client in ten.');
    ELSIF ends <= frozen OR NOT isfinite(ends) OR ends > '9999-12-31' THEN
        PERFORM clientcore.argument_error('ends_on', format('it must lie after %s, the day of the base', frozen), NULL);
    END IF;
    FOREACH argument IN ARRAY ARRAY['budget', 'cost_per_client', 'cost_per_return'] LOOP
        IF NOT coalesce((arguments ->> argument)::numeric >= 0 AND (arguments ->> argument)::numeric < 1e15, true) THEN
            PERFORM clientcore.argument_error(argument, 'it must not be negative, nor 1e15 or more', NULL);
        END IF;
    END LOOP;
    EXECUTE format('SELECT p.name FROM %I.campaign p WHERE lower(btrim(p.name)) = lower(btrim($1))', base) INTO taken USING arguments ->> 'name';
    IF taken IS NOT NULL THEN
        PERFORM clientcore.argument_error('name', format('base "%s" has a campaign "%s" already', base, taken),
            format('Choose another name; DELETE FROM %I.campaign WHERE name = %L takes that one away.', base, taken));
    END IF;
    EXECUTE format('SELECT min(f.offer_id) AS id, min(f.cost) AS cost, min(f.kind) AS kind, count(*) AS number FROM %I.offer f WHERE f.name = $1', base)
    INTO offered USING arguments ->> 'offer';
    IF offered.number > 1 THEN
        PERFORM clientcore.argument_error('offer', format('%s rows of the table offer have this name', offered.number), 'Name them differently.');
    END IF;
    -- a gift goes out with the letter; whatever else is offered costs when it is taken
    IF offered.kind = 'gift' THEN
        cost := coalesce(cost, offered.cost);
    ELSE
        return_cost := coalesce(return_cost, offered.cost);
    END IF;
    IF budget IS NOT NULL AND coalesce(cost, return_cost) IS NULL THEN
        PERFORM clientcore.argument_error('budget', 'what one client costs is not known', 'Say cost_per_client => ..., or name an offer with a cost.');
    END IF;
    RETURN arguments || jsonb_build_object('frozen_on', frozen, 'ends_on', ends, 'offer_id', offered.id, 'cost_per_client', cost, 'cost_per_return', return_cost,
        'has_words', arguments ->> 'offer' IS NOT NULL AND offered.number = 0,
        -- enough where all return
        'limit', CASE WHEN coalesce(cost, 0) + coalesce(return_cost, 0) > 0 THEN least(div(budget, coalesce(cost, 0) + coalesce(return_cost, 0)), 1e18) END,
        'clients', clientcore.clients_of_list(base, arguments ->> 'from_list', arguments ->> 'path'));
END
$$;
COMMENT ON FUNCTION clientcore.campaign_arguments(text, jsonb) IS
'Internal: checks the arguments of a campaign. Errors: 22004 and 22023 for arguments and for a name that is taken, 55000 for a base that was never refreshed.';

-- What a campaign from a list would be and could prove, and with a number it is stored.
-- The share that returns by itself is that of the chances of those whose chance is known;
-- where that is not nearly all, what could be proven is reckoned for the worst, one half.
CREATE FUNCTION clientcore.divide_list(base text, arguments jsonb, campaign integer)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    plan jsonb;
    has_share boolean;
BEGIN
    BEGIN
        EXECUTE 'WITH ' || clientcore.arm_rows(base) || CASE WHEN campaign IS NOT NULL THEN format($sql$,
            stored AS (
                INSERT INTO %I.campaign_client (campaign_id, client_id, arm, stratum, value, was_lost, silence_days, reason, chance_12m)
                SELECT %s, a.client_id, a.arm, a.stratum, a.value, a.is_lost, a.silence_days, a.reason, a.chance_12m FROM arm a)$sql$, base, campaign) ELSE '' END
            || format($sql$
            SELECT to_jsonb(l) || to_jsonb(a) || jsonb_build_object('beyond_budget', l.fit - a.sent - a.held)
            FROM (
                SELECT count(*) AS listed, count(*) FILTER (WHERE l.left_out = 'unknown') AS unknown,
                    (array_agg(l.written ORDER BY l.written COLLATE "C") FILTER (WHERE l.left_out = 'unknown'))[1:3] AS examples,
                    count(*) FILTER (WHERE l.left_out = 'protected') AS protected, count(*) FILTER (WHERE l.left_out = 'without_consent') AS without_consent,
                    count(*) FILTER (WHERE l.left_out = 'held_elsewhere') AS held_elsewhere, count(*) FILTER (WHERE l.left_out IS NULL) AS fit
                FROM listed l) l, (
                SELECT count(*) FILTER (WHERE a.arm = 'treatment') AS sent, count(*) FILTER (WHERE a.arm = 'holdout') AS held, coalesce(max(a.stratum), 0) AS strata,
                    count(a.chance_12m) AS with_chance, count(*) FILTER (WHERE a.is_sent_elsewhere) AS others, round(avg(%s), 8) AS expected
                FROM arm a) a$sql$, clientcore.chance_within('a.chance_12m', format('%s::integer', (arguments ->> 'ends_on')::date - (arguments ->> 'frozen_on')::date)))
        INTO plan
        USING clientcore.texts_of(arguments -> 'clients'), arguments ->> 'name', (arguments ->> 'holdout')::numeric, (arguments ->> 'limit')::bigint,
            coalesce((arguments ->> 'overlap')::boolean, false);
    EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range OR invalid_datetime_format THEN
        PERFORM clientcore.argument_error('from_list', SQLERRM, format('The clients of base %s are of type %s.', base, (SELECT key_type FROM clientcore.base_key(base))));
    END;
    IF (plan ->> 'sent')::bigint = 0 THEN
        PERFORM clientcore.argument_error('from_list', 'nobody is left to be written to', (
            SELECT line FROM clientcore.campaign_lines(arguments - 'clients' || plan) LIMIT 1));
    END IF;
    has_share := 10 * (plan ->> 'with_chance')::bigint >= 9 * ((plan ->> 'sent')::bigint + (plan ->> 'held')::bigint);
    RETURN arguments - 'clients' || plan || jsonb_build_object('has_share', has_share,
        'detectable', clientcore.detectable_uplift((plan ->> 'sent')::bigint, (plan ->> 'held')::bigint, CASE WHEN has_share THEN (plan ->> 'expected')::double precision ELSE 0.5 END),
        'cost', (arguments ->> 'cost_per_client')::numeric * (plan ->> 'sent')::bigint);
END
$$;
COMMENT ON FUNCTION clientcore.divide_list(text, jsonb, integer) IS
'Internal: divides a list into those written to and those held back, and tells what that can prove. Errors: 22023 for clients that cannot be of the base, and for a list that leads to nobody.';

-- Sales that were made, but not seen yet, would count as returns.
CREATE FUNCTION clientcore.unseen_sales(base text)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unseen jsonb;
BEGIN
    EXECUTE format($sql$SELECT jsonb_build_object('base', %1$L, 'waiting', (SELECT count(*) FROM %1$I.pending), 'refresh_hours', floor(extract(epoch FROM clock_timestamp() - s.refreshed_at) / 3600),
        'is_stale', s.as_of IS DISTINCT FROM coalesce(t.as_of, s.as_of)) FROM %1$I.state s, %1$I.settings t$sql$, base) INTO unseen;
    RETURN unseen;
END
$$;
COMMENT ON FUNCTION clientcore.unseen_sales(text) IS
'Internal: whether a base should be refreshed before a campaign';

CREATE FUNCTION clientcore.base_plan_campaign(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    plan jsonb;
BEGIN
    PERFORM clientcore.lock_base(base);
    -- whatever a list does besides being read is undone
    BEGIN
        plan := clientcore.divide_list(base, clientcore.campaign_arguments(base, arguments), NULL) || clientcore.unseen_sales(base);
        RAISE EXCEPTION USING ERRCODE = 'CC002';
    EXCEPTION WHEN SQLSTATE 'CC002' THEN
        RETURN plan;
    END;
END
$$;
COMMENT ON FUNCTION clientcore.base_plan_campaign(text, jsonb) IS
'Internal: what a campaign would be and could prove';

CREATE FUNCTION clientcore.base_start_campaign(base text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    completed jsonb;
    plan jsonb;
    campaign integer;
    reader text;
BEGIN
    PERFORM clientcore.lock_base(base);
    completed := clientcore.campaign_arguments(base, arguments);
    EXECUTE format($sql$
        INSERT INTO %1$I.campaign (name, from_list, offer, offer_id, frozen_on, ends_on, holdout_share, budget, cost_per_client, cost_per_return, is_consent_told)
        SELECT c.name, c.from_list, c.offer, c.offer_id, c.frozen_on, c.ends_on, c.holdout, c.budget, c.cost_per_client, c.cost_per_return,
            EXISTS (SELECT FROM %1$I.care_source o WHERE o.holds = 'clients' AND o.roles ? 'consent')
        FROM jsonb_to_record($1) c (name text, from_list text, offer text, offer_id integer, frozen_on date, ends_on date, holdout numeric,
            budget numeric, cost_per_client numeric, cost_per_return numeric)
        RETURNING campaign_id$sql$, base) INTO campaign USING completed;
    plan := clientcore.divide_list(base, completed, campaign);
    EXECUTE format('UPDATE %I.campaign SET detectable_uplift = $2 WHERE campaign_id = $1', base) USING campaign, round((plan ->> 'detectable')::numeric, 8);
    PERFORM clientcore.create_export(base, campaign);
    FOR reader IN SELECT r.reader FROM clientcore.readers_of(base) r LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %s', base, format('campaign_export_%s', campaign), reader);
    END LOOP;
    PERFORM clientcore.refresh_campaigns(base, (plan ->> 'frozen_on')::date);
    RETURN plan || clientcore.unseen_sales(base) || jsonb_build_object('campaign', campaign);
END
$$;
COMMENT ON FUNCTION clientcore.base_start_campaign(text, jsonb) IS
'Internal: starts a campaign. Errors: as campaign_arguments and divide_list.';

-- A plan, in words.
CREATE FUNCTION clientcore.campaign_lines(plan jsonb)
RETURNS TABLE (line text)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT l.line
FROM jsonb_to_record(plan) p (listed bigint, unknown bigint, examples text[], protected bigint, without_consent bigint, held_elsewhere bigint, beyond_budget bigint, sent bigint, held bigint,
    strata integer, with_chance bigint, has_share boolean, expected numeric, detectable double precision, cost numeric, cost_per_return numeric, has_words boolean, offer text, holdout numeric,
    frozen_on date, ends_on date, base text, waiting bigint, refresh_hours numeric, is_stale boolean, campaign integer, others bigint), LATERAL (VALUES
    (1, clientcore.counted(p.listed, 'client', 'clients') || ' on the list'
        || coalesce('; left out: ' || nullif(concat_ws(', ', CASE WHEN p.unknown > 0 THEN format('%s not known to the base', p.unknown) || coalesce(' (such as ' || nullif(array_to_string(p.examples, ', '), '') || ')', '') END,
            CASE WHEN p.protected > 0 THEN format('%s protected', p.protected) END,
            CASE WHEN p.without_consent > 0 THEN format('%s without consent', p.without_consent) END,
            CASE WHEN p.held_elsewhere > 0 THEN format('%s held back in a campaign that runs', p.held_elsewhere) END,
            CASE WHEN p.beyond_budget > 0 THEN format('%s of least value beyond the budget', p.beyond_budget) END), ''), '')),
    (2, format('%s to be written to, %s held back, in %s by value', p.sent, p.held, clientcore.counted(p.strata, 'stratum', 'strata'))
        || coalesce(', at a cost of ' || trim_scale(p.cost), '') || coalesce(CASE WHEN p.cost IS NULL THEN ', at a cost of ' ELSE ' and ' END || trim_scale(p.cost_per_return) || ' for each that returns', '')),
    (3, CASE WHEN p.has_words THEN format('"%s" is no row of the table offer: it is taken for words, and its cost is not known', p.offer) END),
    (4, format('purchases after %s, until %s, decide', p.frozen_on, p.ends_on)
        || CASE WHEN p.has_share THEN format('; about %s %% would come by themselves', round(100 * p.expected, 1))
            WHEN p.with_chance > 0 THEN format('; the chance to come by themselves is known of %s only', clientcore.counted(p.with_chance, 'client', 'clients'))
            ELSE '; how many would come by themselves is not known' END),
    (5, CASE WHEN p.held = 0 AND p.holdout > 0 THEN 'the list is too small to hold anybody back: nothing will be proven'
        WHEN p.held = 0 THEN 'nobody is held back: it will not be known what the campaign did'
        WHEN p.detectable IS NULL AND p.has_share AND p.expected > 0.8 THEN 'nearly all come by themselves by then: nothing can be proven; let it end earlier'
        WHEN p.detectable IS NULL OR p.held < 10 OR p.sent < 10 THEN 'the list is too small to prove anything'
        WHEN p.has_share THEN format('to be proven, it must bring back %s of 100 more than come by themselves (%s in place of %s); if it truly does, that will show four times in five, and if it does less, expect "not proven"',
            round(100 * p.detectable::numeric, 1), round(100 * (p.expected + p.detectable::numeric), 1), round(100 * p.expected, 1))
        ELSE format('to be proven, it must bring back up to %s of 100 more than come by themselves; if it truly does, that will show four times in five, and if it does less, expect "not proven"', round(100 * p.detectable::numeric, 1)) END),
    (6, CASE WHEN p.others > 0 THEN clientcore.counted(p.others, 'client is', 'clients are') || ' written to in another campaign that runs: what comes of one will be seen in both' END),
    (7, CASE WHEN p.waiting > 0 OR p.is_stale THEN format('the base has not seen the latest sales%s: CALL clientcore.refresh(%L) before you start, or sales already made count as returns',
            CASE WHEN p.waiting > 0 THEN format(' (%s waiting)', clientcore.counted(p.waiting, 'change is', 'changes are')) ELSE '' END, p.base)
        WHEN p.refresh_hours >= 48 THEN format('the base was last refreshed %s hours ago: CALL clientcore.refresh(%L) before you start, or sales already made count as returns', p.refresh_hours, p.base) END),
    (8, CASE WHEN p.campaign IS NOT NULL THEN format('whom to write to: SELECT * FROM %I.campaign_export_%s', p.base, p.campaign) END)
) AS l (n, line)
WHERE l.line IS NOT NULL
ORDER BY l.n
$$;
COMMENT ON FUNCTION clientcore.campaign_lines(jsonb) IS
'Internal: a campaign in words';
