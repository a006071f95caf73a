"""The local DuckDB mirror of the metadata schema."""
