"""The section ``task``."""

from __future__ import annotations

from twostage.legacy.effects.effect import Table, bare, live, never, partly, past
from twostage.legacy.effects.task_past import PAST

_PREDICTION = "only the pretraining tasks that predict or reconstruct"
_GFS = "only tasks of the type GFS"
_FIXED = "the multi-task model took its weights from task_weights and fixed losses"
_NO_SCHEDULE = "it belonged to a schedule that was never built"
_NO_FREEZING = "no version froze anything by a key"

_LIVE: Table = {
    **bare("live", "name type lr weight_decay optimizer target_system_id loss enabled_tasks task_weights"),
    **bare("live", "contrast_loss enable_task_validation validation_mode force_enable_tasks classification_weight"),
    **bare("live", "rul_loss augmentation_noise_std metric_loss matching_metric"),
    "metrics": live("only known names: accuracy, for example, was skipped"),
    "contrast_weight": live("0 was refused when the file was loaded"),
    "target_domain_num": live("it counted before source_domain_id and target_domain_id"),
    "momentum": partly("only for the optimiser SGD"),
    "task_list": partly("only where the task's name is multitask"),
    "alpha_prediction": partly("only the pretraining tasks prediction and classification_prediction"),
    "mask_ratio": partly(_PREDICTION),
    "forecast_part": partly(_PREDICTION),
    "source_domain_id": partly("only tasks of the type DG without target_domain_num"),
    "target_domain_id": partly("only tasks of the type DG without target_domain_num"),
    **bare("partly", "temperature margin barlow_lambda", "only contrastive pretraining"),
    **bare("partly", "num_episodes num_systems num_domains num_labels num_support num_query", _GFS),
    "cross_domain": partly("only metric losses that no task used"),
}

_INSTEAD: Table = {
    "epochs": past("a removed contrastive task took the length of its schedule from it", "trainer.num_epochs"),
    "max_epochs": never(_NO_SCHEDULE, "trainer.num_epochs"),
    "learning_rate": never("without task.lr the run stopped with an error", "task.lr"),
    "flow_lr": past("the removed flow pretraining read it", "task.lr"),
    "optimizer.lr": never(instead="task.lr"),
    "optimizer.weight_decay": never(instead="task.weight_decay"),
    "optimizer.name": never("a mapping was no name of an optimiser", "task.optimizer"),
    "optimizer.type": never("a mapping was no name of an optimiser", "task.optimizer"),
    "optimizer.betas": never("the optimiser used its defaults"),
    "batch_size": never(instead="data.batch_size"),
    "num_workers": never(instead="data.num_workers"),
    "early_stopping": never(instead="trainer.early_stopping"),
    "early_stopping.patience": never(instead="trainer.patience"),
    "early_stopping.monitor": never(instead="trainer.monitor"),
    "es_patience": never(instead="trainer.patience"),
    "early_stopping_patience": never(instead="trainer.patience"),
    "es_monitor": never(instead="trainer.monitor"),
    "es_min_delta": never("every improvement counted, however small"),
    "monitor": never(_NO_SCHEDULE, "trainer.monitor"),
    "log_interval": never(instead="trainer.log_every_n_steps"),
    "wandb": never(instead="environment.wandb"),
    "wandb_project": never(instead="environment.project"),
    "gpus": never(instead="trainer.gpus"),
    "loss_function": never(instead="task.loss"),
    "loss_fn": never(instead="task.loss"),
    "target_dataset_id": past("the old name until June 2025", "task.target_system_id"),
    "masking_ratio": never(instead="task.mask_ratio"),
    "contrastive_weight": past("the removed flow pretraining read it", "task.contrast_weight"),
    "contrastive_temperature": past("the removed flow pretraining read it", "task.temperature"),
    "dropout": never(instead="model.dropout"),
}

_NEVER: Table = {
    "scheduler": never("neither true nor a name was ever a schedule, and mappings were not since August 2025"),
    "patience": never(_NO_SCHEDULE),
    **bare("never", "min_lr warmup_epochs", _NO_SCHEDULE),
    "regularization": never("the penalty was looked for one level too deep; a form with flag worked until June 2025"),
    "classification": never(_FIXED),
    "rul_prediction": never(_FIXED),
    "anomaly_detection": never(_FIXED),
    "signal_prediction": never(_FIXED),
    "pretraining": never("pipeline 03 fixed the tasks of its first stage"),
    "finetuning": never("pipeline 03 fixed the tasks of its second stage"),
    "loss_type": never("the squared error was fixed"),
    "label_smoothing": never("no loss smoothed labels"),
    "shuffle": never("the samplers decided it themselves"),
    "pin_memory": never(),
    **bare("never", "freeze_backbone freeze_embedding freeze_prompt", _NO_FREEZING),
    "mode": never("the monitor's lowest value was always the best", None),
    "class_weights": never("every class had the same weight"),
    "max_grad_norm": never("gradients were never clipped"),
    **bare("never", "target_data wandb_tags prompt_similarity_weight source_dataset_id num_classes few_shot"),
    **bare("never", "hse_prompt_objectives multi_objective_loss classification_loss anomaly_loss"),
    "contrastive_strategy": never("its reader and its check wanted different words"),
    **bare("never", "queue_size hard_negative_mining prompt_contrastive_temperature"),
    **bare("never", "augmentation_strength gradient_balancing balancing_method quality_assessment_frequency"),
    "domain_weight": never(),
}

TABLE: Table = {**_LIVE, **PAST, **_INSTEAD, **_NEVER}
