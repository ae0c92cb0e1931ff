"""
scripts/bench windows_truth: whether intervals would hold the truth if CPython's allocator tables led to memspy only in short
random windows (scripts/bench windows: what that would cost). Simulated, since there is no such probe: small programs of which
one knows what they hold, sampled as the probe does it, with the intervals of src/model/estimate.c. docs/decisions/0010.
"""
import collections
import math
import random

from .figures import gamma_interval, median
from .pairs import say
from .windows import WINDOW_S

BLOCK = 512  # bytes; more than that comes from malloc, which stays hooked
HOUR, KIB, MIB = 3600, 1024, 1 << 20
FORGOTTEN_S = 0.2  # so long after a turn, whether a window is open depends on it by less than exp(-40)

Site = collections.namedtuple('Site', 'name bursts burst_bytes seconds lines', defaults=[1])
SITES = [
    Site('evenly, 64 MiB', 1, 64 * MIB, HOUR),
    Site('evenly, 1 GiB', 1, 1024 * MIB, HOUR),
    Site('4096 bursts of 5 ms, 64 MiB', 4096, 16 * KIB, 0.005),
    Site('256 bursts of 5 ms, 64 MiB', 256, 256 * KIB, 0.005),
    Site('16 bursts of 100 ms, 128 MiB', 16, 8 * MIB, 0.1),
    Site('16 bursts of 20 ms, 128 MiB', 16, 8 * MIB, 0.02),
    Site('16 bursts of 20 ms, 128 MiB, by 20 lines, added up', 16, 8 * MIB, 0.02, 20),
    Site('16 bursts of 5 ms, 64 MiB', 16, 4 * MIB, 0.005),
    Site('16 bursts of 5 ms, 64 MiB, by 20 lines, added up', 16, 4 * MIB, 0.005, 20),
    Site('once, in 1 s, 128 MiB', 1, 128 * MIB, 1),
    Site('once, in 200 ms, 128 MiB', 1, 128 * MIB, 0.2),
    Site('once, in 5 ms, 4 MiB', 1, 4 * MIB, 0.005),
    Site('one block a second, 1.8 MiB', 1, HOUR * BLOCK, HOUR),
]

Way = collections.namedtuple('Way', 'name sample_bytes duty')
WAYS = [Way('always', 512 * KIB, 1), Way('T 5 MiB', 5 * MIB, 1), Way('10 %', 512 * KIB, 0.1), Way('2 %', 512 * KIB, 0.02)]

INSIDE = """95 % intervals that hold the truth, in % of the programs: of all, where what is not seen is taken for 0 to 3 T / duty, though
no report prints that; and of those of which something is seen. always: as memspy is; T 5 MiB: so, too, with --sample-bytes 5M;
the others: in random windows of 5 ms on average, for so much of the time. What is allocated in the hour, in blocks of 512 bytes, stays."""
WIDTH = """Width: of the median interval of all; 1 is as wide as the truth is large. Not seen: nothing is sampled of it, in % of the programs."""


class Windows:
    """Open and shut in turns, for exponential times: drawn only as far as somebody looks."""
    def __init__(self, chance, duty):
        self.chance, self.duty = chance, duty
        self.number, self.open, self.until = 0, False, -math.inf

    def at(self, moment):
        """The number of the window that is open at this moment, or None. Moments come in order."""
        if moment - self.until > FORGOTTEN_S:
            self.turn(self.chance.random() < self.duty, moment)
        while self.until <= moment:
            self.turn(not self.open, self.until)
        return self.number if self.open else None

    def turn(self, opens, since):
        self.number, self.open = self.number + 1, opens
        self.until = since + self.chance.expovariate(1 / WINDOW_S) / (1 if opens else self.duty / (1 - self.duty))


def picked(site, sample_bytes, chance):
    """When blocks are allocated that are picked: those with a point in them, of points on bytes that are T apart on average."""
    spread = HOUR - site.bursts * site.seconds
    begins = [b + i * site.seconds for i, b in enumerate(sorted(chance.random() * spread for _ in range(site.bursts)))]
    point, last = 0, None
    while True:
        point += chance.expovariate(1 / sample_bytes)
        block = point // BLOCK
        burst, offset = divmod(block * BLOCK, site.burst_bytes)
        if burst >= site.bursts:
            return
        if block != last:
            yield begins[int(burst)] + offset / site.burst_bytes * site.seconds
        last = block


def interval(site, way, chance):
    """(low, high, samples) of one program."""
    windows = Windows(chance, way.duty)
    clusters = collections.Counter()  # what stands and falls together: a sample; or all that a line has in a window
    for n, moment in enumerate(picked(site, way.sample_bytes, chance)):
        window = n if way.duty == 1 else windows.at(moment)
        if window is not None:
            clusters[window, chance.randrange(site.lines)] += 1
    if not clusters:
        return 0, 3 * way.sample_bytes / way.duty, 0
    weight = BLOCK / -math.expm1(-BLOCK / way.sample_bytes) / way.duty
    samples = sum(clusters.values())
    # sum of W(W - S): of a single block, what memspy has. Clusters of lines add up, as variances of lines do.
    variance = sum(k * weight * k * (weight - BLOCK) for k in clusters.values())
    return (*gamma_interval(samples * weight, variance), samples)


def judge(site, way, programs):
    chance, truth = random.Random(f'{site.name}, {way.name}'), site.bursts * site.burst_bytes
    found = [interval(site, way, chance) for _ in range(programs)]
    seen = [(low, high) for low, high, samples in found if samples]
    return {'site': site.name, 'way': way.name, 'programs': programs, 'truth_bytes': truth,
            'inside': sum(low <= truth <= high for low, high, _ in found) / programs,
            'inside_seen': sum(low <= truth <= high for low, high in seen) / len(seen) if seen else None,
            'above': sum(low > truth for low, _, _ in found) / programs,
            'below': sum(high < truth for _, high, _ in found) / programs,
            'width': median([(high - low) / truth for low, high, _ in found]),
            'unseen': 1 - len(seen) / programs}


def percent(part):
    return '-' if part is None else f'{100 * part:.1f}'


def heads(*figures):
    return ['allocated', *(f'{f}: {w.name}' if w is WAYS[0] else w.name for f in figures for w in WAYS)]


def run(o, results, memspy):
    programs = 40 if o.quick else 1000
    inside = results.table(f'The truth is inside, {programs} programs of each kind', heads('all', 'seen'), INSIDE)
    width = results.table('How wide the intervals are, and what is not seen', heads('width', 'not seen'), WIDTH)
    found = results.figures['windows_truth'] = []
    for site in SITES:
        say(f'windows_truth: {site.name}')
        row = [judge(site, way, programs) for way in WAYS]
        inside.add(site.name, *(percent(r['inside']) for r in row), *(percent(r['inside_seen']) for r in row))
        width.add(site.name, *(f"{r['width']:.2g}" for r in row), *(percent(r['unseen']) for r in row))
        found += row
