"""What a stage trains, validates and tests on."""
