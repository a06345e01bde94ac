"""Answering the queries of an episode from its support: one class for each method."""
