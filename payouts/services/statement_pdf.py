"""A statement as PDF, for an accountant: a summary that adds up, then every movement by section, pages numbered.

It is laid out in blocks first and drawn then, so that each page knows how many there are.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from maly.money import format_amount
from maly.pdf_text import BOLD, PLAIN, draw, draw_right, load_fonts, shorten
from payouts.services.statements import Item, Section, Statement, Totals, add_up

PAGE = WIDTH, HEIGHT = landscape(A4)
LEFT, RIGHT, TOP, BOTTOM = 42.0, WIDTH - 42.0, HEIGHT - 48.0, 56.0
INK, MUTED, LINE, SHADE = HexColor("#1c1b22"), HexColor("#5d5b66"), HexColor("#d5d3da"), HexColor("#f4f3f6")
SIZE, SMALL = 8.5, 7.5
ROW, SUMMARY_ROW = 15.0, 17.0
# Where the columns of the movements begin, or, for amounts, end.
DATE, WORDS, ORDER, EVENT = LEFT + 4, LEFT + 62, LEFT + 264, LEFT + 326
GROSS, FEES, OWED, NET = RIGHT - 214, RIGHT - 144, RIGHT - 74, RIGHT - 4
WIDEST_AMOUNT = 66


@dataclass(frozen=True)
class Block:
    """Something that isn't broken over two pages; `draw` gets the canvas and the block's upper edge.

    `keep` more points must be free below it. `head` is drawn again where a page begins with this block.
    """

    height: float
    draw: Callable[[Canvas, float], None]
    keep: float = 0
    head: "Block | None" = None
    bookmark: str = ""


@dataclass
class Page:
    """What a page holds, from the top down."""

    statement: Statement
    blocks: list[Block] = field(default_factory=list)
    left: float = TOP - BOTTOM

    def add(self, block: Block) -> None:
        self.blocks.append(block)
        self.left -= block.height


def write_pdf(statements: Sequence[Statement]) -> bytes:
    """The statements one after another, each on pages of its own."""
    load_fonts()
    target = io.BytesIO()
    language = get_language() or "en"
    canvas = Canvas(target, pagesize=PAGE, lang=language, pageCompression=1, initialFontName=PLAIN)
    _describe(canvas, statements[0])
    for number, statement in enumerate(statements):
        pages = _paginate(statement)
        for place, page in enumerate(pages, start=1):
            _draw_page(canvas, page, place, len(pages), key=f"{number}-{place}")
    canvas.save()
    return target.getvalue()


def _describe(canvas: Canvas, statement: Statement) -> None:
    canvas.setTitle(f"{_title(statement)} · {statement.organization.name}")
    canvas.setAuthor(settings.PLATFORM_NAME)
    canvas.setSubject(_period(statement))
    canvas.setCreator(settings.PLATFORM_NAME)
    canvas.setViewerPreference("DisplayDocTitle", "true")


# --- laying out


def _paginate(statement: Statement) -> list[Page]:
    pages = [Page(statement)]
    for block in _blocks(statement):
        if block.height + block.keep > pages[-1].left:
            pages.append(Page(statement))
            if block.head:
                pages[-1].add(block.head)
        pages[-1].add(block)
    return pages


def _blocks(statement: Statement) -> Iterator[Block]:
    yield _heading(statement)
    yield from _summary(statement)
    yield from _notes(statement)
    for section, items in statement.sections():
        yield from _movements(statement, section, items)


def _heading(statement: Statement) -> Block:
    def write(canvas: Canvas, y: float) -> None:
        _write(canvas, LEFT, y - 10, settings.PLATFORM_NAME, 10, font=BOLD, color=MUTED)
        _write(canvas, LEFT, y - 38, _title(statement), 20, font=BOLD)
        name = shorten(statement.organization.name, RIGHT - LEFT, 12)
        _write(canvas, LEFT, y - 58, name, 12)
        _write(canvas, LEFT, y - 76, _period(statement), SIZE, color=MUTED)

    return Block(92, write, bookmark=f"{_title(statement)}, {statement.currency.upper()}")


def _summary(statement: Statement) -> Iterator[Block]:
    currency = statement.currency
    yield Block(14, _write_columns)
    words = gettext("Balance at the beginning, %s") % _day(statement.start)
    yield _balance_row(words, statement.opening, currency)
    for section, items in statement.sections():
        yield _section_row(section, items, currency)
    words = gettext("Balance at the end, %s") if statement.is_complete else gettext("Balance so far, %s")
    until = statement.end - timedelta(days=1) if statement.is_complete else statement.made_at
    yield _balance_row(words % _day(until), statement.closing, currency)
    if statement.on_its_way:
        words = gettext("Of which on its way to the bank")
        yield _beside_row(words, statement.on_its_way, currency)
    if statement.owed_opening or statement.owed_closing:
        facts = {
            "platform": settings.PLATFORM_NAME,
            "amount": format_amount(statement.owed_opening, currency),
        }
        words = gettext("Owed to %(platform)s beside this balance (at the beginning %(amount)s)") % facts
        yield _beside_row(words, statement.owed_closing, currency)


def _write_columns(canvas: Canvas, y: float) -> None:
    """The heads of the amounts' columns."""
    heads = [gettext("Gross"), gettext("Fees"), gettext("Fronted"), gettext("Net")]
    for x, words in zip((GROSS, FEES, OWED, NET), heads, strict=True):
        _write_right(canvas, x, y - 10, words, SMALL, color=MUTED)


