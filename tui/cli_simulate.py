"""`simulate`: what ping policies would have cost on recorded idle gaps, from a file or from one's own history."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from keepalive.simulate.grid import Grid
    from keepalive.simulate.report import Source
    from keepalive.simulate.terms import Cell
    from store.words import TTLClass


class SimulateError(click.ClickException):
    """A file that cannot be read or written, or a history without anything to score; one line for a person."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"warmside: {' '.join(self.message.split())}", err=True)


def _within(low: float, high: float) -> Any:
    """A callback for numbers in a range, each once; click's own ranges let `nan` through."""

    def callback(context: click.Context, parameter: click.Parameter, values: tuple[float, ...]) -> tuple[float, ...]:
        for value in values:
            if not low <= value <= high:  # not true of nan either
                raise click.BadParameter(f"{value:g} is not between {low:g} and {high:g}")
        return tuple(dict.fromkeys(values))

    return callback


@click.command()
@click.argument("gaps", required=False, type=click.Path(path_type=Path))
@click.option("--from-store", is_flag=True, help="Your own history, at each model's own prices.")
@click.option(
    "--read-price",
    "reads",
    type=float,
    multiple=True,
    callback=_within(0.01, 1),
    metavar="SHARE",
    help="Price of a cache read, of the input price. Repeatable; default 0.1, 0.05 and 0.025.",
)
@click.option("--ttl", "ttls", type=click.Choice(["5m", "1h"]), multiple=True, help="Entries that live so long alone.")
@click.option(
    "--ends",
    type=float,
    multiple=True,
    callback=_within(0, 1),
    metavar="SHARE",
    help="Share of ended sessions known at once. Repeatable; default 0, 0.5, 0.9 and 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Every figure as one JSON object.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="A picture: lapses avoided against pings.")
def simulate(
    gaps: Path | None,
    from_store: bool,
    reads: tuple[float, ...],
    ttls: tuple[TTLClass, ...],
    ends: tuple[float, ...],
    as_json: bool,
    svg: Path | None,
) -> None:
    """Score ping policies, ours among them, on the idle gaps of GAPS (a CSV file) or of your own history.

    Each is compared with the best possible, which knows when the next message comes. GAPS has a row for each request,
    with the columns session, kind (user, tool or notification), request_to_request_seconds, prefix_tokens and
    ttl_before (5m or 1h), and if it has them ttl_after, next_cache_read, next_cache_creation, next_input,
    model_before, model_after, compacted, at_utc and last_of_session.

    Text looks closely at the first read price and share of ends, and so does the picture. The JSON object has source,
    unit, resamples and cells; a cell has ttl, read_multiplier, write_multiplier, ends_signalled, its counts, best,
    front and policies; a policy has cost, ratio, lapses_avoided, lapses_left, pings, pings_per_100_idle_periods,
    net_saving, net_saving_share, worst_day, and intervals of 95 % by bootstrap over sessions.
    """
    if (gaps is None) != from_store:
        raise click.UsageError("name a CSV file, or --from-store")
    from keepalive.simulate import as_json as json_form
    from keepalive.simulate import report
    from keepalive.simulate.grid import policies
    from keepalive.simulate.terms import TTL_CLASSES, cells

    grid, source = _from_store(own_prices=not reads) if gaps is None else _from_file(gaps)
    wanted: list[Cell] = cells(ttls=ttls or TTL_CLASSES, **_narrowed(reads, ends, from_store=from_store))
    scored = policies()
    results = [grid.score(cell, scored) for cell in wanted]
    found = [result for result in results if result.periods]
    if not found and any(result.unpriced for result in results):
        raise SimulateError(f"{source.name}: nobody knows the prices of its models; name one with --read-price")
    if not found:
        raise SimulateError(f"{source.name} has no idle period with a prefix of 10,000 tokens to score")
    if svg is not None:
        from keepalive.simulate.chart import svg as picture

        try:
            svg.write_text(picture(found), encoding="utf-8")
        except OSError as error:
            raise SimulateError(f"cannot write {svg}: {error.strerror or error}") from error
    if as_json:
        click.echo(json_form.dumps(source, results))
        return
    click.echo(report.text(source, found))
    if svg is not None:
        click.echo(f"\nPicture: {svg}")


def _narrowed(reads: tuple[float, ...], ends: tuple[float, ...], *, from_store: bool) -> dict[str, Any]:
    """The part of the grid that was asked for; one's own history has its own prices and its own known ends."""
    own: dict[str, Any] = {"reads": (None,), "ends": (None,)} if from_store else {}
    return own | ({"reads": reads} if reads else {}) | ({"ends": ends} if ends else {})


def _from_file(path: Path) -> tuple[Grid, Source]:
    from keepalive.simulate import gaps
    from keepalive.simulate.episodes import episodes
    from keepalive.simulate.grid import Grid
    from keepalive.simulate.report import Source

    try:
        rows = gaps.read(path)
    except gaps.GapsError as error:
        raise SimulateError(str(error)) from error
    periods = episodes(rows)
    return Grid(rows, periods), Source(path.name, len(rows), len({row.session for row in rows}), len(periods), False)


def _from_store(*, own_prices: bool) -> tuple[Grid, Source]:
    from keepalive.simulate.episodes import episodes
    from keepalive.simulate.grid import Grid
    from keepalive.simulate.own_prices import from_store
    from keepalive.simulate.report import Source
    from store import idle_gaps
    from tui.cli_context import here

    connection = here().connection
    rows = list(idle_gaps.rows(connection))
    if not rows:
        raise SimulateError("the store has no request after another yet; read transcripts with: warmside import")
    periods = episodes(rows)
    sessions = len({row.session for row in rows})
    source = Source("your history", len(rows), sessions, len(periods), own_prices)
    return Grid(rows, periods, from_store(connection)), source
