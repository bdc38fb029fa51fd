-- What the extension consists of, each with all that makes it what it is, and its comments:
-- the same however a version was reached.
SET search_path = pg_catalog;
WITH member AS (
    SELECT d.classid, d.objid
    FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'clientcore')
SELECT pg_describe_object(m.classid, m.objid, 0), obj_description(m.objid, m.classid::regclass::text::name),
    CASE m.classid
    WHEN 'pg_proc'::regclass THEN (
        SELECT concat_ws(E'\n', p.proowner::regrole, p.proacl, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
            (SELECT concat_ws(' ', p.proparallel, p.prosupport, pg_get_function_arguments(p.oid), a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
                a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify,
                a.aggmfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype, a.aggtransspace, a.aggmtranstype::regtype, a.agginitval, a.aggminitval)
            FROM pg_aggregate AS a WHERE a.aggfnoid = p.oid))
        FROM pg_proc AS p WHERE p.oid = m.objid)
    WHEN 'pg_type'::regclass THEN (
        SELECT concat_ws(' ', t.typowner::regrole, t.typacl, t.typlen, t.typbyval, t.typtype, t.typcategory, t.typdelim, t.typelem::regtype, t.typinput,
            t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typsubscript, t.typalign, t.typstorage, t.typcollation::regcollation,
            (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum)), ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0),
            (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid))
        FROM pg_type AS t WHERE t.oid = m.objid)
    WHEN 'pg_operator'::regclass THEN (
        SELECT concat_ws(' ', o.oprowner::regrole, o.oprcanmerge, o.oprcanhash, o.oprresult::regtype, o.oprcom::regoperator, o.oprnegate::regoperator,
            o.oprcode, o.oprrest, o.oprjoin)
        FROM pg_operator AS o WHERE o.oid = m.objid)
    WHEN 'pg_opclass'::regclass THEN (
        SELECT concat_ws(' ', c.opcowner::regrole, c.opcintype::regtype, c.opcdefault, c.opckeytype::regtype)
        FROM pg_opclass AS c WHERE c.oid = m.objid)
    WHEN 'pg_opfamily'::regclass THEN concat_ws(' ',
        (SELECT string_agg(concat_ws(' ', a.amopstrategy, a.amoppurpose, a.amopopr::regoperator), ', ' ORDER BY a.amopstrategy) FROM pg_amop AS a WHERE a.amopfamily = m.objid),
        (SELECT string_agg(concat_ws(' ', a.amprocnum, a.amproc), ', ' ORDER BY a.amprocnum) FROM pg_amproc AS a WHERE a.amprocfamily = m.objid))
    WHEN 'pg_cast'::regclass THEN (
        SELECT concat_ws(' ', c.castfunc::regprocedure, c.castcontext, c.castmethod)
        FROM pg_cast AS c WHERE c.oid = m.objid)
    WHEN 'pg_class'::regclass THEN (
        SELECT concat_ws(E'\n', c.relowner::regrole, c.relacl, c.relkind, c.reloptions, pg_get_viewdef(c.oid),
            (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)), E'\n' ORDER BY a.attnum)
                FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0))
        FROM pg_class AS c WHERE c.oid = m.objid)
    WHEN 'pg_namespace'::regclass THEN (SELECT concat_ws(' ', n.nspowner::regrole, n.nspacl) FROM pg_namespace AS n WHERE n.oid = m.objid)
    ELSE 'unknown here: ' || m.classid::regclass END
FROM member AS m
UNION ALL
SELECT 'version', extversion, concat_ws(' ', extrelocatable, extnamespace::regnamespace, extconfig, extcondition) FROM pg_extension WHERE extname = 'clientcore'
ORDER BY 1;
