-- What analysts read off a history.
SET search_path = clientcore, public;
SET datestyle = ISO;

CREATE TEMP TABLE v AS SELECT
	'{2024-01-03: sold 19.99, profit 4; 2024-01-31: sold 0; 2024-02-10: returned 5 in 2;
	2024-04-05: sold 45 in 2, returned 5, profit 7.5 of 2; 2024-04-30: sold 10}'::purchase_history AS h;

SELECT purchase_count(h), sale_count(h), return_count(h), revenue(h), returned(h), profit(h), profit_count(h),
	first_purchase(h), last_purchase(h) FROM v;
-- Returns alone are no purchase, and nothing is known of their profit
SELECT purchase_count(h), sale_count(h), return_count(h), revenue(h), profit(h), first_purchase(h), last_purchase(h)
FROM (SELECT '{2024-02-10: returned 5 in 2}'::purchase_history) q(h);
SELECT purchase_count(h), sale_count(h), return_count(h), revenue(h), profit(h), first_purchase(h), last_purchase(h)
FROM (SELECT '{}'::purchase_history) q(h);

SELECT as_of(h, '2024-02-10') FROM v;
SELECT as_of(h, '2024-01-02') FROM v;
SELECT slice(h, '2024-01-31', '2024-04-05') FROM v;
SELECT slice(h, from_day => '2024-04-05') FROM v;
SELECT slice(h, to_day => '2024-01-03') FROM v;
SELECT slice(h, NULL, NULL) = h AS everything FROM v;

SELECT (d).* FROM v, days(h) d;
SELECT p.* FROM v, periods(h) p;
SELECT period_start, period_end, revenue FROM v, periods(h, 'quarter', '2023-11-15', '2024-04-05') p;
SELECT period_start, period_end, purchase_count, revenue FROM v, periods(h, 'week', '2024-01-30', '2024-02-10') p;
SELECT period_start, period_end, purchase_count, revenue FROM v, periods(h, 'year') p;
SELECT period_start, period_end, purchase_count, revenue FROM v, periods(h, 'day', '2024-04-29', '2024-05-01') p;
SELECT count(*) FROM periods('{}');
SELECT count(*) FROM periods('{}', 'month', '2024-01-01', '2024-12-31');
SELECT * FROM periods('{5874897-12-31: sold 1}', 'year');
SELECT * FROM periods('{4714-11-24 BC: sold 1}', 'month');

-- Purchases on 3 and 31 January, 5 and 30 April: intervals of 28, 65 and 25 days
SELECT typical_interval(h), interval_quantile(h, 0), interval_quantile(h, 0.75), interval_quantile(h, 1) FROM v;
SELECT typical_interval('{2024-01-01: sold 1}'), interval_quantile('{}', 0.5);

-- From sales of every type
SELECT purchase_history(d, a) FROM (VALUES (date '2024-01-03', 19.990::numeric), ('2024-01-04', -5)) s(d, a);
SELECT purchase_history(d, a) FROM (VALUES (timestamp '2024-01-03 23:59:59.999999', 5::bigint), ('2024-01-04', 7)) s(d, a);
SELECT purchase_history(d, a) FROM (VALUES (date '2024-01-03', 5::smallint), ('2024-01-04', 7)) s(d, a);
SELECT purchase_history(d, a) FROM (VALUES (date '2024-01-03', 5), ('2024-01-04', 7)) s(d, a);
SELECT purchase_history(d, a) FROM (VALUES (date '2024-01-03', 0.1::double precision), ('2024-01-04', 1e-5), ('2024-01-05', 1e8)) s(d, a);
SELECT purchase_history(d, a) FROM (VALUES (date '2024-01-03', 0.1::real), ('2024-01-04', 1e6)) s(d, a);
SELECT purchase_history(d, a, p) FROM (VALUES (date '2024-01-03', 10, 2.5), ('2024-01-03', 20, NULL), ('2024-01-04', 5, 1)) s(d, a, p);

-- A timestamptz is a day in the time zone of the session, or in one given
SET timezone = 'Europe/Tallinn';
SELECT purchase_history(t, 1) FROM (VALUES (timestamptz '2024-03-30 21:59:59Z'), ('2024-03-30 22:00Z'), ('2024-03-31 20:59:59Z'), ('2024-03-31 21:00Z')) s(t);
SELECT purchase_history(t, 1, 'America/New_York') FROM (VALUES (timestamptz '2024-03-10 04:59:59Z'), ('2024-03-10 05:00Z'), ('2024-03-11 03:59:59Z'), ('2024-03-11 04:00Z')) s(t);
SELECT purchase_history(t, 1, 0.5, 'UTC') FROM (VALUES (timestamptz '2024-03-10 23:59:59Z'), ('2024-03-11 00:00Z')) s(t);
SELECT purchase_history(t, 1, z) FROM (VALUES (timestamptz '2024-03-10 23:00Z', 'UTC'), ('2024-03-10 23:00Z', 'Asia/Tokyo')) s(t, z);
RESET timezone;

-- Rows without a moment or an amount are left out; nothing at all is NULL
SELECT purchase_history(d, a) FROM (VALUES (date '2024-01-03', 1), (NULL, 2), ('2024-01-04', NULL)) s(d, a);
SELECT purchase_history(d, a) IS NULL AS nothing FROM (VALUES (date '2024-01-03', NULL::numeric)) s(d, a);
SELECT purchase_history(d, a) IS NULL AS nothing FROM (SELECT date '2024-01-03', 1 LIMIT 0) s(d, a);
SELECT rollup(h) FROM (VALUES ('{2024-01-03: sold 1}'::purchase_history), (NULL), ('{2024-01-03: sold 0.5}')) s(h);
SELECT rollup(h) IS NULL AS nothing FROM (VALUES (NULL::purchase_history)) s(h);

-- As a window aggregate: what was known after each sale
SELECT d, purchase_history(d, a) OVER (ORDER BY d) FROM (VALUES (date '2024-01-03', 1), ('2024-01-05', 2), ('2024-01-04', 0.5)) s(d, a);
SELECT rollup(h) OVER (ORDER BY h) FROM (VALUES ('{2024-01-03: sold 1}'::purchase_history), ('{2024-01-05: sold 2}'), ('{2024-01-04: sold 0.5}')) s(h);

-- An analyst needs no grant to call what the DBA installed
CREATE ROLE regress_analyst;
SET ROLE regress_analyst;
SELECT clientcore.revenue('{2024-01-03: sold 1}'::clientcore.purchase_history);
RESET ROLE;
DROP ROLE regress_analyst;
