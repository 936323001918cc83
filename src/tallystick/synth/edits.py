"""Errors in a text, each a function of the text and a draw, so that a log can replay them.

Kinds of error as in P. Christen and D. Vatsalan, "Flexible and extensible generation and corruption of personal data" (CIKM 2013):
keyboard neighbours, transpositions, optical confusions, phonetic spelling, variants. The lists are our own.
"""

from __future__ import annotations

KEYS = "qwertyuiopasdfghjklzxcvbnm0123456789"
BESIDE = "wertyuioposdfghjklkxcvbnmn9214365878"
NEAR = dict(zip(KEYS, BESIDE, strict=True))
OCR = {"o": "0", "l": "1", "i": "l", "s": "5", "b": "6", "e": "c", "n": "r", "m": "n", "u": "v", "a": "o"}
SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("ee", "ea"), ("th", "t"), ("mac", "mc"), ("sh", "ch"), ("ah", "a"), ("y", "i"), ("oo", "u"),
    ("ou", "u"), ("z", "s"), ("c", "k"), ("e", "a"), ("i", "ee"), ("o", "u"), ("a", "e"), ("u", "oo"), ("k", "c"),
)  # fmt: skip
NICKNAMES = {
    "William": "Bill", "Robert": "Bob", "James": "Jim", "John": "Jack", "Richard": "Rick", "Michael": "Mike", "Thomas": "Tom",
    "Christopher": "Chris", "Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Andrew": "Andy", "David": "Dave",
    "Joseph": "Joe", "Joshua": "Josh", "Samuel": "Sam", "Benjamin": "Ben", "Alexander": "Alex", "Nicholas": "Nick",
    "Stephen": "Steve", "Steven": "Steve", "Edward": "Ted", "Charles": "Charlie", "Jonathan": "Jon", "Peter": "Pete",
    "Elizabeth": "Liz", "Katherine": "Kate", "Catherine": "Cathy", "Margaret": "Maggie", "Patricia": "Pat", "Susan": "Sue",
    "Rebecca": "Becky", "Jennifer": "Jenny", "Jessica": "Jess", "Victoria": "Vicky", "Samantha": "Sam", "Deborah": "Debbie",
    "Charlotte": "Lottie", "Abigail": "Abby", "Alexandra": "Alex", "Bethany": "Beth", "Eleanor": "Ellie", "Mohammed": "Mo",
    "Muhammad": "Mo", "Mohammad": "Mo", "Natasha": "Tasha", "Danielle": "Dani", "Stephanie": "Steph", "Amanda": "Mandy",
}  # fmt: skip
# Spellings in the Latin alphabet of one name of another; the first is no better than the rest.
SPELLINGS = (
    ("Mohammed", "Muhammad", "Mohammad", "Mohamed", "Muhammed"), ("Hussain", "Hussein", "Husain", "Hossain"), ("Ahmed", "Ahmad"),
    ("Yusuf", "Yousuf", "Yousaf", "Youssef"), ("Ibrahim", "Ebrahim"), ("Chowdhury", "Choudhury", "Chaudhry", "Choudhry"),
    ("Sheikh", "Shaikh"), ("Abdullah", "Abdallah", "Abdulla"), ("Fatima", "Fatimah", "Fathima"), ("Aisha", "Ayesha", "Aysha"),
    ("Khadija", "Khadijah"), ("Zainab", "Zaynab", "Zeinab"), ("Mariam", "Maryam", "Meriem"), ("Rahman", "Rehman"),
    ("Mahmood", "Mahmoud", "Mehmood"), ("Qureshi", "Quraishi"), ("Siddiqui", "Siddique", "Siddiqi"), ("Osman", "Usman", "Uthman"),
    ("Omar", "Umar"), ("Hassan", "Hasan"), ("Begum", "Begom"), ("Akhtar", "Akthar"), ("Uddin", "Udin", "Eddin"), ("Miah", "Mia"),
    ("Kaur", "Kour"), ("Singh", "Sing"), ("Sharma", "Sarma"), ("Chauhan", "Chohan"), ("Wang", "Wong"), ("Chen", "Chan"),
    ("Zhang", "Cheung"), ("Li", "Lee"), ("Lin", "Lam"), ("Wu", "Ng"), ("Liu", "Lau"), ("Zhou", "Chow"), ("Guo", "Kwok"),
    ("Xu", "Hsu"), ("Zheng", "Cheng"), ("Aleksander", "Alexander"), ("Aleksandra", "Alexandra"), ("Viktor", "Victor"),
    ("Wiktoria", "Victoria", "Viktoria"), ("Lukasz", "Lukas"), ("Katarzyna", "Katarzina"), ("Ivanov", "Iwanow"),
)  # fmt: skip
SPELLED = {word: tuple(other for other in group if other != word) for group in SPELLINGS for word in group}
SOUNDS_ABROAD = (
    ("kh", "k"), ("gh", "g"), ("dh", "d"), ("bh", "b"), ("oo", "u"), ("ee", "i"), ("aa", "a"), ("ou", "u"), ("sz", "sh"), ("cz", "ch"),
    ("zh", "j"), ("q", "k"), ("w", "v"), ("v", "w"), ("y", "i"), ("ai", "ay"), ("au", "ow"), ("u", "oo"), ("ah", "a"), ("x", "ks"),
)  # fmt: skip


