"""Service metrics: instruments, PromQL, and where the answers come from."""
