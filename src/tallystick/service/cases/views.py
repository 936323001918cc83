"""The pages of cases: lists, a case, and the acts. Each asks the core and prints its answer."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tallystick.errors import BadInput, Refused
from tallystick.governance import pages
from tallystick.governance.cases import Case, Command
from tallystick.governance.clocks import london_day
from tallystick.governance.forms import Question
from tallystick.governance.projects import is_research, may_open, people
from tallystick.governance.tables.processes import PROCESSES
from tallystick.service import paging, roles
from tallystick.service.cases import clocks, questions
from tallystick.service.cases.find import OPEN, agreements, begun, find, visible, waiting
from tallystick.service.lab import find as lab
from tallystick.service.outputs import find as outputs
from tallystick.service.registry import models, store
from tallystick.service.review import waiting as reviews

ON_A_PAGE = 25
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def home(request: HttpRequest) -> HttpResponse:
    """Return somebody's work: what waits for them, what is due, and what they may begin or look at."""
    if request.acting is None:
        return render(request, "cases/no_role.html", status=403)
    now, role = request.now, request.acting.role
    rows = waiting(request.acting, ON_A_PAGE)
    begins = [(PROCESSES[name], act) for name in PROCESSES for act in roles.begins(role, name)]
    context = {
        "waiting": rows,
        "reviews": reviews.of(request.acting),
        "due": clocks.due_soon(request.acting, now),
        "begins": begins,
        "sees_shares": roles.sees_shares(role),
        "sees_projects": roles.works_on_projects(role) or roles.sees_projects(role),
        "sees_outputs": roles.sees_outputs(role),
        "outputs": list(outputs.waiting(request.acting)[:ON_A_PAGE]) if roles.sees_outputs(role) else [],
        "sees_lab": roles.sees_lab(role),
        "sees_packs": roles.sees_packs(role),
        "lab_waits": list(lab.waits(request.acting, london_day(now))),
        "new_notices": request.user.notices.filter(seen_at=None).count(),
        "lists": [PROCESSES[name] for name in roles.processes(role)],
    }
    return render(request, "cases/home.html", context)


def acting(request: HttpRequest) -> HttpResponse:
    """Choose in which role, for which organisation, to act."""
    if request.method == "POST":
        chosen = request.POST.get("membership", "")
        if not any(str(each.id) == chosen for each in request.memberships):
            raise Http404
        request.session["membership"] = int(chosen)
        return redirect("home")
    return render(request, "cases/acting.html", {"memberships": request.memberships})


def listed(request: HttpRequest, process: str) -> HttpResponse:
    """List the cases of a process."""
    member = who(request)
    if process not in roles.processes(member.role) and process not in OPEN:
        raise Http404
    rows = visible(member, process)
    state = request.GET.get("state", "")
    if state in PROCESSES[process].states:
        rows = rows.filter(state=state)
    page = paging.page(rows, request.GET)
    begin = roles.begins(member.role, process)
    context = {"process": PROCESSES[process], "page": page, "begin": begin, "state": state}
    return render(request, "cases/list.html", context)


def who(request: HttpRequest) -> Any:
    """Return in which role somebody acts; raise PermissionDenied where they have none."""
    if request.acting is None:
        raise PermissionDenied
    return request.acting


def case(request: HttpRequest, process: str, subject: str) -> HttpResponse:
    """Show one case: what was answered, what happened, and what this person can do now."""
    row, found = find(who(request), process, subject)
    now = request.now
    context = {
        "process": PROCESSES[process],
        "row": row,
        "case": found,
        "acts": offered(request.acting.role, found),
        "papers": pages.paper(found, now),
        "clocks": clocks.of(found, now),
        "waits": clocks.waits_for(found),
        "people": people(store.world(), found.get("people", ())) if is_research(found) else (),
        "opens_project": may_open(found) and roles.opens_projects(request.acting.role),
        "project": outputs.projects(request.acting).filter(name=subject).first() if may_open(found) else None,
    }
    return render(request, "cases/case.html", context)


def offered(role: str, found: Case) -> list[str]:
    """Return the acts that a role may do on a case now; those that only fill a form in early are part of its last act."""
    process = PROCESSES[found.process]
    can = roles.acts(role, found.process, found.state)
    return [act for act in can if not (act in process.early and process.early[act] in can)]


def new(request: HttpRequest, process: str) -> HttpResponse:
    """Begin a case: the first page says what it is; a form that is filled in bit by bit is there from the start."""
    member = who(request)
    begins = roles.begins(member.role, process)
    if not begins:
        raise PermissionDenied
    if request.method == "POST":
        subject = f"{process}-{request.now:%Y}-{''.join(secrets.choice(LETTERS) for _ in range(6))}"
        act = begins[0]
        if act in PROCESSES[process].early:
            store.act(command(request, process, subject, act, {}, secrets.token_hex(16)))
            act = PROCESSES[process].early[act]
        else:
            models.Draft.objects.create(user=request.user, process=process, subject=subject, act=act)
        return redirect("act", process, subject, act)
    return render(request, "cases/new.html", {"process": PROCESSES[process], "act": begins[0]})


def command(
    request: HttpRequest, process: str, subject: str, act: str, answers: dict[str, Any], event_id: str
) -> Command:
    """Return what this person asks to be done, in the role in which they act."""
    return Command(
        event_id=event_id,
        process=process,
        subject=subject,
        act=act,
        at=request.now,
        by=request.user.person,
        role=request.acting.role,
        organisation=request.acting.organisation.name,
        answers=answers,
    )


