"""Legacy YAML as its own loader saw it, and new YAML that every loader sees alike, both with their comments."""
