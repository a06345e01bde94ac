"""Contrast of prompts: those of one class in different systems lie together.

Legend: B batch, E features of a prompt.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.stage_1 import SupCon as SupConConfig
from twostage.config.stage_1.comparing import PromptContrast
from twostage.data.windowed import Batch
from twostage.errors import TrainingError
from twostage.models.embeddings.hse_prompt import SystemPrompts
from twostage.models.embeddings.patching import PatchEmbedding
from twostage.models.embeddings.rig_prompt import RigPrompts
from twostage.objectives.losses.supcon import SupCon


class PromptTerm(nn.Module):
    """InfoNCE of the windows' prompts, as the removed contrastive task of PHM-Vibench had it.

    Positives of a window are the windows of its class in other systems, negatives those of other classes. Windows of
    its class in its own system are neither. Where a window has several positives, its loss is the mean over them.
    """

    def __init__(self, config: PromptContrast) -> None:
        super().__init__()
        self.compare = SupCon(SupConConfig(temperature=config.temperature))

    def forward(self, embedding: PatchEmbedding, batch: Batch) -> Tensor:
        """Mean over the windows that have a positive; 0-dimensional. Raises TrainingError when none has."""
        same_class_BB = batch.label_B[:, None] == batch.label_B[None, :]
        same_system_BB = batch.system_B[:, None] == batch.system_B[None, :]
        positive_BB = same_class_BB & ~same_system_BB
        if not positive_BB.any():
            raise TrainingError(
                "no class of a batch occurs in two systems, so the prompts have no positive pair; a larger batch_size "
                "may give one, and leaving stage_1.prompt out asks for none"
            )
        prompt_BE = prompts_of(embedding, batch)
        return self.compare.against(prompt_BE, prompt_BE, positive_BB, ~(same_class_BB & same_system_BB))


def prompts_of(embedding: PatchEmbedding, batch: Batch) -> Tensor:
    """The prompts (B, E) that an embedding joins with the tokens of a batch."""
    prompt = embedding.prompt
    if isinstance(prompt, SystemPrompts):
        vectors_BE: Tensor = prompt(batch.system_B)
        return vectors_BE
    assert isinstance(prompt, RigPrompts)  # noqa: S101 - a document without a prompt is refused
    encoded_BE: Tensor = prompt.encoder(batch.system_B, batch.domain_B, batch.sample_rate_B)
    return encoded_BE
