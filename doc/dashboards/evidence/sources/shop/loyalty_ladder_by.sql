SELECT manager, loyalty_stage, loyalty_rank, client_count, revenue_12m_amount FROM shop.loyalty_ladder_by
