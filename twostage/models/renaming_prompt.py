"""The names that PHM-Vibench gives to the tensors of the embeddings other than its plain HSE.

Pairs of prefixes, legacy first, in the form that ``twostage.models.renaming`` reads.
"""

from __future__ import annotations

import re

Pairs = tuple[tuple[str, str], ...]

_SIGNAL: Pairs = (
    ("embedding.patch_linear1.", "embedding.signal.linear1."),
    ("embedding.patch_linear2.", "embedding.signal.linear2."),
    ("embedding.final_norm.", "embedding.norm."),
)
_SYSTEM_PROMPT: Pairs = (
    ("embedding.prompt_encoder.prompt_embedding.", "embedding.prompt.table."),
    ("embedding.prompt_proj.", "embedding.prompt.projection."),
    ("embedding.concat_proj.", "embedding.mix."),
)
_ENCODER: Pairs = (
    ("dataset_embedding.", "systems."),
    ("domain_embedding.", "domains."),
    ("sample_rate_proj.", "rate."),
    ("system_fusion.", "system_fusion."),
    ("system_norm.", "system_norm."),
    ("sample_fusion.", "rate_fusion."),
    ("sample_norm.", "rate_norm."),
    ("prompt_attention.", "attention."),
    ("prompt_attention.out_proj.", "attention.out_proj."),
    ("final_projection.", "projection."),
    ("final_norm.", "norm."),
)
_FUSION: Pairs = (
    ("prompt_proj.", "projection."),
    ("cross_attention.", "attention."),
    ("cross_attention.out_proj.", "attention.out_proj."),
    ("fusion_proj.", "mix."),
    ("gate_proj.", "gate."),
    ("transform_proj.", "transform."),
    ("norm.", "norm."),
)
_RIG_PROMPT: Pairs = (
    *((f"embedding.prompt_encoder.{old}", f"embedding.prompt.encoder.{new}") for old, new in _ENCODER),
    *((f"embedding.prompt_fusion.{old}", f"embedding.prompt.fusion.{new}") for old, new in _FUSION),
)

# By kind of embedding; a pair that two kinds share is the same in both.
EMBEDDING_NAMES: dict[str, Pairs] = {
    "hse_prompt": _SIGNAL + _SYSTEM_PROMPT,
    "hse_v2": _SIGNAL + _RIG_PROMPT,
    "patch": (("embedding.proj.0.", "embedding.conv1."), ("embedding.proj.2.", "embedding.conv2.")),
}
# Every pair once.
PAIRS: Pairs = tuple(dict.fromkeys(pair for pairs in EMBEDDING_NAMES.values() for pair in pairs))

# In autumn 2025 the prompt model had a second prompt of its own, which took no part where its embedding had one.
IDLE = re.compile(r"prompt_(encoder|fusion)\..+")
