-- Repeat-buying models: how often clients will buy, how many are still clients, what they
-- will spend. Fitted by aggregates over histories; a fitted model is one value.

CREATE TYPE clientcore.fitted_model;

CREATE FUNCTION clientcore.fitted_model_in(cstring)
RETURNS clientcore.fitted_model
AS 'MODULE_PATHNAME', 'fitted_model_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_in(cstring) IS
'text input of fitted_model';

CREATE FUNCTION clientcore.fitted_model_out(clientcore.fitted_model)
RETURNS cstring
AS 'MODULE_PATHNAME', 'fitted_model_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_out(clientcore.fitted_model) IS
'text output of fitted_model';

CREATE FUNCTION clientcore.fitted_model_recv(internal)
RETURNS clientcore.fitted_model
AS 'MODULE_PATHNAME', 'fitted_model_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_recv(internal) IS
'binary input of fitted_model; checks it like text';

CREATE FUNCTION clientcore.fitted_model_send(clientcore.fitted_model)
RETURNS bytea
AS 'MODULE_PATHNAME', 'fitted_model_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_send(clientcore.fitted_model) IS
'binary output of fitted_model';

CREATE TYPE clientcore.fitted_model (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientcore.fitted_model_in,
    OUTPUT = clientcore.fitted_model_out,
    RECEIVE = clientcore.fitted_model_recv,
    SEND = clientcore.fitted_model_send,
    ALIGNMENT = double,
    STORAGE = plain
);
COMMENT ON TYPE clientcore.fitted_model IS
'a repeat-buying model: its kind, parameters with standard errors, log-likelihood, whether the fit converged, and of how many clients; its text is a JSON object';

