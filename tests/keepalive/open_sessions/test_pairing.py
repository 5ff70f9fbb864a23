"""Which process has which session, concluded from times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keepalive.open_sessions.pairing import Candidate, Pairing
from keepalive.open_sessions.process_table import Running
from tests.keepalive.claude_folder import T0
from tests.keepalive.open_sessions.fake_machine import running


def process(pid: int, started: float, ancestors: tuple[int, ...] = ()) -> Running:
    return running(pid, "pi", started=started, ancestors=ancestors)


def stored(name: str, created: float, updated: float | None = None) -> Candidate:
    return Candidate(name, T0 + created, T0 + (created if updated is None else updated))


def names(paired: dict[int, Candidate]) -> dict[int, str]:
    return {pid: candidate.session_id for pid, candidate in paired.items()}


def test_a_process_has_the_newest_session_that_changed_after_its_start() -> None:
    pairing = Pairing()
    assert names(pairing.pair([process(1, 100)], [stored("old", 10, 90)])) == {}
    assert names(pairing.pair([process(1, 100)], [stored("old", 10, 90), stored("new", 105)])) == {1: "new"}
    resumed = [stored("old", 10, 120), stored("new", 105)]
    assert names(pairing.pair([process(1, 100)], resumed)) == {1: "old"}


def test_two_processes_take_different_sessions() -> None:
    pairing = Pairing()
    both = [process(1, 100), process(2, 200)]
    assert names(pairing.pair(both, [stored("a", 210)])) == {2: "a"}, "the older one stays without a name"
    assert names(pairing.pair(both, [stored("a", 210), stored("b", 220)])) == {1: "b", 2: "a"}


def test_a_session_older_than_the_second_process_is_the_firsts() -> None:
    assert names(Pairing().pair([process(1, 100), process(2, 200)], [stored("a", 110, 250)])) == {1: "a"}


def test_what_was_concluded_stays_while_both_write() -> None:
    pairing = Pairing()
    both = [process(1, 100), process(2, 200)]
    first = names(pairing.pair(both, [stored("a", 110), stored("b", 210)]))
    assert first == {1: "a", 2: "b"}
    assert names(pairing.pair(both, [stored("a", 110, 400), stored("b", 210, 300)])) == first


def test_a_session_whose_process_left_is_not_taken_over() -> None:
    pairing = Pairing()
    both = [process(1, 100), process(2, 200)]
    known = [stored("a", 110, 300), stored("b", 210, 250)]
    pairing.pair(both, known)
    assert names(pairing.pair([process(2, 200)], known)) == {2: "b"}
    resumed = [stored("a", 110, 400), stored("b", 210, 250)]
    assert names(pairing.pair([process(2, 200)], resumed)) == {2: "a"}, "until it is written to again"


def test_the_child_of_a_launcher_that_is_gone_goes_on_with_its_session() -> None:
    pairing = Pairing()
    known = [stored("a", 110)]
    pairing.pair([process(1, 100)], known)
    assert names(pairing.pair([process(5, 101, ancestors=(1, 9))], known)) == {5: "a"}


def test_a_session_that_is_gone_frees_its_process() -> None:
    pairing = Pairing()
    pairing.pair([process(1, 100)], [stored("a", 110)])
    assert names(pairing.pair([process(1, 100)], [])) == {}


_times = st.integers(0, 50)


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.integers(1, 5), _times, max_size=4),
            st.dictionaries(st.sampled_from("abcde"), st.tuples(_times, _times), max_size=5),
        ),
        max_size=6,
    )
)
def test_no_session_is_ever_in_two_processes(
    looks: list[tuple[dict[int, int], dict[str, tuple[int, int]]]],
) -> None:
    pairing = Pairing()
    for processes, sessions in looks:
        found = names(
            pairing.pair(
                [process(pid, start * 10) for pid, start in processes.items()],
                [stored(name, made * 10, max(made, changed) * 10) for name, (made, changed) in sessions.items()],
            )
        )
        assert len(set(found.values())) == len(found)
        assert set(found) <= set(processes)
        assert set(found.values()) <= set(sessions)
