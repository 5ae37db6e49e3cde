"""What the Messages API refuses: keys, headers and parameters."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from anthropic._constants import ANTHROPIC_API_VERSION
from anthropic.types import BrowserMemberName, ComputerMemberName
from anthropic.types.anthropic_beta_param import AnthropicBetaParam

from tests.fakes.claude_content import Block, blocks_of, turns_of
from tests.fakes.claude_refusals import Refused
from tests.fakes.claude_schemas import Schemas

MODELS = ("claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5")
VERSIONS = {"2023-01-01", "2023-06-01", ANTHROPIC_API_VERSION}
MOST_OUTPUT = 128_000
MOST_MARKS = 4

PARAMETERS = {
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "stop_sequences",
    "stream",
    "metadata",
    "cache_control",
    "service_tier",
    "inference_geo",
    "container",
    "diagnostics",
    "speed",
    "user_profile_id",
    "context_management",
}
SAMPLING = ("temperature", "top_p", "top_k")
NEVER_FORCED = {"claude-sonnet-5-5", "claude-opus-5-5"}
THINKING: dict[str, set[str]] = {
    "claude-sonnet-5-5": {"adaptive", "between_tools"},
    "claude-opus-5-5": {"adaptive"},
    "claude-haiku-5-5": {"adaptive", "disabled"},
}
EFFORTS = ("low", "medium", "high", "xhigh", "max")
TOOLSETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "browser_toolset_20260801": ("browser", get_args(BrowserMemberName)),
    "computer_toolset_20260801": ("computer", get_args(ComputerMemberName)),
}
TOOL_TYPES = {
    "custom",
    "bash_20250124",
    "text_editor_20250728",
    "memory_20250818",
    "web_search_20260318",
    "web_fetch_20260318",
    "code_execution_20260521",
    *TOOLSETS,
}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_BETAS = {
    value
    for part in get_args(AnthropicBetaParam)
    for value in get_args(part)
    if isinstance(value, str)
}

Turns = list[tuple[str, list[Block]]]


def check_headers(headers: Mapping[str, str], keys: Mapping[str, str]) -> str:
    """The key that a request runs under.

    Raises:
        Refused: none, a wrong one, or no version of the API.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = headers.get("x-api-key") or (token if scheme.lower() == "bearer" else "")
    if not key:
        raise Refused("x-api-key header is required", 401)
    if key not in keys:
        raise Refused("invalid x-api-key", 401)
    version = headers.get("anthropic-version", "")
    if not version:
        raise Refused("anthropic-version: header is required")
    if version not in VERSIONS:
        raise Refused(f'anthropic-version: "{version}" is not a valid version')
    betas = [one.strip() for one in headers.get("anthropic-beta", "").split(",") if one.strip()]
    for beta in betas:
        if beta not in _BETAS:
            raise Refused(f"Unexpected value(s) `{beta}` for the `anthropic-beta` header.")
    return key


