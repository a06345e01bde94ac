"""Where data lie that are not part of the repository; tests that need them skip where they are absent."""

import os
from pathlib import Path

SHARED = Path(os.environ.get("TWOSTAGE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
CORPUS = SHARED / "corpus" / "open"
