"""Knows the launches: turns a path token into where that launch's requests go."""

from __future__ import annotations

import psutil

from keepalive.exchange import Route
from keepalive.launching.ways import without_userinfo
from keepalive.store_thread import StoreThread
from store import launches
from store.rows import LaunchRow

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


class StoreRouter:
    """Implements `Router` on the launches table; a launch's route never changes, so it is looked up once."""

    def __init__(self, store: StoreThread) -> None:
        self._store = store
        self._routes: dict[str, Route] = {}
        self._by_launch: dict[str, Route] = {}
        self._agents: dict[str, str] = {}

    async def route(self, token: str) -> Route | None:
        """The route of a valid token. Unknown tokens are asked for again: their launch may be stored next."""
        known = self._routes.get(token)
        if known is not None:
            return known
        launch = await self._store.read(lambda connection: launches.by_token(connection, token))
        if launch is None:
            return None
        route = Route(launch.id, launch.upstream, _full_proxy(launch), launch.ca_file)
        self._routes[token] = self._by_launch[launch.id] = route
        self._agents[launch.id] = launch.agent
        return route

    def of_launch(self, launch_id: str) -> Route:
        """The route that an exchange of this launch took; KeyError for a launch that sent nothing yet."""
        return self._by_launch[launch_id]

    def agent_of(self, launch_id: str) -> str:
        """Which client this launch started; KeyError for a launch that sent nothing yet."""
        return self._agents[launch_id]


def _full_proxy(launch: LaunchRow) -> str | None:
    """The launch's proxy with its credentials, which are only in the client's own environment."""
    if launch.proxy is None:
        return None
    try:
        environment = psutil.Process(launch.pid).environ()
    except psutil.Error:
        return launch.proxy
    candidates = (environment.get(name, "") for name in PROXY_VARIABLES)
    return next((url for url in candidates if url and without_userinfo(url) == launch.proxy), launch.proxy)
