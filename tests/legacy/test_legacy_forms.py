"""Forms of old documents that files of the field have, each as the person who wrote it would read it."""

from __future__ import annotations

import pytest
import yaml

from twostage.config.document import TwoStageConfig
from twostage.legacy.convert import to_new, to_old
from twostage.legacy.core.leaves import same
from twostage.legacy.paths import machine_paths

ENCODER = "{name: M_01_ISFM, type: ISFM, embedding: E_01_HSE, backbone: B_08_PatchTST, task_head: H_01_Linear_cla}"
PROMPTED = ENCODER.replace("M_01_ISFM, type: ISFM", "M_02_ISFM_Prompt, type: ISFM_Prompt").replace("HSE", "HSE_v2")
SOURCE = "data_dir: data, metadata_file: metadata.xlsx"
FLAT = f"""
data: {{{SOURCE}, batch_size: 8, train_ratio: 0.8}}
model: {ENCODER}
task: {{type: DG, name: classification, target_system_id: [1, 5], lr: 0.001}}
trainer: {{num_epochs: 3}}
"""


def read(text):
    return yaml.safe_load(text)


def converted(text, **options):
    """What a document becomes; it must come back, account for every leaf and be valid."""
    old = read(text)
    conversion = to_new([old], **options)
    assert same(to_old(conversion.document), [old])
    assert {leaf.path for leaf in conversion.leaves} >= set(conversion.uses)
    assert not conversion.refused
    return TwoStageConfig.model_validate(conversion.document)


def flat(**sections):
    """The flat document with more keys in its sections, each given as YAML."""
    document = read(FLAT)
    for name, more in sections.items():
        document[name] = document.get(name, {}) | read(more)
    return yaml.safe_dump(document, sort_keys=False)


def changed(text, section, **values):
    document = read(text)
    document[section] |= values
    return yaml.safe_dump(document, sort_keys=False)


STAGES_IN_FULL = f"""
stages:
  - environment: {{seed: 7}}
    data: {{{SOURCE}}}
    model: {ENCODER}
    task: {{type: pretrain, name: hse_contrastive}}
    trainer: {{num_epochs: 2}}
  - environment: {{seed: 7}}
    data: {{{SOURCE}}}
    model: {ENCODER}
    task: {{type: CDDG, name: classification}}
    trainer: {{num_epochs: 1}}
"""


@pytest.mark.parametrize("text", [STAGES_IN_FULL, None], ids=["list", "stage_1 and stage_2"])
def test_stages_in_full_keep_their_model_and_their_seed(text):
    if text is None:
        first, second = read(STAGES_IN_FULL)["stages"]
        text = yaml.safe_dump({"stage_1": first, "stage_2": second}, sort_keys=False)
    config = converted(text)
    assert config.model.backbone.kind == "patchtst"
    assert config.seeds == (7,)


def test_stages_in_full_with_two_models_are_refused():
    old = read(STAGES_IN_FULL)
    old["stages"][1]["model"]["backbone"] = "B_04_Dlinear"
    conversion = to_new([old])
    assert list(conversion.refused) == ["model.backbone"]
    assert same(to_old(conversion.document), [old])


def test_config_of_a_stage_decides_wherever_it_stands():
    config = converted(
        FLAT
        + """
stages:
  - {config: {task: {lr: 0.1}}, overrides: {task: {lr: 0.2, type: pretrain, name: hse_contrastive}}}
  - {overrides: {task: {lr: 0.3}}}
"""
    )
    assert config.stage_1.optimizer.lr == 0.1
    assert config.stage_2.optimizer.lr == 0.3


BESIDE = (
    FLAT
    + """
stages:
  - {task: {type: pretrain, name: hse_contrastive, lr: 0.5}, overrides: {task: {lr: 0.1}}}
  - {trainer: {num_epochs: 9}, overrides: {task: {lr: 0.2}}}
"""
)


def test_sections_beside_overrides_belong_to_their_stage():
    config = converted(BESIDE)
    assert config.stage_1.pretrain_mode == "contrastive"
    assert config.stage_1.optimizer.lr == 0.1
    assert config.stage_2.epochs == 9


