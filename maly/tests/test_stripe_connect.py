"""The three end-to-end suites of Stripe Connect: onboarding, payments, security; over HTTP against the sandbox."""

import json
import time
from typing import Any

import pytest
import requests
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Organization, User
from connect.models import ConnectedAccount, StripeEvent
from maly.tests.server import (
    CHECKOUT,
    CONNECT_HOOK,
    CREATE,
    DASHBOARD,
    LINK,
    Caller,
    Site,
    code_of,
    make_webhook,
    sign,
)
from ticketing.models import Event, Order, Payment, Ticket, TicketType
from ticketing.services.signing import verify_ticket

DECLINED = "4000000000000002"


def status_of(client: Caller, organization: Organization) -> dict[str, Any]:
    answer = client.get(f"/api/organizations/{organization.slug}/payment-status")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestHostOnboarding:
    """A host opens a Stripe account, finishes it on Stripe's pages, and the product follows its state."""

    def test_an_unauthenticated_user_cannot_create_a_connect_account(self, site: Site) -> None:
        answer = site.visitor().post(CREATE)
        assert (answer.status_code, code_of(answer)) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"]
        assert site.requests_to_stripe("/v1/accounts") == []

    def test_creating_an_account_answers_with_it_and_the_way_to_onboarding(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        answer = owner.post(CREATE, {"organization": organization.slug})
        assert answer.status_code == 201
        account = answer.json()["account"]
        flags = ("charges_enabled", "payouts_enabled", "details_submitted")
        assert not any(account[flag] for flag in flags)
        assert answer.json()["onboarding_url"].startswith(site.stripe_url)

    def test_stripe_is_asked_for_an_express_account_with_the_owners_details_prefilled(
        self, site: Site, owner: Caller, organization: Organization, organizer: User
    ) -> None:
        owner.post(CREATE, {"organization": organization.slug})
        (request,) = site.requests_to_stripe("/v1/accounts")
        asked = request["params"]
        assert asked["controller"]["stripe_dashboard"]["type"] == "express"
        assert set(asked["capabilities"]) == {"card_payments", "transfers"}
        assert (asked["email"], asked["business_profile"]["name"]) == (organizer.email, organization.name)
        assert asked["country"] == "US"
        assert request["headers"]["idempotency_key"]

    def test_the_stripe_account_id_is_saved_to_the_user(self, site: Site, buyer: User) -> None:
        host = site.sign_in(buyer.email)
        assert host.post(CREATE).status_code == 201
        (account,) = site.accounts_at_stripe()
        saved = ConnectedAccount.objects.get(organization__memberships__user=buyer)
        assert saved.stripe_account_id == account["id"]
        me = host.get("/api/me").json()
        assert me["stripe_account_id"] == f"acct_{account['id'][5:9]}…{account['id'][-4:]}"
        assert me["stripe_onboarding_complete"] is False

    def test_an_account_link_is_created_that_leads_back_into_the_product(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        owner.post(CREATE, {"organization": organization.slug})
        answer = owner.post(LINK, {"organization": organization.slug})
        assert answer.status_code == 200
        expires_at = parse_datetime(answer.json()["expires_at"])
        assert expires_at is not None
        assert expires_at > timezone.now()
        asked = site.requests_to_stripe("/v1/account_links")[-1]["params"]
        settings_page = f"{site.url}/dashboard/settings/payments/"
        assert asked["return_url"].startswith(f"{settings_page}return/")
        assert asked["refresh_url"].startswith(f"{settings_page}refresh/")
        assert requests.head(answer.json()["url"], timeout=10).status_code in (200, 302, 303)

    def test_every_account_link_is_a_new_one(self, owner: Caller, organization: Organization) -> None:
        owner.post(CREATE, {"organization": organization.slug})
        links = {owner.post(LINK, {"organization": organization.slug}).json()["url"] for _ in range(2)}
        assert len(links) == 2

    def test_a_link_without_an_account_is_refused(self, site: Site, owner: Caller) -> None:
        answer = owner.post(LINK, {"organization": "harbour-arts"})
        assert (answer.status_code, code_of(answer)) == (409, "ORGANIZER_NOT_CONNECTED")

    def test_the_account_updated_webhook_completes_the_users_onboarding(
        self, site: Site, buyer: User
    ) -> None:
        host = site.sign_in(buyer.email)
        host.post(CREATE)
        site.control(f"accounts/{site.accounts_at_stripe()[0]['id']}", {"complete": True})
        assert host.get("/api/me").json()["stripe_onboarding_complete"] is False
        site.settle()
        assert host.get("/api/me").json()["stripe_onboarding_complete"] is True
        assert StripeEvent.objects.filter(type="account.updated", status="processed").exists()

    def test_charges_without_payouts_do_not_complete_onboarding(self, site: Site, buyer: User) -> None:
        host = site.sign_in(buyer.email)
        host.post(CREATE)
        half = {"details_submitted": True, "charges_enabled": True, "payouts_enabled": False}
        site.control(f"accounts/{site.accounts_at_stripe()[0]['id']}", half)
        site.settle()
        assert host.get("/api/me").json()["stripe_onboarding_complete"] is False

    def test_readiness_is_taken_back_when_stripe_restricts_the_account(
        self, site: Site, seller: Caller, organization: Organization
    ) -> None:
        assert status_of(seller, organization)["state"] == "ready"
        account_id = site.accounts_at_stripe()[0]["id"]
        site.control(f"accounts/{account_id}", {"requirements": {"disabled_reason": "requirements.past_due"}})
        site.settle()
        status = status_of(seller, organization)
        assert (status["state"], status["verified"]) == ("restricted", False)
        assert status["requirements"]["disabled_reason"] == "requirements.past_due"

    def test_a_connected_organization_gets_no_second_account(
        self, site: Site, seller: Caller, organization: Organization
    ) -> None:
        answer = seller.post(CREATE, {"organization": organization.slug})
        assert (answer.status_code, code_of(answer)) == (409, "ALREADY_CONNECTED")
        assert len(site.accounts_at_stripe()) == 1

    def test_an_answer_of_stripe_that_got_lost_makes_no_second_account(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        site.control("faults", {"method": "POST", "path": "/v1/accounts", "effect": "error_500"})
        lost = owner.post(CREATE, {"organization": organization.slug})
        assert (lost.status_code, code_of(lost)) == (502, "STRIPE_UNAVAILABLE")
        assert owner.post(CREATE, {"organization": organization.slug}).status_code == 201
        keys = {one["headers"]["idempotency_key"] for one in site.requests_to_stripe("/v1/accounts")}
        assert (len(keys), len(site.accounts_at_stripe())) == (1, 1)

    def test_an_unsupported_country_is_refused_before_stripe_is_asked(
        self, site: Site, owner: Caller
    ) -> None:
        answer = owner.post(CREATE, {"organization": "harbour-arts", "country": "BR"})
        assert (answer.status_code, code_of(answer)) == (400, "COUNTRY_NOT_SUPPORTED")
        assert site.requests_to_stripe("/v1/accounts") == []

    def test_stripes_dashboard_opens_once_the_details_are_submitted(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        owner.post(CREATE, {"organization": organization.slug})
        early = owner.post(DASHBOARD, {"organization": organization.slug})
        assert (early.status_code, code_of(early)) == (409, "ONBOARDING_INCOMPLETE")
        site.control(f"accounts/{site.accounts_at_stripe()[0]['id']}", {"complete": True})
        site.settle()
        assert owner.post(DASHBOARD, {"organization": organization.slug}).json()["url"].startswith("http")

    def test_a_detached_account_is_attached_again_instead_of_a_new_one(
        self, site: Site, seller: Caller, organization: Organization
    ) -> None:
        path = f"/api/organizations/{organization.slug}/disconnect"
        assert seller.post(path, {"confirm": organization.slug}).json() == {"is_connected": False}
        assert status_of(seller, organization)["state"] == "disconnected"
        assert seller.post(CREATE, {"organization": organization.slug}).status_code == 201
        assert status_of(seller, organization)["state"] == "ready"
        assert len(site.accounts_at_stripe()) == 1


class TestPaymentFlow:
    """An attendee buys; the platform keeps its fee; the organizer gets the rest."""

    def test_nobody_can_buy_before_the_host_has_completed_onboarding(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        owner.post(CREATE, {"organization": organization.slug})
        event = site.make_event(owner, organization.slug)
        answer = site.visitor().post(CHECKOUT, site.cart(event))
        assert (answer.status_code, code_of(answer)) == (409, "ORGANIZER_NOT_CONNECTED")
        assert (Order.objects.count(), site.requests_to_stripe("/v1/checkout/sessions")) == (0, [])

    def test_nobody_can_buy_from_a_host_without_a_stripe_account(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        event = site.make_event(owner, organization.slug)
        (ticket_type,) = site.types_of(event)
        assert (ticket_type["status"], ticket_type["payment_ready"]) == ("coming_soon", False)
        answer = site.visitor().post(CHECKOUT, site.cart(event))
        assert (answer.status_code, code_of(answer)) == (409, "ORGANIZER_NOT_CONNECTED")

    def test_nobody_can_buy_while_stripe_restricts_the_host(self, site: Site, event: str) -> None:
        account_id = site.accounts_at_stripe()[0]["id"]
        site.control(f"accounts/{account_id}", {"requirements": {"disabled_reason": "rejected.fraud"}})
        site.settle()
        answer = site.visitor().post(CHECKOUT, site.cart(event))
        assert (answer.status_code, code_of(answer)) == (409, "ORGANIZER_ACCOUNT_RESTRICTED")

    def test_the_session_carries_the_application_fee_and_the_destination(
        self, site: Site, event: str
    ) -> None:
        started = site.check_out(event, 2)
        asked = site.requests_to_stripe("/v1/checkout/sessions")[-1]["params"]
        intent = asked["payment_intent_data"]
        assert intent["transfer_data"]["destination"] == site.accounts_at_stripe()[0]["id"]
        assert (
            int(intent["application_fee_amount"])
            == started["platform_fee"] + started["processing_fee"]
            == 870
        )

    def test_the_session_names_order_and_event_and_leaves_the_rest_to_stripe(
        self, site: Site, event: str
    ) -> None:
        started = site.check_out(event)
        asked = site.requests_to_stripe("/v1/checkout/sessions")[-1]["params"]
        assert asked["client_reference_id"] == started["order"]["code"]
        assert asked["metadata"] == asked["payment_intent_data"]["metadata"]
        assert asked["metadata"]["order"] == started["order"]["code"]
        assert "user_id" not in asked["metadata"]
        assert "payment_method_types" not in asked
        assert str(asked["adaptive_pricing"]["enabled"]).lower() == "false"
        assert 30 * 60 < int(asked["expires_at"]) - time.time() <= 32 * 60

    @pytest.mark.parametrize(
        ("price_amount", "quantity", "fee_amount"),
        [(5000, 1, 150), (1010, 3, 91), (3333, 1, 100), (1650, 1, 50), (1649, 1, 49), (99900, 10, 29970)],
    )
    def test_a_single_host_pays_three_percent_of_any_price(
        self, site: Site, buyer: User, price_amount: int, quantity: int, fee_amount: int
    ) -> None:
        host = site.sign_in(buyer.email)
        site.onboard(host)
        slug = host.get("/api/organizations").json()["results"][0]["slug"]
        event = site.make_event(host, slug, types=[{"price_amount": price_amount}])
        started = site.check_out(event, quantity)
        assert (started["total_amount"], started["platform_fee"]) == (price_amount * quantity, fee_amount)
        asked = site.requests_to_stripe("/v1/checkout/sessions")[-1]["params"]["payment_intent_data"]
        assert int(asked["application_fee_amount"]) == fee_amount

    def test_fees_passed_to_the_buyer_are_part_of_one_price(
        self, site: Site, seller: Caller, organization: Organization
    ) -> None:
        event = site.make_event(seller, organization.slug, fee_absorption="pass_to_buyer")
        (ticket_type,) = site.types_of(event)
        assert (ticket_type["buyer_price_amount"], ticket_type["fee_amount"]) == (5458, 458)
        started = site.check_out(event)
        assert (started["total_amount"], started["service_fee_amount"]) == (5458, 458)
        (line,) = site.requests_to_stripe("/v1/checkout/sessions")[-1]["params"]["line_items"]
        assert int(line["price_data"]["unit_amount"]) == 5458
        assert line["price_data"]["product_data"]["name"] == "Night Market: General admission"

    def test_a_quote_tells_the_same_amounts_and_holds_nothing(self, site: Site, event: str) -> None:
        cart = site.cart(event, 3)
        quoted = site.visitor().post("/api/payments/quote", {"event": event, "items": cart["items"]}).json()
        assert TicketType.objects.get().held == 0
        started = site.check_out(event, 3)
        names = ("subtotal_amount", "platform_fee", "processing_fee", "total_amount", "fee_breakdown")
        assert {name: quoted[name] for name in names} == {name: started[name] for name in names}
        assert TicketType.objects.get().held == 3

    def test_a_paid_order_gives_tickets_that_verify_and_one_mail(self, site: Site, event: str) -> None:
        started = site.check_out(event, 2)
        site.pay(started)
        order = site.order(started)
        assert (order["status"], len(order["tickets"])) == ("paid", 2)
        for ticket in order["tickets"]:
            assert verify_ticket(ticket["qr"], Event.objects.get()).code == ticket["code"]
        (mail,) = site.mails_to(order["email"])
        assert mail["kind"] == "ticket_confirmation"

    def test_stripe_splits_the_money_between_organizer_and_platform(self, site: Site, event: str) -> None:
        started = site.check_out(event)
        site.pay(started)
        payment = Payment.objects.get()
        account_id = site.accounts_at_stripe()[0]["id"]
        balance = site.ask_stripe("/v1/balance", account_id)
        assert balance["pending"][0]["amount"] + balance["available"][0]["amount"] == 4550
        fee = site.ask_stripe(f"/v1/application_fees/{payment.application_fee_id}")
        transfer = site.ask_stripe(f"/v1/transfers/{payment.transfer_id}")
        assert (fee["amount"], transfer["amount"], transfer["destination"]) == (450, 5000, account_id)
        assert payment.stripe_fee_amount == 175

    def test_the_organizer_sees_the_split_and_the_trail_of_an_order(
        self, site: Site, event: str, owner: Caller
    ) -> None:
        started = site.check_out(event)
        site.pay(started)
        order = owner.get(f"/api/orders/{started['order']['code']}").json()
        assert (order["application_fee_amount"], order["organizer_amount"]) == (450, 4550)
        assert order["stripe_fee_amount"] == 175
        assert order["trail"]

    def test_a_declined_card_can_be_followed_by_another(self, site: Site, event: str) -> None:
        started = site.check_out(event)
        assert site.pay(started, DECLINED)["declined"]
        order = site.order(started)
        assert (order["status"], order["problem"], order["tickets"]) == (
            "awaiting_payment",
            "PAYMENT_FAILED",
            [],
        )
        site.pay(started)
        assert site.order(started)["status"] == "paid"

    def test_an_abandoned_session_expires_and_frees_the_seats(self, site: Site, event: str) -> None:
        started = site.check_out(event, 2)
        assert TicketType.objects.get().held == 2
        site.control("clock", {"advance_seconds": 33 * 60})
        site.settle()
        order = site.order(started)
        assert (order["status"], order["problem"]) == ("expired", "RESERVATION_EXPIRED")
        assert TicketType.objects.get().held == 0

    def test_events_that_arrive_in_reverse_or_twice_make_one_order(self, site: Site, event: str) -> None:
        site.control("delivery", {"mode": "reverse"})
        started = site.check_out(event)
        site.pay(started)
        for seen in site.stripe.get("/_sandbox/events").json():
            site.control(f"events/{seen['id']}/resend")
        site.settle()
        assert site.order(started)["status"] == "paid"
        assert (Ticket.objects.count(), TicketType.objects.get().sold) == (1, 1)

    def test_a_free_order_is_paid_at_once_without_stripe(
        self, site: Site, owner: Caller, organization: Organization
    ) -> None:
        event = site.make_event(owner, organization.slug, types=[{"price_amount": 0}])
        started = site.check_out(event)
        assert (started["session_id"], started["total_amount"]) == (None, 0)
        assert started["url"].startswith(f"{site.url}/o/{started['order']['code']}/")
        assert site.order(started)["status"] == "paid"
        assert site.requests_to_stripe("/v1/checkout/sessions") == []

    def test_a_signed_in_buyer_needs_to_type_nothing(self, site: Site, event: str, buyer: User) -> None:
        items = site.cart(event)["items"]
        started = site.sign_in(buyer.email).post(CHECKOUT, {"event": event, "items": items})
        assert started.status_code == 201, started.text
        order = Order.objects.get()
        assert (order.email, order.name, order.user) == (buyer.email, buyer.name, buyer)
        asked = site.requests_to_stripe("/v1/checkout/sessions")[-1]["params"]
        assert asked["metadata"]["user_id"] == str(buyer.pk)

    def test_an_unknown_event_or_ticket_type_is_not_found(
        self, site: Site, event: str, seller: Caller, organization: Organization
    ) -> None:
        assert site.visitor().post(CHECKOUT, site.cart(event) | {"event": "no-such-event"}).status_code == 404
        elsewhere = site.make_event(seller, organization.slug)
        assert site.visitor().post(CHECKOUT, site.cart(event) | {"event": elsewhere}).status_code == 404
        draft = site.make_event(seller, organization.slug, publish=False)
        assert site.visitor().post(CHECKOUT, site.cart(event) | {"event": draft}).status_code == 404
        assert Order.objects.count() == 0

    def test_a_failing_stripe_costs_no_seat_and_the_retry_gets_one_session(
        self, site: Site, event: str
    ) -> None:
        cart = site.cart(event)
        path = "/v1/checkout/sessions"
        site.control("faults", {"method": "POST", "path": path, "effect": "error_500"})
        failed = site.visitor().post(CHECKOUT, cart, Idempotency_Key="again")
        assert (failed.status_code, code_of(failed)) == (502, "STRIPE_UNAVAILABLE")
        assert site.visitor().post(CHECKOUT, cart, Idempotency_Key="again").status_code == 201
        assert (Order.objects.count(), TicketType.objects.get().held) == (1, 1)
        assert len({one["headers"]["idempotency_key"] for one in site.requests_to_stripe(path)}) == 1

    def test_the_same_idempotency_key_is_one_purchase(self, site: Site, event: str) -> None:
        cart = site.cart(event)
        first, second = (site.visitor().post(CHECKOUT, cart, Idempotency_Key="once") for _ in range(2))
        assert (second.status_code, second.json()) == (201, first.json())
        other = site.visitor().post(CHECKOUT, cart | {"name": "Somebody Else"}, Idempotency_Key="once")
        assert (other.status_code, code_of(other)) == (409, "IDEMPOTENCY_KEY_REUSED")
        assert Order.objects.count() == 1


class TestSecurityAndAuthorization:
    """Nobody reaches what isn't theirs, and nobody but Stripe is believed about payments."""

    def test_a_user_cannot_get_an_account_link_for_somebody_else(
        self, site: Site, seller: Caller, organization: Organization, stranger: User
    ) -> None:
        before = len(site.requests_to_stripe("/v1/account_links"))
        answer = site.sign_in(stranger.email).post(LINK, {"organization": organization.slug})
        missing = site.sign_in(stranger.email).post(LINK, {"organization": "nobody-is-called-so"})
        assert (answer.status_code, answer.content) == (404, missing.content)
        assert len(site.requests_to_stripe("/v1/account_links")) == before

    @pytest.mark.parametrize("person", ["manager", "scanner"])
    def test_a_member_without_the_role_gets_no_account_and_no_link(
        self, request: pytest.FixtureRequest, site: Site, organization: Organization, person: str
    ) -> None:
        client = site.sign_in(request.getfixturevalue(person).email)
        for path in (CREATE, LINK, DASHBOARD):
            assert client.post(path, {"organization": organization.slug}).status_code == 403
        assert site.requests_to_stripe("/v1/accounts") == []

    @pytest.mark.parametrize(
        ("secret", "age"),
        [
            ("whsec_wrong", 0),
            ("whsec_test_platform", 0),
            ("whsec_test_connect", 301),
            ("whsec_test_connect", -310),
        ],
        ids=["wrong secret", "the other endpoint's secret", "too old", "from the future"],
    )
    def test_the_connect_webhook_rejects_an_invalid_signature(
        self, site: Site, secret: str, age: int
    ) -> None:
        body = make_webhook()
        assert site.send_webhook(CONNECT_HOOK, body, sign(body, secret, age=age)).status_code == 400
        assert StripeEvent.objects.count() == 0

    def test_an_unsigned_or_altered_webhook_is_rejected(self, site: Site) -> None:
        body = make_webhook()
        signature = sign(body, "whsec_test_connect")
        assert site.send_webhook(CONNECT_HOOK, body, None).status_code == 400
        assert site.send_webhook(CONNECT_HOOK, body + b" ", signature).status_code == 400
        assert site.send_webhook(CONNECT_HOOK, body, "rubbish").status_code == 400
        assert StripeEvent.objects.count() == 0

    def test_both_addresses_of_the_connect_webhook_store_an_event_once(self, site: Site) -> None:
        body = make_webhook()
        for path in (CONNECT_HOOK, "/api/webhooks/stripe-connect", CONNECT_HOOK):
            assert site.send_webhook(path, body, sign(body, "whsec_test_connect")).status_code == 200
        assert StripeEvent.objects.count() == 1

    def test_an_order_opens_only_with_its_key_or_to_its_own_people(
        self, site: Site, event: str, owner: Caller, stranger: User, scanner: User
    ) -> None:
        started = site.check_out(event)
        path = f"/api/orders/{started['order']['code']}"
        missing = site.visitor().get("/api/orders/M-0000000")
        for client in (site.visitor(), site.sign_in(stranger.email)):
            for query in ("", "?key=", f"?key={'0' * 32}", "?key=%C3%A9"):
                answer = client.get(path + query)
                assert (answer.status_code, answer.content) == (404, missing.content)
        assert site.sign_in(scanner.email).get(path).status_code == 403
        assert owner.get(path).status_code == 200

    def test_a_buyer_never_sees_the_split_or_a_full_account_id(
        self, site: Site, event: str, owner: Caller
    ) -> None:
        started = site.check_out(event)
        site.pay(started)
        full = site.accounts_at_stripe()[0]["id"]
        order = site.order(started)
        assert not {"application_fee_amount", "organizer_amount", "trail"} & set(order)
        paths = ("/api/organizations/harbour-arts/payment-status", "/api/me", f"/api/orders/{order['code']}")
        assert all(full not in owner.get(path).text for path in paths)
        assert full not in json.dumps(started | order)

    def test_only_platform_admins_change_an_organizations_fees(
        self, site: Site, seller: Caller, organization: Organization, staff: User
    ) -> None:
        path = f"/api/organizations/{organization.slug}/fees"
        override = {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "reason": "Agreed"}
        assert seller.put(path, override).status_code == 404
        assert seller.get(path).json()["is_override"] is False
        changed = site.sign_in(staff.email).put(path, override)
        assert (changed.status_code, changed.json()["platform_fee_percent"]) == (200, "3.5")

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (CREATE, {"country": ["US"]}),
            (CREATE, {"organization": {"slug": "x"}}),
            (CREATE, []),
            (LINK, {"organization": 7 * "x" * 100}),
            (CHECKOUT, {}),
            (CHECKOUT, {"event": "night-market", "items": []}),
            (CHECKOUT, {"event": "night-market", "items": "all"}),
            (CHECKOUT, {"event": "night-market", "items": [{"ticket_type": "x", "quantity": "many"}]}),
            ("/api/payments/quote", {"event": "night-market", "items": [{"quantity": 1}]}),
            ("/api/auth/token", {"email": "no email", "password": ""}),
        ],
    )
    def test_invalid_input_is_a_clear_400_that_changes_nothing(
        self, site: Site, owner: Caller, path: str, body: Any
    ) -> None:
        answer = owner.post(path, body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == "validation_error"
        assert (Order.objects.count(), ConnectedAccount.objects.count()) == (0, 0)

    def test_a_body_that_is_no_json_is_a_400(self, site: Site, owner: Caller) -> None:
        for path in (CREATE, LINK, CHECKOUT, "/api/payments/quote"):
            answer = requests.post(
                f"{site.url}{path}",
                data=b'{"event": ',
                headers={**owner.headers, "Content-Type": "application/json"},
                timeout=10,
            )
            assert (answer.status_code, code_of(answer)) == (400, "parse_error")
