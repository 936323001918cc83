"""What is sealed opens with its key and with no other, and with none once the key is destroyed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.ledger import certify, destroy, new_key, seal, unseal


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=5000))
def test_unseal_gives_back_what_was_sealed(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("sealed")
    recipient = new_key(folder / "keys" / "a.key")
    seal(data, recipient, folder / "x.age")
    assert unseal(folder / "x.age", folder / "keys" / "a.key") == data
    if len(data) > 8:
        assert data not in (folder / "x.age").read_bytes()


def test_new_key_is_private_and_kept(tmp_path: Path) -> None:
    first = new_key(tmp_path / "a.key")
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    assert new_key(tmp_path / "a.key") == first


def test_unseal_with_another_or_no_key_is_refused(tmp_path: Path) -> None:
    seal(b"Surname", new_key(tmp_path / "a.key"), tmp_path / "x.age")
    new_key(tmp_path / "b.key")
    with pytest.raises(BadInput, match="another key"):
        unseal(tmp_path / "x.age", tmp_path / "b.key")
    destroy(tmp_path / "a.key")
    with pytest.raises(BadInput, match="destroyed"):
        unseal(tmp_path / "x.age", tmp_path / "a.key")
    (tmp_path / "a.key").write_text("not a key")
    with pytest.raises(BadInput, match="not an age key"):
        unseal(tmp_path / "x.age", tmp_path / "a.key")


def test_certificate_says_what_was_destroyed(tmp_path: Path) -> None:
    file, key = tmp_path / "x.age", tmp_path / "keys" / "x.key"
    seal(b"1234", new_key(key), file)
    size = file.stat().st_size
    certificate = certify(
        file, root=tmp_path, at=datetime(2026, 3, 1, tzinfo=UTC), reason="on-linkage", key=key
    )
    destroy(key, file)
    assert not file.exists()
    assert not key.exists()
    assert (certificate.path, certificate.key, certificate.size_bytes) == ("x.age", "keys/x.key", size)
    destroy(key, file)  # twice is harmless
