"""Keys of the section ``task`` that only earlier versions of the old code read."""

from __future__ import annotations

from twostage.legacy.effects.effect import Table, bare

_CONTRAST = "a contrastive task that was removed in November 2025 read it"
_FLOW = "the removed flow pretraining read it"
_EPISODES = "episodes were drawn until June 2025; later versions trained on plain batches"

PAST: Table = {
    **bare("past", "scheduler_type step_size gamma use_momentum use_hard_negatives", _CONTRAST),
    **bare("past", "prompt_weight use_system_sampling cross_system_contrast backbone_lr_multiplier", _CONTRAST),
    **bare("past", "projection_dim", "removed pretraining tasks read it"),
    **bare("past", "num_steps use_contrastive enable_visualization track_memory track_gradients flow_weight", _FLOW),
    **bare("past", "use_gradient_balancing contrastive_hidden_dim augmentation_jitter_std", _FLOW),
    **bare("past", "augmentation_scaling_range save_plots generation_samples use_scheduler", _FLOW),
    **bare("past", "n_way k_shot q_query episodes_per_epoch", _EPISODES),
    **bare("past", "task_type", "an early data factory read it"),
    **bare("past", "pred_len", "an early data set for pretraining read it"),
}