def _balance_row(words: str, amount: int, currency: str) -> Block:
    def write(canvas: Canvas, y: float) -> None:
        _shade(canvas, y, SUMMARY_ROW)
        _write(canvas, DATE, y - 11.5, words, 9, font=BOLD)
        _write_right(canvas, NET, y - 11.5, format_amount(amount, currency), 9, font=BOLD)

    return Block(SUMMARY_ROW, write)


def _section_row(section: Section, items: Sequence[Item], currency: str) -> Block:
    count = ngettext("%d movement", "%d movements", len(items)) % len(items)

    def write(canvas: Canvas, y: float) -> None:
        _write(canvas, DATE, y - 11.5, str(section.label), 9)
        _write(canvas, ORDER, y - 11.5, count, SMALL, color=MUTED)
        _write_amounts(canvas, y - 11.5, add_up(items), currency)
        _rule(canvas, y - SUMMARY_ROW)

    return Block(SUMMARY_ROW, write)


def _beside_row(words: str, amount: int, currency: str) -> Block:
    def write(canvas: Canvas, y: float) -> None:
        _write(canvas, DATE, y - 11.5, words, SIZE, color=MUTED)
        _write_right(canvas, NET, y - 11.5, format_amount(amount, currency), SIZE, color=MUTED)
        _rule(canvas, y - SUMMARY_ROW)

    return Block(SUMMARY_ROW, write)


def _notes(statement: Statement) -> Iterator[Block]:
    lines = [
        gettext("The balance is what the organizer has earned and its bank doesn't have yet."),
        gettext("Days and months are those of UTC. Every line is an entry of the ledger."),
    ]
    if not statement.items:
        lines.append(gettext("Nothing moved in this month."))
    if any(item.owed for item in statement.items):
        words = gettext(
            "Fronted is what the balance couldn't bear: %s paid it, and takes it from later sales."
        )
        lines.append(words % settings.PLATFORM_NAME)
    if not statement.is_complete:
        lines.append(
            gettext("The month isn't over: this is how it stood on %s.") % _moment(statement.made_at)
        )

    def write(canvas: Canvas, y: float) -> None:
        for place, line in enumerate(lines):
            _write(canvas, LEFT + 4, y - 16 - 11 * place, line, SMALL, color=MUTED)

    yield Block(20 + 11.0 * len(lines), write)


def _movements(statement: Statement, section: Section, items: Sequence[Item]) -> Iterator[Block]:
    label = str(section.label)
    head = _table_head(label)
    yield Block(head.height, head.draw, keep=3 * ROW, bookmark=f"{label} ({statement.currency.upper()})")
    again = _table_head(gettext("%s, continued") % label)
    # The sums never stand alone on a page.
    for place, item in enumerate(items, start=1):
        keep = ROW + 4 if place == len(items) else 0
        yield Block(ROW, _item_writer(item, statement.currency), keep=keep, head=again)
    yield _section_total(label, add_up(items), statement.currency)


def _table_head(label: str) -> Block:
    def write(canvas: Canvas, y: float) -> None:
        _write(canvas, LEFT + 4, y - 22, label, 11, font=BOLD)
        base = y - 38
        heads = [gettext("Date"), gettext("Movement"), gettext("Order"), gettext("Event")]
        for x, words in zip((DATE, WORDS, ORDER, EVENT), heads, strict=True):
            _write(canvas, x, base, words, SMALL, color=MUTED)
        _write_columns(canvas, base + 10)
        _rule(canvas, y - 43, color=MUTED)

    return Block(43, write)


