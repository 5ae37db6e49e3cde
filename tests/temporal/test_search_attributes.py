"""Search attributes: made known to a namespace, or told to the operator who may."""

import uuid

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from temporal.client import connect
from temporal.search_attributes import missing, search_attributes_known
from temporal.settings import TemporalSettings
from workflows.search_attributes import ALL, TENANT

WEEK = Duration(seconds=7 * 24 * 3600)


@pytest.fixture
async def bare_namespace(temporal_client: Client, temporal_address: str) -> Client:
    """A namespace as an operator makes it, without our search attributes."""
    name = f"bare-{uuid.uuid4()}"
    await temporal_client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=WEEK)
    )
    return await connect(TemporalSettings(address=temporal_address, namespace=name), None)


async def test_the_embedded_server_knows_them(temporal_client: Client) -> None:
    assert await missing(temporal_client) == []
    assert await search_attributes_known(temporal_client)


async def test_a_namespace_without_them_gets_them(bare_namespace: Client) -> None:
    assert await missing(bare_namespace) == [key.name for key in ALL]
    assert await search_attributes_known(bare_namespace)
    assert await missing(bare_namespace) == []
    assert (await bare_namespace.count_workflows(f"{TENANT.name} = 'a'")).count == 0


async def test_where_they_can_not_be_added_the_operator_is_told_how(
    bare_namespace: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """One of the name is there already, with another type."""
    text = IndexedValueType.INDEXED_VALUE_TYPE_TEXT
    await bare_namespace.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=bare_namespace.namespace, search_attributes={TENANT.name: text}
        )
    )
    assert not await search_attributes_known(bare_namespace)
    assert "temporal operator search-attribute create" in caplog.text
    assert f"--name {TENANT.name}" in caplog.text
