"""The typed document: what a person writes. Never imports the numeric stack."""
