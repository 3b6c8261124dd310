"""dj-stripe's copies of refunds and disputes: fed by a worker, asking Stripe for nothing of its own."""

import json

import pytest
from djstripe.models import APIKey, Charge, Dispute, Refund

from connect import mirror
from ticketing.services.refunds import request_refund
from ticketing.tasks import mirror_dispute, mirror_refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def control(sandbox):
    def post(path, **body):
        status, answer = sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer
        return answer

    return post


@pytest.fixture
def refund(general, sell, organizer):
    return request_refund(sell((general, 1)), actor=organizer, reason="Asked for")


@pytest.fixture
def dispute_id(general, sell, control):
    charge_id = sell((general, 1)).payments.get().charge_id
    return control(f"charges/{charge_id}/dispute")["id"]


@pytest.fixture
def asked(sandbox):
    """What was asked of Stripe since the fixture was made."""
    before = len(sandbox.control("GET", "/_sandbox/requests")[1])
    return lambda: [row["path"] for row in sandbox.control("GET", "/_sandbox/requests")[1][before:]]


def test_a_refund_appears_in_the_mirror_and_follows_stripe(refund, control, look_up):
    mirror_refund(refund.stripe_refund_id)
    mirrored = Refund.objects.get()
    assert (mirrored.id, mirrored.amount, mirrored.status) == (refund.stripe_refund_id, 5000, "succeeded")
    assert mirrored.charge.id == refund.payment.charge_id
    control(f"refunds/{refund.stripe_refund_id}", status="failed")
    mirror_refund(refund.stripe_refund_id)
    assert Refund.objects.get().status == "failed"
    assert Charge.objects.get().amount == 50
    assert refund.payment.charge_id in look_up(Refund.objects.get())
    look_up(Charge.objects.get())


def test_a_dispute_appears_in_the_mirror_and_follows_stripe(dispute_id, control, look_up):
    mirror_dispute(dispute_id)
    mirrored = Dispute.objects.get()
    assert (mirrored.id, mirrored.amount, mirrored.status) == (dispute_id, 5000, "needs_response")
    assert len(mirrored.stripe_data["balance_transactions"]) == 1
    assert "needs_response" in look_up(mirrored)
    control(f"disputes/{dispute_id}", outcome="lost")
    mirror_dispute(dispute_id)
    assert Dispute.objects.get().status == "lost"


def test_the_mirror_asks_only_for_the_object_and_keeps_no_key(refund, asked):
    mirror_refund(refund.stripe_refund_id)
    assert asked() == [f"/v1/refunds/{refund.stripe_refund_id}"]
    assert not APIKey.objects.exists()


def test_the_mirror_asks_only_for_the_dispute(dispute_id, asked):
    mirror_dispute(dispute_id)
    assert asked() == [f"/v1/disputes/{dispute_id}"]
    assert not APIKey.objects.exists()


def test_the_mirror_keeps_nothing_of_the_buyer(refund):
    mirror_refund(refund.stripe_refund_id)
    kept = json.dumps([row.stripe_data for row in [*Refund.objects.all(), *Charge.objects.all()]])
    assert "ada@example.com" not in kept
    assert "Ada Obi" not in kept


def test_a_failing_mirror_fails_nothing(refund, monkeypatch, caplog):
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("dj-stripe stumbled")

    monkeypatch.setattr(mirror.Refund, "sync_from_stripe_data", broken)
    mirror_refund(refund.stripe_refund_id)
    assert "mirror_failed object=refund" in caplog.text


def test_a_recorded_refund_pokes_the_mirror(
    general, sell, organizer, settings, monkeypatch, django_capture_on_commit_callbacks
):
    order = sell((general, 1))
    sent = []
    settings.POKE_WORKERS = True
    monkeypatch.setattr(mirror_refund, "apply_async", lambda args, **_options: sent.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        refund = request_refund(order, actor=organizer, reason="Asked for")
    assert sent == [(refund.stripe_refund_id,)]
