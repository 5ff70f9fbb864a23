"""What an open budget sheet is shown from outside: its session and the time as they move on, what is in force, the
size of the screen."""

from __future__ import annotations

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from store.models import BudgetMode, SessionView
from tests.tui import sample
from tests.tui.budget_sample import ALLOWED, IN_FORCE
from tests.tui.budget_steps import field, sheet_of
from tests.tui.running import Running
from tests.tui.sample import NOW
from tui.orders import BudgetWanted, DefaultWanted
from tui.screens.budget import BudgetSheet
from tui.widgets.mode_choice import ModeChoice


def session_of(one: Running) -> SessionView:
    return next(each for each in one.feed.view.sessions if each.id == sheet_of(one).session_id)


async def move_on(one: Running, pilot: Pilot[None], **keepalive: object) -> None:
    """The board has another state of the session."""
    session = session_of(one)
    moved = replace(session, keepalive=replace(session.keepalive, **keepalive))
    others = tuple(moved if each is session else each for each in one.feed.view.sessions)
    one.feed.show(replace(one.feed.view, sessions=others))
    await one.poll(pilot)


async def opened(one: Running, pilot: Pilot[None]) -> BudgetSheet:
    """A sheet that was handed what is in force."""
    sheet = BudgetSheet(sample.DEPLOY, "deploy-infra", one.clock, one.look, IN_FORCE)
    one.app.push_screen(sheet)
    await one.settle(pilot)
    return sheet


async def test_an_open_sheet_follows_its_session() -> None:
    """What is typed stays; why there is a ping or none is that of now, and so is a field that nobody touched."""
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "5")
        await move_on(one, pilot, why="off", why_args={}, idle_pings=4, max_usd=2.0, mode=BudgetMode.HOLD)
        assert one.text("policy")[0] == "as is  keep-alive is off"
        assert one.text("beside-pings")[0].strip() == "4 used"
        assert [each.value for each in sheet_of(one).query(Input)] == ["5", "$2.00", ""]
        assert sheet_of(one).query_one(ModeChoice).mode is BudgetMode.HOLD


async def test_a_mode_that_was_chosen_stays() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "left")
        await move_on(one, pilot, mode=BudgetMode.HOLD)
        assert sheet_of(one).query_one(ModeChoice).mode is BudgetMode.OFF


async def test_time_passes_for_an_open_sheet() -> None:
    """The entry goes cold and nobody writes anything: its words do not wait for the next board."""
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b")
        one.clock.advance(600)
        sheet_of(one).show(session_of(one))
        await one.settle(pilot)
        assert one.text("policy")[0] == "as is  went cold 9m ago"


async def test_a_wide_sheet_has_the_outlook_beside_the_fields_and_says_where_values_were_set() -> None:
    one = Running()
    async with one.run(120, 40) as pilot:
        sheet = await opened(one, pilot)
        fields, outlook = sheet.query_one("#fields").region, sheet.query_one("#outlook").region
        assert outlook.x > fields.right
        assert outlook.y == fields.y
        assert one.text("below-pings")[0].strip() == "this session"
        assert one.text("below-money")[0].strip() == "config.toml [budget.project.api]"
        assert one.text("beside-until") == ["   time, 2h, back"], "a cell stays free beside the field"
        assert one.text("dearest") == ["a ping  at most $0.25, stored default"]
        assert one.text("policy")[:2] == ["what it would do", "as is  kept to 14:44, 2 pings left"]
        await one.press(pilot, "tab", "x")
        assert one.text("below-pings")[0].strip() == "✗ a whole number, such as 3"


async def test_a_budget_of_its_own_can_be_dropped() -> None:
    one = Running()
    told: list[BudgetWanted | DefaultWanted | None] = []
    async with one.run() as pilot:
        one.app.push_screen(BudgetSheet(sample.DEPLOY, "deploy-infra", one.clock, one.look), told.append)
        await one.settle(pilot)
        assert one.text("sheet-keys") == ["↵ apply  esc cancel"], "not known yet"
        sheet_of(one).show(sample.DEPLOY, IN_FORCE)
        await one.settle(pilot)
        assert one.text("sheet-keys") == ["↵ apply  esc cancel  ^d default"]
        await one.press(pilot, "tab", "ctrl+d")
    assert told == [DefaultWanted("deploy-infra", "deploy-infra")]


async def test_it_follows_the_size_of_the_screen() -> None:
    one = Running()
    async with one.run(120, 40) as pilot:
        sheet = await opened(one, pilot)
        await pilot.resize_terminal(30, 15)
        await one.settle(pilot)
        assert sheet.query_one("#outlook").region.y > sheet.query_one("#until").region.y
        assert sheet.query_one("#sheet").region.y >= 4
        assert one.text("below-pings") == []
        await pilot.resize_terminal(120, 40)
        await one.settle(pilot)
        assert sheet.query_one("#outlook").region.y == sheet.query_one("#fields").region.y


async def test_an_end_that_is_back_is_shown_as_back_once_it_is_known() -> None:
    keep = replace(sample.DEPLOY.keepalive, mode=BudgetMode.HOLD, until=NOW + 86000)
    held = replace(sample.DEPLOY, keepalive=keep)
    known = replace(IN_FORCE, allowed=replace(ALLOWED, until=NOW + 86000, until_back=True))
    one = Running()
    async with one.run() as pilot:
        sheet = BudgetSheet(held, "deploy-infra", one.clock, one.look)
        one.app.push_screen(sheet)
        await one.settle(pilot)
        assert field(one, "until").value == "Wed 14:24"
        sheet.show(held, known)
        await one.settle(pilot)
        assert field(one, "until").value == "back"
        sheet.show(held)
        assert sheet.budget.until_back, "what was known stays known"


async def test_what_the_day_leaves_bounds_the_outlook() -> None:
    one = Running()
    async with one.run() as pilot:
        sheet = await opened(one, pilot)
        sheet.show(sample.DEPLOY, replace(IN_FORCE, day=IN_FORCE.day._replace(spent=2.9)))
        await one.settle(pilot)
        assert one.text("consequence")[0].startswith("no pings: day's cap")
