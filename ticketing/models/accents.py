"""The colours that an event's page may have: `static/css/components/accent.css` has them for light and dark."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Accent(models.TextChoices):
    """Each is readable on every surface of the page, as text and as a button, in both themes."""

    BRICK = "brick", _("Brick red")
    TANGERINE = "tangerine", _("Tangerine")
    AMBER = "amber", _("Amber")
    OLIVE = "olive", _("Olive")
    FOREST = "forest", _("Forest green")
    TEAL = "teal", _("Teal")
    OCEAN = "ocean", _("Ocean")
    COBALT = "cobalt", _("Cobalt blue")
    VIOLET = "violet", _("Violet")
    PLUM = "plum", _("Plum")
    ROSE = "rose", _("Rose")
    GRAPHITE = "graphite", _("Graphite")
