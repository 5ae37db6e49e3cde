"""A task suite: tasks in words, each with its own verify clause (contract, section 10)."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from plans.json_text import canonical_json
from plans.plan import sign
from plans.step import Name


class VerifyType(StrEnum):
    """What a task's verify clause looks at."""

    URL_CONTAINS = "url_contains"
    URL_NOT_CONTAINS = "url_not_contains"
    PAGE_CONTAINS_TEXT = "page_contains_text"
    PAGE_NOT_CONTAINS_TEXT = "page_not_contains_text"
    DOWNLOAD_EXISTS = "download_exists"


class Verify(BaseModel):
    """The condition that decides whether a task is done."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: VerifyType
    value: str = ""


class Auth(BaseModel):
    """Who to log in as; both values are secrets, references once past the door."""

    model_config = ConfigDict(frozen=True, extra="allow")

    user_id: str = ""
    password: str = ""


class Task(BaseModel):
    """One task: `max_steps` is its own budget of actions."""

    model_config = ConfigDict(frozen=True, extra="allow")

    task_id: Name
    intent: str
    start_url: str | None = None
    save_session: bool = False
    require_session: bool = False
    verify: Verify | None = None
    max_steps: int = Field(default=25, ge=1, le=1000)


class TaskSuite(BaseModel):
    """Tasks on one site, in order."""

    model_config = ConfigDict(frozen=True, extra="allow")

    tasks: tuple[Task, ...]
    session_name: str = ""
    base_url: str = ""
    auth: Auth | None = None

    @property
    def name(self) -> str:
        """What the suite is called."""
        return self.session_name

    def signature(self) -> str:
        """SHA-256 in hex of the suite's canonical JSON, its `auth` left out."""
        body = self.model_dump(mode="json", exclude_defaults=True, exclude={"auth"})
        return sign({"suite": canonical_json(body)})
