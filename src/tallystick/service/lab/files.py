"""The files of a report, as they are handed over: each under a name of ours, and a page that may load nothing."""

from __future__ import annotations

import base64
import hashlib
import re

from django.http import Http404, HttpResponse

from tallystick.service.lab.find import Standing
from tallystick.share.lab_life import folder_of

KINDS = {
    "report.html": "text/html; charset=utf-8",
    "report.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "annex.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "annex.ods": "application/vnd.oasis.opendocument.spreadsheet",
    "summary.json": "application/json",
}
CERTIFICATE = "certificate.html"
WORDS = (
    ("report.html", "The report, as a page"),
    ("report.docx", "The report, as a Word document"),
    ("annex.xlsx", "Its tables (XLSX)"),
    ("annex.ods", "Its tables (ODS)"),
    ("summary.json", "Its figures, for machines (JSON)"),
)


def answered(standing: Standing, name: str) -> HttpResponse:
    """Return a file of the analysis; raise Http404 where there is none of this name."""
    path = folder_of(standing.fixed, standing.share) / name
    if name not in (*KINDS, CERTIFICATE) or not path.is_file():
        raise Http404
    content = path.read_bytes()
    response = HttpResponse(content, content_type=KINDS.get(name, KINDS["report.html"]))
    if name.endswith(".html"):
        response["Content-Security-Policy"] = policy(content.decode())
    else:
        ending = name.rsplit(".", 1)[1]
        response["Content-Disposition"] = (
            f'attachment; filename="{standing.fixed.id}-{name.split(".")[0]}.{ending}"'
        )
    return response


def policy(page: str) -> str:
    """Return the policy under which a page of the core is shown: its own style sheet, by its hash, and nothing else."""
    styles = re.findall(r"<style>(.*?)</style>", page, flags=re.S)
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    return f"default-src 'none'; img-src data:; style-src {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
