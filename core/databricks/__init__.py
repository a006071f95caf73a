"""Sync to Databricks: what the mirror holds, sent to a SQL warehouse exactly, repeatably and cancellably."""
