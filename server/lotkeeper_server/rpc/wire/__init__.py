"""Shapes, messages, filters and tokens: proto on one side, domain values on the other."""
