"""Every URL of the product."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from maly import views

handler400 = "maly.views.bad_request"
handler403 = "maly.views.permission_denied"
handler404 = "maly.views.page_not_found"
handler500 = "maly.views.server_error"

urlpatterns = [
    path("healthz", login_not_required(views.healthz), name="healthz"),
    path("readyz", login_not_required(views.readyz), name="readyz"),
    path("media/<path:path>", login_not_required(views.media), name="media"),
    path("api/schema/", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path(
        "api/docs/", login_not_required(SpectacularSwaggerSplitView.as_view(url_name="schema")), name="docs"
    ),
    path(
        "staff/messages/", include("notifications.preview_urls")
    ),  # before the admin, which takes all the rest
    path("staff/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("", include("connect.urls")),
    path("", include("dashboard.urls")),
    path("", include("ticketing.urls")),
    path("", include("payouts.urls")),
    path("", include("premium.urls")),
    path("admin/", include("adminpanel.urls")),
    path("api/admin/", include("adminpanel.api_urls")),
]
