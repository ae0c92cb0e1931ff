"""Recordings that no process ever made, as docs/recording-format.md has them."""
import json
import math
import random

NAMES = 'shop', 'hour', 'crowd', 'hostile', 'one'
T = 512 * 1024
COLUMNS = ['stack', 'live_bytes', 'live_blocks', 'live_n', 'live_var', 'alloc_bytes', 'alloc_blocks', 'freed_bytes', 'peak_bytes', 'live_sure', 'alloc_n',
           'alloc_var', 'alloc_sure', 'peak_blocks', 'peak_n', 'peak_var', 'peak_sure', 'temp_bytes', 'temp_blocks', 'temp_n', 'thread', 'domain',
           'lifetimes']
MIB = 1 << 20


class Site:
    """One stack in one thread: blocks of one size, picked as the probe picks them."""

    def __init__(self, stack, size, thread=100):
        self.stack, self.thread = stack, thread
        p = 1 - math.exp(-size / T)
        self.each = size / p, 1 / p, size / p * (size / p - size)
        self.live = self.allocated = self.brief = self.peak = self.told = 0

    def change(self, came, went=0, brief=0):
        self.live = max(0, self.live + came - went)
        self.allocated += came + brief
        self.brief += brief

    def figures(self, n):
        return [int(x * n) for x in self.each[:2]] + [n, int(self.each[2] * n)]

    def row(self):
        live, allocated, peak, brief = map(self.figures, (self.live, self.allocated, self.peak, self.brief))
        return [self.stack, *live, *allocated[:2], allocated[0] - live[0], peak[0], 0, *allocated[2:], 0, *peak[1:], 0, *brief[:3], self.thread, 2]


class Recording:
    def __init__(self, path, name, every=1, limit=0):
        self.file = open(path, 'w')
        self.every, self.ticks, self.peak, self.lost = every, 0, 0, 0
        self.ids = {'strings': {}, 'frames': {}, 'stacks': {}}
        self.said = dict.fromkeys(self.ids, 0)
        self.sites = []
        self.live = 0
        head = {'memspy_recording': 1, 'memspy_version': '0.1.0', 'wall_ns': 1795183331 * 10**9,
                'target': {'pid': 4711, 'start_time_ns': 5, 'name': name, 'cmdline': name, 'exe': '/usr/bin/python3', 'python': '3.12.1', 'build': '',
                           'host': 'web-3', 'container': '', 'rss_at_attach': 58 * MIB, 'memory_limit': limit},
                'config': {'mode': 'sampled', 'sample_bytes': T, 'domains': 'malloc,mem,obj,mmap', 'interval_s': every, 'max_bytes': 0},
                'site_columns': COLUMNS, 'ticks': []}
        self.file.write(json.dumps(head)[:-2] + '\n')

    def id(self, kind, key):
        return self.ids[kind].setdefault(key, len(self.ids[kind]) + 1)

    def call(self, parent, function, file, line, kind=0):
        """The stack of `parent` and one frame more."""
        text = [self.id('strings', t) if t else 0 for t in (function, file)]
        return self.id('stacks', (parent, self.id('frames', (*text, line, kind))))

    def site(self, *args, **named):
        self.sites.append(Site(*args, **named))
        return self.sites[-1]

    def tick(self, changed, rss=None, pss=None, last=False):
        for s in changed:
            before, s.told = s.told, s.figures(s.live)[0]
            self.live += s.told - before
        live = self.live
        half = int(1.96 * math.sqrt(live * T))
        if live >= self.peak:
            self.peak = live
            for s in self.sites if last or len(self.sites) < 1000 else ():
                s.peak = s.live
        tick = {'t': round(self.ticks * self.every, 6), 'rss': rss or int(60 * MIB + live * 1.05), 'pss': pss, 'table': MIB, 'T': T, 'heap_live': live,
                'heap_low': max(0, live - half), 'heap_high': live + half, 'heap_live_blocks': live // 100, 'samples': live // T, 'alloc': live, 'freed': 0,
                'peak': self.peak, 'lost': dict({k: 0 for k in ('full', 'merged', 'text', 'frees', 'truncated', 'torn')}, contention=self.lost)}
        for kind, ids in self.ids.items():
            new = list(ids)[self.said[kind]:]
            self.said[kind] = len(ids)
            if new:
                tick[kind] = new
        rows = [s.row() for s in changed]
        if rows:
            tick['sites'] = rows
        self.file.write((',\n' if self.ticks else '') + json.dumps(tick, separators=(',', ':')))
        self.ticks += 1

    def end(self, why='duration'):
        self.file.write('\n],"end":"%s"}' % why)
        self.file.close()


