"""Which look fits an environment, that every text can be read, and that ASCII keeps every width."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.themes import ANSI, ANSI_LIGHT, CONTRAST, DARK, HUES, LIGHT, OFFERED, THEMES, Hues, default_theme, theme_of


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({}, ANSI),
        ({"COLORFGBG": "15;0"}, ANSI),
        ({"COLORFGBG": "0;15"}, ANSI_LIGHT),
        ({"COLORFGBG": "0;default;7"}, ANSI_LIGHT),
    ],
)
def test_default_theme(environ: dict[str, str], theme: str) -> None:
    assert default_theme(environ) == theme
    assert theme_of("auto", environ) == theme_of("terminal", environ) == theme


def test_every_theme_can_be_chosen_by_its_word() -> None:
    chosen = {theme_of(word, environ) for word, _ in OFFERED for environ in ({}, {"COLORFGBG": "0;15"})}
    assert chosen == {theme.name for theme in THEMES}
    assert theme_of("light", {"COLORFGBG": "15;0"}) == LIGHT, "a choice beats what the terminal says"


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it: 1 (none) to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "least"), [(DARK, 4.5), (LIGHT, 4.5), (CONTRAST, 7.0)])
def test_text_can_be_read_on_the_ground_and_on_the_selected_row(name: str, least: float) -> None:
    hues = HUES[name]
    for role in ("fg", "dim", "cold", "bad", "good"):
        for ground in (hues.bg, hues.sel):
            assert _contrast(getattr(hues, role), ground) >= least, (role, ground)
    assert _contrast(hues.bg, hues.warm) >= least, "the chip"
    assert _contrast(hues.bg, hues.fg) >= least, "the chosen mode"


@pytest.mark.parametrize("name", HUES)
def test_signs_and_areas_stand_out_from_the_ground(name: str) -> None:
    hues = HUES[name]
    assert _contrast(hues.warm, hues.sel) >= 3
    assert _contrast(hues.read, hues.bg) >= 3
    assert _contrast(hues.read, hues.cold) >= 1.5, "written on read"


def test_in_high_contrast_nothing_is_quiet() -> None:
    hues = HUES[CONTRAST]
    assert hues.dim == hues.fg
    assert _contrast(hues.faint, hues.bg) >= 3, "a rule can be seen"


def test_all_themes_know_the_same_variables() -> None:
    assert all({"dim", "read"} <= set(theme.variables) for theme in THEMES)


def _told() -> dict[str, str]:
    """The lines of the table of roles in docs/looks.md, by role."""
    page = (Path(__file__).parents[2] / "docs" / "looks.md").read_text(encoding="utf-8")
    return {line.split("|")[1].strip(): line for line in page.split("\n") if line.startswith("| ")}


@pytest.mark.parametrize("role", Hues._fields)
def test_the_page_on_looks_names_the_colours(role: str) -> None:
    line = _told()[role]
    for name, hues in HUES.items():
        said = "as fg" if (name, role) == (CONTRAST, "dim") else f"`{getattr(hues, role)}`"
        assert said in line, (name, role)
