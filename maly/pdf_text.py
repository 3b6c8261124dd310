"""Text in PDFs, in whatever script a name is written: every font is embedded, and right-to-left runs right to left."""

from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from unicodedata import bidirectional, category, normalize

from arabic_reshaper import reshape
from bidi.algorithm import get_display
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path(__file__).resolve().parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
# Has what the others lack: Chinese, Japanese and Korean.
FALLBACK = "DroidSansFallback"
RIGHT_TO_LEFT = ("R", "AL", "AN")


@cache
def load_fonts() -> None:
    """Make the fonts known to reportlab, once in a process."""
    for name in (PLAIN, BOLD, FALLBACK):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf"))


def width_of(text: str, size: float, *, font: str = PLAIN) -> float:
    """How wide the text is in points."""
    width: float = sum(pdfmetrics.stringWidth(part, name, size) for name, part in _runs(_visible(text), font))
    return width


def draw(canvas: Canvas, x: float, y: float, text: str, size: float, *, font: str = PLAIN) -> None:
    """Write the text from `x` on."""
    for name, part in _runs(_visible(text), font):
        canvas.setFont(name, size)
        canvas.drawString(x, y, part)
        x += pdfmetrics.stringWidth(part, name, size)


def draw_right(canvas: Canvas, x: float, y: float, text: str, size: float, *, font: str = PLAIN) -> None:
    """Write the text so that it ends at `x`."""
    draw(canvas, x - width_of(text, size, font=font), y, text, size, font=font)


@lru_cache(maxsize=1024)
def shorten(text: str, width: float, size: float, *, font: str = PLAIN) -> str:
    """As much of the text as fits into `width` points, with an ellipsis where something was left out."""
    if width_of(text, size, font=font) <= width:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if width_of(f"{text[:middle]}…", size, font=font) <= width:
            fits = middle
        else:
            too_long = middle
    return f"{text[:fits].rstrip()}…"


def wrap(text: str, width: float, size: float, *, font: str = PLAIN, most: int = 100) -> list[str]:
    """The text in lines that fit into `width` points, at most `most` of them; what is left out ends in an ellipsis."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        words = paragraph.split()
        while words:
            line = _take_line(words, width, size, font)
            lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], shorten(f"{lines[most - 1]} {lines[most]}", width, size, font=font)]
    return lines


def _take_line(words: list[str], width: float, size: float, font: str) -> str:
    """Take as many words as fit from the front of the list; a word that is wider than the line is cut."""
    line = words.pop(0)
    while width_of(line, size, font=font) > width:
        kept = shorten(line, width, size, font=font).rstrip("…") or line[0]
        words.insert(0, line[len(kept) :])
        return kept
    while words and width_of(f"{line} {words[0]}", size, font=font) <= width:
        line = f"{line} {words.pop(0)}"
    return line


def _visible(text: str) -> str:
    """The text in the order in which it is drawn, without what can't be: Arabic letters joined, lines made one."""
    if text.isascii():
        return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    text = "".join(" " if category(c) in ("Cc", "Zl", "Zp") else c for c in normalize("NFC", text))
    is_mixed = any(bidirectional(c) in RIGHT_TO_LEFT for c in text)
    return str(get_display(reshape(text))) if is_mixed else text


def _runs(text: str, font: str) -> list[tuple[str, str]]:
    """The text in parts, each with the first font that has its characters."""
    if text.isascii():
        return [(font, text)]
    drawn = (c for c in text if not _is_left_out(c, font))
    return [(name, "".join(part)) for name, part in groupby(drawn, key=lambda c: _font_for(c, font))]


@lru_cache(maxsize=4096)
def _is_left_out(character: str, font: str) -> bool:
    """Whether it is an ornament that no font has, such as an emoji: better nothing than an empty box."""
    if category(character) not in ("So", "Sk", "Mn", "Cf", "Cn"):
        return False
    return not any(ord(character) in pdfmetrics.getFont(name).face.charToGlyph for name in (font, FALLBACK))


@lru_cache(maxsize=4096)
def _font_for(character: str, font: str) -> str:
    has = {name: pdfmetrics.getFont(name).face.charToGlyph for name in (font, FALLBACK)}
    return FALLBACK if ord(character) not in has[font] and ord(character) in has[FALLBACK] else font
