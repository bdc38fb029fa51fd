-- The objects of a client base: ordinary tables and views in a schema of its own,
-- owned by the owner of the sales. %1$I is the base, %2$s the type of its clients, %3$L the
-- name of its sequence.

-- Version of the layout that create_layout makes; upgrade_base brings older ones up.
CREATE FUNCTION clientcore.layout_version()
RETURNS integer
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$SELECT 1$$;
COMMENT ON FUNCTION clientcore.layout_version() IS
'Version of the layout of client bases that this version of the extension makes';

-- Tables hold what is known and stay; views are made anew by every upgrade.
CREATE FUNCTION clientcore.create_layout(base text, key_type text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        $sql$CREATE TABLE %1$I.settings (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            time_zone text NOT NULL CHECK (timezone(time_zone, timestamptz '2000-01-01 00:00+00') IS NOT NULL),
            amount_scale smallint NOT NULL DEFAULT 4 CHECK (amount_scale BETWEEN 0 AND 8),
            as_of date CHECK (isfinite(as_of)),
            sales_complete_from date CHECK (isfinite(sales_complete_from)),
            pending_limit bigint NOT NULL DEFAULT 10000000 CHECK (pending_limit > 0))$sql$,
        $sql$CREATE TABLE %1$I.settings_history (
            applied_at timestamptz PRIMARY KEY,
            time_zone text NOT NULL,
            amount_scale smallint NOT NULL,
            as_of date,
            sales_complete_from date,
            pending_limit bigint NOT NULL)$sql$,
        $sql$CREATE TABLE %1$I.state (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            layout integer NOT NULL,
            paused boolean NOT NULL DEFAULT false,
            pending_from bigint NOT NULL DEFAULT 0,
            pending_limit bigint NOT NULL DEFAULT 10000000,
            as_of date,
            refreshed_at timestamptz,
            refresh_seconds numeric(12, 3),
            client_count bigint,
            verified_at timestamptz,
            verified_share numeric(9, 8),
            verified_differences bigint,
            salt bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))$sql$,
        $sql$CREATE TABLE %1$I.source (
            source smallint PRIMARY KEY,
            relation regclass NOT NULL UNIQUE,
            alias name NOT NULL,
            client text NOT NULL,
            sold_at text NOT NULL,
            amount text NOT NULL,
            profit text,
            filter text,
            currency text,
            currency_code text,
            capture text NOT NULL CHECK (capture IN ('delta', 'dirty', 'watermark', 'none')),
            not_captured text,
            watermark name CHECK ((watermark IS NOT NULL) = (capture = 'watermark')),
            watermark_value text,
            replicated boolean NOT NULL DEFAULT false,
            fingerprint jsonb,
            built_time_zone text,
            built_amount_scale smallint,
            built_complete_from date,
            built_at timestamptz,
            stale text)$sql$,
        $sql$CREATE TABLE %1$I.captured_table (
            captured smallint PRIMARY KEY,
            source smallint NOT NULL REFERENCES %1$I.source ON DELETE CASCADE,
            relation regclass NOT NULL,
            alias name NOT NULL,
            client text,
            UNIQUE (source, relation))$sql$,
        $sql$CREATE TABLE %1$I.history (
            client_id %2$s NOT NULL,
            source smallint NOT NULL,
            history clientcore.purchase_history NOT NULL,
            PRIMARY KEY (client_id, source)) WITH (fillfactor = 90)$sql$,
        $sql$CREATE TABLE %1$I.guest (
            source smallint PRIMARY KEY,
            history clientcore.purchase_history NOT NULL)$sql$,
        $sql$CREATE TABLE %1$I.forgotten (
            source smallint PRIMARY KEY,
            history clientcore.purchase_history NOT NULL)$sql$,
        $sql$CREATE TABLE %1$I.forgotten_client (
            hash bytea PRIMARY KEY,
            forgotten_at timestamptz NOT NULL DEFAULT now())$sql$,
        $sql$CREATE TABLE %1$I.client_alias (
            alias %2$s PRIMARY KEY,
            client %2$s NOT NULL)$sql$,
        -- added_at in the key: a sequence that was set back, as by a restore of data
        -- alone or on a logical replica, must refuse no sale;
        -- without autovacuum's usual waits: what a refresh took leaves room soon; and without
        -- its lock to truncate the file
        $sql$CREATE TABLE %1$I.pending (
            id bigint NOT NULL,
            source smallint NOT NULL,
            captured smallint,
            client_id %2$s,
            delta clientcore.purchase_history,
            line jsonb,
            reason text,
            added_at timestamptz NOT NULL,
            PRIMARY KEY (id, added_at))
            WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, vacuum_truncate = false)$sql$,
        $sql$CREATE SEQUENCE %1$I.pending_id CACHE 64 OWNED BY %1$I.pending.id$sql$,
        $sql$ALTER TABLE %1$I.pending ALTER id SET DEFAULT nextval(%3$L)$sql$,
        $sql$CREATE TRIGGER refuse_chain AFTER INSERT OR UPDATE ON %1$I.client_alias
            FOR EACH STATEMENT EXECUTE FUNCTION clientcore.refuse_alias_chain()$sql$,
        $sql$INSERT INTO %1$I.state (layout) VALUES (clientcore.layout_version())$sql$]
    LOOP
        EXECUTE format(statement, base, key_type, format('%I.pending_id', base));
    END LOOP;
    PERFORM clientcore.create_views(base), clientcore.comment_layout(base);
