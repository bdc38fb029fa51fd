SELECT v.loyalty_stage, v.loyalty_rank, v.client_count, md5(coalesce(v.manager, '–')) AS manager_key FROM (SELECT) one LEFT JOIN shop.loyalty_ladder_by v ON true
