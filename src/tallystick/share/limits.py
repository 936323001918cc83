"""What a linkage cannot claim, in plain words, from its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def limitations(found: Mapping[str, Any]) -> list[str]:
    """Return the limitations that the figures of `quality.figures` call for, the gravest first."""
    said = [*_accuracy(found), *_people(found), *_threshold(found), *_model(found)]
    if found["decided_anew"]:
        said.append(
            "Persons were decided anew after the identifiers had gone: links that can hardly be right, and people by sex, birth years, postcode "
            "area and missing identifiers, are those of the linkage before."
        )
    return [
        *said,
        "A link is a probable match and not a fact: some links are false and some are missing. The linked data are for analysis, not "
        "for decisions about a person.",
        "Counts under the agreement's least cell are hidden, and the others are rounded, so that none can be had from the total.",
    ]


def _accuracy(found: Mapping[str, Any]) -> list[str]:
    review = found["accuracy"]["review"]
    if review is None:
        return [
            "Nobody has judged a sample of pairs, so precision and recall are not known: what stands here for them is the model's own "
            "expectation, and a model does not know its own errors. A review (`tally review`) needs the identifiers: "
            'agree on `retention.identifiers = "after-review"`.'
        ]
    said = []
    low = review["precision"]["low"]
    if low is not None and low < 0.95:
        said.append(
            f"The sample allows a precision as low as {low:.1%}: up to {1 - low:.1%} of the links may be false. A larger sample would say more."
        )
    if "recall" not in review:
        said.append(
            "The sample does not say what blocking lost; recall counts only pairs that were compared."
        )
    if review["unsettled"]["pairs"]:
        said.append(
            f"On {review['unsettled']['pairs']} pairs the reviewers could not settle; the figures leave them out."
        )
    if any(one["kappa"] is not None and one["kappa"] < 0.6 for one in review["agreement"]):
        said.append(
            "The reviewers agree little beyond chance (kappa under 0.6): the review is itself uncertain."
        )
    if review["looks"] == 1:
        said.append("One person judged each pair; how far another would agree is not known.")
    if review["decisions"]["applied"]:
        said.append(
            "Precision and recall, links by stage and by threshold describe the linkage before the reviewers' decisions were put into it."
        )
    return said


def _people(found: Mapping[str, Any]) -> list[str]:
    said = [
        f"In {one['dataset']}, {one['group']} ({one['field'].replace('_', ' ')}) fare worse: {one['measure']}"
        + (f" {one['ratio']:.1f} times as often as the rest." if one["ratio"] else ".")
        + " Results by this group, and over all, may be biased."
        for one in (found["bias"] or {"worse": ()})["worse"]
    ]
    if found["bias"] is None:
        said.append("The steward has not compared linked and unlinked people by their attributes yet.")
    elif not found["bias"]["expected_to_link"]:
        said.append(
            "The agreement does not say of which dataset everyone should be found in another, so how many true links are missing in "
            "which group is known only for links that the threshold lost."
        )
    uneven = [one for one in found["fields"] if one["difference"] is not None and one["difference"] >= 0.1]
    if uneven:
        names = ", ".join(sorted({f"{one['field'].replace('_', ' ')} ({one['dataset']})" for one in uneven}))
        said.append(
            f"Linked and unlinked people differ (standardised difference of 0.1 or more) in: {names}."
        )
    return said


def _threshold(found: Mapping[str, Any]) -> list[str]:
    rows = found["sensitivity"]["thresholds"]
    at = next((row for row in rows if row["threshold"] == found["method"]["threshold"]), None)
    if at is None:
        return []
    said = []
    for place, one in enumerate(at["sources"]):
        shares = [
            row["sources"][place]["linked"] / row["sources"][place]["people"]
            for row in rows
            if row["sources"][place]["people"]
        ]
        if shares and max(shares) - min(shares) >= 0.02:
            said.append(
                f"The share of {one['source']} that links hangs on the threshold: {min(shares):.1%} to {max(shares):.1%} over those looked at."
            )
    return said


def _model(found: Mapping[str, Any]) -> list[str]:
    wrong = [one for one in found["implausible"] if one["links"] != 0]
    said = (
        [
            "Some links can hardly be of one person: "
            + "; ".join(
                f"{'a few' if one['links'] is None else format(one['links'], ',')} have {one['rule']}"
                for one in wrong
            )
            + "."
        ]
        if wrong
        else []
    )
    calibration = found["calibration"]
    if calibration and calibration["error_before"] > 0.02 + calibration["error_by_chance"]:
        said.append(
            f"The match probabilities do not mean quite what they say: their expected calibration error is {calibration['error_before']:.3f}."
        )
    return [*said, *found["method"]["notes"]]
