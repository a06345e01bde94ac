"""What every section of a document has in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict


class Section(BaseModel):
    """A part of the document: frozen, strictly typed, and closed to unknown keys."""

    # Built on first use: by then every module is there, ours and those of packages that add components.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


class Component(Section):
    """A section that a class of the same name eats.

    ``implementation`` names that class as ``"package.module:Class"``, so that a document can be read and
    checked without importing it.
    """

    implementation: ClassVar[str]
    # Where it comes from: author, year, title; and what PHM-Vibench calls it.
    paper: ClassVar[str] = ""
    # Fields that are paths: where they are relative, they start at the document.
    paths: ClassVar[tuple[str, ...]] = ()
    legacy: ClassVar[str] = ""


def _distinct(ids: tuple[int, ...]) -> tuple[int, ...]:
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise ValueError(f"{twice} are named more than once")
    return ids


# A YAML sequence arrives as a list and becomes a tuple; its elements stay strictly typed.
FromList = Strict(False)  # noqa: FBT003 - pydantic's own spelling
Ids = Annotated[tuple[int, ...], FromList, Field(min_length=1), AfterValidator(_distinct)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]
