"""The revenue views: refreshing them, so that the part that is read live stays short."""

import logging

from django.conf import settings
from django.db import connection

from adminpanel.models import RevenueMark

logger = logging.getLogger(__name__)


def refresh_revenue() -> RevenueMark | None:
    """Bring the revenue views up to date, with the days of PLATFORM_TIME_ZONE; the mark says how far they go.

    Readers are never kept waiting: they see the former views until this ends. None while another refresh is under way.
    Figures are right whether it runs or not; without it more and more is added up on each reading.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_platform_revenue(%s)", [settings.PLATFORM_TIME_ZONE])
        if not cursor.fetchone()[0]:
            return None
    mark = RevenueMark.objects.get()
    logger.info("revenue_refreshed milliseconds=%s xact_id=%s", mark.milliseconds, mark.xact_id)
    return mark
