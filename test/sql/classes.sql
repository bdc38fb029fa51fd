-- The classes of one client.
SET search_path = clientcore, public;
SET datestyle = ISO;

-- XYZ by frequency: purchases in 12, 4, 2 and 1 of the last 12 whole months
CREATE TEMP TABLE clients (name text, h purchase_history);
INSERT INTO clients
SELECT name, purchase_history(d, 10) FROM (
	SELECT 'monthly', (date '2023-01-15' + i * interval '1 month')::date FROM generate_series(0, 11) i
	UNION ALL
	SELECT 'quarterly', (date '2023-01-15' + i * interval '3 months')::date FROM generate_series(0, 3) i
	UNION ALL
	SELECT 'twice', d FROM (VALUES (date '2023-01-15'), ('2023-06-15')) t(d)
	UNION ALL
	SELECT 'once', '2023-01-15'
	UNION ALL
	SELECT 'newcomer', d FROM (VALUES (date '2023-11-02'), ('2023-12-02')) t(d)) s(name, d)
GROUP BY name;
INSERT INTO clients VALUES ('returner', '{2023-01-15: returned 5}'), ('nobody', '{}');

SELECT name, xyz_class(h, '2023-12-31') AS months, xyz_class(h, '2023-12-31', 4, 'quarter') AS quarters,
	xyz_class(h, '2023-12-30') AS day_before, xyz_class(h, '2023-12-31', x => 0.34, y => 0.33) AS thresholds,
	xyz_class_by_variation(h, '2023-12-31') AS variation
FROM clients ORDER BY name;

-- By variation: totals of 9 and 11 have a coefficient of exactly 0.10
SELECT xyz_class_by_variation(h, '2024-04-30') AS x, xyz_class_by_variation(h, '2024-04-30', x => 0.099999999) AS y
FROM (SELECT '{2024-01-01: sold 9; 2024-02-01: sold 11; 2024-03-01: sold 9; 2024-04-01: sold 11}'::purchase_history) q(h);
SELECT xyz_class_by_variation(total) FROM (VALUES (9), (11), (9), (11)) t(total);
SELECT xyz_class_by_variation(total) FROM (VALUES (9), (11), (9), (NULL)) t(total);
SELECT xyz_class_by_variation(total) FROM (VALUES (9.25), (11)) t(total);
SELECT xyz_class_by_variation(total) FROM (VALUES (-9), (4), (5)) t(total);

-- The ladder
SELECT 'lost'::loyalty_stage < 'unaware' AS lost_is_lowest, 'adherent'::loyalty_stage > 'frequent' AS adherent_is_highest;
SELECT name, loyalty_stage(h, '2023-12-31'), loyalty_rung(h, '2023-12-31'), loyalty_stage(h, '2024-12-31') AS a_year_later,
	loyalty_rung(h, '2024-12-31') AS rung_then, loyalty_stage(h, '2023-01-14') AS before, loyalty_stage(h, '2023-01-14', has_contact => true) AS contacted,
	loyalty_stage(h, '2023-12-31', adherent_days => 330) AS adherent_sooner
FROM clients ORDER BY name;

-- Lost: three times the median interval, within bounds
SELECT name, silence_limit(h), is_lost_client(h, '2023-12-31'), is_lost_client(h, '2024-12-31'), lost_on(h, '2024-12-31'),
	silence_limit(h, factor => 1.5, min_days => 10, max_days => 40, fallback_days => 7) AS other_rule
FROM clients ORDER BY name;
-- A silence of exactly its limit is no loss
SELECT silence_limit(h), is_lost_client(h, last_purchase(h) + silence_limit(h)) AS at_limit,
	is_lost_client(h, last_purchase(h) + silence_limit(h) + 1) AS past_limit,
	lost_on(h, last_purchase(h) + silence_limit(h) + 1) - last_purchase(h) AS days_to_loss
FROM (SELECT '{2024-01-01: sold 1; 2024-01-12: sold 1; 2024-01-23: sold 1; 2024-02-04: sold 1}'::purchase_history) q(h);

-- Every loss, by the limit of its time: the fallback first, then three intervals of 10 days
SELECT e.* FROM loss_events('{2022-01-01: sold 1; 2023-01-03: sold 1; 2023-01-13: sold 1; 2023-01-23: sold 1;
	2023-02-02: sold 1; 2023-04-02: sold 1; 2023-04-12: sold 1}', '2023-12-31') e;
-- The same as of a day within the second silence
SELECT e.* FROM loss_events('{2022-01-01: sold 1; 2023-01-03: sold 1; 2023-01-13: sold 1; 2023-01-23: sold 1;
	2023-02-02: sold 1; 2023-04-02: sold 1; 2023-04-12: sold 1}', '2023-03-20') e;
-- Back on the very day it would have been lost: no loss; a day later: one
SELECT count(*) FROM loss_events('{2022-01-01: sold 1; 2023-01-02: sold 1}', '2023-01-02') e;
SELECT count(*) FROM loss_events('{2022-01-01: sold 1; 2023-01-03: sold 1}', '2023-01-03') e;
SELECT count(*) FROM loss_events('{}', '2023-01-03') e;

-- The aggregates over raw sales
SELECT client, xyz_class(sold_at, amount, '2023-12-31'), loyalty_stage(sold_at, amount, '2023-12-31'), is_lost_client(sold_at, amount, '2023-12-31')
FROM (
	SELECT 1, timestamp '2023-01-01 10:00' + i * interval '10 days', 5.5 FROM generate_series(0, 36) i
	UNION ALL SELECT 2, timestamp '2022-12-30', 7
	UNION ALL SELECT 3, '2022-12-30', -7
	UNION ALL SELECT 4, NULL, NULL
	UNION ALL SELECT 5, '2024-01-01', 7) s(client, sold_at, amount)
GROUP BY client ORDER BY client;

-- Many purchases: the median is kept as the losses are found, and both ways to it agree
SELECT count(*) AS losses, count(*) FILTER (WHERE silence_limit IS DISTINCT FROM expected) AS wrong_limits
FROM (
	SELECT e.*, silence_limit(as_of(h, e.last_purchase), factor => 1.7, min_days => 1, fallback_days => 9) AS expected
	FROM (SELECT purchase_history(date '1900-01-01' + (i * 9 + i * i % 23), 1) h FROM generate_series(1, 3000) i) q,
		loss_events(h, '2024-12-31', factor => 1.7, min_days => 1, fallback_days => 9) e) l;

-- A delta knows of a return even where returns add up to nothing
SELECT loyalty_rung('{2024-01-01: returned 5; 2024-01-02: returned -5 in -1}', '2024-01-01');
