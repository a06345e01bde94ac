"""The old project's documents as pydantic models: one for each shape, told apart by their layout."""
