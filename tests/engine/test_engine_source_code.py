"""Which code a key stands for: what is imported, and nothing of how it is laid out."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.engine.planning.source_code import SourceTree, package_code

FILES = {
    "__init__.py": "",
    "train.py": "from pack.helpers import scale\n\n\ndef step(x):\n    return scale(x)\n",
    "helpers.py": "import math\n\n\ndef scale(x):\n    '''Scaled.'''\n    return math.pi * x  # why\n",
    "late.py": "def late():\n    from pack.deep import inner\n    return inner\n",
    "deep/__init__.py": "",
    "deep/inner.py": "VALUE = 1\n",
    "typing_only.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack import helpers\nX: int = 1\n",
    "alone.py": "Y = 2\n",
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "pack"


def digest(package, *modules):
    return SourceTree(package).digest(modules)


def test_an_edit_of_a_helper_that_is_imported_counts(package):
    """ZenML 1011: edits of helper functions were not seen."""
    before = digest(package, "pack.train")
    (package / "helpers.py").write_text(FILES["helpers.py"].replace("math.pi", "math.e"))
    assert digest(package, "pack.train") != before


def test_comments_docstrings_and_layout_do_not_count(package):
    """Snakemake 1694: cosmetic edits ran everything again."""
    before = digest(package, "pack.train")
    (package / "helpers.py").write_text(
        '"""A module."""\nimport math\ndef scale(\n    x,\n):\n    """Other words."""\n    return (math.pi\n     * x)\n'
    )
    assert digest(package, "pack.train") == before


def test_what_is_not_imported_does_not_count(package):
    before = digest(package, "pack.train")
    (package / "alone.py").write_text("Y = 3\n")
    assert digest(package, "pack.train") == before
    assert digest(package, "pack.train", "pack.alone") != before


def test_imports_inside_functions_count_and_those_for_type_checkers_do_not(package):
    tree = SourceTree(package)
    assert tree.closure(["pack.late"]) == {"pack", "pack.late", "pack.deep", "pack.deep.inner"}
    assert tree.closure(["pack.typing_only"]) == {"pack.typing_only"}


@given(spaces=st.integers(1, 8), blank=st.integers(0, 3), comment=st.from_regex(r"#[a-z ]{0,20}", fullmatch=True))
def test_any_layout_of_one_tree_has_one_digest(tmp_path_factory, spaces, blank, comment):
    text = ast.unparse(ast.parse(FILES["helpers.py"])).replace("\n    ", f"\n{' ' * spaces}")
    folder = tmp_path_factory.mktemp("code") / "pack"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "helpers.py").write_text("\n" * blank + f"{comment}\n{text}\n{comment}\n")
    plain = folder.with_name("plain") / "pack"
    plain.mkdir(parents=True)
    (plain / "__init__.py").write_text("")
    (plain / "helpers.py").write_text(FILES["helpers.py"])
    assert digest(folder, "pack.helpers") == digest(plain, "pack.helpers")


def test_a_training_depends_on_its_engine_and_models_and_not_on_faces():
    closure = package_code().closure({"twostage.engine.runner", "twostage.models.backbones.patchtst"})
    assert {"twostage.engine.training.trainer", "twostage.objectives.base", "twostage.data.samplers"} <= closure
    assert not [name for name in closure if name.startswith(("twostage.cli", "twostage.report", "twostage.legacy"))]
    assert "twostage.models.backbones.dlinear" not in closure
