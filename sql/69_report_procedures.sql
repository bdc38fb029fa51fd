-- The report, for users. The functions of the base that these call read with the rights of its
-- owner, as its views do.

CREATE FUNCTION clientcore.report_data(base text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    data jsonb;
BEGIN
    PERFORM clientcore.require_base_function(base, 'report_data()');
    EXECUTE format('SELECT %I.report_data()', base) INTO data;
    RETURN data;
END
$$;
COMMENT ON FUNCTION clientcore.report_data(text) IS
'The data of the report of a base, for its day, as one JSON document; see doc/report.md. For who may call the function report_data of the base (grant_read). Errors: 3F000 where there is no such base, 42501 without the right.';

CREATE FUNCTION clientcore.report(base text, locale text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    page text;
BEGIN
    PERFORM clientcore.require_argument('locale', locale), clientcore.require_base_function(base, 'report(text)');
    EXECUTE format('SELECT %I.report($1)', base) INTO page USING locale;
    RETURN page;
END
$$;
COMMENT ON FUNCTION clientcore.report(text, text) IS
'What a base has to say, on one page in HTML, for its day: figures of the month, what changed among key clients, what is due, lists of clients, charts. It needs no network and no other file, prints on A4 and follows the light or dark of the screen. locale (en, et, ka, ru, or a language of your own in the table report_label of the base) says the words, and how numbers and dates are written. psql -AtXc "SELECT clientcore.report(''shop'')" -o report.html writes it. For who may call the function report of the base (grant_read). Errors: 3F000 where there is no such base, 22004, 42501 without the right.';
