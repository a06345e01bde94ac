"""Weights on disk, and the hand-over of them from one stage to the next."""