END
$$;
COMMENT ON FUNCTION clientcore.create_layout(text, text) IS
'Internal: makes the tables and views of a client base in its empty schema';

-- What is not our own is not replaced: its owner would stay, and read with the rights of
-- whoever looks.
CREATE FUNCTION clientcore.create_or_replace(base text, name text)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = base AND c.relname = name AND c.relowner = current_user::regrole)
    THEN 'CREATE OR REPLACE' ELSE 'CREATE' END
$$;
COMMENT ON FUNCTION clientcore.create_or_replace(text, text) IS
'Internal: how a view of a base is to be made: over one that the current user owns, else only where there is none';

CREATE FUNCTION clientcore.create_views(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key_type oid;
    key_equality text;
BEGIN
    SELECT atttypid INTO key_type
    FROM pg_attribute
    WHERE attrelid = format('%I.history', base)::regclass AND attname = 'client_id';
    key_equality := clientcore.key_equality(key_type);

    EXECUTE format($sql$
        %3$s VIEW %1$I.client_history AS
        SELECT client_id, history, as_of_date
        FROM (
            SELECT coalesce(a.client, h.client_id) AS client_id,
                clientcore.as_of(clientcore.rollup(h.history), s.as_of) AS history,
                s.as_of AS as_of_date
            FROM %1$I.history h
            LEFT JOIN %1$I.client_alias a ON a.alias %2$s h.client_id
            CROSS JOIN %1$I.state s
            GROUP BY coalesce(a.client, h.client_id), s.as_of) c
        WHERE clientcore.sale_count(history) > 0 OR clientcore.return_count(history) > 0$sql$,
        base, key_equality, clientcore.create_or_replace(base, 'client_history'));
    EXECUTE format($sql$
        %2$s VIEW %1$I.clients AS
        SELECT client_id,
            clientcore.first_purchase(history) AS first_purchase_date,
            clientcore.last_purchase(history) AS last_purchase_date,
            clientcore.purchase_count(history) AS purchase_count,
            clientcore.sale_count(history) AS sale_count,
            clientcore.return_count(history) AS return_count,
            clientcore.revenue(history)::numeric(22, 4) AS revenue_amount,
            clientcore.returned(history)::numeric(22, 4) AS returned_amount,
            clientcore.profit(history)::numeric(22, 4) AS profit_amount,
            as_of_date
        FROM %1$I.client_history$sql$, base, clientcore.create_or_replace(base, 'clients'));
END
$$;
COMMENT ON FUNCTION clientcore.create_views(text) IS
'Internal: makes the views of a client base, or brings them up to this version; columns are only ever appended';

CREATE FUNCTION clientcore.comment_layout(base text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    object record;
BEGIN
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', base, 'client base of clientcore');
    FOR object IN
        SELECT * FROM (VALUES
            ('TABLE', 'settings', 'one row: what the base is computed by; a change takes effect at the next refresh'),
            ('TABLE', 'settings_history', 'the settings of every refresh that changed them'),
            ('TABLE', 'state', 'one row: where the base stands; clientcore''s own'),
            ('TABLE', 'source', 'the sales relations attached, and how their rows are read; clientcore''s own'),
            ('TABLE', 'captured_table', 'with capture dirty: the tables whose changes are noted, and how their rows lead to a client; clientcore''s own'),
            ('TABLE', 'history', 'one purchase history per client and sales relation; clients as they are in the sales'),
            ('TABLE', 'guest', 'one purchase history per sales relation: its sales without a client'),
            ('TABLE', 'forgotten', 'one purchase history per sales relation: its sales to clients that were forgotten'),
            ('TABLE', 'forgotten_client', 'salted hashes of clients that were forgotten, so that no refresh brings them back'),
            ('TABLE', 'client_alias', 'clients to be read as another: duplicates; yours to fill, one step, no chains'),
            ('TABLE', 'pending', 'what was sold since the last refresh; clientcore''s own'),
            ('SEQUENCE', 'pending_id', 'numbers of pending'),
            ('VIEW', 'client_history', 'one purchase history per client, duplicates and sales relations joined, as of the day of the last refresh'),
            ('VIEW', 'clients', 'one row per client, as of the day of the last refresh')
        ) AS o (kind, name, comment)
    LOOP
        EXECUTE format('COMMENT ON %s %I.%I IS %L', object.kind, base, object.name, object.comment);
    END LOOP;
    FOR object IN
        SELECT * FROM (VALUES
            ('settings', 'only_row', 'true: there is one row'),
            ('settings', 'time_zone', 'time zone whose days count for sales with a time zone, and in which yesterday is told'),
            ('settings', 'amount_scale', 'decimals to which every amount is rounded, once, at the sale'),
            ('settings', 'as_of', 'day that the views are for; null: yesterday, or the day of the newest sale where that is over 30 days old'),
            ('settings', 'sales_complete_from', 'sales before this day may be missing from the sales relations (archived): their histories stay as they are; null: none'),
            ('settings', 'pending_limit', 'rows of pending beyond which sales are no longer noted one by one, and the next refresh rebuilds'),
            ('settings_history', 'applied_at', 'time of the refresh'),
            ('settings_history', 'time_zone', 'as in settings'),
            ('settings_history', 'amount_scale', 'as in settings'),
            ('settings_history', 'as_of', 'as in settings'),
            ('settings_history', 'sales_complete_from', 'as in settings'),
            ('settings_history', 'pending_limit', 'as in settings'),
            ('state', 'only_row', 'true: there is one row'),
            ('state', 'layout', 'version of the layout of the base'),
            ('state', 'paused', 'whether sales are not noted, but make the next refresh rebuild'),
            ('state', 'pending_from', 'number of pending that the last refresh had reached'),
            ('state', 'pending_limit', 'the setting at the last refresh'),
            ('state', 'as_of', 'day that the views are for'),
            ('state', 'refreshed_at', 'time of the last refresh'),
            ('state', 'refresh_seconds', 'seconds it took'),
            ('state', 'client_count', 'clients then, duplicates joined'),
            ('state', 'verified_at', 'time of the last verification'),
            ('state', 'verified_share', 'share of clients that it compared'),
            ('state', 'verified_differences', 'clients in which it found a difference'),
            ('state', 'salt', 'secret of forgotten_client'),
            ('source', 'source', 'number of the sales relation in this base'),
            ('source', 'relation', 'the sales relation'),
            ('source', 'alias', 'name by which the expressions know it'),
            ('source', 'client', 'expression: who bought'),
            ('source', 'sold_at', 'expression: when'),
            ('source', 'amount', 'expression: for how much'),
            ('source', 'profit', 'expression: what was earned with it'),
            ('source', 'filter', 'condition: which rows are sales'),
            ('source', 'currency', 'expression: in which currency'),
            ('source', 'currency_code', 'the currency of all its sales'),
            ('source', 'capture', 'how its changes are followed: delta, dirty, watermark, none'),
            ('source', 'not_captured', 'why they are not, where that was not asked for'),
            ('source', 'watermark', 'column whose values only ever grow'),
            ('source', 'watermark_value', 'its highest value that has been read'),
            ('source', 'replicated', 'whether rows applied by logical replication are captured'),
            ('source', 'fingerprint', 'files and triggers of its tables at the last refresh: a difference means that changes may have gone unnoticed'),
            ('source', 'built_time_zone', 'time zone that its histories are built by'),
            ('source', 'built_amount_scale', 'decimals that its histories are built by'),
            ('source', 'built_complete_from', 'day before which sales were no longer taken'),
            ('source', 'built_at', 'time of the last build from all its rows'),
            ('source', 'stale', 'why the next refresh has to rebuild; null: it need not'),
            ('captured_table', 'captured', 'number of the captured table in this base'),
            ('captured_table', 'source', 'the sales relation that it is a part of'),
            ('captured_table', 'relation', 'the table'),
            ('captured_table', 'alias', 'name by which the expression knows it'),
            ('captured_table', 'client', 'expression that leads from its row to a client; null: any change means a rebuild'),
            ('history', 'client_id', 'client, as in the sales'),
            ('history', 'source', 'number of the sales relation'),
            ('history', 'history', 'what the client bought'),
            ('guest', 'source', 'number of the sales relation'),
            ('guest', 'history', 'what was sold to nobody known'),
            ('forgotten', 'source', 'number of the sales relation'),
            ('forgotten', 'history', 'what was sold to clients that were forgotten'),
            ('forgotten_client', 'hash', 'salted hash of the client'),
            ('forgotten_client', 'forgotten_at', 'time'),
            ('client_alias', 'alias', 'client that is a duplicate'),
            ('client_alias', 'client', 'client it is to be read as'),
            ('pending', 'id', 'number'),
            ('pending', 'source', 'number of the sales relation'),
            ('pending', 'captured', 'number of the captured table whose line this is'),
            ('pending', 'client_id', 'client whose sales changed; null: guests'),
            ('pending', 'delta', 'what was added to its history; null: it is to be built anew'),
            ('pending', 'line', 'columns of the changed row from which the client is found'),
            ('pending', 'reason', 'why all histories of the sales relation are to be built anew'),
            ('pending', 'added_at', 'time of the transaction that sold'),
            ('client_history', 'client_id', 'client, duplicates joined'),
            ('client_history', 'history', 'what the client bought, for the functions of clientcore'),
            ('client_history', 'as_of_date', 'day that the row is for; later sales are not in it'),
            ('clients', 'client_id', 'client, duplicates joined'),
            ('clients', 'first_purchase_date', 'day of its first purchase'),
            ('clients', 'last_purchase_date', 'day of its last purchase'),
            ('clients', 'purchase_count', 'days on which it bought'),
            ('clients', 'sale_count', 'sales with an amount of zero or more'),
            ('clients', 'return_count', 'returns: sales with a negative amount'),
            ('clients', 'revenue_amount', 'sum of all amounts, returns subtracted'),
            ('clients', 'returned_amount', 'what it gave back'),
            ('clients', 'profit_amount', 'sum of known profits; null where none is known'),
            ('clients', 'as_of_date', 'day that the row is for; later sales are not in it')
        ) AS c (name, attribute, comment)
    LOOP
        EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', base, object.name, object.attribute, object.comment);
    END LOOP;
END
$$;
COMMENT ON FUNCTION clientcore.comment_layout(text) IS
'Internal: describes every table, view and column of a client base';

-- Readers follow an alias one step, so a chain would not lead where it seems to.
CREATE FUNCTION clientcore.refuse_alias_chain()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chained text;
BEGIN
    EXECUTE format($sql$
        SELECT a.alias::text FROM %1$I.%2$I a JOIN %1$I.%2$I b ON b.alias %3$s a.client LIMIT 1$sql$,
        TG_TABLE_SCHEMA, TG_TABLE_NAME,
        clientcore.key_equality((SELECT atttypid FROM pg_attribute WHERE attrelid = TG_RELID AND attname = 'alias')))
    INTO chained;
    IF chained IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'integrity_constraint_violation',
            MESSAGE = format('alias %s leads to a client that is an alias itself', chained),
            HINT = 'Let every duplicate lead straight to the one client that remains.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION clientcore.refuse_alias_chain() IS
'Trigger function of client_alias in client bases: an alias must lead to a client that is none. Errors: 23000.';
