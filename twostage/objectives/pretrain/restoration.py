"""Restoring what is hidden: the pass through the network, its error, and how good the restoration is.

Legend: B batch, L length, C channels, P patches, D features, l samples of a patch, c channels of a patch, n all of
them, f frequencies.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from twostage.config.stage_1 import Mask
from twostage.config.stage_1.reconstruction import RESTORED
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.network import Network
from twostage.objectives.pretrain.masking import Masking

SCORES = RESTORED
# A signal whose variance is a smaller share of its power than this is constant but for rounding.
_CONSTANT = 1e-10


class Restoration(nn.Module):
    """Hides samples of windows, has the network restore them, and measures the hidden samples.

    The loss counts the hidden samples alone, or, with ``counts`` all, those that are seen as well; scores are those of
    the hidden samples either way.

    Samples are hidden before patches are cut, so that overlapping patches cannot give a hidden sample away. A sample
    in several patches is restored, and counted, in each of them.
    """

    def __init__(self, mask: Mask, loss: str, *, counts: str = "hidden") -> None:
        super().__init__()
        self.everything = counts == "all"
        self.masking = Masking(mask)
        self.error = ERRORS[loss]
        self.means = nn.ModuleDict({name: MeanMetric(nan_strategy="ignore") for name in SCORES})

    def forward(
        self,
        network: Network,
        restore: Callable[[Tensor], Tensor],
        batch: Batch,
        part: Part,
        *,
        spoiled_BLC: Tensor | None = None,
    ) -> Tensor:
        """Mean error over the samples that count; 0-dimensional. ``restore`` turns tokens (B, P, D) into patches.

        ``spoiled_BLC`` is what is seen where that is not the batch itself. Validation also feeds ``scores``.
        """
        x_BLC, embedding = batch.x_BLC, network.embedding
        hidden_BLC = self.masking.hidden(x_BLC, part)
        starts = embedding.starts(x_BLC)
        seen_BLC = (x_BLC if spoiled_BLC is None else spoiled_BLC).masked_fill(hidden_BLC, 0.0)
        tokens_BPD = network.encode(
            seen_BLC, batch.sample_rate_B, starts, system_B=batch.system_B, domain_B=batch.domain_B
        )
        restored_BPlc, target_BPlc = restore(tokens_BPD), embedding.patches(x_BLC, starts)
        hidden_BPlc = embedding.patches(hidden_BLC.to(x_BLC.dtype), starts)
        if part == "validation":
            self._score(restored_BPlc.detach(), target_BPlc, hidden_BPlc)
        return self.error(restored_BPlc, target_BPlc, torch.ones_like(hidden_BPlc) if self.everything else hidden_BPlc)

    def restart(self) -> None:
        """Begin a validation: forget all windows, and hide the same of them as before."""
        self.masking.restart()
        for name in SCORES:
            self._mean(name).reset()

    def scores(self) -> dict[str, float]:
        """Mean squared error of all hidden samples; means over windows of Pearson's correlation and of spectra.

        What is undefined is left out: correlation and spectra where no hidden signal varies.
        """
        found = {name: float(self._mean(name).compute()) for name in SCORES if self._mean(name).update_called}
        return {name: value for name, value in found.items() if value == value}  # noqa: PLR0124 - not a number

    def _score(self, restored_BPlc: Tensor, target_BPlc: Tensor, hidden_BPlc: Tensor) -> None:
        squares_BPlc = (restored_BPlc - target_BPlc).square()
        self._mean("mse").update(squares_BPlc, hidden_BPlc)
        self._mean("correlation").update(*correlations(restored_BPlc, target_BPlc, hidden_BPlc))
        self._mean("spectral_similarity").update(*spectral_similarities(restored_BPlc, target_BPlc, hidden_BPlc))

    def _mean(self, name: str) -> MeanMetric:
        metric = self.means[name]
        assert isinstance(metric, MeanMetric)  # noqa: S101 - put there by the constructor
        return metric


def squared(restored_BPlc: Tensor, target_BPlc: Tensor, hidden_BPlc: Tensor) -> Tensor:
    """Mean squared error of the hidden samples of a batch."""
    return _mean_where(hidden_BPlc, (restored_BPlc - target_BPlc).square())


def absolute(restored_BPlc: Tensor, target_BPlc: Tensor, hidden_BPlc: Tensor) -> Tensor:
    """Mean absolute error of the hidden samples of a batch."""
    return _mean_where(hidden_BPlc, (restored_BPlc - target_BPlc).abs())


def relative_l2(restored_BPlc: Tensor, target_BPlc: Tensor, hidden_BPlc: Tensor) -> Tensor:
    """Norm of the error over the norm of the signal, hidden samples of a window alone; mean over windows.

    The loss of Li et al. 2021, "Fourier Neural Operator for Parametric Partial Differential Equations". A window whose
    hidden samples are all zero does not count.
    """
    error_B = torch.linalg.vector_norm(((restored_BPlc - target_BPlc) * hidden_BPlc).flatten(1), dim=1)
    signal_B = torch.linalg.vector_norm((target_BPlc * hidden_BPlc).flatten(1), dim=1)
    there_B = (signal_B > 0).to(error_B.dtype)
    return _mean_where(there_B, error_B / torch.where(signal_B > 0, signal_B, 1.0))


ERRORS = {"mse": squared, "mae": absolute, "relative_l2": relative_l2}


def correlations(restored_BPlc: Tensor, target_BPlc: Tensor, hidden_BPlc: Tensor) -> tuple[Tensor, Tensor]:
    """Pearson's correlation (B,) over the hidden samples of each window, and whether it is defined (B,), as 0 or 1.

    It is undefined, and 0, where the hidden signal is constant. A constant answer to a signal that varies has 0.
    """
    weight_Bn = hidden_BPlc.flatten(1).float()
    share_Bn = weight_Bn / weight_Bn.sum(dim=1, keepdim=True).clamp(min=1.0)
    target_Bn, restored_Bn = target_BPlc.flatten(1).float(), restored_BPlc.flatten(1).float()
    of_target_Bn, varies_B = _centred(target_Bn, share_Bn)
    of_restored_Bn, answers_B = _centred(restored_Bn, share_Bn)
    shared_B = (share_Bn * of_target_Bn * of_restored_Bn).sum(dim=1)
    spread_B = (share_Bn * of_target_Bn.square()).sum(dim=1) * (share_Bn * of_restored_Bn.square()).sum(dim=1)
    both_B = varies_B & answers_B
    value_B = torch.where(both_B, shared_B / torch.where(both_B, spread_B, 1.0).sqrt(), 0.0)
    return value_B, varies_B.float()


def spectral_similarities(restored_BPlc: Tensor, target_BPlc: Tensor, hidden_BPlc: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine (B,) of the amplitude spectra of restored and true hidden samples, and whether it is defined (B,).

    The spectrum of a window is the sum over its patches of their spectra, as Welch's is, each of the patch's hidden
    samples less their mean; 0 stands where nothing is hidden. All channels count as one vector. Phases have no say: a
    tone at the right frequency and the wrong time is right here and wrong for ``correlations``. Undefined, and 0,
    where the hidden signal has no spectrum; an answer without one has 0.
    """
    target_Bf, there_B = _spectrum(target_BPlc.float(), hidden_BPlc.float())
    restored_Bf, answers_B = _spectrum(restored_BPlc.float(), hidden_BPlc.float())
    cosine_B = torch.nn.functional.cosine_similarity(restored_Bf, target_Bf, dim=1)
    return torch.where(there_B & answers_B, cosine_B, 0.0), there_B.float()


