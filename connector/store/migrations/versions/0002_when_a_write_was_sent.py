"""When a write was sent: of systems that cannot be asked, only a reading after that moment tells what became of it."""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; writes from before have no moment, and are looked at as ever."""
    op.add_column("intent", sa.Column("sent_at", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Drop it again."""
    with op.batch_alter_table("intent") as batch_op:
        batch_op.drop_column("sent_at")
