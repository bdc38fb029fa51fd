SELECT v.label, v.measure_rank, v.value, v.unit, v.target_from, v.target_to FROM (SELECT) one LEFT JOIN shop.concentration v ON true