def _spectrum(values_BPlc: Tensor, weight_BPlc: Tensor) -> tuple[Tensor, Tensor]:
    """Amplitudes (B, f) without the mean, and whether they are more than rounding (B,)."""
    power_B = (weight_BPlc * values_BPlc.square()).sum(dim=(1, 2, 3))
    unit_BPlc = values_BPlc / torch.where(power_B > 0, power_B, 1.0).sqrt()[:, None, None, None]
    count_BP1c = weight_BPlc.sum(dim=2, keepdim=True).clamp(min=1.0)
    mean_BP1c = (weight_BPlc * unit_BPlc).sum(dim=2, keepdim=True) / count_BP1c
    centred_BPlc = weight_BPlc * (unit_BPlc - mean_BP1c)
    spectrum_Bf = torch.fft.rfft(centred_BPlc, dim=2).abs().sum(dim=1).flatten(1)
    return spectrum_Bf, centred_BPlc.square().sum(dim=(1, 2, 3)) > _CONSTANT


def _centred(values_Bn: Tensor, share_Bn: Tensor) -> tuple[Tensor, Tensor]:
    """Values less their mean, over their scale; and whether they vary by more than rounding."""
    scale_B1 = (share_Bn * values_Bn.square()).sum(dim=1, keepdim=True).sqrt()
    unit_Bn = values_Bn / torch.where(scale_B1 > 0, scale_B1, 1.0)
    centred_Bn = unit_Bn - (share_Bn * unit_Bn).sum(dim=1, keepdim=True)
    return centred_Bn, (share_Bn * centred_Bn.square()).sum(dim=1) > _CONSTANT


def _mean_where(weight: Tensor, values: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1.0)