def parse(raw: bytes | None) -> tuple[dict[str, Any], Turns]:
    """The body as the API reads it, and its turns.

    Raises:
        Refused: it does not.
    """
    if raw is None:
        raise Refused("Request exceeds the maximum size", 413)
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refused(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refused("The request body is not an object")
    model = _check_names(body)
    most = body["max_tokens"]
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise Refused("max_tokens: Input should be greater than or equal to 1")
    if most > MOST_OUTPUT:
        raise Refused(
            f"max_tokens: {most} > {MOST_OUTPUT}, which is the maximum allowed number of output "
            f"tokens for {model}"
        )
    blocks_of(body.get("system", []), "system", "system")
    turns = turns_of(body["messages"])
    if turns[-1][0] == "assistant":
        raise Refused(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
    _check_thinking(model, body)
    schemas = Schemas()
    _check_output(body.get("output_config"), schemas)
    _check_tools(model, body, turns, schemas)
    _check_marks(body, turns)
    return body, turns


def _check_names(body: dict[str, Any]) -> str:
    """The model, where the parameters are those that there are."""
    for name in ("model", "messages", "max_tokens"):
        if name not in body:
            raise Refused(f"{name}: Field required")
    for name in SAMPLING:
        if name in body:
            raise Refused(f"`{name}` is not supported for this model.")
    for name in sorted(body.keys() - PARAMETERS):
        raise Refused(f"{name}: Extra inputs are not permitted")
    model = body["model"]
    if model not in MODELS:
        raise Refused(f"model: {model}", 404)
    return model


def _check_thinking(model: str, body: dict[str, Any]) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("adaptive", "between_tools", "disabled", "enabled"):
        raise Refused("thinking: Input tag does not match any of the expected tags")
    if kind not in THINKING[model]:
        instead = "between_tools" if model == "claude-sonnet-5-5" else "adaptive"
        raise Refused(
            f'"thinking.type.{kind}" is not supported for this model. Use '
            f'"thinking.type.{instead}" and "output_config.effort" to control thinking behavior.'
        )
    effort = (body.get("output_config") or {}).get("effort")
    if kind == "between_tools" and effort in ("xhigh", "max"):
        raise Refused(f'"thinking.type.between_tools" is not supported at effort "{effort}"')


def _check_output(given: object, schemas: Schemas) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise Refused("output_config: Input should be an object")
    for name in sorted(given.keys() - {"effort", "format", "task_budget"}):
        raise Refused(f"output_config.{name}: Extra inputs are not permitted")
    if given.get("effort") not in (None, *EFFORTS):
        raise Refused(f"output_config.effort: Input should be one of {', '.join(EFFORTS)}")
    form = given.get("format")
    if form is None:
        return
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        raise Refused("output_config.format.type: Input should be 'json_schema'")
    for name in sorted(form.keys() - {"type", "schema"}):
        raise Refused(f"output_config.format.{name}: Extra inputs are not permitted")
    schemas.check(form.get("schema"), "output_config.format.schema")


def _check_tools(model: str, body: dict[str, Any], turns: Turns, schemas: Schemas) -> None:
    tools = body.get("tools") or []
    names: list[str] = []
    for at, tool in enumerate(tools):
        where = f"tools.{at}"
        if not isinstance(tool, dict):
            raise Refused(f"{where}: Input should be an object")
        kind = tool.get("type") or "custom"
        if kind not in TOOL_TYPES:
            raise Refused(
                f"'{model}' does not support tool types: {kind}. "
                "See the documentation for the tool versions that it supports."
            )
        if kind in TOOLSETS:
            _check_toolset(tool, kind, where)
            names.append(kind)
            continue
        names.append(str(tool.get("name")))
        if kind == "custom":
            _check_custom(tool, where, schemas)
    if len(set(names)) != len(names):
        raise Refused("tools: Tool names must be unique.")
    used = {block["type"] for _, blocks in turns for block in blocks}
    if not tools and used & {"tool_use", "tool_result"}:
        raise Refused("Requests which include `tool_use` or `tool_result` blocks must define tools")
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise Refused("tool_choice: Input tag does not match any of: 'auto', 'any', 'tool', 'none'")
    if not tools:
        raise Refused("tool_choice: tool_choice may only be specified while providing tools")
    if kind in ("any", "tool") and model in NEVER_FORCED:
        raise Refused(
            f'tool_choice: "{kind}" is not supported for this model: forced tool use is not '
            'available. Use "auto".'
        )


def _check_toolset(tool: dict[str, Any], kind: str, where: str) -> None:
    _, members = TOOLSETS[kind]
    for name in sorted(tool.keys() - {"type", "configs", "cache_control"}):
        raise Refused(f"{where}.{kind}.{name}: Extra inputs are not permitted")
    for member, config in (tool.get("configs") or {}).items():
        if member not in members:
            raise Refused(f"{where}.{kind}.configs.{member}: Extra inputs are not permitted")
        if config is None:
            continue
        if not isinstance(config, dict) or config.keys() - {"enabled", "defer_loading"}:
            raise Refused(f"{where}.{kind}.configs.{member}: Extra inputs are not permitted")
        if not isinstance(config.get("enabled"), bool | None):
            raise Refused(f"{where}.{kind}.configs.{member}.enabled: Input should be a boolean")


def _check_custom(tool: dict[str, Any], where: str, schemas: Schemas) -> None:
    allowed = {
        "type",
        "name",
        "description",
        "input_schema",
        "cache_control",
        "strict",
        "input_examples",
        "defer_loading",
        "allowed_callers",
        "eager_input_streaming",
    }
    for name in sorted(tool.keys() - allowed):
        raise Refused(f"{where}.custom.{name}: Extra inputs are not permitted")
    if not isinstance(tool.get("name"), str) or not _NAME.fullmatch(tool["name"]):
        raise Refused(
            f"{where}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        )
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise Refused(f"{where}.custom.input_schema: Field required")
    if schema.get("type") != "object":
        raise Refused(f"{where}.custom.input_schema.type: Input should be 'object'")
    if tool.get("strict"):
        schemas.check(schema, f"{where}.custom.input_schema")


def _check_marks(body: dict[str, Any], turns: Turns) -> None:
    """Marks of the prompt cache: at most four, of a known form."""
    system = body.get("system") or []
    marked: list[dict[str, Any]] = [body, *(body.get("tools") or [])]
    marked += system if isinstance(system, list) else []
    for _, blocks in turns:
        for block in blocks:
            marked.append(block)
            inner = block.get("content")
            marked += inner if isinstance(inner, list) else []
    count = 0
    for block in marked:
        mark = block.get("cache_control")
        if mark is None:
            continue
        count += 1
        if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
            raise Refused("cache_control.type: Input should be 'ephemeral'")
        if mark.get("ttl", "5m") not in ("5m", "1h") or mark.keys() - {"type", "ttl"}:
            raise Refused("cache_control.ttl: Input should be '5m' or '1h'")
    if count > MOST_MARKS:
        raise Refused(
            f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {count}."
        )
