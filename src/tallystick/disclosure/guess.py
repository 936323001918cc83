"""The best reading of a table from its columns' names and contents: which statistic, with which labels, values and counts."""

from __future__ import annotations

import re

from tallystick.disclosure.about import Statistic, TableAbout
from tallystick.disclosure.grid import is_total
from tallystick.disclosure.sheet import BELOW, RANGE, STARS, Sheet


def word(*names: str) -> re.Pattern[str]:
    """Return a pattern for any of these as a whole word of a column's name."""
    return re.compile(r"(?:^|[^a-z])(?:" + "|".join(names) + r")(?:$|[^a-z])", re.IGNORECASE)


COUNT = word("n", "count", "counts", "freq", "frequency", "number", "num", "nobs", "obs", "observations", "people", "persons",
             "cases", "pupils", "offenders", "records", "unweighted", "base", "sample size", "n obs", "respondents", "size",
             "headcount", "n_obs", "population", "denominator", "offences", "convictions", "students", "learners", "prisoners",
             "defendants", "households", "patients", "children", "individuals", "cohort", "contributors", "units")  # fmt: skip


MEAN = word("mean", "average", "avg", "std", "sd", "stdev", "variance", "var", "standard deviation", "std dev", "sem", "skew",
            "skewness", "kurtosis")  # fmt: skip


SUM = word("sum", "amount", "turnover", "income", "spend", "cost", "value", "earnings", "revenue", "total value", "gbp",
           "pounds", "sales", "wages")  # fmt: skip


EXTREME = word("min", "max", "minimum", "maximum", "range", "mode", "lowest", "highest", "oldest", "youngest")


PERCENTILE = re.compile(
    r"(?:^|[^a-z])(?:median|quartile|percentile|decile|q1|q3|iqr|p\d{1,2}|\d{1,2}(?:st|nd|rd|th)|\d{1,2}(?:\.\d+)?%)(?:$|[^a-z])",
    re.IGNORECASE,
)


SHARE = word("percent", "percentage", "pct", "proportion", "share", "rate", "prop", "per cent")


RATIO = word("ratio", "odds", "index")


COEFFICIENT = word(
    "coef",
    "coefficient",
    "coefficients",
    "estimate",
    "beta",
    "b",
    "odds ratio",
    "hazard ratio",
    "exp coef",
    "coeff",
)


ERROR = re.compile(
    r"std\.?[ _]*err|standard[ _]*error|(?:^|[^a-z])"
    r"(?:se|p|t|z|p[ _.-]*value|pvalue|p>\|?[tz]\|?|pr\(>.*|ci|t[ _]*value|robust se)(?:$|[^a-z])",
    re.IGNORECASE,
)


AT_RISK = word("at risk", "at_risk", "n risk", "n.risk", "nrisk", "number at risk", "risk set", "atrisk")


SURVIVAL = word("survival", "surv", "km estimate", "km", "s", "survivor function", "cumulative incidence", "surviving",
                "survivor", "survived")  # fmt: skip


EVENTS = word("events", "event", "n event", "n.event", "observed", "deaths", "failures", "fail")


TIME = word("time", "timeline", "day", "days", "week", "weeks", "month", "months", "t")


BIN = word(
    "bin",
    "bins",
    "bin left",
    "bin right",
    "lower",
    "upper",
    "interval",
    "edge",
    "bucket",
    "left",
    "right",
    "from",
    "to",
)


POINT = word(
    "residual",
    "residuals",
    "resid",
    "fitted",
    "predicted",
    "leverage",
    "cook",
    "cooks",
    "prediction",
    "yhat",
    "x",
    "y",
)


LARGEST = word("max1", "largest", "top1", "top 1", "largest1", "largest contributor", "x1")


SECOND = word("max2", "second", "second largest", "top2", "top 2", "x2", "largest2")


DIRECT = re.compile(
    r"^(?:.*[^a-z])?(?:person[ _]?id|pupil[ _]?id|record[ _]?id|offender[ _]?id|individual[ _]?id|nhs[ _]?(?:no|number)"
    r"|uln|upn|nino|ni[ _]?number|pnc(?:[ _]?id)?|prison[ _]?number|forename|first[ _]?name|middle[ _]?name"
    r"|last[ _]?name|surname|full[ _]?name|dob|date[ _]?of[ _]?birth|birth[ _]?date|postcode|email|telephone|phone"
    r"|address|unique[ _]?id|id)$",
    re.IGNORECASE,
)


def tight(name: str) -> str:
    """Return a column's name with underscores and dots as blanks."""
    return re.sub(r"[_.]+", " ", name).strip()


def is_number(cell: object) -> bool:
    """Return whether a cell is a number."""
    return isinstance(cell, float)


def is_hidden(cell: object) -> bool:
    """Return whether a text stands where a number was hidden: ``c``, ``*``, ``[x]``, ``<10``, ``..``, ``suppressed``."""
    if not isinstance(cell, str):
        return False
    text = cell.strip().lower()
    return bool(BELOW.match(text) or RANGE.match(text)) or text in HIDDEN


