"""The addresses of the service."""

from __future__ import annotations

from django.urls import include, path

from tallystick.service import errors
from tallystick.service.public import views as public

urlpatterns = [
    path("", include("tallystick.service.public.urls")),
    path("language/<slug:code>", public.language, name="language"),
    path("", include("tallystick.service.cases.urls")),
    path("accounts/", include("tallystick.service.accounts.urls")),
]
handler400, handler403, handler404, handler500 = (
    errors.bad_request, errors.forbidden, errors.not_found, errors.failed,
)  # fmt: skip
