"""Networks that read whole windows, by the names that old files give them."""

from __future__ import annotations

import pytest
import yaml
from test_legacy_forms import FLAT, STAGES_IN_FULL, converted, read

from twostage.legacy.convert import to_new


@pytest.mark.parametrize(
    ("section", "network"),
    [
        ("{name: ProtoNet, type: FewShot, embedding_dim: 32}", {"kind": "protonet", "features": 32}),
        (
            "{name: ResNet1D, input_dim: 2, block_type: bottleneck, layers: [1, 1, 2, 1], initial_channels: 8}",
            {"kind": "resnet1d", "channels": 2, "block": "bottleneck", "layers": (1, 1, 2, 1), "width": 8},
        ),
        ("{name: MWA_CNN, type: X_model, in_channels: 3}", {"kind": "mwa_cnn", "channels": 3}),
        (
            "{name: M_04_ISFM_Flow, type: ISFM, sequence_length: 512, hidden_dim: 32, time_dim: 8, condition_dim: 16}",
            {"kind": "isfm_flow", "length": 512, "hidden": 32, "time_dim": 8, "condition": {"dim": 16}},
        ),
        ("{name: M_04_ISFM_Flow, use_conditional: false, condition_dim: 16}", {"kind": "isfm_flow", "condition": None}),
        (
            """{name: TSPN, type: X_model, in_channels: 3, out_channels: 3, scale: 4, skip_connection: true, f_c_mu: 0,
            signal_processing_configs: {layer1: [LNO, WF], layer2: [HT, I]}, feature_extractor_configs: [Mean, RMS]}""",
            {
                "kind": "tspn",
                "channels": 3,
                "layers": (("laplace", "wave_filter"), ("envelope", "identity")),
                "width": 12,
                "features": ("mean", "rms"),
                "skip": True,
                "centre": 0.0,
            },
        ),
    ],
)
def test_networks_that_read_whole_windows_are_taken_by_their_names(section, network):
    document = read(FLAT) | {"model": read(section)}
    document["data"] |= {"window_size": network.get("length", 1024)}
    model = converted(yaml.safe_dump(document, sort_keys=False)).model
    assert model.network.model_dump(exclude_unset=True) == network
    assert (model.embedding, model.backbone) == (None, None)


def test_a_stage_that_names_another_network_is_refused():
    document = read(STAGES_IN_FULL)
    document["stages"][0]["model"] = {"name": "ProtoNet", "embedding_dim": 32}
    document["stages"][1]["model"] = {"name": "ProtoNet", "embedding_dim": 64}
    assert list(to_new([document]).refused) == ["model.embedding_dim"]
    document["stages"][1]["model"] = {"name": "MWA_CNN"}
    assert list(to_new([document]).refused) == ["model.name"]
    document["stages"][1]["model"] = {"name": "ProtoNet", "embedding_dim": 32}
    assert to_new([document]).refused == {}
