"""Faults: processes killed at every step of a write."""
