-- The figures of all cards alone: one pass over the histories.

-- == kept: card_figures
SELECT client_id, (f).*
FROM (
    SELECT client_id, clientcore.card_figures(history, '2024-12-31', '2023-12-31', 'frequency', 12, 'month', 0.75, 0.25,
        3, 10, 365, 3, 30, 730, 365, 90) AS f
    FROM shop.history
    OFFSET 0) AS h

-- == check
SELECT count(*), sum(purchase_count)::bigint FROM (@) AS c
