"""What is held in memory: the newest request of each thread, and what is known of its account."""

from __future__ import annotations

from keepalive.exchange import Route
from keepalive.prefix import parse_request
from keepalive.usage import Bucket, RateLimits
from keepalive.vault import MOST_TRACES, AccountStop, Captured, Trace, Vault
from tests.keepalive.money_harness import KEY, LAUNCH, UPSTREAM, Talk

NOW = 1_790_000_000.0


def captured(vault: Vault, talk: Talk) -> Captured:
    return Captured(
        session_id=talk.session,
        agent_id=talk.agent,
        account=vault.account(talk.headers()),
        route=Route(LAUNCH, UPSTREAM),
        target="/v1/messages",
        facts=parse_request(talk.body(), talk.headers()),
        started_monotonic=1.0,
        headers=talk.headers(),
        body=talk.body(),
    )


def test_accounts_are_told_apart_by_their_credential_alone() -> None:
    vault = Vault()
    key = vault.account([(b"X-Api-Key", b"one")])
    assert key == vault.account([(b"other", b"x"), (b"x-api-key", b"one")])
    assert key != vault.account([(b"x-api-key", b"two")])
    assert key != vault.account([(b"authorization", b"one")])
    assert vault.account([(b"authorization", b"a"), (b"x-api-key", b"b")]) == vault.account(
        [(b"x-api-key", b"b"), (b"authorization", b"a")]
    )


def test_an_accounts_name_means_nothing_outside_this_process() -> None:
    headers = [(b"x-api-key", KEY.encode())]
    assert Vault().account(headers) != Vault().account(headers)
    assert KEY not in Vault().account(headers)


def test_what_is_held_shows_neither_headers_nor_body() -> None:
    text = repr(captured(Vault(), Talk(said=["the secret plan"])))
    assert KEY not in text
    assert "the secret plan" not in text


def test_a_thread_holds_one_lineage() -> None:
    vault, talk = Vault(), Talk()
    first = captured(vault, talk)
    vault.hold(1, first)
    assert vault.of_thread(talk.session, "") == (1, first)
    second = captured(vault, talk)
    vault.hold(2, second)
    assert vault.get(1) is None
    assert vault.of_thread(talk.session, "") == (2, second)
    newer = captured(vault, talk)
    vault.hold(2, newer)
    assert vault.get(2) is newer


def test_threads_do_not_push_each_other_out() -> None:
    vault = Vault()
    for lineage_id, talk in enumerate((Talk(), Talk(agent="sub"), Talk(session="session-2"))):
        vault.hold(lineage_id, captured(vault, talk))
    assert all(vault.get(lineage_id) is not None for lineage_id in range(3))
    vault.drop_session("session-1")
    assert vault.get(0) is None
    assert vault.get(1) is None
    assert vault.get(2) is not None
    assert vault.of_thread("session-1", "") is None
    vault.drop_session("never seen")


def test_sessions_of_an_account() -> None:
    vault = Vault()
    same = captured(vault, Talk(session="session-2"))
    vault.hold(1, captured(vault, Talk()))
    vault.hold(2, same)
    vault.hold(3, captured(vault, Talk(session="session-3", key="sk-ant-test-9999")))
    assert vault.sessions_of(same.account) == {"session-1", "session-2"}


def test_a_rate_limit_lasts_until_its_reset_whatever_gets_through() -> None:
    vault = Vault()
    vault.stop_account("a", AccountStop("limited", {}, NOW + 30))
    assert not vault.clear_account("a")
    assert vault.account_stop("a", NOW + 29) is not None


def test_a_stop_holds_for_its_account_until_it_is_cleared() -> None:
    vault = Vault()
    stop = AccountStop("limited", {}, None)
    vault.stop_account("a", stop)
    assert vault.account_stop("a", NOW) is stop
    assert vault.account_stop("b", NOW) is None
    assert vault.clear_account("a")
    assert vault.account_stop("a", NOW) is None
    assert not vault.clear_account("a")


def test_a_stop_with_an_end_ends_at_it() -> None:
    vault = Vault()
    vault.stop_account("a", AccountStop("limited", {}, NOW + 30))
    assert vault.account_stop("a", NOW + 29.9) is not None
    assert vault.account_stop("a", NOW + 30) is None
    later = AccountStop("refused", {}, None)
    vault.stop_account("a", later)
    assert vault.account_stop("a", NOW + 1e9) is later


def test_a_refused_key_and_a_limit_stand_side_by_side() -> None:
    vault = Vault()
    limit, refused = AccountStop("limited", {}, NOW + 30), AccountStop("refused", {}, None)
    vault.stop_account("a", refused)
    vault.stop_account("a", limit)
    assert vault.account_stop("a", NOW + 99) is refused, "a limit that ends must not end what lasts"
    assert vault.clear_account("a")
    assert vault.account_stop("a", NOW) is limit, "a good answer ends no limit"
    assert vault.account_stop("a", NOW + 30) is None


def test_silence_about_limits_changes_nothing() -> None:
    vault = Vault()
    assert vault.limits("a") == RateLimits()
    told = RateLimits(requests=Bucket(100, 5, NOW))
    vault.note_limits("a", told)
    vault.note_limits("a", RateLimits())
    assert vault.limits("a") is told
    assert vault.limits("b") == RateLimits()


class TestTraces:
    def trace(self, at: float) -> Trace:
        talk = Talk()
        return Trace(parse_request(talk.body(), talk.headers()).shape, at, at, at)

    def test_the_newest_request_of_a_thread_is_remembered_also_after_its_session(self) -> None:
        vault = Vault()
        for at in (1.0, 3.0, 2.0):
            vault.remember("s", "", self.trace(at))
        vault.remember("s", "sub", self.trace(9.0))
        vault.drop_session("s")
        found = vault.last_of("s", "")
        assert found is not None
        assert found.at == 3.0
        assert vault.last_of("other", "") is None

    def test_only_so_many_threads_are_remembered(self) -> None:
        vault, trace = Vault(), self.trace(1.0)
        for n in range(MOST_TRACES):
            vault.remember(f"s{n}", "", trace)
        vault.remember("s0", "", trace)
        vault.remember("new", "", trace)
        assert vault.last_of("s0", "") is not None
        assert vault.last_of("s1", "") is None
        assert vault.last_of("new", "") is not None
