"""Test metrics that tables show, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from twostage.report.spread import Spread


@dataclass(frozen=True)
class Metric:
    """A metric by its name in the manifest. ``error`` says that a smaller value is better."""

    name: str
    title: str
    percent: bool = True
    error: bool = False

    def cell(self, spread: Spread | None) -> str:
        """Mean, and standard deviation where there is one."""
        if spread is None:
            return "-"
        if self.percent:
            return f"{spread.mean:.1%}" + ("" if spread.sd is None else f" ± {100 * spread.sd:.1f}")
        return f"{spread.mean:.3g}" + ("" if spread.sd is None else f" ± {spread.sd:.2g}")

    def gain(self, spread: Spread | None, control: Spread | None) -> str:
        """By how much the first is better than the control; in points for shares."""
        if spread is None or control is None:
            return "-"
        better = control.mean - spread.mean if self.error else spread.mean - control.mean
        return f"{100 * better:+.1f}" if self.percent else f"{better:+.2g}"


SHOWN = (
    Metric("accuracy", "accuracy"),
    Metric("macro_f1", "macro-F1"),
    Metric("anomaly_detection/f1", "anomaly F1"),
    Metric("anomaly_detection/auroc", "anomaly AUROC"),
    Metric("rul_prediction/rmse", "RUL RMSE", percent=False, error=True),
    Metric("rul_prediction/mae", "RUL MAE", percent=False, error=True),
    Metric("signal_prediction/mse", "signal MSE", percent=False, error=True),
    Metric("signal_prediction/correlation", "signal corr.", percent=False),
)
# What stands for a training where there is room for one number: the first of these that it has.
LEADING = (SHOWN[1], *SHOWN)
