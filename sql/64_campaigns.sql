-- Campaigns: whom a list leads to, who of them is held back, what they bought since, and
-- what campaigns that are over teach for those to come.

-- The last reason told for the loss of each client, in a template as in 66_views.sql.
CREATE FUNCTION clientcore.last_reasons()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT $sql$(
                SELECT DISTINCT ON (coalesce(a.client, r.client_id)) coalesce(a.client, r.client_id) AS client_id, r.reason
                FROM %1$I.client_lost_reason r
                LEFT JOIN %1$I.client_alias a ON a.alias %8$s r.client_id
                ORDER BY coalesce(a.client, r.client_id), r.noted_on DESC, r.reason COLLATE "C")$sql$
$$;
COMMENT ON FUNCTION clientcore.last_reasons() IS
'Internal: what stands in FROM, in the template of a view, for the last reason told for each loss';

-- Where consent is told, who has not given it is not written to; where it is not, who has
-- refused it, which nobody can have.
CREATE FUNCTION clientcore.may_be_written_to()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT $sql$coalesce(i.has_consent, NOT EXISTS (SELECT FROM %1$I.care_source o WHERE o.holds = 'clients' AND o.roles ? 'consent'))$sql$
$$;
COMMENT ON FUNCTION clientcore.may_be_written_to() IS
'Internal: the condition, in a template, by which a client with the row i of client_info, or none, may be written to';

-- Also since the refresh.
CREATE FUNCTION clientcore.is_protected_now()
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT $sql$(c.is_protected OR EXISTS (SELECT FROM %1$I.client_mark m WHERE m.client_id %8$s c.client_id AND m.kind = 'protected' AND coalesce(m.until >= c.as_of_date, true)))$sql$
$$;
COMMENT ON FUNCTION clientcore.is_protected_now() IS
'Internal: the condition, in a template, by which a client c is marked protected';

