"""Where recordings come from, windows, normalisation and batches."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Codec, Number, Text, Whole
from twostage.legacy.core.forward import Draft, Names, View, key_of
from twostage.legacy.core.leaves import same
from twostage.legacy.core.mounts import Scope, Stage
from twostage.legacy.core.rule import Body, Constant, Rule, Scalar, decoded, get, prefixed

LENGTH: Names = ("data.window_size", "data.sequence_length", "data.preprocessing.segment_length")
PLACEMENT: Names = ("data.window_sampling_strategy",)
AMOUNT: Names = ("data.num_window",)
STRIDE: Names = ("data.stride",)
BATCH: Names = ("data.batch_size", "stage.batch_size", "task.batch_size", "trainer.batch_size")
PLACEMENTS = Choice(
    {"evenly_spaced": ("evenly_spaced",), "sequential": ("sequential",), "random": ("random",)},
)
NORMALIZATIONS = Choice(
    {"standardize": ("standardization", True, "true"), "minmax": ("minmax",), "none": ("none", False, "false")},
)


class Windows:
    """The window keys as one section. ``stride`` belongs to sequential windows; the old code ignored it elsewhere."""

    def forward(self, view: View, draft: Draft) -> None:
        """All keys of the document; of a stage only where it has one of its own."""
        own = _own(view)
        if own is None or not own.all(*LENGTH, *PLACEMENT, *AMOUNT, *STRIDE):
            return
        window = self._section(view if view.stage else own, draft, _target(view))
        if view.stage is not None and _paired(view) and window == get(draft.body, "data.window")[1]:
            for leaf in own.all(*LENGTH, *PLACEMENT, *AMOUNT, *STRIDE):
                if leaf.path in draft.uses:
                    draft.uses[leaf.path] = [("data", "window")]
        elif window:
            _write(draft, _target(view), window)

    def _section(self, view: View, draft: Draft, target: str) -> dict[str, Any]:
        placement = "evenly_spaced"
        window: dict[str, Any] = {}
        for key, names, codec in self._parts():
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, codec, draft)
            if key == "placement":
                placement = value or placement
                window[key] = placement
            elif leaf is None or value is None or (key == "stride" and placement != "sequential"):
                continue
            else:
                window[key] = value
            if leaf is not None and value is not None:
                draft.use(f"{target}.{key}", leaf)
        return window

    def _files(self, wishes: Wishes, body: Body) -> tuple[Scope, ...]:
        """Of two files those that speak of windows; both where none does."""
        scopes = _doc_scopes(wishes, body, "window")
        names = [key_of(name) for _, spelled, _ in self._parts() for name in spelled]
        return tuple(scope for scope in scopes if any((scope, name) in wishes.used for name in names)) or scopes

    @staticmethod
    def _parts() -> tuple[tuple[str, Names, Codec], ...]:
        return (
            ("placement", PLACEMENT, PLACEMENTS),
            ("length", LENGTH, Whole(8)),
            ("per_recording", AMOUNT, Whole(1)),
            ("stride", STRIDE, Whole(1)),
        )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Key by key."""
        there, window = get(body, prefixed(stage, "window") if stage else "data.window")
        if not there or window is None:
            return
        scopes = self._files(wishes, body) if stage is None else wishes.layout.sees[stage][:1]
        for key, names, codec in self._parts():
            if key in window:
                wishes.want(stage, names, codec.encode(window[key]), scopes=scopes)


class BatchSize:
    """Windows per batch, of the document or of one stage."""

    def forward(self, view: View, draft: Draft) -> None:
        """The document's from what both stages share; a stage's where it has one of its own."""
        if get(draft.body, f"{view.stage}.adapt_mode")[1] == "fewshot":
            return  # a batch is an episode
        own = _own(view)
        leaf = None if own is None else own.find(*BATCH)
        value = None if leaf is None else decoded(leaf, Whole(1), draft)
        if leaf is None or value is None:
            return
        if view.stage is not None and _paired(view) and same(value, get(draft.body, "data.batch_size")[1]):
            draft.use("data.batch_size", leaf)
        else:
            draft.set("data.batch_size" if view.stage is None else f"{view.stage}.batch_size", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for it where it belongs."""
        there, value = get(body, prefixed(stage, "batch_size") if stage else "data.batch_size")
        if there:
            scopes = _doc_scopes(wishes, body, "batch_size") if stage is None else wishes.layout.sees[stage][:1]
            wishes.want(stage, BATCH, value, scopes=scopes)


class AsRecorded:
    """The old code took recordings as they are, whatever their sampling rates."""

    def forward(self, view: View, draft: Draft) -> None:
        """Say so, since a document that says nothing is refused where rates differ."""
        if view.source.layout.stages and draft.written("data.source"):
            draft.set("data.band", {"kind": "as_recorded"})
            draft.remark("as-recorded", None, "data.band: recordings are not resampled, as in the old code")

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Nothing to ask for."""


class NoSource:
    """A file without a data folder: a run must not fall back on anything in silence."""

    def forward(self, view: View, draft: Draft) -> None:
        """Refuse, but for a mere part of a document."""
        if view.source.layout.stages and not draft.written("data.source.root"):
            draft.refuse("data.data_dir", "the file names no data folder; write data.source", write=("data.source",))

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Nothing to ask for."""


def _paired(view: View) -> bool:
    return view.source.layout.paired


def _own(view: View) -> View | None:
    """What belongs to the document alone, or to the stage alone; None where that is nothing."""
    scopes = view.source.layout.scopes()
    if view.stage is None:
        return view.only(scopes[0])
    mine: Scope = view.source.layout.sees[view.stage][0]
    return None if mine == scopes[0] else view.only(mine)


def _target(view: View) -> str:
    return "data.window" if view.stage is None else f"{view.stage}.window"


def _write(draft: Draft, target: str, section: dict[str, Any]) -> None:
    for key, value in section.items():
        draft.set(f"{target}.{key}", value)


def _doc_scopes(wishes: Wishes, body: Body, key: str) -> tuple[Scope, ...]:
    """Where the document's own value stands: what both stages share, or every file without a value of its own."""
    scopes = wishes.layout.scopes()
    if not wishes.layout.paired:
        return scopes[:1]
    return tuple(scope for scope in scopes if not get(body, f"{scope}.{key}")[0])


SOURCE: tuple[Rule, ...] = (
    Scalar("data.source.root", ("data.data_dir", "data_dir"), Text(), differing="refuse"),
    NoSource(),
    Scalar(
        "data.source.metadata",
        ("data.metadata_file",),
        Text(),
        differing="refuse",
        beside="data.source.root",
    ),
    Constant("data.source.kind", "phm_vibench", where="data.source"),
    AsRecorded(),
)
DOCUMENT: tuple[Rule, ...] = (
    *SOURCE,
    Windows(),
    Scalar(
        "data.normalize",
        ("data.normalization", "data.normalize", "data.preprocessing.normalize"),
        NORMALIZATIONS,
    ),
    Scalar("data.noise_snr", ("data.noise_snr",), Number()),
    BatchSize(),
    Scalar("data.workers", ("data.num_workers", "task.num_workers", "trainer.num_workers"), Whole(0)),
)
STAGE: tuple[Rule, ...] = (Windows(), BatchSize())
