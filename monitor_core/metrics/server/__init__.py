"""A server with the HTTP API of Prometheus as a source."""
