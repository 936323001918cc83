"""A document as one HTML page that stands alone: no script, no network, headings in order, tables with headings, fit to print."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from tallystick.agreement.document import Document


def page(document: Document) -> str:
    """Return the whole page."""
    environment = Environment(
        loader=PackageLoader("tallystick.agreement", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("document.html").render(document=document)
