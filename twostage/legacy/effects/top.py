"""Keys at the top of a document that are none of the five sections."""

from __future__ import annotations

from twostage.legacy.effects.effect import Table, bare, live, never, partly

TABLE: Table = {
    "base_configs": live("not together with stages"),
    "stages": live("the first two of pipeline 02; later ones never ran"),
    "pipeline": partly("only as text; a mapping was ignored, and pipeline 01 ran"),
    "output_dir": partly("only where environment.output_dir is missing"),
    "training": partly(
        "pipeline 03 read enabled, backbones, systems and targets; the first pipeline 04 read only enabled"
    ),
    "pipeline_03": never("pipeline 03 looked for training and ran with its own defaults"),
    "seed": never(instead="environment.seed"),
    "reproducibility.seed": never(instead="environment.seed"),
    "iterations": never(instead="environment.iterations"),
    "num_runs": never(instead="environment.iterations"),
    "project": never(instead="environment.project"),
    "output.save_dir": never(instead="environment.output_dir"),
    "output.base_dir": never(instead="environment.output_dir"),
    "save.save_dir": never(instead="environment.output_dir"),
    "data_dir": never(instead="data.data_dir"),
    "metadata_path": never(instead="data.metadata_file"),
    "device": never(instead="trainer.device"),
    "log_interval": never(instead="trainer.log_every_n_steps"),
    "logging.wandb": never(instead="environment.wandb"),
    "finetune.backbone_lr_multiplier": never(instead="task.backbone_lr_multiplier"),
    **bare("never", "stage_1_pretraining stage_2_finetuning", "stage blocks counted only below training"),
    **bare("never", "reproducibility advanced evaluation output experiment experiment_notes logging ablation"),
    **bare("never", "dataset_configs notes validation target_domain_configs success_criteria save parameter_sweep"),
    **bare("never", "analysis finetune expected_results description experiment_matrix statistics debug version"),
    **bare("never", "created authors license few_shot visualization paper_config publication_checklist"),
    **bare("never", "fewshot_matrix finetune_strategies default_strategy fewshot_config pretrain_datasets"),
    **bare("never", "noise_experiment_matrix baseline_methods robustness_metrics noise_generation"),
    **bare("never", "expected_performance_thresholds ablation_matrix execution_config performance_analysis"),
    **bare("never", "hardware results performance metadata name tags optimization log_level mixed_precision"),
    **bare("never", "pipeline_settings research_settings"),
}
