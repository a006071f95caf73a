"""Jobs: their states, their store, and the worker that runs them."""
