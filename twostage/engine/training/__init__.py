"""One training: the trainer, and who watches over it."""
