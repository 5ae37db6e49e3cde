"""The ledger's tables, in types that SQLite and Postgres share.

Every table is keyed by tenant first. Times are integer microseconds since the epoch,
money is integer micro-dollars.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from ledger.text import clean_text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class CleanText(TypeDecorator[str]):
    """Text that every database takes: NUL and lone surrogates become U+FFFD."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what UTF-8 or Postgres text can't hold."""
        return None if value is None else clean_text(value)


Document = JSON(none_as_null=True)
ANTHROPIC_SECRET_NAME = "anthropic_api_key"
"""The operator's file of a tenant's Anthropic key, where nothing else is said."""
Serial = BigInteger().with_variant(Integer(), "sqlite")

runs = Table(
    "runs",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("phase", CleanText, nullable=False),
    Column("plan", Document, nullable=False),
    Column("plan_name", CleanText, nullable=False),
    Column("payload", Document, nullable=False),
    Column("signature", CleanText, nullable=False),
    Column("state_key", CleanText, nullable=False),
    Column("profile_id", CleanText),
    Column("perception", CleanText, nullable=False),
    Column("max_cost_micro", BigInteger, nullable=False),
    Column("max_time_ms", BigInteger, nullable=False),
    Column("max_run_steps", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("last_event_at", BigInteger, nullable=False),
    Column("halt_class", CleanText),
    Column("message", CleanText, nullable=False),
    Column("summary", Document),
    Column("video", Document),
    Column("cancel_requested", Boolean, nullable=False),
    Column("cancel_reason", CleanText),
    Column("callback_url", CleanText),
    Column("webhook_secret_name", CleanText, nullable=False),
    Column("allowed_hosts", Document, nullable=False),
    Column("trace_parent", CleanText, nullable=False),
    Column("released", Boolean, nullable=False),
    Column("resumed_from", CleanText),
    Column("state", Document),
    Column("pause_requested", Boolean, nullable=False, server_default=false()),
    Column(
        "anthropic_secret_name", CleanText, nullable=False, server_default=ANTHROPIC_SECRET_NAME
    ),
    PrimaryKeyConstraint("tenant_id", "run_id"),
    Index(None, "tenant_id", "created_at", "run_id"),
    Index(None, "tenant_id", "status", "created_at", "run_id"),
    Index(None, "tenant_id", "started_at"),
    Index(None, "tenant_id", "state_key", "created_at"),
    Index(None, "tenant_id", "profile_id", "status"),
    Index(None, "status"),
)

run_outbox = Table(
    "run_outbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("reason", CleanText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", BigInteger, nullable=False),
    Column("last_error", CleanText, nullable=False),
    UniqueConstraint("tenant_id", "run_id", "kind"),
    Index(None, "next_try_at"),
)

