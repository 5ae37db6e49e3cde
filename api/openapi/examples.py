"""What callers send and get, by example. Tests hold each against its schema."""

from pydantic import JsonValue

Example = dict[str, JsonValue]
Examples = dict[str, Example]

RUN_ID = "20260131_120000_0a1b2c3d"
_FOLDER = f"tenants/default/runs/{RUN_ID}"
_CREATED = "2026-01-31T12:00:00.125Z"

STEPS: list[JsonValue] = [
    {"intent": "Go to https://example.com/boats", "type": "navigate", "required": True},
    {
        "intent": "Extract all results: title, price, url",
        "type": "extract_rows",
        "extract": {"max_items": 10},
    },
]


def _example(summary: str, value: JsonValue) -> Example:
    return {"summary": summary, "value": value}


SUBMISSIONS: Examples = {
    "steps": _example("task_suite: an array of steps", {"task_suite": STEPS}),
    "plan": _example(
        "task_suite: steps with their runtime options",
        {"task_suite": {"name": "boats", "runtime": {"max_cost": 2.5}, "steps": STEPS}},
    ),
    "micro_plan": _example(
        "task_suite: a micro-plan",
        {"task_suite": {"_micro_plan": STEPS}, "max_time_minutes": 10, "profile_id": "boats"},
    ),
    "tasks": _example(
        "task_suite: tasks in words, each with what proves it",
        {
            "task_suite": {
                "session_name": "crm",
                "base_url": "https://crm.example.com",
                "auth": {"user_id": "ada", "password": "correct horse"},
                "tasks": [
                    {
                        "task_id": "open_leads",
                        "intent": "Open the list of leads",
                        "verify": {"type": "url_contains", "value": "/leads"},
                    }
                ],
            }
        },
    ),
    "contents": _example(
        "task_file_contents: the same as a JSON string",
        {
            "task_file_contents": '[{"intent": "Go to https://example.com", "type": "navigate"}]',
            "record_video": True,
            "video_format": "mp4",
        },
    ),
    "task_file": _example(
        "task_file: a plan file of the server",
        {"task_file": "plans/example/extract_listings.json", "max_cost": 5},
    ),
    "micro": _example(
        "micro: a plan file of the server, JSON or plain text",
        {
            "micro": "plans/example/extract_listings.json",
            "inputs": {"demo_site": "https://boats.example.com"},
            "callback_url": "https://hooks.example.com/mantis",
        },
    ),
    "plan_text": _example(
        "plan_text: a plan in words",
        {"plan_text": "Go to https://example.com and note the title of each boat."},
    ),
    "blocking": _example(
        "Wait for the end, and answer with the result",
        {"task_suite": STEPS, "detached": False},
    ),
    "dry_run": _example(
        "Only say how the plan is understood", {"task_suite": STEPS, "dry_run": True}
    ),
}

ACTIONS: Examples = {
    "status": _example("Ask how a run stands", {"action": "status", "run_id": RUN_ID}),
    "result": _example("Ask for what it brought", {"action": "result", "run_id": RUN_ID}),
    "logs": _example("Read its log", {"action": "logs", "run_id": RUN_ID, "tail": 50}),
    "cancel": _example(
        "Stop it", {"action": "cancel", "run_id": RUN_ID, "reason": "no longer needed"}
    ),
    "resume": _example(
        "Answer a paused run", {"action": "resume", "run_id": RUN_ID, "user_input": "482913"}
    ),
    "pause": _example(
        "Pause it at its next boundary",
        {"action": "pause", "run_id": RUN_ID, "reason": "the site is being repaired"},
    ),
}

