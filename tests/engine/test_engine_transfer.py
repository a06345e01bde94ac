"""Law 2: between the stages every tensor is loaded, new and listed, or frozen; anything else is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twostage.config.model import DLinear, LinearHead, ModelConfig, PatchTST
from twostage.config.stage_2 import Transfer
from twostage.engine.inputs.seen import Stretch, refuse_seen
from twostage.engine.transfer.checkpoints import load_checkpoint, load_pretrained, save_checkpoint
from twostage.engine.transfer.encoder import transfer_encoder
from twostage.errors import TransferError
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network
from twostage.objectives.base import freeze

SMALL = ModelConfig(backbone=PatchTST(layers=1))


def network(model=SMALL, seed=0):
    torch.manual_seed(seed)
    return Network(Encoder(model), Head(LinearHead(), dim=model.embedding.dim, classes={1: 3}))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, network(seed=1).state_dict(), model=SMALL, stage="stage_1/seed-0", seen=[])
    return path


def test_all_of_the_encoder_arrives(saved):
    target = network()
    report = transfer_encoder(target, SMALL, load_checkpoint(saved), Transfer())
    source = network(seed=1).state_dict()
    assert report.encoder_share == 1.0
    assert all(torch.equal(target.state_dict()[name], source[name]) for name in report.loaded)
    assert set(report.loaded) | set(report.new) == set(target.state_dict())


def test_the_head_starts_anew(saved):
    target, untouched = network(), network()
    transfer_encoder(target, SMALL, load_checkpoint(saved), Transfer())
    assert torch.equal(target.state_dict()["head.layers.1.weight"], untouched.state_dict()["head.layers.1.weight"])


def test_frozen_parts_are_listed_with_their_statistics(saved):
    target = network()
    freeze(target.backbone)
    report = transfer_encoder(target, SMALL, load_checkpoint(saved), Transfer())
    assert set(report.frozen) == {name for name in target.state_dict() if name.startswith("backbone.")}


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (ModelConfig(backbone=DLinear()), "are not in the checkpoint"),
        (ModelConfig(backbone=PatchTST(layers=2)), "are not in the checkpoint"),
        (ModelConfig(backbone=PatchTST(layers=1, feedforward=64)), "have another shape"),
    ],
)
def test_another_backbone_is_refused_in_a_sentence(saved, model, reason):
    target = network(model)
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    with pytest.raises(TransferError, match=reason) as error:
        transfer_encoder(target, SMALL, load_checkpoint(saved), Transfer())
    assert "backbone patchtst" in str(error.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in target.state_dict().items())


def test_saved_tensors_without_a_place_are_refused(tmp_path):
    path, large = tmp_path / "large.safetensors", ModelConfig(backbone=PatchTST(layers=2))
    save_checkpoint(path, network(large).state_dict(), model=large, stage="s", seen=[])
    with pytest.raises(TransferError, match="have no place"):
        transfer_encoder(network(), SMALL, load_checkpoint(path), Transfer())
    report = transfer_encoder(network(), SMALL, load_checkpoint(path), Transfer(allow_unused=("backbone.layers.1.*",)))
    assert report.unused
    assert report.encoder_share == 1.0


def test_exceptions_must_be_named_in_the_document(saved):
    target = network(ModelConfig(backbone=PatchTST(layers=2)))
    report = transfer_encoder(target, SMALL, load_checkpoint(saved), Transfer(allow_new=("backbone.layers.1.*",)))
    assert 0.0 < report.encoder_share < 1.0
    assert set(report.missing) <= set(report.new)


def test_nothing_loaded_is_an_error_even_when_all_is_excepted(tmp_path):
    path = tmp_path / "head.safetensors"
    save_checkpoint(path, {"head.weight": torch.ones(2)}, model=SMALL, stage="s", seen=[])
    with pytest.raises(TransferError, match="nothing to adapt"):
        transfer_encoder(network(), SMALL, load_checkpoint(path), Transfer(allow_new=("*",)))


def test_every_changed_byte_of_the_weights_is_noticed(saved):
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(TransferError, match="damaged: its weights are not those that were saved"):
        load_checkpoint(saved)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_file_cut_short_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(TransferError, match="cannot be read as safetensors"):
        load_checkpoint(saved)


def test_a_pickle_is_refused_unread(tmp_path):
    path = tmp_path / "old.ckpt"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(TransferError, match="cannot be read as safetensors"):
        load_checkpoint(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    from safetensors.torch import save_file  # noqa: PLC0415

    save_file({"weight": torch.ones(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(TransferError, match="was not written by twostage"):
        load_checkpoint(tmp_path / "foreign.safetensors")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(TransferError, match="does not exist"):
        load_checkpoint(tmp_path / "nowhere.safetensors")


def test_frozen_batch_norm_keeps_its_statistics():
    part = nn.BatchNorm1d(3)
    freeze(part)
    part(torch.randn(8, 3))
    assert torch.equal(part.running_mean, torch.zeros(3))


@pytest.mark.parametrize(("start", "stop", "shared"), [(0, 10, True), (9, 20, True), (10, 20, False), (-5, 0, False)])
def test_seen_samples_are_found_by_content_and_interval(start, stop, shared):
    seen = [Stretch("a", 0, 10)]
    refuse_seen("it", seen, [Stretch("b", start, stop)])
    if shared:
        with pytest.raises(TransferError):
            refuse_seen("it", seen, [Stretch("a", start, stop)])
    else:
        refuse_seen("it", seen, [Stretch("a", start, stop)])


@pytest.mark.parametrize(
    ("change", "key"),
    [({"heads": 2}, "backbone.heads"), ({"activation": "relu"}, "backbone.activation")],
)
def test_equal_tensors_of_another_encoder_are_refused(saved, change, key):
    """Heads and activations leave no trace in the shapes of the weights."""
    model = SMALL.model_copy(update={"backbone": SMALL.backbone.model_copy(update=change)})
    with pytest.raises(TransferError, match=f"model.{key} is"):
        transfer_encoder(network(model), model, load_checkpoint(saved), Transfer())
    report = transfer_encoder(network(model), model, load_checkpoint(saved), Transfer(allow_different=(key,)))
    assert report.encoder_share == 1.0


def test_an_adapted_checkpoint_is_no_pretraining(tmp_path):
    path = tmp_path / "adapted.safetensors"
    save_checkpoint(path, network().state_dict(), model=SMALL, stage="stage_2/seed-0/system-3/pretrained", seen=[])
    with pytest.raises(TransferError, match="has learnt from labels"):
        load_pretrained(path)
