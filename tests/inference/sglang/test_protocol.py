"""What we send and what we read, in the words of SGLang's own classes (opt-in, `make opt-in`)."""

from typing import Any

import httpx
import pytest

from inference.errors import ModelRefused
from inference.holo3.answers import completion, refusal
from inference.holo3.chat import body_of
from plans.prices import Usage
from plans.step import TierName
from tests.inference.holo3.test_prompts import questions
from tests.inference.opt_in import in_sglang

pytestmark = pytest.mark.timeout(300)

_REQUESTS = """
import json, sys
from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest
told = {}
for name, body in json.load(sys.stdin).items():
    parsed = ChatCompletionRequest.model_validate(body)
    unknown = sorted(set(body) - set(ChatCompletionRequest.model_fields))
    dumped = parsed.model_dump(mode="json", by_alias=True)
    told[name] = {
        "unknown": unknown,
        "schema": dumped["response_format"]["json_schema"]["schema"],
        "kwargs": dumped["chat_template_kwargs"],
        "roles": [message["role"] for message in dumped["messages"]],
        "temperature": dumped["temperature"],
    }
print(json.dumps(told))
"""

_ANSWERS = """
import json, sys
from sglang.srt.entrypoints.openai.protocol import (
    ChatCompletionResponse, ChatCompletionResponseChoice, ChatMessage, ErrorResponse,
    PromptTokensDetails, UsageInfo,
)
message = ChatMessage(role="assistant", content='{"x": 1, "y": 2}', reasoning_content="At 1, 2.")
choice = ChatCompletionResponseChoice(index=0, message=message, finish_reason="stop")
usage = UsageInfo(
    prompt_tokens=1200, total_tokens=1215, completion_tokens=15, reasoning_tokens=5,
    prompt_tokens_details=PromptTokensDetails(cached_tokens=900),
)
whole = ChatCompletionResponse(id="1", model="holo3", choices=[choice], usage=usage)
error = ErrorResponse(message="Failed to compile json schema", type="BadRequestError", code=400)
print(json.dumps({"answer": whole.model_dump_json(), "error": error.model_dump_json()}))
"""


@pytest.mark.opt_in
def test_sglang_reads_our_requests_as_they_are_meant() -> None:
    asked = questions()
    bodies = {name: body_of("holo3", one) for name, one in asked.items()}
    told: dict[str, dict[str, Any]] = in_sglang(_REQUESTS, bodies)
    for name, one in asked.items():
        read = told[name]
        assert read["unknown"] == []
        assert read["schema"] == one.schema
        assert read["kwargs"] == {"enable_thinking": one.thinking}
        assert read["temperature"] == one.temperature
    assert told["agent"]["roles"] == ["system", "user", "assistant", "user"]


@pytest.mark.opt_in
def test_we_read_the_answers_that_sglang_writes() -> None:
    told = in_sglang(_ANSWERS, {})
    used = Usage(tier=TierName.HOLO3, model="holo3", gpu_ms=5)
    read = completion(told["answer"].encode(), used)
    assert read.text == '{"x": 1, "y": 2}'
    usage = read.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (300, 900, 15)
    error = refusal(400, httpx.Headers(), told["error"].encode())
    assert isinstance(error, ModelRefused)
    assert "Failed to compile json schema" in str(error)
