from pathlib import Path

from activities.holder.journal import Journal, read_journal


async def test_a_request_and_its_answer_are_two_lines_with_one_number(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    first = await journal.sent("POST", "http://shop.test:80/order")
    await journal.sent("DELETE", "http://shop.test:80/cart")
    await journal.answered(first, 201)
    journal.close()
    entries = read_journal(path)
    assert [(entry.number, entry.method, entry.status) for entry in entries] == [
        (1, "POST", None),
        (2, "DELETE", None),
        (1, "POST", 201),
    ]
    assert len(journal) == 2


async def test_a_line_cut_off_by_a_crash_is_left_out_and_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    await journal.sent("POST", "http://shop.test:80/order")
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"number":2,"at":1.')
    assert [entry.number for entry in read_journal(path)] == [1]
    again = Journal(path)
    entry = await again.sent("PUT", "http://shop.test:80/order")
    again.close()
    assert entry.number == 2


def test_no_journal_has_no_entries(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl") == ()
