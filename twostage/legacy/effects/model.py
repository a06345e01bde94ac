"""The section ``model``."""

from __future__ import annotations

from twostage.legacy.effects.effect import Effect, Table, bare, live, never, partly, past

_PROMPT_MODELS = "only models of the type ISFM_Prompt"
_SELECTED = "in the parts that have it"

TABLE: Table = {
    **bare("live", "name type embedding backbone task_head classification_head prediction_head"),
    **bare("live", "input_dim output_dim hidden_dim num_heads num_layers dropout d_ff d_model", _SELECTED),
    **bare("live", "activation e_layers factor modes width use_batch_norm max_len max_out act", _SELECTED),
    **bare("live", "patch_size patch_size_L patch_size_C num_patches kernel_size c_dim rul_max_value", _SELECTED),
    **bare("live", "prompt_dim prompt_combination fusion_type max_dataset_ids max_domain_ids", _SELECTED),
    **bare("live", "block_type layers initial_channels num_steps channels", _SELECTED),
    **bare("live", "skip_connection in_dim out_dim in_channels out_channels scale f_c_mu f_c_sigma", _SELECTED),
    **bare("live", "f_b_mu f_b_sigma signal_processing_configs feature_extractor_configs", _SELECTED),
    "freeze_prompts_in_finetuning": live("but the prompts were never frozen: two spellings of the stage were compared"),
    "weights_path": live("the only name of a checkpoint that was read; none of its weights fitted, without a word"),
    "num_modes": partly("only where modes is missing"),
    "feature_dim": partly("only the few-shot task finetuning"),
    "use_prompt": partly(_PROMPT_MODELS),
    "training_stage": partly(_PROMPT_MODELS),
    "freeze_prompt": partly(f"{_PROMPT_MODELS} read it, and none froze anything"),
    "patch_len": partly("only the embedding E_com_00_PE"),
    "stride": partly("only the plain PatchTST and the embedding E_com_00_PE; no backbone of ISFM"),
    "projection_dim": partly("checked, then used only by a part for contrastive learning that no file selects"),
    "momentum": partly("only the backbone B_11_MomentumEncoder"),
    "device": partly("only the models of X_model"),
    "individual": partly("only the plain DLinear; the backbone of ISFM used its default"),
    "n_layers": partly("only the plain FNO; backbones of ISFM read num_layers or e_layers"),
    "n_heads": partly("only plain transformers; backbones of ISFM read num_heads"),
    "num_classes": Effect("overwritten", "the classes were always counted in the metadata"),
    "weight_path": never("a misspelling, so no checkpoint was loaded", "model.weights_path"),
    "pretrained_checkpoint": never("so no checkpoint was loaded", "model.weights_path"),
    "load_checkpoint": never("so no checkpoint was loaded", "model.weights_path"),
    "pretrained_path": never("so no checkpoint was loaded", "model.weights_path"),
    "fusion_strategy": never("only checked", "model.fusion_type"),
    "dropout_rate": never(instead="model.dropout"),
    "n_patches": never(instead="model.num_patches"),
    "nhead": past("read until May 2025", "model.num_heads"),
    "freeze_embedding": never("no version froze anything by a key"),
    "freeze_backbone": never("no version froze anything by a key"),
    **bare("past", "use_system_prompt use_sample_prompt use_fault_prompt", "an early embedding with prompts read it"),
    **bare("past", "condition_dim use_conditional time_dim sigma_min sigma_max", "the removed flow model read it"),
    "sequence_length": past("the removed flow model read it"),
    "embedding_dim": past("the removed prototypical network read it"),
    "top_k": past("the backbone B_06_TimesNet read it until June 2025"),
    **bare("never", "gradient_checkpointing mixed_precision use_momentum_encoder use_projection_head"),
    **bare("never", "system_prompt_dim sample_prompt_dim head_dropout fc_dropout input_channels hidden_channels"),
    **bare("never", "domain_embedding_dim enable_domain_classifier"),
}
