"""Tables of results; reads what the engine wrote."""
