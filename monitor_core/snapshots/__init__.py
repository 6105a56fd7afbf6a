"""Read an uploaded table, check it, refuse it with reasons."""
