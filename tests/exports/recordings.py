"""Recordings that no process ever had, written as docs/recording-format.md says."""
import json
import random

COLUMNS = ['stack', 'live_bytes', 'live_blocks', 'live_n', 'live_var', 'alloc_bytes', 'alloc_blocks', 'alloc_n', 'alloc_var',
           'peak_bytes', 'peak_blocks', 'peak_n', 'peak_var', 'temp_bytes', 'temp_blocks', 'temp_n', 'thread', 'domain', 'lifetimes']
MIB = 1 << 20

HOSTILE = [
    '<script>alert(1)</script>', '"quotes" & \'apostrophes\' </title><script>', ';semi;colons; 42', '\x1b[31mred\x1b]0;title\x07',
    'new\nline\ttab\rreturn', 'C1 \x9b31m', '\u202egnp.exe', '\ufffe\uffff not for XML', 'broken \ufffd UTF-8', 'emoji 🐍 漢字',
    '{{"json": [1]}}', '$(reboot) `id` %s%n', "]]><!-- -->", '\\', 'a' * 65536, ' ', '#', '0x1234: f (x:1)', '"];graph[label="x',
]


class Recording:
    def __init__(self, name='shop.wsgi', cmdline='gunicorn shop.wsgi', sample_bytes=524288):
        self.strings, self.frames, self.stacks, self.rows = {'': 0}, {}, {(): 0}, []
        self.sample_bytes = sample_bytes
        self.header = {
            'memspy_recording': 1, 'memspy_version': '0.1.0', 'wall_ns': 1700000000000000000,
            'target': {'pid': 4711, 'start_time_ns': 1, 'name': name, 'cmdline': cmdline, 'exe': '/usr/bin/python3.12',
                       'python': '3.12.1', 'build': '', 'host': 'host', 'container': '', 'rss_at_attach': 50 * MIB},
            'config': {'mode': 'sampled', 'sample_bytes': sample_bytes, 'domains': 'malloc,mmap,mem,obj', 'interval_s': 1, 'max_bytes': 0},
            'site_columns': COLUMNS, 'ticks': []}
        self.ticks, self.told = [], (1, 0, 0)

    def stack(self, *frames):
        """The id of a stack of (function, file, line[, kind]), root first."""
        for depth in range(1, len(frames) + 1):
            function, file, line, kind = (*frames[depth - 1], 0)[:4]
            key = (self.strings.setdefault(function, len(self.strings)), self.strings.setdefault(file, len(self.strings)), line, kind)
            frame = self.frames.setdefault(key, len(self.frames) + 1)
            if frames[:depth] not in self.stacks:
                self.rows.append([self.stacks[frames[:depth - 1]], frame])
                self.stacks[frames[:depth]] = len(self.rows)
        return self.stacks[frames]

    def tick(self, seconds, sites):
        """sites: dictionaries by the names of columns."""
        strings, frames, stacks = self.told
        live = sum(s.get('live_bytes', 0) for s in sites)
        self.ticks.append({
            't': seconds, 'rss': 600 * MIB, 'pss': None, 'table': 6 * MIB, 'T': self.sample_bytes, 'heap_live': live,
            'heap_low': live, 'heap_high': live, 'heap_live_blocks': 0, 'samples': 0, 'alloc': live, 'freed': 0, 'peak': live,
            'lost': {}, 'strings': list(self.strings)[strings:], 'frames': list(map(list, self.frames))[frames:],
            'stacks': self.rows[stacks:],
            'sites': [[s.get(c, 0) for c in COLUMNS[:-1]] + [s.get('lifetimes', [0] * 16)] for s in sites]})
        self.told = len(self.strings), len(self.frames), len(self.rows)

    def save(self, path):
        def text(what):
            return json.dumps(what, separators=(',', ':'))
        with open(path, 'w') as f:
            f.write(text(self.header)[:-2] + '\n' + ',\n'.join(map(text, self.ticks)) + '\n],"end":"duration"}\n')
        return path


