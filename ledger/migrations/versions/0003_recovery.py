"""Outcomes of calls, checkpoints, claims and pauses; where a run stood when it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = ("resumed_from", "state", "pause_requested")
_TABLES = ("run_outcomes", "run_checkpoints", "run_claims", "run_pauses")


def upgrade() -> None:
    """Add the columns and create the tables."""
    op.add_column("runs", sa.Column("resumed_from", sa.String(), nullable=True))
    op.add_column("runs", sa.Column("state", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "runs",
        sa.Column("pause_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _create_outcomes()
    op.create_table(
        "run_checkpoints",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("newest", sa.LargeBinary(), nullable=False),
        sa.Column("restorable", sa.Boolean(), nullable=False),
        sa.Column("restorable_before", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", name="pk_run_checkpoints"),
    )
    op.create_table(
        "run_claims",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("journal_length", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("telling", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "call_key", name="pk_run_claims"),
    )
    _create_pauses()


def _create_outcomes() -> None:
    op.create_table(
        "run_outcomes",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("viable", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "call_key", name="pk_run_outcomes"),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "seq", name="uq_run_outcomes_tenant_id_run_id_seq"
        ),
    )


def _create_pauses() -> None:
    op.create_table(
        "run_pauses",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("pause_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("needs_input", sa.Boolean(), nullable=False),
        sa.Column("step_index", sa.Integer(), nullable=True),
        sa.Column("paused_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answer_name", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "pause_id", name="pk_run_pauses"),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "seq", name="uq_run_pauses_tenant_id_run_id_seq"
        ),
    )


def downgrade() -> None:
    """Drop what was added."""
    for table in _TABLES:
        op.drop_table(table)
    for column in _COLUMNS:
        op.drop_column("runs", column)
