"""Recordings, windows, splits and batches."""
