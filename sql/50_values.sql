-- Classes and measures of a whole base: ABC, scores, concentration. Values may be
-- numeric, bigint, integer, smallint, double precision or real.

CREATE TYPE clientcore.value_set;

CREATE FUNCTION clientcore.value_set_in(cstring)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'value_set_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.value_set_in(cstring) IS
'text input of value_set';

CREATE FUNCTION clientcore.value_set_out(clientcore.value_set)
RETURNS cstring
AS 'MODULE_PATHNAME', 'value_set_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.value_set_out(clientcore.value_set) IS
'text output of value_set';

CREATE FUNCTION clientcore.value_set_recv(internal)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'value_set_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.value_set_recv(internal) IS
'binary input of value_set; checks every byte';

CREATE FUNCTION clientcore.value_set_send(clientcore.value_set)
RETURNS bytea
AS 'MODULE_PATHNAME', 'value_set_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.value_set_send(clientcore.value_set) IS
'binary output of value_set';

CREATE TYPE clientcore.value_set (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientcore.value_set_in,
    OUTPUT = clientcore.value_set_out,
    RECEIVE = clientcore.value_set_recv,
    SEND = clientcore.value_set_send,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE clientcore.value_set IS
'working state of the aggregates over values: the values themselves, exact';

CREATE TYPE clientcore.abc_cutoff AS (
    a_from numeric,
    b_from numeric
);
COMMENT ON TYPE clientcore.abc_cutoff IS
'least value of class A and of class B; NULL where a class is empty';

CREATE FUNCTION clientcore.abc_class(
    value "any",
    a numeric DEFAULT 0.80,
    b numeric DEFAULT 0.95,
    boundary text DEFAULT 'crossing')
RETURNS text
AS 'MODULE_PATHNAME', 'abc_class'
LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.abc_class("any", numeric, numeric, text) IS
'A, B or C: by the share of the strictly larger values in the sum of the positive ones, A below a, B below b (shares, 0 < a < b <= 1); boundary is crossing, upto or midpoint. Values of zero or less are C, NULL has no class. Errors: 22023 for borders out of bounds or varying, 22004 for NULL ones, 22003 for NaN, infinity or too many digits, 42804 for another type. Source: ABC analysis, Dickie 1951.';

CREATE FUNCTION clientcore.quantile_score(value "any", bins integer DEFAULT 5)
RETURNS integer
AS 'MODULE_PATHNAME', 'quantile_score'
LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.quantile_score("any", integer) IS
'Score of 1 to bins (2 to 1000): 1 + the number of quantile cuts (type 7, at exact positions) below the value; equal values score equally, NULL has none. Errors: 22023 for bins out of bounds or varying, 42883 for a type that cannot be sorted. Source: RFM analysis; quantiles of Hyndman and Fan 1996.';

CREATE FUNCTION clientcore.abc_class_by_cutoffs(value "any", cutoffs clientcore.abc_cutoff)
RETURNS text
AS 'MODULE_PATHNAME', 'abc_class_by_cutoffs'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.abc_class_by_cutoffs("any", clientcore.abc_cutoff) IS
'A, B or C by the cutoffs that abc_cutoffs found; values of zero or less are C. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type.';

CREATE FUNCTION clientcore.quantile_score_by_cutoffs(value "any", cutoffs numeric[])
RETURNS integer
AS 'MODULE_PATHNAME', 'quantile_score_by_cutoffs'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.quantile_score_by_cutoffs("any", numeric[]) IS
'Score by the cutoffs that quantile_cutoffs found: 1 + the number of cutoffs below the value. NULL for a NULL value or array. Errors: 22023 for cutoffs that descend, hold NULL, are none or over 999, or have several dimensions, 22003 for NaN, infinity or too many digits, 42804 for another type.';

CREATE FUNCTION clientcore.values_accum(clientcore.value_set, "any")
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_accum(clientcore.value_set, "any") IS
'transition function over a value';

CREATE FUNCTION clientcore.values_accum_shares(clientcore.value_set, "any", numeric, numeric)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_accum_shares'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_accum_shares(clientcore.value_set, "any", numeric, numeric) IS
'transition function over a value and the borders a and b';

CREATE FUNCTION clientcore.values_accum_boundary(clientcore.value_set, "any", numeric, numeric, text)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_accum_boundary'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_accum_boundary(clientcore.value_set, "any", numeric, numeric, text) IS
'transition function over a value, the borders a and b, and the boundary rule';

CREATE FUNCTION clientcore.values_accum_bins(clientcore.value_set, "any", integer)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_accum_bins'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_accum_bins(clientcore.value_set, "any", integer) IS
'transition function over a value and the number of scores';

CREATE FUNCTION clientcore.values_accum_fraction(clientcore.value_set, "any", numeric)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_accum_fraction'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_accum_fraction(clientcore.value_set, "any", numeric) IS
'transition function over a value and a fraction';

CREATE FUNCTION clientcore.values_accum_total(clientcore.value_set, "any")
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_accum_total'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_accum_total(clientcore.value_set, "any") IS
'transition function over a total of a period; NULL counts as zero';

CREATE FUNCTION clientcore.values_combine(clientcore.value_set, clientcore.value_set)
RETURNS clientcore.value_set
AS 'MODULE_PATHNAME', 'values_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_combine(clientcore.value_set, clientcore.value_set) IS
'joins two sets of values';

CREATE FUNCTION clientcore.values_abc_cutoffs_final(clientcore.value_set)
RETURNS clientcore.abc_cutoff
AS 'MODULE_PATHNAME', 'values_abc_cutoffs_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_abc_cutoffs_final(clientcore.value_set) IS
'values to ABC cutoffs';

CREATE FUNCTION clientcore.values_quantile_cutoffs_final(clientcore.value_set)
RETURNS numeric[]
AS 'MODULE_PATHNAME', 'values_quantile_cutoffs_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_quantile_cutoffs_final(clientcore.value_set) IS
'values to cutoffs of scores';

CREATE FUNCTION clientcore.values_quantile_final(clientcore.value_set)
RETURNS numeric
AS 'MODULE_PATHNAME', 'values_quantile_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_quantile_final(clientcore.value_set) IS
'values to a quantile';

CREATE FUNCTION clientcore.values_gini_final(clientcore.value_set)
RETURNS double precision
AS 'MODULE_PATHNAME', 'values_gini_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_gini_final(clientcore.value_set) IS
'values to Gini coefficient';

CREATE FUNCTION clientcore.values_hhi_final(clientcore.value_set)
RETURNS double precision
AS 'MODULE_PATHNAME', 'values_hhi_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_hhi_final(clientcore.value_set) IS
'values to Herfindahl-Hirschman index';

CREATE FUNCTION clientcore.values_top_share_final(clientcore.value_set)
RETURNS double precision
AS 'MODULE_PATHNAME', 'values_top_share_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_top_share_final(clientcore.value_set) IS
'values to share of the largest';

CREATE FUNCTION clientcore.values_variation_final(clientcore.value_set)
RETURNS text
AS 'MODULE_PATHNAME', 'values_variation_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.values_variation_final(clientcore.value_set) IS
'totals to XYZ class';

CREATE AGGREGATE clientcore.abc_cutoffs(value "any") (
    SFUNC = clientcore.values_accum,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_abc_cutoffs_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.abc_cutoffs("any") IS
'Least value of class A and of class B at 0.80 and 0.95. Errors: as abc_class.';

CREATE AGGREGATE clientcore.abc_cutoffs(value "any", a numeric, b numeric) (
    SFUNC = clientcore.values_accum_shares,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_abc_cutoffs_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.abc_cutoffs("any", numeric, numeric) IS
'Least value of class A and of class B at the borders a and b. Errors: as abc_class.';

CREATE AGGREGATE clientcore.abc_cutoffs(value "any", a numeric, b numeric, boundary text) (
    SFUNC = clientcore.values_accum_boundary,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_abc_cutoffs_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.abc_cutoffs("any", numeric, numeric, text) IS
'Least value of class A and of class B at the borders a and b, by a boundary rule: crossing, upto or midpoint. Errors: as abc_class.';

CREATE AGGREGATE clientcore.quantile_cutoffs(value "any", bins integer) (
    SFUNC = clientcore.values_accum_bins,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_quantile_cutoffs_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.quantile_cutoffs("any", integer) IS
'The quantile cuts that part scores of 1 to bins (2 to 1000): the quantiles 1/bins, 2/bins, … of type 7, ascending, rounded down at nine decimals more than the values have, so that each value scores as quantile_score says; NULLs are left out; NULL where there is no value. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type, 22023 for bins out of bounds or varying, 22004 for NULL ones, 54000 for more values than fit 1 GB. Source: RFM analysis; quantiles of Hyndman and Fan 1996.';

CREATE AGGREGATE clientcore.quantile(value "any", fraction numeric) (
    SFUNC = clientcore.values_accum_fraction,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_quantile_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.quantile("any", numeric) IS
'The value below which a fraction (0 to 1, at most nine decimals) of the values lies, exact: what percentile_cont gives in doubles; NULLs are left out; NULL where there is no value. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type, 22023 for a fraction out of bounds or varying or with more than nine decimals, 22004 for a NULL one, 54000 for more values than fit 1 GB. Source: type 7 of Hyndman and Fan 1996.';

CREATE AGGREGATE clientcore.gini(value "any") (
    SFUNC = clientcore.values_accum,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_gini_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.gini("any") IS
'Gini coefficient, 0 (all equal) towards 1; values below zero count as zero, NULLs are left out; NULL where the sum is not positive. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type. Source: Gini 1912, the sample form.';

CREATE AGGREGATE clientcore.hhi(value "any") (
    SFUNC = clientcore.values_accum,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_hhi_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.hhi("any") IS
'Herfindahl-Hirschman index, the sum of squared shares, 1/n to 1; values below zero count as zero, NULLs are left out; NULL where the sum is not positive. Errors: as gini. Source: Hirschman 1945, Herfindahl 1950.';

CREATE AGGREGATE clientcore.top_share(value "any", fraction numeric) (
    SFUNC = clientcore.values_accum_fraction,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_top_share_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.top_share("any", numeric) IS
'Share of the sum that the largest round(n * fraction) values hold, fraction 0 to 1; values below zero count as zero, NULLs are left out; NULL where the sum is not positive. Errors: as gini, 22023 for a fraction out of bounds or varying, 22004 for a NULL one.';

CREATE AGGREGATE clientcore.xyz_class_by_variation(period_total "any") (
    SFUNC = clientcore.values_accum_total,
    STYPE = clientcore.value_set,
    SSPACE = 1024,
    FINALFUNC = clientcore.values_variation_final,
    COMBINEFUNC = clientcore.values_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.xyz_class_by_variation("any") IS
'X, Y or Z by the population coefficient of variation of period totals, up to 0.10 and 0.25; a NULL total is an empty period. Errors: 22003 for NaN, infinity or too many digits, 42804 for another type. Source: XYZ analysis of demand.';

