"""Notices by e-mail: to each person one message of what is new, at once or once a day. It holds no id, no title, no name: a link each.

A message is claimed before it is sent, so that two workers send it once; where the server does not take it, it is tried again.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.governance.clocks import london_day
from tallystick.governance.tables.processes import PROCESSES
from tallystick.service.accounts.models import User
from tallystick.service.notices import causes
from tallystick.service.notices.models import Notice, Wish

NOT_SENT = "not-sent"
"""What stands in place of a message where the person wants none, or has no role any more."""
MOST = 50


def deliver(now: datetime) -> int:
    """Note what there is to tell, send it, and return how many messages went out."""
    while causes.note(now) == causes.AT_A_TIME:
        pass
    waiting = Notice.objects.filter(mailed_at=None).order_by("user").values_list("user", flat=True).distinct()
    return sum(send(user, now) for user in User.objects.filter(id__in=list(waiting)).order_by("id"))


def send(user: User, now: datetime) -> bool:
    """Send somebody what is new to them, if they want it now, and return whether a message went out."""
    wish = Wish.objects.filter(user=user).first() or Wish(user=user)
    mine = Notice.objects.filter(user=user)
    if wish.mail == "never" or not user.memberships.filter(causes.members(now)).exists():
        mine.filter(mailed_at=None).update(mail=NOT_SENT, mailed_at=now)
        return False
    last = mine.exclude(mailed_at=None).exclude(mail=NOT_SENT).order_by("-mailed_at").first()
    if wish.mail == "daily" and last is not None and london_day(last.mailed_at) >= london_day(now):
        return False
    token = secrets.token_hex(16)
    if not mine.filter(mailed_at=None).update(mail=token, mailed_at=now):
        return False
    claimed = mine.filter(mail=token)
    with translation.override(wish.language):
        subject, text = message(list(claimed.order_by("id")))
    try:
        send_mail(subject, text, None, [user.email])
    except (OSError, SMTPException) as error:
        logging.getLogger(__name__).warning("e-mail was not taken: %s", type(error).__name__)
        claimed.update(mail="", mailed_at=None)
        return False
    return True


def message(notices: list[Notice]) -> tuple[str, str]:
    """Return the subject and the text of a message."""
    address = settings.ENVIRONMENT.url
    lines = [
        f"{about(each)}: {said(each.kind)}\n{address}{reverse('notice', args=[each.id])}"
        for each in notices[:MOST]
    ]
    if len(notices) > MOST:
        more = _("And %(count)s more:") % {"count": len(notices) - MOST}
        lines.append(f"{more}\n{address}{reverse('notices')}")
    wishes = _("Choose what is sent to you:")
    lines.append(f"{wishes}\n{address}{reverse('notice-wishes')}")
    subject = f"{settings.ENVIRONMENT.name}: " + _("news of %(count)s") % {"count": len(notices)}
    return subject, "\n\n".join(lines) + "\n"


def about(notice: Notice) -> str:
    """Return what a notice is about: the kind of case, or an analysis of the lab."""
    return _("Justice Data Lab") if notice.process == causes.LAB else _(PROCESSES[notice.process].title)


def said(kind: str) -> str:
    """Return what a kind of notice says."""
    return {
        "waits": _("waits for you"),
        "due": _("is due soon"),
        "overdue": _("is overdue"),
        "decided": _("was decided, or has moved on"),
    }[kind]
