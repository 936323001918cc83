"""The service under test: Django set up once, and for each test a database and a home folder of its own."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ON_POSTGRES = os.environ.get("TALLYSTICK_TEST_DATABASE") == "postgres"
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


def postgres(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a new PostgreSQL server, which ends with these tests."""
    import atexit

    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    import pgserver

    # not under pytest's own folder, which each run closes to all but its owner: the server runs as another user
    server = pgserver.get_server(tempfile.mkdtemp(prefix="tallystick-pg-"), cleanup_mode="delete")
    programs = Path(pgserver.__file__).parent / "pginstall" / "bin"
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    atexit.register(server.cleanup)
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        server.psql(f"alter system set {setting} = off;")
    server.psql("select pg_reload_conf();")
    server.psql("create database template_tally;")
    return str(server.get_uri("template_tally"))


@contextmanager
def database_of_its_own(home: Path, template: Path) -> Iterator[None]:
    """Give Django a copy of the migrated database, which goes when the block is left."""
    from django.conf import settings
    from django.db import connections

    setting = settings.DATABASES["default"]
    connections.close_all()
    if not ON_POSTGRES:
        shutil.copy(template, home / "registry.sqlite3")
        setting["NAME"] = str(home / "registry.sqlite3")
        yield
        connections.close_all()
        return
    import psycopg

    name = f"t{secrets.token_hex(8)}"
    address = {"host": setting["HOST"], "user": setting["USER"], "dbname": "postgres", **setting["OPTIONS"]}
    with psycopg.connect(
        **{key: value for key, value in address.items() if value}, autocommit=True
    ) as server:
        server.execute(f'create database "{name}" template template_tally')
        setting["NAME"] = name
        try:
            yield
        finally:
            connections.close_all()
            server.execute(f'drop database "{name}" with (force)')


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that is migrated and empty, in SQLite: each test works on a copy of it."""
    home = tmp_path_factory.mktemp("service")
    os.environ.pop("DATABASE_URL", None)
    if ON_POSTGRES:
        os.environ["DATABASE_URL"] = postgres(tmp_path_factory)
    os.environ.update(
        TALLYSTICK_HOME=str(home),
        TALLYSTICK_URL="http://127.0.0.1:8000",
        TALLYSTICK_SECRET_KEY="for the tests alone " * 4,
        DJANGO_SETTINGS_MODULE="tallystick.service.settings",
    )
    (home / "incoming").mkdir()
    from tallystick.service import prepare

    prepare.django()
    from django.conf import settings
    from django.db import connections
    from django.test.utils import setup_test_environment

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    setup_test_environment()
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
    prepare.database()
    connections.close_all()
    return home / "registry.sqlite3"


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the service's home folder; its database is new, and real: what is committed is committed."""
    from django.conf import settings

    home = tmp_path / "home"
    (home / "shares").mkdir(parents=True)
    (home / "incoming").mkdir()
    before = settings.ENVIRONMENT
    settings.ENVIRONMENT = replace(before, home=home, clock=lambda: NOW)
    with database_of_its_own(home, template):
        yield home
    settings.ENVIRONMENT = before


@pytest.fixture
def browser(service: Path) -> Any:
    """Return a browser without a screen: Django's test client, which checks the token of every form."""
    from django.test import Client

    return Client(enforce_csrf_checks=True)


@pytest.fixture
def served(service: Path) -> Iterator[str]:
    """Return the address at which the service answers, in this process, for a real browser on this machine."""
    import threading
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    url = f"http://localhost:{server.server_port}"
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, url=url)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def made_share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a share of synthetic people whose agreement is in force; tests work on copies of it."""
    from tallystick import synth

    folder = tmp_path_factory.mktemp("shares") / "moj-dfe"
    synth.write("moj-dfe", folder, people=200, seed=1)
    return folder


@pytest.fixture
def share(service: Path, made_share: Path) -> Path:
    """Return a share's folder in the home, recorded in the registry, its agreement in force."""
    from tallystick.service.registry.shares import record

    folder = service / "shares" / "moj-dfe"
    shutil.copytree(made_share, folder)
    record(folder, NOW)
    return folder


@dataclass
class Person:
    """Somebody signed in, in a browser of their own."""

    client: Any
    name: str
    role: str
    organisation: str

    def get(self, page: str) -> Any:
        """Return a page."""
        return self.client.get(page)

    def post(self, page: str, **fields: Any) -> Any:
        """Return what comes of a form."""
        return self.client.post(page, fields)

    def begin(self, process: str) -> str:
        """Begin a case and return its id."""
        answer = self.post(f"/{process}/new")
        assert answer.status_code == 302, answer.content.decode()
        return str(answer.headers["Location"].split("/")[2])

    def answer(self, process: str, subject: str, act: str, answers: dict[str, Any]) -> int:
        """Answer the questions of an act as they are asked, one a page, and return how many there were."""
        from tallystick.governance.decisions import form
        from tallystick.governance.tables.processes import PROCESSES
        from tallystick.service.cases.questions import shown

        for asked in range(150):
            there = self.get(f"/{process}/{subject}/{act}/").headers["Location"]
            if there.endswith("/check"):
                return asked
            key = there.rsplit("/", 1)[1]
            question = form(PROCESSES[process], act)[key]
            assert self.get(there).status_code == 200
            answer = self.client.post(there, shown(question, answers[key]))
            assert answer.status_code == 302, (key, answer.content.decode())
        raise AssertionError("the questions have no end")

    def send(self, process: str, subject: str, act: str, **fields: Any) -> Any:
        """Send an act from the page that shows its answers."""
        page = self.get(f"/{process}/{subject}/{act}/check").content.decode()
        event = re.search(r'name="event" value="(\w+)"', page)
        assert event is not None, page
        return self.post(f"/{process}/{subject}/{act}/check", event=event[1], **fields)

    def do(self, process: str, act: str, subject: str, **changes: Any) -> Any:
        """Answer an act's questions by its specimen, changed, and send it."""
        from tallystick.governance.specimens import specimen

        self.answer(process, subject, act, specimen(process, act, **changes))
        return self.send(process, subject, act)


@pytest.fixture
def somebody(service: Path) -> Callable[..., Person]:
    """Return a function that signs somebody in, in a role, for an organisation."""
    from django.test import Client

    from tallystick.service.accounts import people

    def sign_in(name: str, role: str, organisation: str = "Ministry of Justice") -> Person:
        user = people.add(f"{name}@example.org", organisation, role, NOW, person=name)
        if role != "requester":
            give_second_factor(user)
        client = Client()
        client.force_login(user)
        return Person(client, name, role, organisation)

    return sign_in


def give_second_factor(user: Any) -> str:
    """Return the secret of a second factor that is set up for somebody."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    secret = generate_totp_secret()
    if not Authenticator.objects.filter(user=user).exists():
        TOTP.activate(user, secret)
    return str(secret)


@pytest.fixture
def ministry(service: Path) -> Any:
    """Return the specimen of a ministry in the registry: offices, a dataset, an agreement in force and its papers."""
    from tallystick.governance.specimens import Play
    from tallystick.service.registry import store

    play = Play().set_up()
    for command in play.commands:
        store.act(command)
    return play