def shop(path, source):
    """A minute of a shop: a cache that grows, frames that come and go, a line that recurses, imports, two threads, memory without Python."""
    r, rng = Recording(path, 'shop.wsgi'), random.Random(7)
    app, pandas = '/srv/shop/app.py', '/venv/lib/python3.12/site-packages/pandas/core/frame.py'
    main = r.call(0, '<module>', app, 12)
    serve = r.call(main, 'Shop.serve', app, 40)
    view = r.call(serve, 'cart', '/srv/shop/views/cart.py', 31)
    again = r.call(view, 'Shop.serve', app, 40)
    cache = r.call(again, 'remember', str(source), 6)
    imports = r.call(r.call(main, '_find_and_load', '<frozen importlib._bootstrap>', 1176), 'exec_module', '<frozen importlib._bootstrap_external>', 940)
    decode = r.call(view, 'JSONDecoder.raw_decode', '/usr/lib/python3.12/json/decoder.py', 353)
    sites = {
        'cache': r.site(cache, 3000), 'key': r.site(r.call(cache, 'key', str(source), 10), 120),
        'copy': r.site(r.call(r.call(view, 'totals', '/srv/shop/models.py', 210), 'DataFrame.copy', pandas, 3120), 9 * MIB),
        'merge': r.site(r.call(r.call(serve, 'prices', '/srv/shop/models.py', 77), 'DataFrame.merge', pandas, 9345), 2 * MIB),
        'decode': r.site(decode, 700), 'decode2': r.site(decode, 700, thread=101),
        'module': r.site(r.call(imports, '<module>', '/venv/lib/python3.12/site-packages/numpy/__init__.py', 144), 60000),
        'worker': r.site(r.call(r.call(0, 'Thread._bootstrap', '/usr/lib/python3.12/threading.py', 1002), 'work', '/srv/shop/jobs.py', 18), 40000, thread=101),
        'native': r.site(0, 30000), 'serve': r.site(again, 500),
    }
    for second in range(61):
        grows = {'cache': (3, 0), 'key': (second % 2, 0), 'serve': (second % 3 == 0, second % 7 == 0), 'decode': (4, 4), 'decode2': (second % 2, second % 3 == 0),
                 'worker': (2, 2 if second > 20 else 0), 'native': (second < 12, 0), 'module': (9 if second < 3 else 0, 0),
                 'copy': ((second // 8 + 1) % 3 * (second % 8 == 0), 2 * (second % 24 == 20)), 'merge': (second % 5 == 0, second % 5 == 4)}
        for name, (came, went) in grows.items():
            sites[name].change(int(came), int(went), brief=6 if name == 'decode' else 0)
        if second in (33, 34):
            r.lost += 40
        live = sum(s.figures(s.live)[0] for s in r.sites)
        r.tick(r.sites, int(96 * MIB + live * 1.06 + rng.random() * MIB), int(88 * MIB + live) if second % 5 == 0 else None)
    r.end()


def hour(path):
    """An hour: 3,600 ticks and 50,000 stacks, a few large and a long tail, over some two thousand lines."""
    r, rng = Recording(path, 'hour'), random.Random(3)
    lines = [(f'function_{i}', f'/srv/app/package_{i % 40}/module_{i % 160}.py', 10 + i % 900) for i in range(2400)]
    stacks = [r.call(0, '<module>', '/srv/app/main.py', 3)]
    while len(stacks) < 50000:
        stacks.append(r.call(stacks[min(len(stacks) - 1, int(len(stacks) * rng.random() ** 2))], *rng.choice(lines)))
        if len(r.ids['stacks']) < len(stacks):
            stacks.pop()
    sites = [r.site(s, int(10 ** rng.uniform(1.8, 5.5)), thread=100 + i % 5) for i, s in enumerate(stacks)]
    weights = [rng.paretovariate(0.8) for _ in sites]
    for second in range(3600):
        fresh = sites[len(sites) * second // 3600:len(sites) * (second + 1) // 3600]
        changed = list({id(s): s for s in fresh + rng.choices(sites, weights, k=60)}.values())
        for s in changed:
            s.change(rng.randrange(3) + (s.allocated == 0), rng.randrange(3), rng.randrange(8) == 0)
        r.lost += 5 * (rng.random() < 0.004)
        r.tick(sites if second == 3599 else changed, last=second == 3599)
    r.end()


def crowd(path):
    """Ten minutes in which every one of 30,000 stacks, on as many lines, changes all the time: more than a page can tell."""
    r, rng = Recording(path, 'crowd', every=10), random.Random(5)
    main = r.call(0, '<module>', '/srv/app/main.py', 3)
    sites = [r.site(r.call(r.call(main, f'f{i % 700}', '/srv/app/main.py', i % 700), f'g{i}', f'/srv/app/m{i % 90}.py', i), int(10 ** rng.uniform(2, 6)))
             for i in range(30000)]
    for second in range(0, 600, 10):
        changed = rng.sample(sites, 8000) if second and second < 590 else sites
        for s in changed:
            s.change(rng.randrange(1, 9), rng.randrange(7), rng.randrange(3))
        r.tick(changed, last=second == 590)
    r.end()


HOSTILE = ['<script>globalThis.owned=1</script>', '</script><script>globalThis.owned=2</script>', '<img src=x onerror="globalThis.owned=3">',
           '\u202egnp.elif', 'x' * 65536, 'a\x1b[31mred\x07', '"><svg/onload=globalThis.owned=4>', '-->', ']]>', "';globalThis.owned=5;'", '@@DATA@@', '@@SCRIPT@@',
           '\ufffd\ufffd', '\u2028\u2029', '{{constructor}}', 'javascript:globalThis.owned=6', '__proto__', 'constructor']


def hostile(path):
    r = Recording(path, '</title><script>globalThis.owned=7</script>')
    for i, name in enumerate(HOSTILE):
        r.site(r.call(r.call(0, name, HOSTILE[-1 - i], i), HOSTILE[i - 1], name, i + 1), 5000).change(4 + i)
    r.site(r.call(r.call(0, 'shadow', '/etc/shadow', 1), 'passwd', '/etc/passwd', 1), 5000).change(9)
    for _ in range(3):
        r.tick(r.sites, 100 * MIB)
    r.end()


def one(path):
    """A single tick: no window can be cut from it. Then the kernel killed the process."""
    r = Recording(path, 'one', limit=32 * MIB)
    r.site(r.call(0, 'f', 'a.py', 1), 5000).change(4)
    r.tick(r.sites, 30 * MIB)
    r.end('target killed by signal 9, out of memory at a limit of 32.0 MiB')


def write_all(folder):
    source = folder / 'cache.py'
    source.write_text('"""A cache that never forgets."""\n\nkept = {}\n\ndef remember(item):\n    kept[key(item)] = bytes(3000)  # <b>grows</b>\n\n'
                      'def key(item):\n    # one string for each\n    return f"item {item}"\n')
    shop(folder / 'shop.json', source)
    hour(folder / 'hour.json')
    crowd(folder / 'crowd.json')
    hostile(folder / 'hostile.json')
    one(folder / 'one.json')
