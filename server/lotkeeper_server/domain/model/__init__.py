"""The values: ids, quantities, times, definitions, lots, stock, records. The rules of the steps are elsewhere."""
