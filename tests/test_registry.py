"""The library's own face."""

from __future__ import annotations


def test_register_counts_the_manifests(registry):
    numbers = [registry.register("iris").number for _ in range(3)]

    assert numbers == [1, 2, 3]
