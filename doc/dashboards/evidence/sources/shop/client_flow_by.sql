SELECT manager, to_char(month_date, 'YYYY-MM') AS month, new_count, returned_count, lost_count FROM shop.client_flow_by WHERE is_complete_month
