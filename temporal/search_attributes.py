"""Whether Temporal knows the search attributes of runs; made known where that is allowed."""

import asyncio
import logging

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.search_attributes import ALL

_KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
_PATIENCE_S = 20.0
_POLL_S = 0.2

log = logging.getLogger("mantis.search_attributes")


async def search_attributes_known(client: Client) -> bool:
    """Whether workflows may set them; those that are missing are added first.

    Where that can't be done, it is logged with what an operator can do: runs go without.
    """
    try:
        lacking = await missing(client)
        if not lacking:
            return True
        await _add(client, lacking)
        await _until_usable(client)
    except (RPCError, RuntimeError, TimeoutError) as error:
        log.warning(
            "runs go without search attributes in Temporal (%s); to have them: %s",
            type(error).__name__ if isinstance(error, TimeoutError) else error,
            command(client.namespace),
        )
        return False
    log.info("search attributes added: %s", ", ".join(lacking))
    return True


async def missing(client: Client) -> list[str]:
    """The names of ours that the namespace lacks as keywords.

    Raises:
        RPCError: Temporal does not tell.
    """
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    known = listed.custom_attributes
    return [key.name for key in ALL if known.get(key.name) != _KEYWORD]


def command(namespace: str) -> str:
    """What an operator runs to add them."""
    names = " ".join(f"--name {key.name}" for key in ALL)
    created = "temporal operator search-attribute create"
    return f"{created} --namespace {namespace} --type Keyword {names}"


async def _add(client: Client, names: list[str]) -> None:
    request = AddSearchAttributesRequest(
        namespace=client.namespace, search_attributes=dict.fromkeys(names, _KEYWORD)
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    if still := await missing(client):
        raise RuntimeError(f"{', '.join(still)} can't be added as Keyword, or has another type")


async def _until_usable(client: Client) -> None:
    """The servers learn of new ones after a while; a query tells when."""
    query = " AND ".join(f"{key.name} = ''" for key in ALL)
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                await client.count_workflows(query)
            except RPCError as error:
                if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                    raise
                await asyncio.sleep(_POLL_S)
            else:
                return
