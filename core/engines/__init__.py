"""Where files are read: this machine's event loop and threads."""
