"""What a hint says to type is what is read: any text goes through a shell and Hydra as it is."""

import random
import subprocess

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from bench.wording import as_value, command, in_quotes

SIGNS = "\\\\''$${{}}a \t\n\x1b\x85é\"`!\u202e,[]:=#-0?*%@./_"
WORDS = ["inf", "NaN", "null", "TRUE", "-1", ".5", "1e5", "0x10", "1_000", "12:30", "x/y", "../x", "${oc.env:HOME}"]


def test_any_text_in_an_override_that_a_hint_names_is_read_as_that_text() -> None:
    chance = random.Random(0)
    texts = ["".join(chance.choices(SIGNS, k=chance.randrange(7))) for _ in range(1500)] + WORDS
    typed = [f"a=[{as_value(text)}, {in_quotes(text)}]" for text in texts]
    shell = ["bash", "-c", f"printf '%s\\0' {command(*typed)}"]
    passed = subprocess.run(shell, capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}).stdout.decode()
    assert passed.split("\0") == [*typed, ""]
    for override, text in zip(OverridesParser.create().parse_overrides(typed), texts, strict=True):
        assert list(OmegaConf.create({"a": override.value()}).a) == [text, text]
