"""Seven simulated test rigs: bearing and gear physics from the literature, deterministic by seed."""
