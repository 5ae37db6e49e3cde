"""The table of what shows the contract is what the tests say today."""

from tests.contract.coverage import TABLE, build


def test_the_table_is_up_to_date_and_every_quote_stands_in_the_contract():
    text, strays, _ = build()
    assert strays == []
    assert TABLE.read_text() == text, "run: make contract-coverage"
