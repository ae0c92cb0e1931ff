#!/usr/bin/env python3
"""What a benchmark says of its times is what the times say."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / 'scripts'))
from benchmarks.figures import Ratio, gamma_interval, geometric_mean, median, median_interval, percentile  # noqa: E402

NOISY = [[(1.5, 1.0), (1.2, 9.0), (7.0, 1.1)], [(2.4, 2.0), (2.8, 2.1)]]  # two processes, (with, without)
CASES = [
    ('the median of an even number is between the two', median([4, 1, 3, 2]), 2.5),
    ('a percentile is one of the values', percentile(range(1, 101), 99), 99),
    ('the most is the 100th', percentile([3, 1, 2], 100), 3),
    ('a half and a double are nothing together', geometric_mean([0.5, 2]), 1),
    # Tables of order statistics: 2nd to 9th of 10, 6th to 15th of 20, 40th to 61st of 100.
    ('ten values: all but one at each end', median_interval(range(1, 11)), (2, 9)),
    ('twenty: all but five', median_interval(range(1, 21)), (6, 15)),
    ('a hundred: all but 39', median_interval(range(1, 101)), (40, 61)),
    ('too few: no more than all of them', median_interval([3, 1, 2]), (1, 3)),
    ('minima are compared within a process', Ratio(NOISY).of_minima, 1.2),
    ('noise in single runs does not move minima', Ratio([[(1.1, 1), (9, 1), (1.1, 8)]]).of_minima, 1.1),
    ('nothing without is nothing', Ratio([[(1, 1), (1, 1)], []]).of_pairs, 1),
    ('noise is what the runs without differ by', round(Ratio([[(1, 1.0), (1, 1.1), (1, 1.2)]]).noise, 3), 0.1),
]


def multipliers(n):
    """Of n small blocks: the table of tests/unit/test_estimate.c holds memspy itself to the same figures."""
    low, high = gamma_interval(n, n)
    return round(low / n, 2), round(high / n, 2)


CASES += [
    ('the interval of ten samples is that of memspy', multipliers(10), (0.48, 1.84)),
    ('of twenty', multipliers(20), (0.61, 1.54)),
    ('of a hundred', multipliers(100), (0.81, 1.22)),
]


def near(got, want):
    return abs(got - want) < 1e-9 if isinstance(want, (int, float)) else tuple(got) == want


failed = [f'{name}: {got}, not {want}' for name, got, want in CASES if not near(got, want)]
print('\n'.join(failed) or f'{len(CASES)} cases hold')
sys.exit(bool(failed))
