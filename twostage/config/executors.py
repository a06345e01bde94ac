"""Where the trainings of a run are executed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, Count, FromList, Positive
from twostage.errors import TwoStageError

_GPUS = "GPUs of each training; null takes trainer.devices where trainer.accelerator is gpu, else none."


class LocalExecutor(Component):
    """Several processes of this machine."""

    implementation: ClassVar[str] = "twostage.engine.remote.local:LocalProcesses"

    kind: Literal["local"] = "local"
    workers: Count | None = Field(
        None, description="Trainings at once; null is one for each GPU, or one for every two cores where there is none."
    )


class SlurmExecutor(Component):
    """Jobs of SLURM, sent as arrays by submitit. The folder of the run must be on a file system that all nodes see."""

    implementation: ClassVar[str] = "twostage.engine.remote.slurm:Slurm"

    kind: Literal["slurm"] = "slurm"
    cluster: Literal["slurm", "local"] = Field(
        "slurm", description="local runs the same jobs as processes of this machine, to try them out without SLURM."
    )
    partition: str | None = Field(None, description="Partition; null leaves it to SLURM.", min_length=1)
    account: str | None = Field(None, description="Account that is charged; null leaves it to SLURM.", min_length=1)
    qos: str | None = Field(None, description="Quality of service; null leaves it to SLURM.", min_length=1)
    constraint: str | None = Field(None, description="Features that nodes must have.", min_length=1)
    gpus: Annotated[int, Field(ge=0)] | None = Field(None, description=_GPUS)
    cpus: Count = Field(4, description="Cores of each training.")
    memory_gb: Positive = Field(16.0, description="Memory of each training.")
    minutes: Annotated[int, Field(ge=5)] = Field(
        240, description="Time limit of a job. A training that needs longer goes on in another job."
    )
    requeues: Annotated[int, Field(ge=0)] = Field(
        10, description="How often a job whose time is over is sent again to go on; one that is preempted always is."
    )
    parallel: Count = Field(64, description="Jobs of an array that run at once.")
    setup: Annotated[tuple[str, ...], FromList] = Field(
        (), description="Shell lines that run before each training, such as module load cuda."
    )


class RayExecutor(Component):
    """Tasks of Ray. The folder of the run must be on a file system that all nodes see."""

    implementation: ClassVar[str] = "twostage.engine.remote.ray_tasks:RayTasks"

    kind: Literal["ray"] = "ray"
    address: str | None = Field(
        None, description="A running cluster, such as auto or ray://head:10001; null starts one on this machine."
    )
    gpus: Annotated[float, Field(ge=0.0)] | None = Field(None, description=_GPUS)
    cpus: Count = Field(1, description="Cores of each training.")
    parallel: Count = Field(64, description="Trainings that are handed to Ray at once.")


Executor = Annotated[LocalExecutor | SlurmExecutor | RayExecutor, Field(discriminator="kind")]
_KINDS: Mapping[str, type[LocalExecutor | SlurmExecutor | RayExecutor]] = {
    "local": LocalExecutor,
    "slurm": SlurmExecutor,
    "ray": RayExecutor,
}
_PACKAGES = {"slurm": "submitit", "ray": "ray"}


class ExecutorError(TwoStageError):
    """There is no such executor here."""


def chosen_executor(text: str, written: Executor | None) -> Executor | None:
    """What ``--executor`` asks for: ``local``, ``local:4``, ``slurm``, ``ray``, or ``none`` for this process alone.

    Options that the document gives an executor of this kind stay. Raises ExecutorError for anything else.
    """
    kind, _, count = text.partition(":")
    if text == "none":
        return None
    if kind not in _KINDS or (count and (kind != "local" or not count.isdecimal() or int(count) == 0)):
        raise ExecutorError(
            f"--executor is {text!r}; write local, local:N with N processes, slurm, ray, or none for this process alone"
        )
    chosen = written if written is not None and written.kind == kind else _KINDS[kind]()
    return chosen.model_copy(update={"workers": int(count)}) if count else chosen


def refuse_missing(config: Executor | None) -> None:
    """Raise ExecutorError where the package that an executor needs is not installed."""
    package = _PACKAGES.get(config.kind) if config is not None else None
    if config is not None and package is not None and find_spec(package) is None:
        raise ExecutorError(
            f"the executor {config.kind} needs the package {package}, which is not installed: "
            f"pip install 'twostage[{config.kind}]'"
        )
