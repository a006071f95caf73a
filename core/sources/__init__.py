"""Where data lives: locations, credentials and stores."""
