from inference.decisions import ActKind, Decision, Done
from inference.observation import Observation
from inference.turns import done_by, targets
from plans.step import TierName

NOTHING = Observation(
    url="", title="", language="", width=0, height=0, scroll_x=0, scroll_y=0, page_height=0,
    frames=(), elements=(), blocks=(), groups=(), notices=(), layers=(),
)  # fmt: skip


def test_each_target_gets_the_same_act() -> None:
    decision = Decision(
        act=ActKind.CHECK, ref=4, confidence=0.9, tier=TierName.DOM, also=(7, 9), why="all"
    )
    assert [(one.ref, one.also, one.why) for one in targets(decision)] == [
        (4, (), "all"),
        (7, (), "all"),
        (9, (), "all"),
    ]


def test_an_act_on_the_page_is_done_by_no_name() -> None:
    decision = Decision(act=ActKind.PRESS, ref=None, confidence=0.9, tier=TierName.DOM, text="End")
    assert done_by(NOTHING, decision) == (Done(act=ActKind.PRESS, name="", role="", text="End"),)
