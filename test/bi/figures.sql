-- What a tool must find in the views of the base shop: a line for each view and for each of
-- its columns, of view, column (empty for the view itself), type, comment, number of rows,
-- number of values, a total (the sum of numbers, the first and the last day or moment, how many
-- flags are set, the MD5 of all texts, each once, in the order of their bytes, with line feeds
-- between), an example of a text (an odd name where there is one), and how many rows have it.
-- As COPY writes it.
\set QUIET on
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.figures(view regclass)
RETURNS TABLE (view_name text, column_name text, type text, said text, row_count bigint, value_count bigint, total text, example text, example_count bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    attribute record;
    expression text;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', view) INTO row_count;
    SELECT relname, '', 'view', obj_description(oid, 'pg_class'), row_count, '', '', 0 INTO view_name, column_name, type, said, value_count, total, example, example_count FROM pg_class WHERE oid = view;
    RETURN NEXT;
    FOR attribute IN SELECT attname, atttypid::regtype AS value_type, format_type(atttypid, atttypmod) AS full_type, col_description(view, attnum) AS said FROM pg_attribute WHERE attrelid = view AND attnum > 0 ORDER BY attnum LOOP
        expression := CASE attribute.value_type::text WHEN 'text' THEN $f$md5(coalesce(string_agg(DISTINCT %1$I COLLATE "C", chr(10)), ''))$f$ WHEN 'date' THEN $f$concat_ws(' ', to_char(min(%1$I), 'YYYY-MM-DD'), to_char(max(%1$I), 'YYYY-MM-DD'))$f$
            WHEN 'boolean' THEN 'count(*) FILTER (WHERE %1$I)::text' WHEN 'timestamp with time zone' THEN $f$concat_ws(' ', to_char(min(%1$I) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'), to_char(max(%1$I) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'))$f$ WHEN 'clientcore.purchase_history' THEN $f$''$f$
            ELSE 'coalesce(trim_scale(sum(%1$I)::numeric), 0)::text' END;
        EXECUTE format('SELECT count(%1$I), ' || expression || ' FROM %2$s', attribute.attname, view) INTO value_count, total;
        example := '';
        example_count := 0;
        IF attribute.value_type = 'text'::regtype AND value_count > 0 THEN
            EXECUTE format($f$
                SELECT %1$I, count(*) FROM %2$s WHERE %1$I IS NOT NULL GROUP BY %1$I
                ORDER BY %1$I ~ '^[A-Za-z0-9 _;,.()-]*$', CASE WHEN %1$I ~ '^[A-Za-z0-9 _;,.()-]*$' THEN -count(*) END, md5(%1$I || %3$L), %1$I COLLATE "C"
                LIMIT 1$f$, attribute.attname, view, view) INTO example, example_count;
        END IF;
        column_name := attribute.attname;
        type := attribute.full_type;
        said := attribute.said;
        RETURN NEXT;
    END LOOP;
END
$$;

COPY (
    SELECT f.*
    FROM pg_class c, pg_temp.figures(c.oid) f
    WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'v' AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY c.relname COLLATE "C") TO STDOUT;
