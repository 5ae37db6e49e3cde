from activities.browser.stuck import answer_due
from activities.holder.journal import EntryKind, JournalEntry


def asked(number: int, at: float = 100.0, kind: EntryKind = EntryKind.DOCUMENT) -> JournalEntry:
    return JournalEntry(number=number, at=at, method="POST", url="http://a/", kind=kind)


def test_the_answer_to_a_page_sent_for_lately_is_due_until_it_came_or_failed() -> None:
    answered = asked(1).model_copy(update={"status": 200})
    failed = asked(2).model_copy(update={"failed": "net::ERR_ABORTED"})
    assert answer_due([asked(1)], now=110)
    assert not answer_due([asked(1)], now=200)
    assert not answer_due([asked(1, kind=EntryKind.DATA)], now=110)
    assert not answer_due([asked(1), answered, asked(2), failed], now=110)
    assert answer_due([asked(1), answered, asked(2)], now=110)
