"""Objectives of stage 2."""
