"""One job: read, convert, tell the fate of every leaf, write the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twostage.config.carrier import Pipeline, Reading
from twostage.config.document import TwoStageConfig
from twostage.config.old_documents import looks_old
from twostage.config.problems import DocumentError, reason_of, render
from twostage.config.reading.files import text_layer
from twostage.config.variants import count_stages
from twostage.errors import TwoStageError
from twostage.legacy.beneath import beneath
from twostage.legacy.command.fates import fates, notices
from twostage.legacy.command.outcome import Outcome
from twostage.legacy.command.rooted import refused, rooted
from twostage.legacy.compose.reading import read_old
from twostage.legacy.convert import Conversion, ConversionError, to_new, to_old
from twostage.legacy.core.leaves import leaves
from twostage.legacy.declared import declared_runs
from twostage.legacy.present import Moves, ordered, text_of
from twostage.legacy.text.nodes import LegacyText, plain
from twostage.legacy.text.write import write_yaml


@dataclass(frozen=True)
class Wish:
    """What the user asks for beyond the files."""

    pipeline: Pipeline | None = None
    reading: Reading = "meant"
    data_root: str | None = None
    back: bool = False
    shape: str | None = None


def convert_files(paths: Sequence[Path], wish: Wish) -> Outcome:
    """Convert one old file or a pair; a new document stays as it is. Never raises for what is wrong with a file."""
    names = tuple(str(path) for path in paths)
    try:
        texts = [read_old(path, "file")[0] for path in paths]
        if wish.back:
            return _back(names, texts[0], wish)
        if len(texts) == 1 and _is_new(plain(texts[0].root)):
            return Outcome(names, "unchanged", text=texts[0].text, old_text=texts[0].text)
        return _forth(names, texts, wish)
    except DocumentError as error:
        return Outcome(names, "failed", problems=tuple(render([problem]) for problem in error.problems))
    except TwoStageError as error:
        return Outcome(names, "failed", problems=(f"{names[0]}: {error}",))


def _is_new(data: Mapping[str, Any]) -> bool:
    return not looks_old(data) and bool(set(data) & {"legacy", "stage_1", "stage_2", "bases"})


def _forth(names: tuple[str, ...], texts: Sequence[LegacyText], wish: Wish) -> Outcome:
    files = [plain(text.root) for text in texts]
    below = [beneath(text, text_layer(text.name, text.text, "file", str(Path.cwd()))) for text in texts]
    conversion = to_new(
        files,
        pipeline=wish.pipeline,
        reading=wish.reading,
        shadowed=[text.shadowed for text in texts],
        bases=[each.values for each in below] if any(each.values for each in below) else (),
    )
    document = ordered(rooted(conversion, wish.data_root))
    _require_valid(document, conversion)
    moves = Moves(document, conversion.uses, [leaf.path for leaf in conversion.leaves])
    text = text_of(document, moves, [each.comments for each in texts])
    found = conversion.detection
    return Outcome(
        names,
        "changed",
        text=text,
        old_text=texts[0].text,
        shape=str(found.shape),
        detail=found.detail,
        rule=found.rule,
        pipeline=found.pipeline,
        role=found.role if found.shape == "single" else None,
        reading=wish.reading,
        modes=_modes(document),
        runs=_runs(document, files),
        rows=fates(conversion, below),
        notices=notices(conversion, below, wish.data_root),
        refused=refused(conversion, wish.data_root),
        problems=tuple(render([each]) for one in below for each in one.problems),
    )


def _modes(document: Mapping[str, Any]) -> dict[str, str]:
    keys = {"stage_1": "pretrain_mode", "stage_2": "adapt_mode"}
    return {stage: document[stage][key] for stage, key in keys.items() if stage in document}


def _runs(document: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    try:
        config = TwoStageConfig.model_validate(document)
    except ValidationError:
        return {}
    counts = dict(count_stages(config))
    return {**counts, "total": sum(counts.values()), **declared_runs(files[0])}


def _require_valid(document: Mapping[str, Any], conversion: Conversion) -> None:
    """Raise ConversionError for an old file that contradicts itself in a way that no part left out would mend."""
    if conversion.detection.shape == "fragment":
        return
    try:
        TwoStageConfig.model_validate(document)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, each['loc']))}: {reason_of(each)}".removeprefix(": ") for each in error.errors()]
        raise ConversionError(f"the new document would not be valid: {'; '.join(told)}") from error


def _back(names: tuple[str, ...], text: LegacyText, wish: Wish) -> Outcome:
    data = plain(text.root)
    if not _is_new(data):
        raise ConversionError("this is an old document already")
    files = to_old(data, to=wish.shape)
    conversion = to_new(files, **_hints(data))
    written = [_old_text(file, number, text, conversion) for number, file in enumerate(files)]
    return Outcome(
        names,
        "changed",
        text=written[0],
        second_text=written[1] if len(written) > 1 else None,
        old_text=text.text,
        shape=str(conversion.detection.shape),
        rule=conversion.detection.rule,
    )


def _hints(data: Mapping[str, Any]) -> dict[str, Any]:
    carrier = data.get("legacy")
    carrier = carrier if isinstance(carrier, Mapping) else {}
    return {"pipeline": carrier.get("pipeline"), "reading": carrier.get("reading", "meant")}


def _old_text(file: Mapping[str, Any], number: int, text: LegacyText, conversion: Conversion) -> str:
    """An old file with the comments of the new one, each at the key that its key came from."""
    from_new = {
        target: path
        for path, targets in reversed(list(conversion.uses.items()))
        for target in targets
        if path[0] == number
    }
    kept = {("legacy", "files", number, "kept", *path): (number, *path) for path, _ in leaves(file)}
    uses = {new: [old[1:]] for new, old in {**from_new, **kept}.items()}
    moves = Moves(file, {(0, *new): targets for new, targets in uses.items()}, [(0, *new) for new in uses])
    return text_of(file, moves, [text.comments]) if number == 0 else write_yaml(file, {})
