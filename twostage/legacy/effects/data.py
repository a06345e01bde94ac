"""The section ``data``."""

from __future__ import annotations

from twostage.legacy.effects.effect import Table, bare, live, never, partly

TABLE: Table = {
    **bare("live", "batch_size data_dir metadata_file num_workers window_size num_window dtype"),
    **bare("live", "window_sampling_strategy factory_name"),
    "normalization": live("one of standardization, minmax and none; true raised an error since June 2025"),
    "stride": partly("only with window_sampling_strategy: sequential"),
    "train_ratio": live("it cut the training windows only; validation took the whole recording"),
    "noise_snr": live("white noise on the windows"),
    "val_ratio": never("validation took the whole recording"),
    "test_ratio": never("the test took whole recordings"),
    "truncate_length": never("no data loader of any version read it"),
    "truncate_lenth": never("a misspelling of truncate_length, which nobody read either"),
    "train_val_rate": never(instead="data.train_ratio"),
    "factory": never("read for a single day in July 2025", "data.factory_name"),
    "sequence_length": never(instead="data.window_size"),
    "normalize": never(instead="data.normalization"),
    "preprocessing": never("windows and normalisation come from keys of data itself"),
    "preprocessing.normalize": never(instead="data.normalization"),
    "preprocessing.segment_length": never(instead="data.window_size"),
    "target_system_id": never(instead="task.target_system_id"),
    "target_dataset_id": never(instead="task.target_system_id"),
    "dataset_ids": never(instead="task.target_system_id"),
    "train_domain": never(instead="task.source_domain_id"),
    "test_domain": never(instead="task.target_domain_id"),
    "seed": never(instead="environment.seed"),
    "random_seed": never(instead="environment.seed"),
    "shuffle": never("the samplers decided it themselves"),
    "noise_injection": never("noise came from data.noise_snr"),
    "augmentation": never("no loader changed windows at random"),
    **bare("never", "rul_dataset_id pin_memory train_dataset test_dataset dataset_name unified_datasets"),
    **bare("never", "max_samples_per_class dataset channels name source_datasets target_datasets domain_adaptation"),
    **bare("never", "dataset_balancing task_type num_samples feature_dim num_classes"),
}
