"""Where files are read: this machine's event loop, threads and child processes, or a Spark cluster."""
