"""The rules, by room of the new document."""
