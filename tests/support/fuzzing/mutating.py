"""Changes of valid data: plain values as JSON and YAML hold them, lines of text, bytes."""

import copy
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

NUMBERS: list[Any] = [
    *(0, 1, -1, 2, 3, 7, 100, 255, 2**31 - 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400),
    *(0.0, -0.0, 0.5, 1.5, -0.5, 1e-320, 1e-12, 1e12, 1e30, 1e308, -1e308, math.nan, math.inf, -math.inf),
]
WORDS = [
    *("", " ", "x", "é", "null", "None", "NA", "nan", "NaN", "inf", "-inf", "true", "false", "yes", "no", "on", "off"),
    *("?", "-", "--", "unknown", "n/a", "0x10", "1e5", "1_000", "007", "12:30", "1,5", "1.234,5", "1 000", "5 %"),
    *("2024-12-31", "12/31/2024", "31.12.2024", "2024-12-31T10:00:00Z", "24:00", "Jan 5, 2024"),
    *("../up", "a/b", "/dev/null/x", ".", "..", "~", "-x", "--help", "a" * 300, "a b", " a", "a\tb", "a\nb", "a\0b"),
    *("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u202etxt", "\ud800", "\ufeffx", "\u0661", "😀", "[red]", "<b>x</b>"),
    *("${x}", "${oc.env:HOME}", "${", "???", "%s", "{0}", "=1+1", "'", '"', "\\", ",", ";", "[", "{", "#", "&a", "*a"),
    *("os.system", "bench.cli.main", "subprocess.Popen", "builtins.exec", "random", "float", "int", "ok", "failed"),
]


def word(rng: random.Random) -> str:
    return rng.choice(WORDS)


def value(rng: random.Random) -> Any:
    """A value that is likely to be out of place."""
    kind = rng.randrange(9)
    if kind < 3:
        return rng.choice(NUMBERS)
    if kind < 6:
        return word(rng)
    return rng.choice([None, True, False, [], {}, [1], ["x", None], {"a": 1}, [[1, [2]]], {"": {}}])


def like(rng: random.Random, old: Any) -> Any:
    """Another value of the same kind, more often than not."""
    if rng.random() < 0.3 or (isinstance(old, int) and abs(old) > 2**1000):  # of which there is no float
        return value(rng)
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return rng.choice([old + 1, old - 1, -old, old * 10, float(old), str(old), old + 0.5, 0])
    if isinstance(old, float):
        return rng.choice([-old, old * 10, old / 10, old * 1e6, old + 1e-9, str(old), 0.0])
    if isinstance(old, str):
        return rng.choice([old + "x", old[:-1], old.upper(), f" {old}", f"{old} ", [old], mistyped(rng, old)])
    return value(rng)


def mistyped(rng: random.Random, name: str) -> str:
    """The name with two letters exchanged, one doubled, or one left out."""
    if len(name) < 2:
        return name + "x"
    at = rng.randrange(len(name) - 1)
    return rng.choice(
        [
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[: at + 1] + name[at:],
            name[:at] + name[at + 1 :],
        ]
    )


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Each container of the data with each of its keys."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
    return [place for key in keys for place in ((data, key), *_places(data[key]))]


def plain(rng: random.Random, data: Any, most: int = 2) -> Any:
    """A copy of plain data with one to `most` changes of values, keys or shape."""
    data = copy.deepcopy(data)
    for _ in range(rng.randint(1, most)):
        places = _places(data)
        if not places:
            return value(rng)
        container, key = rng.choice(places)
        _CHANGES[rng.randrange(len(_CHANGES))](rng, container, key)
    return data


def _replace(rng: random.Random, container: Any, key: Any) -> None:
    container[key] = value(rng)


def _alter(rng: random.Random, container: Any, key: Any) -> None:
    container[key] = like(rng, container[key])


def _remove(rng: random.Random, container: Any, key: Any) -> None:
    del container[key]


def _rename(rng: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, list):
        container.insert(key, container[key])
        return
    new = mistyped(rng, str(key)) if rng.random() < 0.7 else word(rng)
    entries = [(new if each == key else each, entry) for each, entry in container.items()]
    container.clear()
    container.update(entries)


def _nest(rng: random.Random, container: Any, key: Any) -> None:
    old = container[key]
    container[key] = rng.choice([[old], {"x": old}, [old, old], {str(key): old}])


def _add(rng: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        container[word(rng)] = value(rng)
    else:
        container.append(value(rng))


def _swap(rng: random.Random, container: Any, key: Any) -> None:
    other = rng.choice(list(container) if isinstance(container, dict) else range(len(container)))
    container[key], container[other] = container[other], container[key]


_CHANGES: Sequence[Callable[[random.Random, Any, Any], None]] = (
    *(_replace, _replace, _alter, _alter, _alter),
    *(_remove, _rename, _nest, _add, _swap),
)


def raw(rng: random.Random, content: bytes) -> bytes:
    """The bytes with one to three of them, or runs of them, changed, cut out, doubled or put in."""
    for _ in range(rng.randint(1, 3)):
        content = _once(rng, content)
    return content


def _once(rng: random.Random, content: bytes) -> bytes:
    at = rng.randint(0, len(content))
    length = rng.choice([1, 1, 2, 4, 8, 64])
    before, within, after = content[:at], content[at : at + length], content[at + length :]
    turned = bytes([within[0] ^ (1 << rng.randrange(8))]) + within[1:] if within else b"x"
    inserted = rng.choice([b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b'"', b",", b"[" * 1000])
    ways = [
        *(before, before + after, before + within * 2 + after, before + inserted + within + after),
        before + word(rng).encode("utf-8", "surrogatepass") + within + after,
        before + rng.randbytes(length) + after,
        before + rng.choice([b"\0", b"\xff", b"\x7f"]) * length + after,
        *(before + turned + after, before + turned + after),
    ]
    return rng.choice(ways)


def lines(rng: random.Random, text: str) -> str:
    """The text with lines removed, doubled, exchanged, cut, or with a word put in."""
    rows = text.splitlines(keepends=True) or [""]
    for _ in range(rng.randint(1, 3)):
        at, other = rng.randrange(len(rows)), rng.randrange(len(rows))
        kind = rng.randrange(6)
        if kind == 0 and len(rows) > 1:
            del rows[at]
        elif kind == 1:
            rows.insert(other, rows[at])
        elif kind == 2:
            rows[at], rows[other] = rows[other], rows[at]
        elif kind == 3:
            rows[at] = rows[at][: rng.randint(0, len(rows[at]))]
        else:
            place = rng.randint(0, len(rows[at]))
            rows[at] = rows[at][:place] + word(rng) + rows[at][place:]
    return "".join(rows)
