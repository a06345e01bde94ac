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
from twostage.config.model.heads import ClassificationHead, DistanceHead, HeadConfig, LinearHead, PerceptronHead
from twostage.config.model.isfm_flow import FlowCondition, ISFMFlow
from twostage.config.model.network_base import CompleteNetwork, NetworkConfig
from twostage.config.model.networks import ISFM, MWACNN, ISFMPrompt, Network, ProtoNet, ResNet1D
from twostage.config.model.prompts import RigPrompt, SystemPrompt
from twostage.config.model.tspn import TSPN, Statistic, Transform

__all__ = [
    "FNO",
    "HSE",
    "ISFM",
    "MWACNN",
    "TSPN",
    "VIBT",
    "Backbone",
    "BackboneConfig",
    "ClassificationHead",
    "CompleteNetwork",
    "DLinear",
    "DistanceHead",
    "Embedding",
    "EmbeddingConfig",
    "FlowCondition",
    "HSEPrompt",
    "HSEv2",
    "HeadConfig",
    "ISFMFlow",
    "ISFMPrompt",
    "LinearHead",
    "ModelConfig",
    "Network",
    "NetworkConfig",
    "Patch",
    "PatchTST",
    "PerceptronHead",
    "ProtoNet",
    "ResNet1D",
    "RigPrompt",
    "Statistic",
    "SystemPrompt",
    "TimesNet",
    "Transform",
    "Transformer",
]
