"""Name, repeats and the folder of the results."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Ids, Text, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, Scalar, decoded, differs, get

SEED = "environment.seed"
SEEDS: Names = (SEED, "reproducibility.seed", "seed", "data.seed", "data.random_seed")
ITERATIONS = "environment.iterations"
REPEATS: Names = (ITERATIONS, "iterations", "num_runs")
LISTS = ("environment.seed_list", "environment.random_seeds", "pipeline_03.experiment_matrix.random_seeds")
LEGACY_SEED = 42  # what the old code took where no seed was written
MOST_REPEATS = 10_000  # a list of seeds is written out
LIMIT = 2**32 - MOST_REPEATS  # of seeds, with room to count up
SEED_NUMBER = Whole(0, below=LIMIT)
REPEAT_COUNT = Whole(1, below=MOST_REPEATS)


class SeedList:
    """A list of seeds."""

    def decode(self, old: Any) -> list[int]:
        """Each of them as a seed."""
        return [SEED_NUMBER.decode(seed) for seed in Ids().decode(old)]

    def encode(self, new: Any) -> Any:
        """As a list."""
        return list(new)


class Seeds:
    """``seed`` and ``iterations``, or a list of seeds, as the list of seeds.

    The old pipeline 01 added the number of the repeat to the seed; the others gave every repeat the same seed, which
    repeats nothing.
    """

    def forward(self, view: View, draft: Draft) -> None:
        """A list wins; otherwise count up from the seed."""
        listed = view.find(*LISTS)
        if listed is not None and (seeds := decoded(listed, SeedList(), draft)) is not None:
            draft.set("seeds", seeds, listed)
            return
        seed = self._seed(view)
        repeats = view.only(view.scopes[0]).find(*REPEATS)
        start = None if seed is None else decoded(seed, SEED_NUMBER, draft)
        count = None if repeats is None else decoded(repeats, REPEAT_COUNT, draft)
        if start is None and count is None:
            return
        begin = LEGACY_SEED if start is None else start
        used = [leaf for leaf, value in ((seed, start), (repeats, count)) if value is not None]
        draft.set("seeds", [begin + number for number in range(count or 1)], *used)
        for scope in view.scopes[1:]:
            other = view.only(scope).find(*SEEDS)
            if other is not None and other is not seed and start is not None:
                if decoded(other, SEED_NUMBER, draft) == start:
                    draft.use("seeds", other)
                else:
                    differs(draft, other, "seeds", "remark")

    @staticmethod
    def _seed(view: View) -> Leaf | None:
        """The first scope's seed: of what the stages share, or of the first stage that has one."""
        found = (view.only(scope).find(*SEEDS) for scope in view.scopes)
        return next((leaf for leaf in found if leaf is not None), None)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Seed and iterations where the seeds count up, otherwise a list."""
        there, seeds = get(body, "seeds")
        if not there:
            return
        counting = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
        if wishes.spelled(stage, *LISTS) or not counting:
            wishes.want(stage, LISTS, list(seeds))
            return
        wishes.want(stage, SEEDS, seeds[0])
        wishes.want(stage, REPEATS, len(seeds), scopes=wishes.layout.scopes()[:1])


class Repeats:
    """In a pair of files the second one's ``iterations``: few-shot runs for each pretraining."""

    def forward(self, view: View, draft: Draft) -> None:
        """Only the second file of a pair has iterations of its own."""
        if view.stage != "stage_2" or not _second_file(view.source.layout.scopes()):
            return
        leaf = view.find(ITERATIONS)
        count: Any = None if leaf is None else decoded(leaf, REPEAT_COUNT, draft)
        if leaf is not None and count is not None:
            draft.set("stage_2.repeats", count, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Back into the second file."""
        there, count = get(body, "stage_2.repeats")
        if there and stage == "stage_2" and _second_file(wishes.layout.scopes()):
            wishes.want(stage, ITERATIONS, count)


def _second_file(scopes: tuple[str, ...]) -> bool:
    return scopes == ("stage_1", "stage_2")


DOCUMENT: tuple[Rule, ...] = (
    Scalar("name", ("environment.project",), Text()),
    Seeds(),
    Scalar(
        "output.root",
        (
            "environment.output_dir",
            "output_dir",
            "output.base_dir",
            "output.save_dir",
            "environment.save_dir",
            "save.save_dir",
            "trainer.save_dir",
            "trainer.default_root_dir",
        ),
        Text(),
    ),
)
STAGE: tuple[Rule, ...] = (Repeats(),)
