"""Plans for runs that are hurt: a listing read first, then as many seconds as are needed."""

Step = dict[str, object]


def reading(seconds: int = 0) -> list[Step]:
    """Read one listing, then wait `seconds` in steps of a second each."""
    opened: list[Step] = [
        {
            "type": "navigate",
            "intent": "Open {{demo_site}}/boats?seller=private",
            "required": True,
        },
        {"type": "click", "intent": "Click the title of the next boat listing"},
        {"type": "extract_data", "intent": "Extract Year, Make and Price"},
    ]
    return opened + waiting(seconds)


def waiting(seconds: int) -> list[Step]:
    """Steps that only pass time; a step that finds no browser halts the run."""
    second: Step = {
        "type": "wait",
        "intent": "Wait a second",
        "params": {"seconds": 1},
        "required": True,
    }
    return [second] * seconds
