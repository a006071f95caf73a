"""Tables that keep their own account of themselves: Delta Lake, Iceberg, Hudi."""
