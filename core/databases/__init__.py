"""Databases as sources: their own catalogs, read in a few queries whatever the number of tables."""