run_events = Table(
    "run_events",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("dedup_key", CleanText, nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("step_index", Integer),
    Column("body", Document, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "ts"),
    UniqueConstraint("tenant_id", "run_id", "dedup_key"),
)

run_rows = Table(
    "run_rows",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("row_key", CleanText, nullable=False),
    Column("call_key", CleanText, nullable=False),
    Column("step_index", Integer, nullable=False),
    Column("viable", Boolean, nullable=False),
    Column("page_url", CleanText, nullable=False),
    Column("record", Document, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "seq"),
    UniqueConstraint("tenant_id", "run_id", "row_key"),
)

run_visited = Table(
    "run_visited",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("scope", CleanText, nullable=False),
    Column("item_key", CleanText, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("owner", CleanText, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("list_url", CleanText, nullable=False),
    Column("status", CleanText, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "scope", "item_key"),
    UniqueConstraint("tenant_id", "run_id", "scope", "owner"),
    UniqueConstraint("tenant_id", "run_id", "seq"),
)

run_variables = Table(
    "run_variables",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("value", JSON(none_as_null=False), nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "name"),
)

run_secrets = Table(
    "run_secrets",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "name"),
)

run_outcomes = Table(
    "run_outcomes",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("call_key", CleanText, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("outcome", Document, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("viable", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "call_key"),
    UniqueConstraint("tenant_id", "run_id", "seq"),
)

run_checkpoints = Table(
    "run_checkpoints",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("newest", LargeBinary, nullable=False),
    Column("restorable", Boolean, nullable=False),
    Column("restorable_before", LargeBinary),
    PrimaryKeyConstraint("tenant_id", "run_id"),
)

run_claims = Table(
    "run_claims",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("call_key", CleanText, nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("session_id", CleanText, nullable=False),
    Column("journal_length", BigInteger, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("what", CleanText, nullable=False),
    Column("method", CleanText, nullable=False),
    Column("telling", Boolean, nullable=False),
    Column("state", CleanText, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "call_key"),
)

run_pauses = Table(
    "run_pauses",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("pause_id", CleanText, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prompt", CleanText, nullable=False),
    Column("reason", CleanText, nullable=False),
    Column("needs_input", Boolean, nullable=False),
    Column("step_index", Integer),
    Column("paused_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("answer_name", CleanText, nullable=False),
    Column("fingerprint", CleanText, nullable=False),
    PrimaryKeyConstraint("tenant_id", "run_id", "pause_id"),
    UniqueConstraint("tenant_id", "run_id", "seq"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("key", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("fingerprint", CleanText, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "key"),
    Index(None, "expires_at"),
)

rate_buckets = Table(
    "rate_buckets",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("bucket", CleanText, nullable=False),
    Column("tokens_micro", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "bucket"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("delivery_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("secret_name", CleanText, nullable=False),
    Column("state", CleanText, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_code", Integer),
    Column("last_error", CleanText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "delivery_id"),
    UniqueConstraint("tenant_id", "run_id"),
    Index(None, "state", "created_at"),
)

key_checks = Table(
    "key_checks",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=False),
    Column("key_id", CleanText, nullable=False),
    Column("probe", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
)

locators = Table(
    "locators",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("locator_id", CleanText, nullable=False),
    Column("place", CleanText, nullable=False),
    Column("site", CleanText, nullable=False),
    Column("page", CleanText, nullable=False),
    Column("skeleton", CleanText, nullable=False),
    Column("intent", CleanText, nullable=False),
    Column("step_type", CleanText, nullable=False),
    Column("act", CleanText, nullable=False),
    Column("fingerprint", Document, nullable=False),
    Column("standing", CleanText, nullable=False),
    Column("wins", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("won_at", BigInteger),
    PrimaryKeyConstraint("tenant_id", "locator_id"),
    Index(None, "tenant_id", "place"),
    Index(None, "tenant_id", "used_at"),
    Index(None, "used_at"),
)

OPEN_CHAT = text("run_id = '' AND open_tries > 0")
"""Which questions are completions of the chat proxy that are under way; literal, for an index."""
model_calls = Table(
    "model_calls",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("run_id", CleanText, nullable=False),
    Column("call_id", CleanText, nullable=False),
    Column("step_index", Integer, nullable=False),
    Column("tier", CleanText, nullable=False),
    Column("model", CleanText, nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("state", CleanText, nullable=False),
    Column("reserved_micro", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("open_tries", Integer, nullable=False),
    Column("held_micro", BigInteger, nullable=False),
    Column("holds", Document, nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    Column("accounted", Document, nullable=False),
    Column("gpu_micro", BigInteger, nullable=False),
    Column("claude_micro", BigInteger, nullable=False),
    Column("proxy_micro", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("gpu_ms", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("answer", CleanText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    PrimaryKeyConstraint("tenant_id", "run_id", "call_id"),
    Index(None, "tenant_id", "created_at", "run_id", "call_id"),
    Index(None, "tried_at", sqlite_where=OPEN_CHAT, postgresql_where=OPEN_CHAT),
)

decompositions = Table(
    "decompositions",
    metadata,
    Column("tenant_id", CleanText, nullable=False),
    Column("words", CleanText, nullable=False),
    Column("model", CleanText, nullable=False),
    Column("prompt_version", CleanText, nullable=False),
    Column("plan", Document, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "words", "model", "prompt_version"),
)

model_health = Table(
    "model_health",
    metadata,
    Column("tier", CleanText, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("detail", CleanText, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tier"),
)