CREATE FUNCTION clientcore.silence_band(days text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('CASE WHEN %1$s < 180 THEN 1 WHEN %1$s < 365 THEN 2 WHEN %1$s < 730 THEN 3 ELSE 4 END', days)
$$;
COMMENT ON FUNCTION clientcore.silence_band(text) IS
'Internal: the expression for how long a client has been silent, in four steps';

-- The chance of a year as that of some days: the same for every day.
CREATE FUNCTION clientcore.chance_within(chance text, days text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('CASE WHEN %1$s >= 1 THEN 1 ELSE round((1 - exp(ln((1 - %1$s)::float8) * (%2$s) / 365))::numeric, 10) END', chance, days)
$$;
COMMENT ON FUNCTION clientcore.chance_within(text, text) IS
'Internal: the expression for a chance within some days, from that within a year';

-- Common table expressions, in a template, for a list of clients, $1 (as text): who of it
-- may be written to, and which arm each is in. $2 is the name of the campaign, $3 the share
-- held back, $4 how many may be written to (null: all), $5 whether who is held back in another campaign
-- may be in this one.
--   listed     every client of the list, and why it is left out: unknown, protected,
--              without_consent, held_elsewhere (in another campaign that runs); null: it is not
--   arm        client, arm, stratum, and what is known of it
-- Clients are sorted by value and cut into up to ten strata of the same size, each large
-- enough to have about five of the smaller arm. Within a stratum those whose hash comes
-- first are held back: as many as make the share right from the top down to there. What is
-- to be expected of lost clients is what others lost as long did in this base; of others,
-- what the model says.
CREATE FUNCTION clientcore.arm_rows(base text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    RETURN format(replace(replace(replace(replace(replace($sql$
        listed AS MATERIALIZED (
            -- as the base writes it: equal keys may be written in several ways
            SELECT coalesce(c.client_id, l.client_id) AS client_id, l.written,
                CASE WHEN c.client_id IS NULL THEN 'unknown' WHEN @protected THEN 'protected' WHEN NOT @may THEN 'without_consent'
                    WHEN o.is_held AND NOT $5 THEN 'held_elsewhere' END AS left_out,
                greatest(coalesce(c.value_amount, 0), 0) AS value, c.is_lost, c.silence_days, CASE WHEN c.is_lost THEN r.reason END AS reason,
                CASE WHEN c.is_lost THEN h.chance_12m ELSE c.purchase_12m_share END AS chance_12m,
                coalesce(o.is_sent, false) AS is_sent_elsewhere
            FROM (
                SELECT DISTINCT ON (coalesce(a.client, v.client)) coalesce(a.client, v.client) AS client_id, v.written
                FROM (SELECT g.client::@type AS client, g.client AS written FROM unnest($1) g (client) WHERE g.client IS NOT NULL) v
                LEFT JOIN %1$I.client_alias a ON a.alias %8$s v.client
                ORDER BY coalesce(a.client, v.client), v.written COLLATE "C") l
            LEFT JOIN (%2$s) c ON c.client_id %8$s l.client_id
            LEFT JOIN %1$I.client_info i ON i.client_id %8$s l.client_id
            LEFT JOIN (
                SELECT k.person, bool_or(k.arm = 'holdout') AS is_held, bool_or(k.arm = 'treatment') AS is_sent
                FROM @members k
                JOIN %1$I.campaign p USING (campaign_id)
                JOIN %1$I.state s ON p.ends_on > s.as_of
                GROUP BY k.person) o ON o.person %8$s l.client_id
            LEFT JOIN @reasons r ON r.client_id %8$s l.client_id
            LEFT JOIN %1$I.return_chance h
                ON h.silence_month = least(c.silence_days * 12 / 365, (SELECT max(x.silence_month) FROM %1$I.return_chance x))),
        placed AS (
            SELECT l.*, row_number() OVER (ORDER BY l.value DESC, l.client_id::text COLLATE "C") AS place
            FROM listed l
            WHERE l.left_out IS NULL),
        -- so many of the first that no more are written to than may be
        chosen AS MATERIALIZED (
            SELECT p.*, count(*) OVER () AS clients
            FROM placed p WHERE p.place - round(p.place * $3) <= $4 OR $4 IS NULL),
        cut AS (
            SELECT c.*, ((c.place - 1) * n.strata / c.clients + 1)::smallint AS stratum,
                sha256(convert_to(length($2) || ' ' || $2 || c.client_id::text, 'UTF8')) AS hash
            FROM chosen c
            CROSS JOIN LATERAL (SELECT greatest(1, least(10, floor(c.clients * least($3, 1 - $3) / 5)))::bigint AS strata) n),
        drawn AS (
            SELECT c.*, row_number() OVER (PARTITION BY c.stratum ORDER BY c.hash, c.client_id::text COLLATE "C") AS hash_rank,
                round(max(c.place) OVER (PARTITION BY c.stratum) * $3) - round((min(c.place) OVER (PARTITION BY c.stratum) - 1) * $3) AS held
            FROM cut c),
        arm AS MATERIALIZED (
            SELECT d.client_id, CASE WHEN d.hash_rank <= d.held THEN 'holdout' ELSE 'treatment' END AS arm, d.stratum,
                d.value, d.is_lost, d.silence_days, d.reason, d.chance_12m, d.is_sent_elsewhere
            FROM drawn d)$sql$,
        '@type', replace(key.key_type, '%', '%%') || coalesce(' COLLATE ' || replace(key.key_collation, '%', '%%'), '')),
        '@reasons', clientcore.last_reasons()), '@may', clientcore.may_be_written_to()), '@protected', clientcore.is_protected_now()),
        '@members', clientcore.people_rows('campaign_client')),
        base, clientcore.client_rows(base, '', format('%I.card', base), format('%I.state', base), '(' || clientcore.applied_settings(base) || ')'),
        '', '', '', '', '', key.equality);
END
$$;
COMMENT ON FUNCTION clientcore.arm_rows(text) IS
'Internal: the common table expressions that divide the clients of a list into those written to and those held back';

-- What those in campaigns bought since: within the time of the campaign, and from their
-- return on. Of clients that turned out to be one person, one has it all; and none where some
-- were written to and some held back, for that compares nothing.
CREATE FUNCTION clientcore.campaign_outcome_query(base text, day date)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT w.campaign_id, w.client_id, clientcore.first_purchase(w.within), clientcore.purchase_count(w.within), clientcore.revenue(w.within),
            clientcore.profit(w.within), clientcore.profit_count(w.within) = clientcore.sale_count(w.within) + clientcore.return_count(w.within),
            clientcore.purchase_count(w.since), clientcore.revenue(w.since), clientcore.last_purchase(w.since)
        FROM (
            SELECT w.*, CASE WHEN clientcore.first_purchase(w.within) IS NULL THEN '{}'::clientcore.purchase_history
                ELSE clientcore.slice(clientcore.as_of(w.history, %3$L), clientcore.first_purchase(w.within), NULL) END AS since
            FROM (
                SELECT k.campaign_id, k.client_id, h.history,
                    coalesce(clientcore.slice(clientcore.as_of(h.history, least(p.ends_on, %3$L)), p.frozen_on + 1, NULL), '{}') AS within
                FROM %1$I.campaign p
                JOIN (%5$s) k USING (campaign_id)
                LEFT JOIN (%4$s) h ON h.client_id %2$s k.person
                OFFSET 0) w
            OFFSET 0) w$sql$, base, (SELECT equality FROM clientcore.base_key(base)), day, clientcore.joined_histories(base), format(CASE WHEN clientcore.has_plain_histories(base)
                THEN 'SELECT k.campaign_id, k.client_id, k.client_id AS person FROM %1$I.campaign_client k' ELSE $sql$
                    SELECT m.campaign_id, m.client_id, m.person
                    FROM (
                        SELECT k.campaign_id, k.client_id, coalesce(a.client, k.client_id) AS person,
                            row_number() OVER (PARTITION BY k.campaign_id, coalesce(a.client, k.client_id) ORDER BY k.client_id::text COLLATE "C") AS nth,
                            count(*) FILTER (WHERE k.arm = 'treatment') OVER (PARTITION BY k.campaign_id, coalesce(a.client, k.client_id)) AS sent,
                            count(*) OVER (PARTITION BY k.campaign_id, coalesce(a.client, k.client_id)) AS keys
                        FROM %1$I.campaign_client k
                        LEFT JOIN %1$I.client_alias a ON a.alias %2$s k.client_id) m
                    WHERE m.nth = 1 AND m.sent IN (0, m.keys)$sql$ END, base, (SELECT equality FROM clientcore.base_key(base))))
$$;
COMMENT ON FUNCTION clientcore.campaign_outcome_query(text, date) IS
'Internal: the query of what those in campaigns bought since';

-- Of lost clients written to in campaigns that are over. How many would have come back
-- anyhow is known from the chances they had; that share is the mean of a Beta prior that
-- counts as much as 50 clients, so that few returns teach little.
CREATE FUNCTION clientcore.campaign_lesson_query(base text, day date)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
        SELECT s.reason, s.silence_band, s.sent, s.returned, s.held, s.held_returned, s.expected, round((s.returned + 50 * s.expected / s.sent) / (s.sent + 50), 8)
        FROM (
            SELECT coalesce(k.reason, '') AS reason, %3$s AS silence_band, count(*) FILTER (WHERE k.arm = 'treatment') AS sent,
                count(o.returned_on) FILTER (WHERE k.arm = 'treatment') AS returned, count(*) FILTER (WHERE k.arm = 'holdout') AS held,
                count(o.returned_on) FILTER (WHERE k.arm = 'holdout') AS held_returned, sum(%4$s) FILTER (WHERE k.arm = 'treatment') AS expected
            FROM %1$I.campaign p
            JOIN %1$I.campaign_client k USING (campaign_id)
            JOIN %1$I.campaign_outcome o ON o.campaign_id = k.campaign_id AND o.client_id %5$s k.client_id
            WHERE p.ends_on <= %2$L AND k.was_lost AND k.chance_12m IS NOT NULL
                -- a client teaches once at a time: by the first of campaigns that run side by side
                AND NOT EXISTS (
                    SELECT FROM %1$I.campaign_client e
                    JOIN %1$I.campaign f USING (campaign_id)
                    WHERE e.client_id %5$s k.client_id AND f.ends_on > p.frozen_on AND (f.frozen_on, f.campaign_id) < (p.frozen_on, p.campaign_id))
            GROUP BY 1, 2) s
        WHERE s.sent > 0$sql$,
    base, day, clientcore.silence_band('k.silence_days'), clientcore.chance_within('k.chance_12m', 'p.ends_on - p.frozen_on'),
    (SELECT equality FROM clientcore.base_key(base)))
$$;
COMMENT ON FUNCTION clientcore.campaign_lesson_query(text, date) IS
'Internal: the query of what campaigns that are over taught';

-- A client's own chance after what was learnt of such as it. Where more came back than was
-- expected, writing brought back so large a share of those who would not have come; where
-- fewer, all chances were too high by the same factor.
CREATE FUNCTION clientcore.learnt_chance(chance text, lesson text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$CASE WHEN %2$s.learnt_share * %2$s.sent_count > %2$s.expected_count
                        THEN 1 - (1 - %1$s) * (1 - %2$s.learnt_share) / nullif(1 - %2$s.expected_count / %2$s.sent_count, 0)
                    WHEN %2$s.expected_count > 0 AND %1$s IS NOT NULL THEN %1$s * %2$s.learnt_share * %2$s.sent_count / %2$s.expected_count
                    ELSE %1$s END$sql$, chance, lesson)
$$;
COMMENT ON FUNCTION clientcore.learnt_chance(text, text) IS
'Internal: the expression for a chance of return after a lesson of campaigns (the alias of a row of campaign_lesson)';

CREATE FUNCTION clientcore.refresh_campaigns(base text, day date)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
SELECT clientcore.drop_orphan_exports(base),
    clientcore.replace_rows(base, 'campaign_outcome', clientcore.campaign_outcome_query(base, day));
SELECT clientcore.replace_rows(base, 'campaign_lesson', clientcore.campaign_lesson_query(base, day))
$$;
COMMENT ON FUNCTION clientcore.refresh_campaigns(text, date) IS
'Internal: brings what is known of campaigns up to date';
