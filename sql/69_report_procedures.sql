-- The report, for users. It is made with the rights of the owner of the base, as its views are
-- read, for whoever may call the function of the base.

CREATE FUNCTION clientcore.report_data(base text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('base', base);
    RETURN clientcore.run_as_owner(clientcore.base_owner(base), 'base_report_data', base, '{}');
END
$$;
COMMENT ON FUNCTION clientcore.report_data(text) IS
'The data of the report of a base, for its day, as one JSON document; see doc/report.md. For who may call the function report_data of the base (grant_read). Errors: 3F000 where there is no such base, 42501 without the right.';

CREATE FUNCTION clientcore.report(base text, locale text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM clientcore.require_argument('base', base), clientcore.require_argument('locale', locale);
    RETURN clientcore.run_as_owner(clientcore.base_owner(base), 'base_report', base, jsonb_build_object('locale', locale)) #>> '{}';
END
$$;
COMMENT ON FUNCTION clientcore.report(text, text) IS
'What a base has to say, on one page in HTML, for its day: figures of the month, what changed among key clients, what is due, lists of clients, charts. It needs no network and no other file, prints on A4 and follows the light or dark of the screen. locale (en, et, ka, ru, or a language of your own in the table report_label of the base) says the words, and how numbers and dates are written. psql -AtXc "SELECT clientcore.report(''shop'')" -o report.html writes it. For who may call the function report of the base (grant_read). Errors: 3F000 where there is no such base, 22004, 42501 without the right.';
