"""Losses that compare the windows of a batch: one file for each idea."""
