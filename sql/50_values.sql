-- Classes and measures of a whole base: ABC, scores, concentration. Values may be
-- numeric, bigint, integer, smallint, double precision or real.

CREATE TYPE @extschema@.value_set;

CREATE FUNCTION @extschema@.value_set_in(cstring)
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'value_set_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_set_in(cstring) IS
'text input of value_set';

CREATE FUNCTION @extschema@.value_set_out(@extschema@.value_set)
RETURNS cstring
AS 'MODULE_PATHNAME', 'value_set_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_set_out(@extschema@.value_set) IS
'text output of value_set';

CREATE FUNCTION @extschema@.value_set_recv(internal)
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'value_set_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_set_recv(internal) IS
'binary input of value_set; checks every byte';

CREATE FUNCTION @extschema@.value_set_send(@extschema@.value_set)
RETURNS bytea
AS 'MODULE_PATHNAME', 'value_set_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_set_send(@extschema@.value_set) IS
'binary output of value_set';

CREATE TYPE @extschema@.value_set (
    INTERNALLENGTH = VARIABLE,
    INPUT = @extschema@.value_set_in,
    OUTPUT = @extschema@.value_set_out,
    RECEIVE = @extschema@.value_set_recv,
    SEND = @extschema@.value_set_send,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE @extschema@.value_set IS
'working state of the aggregates over values: the values themselves, exact';

CREATE TYPE @extschema@.abc_cutoff AS (
    a_from numeric,
    b_from numeric
);
COMMENT ON TYPE @extschema@.abc_cutoff IS
'least value of class A and of class B; NULL where a class is empty';

CREATE FUNCTION @extschema@.abc_class(
    value "any",
    a numeric DEFAULT 0.80,
    b numeric DEFAULT 0.95,
    boundary text DEFAULT 'crossing')
RETURNS text
AS 'MODULE_PATHNAME', 'abc_class'
LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.abc_class("any", numeric, numeric, text) IS
'A, B or C: by the share of the strictly larger values in the sum of the positive ones, A below a, B below b (shares, 0 < a < b <= 1); boundary is crossing, upto or midpoint. Values of zero or less are C, NULL has no class. Errors: 22023 for borders out of bounds or varying, 22004 for NULL ones, 22003 for NaN, infinity or too many digits, 42804 for another type. Source: ABC analysis, Dickie 1951.';

CREATE FUNCTION @extschema@.quantile_score(value "any", bins integer DEFAULT 5)
RETURNS integer
AS 'MODULE_PATHNAME', 'quantile_score'
LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.quantile_score("any", integer) IS
'Score of 1 to bins (2 to 1000): 1 + the number of quantile cuts (type 7, at exact positions) below the value; equal values score equally, NULL has none. Errors: 22023 for bins out of bounds or varying, 42883 for a type that cannot be sorted. Source: RFM analysis; quantiles of Hyndman and Fan 1996.';

CREATE FUNCTION @extschema@.abc_class_by_cutoffs(value "any", cutoffs @extschema@.abc_cutoff)
RETURNS text
AS 'MODULE_PATHNAME', 'abc_class_by_cutoffs'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.abc_class_by_cutoffs("any", @extschema@.abc_cutoff) IS
'A, B or C by the cutoffs that abc_cutoffs found; values of zero or less are C. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type.';

CREATE FUNCTION @extschema@.values_accum(@extschema@.value_set, "any")
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'values_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_accum(@extschema@.value_set, "any") IS
'transition function over a value';

CREATE FUNCTION @extschema@.values_accum_shares(@extschema@.value_set, "any", numeric, numeric)
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'values_accum_shares'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_accum_shares(@extschema@.value_set, "any", numeric, numeric) IS
'transition function over a value and the borders a and b';

CREATE FUNCTION @extschema@.values_accum_boundary(@extschema@.value_set, "any", numeric, numeric, text)
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'values_accum_boundary'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_accum_boundary(@extschema@.value_set, "any", numeric, numeric, text) IS
'transition function over a value, the borders a and b, and the boundary rule';

CREATE FUNCTION @extschema@.values_accum_fraction(@extschema@.value_set, "any", numeric)
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'values_accum_fraction'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_accum_fraction(@extschema@.value_set, "any", numeric) IS
'transition function over a value and a fraction';

CREATE FUNCTION @extschema@.values_accum_total(@extschema@.value_set, "any")
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'values_accum_total'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_accum_total(@extschema@.value_set, "any") IS
'transition function over a total of a period; NULL counts as zero';

CREATE FUNCTION @extschema@.values_combine(@extschema@.value_set, @extschema@.value_set)
RETURNS @extschema@.value_set
AS 'MODULE_PATHNAME', 'values_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_combine(@extschema@.value_set, @extschema@.value_set) IS
'joins two sets of values';

CREATE FUNCTION @extschema@.values_abc_cutoffs_final(@extschema@.value_set)
RETURNS @extschema@.abc_cutoff
AS 'MODULE_PATHNAME', 'values_abc_cutoffs_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_abc_cutoffs_final(@extschema@.value_set) IS
'values to ABC cutoffs';

CREATE FUNCTION @extschema@.values_gini_final(@extschema@.value_set)
RETURNS double precision
AS 'MODULE_PATHNAME', 'values_gini_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_gini_final(@extschema@.value_set) IS
'values to Gini coefficient';

CREATE FUNCTION @extschema@.values_hhi_final(@extschema@.value_set)
RETURNS double precision
AS 'MODULE_PATHNAME', 'values_hhi_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_hhi_final(@extschema@.value_set) IS
'values to Herfindahl-Hirschman index';

CREATE FUNCTION @extschema@.values_top_share_final(@extschema@.value_set)
RETURNS double precision
AS 'MODULE_PATHNAME', 'values_top_share_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_top_share_final(@extschema@.value_set) IS
'values to share of the largest';

CREATE FUNCTION @extschema@.values_variation_final(@extschema@.value_set)
RETURNS text
AS 'MODULE_PATHNAME', 'values_variation_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.values_variation_final(@extschema@.value_set) IS
'totals to XYZ class';

CREATE AGGREGATE @extschema@.abc_cutoffs(value "any") (
    SFUNC = @extschema@.values_accum,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_abc_cutoffs_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.abc_cutoffs("any") IS
'Least value of class A and of class B at 0.80 and 0.95. Errors: as abc_class.';

CREATE AGGREGATE @extschema@.abc_cutoffs(value "any", a numeric, b numeric) (
    SFUNC = @extschema@.values_accum_shares,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_abc_cutoffs_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.abc_cutoffs("any", numeric, numeric) IS
'Least value of class A and of class B at the borders a and b. Errors: as abc_class.';

CREATE AGGREGATE @extschema@.abc_cutoffs(value "any", a numeric, b numeric, boundary text) (
    SFUNC = @extschema@.values_accum_boundary,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_abc_cutoffs_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.abc_cutoffs("any", numeric, numeric, text) IS
'Least value of class A and of class B at the borders a and b, by a boundary rule: crossing, upto or midpoint. Errors: as abc_class.';

CREATE AGGREGATE @extschema@.gini(value "any") (
    SFUNC = @extschema@.values_accum,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_gini_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.gini("any") IS
'Gini coefficient, 0 (all equal) towards 1; values below zero count as zero, NULLs are left out; NULL where the sum is not positive. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type. Source: Gini 1912, the sample form.';

CREATE AGGREGATE @extschema@.hhi(value "any") (
    SFUNC = @extschema@.values_accum,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_hhi_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.hhi("any") IS
'Herfindahl-Hirschman index, the sum of squared shares, 1/n to 1; values below zero count as zero, NULLs are left out; NULL where the sum is not positive. Errors: as gini. Source: Hirschman 1945, Herfindahl 1950.';

CREATE AGGREGATE @extschema@.top_share(value "any", fraction numeric) (
    SFUNC = @extschema@.values_accum_fraction,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_top_share_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.top_share("any", numeric) IS
'Share of the sum that the largest round(n * fraction) values hold, fraction 0 to 1; values below zero count as zero, NULLs are left out; NULL where the sum is not positive. Errors: as gini, 22023 for a fraction out of bounds or varying, 22004 for a NULL one.';

CREATE AGGREGATE @extschema@.xyz_class_by_variation(period_total "any") (
    SFUNC = @extschema@.values_accum_total,
    STYPE = @extschema@.value_set,
    SSPACE = 1024,
    FINALFUNC = @extschema@.values_variation_final,
    COMBINEFUNC = @extschema@.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.xyz_class_by_variation("any") IS
'X, Y or Z by the population coefficient of variation of period totals, up to 0.10 and 0.25; a NULL total is an empty period. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type. Source: XYZ analysis of demand.';

