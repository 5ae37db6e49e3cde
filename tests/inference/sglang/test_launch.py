"""The command lines of a pool."""

import argparse
import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from sglang_router.launch_router import RouterArgs

from inference.settings import ModelSettings
from inference.sglang import launch
from inference.sglang.__main__ import main
from inference.sglang.settings import PoolSettings
from tests.inference.opt_in import in_sglang


def value(argv: launch.Argv, flag: str) -> str:
    return argv[argv.index(flag) + 1]


def test_one_gpu_is_one_server_that_listens_itself() -> None:
    (argv,) = launch.commands(PoolSettings(host="0.0.0.0"))
    assert argv[1:3] == ("-m", "sglang.launch_server")
    assert (value(argv, "--host"), value(argv, "--port")) == ("0.0.0.0", "30000")
    assert value(argv, "--served-model-name") == ModelSettings().holo3_model
    assert json.loads(value(argv, "--limit-mm-data-per-request")) == {"image": 3}
    assert "--constrained-json-disable-any-whitespace" in argv
    assert value(argv, "--grammar-backend") == "xgrammar"
    assert not {"--tp-size", "--dp-size", "--base-gpu-id"} & set(argv)


def test_several_gpus_are_servers_on_loopback_behind_a_router() -> None:
    pool = PoolSettings(gpus=4, tp=2, host="0.0.0.0")
    first, second, router = launch.commands(pool)
    assert [value(argv, "--port") for argv in (first, second)] == ["30001", "30002"]
    assert [value(argv, "--host") for argv in (first, second)] == ["127.0.0.1"] * 2
    assert [value(argv, "--tp-size") for argv in (first, second)] == ["2"] * 2
    assert "--base-gpu-id" not in first
    assert value(second, "--base-gpu-id") == "2"
    assert (value(router, "--host"), value(router, "--port")) == ("0.0.0.0", "30000")
    urls = router[router.index("--worker-urls") + 1 : router.index("--policy")]
    assert urls == launch.server_urls(pool)


def test_copies_within_one_server_need_no_router() -> None:
    (argv,) = launch.commands(PoolSettings(gpus=4, dp=4))
    assert value(argv, "--dp-size") == "4"


def test_knobs_reach_the_command() -> None:
    argv = launch.server(
        PoolSettings(max_running=32, extra="--quantization fp8 --chat-template 'a b'")
    )
    assert value(argv, "--max-running-requests") == "32"
    assert argv[-4:] == ("--quantization", "fp8", "--chat-template", "a b")


@pytest.mark.parametrize("wrong", [{"gpus": 3, "tp": 2}, {"gpus": 0}, {"port": 0}, {"tp": -1}])
def test_a_layout_that_can_not_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PoolSettings.model_validate(wrong)


def test_there_are_no_more_servers_than_fit() -> None:
    with pytest.raises(IndexError):
        launch.server(PoolSettings(gpus=2), 2)


def test_the_front_is_reached_on_this_machine() -> None:
    assert launch.front_url(PoolSettings(host="0.0.0.0")) == "http://127.0.0.1:30000"
    assert launch.front_url(PoolSettings(host="10.0.0.5", port=31000)) == "http://10.0.0.5:31000"
    assert launch.front_url(PoolSettings(host="fd00::1")) == "http://[fd00::1]:30000"


def test_the_router_takes_its_command() -> None:
    """By the real parser of `sglang-router`: one layer retries, and it is not this one."""
    argv = launch.router(PoolSettings(gpus=2))
    parsed = parse(argv[3:])
    assert parsed.policy == "power_of_two"
    assert parsed.disable_retries
    assert parsed.prometheus_host == "127.0.0.1"
    assert parsed.health_check_endpoint == "/health"
    assert parsed.worker_urls == ["http://127.0.0.1:30001", "http://127.0.0.1:30002"]


def parse(argv: tuple[str, ...]) -> RouterArgs:
    parser = argparse.ArgumentParser()
    RouterArgs.add_cli_args(parser, use_router_prefix=False)
    return RouterArgs.from_cli_args(parser.parse_args(argv))


def test_the_commands_are_printed_as_a_shell_takes_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANTIS_POOL_GPUS", "2")
    monkeypatch.setenv("MANTIS_POOL_MODEL", "/models/my holo")
    assert main(["command"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "--model-path '/models/my holo'" in lines[0]


def test_wrong_settings_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANTIS_POOL_GPUS", "many")
    assert main(["command"]) == 2
    assert "MANTIS_POOL_GPUS" in capsys.readouterr().err
    monkeypatch.setenv("MANTIS_POOL_GPUS", "3")
    monkeypatch.setenv("MANTIS_POOL_TP", "2")
    assert main(["command"]) == 2
    assert "multiple" in capsys.readouterr().err
    monkeypatch.setenv("MANTIS_POOL_TP", "1")
    assert main(["server", "7"]) == 2
    monkeypatch.setenv("MANTIS_POOL_PYTHON", "/nowhere/python")
    assert main(["server"]) == 2
    assert "MANTIS_POOL_PYTHON" in capsys.readouterr().err


_PARSE = """
import json, sys
from sglang.srt.server_args import prepare_server_args
parsed = prepare_server_args(json.load(sys.stdin))
print(json.dumps({
    "tp": parsed.tp_size, "dp": parsed.dp_size, "base": parsed.base_gpu_id,
    "context": parsed.context_length, "name": parsed.served_model_name,
    "queued": parsed.max_queued_requests, "running": parsed.max_running_requests,
    "images": parsed.limit_mm_data_per_request, "grammar": parsed.grammar_backend,
    "blanks": parsed.constrained_json_disable_any_whitespace,
    "reasoning": parsed.reasoning_parser, "mamba": parsed.mamba_radix_cache_strategy,
    "cache": parsed.enable_cache_report, "metrics": parsed.enable_metrics,
}))
"""
_CONFIG = {
    "architectures": ["Qwen3_5MoeForConditionalGeneration"],
    "model_type": "qwen3_5_moe",
    "text_config": {
        "model_type": "qwen3_5_moe_text",
        "hidden_size": 2048,
        "num_hidden_layers": 4,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "vocab_size": 1000,
        "max_position_embeddings": 262144,
    },
    "vision_config": {"model_type": "qwen3_5_moe"},
}


@pytest.mark.opt_in
@pytest.mark.timeout(300)
def test_sglang_itself_takes_the_launch_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(_CONFIG))
    pool = PoolSettings(
        model=str(tmp_path), gpus=4, tp=2, max_running=32, max_queued=8, extra="--device cpu"
    )
    assert in_sglang(_PARSE, launch.server(pool, 1)[3:]) == {
        "tp": 2, "dp": 1, "base": 2, "context": 65536, "name": "holo3", "queued": 8,
        "running": 32, "images": {"image": 3}, "grammar": "xgrammar", "blanks": True,
        "reasoning": "qwen3", "mamba": "extra_buffer", "cache": True, "metrics": True,
    }  # fmt: skip
