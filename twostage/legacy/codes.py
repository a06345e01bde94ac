"""Codes of everything that a conversion has to tell; they do not change once a version has been published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["effect", "behaviour", "type", "place", "input"]


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means.

    - ``effect``: a key that never had an effect. ``behaviour``: the new document does something else than the old code.
    - ``type``: the old loader read a value as another type. ``place``: the new document has no place for a value.
    - ``input``: something odd in the file itself.
    """

    title: str
    kind: Kind
    text: str


PAGE = "docs/migration/notices.md"

_EFFECT = {
    "no-effect": Code(
        "The key never had an effect",
        "effect",
        "No code read this key, or not in the last version, or what was read could not matter. The run that you "
        "remember went on without it, so the new document leaves it out. The carrier keeps it for the way back. "
        "Where the old code read the same quantity under another name, the notice gives that name.",
    ),
    "now-counts": Code(
        "The key counts for the first time",
        "behaviour",
        "The old code paid no attention to this key in its last version, so the run that you remember went on without "
        "it. The new document does what the key says. Leave the key out of the new document if you want the old "
        "behaviour, or convert with --reading as_executed.",
    ),
    "loses-to": Code(
        "Another spelling decides",
        "effect",
        "The file says one quantity by several names or at several places. A place that is nearer to the stage "
        "counts before a common one; at one place the name counts that the old code read first. The notice names "
        "the winner. It also tells when the old code read the name that loses here, as it does where a stage block "
        "of pipeline 03 speaks.",
    ),
    "environment-variable": Code(
        "The key became an environment variable",
        "effect",
        "Names in capitals below environment were set as environment variables of the process, and only by some of "
        "the pipelines. A document changes no variables here. Set them in the shell, or in the script that starts "
        "the run.",
    ),
    "pipeline-ignored": Code(
        "The name of the pipeline was ignored",
        "effect",
        "The old launcher understood pipeline as text only. A mapping with a name did nothing: pipeline 01 ran, "
        "and a list of stages was left out. The conversion does take the name as what the file is meant to be.",
    ),
    "third-stage": Code(
        "A stage after the second one",
        "effect",
        "The old code ran the first two entries of a list of stages and said nothing about the others. A document "
        "here has two stages as well. Write a document of its own for what should follow, and start it from a "
        "checkpoint.",
    ),
    "unknown-key": Code(
        "The key is unknown",
        "effect",
        "The key is in no table of the old project. It may be a slip of the pen, a note, or a key of your own "
        "code. Nothing is guessed: the carrier keeps it. If your own code reads it, pass it to your plugin as a "
        "parameter.",
    ),
}

_BEHAVIOUR = {
    "schedule-applies": Code(
        "The schedule of the learning rate now runs",
        "behaviour",
        "The last version of the old code built no schedule from any form of this key, so the learning rate stayed "
        "the same for the whole run. The document states the schedule that the file means, and it runs. Remove the "
        "scheduler of the stage to train with a constant rate, as before.",
    ),
    "disjoint-validation": Code(
        "Training, validation and test share no sample",
        "behaviour",
        "The old code compared a wrong name of the split, so validation and test used all windows of a recording, "
        "those of training too. Here the parts are disjoint. Expect lower numbers; they mean more.",
    ),
    "keeps-the-best": Code(
        "The best epoch is kept, not the worst",
        "behaviour",
        "The old trainer kept the epoch with the lowest value of the monitor, also where a higher value is better. "
        "Of an accuracy it kept the worst epoch. The document says which way is better.",
    ),
    "too-large": Code(
        "The model is larger than a run allows",
        "behaviour",
        "The sizes of the file make a TimesNet whose weights alone are more than model.max_parameters. The old code "
        "built it and took what memory there was; here a run is refused before it takes any, with the sum and the "
        "size that matters most. Raise model.max_parameters if the machine has the memory, or make the model smaller.",
    ),
    "weights-transfer": Code(
        "The named checkpoint is really loaded",
        "behaviour",
        "The old code looked for weights by names that no checkpoint had, loaded none of them and said it was "
        "done. Here the weights of the named checkpoint must fit, or the run stops before it trains.",
    ),
    "weights-now-transferred": Code(
        "Stage 2 starts from stage 1",
        "behaviour",
        "Between the stages of the old pipelines no weight was handed over, because the names in the checkpoint "
        "had a prefix that nobody removed. Stage 2 trained from scratch. Here it starts from the encoder of stage "
        "1, and the record of the run counts what was transferred.",
    ),
    "freezes": Code(
        "Frozen parts stay as they are",
        "behaviour",
        "No version of the old code froze a part because of a key: everything trained. Here the named part keeps "
        "its weights in stage 2. Set the flag to false to train it, as before.",
    ),
    "unfreezes": Code(
        "Parts begin to train later",
        "behaviour",
        "No version of the old code froze a part, so the schedule of unfreezing had nothing to do: everything trained "
        "from the first epoch. Here the named parts wait as long as the file says. Write stage_2.unfreeze: null to "
        "train all of them at once, as before.",
    ),
    "never-unfrozen": Code(
        "A part would wait for the whole stage",
        "behaviour",
        "The file lets a part wait for as many epochs as the stage has, or more, so it would never train. The document "
        "lets it train at once, as the old code did. Write stage_2.freeze to keep it as it is.",
    ),
    "never-validated": Code(
        "No epoch would be validated",
        "behaviour",
        "The file asks for a validation after more epochs than the stage has. Without one no epoch could be chosen, so "
        "the document validates each. Write validate_every in the stage for another cadence.",
    ),
    "window-support": Code(
        "Support and query may share a bearing",
        "behaviour",
        "The few-shot tasks of the last version trained on plain batches, and earlier episodes could hold a window on "
        "both sides. Here no sample is on both sides. They may share a bearing, as the old keys meant it, which makes "
        "the figures look better than they would on a bearing that is new. Write stage_2.support_unit: bearing for an "
        "honest one.",
    ),
    "leaky-split": Code(
        "Validation and test contain training samples",
        "behaviour",
        "Read as executed, the document repeats the split of the old code: the first windows of a recording train, "
        "all of them validate, and for most tasks the test takes the same recordings once more. The figures do not "
        "tell how good the model is. Every report of such a run says so.",
    ),
    "as-executed": Code(
        "The document repeats what the old code did",
        "behaviour",
        "Read as executed, the document does what the last version of the old code did at this key, also where that is "
        "not what the key says. The notice says what that was, and why.",
    ),
    "all-systems": Code(
        "No system is named",
        "behaviour",
        "Without a list of systems the old code stopped with an error. The document adapts to all systems of the "
        "data together. Name systems in stage_2.targets to choose.",
    ),
    "systems-as-domains": Code(
        "Ids of domains are taken as systems",
        "behaviour",
        "The file has ids of systems in a key for domains, which the old code ignored for this type of task. They "
        "are taken as the systems of stage 1, as the file means them.",
    ),
    "as-recorded": Code(
        "Recordings keep their sampling rates",
        "behaviour",
        "The old code resampled nothing, so an encoder that meets several systems saw several sampling rates under one "
        "window length. A new document must say what it wants there; a converted one says data.band: {kind: "
        "as_recorded}, and every report of a run in which rates differ says so. Write data.band: {kind: common, rate: "
        "...} to bring all recordings to one rate and band.",
    ),
    "one-epoch": Code(
        "No number of epochs is written",
        "behaviour",
        "Without a number of epochs the old trainer ran one. The document says one too, so that nothing hidden "
        "decides. It is seldom what you want: write the number.",
    ),
}

