"""Pages of metrics, fetched and read."""
