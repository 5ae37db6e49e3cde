"""Names of machines stay; that a worker lives is a lock that ends with it."""

import subprocess
import sys
from pathlib import Path

from activities.machine import alive_as, is_alive, machine_queue, sweep_hosts

LIVING = """
import sys
from pathlib import Path
from activities.machine import alive_as
with alive_as(Path(sys.argv[1]), "host-a"):
    print("here", flush=True)
    sys.stdin.read()
"""


def test_a_machine_keeps_its_name_and_two_data_folders_are_two(tmp_path: Path) -> None:
    names = [machine_queue(tmp_path / folder) for folder in ("a", "a", "b")]
    assert names[0] == names[1] != names[2]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["machine_id"]


def test_a_worker_lives_until_it_leaves(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    assert not is_alive(hosts, "host-a")
    with alive_as(hosts, "host-a"):
        assert is_alive(hosts, "host-a")
        sweep_hosts(hosts)
        assert is_alive(hosts, "host-a")
    assert list(hosts.iterdir()) == []


def test_a_killed_worker_lives_no_more_and_its_lock_is_swept(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    worker = subprocess.Popen(
        [sys.executable, "-c", LIVING, str(tmp_path)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"here\n"
        assert is_alive(tmp_path, "host-a")
        worker.kill()
    assert not is_alive(tmp_path, "host-a")
    sweep_hosts(tmp_path)
    assert list(tmp_path.iterdir()) == []
