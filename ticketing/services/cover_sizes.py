"""The sizes in which pages show a cover photo, as AVIF files beside its JPEG."""

import io
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from ticketing.covers import SIZED, WIDTHS

# What a cover may cost an event's page at 800 pixels; a photo that doesn't fit is stored more coarsely.
LARGEST_BYTES = 90_000
QUALITIES = (60, 45, 30, 15)


def store_sizes(cover: ContentFile) -> ContentFile:
    """Store the sizes of a cover (a JPEG of 1600 × 800) and give it the name by which pages know that they are there.

    A cover that isn't saved after all leaves two files that nothing leads to.
    """
    stem = PurePath(cover.name or "").stem
    with Image.open(cover) as picture:
        for width in WIDTHS:
            default_storage.save(f"covers/{stem}-{width}.avif", _sized(picture, width))
    cover.seek(0)
    cover.name = f"{stem}{SIZED}"
    return cover


def _sized(picture: Image.Image, width: int) -> ContentFile:
    small = picture.resize((width, picture.height * width // picture.width), Image.Resampling.LANCZOS)
    most = LARGEST_BYTES * (width // WIDTHS[0]) ** 2
    for quality in QUALITIES:
        data = io.BytesIO()
        small.save(data, format="AVIF", quality=quality, speed=8)
        if data.tell() <= most:
            break
    return ContentFile(data.getvalue())
