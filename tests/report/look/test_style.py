"""How optimisers look: each config its own look, told apart in colour and in grey, whoever else is drawn."""

import itertools
import random

from commands import ROOT

from bench.report.look import style
from bench.report.look.style import KNOWN, Style


def test_every_optimizer_config_has_a_look_of_its_own() -> None:
    configs = {path.stem for path in (ROOT / "conf/optimizer").glob("*.yaml")}
    assert len(configs) > 28
    assert configs - set(KNOWN) == set()
    assert len(set(KNOWN.values())) == len(KNOWN)


def test_no_two_looks_share_colour_and_line_or_in_grey_line_and_marker() -> None:
    for (one, a), (other, b) in itertools.combinations(KNOWN.items(), 2):
        assert (a.color, a.dash) != (b.color, b.dash), (one, other)
        assert (a.dash, a.marker) != (b.dash, b.marker), (one, other)


def test_the_looks_of_the_readmes_picture_stay() -> None:
    assert {
        name: KNOWN[name] for name in ("random", "grid", "skopt_gp", "hyperopt_tpe", "optuna_tpe", "optuna_cmaes")
    } == {
        "random": Style("#5b5b5b", (0, (4, 1.4)), "x", "random search"),
        "grid": Style("#a8703a", (0, (1, 1.1)), "s", "grid search"),
        "skopt_gp": Style("#0173b2", "-", "o"),
        "hyperopt_tpe": Style("#de8f05", "-", "^"),
        "optuna_tpe": Style("#029e73", "-", "D"),
        "optuna_cmaes": Style("#b0479c", (0, (5, 1.3, 1, 1.3)), "P"),
    }


def linear(color: str) -> list[float]:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def test_baselines_on_a_ladder_and_raytunes_asha_are_told_apart_by_colour() -> None:
    assert len({KNOWN[name].color for name in ("random_sha", "random_rungs", "asha", "optuna_tpe", "dehb")}) == 5


def lightness(rgb: list[float]) -> float:
    """CIE L* of linear RGB."""
    y = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), rgb, strict=True))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_every_colour_can_be_read_on_white() -> None:
    """WCAG 2 asks a contrast of 3 of graphical objects; the sky blue and the orange of the palette come near it."""
    for color in {look.color for look in [*KNOWN.values(), *style.styles(map(str, range(12))).values()]}:
        rgb = linear(color)
        luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), rgb, strict=True))
        assert 1.05 / (luminance + 0.05) > 2.5, color
        text = linear(style.darker(color))
        assert lightness(text) < 62, color


def test_the_style_of_a_known_optimiser_does_not_depend_on_the_others() -> None:
    chance = random.Random(0)
    for _ in range(20):
        some = chance.sample(sorted(KNOWN), 4)
        looks = style.styles([*some, "tpe_gamma01", "hill"])
        assert {name: looks[name] for name in some} == {name: KNOWN[name] for name in some}


def test_own_optimisers_share_no_colour_with_anyone_while_one_of_the_palette_is_free() -> None:
    """Three own ones beside four of ours, and as many as the palette has colours, of random names."""
    chance = random.Random(1)
    for _ in range(300):
        ours = chance.sample(sorted(KNOWN), 4)
        own = [f"own_{chance.randrange(10**9)}" for _ in range(3)]
        looks = style.styles([*own, *ours])
        assert style.styles(reversed([*own, *ours])) == looks
        for name in own:
            assert looks[name].color not in {looks[other].color for other in looks if other != name}
    every = style.styles([f"optimizer_{number}" for number in range(12)])
    assert len({look.color for look in every.values()}) == 12


def test_many_unknown_names_share_colours_and_not_their_lines() -> None:
    looks = style.styles([*KNOWN, *(f"optimizer_{number}" for number in range(25))])
    assert len({(look.color, look.dash) for look in looks.values()}) == len(looks)
    looks = style.styles(["mine", "tpe_gamma01"])
    assert not {(look.color, look.dash) for look in looks.values()} & {(k.color, k.dash) for k in KNOWN.values()}
    assert len({(look.dash, look.marker) for look in looks.values()}) == 2


def contrast(a: list[float], b: list[float]) -> float:
    """WCAG 2, of two linear RGB colours."""
    one, other = (sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), rgb, strict=True)) for rgb in (a, b))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_every_colour_can_be_read_on_a_dark_page_that_turns_figures_round() -> None:
    """By the matrices of CSS Filter Effects 1 for `invert(.92) hue-rotate(180deg)`, on the page's dark paper."""
    around = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]

    def turned(color: str) -> list[float]:
        inverted = [0.92 - 0.84 * int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [min(max(sum(share * part for share, part in zip(row, inverted, strict=True)), 0), 1) for row in around]
        return linear("#" + "".join(f"{round(255 * part):02x}" for part in parts))

    dark = linear("#17181a")
    looks = [*KNOWN.values(), *style.styles(map(str, range(12))).values()]
    for color in {look.color for look in looks}:
        assert contrast(turned(color), dark) > 3, color
        assert contrast(turned(style.darker(color)), dark) > 4.5, color
    assert contrast(turned(style.INK), dark) > 7
    assert contrast(turned(style.MUTED), dark) > 4.5
    assert 1.1 < contrast(turned(style.GRID), dark) < 2