_HANDLE: dict[str, JsonValue] = {
    "status": "queued",
    "mode": "detached",
    "model": "holo3",
    "run_id": RUN_ID,
    "created_at": _CREATED,
    "updated_at": _CREATED,
    "payload": {"task_suite": STEPS, "detached": True, "max_cost": 25.0, "max_time_minutes": 60.0},
    "profile_id": None,
    "workflow_id": "5d41402abc4b",
    "status_path": f"{_FOLDER}/status.json",
    "result_path": f"{_FOLDER}/result.json",
    "csv_path": f"{_FOLDER}/leads.csv",
    "events_path": f"{_FOLDER}/events.log",
}
_SUMMARY: dict[str, JsonValue] = {
    "total_time_s": 9.412,
    "steps_executed": 2,
    "viable": 1,
    "leads_with_phone": 0,
    "cost_total": 0.0,
    "cost_breakdown": {"gpu": 0.0, "claude": 0.0, "proxy": 0.0},
    "dynamic_verification_summary": {
        "verdict": "pass",
        "totals": {
            "pages_seen": 1,
            "found_items": 1,
            "attempted_items": 0,
            "completed_items": 0,
            "failed_items": 0,
        },
        "checks": {},
    },
    "result_path": f"{_FOLDER}/result.json",
    "csv_path": f"{_FOLDER}/leads.csv",
    "tiers": {"memory": 0, "dom": 2, "holo3": 0, "claude": 0},
    "video": None,
}
_STATUS: dict[str, JsonValue] = {
    **_HANDLE,
    "status": "succeeded",
    "updated_at": "2026-01-31T12:00:10.001Z",
    "started_at": "2026-01-31T12:00:00.611Z",
    "finished_at": "2026-01-31T12:00:10.001Z",
    "cancel_requested": False,
    "polling_backoff_ms_hint": 30_000,
    "summary": _SUMMARY,
}
_PAUSED: dict[str, JsonValue] = {
    **_HANDLE,
    "status": "paused",
    "updated_at": "2026-01-31T12:00:05.250Z",
    "started_at": "2026-01-31T12:00:00.611Z",
    "finished_at": None,
    "cancel_requested": False,
    "polling_backoff_ms_hint": 1_500,
    "prompt": "The page asks for a one-time code (Code).",
    "reason": "one_time_code",
    "needs_input": True,
    "pause_id": "p1",
    "paused_at": "2026-01-31T12:00:05.250Z",
    "pause_state": "3b1f0c77d2a94e0f9a1c5d8e7b6a4210",
}
_RESUMED: dict[str, JsonValue] = {
    "run_id": RUN_ID,
    "status": "running",
    "resumed_at": "2026-01-31T12:03:41.007Z",
}
_RECORD: dict[str, JsonValue] = {
    "title": "Dehler 34",
    "price": "$62,500",
    "url": "https://example.com/boats/17",
}
_RESULT: dict[str, JsonValue] = {
    **_STATUS,
    "result_ready": True,
    "result": {
        "leads": [
            "VIABLE | Title: Dehler 34 | Price: $62,500 | URL: https://example.com/boats/17",
        ],
        "steps": [],
        "rows": [_RECORD],
        "video": None,
        "summary": _SUMMARY,
    },
}
_LOGS: dict[str, JsonValue] = {
    "run_id": RUN_ID,
    "events": ['{"ts": "2026-01-31T12:00:00.125000Z", "message": "run accepted"}'],
}
_DRY_RUN: dict[str, JsonValue] = {
    "dry_run": True,
    "payload": {"task_suite": STEPS, "dry_run": True},
    "profile_id": None,
    "workflow_id": "5d41402abc4b",
    "signature": "5d41402abc4b2a76b9719d911017c592ae2f7b3c6f4d8e1a0b9c8d7e6f5a4b3c",
    "shape": "task_suite",
    "plan": {"steps": STEPS},
    "hosts": ["example.com"],
    "max_steps": 2,
    "max_cost": 25.0,
    "max_time_minutes": 60.0,
    "estimated_cost": 0.0,
    "notes": [],
}

HANDLE: Examples = {"queued": _example("A run was taken", _HANDLE)}
STATUS: Examples = {
    "succeeded": _example("It is over", _STATUS),
    "paused": _example("It waits for an answer", _PAUSED),
}
RESUMED: Examples = {"resumed": _example("It goes on", _RESUMED)}
RESULT: Examples = {"succeeded": _example("What it brought", _RESULT)}
LOGS: Examples = {"logs": _example("The last lines of its log", _LOGS)}
DRY_RUN: Examples = {"dry_run": _example("The plan as understood", _DRY_RUN)}
PREDICT: Examples = {
    **HANDLE,
    "status": STATUS["succeeded"],
    "paused": STATUS["paused"],
    "result": RESULT["succeeded"],
    **RESUMED,
    **LOGS,
    **DRY_RUN,
}
STREAM = (
    f'event: phase\ndata: {{"phase":"running","run_id":"{RUN_ID}"}}\n\n'
    "id: 2026-01-31T12:00:01.204117Z\nevent: step\n"
    'data: {"ts":"2026-01-31T12:00:01.204117Z","kind":"step","step_index":0,"success":true}\n\n'
    f'event: terminal\ndata: {{"phase":"complete","run_id":"{RUN_ID}","halt_class":null}}\n\n'
)
