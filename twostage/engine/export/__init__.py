"""Networks of a run as files for other programs, checked against the run."""
