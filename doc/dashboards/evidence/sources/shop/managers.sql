SELECT v.manager, md5(v.manager) AS manager_key FROM (SELECT) one LEFT JOIN (SELECT DISTINCT coalesce(c.manager, '–') AS manager FROM shop.clients c) v ON true
