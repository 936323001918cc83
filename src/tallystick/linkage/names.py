"""Personal names in a standard form: what two clerks who write the same name would both get.

Lower-case letters a to z (a digit that a scanner or a slip put inside a word stays: it is one edit away), one space between the
parts of a double-barrelled name; accents taken off, other alphabets spelt in Latin letters; titles and suffixes dropped; O'Neil,
Mac Donald and Van der Berg in one word. Method: the ONS's and MoJ's published cleaning steps, and Christen, *Data Matching*
(2012), chapter 3. It leaves out what would need the language of the name (Ng, Ní, patronymics).
"""

from __future__ import annotations

import re
import unicodedata

TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "sir",
        "dame",
        "lord",
        "lady",
        "rev",
        "revd",
        "reverend",
        "fr",
        "father",
        "sister",
        "brother",
        "master",
        "captain",
        "capt",
        "major",
        "maj",
        "colonel",
        "col",
        "lieutenant",
        "lt",
        "sergeant",
        "sgt",
        "general",
        "gen",
        "admiral",
        "hon",
        "honourable",
        "madam",
        "baron",
        "baroness",
        "viscount",
        "viscountess",
        "earl",
        "countess",
        "duke",
        "duchess",
        "marquess",
        "marquis",
        "rt",
    ]
)
SUFFIXES = frozenset(
    [
        "jr",
        "jnr",
        "junior",
        "sr",
        "snr",
        "senior",
        "esq",
        "esquire",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
        "obe",
        "mbe",
        "cbe",
    ]
)
PARTICLES = frozenset(
    [
        "o",
        "mac",
        "mc",
        "de",
        "del",
        "della",
        "der",
        "den",
        "van",
        "von",
        "la",
        "le",
        "du",
        "da",
        "di",
        "dos",
        "st",
        "fitz",
        "ap",
        "al",
        "el",
        "bin",
        "ibn",
        "abu",
    ]
)
ABSENT = frozenset(
    [
        "unknown",
        "unk",
        "unkn",
        "notknown",
        "notstated",
        "notavailable",
        "notgiven",
        "notrecorded",
        "none",
        "null",
        "nan",
        "na",
        "nk",
        "nil",
        "anon",
        "anonymous",
        "missing",
        "blank",
        "refused",
        "test",
        "xxx",
        "xx",
    ]
)
# Letters that Unicode does not take apart into a letter and an accent, and the alphabets met most in the registers.
LETTERS = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n",
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ye", "ж": "zh", "з": "z",
        "и": "i", "і": "i", "ї": "yi", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
        "с": "s", "т": "t", "у": "u", "ў": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch",
        "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
        "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
        "χ": "ch", "ψ": "ps", "ω": "o",
    }
)  # fmt: skip
_SOUNDEX = {
    letter: code
    for code, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in letters
}


def latin(text: str) -> str:
    """Return ``text`` in lower case, in letters a to z where a spelling is known, without accents.

    >>> latin("Łukasz Müller")
    'lukasz muller'
    """
    lowered = unicodedata.normalize("NFKC", text).lower().translate(LETTERS)
    taken_apart = unicodedata.normalize("NFKD", lowered)
    return "".join(c for c in taken_apart if not unicodedata.combining(c)).translate(LETTERS)


def words(text: str) -> list[str]:
    """Return the words of a name in standard form, without titles; empty if the name is a word for "not known".

    A hyphen or a space parts two words, an apostrophe does not.

    >>> words("Dr. Seán O'Neil-Smith")
    ['sean', 'oneil', 'smith']
    """
    joined = re.sub(r"['’`ʼ]", "", latin(text))
    found = [word for word in re.findall(r"[^\W_]+", joined) if not word.isdigit()]
    if "".join(found) in ABSENT:
        return []
    return [word for word in found if word not in TITLES]


def given(text: str) -> tuple[str | None, str | None]:
    """Return the first name and the further ones of a field of given names; ``None`` where there is none."""
    found = words(text)
    while len(found) > 1 and found[-1] in SUFFIXES:
        found.pop()
    return (found[0], " ".join(found[1:]) or None) if found else (None, None)


def surname(text: str) -> str | None:
    """Return a surname in standard form, its particles joined to the word that follows.

    >>> surname("Mac Donald"), surname("van der Berg"), surname("Smith-Jones Jr")
    ('macdonald', 'vanderberg', 'smith jones')
    """
    found = words(text)
    while len(found) > 1 and found[-1] in SUFFIXES:
        found.pop()
    joined: list[str] = []
    prefix = ""
    for position, word in enumerate(found):
        if word in PARTICLES and position < len(found) - 1:
            prefix += word
        else:
            joined.append(prefix + word)
            prefix = ""
    return " ".join(joined) or None


def split_full(text: str) -> tuple[str | None, str | None, str | None]:
    """Return first, middle and last name of a full name; "Smith, John" is read as surname first."""
    if "," in text:
        last, _, rest = text.partition(",")
        first, middle = given(rest)
        return first, middle, surname(last)
    found = words(text)
    while len(found) > 2 and found[-1] in SUFFIXES:
        found.pop()
    if len(found) < 2:
        return None, None, found[0] if found else None
    start = len(found) - 1
    while start > 1 and found[start - 1] in PARTICLES:
        start -= 1
    return found[0], " ".join(found[1:start]) or None, surname(" ".join(found[start:]))


def soundex(word: str) -> str:
    """Return the American Soundex code of a word of letters a to z (Knuth, TAOCP 3, section 6).

    >>> soundex("robert"), soundex("rupert"), soundex("ashcraft")
    ('r163', 'r163', 'a261')
    """
    letters = [c for c in word if "a" <= c <= "z"]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDEX.get(letters[0], 0)
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter, 0)
        if digit and digit != last:
            code += str(digit)
        if letter not in "hw":
            last = digit
    return (code + "000")[:4]
