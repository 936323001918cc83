"""The addresses of boards and their packs."""

from __future__ import annotations

from django.urls import path

from tallystick.service.packs import public, views

urlpatterns = [
    path("register/packs", public.packs, name="public-packs"),
    path("register/packs/<slug:slug>/<slug:name>", public.pack, name="public-pack"),
    path("register/packs/<slug:slug>/<slug:name>/<str:file>", public.pack_file, name="public-pack-file"),
    path("boards", views.listed, name="boards"),
    path("boards/<slug:slug>", views.board, name="board"),
    path("boards/<slug:slug>/build", views.build, name="build-pack"),
    path("boards/<slug:slug>/compare", views.compare, name="compare"),
    path("boards/<slug:slug>/return/<slug:name>", views.upload, name="return"),
    path("boards/<slug:slug>/pack/<slug:name>", views.pack, name="pack"),
    path("boards/<slug:slug>/pack/<slug:name>/publish", views.publish, name="publish-pack"),
    path("boards/<slug:slug>/pack/<slug:name>/<str:file>", views.pack_file, name="pack-file"),
]
