"""Web push in a real browser: asked for after a click, told of the sale, shown by the service worker."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import assert_fine, look_over
from notifications.models import PushSubscription
from notifications.tests.push_service import PushService
from ticketing.models import Event
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser

# The browser's own push service is on the internet, so this one stands in for it; all else is the browser's.
SUBSCRIBE = """
const { endpoint, p256dh, auth } = %s;
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const made = { endpoint, getKey: (name) => bytes(name === "auth" ? auth : p256dh).buffer };
PushManager.prototype.subscribe = async (options) => {
  if (new Uint8Array(options.applicationServerKey).length !== 65) throw new Error("no key");
  localStorage.setItem("subscribed", "yes");
  return made;
};
PushManager.prototype.getSubscription = async () => (localStorage.getItem("subscribed") ? made : null);
"""


@pytest.fixture
def market(site: Site, connected_organization: Organization) -> Event:
    event = EventFactory(organization=connected_organization, title="Night Market", slug="night-market")
    TicketTypeFactory(event=event)
    return event


def with_push(page: Page, service: PushService, site: Site) -> Page:
    """The same window, whose user will say yes, and whose push service is ours."""
    page.context.grant_permissions(["notifications"], origin=site.url)
    page.add_init_script(SUBSCRIBE % json.dumps(vars(service.browser())))
    return page


# Asked for afterwards, a note may be gone again: the browser first writes it down, then shows it, and forgets any
# written one that it finds not shown when it is asked in between. So the worker itself tells what it has shown.
TELL = """() => {
  const show = ServiceWorkerRegistration.prototype.showNotification;
  self.shown = new Promise((tell) => {
    ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
      await show.call(this, title, options);
      tell({ title, body: options.body, tag: options.tag, url: options.data.url });
    };
  });
}"""


def deliver(page: Page, note: dict[str, str], site: Site) -> dict[str, str]:
    """Hand a note to the page's service worker, as the browser does; what it shows."""
    devtools = page.context.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda seen: registrations.extend(one["registrationId"] for one in seen["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    [worker] = page.context.service_workers
    worker.evaluate(TELL)
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": site.url, "registrationId": registrations[-1], "data": json.dumps(note)},
    )
    shown: dict[str, str] = worker.evaluate("self.shown")
    return shown


def test_a_buyer_is_told_while_the_page_is_closed(
    open_page: Callable[..., Page], site: Site, market: Event, push_service: PushService
) -> None:
    started = site.check_out(market.slug)
    page = with_push(open_page(width=390), push_service, site)
    page.goto(started["order"]["url"])
    button = page.get_by_role("button", name="Notify me on this device")
    button.click()
    expect(page.get_by_text("This device will be notified.")).to_be_visible()
    site.pay(started)
    [note] = push_service.notes()
    assert note["title"] == "Your ticket for Night Market has been confirmed!"
    assert deliver(page, note, site) == note
    page.goto(note["url"])
    expect(page.get_by_role("heading", name="You’re going to Night Market")).to_be_visible()
    page.get_by_role("button", name="Turn notifications off").click()
    expect(button).to_be_visible()
    assert not PushSubscription.objects.exists()


def test_an_organizer_is_told_of_sales(
    open_page: Callable[..., Page], site: Site, market: Event, push_service: PushService, organizer: User
) -> None:
    page = with_push(open_page(), push_service, site)
    sign_in(page, organizer.email)
    page.goto("/account/notifications/")
    page.get_by_role("button", name="Notify me on this device").click()
    expect(page.get_by_text("This device will be notified.")).to_be_visible()
    assert_fine(look_over(page, ["/account/notifications/"]))
    site.pay(site.check_out(market.slug, 2))
    assert [note["title"] for note in push_service.notes()] == ["2 tickets sold: Night Market"]


def test_a_browser_that_says_no_is_told_that_the_mail_comes(
    open_page: Callable[..., Page], site: Site, market: Event, push_service: PushService
) -> None:
    started = site.check_out(market.slug)
    page = open_page(width=390, dark=True)
    page.add_init_script('Notification.requestPermission = async () => "denied";')
    page.goto(started["order"]["url"])
    page.get_by_role("button", name="Notify me on this device").click()
    expect(page.get_by_text("Everything still comes by email.")).to_be_visible()
    assert not PushSubscription.objects.exists()