def test_sections_beside_overrides_were_not_looked_at_by_the_old_code():
    old = read(BESIDE)
    conversion = to_new([old], reading="as_executed")
    assert conversion.document["stage_2"]["epochs"] == 3
    assert same(to_old(conversion.document), [old])


@pytest.mark.parametrize("holder", ["overrides", "config", None])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_list_of_one_pretraining_is_a_pretraining(holder, dotted):
    task = {"task.type": "pretrain", "task.name": "hse_contrastive"} if dotted and holder else None
    own = task or {"task": {"type": "pretrain", "name": "hse_contrastive"}}
    document = read(FLAT) | {"stages": [{holder: own} if holder else own]}
    config = converted(yaml.safe_dump(document, sort_keys=False))
    assert config.stage_1.pretrain_mode == "contrastive"
    assert config.stage_2 is None


BLOCKS = """
training:
  stage_1_pretraining: {enabled: true}
  stage_2_finetuning: {enabled: true}
"""


@pytest.mark.parametrize("name", ["Pipeline_04_unified_metric", "{name: Pipeline_04_Unified_Metric_Learning}"])
def test_pipeline_04_adapts_to_its_systems_one_by_one(name):
    config = converted(FLAT + BLOCKS + f"pipeline: {name}")
    assert [target.system for target in config.stage_2.targets] == [1, 5]
    assert config.stage_1.systems == (1, 5)


def test_pipeline_03_adapts_to_all_its_systems_together():
    (target,) = converted(FLAT + BLOCKS).stage_2.targets
    assert target.systems == (1, 5)


def test_pipeline_03_masks_where_no_key_says_how_much():
    text = changed(FLAT, "task", type="multi_stage", name="multitask_pretrain_finetune")
    config = converted(text + "training: {stage_1_pretraining: {epochs: 2}, stage_2_finetuning: {multitask_system: 2}}")
    assert config.stage_1.pretrain_mode == "reconstruction"
    assert config.stage_2.adapt_mode == "multitask"


@pytest.mark.parametrize("key", ["individual_systems", "multitask_system"])
@pytest.mark.parametrize("task", [{"type": "FS", "name": "matching_network"}, {"type": "DG", "name": "classification"}])
def test_pipeline_03_adapts_to_systems_one_by_one_where_there_is_one_task(key, task):
    text = changed(FLAT, "task", **task)
    stage = converted(text + f"training: {{stage_1_pretraining: {{epochs: 2}}, stage_2_finetuning: {{{key}: [2, 7]}}}}")
    names = [target.tasks for target in stage.stage_2.targets]
    assert [target.system for target in stage.stage_2.targets] in ([2, 7], [2, 2, 7, 7])
    assert any(names) is (stage.stage_2.adapt_mode == "multitask" and key == "individual_systems")


@pytest.mark.parametrize(
    "more",
    [
        "pipeline_03: {stage_1: {epochs: 2}, stage_2: {epochs: 1}, checkpoint: {load_pretrained: false}}",
        "training: {stage_1_pretraining: {epochs: 2}, stage_2_finetuning: {epochs: 1, load_pretrained: false}}",
    ],
)
def test_load_pretrained_false_starts_from_scratch(more):
    assert converted(FLAT + more).stage_2.start == "from_scratch"
    assert converted(FLAT + more.replace("false", "true")).stage_2.start == "pretrained"


def test_pipeline_03_names_its_monitor_beside_its_stages():
    more = "pipeline_03: {stage_1: {epochs: 2}, stage_2: {epochs: 1}, checkpoint: {monitor: val_accuracy}}"
    assert converted(FLAT + more).stage_2.checkpoint.monitor == "validation/accuracy"


def test_patience_in_a_block_of_pipeline_04_stops_early():
    more = """
stage_1_pretraining: {type: unified_pretraining, task: {name: hse_contrastive, es_patience: 15}}
stage_2_finetuning: {task: {es_patience: 8}}
"""
    config = converted(FLAT + more)
    assert config.stage_1.early_stopping.patience == 15
    assert config.stage_2.early_stopping.patience == 8


@pytest.mark.parametrize("form", ["{type: cosine, T_max: 50}", "{name: cosine, options: {T_max: 50}}"])
def test_options_of_a_schedule_stand_beside_its_name_or_below_it(form):
    assert converted(flat(task=f"scheduler: {form}")).stage_2.scheduler.period == 50


