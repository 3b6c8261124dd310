"""Every form of the organizer's house, generated from the URLconf: empty or with odd text, it says what is wrong."""

import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.test import Client

from accounts.models import Organization, User
from accounts.tests.factories import PASSWORD
from maly.tests.house import House
from maly.tests.policies import BILLING, EVENT, ORDER, PAGES

# The door answers a code, whatever it is; these say that a paid ticket is refunded instead; those have a button alone.
NO_FORMS = {f"{EVENT}check-in/", f"{ORDER}cancel/", f"{ORDER}tickets/{{ticket}}/cancel/"}
NO_FORMS |= {f"{BILLING}cancel/", f"{BILLING}change/"}
FORMS = [route for route, asks in PAGES.items() if {"GET", "POST"} <= set(asks) and route not in NO_FORMS]
FIELD = re.compile(r'<(?:input|select|textarea)\b[^>]*\bname="(\w+)"')
WRONG = ("", "\x00", "<script>x</script>" * 400)
# What is wrong in most fields, though somebody may have such a name.
ODD = ("-1", "9" * 30, "2026-13-45T99:99")


def test_every_form_says_what_is_wrong_and_never_breaks(
    organization: Organization, organizer: User, sandbox: Any, settle: Callable[[], None]
) -> None:
    names = House(organization, organizer, sandbox, settle).furnish()
    client = Client()
    client.force_login(organizer)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    wrong = []
    for route in FORMS:
        path = "/" + route.format(**vars(names))
        page = client.get(path).content.decode().partition("<main")[2]
        for given in (*WRONG, *ODD):
            point = transaction.savepoint()
            # Not what says whose form it is: that is obeyed or refused, and no field of anybody's.
            fields = dict.fromkeys(set(FIELD.findall(page)) - {"works_in"}, given)
            answer = client.post(path, {"csrfmiddlewaretoken": "", **fields})
            transaction.savepoint_rollback(point)
            text = answer.content.decode()
            says_so = "There is a problem" in text and re.search(r"<title>\s*Error: ", text)
            is_taken = answer.status_code == 302 and given in ODD
            if not is_taken and not (answer.status_code == 200 and says_so) or "<script>x" in text:
                wrong.append(f"{path} with {given[:9]!r}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
