"""gitreg: a model registry that is nothing but a git repository.

The public names are imported when they are first used, so that ``import gitreg`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitreg.client import Client
    from gitreg.enums import ModelStages
    from gitreg.errors import (
        BusyError,
        ConflictError,
        GitregError,
        GitregWarning,
        InvalidError,
        NotFoundError,
        PolicyError,
        UsageError,
    )
    from gitreg.records import ModelVersion, Receipt
    from gitreg.registry import Registry
    from gitreg.runs.context import StepContext, get_step_context
    from gitreg.runs.model import Model
    from gitreg.runs.outputs import ArtifactConfig
    from gitreg.runs.pipeline import PipelineRun, pipeline
    from gitreg.runs.script import run
    from gitreg.runs.step import step

__version__ = "0.1.0"

_HOMES = {
    "ArtifactConfig": "runs.outputs", "Client": "client", "Model": "runs.model", "PipelineRun": "runs.pipeline", "StepContext": "runs.context",
    "get_step_context": "runs.context", "pipeline": "runs.pipeline", "run": "runs.script", "step": "runs.step",
    "ModelStages": "enums", "ModelVersion": "records", "Receipt": "records", "Registry": "registry",
    **dict.fromkeys(("BusyError", "ConflictError", "GitregError", "GitregWarning", "InvalidError", "NotFoundError", "PolicyError", "UsageError"), "errors"),
}  # fmt: skip

__all__ = [
    "ArtifactConfig", "BusyError", "Client", "ConflictError", "GitregError", "GitregWarning", "InvalidError", "Model", "ModelStages", "ModelVersion",
    "NotFoundError", "PipelineRun", "PolicyError", "Receipt", "Registry", "StepContext", "UsageError", "__version__", "get_step_context", "pipeline", "run", "step",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gitreg' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"gitreg.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
