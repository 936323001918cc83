"""The addresses of projects and outputs."""

from __future__ import annotations

from django.urls import path

from tallystick.service.outputs import opening, projects, views

urlpatterns = [
    path("request/<identity:subject>/project", opening.open_project, name="open-project"),
    path("projects", projects.listed, name="projects"),
    path("projects/<slug:share>/<str:name>", projects.project, name="project"),
    path("projects/<slug:share>/<str:name>/hand-in", views.hand_in, name="hand-in"),
    path("outputs", views.listed, name="outputs"),
    path("outputs/<slug:review>", views.output, name="output"),
    path("outputs/<slug:review>/replace", views.replace, name="output-replace"),
    path("outputs/<slug:review>/describe/<str:file>", views.describe, name="output-describe"),
    path("outputs/<slug:review>/files/<str:file>", views.file, name="output-file"),
    path("outputs/<slug:review>/act/<slug:act>", views.act, name="output-act"),
    path("outputs/<slug:review>/release", views.release, name="output-release"),
]
