"""What is exchanged: cases, envelopes, receipts, deliveries, blobs, acts about cases, and what was erased.

`envelopes.seq` is the filing number: receipts, mailbox cursors and attachments all hang on it.
"""

import sqlalchemy as sa

from hub.store.schema.base import metadata

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("opener", sa.String(12), nullable=False),
    sa.Column("respondent", sa.String(12), nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("disputes", sa.Integer, nullable=False),
    sa.Column("opened_at", sa.String(32), nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
)

envelopes = sa.Table(
    "envelopes",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("case_id", sa.String(64), sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("sender", sa.String(12), nullable=False),
    sa.Column("receiver", sa.String(12), nullable=False),
    sa.Column("received_at", sa.String(32), nullable=False),
    sa.Column("leaf", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Index("envelopes_case", "case_id"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    # The envelope that this receipt answers; for a handover, `about` is the envelope that was handed over.
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sa.Column("about", sa.String(64), nullable=False),
    sa.Column("leaf", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), sa.ForeignKey("blobs.digest"), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Index("attachments_digest", "digest"),
    sqlite_with_rowid=False,
)

mailbox = sa.Table(
    "mailbox",
    metadata,
    sa.Column("station", sa.String(12), primary_key=True),
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sqlite_with_rowid=False,
)

handovers = sa.Table(
    "handovers",
    metadata,
    sa.Column("delivered", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), nullable=False, unique=True),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("stored_at", sa.String(32), nullable=False),
    sqlite_with_rowid=False,
)

# Who may name and read a blob: a station that sent its bytes, and the stations of a case that names it. Without this,
# somebody who only heard a digest could name it in a case of their own and so read another's letter.
holdings = sa.Table(
    "holdings",
    metadata,
    sa.Column("digest", sa.String(64), sa.ForeignKey("blobs.digest"), primary_key=True),
    sa.Column("station", sa.String(12), primary_key=True),
    sqlite_with_rowid=False,
)

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("envelope_id", sa.String(36), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("known_digest", sa.String(64), nullable=False),
)

erasures = sa.Table(
    "erasures",
    metadata,
    # Cases whose content two people had erased: `raw` is the hub's signed notice to the stations, itself a leaf.
    sa.Column("leaf", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.String(64), nullable=False, unique=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

erased = sa.Table(
    "erased",
    metadata,
    # What was erased with a case, by the digest that stays in the trail: envelope or file. `pending`: the file's bytes are
    # still to be deleted from the disk.
    sa.Column("case_id", sa.String(64), sa.ForeignKey("erasures.case_id"), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("pending", sa.Boolean, nullable=False),
    sa.Index("erased_digest", "digest"),
    sa.Index("erased_pending", "digest", sqlite_where=sa.text("pending")),
    sqlite_with_rowid=False,
)

case_acts = sa.Table(
    "case_acts",
    metadata,
    # 督办 and 延期: what an administrator signed (`raw`, the same bytes are a leaf) about one limit of a case. `station` has to
    # keep the limit `step`; `due_at`: to when it was extended. `id` is the act's own: the same act twice is one.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("case_id", sa.String(64), sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("step", sa.String(32), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("due_at", sa.String(32)),
    sa.Column("by_number", sa.String(64), nullable=False),
    sa.Column("by_name", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Index("case_acts_case", "case_id", "number"),
)
