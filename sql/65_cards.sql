-- Cards: what a refresh makes of the histories. Every figure of one client comes from
-- card_figures, one call per history; what needs the whole base is SQL over these. The
-- query that does it takes its settings and its day from the caller, so that the same
-- text answers for today, for the day compared with, for any other day and for settings
-- that are only being tried.

CREATE FUNCTION clientcore.has_plain_histories(base text)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_plain boolean;
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %1$I.client_alias) AND count(DISTINCT source) < 2 FROM %1$I.source', base) INTO is_plain;
    RETURN is_plain;
END
$$;
COMMENT ON FUNCTION clientcore.has_plain_histories(text) IS
'Internal: whether every client has one history as it stands, there being no duplicates and one sales relation';

-- One history per client, duplicates and sales relations joined: client_id, history. Those
-- of internal clients are none of a client. condition is of clients that have one history, see
-- histories().
CREATE FUNCTION clientcore.joined_histories(base text, condition text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_plain boolean := clientcore.has_plain_histories(base);
    histories text := clientcore.histories(base, 'history', 'h', CASE WHEN is_plain THEN condition END);
    has_internal boolean;
    joined text;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.client_info i WHERE i.is_internal) AND NOT EXISTS (SELECT FROM %1$I.settings s WHERE s.with_internal_clients)', base)
    INTO has_internal;
    joined := format(CASE WHEN is_plain THEN 'SELECT h.client_id, h.history FROM %3$s' ELSE $sql$
        SELECT coalesce(a.client, h.client_id) AS client_id, clientcore.rollup(h.history) AS history
        FROM %3$s
        LEFT JOIN %1$I.client_alias a ON a.alias %2$s h.client_id
        GROUP BY coalesce(a.client, h.client_id)$sql$ END, base, (SELECT equality FROM clientcore.base_key(base)), histories);
    IF NOT has_internal THEN
        RETURN joined;
    END IF;
    RETURN format($sql$
        SELECT j.client_id, j.history
        FROM (%3$s) j
        WHERE NOT EXISTS (SELECT FROM %1$I.client_info i WHERE i.is_internal AND i.client_id %2$s j.client_id)$sql$,
        base, (SELECT equality FROM clientcore.base_key(base)), joined);
END
$$;
COMMENT ON FUNCTION clientcore.joined_histories(text, text) IS
'Internal: the query for one history per client of a base, later days included';

-- Where the comparison with before begins. Whole years where the sales allow it; else
-- half of what there is, so that nobody seems to have come from nowhere.
CREATE FUNCTION clientcore.compared_day(as_of date, first_sale date)
RETURNS date
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE
    WHEN first_sale <= (as_of - interval '24 months')::date THEN (as_of - interval '12 months')::date
    ELSE as_of - (as_of - first_sale + 1) / 2 END
$$;
COMMENT ON FUNCTION clientcore.compared_day(date, date) IS
'Internal: the day with which a base is compared: a year before as_of, the middle of the span where the sales began less than two years before';

-- Before this day a date stands for none that is known (0001-01-01, 1900-01-01): what such
-- a sale brought counts, but time does not begin with it.
CREATE FUNCTION clientcore.placeholders_until(day date)
RETURNS date
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT (day - interval '100 years')::date
$$;
COMMENT ON FUNCTION clientcore.placeholders_until(date) IS
'Internal: the day before which a purchase is taken for one without a date, 100 years before';

