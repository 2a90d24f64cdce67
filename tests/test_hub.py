"""The Hugging Face hub out of reach: one line, at once, and not where the model lies in a cache."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from urllib.error import URLError

import pytest

from becam.encoders.hub import quiet_client, reason_of, why_unreachable

constants = pytest.importorskip("huggingface_hub.constants")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no proxy, and a hub at a port of this machine where nobody listens."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_a_hub_that_does_not_answer_is_named() -> None:
    assert why_unreachable("org/m") == "127.0.0.1 can't be reached: Connection refused"


def test_what_lies_in_the_cache_needs_no_network(cache: Path) -> None:
    snapshot = cache / "models--org--m" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    assert why_unreachable("org/m") is not None  # a download that never got to its first file
    (snapshot / "open_clip_config.json").touch()
    assert why_unreachable("org/m") is None
    assert why_unreachable("org/n") is not None


def test_a_hub_that_answers_is_asked_for_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert why_unreachable("org/m") is None


def test_a_proxy_is_left_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert why_unreachable("org/m") is None
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert why_unreachable("org/m") is not None


def test_offline_by_choice_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert str(why_unreachable("org/m")).startswith("HF_HUB_OFFLINE is set, and org/m is not in")


def test_the_client_s_warnings_stay_off_the_screen(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("huggingface_hub.utils._http")
    before = logging.getLogger("huggingface_hub").level
    with quiet_client():
        logger.warning("Retrying in 8s")
    assert not caplog.records
    assert logging.getLogger("huggingface_hub").level == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (URLError(OSError(-2, "Name or service not known")), "Name or service not known"),
        (URLError(TimeoutError("timed out")), "timed out"),
        (URLError("unknown url type: x"), "unknown url type: x"),
        (FileNotFoundError(2, "No such file", "w.pt"), "[Errno 2] No such file: 'w.pt'"),
    ],
)
def test_the_reason_is_what_the_system_said(error: Exception, said: str) -> None:
    assert reason_of(error) == said
