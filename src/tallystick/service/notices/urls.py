"""The addresses of notices."""

from __future__ import annotations

from django.urls import path

from tallystick.service.notices import views

urlpatterns = [
    path("notices", views.listed, name="notices"),
    path("notices/wishes", views.wishes, name="notice-wishes"),
    path("notices/<int:pk>", views.opened, name="notice"),
]
