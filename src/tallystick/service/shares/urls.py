"""The addresses of shares."""

from __future__ import annotations

from django.urls import path

from tallystick.service.shares import views

urlpatterns = [
    path("shares", views.listed, name="shares"),
    path("shares/<slug:slug>", views.share, name="share"),
    path("shares/<slug:slug>/report/<str:name>", views.report, name="share-report"),
    path("shares/<slug:slug>/step/<slug:name>", views.step, name="step"),
    path("shares/<slug:slug>/supply/<slug:name>", views.upload, name="upload"),
    path("shares/<slug:slug>/supply/<slug:name>/template.csv", views.header, name="header"),
]
