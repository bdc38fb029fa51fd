SELECT abc_class, abc_rank, xyz_class, xyz_rank, client_count, revenue_12m_amount FROM shop.abc_xyz_matrix
