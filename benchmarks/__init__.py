"""gitreg beside its peers and raw git, measured in one run: ``python -m benchmarks``."""
