-- The rule of loss that a base gives itself, from one number that people understand.

CREATE TYPE clientcore.silence_histogram;

CREATE FUNCTION clientcore.silence_histogram_in(cstring)
RETURNS clientcore.silence_histogram
AS 'MODULE_PATHNAME', 'silence_histogram_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_in(cstring) IS
'text input of silence_histogram';

CREATE FUNCTION clientcore.silence_histogram_out(clientcore.silence_histogram)
RETURNS cstring
AS 'MODULE_PATHNAME', 'silence_histogram_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_out(clientcore.silence_histogram) IS
'text output of silence_histogram';

CREATE FUNCTION clientcore.silence_histogram_recv(internal)
RETURNS clientcore.silence_histogram
AS 'MODULE_PATHNAME', 'silence_histogram_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_recv(internal) IS
'binary input of silence_histogram; checks every byte';

CREATE FUNCTION clientcore.silence_histogram_send(clientcore.silence_histogram)
RETURNS bytea
AS 'MODULE_PATHNAME', 'silence_histogram_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_send(clientcore.silence_histogram) IS
'binary output of silence_histogram';

CREATE TYPE clientcore.silence_histogram (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientcore.silence_histogram_in,
    OUTPUT = clientcore.silence_histogram_out,
    RECEIVE = clientcore.silence_histogram_recv,
    SEND = clientcore.silence_histogram_send,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE clientcore.silence_histogram IS
'working state of silence_calibration: how many silences there are of each length';

CREATE TYPE clientcore.calibrated_silence AS (
    factor numeric(6, 2),
    fallback_days integer,
    ratio_count bigint,
    interval_count bigint
);
COMMENT ON TYPE clientcore.calibrated_silence IS
'factor and fallback_days of the rule of loss, and from how many silences each was found; NULL where from none';

CREATE FUNCTION clientcore.silence_histogram_accum(clientcore.silence_histogram, clientcore.purchase_history, date, numeric)
RETURNS clientcore.silence_histogram
AS 'MODULE_PATHNAME', 'silence_histogram_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_accum(clientcore.silence_histogram, clientcore.purchase_history, date, numeric) IS
'transition function of silence_calibration';

CREATE FUNCTION clientcore.silence_histogram_combine(clientcore.silence_histogram, clientcore.silence_histogram)
RETURNS clientcore.silence_histogram
AS 'MODULE_PATHNAME', 'silence_histogram_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_combine(clientcore.silence_histogram, clientcore.silence_histogram) IS
'joins two states of silence_calibration';

CREATE FUNCTION clientcore.silence_histogram_final(clientcore.silence_histogram)
RETURNS clientcore.calibrated_silence
AS 'MODULE_PATHNAME', 'silence_histogram_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.silence_histogram_final(clientcore.silence_histogram) IS
'state of silence_calibration to factor and days';

CREATE AGGREGATE clientcore.silence_calibration(h clientcore.purchase_history, as_of date, false_loss numeric) (
    SFUNC = clientcore.silence_histogram_accum,
    STYPE = clientcore.silence_histogram,
    SSPACE = 16384,
    FINALFUNC = clientcore.silence_histogram_final,
    COMBINEFUNC = clientcore.silence_histogram_combine,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.silence_calibration(clientcore.purchase_history, date, numeric) IS
'The rule of loss by which a share of false_loss (between 0 and 1) of the silences that ended in a purchase up to as_of would be called a loss. factor: the quantile 1 - false_loss of interval over the median of the intervals before it, where there are at least three, rounded up to hundredths, at most 9999.99; fallback_days: that of the intervals, in days, with fewer than three before them, rounded up. Exact; NULLs are left out. Errors: 22023 for a false_loss out of bounds or for as_of or false_loss that varies, 22004 for a NULL one, 22008 for an infinite day. Source: doc/reference.md; quantiles of Hyndman and Fan 1996, type 7.';
