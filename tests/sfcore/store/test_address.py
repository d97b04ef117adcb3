"""What an address means, character by character."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcore.errors import WrongUse
from sfcore.store.address import Address
from sfcore.store.workspace import Workspace


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("root", ["bucket", "bucket/p#q", "b/a?x", "b/a%20b", "b/a b/ä;c", "b/x=1&y=2"])
def test_nothing_of_an_s3_name_is_lost(root: str) -> None:
    address = Address.parse(f"s3://{root}")
    assert (address.scheme, address.root, address.uri) == ("s3", root, f"s3://{root}")
    assert Address.parse(f"S3://{root}/") == address


def test_a_path_is_a_path_whatever_its_signs(tmp_path: Path) -> None:
    for name in ("p#q", "a?x", "a%20b", "a b", "ä"):
        assert Address.parse(str(tmp_path / name)).root == str(tmp_path / name)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file:///tmp/take.csv", "give the plain path"),
        ("FILE://take.csv", "give the plain path"),
        ("gs://bucket/x", "not gs://"),
        ("://x", "only folders and s3://"),
        ("s3://", "names no bucket"),
        ("s3:///x", "names no bucket"),
        ("s3://b/x?versionId=7", "newest version"),
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(WrongUse, match=said) as error:
        Address.parse(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("prefix", ["p#q", "a?x", "a%20b"])
def test_a_prefix_that_delta_reads_otherwise_holds_no_workspace(s3_bucket: str, prefix: str) -> None:
    with pytest.raises(WrongUse, match="choose a prefix without"):
        Workspace.create(f"s3://{s3_bucket}/{prefix}")
    assert Address.parse(f"s3://{s3_bucket}").files.find(s3_bucket) == []
