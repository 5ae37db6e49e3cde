from pathlib import Path

from activities.steps.values import RunValues
from inference.bounds import Bounds
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun
from ledger.vault import Keyring, new_key
from plans.placeholders import fill_text
from plans.step import Perception
from workflows.interfaces import RunKey

RUN = RunKey(tenant_id="acme", run_id="20260101_000000_0000abcd")


async def test_of_an_answer_nothing_is_shown_whatever_it_is_made_of(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
    ledger = await Ledger.open(url, keyring=Keyring((new_key(),)))
    try:
        await ledger.runs.admit(
            NewRun(
                tenant_id=RUN.tenant_id,
                run_id=RUN.run_id,
                plan={"steps": []},
                plan_name="",
                payload={"inputs": {"who": "Ann, not {{secret.1}}", "{{secret.1}}": 1}},
                signature="ab",
                state_key="ab",
                profile_id=None,
                perception=Perception.AUTO,
                limits=Limits(max_cost_micro=1_000_000, max_time_ms=60_000, max_run_steps=100),
                created_at=1_000_000,
                secrets={
                    "secret.1": "hunter22",
                    "secret.in.2": {"seen": "hunter22", "number": 7},
                    "secret.answer.p1.0a": {"yes": True, "number": 7, "said": ["hunter23"]},
                },
            )
        )
        variables = {"user_input": "{{secret.answer.p1.0a}}", "page": "{{secret.in.2}}"}
        for name, value in variables.items():
            await ledger.variables.set(RUN.tenant_id, RUN.run_id, name, value)
        values = await RunValues(ledger).read(RUN, ("user_input",))
    finally:
        await ledger.close()
    text = "{{who}} | {{user_input}} | {{page}} | {{hunter22}}"
    assert fill_text(text, values.known) == (
        'Ann, not hunter22 | {"yes": true, "number": 7, "said": ["hunter23"]}'
        ' | {"seen": "hunter22", "number": 7} | 1'
    )
    assert fill_text(text, values.shown) == (
        'Ann, not *** | *** | {"seen": "***", "number": 7} | {{hunter22}}'
    )


async def test_hosts_are_those_whole_ones_that_the_plan_and_its_inputs_name(
    tmp_path: Path,
) -> None:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    intents = (
        "Open the cheapest boat on mymarketplace.com and press 'Contact seller'",
        "Read the report of 10.0.0.51, see https://{{shop}}.stores.example/boats",
        "Click the offer of {{seller}}",
    )
    try:
        await ledger.runs.admit(
            NewRun(
                tenant_id=RUN.tenant_id,
                run_id=RUN.run_id,
                plan={"steps": [{"intent": one, "type": "click"} for one in intents]},
                plan_name="",
                payload={"inputs": {"shop": "acme", "docs": "see help.example"}},
                signature="ab",
                state_key="ab",
                profile_id=None,
                perception=Perception.AUTO,
                limits=Limits(max_cost_micro=1_000_000, max_time_ms=60_000, max_run_steps=100),
                created_at=1_000_000,
            )
        )
        await ledger.variables.set(RUN.tenant_id, RUN.run_id, "seller", "evil.example")
        values = await RunValues(ledger).read(RUN, ("seller",))
    finally:
        await ledger.close()
    assert {one.host for one in values.hosts.sites} == {
        "mymarketplace.com",
        "10.0.0.51",
        "acme.stores.example",
        "help.example",
    }
    bounds = Bounds(hosts=values.hosts)
    for host in ("place.com", "etplace.com", "10.0.0.5", "0.0.0.51", "evil.example", "com"):
        assert not bounds.may_lead("https://acme.stores.example/", f"https://{host}/")
