"""Spans of calls and their transactions, for OpenTelemetry; without the setting nothing of it runs."""
