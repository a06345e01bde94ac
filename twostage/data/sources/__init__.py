"""Data sources: each finds recordings and opens their signals."""