def _item_writer(item: Item, currency: str) -> Callable[[Canvas, float], None]:
    def write(canvas: Canvas, y: float) -> None:
        base = y - 10.5
        _write(canvas, DATE, base, f"{item.occurred_at:%Y-%m-%d}", SIZE)
        _write(canvas, WORDS, base, shorten(item.words, ORDER - WORDS - 8, SIZE), SIZE)
        _write(canvas, ORDER, base, item.order, SIZE)
        # What belongs to no order, such as a payout, is known by Stripe's id.
        x, about = (EVENT, item.event) if item.order else (ORDER, item.reference)
        _write(canvas, x, base, shorten(about, GROSS - WIDEST_AMOUNT - x, SIZE), SIZE)
        _write_amounts(canvas, base, item, currency)
        _rule(canvas, y - ROW)

    return write


def _section_total(label: str, totals: Totals, currency: str) -> Block:
    def write(canvas: Canvas, y: float) -> None:
        _shade(canvas, y, ROW)
        _write(canvas, DATE, y - 10.5, gettext("%s, total") % label, SIZE, font=BOLD)
        _write_amounts(canvas, y - 10.5, totals, currency, font=BOLD)

    return Block(ROW + 4, write)


def _write_amounts(
    canvas: Canvas, base: float, amounts: Item | Totals, currency: str, *, font: str = PLAIN
) -> None:
    for x, amount in ((GROSS, amounts.gross), (FEES, amounts.fees), (OWED, amounts.owed)):
        if amount:
            _write_right(canvas, x, base, format_amount(amount, currency), SIZE, font=font)
    _write_right(canvas, NET, base, format_amount(amounts.net, currency), SIZE, font=font)


# --- drawing


def _draw_page(canvas: Canvas, page: Page, place: int, count: int, *, key: str) -> None:
    y = TOP
    for number, block in enumerate(page.blocks):
        if block.bookmark:
            name = f"{key}-{number}"
            canvas.bookmarkHorizontal(name, 0, y)
            canvas.addOutlineEntry(block.bookmark, name, level=0 if place == 1 and number == 0 else 1)
        block.draw(canvas, y)
        y -= block.height
    _rule(canvas, BOTTOM - 10)
    foot = (
        f"{page.statement.organization.name} · {_title(page.statement)} · {page.statement.currency.upper()}"
    )
    _write(canvas, LEFT, BOTTOM - 24, shorten(foot, RIGHT - LEFT - 90, SMALL), SMALL, color=MUTED)
    words = gettext("Page %(place)d of %(count)d") % {"place": place, "count": count}
    _write_right(canvas, RIGHT, BOTTOM - 24, words, SMALL, color=MUTED)
    canvas.showPage()


def _write(
    canvas: Canvas, x: float, y: float, text: str, size: float, *, font: str = PLAIN, color: Color = INK
) -> None:
    canvas.setFillColor(color)
    draw(canvas, x, y, text, size, font=font)


def _write_right(
    canvas: Canvas, x: float, y: float, text: str, size: float, *, font: str = PLAIN, color: Color = INK
) -> None:
    canvas.setFillColor(color)
    draw_right(canvas, x, y, text, size, font=font)


def _rule(canvas: Canvas, y: float, *, color: Color = LINE) -> None:
    canvas.setStrokeColor(color)
    canvas.setLineWidth(0.5)
    canvas.line(LEFT, y, RIGHT, y)


def _shade(canvas: Canvas, y: float, height: float) -> None:
    canvas.setFillColor(SHADE)
    canvas.rect(LEFT, y - height, RIGHT - LEFT, height, stroke=0, fill=1)


# --- words


def _title(statement: Statement) -> str:
    return gettext("Statement, %s") % date_format(statement.start, "F Y")


def _period(statement: Statement) -> str:
    parts = {
        "begins": _day(statement.start),
        "ends": _day(statement.end - timedelta(days=1)),
        "currency": statement.currency.upper(),
        "made_at": _moment(statement.made_at),
    }
    return gettext("%(currency)s · %(begins)s to %(ends)s (UTC) · made on %(made_at)s") % parts


def _day(moment: datetime) -> str:
    return date_format(moment, "j F Y")


def _moment(moment: datetime) -> str:
    return f"{_day(moment)}, {moment:%H:%M} UTC"
