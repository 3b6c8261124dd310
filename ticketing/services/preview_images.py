"""The picture of an event that other sites show beside its link: 1200 × 630, with cover, title, date and place."""

import io
from functools import cache, lru_cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.core.cache import cache as kept
from PIL import Image, ImageDraw, ImageFont, ImageOps

from maly.templatetags.maly import event_time
from ticketing.covers import drawn_cover
from ticketing.models import Event

SIZE = (1200, 630)
COVER_HEIGHT = 372
MARGIN = 60
LINE_WIDTH = SIZE[0] - 2 * MARGIN
GROUND, INK, MUTED, DANGER, SPARK, HAIRLINE = "#ffffff", "#181a22", "#595d68", "#ba1d27", "#ffb922", "#e1e3e7"
TITLE_SIZE, DETAIL_SIZE, BRAND_SIZE = 58, 32, 34
# The bold end of the product's own variable font, and what is taken for characters that it lacks.
WEIGHTS = {TITLE_SIZE: 650, DETAIL_SIZE: 500, BRAND_SIZE: 700}
ROOT = Path(settings.BASE_DIR)
FONTS = (
    ROOT / "static/fonts/figtree.woff2",
    ROOT / "maly/fonts/DejaVuSans-Bold.ttf",
    ROOT / "maly/fonts/DroidSansFallback.ttf",
)
NO_CHARACTER = "\uffff"
KEPT_SECONDS = 24 * 3600
# Changes with the drawing below, so that no old picture is shown for a new one.
EDITION = 1


def preview_version(event: Event) -> str:
    """What the picture shows, as a short text that changes with it."""
    shown = (EDITION, settings.PLATFORM_NAME, event.title, detail_of(event), event.cover.name, event.status)
    return sha256("\x00".join(map(str, shown)).encode()).hexdigest()[:12]


def preview_image(event: Event) -> bytes:
    """The event's picture as JPEG; drawn once for each thing that it shows."""
    key = f"event-preview:{event.pk}:{preview_version(event)}"
    data: bytes | None = kept.get(key)
    if data is None:
        data = draw_preview(event)
        kept.set(key, data, KEPT_SECONDS)
    return data


def draw_preview(event: Event) -> bytes:
    picture = Image.new("RGB", SIZE, GROUND)
    picture.paste(ImageOps.fit(_cover(event), (SIZE[0], COVER_HEIGHT), Image.Resampling.LANCZOS))
    brush = ImageDraw.Draw(picture)
    lines = wrap(event.title, TITLE_SIZE, most=2)
    top = COVER_HEIGHT + (34 if len(lines) > 1 else 56)
    for line in lines:
        write(brush, (MARGIN, top), line, TITLE_SIZE, INK)
        top += 66
    cancelled = event.status == Event.Status.CANCELLED
    brand_width = _brand(brush)
    detail = shorten(detail_of(event), DETAIL_SIZE, LINE_WIDTH - brand_width - MARGIN)
    write(brush, (MARGIN, SIZE[1] - 74), detail, DETAIL_SIZE, DANGER if cancelled else MUTED)
    data = io.BytesIO()
    picture.save(data, format="JPEG", quality=85, optimize=True)
    return data.getvalue()


def detail_of(event: Event) -> str:
    """When and where; of a cancelled event only that it is."""
    if event.status == Event.Status.CANCELLED:
        return "Cancelled"
    when = event_time(event.starts_at, event.timezone)
    return f"{when} · {event.venue_name}" if event.venue_name else when


def wrap(text: str, size: int, *, most: int) -> list[str]:
    """The text in lines that fit, the last one shortened where there would be more; a long word is cut."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        line = words.pop(0)
        while words and width_of(f"{line} {words[0]}", size) <= LINE_WIDTH:
            line = f"{line} {words.pop(0)}"
        lines.append(line)
    if words:
        lines[-1] = " ".join([lines[-1], *words])
    return [shorten(line, size, LINE_WIDTH) for line in lines]


def shorten(text: str, size: int, width: float) -> str:
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def width_of(text: str, size: int) -> float:
    return sum(_font(place, size).getlength(part) for place, part in _runs(text))


def write(brush: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, ink: str) -> None:
    """Write on the line whose top is at `at`, each character in the first font that has it."""
    x, y = at
    baseline = y + size
    for place, part in _runs(text):
        font = _font(place, size)
        brush.text((x, baseline), part, font=font, fill=ink, anchor="ls")
        x += font.getlength(part)


def _brand(brush: ImageDraw.ImageDraw) -> float:
    """The platform's name with its spark in the lower right corner; how wide it is."""
    name = settings.PLATFORM_NAME.lower()
    width = width_of(name, BRAND_SIZE) + 26
    x, y = SIZE[0] - MARGIN - width, SIZE[1] - 76
    write(brush, (x, y), name, BRAND_SIZE, INK)
    brush.ellipse((x + width - 20, y + 15, x + width, y + 35), fill=SPARK)
    return width


def _cover(event: Event) -> Image.Image:
    """The event's photo, or the drawing that stands for it."""
    if event.cover:
        try:
            with event.cover.open("rb") as file, Image.open(file) as photo:
                return photo.convert("RGB")
        except OSError:  # lost from the storage: the drawing will do
            pass
    name = Path(drawn_cover(event.title)).stem
    with Image.open(ROOT / "ticketing/drawings" / f"{name}.webp") as drawing:
        return drawing.convert("RGB")


@cache
def _font(place: int, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(FONTS[place]), size)
    if place == 0:
        font.set_variation_by_axes([WEIGHTS[size]])
    return font


def _runs(text: str) -> list[tuple[int, str]]:
    """The text in parts, each with the place of its font; what no font has is left out."""
    found = [(_font_place(letter), letter) for letter in text]
    shown = [(place, letter) for place, letter in found if place is not None]
    return [
        (place, "".join(letter for _place, letter in part))
        for place, part in groupby(shown, lambda one: one[0])
    ]


@lru_cache(maxsize=4096)
def _font_place(letter: str) -> int | None:
    return next((place for place in range(len(FONTS)) if _has(place, letter)), None)


def _has(place: int, letter: str) -> bool:
    """Whether the font draws this character as itself, not as the box that stands for all it lacks."""
    if letter.isspace():
        return True
    font = _font(place, DETAIL_SIZE)
    return bytes(font.getmask(letter)) != bytes(font.getmask(NO_CHARACTER))
