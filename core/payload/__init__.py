"""What was asked: models of the payload, loading it, and its problems."""
