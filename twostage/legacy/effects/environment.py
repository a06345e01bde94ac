"""The section ``environment``."""

from __future__ import annotations

from twostage.legacy.effects.effect import Effect, Table, bare, live, never, partly

_EXPORTED = "pipelines 01, 03 and 04 set it as an environment variable; two-stage runs of the last version did not"

TABLE: Table = {
    **bare("live", "seed project output_dir swanlab"),
    "notes": live("only as the description of a logged run"),
    "workspace": live("only for the tracker SwanLab"),
    "wandb": live("any value but false started a real run, also the word dryrun"),
    "VBENCH_HOME": partly("pipeline 04 put it on Python's search path; elsewhere it was only exported"),
    "iterations": partly(
        "pipeline 01 and the first pipeline 04 repeated the run; two-stage runs of the last version ran once"
    ),
    "stage_name": partly("it named a stage in the results, unless the stages list had a name"),
    "PYTHONPATH": Effect("exported", "an interpreter that already runs does not look at it again"),
    "WANDB_MODE": Effect("exported", f"{_EXPORTED}, so that tracking went online there"),
    **bare("exported", "SWANLAB_MODE PROJECT_HOME", _EXPORTED),
    "DATA_DIR": Effect("exported", "the data folder came from data.data_dir"),
    "PHMBench": never("names with small letters were not exported, and nothing else read it"),
    "seed_list": never("only a script beside the old package read it"),
    "random_seeds": never(instead="environment.seed"),
    "save_dir": never(instead="environment.output_dir"),
    "early_stopping_patience": never(instead="trainer.patience"),
    **bare("never", "experiment_name log_level generate_domain_analysis save_domain_embeddings"),
    **bare("never", "enable_memory_profiling enable_performance_profiling"),
}
