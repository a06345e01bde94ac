"""Backbones: tokens are mixed; their shape stays."""
