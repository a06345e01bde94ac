"""The names that PHM-Vibench gives to the tensors of its complete networks.

Pairs, legacy first, in the form that ``twostage.models.renaming`` reads. The legacy networks hold their classifier
under a name of their own; it is our linear head that all systems share.
"""

from __future__ import annotations

from twostage.models.renaming_prompt import Pairs

_SHARED_HEAD = "head.layers.shared."

_RESNET1D: Pairs = (
    ("conv1.", "backbone.conv1."),
    ("bn1.", "backbone.bn1."),
    *((f"layer{{}}.{{}}.conv{i}.", f"backbone.stages.{{}}.{{}}.body.{3 * (i - 1)}.") for i in (1, 2, 3)),
    *((f"layer{{}}.{{}}.bn{i}.", f"backbone.stages.{{}}.{{}}.body.{3 * (i - 1) + 1}.") for i in (1, 2, 3)),
    ("layer{}.{}.downsample.{}.", "backbone.stages.{}.{}.around.{}."),
    ("classifier.", _SHARED_HEAD),
)

# By kind of network.
NETWORK_NAMES: dict[str, Pairs] = {"resnet1d": _RESNET1D}
NETWORK_PAIRS: Pairs = tuple(dict.fromkeys(pair for pairs in NETWORK_NAMES.values() for pair in pairs))
