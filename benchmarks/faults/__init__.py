"""What can go wrong, done to gitreg on purpose and counted: ``python -m benchmarks.faults``."""
