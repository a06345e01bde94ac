"""A small folder in the layout of PHM-Vibench, for whole runs that take a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

RATE = 2000
LENGTH = 2000


def recording(generator: np.random.Generator, label: int, length: int = LENGTH) -> np.ndarray:
    """A tone whose frequency is the class, in noise."""
    time = np.arange(length) / RATE
    tone = np.sin(2 * np.pi * (60 + 130 * label) * time + generator.uniform(0, 2 * np.pi))
    return (tone + 0.5 * generator.standard_normal(length)).astype(np.float32)[:, None]


def write_rig(
    root: Path, *, systems: tuple[int, ...] = (1, 2, 3), classes: int = 3, bearings: int = 5, lives: bool = False
) -> Path:
    """Metadata and one HDF5 file per system: ``bearings`` bearings per class, each in two domains.

    With ``lives`` the table has remaining lives in hours, the shorter the higher the class.
    """
    root.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for system in systems:
        generator = np.random.default_rng(system)
        with h5py.File(root / f"RIG_{system}.h5", "w") as file:
            for label in range(classes):
                for bearing in range(bearings):
                    for domain in range(2):
                        key = 1000 * system + 100 * label + 10 * bearing + domain
                        file[str(key)] = recording(generator, label)
                        rows.append(
                            {
                                "Id": key,
                                "Dataset_id": system,
                                "Name": f"RIG_{system}",
                                "Label": label,
                                "Domain_id": domain,
                                "Bearing_id": f"{system}-{label}-{bearing}",
                                "Sample_rate": RATE,
                                "Sample_lenth": LENGTH,
                                "Channel": 1,
                            }
                            | ({"RUL_label": 120.0 - 50.0 * label - 4.0 * bearing} if lives else {})
                        )
    pd.DataFrame(rows).to_csv(root / "metadata.csv", index=False)
    return root


def document(root: Path, output: Path, **changes: Any) -> dict[str, Any]:
    """A document over the rig: contrastive on systems 1 and 2, fine-tuned on 3; a second or two in all.

    The control from scratch alone runs beside it, unless stage 2 writes another one.
    """
    base: dict[str, Any] = {
        "data": {
            "source": {"kind": "phm_vibench", "root": str(root)},
            "window": {"placement": "evenly_spaced", "length": 256, "per_recording": 4},
            "batch_size": 32,
        },
        "model": {
            "embedding": {"kind": "hse", "patch_length": 32, "patches": 8, "dim": 16},
            "backbone": {"kind": "patchtst", "layers": 1, "heads": 2, "feedforward": 16},
        },
        "stage_1": {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 2},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 2},
        "trainer": {"accelerator": "cpu"},
        "output": {"root": str(output)},
    }
    written = base | changes
    if isinstance(written.get("stage_2"), dict):
        written["stage_2"] = {"control": "from_scratch"} | written["stage_2"]
    return written
