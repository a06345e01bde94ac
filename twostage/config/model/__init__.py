"""The network: embedding, backbone and heads."""

from twostage.config.model.backbones import (
    FNO,
    VIBT,
    Backbone,
    BackboneConfig,
    DLinear,
    PatchTST,
    TimesNet,
    Transformer,
)
from twostage.config.model.embeddings import HSE, Embedding, EmbeddingConfig, HSEPrompt, HSEv2, Patch
from twostage.config.model.encoder import ModelConfig
from twostage.config.model.heads import ClassificationHead, DistanceHead, HeadConfig, LinearHead
from twostage.config.model.networks import ISFM, CompleteNetwork, Network, NetworkConfig, ResNet1D
from twostage.config.model.prompts import RigPrompt, SystemPrompt

__all__ = [
    "FNO",
    "HSE",
    "ISFM",
    "VIBT",
    "Backbone",
    "BackboneConfig",
    "ClassificationHead",
    "CompleteNetwork",
    "DLinear",
    "DistanceHead",
    "Embedding",
    "EmbeddingConfig",
    "HSEPrompt",
    "HSEv2",
    "HeadConfig",
    "LinearHead",
    "ModelConfig",
    "Network",
    "NetworkConfig",
    "Patch",
    "PatchTST",
    "ResNet1D",
    "RigPrompt",
    "SystemPrompt",
    "TimesNet",
    "Transformer",
]
