"""The addresses of the public pages."""

from __future__ import annotations

from django.urls import path

from tallystick.service.public import health, views

app_name = "public"
urlpatterns = [
    path("", views.start, name="start"),
    path("register/shares", views.shares, name="shares"),
    path("register/shares.csv", views.shares_csv, name="shares-csv"),
    path("register/shares/<slug:slug>", views.share, name="share"),
    path("register/projects", views.projects, name="projects"),
    path("privacy/<slug:slug>", views.notice, name="notice"),
    path("your-data", views.your_data, name="your-data"),
    path("accessibility", views.accessibility, name="accessibility"),
    path("cookies", views.cookies, name="cookies"),
    path("health", health.health, name="health"),
    path("metrics", health.metrics, name="metrics"),
]
