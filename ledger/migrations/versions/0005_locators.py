"""What worked on a page before: learned locators."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "locators",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("locator_id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("skeleton", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("step_type", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("wins", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("won_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant_id", "locator_id", name="pk_locators"),
    )
    op.create_index("ix_locators_tenant_id_place", "locators", ["tenant_id", "place"])
    op.create_index("ix_locators_tenant_id_used_at", "locators", ["tenant_id", "used_at"])
    op.create_index("ix_locators_used_at", "locators", ["used_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("locators")
