"""Which old key each option of an embedding or a backbone had.

An option that the old model ignored is not here: it had no effect, and the old file's key is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from twostage.legacy.core.codecs import Choice, Codec, Number, Whole
from twostage.legacy.core.forward import Names

Option = tuple[str, Names, Codec]

_COUNT: Option = ("patches", ("model.num_patches", "model.n_patches"), Whole(1))
_PATCHES: tuple[Option, ...] = (
    ("patch_length", ("model.patch_size_L",), Whole(1)),
    ("patch_channels", ("model.patch_size_C",), Whole(1)),
    _COUNT,
    ("dim", ("model.output_dim",), Whole(1)),
)
_BETWEEN_LAYERS = ("gelu", "tanh", "sigmoid", "relu", "leaky_relu", "softplus", "elu", "silu")
_ACTIVATION = Choice({"relu": ("relu",), "gelu": ("gelu",)})

EMBEDDINGS: Mapping[str, tuple[Option, ...]] = {
    "hse": _PATCHES,
    "hse_prompt": (
        *_PATCHES,
        ("prompt.dim", ("model.prompt_dim",), Whole(1)),
        ("prompt.combination", ("model.prompt_combination",), Choice({"add": ("add",), "concat": ("concat",)})),
        ("prompt.max_systems", ("model.max_dataset_ids",), Whole(1)),
    ),
    "hse_v2": (
        *_PATCHES,
        ("prompt.dim", ("model.prompt_dim",), Whole(1)),
        (
            "prompt.fusion",
            ("model.fusion_type", "model.fusion_strategy"),
            Choice({"attention": ("attention",), "concat": ("concat",), "gating": ("gating",)}),
        ),
        ("prompt.max_systems", ("model.max_dataset_ids",), Whole(1)),
        ("prompt.max_domains", ("model.max_domain_ids",), Whole(1)),
    ),
    "patch": (
        ("patch_length", ("model.patch_size_L",), Whole(1)),
        _COUNT,
        ("channels", ("model.input_dim",), Whole(1)),
        ("dim", ("model.output_dim",), Whole(1)),
        ("hidden", ("model.d_model",), Whole(1)),
        ("activation", ("model.activation",), Choice({name: (name,) for name in _BETWEEN_LAYERS})),
    ),
}
EMBEDDING_NAMES = Choice(
    {
        "hse": ("E_01_HSE",),
        "hse_prompt": ("HSE_prompt",),
        "hse_v2": ("E_01_HSE_v2", "E_01_HSE_Prompt"),
        "patch": ("E_03_Patch", "E_03_Patch_DPOT"),
    },
)

_HEADS: Option = ("heads", ("model.num_heads", "model.n_heads", "model.nhead"), Whole(1))
BACKBONES: Mapping[str, tuple[Option, ...]] = {
    "dlinear": (),
    "patchtst": (
        ("layers", ("model.e_layers", "model.num_layers", "model.n_layers"), Whole(1)),
        _HEADS,
        ("feedforward", ("model.d_ff",), Whole(1)),
        ("dropout", ("model.dropout", "model.dropout_rate"), Number(least=0.0, below=1.0)),
        ("activation", ("model.activation",), _ACTIVATION),
    ),
    "transformer": (("layers", ("model.num_layers", "model.n_layers"), Whole(1)), _HEADS),
    "timesnet": (
        ("layers", ("model.e_layers", "model.num_layers"), Whole(1)),
        ("feedforward", ("model.d_ff",), Whole(1)),
    ),
    "fno": (
        ("layers", ("model.num_layers", "model.n_layers"), Whole(1)),
        ("modes", ("model.modes", "model.num_modes"), Whole(1)),
        ("width", ("model.width", "model.d_model"), Whole(1)),
    ),
    "vibt": (
        ("layers", ("model.num_layers",), Whole(1)),
        _HEADS,
        ("mlp_ratio", ("model.factor",), Whole(1)),
    ),
}
BACKBONE_NAMES = Choice(
    {
        "dlinear": ("B_04_Dlinear",),
        "patchtst": ("B_08_PatchTST",),
        "transformer": ("B_01_basic_transformer",),
        "timesnet": ("B_06_TimesNet",),
        "fno": ("B_09_FNO",),
        "vibt": ("B_10_VIBT",),
    },
)
HEAD_NAMES = Choice({"linear": ("H_01_Linear_cla",), "distance": ("H_02_distance_cla",)})
