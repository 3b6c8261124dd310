"""Cover photos of events."""

from django.core.files.base import ContentFile, File

from maly.images import redraw
from ticketing.services.cover_sizes import store_sizes

SIZE = (1600, 800)
MIDDLE = "middle"
# What stays of a picture of another shape, as the part of the excess that goes on the left and above.
CENTERING = {
    MIDDLE: (0.5, 0.5),
    "top": (0.5, 0.0),
    "bottom": (0.5, 1.0),
    "left": (0.0, 0.5),
    "right": (1.0, 0.5),
}


def prepare_cover(upload: File, *, focus: str = MIDDLE) -> ContentFile:
    """The photo as a JPEG of 1600 × 800 under a random name, cut so that `focus` (CENTERING) stays.

    Raises Invalid for what isn't a photo, as `redraw` does.
    """
    return store_sizes(redraw(upload, size=SIZE, attr="cover", centering=CENTERING[focus]))
