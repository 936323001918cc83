"""The processes: for each, its states and acts as one dict, and who may do which act as another.

``new`` is the state of what does not exist yet. An act that can end in more than one state names them all; which one is
chosen is in `tallystick.governance.outcomes`. The tables and diagrams of `docs/states.md` are printed from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NEW = "new"
Table = Mapping[str, Mapping[str, str | tuple[str, ...]]]


@dataclass(frozen=True)
class Process:
    """A state machine: ``table[state][act]`` is the state (or states) that follow, ``may[act]`` the roles that may do it.

    ``early`` lets an act give answers to another act's form (a draft fills in what submission demands);
    ``designated`` are the acts that only the recorded holder of the office may do (requirement 57); ``listed`` are
    answers that add up over the acts instead of replacing each other.
    """

    name: str
    title: str
    requirement: str
    table: Table
    may: Mapping[str, frozenset[str]]
    early: Mapping[str, str] = field(default_factory=dict)
    designated: frozenset[str] = frozenset()

    @property
    def acts(self) -> tuple[str, ...]:
        """Return the acts, in the order in which the table first has them."""
        return tuple(dict.fromkeys(act for row in self.table.values() for act in row))

    @property
    def states(self) -> tuple[str, ...]:
        """Return the states that something can be in."""
        return tuple(state for state in self.table if state != NEW)

    @property
    def ends(self) -> frozenset[str]:
        """Return the states that nothing leaves."""
        return frozenset(state for state, row in self.table.items() if not row)


ROLES: Mapping[str, str] = {
    "requester": "asks for data, or works with it",
    "data-access-team": "receives requests, routes them, releases data",
    "iao": "information asset owner: accountable for a dataset and for what is shared of it",
    "custodian": "the single contact whom an asset owner appointed",
    "dpo": "data protection officer, or the privacy team acting for the officer",
    "dp-practitioner": "advises on data protection",
    "siro": "senior information risk owner: accepts risks",
    "cdo": "chief data officer",
    "security": "the security team",
    "panel": "speaks for a board or panel",
    "lead": "leads an analysis, a team or a programme",
    "chair": "chairs a local criminal justice board",
}
WORKERS: Mapping[str, str] = {
    "supplier": "hands in the data of its organisation",
    "linker": "links records: sees identifiers and no attributes",
    "reviewer": "judges pairs of records in a clerical review: sees identifiers and no attributes",
    "steward": "keeps attributes and makes extracts: sees no names",
    "researcher": "works on a project: sees its conditions and dictionary, hands in outputs; never records",
    "output-checker": "checks outputs, blind to the other checker; never one's own",
    "provider": "asks the Justice Data Lab about those whom its organisation worked with: sees its own requests",
    "lab-analyst": "answers providers' requests: sees results and no names",
    "board-analyst": "builds a local board's performance packs and publishes them",
    "board-member": "reads a local board's performance packs",
}
"""Those who work in a share's rooms: of governance, they report incidents."""


def who(**acts: str) -> Mapping[str, frozenset[str]]:
    """Return ``may`` from words: ``submit="requester lead"``; an underscore in an act's name stands for a hyphen."""
    return {act.replace("_", "-"): frozenset(roles.split()) for act, roles in acts.items()}


STAFF = "data-access-team iao custodian dpo dp-practitioner siro cdo security lead"
ANYONE = " ".join(ROLES)
EVERYBODY = " ".join((*ROLES, *WORKERS))
"""Whoever finds an incident reports it at once (281)."""

