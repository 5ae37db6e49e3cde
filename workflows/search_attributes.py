"""What Temporal can search runs by; as the workflow writes it and the boot makes it known."""

from temporalio.common import SearchAttributeKey

TENANT = SearchAttributeKey.for_keyword("MantisTenant")
STATE = SearchAttributeKey.for_keyword("MantisState")
"""The run's status as callers see it, or `recovering`."""
STATE_KEY = SearchAttributeKey.for_keyword("MantisStateKey")
HALT_CLASS = SearchAttributeKey.for_keyword("MantisHaltClass")

ALL = (TENANT, STATE, STATE_KEY, HALT_CLASS)
