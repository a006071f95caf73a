"""Delta Lake: the current state of a table from its transaction log (Delta protocol, "PROTOCOL.md")."""
