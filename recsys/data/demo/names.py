"""The demo catalogue by name: ``demo``, or with other parameters ``demo:correlation=0.9,...``."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from recsys.data.demo.config import DemoConfig
from recsys.errors import InputError, shown, unknown

if TYPE_CHECKING:
    from recsys.data.catalogue import Catalogue

NAME: Final = "demo"
MANIFEST: Final = "demo.json"  # in the folder of one
# Every field but the users' taste, which is no plain number.
KEYS: Final = tuple(entry.name for entry in fields(DemoConfig) if entry.name != "taste")


def is_demo(name: str) -> bool:
    """Tell whether a name is that of the demo catalogue, with or without parameters."""
    return name == NAME or name.startswith(f"{NAME}:")


def is_simulated(catalogue: Catalogue) -> bool:
    """Tell whether a catalogue is a demo catalogue, whatever it is called."""
    return (catalogue.root / MANIFEST).is_file()


def demo_config(name: str) -> DemoConfig:
    """Read ``demo`` or ``demo:KEY=VALUE,...``; what is not named keeps its default.

    ``interactions=5`` is five a user, ``interactions=5-10`` five to ten. ``correlation`` changes
    the pictures alone: items, users and interactions stay. Where ``interactions`` changes alone,
    the pictures stay, and the fewer interactions are among the more.

    Raises:
        InputError: an unknown key (the message names the nearest), a key twice, a value that is
            no number or out of range.
    """
    head, colon, rest = name.partition(":")
    if head != NAME or (colon and not rest):
        raise InputError(f"{shown(name)}: expected 'demo' or 'demo:KEY=VALUE,...'")
    given: dict[str, Any] = {}
    for part in rest.split(",") if rest else ():
        key, equals, value = (text.strip() for text in part.partition("="))
        if not (key and equals and value):
            raise InputError(
                f"{shown(name)}: expected KEY=VALUE with commas between them, "
                f"as in 'demo:correlation=0.9,interactions=20', not {shown(part)}"
            )
        if key not in KEYS:
            raise unknown("parameter of the demo catalogue", key, KEYS)
        if key in given:
            raise InputError(f"{shown(name)}: {key!r} is given twice; expected it once")
        given[key] = _value(key, value)
    return DemoConfig(**given)


def demo_name(config: DemoConfig) -> str:
    """Return the shortest name of a configuration whose taste is the default's."""
    default = DemoConfig()
    parts = [
        f"{key}={_text(key, getattr(config, key))}"
        for key in KEYS
        if getattr(config, key) != getattr(default, key)
    ]
    return f"{NAME}:{','.join(parts)}" if parts else NAME


def _value(key: str, text: str) -> Any:
    expected = {"correlation": "a number", "interactions": "a whole number or LEAST-MOST"}
    try:
        if key == "correlation":
            return float(text)
        if key == "interactions":
            least, dash, most = text.partition("-")
            return int(least), int(most) if dash else int(least)
        return int(text)
    except ValueError:
        raise InputError(
            f"demo catalogue: {key} must be {expected.get(key, 'a whole number')}, "
            f"got {shown(text)}"
        ) from None


def _text(key: str, value: Any) -> str:
    if key != "interactions":
        return str(value).removesuffix(".0")
    least, most = value
    return str(least) if least == most else f"{least}-{most}"
