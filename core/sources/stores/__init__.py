"""Stores: a stream of listing pages, and byte ranges of one object."""
