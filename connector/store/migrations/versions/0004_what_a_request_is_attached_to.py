"""To which request the same ask is attached: it shares that one's word. Attachments from before keep the word they have."""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Whom a request without a record is about is judged once more, so that it is stopped if it has to be."""
    op.add_column("request", sa.Column("attached_to", sa.String(length=80), nullable=True))
    op.create_index("request_attached", "request", ["attached_to"])
    link, request = (sa.table(name, *map(sa.column, ("contact_id", "crm_id", "marked"))) for name in ("link", "request"))
    unmade = sa.select(request.c.contact_id).where(request.c.crm_id.is_(None), request.c.contact_id.is_not(None))
    op.execute(link.update().where(link.c.contact_id.in_(unmade)).values(marked=sa.true()))


def downgrade() -> None:
    """Drop it again."""
    op.drop_index("request_attached", "request")
    with op.batch_alter_table("request") as batch_op:
        batch_op.drop_column("attached_to")
