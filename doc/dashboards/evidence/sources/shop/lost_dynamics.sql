SELECT to_char(month_date, 'YYYY-MM') AS month, lost_value_amount AS lost, returned_value_amount AS returned FROM shop.lost_dynamics WHERE is_complete_month
