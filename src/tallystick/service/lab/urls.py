"""The addresses of the Justice Data Lab."""

from __future__ import annotations

from django.urls import path

from tallystick.service.lab import handing, public, views

urlpatterns = [
    path("justice-data-lab", public.about, name="lab-about"),
    path("justice-data-lab/power", public.power, name="lab-power"),
    path("justice-data-lab/template.<slug:kind>", public.template, name="lab-template"),
    path("register/reports", public.reports, name="reports"),
    path("register/reports/<slug:slug>", public.report, name="report"),
    path("register/reports/<slug:slug>/<str:name>", public.report_file, name="report-file"),
    path("lab", views.listed, name="analyses"),
    path("lab/<slug:slug>", views.analysis, name="analysis"),
    path("lab/<slug:slug>/ask", handing.ask, name="lab-ask"),
    path("lab/<slug:slug>/ask/check", handing.check, name="lab-check"),
    path("lab/<slug:slug>/ask/<slug:key>", handing.question, name="lab-question"),
    path("lab/<slug:slug>/upload", handing.upload, name="lab-upload"),
    path("lab/<slug:slug>/evaluate", views.evaluate, name="lab-evaluate"),
    path("lab/<slug:slug>/review", views.review, name="lab-review"),
    path("lab/<slug:slug>/report/<str:name>", views.report, name="lab-report"),
    *(path(f"lab/<slug:slug>/{name}", views.page_of(name), name=f"lab-{name}") for name in views.SENTENCES),
]
