"""A small lake of our own and a payload that reads it."""
