"""The catalogue: what it offers, in what order, and that its words and reasons fit a narrow sheet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from store.models import BoardView
from tests.tui import sample
from tests.tui.sample import NOW
from tui.actions import BY_NAME, CATALOGUE, DEFAULT_SHOWN, GROUPS
from tui.key_names import canonical
from tui.moment import HistoryMoment, Moment

SESSIONS = st.sampled_from([None, *sample.BOARD.sessions, sample.ENDED[0]])
MOMENTS = st.builds(
    Moment,
    st.sampled_from([sample.BOARD, sample.NO_KEEPER, sample.BOARD_ENDED, BoardView()]),
    SESSIONS,
    st.just(NOW),
    on_fold=st.booleans(),
    opened=st.booleans(),
    viewed=st.booleans(),
    list_hidden=st.booleans(),
    leaves=st.booleans(),
    has_history=st.booleans(),
    has_days=st.booleans(),
    history=st.none() | st.builds(HistoryMoment, st.integers(0, 2), st.booleans(), st.booleans()),
    days=st.booleans(),
    no_start=st.sampled_from(["", "opened with --no-keeper", "{back} and {"]),
    keys=st.none() | st.just(DEFAULT_SHOWN) | st.just({}),
)


def test_no_key_means_two_things_and_each_is_one() -> None:
    keys = [key for action in CATALOGUE for key in action.keys]
    assert len(keys) == len(set(keys))
    assert all(canonical(key) == key for key in keys)


def test_the_conventions_are_kept() -> None:
    wanted = {
        "jump": "g",
        "hold": "h",
        "history": "H",
        "keeper": "K",
        "sort": "s",
        "days": "L",
        "copy": "y",
        "find": "/",
        "next_hit": "n",
        "hit_before": "N",
        "down": "j",
        "up": "k",
        "first": "home",
        "last": "G",
        "quit": "q",
        "back": "escape",
        "help": "?",
        "palette": "ctrl+p",
    }
    assert {name: key for name, key in wanted.items() if key not in BY_NAME[name].keys} == {}


def test_no_two_actions_have_the_same_rank_in_the_footer() -> None:
    ranks = [action.footer for action in CATALOGUE if action.footer]
    assert len(ranks) == len(set(ranks))


def test_a_group_stands_together() -> None:
    met = list(dict.fromkeys(action.group for action in CATALOGUE))
    assert tuple(met) == GROUPS
    assert sorted(CATALOGUE, key=lambda action: GROUPS.index(action.group)) == list(CATALOGUE)


def test_every_action_says_what_it_does_in_a_line_of_the_help() -> None:
    assert all(action.help and len(action.help) <= 26 for action in CATALOGUE)


@given(MOMENTS)
def test_a_reason_is_one_short_line_with_the_keys_it_speaks_of(moment: Moment) -> None:
    for action in CATALOGUE:
        reason = action.reason_not(moment)
        assert reason is None or (0 < len(reason) <= 42 and reason.isprintable())
        assert reason is None or "{" not in reason or reason == moment.no_start


def test_a_reason_speaks_of_the_keys_in_force() -> None:
    moment = Moment(sample.NO_KEEPER, sample.API, NOW)
    assert BY_NAME["ping"].reason_not(moment) == "no keeper runs, K starts it"
    assert BY_NAME["ping"].reason_not(moment._replace(keys={"keeper": "^k"})) == "no keeper runs, ^k starts it"
    assert BY_NAME["ping"].reason_not(moment._replace(keys={})) == "no keeper runs, the palette starts it"
