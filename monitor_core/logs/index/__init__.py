"""The search index: one folder a day and kind of file, written by one process, read by any number."""