@pytest.mark.parametrize(
    ("section", "more"),
    [
        ("reproducibility", "seed: 9"),
        ("data", "random_seed: 9"),
        ("data", "seed: 9"),
        (None, "seed: 9"),
    ],
)
def test_a_seed_counts_wherever_it_is_written(section, more):
    document = read(FLAT)
    where = document if section is None else document.setdefault(section, {})
    where |= read(more)
    assert converted(yaml.safe_dump(document, sort_keys=False)).seeds == (9,)
    assert converted(yaml.safe_dump(document | {"environment": {"seed": 4}}, sort_keys=False)).seeds == (4,)


@pytest.mark.parametrize("name", ["iterations", "num_runs"])
def test_repeats_count_at_the_top_too(name):
    assert converted(FLAT + f"{name}: 3").seeds == (42, 43, 44)


@pytest.mark.parametrize(
    ("section", "key"), [("environment", "save_dir"), ("trainer", "save_dir"), ("trainer", "default_root_dir")]
)
def test_results_go_where_any_of_the_names_says(section, key):
    document = read(FLAT)
    document.setdefault(section, {})[key] = "here"
    assert converted(yaml.safe_dump(document, sort_keys=False)).output.root == "here"


def test_numbers_and_words_that_are_text_are_taken_as_what_they_say():
    text = flat(
        data='{normalization: "False", batch_size: "32"}',
        task='{target_system_id: ["1", "5", "5"]}',
        trainer='{early_stopping: "false", patience: "4", gpus: "1"}',
    )
    config = converted(text)
    (target,) = config.stage_2.targets
    assert target.systems == (1, 5)
    assert config.stage_2.early_stopping is None
    assert (config.data.normalize, config.data.batch_size) == ("none", 32)
    told = [remark.text for remark in to_new([read(text)]).remarks if remark.code == "retyped"]
    assert "the old loader read ['1', '5', '5'] as text; here it is the numbers [1, 5]" in told


def test_a_share_that_is_none_leaves_the_document_valid():
    config = converted(flat(data="train_ratio: 1.5", task="target_domain_num: 1"))
    assert config.stage_2.split.unit == "domain"


@pytest.mark.parametrize(("gpus", "devices"), [("4", 4), ("[0, 1]", 2), ("'2'", 2), ("[0]", 1)])
def test_several_devices_are_as_many_devices(gpus, devices):
    assert converted(flat(trainer=f"gpus: {gpus}")).trainer.devices == devices


def test_a_number_of_devices_that_is_none_is_told():
    (remark,) = [
        each for each in to_new([read(flat(trainer="gpus: auto"))]).remarks if each.path == (0, "trainer", "gpus")
    ]
    assert remark.text == "expected a whole number, found 'auto'"


@pytest.mark.parametrize("compared", [False, True])
def test_a_model_that_a_run_would_refuse_for_its_size_is_told(compared):
    document = read(FLAT)
    document["model"] |= {"output_dim": 512, "d_ff": 2048, "e_layers": 2}
    if compared:
        document |= read(BLOCKS)
        document["training"]["stage_1_pretraining"] = {"backbones_to_compare": ["B_04_Dlinear", "B_06_TimesNet"]}
    else:
        document["model"]["backbone"] = "B_06_TimesNet"
    (told,) = [each for each in to_new([document]).remarks if each.code == "too-large"]
    weights = 2 * (6 * (512 + 2048) + 2 * 512 * 2048 * (1 + 9 + 25 + 49 + 81 + 121))
    assert f"{weights:,} weights" in told.text
    assert told.path[:2] == (0, "model")
    document["model"]["d_ff"] = 32
    assert "too-large" not in {each.code for each in to_new([document]).remarks}


@pytest.mark.parametrize("model", ["true", "null", "{}"])
def test_a_section_without_a_model_is_refused_and_not_replaced(model):
    old = read(FLAT) | {"model": read(model)}
    conversion = to_new([old])
    assert conversion.refused == {"model": "the section names no model; write model.embedding and model.backbone"}
    assert same(to_old(conversion.document), [old])


