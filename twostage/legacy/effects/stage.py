"""Keys of the blocks that pipelines 03 and 04 have for each stage, and of the items of a ``stages`` list."""

from __future__ import annotations

from twostage.legacy.effects.effect import Table, bare, never, partly

_P03 = "pipeline 03 read it below training; nobody read it elsewhere"

TABLE: Table = {
    "enabled": partly("below training, pipelines 03 and 04 read it; nobody read it elsewhere"),
    **bare("partly", "target_systems backbones_to_compare individual_systems multitask_system", _P03),
    "name": partly("the name of an item of a stages list, in the results"),
    "epochs": never(instead="trainer.num_epochs"),
    "batch_size": never(instead="data.batch_size"),
    "learning_rate": never(instead="task.lr"),
    "weight_decay": never(instead="task.weight_decay"),
    "optimizer": never(instead="task.optimizer"),
    "masking_ratio": never(instead="task.mask_ratio"),
    "forecast_part": never(instead="task.forecast_part"),
    "patience": never(instead="trainer.patience"),
    "monitor": never(instead="trainer.monitor"),
    "save_top_k": never(instead="trainer.save_top_k"),
    "task_weights": never(instead="task.task_weights"),
    "min_delta": never("every improvement counted, however small"),
    "scheduler": never("no schedule was ever built"),
    "loss_type": never("the squared error was fixed"),
    "load_pretrained": never("no weight of stage 1 reached stage 2"),
    "progressive_unfreezing": never("no version froze anything by a key"),
    "finetune_targets": never("pipeline 04 went on to one training for each of task.target_system_id"),
    "target_datasets": never("no code knew data sets by these names"),
    "backbone_comparison": never(instead="stage.backbones_to_compare"),
    **bare("never", "reconstruction_loss_weight checkpoint_every_n_epochs type target_metrics"),
    **bare("never", "unified_datasets dataset_specific freeze_prompts freeze_backbone pretrained_path"),
    **bare("never", "description success_criteria config_overrides overrides"),
}
