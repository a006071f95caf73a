"""What a file says of itself: one module a format, behind one protocol."""
