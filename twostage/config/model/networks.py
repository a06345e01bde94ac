"""Networks: how an encoder is made, of an embedding and a backbone, or as one whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Count, FromList
from twostage.config.model.embeddings import Dropout
from twostage.config.model.isfm_flow import ISFMFlow
from twostage.config.model.network_base import Channelled, CompleteNetwork, NetworkConfig
from twostage.config.model.prompts import RigPrompt
from twostage.config.model.tspn import TSPN
from twostage.config.plugins import Family, members


class ISFM(NetworkConfig):
    """An embedding, then a backbone: the industrial signal foundation model of PHM-Vibench."""

    implementation: ClassVar[str] = "twostage.models.network:Encoder"
    legacy: ClassVar[str] = "M_01_ISFM"

    kind: Literal["isfm"] = "isfm"


class ISFMPrompt(NetworkConfig):
    """An embedding, a prompt of the window's system, condition and sampling rate that its tokens meet, a backbone."""

    implementation: ClassVar[str] = "twostage.models.embeddings.outer_prompt:OuterPrompt"
    legacy: ClassVar[str] = "M_02_ISFM_Prompt"

    kind: Literal["isfm_prompt"] = "isfm_prompt"
    prompt: RigPrompt = Field(default_factory=RigPrompt, description="The prompt, and how tokens meet it.")
    dropout: Dropout = Field(0.1, description="Dropout of the prompt and of its fusion with tokens.")

    def misfit(
        self,
        *,
        length: int | None = None,  # noqa: ARG002 - one signature for all
        channels: int | None = None,  # noqa: ARG002
        systems: Sequence[int] = (),
        domains: Sequence[int | None] = (),
    ) -> str | None:
        """Say which system or operating condition has no vector."""
        reason = self.prompt.misfit(systems=systems, domains=domains)
        return None if reason is None else reason.replace("embedding.prompt", "network.prompt")


class ResNet1D(Channelled):
    """Residual network of one-dimensional convolutions: a stem, four stages of blocks, and the mean over time."""

    implementation: ClassVar[str] = "twostage.models.networks.resnet1d:ResNet1D"
    legacy: ClassVar[str] = "ResNet1D"
    paper: ClassVar[str] = "He et al. 2016, Deep Residual Learning for Image Recognition"

    kind: Literal["resnet1d"] = "resnet1d"
    block: Literal["basic", "bottleneck"] = Field(
        "basic", description="Two convolutions of 3 per block, or one of 3 between two of 1, four times as wide."
    )
    layers: Annotated[tuple[Count, ...], FromList] = Field(
        (2, 2, 2, 2), description="Blocks of each of the four stages."
    )
    width: Count = Field(64, description="Features of the first stage; each later one has twice as many.")

    @model_validator(mode="after")
    def _four_stages(self) -> Self:
        if len(self.layers) != 4:  # noqa: PLR2004 - the architecture
            raise ValueError(f"layers has {len(self.layers)} entries, but there are four stages, such as [2, 2, 2, 2]")
        return self

    @property
    def dim(self) -> int:
        """Features after the last stage."""
        return self.width * 8 * (4 if self.block == "bottleneck" else 1)


class MWACNN(Channelled):
    """Convolutions between wavelet transforms, with gates that weigh the channels."""

    implementation: ClassVar[str] = "twostage.models.networks.mwa_cnn:MWACNN"
    legacy: ClassVar[str] = "MWA_CNN"
    paper: ClassVar[str] = "Wang et al. 2022, Multilevel wavelet attention CNN (its order of layers)"

    kind: Literal["mwa_cnn"] = "mwa_cnn"
    width: Annotated[int, Field(ge=6, multiple_of=6)] = Field(
        12, description="Features of the first convolution; each transform doubles them. A multiple of 6."
    )
    dropout: Dropout = Field(0.1, description="Dropout after each transform but the first.")

    @property
    def dim(self) -> int:
        """Features after three doublings."""
        return 8 * self.width


class ProtoNet(Channelled):
    """The encoder of PHM-Vibench's prototypical network: three convolutions, the mean over time, one linear layer."""

    implementation: ClassVar[str] = "twostage.models.networks.protonet:ProtoNet"
    legacy: ClassVar[str] = "ProtoNet"
    paper: ClassVar[str] = "Snell et al. 2017, Prototypical Networks for Few-shot Learning (the idea of the encoder)"

    kind: Literal["protonet"] = "protonet"
    features: Count = Field(64, description="Features of the token.")

    @property
    def dim(self) -> int:
        """Features of the token."""
        return self.features

    @property
    def reach(self) -> int:
        """Two poolings need four samples."""
        return 4


Network = Annotated[
    ISFM | ISFMPrompt | ISFMFlow | ResNet1D | TSPN | MWACNN | ProtoNet,
    Family("twostage.networks", "kind", NetworkConfig),
]


def is_complete(written: object) -> bool:
    """Whether a section, or what is written of it, is a complete network."""
    kind = written.get("kind") if isinstance(written, dict) else getattr(written, "kind", None)
    chosen = members(Network).get(kind) if isinstance(kind, str) else None
    return chosen is not None and issubclass(chosen, CompleteNetwork)
