"""Complete networks: models of the old project that read whole windows, each under its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.backward import NO_WORD, Wishes
from twostage.legacy.core.codecs import Choice, Codec, Flag, Number, Whole
from twostage.legacy.core.forward import Draft, NotHere, View
from twostage.legacy.core.leaves import same
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, decoded, differs, get
from twostage.legacy.rules.model_tables import Option

NAME, TYPE, BACKBONE = "model.name", "model.type", "model.backbone"
CONDITIONAL = "model.use_conditional"


class FourLayers:
    """Blocks of each of the four stages."""

    def decode(self, old: Any) -> list[int]:
        """Four whole numbers."""
        if not isinstance(old, list) or len(old) != 4:  # noqa: PLR2004 - the architecture
            raise NotHere(f"expected four numbers of blocks, found {old!r}")
        return [Whole(1).decode(each) for each in old]

    def encode(self, new: Any) -> Any:
        """As a list."""
        return list(new)


class Even:
    """An even number of at least four."""

    def decode(self, old: Any) -> int:
        """As an int."""
        value = Whole(4).decode(old)
        if value % 2:
            raise NotHere(f"expected an even number, found {old!r}")
        return value

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


class Words:
    """A list of distinct names."""

    def __init__(self, names: Choice) -> None:
        self.names = names

    def decode(self, old: Any) -> list[str]:
        """Each by its new name."""
        if not isinstance(old, list) or not old:
            raise NotHere(f"expected a list of names, found {old!r}")
        found = [self.names.decode(each) for each in old]
        if len(set(found)) != len(found):
            raise NotHere(f"{old!r} names one of them twice")
        return found

    def encode(self, new: Any) -> Any:
        """Each by its old name; NO_WORD where one has none."""
        words = [self.names.encode(each) for each in new]
        return NO_WORD if NO_WORD in words else words


_CHANNELS: Option = ("channels", ("model.in_channels", "model.channels", "model.input_channels"), Whole(1))
_NOT_NEGATIVE, _POSITIVE = Number(least=0.0), Number(above=0.0)
_STATISTICS: Codec = Words(
    Choice(
        {
            "mean": ("Mean",),
            "std": ("Std",),
            "var": ("Var",),
            "entropy": ("Entropy",),
            "max": ("Max",),
            "min": ("Min",),
            "abs_mean": ("AbsMean",),
            "kurtosis": ("Kurtosis",),
            "rms": ("RMS",),
            "crest_factor": ("CrestFactor",),
            "skewness": ("Skewness",),
            "clearance_factor": ("ClearanceFactor",),
            "shape_factor": ("ShapeFactor",),
        },
    )
)
NETWORKS: Mapping[str, tuple[Option, ...]] = {
    "protonet": (_CHANNELS, ("features", ("model.embedding_dim",), Whole(1))),
    "resnet1d": (
        ("channels", ("model.input_dim",), Whole(1)),
        ("block", ("model.block_type",), Choice({"basic": ("basic",), "bottleneck": ("bottleneck",)})),
        ("layers", ("model.layers",), FourLayers()),
        ("width", ("model.initial_channels",), Whole(1)),
    ),
    "mwa_cnn": (_CHANNELS,),
    "tspn": (
        _CHANNELS,
        ("features", ("model.feature_extractor_configs",), _STATISTICS),
        ("skip", ("model.skip_connection",), Flag()),
        ("centre", ("model.f_c_mu",), _NOT_NEGATIVE),
        ("centre_spread", ("model.f_c_sigma",), _NOT_NEGATIVE),
        ("band", ("model.f_b_mu",), _POSITIVE),
        ("band_spread", ("model.f_b_sigma",), _NOT_NEGATIVE),
    ),
    "isfm_flow": (
        _CHANNELS,
        ("length", ("model.sequence_length",), Whole(1)),
        ("hidden", ("model.hidden_dim",), Whole(1)),
        ("time_dim", ("model.time_dim",), Even()),
        ("condition.dim", ("model.condition_dim",), Whole(1)),
    ),
}
# Type and name of each; the name decides.
NAMES: Mapping[str, tuple[str, str]] = {
    "protonet": ("FewShot", "ProtoNet"),
    "resnet1d": ("CNN", "ResNet1D"),
    "mwa_cnn": ("X_model", "MWA_CNN"),
    "tspn": ("X_model", "TSPN"),
    "isfm_flow": ("ISFM", "M_04_ISFM_Flow"),
}
TRANSFORMS: Codec = Words(
    Choice({"identity": ("I",), "envelope": ("HT",), "wave_filter": ("WF",), "laplace": ("LNO",)}),
)
LAYERS, WIDTH = "model.signal_processing_configs", ("model.out_channels", "model.scale")


def network_of(view: View) -> str | None:
    """The complete network that a model section names; one that names a backbone is none."""
    name = view.value(NAME)
    if view.find(BACKBONE) is not None:
        return None
    return next((kind for kind, (_, known) in NAMES.items() if name == known), None)


def read_network(view: View, kind: str, draft: Draft) -> None:
    """Kind and options, and how wide the layers of TSPN are and what they do."""
    draft.set("model.network.kind", kind, view.find(NAME), view.find(TYPE))
    told = view.find(CONDITIONAL) if kind == "isfm_flow" else None
    bare = told is not None and told.value is False
    if bare:
        draft.set("model.network.condition", None, told)
    elif told is not None and told.value is True:
        draft.use("model.network.kind", told)
    for new, names, codec in NETWORKS[kind]:
        leaf = view.find(*names)
        value = None if leaf is None or (bare and new.startswith("condition.")) else decoded(leaf, codec, draft)
        if value is not None:
            draft.set(f"model.network.{new}", value, leaf)
    if kind == "tspn":
        _read_layers(view, draft)


def _read_layers(view: View, draft: Draft) -> None:
    leaves = view.below(LAYERS)
    layers = [decoded(leaf, TRANSFORMS, draft) for leaf in leaves]
    if layers and all(layers):
        draft.set("model.network.layers", layers, *leaves)
    parts = [leaf for name in WIDTH if (leaf := view.find(name)) is not None]
    sizes = [decoded(leaf, Whole(1), draft) for leaf in parts]
    if len(parts) == len(WIDTH) and all(sizes):
        draft.set("model.network.width", sizes[0] * sizes[1], *parts)


def agree_on_network(view: View, kind: str, draft: Draft) -> None:
    """What another stage says of the network must be what has been written."""
    name = view.find(NAME)
    if name is not None and name.value != NAMES[kind][1]:
        differs(draft, name, "model.network.kind", "refuse")
        return
    for leaf in (name, view.find(TYPE)):
        draft.use("model.network.kind", leaf)
    for new, names, codec in NETWORKS[kind]:
        option: Leaf | None = view.find(*names)
        if option is None:
            continue
        there, value = get(draft.body, f"model.network.{new}")
        if there and same(decoded(option, codec, draft), value):
            draft.use(f"model.network.{new}", option)
        else:
            differs(draft, option, f"model.network.{new}", "refuse")


def ask_network(network: Body, stage: Stage | None, wishes: Wishes) -> None:
    """Name, type and options."""
    kind = network["kind"]
    of_type, name = NAMES[kind]
    wishes.want(stage, NAME, name)
    wishes.want(stage, TYPE, of_type)
    if kind == "isfm_flow":
        bare = "condition" in network and network["condition"] is None
        if bare or wishes.spelled(stage, CONDITIONAL):
            wishes.want(stage, CONDITIONAL, value=not bare)
    for new, names, codec in NETWORKS[kind]:
        there, value = get(network, new)
        if there:
            wishes.want(stage, names, codec.encode(value))
    if kind == "tspn":
        _ask_layers(network, stage, wishes)


def _ask_layers(network: Body, stage: Stage | None, wishes: Wishes) -> None:
    """The width as so many channels at a scale of one."""
    for number, transforms in enumerate(network.get("layers", ()), start=1):
        wishes.want(stage, f"{LAYERS}.layer{number}", TRANSFORMS.encode(transforms))
    if "width" in network:
        wishes.want(stage, WIDTH[0], network["width"])
        wishes.want(stage, WIDTH[1], 1)
