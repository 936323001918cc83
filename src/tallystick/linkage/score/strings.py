"""String similarity exactly as DuckDB has it, compiled: on the bytes of UTF-8, not on characters.

DuckDB compares bytes (an accented letter is two), counts a transposition once and unrestrictedly in Damerau–Levenshtein
(Lowrance and Wagner 1975), boosts a Jaro similarity by a common prefix of up to four only where it is over 0.7 (Winkler
1990), and calls the Jaro similarity of anything to an empty text 0. The tests hold each kernel to DuckDB on any Unicode.

All kernels take the pool of a column's distinct values: ``data`` the bytes one after the other, ``starts`` where each
begins (one more entry than values), two codes, and room to work in (``scratch``: `scratch_for` says how much). They allocate
nothing and count no references (``_nrt=False``), which would cost more than the work.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def scratch_for(longest: int) -> int:
    """Return how many integers of room the kernels need for texts of up to ``longest`` bytes."""
    return 256 + (longest + 2) * (longest + 2)


@njit(cache=True, nogil=True, _nrt=False)
def jaro(data, starts, a, b, scratch):
    """Return the Jaro similarity of values ``a`` and ``b``, 0 to 1."""
    p, t = starts[a], starts[b]
    p_len, t_len = starts[a + 1] - p, starts[b + 1] - t
    if p_len == 0 or t_len == 0:
        return 0.0
    if p_len == 1 and t_len == 1:
        return 1.0 if data[p] == data[t] else 0.0
    bound = max(p_len, t_len) // 2 - 1
    if bound < 0:
        bound = 0
    if p_len > 64 or t_len > 64:
        return _jaro_long(data, p, t, p_len, t_len, bound, scratch)
    one = np.uint64(1)
    p_hit = np.uint64(0)
    t_hit = np.uint64(0)
    matches = 0
    for j in range(t_len):
        letter = data[t + j]
        for i in range(max(0, j - bound), min(p_len, j + bound + 1)):
            if data[p + i] == letter and not (p_hit >> np.uint64(i)) & one:
                p_hit |= one << np.uint64(i)
                t_hit |= one << np.uint64(j)
                matches += 1
                break
    if matches == 0:
        return 0.0
    out_of_place = 0
    i = 0
    for j in range(t_len):
        if (t_hit >> np.uint64(j)) & one:
            while not (p_hit >> np.uint64(i)) & one:
                i += 1
            if data[p + i] != data[t + j]:
                out_of_place += 1
            i += 1
    return _jaro_of(matches, out_of_place, p_len, t_len)


@njit(cache=True, nogil=True, _nrt=False)
def _jaro_of(matches, out_of_place, p_len, t_len):
    m = float(matches)
    similarity = m / p_len + m / t_len + (m - float(out_of_place // 2)) / m
    return similarity / 3.0


@njit(cache=True, nogil=True, _nrt=False)
def _jaro_long(data, p, t, p_len, t_len, bound, scratch):
    """Return the same for texts of more than 64 bytes, whose hits do not fit into a word."""
    for i in range(p_len + t_len):
        scratch[i] = 0
    matches = 0
    for j in range(t_len):
        for i in range(max(0, j - bound), min(p_len, j + bound + 1)):
            if scratch[i] == 0 and data[p + i] == data[t + j]:
                scratch[i] = 1
                scratch[p_len + j] = 1
                matches += 1
                break
    if matches == 0:
        return 0.0
    out_of_place = 0
    i = 0
    for j in range(t_len):
        if scratch[p_len + j]:
            while scratch[i] == 0:
                i += 1
            if data[p + i] != data[t + j]:
                out_of_place += 1
            i += 1
    return _jaro_of(matches, out_of_place, p_len, t_len)


@njit(cache=True, nogil=True, _nrt=False)
def jaro_winkler(data, starts, a, b, scratch):
    """Return the Jaro–Winkler similarity of values ``a`` and ``b``, 0 to 1."""
    similarity = jaro(data, starts, a, b, scratch)
    if similarity > 0.7:
        p, t = starts[a], starts[b]
        longest = min(4, min(starts[a + 1] - p, starts[b + 1] - t))
        prefix = 0
        while prefix < longest and data[p + prefix] == data[t + prefix]:
            prefix += 1
        similarity += float(prefix) * 0.1 * (1.0 - similarity)
    return similarity


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _inner(data, starts, a, b):
    """Return where two values begin, and how long they are, without the bytes that they begin and end with alike: no edit falls there."""
    p, t = starts[a], starts[b]
    p_len, t_len = starts[a + 1] - p, starts[b + 1] - t
    while p_len > 0 and t_len > 0 and data[p] == data[t]:
        p, t, p_len, t_len = p + 1, t + 1, p_len - 1, t_len - 1
    while p_len > 0 and t_len > 0 and data[p + p_len - 1] == data[t + t_len - 1]:
        p_len, t_len = p_len - 1, t_len - 1
    return p, t, p_len, t_len


@njit(cache=True, nogil=True, _nrt=False)
def levenshtein(data, starts, a, b, scratch, most):
    """Return how many bytes must be put in, taken out or changed to make ``b`` of ``a``; if more than ``most``, then ``most`` + 1."""
    p, t, p_len, t_len = _inner(data, starts, a, b)
    if p_len == 0 or t_len == 0:
        return float(min(p_len + t_len, most + 1))
    row = scratch
    for j in range(t_len + 1):
        row[j] = j
    for i in range(1, p_len + 1):
        diagonal = row[0]
        row[0] = i
        least = i
        for j in range(1, t_len + 1):
            above = row[j]
            cost = diagonal if data[p + i - 1] == data[t + j - 1] else diagonal + 1
            row[j] = min(cost, min(above, row[j - 1]) + 1)
            diagonal = above
            least = min(least, row[j])
        if least > most:
            return float(most + 1)
    return float(min(row[t_len], most + 1))


@njit(cache=True, nogil=True, _nrt=False)
def damerau_levenshtein(data, starts, a, b, scratch, most):
    """Return the same with the swap of two neighbours counted once, even where other edits come between.

    No row of the table holds less than the row before it, for a swap costs at least the rows that it leaps: the end can only be
    dearer than the dearest row's cheapest place.
    """
    p, t, p_len, t_len = _inner(data, starts, a, b)
    if p_len == 0 or t_len == 0:
        return float(min(p_len + t_len, most + 1))
    far = p_len + t_len
    wide = t_len + 2
    table = scratch
    for j in range(t_len):
        table[data[t + j]] = 0
    for i in range(p_len):
        table[data[p + i]] = 0
    at = 256
    for j in range(t_len + 1):
        table[at + j + 1] = far
        table[at + wide + j + 1] = j
    table[at] = table[at + wide] = far
    for i in range(1, p_len + 1):
        last_column = 0
        here = at + i * wide
        letter = data[p + i - 1]
        table[here + wide] = far
        table[here + wide + 1] = left = least = i
        for j in range(1, t_len + 1):
            other = data[t + j - 1]
            if letter == other:
                left = min(table[here + j], min(left, table[here + j + 1]) + 1)
            else:
                left = min(table[here + j], min(left, table[here + j + 1])) + 1
            row = table[other]
            swap = table[at + row * wide + last_column] + (i - row - 1) + 1 + (j - last_column - 1)
            if letter == other:
                last_column = j
            left = min(left, swap)
            table[here + wide + j + 1] = left
            least = min(least, left)
        if least > most:
            return float(most + 1)
        table[letter] = i
    return float(min(table[at + (p_len + 1) * wide + t_len + 1], most + 1))


@njit(cache=True, nogil=True, _nrt=False)
def jaccard(data, starts, a, b, scratch):
    """Return how many different bytes both values have, as a share of those that either has."""
    for i in range(256):
        scratch[i] = 0
    for i in range(starts[a], starts[a + 1]):
        scratch[data[i]] |= 1
    for i in range(starts[b], starts[b + 1]):
        scratch[data[i]] |= 2
    both = 0
    either = 0
    for i in range(256):
        if scratch[i]:
            either += 1
            if scratch[i] == 3:
                both += 1
    return both / either if either else 0.0
