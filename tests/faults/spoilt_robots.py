"""Robot files spoilt at random, one for each seed, and what comes of loading them."""

import random
import re
import resource
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError

ROOT = Path(__file__).parents[2]
COMMENT = re.compile(r"^#.*\n| +#.*", re.MULTILINE)  # in which a mistake would do nothing
TEXTS = [
    COMMENT.sub("", path.read_text(encoding="utf-8"))
    for path in sorted([*(ROOT / "models").glob("*.yaml"), *(ROOT / "tests/robots").glob("*.yaml")])
]

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")
WORD = re.compile(r"[A-Za-z_]\w*")
NUMBERS = """0 -1 1e200 -1e300 1e-320 1e999 .inf -.inf .nan 010 0x1F 0b11 1_000 1:30 9**9**9 1/0 log(-1)
    1e308*10 sqrt(-2) (-8)**0.5 '' ~ true [] {} 1e12 0.1.2 ++1 2**-1075 -90 90 5% 1,5 1/3 min(1,2,3)""".split()
NUMBERS += ["9" * 50, "9" * 4000, "9" * 5000, "1 2", "1 + 1", "1 +", "pi*"]
WORDS = """no yes on null lambda class in is u com pi world x y angle sum mean final sin min true <<
    __import__ links joints name q v task é 名 parameters""".split()
SCRAPS = [
    "&a ",
    "*a",
    "<<: *a",
    "!!int ",
    "!x ",
    "---\n",
    "...\n",
    "\t",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
]
SCRAPS += [
    ": ",
    "- ",
    "#",
    "? ",
    "|",
    ">",
    "%",
    "\\",
    "\0",
    "\ufeff",
    "^",
    "**",
    "/0",
    "/(",
    "(",
    ")",
]
SCRAPS += [" > 1", " and ", "not ", "log(", "sqrt(", "1/", "sum(u)", "u", "com.vx", "mean(", ","]


def number(text, rng):
    """One number in place of another."""
    return _replaced(text, NUMBER, rng.choice(NUMBERS), rng)


def word(text, rng):
    """One word in place of another."""
    other = rng.choice(WORDS if rng.random() < 0.5 else WORD.findall(text))
    return _replaced(text, WORD, other, rng)


def typo(text, rng):
    """A word with a letter lost, doubled or changed."""
    found = rng.choice(WORD.findall(text))
    at = rng.randrange(len(found))
    other = found[:at] + rng.choice(["", found[at] * 2, "z", "_", "-", " "]) + found[at + 1 :]
    return _replaced(text, re.compile(rf"\b{found}\b"), other, rng)


