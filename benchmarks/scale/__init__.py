"""What grows with what: a registry from ten versions to a hundred thousand, ten models to ten thousand, one clone to many: ``python -m benchmarks.scale``."""
