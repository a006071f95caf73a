"""The terminal: screens over the job store and the mirror. Extracts nothing itself."""
