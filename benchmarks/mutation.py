"""Mutation testing of the conversion: small mistakes are made in its rules one at a time, and the tests must see each.

    python benchmarks/mutation.py --count 200 --seed 1 --jobs 2

draws mistakes in the rules, dialects, core, detection and synonyms. Each is tried in a process of its own: first
the quick tests, then all that remain, the laws with few examples. Texts that people read are not changed.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
LEGACY = ROOT / "twostage" / "legacy"
PLACES = ("rules", "dialects", "core", "detect.py", "synonyms.py")
QUICK = (
    "tests/legacy/test_legacy_detect.py",
    "tests/legacy/test_legacy_codecs.py",
    "tests/legacy/test_legacy_values.py",
    "tests/legacy/test_legacy_limits.py",
    "tests/legacy/test_legacy_forms.py",
    "tests/legacy/test_legacy_effects.py",
    "tests/legacy/test_legacy_comparing.py",
    "tests/legacy/test_legacy_types.py",
    "tests/legacy/test_legacy_cases.py",
    "tests/compat",
)
SLOW = (
    "tests/docs/test_docs_keys.py",
    "tests/legacy/test_legacy_golden.py",
    "tests/legacy/test_legacy_tripwire.py",
)
LAWS = ("tests/legacy/test_legacy_laws.py",)
OF_EXECUTION = ("as_executed", "crashes")  # these have tests of their own, which are slow and tell nothing about others
EXECUTED = ("tests/legacy/test_legacy_crashes.py", "tests/legacy/test_legacy_as_executed.py")
EXAMPLES = 20
LATE = "late"
SECONDS = 180  # of work for one process; a mistake that never ends counts as seen
TOLD = {"remark", "refuse", "crash", "unrepeatable", "NotHere", "differs", "ValueError"}
TYPES = {"Literal", "tuple", "dict", "list", "Callable", "Mapping"}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Site:
    """The place of one mistake, counted within its file."""

    path: Path
    number: int

    @property
    def module(self) -> str:
        """The name under which the file is imported."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)


class Sites(ast.NodeTransformer):
    """Visits every place, and makes the mistake at one of them."""

    def __init__(self, wanted: int) -> None:
        self._wanted, self.count = wanted, 0
        self.made: tuple[int, str] | None = None

    def _hit(self, node: ast.AST, what: str) -> bool:
        self.count += 1
        if self.count - 1 != self._wanted:
            return False
        self.made = (getattr(node, "lineno", 0), what)
        return True

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """The opposite comparison."""
        self.generic_visit(node)
        if type(node.ops[0]) in OPPOSITE and self._hit(node, "opposite comparison"):
            node.ops[0] = OPPOSITE[type(node.ops[0])]()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """``and`` for ``or``."""
        self.generic_visit(node)
        if self._hit(node, "and for or"):
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Without its ``not``."""
        self.generic_visit(node)
        return node.operand if isinstance(node.op, ast.Not) and self._hit(node, "not left out") else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """The other branch."""
        self.generic_visit(node)
        if self._hit(node, "branches swapped"):
            node.body, node.orelse = node.orelse, node.body
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Minus for plus."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Sub) and self._hit(node, "minus for plus"):
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Another number, flag or name."""
        if isinstance(node.value, bool) and self._hit(node, f"{not node.value} for {node.value}"):
            return ast.copy_location(ast.Constant(not node.value), node)
        if type(node.value) in {int, float} and self._hit(node, f"{node.value} + 1"):
            return ast.copy_location(ast.Constant(node.value + 1), node)
        if isinstance(node.value, str) and " " not in node.value and self._hit(node, f"another name for {node.value}"):
            return ast.copy_location(ast.Constant(f"{node.value}_x"), node)
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        """Without its last entry."""
        self.generic_visit(node)
        if len(node.elts) > 1 and isinstance(node.ctx, ast.Load) and self._hit(node, "last entry left out"):
            node.elts = node.elts[:-1]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Nothing instead of a call; docstrings stay."""
        if isinstance(node.value, ast.Constant):
            return node
        self.generic_visit(node)
        return ast.copy_location(ast.Pass(), node) if self._hit(node, "statement left out") else node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """Nothing is returned."""
        self.generic_visit(node)
        if node.value is not None and self._hit(node, "nothing returned"):
            node.value = ast.copy_location(ast.Constant(None), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Arguments as well, but for texts that people read."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in TOLD:
            self.generic_visit(node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Texts that people read."""
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Annotations do nothing."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Types that have a name are annotations too."""
        return node if getattr(node.value, "id", "") in TYPES else self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """The body, but not whether a dataclass is frozen."""
        node.body = [self.visit(each) for each in node.body]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """The same."""
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Defaults and body."""
        node.args = self.visit(node.args)
        node.body = [self.visit(each) for each in node.body]
        return node


def all_sites() -> Iterator[Site]:
    """Every place at which a mistake can be made."""
    for place in PLACES:
        where = LEGACY / place
        for path in sorted(where.glob("*.py")) if where.is_dir() else [where]:
            counter = Sites(-1)
            counter.visit(ast.parse(path.read_text(encoding="utf-8")))
            yield from (Site(path, number) for number in range(counter.count))


def mutated(site: Site) -> tuple[CodeType, str]:
    """The code with its mistake, and what it is."""
    tree, sites = ast.parse(site.path.read_text(encoding="utf-8")), Sites(site.number)
    changed = ast.fix_missing_locations(sites.visit(tree))
    line, what = sites.made or (0, "")
    return compile(changed, str(site.path), "exec"), f"{site.path.relative_to(ROOT)}:{line}: {what}"


class Mutated(MetaPathFinder, Loader):
    """Imports one module from changed code."""

    def __init__(self, site: Site, code: CodeType) -> None:
        self._site, self._code = site, code
        self.name = site.path.stem

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """That module alone."""
        return ModuleSpec(fullname, self) if fullname == self._site.module else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        module.__file__ = str(self._site.path)
        exec(self._code, module.__dict__)  # noqa: S102 - this is what mutation testing does


class FewExamples:
    """Laws are checked on few examples, however long they take."""

    def pytest_collection(self) -> None:
        """Before any test is imported."""
        settings.register_profile("mutation", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        settings.load_profile("mutation")

    def pytest_collection_modifyitems(self) -> None:
        """Once the tests are imported."""
        for name in ("test_legacy_laws", "test_legacy_as_executed"):
            tests = sys.modules.get(name)
            if tests is not None and hasattr(tests, "holds"):
                tests.holds = partial(_few, tests.holds)  # type: ignore[attr-defined]


def _few(holds: Callable[..., None], law: Any, drawn: Any, examples: int) -> None:
    holds(law, drawn, min(examples, EXAMPLES))


def seen(mistake: Mutated | None, *, quick: bool = False) -> bool:
    """Whether a test fails; in a process of its own, so that nothing is left of the mistake."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        os._exit(_tests(mistake, quick=quick))
    return os.waitpid(child, 0)[1] != 0


