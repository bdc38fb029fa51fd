-- Bases of the real sales sets, each attached from its raw lines: their known figures,
-- and no difference between histories and sales.

\ir common/helpers.psql
\if :has_real
BEGIN;
SELECT no_plan();
\ir common/refreshes.psql

SELECT set_config('search_path', 'public, clientcore', true);
CREATE FUNCTION pg_temp.guests(base text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('SELECT (sale_count(history) + return_count(history)) || '' for '' || trim_scale(revenue(history)) FROM %I.guest', base) INTO found;
    RETURN found;
END
$$;
CREATE FUNCTION pg_temp.clients(base text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('SELECT count(*) || '' clients, '' || sum(sale_count + return_count) || '' for '' || trim_scale(sum(revenue_amount))
        || coalesce('', profit '' || trim_scale(sum(profit_amount)), '''') || '', as of '' || max(as_of_date) FROM %I.clients', base) INTO found;
    RETURN found;
END
$$;

CALL clientcore.attach('retail', 'real.online_retail', client => 'customer_id', sold_at => 'invoice_date', amount => 'quantity * unit_price',
    time_zone => 'Europe/London', build => false);
SELECT * FROM pg_temp.follows('retail', 'rebuild: it is new', 'online_retail');
SELECT is(pg_temp.clients('retail'), '4372 clients, 406829 for 8300065.814, as of 2011-12-09', 'online_retail: its clients');
SELECT is(pg_temp.guests('retail'), '135080 for 1447682.12', 'online_retail: its guests');
UPDATE real.online_retail SET quantity = quantity + 1 WHERE invoice_date::date = '2011-12-05';
DELETE FROM real.online_retail WHERE customer_id = 17841;
SELECT * FROM pg_temp.follows('retail', 'delta', 'online_retail, changed');

CALL clientcore.attach('cdnow', 'real.cdnow_sample', client => 'client_id', sold_at => 'sold_on', amount => 'amount', build => false);
SELECT * FROM pg_temp.follows('cdnow', 'rebuild: it is new', 'cdnow_sample');
SELECT is(pg_temp.clients('cdnow'), '2357 clients, 6919 for 244091.94, as of 1998-06-30', 'cdnow_sample: its clients');

CALL clientcore.attach('rfm', 'real.rfm_orders', client => 'customer_id', sold_at => 'order_date', amount => 'revenue', build => false);
SELECT * FROM pg_temp.follows('rfm', 'rebuild: it is new', 'rfm_orders');
SELECT alike(pg_temp.clients('rfm'), '995 clients, 4906 for 464158, as of %', 'rfm_orders: its clients');

CALL clientcore.attach('northwind', 'real.northwind_lines', client => 'customer_id', sold_at => 'order_date',
    amount => 'unit_price * quantity * (1 - discount)', build => false);
SELECT * FROM pg_temp.follows('northwind', 'rebuild: it is new', 'northwind');
SELECT alike(pg_temp.clients('northwind'), '89 clients, 2155 for 1265793.0414, as of %', 'northwind: its clients');

CALL clientcore.attach('classic', 'real.classicmodels_lines', client => 'customer_number', sold_at => 'order_date',
    amount => 'quantity_ordered * price_each', profit => 'quantity_ordered * (price_each - buy_price)', build => false);
SELECT * FROM pg_temp.follows('classic', 'rebuild: it is new', 'classicmodels');
SELECT is(pg_temp.clients('classic'), (
    SELECT format('98 clients, 2996 for 9604190.61, profit %s, as of %s', trim_scale(sum(quantity_ordered * (price_each - buy_price))), max(order_date))
    FROM real.classicmodels_lines), 'classicmodels: its clients');

SELECT * FROM finish();
ROLLBACK;
\else
SELECT plan(1);
SELECT skip('the real sales are not here');
\endif
