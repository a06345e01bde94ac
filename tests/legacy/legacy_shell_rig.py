"""Tiny old documents for the old entry points, and what makes them run in a second without recordings."""

from __future__ import annotations

SECTIONS = """\
environment: {{seed: 1, output_dir: {root}}}
data: {{data_dir: d, metadata_file: metadata.csv, batch_size: 16, window_size: 128, num_window: 4}}
model:
  {{name: M_01_ISFM, type: ISFM, embedding: E_01_HSE, backbone: B_08_PatchTST, task_head: H_01_Linear_cla,
   patch_size_L: 32, num_patches: 8, output_dim: 16, num_heads: 2, num_layers: 1, d_ff: 16}}
trainer: {{num_epochs: 1, device: cpu, monitor: val_loss}}
"""
STAGES = """\
task: {lr: 1e-3}
stages:
- overrides: {task: {type: pretrain, name: hse_contrastive, target_system_id: [1, 2]}}
- overrides: {task: {type: DG, name: classification, target_system_id: [3]}}
"""
PRETRAIN = "task: {type: Pretrain, name: classification, lr: 1e-3, target_system_id: [1, 2]}\n"
FEWSHOT = "task: {type: FS, name: classification, lr: 1e-3, target_system_id: [3]}\n"
BACKBONES = """\
task: {name: multitask_pretrain_finetune, type: multi_stage}
training:
  stage_1_pretraining: {backbones_to_compare: [B_08_PatchTST, B_04_Dlinear], target_systems: [1, 2], epochs: 1}
  stage_2_finetuning: {individual_systems: [3], multitask_system: 2, epochs: 1}
"""
METRIC = """\
task: {type: CDDG, name: classification, lr: 1e-3, target_system_id: [1, 2]}
training:
  stage_1_pretraining: {task: {type: CDDG}}
  stage_2_finetuning: {task: {type: CDDG}}
"""
SYNTHETIC = [
    "data.source.kind=synthetic",
    "data.source.seconds=0.25",
    "data.source.bearings_per_class=3",
    "data.source.severities=1",
    "data.source.domains=1",
    "trainer.accelerator=cpu",
]
EPISODES = ["stage_2.queries=2", "stage_2.episodes=2", "stage_2.episodes_per_epoch=2"]


def chosen(*keys):
    """Options that set keys of the new document."""
    return [part for key in keys for part in ("-o", key)]


def write(folder, name, task, root="save"):
    """An old document with this task; results go to ``root`` beside it."""
    path = folder / name
    path.write_text(SECTIONS.format(root=folder / root) + task, encoding="utf-8")
    return str(path)
