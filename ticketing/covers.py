"""Covers: the names of a photo's sizes, and for an event without one a drawing that fits its title."""

import re
import zlib

# A cover that has smaller pictures beside it ends like this; they are so many pixels wide.
SIZED = "-1600.jpg"
WIDTHS = (800, 1600)
COVERS = {
    "night-market": {"market", "fair", "food", "supper", "street", "bazaar", "night"},
    "tideline-films": {"film", "films", "cinema", "sea", "coast", "swim", "sunset", "beach"},
    "letterpress": {"letterpress", "print", "design", "type", "poster", "art", "workshop", "beginners"},
    "candlelight-concert": {"concert", "candlelight", "choir", "organ", "music", "voices", "carols", "gala"},
    "seed-swap": {"seed", "garden", "plant", "plants", "soup", "spring", "allotment", "nature"},
    "harbour-10k": {"10k", "5k", "run", "race", "marathon", "track", "ride", "walk"},
    "wheel-evening": {"pottery", "clay", "bowl", "wheel", "ceramics", "craft", "tea", "glaze"},
}


def drawn_cover(title: str) -> str:
    """The static path of the drawing whose words share most with the title; else one picked by the title."""
    words = set(re.findall(r"[a-z0-9]+", title.lower()))
    best = max(COVERS, key=lambda name: len(COVERS[name] & words))
    if not COVERS[best] & words:
        best = list(COVERS)[zlib.crc32(title.encode()) % len(COVERS)]
    return f"covers/{best}.svg"