REQUEST = Process(
    "request", "Request for data", "7, 8, 18, 35, 52, 53, 54, 55",
    {
        "new": {"draft": "draft"},
        "draft": {"answer": "draft", "submit": ("submitted", "covered", "routed-out"), "withdraw": "withdrawn"},
        "submitted": {"receive": "under-review", "withdraw": "withdrawn"},
        "under-review": {
            "advise": "under-review",
            "approve": ("under-review", "approved", "approved-with-conditions"),
            "return": "returned", "offer": "alternative-offered", "reject": "rejected", "withdraw": "withdrawn",
        },
        "alternative-offered": {"accept": "returned", "decline": "under-review", "withdraw": "withdrawn"},
        "returned": {"answer": "returned", "submit": ("submitted", "covered", "routed-out"), "withdraw": "withdrawn"},
        "approved": {"release": "released", "withdraw": "withdrawn", "revoke": "revoked"},
        "approved-with-conditions": {"release": "released", "withdraw": "withdrawn", "revoke": "revoked"},
        "covered": {"release": "released", "withdraw": "withdrawn", "revoke": "revoked"},
        "released": {"release": "released", "close": "closed", "revoke": "revoked"},
        "rejected": {"resubmit": "draft"},
        "routed-out": {}, "withdrawn": {}, "revoked": {}, "closed": {},
    },
    who(
        draft="requester lead chair", answer="requester lead chair", submit="requester lead chair",
        withdraw="requester lead chair", accept="requester lead chair", decline="requester lead chair",
        resubmit="requester lead chair", receive="data-access-team custodian", advise="dpo dp-practitioner siro panel lead",
        approve="iao panel", **{"return": "data-access-team custodian iao panel", "reject": "iao panel"},
        offer="data-access-team custodian iao", release="data-access-team custodian", revoke="iao siro",
        close="data-access-team custodian",
    ),
    early={"draft": "submit", "answer": "submit"},
    designated=frozenset({"approve", "reject"}),
)  # fmt: skip

AGREEMENT = Process(
    "agreement", "Life of an agreement", "56, 57, 107, 108, 110, 115",
    {
        "new": {"record": "draft"},
        "draft": {"record": "draft", "sign": ("draft", "in-force"), "end": "ended"},
        "in-force": {
            "review": "in-force", "amend": "being-amended", "suspend": "suspended", "end": "ended",
        },
        "being-amended": {
            "amend": "being-amended", "sign": ("being-amended", "in-force"), "suspend": "suspended", "end": "ended",
        },
        "suspended": {"resume": "in-force", "end": "ended"},
        "ended": {},
    },
    who(
        record="data-access-team iao custodian lead", sign="iao siro dpo cdo lead chair",
        amend="data-access-team iao custodian lead", review="iao dpo", suspend="iao siro dpo", resume="iao siro",
        end="iao siro",
    ),
    designated=frozenset({"sign", "review", "suspend", "resume", "end"}),
)  # fmt: skip

SCREENING = Process(
    "screening", "DPIA screening", "55, 123, 124, 125",
    {
        "new": {"open": "open"},
        "open": {"answer": "open", "decide": ("not-needed", "full-needed")},
        "not-needed": {"reopen": "open"},
        "full-needed": {"reopen": "open"},
    },
    who(open=STAFF + " requester chair", answer=STAFF + " requester chair", decide="dpo dp-practitioner",
        reopen="dpo dp-practitioner iao"),
    early={"open": "decide", "answer": "decide"},
    designated=frozenset({"decide"}),
)  # fmt: skip

DPIA = Process(
    "dpia", "Data protection impact assessment", "128, 130, 133, 134, 136",
    {
        "new": {"open": "draft"},
        "draft": {"answer": "draft", "add-risk": "draft", "submit": "awaiting-approval"},
        "awaiting-approval": {
            "advise": "awaiting-approval", "return": "draft", "approve": ("approved", "regulator-to-be-consulted"),
        },
        "regulator-to-be-consulted": {"consulted": "approved", "return": "draft"},
        "approved": {"publish": "approved", "review": "approved", "change": "draft"},
    },
    who(
        open=STAFF, answer=STAFF, add_risk=STAFF, submit=STAFF, advise="dpo", **{"return": "iao dpo siro"},
        approve="iao siro", consulted="dpo siro", publish=STAFF, review="iao dpo", change=STAFF,
    ),
    early={"open": "submit", "answer": "submit"},
    designated=frozenset({"advise", "approve"}),
)  # fmt: skip

