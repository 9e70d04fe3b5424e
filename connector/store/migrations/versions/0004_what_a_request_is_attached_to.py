"""To which request the same ask is attached: it shares that one's word. Attachments from before keep the word they have."""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("request", sa.Column("attached_to", sa.String(length=80), nullable=True))
    op.create_index("request_attached", "request", ["attached_to"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_index("request_attached", "request")
    with op.batch_alter_table("request") as batch_op:
        batch_op.drop_column("attached_to")
