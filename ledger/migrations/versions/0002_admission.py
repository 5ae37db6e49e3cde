"""Idempotency keys, rate buckets, secrets, webhook deliveries, and runs that wait for a profile."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = ("callback_url", "webhook_secret_name", "allowed_hosts", "trace_parent", "released")
_INDEXES = (
    ["tenant_id", "created_at", "run_id"],
    ["tenant_id", "status", "created_at", "run_id"],
    ["tenant_id", "started_at"],
    ["tenant_id", "state_key", "created_at"],
    ["tenant_id", "profile_id", "status"],
    ["status"],
)


def upgrade() -> None:
    """Add the columns and create the tables."""
    _widen_runs()
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])
    op.create_table(
        "rate_buckets",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("tokens_micro", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "bucket", name="pk_rate_buckets"),
    )
    op.create_table(
        "run_secrets",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "name", name="pk_run_secrets"),
    )
    op.create_table(
        "deliveries",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_code", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "delivery_id", name="pk_deliveries"),
        sa.UniqueConstraint("tenant_id", "run_id", name="uq_deliveries_tenant_id_run_id"),
    )
    op.create_index("ix_deliveries_state_created_at", "deliveries", ["state", "created_at"])


def _widen_runs() -> None:
    op.add_column("runs", sa.Column("callback_url", sa.String(), nullable=True))
    op.add_column(
        "runs", sa.Column("webhook_secret_name", sa.String(), nullable=False, server_default="")
    )
    op.add_column(
        "runs",
        sa.Column("allowed_hosts", sa.JSON(none_as_null=True), nullable=False, server_default="[]"),
    )
    op.add_column("runs", sa.Column("trace_parent", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "runs", sa.Column("released", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.drop_index("ix_runs_tenant_id_status", table_name="runs")
    for columns in _INDEXES:
        op.create_index(f"ix_runs_{'_'.join(columns)}", "runs", columns)


def downgrade() -> None:
    """Drop what was added."""
    for table in ("deliveries", "run_secrets", "rate_buckets", "idempotency_keys"):
        op.drop_table(table)
    for columns in _INDEXES:
        op.drop_index(f"ix_runs_{'_'.join(columns)}", table_name="runs")
    op.create_index("ix_runs_tenant_id_status", "runs", ["tenant_id", "status"])
    for column in _COLUMNS:
        op.drop_column("runs", column)
