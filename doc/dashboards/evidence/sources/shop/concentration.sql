SELECT label, measure_rank, value, unit, target_from, target_to FROM shop.concentration