@pytest.mark.parametrize("name", ["Transformer_Dummy", "DummyCNNModel"])
def test_a_model_that_is_not_here_is_refused_once_and_everything_is_kept(name):
    old = read(FLAT) | {"model": {"name": name, "type": "X_model", "num_classes": 4, "device": "cuda"}}
    conversion = to_new([old])
    assert list(conversion.refused) == ["model.name"]
    assert name in conversion.refused["model.name"]
    assert same(to_old(conversion.document), [old])
    TwoStageConfig.model_validate(conversion.document)


def test_a_prompt_that_is_switched_on_is_there():
    document = read(FLAT) | {"model": read(PROMPTED) | {"use_prompt": True, "prompt_dim": 16}}
    config = converted(yaml.safe_dump(document, sort_keys=False))
    assert config.model.embedding.prompt.dim == 16


@pytest.mark.parametrize("text", ["model: null\ndata: {}", "trainer: null\ndata: {data_dir: data}"])
def test_empty_sections_alone_are_a_part_of_a_document(text):
    old = read(text)
    conversion = to_new([old])
    assert conversion.detection.shape == "fragment"
    assert same(to_old(conversion.document), [old])


@pytest.mark.parametrize("key", ["seed", "iterations", "seed_list", "num_runs"])
@pytest.mark.parametrize("value", [10**30, -1, 2**32])
def test_no_number_of_runs_is_too_large_to_be_told(key, value):
    document = read(FLAT) | {"environment": {key: value}}
    assert converted(yaml.safe_dump(document, sort_keys=False)).seeds == (0,)


def test_a_null_gives_way_to_another_name_beside_it_and_hides_what_is_farther():
    text = changed(changed(FLAT, "task", lr=None), "trainer", lr=0.02)
    assert converted(text).stage_2.optimizer.lr == 0.02
    document = read(STAGES_IN_FULL)
    document["trainer"] = {"early_stopping": True, "lr": 0.5}
    document["stages"][0]["trainer"]["lr"] = None
    config = converted(yaml.safe_dump(document, sort_keys=False))
    assert (config.stage_1.optimizer.lr, config.stage_2.optimizer.lr) == (0.001, 0.5)


def test_what_is_refused_says_which_keys_would_settle_it():
    old = read(FLAT)
    del old["data"]["data_dir"]
    old["model"] = {"name": "Transformer_Dummy"}
    refused = to_new([old]).document["legacy"]["refused"]
    assert {entry["key"]: entry["write"] for entry in refused} == {
        "data.data_dir": ["data.source"],
        "model.name": ["model.embedding.kind", "model.backbone.kind"],
    }


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/srv/data", True),
        ("C:\\data", True),
        ("d:/data", True),
        ("~/data", True),
        ("\\\\server\\data", True),
        ("data/cwru", False),
        ("//comment", False),
        ("/", False),
        ("a/b", False),
        ("/two\nlines", False),
    ],
)
def test_paths_of_one_machine_are_told(path, told):
    conversion = to_new([read(FLAT) | {"notes": ["first", path]}])
    found = [remark.text for remark in machine_paths(conversion.leaves)]
    assert found == ([f"{path} is a path of the machine where the file was written"] if told else [])


def test_a_second_stage_that_starts_from_the_first_is_told():
    def codes(text):
        return [remark.code for remark in to_new([read(text)]).remarks]

    assert codes(STAGES_IN_FULL).count("weights-now-transferred") == 1
    assert "weights-now-transferred" not in codes(FLAT)


@pytest.mark.parametrize(
    ("environment", "kinds"),
    [
        ("wandb: true", {"wandb": "online"}),
        ("{wandb: dryrun, swanlab: true}", {"wandb": "offline", "swanlab": "online"}),
        ("{wandb: true, WANDB_MODE: disabled}", {}),
        ("{wandb: false, swanlab: false}", {}),
    ],
)
def test_trackers_that_are_on_are_loggers(environment, kinds):
    config = converted(flat(environment=environment))
    assert {logger.kind: logger.mode for logger in config.loggers[2:]} == kinds
    assert [logger.kind for logger in config.loggers[:2]] == ["csv", "tensorboard"]
