"""Every kind that a document can name is among those that trace, export, stay finite and answer window by window."""

from __future__ import annotations

from test_models_networks import SMALL
from test_models_prompts import TRACED

from twostage.config.checking.shapes import root_shape

MODEL = root_shape().properties["model"].properties
FROM_PARTS = {"isfm", "isfm_prompt"}  # an embedding and a backbone, which are tried by themselves


def test_no_backbone_is_left_out(small_backbones):
    assert {backbone.kind for backbone in small_backbones} == set(MODEL["backbone"].tags)


def test_no_embedding_is_left_out():
    assert {embedding.kind for embedding in TRACED} | {"hse"} == set(MODEL["embedding"].tags)


def test_no_network_is_left_out():
    assert {*SMALL, *FROM_PARTS} == set(MODEL["network"].tags)