def line(text, rng):
    """A line lost, doubled, moved or shifted."""
    lines = text.splitlines(keepends=True)
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    moved = lines.pop(at)
    moved = rng.choice(["", moved * 2, moved, "  " + moved, moved[1:], moved[: len(moved) // 2]])
    lines.insert(at if rng.random() < 0.7 else to, moved)
    return "".join(lines)


def scrap(text, rng):
    """Something that means something to YAML or to expressions, anywhere."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(SCRAPS) + text[at + rng.randrange(3) :]


def formula(text, rng):
    """A scrap inside the cost, the success or the ground's profile."""
    found = [m for m in re.finditer(r"(cost|success|height): *(.+)", text)]
    if not found:
        return text
    match = rng.choice(found)
    at = rng.randint(match.start(2), match.end(2))
    return text[:at] + rng.choice([*SCRAPS, *NUMBERS, *WORDS]) + text[at + rng.randrange(4) :]


def structure(text, rng):
    """A value lost, renamed, nested or put in another's place, in the data."""
    if "&a" in text or "&m0" in text:  # what `flood` has made would be walked through without end
        return text
    try:
        data = yaml.safe_load(text)
    except Exception:  # PyYAML has many, and no limits
        return text
    holders = list(_holders(data))
    if not holders:
        return text
    holder, other = rng.choice(holders), rng.choice(holders)
    key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    match rng.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[str(rng.choice(WORDS))] = holder.pop(key)
        case 2:
            holder[key] = rng.choice([[holder[key]], {"q": holder[key]}, None, [], {}, True, 7])
        case 3:
            if other is not holder and not any(inner is holder for inner in _holders(other)):
                holder[key] = other
        case _ if isinstance(holder, list):
            holder.extend(holder[:1] * rng.choice([1, 50, 2000]))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def noise(text, rng):
    """Bytes that are not text."""
    raw = bytearray(text.encode(errors="surrogateescape"))
    for _ in range(rng.choice([1, 3, 30])):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return raw.decode(errors="surrogateescape")


def flood(text, rng):
    """Far too much of something."""
    count = 10 ** rng.randint(1, 5)
    many = rng.choice(
        ["[", "{a: ", "[], ", "- ", "x, ", "a: b, ", " ", "\n", "#\n", "-", "(", "1+"]
    )
    at = rng.randrange(len(text))
    links = "".join(f"  - {{name: z{i}, mass: 1}}\n" for i in range(min(count, 5000)))
    bomb = "a0: &a0 [1, 1]\n" + "".join(
        f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 25)
    )
    merges = "m0: &m0 {k: 1}\n" + "".join(
        f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}], k{i}: 1}}\n" for i in range(1, 40)
    )
    unknown = "".join(f"p{i}: q{i}*2, " for i in range(min(count, 4000)))
    return rng.choice(
        [
            text[:at] + many * count + text[at:],
            text.replace("\njoints:", f"\n{links}\njoints:", 1),
            text + bomb,
            text + merges,
            re.sub(r"parameters:.*?\n\n", f"parameters: {{{unknown}}}\n\n", text, flags=re.DOTALL),
        ]
    )


KINDS = (number, word, typo, line, scrap, formula, structure, noise, flood)
OFTEN = (8, 8, 6, 6, 6, 6, 6, 3, 1)


def spoilt(seed):
    """The bytes of a robot file with one to four mistakes."""
    rng = random.Random(seed)
    text = rng.choice(TEXTS)
    for kind in rng.choices(KINDS, OFTEN, k=rng.choice([1, 1, 2, 4])):
        text = kind(text, rng) or text
    return text.encode(errors="surrogateescape")


@dataclass
class Outcome:
    """What came of loading many files."""

    robots: int = 0
    refused: int = 0
    misplaced: list[str] = field(default_factory=list)  # refused without file or line
    tracebacks: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)  # s, seed
    peak: float = 0.0  # MiB of the process, so far

    def __str__(self):
        seconds, seed = self.slowest
        return (
            f"{self.robots + self.refused + len(self.tracebacks)} robot files: {self.robots} robots, "
            f"{self.refused} refused, {len(self.misplaced)} without file and line, "
            f"{len(self.tracebacks)} tracebacks; slowest {seconds:.2f} s (seed {seed}), "
            f"peak {self.peak:.0f} MiB"
        )


def load_all(folder, seeds):
    """Load the files of these seeds, one after another."""
    path, outcome = Path(folder) / "spoilt.yaml", Outcome()
    for seed in seeds:
        path.write_bytes(spoilt(seed))
        began = time.process_time()
        try:
            load(path)
            outcome.robots += 1
        except RobotFileError as error:
            outcome.refused += 1
            if not all(re.match(rf"{re.escape(str(path))}:\d+:\d+: .", s) for s in error.sentences):
                outcome.misplaced.append(f"seed {seed}: {error}")
        except Exception:
            outcome.tracebacks.append(f"seed {seed}: {traceback.format_exc()}")
        outcome.slowest = max(outcome.slowest, (time.process_time() - began, seed))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome.peak = peak / (2**20 if sys.platform == "darwin" else 2**10)
    return outcome


def _replaced(text, pattern, other, rng):
    found = list(pattern.finditer(text))
    if not found:
        return text
    match = rng.choice(found)
    return text[: match.start()] + other + text[match.end() :]


def _holders(data):
    """Every mapping and list that holds something."""
    if data and isinstance(data, dict | list):
        yield data
        for value in data.values() if isinstance(data, dict) else data:
            yield from _holders(value)
