"""What many noisy times say together."""
import math


def median(values):
    v = sorted(values)
    half = len(v) // 2
    return v[half] if len(v) % 2 else (v[half - 1] + v[half]) / 2


def percentile(values, p):
    v = sorted(values)
    return v[min(len(v) - 1, max(0, math.ceil(p / 100 * len(v)) - 1))]


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def median_interval(values):
    """95 % interval of the median, from the order of the values alone: nothing is assumed of the noise."""
    v, n = sorted(values), len(values)
    # The most values that may be cut off each end: P(at most k of n fair coins) <= 2.5 %.
    k, below = 0, 0.5 ** n
    while n > 5 and below + math.comb(n, k + 1) * 0.5 ** n <= 0.025:
        k += 1
        below += math.comb(n, k) * 0.5 ** n
    return v[k], v[n - 1 - k]


def gamma_interval(value, variance):
    """95 % interval of a sum of weights, none of them certain: as src/model/estimate.c has it."""
    def chi_square(z, degrees):
        spread = 2 / (9 * degrees)
        return degrees * max(0, 1 - spread + z * math.sqrt(spread)) ** 3

    n = value * value / variance
    return value * chi_square(-1.959963985, 2 * n) / (2 * n), value * chi_square(1.959963985, 2 * n + 2) / (2 * n)


class Ratio:
    """with / without, of times taken in pairs. One list of pairs per process."""

    def __init__(self, processes):
        self.processes = [p for p in processes if p]
        self.pairs = [on / off for p in self.processes for on, off in p]

    @property
    def of_minima(self):
        """Least time with over least time without, in the same process: noise only ever adds."""
        return geometric_mean(min(on for on, _ in p) / min(off for _, off in p) for p in self.processes)

    @property
    def of_pairs(self):
        return median(self.pairs)

    @property
    def interval(self):
        return median_interval(self.pairs)

    @property
    def noise(self):
        """The same ratio between two halves of the runs without: what this machine makes of nothing."""
        halves = []
        for p in self.processes:
            off = [off for _, off in p]
            if len(off) >= 2:
                halves.append(abs(math.log(min(off[::2]) / min(off[1::2]))))
        return math.exp(sum(halves) / len(halves)) - 1 if halves else float('nan')

    def as_dict(self):
        low, high = self.interval
        return {'ratio': self.of_minima, 'median': self.of_pairs, 'low': low, 'high': high, 'noise': self.noise,
                'pairs': len(self.pairs), 'processes': len(self.processes),
                'best_without_s': min(off for p in self.processes for _, off in p),
                'best_with_s': min(on for p in self.processes for on, _ in p)}
