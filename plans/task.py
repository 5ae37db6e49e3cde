"""A task of a suite as the one step that it is in a plan."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from plans.step import Step
from plans.suite import Auth, Verify

AUTH_USER: Final = "auth.user_id"
AUTH_PASSWORD: Final = "auth.password"
"""By these names a model writes who to sign in as; it never learns the values."""


class TaskSpec(BaseModel):
    """What a step of type `task` carries in its params, beside its intent.

    `start_url` is absolute, "" to go on where the task before has ended. `auth` holds
    references to secrets. `max_steps` acts are done at most.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    task_id: str = "task"
    start_url: str = ""
    base_url: str = ""
    session_name: str = ""
    verify: Verify | None = None
    max_steps: int = Field(default=25, ge=1, le=1000)
    save_session: bool = False
    require_session: bool = False
    auth: Auth = Auth()

    @classmethod
    def of(cls, step: Step) -> "TaskSpec":
        """The task of a step.

        Raises:
            ValidationError: its params are not those of a task.
        """
        given = step.params.model_dump(mode="json", exclude_unset=True)
        return cls.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
