"""The network: embedding, backbone and heads."""

from twostage.config.model.backbones import Backbone, DLinear, PatchTST
from twostage.config.model.embeddings import HSE, Embedding
from twostage.config.model.encoder import ModelConfig
from twostage.config.model.heads import LinearHead

__all__ = ["HSE", "Backbone", "DLinear", "Embedding", "LinearHead", "ModelConfig", "PatchTST"]