-- Of the settings of an alias: days of the lost rule, which are all the same where it is one of days.
CREATE FUNCTION clientcore.lost_days(alias text, setting text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('CASE %1$s.lost_rule WHEN ''days'' THEN %1$s.lost_days ELSE %1$s.%2$I END', alias, setting)
$$;
COMMENT ON FUNCTION clientcore.lost_days(text, text) IS
'Internal: the expression for a number of days that the lost rule goes by';

CREATE FUNCTION clientcore.lost_arguments(alias text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT concat_ws(', ', alias || '.lost_factor', clientcore.lost_days(alias, 'lost_min_days'),
    clientcore.lost_days(alias, 'lost_max_days'), clientcore.lost_days(alias, 'lost_fallback_days'))
$$;
COMMENT ON FUNCTION clientcore.lost_arguments(text) IS
'Internal: the arguments by which functions of histories are told of the lost rule';

-- Common table expressions, each name with the prefix:
--   figure   client_id and all of card_figures, is_lost
--   total    one row: figures of the whole base, and the borders of its classes
--   card     what the table card holds of the day, without what was before
-- settings is what stands in FROM for the settings; day and compared are expressions. In
-- brief, only classes, rungs and who is a key client are to be had, from key, and what is
-- not needed for these is not carried along. With prospects, also those who are known on the
-- day, but have bought nothing; in brief there are none.
CREATE FUNCTION clientcore.card_query(base text, prefix text, settings text, day text, compared text, is_brief boolean DEFAULT false,
    with_prospects boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    equals text := (SELECT equality FROM clientcore.base_key(base));
    has_people boolean;
    has_interactions boolean;
    columns text;
    nothing text;
    figures text;
    -- what is known of people otherwise; since when alone where that is a day of our time
    people text := format($sql$i.name, i.manager, i.segment, i.region, i.industry, i.channel,
            CASE WHEN i.known_since >= clientcore.placeholders_until(%1$s) THEN i.known_since END AS known_since,
            coalesce(i.is_image_maker, false) AS known_image_maker, coalesce(i.is_expert, false) AS known_expert, v.feedback$sql$, day);
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.client_info), EXISTS (SELECT FROM %1$I.interaction)', base) INTO has_people, has_interactions;
    SELECT string_agg(CASE WHEN a.name = 'rung' THEN NULL ELSE '(p.f).' || a.name END, ', ' ORDER BY a.n),
        -- of who bought nothing
        string_agg(CASE WHEN a.name = 'rung' THEN NULL WHEN a.name = 'is_profit_known' THEN 'true'
            WHEN a.name IN ('purchase_count', 'sale_count', 'return_count', 'revenue', 'returned', 'purchase_12m_count', 'revenue_12m', 'revenue_90d',
                'revenue_90d_year_ago', 'revenue_since', 'revenue_before', 'come_back_count', 'history_hash') THEN '0' ELSE 'NULL' END, ', ' ORDER BY a.n)
    INTO columns, nothing
    FROM pg_proc p, unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS a (name, mode, n)
    WHERE p.oid = 'clientcore.card_figures'::regproc AND a.mode = 'o' AND (NOT is_brief OR a.name IN ('first_purchase', 'last_purchase', 'purchase_count', 'revenue',
        'purchase_12m_count', 'revenue_12m', 'profit_12m', 'is_profit_known', 'value_revenue', 'value_profit', 'first_days_revenue', 'silence_limit',
        'full_years', 'years_bought', 'xyz'));
    figures := format(replace($sql$
        SELECT p.client_id, %4$s, (p.f).rung AS rung, coalesce(%2$s - (p.f).last_purchase > (p.f).silence_limit, false) AS is_lost, true AS is_client, %5$s
        FROM (
            -- not in FROM, where every call would fill a table of one row
            SELECT p.client_id, clientcore.card_figures(p.history, %2$s, %3$s, s.xyz_by, s.xyz_periods, s.xyz_period, s.x, s.y,
                s.frequent_purchases, s.adherent_purchases, s.adherent_days, s.lost_factor, s.min_days, s.max_days, s.fallback_days, s.promising_days, s.lost_model, s.lost_p_alive) AS f
            FROM (%1$s) p
            CROSS JOIN @setting s
            OFFSET 0) p%6$s
        WHERE (p.f).sale_count + (p.f).return_count > 0$sql$, '@', prefix || '_'),
        clientcore.joined_histories(base), day, compared, columns,
        CASE WHEN has_people OR has_interactions THEN people
            ELSE 'NULL::text AS name, NULL::text AS manager, NULL::text AS segment, NULL::text AS region, NULL::text AS industry, NULL::text AS channel,
                NULL::date AS known_since, false AS known_image_maker, false AS known_expert, NULL::bigint AS feedback' END,
        CASE WHEN has_people OR has_interactions THEN format(replace($sql$
        LEFT JOIN %1$I.client_info i ON i.client_id %2$s p.client_id
        LEFT JOIN (SELECT DISTINCT ON (v.client_id) v.client_id, v.feedback FROM @voice v ORDER BY v.client_id) v ON v.client_id %2$s p.client_id$sql$, '@', prefix || '_'), base, equals) END);
    figures := CASE WHEN has_people AND with_prospects AND NOT is_brief THEN format(replace($sql$
    @buyer AS MATERIALIZED (%3$s),
    @figure AS MATERIALIZED (
        SELECT b.* FROM @buyer b
        UNION ALL
        SELECT i.client_id, %5$s, CASE WHEN v.client_id IS NOT NULL THEN 1 ELSE 0 END, false, false, %6$s
        FROM %1$I.client_info i
        LEFT JOIN @voice v ON v.client_id %2$s i.client_id
        WHERE NOT EXISTS (SELECT FROM @buyer b WHERE b.client_id %2$s i.client_id)
            AND (NOT i.is_internal OR (SELECT s.with_internal_clients FROM @setting s))
            AND coalesce(i.known_since <= %4$s, true))$sql$, '@', prefix || '_'), base, equals, figures, day, nothing, people)
        ELSE format('%s_figure AS MATERIALIZED (%s)', prefix, figures) END;
    -- LIMIT 1: the planner is to know that it is one row
    RETURN format(replace($sql$
    @setting AS MATERIALIZED (
        SELECT s.*, CASE s.xyz_by WHEN 'variation' THEN s.xyz_variation_x ELSE s.xyz_x END AS x,
            CASE s.xyz_by WHEN 'variation' THEN s.xyz_variation_y ELSE s.xyz_y END AS y,
            %9$s AS min_days, %10$s AS max_days, %11$s AS fallback_days, %7$s AS lost_model
        FROM %3$s s LIMIT 1),
    -- who spoke with us by the day, and how often of late
    @voice AS MATERIALIZED (%12$s),
%2$s,
    -- all that is found in one look at few columns; whole cards are never sorted
    @known AS MATERIALIZED (
        SELECT s.abc_by = 'profit' AND k.has_profit AS is_by_profit,
            CASE WHEN s.abc_by = 'profit' AND k.has_profit THEN k.by_profit ELSE k.by_revenue END AS recent,
            -- that of the smallest top buyer
            coalesce((k.top).b_from, (k.top).a_from) AS top_revenue_12m, k.*
        FROM @setting s, (
            SELECT coalesce(bool_and(f.is_profit_known) AND bool_or(f.purchase_12m_count > 0), false) AS has_profit,
                min(f.first_purchase) FILTER (WHERE f.first_purchase >= clientcore.placeholders_until(%4$s)) AS first_sale,
                sum(greatest(f.revenue_12m, 0)) AS revenue_12m,
                sum(greatest(f.profit_12m, 0)) AS profit_12m,
                count(*) FILTER (WHERE f.first_purchase IS NOT NULL) AS buyers,
                count(*) FILTER (WHERE f.is_client AND NOT f.is_lost) AS active,
                clientcore.abc_cutoffs(f.revenue_12m, s.abc_a, s.abc_b, s.abc_boundary) AS by_revenue,
                clientcore.abc_cutoffs(f.profit_12m, s.abc_a, s.abc_b, s.abc_boundary) AS by_profit,
                clientcore.abc_cutoffs(f.revenue, s.abc_a, s.abc_b, s.abc_boundary) AS lifetime,
                clientcore.abc_cutoffs(f.revenue_12m, 0.000000001, s.key_share) AS top
            FROM @figure f, @setting s) k),
    @cutoff AS MATERIALIZED (
        SELECT clientcore.quantile_cutoffs(%4$s - f.last_purchase, s.rfm_bins) AS recency,
            clientcore.quantile_cutoffs(nullif(f.purchase_count, 0), s.rfm_bins) AS frequency,
            clientcore.quantile_cutoffs(CASE WHEN f.purchase_count > 0 THEN f.revenue END, s.rfm_bins) AS monetary,
            -- what the top share brought in their first days
            clientcore.quantile(f.first_days_revenue, 1 - s.promising_top_share)
                FILTER (WHERE %4$s - f.first_purchase >= s.promising_days - 1) AS first_days_revenue
        FROM @figure f, @setting s),
    -- names of all combinations of scores, the last score first to change
    @segment AS MATERIALIZED (
        SELECT array_agg((
            SELECT x.segment FROM %1$I.rfm_segment x
            WHERE r.score BETWEEN x.recency_from AND x.recency_to AND f.score BETWEEN x.frequency_from AND x.frequency_to
                AND m.score BETWEEN x.monetary_from AND x.monetary_to
            ORDER BY x.position LIMIT 1) ORDER BY r.score, f.score, m.score) AS names
        FROM @setting s, generate_series(1, s.rfm_bins) r (score), generate_series(1, s.rfm_bins) f (score), generate_series(1, s.rfm_bins) m (score)),
    -- The last top buyer: those before it fall short of the share. Equal revenues are told
    -- apart by the client, so that no plan decides.
    @top AS MATERIALIZED (
        SELECT t.revenue_12m, t.client
        FROM (
            SELECT f.revenue_12m, f.client_id::text COLLATE "C" AS client,
                l.sum + (row_number() OVER (ORDER BY f.client_id::text COLLATE "C") - 1) * f.revenue_12m AS before
            FROM @figure f, @known k, (
                SELECT coalesce(sum(l.revenue_12m), 0) AS sum
                FROM @figure l, @known k WHERE l.revenue_12m > k.top_revenue_12m) l
            WHERE f.revenue_12m = k.top_revenue_12m) t, @known k, @setting s
        WHERE t.before < s.key_share * k.revenue_12m
        ORDER BY t.client DESC LIMIT 1),
    -- the last day on which those began who have been clients for longest
    @old AS MATERIALIZED (
        SELECT max(o.began) AS began
        FROM (
            SELECT least(f.first_purchase, f.known_since) AS began, sum(count(*)) OVER (ORDER BY least(f.first_purchase, f.known_since)) - count(*) AS longer
            FROM @figure f WHERE NOT f.is_lost AND f.first_purchase IS NOT NULL
            GROUP BY 1) o, @known k, @setting s
        WHERE o.longer + 1 <= s.long_standing_share * k.active),
    @promising AS MATERIALIZED (
        SELECT p.client_id, p.place
        FROM (
            SELECT f.client_id, row_number() OVER (ORDER BY f.first_days_revenue DESC, f.client_id::text COLLATE "C") AS place
            FROM @figure f, @known k, @cutoff c, @setting s
            WHERE NOT f.is_lost AND f.purchase_count >= 2 AND %4$s - f.first_purchase < s.promising_days
                AND %4$s - k.first_sale >= 2 * s.promising_days AND f.first_days_revenue >= c.first_days_revenue) p, @known k, @setting s
        WHERE p.place <= floor(s.promising_limit_share * k.buyers)),
    -- the least that those say who speak most: as long as fewer than the share say more
    @vocal AS MATERIALIZED (
        SELECT (SELECT min(v.feedback) FROM (
                SELECT f.feedback, sum(count(*)) OVER (ORDER BY f.feedback DESC) - count(*) AS louder
                FROM @figure f WHERE f.feedback >= s.vocal_feedback AND f.first_purchase IS NOT NULL
                GROUP BY f.feedback) v
            WHERE v.louder < s.vocal_limit_share * k.buyers) AS from_feedback
        FROM @known k, @setting s),
    @scored AS (
        SELECT f.*, s.rfm_bins,
            coalesce(clientcore.abc_class_by_cutoffs(CASE WHEN k.is_by_profit THEN f.profit_12m ELSE f.revenue_12m END, k.recent), 'C') AS abc_class,
            coalesce(clientcore.abc_class_by_cutoffs(f.revenue, k.lifetime), 'C') AS abc_lifetime_class,
            coalesce(clientcore.abc_class_by_cutoffs(CASE WHEN k.is_by_profit THEN f.value_profit ELSE f.value_revenue END, k.recent), 'C') AS value_class,
            s.rfm_bins + 1 - clientcore.quantile_score_by_cutoffs(%4$s - f.last_purchase, c.recency) AS recency_score,
            clientcore.quantile_score_by_cutoffs(nullif(f.purchase_count, 0), c.frequency) AS frequency_score,
            clientcore.quantile_score_by_cutoffs(CASE WHEN f.purchase_count > 0 THEN f.revenue END, c.monetary) AS monetary_score,
            t.revenue_12m AS top_buyer_from,
            coalesce(f.revenue_12m > t.revenue_12m OR f.revenue_12m = t.revenue_12m AND f.client_id::text COLLATE "C" <= t.client, false) AS is_top_buyer,
            f.revenue_12m > 0 AND CASE WHEN k.has_profit THEN coalesce(f.profit_12m > 0 AND f.profit_12m >= s.breadwinner_share * k.profit_12m, false)
                ELSE f.revenue_12m >= s.breadwinner_share * k.revenue_12m END AS is_breadwinner,
            coalesce(NOT f.is_lost AND least(f.first_purchase, f.known_since) <= o.began AND f.purchase_count >= 5
                AND f.full_years > 0 AND f.years_bought = f.full_years, false) AS may_be_long_standing
        FROM @figure f
        CROSS JOIN @known k
        CROSS JOIN @cutoff c
        CROSS JOIN @setting s
        CROSS JOIN @old o
        LEFT JOIN @top t ON true),
    @kind AS (
        SELECT c.*, (SELECT g.names FROM @segment g)[((c.recency_score - 1) * c.rfm_bins + c.frequency_score - 1) * c.rfm_bins + c.monetary_score] AS rfm_segment,
            c.may_be_long_standing AND c.abc_class IN ('A', 'B') AS is_long_standing,
            p.place IS NOT NULL AS is_promising,
            coalesce(m.is_vocal, false) OR coalesce(c.feedback >= v.from_feedback AND c.first_purchase IS NOT NULL, false) AS is_vocal,
            c.known_image_maker OR coalesce(m.is_image_maker, false) AS is_image_maker,
            c.known_expert OR coalesce(m.is_expert, false) AS is_expert, coalesce(m.is_protected, false) AS is_protected
        FROM @scored c
        CROSS JOIN @vocal v
        -- subqueries that are grouped, or made distinct, where they are joined: the planner
        -- is to know that a client is in them once
        LEFT JOIN (SELECT DISTINCT ON (client_id) client_id, place FROM @promising ORDER BY client_id) p ON p.client_id %6$s c.client_id
        LEFT JOIN (
            SELECT coalesce(a.client, m.client_id) AS client_id,
                bool_or(m.kind = 'vocal') AS is_vocal, bool_or(m.kind = 'image_maker') AS is_image_maker,
                bool_or(m.kind = 'expert') AS is_expert, bool_or(m.kind = 'protected') AS is_protected
            FROM %1$I.client_mark m
            LEFT JOIN %1$I.client_alias a ON a.alias %6$s m.client_id
            WHERE m.until IS NULL OR m.until >= %4$s
            GROUP BY coalesce(a.client, m.client_id)) m ON m.client_id %6$s c.client_id),
    @key AS %8$s (
        SELECT c.*,
            c.is_client AND (c.is_top_buyer OR c.is_breadwinner OR c.is_long_standing OR c.is_promising
            -- whom it would be worst to have lost stays for a year, and so do the marked
            OR CASE WHEN c.is_lost THEN c.last_purchase + c.silence_limit + 1 > (%4$s - interval '12 months')::date
                    AND (c.is_vocal OR c.is_image_maker OR c.is_expert OR coalesce(c.value_revenue >= c.top_buyer_from, false))
                ELSE c.is_vocal OR c.is_image_maker OR c.is_expert END) AS is_key
        FROM @kind c),
    @card AS (
        SELECT c.*, r.key_rank
        FROM @key c
        LEFT JOIN (
            SELECT k.client_id, row_number() OVER (
                ORDER BY max(CASE WHEN k.is_lost THEN greatest(k.value_revenue, k.revenue_12m) ELSE k.revenue_12m END) DESC,
                    k.client_id::text COLLATE "C")::integer AS key_rank
            FROM @key k WHERE k.is_key
            GROUP BY k.client_id) r ON r.client_id %6$s c.client_id)$sql$, '@', prefix || '_'),
        base, figures, settings, day, compared, equals, clientcore.lost_model(base, 's'),
        CASE WHEN is_brief THEN 'NOT MATERIALIZED' ELSE 'MATERIALIZED' END,
        clientcore.lost_days('s', 'lost_min_days'), clientcore.lost_days('s', 'lost_max_days'), clientcore.lost_days('s', 'lost_fallback_days'),
        format(CASE WHEN has_interactions THEN $sql$
        SELECT i.client_id, count(*) FILTER (WHERE i.kind IN ('complaint', 'suggestion', 'request') AND i.day > (%2$s - interval '12 months')::date) AS feedback
        FROM %1$I.interaction i WHERE i.day <= %2$s
        GROUP BY i.client_id$sql$ ELSE 'SELECT i.client_id, 0::bigint AS feedback FROM %1$I.interaction i WHERE false' END, base, day));
END
$$;
COMMENT ON FUNCTION clientcore.card_query(text, text, text, text, text, boolean, boolean) IS
'Internal: the common table expressions that make the cards of a day';

-- The stage of loyalty of a row with is_lost and rung, in words.
CREATE FUNCTION clientcore.stage_name(rung text, is_lost text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('CASE WHEN %s THEN ''lost'' ELSE (ARRAY[''unaware'', ''aware'', ''first_purchase'', ''second_purchase'', ''frequent'', ''adherent''])[%s + 1] END',
    is_lost, rung)
$$;
COMMENT ON FUNCTION clientcore.stage_name(text, text) IS
'Internal: the expression that names the stage of loyalty';

-- The columns of card that come with the cards of the day; as a list with the alias.
CREATE FUNCTION clientcore.card_columns(base text, alias text)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT string_agg(format('%s%I', alias, attname), ', ' ORDER BY attnum)
FROM pg_attribute
WHERE attrelid = format('%I.card', base)::regclass AND attnum > 0 AND NOT attisdropped
    AND attname <> 'client_id'
$$;
COMMENT ON FUNCTION clientcore.card_columns(text, text) IS
'Internal: the columns of a card that are computed, in their order';

-- Cards of today beside those of the day compared with: all columns of card.
CREATE FUNCTION clientcore.fresh_cards(base text, settings text, day text, compared text)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.card_query(base, 'now', settings, day, compared, with_prospects => true) || ','
    || clientcore.card_query(base, 'then', settings, compared, compared, true)
    || format($sql$,
    fresh AS (
        SELECT n.*, t.rung IS NOT NULL AS existed_before, t.abc_class AS abc_before, t.xyz AS xyz_before, t.rung AS rung_before,
            t.is_lost AS was_lost_before, t.rfm_segment AS rfm_segment_before, coalesce(t.is_key, false) AS was_key_before
        FROM now_card n
        LEFT JOIN (
            SELECT DISTINCT ON (client_id) client_id, abc_class, xyz, rung, is_lost, rfm_segment, is_key
            FROM then_key ORDER BY client_id) t ON t.client_id %s n.client_id)$sql$, (SELECT equality FROM clientcore.base_key(base)))
$$;
COMMENT ON FUNCTION clientcore.fresh_cards(text, text, text, text) IS
'Internal: the common table expressions that make whole cards';

-- The statement that brings the cards up to date and says what it did. It writes only rows
-- that differ. was_day is the day that cards were for, or null. Clients are told as text,
-- or not at all where they are many: touched, those whose history is another; judged,
-- those who also may have been lost since, by the calendar alone.
CREATE FUNCTION clientcore.cards_statement(base text, settings text, day date, compared date, was_day date)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text := clientcore.card_columns(base, '');
BEGIN
    RETURN 'WITH ' || clientcore.fresh_cards(base, settings, format('%L::date', day), format('%L::date', compared))
    || format($sql$,
    -- beside what the card was, under other names; joined once, to write without a join
    beside AS MATERIALIZED (
        SELECT f.*, c.abc_class AS abc_was, CASE WHEN c.rung IS NOT NULL THEN coalesce(c.xyz, 'new') END AS xyz_was,
            %4$s AS stage_was, c.rfm_segment AS rfm_segment_was, c.is_key AS was_key,
            c.rung IS NULL AS is_new, c.rung IS NOT NULL AND (%9$s) IS DISTINCT FROM (%8$s) AS is_changed,
            c.rung IS NOT NULL AND c.first_purchase IS DISTINCT FROM f.first_purchase AS begins_otherwise,
            c.history_hash IS DISTINCT FROM f.history_hash AS is_touched,
            coalesce(f.last_purchase + f.silence_limit + 1 BETWEEN %6$L::date + 1 AND %3$L, false) AS is_lost_since
        FROM fresh f
        LEFT JOIN %1$I.card c ON c.client_id %2$s f.client_id),
    gone AS (
        DELETE FROM %1$I.card c
        WHERE NOT EXISTS (SELECT FROM beside f WHERE f.client_id %2$s c.client_id)
        RETURNING c.client_id, c.abc_class AS abc_was, coalesce(c.xyz, 'new') AS xyz_was, %4$s AS stage_was, c.rfm_segment AS rfm_segment_was, c.is_key AS was_key),
    move AS (
        SELECT f.client_id, f.abc_was, f.abc_class, f.xyz_was, coalesce(f.xyz, 'new') AS xyz, f.stage_was, %5$s AS stage,
            f.rfm_segment_was, f.rfm_segment, f.was_key, f.is_key
        FROM beside f
        UNION ALL
        SELECT g.client_id, g.abc_was, NULL, g.xyz_was, NULL, g.stage_was, NULL, g.rfm_segment_was, NULL, g.was_key, NULL FROM gone g),
    logged AS (
        INSERT INTO %1$I.card_log (client_id, as_of_date, logged_at, abc_before, abc_after, xyz_before, xyz_after,
            stage_before, stage_after, rfm_segment_before, rfm_segment_after, was_key, is_key)
        SELECT m.client_id, %3$L, clock.at, m.abc_was, m.abc_class, m.xyz_was, m.xyz, m.stage_was, m.stage, m.rfm_segment_was, m.rfm_segment, m.was_key, m.is_key
        FROM move m, (SELECT clock_timestamp() AS at) clock
        WHERE (m.abc_was, m.xyz_was, m.stage_was, m.rfm_segment_was, m.was_key) IS DISTINCT FROM (m.abc_class, m.xyz, m.stage, m.rfm_segment, m.is_key)
        RETURNING 1),
    changed AS (
        UPDATE %1$I.card c SET (%7$s) = ROW(%8$s)
        FROM beside f
        WHERE f.is_changed AND c.client_id %2$s f.client_id
        RETURNING 1),
    added AS (
        INSERT INTO %1$I.card (client_id, %7$s)
        SELECT f.client_id, %8$s FROM beside f WHERE f.is_new
        RETURNING 1)
    SELECT jsonb_build_object(
        'cards_added', (SELECT count(*) FROM added), 'cards_changed', (SELECT count(*) FROM changed), 'cards_removed', (SELECT count(*) FROM gone),
        'moves', (SELECT count(*) FROM logged),
        'touched', CASE WHEN 5 * (t.touched + o.gone) <= t.clients THEN o.names
            || (SELECT coalesce(jsonb_agg(f.client_id::text), '[]') FROM beside f WHERE f.is_touched) END,
        'judged', CASE WHEN 5 * (t.judged + o.gone) <= t.clients THEN o.names
            || (SELECT coalesce(jsonb_agg(f.client_id::text), '[]') FROM beside f WHERE f.is_touched OR f.is_lost_since) END,
        'begins_otherwise', (SELECT coalesce(bool_or(f.begins_otherwise), false) FROM beside f),
        'clients', t.clients, 'prospects', t.prospects, 'lost', t.lost, 'key_clients', t.key_clients, 'key_lost', t.key_lost, 'key_revenue', t.key_revenue,
        'first_sale_date', k.first_sale, 'abc_is_by_profit', k.is_by_profit, 'has_profit', k.has_profit,
        'revenue_12m_amount', coalesce(k.revenue_12m, 0), 'profit_12m_amount', k.profit_12m,
        'abc_a_from', (k.recent).a_from, 'abc_b_from', (k.recent).b_from, 'top_buyer_from', t.top_buyer_from)
    FROM now_known k, (
        SELECT count(*) AS gone, coalesce(jsonb_agg(g.client_id::text), '[]') AS names FROM gone g) o, (
        SELECT count(*) FILTER (WHERE f.is_client) AS clients, count(*) FILTER (WHERE NOT f.is_client) AS prospects, count(*) FILTER (WHERE f.is_touched) AS touched, count(*) FILTER (WHERE f.is_touched OR f.is_lost_since) AS judged, count(*) FILTER (WHERE f.is_lost) AS lost, count(*) FILTER (WHERE f.is_key AND NOT f.is_lost) AS key_clients, count(*) FILTER (WHERE f.is_key AND f.is_lost) AS key_lost,
            sum(greatest(f.revenue_12m, 0)) FILTER (WHERE f.is_key AND NOT f.is_lost) AS key_revenue, min(f.top_buyer_from) AS top_buyer_from
        FROM beside f) t$sql$,
        base, (SELECT equality FROM clientcore.base_key(base)), day,
        clientcore.stage_name('c.rung', format('c.rung IS NOT NULL AND coalesce(%L::date - c.last_purchase > c.silence_limit, false)', was_day)),
        clientcore.stage_name('f.rung', 'f.is_lost'), was_day,
        columns, clientcore.card_columns(base, 'f.'), clientcore.card_columns(base, 'c.'));
END
$$;
COMMENT ON FUNCTION clientcore.cards_statement(text, text, date, date, date) IS
'Internal: the statement that brings the cards of a base up to date and tells what it did';

-- A table is made what a query gives (its columns, in their order, those of the key first),
-- by writing the rows that differ.
-- With clients (as text), for these alone: the query finds them in chosen (client_id).
-- With months, for the rows of these alone, and with part for those that meet a condition on
-- t, as the query should be. Returns what a column of
-- dates, told, says of the rows that were written, before and after; null where all may be.
CREATE FUNCTION clientcore.replace_rows(base text, name text, query text, clients text[] DEFAULT NULL, months date[] DEFAULT NULL, told name DEFAULT NULL,
    part text DEFAULT NULL)
RETURNS date[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    keys text;
    matches text;
    facts text;
    sets text;
    is_empty boolean;
    written date[];
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    IF clients IS NULL THEN
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I.%I)', base, name) INTO is_empty;
        IF is_empty THEN
            EXECUTE format('INSERT INTO %I.%I %s', base, name, query) USING clients, months;
            RETURN NULL;
        END IF;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (i.indkey)),
        string_agg(format('t.%1$I %2$s f.%1$I', a.attname, CASE a.attname WHEN 'client_id' THEN key.equality ELSE '=' END), ' AND ' ORDER BY a.attnum)
            FILTER (WHERE a.attnum = ANY (i.indkey)),
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum <> ALL (i.indkey)),
        string_agg(format('%1$I = excluded.%1$I', a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum <> ALL (i.indkey))
    INTO keys, matches, facts, sets
    FROM pg_attribute a
    JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
    WHERE a.attrelid = format('%I.%I', base, name)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format($sql$
        WITH %10$s fresh (%3$s, %5$s) AS MATERIALIZED (%4$s),
        gone AS (DELETE FROM %1$I.%2$I t %11$s NOT EXISTS (SELECT FROM fresh f WHERE %7$s) RETURNING %13$s AS told),
        different AS MATERIALIZED (
            SELECT f.*, %13$s AS was_told
            FROM fresh f
            LEFT JOIN %1$I.%2$I t ON %7$s
            WHERE (%8$s) IS DISTINCT FROM (%9$s)),
        -- not left to the conflict, which would lock the rows that are the same
        written AS (
            INSERT INTO %1$I.%2$I (%3$s, %5$s)
            SELECT %12$s, %9$s FROM different f
            ON CONFLICT (%3$s) DO UPDATE SET %6$s)
        SELECT coalesce(array_agg(DISTINCT w.told), '{}')
        FROM (SELECT g.told FROM gone g UNION SELECT %14$s FROM different f UNION SELECT f.was_told FROM different f) w (told)
        WHERE w.told IS NOT NULL$sql$,
        base, name, keys, query, facts, sets, matches,
        't.' || replace(facts, ', ', ', t.'), 'f.' || replace(facts, ', ', ', f.'),
        CASE WHEN clients IS NOT NULL THEN format('chosen AS MATERIALIZED (SELECT DISTINCT c.client_id::%s AS client_id FROM unnest($1) c (client_id)),', key.key_type) END,
        CASE WHEN clients IS NOT NULL THEN format('USING chosen c WHERE t.client_id %s c.client_id AND', key.equality)
            WHEN months IS NOT NULL THEN 'WHERE t.month_date = ANY ($2) AND'
            WHEN part IS NOT NULL THEN format('WHERE %s AND', part)
            ELSE 'WHERE' END,
        'f.' || replace(keys, ', ', ', f.'), coalesce('t.' || quote_ident(told), 'NULL::date'), coalesce('f.' || quote_ident(told), 'NULL::date'))
    INTO written USING clients, months;
    RETURN written;
END
$$;
COMMENT ON FUNCTION clientcore.replace_rows(text, text, text, text[], date[], name, text) IS
'Internal: makes a table of a base what a query gives, by writing the rows that differ, and tells what days these are of';

-- The histories of all clients, or of those chosen. All in their order, so that an index by
-- client is filled from left to right, without room left in the middle of its pages.
CREATE FUNCTION clientcore.chosen_histories(base text, clients text[])
RETURNS text
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN clients IS NULL THEN format('(%s ORDER BY 1) p', clientcore.joined_histories(base))
    ELSE format('chosen c JOIN (%s) p ON p.client_id %s c.client_id',
        clientcore.joined_histories(base, CASE WHEN clientcore.has_distributed_histories(base) THEN clientcore.is_one_of(base, clients) END), (SELECT equality FROM clientcore.base_key(base))) END
$$;
COMMENT ON FUNCTION clientcore.chosen_histories(text, text[]) IS
'Internal: what stands in FROM for the histories of some clients, or of all';

CREATE FUNCTION clientcore.refresh_months(base text, day date, clients text[])
RETURNS date[]
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.replace_rows(base, 'client_month', format($sql$
    SELECT p.client_id, m.period_start, m.purchase_count, m.sale_count, m.return_count, m.revenue, m.returned, m.profit
    FROM %1$s
    CROSS JOIN LATERAL clientcore.periods(clientcore.as_of(p.history, %2$L), 'month',
        CASE WHEN clientcore.first_purchase(p.history) < %3$L THEN date %3$L END) m
    WHERE m.sale_count + m.return_count > 0
    UNION ALL
    -- what lies long before: apart, not to count all the months between
    SELECT p.client_id, m.period_start, m.purchase_count, m.sale_count, m.return_count, m.revenue, m.returned, m.profit
    FROM %1$s
    CROSS JOIN LATERAL clientcore.periods(clientcore.slice(p.history, NULL, date %3$L - 1)) m
    WHERE clientcore.first_purchase(p.history) < %3$L AND m.sale_count + m.return_count > 0$sql$,
    clientcore.chosen_histories(base, clients), day, date_trunc('month', clientcore.placeholders_until(day)::timestamp)::date), clients, NULL, 'month_date')
$$;
COMMENT ON FUNCTION clientcore.refresh_months(text, date, text[]) IS
'Internal: brings the months of some clients, or of all, up to date; returns those that are others, null for all';

CREATE FUNCTION clientcore.refresh_losses(base text, settings text, day date, clients text[])
RETURNS date[]
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.replace_rows(base, 'client_loss', format($sql$
    SELECT p.client_id, l.last_purchase, l.silence_limit, l.lost_on, l.returned_on,
        clientcore.revenue(clientcore.slice(p.history,
            -- up to the lowest date there is
            CASE WHEN l.last_purchase >= '4712-01-01 BC' THEN (l.last_purchase - interval '12 months')::date + 1 END, l.last_purchase))
    FROM (SELECT s.*, %5$s AS lost_model FROM %1$s s) s
    CROSS JOIN %2$s
    CROSS JOIN LATERAL (
        SELECT * FROM clientcore.loss_events(p.history, %3$L, %4$s) WHERE s.lost_model IS NULL
        UNION ALL
        SELECT * FROM clientcore.loss_events(p.history, %3$L, s.lost_model, s.lost_p_alive, s.lost_min_days, s.lost_max_days)) l$sql$,
    settings, clientcore.chosen_histories(base, clients), day, clientcore.lost_arguments('s'), clientcore.lost_model(base, 's')), clients, NULL, 'returned_on')
$$;
COMMENT ON FUNCTION clientcore.refresh_losses(text, text, date, text[]) IS
'Internal: brings the losses of some clients, or of all, up to date; returns the days of return of those that are others, null for all';

-- --- summaries ---

-- Months counted from the year 0, so that they can be added.
CREATE FUNCTION clientcore.month_number(day text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$(date_part('year', %1$s)::integer * 12 + date_part('month', %1$s)::integer - 1 + CASE WHEN %1$s < '0001-01-01' THEN 12 ELSE 0 END)$sql$, day)
$$;
COMMENT ON FUNCTION clientcore.month_number(text) IS
'Internal: the expression for the number of a day''s month';

-- The month of the lowest date begins with it, as periods says.
CREATE FUNCTION clientcore.month_date(number text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$CASE WHEN %1$s <= -56546 THEN date '4714-11-24 BC' ELSE (timestamp '0001-01-01' + (%1$s - 12) * interval '1 month')::date END$sql$, number)
$$;
COMMENT ON FUNCTION clientcore.month_date(text) IS
'Internal: the expression for the first day of the month with a number';

CREATE FUNCTION clientcore.month_of(day text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$CASE WHEN %1$s < '4714-12-01 BC' THEN date '4714-11-24 BC' ELSE date_trunc('month', %1$s::timestamp)::date END$sql$, day)
$$;
COMMENT ON FUNCTION clientcore.month_of(text) IS
'Internal: the expression for the first day of a day''s month';

-- Common table expressions of what is summed: label, all combinations of manager, segment
-- and region, numbered; client, who has which. Sums are made by the number, not by texts.
CREATE FUNCTION clientcore.labelled_clients(base text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format($sql$
    label AS MATERIALIZED (
        SELECT row_number() OVER ()::integer AS number, l.*
        FROM (SELECT DISTINCT coalesce(c.manager, '') AS manager, coalesce(c.segment, '') AS segment, coalesce(c.region, '') AS region FROM %1$I.card c) l),
    client AS MATERIALIZED (
        SELECT c.client_id, c.first_purchase, coalesce(%2$s, 'infinity') AS cohort_date, l.number AS label
        FROM %1$I.card c
        -- every client has one; said so that the planner takes none away
        LEFT JOIN label l ON l.manager = coalesce(c.manager, '') AND l.segment = coalesce(c.segment, '') AND l.region = coalesce(c.region, ''))$sql$,
    base, clientcore.month_of('c.first_purchase'))
$$;
COMMENT ON FUNCTION clientcore.labelled_clients(text) IS
'Internal: the common table expressions of clients and the labels by which they are summed';

-- Of some months, or of all (null). Few groups, which the planner takes for many: it would
-- sort all months.
CREATE FUNCTION clientcore.refresh_month_summary(base text, months date[])
RETURNS void
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
SELECT clientcore.replace_rows(base, 'month_summary', format($sql$
    WITH %3$s
    SELECT m.month_date, m.cohort_date, (ARRAY['none', 'new', 'returned', 'retained'])[m.status], l.manager, l.segment, l.region,
        m.clients, m.purchase_count, m.sale_count, m.return_count, m.revenue, m.returned, m.profit
    FROM (
        SELECT m.month_date, c.cohort_date, c.label,
            CASE WHEN m.purchase_count = 0 THEN 1 WHEN c.first_purchase >= m.month_date THEN 2 WHEN r.month_date IS NOT NULL THEN 3 ELSE 4 END AS status,
            count(*) AS clients, sum(m.purchase_count) AS purchase_count, sum(m.sale_count) AS sale_count, sum(m.return_count) AS return_count,
            sum(m.revenue) AS revenue, sum(m.returned) AS returned, sum(m.profit) AS profit
        FROM %1$I.client_month m
        JOIN client c ON c.client_id %2$s m.client_id
        LEFT JOIN (
            SELECT DISTINCT l.client_id, %4$s AS month_date
            FROM %1$I.client_loss l WHERE l.returned_on IS NOT NULL) r ON r.client_id %2$s m.client_id AND r.month_date = m.month_date%5$s
        GROUP BY 1, 2, 3, 4) m
    JOIN label l ON l.number = m.label$sql$, base, (SELECT equality FROM clientcore.base_key(base)),
    clientcore.labelled_clients(base), clientcore.month_of('l.returned_on'),
    CASE WHEN months IS NOT NULL THEN ' WHERE m.month_date = ANY ($2)' END), NULL, months)
$$;
COMMENT ON FUNCTION clientcore.refresh_month_summary(text, date[]) IS
'Internal: brings the sums of months up to date';

-- A client is with us in spells, each from a purchase to the loss that ends it. It was
-- kept for a year in a month if it is within a spell at its end, and was within one, the
-- same or another, at the end of the month a year before: one range of months for every
-- two spells. So nothing is counted month by month and client by client.
CREATE FUNCTION clientcore.refresh_flow_summary(base text, settings text, day date)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.replace_rows(base, 'flow_summary', format($sql$
    WITH %15$s,
    buyer AS MATERIALIZED (
        SELECT c.client_id, c.label, c.first_purchase, c.first_purchase + s.limit_after_first + 1 AS due
        FROM client c, (
            SELECT coalesce(clientcore.silence_limit('{2000-01-01: sold 0}', %16$s, s.lost_p_alive, s.lost_min_days, s.lost_max_days), %14$s) AS limit_after_first
            FROM %11$s s) s
        WHERE c.first_purchase IS NOT NULL),
    ended AS MATERIALIZED (
        SELECT l.client_id, c.label,
            coalesce(lag(l.returned_on) OVER (PARTITION BY l.client_id ORDER BY l.last_purchase), c.first_purchase) AS began,
            l.lost_on, l.returned_on, l.last_purchase = c.first_purchase AS is_once, l.value_revenue
        FROM %1$I.client_loss l JOIN client c ON c.client_id %2$s l.client_id),
    spell AS MATERIALIZED (
        SELECT e.client_id, e.label, %3$s AS began, %4$s AS ended
        FROM ended e
        UNION ALL
        SELECT c.client_id, c.label, %5$s, 1000000
        FROM buyer c
        LEFT JOIN (
            SELECT l.client_id, max(l.returned_on) AS returned_on, bool_or(l.returned_on IS NULL) AS is_lost
            FROM %1$I.client_loss l GROUP BY l.client_id) l ON l.client_id %2$s c.client_id
        WHERE l.is_lost IS NOT TRUE),
    -- months from which on, and until which, how many were with us
    within AS MATERIALIZED (
        SELECT s.label, s.began, s.ended, count(*) AS clients
        FROM spell s WHERE s.ended > s.began
        GROUP BY s.label, s.began, s.ended),
    -- and were a year before: in the same spell, or in an earlier one
    within_both AS (
        SELECT w.label, w.began + 12 AS began, w.ended, w.clients FROM within w WHERE w.ended > w.began + 12
        UNION ALL
        SELECT s.label, greatest(s.began + 12, n.began) AS began, least(s.ended + 12, n.ended) AS ended, count(*)
        FROM spell s JOIN spell n ON n.client_id %2$s s.client_id AND n.began >= s.ended
        WHERE s.ended > s.began AND n.ended > n.began AND least(s.ended + 12, n.ended) > greatest(s.began + 12, n.began)
        GROUP BY s.label, greatest(s.began + 12, n.began), least(s.ended + 12, n.ended)),
    event (month_number, label, arrived, returned, lost, year_ago, kept, due, once_lost, lost_value, returned_value) AS (
        SELECT %6$s, c.label, count(*), 0, 0, 0, 0, 0, 0, 0::numeric, 0::numeric FROM buyer c GROUP BY 1, 2
        UNION ALL
        SELECT %8$s, c.label, 0, 0, 0, 0, 0, count(*), 0, 0, 0
        FROM buyer c WHERE c.due <= %10$L GROUP BY 1, 2
        UNION ALL
        SELECT %4$s, e.label, 0, 0, count(*), 0, 0, 0, count(*) FILTER (WHERE e.is_once), sum(e.value_revenue), 0
        FROM ended e GROUP BY 1, 2
        UNION ALL
        SELECT %7$s, e.label, 0, count(*), 0, 0, 0, 0, 0, 0, sum(e.value_revenue)
        FROM ended e WHERE e.returned_on IS NOT NULL GROUP BY 1, 2
        UNION ALL
        SELECT e.month_number, w.label, 0, 0, 0, e.step * w.clients, 0, 0, 0, 0, 0
        FROM within w, LATERAL (VALUES (w.began + 12, 1), (w.ended + 12, -1)) e (month_number, step)
        UNION ALL
        SELECT e.month_number, w.label, 0, 0, 0, 0, e.step * w.clients, 0, 0, 0, 0
        FROM within_both w, LATERAL (VALUES (w.began, 1), (w.ended, -1)) e (month_number, step)),
    -- all months, but those before time began only where something happened
    month AS (
        SELECT %9$s AS month_date, m.month_number, g.*
        FROM (
            SELECT generate_series(f.first, f.last) AS month_number
            FROM (SELECT min(e.month_number) FILTER (WHERE e.month_number >= %12$s) AS first, %13$s AS last FROM event e) f
            UNION
            SELECT e.month_number FROM event e WHERE e.month_number < %12$s) m,
            (SELECT DISTINCT c.label FROM buyer c) g)
    SELECT m.month_date, l.manager, l.segment, l.region,
        coalesce(s.arrived, 0), coalesce(s.returned, 0), coalesce(s.lost, 0),
        sum(coalesce(s.year_ago, 0)) OVER so_far, sum(coalesce(s.kept, 0)) OVER so_far,
        coalesce(s.due, 0), coalesce(s.once_lost, 0), coalesce(s.lost_value, 0), coalesce(s.returned_value, 0)
    FROM month m
    JOIN label l ON l.number = m.label
    LEFT JOIN (
        SELECT e.month_number, e.label, sum(e.arrived) AS arrived, sum(e.returned) AS returned, sum(e.lost) AS lost,
            sum(e.year_ago) AS year_ago, sum(e.kept) AS kept, sum(e.due) AS due, sum(e.once_lost) AS once_lost,
            sum(e.lost_value) AS lost_value, sum(e.returned_value) AS returned_value
        FROM event e GROUP BY e.month_number, e.label) s
        ON s.month_number = m.month_number AND s.label = m.label
    WINDOW so_far AS (PARTITION BY m.label ORDER BY m.month_date)$sql$,
    base, (SELECT equality FROM clientcore.base_key(base)),
    clientcore.month_number('e.began'), clientcore.month_number('e.lost_on'),
    clientcore.month_number('coalesce(l.returned_on, c.first_purchase)'), clientcore.month_number('c.first_purchase'),
    clientcore.month_number('e.returned_on'), clientcore.month_number('c.due'),
    clientcore.month_date('m.month_number'), day, settings,
    clientcore.month_number(format('date %L', clientcore.placeholders_until(day))), clientcore.month_number(format('date %L', day)),
    clientcore.lost_days('s', 'lost_fallback_days'), clientcore.labelled_clients(base), clientcore.lost_model(base, 's')))
$$;
COMMENT ON FUNCTION clientcore.refresh_flow_summary(text, text, date) IS
'Internal: brings the sums of clients won, lost and returned up to date';

-- A discrete hazard: of the losses still open when a month of silence begins, how many end
-- in a purchase in it. A loss enters with the month in which its client was lost, and
-- leaves with the last month that is over. Small numbers are drawn to one in a hundred, a
-- Beta prior that counts as much as 12 losses: what a base has not seen yet it does not
-- hope for.
CREATE FUNCTION clientcore.refresh_return_chance(base text, day date)
RETURNS void
LANGUAGE SQL VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.replace_rows(base, 'return_chance', format($sql$
    WITH silence AS MATERIALIZED (
        SELECT (l.silence_limit + 1) * 12 / 365 AS entered, l.returned_on IS NOT NULL AS has_returned,
            -- of silences since time began
            least(CASE WHEN l.returned_on IS NULL THEN (%2$L - l.last_purchase) * 12 / 365 - 1 ELSE (l.returned_on - l.last_purchase) * 12 / 365 END, 1200) AS until
        FROM %1$I.client_loss l),
    counted AS MATERIALIZED (
        SELECT m.silence_month, coalesce(e.returned, 0) AS returned, sum(coalesce(e.step, 0)) OVER (ORDER BY m.silence_month) AS at_risk,
            m.silence_month <= m.last AS is_kept
        FROM (SELECT g.silence_month, f.last
            FROM (SELECT 12 + coalesce(max(s.until), 0) AS last FROM silence s) f, generate_series(0, f.last + 12) g (silence_month)) m
        LEFT JOIN (
            SELECT v.silence_month, sum(v.step) AS step, sum(v.returned) AS returned
            FROM silence s, LATERAL (VALUES (s.entered, 1, 0), (s.until + 1, -1, 0), (s.until, 0, s.has_returned::integer)) v (silence_month, step, returned)
            WHERE s.until >= s.entered
            GROUP BY v.silence_month) e ON e.silence_month = m.silence_month),
    smoothed AS (
        SELECT c.*, round((c.returned + 0.12) / (c.at_risk + 12), 10) AS hazard FROM counted c)
    SELECT f.silence_month, f.at_risk, f.returned, f.hazard, f.chance
    FROM (
        SELECT s.*, round(1 - exp(sum(ln(1 - s.hazard)) OVER (ORDER BY s.silence_month ROWS BETWEEN 1 FOLLOWING AND 12 FOLLOWING)), 8) AS chance
        FROM smoothed s) f
    WHERE f.is_kept$sql$, base, day))
$$;
COMMENT ON FUNCTION clientcore.refresh_return_chance(text, date) IS
'Internal: brings the chances of a return up to date, from all losses of the base';

CREATE FUNCTION clientcore.texts_of(list jsonb)
RETURNS text[]
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE jsonb_typeof(list) WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(list)) END
$$;
COMMENT ON FUNCTION clientcore.texts_of(jsonb) IS
'Internal: a list of texts as an array; null for what is no list';

-- What refresh_cards makes depends on these and on nothing else, so that it need not be made
-- again where they are the same. Told by content, which a dump and its restore leave alone:
-- the base's columns of a card go in as they are, so that a card that was tampered with is
-- made anew.
CREATE FUNCTION clientcore.card_inputs(base text, settings text, day date, compared date)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    histories text;
    group_histories text;
    inputs jsonb;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hash_record_extended(ROW(h.client_id::text, h.source, h.history), 0)), 0) FROM %I.history h', base)
    INTO histories;
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hash_record_extended(ROW(h.client_id::text, h.source, h.group_name, h.history), 0)), 0) FROM %I.group_history h', base)
    INTO group_histories;
    EXECUTE format($sql$
        SELECT jsonb_build_object('day', %3$L::date, 'compared', %4$L::date,
            'version', (SELECT extversion FROM pg_extension WHERE extname = 'clientcore'),
            'settings', (SELECT to_jsonb(s) - 'applied_at' FROM %2$s s),
            'history', $1, 'group', $2,
            'guest', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(g.source, g.history), 0)), 0) FROM %1$I.guest g),
            'forgotten', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(g.source, g.history), 1)), 0) FROM %1$I.forgotten g),
            'source', (SELECT count(*) FROM %1$I.source),
            'alias', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(a.alias::text, a.client::text), 0)), 0) FROM %1$I.client_alias a),
            'mark', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(m.client_id::text, m.kind, m.until), 0)), 0) FROM %1$I.client_mark m),
            'info', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(i.client_id::text, i.name, i.manager, i.segment, i.region, i.industry, i.channel,
                i.known_since, i.is_internal, i.is_image_maker, i.is_expert), 0)), 0) FROM %1$I.client_info i),
            'interaction', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(i.client_id::text, i.day, i.kind), 0)), 0) FROM %1$I.interaction i),
            'segment', (SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(r.position, r.segment, r.recency_from, r.recency_to,
                r.frequency_from, r.frequency_to, r.monetary_from, r.monetary_to), 0)), 0) FROM %1$I.rfm_segment r))$sql$,
        base, settings, day, compared)
    INTO inputs USING histories, group_histories;
    RETURN inputs;
