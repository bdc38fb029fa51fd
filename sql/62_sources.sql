-- What is attached to a base: relations, and the expressions by which their rows are
-- read. An expression is parsed under the search path of whoever attaches and kept as
-- text with names qualified; whenever it is used it is parsed again, so that a column
-- whose type was altered is read by its new type.

CREATE FUNCTION clientcore.argument_error(argument text, problem text, hint text)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- RAISE takes no null for a hint
    IF hint IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('%s: %s', argument, problem);
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('%s: %s', argument, problem),
        HINT = hint;
END
$$;
COMMENT ON FUNCTION clientcore.argument_error(text, text, text) IS
'Internal: refuses an argument (22023)';

-- A role is what an expression is to a sale: client, sold_at, amount, ...
CREATE FUNCTION clientcore.describe_role(relation oid, alias text, argument text, expression text, path text)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    role record;
    wanted text;
    example text;
BEGIN
    SELECT * INTO role
    FROM clientcore.parse_expression(relation, alias, argument, expression, argument = 'filter', path);

    CASE
        WHEN argument = 'client' THEN
            IF (SELECT typtype = 'p' FROM pg_type WHERE oid = role.base_type) THEN
                wanted := 'a column or a value of a named type';
                example := '(a, b)::my_type';
            ELSE
                BEGIN
                    PERFORM clientcore.key_equality(role.base_type);
                EXCEPTION WHEN undefined_function THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'undefined_function',
                        MESSAGE = format('client: %s', SQLERRM),
                        HINT = format('Add a cast, for example client => %L.', format('(%s)::text', expression));
                END;
            END IF;
        WHEN argument = 'sold_at' THEN
            IF role.base_type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
                wanted := 'a date, timestamp or timestamptz';
                example := format(CASE
                    WHEN role.base_type IN ('text'::regtype, 'varchar'::regtype) THEN 'to_date(%s, ''YYYY-MM-DD'')'
                    WHEN role.base_type IN ('integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'double precision'::regtype)
                        THEN 'to_timestamp(%s)'
                    ELSE '((%s)::text)::date' END, expression);
            END IF;
        WHEN argument IN ('amount', 'profit') THEN
            IF role.base_type NOT IN ('numeric'::regtype, 'bigint'::regtype, 'integer'::regtype, 'smallint'::regtype,
                'double precision'::regtype, 'real'::regtype)
            THEN
                wanted := 'a number';
                example := format('(%s)::numeric', expression);
            END IF;
        WHEN argument = 'breakdown' THEN
            IF role.base_type NOT IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'bigint'::regtype, 'integer'::regtype,
                'smallint'::regtype, 'boolean'::regtype)
            THEN
                wanted := 'a text, whole number or boolean';
                example := format('(%s)::text', expression);
            END IF;
        WHEN argument = 'currency' THEN
            IF role.base_type NOT IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) THEN
                wanted := 'a text';
                example := format('(%s)::text', expression);
            END IF;
        ELSE
            NULL;
    END CASE;
    IF wanted IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('%s: must be %s, not of type %s', argument, wanted, format_type(role.base_type, -1)),
            HINT = format('Add a cast, for example %s => %L.', argument, example);
    END IF;
    RETURN to_jsonb(role);
END
$$;
COMMENT ON FUNCTION clientcore.describe_role(oid, text, text, text, text) IS
'Internal: an expression of a sales relation, its type checked. Errors: 42804 for a type that does not fit, 42883 for clients without equality or order, and those of the parser.';

-- roles: the texts of the expressions by argument; those that are null are left out.
CREATE FUNCTION clientcore.describe_roles(relation oid, alias text, roles jsonb, path text)
RETURNS jsonb
LANGUAGE SQL STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT jsonb_object_agg(argument, clientcore.describe_role(relation, alias, argument, roles ->> argument, path))
FROM unnest(ARRAY['client', 'sold_at', 'amount', 'profit', 'filter', 'currency', 'breakdown']) WITH ORDINALITY AS a (argument, n)
WHERE roles ->> argument IS NOT NULL
$$;
COMMENT ON FUNCTION clientcore.describe_roles(oid, text, jsonb, text) IS
'Internal: all expressions of a sales relation, checked';

