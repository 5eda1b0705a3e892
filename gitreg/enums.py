"""The stages that every registry starts with, and the two words that stand where a stage can stand."""

from __future__ import annotations

from enum import StrEnum


class ModelStages(StrEnum):
    """The default stages, ``latest`` (virtual) and ``archived`` (the state of a version that left a stage).

    A registry may define stages of its own in ``gitreg.yaml``; they are named by plain strings.
    """

    NONE = "none"
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    LATEST = "latest"