END
$$;
COMMENT ON FUNCTION clientcore.card_inputs(text, text, date, date) IS
'Internal: what the cards of a day are made of, in short: the same where all of it is';

CREATE FUNCTION clientcore.card_content(base text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    content text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hash_record_extended(ROW(c.client_id::text, %s), 0)), 0) FROM %I.card c',
        clientcore.card_columns(base, 'c.'), base)
    INTO content;
    RETURN content;
END
$$;
COMMENT ON FUNCTION clientcore.card_content(text) IS
'Internal: what cards say, in short';

-- Cards, months, losses and the sums of these, for a day.
CREATE FUNCTION clientcore.refresh_cards(base text, day date, is_full boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    report jsonb;
    rule jsonb;
    was record;
    compared date;
    inputs jsonb;
    content text;
    labels text;
    months date[] := '{}';
    returns date[] := '{}';
    aliases text;
    aliases_now text;
    -- which aliases there are, told by what wrote them
    count_aliases text := format('SELECT count(*) || '' '' || coalesce(sum(xmin::text::bigint), 0) FROM %I.client_alias', base);
    -- as they are logged: what is set from now on is for the next refresh
    settings text := format('(SELECT h.* FROM %I.settings_history h ORDER BY h.applied_at DESC LIMIT 1)', base);
BEGIN
    PERFORM clientcore.log_settings(base);
    EXECUTE format('SELECT as_of, rule, made FROM %I.state', base) INTO was;
    rule := clientcore.lost_rule_in_short(base, settings);
    compared := clientcore.compared_day(day, least(clientcore.first_sale(base, day), day));
    -- before anything is made of them: what others change from now on is for the next refresh
    inputs := clientcore.card_inputs(base, settings, day, compared);
    IF NOT is_full AND was.rule = rule AND was.made -> 'of' = inputs AND was.made ->> 'content' = clientcore.card_content(base) THEN
        RETURN was.made -> 'report' || '{"cards_added": 0, "cards_changed": 0, "cards_removed": 0, "moves": 0}';
    END IF;
    EXECUTE count_aliases INTO aliases;
    PERFORM clientcore.refresh_models(base, settings, day, is_full);
    rule := clientcore.lost_rule_in_short(base, settings);
    EXECUTE clientcore.cards_statement(base, settings, day, compared, was.as_of) INTO report;
    -- before labels are read for the sums
    content := clientcore.card_content(base);
    EXECUTE format($sql$
        SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(ROW(c.client_id::text, c.manager, c.segment, c.region), 0)), 0)
        FROM %I.card c WHERE coalesce(c.manager, c.segment, c.region) IS NOT NULL$sql$, base) INTO labels;
    IF was.rule IS NULL THEN
        months := clientcore.refresh_months(base, day, NULL);
    ELSIF report -> 'touched' <> '[]' THEN
        months := clientcore.refresh_months(base, day, clientcore.texts_of(report -> 'touched'));
    END IF;
    IF was.rule IS DISTINCT FROM rule OR was.as_of IS NULL OR was.as_of > day THEN
        returns := clientcore.refresh_losses(base, settings, day, NULL);
    ELSIF report -> 'judged' <> '[]' THEN
        returns := clientcore.refresh_losses(base, settings, day, clientcore.texts_of(report -> 'judged'));
    END IF;
    -- where others were named meanwhile, months and losses are made anew next time
    EXECUTE count_aliases INTO aliases_now;
    IF aliases_now <> aliases THEN
        rule := NULL;
    END IF;
    -- where much is new, the planner is told before it reads
    IF 10 * (report ->> 'cards_added')::bigint > (report ->> 'clients')::bigint THEN
        EXECUTE format(CASE WHEN clientcore.has_distributed_histories(base) THEN 'ANALYZE %1$I.card, %1$I.client_month, %1$I.client_loss'
            ELSE 'ANALYZE %1$I.history, %1$I.card, %1$I.client_month, %1$I.client_loss' END, base);
    END IF;
    -- sums of the months in which something is other than when they were made, unless clients
    -- as a whole are now counted elsewhere
    IF is_full OR months IS NULL OR returns IS NULL OR (report ->> 'begins_otherwise')::boolean OR was.rule IS NULL
            OR was.made ->> 'labels' IS DISTINCT FROM labels THEN
        months := NULL;
    ELSE
        EXECUTE format('SELECT array_agg(DISTINCT m.month_date) FROM (SELECT unnest($1) UNION SELECT %s FROM unnest($2) r (day)) m (month_date)',
            clientcore.month_of('r.day'))
        INTO months USING months, returns;
        months := coalesce(months, '{}');
    END IF;
    IF months IS DISTINCT FROM '{}' THEN
        PERFORM clientcore.refresh_month_summary(base, months);
    END IF;
    PERFORM clientcore.refresh_flow_summary(base, settings, day), clientcore.refresh_return_chance(base, day),
        clientcore.refresh_group_cards(base, settings, day, compared);
    EXECUTE format($sql$
        UPDATE %1$I.state s
        SET first_sale_date = r.first_sale_date, compared_date = $2, rule = $3, made = $5, abc_is_by_profit = r.abc_is_by_profit, has_profit = r.has_profit,
            revenue_12m_amount = coalesce(r.revenue_12m_amount, 0), profit_12m_amount = r.profit_12m_amount,
            abc_a_from = r.abc_a_from, abc_b_from = r.abc_b_from, top_buyer_from = r.top_buyer_from,
            guest_revenue_12m_amount = coalesce((
                SELECT clientcore.revenue(clientcore.slice(clientcore.rollup(g.history), ($4 - interval '12 months')::date + 1, $4))
                FROM (SELECT history FROM %1$I.guest UNION ALL SELECT history FROM %1$I.forgotten) g), 0)
        FROM jsonb_populate_record(NULL::%1$I.state, $1) r$sql$, base)
    USING report, compared, rule, day,
        jsonb_build_object('of', inputs, 'content', content, 'labels', labels, 'report', report - '{touched,judged,begins_otherwise}'::text[]);
    RETURN report - '{touched,judged,begins_otherwise}'::text[];
END
$$;
COMMENT ON FUNCTION clientcore.refresh_cards(text, date, boolean) IS
'Internal: makes the cards of a base, its months, losses and their sums, for a day; where nothing is another, only in full';
