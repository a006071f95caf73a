"""Iceberg: the current state of a table from its metadata and manifests (Iceberg specification, versions 1 to 3)."""
