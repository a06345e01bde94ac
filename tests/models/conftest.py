"""What the tests of the models share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from shared_data import SHARED, shared_json

from twostage.components import build
from twostage.config.model import (
    FNO,
    HSE,
    VIBT,
    Backbone,
    DistanceHead,
    DLinear,
    LinearHead,
    ModelConfig,
    PatchTST,
    TimesNet,
    Transformer,
)
from twostage.models.embeddings.hse import PatchStarts
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """One core, so that the tests take as long everywhere and sums keep their order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


State = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Recorded:
    """One recorded run of a legacy model."""

    about: dict[str, Any]
    arrays: dict[str, torch.Tensor]

    @property
    def windows(self) -> torch.Tensor:
        return self.arrays["in/x"]

    @property
    def state(self) -> dict[str, torch.Tensor]:
        return {key.removeprefix("sd/"): value for key, value in self.arrays.items() if key.startswith("sd/")}

    @property
    def config(self) -> ModelConfig:
        legacy = self.about["config"]
        embedding = HSE(
            patch_length=legacy["patch_size_L"],
            patch_channels=legacy["patch_size_C"],
            patches=legacy["num_patches"],
            dim=legacy["output_dim"],
            starts="random",
            evaluation_starts="as_training",
        )
        return ModelConfig(embedding=embedding, backbone=self.backbone)

    @property
    def backbone(self) -> Backbone:
        """Our backbone that reads the legacy keys which had an effect."""
        legacy = self.about["config"]
        match legacy.get("backbone"):
            case "B_01_basic_transformer":
                return Transformer(layers=legacy["num_layers"], heads=legacy["num_heads"], identical_start=True)
            case "B_06_TimesNet":
                return TimesNet(layers=legacy["e_layers"], feedforward=legacy["d_ff"], period_choice="per_batch")
            case "B_08_PatchTST":
                even = legacy["output_dim"] % legacy["num_heads"] == 0
                return PatchTST(
                    layers=legacy["e_layers"],
                    heads=legacy["num_heads"],
                    feedforward=legacy["d_ff"],
                    dropout=legacy["dropout"],
                    activation=legacy["activation"],
                    head_features=None if even else legacy["output_dim"] // legacy["num_heads"],
                )
            case "B_09_FNO":
                modes = legacy.get("modes", legacy.get("num_modes"))
                width = legacy.get("width", legacy["d_model"])
                return FNO(layers=legacy.get("num_layers", 4), modes=modes, width=width)
            case "B_10_VIBT":
                return VIBT(layers=legacy["num_layers"], heads=legacy["num_heads"], mlp_ratio=legacy["factor"])
            case _:
                return DLinear()

    def network(self) -> Network:
        """Our untrained network of the same sizes, built in the legacy order: embedding, backbone, head."""
        counts: dict[int, int] = {}
        for row in self.about["metadata_rows"]:
            counts[row["Dataset_id"]] = max(counts.get(row["Dataset_id"], 0), row["Label"] + 1)
        encoder = Encoder(self.config)
        named = (self.about["config"].get("task_head"), self.about["config"].get("classification_head"))
        config = DistanceHead() if DistanceHead.legacy in named else LinearHead()
        return Network(encoder, build(config, dim=self.config.embedding.dim, classes=counts)).eval()

    def starts(self, call: str) -> PatchStarts:
        return PatchStarts(*(self.arrays[f"rng/{call}/{i}_randint"].long() for i in range(2)))

    def files(self, file_ids: int | list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Sampling rate and system of the files of a call."""
        rows = {row["Id"]: row for row in self.about["metadata_rows"]}
        named = [file_ids] * len(self.windows) if isinstance(file_ids, int) else file_ids
        rates = torch.tensor([float(rows[i]["Sample_rate"]) for i in named])
        return rates, torch.tensor([rows[i]["Dataset_id"] for i in named])


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Recorded]:
    def load(name: str) -> Recorded:
        about = shared_json(name)
        with np.load(SHARED / "parity" / f"{name}.npz") as arrays:
            return Recorded(about, {key: torch.from_numpy(arrays[key].copy()) for key in arrays})

    return load


@pytest.fixture(scope="session")
def initial_checksums() -> dict[str, Any]:
    return shared_json("init_checksums")


@pytest.fixture
def assert_initial() -> Callable[[State, dict[str, Any]], None]:
    """Compares fresh tensors under their legacy names with recorded checksums."""

    def compare(fresh: State, expected: dict[str, Any]) -> None:
        for key, tensor in fresh.items():
            values = (torch.view_as_real(tensor) if tensor.is_complex() else tensor).double().flatten()
            sums = expected[key]
            assert values[:4].tolist() == sums["first"], key
            assert values.sum().item() == pytest.approx(sums["sum"], abs=1e-9)
            assert values.square().sum().item() == pytest.approx(sums["sumsq"], rel=1e-12)

    return compare


SMALL_BACKBONES = (
    DLinear(window=5),
    PatchTST(layers=2, heads=4, feedforward=24),
    Transformer(layers=2, heads=4, feedforward=24),
    TimesNet(layers=2, feedforward=4, kernels=3, periods=2),
    FNO(layers=2, modes=3, width=8),
    VIBT(layers=2, heads=4, mlp_ratio=2),
)


@pytest.fixture
def small_backbones() -> tuple[Backbone, ...]:
    """All backbones that ``small_config`` goes through."""
    return SMALL_BACKBONES


@pytest.fixture(params=SMALL_BACKBONES, ids=lambda config: config.kind)
def small_config(request: pytest.FixtureRequest) -> ModelConfig:
    embedding = HSE(patch_length=8, patch_channels=1, patches=6, dim=16)
    return ModelConfig(embedding=embedding, backbone=request.param)


@pytest.fixture
def small_network(small_config: ModelConfig) -> Network:
    torch.manual_seed(0)
    return Network(Encoder(small_config), Head(LinearHead(), dim=16, classes={1: 4, 2: 3, 6: 5}))


@pytest.fixture
def small_batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Windows, sampling rates and systems."""
    x_BLC = torch.randn(4, 64, 2, generator=torch.Generator().manual_seed(1))
    return x_BLC, torch.tensor([12000.0, 25600.0, 20480.0, 12000.0]), torch.tensor([1, 2, 6, 1])
