"""What an adaptation logs by name, so that a monitor that it never logs is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twostage.config.stage_2.target import Target

CLASSIFICATION = ("accuracy", "macro_f1", "balanced_accuracy", "auroc")
EPISODES = ("accuracy", "macro_f1")
TASKS: Mapping[str, tuple[str, ...]] = {
    "anomaly_detection": ("accuracy", "f1", "auroc", "auprc"),
    "rul_prediction": ("rmse", "mae", "r2", "nasa_score", "nasa_score_mean", "phm2012_score"),
    "signal_prediction": ("mse", "mae", "correlation"),
}


def never_logged(monitor: str, measures: Iterable[str], more: Iterable[str], target: Target, mode: str) -> str | None:
    """Say that a training on ``target`` never logs a monitor, or None.

    ``measures`` are logged in validation, overall and for each system; ``more`` are whole names of others.
    """
    names = [f"validation/{measure}" for measure in measures]
    whole = {*names, "train/loss", "validation/loss", *more}
    measure, _, system = monitor.rpartition("/")
    of_system = measure in names and system.isdigit() and (target.everything or int(system) in target.ids)
    if monitor in whole or of_system:
        return None
    known = ", ".join([*sorted(whole), *([f"{names[0]}/{{system}} and so on"] if names else [])])
    return f"checkpoint.monitor {monitor} is never logged by adapt_mode {mode}; it logs {known}"
