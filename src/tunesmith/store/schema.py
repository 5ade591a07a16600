"""Tables of the SQL stores, for SQLAlchemy Core: plain SQL types only, so that any database can hold them.

The tables of a real database are made by `migrations/`, never from here; a test holds the two alike. A change
here needs a migration that makes it, a new HEAD, and a database of the old version under tests/store/data.

| table | one row per | notes |
|---|---|---|
| studies | study | with counters, so that the next number, the limit and the newest revision are one read |
| trials | trial | `revision` is that of the study at the trial's last change |
| reports | intermediate value | `attempt` made it; those of a lost attempt go when the next one starts |
| workers | process that had a trial | when it was last heard of |
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

HEAD = "0002"  # newest migration; kept here so that Alembic need not be loaded to compare
VERSION_TABLE = "tunesmith_version"  # not Alembic's usual name: tells our databases from others'

metadata = MetaData()

studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("direction", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("scheduler", Text),
    Column("seed", BigInteger, nullable=False),
    Column("info", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("elapsed", Double, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("trials", Integer, nullable=False),  # how many there are: the next one's number
    Column("started", Integer, nullable=False),  # how many count against a limit
    Column("last_change", Double),  # of any trial, Unix time
    Column("is_paused", Boolean, nullable=False, server_default=false()),
    Column("stops", Integer, nullable=False, server_default="0"),  # how often its runs were told to end
    sqlite_autoincrement=True,  # the id of a deleted study is never given to another
)

trials = Table(
    "trials",
    metadata,
    Column("study_id", Integer, ForeignKey("studies.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("config", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("value", Double),
    Column("odd_value", Text),  # text of a value that not every database keeps in a number: NaN, -0.0
    Column("failure_kind", Text),
    Column("failure_message", Text),
    Column("failure_traceback", Text),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_repeat", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("worker", Text),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("revision", BigInteger, nullable=False),
    Column("note", Text, nullable=False, server_default=""),  # written by people
    Index("trials_by_revision", "study_id", "revision"),
    Index("trials_by_state", "study_id", "state", "value"),
    sqlite_with_rowid=False,  # rows lie by study and number, as they are read
)

reports = Table(
    "reports",
    metadata,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("value", Double),
    Column("odd_value", Text),
    Column("time", Double, nullable=False),
    ForeignKeyConstraint(["study_id", "number"], ["trials.study_id", "trials.number"]),
    sqlite_with_rowid=False,
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("start", Text, nullable=False),
    Column("heartbeat", Double, nullable=False),
    sqlite_with_rowid=False,
)