HIDDEN = frozenset(
    {"*", "**", "***", "c", "x", "s", "z", "[c]", "[x]", "[z]", "[s]", "..", "...", ":", "-", "–", "—", "suppressed", "hidden",
     "redacted", "disclosive", "na", "n/a", "nan", "(c)", "(x)", "(s)", "supp", "#", "†", "!", "."}
)  # fmt: skip


def numeric_columns(sheet: Sheet) -> list[str]:
    """Return the columns of which every filled cell is a number or a mark of one hidden, and at least one is a number."""
    found = []
    for at, name in enumerate(sheet.header):
        cells = [row[at] for row in sheet.rows if row[at] is not None]
        plain = [as_number(cell) for cell in cells]
        numbers = sum(is_number(c) for c in plain)
        if cells and numbers and all(is_number(c) or is_hidden(c) for c in plain):
            found.append(name)
    return found


def as_number(cell: object) -> object:
    """Return a number with the stars of significance behind it as that number, everything else as it is."""
    if isinstance(cell, str) and STARS.search(cell) and cell.strip("* "):
        try:
            return float(STARS.sub("", cell).replace(",", ""))
        except ValueError:
            return cell
    return cell


def guess(sheet: Sheet) -> TableAbout:
    """Return the best reading of a table from its columns' names and contents; ``unknown`` where there is none."""
    names = {name: tight(name) for name in sheet.header}
    numeric = numeric_columns(sheet)

    def first(pattern: re.Pattern[str], among: list[str]) -> str:
        return next((name for name in among if pattern.search(names[name])), "")

    if reading := special(sheet, names, numeric):
        return reading
    largest, second = first(LARGEST, numeric), first(SECOND, numeric)
    values = [name for name in numeric if name not in (largest, second)]
    labels = [name for name in sheet.header if name not in numeric]
    counts = first(COUNT, [n for n in values if not SHARE.search(names[n])])
    rest = [n for n in values if n != counts]
    if counts and rest and all(is_distribution(sheet, counts, name) for name in rest):
        return TableAbout(sheet=sheet.name, statistic="frequency", labels=tuple(labels), values=(counts,))
    if not counts and repeats(sheet, labels) and any(not whole_numbers(sheet, n) for n in rest):
        return TableAbout(sheet=sheet.name, statistic="records", labels=tuple(labels), values=tuple(rest))
    kinds: list[tuple[Statistic, re.Pattern[str]]] = [
        ("mean", MEAN), ("percentile", PERCENTILE), ("extreme", EXTREME), ("magnitude", SUM), ("ratio", SHARE), ("ratio", RATIO)
    ]  # fmt: skip
    for statistic, pattern in kinds:
        named = [name for name in rest if pattern.search(names[name]) and not is_total(names[name])]
        if named and (counts or any(not whole_numbers(sheet, n) for n in named) or statistic != "magnitude"):
            left = [n for n in rest if not measured(names[n])]
            return TableAbout(
                sheet=sheet.name,
                statistic="magnitude" if largest else statistic,
                labels=(*labels, *(n for n in left if looks_like_codes(sheet, n))) or tuple(left[:1]),
                values=tuple(n for n in rest if measured(names[n])),
                counts=counts,
                largest=largest,
                second=second,
            )
    if largest and rest:
        return TableAbout(
            sheet=sheet.name, statistic="magnitude", labels=tuple(labels), values=(rest[0],), counts=counts, largest=largest,
            second=second,
        )  # fmt: skip
    return frequencies(sheet, labels, values, counts)


def is_distribution(sheet: Sheet, counts: str, name: str) -> bool:
    """Return whether a column gives each count as a share of the table's total: it then tells nothing more than the counts."""
    if not SHARE.search(tight(name)):
        return False
    pairs = list(zip(map(as_number, sheet.column(counts)), map(as_number, sheet.column(name)), strict=True))
    known = [(n, share) for n, share in pairs if isinstance(n, float) and isinstance(share, float)]
    if len(known) < len(sheet.rows) or not known:
        return False
    total, largest = sum(n for n, _ in known), max(n for n, _ in known)
    whole = largest if abs(total - 2 * largest) < 0.01 * largest else total
    scale = 100.0 if max(share for _, share in known) > 1 else 1.0
    return whole > 0 and all(abs(n / whole - share / scale) < 0.006 for n, share in known)


def repeats(sheet: Sheet, labels: list[str]) -> bool:
    """Return whether two rows have the same labels: figures about groups do not, records about people do."""
    places = [sheet.header.index(name) for name in labels]
    return bool(places) and len({tuple(row[at] for at in places) for row in sheet.rows}) < len(sheet.rows)


def measured(name: str) -> bool:
    """Return whether a name is that of a statistic other than a count."""
    return any(p.search(name) for p in (MEAN, PERCENTILE, EXTREME, SUM, SHARE, RATIO)) and not is_total(name)


