"""The examples of old documents, as the script that converts them lists them."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "legacy_configs"
EXAMPLES = runpy.run_path(str(FOLDER / "make.py"), run_name="legacy_examples")["EXAMPLES"]
BY_NAME = {example.name: example for example in EXAMPLES}
