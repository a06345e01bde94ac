"""Tables of results; reads what the engine found, computes nothing of its own."""
