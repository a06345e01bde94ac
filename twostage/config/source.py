"""Where recordings come from."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, Count, Ids
from twostage.config.plugins import Family


class PhmVibenchSource(Component):
    """Recordings on disk in the layout of PHM-Vibench: one metadata table and HDF5 files beside it."""

    implementation: ClassVar[str] = "twostage.data.sources.phm_vibench.source:PhmVibenchSource"
    paths: ClassVar[tuple[str, ...]] = ("root",)

    kind: Literal["phm_vibench"] = Field("phm_vibench", description="Metadata table plus HDF5 files.")
    root: str = Field(
        description="Folder that holds the metadata table and the HDF5 files. Relative paths start at the document."
    )
    metadata: str = Field("metadata.csv", description="File name of the metadata table (csv, tsv or xlsx) in root.")


class SyntheticSource(Component):
    """Simulated test rigs with known physics; made on first use and kept in the user's cache folder.

    There are seven designs. Systems above 7 are copies of the first six in turn (8 is built like 1, 14 like 1 again),
    with parts, phases and noise of their own.
    """

    implementation: ClassVar[str] = "twostage.data.sources.synthetic.source:SyntheticSource"

    kind: Literal["synthetic"] = Field("synthetic", description="Simulated rigs; nothing is read from disk.")
    seed: int = Field(0, ge=0, description="Seed of the generator: the same seed gives the same recordings.")
    systems: Ids | None = Field(
        None, description="Which rigs to make; null makes those that the document names, or the seven designs."
    )
    bearings_per_class: Count = Field(4, description="Bearing instances per fault class and severity.")
    severities: Annotated[int, Field(ge=1, le=3)] = Field(3, description="Number of fault severities (1 to 3).")
    domains: Count | None = Field(None, description="Operating conditions per rig; null takes all of them.")
    seconds: float = Field(2.0, gt=0.0, le=600.0, description="Length of each recording in seconds.")


Source = Annotated[PhmVibenchSource | SyntheticSource, Family("twostage.sources", "kind")]
