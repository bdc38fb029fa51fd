-- How long a statement takes; what it returns is made, kept and forgotten.
CREATE FUNCTION bench.seconds(statement text) RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
BEGIN
    EXECUTE statement;
    RETURN extract(epoch FROM clock_timestamp() - began);
END
$$;
