"""The layouts of the old project's documents: one file for each, a table of mounts."""
