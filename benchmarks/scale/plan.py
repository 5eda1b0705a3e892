"""How large a registry is made, and how much is done to it: in full, and in a few seconds."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.clock import Effort
from benchmarks.shapes import Shape

VERSIONS_EACH = 3  # of a registry with many models


class Plan(NamedTuple):
    """The sizes of each curve, smallest first, and how often each is measured."""

    warm: Effort = Effort(rounds=20, patience=8.0, warmups=2)  # library, in this process; twice so many registrations still fit in the fullest folder
    cold: Effort = Effort(rounds=9, patience=5.0, warmups=1)  # commands, each a process
    versions: tuple[int, ...] = (10, 100, 1_000, 10_000, 100_950)  # of one model; 950 of a thousand: the worst place
    models: tuple[Shape, ...] = tuple(Shape(count, VERSIONS_EACH, spread) for count, spread in ((10, 0), (100, 0), (1_000, 0), (10_000, 0), (10_000, 100)))
    growth: tuple[int, ...] = (10, 1_000, 10_000, 10_350)  # the last one's folder is nearly full at the end
    commits: int = 1_600  # of a growing registry: git collects garbage at some 1,200
    clones: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    seconds: float = 5.0  # that clones write
    consumers: tuple[Shape, ...] = (Shape(1_000, 10), Shape(1, 100_950))


FULL = Plan()
QUICK = Plan(
    warm=Effort(1, 1e9, 1), cold=Effort(1, 1e9, 0), versions=(10, 20), models=(Shape(4, VERSIONS_EACH), Shape(4, VERSIONS_EACH, 2)), growth=(10,), commits=4, clones=(1, 2), seconds=0.3,
    consumers=(Shape(4, 2),),
)  # fmt: skip


def limited(plan: Plan, sizes: tuple[int, ...]) -> Plan:
    """Return *plan* with those sizes alone, whatever they count; a curve that has none of them keeps its own."""
    versions, growth, clones = (tuple(size for size in sizes if size in known) or known for known in (plan.versions, plan.growth, plan.clones))
    models, consumers = (tuple(shape for shape in known if shape.models in sizes) or known for known in (plan.models, plan.consumers))
    return plan._replace(versions=versions, growth=growth, clones=clones, models=models, consumers=consumers)
