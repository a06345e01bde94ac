# ruff: noqa: INP001 - a script beside the pages, not a package
"""Write ``migration/notices.md``: what each notice of a conversion means.

Run it from the root of the repository: ``.venv/bin/python docs/generate_notices.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from twostage.legacy.codes import CODES, Code, Kind

PAGE = Path(__file__).parent / "migration" / "notices.md"
WIDTH = 120
HEAD = """\
# Notices of a conversion

This page is made by `docs/generate_notices.py` from `twostage/legacy/codes.py`. Do not edit it by hand.

`twostage convert --explain` says for every value of an old file where it went. Where there is more to say, it adds a
code. Codes do not change between versions.
"""
KINDS: Mapping[Kind, str] = {
    "effect": "What did nothing in the old code",
    "behaviour": "What is different from what the old code did",
    "type": "What the old loader read as another type",
    "place": "What the new document has no place for",
    "input": "What is odd about the file",
}


def notices_text() -> str:
    """The whole page."""
    parts = [HEAD]
    for kind, title in KINDS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(name, code) for name, code in CODES.items() if code.kind == kind]
    return "\n".join(parts)


def _entry(name: str, code: Code) -> str:
    return f"### {name}\n\n" + fill(f"**{code.title}.** {code.text}", WIDTH, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(notices_text(), encoding="utf-8")
