"""nuvyn's screens, built on `core` and never imported by it."""