EIA = Process(
    "eia", "Equality impact assessment", "143, 144",
    {
        "new": {"open": "draft"},
        "draft": {"answer": "draft", "complete": "complete"},
        "complete": {"review": "draft"},
    },
    who(open=STAFF, answer=STAFF, complete="iao lead dpo", review=STAFF),
    early={"open": "complete", "answer": "complete"},
)  # fmt: skip

NOTICE = Process(
    "notice", "Privacy notice", "139, 140, 141, 328",
    {
        "new": {"open": "draft"},
        "draft": {"answer": "draft", "publish": "published"},
        "published": {"change": "draft"},
    },
    who(open=STAFF, answer=STAFF, publish="dpo iao data-access-team", change=STAFF),
    early={"open": "publish", "answer": "publish"},
)  # fmt: skip

OFFICE = Process(
    "office", "Office and who holds it", "57, 147, 148, 152, 153, 155, 156",
    {
        "new": {"appoint": "held"},
        "held": {"train": "held", "clear": "held", "accredit": "held", "accept-terms": "held", "vacate": "vacant"},
        "vacant": {},
    },
    who(appoint="data-access-team siro cdo iao lead", train=STAFF, clear="security siro", accredit="data-access-team",
        accept_terms=ANYONE, vacate="data-access-team siro cdo iao lead"),
)  # fmt: skip

ACCESS = Process(
    "access", "Access of one person to one project", "153, 156, 171, 172, 173, 174, 241, 242",
    {
        "new": {"grant": "granted"},
        "granted": {"use": "granted", "extend": "granted", "suspend": "suspended", "revoke": "revoked", "end": "ended"},
        "suspended": {"resume": "granted", "revoke": "revoked"},
        "revoked": {}, "ended": {},
    },
    who(grant="data-access-team", use=ANYONE, extend="data-access-team", suspend="data-access-team iao security siro",
        resume="data-access-team iao", revoke="data-access-team iao security siro", end="data-access-team"),
)  # fmt: skip

ASSET = Process(
    "asset", "Dataset in the registers", "83, 150, 245, 289, 296, 298, 300",
    {
        "new": {"register": "registered"},
        "registered": {"register": "registered", "review": "registered", "reclassify": "registered", "retire": "retired"},
        "retired": {},
    },
    who(register="iao custodian data-access-team", review="iao custodian", reclassify="iao", retire="iao"),
    designated=frozenset({"reclassify"}),
)  # fmt: skip

TRANSFER = Process(
    "transfer", "Transfer and its data movement form", "114, 232, 233, 234, 235, 236, 237, 238",
    {
        "new": {"receive": ("received", "purged")},
        "received": {"accept": "accepted", "return": "returned"},
        "accepted": {"secure": "secured"},
        "secured": {"correct": "returned"},
        "returned": {}, "purged": {},
    },
    who(receive="data-access-team custodian", accept="data-access-team custodian lead",
        **{"return": "data-access-team custodian lead"}, secure="data-access-team custodian",
        correct="data-access-team custodian requester lead"),
)  # fmt: skip

HOLDING = Process(
    "holding", "A copy of data, from the day it is held to its end", "246, 247, 250, 251, 255, 261, 263, 264",
    {
        "new": {"hold": "held"},
        "held": {
            "locate": "held", "review": "held", "ask-extension": "extension-asked", "withdraw": "withdrawn",
            "remove-person": "held", "dispose": ("held", "disposed"), "audit": "held", "publish": "held",
        },
        "extension-asked": {
            "agree": ("extension-asked", "held"), "refuse": "held", "dispose": ("extension-asked", "disposed"),
            "withdraw": "withdrawn", "audit": "extension-asked", "remove-person": "extension-asked",
        },
        "withdrawn": {"dispose": ("withdrawn", "disposed"), "audit": "withdrawn", "confirm": "withdrawn"},
        "disposed": {"confirm": "disposed", "audit": "disposed"},
    },
    who(
        hold=STAFF, locate=STAFF, review="iao custodian dpo", ask_extension="requester lead iao custodian",
        agree="iao", refuse="iao", withdraw="requester lead data-access-team", remove_person=STAFF, dispose=STAFF,
        audit="lead iao", confirm=STAFF, publish="lead data-access-team",
    ),
    designated=frozenset({"agree", "refuse"}),
)  # fmt: skip

