"""Python's way in: the same runs as the command line, as functions and one class.

``cfg`` is a ``TwoStageConfig``, a mapping, or the path of a YAML document everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from twostage.components import build
from twostage.config import executors as configs
from twostage.config.document import TwoStageConfig
from twostage.config.load import LoadedDocument, load_document
from twostage.config.lock import lock_text
from twostage.config.stage_2 import Init
from twostage.engine.consent import require_consent
from twostage.engine.execution import Executor, execute
from twostage.engine.importing.checkpoint import ImportReport, import_weights
from twostage.engine.observer import Observer, Silent
from twostage.engine.outcome.reopening import open_directory
from twostage.engine.outcome.results import RunSummary, StageResult
from twostage.engine.planning.plan import Plan, Stage, make_plan
from twostage.engine.planning.preview import StagePreview, preview
from twostage.engine.planning.status import PlanStatus, status_of
from twostage.errors import TwoStageError

Config: TypeAlias = LoadedDocument | TwoStageConfig | Mapping[str, Any] | str | Path


class TwoStageRun:
    """A document that can be planned and run.

    ``allow_custom`` agrees to import the class that ``stage_1.target`` names, if it is none of the built-in plugins.
    A stage that fails ends the run with its error. With ``keep_going`` what does not need it still runs, and it is in
    ``RunSummary.failures``; the same without ``raises``, where the run ends there. ``fresh`` trains again what is in
    the store already.

    Example:
        >>> summary = TwoStageRun("cfg.yaml").fit()  # doctest: +SKIP
        >>> summary.stage("stage_2/seed-0/system-2/pretrained").metrics["test/macro_f1"]  # doctest: +SKIP
    """

    def __init__(
        self,
        cfg: Config,
        *,
        overrides: Sequence[str] = (),
        local: Path | None = None,
        observer: Observer | None = None,
        executor: Executor | None = None,
        allow_custom: bool = False,
        keep_going: bool = False,
        raises: bool = True,
        fresh: bool = False,
    ) -> None:
        if isinstance(cfg, LoadedDocument):
            if overrides or local:
                raise TypeError("a loaded document takes no overrides and no local file; give them when loading it")
            self._loaded = cfg
        else:
            self._loaded = load_document(cfg, overrides=overrides, local=local)
        self._observer, self._executor = observer or Silent(), executor
        self._allow_custom, self._keep_going, self._fresh = allow_custom, keep_going, fresh
        self._raises = raises

    @property
    def config(self) -> TwoStageConfig:
        """The typed document."""
        return self._loaded.config

    def plan(self) -> Plan:
        """The trainings, in the order in which they run."""
        return make_plan(self.config)

    def preview(self, plan: Plan | None = None) -> list[StagePreview]:
        """What ``fit``, or ``run_plan``, would do, with splits made and networks built; nothing trained or written."""
        plan = self.plan() if plan is None else plan
        require_consent(plan, allowed=self._allow_custom)
        return preview(plan)

    def status(self, plan: Plan | None = None) -> PlanStatus:
        """What of the plan is done, what would run, how large it is and how long it may take; nothing is written."""
        plan = self.plan() if plan is None else plan
        require_consent(plan, allowed=self._allow_custom)
        return status_of(plan, Path(self.config.output.root))

    def fit(self) -> RunSummary:
        """Run all stages. Raises TwoStageError for a user's mistake."""
        return self.run_plan(self.plan())

    def run_stage(self, stage: Stage) -> StageResult:
        """Run one stage of the plan by itself; one that starts from another stage brings it along."""
        needed = {stage.name, getattr(stage, "source", None)}
        plan = self.plan()
        stages = tuple(planned for planned in plan.stages if planned.name in needed)
        return self.run_plan(Plan(plan.config, stages)).stage(stage.name)

    def run_plan(self, plan: Plan, *, root: Path | None = None, into: Path | None = None) -> RunSummary:
        """Run a plan made from this document: some of its trainings, or the same from other checkpoints.

        What the store under ``root``, or else ``output.root``, has is not trained again. ``into`` is the folder of an
        earlier run, to go on there.
        """
        require_consent(plan, allowed=self._allow_custom)
        return execute(
            plan,
            root=Path(self.config.output.root) if root is None else root,
            lock=lock_text(self._loaded),
            observer=self._observer,
            executor=self._executor or executor_of(self.config.executor),
            keep_going=self._keep_going,
            raises=self._raises,
            fresh=self._fresh,
            into=into,
        )


def executor_of(config: configs.Executor | None) -> Executor | None:
    """The executor that a document asks for; None for this process alone. Raises ExecutorError."""
    configs.refuse_missing(config)
    made: Executor | None = None if config is None else build(config)
    return made


def resume(directory: str | Path, **options: Any) -> RunSummary:
    """Go on with the run in ``directory`` as it was asked for; ``options`` are those of ``TwoStageRun``."""
    opened = open_directory(Path(directory))
    return TwoStageRun(opened.document, **options).run_plan(opened.plan, root=opened.root, into=opened.directory)


def run_pipeline(cfg: Config, **options: Any) -> RunSummary:
    """Run every stage that the document has; ``options`` are those of ``TwoStageRun``."""
    return TwoStageRun(cfg, **options).fit()


def run_complete(cfg: Config, **options: Any) -> RunSummary:
    """Run both stages. Raises TwoStageError when the document lacks one."""
    run = TwoStageRun(cfg, **options)
    for number in (1, 2):
        _require(run.config, number)
    return run.fit()


def run_pretrain(cfg: Config, **options: Any) -> RunSummary:
    """Run stage 1 alone; what stage 2 tests on stays unseen all the same."""
    run = TwoStageRun(cfg, **options)
    _require(run.config, 1)
    stages = tuple(stage for stage in run.plan().stages if stage.name.startswith("stage_1/"))
    return run.run_plan(Plan(run.config, stages))


def run_adapt(cfg: Config, checkpoint: str | Path, **options: Any) -> RunSummary:
    """Run stage 2 alone, from the checkpoint of an earlier stage 1."""
    config = TwoStageRun(cfg, **options).config
    _require(config, 2)
    assert config.stage_2 is not None  # noqa: S101 - just required
    adapted = config.stage_2.model_copy(update={"init": Init(checkpoint=str(checkpoint))})
    options = {name: value for name, value in options.items() if name not in {"overrides", "local"}}
    return TwoStageRun(config.model_copy(update={"stage_1": None, "stage_2": adapted}), **options).fit()


def import_checkpoint(
    old: str | Path,
    cfg: Config,
    output: str | Path,
    *,
    overrides: Sequence[str] = (),
    part: Literal["encoder", "model"] = "model",
    replace: bool = False,
) -> ImportReport:
    """Write a checkpoint of PHM-Vibench as one that stage 2 starts from; nothing of the file is executed.

    ``cfg`` is the document that it was trained with, old or new; ``part`` "encoder" leaves heads out. Raises
    TwoStageError for a tensor without its place.
    """
    config = TwoStageRun(cfg, overrides=overrides).config
    return import_weights(Path(old), config, Path(output), part=part, replace=replace)


def run_stage(stage: Stage, **options: Any) -> StageResult:
    """Run one stage of a plan; its result has the checkpoint's path and the metrics."""
    return TwoStageRun(stage.document, **options).run_stage(stage)


def _require(config: TwoStageConfig, number: int) -> None:
    if getattr(config.active, f"stage_{number}") is None:
        switched_off = getattr(config, f"stage_{number}") is not None
        raise TwoStageError(
            f"stage_{number}.enabled is false" if switched_off else f"the document has no stage_{number}"
        )
