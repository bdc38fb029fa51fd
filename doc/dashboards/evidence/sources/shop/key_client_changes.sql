SELECT client_id, change, change_rank, difference_amount, revenue_before_amount, revenue_now_amount, status, manager FROM shop.key_client_changes
