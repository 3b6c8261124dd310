"""The hosted invoice: what it says, whether it is paid, a way to pay it, and the same on paper."""

from typing import TYPE_CHECKING, Any

from sandbox.api import Request, Response
from sandbox.pages.pdf import make_pdf
from sandbox.pages.render import form_of, message, money, redirect, render
from sandbox.resources.invoice_lines import day_words
from sandbox.resources.invoice_states import LINKS
from sandbox.resources.subscription_payments import collect
from sandbox.state import StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox

STATUS = {"paid": ("good", "Paid"), "open": ("bad", "Not paid yet"), "void": ("note", "Void")}


def invoice_page(sandbox: "Sandbox", request: Request, path: str) -> Response:
    """Show an invoice, or its PDF, or pay it with the card that is kept."""
    token, _slash, rest = path.partition("/")
    world = sandbox.world
    with world.state.transaction():
        invoice = world.state.get("invoice", world.state.get(LINKS, token) or "")
        if invoice is None or rest not in ("", "pdf"):
            return message("Invoice not found", "There is no invoice at this address.", status=404)
        if rest:
            headers = {
                "Content-Disposition": f'inline; filename="{invoice["number"]}.pdf"',
                "Cache-Control": "no-store",
            }
            return Response(200, make_pdf(_on_paper(invoice)), headers, "application/pdf")
        if request.method == "POST" and invoice["status"] == "open" and "pay" in form_of(request):
            if not collect(world, invoice, by_hand=True):
                words = "The card was declined. Update it in your billing settings and try again."
                return _page(invoice, token, failure=words, status=402)
            return redirect(f"/i/{token}")
        return _page(invoice, token)


def _page(invoice: StripeObject, token: str, *, failure: str = "", status: int = 200) -> Response:
    look, words = STATUS.get(invoice["status"], ("note", invoice["status"]))
    values: dict[str, Any] = {
        "number": invoice["number"],
        "seller": invoice["account_name"],
        "customer": invoice["customer_email"] or invoice["customer_name"] or "",
        "day": day_words(invoice["effective_at"]),
        "look": look,
        "status": words,
        "lines": _lines(invoice),
        "totals": _totals(invoice),
        "due": money(invoice["amount_due"], invoice["currency"]),
        "payable": invoice["status"] == "open",
        "pdf": f"/i/{token}/pdf",
        "action": f"/i/{token}",
        "failure": failure,
    }
    return render("invoice", values, status=status)


def _lines(invoice: StripeObject) -> list[dict[str, str]]:
    return [
        {
            "name": line["description"],
            "period": f"{day_words(line['period']['start'])} to {day_words(line['period']['end'])}",
            "amount": money(line["amount"], line["currency"]),
        }
        for line in invoice["lines"]["data"]
    ]


def _totals(invoice: StripeObject) -> list[tuple[str, str]]:
    """Return total, what the balance took over, and what is left to pay."""
    currency = invoice["currency"]
    carried = invoice["amount_due"] - invoice["total"]
    words = "Credit used" if carried < 0 else "Kept as credit" if invoice["total"] < 0 else "From before"
    return [
        ("Total", money(invoice["total"], currency)),
        *([(words, money(carried, currency))] if carried else []),
        ("Amount due", money(invoice["amount_due"], currency)),
    ]


def _on_paper(invoice: StripeObject) -> list[str]:
    """Return an invoice as lines of text."""
    rows = [f"{line['name']}  ({line['period']})  {line['amount']}" for line in _lines(invoice)]
    return [
        "SANDBOX: no real money moves",
        "",
        f"Invoice {invoice['number']}",
        f"From {invoice['account_name']} to {invoice['customer_email'] or invoice['customer_name'] or ''}",
        f"{day_words(invoice['effective_at'])}, {STATUS.get(invoice['status'], ('', invoice['status']))[1]}",
        "",
        *rows,
        "",
        *[f"{words}: {amount}" for words, amount in _totals(invoice)],
    ]
