"""Checkpoints of PHM-Vibench as checkpoints of ours."""
