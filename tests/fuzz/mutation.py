"""Mutants of IR texts: token by token, number by number, spliced from two texts, and byte by byte; and damaged bytes of any file."""

from __future__ import annotations

import random
import re

TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|[%@^#!][\w$.-]+(?:#\d+)?|->|-?\d+\.\d+(?:e[+-]?\d+)?|\d+|[A-Za-z_][\w$.]*|\s+|.',
    re.DOTALL,
)
NUMBER = re.compile(r"\d+")
NUMBERS = (
    "0", "1", "2", "-1", "64", "65", "127", "128", "255", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "99999999999999999999999", "1099511627776", "16777216", "0x7FFFFFFFFFFFFFFF", "0xFF", "1e400", "0.5",
)  # fmt: skip
WORDS = (
    "<", ">", "(", ")", "{", "}", "[", "]", "%", "@", "!ts.", "#ts.", "->", ":", ",", "=", "i64", "i1", "f32", "f64", "index", "none",
    "tensor<?xf32>", "tensor<2x3xf32>", "tensor<*xf32>", "!ts.tensor", "!ts.list<i64>", "!ts.any", "!ts.optional<i64>", "dense<1>",
    "dense<[]>", "loc(unknown)", "^bb0", "^bb1:", "array<i64: 1>", "unit", "true", "affine_map<(d0) -> (d0)>", "func.return",
    "scf.yield", "cf.br ^bb1", "\"", "//", "\\", "\0", "\u00e9", "\U0001f600", "\ufeff", "-", "?", "*", "#0", "%0", "%0#1", "@f",
)  # fmt: skip


def damaged(content: bytes, random_: random.Random) -> bytes:
    """A file with some bits turned, its end cut off, or a piece taken out."""
    data = bytearray(content)
    match random_.randrange(3):
        case 0:
            for _ in range(random_.randrange(1, 5)):
                data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
        case 1:
            del data[random_.randrange(len(data)) :]
        case _:
            at = random_.randrange(len(data))
            del data[at : at + random_.randrange(1, 200)]
    return bytes(data)


def _kind(token: str) -> str:
    """The first character of values, types and symbols; `a` for names of operations, `i` for words, `1` for numbers."""
    if token[0].isdigit():
        return "1"
    if token[0].isalpha():
        return "a" if "." in token else "i"
    return token[0]


class Mutator:
    """Makes mutants of a set of texts; the same seed gives the same mutants."""

    def __init__(self, texts: list[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = texts
        self._tokens = [TOKEN.findall(text) for text in texts]

    def mutant(self) -> bytes:
        """The next mutant: one text with one to eight changes."""
        chosen = self._random.randrange(len(self._texts))
        tokens = list(self._tokens[chosen])
        if self._random.random() < 0.5:
            for _ in range(self._random.choice((1, 1, 2, 3))):
                self._exchange(tokens)
        else:
            for _ in range(self._random.choice((1, 1, 1, 2, 2, 4, 8))):
                self._change(tokens)
        text = "".join(tokens).encode("utf-8", "surrogatepass")
        return self._flipped(text) if self._random.random() < 0.08 else text

    def _exchange(self, tokens: list[str]) -> None:
        """Puts a token in the place of one of the same kind, which is a program again more often than not."""
        random_ = self._random
        start = random_.choice(("%", "%", "%", "!", "@", "1", "1", "a", "a", "i"))
        places = [i for i, token in enumerate(tokens) if _kind(token) == start]
        if not places:
            return
        others = tokens if random_.random() < 0.7 else random_.choice(self._tokens)
        found = [token for token in others if _kind(token) == start]
        if start == "1" and random_.random() < 0.5:
            found = list(NUMBERS)
        if found:
            tokens[random_.choice(places)] = random_.choice(found)

    def _change(self, tokens: list[str]) -> None:
        random_ = self._random
        if not tokens:
            tokens.append("x")
        at = random_.randrange(len(tokens))
        match random_.randrange(11):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, tokens[at])
            case 2:
                other = random_.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = random_.choice(WORDS)
            case 4:
                tokens.insert(at, random_.choice(WORDS))
            case 5:
                tokens[at] = random_.choice(random_.choice(self._tokens) or ["x"])
            case 6:
                numbers = [i for i, token in enumerate(tokens) if NUMBER.fullmatch(token)]
                if numbers:
                    tokens[random_.choice(numbers)] = random_.choice(NUMBERS)
            case 7:
                of_a_kind = [i for i, token in enumerate(tokens) if token[0] == "%"]
                if len(of_a_kind) > 1:
                    tokens[random_.choice(of_a_kind)] = tokens[random_.choice(of_a_kind)]
            case 8:
                self._move_lines(tokens)
            case 9:
                other = random_.choice(self._tokens)
                start = random_.randrange(max(1, len(other)))
                tokens[at:at] = other[start : start + random_.randrange(1, 60)]
            case _:
                del tokens[at : at + random_.randrange(1, 40)]

    def _move_lines(self, tokens: list[str]) -> None:
        """One line deleted, repeated, or put somewhere else."""
        lines = "".join(tokens).split("\n")
        line = lines.pop(self._random.randrange(len(lines)))
        for _ in range(self._random.randrange(3)):
            lines.insert(self._random.randrange(len(lines) + 1), line)
        tokens[:] = TOKEN.findall("\n".join(lines))

    def _flipped(self, text: bytes) -> bytes:
        data = bytearray(text or b"x")
        for _ in range(self._random.randrange(1, 4)):
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(data)
