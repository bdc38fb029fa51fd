SELECT v.measure, v.measure_rank, v.label, to_char(v.month_date, 'YYYY-MM') AS month, v.is_complete_month, v.value, v.previous_month, v.year_ago FROM (SELECT) one LEFT JOIN shop.kpis v ON true
