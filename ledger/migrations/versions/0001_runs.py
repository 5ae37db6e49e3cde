"""Runs, their events, rows, items, variables and outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "run_events",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("step_index", sa.Integer(), nullable=True),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "ts", name="pk_run_events"),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "dedup_key", name="uq_run_events_tenant_id_run_id_dedup_key"
        ),
    )
    op.create_table(
        "run_outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_outbox"),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "kind", name="uq_run_outbox_tenant_id_run_id_kind"
        ),
    )
    op.create_index("ix_run_outbox_next_try_at", "run_outbox", ["next_try_at"], unique=False)
    op.create_table(
        "run_rows",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=False),
        sa.Column("step_index", sa.Integer(), nullable=False),
        sa.Column("viable", sa.Boolean(), nullable=False),
        sa.Column("page_url", sa.String(), nullable=False),
        sa.Column("record", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "seq", name="pk_run_rows"),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "row_key", name="uq_run_rows_tenant_id_run_id_row_key"
        ),
    )
    op.create_table(
        "run_variables",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "name", name="pk_run_variables"),
    )
    op.create_table(
        "run_visited",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("item_key", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("list_url", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "scope", "item_key", name="pk_run_visited"),
        sa.UniqueConstraint(
            "tenant_id",
            "run_id",
            "scope",
            "owner",
            name="uq_run_visited_tenant_id_run_id_scope_owner",
        ),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "seq", name="uq_run_visited_tenant_id_run_id_seq"
        ),
    )
    op.create_table(
        "runs",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("plan_name", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("state_key", sa.String(), nullable=False),
        sa.Column("profile_id", sa.String(), nullable=True),
        sa.Column("perception", sa.String(), nullable=False),
        sa.Column("max_cost_micro", sa.BigInteger(), nullable=False),
        sa.Column("max_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_run_steps", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("last_event_at", sa.BigInteger(), nullable=False),
        sa.Column("halt_class", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("summary", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("video", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_tenant_id_status", "runs", ["tenant_id", "status"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("ix_runs_tenant_id_status", table_name="runs")
    op.drop_table("runs")
    op.drop_table("run_visited")
    op.drop_table("run_variables")
    op.drop_table("run_rows")
    op.drop_index("ix_run_outbox_next_try_at", table_name="run_outbox")
    op.drop_table("run_outbox")
    op.drop_table("run_events")
