"""What our product says of itself: its commands, as a script would use them."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import CliRunner, Result

from tests.e2e.contracts import KEEPER, SESSIONS, Detail, Keeper, Ledger, Session
from tests.e2e.home import WARMSIDE, Home
from tests.e2e.waiting import PATIENCE, until
from tui.cli_group import main_group


class Product(Home):
    """Reads the `--json` contracts."""

    def warmside(self, *arguments: str, code: int = 0) -> str:
        """Run one of our commands and return what it prints."""
        done = self.command(str(WARMSIDE), *arguments)
        assert done.returncode == code, f"warmside {arguments}: exit code {done.returncode}\n{done.stderr}"
        return done.stdout

    def asked(self, *arguments: str) -> str:
        """What one of our reading commands prints, run in this process: what is asked ten times a second may not take
        half a second of a processor each time, which the clients need."""
        done = self._asked(*arguments)
        assert done.exit_code == 0, f"warmside {arguments}: exit code {done.exit_code}\n{done.stderr}"
        return done.stdout

    def _asked(self, *arguments: str) -> Result:
        return CliRunner().invoke(main_group, arguments, env=self.environment(), catch_exceptions=False)

    def sessions(self) -> list[Session]:
        return SESSIONS.validate_json(self.asked("sessions", "--json"))

    def session(self, session_id: str) -> Session:
        return next(session for session in self.sessions() if session.id == session_id)

    def wait_row(
        self, session_id: str, condition: Callable[[Session], bool], what: str, seconds: float = PATIENCE
    ) -> Session:
        """The session's row once it satisfies the condition."""
        last: list[Session] = []

        def matching() -> Session | None:
            last[:] = [session for session in self.sessions() if session.id == session_id]
            return last[0] if last and condition(last[0]) else None

        try:
            return until(matching, seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; last seen: {last}") from None

    def show(self, session_id: str) -> Detail:
        return Detail.model_validate_json(self.asked("show", session_id, "--json"))

    def ledger(self) -> Ledger:
        return Ledger.model_validate_json(self.asked("ledger", "--json"))

    def keeper(self) -> Keeper | None:
        return KEEPER.validate_json(self._asked("keeper", "status", "--json").stdout)