def special(sheet: Sheet, names: dict[str, str], numeric: list[str]) -> TableAbout | None:
    """Return the reading of regressions, survival curves, histograms, plotted points and records, or None."""

    def having(pattern: re.Pattern[str], among: list[str] | None = None) -> list[str]:
        return [name for name in (list(names) if among is None else among) if pattern.search(names[name])]

    direct = [name for name in sheet.header if DIRECT.match(names[name]) and mostly_distinct(sheet, name)]
    if direct and not having(COUNT, numeric) and len(sheet.rows) > 1:
        return TableAbout(sheet=sheet.name, statistic="records", labels=tuple(direct))
    if having(COEFFICIENT) and having(ERROR):
        return TableAbout(sheet=sheet.name, statistic="regression", values=tuple(having(COEFFICIENT)))
    time = having(TIME, numeric)
    if time and (having(AT_RISK) or (having(SURVIVAL, numeric) and len(sheet.rows) > 1)):
        labels = [name for name in sheet.header if name not in numeric]
        return TableAbout(
            sheet=sheet.name, statistic="survival", labels=tuple(labels), columns=time[0],
            values=tuple(having(SURVIVAL, numeric)[:1]), counts=next(iter(having(AT_RISK)), ""),
            variable=next(iter(having(EVENTS)), ""),
        )  # fmt: skip
    counts = list(having(COUNT, numeric))
    edges = [n for n in having(BIN) if n not in counts]
    if edges and counts:
        return TableAbout(
            sheet=sheet.name,
            statistic="histogram",
            labels=tuple(n for n in sheet.header if n not in counts),
            values=(counts[0],),
        )
    points = having(POINT, numeric)
    if points and not counts and len(sheet.rows) > 3:
        return TableAbout(sheet=sheet.name, statistic="points", values=tuple(points))
    return None


def frequencies(sheet: Sheet, labels: list[str], values: list[str], counts: str) -> TableAbout:
    """Return the reading of a table of counts: long (a count column) or crossed (a column for each category)."""
    if not values:
        return TableAbout(sheet=sheet.name, statistic="unknown", labels=tuple(labels))
    whole = [name for name in values if whole_numbers(sheet, name)]
    if (
        counts
        and counts in whole
        and not any(is_total(tight(n)) for n in values)
        and len(rest_of(sheet, values, counts)) == 0
    ):
        codes = [n for n in values if n != counts]
        return TableAbout(sheet=sheet.name, statistic="frequency", labels=(*labels, *codes), values=(counts,))
    if len(whole) < len(values):
        return TableAbout(
            sheet=sheet.name, statistic="unknown", labels=tuple(labels), values=tuple(values), counts=counts
        )
    if not labels:
        labels, values = [sheet.header[0]], [n for n in values if n != sheet.header[0]]
    if not values:
        return TableAbout(sheet=sheet.name, statistic="unknown", labels=tuple(labels))
    repeated = len({tuple(row[sheet.header.index(n)] for n in labels) for row in sheet.rows}) < len(
        sheet.rows
    )
    codes = [n for n in values if looks_like_codes(sheet, n)] if repeated else []
    if codes and len(codes) < len(values):
        labels, values = [*labels, *codes], [n for n in values if n not in codes]
    if repeats(sheet, labels):
        return TableAbout(sheet=sheet.name, statistic="records", labels=tuple(labels), values=tuple(values))
    return TableAbout(
        sheet=sheet.name, statistic="frequency", labels=tuple(labels), values=tuple(values),
        columns="columns" if len(values) > 1 else "",
    )  # fmt: skip


def rest_of(sheet: Sheet, values: list[str], counts: str) -> list[str]:
    """Return the numeric columns that are neither the count nor plainly codes of a category (year, age, quarter)."""
    return [n for n in values if n != counts and not looks_like_codes(sheet, n)]


CODES = word(
    "year",
    "age",
    "quarter",
    "month",
    "wave",
    "group",
    "band",
    "grade",
    "class",
    "level",
    "key stage",
    "code",
    "period",
)


def looks_like_codes(sheet: Sheet, name: str) -> bool:
    """Return whether a numeric column holds codes of a category: by its name, or few values each met again and again."""
    if CODES.search(tight(name)):
        return True
    cells = sheet.column(name)
    return (
        len(cells) >= 4
        and len(set(cells)) <= max(2, len(cells) // 2)
        and whole_numbers(sheet, name)
        and sheet.header.index(name) == 0
    )


def whole_numbers(sheet: Sheet, name: str) -> bool:
    """Return whether every number of a column is whole and not negative."""
    numbers = [as_number(cell) for cell in sheet.column(name)]
    return all(not isinstance(n, float) or (n >= 0 and n.is_integer()) for n in numbers)


def mostly_distinct(sheet: Sheet, name: str) -> bool:
    """Return whether nine in ten of a column's filled cells differ."""
    cells = [cell for cell in sheet.column(name) if cell is not None]
    return len(cells) > 1 and len(set(cells)) >= 0.9 * len(cells)
