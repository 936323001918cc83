"""The server: gunicorn, run from this process, with threads so that a slow reader does not hold a worker."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication


class Server(BaseApplication):
    """gunicorn with the service in it."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """Return the application."""
        from tallystick.service.wsgi import application

        return application


def run(bind: str, workers: int) -> None:
    """Serve until stopped; no access log, for addresses say who looked at what."""
    Server(
        {
            "bind": bind, "workers": workers, "worker_class": "gthread", "threads": 4, "timeout": 120, "loglevel": "warning",
            "accesslog": None, "max_requests": 5000, "max_requests_jitter": 500, "limit_request_line": 4094, "keepalive": 15,
        }
    ).run()  # fmt: skip
