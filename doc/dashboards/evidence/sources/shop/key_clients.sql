SELECT client_id, status, revenue_12m_amount, revenue_12m_share, manager, to_char(as_of_date, 'YYYY-MM-DD') AS day FROM shop.key_clients
