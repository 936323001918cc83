"""The addresses of the service."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from tallystick.service import api, errors
from tallystick.service.public import views as public

calls = api.api.urls
for route in calls[0]:
    login_not_required(route.callback)  # the API knows its callers by their tokens

urlpatterns = [
    path("", include("tallystick.service.public.urls")),
    path("language/<slug:code>", public.language, name="language"),
    path("", include("tallystick.service.cases.urls")),
    path("", include("tallystick.service.shares.urls")),
    path("", include("tallystick.service.outputs.urls")),
    path("", include("tallystick.service.review.urls")),
    path("", include("tallystick.service.lab.urls")),
    path("", include("tallystick.service.notices.urls")),
    path("", include("tallystick.service.packs.urls")),
    path("api/", api.page, name="api"),
    path("api/", calls),
    path("accounts/", include("tallystick.service.accounts.urls")),
]
handler400, handler403, handler404, handler500 = (
    errors.bad_request, errors.forbidden, errors.not_found, errors.failed,
)  # fmt: skip
