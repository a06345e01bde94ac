"""The real legacy files, where they lie beside the checkout."""

from __future__ import annotations

from collections import Counter

import pytest
from legacy_text_rig import has_text_keys, same
from shared_data import CORPUS
from test_legacy_text_comments import counted

from twostage.config.problems import DocumentError
from twostage.config.reading.files import text_layer
from twostage.config.reading.tree import plain as ours
from twostage.config.reading.yaml_tree import parse_yaml
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.notes import gather
from twostage.legacy.text.read import decode_legacy, read_legacy
from twostage.legacy.text.write import write_yaml

yaml = pytest.importorskip("yaml")

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no legacy files: {CORPUS} is absent"),
]


@pytest.fixture(scope="module")
def texts():
    return {path.name: decode_legacy(path.read_bytes())[0] for path in sorted(CORPUS.glob("*.yaml"))}


@pytest.fixture(scope="module")
def loaded(texts):
    """What PyYAML makes of every file."""
    return {name: yaml.safe_load(text) for name, text in texts.items()}


@pytest.fixture(scope="module")
def read(texts, loaded):
    """What we make of every file that we do not refuse."""
    return {name: read_legacy(text, name) for name, text in texts.items() if has_text_keys(loaded[name])}


def test_every_file_is_read_as_pyyaml_reads_it(read, loaded):
    for name, old in read.items():
        assert same(plain(old.root), loaded[name]), name
        assert len(old.comments) == counted(old.text), name


def test_files_with_other_keys_than_text_are_refused(texts, read):
    for name in texts.keys() - read.keys():
        with pytest.raises(DocumentError, match="expected text as key"):
            read_legacy(texts[name], name)


def test_every_file_is_written_with_all_comments(read, loaded):
    for name, old in read.items():
        notes = gather(old.comments)
        written = write_yaml(plain(old.root), notes.entries, notes.header, notes.footer)
        node, problems = parse_yaml(written, text_layer(name, written, "file", "."))
        assert not problems, name
        assert same(ours(node), loaded[name]), name
        new = read_legacy(written, name)
        assert same(plain(new.root), loaded[name]), name
        assert Counter(comment.text for comment in new.comments) == Counter(comment.text for comment in old.comments)
        notes = gather(new.comments)
        assert write_yaml(plain(new.root), notes.entries, notes.header, notes.footer) == written, name
