SELECT measure, measure_rank, label, to_char(month_date, 'YYYY-MM') AS month, is_complete_month, value, previous_month, year_ago, unit FROM shop.kpis
