"""Metric filters of CloudWatch Logs: their pattern language, and the metrics that they make."""
