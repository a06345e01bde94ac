"""Plugins that ``pretrain_mode: custom`` knows by name."""
