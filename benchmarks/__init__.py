"""Measurements, run apart from the tests: ratios against a reference in the same run, medians of several pairs."""
