"""Plan, runner, transfer and artifacts."""
