"""Scraped samples in an SQLite file of their own: written by one process, read by any."""
