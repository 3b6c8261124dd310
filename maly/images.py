"""Uploaded pictures: each is decoded and drawn anew at its size, so that no byte of the upload is ever served."""

import io
import secrets
import struct
import warnings
from contextlib import suppress
from typing import Any

from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from maly.errors import Invalid

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
# What Pillow raises, beside what it documents, when it writes a broken EXIF anew.
BROKEN_EXIF = (struct.error, TypeError, AttributeError, LookupError)
Size = tuple[int, int]


def redraw(
    upload: File,
    *,
    size: Size,
    attr: str,
    is_whole: bool = False,
    centering: tuple[float, float] = (0.5, 0.5),
) -> ContentFile:
    """A JPEG of `size` with a random name and nothing of the original but its pixels (no EXIF, no place).

    Cut to the shape of `size`, with so much of the excess gone from the left and from above as `centering` says; with
    `is_whole` nothing is cut off and the rest is white. Raises Invalid, naming the field `attr`, for more than 10 MB,
    for what isn't a PNG, JPEG or WebP image, and for one too large to decode.
    """
    if (upload.size or 0) > LARGEST_BYTES:
        raise Invalid(_("The image is larger than 10 MB. Choose a smaller one."), attr=attr)
    upload.seek(0)
    picture = _decode(upload.read(LARGEST_BYTES + 1), size, attr)
    fit = ImageOps.pad if is_whole else ImageOps.fit
    more: dict[str, Any] = {"color": "white"} if is_whole else {}
    drawn = fit(picture, size, Image.Resampling.LANCZOS, centering=centering, **more)
    image = io.BytesIO()
    drawn.save(image, format="JPEG", quality=82, optimize=True, progressive=True)
    return ContentFile(image.getvalue(), name=f"{secrets.token_hex(16)}.jpg")


def _decode(data: bytes, size: Size, attr: str) -> Image.Image:
    """The picture the right way up, on white where it was transparent."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    raise Invalid(_("The image has too many pixels. Choose a smaller one."), attr=attr)
                image.draft("RGB", size)
                _turn(image)
                return _on_white(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        raise Invalid(_("This isn't a PNG, JPEG or WebP image that can be read."), attr=attr) from None


def _turn(image: Image.Image) -> None:
    """Turn it as the camera noted, in its own place: 50 million pixels are copied as seldom as can be."""
    with suppress(*BROKEN_EXIF):
        ImageOps.exif_transpose(image, in_place=True)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image if image.mode == "RGBA" else image.convert("RGBA")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture)
    return ground