def _tests(mistake: Mutated | None, *, quick: bool) -> int:
    import pytest

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    if mistake is not None:
        sys.meta_path.insert(0, mistake)
    executed = mistake is not None and mistake.name in OF_EXECUTION
    for files in (QUICK, EXECUTED if executed else (), SLOW, () if quick else LAWS):
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not long"]
        if files and (code := pytest.main([*options, *files], plugins=[FewExamples()])):
            return int(code)
    return 0


def main() -> None:
    """Draw mistakes, try them, tell those that no test has seen and the share of those that one has."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--minutes", type=float, default=600.0, help="draw no more after this time")
    options.add_argument("--jobs", type=int, default=1, help="mistakes that are tried at the same time")
    options.add_argument("--without-laws", action="store_true", help="leave out the laws, which take longest")
    asked = options.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import twostage.config.document  # noqa: F401 - once, before the processes part

    every = list(all_sites())
    drawn = random.Random(asked.seed).sample(every, min(asked.count, len(every)))  # noqa: S311 - no secret
    print(f"{len(every)} mistakes can be made; {len(drawn)} are drawn with seed {asked.seed}", flush=True)
    if seen(None, quick=asked.without_laws):
        raise SystemExit("the tests fail without a mistake")
    killed, tried, started = 0, 0, time.monotonic()
    attempt = partial(missed, quick=asked.without_laws, until=started + 60 * asked.minutes)
    with ThreadPoolExecutor(asked.jobs) as pool:  # threads that wait: each mistake is tried in a process of its own
        for result in pool.map(attempt, drawn):
            if result is LATE:
                continue
            tried += 1
            killed += result is None
            if result is not None:
                print(f"not seen: {result}", flush=True)
            if tried % 10 == 0:
                print(f"{killed} of {tried} seen", flush=True)
    print(f"{killed} of {tried} seen ({100 * killed / max(tried, 1):.1f} %)")


def missed(site: Site, *, quick: bool, until: float) -> str | None:
    """What no test has seen; None where one has, and LATE where time is up."""
    if time.monotonic() > until:
        return LATE
    code, what = mutated(site)
    return None if seen(Mutated(site, code), quick=quick) else what


if __name__ == "__main__":
    main()
