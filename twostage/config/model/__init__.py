"""The network: embedding, backbone and heads."""

from twostage.config.model.backbones import FNO, VIBT, Backbone, DLinear, PatchTST, TimesNet, Transformer
from twostage.config.model.embeddings import HSE, Embedding
from twostage.config.model.encoder import ModelConfig
from twostage.config.model.heads import ClassificationHead, DistanceHead, LinearHead

__all__ = [
    "FNO",
    "HSE",
    "VIBT",
    "Backbone",
    "ClassificationHead",
    "DLinear",
    "DistanceHead",
    "Embedding",
    "LinearHead",
    "ModelConfig",
    "PatchTST",
    "TimesNet",
    "Transformer",
]
