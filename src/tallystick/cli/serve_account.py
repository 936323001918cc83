"""`tally account`: accounts of the web service, made and closed by whoever runs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.serve import DEFAULT_HOME, Home, ready
from tallystick.errors import BadInput

app = typer.Typer(
    help="Accounts of the web service.", rich_markup_mode=None, no_args_is_help=True, add_completion=False
)
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]


@app.command("add")
def add(
    email: Email,
    organisation: Annotated[str, typer.Option("--organisation", help="The body that they act for.")],
    role: Annotated[str, typer.Option("--role", help="The role in which they act.")],
    home: Home = DEFAULT_HOME,
    person: Annotated[str, typer.Option("--person", help="Their id in the registers of offices.")] = "",
    as_json: Json = False,
) -> None:
    """Give somebody a role, with an account if they have none; print the link by which they choose a password."""
    ready(home)
    from tallystick.service.accounts import people

    user = people.add(email, organisation, role, datetime.now(UTC), person)
    link = "" if user.has_usable_password() else people.invitation(user)
    said = {
        "email": user.email,
        "person": user.person,
        "organisation": organisation,
        "role": role,
        "link": link,
    }
    send = f"\nSend them this link, by which they choose a password (it works once):\n{link}" if link else ""
    output.say(said, as_json=as_json, text=f"{user.email} is now {role} of {organisation}.{send}")


@app.command("close")
def close(email: Email, home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """Close somebody's account: they are signed out and cannot sign in again; what they did stays recorded."""
    ready(home)
    from tallystick.service.accounts import people

    if not people.close(email):
        raise BadInput("There is no account with this address.")
    output.say({"email": email, "closed": True}, as_json=as_json, text="The account is closed.")


@app.command("token")
def token(
    email: Email,
    role: Annotated[str, typer.Option("--role", help="In which of their roles it stands for them.")],
    home: Home = DEFAULT_HOME,
    as_json: Json = False,
) -> None:
    """Make a token for the API, good for a year; it is printed once and kept as a hash."""
    ready(home)
    from tallystick.service.accounts import tokens
    from tallystick.service.accounts.models import Membership

    member = Membership.objects.filter(user__email=email.lower(), role=role).first()
    if member is None:
        raise BadInput("Nobody with this address has this role. `tally account add` gives it.")
    text = tokens.make(member, datetime.now(UTC))
    output.say({"token": text}, as_json=as_json, text=text)
