"""Read as executed: which words of a file the old code could do something with, and which stopped it."""

from __future__ import annotations

import pytest
from test_legacy_as_executed import executed, old, stage_2


def stops(part, **sections):
    """Whether the old code stopped at a key, by the text that a conversion tells."""
    return [text for text in executed(old(**sections)).refused.values() if part in str(text)]


@pytest.mark.parametrize("way", ["evenly_spaced", "sequential", "random"])
def test_windows_could_be_placed_in_three_ways(way):
    assert not stops("place windows", data={"window_sampling_strategy": way})
    assert stops("place windows", data={"window_sampling_strategy": f"{way}_x"})


@pytest.mark.parametrize("loss", ["INFONCE", "SUPCON", "TRIPLET", "PROTOTYPICAL", "BARLOWTWINS", "VICREG"])
def test_six_contrastive_losses_were_known(loss):
    task = {"type": "pretrain", "name": "hse_contrastive", "contrast_weight": 0.5, "temperature": 0.1}
    assert not stops("no contrastive loss", task=task | {"contrast_loss": loss})
    assert stops("no contrastive loss", task=task | {"contrast_loss": f"{loss}_x"})


@pytest.mark.parametrize(("heat", "told"), [(None, True), (0.0, True), (0.07, False), (1.0, True), (2.0, True)])
@pytest.mark.parametrize(("loss", "heated"), [("INFONCE", True), ("SUPCON", True), ("TRIPLET", False)])
def test_a_temperature_had_to_lie_between_0_and_1(loss, heated, heat, told):
    task = {"type": "pretrain", "name": "hse_contrastive", "contrast_weight": 0.5, "contrast_loss": loss}
    assert bool(stops("temperature", task=task | {"temperature": heat})) is (heated and told)


@pytest.mark.parametrize("name", ["prototypical_network", "matching_network", "knn_feature", "finetuning"])
def test_tasks_of_episodes_wanted_batches_that_nothing_made(name):
    assert stops("support part", task={"type": "FS", "name": name})
    assert not stops("support part", task={"type": "DG", "name": name})


def test_defaults_of_the_old_optimisers():
    assert stage_2(task={"optimizer": "sgd"})["optimizer"]["momentum"] == 0.9
    assert stage_2(task={"optimizer": "sgd", "weight_decay": 0.5})["optimizer"]["weight_decay"] == 0.5
    assert "momentum" not in stage_2()["optimizer"]


def test_patches_of_several_channels_were_too_wide_for_prompts():
    model = {"name": "M_02_ISFM_Prompt", "type": "ISFM_Prompt", "embedding": "HSE_prompt"}
    assert stops("one channel only", model=model | {"patch_size_C": 2})
    assert not stops("one channel only", model=model | {"patch_size_C": 1})
    assert not stops("one channel only", model=model)
