"""The section ``trainer``."""

from __future__ import annotations

from twostage.legacy.effects.effect import Table, bare, live, never, partly, past

_NOT_PASSED = "it was never passed to the trainer"
_CADENCE = "read from September to December 2025"
_TRACKED = "read until June 2025"

TABLE: Table = {
    **bare("live", "num_epochs patience log_every_n_steps save_top_k pruning"),
    "gpus": live("a whole number; a list stopped the run"),
    "name": live("an unknown name gave the default trainer without a word"),
    "early_stopping": live("any value that is not empty or false switched it on"),
    "early_stopping.enabled": never("a mapping always switched early stopping on"),
    "early_stopping.patience": never(instead="trainer.patience"),
    "early_stopping.monitor": never(instead="trainer.monitor"),
    "early_stopping.min_delta": never("every improvement counted, however small"),
    "early_stopping.mode": never("the lowest value was always the best"),
    "device": live("cpu, or whatever the machine had"),
    "monitor": live("the lowest value was always the best, also of an accuracy"),
    "accelerator": partly("two-stage runs took it where device is missing"),
    "devices": partly("only where gpus is missing"),
    "max_epochs": partly("only where num_epochs is missing, since November 2025"),
    "default_root_dir": partly("only the folder of the report of the multi-task model"),
    "save_dir": never(instead="environment.output_dir"),
    "precision": never(f"{_NOT_PASSED}: all runs computed in 32 bits"),
    "gradient_clip_val": never(f"{_NOT_PASSED}: gradients were never clipped"),
    "accumulate_grad_batches": never(f"{_NOT_PASSED}: every batch was a step"),
    **bare("past", "check_val_every_n_epoch val_check_interval", _CADENCE),
    "limit_val_batches": past("read on one day in September 2025"),
    "wandb": past(_TRACKED, "environment.wandb"),
    "use_wandb": never(instead="environment.wandb"),
    "swanlab": past(_TRACKED, "environment.swanlab"),
    "project": past(_TRACKED, "environment.project"),
    "test_after_training": past("an early pipeline 01 read it; the last one always tested"),
    "compute_metrics": past("an early pipeline 01 read it", "task.metrics"),
    "validation_verbose": past("an early multi-task model read it"),
    "n_epochs": past("read for three weeks in May 2025", "trainer.num_epochs"),
    "epochs": never("without num_epochs a run had 1 epoch", "trainer.num_epochs"),
    "es_patience": never(instead="trainer.patience"),
    "early_stop_patience": never(instead="trainer.patience"),
    "early_stop_monitor": never(instead="trainer.monitor"),
    "enable_early_stopping": never(instead="trainer.early_stopping"),
    "min_delta": never("every improvement counted, however small"),
    "learning_rate": never(instead="task.lr"),
    "lr": never(instead="task.lr"),
    "weight_decay": never(instead="task.weight_decay"),
    "optimizer": never(instead="task.optimizer"),
    "batch_size": never(instead="data.batch_size"),
    "num_workers": never(instead="data.num_workers"),
    "loss_fn": never(instead="task.loss"),
    "metrics": never(instead="task.metrics"),
    "log_interval": never(instead="trainer.log_every_n_steps"),
    "gpu_ids": never(instead="trainer.gpus"),
    **bare(
        "never", "scheduler scheduler_type lr_scheduler step_size gamma warmup_epochs", "no schedule was ever built"
    ),
    "mode": never("the lowest value was always the best"),
    "checkpoint": never("the best checkpoints were kept by trainer.monitor"),
    "checkpoint.monitor": never(instead="trainer.monitor"),
    "strategy": never("it followed from the number of devices"),
    "shuffle": never("the samplers decided it themselves"),
    **bare("never", "save_last deterministic sync_batchnorm profiler fast_dev_run limit_train_batches", _NOT_PASSED),
    **bare("never", "limit_test_batches enable_progress_bar enable_checkpointing auto_select_gpus", _NOT_PASSED),
    **bare("never", "progress_bar_refresh_rate benchmark num_sanity_val_steps", _NOT_PASSED),
    **bare("never", "save_checkpoints logger pin_memory pruning_amount val_split_strategy"),
    **bare("never", "monitor_domain_performance log_domain_metrics metrics_to_track validation_frequency"),
}
