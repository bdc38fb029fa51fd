-- Charts: pictures in SVG, made of arrays, that any page can take in. They need no colours (lines
-- are told apart by their strokes, numbers stand beside or within what shows them), follow
-- the colour of the text around them, and carry a title and description for those who cannot
-- see them. Every mark has its value in the attribute data-value. What comes from outside is
-- escaped once, where it goes into the picture.

CREATE FUNCTION clientcore.html_escape(value text)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- control characters may stand in no page, whatever they are written as
SELECT translate(replace(replace(replace(replace(replace(value, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'),
    E'\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f', '')
$$;
COMMENT ON FUNCTION clientcore.html_escape(text) IS
'A text as it may stand in HTML or SVG, in an attribute too; control characters are left out. NULL gives NULL.';

-- How numbers and dates are written, by the language alone: en, et, ka, ru and whatever
-- begins like these (en_GB); others as en.
CREATE FUNCTION clientcore.writes_day_first(locale text)
RETURNS boolean
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT coalesce(locale ~* '^(et|ka|ru)([^a-z]|$)', false)
$$;
COMMENT ON FUNCTION clientcore.writes_day_first(text) IS
'Internal: whether a language writes 31.12.2024 and 1 234,5, as Estonian, Georgian and Russian do';

CREATE FUNCTION clientcore.number_text(value numeric, locale text DEFAULT 'en', decimals integer DEFAULT NULL)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN value IN ('NaN', 'Infinity', '-Infinity') THEN value::text
    ELSE CASE WHEN round(value, n.decimals) < 0 THEN '−' ELSE '' END
        || reverse(regexp_replace(reverse(split_part(n.digits, '.', 1)), '([0-9]{3})(?=[0-9])', E'\\1' || CASE WHEN n.is_english THEN ',' ELSE E'\u00A0' END, 'g'))
        || CASE WHEN n.decimals > 0 THEN CASE WHEN n.is_english THEN '.' ELSE ',' END || split_part(n.digits, '.', 2) ELSE '' END END
FROM (
    SELECT d.decimals, abs(round(value, d.decimals))::text AS digits, NOT clientcore.writes_day_first(locale) AS is_english
    -- as many as tell something
    FROM (SELECT coalesce(decimals, CASE WHEN abs(value) >= 100 OR value = round(value) THEN 0 WHEN value = round(value, 1) OR abs(value) >= 10 THEN 1 ELSE 2 END) AS decimals) d
    WHERE value IS NOT NULL) n
$$;
COMMENT ON FUNCTION clientcore.number_text(numeric, text, integer) IS
'A number as people of a locale (en, et, ka, ru; others as en) write it: 1,234.5 or 1 234,5 with a blank that does not break; with so many decimals, by default as many as tell something. NULL gives NULL.';

CREATE FUNCTION clientcore.date_text(day date, locale text DEFAULT 'en')
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN NOT isfinite(day) THEN CASE WHEN day > '2000-01-01' THEN 'infinity' ELSE '-infinity' END
    WHEN clientcore.writes_day_first(locale) THEN format('%s.%s.%s', d.day_text, d.month_text, d.year_text)
    ELSE format('%s-%s-%s', d.year_text, d.month_text, d.day_text) END || CASE WHEN day < '0001-01-01' AND isfinite(day) THEN ' BC' ELSE '' END
FROM (
    SELECT lpad(date_part('day', day)::text, 2, '0') AS day_text, lpad(date_part('month', day)::text, 2, '0') AS month_text,
        lpad(y.year, greatest(4, length(y.year)), '0') AS year_text
    FROM (SELECT abs(date_part('year', day))::text AS year) y) d
WHERE day IS NOT NULL
$$;
COMMENT ON FUNCTION clientcore.date_text(date, text) IS
'A day as people of a locale write it: 31.12.2024 (et, ka, ru), else 2024-12-31. NULL gives NULL.';

-- What all charts share: the frame, its words, and how wide a text may be.
CREATE FUNCTION clientcore.chart_frame(kind text, width numeric, height numeric, title text, description text, marks text)
RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('<svg xmlns="http://www.w3.org/2000/svg" class="chart chart-%s" viewBox="0 0 %s %s" width="%2$s" height="%3$s" role="img" aria-label="%s" font-family="system-ui, sans-serif" font-size="11" fill="currentColor"><title>%4$s</title>%s%s</svg>',
    kind, width, height, clientcore.html_escape(coalesce(title, '')),
    coalesce('<desc>' || clientcore.html_escape(description) || '</desc>', ''), coalesce(marks, ''))
$$;
COMMENT ON FUNCTION clientcore.chart_frame(text, numeric, numeric, text, text, text) IS
'Internal: a picture of marks';

CREATE FUNCTION clientcore.chart_label(value text, most integer)
RETURNS text
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT clientcore.html_escape(CASE WHEN length(value) > most THEN left(value, most - 1) || '…' ELSE value END)
$$;
COMMENT ON FUNCTION clientcore.chart_label(text, integer) IS
'Internal: a text cut to so many characters, escaped';

CREATE FUNCTION clientcore.check_chart(lengths integer[], most integer)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (SELECT count(DISTINCT coalesce(l, 0)) > 1 FROM unnest(lengths) l) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'array_subscript_error',
            MESSAGE = 'the arrays of a chart must be of the same length',
            HINT = 'Aggregate all of them over the same rows: array_agg(name ORDER BY n), array_agg(value ORDER BY n).';
    ELSIF lengths[1] > most THEN
        RAISE EXCEPTION USING
            ERRCODE = 'program_limit_exceeded',
            MESSAGE = format('a chart of %s marks: at most %s can be seen', lengths[1], most),
            HINT = 'Chart fewer: sums, or the first.';
    END IF;
END
$$;
COMMENT ON FUNCTION clientcore.check_chart(integer[], integer) IS
'Internal: refuses arrays of different lengths (2202E), and more marks than can be seen (54000)';

CREATE FUNCTION clientcore.first_seen(labels text[])
RETURNS text[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT ARRAY(SELECT coalesce(l.label, '') FROM unnest(labels) WITH ORDINALITY l (label, n) GROUP BY coalesce(l.label, '') ORDER BY min(l.n))
$$;
COMMENT ON FUNCTION clientcore.first_seen(text[]) IS
'Internal: labels once each, in the order in which they first come';

CREATE FUNCTION clientcore.drawable(amounts numeric[])
RETURNS numeric[]
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT array_agg(CASE WHEN a.amount > '-Infinity' AND a.amount < 'Infinity' THEN a.amount END ORDER BY a.n) FROM unnest(amounts) WITH ORDINALITY a (amount, n)
$$;
COMMENT ON FUNCTION clientcore.drawable(numeric[]) IS
'Internal: amounts with NULL in place of those that are not finite, which have no mark';

-- Bars lie: labels have room, and the longest is as long as the picture is wide.
CREATE FUNCTION clientcore.chart_bars(labels text[], amounts numeric[], title text, description text DEFAULT NULL, unit text DEFAULT '', locale text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    least_amount numeric;
    most_amount numeric;
    marks text;
BEGIN
    PERFORM clientcore.check_chart(ARRAY[cardinality(labels), cardinality(amounts)], 200);
    unit := coalesce(unit, '');
    amounts := clientcore.drawable(amounts);
    SELECT least(min(a), 0), greatest(max(a), 0) INTO least_amount, most_amount FROM unnest(amounts) a;
    SELECT string_agg(format('<g><title>%s: %s</title><text x="0" y="%s">%s</text>%s<text x="400" y="%3$s" text-anchor="end">%2$s</text></g>',
            clientcore.html_escape(b.label), clientcore.html_escape(b.told), 20 * b.n - 6, clientcore.chart_label(b.label, 22),
            CASE WHEN b.length IS NOT NULL THEN format('<rect data-value="%s" x="%s" y="%s" width="%s" height="13" rx="2" fill="var(--chart, currentColor)" fill-opacity="0.55"/>',
                b.amount, round(140 + b.start, 1), 20 * b.n - 16, round(greatest(b.length, 0.5), 1)) ELSE '' END), '' ORDER BY b.n)
    INTO marks
    FROM (
        SELECT v.n, coalesce(v.label, '') AS label, v.amount, coalesce(clientcore.number_text(v.amount, locale) || unit, '–') AS told,
            190 * abs(v.amount) / s.span AS length, 190 * (least(v.amount, 0) - least_amount) / s.span AS start
        FROM unnest(labels, amounts) WITH ORDINALITY v (label, amount, n)
        CROSS JOIN (SELECT nullif(most_amount - least_amount, 0) AS span) s) b;
    RETURN clientcore.chart_frame('bars', 400, 20 * greatest(coalesce(cardinality(labels), 0), 1) + 2, title, description, marks);
END
$$;
COMMENT ON FUNCTION clientcore.chart_bars(text[], numeric[], text, text, text, text) IS
'A chart of bars as SVG: a label and an amount for each, in their order, the unit behind the numbers, which are written as in the locale. NULL amounts have no bar. Errors: 2202E for arrays of different lengths, 54000 for over 200 bars.';

-- Where the scale of an axis ends: 1, 2 or 5 and zeros.
CREATE FUNCTION clientcore.chart_step(span numeric)
RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT CASE WHEN span > 0 THEN m.power * CASE WHEN span / 4 / m.power <= 1 THEN 1 WHEN span / 4 / m.power <= 2 THEN 2 WHEN span / 4 / m.power <= 5 THEN 5 ELSE 10 END ELSE 1 END
FROM (SELECT trim_scale(power(10::numeric, floor(log(greatest(span / 4, 1e-12))))) AS power) m
$$;
COMMENT ON FUNCTION clientcore.chart_step(numeric) IS
'Internal: the distance of the lines across a chart';

CREATE FUNCTION clientcore.chart_line(labels text[], series text[], amounts numeric[], title text, description text DEFAULT NULL, unit text DEFAULT '', locale text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    x_labels text[];
    names text[];
    least_amount numeric;
    most_amount numeric;
    step numeric;
    top numeric;
    bottom numeric;
    strokes text[] := '{none,"6 3","2 3","8 3 2 3","1 5"}';
    marks text;
BEGIN
    PERFORM clientcore.check_chart(ARRAY[cardinality(labels), cardinality(series), cardinality(amounts)], 2000);
    unit := coalesce(unit, '');
    amounts := clientcore.drawable(amounts);
    x_labels := clientcore.first_seen(labels);
    names := clientcore.first_seen(series);
    IF cardinality(names) > 5 THEN
        RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded', MESSAGE = format('a chart of %s lines: at most 5 can be told apart', cardinality(names));
    END IF;
    SELECT least(min(a), 0), greatest(max(a), 0) INTO least_amount, most_amount FROM unnest(amounts) a;
    step := clientcore.chart_step(most_amount - least_amount);
    top := greatest(ceil(most_amount / step), 1) * step;
    bottom := floor(least_amount / step) * step;
    -- lines across, with their numbers
    SELECT string_agg(format('<line x1="56" x2="394" y1="%1$s" y2="%1$s" stroke="currentColor" stroke-opacity="%4$s"/><text x="50" y="%2$s" text-anchor="end">%3$s</text>',
            round(10 + 150 * (top - t.amount) / (top - bottom), 1), round(14 + 150 * (top - t.amount) / (top - bottom), 1),
            clientcore.html_escape(clientcore.number_text(t.amount, locale) || unit), CASE t.amount WHEN 0 THEN 0.6 ELSE 0.15 END), '' ORDER BY t.amount)
    INTO marks FROM generate_series(bottom, top, step) t (amount);
    -- the first label, the last, and some between: at quarters or fifths where these are labels, else at about the thirds
    marks := coalesce(marks, '') || coalesce((
        SELECT string_agg(format('<text x="%s" y="176" text-anchor="%s">%s</text>', round(60 + 330 * (x.n - 1) / greatest(cardinality(x_labels) - 1, 1), 1),
            CASE WHEN x.n = 1 THEN 'start' WHEN x.n = cardinality(x_labels) THEN 'end' ELSE 'middle' END, clientcore.chart_label(x.label, 10)), '' ORDER BY x.n)
        FROM unnest(x_labels) WITH ORDINALITY x (label, n)
        CROSS JOIN (SELECT CASE WHEN cardinality(x_labels) % 4 = 1 THEN 4 WHEN cardinality(x_labels) % 5 = 1 THEN 5 ELSE 3 END AS count) part
        WHERE x.n IN (1, cardinality(x_labels)) OR cardinality(x_labels) > 4 AND (x.n - 1) * part.count % (cardinality(x_labels) - 1) < part.count), '');
    RETURN clientcore.chart_frame('line', 400, 184 + CASE WHEN cardinality(names) > 1 OR names[1] <> '' THEN 16 * cardinality(names) ELSE 0 END, title, description,
        marks || coalesce((
            WITH point AS (
                SELECT p.n, array_position(names, coalesce(p.name, '')) AS line, array_position(x_labels, coalesce(p.label, '')) AS x, p.label, coalesce(p.name, '') AS name, p.amount,
                    round(60 + 330 * (array_position(x_labels, coalesce(p.label, '')) - 1)::numeric / greatest(cardinality(x_labels) - 1, 1), 1) AS left,
                    round(10 + 150 * (top - p.amount) / (top - bottom), 1) AS y
                FROM unnest(labels, series, amounts) WITH ORDINALITY p (label, name, amount, n)
                WHERE p.amount IS NOT NULL)
            SELECT string_agg(l.drawn, '' ORDER BY l.line)
            FROM (
                SELECT p.line, format('<g color="var(--chart-%s, var(--chart, currentColor))"><path d="M%s" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="%s"/>%s</g>',
                    p.line, string_agg(p.left || ' ' || p.y, 'L' ORDER BY p.x, p.n), strokes[p.line],
                    string_agg(format('<circle data-value="%s" cx="%s" cy="%s" r="%s" fill="currentColor"><title>%s: %s</title></circle>', p.amount, p.left, p.y,
                        CASE WHEN cardinality(x_labels) > 40 THEN 1 ELSE 2.5 END, clientcore.html_escape(concat_ws(', ', p.label, nullif(p.name, ''))),
                        clientcore.html_escape(clientcore.number_text(p.amount, locale) || unit)), '' ORDER BY p.x, p.n)) AS drawn
                FROM point p
                GROUP BY p.line) l), '')
        || coalesce((
            SELECT string_agg(format('<path d="M60 %1$sL90 %1$s" stroke="var(--chart-%5$s, var(--chart, currentColor))" stroke-width="2" stroke-dasharray="%2$s"/><text x="96" y="%3$s">%4$s</text>',
                188 + 16 * s.n - 12, strokes[s.n], 192 + 16 * s.n - 12, clientcore.chart_label(s.name, 40), s.n), '' ORDER BY s.n)
            FROM unnest(names) WITH ORDINALITY s (name, n) WHERE cardinality(names) > 1 OR s.name <> ''), ''));
END
$$;
COMMENT ON FUNCTION clientcore.chart_line(text[], text[], numeric[], text, text, text, text) IS
'A chart of lines as SVG, a point for each label, series and amount: labels and series in the order in which they first come; a series may be NULL where there is one. NULL amounts have no point. Errors: 2202E for arrays of different lengths, 54000 for over 5 lines or 2,000 points.';

CREATE FUNCTION clientcore.chart_heatmap(row_labels text[], column_labels text[], amounts numeric[], title text, description text DEFAULT NULL, unit text DEFAULT '', locale text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    row_names text[];
    column_names text[];
    most_amount numeric;
    cell numeric;
    marks text;
BEGIN
    PERFORM clientcore.check_chart(ARRAY[cardinality(row_labels), cardinality(column_labels), cardinality(amounts)], 2000);
    unit := coalesce(unit, '');
    amounts := clientcore.drawable(amounts);
    row_names := clientcore.first_seen(row_labels);
    column_names := clientcore.first_seen(column_labels);
    SELECT max(abs(a)) INTO most_amount FROM unnest(amounts) a;
    cell := greatest(34, least(78, 320.0 / greatest(cardinality(column_names), 1)));
    SELECT string_agg(format('<text x="%s" y="14" text-anchor="middle">%s</text>', round(80 + cell * (c.n - 0.5), 1), clientcore.chart_label(c.label, (cell / 6)::integer)), '' ORDER BY c.n)
    INTO marks FROM unnest(column_names) WITH ORDINALITY c (label, n);
    marks := coalesce(marks, '') || coalesce((
        SELECT string_agg(format('<text x="74" y="%s" text-anchor="end">%s</text>', 28 * r.n + 9, clientcore.chart_label(r.label, 12)), '' ORDER BY r.n)
        FROM unnest(row_names) WITH ORDINALITY r (label, n)), '');
    RETURN clientcore.chart_frame('heatmap', round(84 + cell * cardinality(column_names)), 28 * cardinality(row_names) + 24, title, description, marks || coalesce((
        SELECT string_agg(format('<g><title>%s, %s: %s</title><rect data-value="%s" x="%s" y="%s" width="%s" height="26" rx="2" fill="var(--chart, currentColor)" fill-opacity="%s"/><text x="%s" y="%s" text-anchor="middle">%s</text></g>',
            clientcore.html_escape(h.row_name), clientcore.html_escape(h.column_name), clientcore.html_escape(h.told), h.amount,
            round(80 + cell * (h.x - 1) + 1, 1), 28 * h.y - 9, round(cell - 2, 1), round(0.04 + coalesce(0.41 * abs(h.amount) / nullif(most_amount, 0), 0), 3),
            round(80 + cell * (h.x - 0.5), 1), 28 * h.y + 9, clientcore.html_escape(h.told)), '' ORDER BY h.y, h.x, h.n)
        FROM (
            SELECT v.n, coalesce(v.row_name, '') AS row_name, coalesce(v.column_name, '') AS column_name, v.amount, clientcore.number_text(v.amount, locale) || unit AS told,
                array_position(row_names, coalesce(v.row_name, '')) AS y, array_position(column_names, coalesce(v.column_name, '')) AS x
            FROM unnest(row_labels, column_labels, amounts) WITH ORDINALITY v (row_name, column_name, amount, n)
            WHERE v.amount IS NOT NULL) h), ''));
END
$$;
COMMENT ON FUNCTION clientcore.chart_heatmap(text[], text[], numeric[], text, text, text, text) IS
'A heat map as SVG: a cell for each row, column and amount, the darker the larger, with its number; rows and columns in the order in which they first come. NULL amounts have no cell. Errors: 2202E for arrays of different lengths, 54000 for over 2,000 cells.';

CREATE FUNCTION clientcore.chart_funnel(labels text[], amounts numeric[], title text, description text DEFAULT NULL, unit text DEFAULT '', locale text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most_amount numeric;
    marks text;
BEGIN
    PERFORM clientcore.check_chart(ARRAY[cardinality(labels), cardinality(amounts)], 30);
    unit := coalesce(unit, '');
    amounts := clientcore.drawable(amounts);
    SELECT greatest(max(a), 0) INTO most_amount FROM unnest(amounts) a;
    SELECT string_agg(format('<g><title>%s: %s</title><rect data-value="%s" x="%s" y="%s" width="%s" height="24" rx="2" fill="var(--chart, currentColor)" fill-opacity="0.45"/><text x="0" y="%s">%s</text><text x="245" y="%7$s" text-anchor="middle">%2$s</text>%9$s</g>',
            clientcore.html_escape(coalesce(f.label, '')), clientcore.html_escape(f.told), f.amount, round(245 - f.width / 2, 1), 42 * f.n - 40, round(greatest(f.width, 1), 1), 42 * f.n - 24,
            clientcore.chart_label(coalesce(f.label, ''), 16),
            CASE WHEN f.before > 0 THEN format('<text x="245" y="%s" text-anchor="middle" font-size="10">↓ %s</text>', 42 * f.n - 46, clientcore.html_escape(clientcore.number_text(100 * f.amount / f.before, locale, 0) || ' %')) ELSE '' END), '' ORDER BY f.n)
    INTO marks
    FROM (
        SELECT v.n, v.label, v.amount, lag(v.amount) OVER (ORDER BY v.n) AS before, clientcore.number_text(v.amount, locale) || unit AS told,
            coalesce(270 * greatest(v.amount, 0) / nullif(most_amount, 0), 0) AS width
        FROM unnest(labels, amounts) WITH ORDINALITY v (label, amount, n)) f
    WHERE f.amount IS NOT NULL;
    RETURN clientcore.chart_frame('funnel', 400, 42 * greatest(coalesce(cardinality(labels), 0), 1) - 14, title, description, marks);
END
$$;
COMMENT ON FUNCTION clientcore.chart_funnel(text[], numeric[], text, text, text, text) IS
'A funnel as SVG: a step for each label and amount, in their order, and between two how large a share went on. Errors: 2202E for arrays of different lengths, 54000 for over 30 steps.';
