"""What each open try of a question to a model holds against its run's budget."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_calls = sa.table(
    "model_calls",
    sa.column("tenant_id", sa.String()),
    sa.column("run_id", sa.String()),
    sa.column("call_id", sa.String()),
    sa.column("tries", sa.Integer()),
    sa.column("open_tries", sa.Integer()),
    sa.column("accounted", sa.JSON(none_as_null=True)),
    sa.column("reserved_micro", sa.BigInteger()),
    sa.column("created_at", sa.BigInteger()),
    sa.column("held_micro", sa.BigInteger()),
    sa.column("holds", sa.JSON(none_as_null=True)),
    sa.column("tried_at", sa.BigInteger()),
)


def upgrade() -> None:
    """Tell them apart; those that are open now hold what each of them was held at so far."""
    for name, kind, start in (
        ("held_micro", sa.BigInteger(), "0"),
        ("holds", sa.JSON(none_as_null=True), "{}"),
        ("tried_at", sa.BigInteger(), "0"),
    ):
        op.add_column("model_calls", sa.Column(name, kind, nullable=False, server_default=start))
    connection = op.get_bind()
    connection.execute(_calls.update().values(tried_at=_calls.c.created_at))
    for row in connection.execute(sa.select(_calls).where(_calls.c.open_tries > 0)).all():
        open_tries = [one for one in range(1, row.tries + 1) if one not in row.accounted]
        holds = {str(one): row.reserved_micro for one in open_tries}
        connection.execute(
            _calls.update()
            .where(
                _calls.c.tenant_id == row.tenant_id,
                _calls.c.run_id == row.run_id,
                _calls.c.call_id == row.call_id,
            )
            .values(holds=holds, held_micro=sum(holds.values()))
        )


def downgrade() -> None:
    """Forget it."""
    for name in ("tried_at", "holds", "held_micro"):
        op.drop_column("model_calls", name)
