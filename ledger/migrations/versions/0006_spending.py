"""What questions to models cost, plans in words as decomposed, how the models are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNTS = (
    "gpu_micro",
    "claude_micro",
    "proxy_micro",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "gpu_ms",
    "images",
)


def upgrade() -> None:
    """Create the tables."""
    op.add_column(
        "runs",
        sa.Column(
            "anthropic_secret_name",
            sa.String(),
            nullable=False,
            server_default="anthropic_api_key",
        ),
    )
    op.create_table(
        "model_calls",
        *_texts("tenant_id", "run_id", "call_id"),
        sa.Column("step_index", sa.Integer(), nullable=False),
        *_texts("tier", "model", "kind", "state"),
        sa.Column("reserved_micro", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("open_tries", sa.Integer(), nullable=False),
        sa.Column("accounted", sa.JSON(none_as_null=True), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        *_texts("answer"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "call_id", name="pk_model_calls"),
    )
    op.create_index(
        "ix_model_calls_tenant_id_created_at_run_id_call_id",
        "model_calls",
        ["tenant_id", "created_at", "run_id", "call_id"],
    )
    op.create_table(
        "decompositions",
        *_texts("tenant_id", "words", "model", "prompt_version"),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "words", "model", "prompt_version", name="pk_decompositions"
        ),
    )
    op.create_table(
        "model_health",
        *_texts("tier"),
        sa.Column("ok", sa.Boolean(), nullable=False),
        *_texts("detail"),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tier", name="pk_model_health"),
    )


def _texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def downgrade() -> None:
    """Drop them."""
    for table in ("model_health", "decompositions", "model_calls"):
        op.drop_table(table)
    op.drop_column("runs", "anthropic_secret_name")
