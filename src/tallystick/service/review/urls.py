"""The addresses of clerical reviews. None names a pair or a person: which pair is shown is the core's to say."""

from __future__ import annotations

from django.urls import path

from tallystick.service.review import views

urlpatterns = [
    path("shares/<slug:slug>/review", views.review, name="review"),
    path("shares/<slug:slug>/review/pair", views.pair, name="review-pair"),
    path("shares/<slug:slug>/review/undo", views.undo, name="review-undo"),
    path("shares/<slug:slug>/review/keys", views.keys, name="review-keys"),
    path("shares/<slug:slug>/review/draw", views.draw, name="review-draw"),
    path("shares/<slug:slug>/review/close", views.close, name="review-close"),
]