RIGHTS = Process(
    "rights", "Request by a person about their data, under data protection or freedom of information",
    "266, 268, 274, 276, 277",
    {
        "new": {"receive": ("received", "retyped")},
        "retyped": {"acknowledge": "open", "refer": "referred"},
        "received": {
            "acknowledge": "open", "refer": "referred", "ask-details": "waiting", "notify-party": "open",
            "retype": "retyped", "refuse": "refused",
        },
        "open": {
            "ask-details": "waiting", "notify-party": "open", "extend": "open", "refer": "referred", "answer": "answered",
            "refuse": "refused", "retype": "retyped",
        },
        "waiting": {"details-given": "open", "refuse": "refused"},
        "referred": {"confirm-referral": "answered"},
        "answered": {"close": "closed"},
        "refused": {"close": "closed"},
        "closed": {},
    },
    who(
        receive=STAFF, acknowledge=STAFF, refer="dpo dp-practitioner data-access-team", ask_details=STAFF,
        details_given=STAFF, notify_party=STAFF, retype="dpo dp-practitioner data-access-team", extend="dpo dp-practitioner",
        answer="dpo dp-practitioner data-access-team", refuse="dpo", confirm_referral=STAFF, close="dpo dp-practitioner",
    ),
)  # fmt: skip

COMPLAINT = Process(
    "complaint", "Complaint about data protection", "275",
    {
        "new": {"receive": "received"},
        "received": {"acknowledge": "open"},
        "open": {"progress": "open", "answer": "answered"},
        "answered": {"escalate": "with-regulator", "close": "closed"},
        "with-regulator": {"close": "closed"},
        "closed": {},
    },
    who(receive=STAFF, acknowledge=STAFF, progress=STAFF, answer="dpo dp-practitioner", escalate=STAFF, close="dpo"),
)  # fmt: skip

INCIDENT = Process(
    "incident", "Incident", "281, 283, 285, 286",
    {
        "new": {"report": "reported"},
        "reported": {"inform": "informed"},
        "informed": {"contain": "informed", "assess": "assessed"},
        "assessed": {
            "contain": "assessed", "assess": "assessed", "notify-regulator": "assessed", "tell-people": "assessed",
            "close": "closed",
        },
        "closed": {"reopen": "informed"},
    },
    who(report=EVERYBODY, inform=STAFF, contain=STAFF, assess="dpo dp-practitioner siro", notify_regulator="dpo siro",
        tell_people="dpo siro data-access-team", close="dpo siro", reopen=STAFF),
)  # fmt: skip

DISPUTE = Process(
    "dispute", "Dispute", "308, 309, 310",
    {
        "new": {"raise": "raised"},
        "raised": {"review": "under-review"},
        "under-review": {"resolve": "resolved-with-conditions", "escalate": "escalated", "close": "closed"},
        "escalated": {"resolve": "resolved-with-conditions", "close": "closed"},
        "resolved-with-conditions": {"close": "closed", "escalate": "escalated"},
        "closed": {},
    },
    who(**{"raise": ANYONE}, review="data-access-team iao custodian lead", resolve="iao siro lead",
        escalate=ANYONE, close="iao siro data-access-team"),
)  # fmt: skip

PROCESSES: Mapping[str, Process] = {
    process.name: process
    for process in (
        REQUEST, AGREEMENT, SCREENING, DPIA, EIA, NOTICE, OFFICE, ACCESS, ASSET, TRANSFER, HOLDING, RIGHTS, COMPLAINT,
        INCIDENT, DISPUTE,
    )
}  # fmt: skip
