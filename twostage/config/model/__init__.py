"""The network: embedding, backbone and heads."""

from twostage.config.model.backbones import FNO, VIBT, Backbone, DLinear, PatchTST, TimesNet, Transformer
from twostage.config.model.embeddings import HSE, Embedding, HSEPrompt, HSEv2, Patch
from twostage.config.model.encoder import ModelConfig
from twostage.config.model.heads import ClassificationHead, DistanceHead, LinearHead
from twostage.config.model.prompts import RigPrompt, SystemPrompt

__all__ = [
    "FNO",
    "HSE",
    "VIBT",
    "Backbone",
    "ClassificationHead",
    "DLinear",
    "DistanceHead",
    "Embedding",
    "HSEPrompt",
    "HSEv2",
    "LinearHead",
    "ModelConfig",
    "Patch",
    "PatchTST",
    "RigPrompt",
    "SystemPrompt",
    "TimesNet",
    "Transformer",
]
