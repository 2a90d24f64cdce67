"""The Hugging Face hub: told in a line where it can't be reached, instead of a minute of retries.

Without a network the hub's client retries for half a minute a file, with a warning each time. It
is asked here first whether the hub answers at all, and only where nothing of the model lies in
the client's cache: what was downloaded once loads without a network.
"""

from __future__ import annotations

import logging
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

_PATIENCE = 10.0  # seconds
_CLIENT = "huggingface_hub"


def why_unreachable(repository: str) -> str | None:
    """Say why a model of the hub can't be had; None where it may be.

    Args:
        repository: ``ORG/NAME``.
    """
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=repository, repo_type="model")
    if any(Path(constants.HF_HUB_CACHE, folder, "snapshots").glob("*/*")):
        return None
    if constants.HF_HUB_OFFLINE:  # by the user's own environment
        return f"HF_HUB_OFFLINE is set, and {repository} is not in {constants.HF_HUB_CACHE}"
    address = urlsplit(constants.ENDPOINT)
    host = address.hostname
    if host is None or _through_a_proxy(address.scheme, host):
        return None
    try:
        port = address.port or (80 if address.scheme == "http" else 443)
        socket.create_connection((host, port), timeout=_PATIENCE).close()
    except OSError as error:
        return f"{host} can't be reached: {error.strerror or error}"
    return None


def reason_of(error: Exception) -> str:
    """Say why something failed, in words: urllib wraps what the system says in another error."""
    if type(error) is URLError:  # an HTTPError says more than its reason
        return str(getattr(error.reason, "strerror", None) or error.reason)
    return str(error)


def _through_a_proxy(scheme: str, host: str) -> bool:
    proxies = urllib.request.getproxies()
    return bool({scheme, "all"} & set(proxies)) and not urllib.request.proxy_bypass(host)


@contextmanager
def quiet_client() -> Iterator[None]:
    """Keep the remarks of the hub's client to itself: what fails is told in an error."""
    logger = logging.getLogger(_CLIENT)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
