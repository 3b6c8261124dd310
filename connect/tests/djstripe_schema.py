"""The schema of dj-stripe's tables as a fingerprint.

`python -m connect.tests.djstripe_schema` runs dj-stripe's own migrations (about a minute) and prints theirs, for the
test beside this file; do it whenever dj-stripe is upgraded.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from maly.embedded import Postgres

ROOT = Path(__file__).resolve().parents[2]
# Columns, constraints and indexes; Django's names end in a hash of what they are about, which is left out.
SCHEMA = r"""
SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
  SELECT concat_ws(' ', 'column', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(d.adbin, d.adrelid)) AS line
  FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  WHERE t.relname LIKE 'djstripe\_%' AND t.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT concat_ws(' ', 'constraint', conrelid::regclass, regexp_replace(conname, '_[0-9a-f]{8}', '_#'),
      pg_get_constraintdef(oid))
  FROM pg_constraint WHERE conrelid::regclass::text LIKE 'djstripe\_%' AND contype <> 'n'
  UNION ALL
  SELECT concat_ws(' ', 'index', regexp_replace(indexdef, '_[0-9a-f]{8}', '_#'))
  FROM pg_indexes WHERE tablename LIKE 'djstripe\_%'
) lines
"""


def fingerprint(schema: str) -> str:
    """A short name for the text that SCHEMA selects."""
    return hashlib.sha256(schema.encode()).hexdigest()[:16]


def their_schema() -> str:
    """What dj-stripe's own migrations make, in a database that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "their_settings.py").write_text("from maly.settings import *\nMIGRATION_MODULES = {}\n")
        server = Postgres(Path(folder, "postgres"), is_throwaway=True)
        server.start()
        try:
            environment = os.environ | {
                "MALY_TESTING": "true",
                "DATABASE_URL": server.url(),
                "PYTHONPATH": folder,
                "DJANGO_SETTINGS_MODULE": "their_settings",
            }
            command = [
                sys.executable,
                "manage.py",
                "migrate",
                "--verbosity",
                "0",
                "--skip-checks",
                "djstripe",
            ]
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
            with psycopg.connect(server.url()) as connection:
                return str(connection.execute(SCHEMA).fetchone()[0])  # type: ignore[index]
        finally:
            server.stop()
            server.forget()


if __name__ == "__main__":
    sys.stdout.write(fingerprint(their_schema()) + "\n")
