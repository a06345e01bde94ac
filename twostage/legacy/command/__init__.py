"""Converting files: one job for each, what came of it, and how it is told."""
