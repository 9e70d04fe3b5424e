"""Which writes put back what careers have typed: they wait until the question about it stands in Salesforce."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; writes from before go as they were planned."""
    op.add_column("intent", sa.Column("puts_back", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop it again."""
    with op.batch_alter_table("intent") as batch_op:
        batch_op.drop_column("puts_back")
