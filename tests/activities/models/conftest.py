"""Questions of runs on the real pools: a Temporal server, a ledger, fakes of the models."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from ledger.ledger import Ledger
from ledger.model_health import Looked
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.step import TierName
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.activities.models.calling import Caller, WorkerProcess, serving
from tests.activities.models.one_question import WORKFLOWS
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from workflows.sandbox import sandbox


@pytest.fixture
def holo3() -> Iterator[SGLang]:
    with SGLang() as server:
        yield server


@pytest.fixture
def claude() -> Iterator[ClaudeApi]:
    keys = {"key-default": "a", "key-acme": "b", "key-late": "c"}
    with ClaudeApi(keys=keys) as server:
        yield server


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(
    tmp_path: Path,
    secrets_dir: Path,
    holo3: SGLang,
    claude: ClaudeApi,
    temporal_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """What the workers of the pools read; in force in this process, too."""
    set_to = {
        "MANTIS_DATA_DIR": str(tmp_path / "data"),
        "MANTIS_SECRETS_DIR": str(secrets_dir),
        "MANTIS_HOLO3_URL": f"{holo3.url}/v1",
        "MANTIS_HOLO3_TIMEOUT_S": "20",
        "MANTIS_HOLO3_CAPACITY": "2",
        "MANTIS_HOLO3_CHECK_S": "120",
        "MANTIS_ANTHROPIC_BASE_URL": claude.url,
        "MANTIS_MODEL_PATIENCE_S": "4",
        "ANTHROPIC_API_KEY": "key-default",
        "TEMPORAL_ADDRESS": temporal_address,
    }
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    return set_to


@pytest.fixture
async def ledger(environment: dict[str, str]) -> AsyncIterator[Ledger]:
    settings = LedgerSettings()
    opened = await Ledger.open(settings.url, keyring=Keyring.load(settings))
    await opened.model_health.note(Looked(tier=TierName.HOLO3, ok=True, detail="just looked at"))
    yield opened
    await opened.close()


@pytest.fixture
async def client(environment: dict[str, str], ledger: Ledger) -> Client:
    return await connect(TemporalSettings(), Keyring.load(LedgerSettings()))


@pytest.fixture
async def caller(client: Client, ledger: Ledger, tmp_path: Path) -> AsyncIterator[Caller]:
    made = Caller(client, ledger, tmp_path / "data")
    worker = Worker(
        client,
        task_queue=made.queue,
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
    )
    async with worker:
        yield made


@pytest.fixture
async def pools(client: Client, ledger: Ledger) -> AsyncIterator[None]:
    """Both pools, in this process."""
    async with serving(client, ledger, "perception", "reasoning"):
        yield


StartWorker = Callable[[], Awaitable[WorkerProcess]]


@pytest.fixture
async def start_worker(
    ledger: Ledger, tmp_path: Path, environment: dict[str, str]
) -> AsyncIterator[StartWorker]:
    started: list[WorkerProcess] = []

    async def start() -> WorkerProcess:
        started.append(WorkerProcess(tmp_path / "data", environment))
        await started[-1].ready()
        return started[-1]

    yield start
    for one in started:
        one.end()
