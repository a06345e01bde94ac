"""Components of installed packages stand beside ours; a package that cannot be used is named."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from packages import CONFIG, MIXER, MIXER_ENTRY, install

from twostage.config import plugins
from twostage.config.model import Backbone
from twostage.config.plugins import PackageError, members, package_of

VALIDATE = """
import sys
from twostage.config.load import load_config
from twostage.config.schema import document_schema
from twostage.errors import TwoStageError

head = {"stage_1": {"pretrain_mode": "contrastive"}}
config = load_config(head | {"model": {"backbone": {"kind": "mixer", "hidden": 3}}})
print(type(config.model.backbone).__name__, config.model.backbone.hidden)
for backbone in ({"kind": "mixer", "hiden": 3}, {"kind": "mixer", "hidden": 0}, {"kind": "mixxer"}):
    try:
        load_config(head | {"model": {"backbone": backbone}})
    except TwoStageError as error:
        print(" ".join(str(error).split()))
print("Mixer" in document_schema()["$defs"])
print(sorted({"torch", "numpy", "lightning"} & set(sys.modules)))
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages, found from now on."""
    found = {name for name in sys.modules if name.partition(".")[0] == "mixing"}
    plugins._entries.cache_clear(), plugins._added.cache_clear()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in {name for name in sys.modules if name.partition(".")[0] in {"mixing", "other"}} - found:
        del sys.modules[name]
    plugins._entries.cache_clear(), plugins._added.cache_clear()


def test_a_document_names_it_and_is_checked_as_strictly_as_ours(site):
    install(site, "vibration-mixer", MIXER_ENTRY, MIXER)
    done = subprocess.run(
        [sys.executable, "-c", VALIDATE],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{site}:{':'.join(sys.path)}"},
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "Mixer 3"
    assert "model.backbone.hiden: unknown key did you mean hidden?" in lines[1]
    assert "model.backbone.hidden: expected a whole number of at least 1, found 0" in lines[2]
    assert "found 'mixxer' did you mean mixer?" in lines[3]
    assert lines[4:] == ["True", "[]"]


def test_it_stands_among_ours_with_its_package(site):
    install(site, "vibration-mixer", MIXER_ENTRY, MIXER)
    found = members(Backbone)
    assert list(found)[-1] == "mixer"
    assert package_of(found["mixer"]) == "vibration-mixer 1.2"
    assert package_of(found["fno"]) is None


def test_without_such_packages_the_search_costs_nothing_to_speak_of(site):
    install(site, "something-else", "[console_scripts]\nelse = other:main\n", {})
    best = min(_timed(plugins._entries.__wrapped__) for _ in range(5))
    assert plugins._entries() == {}
    assert best < 0.010


def _timed(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("entry", "change", "told"),
    [
        ("mixer = mixing.absent:Mixer", {}, "it cannot be imported: ModuleNotFoundError: No module named"),
        ("mixer = mixing.configs:Mixxer", {}, "it cannot be imported: AttributeError"),
        ("mixer = mixing.configs:Mixer", {"import": "imprt"}, "it cannot be imported: SyntaxError"),
        ("mixer = mixing.configs:Mixer", {"Count": "Cuont"}, "it cannot be imported: ImportError"),
        ("mixer = mixing.configs:Mixer", {"(BackboneConfig)": ""}, "it is no subclass of twostage.config.model.back"),
        ("blender = mixing.configs:Mixer", {}, 'it needs the field kind: Literal["blender"] = "blender"'),
        ("mixer = mixing.configs:Mixer", {'"mixing.network:Mixer"': '"Mixer"'}, "it needs implementation: ClassVar"),
        (
            "mixer = mixing.configs:Mixer",
            {"implementation:": 'model_config = {"extra": "allow"}\n        implementation:'},
            "Mixer is no Section with the strictness of one",
        ),
    ],
)
def test_a_broken_package_is_named(site, entry, change, told):
    text = CONFIG
    for old, new in change.items():
        text = text.replace(old, new)
    install(site, "vibration-mixer", f"[twostage.backbones]\n{entry}\n", MIXER | {"mixing/configs.py": text})
    with pytest.raises(PackageError) as caught:
        members(Backbone)
    assert f"vibration-mixer 1.2 adds {entry.split(' = ')[1]} to twostage.backbones, but {told}" in str(caught.value)


def test_a_module_that_imports_torch_is_refused(site, monkeypatch):
    monkeypatch.setattr(plugins, "_HEAVY", ("heavy",))
    (site / "heavy.py").write_text("", encoding="utf-8")
    install(site, "vibration-mixer", MIXER_ENTRY, MIXER | {"mixing/configs.py": f"\n    import heavy\n{CONFIG}"})
    with pytest.raises(PackageError, match="its module imports heavy, and reading a document must not"):
        members(Backbone)


def test_two_packages_with_one_name_are_refused(site):
    install(site, "vibration-mixer", MIXER_ENTRY, MIXER)
    install(site, "other-mixer", "[twostage.backbones]\nmixer = other:Mixer\n", {})
    with pytest.raises(PackageError, match=r"other-mixer 1\.2 and vibration-mixer 1\.2 both add mixer to twostage\.b"):
        members(Backbone)


def test_a_name_of_ours_is_refused(site, monkeypatch):
    text = CONFIG.replace('"mixer"', '"fno"')
    install(
        site,
        "vibration-mixer",
        "[twostage.backbones]\nfno = mixing.configs:Mixer\n",
        {**MIXER, "mixing/configs.py": text},
    )
    with pytest.raises(PackageError, match=r"vibration-mixer 1\.2 adds fno to twostage\.backbones, but twostage has"):
        members(Backbone)


def test_the_command_line_tells_a_broken_package_without_a_traceback(site):
    install(site, "vibration-mixer", "[twostage.backbones]\nmixer = mixing.absent:Mixer\n", MIXER)
    done = subprocess.run(
        [sys.executable, "-m", "twostage", "models", "--no-count"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{site}:{':'.join(sys.path)}"},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: vibration-mixer 1.2 adds mixing.absent:Mixer to twostage.backbones, but it")
    assert "Traceback" not in done.stderr
