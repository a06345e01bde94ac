"""Heads: tokens become what an objective asks for."""