def site(stack, live, samples=20, thread=100, domain=2, allocated=None, peak=None):
    allocated, peak = allocated or live * 2, peak or live + live // 8
    return {'stack': stack, 'live_bytes': live, 'live_blocks': live // 1000, 'live_n': samples, 'live_var': live * live // samples,
            'alloc_bytes': allocated, 'alloc_blocks': allocated // 1000, 'alloc_n': samples * 2,
            'alloc_var': allocated * allocated // samples, 'peak_bytes': peak, 'peak_blocks': peak // 1000, 'peak_n': samples,
            'peak_var': peak * peak // samples, 'temp_bytes': allocated // 7, 'temp_blocks': allocated // 7000, 'temp_n': samples // 4,
            'thread': thread, 'domain': domain, 'lifetimes': [samples // 2] + [0] * 15}


def shop(path):
    """A cache that grows, frames that stay, a stack that recurses, a caller with bytes of its own, memory without Python, one
    stack in two threads, a line that two functions share, a stack that shrinks, one that comes late, one that was cut."""
    r = Recording()
    main, serve = ('<module>', '/srv/shop/app.py', 12), ('Shop.serve', '/srv/shop/app.py', 40)
    remember = r.stack(main, serve, serve, ('remember', '/srv/shop/cache.py', 88))
    copy = r.stack(main, serve, ('DataFrame.copy', '/usr/lib/python3/dist-packages/pandas/core/frame.py', 3120))
    same_line = r.stack(main, serve, serve, ('remember.<locals>.<lambda>', '/srv/shop/cache.py', 88))
    other_line = r.stack(main, serve, serve, ('remember', '/srv/shop/cache.py', 91))
    own, shrinks = r.stack(main, serve), r.stack(main, ('flush', '/srv/shop/log.py', 7))
    cut = r.stack(('', '', 0, 1), ('deep', '/srv/shop/app.py', 70))
    sites = [site(remember, 100 * MIB + 1, 200), site(copy, 96 * MIB, 12), site(same_line, MIB + 3, 3), site(other_line, 2 * MIB + 5, 4),
             site(own, 2 * MIB, 4), site(0, 5 * MIB, 10, domain=0), site(remember, 7 * MIB + 11, 14, thread=101),
             site(shrinks, 20 * MIB, 40), site(cut, 3 * MIB, 6, domain=3)]
    r.tick(0, sites)
    sites[0] = site(remember, 200 * MIB + 1, 400, allocated=500 * MIB)
    sites[7] = site(shrinks, 4 * MIB + 7, 8, allocated=60 * MIB)
    r.tick(54, sites)
    sites[0] = site(remember, 300 * MIB + 1, 600, allocated=800 * MIB)
    sites.append(site(r.stack(main, ('late', '/srv/shop/app.py', 99)), 3 * MIB + 1, 6))
    r.tick(60, sites)
    return r.save(path)


def hostile(path):
    """Every bad name as a function, as a file, as both, and as the process."""
    r = Recording(name='\x1b[31m<script>"', cmdline='</title>\x1b]0;x\x07 & "' + 'c' * 5000)
    sites = []
    for i, bad in enumerate(HOSTILE):
        for frame in ((bad, f'/srv/{i}.py', i + 1), (f'f{i}', bad, i + 1), (bad, bad, 0)):
            sites.append(site(r.stack(('main', '/srv/main.py', 1), frame), (i + 30) * MIB + i))
    r.tick(0, sites)
    r.tick(10, sites)
    return r.save(path)


def empty(path):
    """A process that allocated nothing."""
    r = Recording()
    r.tick(0, [])
    return r.save(path)


def many(path, stacks=8000, depth=300):
    """More frames than a picture has pixels, and a stack deeper than it is high."""
    rnd, r = random.Random(1), Recording()
    sites = [site(r.stack(('main', '/m.py', 1), (f'a{rnd.randrange(200)}', '/a.py', 1), (f'b{rnd.randrange(400)}', '/b.py', rnd.randrange(90)),
                          (f'c{i}', f'/lib/c{i % 97}.py', i)), rnd.randrange(1, 100000), 1) for i in range(stacks)]
    sites.append(site(r.stack(*((f'deep{i}', '/deep.py', i) for i in range(depth))), 500 * MIB, 100))
    r.tick(0, sites)
    return r.save(path)


def wide(path):
    """Three hundred stacks of sixty frames each that have nothing in common, all wide enough to be seen."""
    r = Recording()
    r.tick(0, [site(r.stack(*((f'f{i}_{k}', f'/srv/f{i}.py', k) for k in range(60))), MIB + i * 1000) for i in range(300)])
    return r.save(path)
