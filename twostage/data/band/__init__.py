"""Recordings at one sampling rate and in one band."""
