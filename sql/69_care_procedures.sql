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

-- --- a page on a client, a pool to share out ---

-- They are made with the rights of the owner of the base, as its views are read, for whoever may
-- call the function of the base: whatever stands in a type or a view of it gains nothing by who asks.
CREATE FUNCTION clientcore.dossier_text(base text, client text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('base', base), clientcore.require_argument('client', client);
    RETURN clientcore.run_as_owner(clientcore.base_owner(base), 'base_dossier_text', base, jsonb_build_object('client', client)) #>> '{}';
END
$$;
COMMENT ON FUNCTION clientcore.dossier_text(text, text) IS
'A page on a client, given as text, to read before a meeting: who it is, what it bought of late, what is known and what is missing, what was said last, what is open. For who may call the function dossier_text of the base (grant_read). Errors: 3F000 where there is no such base, 22004 for NULL, 22023 for a client that is not there, those of the type of clients, 42501 without the right.';

CREATE FUNCTION clientcore.reward_shares(base text, pool numeric, unit numeric DEFAULT 1)
RETURNS TABLE (client text, name text, manager text, key_rank integer, contribution_amount numeric, contribution_share numeric, reward numeric)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('base', base);
    RETURN QUERY SELECT s.*
    FROM jsonb_to_recordset(clientcore.run_as_owner(clientcore.base_owner(base), 'base_reward_shares', base,
            -- as texts: a number in jsonb is neither NaN nor infinite
            jsonb_build_object('pool', pool::text, 'unit', unit::text))) AS s (
        client text, name text, manager text, key_rank integer, contribution_amount numeric, contribution_share numeric, reward numeric);
END
$$;
COMMENT ON FUNCTION clientcore.reward_shares(text, numeric, numeric) IS
'Splits a pool (shares, a bonus, a budget) among the key clients that are not lost, in proportion to what each brought within 12 months: profit where that of all of them is known, else revenue; who brought nothing has nothing. In whole units (1; 0.01 for cents), by the largest remainder, so that the rewards add up to the pool exactly. No row where nobody brought anything. For who may call the function reward_shares of the base (grant_read). Errors: 3F000 where there is no such base, 22004, and 22023 for a pool that is negative or no multiple of the unit; 42501 without the right. Source: Hamilton''s method of apportionment.';
