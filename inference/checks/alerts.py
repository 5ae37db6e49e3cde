"""Rules for errors and warnings that a page shows."""

import re
from typing import Literal

from inference.checks.clause import Clause, undecided
from inference.checks.page import Page
from inference.decisions import Check
from inference.extract.words import name_words, plain, stem

_ALERT = re.compile(
    r"^(?:(?:the|this|a|die|eine)\s+)?(?:(?:page|screen|form|site|seite)\s+(?:shows?|displays?|has"
    r"|contains?|reports?|zeigt)\s+(?:an?\s+|any\s+|eine\s+)?|there\s+(?:is|are)\s+(?:an?\s+|any\s+)?)?"
    r"(?:validation\s+)?(?:error|errors|error message|fehler|fehlermeldung)"
    r"(?:\s+messages?)?(?:\s+(?:is|are)\s+(?:shown|displayed|visible))?"
    r"(?:\s+(?:about|saying|that|on|concerning)\s+(.+))?$",
    re.I,
)
_ERROR = re.compile(
    r"\b(?:errors?|invalid|incorrect|wrong|failed|failure"
    r"|fehler\w*|ungültig\w*|could not|couldn[’']t"
    r"|cannot|can[’']t|unable|denied|problem|oops|required|must"
    r"|please (?:enter|check|correct|choose)|not (?:valid|allowed|found|available)"
    r"|erreur|invalide|échec|inválid\w*|errore|try again"
    r"|something went)\b",
    re.I,
)
_MARKS = frozenset({"error", "errors", "invalid", "danger", "alert", "warning", "fehler", "failed"})


_DONE = re.compile(
    r"^(?:the|an?|your|my)\s+((?:\w+\s+){0,2}\w+)\s+(?:is|was|has been|have been)"
    r"\s+(?:successfully\s+)?"
    r"(sent|submitted|received|confirmed|placed|saved|booked|published|posted|created|updated|deleted"
    r"|cancelled|canceled|completed|registered|accepted|paid|reserved|uploaded|changed|invited)$",
    re.I,
)
_THANKS = re.compile(
    r"^(?:thank|success|congrat|your\b|we(?:[’']ve| have) (?:received|sent|got))", re.I
)
_NOT_YET = re.compile(
    r"\b(?:not|no|never|once|when|after|until|before|if|will|to be|can|must|should|may|yet|failed"
    r"|error|unable|being|how|please|would|could|might|every|previous\w*|last|ago)\b|n[’']t\b|\?",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!])\s+")
_LEAD = (
    r"(?:(?:thank you|thanks|success|congratulations|great|done|all set)\s*[,:!–—-]\s*)?"
    r"(?:(?:the|an?|your|my|this)\s+)?"
)
_NUMBER = r"(?:\s+(?:number|nr|id)?\s*#?[\w-]*\d[\w-]*)?"
_BEING = r"(\s+(?:is|are|was|were|has been|have been)(?:\s+now)?)?(?:\s+successfully)?"
_UNDONE = re.compile(
    r"\b(?:cancel\w*|delet\w+|undone|revert\w*|revers\w+|refund\w*|declin\w+|reject\w+|expire\w*"
    r"|withdr\w+|remov\w+|discard\w*|void\w*|lost)\b",
    re.I,
)
_LISTS = frozenset({"li", "ol", "ul", "table", "dl", "nav"})


def about_done(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "The order has been placed", where the page itself reports it.

    Never shown to fail: what was done may be told for a moment only.
    """
    match = _DONE.match(clause.text)
    if match is None or clause.negated:
        return None
    headings = {heading.node for heading in page.tree.headings if heading.rank <= 3}
    for node, line in page.tree.lines:
        if len(line) > 160 or _NOT_YET.search(line) or page.tree.is_chrome(node):
            continue
        said = _reports(line, match[1], match[2])
        if said is None:
            continue
        role = page.tree.nodes[node].attrs.get("role", "")
        around = [node, *page.tree.ancestors(node)]
        told = role in ("alert", "status") or any(_tells(page, at) for at in around[:3])
        listed = any(page.tree.nodes[at].tag in _LISTS for at in around)
        heads = node in headings and (said == "sentence" or not listed)
        if told or heads or _THANKS.search(line) is not None:
            return clause.answer(True, f"the page says {line!r}", page.tree.path(node))
    return None


def _reports(line: str, subject: str, done: str) -> Literal["sentence", "title"] | None:
    """Whether one sentence of the line says that this was done, and nothing else.

    A title leaves the verb "to be" out. None where no sentence does, or where another one of
    the line tells of something taken back.
    """
    pattern = re.compile(
        rf"{_LEAD}{re.escape(subject)}{_NUMBER}{_BEING}\s+{re.escape(done)}"
        r"(?:\s+successfully)?[.!\s]*",
        re.I,
    )
    told: re.Match[str] | None = None
    for sentence in _SENTENCE.split(line.strip()):
        match = pattern.fullmatch(sentence)
        if match is None and _UNDONE.search(sentence):
            return None
        told = told or match
    if told is None:
        return None
    return "sentence" if told[1] else "title"


def _tells(page: Page, index: int) -> bool:
    node = page.tree.nodes[index]
    named = {"success", "toast", "flash", "snackbar", "confirmation"} & set(name_words(node.cls))
    return bool(named) or node.attrs.get("role") in ("status", "alert")


def about_alert(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "The page shows an error", "There is an error about the date"."""
    match = _ALERT.match(clause.text)
    if match is None:
        return None
    wanted = {stem(w) for w in plain(match[1] or "").split() if len(w) > 3}
    marked = [i for i in range(len(page.tree.nodes)) if _alerts(page, i)]
    said = [(i, page.tree.text(page.tree.scope(i))) for i in marked]
    errors = [(i, text) for i, text in said if text and len(text) < 400 and _ERROR.search(text)]
    for index, text in errors:
        if wanted <= {stem(w) for w in plain(text).split()}:
            return clause.answer(True, f"the page says {text[:120]!r}", page.tree.path(index))
    speaks = any(_ERROR.search(line) for _, line in page.tree.lines)
    if errors or speaks or any(text for _, text in said):
        return undecided(
            "the page has words of an error; whether it is the one meant can't be told"
        )
    if page.dialogs:
        return undecided("a dialog is open")
    return clause.answer(False, "nothing on the page speaks of an error", absence=True)


def _alerts(page: Page, index: int) -> bool:
    node = page.tree.nodes[index]
    if node.tag == "#text":
        return False
    role = node.attrs.get("role", "")
    return role in ("alert", "alertdialog") or bool(_MARKS & set(name_words(node.cls)))