def theirs(request: HttpRequest, process: str, subject: str, act: str) -> tuple[int, Case]:
    """Return the case of an act with its version; raise Http404 or PermissionDenied where the act is not this person's."""
    version, found = begun(who(request), process, subject, act)
    if act not in roles.acts(request.acting.role, process, found.state):
        raise PermissionDenied
    return version, found


def opened(
    request: HttpRequest, process: str, subject: str, act: str
) -> tuple[models.Draft, questions.Sheet]:
    """Return this person's draft of an act and its sheet; raise what `theirs` raises."""
    version, found = theirs(request, process, subject, act)
    draft, _ = models.Draft.objects.get_or_create(
        user=request.user, process=process, subject=subject, act=act, defaults={"version": version}
    )
    since = found.history[draft.version :]
    if since and all(event.by == request.user.person for event in since):  # one does not overtake oneself
        draft.version = version
        draft.save(update_fields=["version"])
    asked = command(request, process, subject, act, {}, "asking")
    return draft, questions.sheet(store.world(), found, asked, draft.answers)


def act(request: HttpRequest, process: str, subject: str, act: str) -> HttpResponse:
    """Go on with an act where it was left: at its first open question, or at the page that shows all answers."""
    _, sheet = opened(request, process, subject, act)
    question = sheet.open()
    if question is None:
        return redirect("check", process, subject, act)
    return redirect("question", process, subject, act, question.key)


def question(request: HttpRequest, process: str, subject: str, act: str, key: str) -> HttpResponse:
    """Ask one question; keep the answer as one goes."""
    draft, sheet = opened(request, process, subject, act)
    asked = sheet.question(key)
    if asked is None:
        raise Http404
    problem, fields = "", questions.shown(asked, sheet.answer(asked))
    parts = questions.parts(asked, sheet.asking.after.answers)
    if request.method == "POST":
        fields = {name: request.POST[name] for name in request.POST if name.split("-")[0] == key}
        if asked.kind == "words":
            fields[key] = request.POST.getlist(key)
        try:
            has_parts = any(name.startswith(f"{key}-") for name in fields) and parts
            answer = (
                questions.typed_parts(asked, parts, fields) if has_parts else questions.typed(asked, fields)
            )
        except ValueError as error:
            problem = _(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        else:
            answers = {**draft.answers, key: answer}
            tried = questions.sheet(store.world(), sheet.asking.before, sheet.asking.command, answers)
            problem = tried.problem(asked)
            if not problem:
                draft.answers = answers
                draft.save(update_fields=["answers"])
                return redirect("check" if "check" in request.GET else "act", process, subject, act)
    context = {
        "process": PROCESSES[process],
        "act": act,
        "subject": subject,
        "question": asked,
        "fields": fields,
        "problem": problem,
        "known": known(request.acting, asked),
        "parts": [
            (name, fields.get(f"{key}-{at}", said))
            for at, (name, said) in enumerate(questions.shown_parts(parts, sheet.answer(asked)))
        ],
    }
    return render(request, "cases/question.html", context, status=422 if problem else 200)


def known(acting: Any, asked: Question) -> list[str]:
    """Return what to choose from: registered datasets where a question asks for them; for an incident, one's own agreements."""
    if asked.id == "incident.report.about":
        return agreements(acting)
    if asked.key != "datasets":
        return []
    rows = models.Case.objects.filter(process="asset", state="registered").order_by("subject")
    return list(rows.values_list("subject", flat=True)[:50])


def check(request: HttpRequest, process: str, subject: str, act: str) -> HttpResponse:
    """Show all answers of an act; on sending, do it, or say what the rules say. What was sent already is done once."""
    if models.Event.objects.filter(event_id=request.POST.get("event", ""), by=request.user.person).exists():
        return redirect("case", process, subject)
    draft, sheet = opened(request, process, subject, act)
    refused: Refused | BadInput | None = None
    if request.method == "POST":
        early = [a for a, last in PROCESSES[process].early.items() if last == act]
        saving = "save" in request.POST and sheet.asking.before.state != "new"
        name = next(
            (a for a in early if a in roles.acts(request.acting.role, process, sheet.asking.before.state)), ""
        )
        try:
            doing = command(
                request, process, subject, name if saving and name else act, dict(draft.answers),
                event_id(request.POST.get("event", "")),
            )  # fmt: skip
            events = store.act(doing, draft.version)
        except store.Overtaken:
            draft.delete()
            raise
        except (Refused, BadInput) as error:
            refused = error
        else:
            draft.delete()
            request.session["done"] = [f"{e.process} {e.subject}: {e.act}" for e in events[1:]]
            messages.success(request, f"Recorded: {doing.act.replace('-', ' ')}.")
            return redirect("case", process, subject)
    asked = [(q, questions.in_words(q, sheet.answer(q))) for q in sheet.questions]
    context = {
        "process": PROCESSES[process],
        "act": act,
        "subject": subject,
        "required": [(q, said) for q, said in asked if q.required],
        "optional": [(q, said) for q, said in asked if not q.required],
        "refused": refused,
        "keys": {q.key for q, _ in asked},
        "event": secrets.token_hex(16),
        "can_save": any(last == act for last in PROCESSES[process].early.values()),
    }
    return render(request, "cases/check.html", context, status=422 if refused else 200)


def event_id(given: str) -> str:
    """Return the id that the page carried, so that sending it twice does it once; a new one for anything else."""
    return given if len(given) == 32 and given.isalnum() else secrets.token_hex(16)


@require_POST
def discard(request: HttpRequest, process: str, subject: str, act: str) -> HttpResponse:
    """Forget what this person answered towards an act."""
    models.Draft.objects.filter(user=request.user, process=process, subject=subject, act=act).delete()
    return redirect("home")
