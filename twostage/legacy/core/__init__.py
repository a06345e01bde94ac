"""The machinery of a conversion: leaves, addresses, the view that a rule reads, and the way back."""