CREATE FUNCTION clientcore.fitted_model_eq(clientcore.fitted_model, clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fitted_model_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_eq(clientcore.fitted_model, clientcore.fitted_model) IS
'implementation of = operator';

CREATE FUNCTION clientcore.fitted_model_ne(clientcore.fitted_model, clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fitted_model_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_ne(clientcore.fitted_model, clientcore.fitted_model) IS
'implementation of <> operator';

CREATE FUNCTION clientcore.fitted_model_lt(clientcore.fitted_model, clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fitted_model_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_lt(clientcore.fitted_model, clientcore.fitted_model) IS
'implementation of < operator';

CREATE FUNCTION clientcore.fitted_model_le(clientcore.fitted_model, clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fitted_model_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_le(clientcore.fitted_model, clientcore.fitted_model) IS
'implementation of <= operator';

CREATE FUNCTION clientcore.fitted_model_gt(clientcore.fitted_model, clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fitted_model_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_gt(clientcore.fitted_model, clientcore.fitted_model) IS
'implementation of > operator';

CREATE FUNCTION clientcore.fitted_model_ge(clientcore.fitted_model, clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fitted_model_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_ge(clientcore.fitted_model, clientcore.fitted_model) IS
'implementation of >= operator';

CREATE FUNCTION clientcore.fitted_model_cmp(clientcore.fitted_model, clientcore.fitted_model)
RETURNS integer
AS 'MODULE_PATHNAME', 'fitted_model_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_cmp(clientcore.fitted_model, clientcore.fitted_model) IS
'less-equal-greater for btree';

CREATE FUNCTION clientcore.fitted_model_hash(clientcore.fitted_model)
RETURNS integer
AS 'MODULE_PATHNAME', 'fitted_model_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_hash(clientcore.fitted_model) IS
'hash of the content';

CREATE FUNCTION clientcore.fitted_model_hash_extended(clientcore.fitted_model, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fitted_model_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fitted_model_hash_extended(clientcore.fitted_model, bigint) IS
'64-bit hash of the content, with a seed';

CREATE OPERATOR clientcore.= (
    FUNCTION = clientcore.fitted_model_eq,
    LEFTARG = clientcore.fitted_model,
    RIGHTARG = clientcore.fitted_model,
    COMMUTATOR = OPERATOR(clientcore.=),
    NEGATOR = OPERATOR(clientcore.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR clientcore.= (clientcore.fitted_model, clientcore.fitted_model) IS
'equality: the same model, fitted to the same end';

CREATE OPERATOR clientcore.<> (
    FUNCTION = clientcore.fitted_model_ne,
    LEFTARG = clientcore.fitted_model,
    RIGHTARG = clientcore.fitted_model,
    COMMUTATOR = OPERATOR(clientcore.<>),
    NEGATOR = OPERATOR(clientcore.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR clientcore.<> (clientcore.fitted_model, clientcore.fitted_model) IS
'not equal';

CREATE OPERATOR clientcore.< (
    FUNCTION = clientcore.fitted_model_lt,
    LEFTARG = clientcore.fitted_model,
    RIGHTARG = clientcore.fitted_model,
    COMMUTATOR = OPERATOR(clientcore.>),
    NEGATOR = OPERATOR(clientcore.>=),
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR clientcore.< (clientcore.fitted_model, clientcore.fitted_model) IS
'less than, in an order without a meaning';

CREATE OPERATOR clientcore.<= (
    FUNCTION = clientcore.fitted_model_le,
    LEFTARG = clientcore.fitted_model,
    RIGHTARG = clientcore.fitted_model,
    COMMUTATOR = OPERATOR(clientcore.>=),
    NEGATOR = OPERATOR(clientcore.>),
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR clientcore.<= (clientcore.fitted_model, clientcore.fitted_model) IS
'less than or equal, in an order without a meaning';

CREATE OPERATOR clientcore.> (
    FUNCTION = clientcore.fitted_model_gt,
    LEFTARG = clientcore.fitted_model,
    RIGHTARG = clientcore.fitted_model,
    COMMUTATOR = OPERATOR(clientcore.<),
    NEGATOR = OPERATOR(clientcore.<=),
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR clientcore.> (clientcore.fitted_model, clientcore.fitted_model) IS
'greater than, in an order without a meaning';

CREATE OPERATOR clientcore.>= (
    FUNCTION = clientcore.fitted_model_ge,
    LEFTARG = clientcore.fitted_model,
    RIGHTARG = clientcore.fitted_model,
    COMMUTATOR = OPERATOR(clientcore.<=),
    NEGATOR = OPERATOR(clientcore.<),
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR clientcore.>= (clientcore.fitted_model, clientcore.fitted_model) IS
'greater than or equal, in an order without a meaning';

CREATE OPERATOR CLASS clientcore.fitted_model_ops
DEFAULT FOR TYPE clientcore.fitted_model USING btree AS
    OPERATOR 1 clientcore.<,
    OPERATOR 2 clientcore.<=,
    OPERATOR 3 clientcore.=,
    OPERATOR 4 clientcore.>=,
    OPERATOR 5 clientcore.>,
    FUNCTION 1 clientcore.fitted_model_cmp(clientcore.fitted_model, clientcore.fitted_model);
COMMENT ON OPERATOR CLASS clientcore.fitted_model_ops USING btree IS
'sorting of fitted models, in an order without a meaning';
COMMENT ON OPERATOR FAMILY clientcore.fitted_model_ops USING btree IS
'sorting of fitted models, in an order without a meaning';

CREATE OPERATOR CLASS clientcore.fitted_model_ops
DEFAULT FOR TYPE clientcore.fitted_model USING hash AS
    OPERATOR 1 clientcore.=,
    FUNCTION 1 clientcore.fitted_model_hash(clientcore.fitted_model),
    FUNCTION 2 clientcore.fitted_model_hash_extended(clientcore.fitted_model, bigint);
COMMENT ON OPERATOR CLASS clientcore.fitted_model_ops USING hash IS
'hashing of fitted models by content';
COMMENT ON OPERATOR FAMILY clientcore.fitted_model_ops USING hash IS
'hashing of fitted models by content';

-- What a model says of itself

CREATE FUNCTION clientcore.model_kind(model clientcore.fitted_model)
RETURNS text
AS 'MODULE_PATHNAME', 'model_kind'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.model_kind(clientcore.fitted_model) IS
'Which model it is: bg/nbd, mbg/nbd, pareto/nbd or gamma-gamma.';

CREATE FUNCTION clientcore.model_unit(model clientcore.fitted_model)
RETURNS text
AS 'MODULE_PATHNAME', 'model_unit'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.model_unit(clientcore.fitted_model) IS
'The unit of the times that it was fitted to: day or week; NULL for gamma-gamma, which knows no time.';

CREATE FUNCTION clientcore.model_as_of(model clientcore.fitted_model)
RETURNS date
AS 'MODULE_PATHNAME', 'model_as_of'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.model_as_of(clientcore.fitted_model) IS
'The day up to which the histories were looked at; NULL where it was not fitted from histories.';

CREATE FUNCTION clientcore.model_clients(model clientcore.fitted_model)
RETURNS bigint
AS 'MODULE_PATHNAME', 'model_clients'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.model_clients(clientcore.fitted_model) IS
'How many clients it was fitted to; NULL for a model that was not fitted.';

CREATE FUNCTION clientcore.model_parameter(model clientcore.fitted_model, name text)
RETURNS double precision
AS 'MODULE_PATHNAME', 'model_parameter'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.model_parameter(clientcore.fitted_model, text) IS
'A parameter: r, alpha, a, b of bg/nbd and mbg/nbd; r, alpha, s, beta of pareto/nbd; p, q, v of gamma-gamma. alpha and beta are in the unit of time, v is in the currency. Errors: 22023 for a name that the kind does not have.';

CREATE FUNCTION clientcore.standard_error(model clientcore.fitted_model, name text)
RETURNS double precision
AS 'MODULE_PATHNAME', 'model_standard_error'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.standard_error(clientcore.fitted_model, text) IS
'The standard error of a parameter, from the observed information; NULL where the fit did not converge. Errors: 22023 for a name that the kind does not have.';

CREATE FUNCTION clientcore.log_likelihood(model clientcore.fitted_model)
RETURNS double precision
AS 'MODULE_PATHNAME', 'model_log_likelihood'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.log_likelihood(clientcore.fitted_model) IS
'The natural logarithm of the likelihood at the parameters; NULL for a model that was not fitted.';

CREATE FUNCTION clientcore.converged(model clientcore.fitted_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'model_converged'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.converged(clientcore.fitted_model) IS
'Whether the fit found a maximum: no parameter would change by more than a billionth, and the information matrix is positive definite. NULL for a model that was not fitted.';

CREATE FUNCTION clientcore.convergence_failure(model clientcore.fitted_model)
RETURNS text
AS 'MODULE_PATHNAME', 'model_convergence_failure'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.convergence_failure(clientcore.fitted_model) IS
'Why the fit did not converge; NULL where it did.';

-- Fits. The state counts clients who bought alike.

CREATE FUNCTION clientcore.fit_accum(internal, clientcore.purchase_history, date)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_accum_history'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_accum(internal, clientcore.purchase_history, date) IS
'transition function of the fits over histories';

CREATE FUNCTION clientcore.fit_accum(internal, bigint, double precision, double precision)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_accum(internal, bigint, double precision, double precision) IS
'transition function of the fits over x, t_x, t in days';

CREATE FUNCTION clientcore.fit_accum(internal, bigint, double precision, double precision, text)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_accum_unit'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_accum(internal, bigint, double precision, double precision, text) IS
'transition function of the fits over x, t_x, t in a unit';

CREATE FUNCTION clientcore.fit_accum_spend(internal, clientcore.purchase_history, date)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_accum_spend_history'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_accum_spend(internal, clientcore.purchase_history, date) IS
'transition function of the fits of spend over histories';

CREATE FUNCTION clientcore.fit_accum_spend(internal, bigint, double precision)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_accum_spend'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_accum_spend(internal, bigint, double precision) IS
'transition function of the fits of spend over x and mean spend';

CREATE FUNCTION clientcore.fit_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_combine(internal, internal) IS
'joins two states of a fit';

CREATE FUNCTION clientcore.fit_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'fit_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_serialize(internal) IS
'state of a fit to bytes, for another process';

CREATE FUNCTION clientcore.fit_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'fit_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_deserialize(bytea, internal) IS
'state of a fit from bytes';

CREATE FUNCTION clientcore.fit_bgnbd_final(internal)
RETURNS clientcore.fitted_model
AS 'MODULE_PATHNAME', 'fit_bgnbd_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_bgnbd_final(internal) IS
'state of a fit to a BG/NBD model';

CREATE FUNCTION clientcore.fit_mbgnbd_final(internal)
RETURNS clientcore.fitted_model
AS 'MODULE_PATHNAME', 'fit_mbgnbd_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_mbgnbd_final(internal) IS
'state of a fit to a MBG/NBD model';

CREATE FUNCTION clientcore.fit_paretonbd_final(internal)
RETURNS clientcore.fitted_model
AS 'MODULE_PATHNAME', 'fit_paretonbd_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_paretonbd_final(internal) IS
'state of a fit to a Pareto/NBD model';

CREATE FUNCTION clientcore.fit_gamma_gamma_final(internal)
RETURNS clientcore.fitted_model
AS 'MODULE_PATHNAME', 'fit_gamma_gamma_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.fit_gamma_gamma_final(internal) IS
'state of a fit to a Gamma-Gamma model';

CREATE AGGREGATE clientcore.fit_bgnbd(h clientcore.purchase_history, as_of date) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_bgnbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_bgnbd(clientcore.purchase_history, date) IS
'The BG/NBD model of the clients whose histories these are, by what they bought up to as_of, in days: maximum likelihood. Clients who bought nothing by then, and NULLs, are left out; NULL if nobody is left. Errors: 22004 for a NULL as_of, 22023 for one that varies, 22008 for an infinite one. Source: Fader, Hardie, Lee 2005.';

CREATE AGGREGATE clientcore.fit_bgnbd(x bigint, t_x double precision, t double precision) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_bgnbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_bgnbd(bigint, double precision, double precision) IS
'The same from x, the number of purchase days after the first, t_x, the days from the first to the last, and t, the days from the first to the day of the look. Rows with a NULL are left out. Errors: 22023 where t_x is negative or greater than t, and where one of x and t_x is zero and the other is not.';

CREATE AGGREGATE clientcore.fit_bgnbd(x bigint, t_x double precision, t double precision, unit text) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_bgnbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_bgnbd(bigint, double precision, double precision, text) IS
'The same with t_x and t in the unit day or week.';

CREATE AGGREGATE clientcore.fit_mbgnbd(h clientcore.purchase_history, as_of date) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_mbgnbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_mbgnbd(clientcore.purchase_history, date) IS
'The MBG/NBD model of the clients whose histories these are, by what they bought up to as_of, in days: maximum likelihood. Clients who bought nothing by then, and NULLs, are left out; NULL if nobody is left. Errors: 22004 for a NULL as_of, 22023 for one that varies, 22008 for an infinite one. Source: Batislam, Denizel, Filiztekin 2007; Hoppe, Wagner 2007.';

CREATE AGGREGATE clientcore.fit_mbgnbd(x bigint, t_x double precision, t double precision) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_mbgnbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_mbgnbd(bigint, double precision, double precision) IS
'The same from x, the number of purchase days after the first, t_x, the days from the first to the last, and t, the days from the first to the day of the look. Rows with a NULL are left out. Errors: 22023 where t_x is negative or greater than t, and where one of x and t_x is zero and the other is not.';

CREATE AGGREGATE clientcore.fit_mbgnbd(x bigint, t_x double precision, t double precision, unit text) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_mbgnbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_mbgnbd(bigint, double precision, double precision, text) IS
'The same with t_x and t in the unit day or week.';

CREATE AGGREGATE clientcore.fit_paretonbd(h clientcore.purchase_history, as_of date) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_paretonbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_paretonbd(clientcore.purchase_history, date) IS
'The Pareto/NBD model of the clients whose histories these are, by what they bought up to as_of, in days: maximum likelihood. Clients who bought nothing by then, and NULLs, are left out; NULL if nobody is left. Errors: 22004 for a NULL as_of, 22023 for one that varies, 22008 for an infinite one. Source: Schmittlein, Morrison, Colombo 1987.';

CREATE AGGREGATE clientcore.fit_paretonbd(x bigint, t_x double precision, t double precision) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_paretonbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_paretonbd(bigint, double precision, double precision) IS
'The same from x, the number of purchase days after the first, t_x, the days from the first to the last, and t, the days from the first to the day of the look. Rows with a NULL are left out. Errors: 22023 where t_x is negative or greater than t, and where one of x and t_x is zero and the other is not.';

CREATE AGGREGATE clientcore.fit_paretonbd(x bigint, t_x double precision, t double precision, unit text) (
    SFUNC = clientcore.fit_accum,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_paretonbd_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_paretonbd(bigint, double precision, double precision, text) IS
'The same with t_x and t in the unit day or week.';

CREATE AGGREGATE clientcore.fit_gamma_gamma(h clientcore.purchase_history, as_of date) (
    SFUNC = clientcore.fit_accum_spend,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_gamma_gamma_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_gamma_gamma(clientcore.purchase_history, date) IS
'The Gamma-Gamma model of what clients spend on a day of purchase, by their net revenue after the first such day up to as_of over the number of such days; clients without a second one, or with a mean that is not positive, are left out, and NULL if nobody is left. Errors: as fit_bgnbd. Source: Fader, Hardie 2013.';

CREATE AGGREGATE clientcore.fit_gamma_gamma(x bigint, spend double precision) (
    SFUNC = clientcore.fit_accum_spend,
    STYPE = internal,
    SSPACE = 65536,
    FINALFUNC = clientcore.fit_gamma_gamma_final,
    COMBINEFUNC = clientcore.fit_combine,
    SERIALFUNC = clientcore.fit_serialize,
    DESERIALFUNC = clientcore.fit_deserialize,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clientcore.fit_gamma_gamma(bigint, double precision) IS
'The same from x, the number of purchases, and spend, their mean; rows with a NULL or with no purchase or no spend are left out. Errors: 22023 for x out of bounds and for a spend further from zero than 1e80 or nearer than 1e-80.';

-- What a model says of a client

CREATE FUNCTION clientcore.p_alive(model clientcore.fitted_model, h clientcore.purchase_history, as_of date)
RETURNS double precision
AS 'MODULE_PATHNAME', 'p_alive_history'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.p_alive(clientcore.fitted_model, clientcore.purchase_history, date) IS
'P(alive): the probability that the client is still one as of a day, and will buy again some time. NULL where nothing was bought up to as_of. Errors: 22023 for a model of spend, 22008 for an infinite day. Source: the papers of the models; BG/NBD calls everyone alive who bought once.';

CREATE FUNCTION clientcore.p_alive(model clientcore.fitted_model, x bigint, t_x double precision, t double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'p_alive'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.p_alive(clientcore.fitted_model, bigint, double precision, double precision) IS
'The same of x, t_x and t as the fits take them, in the unit of the model; a new client has zeros.';

CREATE FUNCTION clientcore.log_likelihood(model clientcore.fitted_model, x bigint, t_x double precision, t double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'log_likelihood_of_client'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.log_likelihood(clientcore.fitted_model, bigint, double precision, double precision) IS
'The natural logarithm of the likelihood of one client of x, t_x and t under a model, in the unit of the model: summed over clients whom the model was not fitted to, it compares models. Errors: as p_alive. Source: the papers of the models.';

CREATE FUNCTION clientcore.expected_purchases(model clientcore.fitted_model, h clientcore.purchase_history, as_of date, days integer)
RETURNS double precision
AS 'MODULE_PATHNAME', 'expected_purchases_history'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.expected_purchases(clientcore.fitted_model, clientcore.purchase_history, date, integer) IS
'How many purchase days are expected in the days that follow as_of. NULL where nothing was bought up to as_of. Errors: 22023 for a model of spend, 22008 for an infinite day, 22023 for negative days.';

CREATE FUNCTION clientcore.expected_purchases(model clientcore.fitted_model, x bigint, t_x double precision, t double precision, duration double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'expected_purchases'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.expected_purchases(clientcore.fitted_model, bigint, double precision, double precision, double precision) IS
'The same of x, t_x and t as the fits take them, in the unit of the model; a new client has zeros.';

CREATE FUNCTION clientcore.expected_purchases(model clientcore.fitted_model, days integer)
RETURNS double precision
AS 'MODULE_PATHNAME', 'expected_purchases_new'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.expected_purchases(clientcore.fitted_model, integer) IS
'How many purchase days are expected of a new client in the days after its first purchase.';

CREATE FUNCTION clientcore.purchase_probability(model clientcore.fitted_model, h clientcore.purchase_history, as_of date, days integer)
RETURNS double precision
AS 'MODULE_PATHNAME', 'purchase_probability_history'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.purchase_probability(clientcore.fitted_model, clientcore.purchase_history, date, integer) IS
'The probability that the client buys within the days that follow as_of. NULL where nothing was bought up to as_of. Errors: 22023 for a model of spend, 22008 for an infinite day, 22023 for negative days.';

CREATE FUNCTION clientcore.purchase_probability(model clientcore.fitted_model, x bigint, t_x double precision, t double precision, duration double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'purchase_probability'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.purchase_probability(clientcore.fitted_model, bigint, double precision, double precision, double precision) IS
'The same of x, t_x and t as the fits take them, in the unit of the model; a new client has zeros.';

CREATE FUNCTION clientcore.next_purchase(model clientcore.fitted_model, h clientcore.purchase_history, as_of date, probability double precision DEFAULT 0.5)
RETURNS date
AS 'MODULE_PATHNAME', 'next_purchase_history'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.next_purchase(clientcore.fitted_model, clientcore.purchase_history, date, double precision) IS
'The day by which the client has bought again with a probability. NULL where it never gets so high, and where nothing was bought up to as_of. Errors: 22023 for a model of spend, 22008 for an infinite day, 22023 for a probability that is not between 0 and 1.';

CREATE FUNCTION clientcore.next_purchase(model clientcore.fitted_model, x bigint, t_x double precision, t double precision, probability double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'next_purchase'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.next_purchase(clientcore.fitted_model, bigint, double precision, double precision, double precision) IS
'The same as a time from the day of the look, of x, t_x and t as the fits take them, in the unit of the model.';

CREATE FUNCTION clientcore.purchase_count_probability(model clientcore.fitted_model, purchase_count integer, days integer)
RETURNS double precision
AS 'MODULE_PATHNAME', 'purchase_count_probability'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.purchase_count_probability(clientcore.fitted_model, integer, integer) IS
'The probability that a new client buys on exactly so many days within the days after its first purchase. Errors: 22023 for a model of spend and for negative arguments.';

CREATE FUNCTION clientcore.expected_spend(model clientcore.fitted_model, h clientcore.purchase_history, as_of date)
RETURNS double precision
AS 'MODULE_PATHNAME', 'expected_spend_history'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientcore.expected_spend(clientcore.fitted_model, clientcore.purchase_history, date) IS
'What a day of purchase of the client is expected to bring, in the currency of the sales, by a Gamma-Gamma model. NULL where that has no finite mean (q of at most 1 for a client who bought once), and where nothing was bought up to as_of. Errors: 22023 for a model of another kind, 22008 for an infinite day. Source: Fader, Hardie 2013.';

CREATE FUNCTION clientcore.expected_spend(model clientcore.fitted_model, x bigint, spend double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'expected_spend'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientcore.expected_spend(clientcore.fitted_model, bigint, double precision) IS
'The same of x purchases of spend on average; a new client has zeros. Errors: as fit_gamma_gamma.';

CREATE FUNCTION clientcore.lifetime_value(purchases clientcore.fitted_model, spend clientcore.fitted_model, h clientcore.purchase_history, as_of date, months integer, yearly_discount_rate double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'lifetime_value_history'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION clientcore.lifetime_value(clientcore.fitted_model, clientcore.fitted_model, clientcore.purchase_history, date, integer, double precision) IS
'What the client is expected to bring in the calendar months that follow as_of, each discounted from its end: purchases expected in the month times the spend expected of each. In the currency of the sales. NULL where the spend has no finite mean, and where nothing was bought up to as_of. Errors: 22023 for a model of the wrong kind, months that are not between 0 and 1200 or a rate that is not between -0.9 and 100, 22008 for an infinite day.';

CREATE FUNCTION clientcore.lifetime_value(purchases clientcore.fitted_model, spend clientcore.fitted_model, as_of date, months integer, yearly_discount_rate double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'lifetime_value_new'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION clientcore.lifetime_value(clientcore.fitted_model, clientcore.fitted_model, date, integer, double precision) IS
'The same of a new client whose first purchase is on as_of, without that purchase.';

CREATE FUNCTION clientcore.lifetime_value(purchases clientcore.fitted_model, spend clientcore.fitted_model, x bigint, t_x double precision, t double precision, mean_spend double precision, as_of date, months integer, yearly_discount_rate double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'lifetime_value'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION clientcore.lifetime_value(clientcore.fitted_model, clientcore.fitted_model, bigint, double precision, double precision, double precision, date, integer, double precision) IS
'The same of x, t_x and t as the fits take them, in the unit of the model of purchases, and the mean spend of the x purchases.';

-- Lost by a model: once P(alive) is under p_alive, within bounds of silence. BG/NBD gives
-- nobody up who bought once: there max_days decides.

CREATE FUNCTION clientcore.is_lost_client(
    h clientcore.purchase_history,
    as_of date,
    model clientcore.fitted_model,
    p_alive double precision DEFAULT 0.5,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730)
RETURNS boolean
AS 'MODULE_PATHNAME', 'is_lost_client_by_model'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.is_lost_client(clientcore.purchase_history, date, clientcore.fitted_model, double precision, integer, integer) IS
'True where the days of silence since the last purchase are over the limit that a model gives, see silence_limit; false without a purchase. Errors: 22023 for a model of spend or a threshold out of bounds, 22008 for an infinite day. Source: doc/models.md.';

CREATE FUNCTION clientcore.silence_limit(
    h clientcore.purchase_history,
    model clientcore.fitted_model,
    p_alive double precision DEFAULT 0.5,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730)
RETURNS integer
AS 'MODULE_PATHNAME', 'silence_limit_with_model'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.silence_limit(clientcore.purchase_history, clientcore.fitted_model, double precision, integer, integer) IS
'Days of silence after which the client is lost by a model: the last by whose end P(alive) is not under p_alive, kept within min_days and max_days; NULL without a purchase. Errors: 22023 for a model of spend or a threshold out of bounds. Source: doc/models.md.';

CREATE FUNCTION clientcore.lost_on(
    h clientcore.purchase_history,
    as_of date,
    model clientcore.fitted_model,
    p_alive double precision DEFAULT 0.5,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730)
RETURNS date
AS 'MODULE_PATHNAME', 'lost_on_by_model'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientcore.lost_on(clientcore.purchase_history, date, clientcore.fitted_model, double precision, integer, integer) IS
'The first day the client was lost by a model: last purchase + limit + 1 days; NULL unless lost as of the day. Errors: as is_lost_client.';

CREATE FUNCTION clientcore.loss_events(
    h clientcore.purchase_history,
    as_of date,
    model clientcore.fitted_model,
    p_alive double precision DEFAULT 0.5,
    min_days integer DEFAULT 30,
    max_days integer DEFAULT 730)
RETURNS TABLE (
    last_purchase date,
    silence_limit integer,
    lost_on date,
    returned_on date)
AS 'MODULE_PATHNAME', 'loss_events_by_model'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
ROWS 2;
COMMENT ON FUNCTION clientcore.loss_events(clientcore.purchase_history, date, clientcore.fitted_model, double precision, integer, integer) IS
'Every loss up to as_of by a model, each by what the client had bought when the silence began; returned_on is NULL while it lasts. Errors: as is_lost_client.';
