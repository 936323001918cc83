"""The privacy notice that an agreement already holds the answers to. Requirements 139 to 142, 266, 267, 269 and 328."""

from __future__ import annotations

from tallystick.agreement.document import Document, Facts, Part, Table, Text, facts, in_words, said
from tallystick.agreement.io import document_hash
from tallystick.agreement.schema import Agreement

RIGHTS = {
    "access": "see the data held about you",
    "rectification": "have it corrected",
    "erasure": "have it erased",
    "restriction": "have its use restricted",
    "objection": "object to its use",
}


def notice(agreement: Agreement) -> Document:
    """Return the privacy notice: the twelve things that people must be told."""
    about, published = agreement.about, agreement.notice
    return Document(
        f"Privacy notice: {about.title or about.id}",
        f"Version {said(published.version)}, {said(published.dated)}",
        (
            who(agreement),
            Part(
                "How your information is used", (Text(published.how_used or about.aim), Text(about.benefit))
            ),
            items(agreement),
            cohort(agreement),
            law(agreement),
            recipients(agreement),
            Part("How long it is kept", (kept(agreement),)),
            rights(agreement),
            complaints(agreement),
        ),
        document_hash(agreement),
    )


def who(agreement: Agreement) -> Part:
    """Return who the controllers are."""
    controllers = [party for party in agreement.parties if party.role.endswith("controller")]
    rows = tuple((party.name, party.role, said(party.contact)) for party in controllers)
    return Part("Who is responsible", (Table("Controllers", ("Body", "Role", "Contact"), rows),))


def items(agreement: Agreement) -> Part:
    """Return which items are used to link, and which are linked."""
    link = sorted(
        {field.matches or field.name for dataset in agreement.datasets for field in dataset.identifiers}
    )
    rows = tuple(
        (dataset.title or dataset.name, field.name, field.description or field.justification or "–")
        for dataset in agreement.datasets
        for field in dataset.fields
        if field.kind != "identifier"
    )
    blocks: list[Text | Table] = []
    if agreement.linkage:
        blocks.append(Text(f"Records are linked with: {', '.join(link)}. After that, {fate(agreement)}."))
        blocks.append(
            Text("Matching is by probability. Some links are wrong, so the result is used for analysis only.")
        )
    if rows:
        blocks.append(Table("What is linked", ("Dataset", "Item", "What it is, or why"), rows))
    return Part("What information is used", tuple(blocks))


def fate(agreement: Agreement) -> str:
    """Return what becomes of the identifiers."""
    kept = agreement.retention.identifiers
    if kept == "on-linkage":
        return "names and other identifiers are destroyed at once"
    return f"names and other identifiers are {in_words(kept).replace('until', 'kept until')}"


def cohort(agreement: Agreement) -> Part:
    """Return who is in the data, and up to when."""
    rows = tuple(
        (
            dataset.title or dataset.name,
            dataset.eligible or "Everybody in the source",
            said(dataset.covers_to),
        )
        for dataset in agreement.datasets
    )
    return Part("Who is in it", (Table("Datasets", ("Dataset", "Who", "Reaches to"), rows),))


def law(agreement: Agreement) -> Part:
    """Return the lawful basis and the power for each dataset."""
    basis = agreement.lawful_basis
    rows = [
        ("UK GDPR, Article 6", basis.article_6),
        ("UK GDPR, Article 9", basis.article_9),
        ("Data Protection Act 2018, Schedule 1", basis.schedule_1),
        ("Data Protection Act 2018, Part 3", agreement.part_3.basis),
    ]
    powers = tuple(
        (dataset.title or dataset.name, dataset.supplier, said(dataset.gateway), dataset.regulations or "–")
        for dataset in agreement.datasets
    )
    table = Table(
        "The power under which each dataset is shared",
        ("Dataset", "Supplier", "Power", "Regulations"),
        powers,
    )
    return Part("The law that allows it", (facts(rows, all_of_them=False), table))


def recipients(agreement: Agreement) -> Part:
    """Return everyone who receives something, and for what (requirement 142)."""
    rows = tuple(
        (one.name, said(one.receives), said(one.purposes), one.link or "–") for one in agreement.recipients
    )
    header = ("Recipient", "Receives", "Purposes", "More")
    return Part("Who receives it", (Table("Recipients", header, rows),))


def kept(agreement: Agreement) -> Facts:
    """Return how long what is kept."""
    rows = [
        ("Names and other identifiers", in_words(agreement.retention.identifiers)),
        ("Other information", in_words(agreement.retention.attributes)),
        ("How it is disposed of", agreement.retention.disposal),
    ]
    return facts(rows)


def rights(agreement: Agreement) -> Part:
    """Return the rights, and who answers each; for linked data, why the source department does."""
    rows = tuple((f"To {words}", said(getattr(agreement.rights, right))) for right, words in RIGHTS.items())
    blocks: list[Table | Text | Facts] = [Table("Your rights", ("Right", "Who answers"), rows)]
    if agreement.linkage:
        text = "A request about linked data goes to the department that the data came from: a link may be to another person."
        blocks.append(Text(text))
    blocks.append(facts([("Opting out", agreement.rights.opt_out)], all_of_them=False))
    return Part("Your rights", tuple(block for block in blocks if block != Facts(())))


def complaints(agreement: Agreement) -> Part:
    """Return whom to write to: the project, the officer, and the regulator."""
    published = agreement.notice
    rows = [
        ("Questions", published.contact),
        ("Data protection officer", published.dpo),
        ("Complaints", agreement.rights.complaints),
        (published.regulator, published.regulator_contact),
    ]
    return Part("Questions and complaints", (facts(rows),))
