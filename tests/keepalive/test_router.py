"""From a path token to a route, and no credential on the way through the store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from keepalive.exchange import Route
from keepalive.launching.ways import without_userinfo
from keepalive.router import StoreRouter
from store import launches
from tests.keepalive.money_harness import LAUNCH, PLAIN_LAUNCH, UPSTREAM, World, launch

TOKEN = "token of " + LAUNCH


async def test_a_valid_token_gives_its_launchs_route(world: World) -> None:
    router = StoreRouter(world.store)
    expected = Route(LAUNCH, UPSTREAM)
    assert await router.route(TOKEN) == expected
    assert router.of_launch(LAUNCH) == expected
    assert router.agent_of(LAUNCH) == "claude"


async def test_another_token_gives_none_until_its_launch_is_stored(world: World) -> None:
    router = StoreRouter(world.store)
    assert await router.route("token of launch-0003") is None
    await world.store.write(lambda connection: launches.record(connection, launch("launch-0003", "other")))
    route = await router.route("token of launch-0003")
    assert route is not None
    assert route.launch_id == "launch-0003"


@pytest.mark.parametrize("token", ["", LAUNCH, launches.token_hash(TOKEN)])
async def test_nothing_but_the_token_itself_is_one(world: World, token: str) -> None:
    assert await StoreRouter(world.store).route(token) is None


async def test_a_launch_that_sent_nothing_has_no_route_yet(world: World) -> None:
    router = StoreRouter(world.store)
    with pytest.raises(KeyError):
        router.of_launch(PLAIN_LAUNCH)
    with pytest.raises(KeyError):
        router.agent_of(PLAIN_LAUNCH)


async def test_a_route_is_looked_up_once(world: World) -> None:
    router = StoreRouter(world.store)
    first = await router.route(TOKEN)
    await world.store.write(lambda c: c.execute("UPDATE launches SET upstream = 'http://elsewhere'"))
    assert await router.route(TOKEN) is first


async def test_a_route_carries_the_launchs_ca_file_and_proxy(world: World, tmp_path: Path) -> None:
    row = launch("launch-0003", "claude", pid=2**22 + 1)
    stored = replace(row, proxy="http://proxy.test:8080", ca_file=str(tmp_path / "ca.pem"))
    await world.store.write(lambda connection: launches.record(connection, stored))
    # A process that is gone tells nothing more than what was stored.
    route = await StoreRouter(world.store).route("token of launch-0003")
    assert route == Route("launch-0003", UPSTREAM, "http://proxy.test:8080", str(tmp_path / "ca.pem"))


async def test_a_proxys_password_comes_from_the_clients_own_environment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        def __init__(self, pid: int) -> None:
            assert pid == os.getpid()

        def environ(self) -> dict[str, str]:
            return {"http_proxy": "http://other.test:1", "HTTPS_PROXY": "http://me:made-up@proxy.test:8080"}

    monkeypatch.setattr("psutil.Process", Client)
    row = replace(launch("launch-0003", "claude", pid=os.getpid()), proxy="http://proxy.test:8080")
    await world.store.write(lambda connection: launches.record(connection, row))
    route = await StoreRouter(world.store).route("token of launch-0003")
    assert route is not None
    assert route.proxy == "http://me:made-up@proxy.test:8080"
    assert "made-up" not in repr(route)


async def test_a_proxy_that_the_client_no_longer_names_is_used_as_it_was_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        def __init__(self, pid: int) -> None: ...

        def environ(self) -> dict[str, str]:
            return {"HTTPS_PROXY": "http://me:made-up@elsewhere.test:8080"}

    monkeypatch.setattr("psutil.Process", Client)
    row = replace(launch("launch-0003", "claude"), proxy="http://proxy.test:8080")
    await world.store.write(lambda connection: launches.record(connection, row))
    route = await StoreRouter(world.store).route("token of launch-0003")
    assert route is not None
    assert route.proxy == "http://proxy.test:8080"


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("http://me:made-up@proxy.test:8080/x?y", "http://proxy.test:8080/x?y"),
        ("http://me@proxy.test", "http://proxy.test"),
        ("http://a@b:made-up@proxy.test", "http://proxy.test"),
        ("http://proxy.test:8080", "http://proxy.test:8080"),
    ],
)
def test_a_stored_url_has_no_user(url: str, stored: str) -> None:
    assert without_userinfo(url) == stored
