"""dj-stripe's copy of disputes: fed by a worker after each look at one, never in the way."""

import pytest
from djstripe.models import APIKey
from djstripe.models import Dispute as Mirrored

from connect import mirror
from ticketing.services.disputes import sync_dispute
from ticketing.tasks import mirror_dispute

pytestmark = pytest.mark.django_db


def test_a_dispute_appears_in_the_mirror_and_follows_stripe(general, sell, dispute, decide):
    known = dispute(sell((general, 1)))
    mirror_dispute(known.stripe_dispute_id)
    assert Mirrored.objects.get().stripe_data["status"] == "needs_response"
    decide(known, "won")
    mirror_dispute(known.stripe_dispute_id)
    mirrored = Mirrored.objects.get()
    assert (mirrored.id, mirrored.status, mirrored.amount) == (known.stripe_dispute_id, "won", 5000)
    assert not APIKey.objects.exists()


def test_a_failing_mirror_fails_nothing(general, sell, dispute, monkeypatch, caplog):
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("dj-stripe stumbled")

    monkeypatch.setattr(mirror, "feed_dispute", broken)
    mirror_dispute(dispute(sell((general, 1))).stripe_dispute_id)
    assert "mirror_failed" in caplog.text


def test_a_look_at_a_dispute_pokes_the_mirror(
    general, sell, dispute, settings, monkeypatch, django_capture_on_commit_callbacks
):
    known = dispute(sell((general, 1)))
    sent = []
    settings.POKE_WORKERS = True
    monkeypatch.setattr(mirror_dispute, "apply_async", lambda args, **_options: sent.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        sync_dispute(known.stripe_dispute_id)
    assert sent == [(known.stripe_dispute_id,)]
