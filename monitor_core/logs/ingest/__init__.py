"""Take log files in: read lines of many kinds, follow files through rotation, remember how far they were read."""
