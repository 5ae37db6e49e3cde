"""Which names, fields and parts of a URL hold secrets."""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from plans.step import StepType

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = re.compile(
    r"(?:^|[_\-. \[])(?:passwords?|passwd|passphrase|passcode|pwd|token|secrets?|otp|pin|user_input"
    r"|(?:api|secret|private|access)[_\-. ]?key|authorization|cookie|credentials?)\d*\]?$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"pass[\s_-]?words?\b|passwort|passwd|passcode|passphrase|\bpwd\b|\bpin\b|\botp\b|\bone[\s_-]time"
    r"|\bcvv\b|\bcvc\b|\b[2m]fa\b|\bsecret\b|\btoken\b|\bapi[\s_-]?key\b|\bcode\b",
    re.IGNORECASE,
)
_OTHER_CODE = re.compile(
    r"\b(?:zip|postal|post|promo\w*|coupon|discount|voucher|referral|gift|country|area|dial\w*"
    r"|product|item|article|stock|source|sort|bar|qr|colou?r|currency|language|state|status|error"
    r"|airport|station|course|hotel|vin|hin|hull|listing)[\s_-]+(?:pin[\s_-]+)?codes?\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)|(?<!\w)‘([^’]+)’(?!\w)"
)
_GIVEN = (
    re.compile(
        r"\b(?:type|enter|input|fill(?:\s+in)?|put|write|key\s+in)\s+(\S+)\s+(?:in|into|as|for)\b",
        re.IGNORECASE,
    ),
    re.compile(r"(?:\b(?:with|to|is|as)|[:=])\s+(\S+)\s*$", re.IGNORECASE),
    re.compile(r"[:=](\S+)\s*$"),
)
_NO_VALUE = frozenset(
    {
        "the",
        "your",
        "my",
        "our",
        "his",
        "her",
        "their",
        "a",
        "an",
        "it",
        "its",
        "this",
        "that",
        "them",
        "value",
        "text",
        "given",
        "same",
        "new",
        "old",
        "user",
        "username",
        "email",
        "field",
        "box",
        "form",
        "input",
        "page",
        "login",
        "account",
    }
)
_READ = 1000
"""Characters of an intent or a label that are looked at."""
_LABEL_WORDS = 3
_TYPING = (StepType.FILL_FIELD.value, StepType.TYPE_TEXT.value)

_AUTHORITY = re.compile(r"(?<![/\\])[/\\]{2,}+([^\s/\\?#<>\"'`]{1,2048}+)")
_PAIR = re.compile(r"(?:^|(?<=[?&;#\s\"']))([^\s=&?;#\"']{1,64})=([^\s&#\"'<>`]+)")
_URL_NAMES = frozenset({"sig", "signature", "x-amz-signature", "x-goog-signature"})


def is_secret_name(name: str) -> bool:
    """Whether a value of this name is a secret, such as `password` or `site_password`."""
    return _NAME.search(_CAMEL.sub("_", name)) is not None


def is_secret_label(text: str) -> bool:
    """Whether a field called like this takes a password or a one-time code."""
    words = _CAMEL.sub(" ", text[:_READ]).replace("_", " ")
    return _LABEL.search(_OTHER_CODE.sub(" ", words)) is not None


def types_secret(step: Mapping[str, JsonValue]) -> bool:
    """Whether a step, as the caller wrote it, types into a password or code field."""
    if step.get("type") not in _TYPING:
        return False
    params = step.get("params")
    given = params if isinstance(params, dict) else {}
    named = [given.get("label"), given.get("selector")]
    if any(isinstance(text, str) and is_secret_label(text) for text in named):
        return True
    intent = step.get("intent")
    if not isinstance(intent, str):
        return False
    quoted = _quoted(intent[:_READ])
    names = [text for text in quoted if len(quoted) > 1 and len(text.split()) <= _LABEL_WORDS]
    return is_secret_label(" ".join([_QUOTED.sub(" ", intent[:_READ]), *names]))


def values_in_intent(intent: str) -> Iterator[str]:
    """What the intent of a step that types a secret says is to be typed."""
    intent = intent[:_READ]
    yield from (text for text in _quoted(intent) if not _LABEL.search(text) or _is_value(text))
    plain = _QUOTED.sub(" … ", intent).rstrip(" .!")
    for given in _GIVEN:
        for value in given.findall(plain):
            value = value.rstrip(",;")
            if value.casefold() not in _NO_VALUE and "…" not in value and not _LABEL.search(value):
                yield value


def _quoted(intent: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _QUOTED.findall(intent)]


def _is_value(text: str) -> bool:
    """Whether a quoted text that sounds like a label is rather a password: one word, mixed."""
    return " " not in text and any(c.isdigit() or not c.isalnum() for c in text)


def secret_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the URLs of a text hold secrets: user-info, and the values of secret names.

    What holds a placeholder is left out.
    """
    if "=" not in text and "@" not in text:
        return
    found: list[tuple[int, int]] = []
    for match in _AUTHORITY.finditer(text):
        start, end = match.start(1), text.rfind("@", *match.span(1))
        colon = text.find(":", start, max(start, end))
        if end >= 0:
            found += [(start, end)] if colon < 0 else [(start, colon), (colon + 1, end)]
    for match in _PAIR.finditer(text):
        name = match[1].replace("%5B", "[").replace("%5D", "]")
        if is_secret_name(name) or name.casefold() in _URL_NAMES:
            found.append(match.span(2))
    yield from ((start, end) for start, end in found if start < end and "{{" not in text[start:end])
