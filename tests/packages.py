"""Small packages that add components, installed into a folder of their own as pip would do it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

CONFIG = """
    from typing import ClassVar, Literal

    from pydantic import Field

    from twostage.config.base import Count
    from twostage.config.model import BackboneConfig


    class Mixer(BackboneConfig):
        \"\"\"Tokens mixed by one hidden layer.\"\"\"

        implementation: ClassVar[str] = "mixing.network:Mixer"
        paper: ClassVar[str] = "Tolstikhin et al. 2021, MLP-Mixer"

        kind: Literal["mixer"] = "mixer"
        hidden: Count = Field(8, description="Hidden features.")
"""
NETWORK = """
    from torch import nn


    class Mixer(nn.Module):
        def __init__(self, config, *, dim, patches):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(patches, config.hidden), nn.GELU(), nn.Linear(config.hidden, patches))

        def forward(self, tokens_BPD):
            return self.layers(tokens_BPD.transpose(1, 2)).transpose(1, 2)
"""
MIXER = {"mixing/__init__.py": "", "mixing/configs.py": CONFIG, "mixing/network.py": NETWORK}
MIXER_ENTRY = "[twostage.backbones]\nmixer = mixing.configs:Mixer\n"


def install(folder: Path, name: str, entry_points: str, modules: dict[str, str], version: str = "1.2") -> Path:
    """Write a package as it lies after an installation; ``folder`` belongs on the path of modules."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(dedent(entry_points), encoding="utf-8")
    for path, text in modules.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    return folder
