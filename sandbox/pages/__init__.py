"""The hosted pages: checkout, billing portal, invoices, onboarding, Express dashboard, and the sandbox's own pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.api import Request, Response
from sandbox.pages import bench, checkout, express, invoices, onboarding, portal
from sandbox.pages.render import STATIC, message, static_file

if TYPE_CHECKING:
    from sandbox.server import Sandbox

Page = Callable[["Sandbox", Request, str], Response]
# By the beginning of the path; what follows it is the page's own.
PAGES: tuple[tuple[str, Page], ...] = (
    ("/c/pay/", checkout.payment),
    ("/c/3ds/", checkout.three_d_secure),
    ("/connect/setup/", onboarding.open_setup),
    ("/connect/onboarding/", onboarding.onboard),
    ("/p/session/", portal.portal),
    ("/i/", invoices.invoice_page),
    ("/express/home/", express.dashboard),
    ("/express/", express.open_dashboard),
    ("/_sandbox/pages/", bench.show),
    ("/_sandbox/", bench.home),
)


class Pages:
    """Finds the page of a path."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self.sandbox = sandbox

    def handle(self, request: Request) -> Response:
        """Return a page; unknown paths have one too."""
        if request.path.startswith(STATIC):
            return static_file(request.path.removeprefix(STATIC))
        for prefix, page in PAGES:
            if request.path.startswith(prefix):
                if request.method not in ("GET", "HEAD", "POST"):
                    return message(
                        "That isn't possible here", "This page is opened or sent as a form.", status=405
                    )
                return page(self.sandbox, request, request.path.removeprefix(prefix).rstrip("/"))
        return message("Page not found", "The sandbox has no page at this address.", status=404)
