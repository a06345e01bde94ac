"""A run whose parts all come from an installed package: source, backbone, head, augmentation, and both objectives."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from packages import install
from rigs import document

CONFIGS = """
    from typing import ClassVar, Literal

    from pydantic import Field

    from twostage.config.augmentation import Augmentation
    from twostage.config.base import Component, Count, Share
    from twostage.config.model import BackboneConfig, HeadConfig
    from twostage.config.sampler import SamplerConfig
    from twostage.config.stage_1 import Pretraining
    from twostage.config.stage_2 import FinetuneConfig


    class Mixer(BackboneConfig):
        implementation: ClassVar[str] = "plant.classes:Mixer"
        kind: Literal["mixer"] = "mixer"
        hidden: Count = Field(8, description="Hidden features.")


    class Middle(HeadConfig):
        implementation: ClassVar[str] = "plant.classes:Middle"
        kind: Literal["middle"] = "middle"


    class Plant(Component):
        implementation: ClassVar[str] = "plant.classes:Plant"
        paths: ClassVar[tuple[str, ...]] = ("folder",)
        kind: Literal["plant"] = "plant"
        folder: str = Field(description="Where the plant keeps its recordings.")


    class Flip(Component):
        implementation: ClassVar[str] = "plant.classes:Flip"
        kind: Literal["flip"] = "flip"
        probability: Share = Field(0.5, description="Share of windows.")


    class Firsts(SamplerConfig):
        implementation: ClassVar[str] = "plant.classes:Firsts"
        kind: Literal["firsts"] = "firsts"
        batches: Count = Field(2, description="Batches of an epoch.")


    class Denoise(Pretraining):
        implementation: ClassVar[str] = "plant.classes:Denoise"
        pretrain_mode: Literal["denoise"] = "denoise"
        std: float = Field(0.3, gt=0.0, description="Standard deviation of the noise.")
        change: Augmentation = Field(default_factory=Flip, description="What is done before.")


    class Twice(FinetuneConfig):
        implementation: ClassVar[str] = "plant.classes:Twice"
        adapt_mode: Literal["twice"] = "twice"
"""
CLASSES = """
    import torch
    from torch import nn

    from twostage.components import build
    from twostage.config.source import PhmVibenchSource
    from twostage.models.heads.linear import LinearHead
    from twostage.models.heads.reconstruction import ReconstructionHead
    from twostage.objectives.adapt.finetune import Finetune
    from twostage.objectives.base import Objective


    class Mixer(nn.Module):
        def __init__(self, config, *, dim, patches):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(patches, config.hidden), nn.GELU(), nn.Linear(config.hidden, patches))

        def forward(self, tokens_BPD):
            return self.layers(tokens_BPD.transpose(1, 2)).transpose(1, 2)


    class Middle(LinearHead):
        def forward(self, tokens_BPD, system_B):
            return super().forward(tokens_BPD[:, 2:-2], system_B)


    class Plant:
        def __init__(self, config):
            self._files = build(PhmVibenchSource(root=config.folder))

        name = "plant"

        def catalogue(self, systems):
            return self._files.catalogue(systems)

        def open(self, recordings):
            return self._files.open(recordings)


    class Flip(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.config = config

        def forward(self, x_BLC):
            turned = torch.rand(len(x_BLC), 1, 1, device=x_BLC.device) < self.config.probability
            return torch.where(turned, x_BLC.flip(1), x_BLC)


    class Firsts:
        def __init__(self, config, *, windows, batch_size, seed, rank, world_size):
            self.count, self.size = config.batches, min(batch_size, len(windows.systems))

        def set_epoch(self, epoch):
            pass

        def __len__(self):
            return self.count

        def __iter__(self):
            return iter([list(range(self.size))] * self.count)


    class Denoise(Objective):
        def __init__(self, config, network):
            super().__init__(config, network)
            self.change = build(config.change)

        @staticmethod
        def head(config, model):
            return ReconstructionHead(model.patched)

        def loss(self, batch, part):
            x_BLC = self.change(batch.x_BLC)
            starts = self.network.embedding.starts(x_BLC)
            noisy = x_BLC + self.config.std * torch.randn_like(x_BLC)
            restored = self.network.head(self.network.encode(noisy, batch.sample_rate_B, starts))
            return (restored - self.network.embedding.patches(x_BLC, starts)).square().mean()


    class Twice(Finetune):
        def loss(self, batch, part):
            return 2 * super().loss(batch, part)
"""
ENTRIES = """
    [twostage.backbones]
    mixer = plant.configs:Mixer

    [twostage.heads]
    middle = plant.configs:Middle

    [twostage.sources]
    plant = plant.configs:Plant

    [twostage.samplers]
    firsts = plant.configs:Firsts

    [twostage.augmentations]
    flip = plant.configs:Flip

    [twostage.pretrainings]
    denoise = plant.configs:Denoise

    [twostage.adaptations]
    twice = plant.configs:Twice
"""


@pytest.fixture
def twostage(tmp_path):
    """The command line where the package is installed."""
    site = install(tmp_path / "site", "plant", ENTRIES, {"plant/configs.py": CONFIGS, "plant/classes.py": CLASSES})

    def twostage(*arguments):
        path = os.pathsep.join([str(site), *sys.path])
        return subprocess.run(
            [sys.executable, "-m", "twostage", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )

    return twostage


def test_a_run_of_what_a_package_adds(rig, tmp_path, twostage):
    written = document(rig, tmp_path / "save")
    written["data"]["source"] = {"kind": "plant", "folder": os.path.relpath(rig, tmp_path)}
    written["model"]["backbone"] = {"kind": "mixer", "hidden": 4}
    written["stage_1"] = {
        "pretrain_mode": "denoise",
        "std": 0.2,
        "sampler": {"kind": "firsts"},
        "systems": [1, 2],
        "epochs": 1,
    }
    written["stage_2"] = {"adapt_mode": "twice", "head": {"kind": "middle"}, "targets": [{"system": 3}], "epochs": 1}
    file = tmp_path / "document.yaml"
    file.write_text(json.dumps(written), encoding="utf-8")

    listed = json.loads(twostage("models", "--all", "--no-count", "--json").stdout)
    assert {each["kind"] for each in listed if each["package"] == "plant 1.2"} == {
        "mixer", "middle", "plant", "flip", "firsts", "denoise", "twice",
    }  # fmt: skip
    done = twostage("run", file)
    assert done.returncode == 0, done.stderr
    assert "digests equal" in done.stdout
    (folder,) = (tmp_path / "save" / "plant" / "hse_mixer").glob("denoise-twice_*")
    stages = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["stages"]
    assert [stage["name"].partition("/")[0] for stage in stages][:2] == ["stage_1", "stage_2"]
    assert 0.0 <= stages[1]["metrics"]["test/macro_f1"] <= 1.0
