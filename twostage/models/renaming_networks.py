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

_TSPN: Pairs = (
    ("signal_processing_layers.{}.weight_connection.", "backbone.layers.{}.mix."),
    ("signal_processing_layers.{}.skip_connection.", "backbone.layers.{}.around."),
    (
        "signal_processing_layers.{}.signal_processing_modules.WF.f_c",
        "backbone.layers.{}.transforms.wave_filter.centre",
    ),
    ("signal_processing_layers.{}.signal_processing_modules.WF.f_b", "backbone.layers.{}.transforms.wave_filter.band"),
    ("feature_extractor_layers.weight_connection.", "backbone.mix."),
    ("feature_extractor_layers.norm.running_mean", "backbone.norm.mean"),
    ("feature_extractor_layers.norm.running_var", "backbone.norm.var"),
    ("clf.clf.0.", "backbone.outward."),
    ("clf.clf.2.", _SHARED_HEAD),
)
_MWA_CNN: Pairs = (
    ("DWT0.h0", "backbone.first.low"),
    ("DWT0.h1", "backbone.first.high"),
    *(
        pair
        for level in range(3)
        for pair in (
            (f"DWT{level + 1}.h0", f"backbone.levels.{level}.transform.low"),
            (f"DWT{level + 1}.h1", f"backbone.levels.{level}.transform.high"),
            (f"SConv{level + 1}.conv.{{}}.", f"backbone.levels.{level}.convolution.{{}}."),
            (f"cSE{level + 1}.conv0.{{}}.", f"backbone.levels.{level}.gate.look.{{}}."),
            (f"cSE{level + 1}.conv1.{{}}.", f"backbone.levels.{level}.gate.narrow.{{}}."),
            (f"cSE{level + 1}.conv2.{{}}.", f"backbone.levels.{level}.gate.widen.{{}}."),
        )
    ),
    ("SConv6.conv.{}.", "backbone.last.{}."),
    ("fc.", _SHARED_HEAD),
)
_FLOW: Pairs = (
    ("condition_encoder.domain_embedding.", "backbone.condition.domains."),
    ("condition_encoder.system_embedding.", "backbone.condition.systems."),
    ("condition_encoder.fusion.{}.", "backbone.condition.mix.{}."),
    ("flow_model.velocity_net.net.6.", "head.linear."),
    ("flow_model.velocity_net.net.{}.", "backbone.trunk.{}."),
)

# By kind of network. There is no record of the names in the old ProtoNet.
NETWORK_NAMES: dict[str, Pairs] = {"resnet1d": _RESNET1D, "tspn": _TSPN, "mwa_cnn": _MWA_CNN, "isfm_flow": _FLOW}
NETWORK_PAIRS: Pairs = tuple(dict.fromkeys(pair for pairs in NETWORK_NAMES.values() for pair in pairs))
