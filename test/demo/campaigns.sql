-- A year of campaigns, made up: at the end of 2023 the lost clients are divided into two
-- lists; the gift truly brings clients back, the catalogue does nothing. The results tell
-- them apart, though both lists see clients come back by themselves.

\pset footer off
\pset numericlocale on

\echo
\echo Two campaigns, and whether they worked
\echo 'The base is set back to the end of 2023. The large lost clients get a visit; of all'
\echo 'others half get a gift, half a catalogue, and one in five of each half nothing, to compare.'
\echo
SET client_min_messages = warning;
UPDATE shop.settings SET as_of = '2023-12-31';
CALL clientcore.refresh('shop');
INSERT INTO shop.offer (name, kind, cost, is_for_lost_clients, valid_from) VALUES ('a gift', 'gift', 9, true, '2023-12-01');
SET client_min_messages = notice;
\set ECHO queries
CALL clientcore.start_campaign('shop', 'gift', $$SELECT client_id FROM shop.lost_clients WHERE value_class <> 'A' AND hashtext(client_id) % 2 = 0$$,
    offer => 'a gift', holdout => 0.2, ends_on => '2024-12-31');

\echo
CALL clientcore.start_campaign('shop', 'catalogue', $$SELECT client_id FROM shop.lost_clients WHERE value_class <> 'A' AND hashtext(client_id) % 2 <> 0$$,
    offer => 'the catalogue', cost_per_client => 2, holdout => 0.2, ends_on => '2024-12-31');
\set ECHO none

-- What a gift does: one in four of those it was sent to orders again in spring, and once more
-- in summer.
SET client_min_messages = warning;
CREATE TEMP TABLE brought_back AS
SELECT row_number() OVER (ORDER BY client_id, n) + (SELECT max(order_id) FROM orders) AS order_id, client_id AS client,
    timestamp '2024-03-01 10:00' + interval '90 days' * n + interval '1 day' * (abs(hashtextextended(client_id, 8)) % 60) AS sold_at
FROM shop.campaign_export_1, generate_series(0, 1) AS n
WHERE abs(hashtextextended(client_id, 7)) % 4 = 0;
INSERT INTO orders SELECT order_id, client, sold_at FROM brought_back;
INSERT INTO order_lines SELECT order_id, 1, 80 + order_id % 90, 50 FROM brought_back;

UPDATE shop.settings SET as_of = '2024-12-31';
CALL clientcore.refresh('shop');
\echo
\echo 'A year later, from shop.campaign_results:'
\echo
SELECT campaign_name AS campaign, sent_count AS sent, holdout_count AS "held back", round(100 * sent_returned_share, 1) AS "% back", round(100 * holdout_returned_share, 1) AS "% by itself",
    format('%s to %s', round(100 * uplift_from_share, 1), round(100 * uplift_to_share, 1)) AS "uplift, points", verdict,
    format('%s ± %s', round(extra_revenue_amount), round(1.96 * extra_revenue_error_amount)) AS "extra revenue", round(cost_amount) AS cost
FROM shop.campaign_results
ORDER BY campaign_id;

\echo 'Clients came back in both; only the gift is proven to have brought them.'
