-- The views of a client base: plain SQL over its cards, months, losses and logs.

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

