"""Complete networks: a window becomes one token."""
