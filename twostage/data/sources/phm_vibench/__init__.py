"""Recordings in the layout of PHM-Vibench: one metadata table and HDF5 files beside it."""
