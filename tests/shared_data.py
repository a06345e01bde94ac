"""Where data lie that are not part of the repository; tests that need them skip where they are absent."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("TWOSTAGE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
CORPUS = SHARED / "corpus" / "open"


def shared_json(name: str) -> Any:
    """What a file of recorded runs of the old models says; skips where they are absent."""
    path = SHARED / "parity" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"recorded legacy runs are not beside this checkout: {path} does not exist")
    return json.loads(path.read_text(encoding="utf-8"))
