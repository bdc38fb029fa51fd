-- Whether a campaign works: the shares of those written to and of those held back compared.

CREATE FUNCTION clientcore.uplift(
    sent_count bigint,
    sent_returned_count bigint,
    holdout_count bigint,
    holdout_returned_count bigint,
    confidence double precision DEFAULT 0.95,
    OUT uplift double precision,
    OUT standard_error double precision,
    OUT uplift_from double precision,
    OUT uplift_to double precision,
    OUT score_from double precision,
    OUT score_to double precision)
RETURNS record
AS 'MODULE_PATHNAME', 'uplift'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.uplift(bigint, bigint, bigint, bigint, double precision) IS
'By how much the share that returned is higher among those written to than among those held back, as a fraction of one: the difference, its standard error, its interval (uplift_from, uplift_to) at the confidence (0.95), and the interval that holds for small numbers too (score_from, score_to). All NULL where either are none. Errors: 22023 for counts that are negative or returned that are more than there are, and for a confidence not between 0 and 1. Source: difference of two binomial shares (Wald); Newcombe 1998, method 10.';

CREATE FUNCTION clientcore.detectable_uplift(
    sent_count bigint,
    holdout_count bigint,
    expected_share double precision,
    confidence double precision DEFAULT 0.95,
    power double precision DEFAULT 0.80)
RETURNS double precision
AS 'MODULE_PATHNAME', 'detectable_uplift'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.detectable_uplift(bigint, bigint, double precision, double precision, double precision) IS
'The least uplift, as a fraction of one, that so many clients written to and held back would show with a probability of power (0.80), by an interval at the confidence (0.95) above zero, where expected_share of those held back return. NULL where either are none, or where even the return of all would not show. Errors: 22023 for negative counts, shares outside 0 to 1, a confidence or power not between them. Source: the usual approximation by normal quantiles, with the variance of both shares.';
