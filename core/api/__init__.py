"""The HTTP front end: requests into the job store, answers out of it."""
