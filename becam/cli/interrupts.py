"""Ctrl-C while modules are imported: it waits until they are there.

An exception inside an import can leave the lock of a module held, so that the next one who
wants that module waits forever, and inside torch's own start it ends the process by an abort.
"""

from __future__ import annotations

import signal
import threading
from _thread import interrupt_main
from types import FrameType

_AGAIN = 0.05  # seconds


def wait_for_imports() -> None:
    """Have Ctrl-C raise ``KeyboardInterrupt`` as ever, but not in the middle of an import."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    if not _importing(frame):
        raise KeyboardInterrupt
    again = threading.Timer(_AGAIN, _send)
    again.daemon = True
    again.start()


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _send() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # also ends a wait of the main thread
    else:  # Windows
        interrupt_main()
