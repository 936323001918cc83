"""The look: GOV.UK Frontend's compiled files, fetched once by ``make assets`` and never at run time.

``python -m tallystick.service.look TARBALL`` lays out the package that npm fetched: two style sheets (one as it comes, one in Arial
and without the crest, for every service that is not on GOV.UK's own domain), the script, and what the first of them loads.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tarfile
from pathlib import Path

from tallystick.errors import BadInput

VERSION = "6.3.0"
SHA256 = "3d91fd1353e32e306a8ae493b44ba9c0277348b5dbc08442a3e63d822e516048"
FOLDER = Path(__file__).parent / "assets" / "govuk"
DIST = "package/dist/govuk/"


def is_there() -> bool:
    """Return whether the files lie where the service looks for them."""
    return (FOLDER / "plain.css").is_file()


def lay_out(tarball: Path, folder: Path = FOLDER) -> None:
    """Write the files of GOV.UK Frontend into ``folder``; raise BadInput for a package that is not the pinned one."""
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != SHA256:
        raise BadInput(f"{tarball.name} is not GOV.UK Frontend {VERSION} as it was pinned. Fetch it again.")
    aside = folder.with_name("govuk.aside")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    with tarfile.open(tarball) as package:
        style = text(package, DIST + "govuk-frontend.min.css")
        script = text(package, DIST + "govuk-frontend.min.js")
        for member in package.getmembers():
            name = member.name.removeprefix(DIST + "assets/")
            if member.isfile() and name.startswith(("fonts/", "images/")) and name.count("/") == 1:
                path = aside / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(package.extractfile(member).read())  # type: ignore[union-attr]
    (aside / "govuk.css").write_text(style.replace("/assets/", ""), encoding="utf-8")
    (aside / "plain.css").write_text(plain(style), encoding="utf-8")
    (aside / "govuk-frontend.js").write_text(re.sub(r"//# sourceMappingURL=.*", "", script), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def plain(style: str) -> str:
    """Return a style sheet without GOV.UK's own font and crest, which are for its own domains."""
    style = re.sub(r"@font-face\{[^}]*\}", "", style)
    style = style.replace("GDS Transport,arial", "arial")
    style = re.sub(r"url\(/assets/[^)]*\)", "none", style)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", style)


def text(package: tarfile.TarFile, name: str) -> str:
    """Return a file of the package as text."""
    file = package.extractfile(name)
    if file is None:
        raise BadInput(f"The package has no {name}.")
    return file.read().decode("utf-8")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
