"""What a converted document carries of the one it came from, so that it can go back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from twostage.config.base import FromList, Section

Shape = Literal["single", "pair", "p03", "p04", "stages", "fragment"]
Pipeline = Literal["01", "02", "03", "04"]
Reading = Literal["meant", "as_executed"]


class Refusal(Section):
    """Something that the old document asks for and this one cannot express."""

    key: str = Field(description="Where it stands in the old document.")
    reason: str = Field(description="Why it has no place here.")
    write: Annotated[tuple[str, ...], FromList] = Field(
        (), description="Keys of this document that settle it: once all of them are written, nothing is refused."
    )


class Shadow(Section):
    """A value that stood under a key which the old file wrote again further down."""

    key: str = Field(description="The key, dotted.")
    value: Any = Field(description="What stood there.")
    line: int = Field(description="Line of the old file.")


class LegacyCarrier(Section):
    """The rest of a converted document: nothing in it has an effect on a run, but ``refused`` stops one.

    ``files`` has one entry for each old file. Mapped keys are not repeated: their values are those of the document.
    """

    shape: Shape = Field(description="Layout of the old document.")
    pipeline: Pipeline | None = Field(
        None, description="Pipeline that was named when converting; null took the file's."
    )
    reading: Reading = Field("meant", description="As the file says, or as the old code executed it.")
    refused: Annotated[tuple[Refusal, ...], FromList] = Field(
        (), description="What this document leaves out; a run is refused until the entry is settled or deleted."
    )
    files: Annotated[tuple[LegacyFile, ...], FromList] = Field((), description="The old files, in their order.")


class LegacyFile(Section):
    """What one old file says beyond the document. Old keys stand under their old names."""

    kept: dict[str, Any] = Field(default_factory=dict, description="Keys without a place in this document.")
    written: dict[str, Any] = Field(
        default_factory=dict, description="Spelling of mapped values, as {value, for}, while the value is unchanged."
    )
    absent: dict[str, Any] = Field(
        default_factory=dict, description="Values that going back would add and that the old file did not have."
    )
    shadowed: Annotated[tuple[Shadow, ...], FromList] = Field(
        (), description="Values that a later line of the old file replaced."
    )
    bases: dict[str, Any] = Field(
        default_factory=dict, description="What the file's base_configs said and it did not say itself."
    )
    order: Annotated[tuple[Any, ...], FromList] = Field((), description="Order of the keys in the old file.")


LegacyCarrier.model_rebuild()