-- How a base knows its clients.
CREATE FUNCTION clientcore.base_key(
    base text,
    OUT key_type text,
    OUT key_collation text,
    OUT equality text,
    OUT type_id oid)
RETURNS record
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format_type(a.atttypid, -1),
    (SELECT format('%I.%I', n.nspname, c.collname)
     FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
     WHERE c.oid = a.attcollation),
    clientcore.key_equality(a.atttypid),
    a.atttypid
FROM pg_attribute a
WHERE a.attrelid = format('%I.history', base)::regclass AND a.attname = 'client_id'
$$;
COMMENT ON FUNCTION clientcore.base_key(text) IS
'Internal: type, collation and equality of the clients of a base, as texts';

-- An amount at the decimals of the base; a type that cannot have more of them is left
-- alone. Casting a double goes by way of numeric, as capture does.
CREATE FUNCTION clientcore.rounded_amount(role jsonb, amount_scale integer)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE
    WHEN (role ->> 'base_type')::oid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        -- the scale of a numeric's type modifier, which may be negative
        OR (role ->> 'base_type')::oid = 'numeric'::regtype AND (role ->> 'type_modifier')::integer > 0
        AND ((((role ->> 'type_modifier')::integer - 4) & 2047) # 1024) - 1024 <= amount_scale
    THEN format('(%s)', role ->> 'expression_text')
    ELSE format('round((%s)::numeric, %s)', role ->> 'expression_text', amount_scale)
END
$$;
COMMENT ON FUNCTION clientcore.rounded_amount(jsonb, integer) IS
'Internal: the text of an amount, rounded where its type may have more decimals';

-- The group that a sale is of. Cut, so that an index can hold it.
CREATE FUNCTION clientcore.group_of_sale(role jsonb)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('(pg_catalog.left(coalesce((%s)::pg_catalog.text, ''''), 200) COLLATE pg_catalog."C")', role ->> 'expression_text')
$$;
COMMENT ON FUNCTION clientcore.group_of_sale(jsonb) IS
'Internal: the text of the group of a sale: the first 200 characters of its breakdown, empty where it has none';

CREATE FUNCTION clientcore.sale_day(moment timestamptz, zone jsonb)
RETURNS date
AS 'MODULE_PATHNAME', 'sale_day'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.sale_day(timestamptz, jsonb) IS
'Internal: the day of a sale in a time zone, named by a string in JSON, so that postgres_fdw can leave it to another server. Errors: 22023 for anything else, 22008 for an infinite moment.';

-- The parts of a table, where some are foreign tables whose servers can make histories
-- themselves (postgres_fdw, with clientcore among the server's extensions), so that
-- histories travel and not sales; null where it is read as a whole. As rows, parts are of
-- types of their own.
CREATE FUNCTION clientcore.parts_to_read(relation oid, roles jsonb)
RETURNS oid[]
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT array_agg(c.oid ORDER BY c.oid)
FROM clientcore.table_tree(relation) t
JOIN pg_class c ON c.oid = t.member AND c.relkind <> 'p'
LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
LEFT JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
HAVING bool_or(w.fdwname = 'postgres_fdw' AND EXISTS (
        SELECT FROM pg_options_to_table(s.srvoptions) o
        WHERE o.option_name = 'extensions' AND 'clientcore' = ANY (regexp_split_to_array(o.option_value, '[\s",]+'))))
    -- a part is read by its own rights and policies
    AND bool_and(c.relowner = (SELECT r.relowner FROM pg_class r WHERE r.oid = relation) AND NOT row_security_active(c.oid))
    AND NOT EXISTS (SELECT FROM jsonb_each(roles) r (argument, described) WHERE (r.described ->> 'reads_whole_row')::boolean)
$$;
COMMENT ON FUNCTION clientcore.parts_to_read(oid, jsonb) IS
'Internal: the parts of a table that are read one by one, since servers of their own make their histories; null where it is read as a whole';

-- How the sales of a source are read:
--   query        SELECT client, sold_at, amount, profit, rounding, currency, group_name: with
--                guests and with rows that lack a day or an amount; ends in its WHERE
--   parts        the same for each part of it that is read for itself, if there are such
--   aggregate, part_aggregate    the history of those that are grouped together
--   day          the day of a sale
--   sales, time_zone, amount_scale    the same for build_histories(), which rounds itself
--   is_rounded, has_currency, has_breakdown    whether there is anything to see in those columns
CREATE FUNCTION clientcore.sale_reader(base text, source_number integer)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    attached record;
    roles jsonb;
    amount text;
    profit text;
    is_rounded boolean;
    sold_at_type regtype;
    client text;
    day text;
    columns text;
    currency text;
    condition text;
BEGIN
    SELECT * INTO key FROM clientcore.base_key(base);
    EXECUTE format('SELECT s.*, t.time_zone, t.amount_scale FROM %1$I.source s, %1$I.settings t WHERE s.source = $1', base)
    INTO attached USING source_number;
    roles := clientcore.describe_roles(attached.relation, attached.alias, to_jsonb(attached), 'pg_catalog, pg_temp');
    amount := clientcore.rounded_amount(roles -> 'amount', attached.amount_scale);
    profit := clientcore.rounded_amount(roles -> 'profit', attached.amount_scale);
    is_rounded := starts_with(amount, 'round(');
    sold_at_type := (roles #>> '{sold_at,base_type}')::oid;
    -- Citus is to see the column by which sales are distributed
    client := format(CASE WHEN clientcore.has_distributed_histories(base) THEN '(%s)' ELSE '(%s)::%s%s' END,
        roles #>> '{client,expression_text}', key.key_type, ' COLLATE ' || key.key_collation);
    day := CASE WHEN sold_at_type = 'timestamptz'::regtype THEN format('clientcore.sale_day(s.sold_at, %L)', to_jsonb(attached.time_zone::text))
        ELSE 's.sold_at' END;
    columns := format('%s AS client, (%s) AS sold_at, %s AS amount, %s AS profit, %s AS rounding, %s AS group_name',
        client, roles #>> '{sold_at,expression_text}', amount, coalesce(profit, 'NULL::numeric'),
        CASE WHEN is_rounded THEN format('%s - (%s)::numeric', amount, roles #>> '{amount,expression_text}') ELSE '0::numeric' END,
        coalesce(clientcore.group_of_sale(roles -> 'breakdown'), 'NULL::text'));
    currency := coalesce('(' || (roles #>> '{currency,expression_text}') || ')::text', 'NULL::text');
    condition := coalesce(roles #>> '{filter,expression_text}', 'true');
    RETURN jsonb_build_object(
        'query', format('SELECT %s, %s COLLATE "C" AS currency FROM %s AS %I WHERE (%s)',
            columns, currency, clientcore.relation_name(attached.relation), attached.alias, condition),
        -- a collation would keep the currency from being read where it is
        'parts', (
            SELECT jsonb_agg(format('SELECT %s, %s AS currency FROM ONLY %s AS %I WHERE (%s)',
                columns, currency, clientcore.relation_name(p.part), attached.alias, condition) ORDER BY p.n)
            FROM unnest(clientcore.parts_to_read(attached.relation, roles)) WITH ORDINALITY p (part, n)),
        'part_aggregate', format('clientcore.purchase_history(%s, s.amount%s)', day, CASE WHEN profit IS NOT NULL THEN ', s.profit' END),
        'day', day,
        'aggregate', format('clientcore.purchase_history(s.sold_at, s.amount%s, %L)',
            CASE WHEN profit IS NOT NULL THEN ', s.profit' END, attached.time_zone),
        'sales', format('SELECT %s AS client, (%s) AS sold_at, (%s) AS amount%s%s FROM %s AS %I WHERE (%s)',
            client, roles #>> '{sold_at,expression_text}', roles #>> '{amount,expression_text}',
            ', (' || (roles #>> '{profit,expression_text}') || ') AS profit',
            ', (' || (roles #>> '{currency,expression_text}') || ')::text COLLATE "C" AS currency',
            clientcore.relation_name(attached.relation), attached.alias, condition),
        'time_zone', attached.time_zone,
        'amount_scale', attached.amount_scale,
        'is_rounded', is_rounded,
        'has_currency', roles ? 'currency',
        'has_breakdown', roles ? 'breakdown');
END
$$;
COMMENT ON FUNCTION clientcore.sale_reader(text, integer) IS
'Internal: the queries and the aggregate by which the sales of a source are read. Errors: as describe_role.';

-- The tables whose rows a query over a relation reads: it and what inherits from it.
CREATE FUNCTION clientcore.table_tree(relation oid)
RETURNS TABLE (member oid)
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH RECURSIVE tree (member) AS (
    SELECT relation
    UNION
    SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.member WHERE NOT i.inhdetachpending
)
SELECT member FROM tree
$$;
COMMENT ON FUNCTION clientcore.table_tree(oid) IS
'Internal: a table, its partitions and children';

-- The tables, foreign tables and materialized views behind a relation, and the views
-- on the way.
CREATE FUNCTION clientcore.relations_read(relation oid)
RETURNS TABLE (reads oid, kind "char")
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH RECURSIVE behind (reads) AS (
    SELECT relation
    UNION
    SELECT d.refobjid
    FROM behind b
    JOIN pg_class c ON c.oid = b.reads AND c.relkind = 'v'
    JOIN pg_rewrite r ON r.ev_class = b.reads
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> b.reads
)
SELECT b.reads, c.relkind
FROM behind b
JOIN pg_class c ON c.oid = b.reads
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
$$;
COMMENT ON FUNCTION clientcore.relations_read(oid) IS
'Internal: what a view reads, through other views';

-- Why triggers cannot follow the changes of a table; null where they can.
CREATE FUNCTION clientcore.obstacle_to_triggers(relation oid)
RETURNS text
LANGUAGE SQL STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
WITH tree AS MATERIALIZED (SELECT member FROM clientcore.table_tree(relation))
SELECT coalesce(
    (SELECT CASE c.relkind WHEN 'v' THEN 'it is a view' WHEN 'm' THEN 'it is a materialized view'
        WHEN 'f' THEN 'it is a foreign table' END
     FROM pg_class c WHERE c.oid = relation),
    (SELECT format('%s is a foreign table', clientcore.relation_name(c.oid))
     FROM tree t JOIN pg_class c ON c.oid = t.member WHERE c.relkind = 'f' ORDER BY c.oid LIMIT 1),
    (SELECT format('%s is a table of Citus', clientcore.relation_name(c.oid))
     FROM tree t JOIN pg_class c ON c.oid = t.member WHERE clientcore.is_of_citus(c.oid) ORDER BY c.oid LIMIT 1),
    (SELECT format('%s is unlogged, and empty after a crash', clientcore.relation_name(c.oid))
     FROM tree t JOIN pg_class c ON c.oid = t.member WHERE c.relpersistence = 'u' ORDER BY c.oid LIMIT 1),
    (SELECT format('%s belongs to another role', clientcore.relation_name(c.oid))
     FROM tree t JOIN pg_class c ON c.oid = t.member
     WHERE c.relowner <> (SELECT relowner FROM pg_class r WHERE r.oid = relation) ORDER BY c.oid LIMIT 1),
    (SELECT format('%s is a part of %s, through which its rows can be changed',
        clientcore.relation_name(t.member), clientcore.relation_name(i.inhparent))
     FROM tree t JOIN pg_inherits i ON i.inhrelid = t.member AND NOT i.inhdetachpending
     WHERE i.inhparent NOT IN (SELECT member FROM tree) ORDER BY t.member LIMIT 1))
$$;
COMMENT ON FUNCTION clientcore.obstacle_to_triggers(oid) IS
'Internal: why the changes of a table cannot be captured; null where they can';
