"""From a tree to a typed document, or to every problem that it has, in plain words."""
