"""The steps by which a database of any earlier version becomes one of this version, run by `upgrade`.

Alembic's own command and env.py are not needed: steps run within the transaction of the caller.
To add a step: a file in `versions/`, whose down_revision is the last one's; then `schema.HEAD`.
"""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tunesmith.store.schema import VERSION_TABLE


def is_known(version: str) -> bool:
    """Whether this tunesmith has the step that made a database of this version."""
    return version in {step.revision for step in _steps().walk_revisions()}


def upgrade(connection: Connection) -> None:
    """Run the steps that are missing, within the transaction that `connection` is in."""
    steps = _steps()
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "script": steps,
            "fn": lambda heads, _: steps._upgrade_revs("head", heads),
        },
    )
    with Operations.context(context):
        context.run_migrations()


def _steps() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))
