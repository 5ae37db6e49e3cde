"""An index of the few completions of the chat proxy that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAME = "ix_model_calls_tried_at"
_OPEN = sa.text("run_id = '' AND open_tries > 0")


def upgrade() -> None:
    """Create it."""
    op.create_index(_NAME, "model_calls", ["tried_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, "model_calls")
