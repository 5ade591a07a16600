"""What people ask of a study: pause and stop; and notes on trials."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; each has a default, so that no row is written anew."""
    op.add_column("studies", sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("studies", sa.Column("stops", sa.Integer, nullable=False, server_default="0"))
    op.add_column("trials", sa.Column("note", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("trials", "note")
    for column in ("stops", "is_paused"):
        op.drop_column("studies", column)