_TYPE = {
    "retyped": Code(
        "Text is taken as a number",
        "type",
        "The YAML that the old code read takes 5e-4 as text, since it wants a dot in a number. Optimisers stopped "
        "at it. The document has the number; on the way back the old spelling returns.",
    ),
    "date": Code(
        "A date is kept as text",
        "type",
        "The old loader made a date of this value. No key of the old project means a date, so the text is kept as "
        "it stands in the file.",
    ),
}

_PLACE = {
    "no-place": Code(
        "The old code read the key, and there is none like it",
        "place",
        "The key did something, perhaps under a condition that the notice states, and the new document has nothing "
        "of the kind. The carrier keeps it. The notice says what holds instead.",
    ),
    "kept-value": Code(
        "The value has no counterpart",
        "place",
        "The key is known, but the new document cannot hold this value: it is of another type, out of range, or "
        "none of the known words. The default holds, and the carrier keeps the old value.",
    ),
    "differs": Code(
        "Both stages share the key, but the files disagree",
        "place",
        "The new document says this once for both stages, while the old files said it twice and differently. The "
        "first value is used. The carrier keeps the other one.",
    ),
    "names-without-ids": Code(
        "Names of data sets without their ids",
        "place",
        "Targets are systems, by the ids of the metadata. The file names data sets and has no table that says "
        "which ids they have, and tables elsewhere contradict each other. Write the ids into stage_2.targets.",
    ),
    "refused": Code(
        "The document cannot run without a decision",
        "place",
        "The old value matters and has no counterpart: a model that is not here, a task that does not exist, a "
        "missing data folder. Nothing is put in its place. The document loads only after you wrote what you want "
        "there.",
    ),
    "crash": Code(
        "The old code stopped here",
        "place",
        "Read as executed, there is nothing to repeat: the last version of the old code ended in an error at this key, "
        "or because the key is missing. A run of the document is refused. Read the file as it was meant instead, "
        "or delete the entry below legacy.refused to run the document without the error.",
    ),
    "not-reproduced": Code(
        "The old behaviour cannot be repeated",
        "place",
        "Read as executed, the old code did something at this key that nothing here can do in the same way. The notice "
        "says what it was, and what runs instead. Where it decides the result, a run is refused until the entry below "
        "legacy.refused is deleted.",
    ),
    "machine-path": Code(
        "A path of one machine",
        "place",
        "The path is absolute and belongs to the machine where the file was written. It is kept as it is. Give the "
        "folder of your data with twostage convert --data-root.",
    ),
}

_INPUT = {
    "duplicate-key": Code(
        "A key stands twice in one mapping",
        "input",
        "The old loader took the last one without a word, and so does the conversion. The carrier remembers the "
        "value that lost and its line.",
    ),
    "encoding": Code(
        "The file is not UTF-8",
        "input",
        "Bytes that are no UTF-8 were read as GB18030 by the old loader, and characters that do not fit were "
        "dropped. The conversion reads the same text. Look at the comments, and save the file as UTF-8.",
    ),
}

CODES: Mapping[str, Code] = MappingProxyType({**_EFFECT, **_BEHAVIOUR, **_TYPE, **_PLACE, **_INPUT})


def page_of(code: str) -> str:
    """Where the documentation explains a code. Raises KeyError for a code that is not registered."""
    CODES[code]
    return f"{PAGE}#{code}"
