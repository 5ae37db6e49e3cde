from inference.checks.asking import Checks, Condition, DomChecker
from inference.content import Content
from inference.decisions import Away, Check
from plans.calls import Money
from plans.step import TierName
from tests.inference.observed import page_of
from tests.inference.scripted import ScriptedChecker

PAGE = Content(url="https://shop.example/cart", title="Cart")
READ = Condition("The URL contains /cart", PAGE)
UNREADABLE = Condition("The seller seems trustworthy", PAGE)
UNSURE = Check(verdict="undecided", evidence="blurred", cost=Money(gpu=3))
SURE = Check(verdict="fails", evidence="a bad review", element="p.review", cost=Money(claude=40))


async def test_what_the_rules_decide_is_asked_of_nobody_else() -> None:
    claude = ScriptedChecker(TierName.CLAUDE, SURE)
    checked = await Checks((claude, DomChecker())).decide(READ)
    assert (checked.result.verdict, checked.tier) == ("holds", TierName.DOM)
    assert checked.missing == () and checked.cost.total == 0 and claude.asked == []


async def test_the_undecided_goes_on_with_what_was_said() -> None:
    claude = ScriptedChecker(TierName.CLAUDE, SURE)
    checked = await Checks((claude, DomChecker())).decide(UNREADABLE)
    assert (checked.result, checked.tier) == (SURE, TierName.CLAUDE)
    assert [(one.tier, one.outcome) for one in checked.trail] == [
        (TierName.DOM, "undecided"),
        (TierName.CLAUDE, "fails"),
    ]
    assert len(claude.asked[0].said) == 1
    assert checked.cost == Money(claude=40)


async def test_verdicts_are_claudes_and_holo3_stands_in() -> None:
    holo3 = ScriptedChecker(TierName.HOLO3, SURE)
    claude = ScriptedChecker(TierName.CLAUDE, UNSURE)
    checked = await Checks((holo3, claude, DomChecker())).decide(UNREADABLE)
    assert checked.result == UNSURE and holo3.asked == []
    away = ScriptedChecker(TierName.CLAUDE, Away(why="no key", tier=TierName.CLAUDE))
    checked = await Checks((holo3, away, DomChecker())).decide(UNREADABLE)
    assert (checked.result, checked.tier) == (SURE, TierName.HOLO3)
    assert [(one.tier, one.outcome) for one in checked.trail] == [
        (TierName.DOM, "undecided"),
        (TierName.CLAUDE, "away"),
        (TierName.HOLO3, "fails"),
    ]
    alone = await Checks((holo3, DomChecker())).decide(UNREADABLE)
    assert (alone.result, alone.missing) == (SURE, ())


async def test_tiers_that_are_not_configured_are_named() -> None:
    checked = await Checks((DomChecker(),)).decide(UNREADABLE)
    assert (checked.result.verdict, checked.tier) == ("undecided", None)
    assert checked.missing == (TierName.HOLO3, TierName.CLAUDE)
    nobody = await Checks(()).decide(UNREADABLE)
    assert (nobody.result.verdict, nobody.tier) == ("undecided", None)
    assert (await Checks(()).first(UNREADABLE)).verdict == "undecided"


async def test_the_rules_look_for_what_is_to_be_visible() -> None:
    seen = page_of(["Save"])
    checks = Checks((DomChecker(),))
    there = await checks.decide(Condition("Is there a 'Save' button?", seen))
    assert there.result.verdict == "holds"
    gone = await checks.decide(Condition("Is there a 'Delete' button?", seen))
    assert (gone.result.verdict, gone.result.absence) == ("fails", True)
    partly = page_of(["Save"], unread_frames=1)
    asked = Condition("Is there a 'Delete' button?", partly)
    assert (await checks.decide(asked)).result.verdict == "undecided"
