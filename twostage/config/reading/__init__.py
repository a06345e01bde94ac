"""From text to one tree of plain values, each with its place: YAML, bases, local file, overrides."""
