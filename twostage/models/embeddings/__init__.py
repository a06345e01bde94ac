"""Embeddings: a window becomes tokens."""