def edited(kind: str, text: str, draw: int) -> str:
    """Return ``text`` with one error of ``kind`` in it; the same draw always makes the same error.

    >>> edited("transposed", "Smith", 1)
    'Simth'
    """
    if kind == "nickname":
        return NICKNAMES.get(text, text)
    if kind == "initial":
        return text[:1]
    if kind == "half":
        return text.split("-")[draw % 2]
    if kind == "phonetic":
        return _sounding(text, draw, SOUNDS) or text + "e"
    if kind == "transliterated":
        return transliterated(text, draw) or text
    at = draw % len(text)
    letter = text[at]
    if kind == "keyboard":
        return text[:at] + _as(letter, NEAR.get(letter.lower(), "e")) + text[at + 1 :]
    if kind == "ocr":
        return text[:at] + _as(letter, OCR.get(letter.lower(), "i")) + text[at + 1 :]
    if kind == "doubled":
        return text[:at] + letter + text[at:]
    if kind == "dropped":
        return text[:at] + text[at + 1 :] if len(text) > 1 else text
    return _transposed(text, draw)


def _transposed(text: str, draw: int) -> str:
    """Return the text with two neighbours exchanged that differ; the capital stays in front."""
    low = text.lower()
    places = [at for at in range(len(low) - 1) if low[at] != low[at + 1]]
    if not places:
        return text
    at = places[draw % len(places)]
    first, second = _as(text[at], low[at + 1]), _as(text[at + 1], low[at])
    return text[:at] + first + second + text[at + 2 :]


def _as(model: str, letter: str) -> str:
    return letter.upper() if model.isupper() else letter


def transliterated(text: str, draw: int) -> str | None:
    """Return another spelling of a name from another alphabet, None where we know of none.

    >>> transliterated("Mohammed", 1), transliterated("Smith", 1)
    ('Mohammad', None)
    """
    others = SPELLED.get(text)
    return others[draw % len(others)] if others else _sounding(text, draw, SOUNDS_ABROAD)


def _sounding(text: str, draw: int, sounds: tuple[tuple[str, str], ...]) -> str | None:
    """Return the text with one of the sounds that it has written otherwise, None where it has none of them."""
    low = text.lower()
    found = [(low.find(a), a, b) for a, b in sounds if a in low]
    if not found:
        return None
    at, a, b = found[draw % len(found)]
    return (low[:at] + b + low[at + len(a) :]).title()
