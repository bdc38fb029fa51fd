-- A table, of which a row trigger of its owner makes further sales.
\ir ../sales.psql

CREATE FUNCTION add_bonus() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sales (client, sold_at, amount) VALUES (new.client, new.sold_at, -0.5);
    RETURN NULL;
END
$$;
CREATE TRIGGER bonus AFTER INSERT ON sales FOR EACH ROW WHEN (new.note = 'bonus') EXECUTE FUNCTION add_bonus();

CALL clientcore.attach('shop', 'sales', client => 'client', sold_at => 'sold_at', amount => 'amount', time_zone => 'Europe/Tallinn');

\ir ../truth.psql
