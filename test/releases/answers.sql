-- What is said of the values of kept_value.
SELECT name, clientcore.purchase_count(history), clientcore.sale_count(history), clientcore.return_count(history), clientcore.revenue(history),
    clientcore.returned(history), clientcore.profit(history), clientcore.first_purchase(history), clientcore.last_purchase(history),
    CASE WHEN clientcore.is_proper(history) THEN clientcore.typical_interval(history) END, md5(history::text),
    clientcore.purchase_history_hash(history), encode(sha256(clientcore.purchase_history_send(history)), 'hex')
FROM kept_value WHERE history IS NOT NULL ORDER BY name COLLATE "C";
SELECT name, cutoff, clientcore.abc_class_by_cutoffs(1000, cutoff), stage, stage::text
FROM kept_value WHERE cutoff IS NOT NULL OR stage IS NOT NULL ORDER BY name COLLATE "C";
SELECT name, model FROM kept_value WHERE model IS NOT NULL ORDER BY name COLLATE "C";
SELECT m.name, h.name, round(clientcore.p_alive(m.model, h.history, '2023-02-09')::numeric, 9),
    round(clientcore.expected_purchases(m.model, h.history, '2023-02-09', 365)::numeric, 9)
FROM kept_value AS m, kept_value AS h
WHERE m.model IS NOT NULL AND m.name LIKE '%nbd' AND h.name LIKE 'client %1'
ORDER BY m.name COLLATE "C", h.name COLLATE "C";
