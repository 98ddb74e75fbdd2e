"""What there is: ids, quantities, times, definitions, lots, stock, records. Values only; no rule of a step is here."""
