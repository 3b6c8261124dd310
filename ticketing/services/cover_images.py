"""Cover photos: whatever is uploaded is decoded and drawn anew, so that no byte of the upload is ever served."""

import io
import secrets
import warnings

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, UnidentifiedImageError

from maly.errors import Invalid

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
SIZE = (1600, 800)
FORMATS = ("PNG", "JPEG", "WEBP")


def prepare_cover(upload: File) -> ContentFile:
    """A JPEG of 1600 × 800 with a random name and nothing of the original but its pixels (no EXIF, no place).

    Raises Invalid for more than 10 MB, for what isn't a PNG, JPEG or WebP image, and for one too large to decode.
    """
    if (upload.size or 0) > LARGEST_BYTES:
        raise Invalid("The image is larger than 10 MB. Choose a smaller one.", attr="cover")
    upload.seek(0)
    picture = _decode(upload.read(LARGEST_BYTES + 1))
    cover = io.BytesIO()
    picture.save(cover, format="JPEG", quality=82, optimize=True, progressive=True)
    return ContentFile(cover.getvalue(), name=f"{secrets.token_hex(16)}.jpg")


def _decode(data: bytes) -> Image.Image:
    """The picture the right way up, on white where it was transparent, cut to the cover's shape."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    raise Invalid("The image has too many pixels. Choose a smaller one.", attr="cover")
                image.draft("RGB", SIZE)
                upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        raise Invalid("This isn't a PNG, JPEG or WebP image that can be read.", attr="cover") from None
    ground = Image.new("RGBA", upright.size, "white")
    ground.alpha_composite(upright)
    return ImageOps.fit(ground.convert("RGB"), SIZE, Image.Resampling.LANCZOS)
