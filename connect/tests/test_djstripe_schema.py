"""Our one generated migration makes the schema of dj-stripe's own."""

from importlib.metadata import version

import pytest
from django.db import connection

from connect.tests.djstripe_schema import SCHEMA, fingerprint

# Printed by `python -m connect.tests.djstripe_schema` for this version.
VERSION, THEIRS = "2.11.0", "6b7cf4e1de8284ae"


@pytest.mark.django_db
def test_our_migration_makes_what_theirs_make():
    assert version("dj-stripe") == VERSION, "print the new version's fingerprint first"
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA.replace("%", "%%"), ())
        schema = cursor.fetchone()[0]
    assert len(schema.splitlines()) > 1000
    assert fingerprint(schema) == THEIRS
