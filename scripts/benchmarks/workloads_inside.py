"""Twelve jobs after well-known ones. Each is a function of how often to do it; any Python from 2.7 on."""
import json
import math
import pickle
import random
import re
import sys
import threading


# ---- documents

def a_document():
    return {'users': [{'id': i, 'name': u'user %d' % i, 'mail': 'user%d@example.org' % i, 'balance': i * 1.25,
                       'tags': ['a%d' % (i % 7), 'b'], 'address': {'street': 'Main %d' % i, 'city': u'K\xf6ln'}}
                      for i in range(60)]}


def json_documents(count):
    document = a_document()
    for _ in range(count):
        json.loads(json.dumps(document))


def pickles(count):
    document = a_document()
    for _ in range(count):
        pickle.loads(pickle.dumps(document, 2))


TEXT = ''.join('On %02d/%02d/19%02d a.b%d@example.org wrote <b>word%d</b>, see http://example.org/%d?q=%d\n'
               % (i % 28 + 1, i % 12 + 1, i % 100, i, i, i, i) for i in range(150))
PATTERNS = [re.compile(p) for p in (r'(\d+)/(\d+)/(\d+)', r'[\w.]+@[\w.]+', r'<(\w+)>(.*?)</\1>', r'https?://\S+',
                                    r'(\w+)\s+(\w+)')]


def regex(count):
    for _ in range(count):
        for p in PATTERNS:
            p.findall(TEXT)
        PATTERNS[0].sub(lambda m: m.group(3) + '-' + m.group(2), TEXT)


def rst(count):
    """As docutils does: lines to a tree of nodes, inline markup, then out as HTML."""
    page = ('Title %d\n=======\n\nSome *emphasis*, ``code`` and a `link <http://x/%d>`_.\n\n'
            '- item one\n- item **two**\n')
    source = '\n'.join(page % (i, i) for i in range(12)).split('\n')
    inline = re.compile(r'\*\*(?P<strong>.+?)\*\*|\*(?P<em>.+?)\*|``(?P<code>.+?)``|`(?P<a>.+?) <(?P<href>.+?)>`_')
    for _ in range(count):
        root, current = ['document', {}, []], None
        for number, line in enumerate(source):
            if line.startswith('==='):
                root[2][-1][0] = 'h1'
            elif line.startswith('- '):
                if current is None or current[0] != 'ul':
                    current = ['ul', {'line': number}, []]
                    root[2].append(current)
                current[2].append(['li', {'line': number}, [line[2:]]])
            elif line:
                current = ['p', {'line': number}, [line]]
                root[2].append(current)

        def mark(m):
            kind = m.lastgroup if m.lastgroup != 'href' else 'a'
            return '<%s>%s</%s>' % (kind, m.group(kind), kind)

        def out(node):
            if not isinstance(node, list):
                return inline.sub(mark, node.replace('&', '&amp;'))
            attributes = ''.join(' %s="%s"' % item for item in node[1].items())
            return '<%s%s>%s</%s>' % (node[0], attributes, ''.join([out(c) for c in node[2]]), node[0])
        out(root)


# ---- numbers

def nbody(count):
    bodies = [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 39.5],
              [[4.84, -1.16, -0.10], [0.6, 2.81, -0.02], 0.037], [[8.34, 4.12, -0.4], [-1.01, 1.81, 0.008], 0.011],
              [[12.89, -15.11, -0.22], [1.08, 0.86, -0.01], 0.0017],
              [[15.37, -25.91, 0.17], [0.97, 0.59, -0.03], 0.002]]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1:]]
    for _ in range(20 * count):
        for a, b in pairs:
            (x1, y1, z1), v1, m1 = a
            (x2, y2, z2), v2, m2 = b
            dx, dy, dz = x1 - x2, y1 - y2, z1 - z2
            mag = 0.001 * (dx * dx + dy * dy + dz * dz) ** -1.5
            for v, m, s in ((v1, m2, -1), (v2, m1, 1)):
                v[0] += s * dx * m * mag
                v[1] += s * dy * m * mag
                v[2] += s * dz * m * mag
        for r, v, _ in bodies:
            for k in range(3):
                r[k] += 0.001 * v[k]


class Vector(object):
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __sub__(self, o):
        return Vector(self.x - o.x, self.y - o.y, self.z - o.z)

    def scale(self, k):
        return Vector(self.x * k, self.y * k, self.z * k)

    def dot(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def unit(self):
        return self.scale(1 / math.sqrt(self.dot(self)))


def raytrace(count):
    spheres = [(Vector(i % 3 - 1.0, i // 3 - 1.0, 5.0 + i % 2), 0.4) for i in range(9)]
    for _ in range(count):
        for px in range(20):
            for py in range(8):
                ray, best = Vector(px / 10.0 - 1, py / 4.0 - 1, 2.0).unit(), None
                for centre, radius in spheres:
                    along = centre.dot(ray)
                    d = radius * radius - centre.dot(centre) + along * along
                    if d > 0 and (best is None or along < best[0]):
                        best = along, (ray.scale(along - math.sqrt(d)) - centre).unit()


def numpy_job(count):
    import numpy
    for _ in range(count):
        a = numpy.arange(200000, dtype='f8').reshape(400, 500)
        b = (a * 1.5 + 2).T.copy()
        (numpy.sqrt(b) - b.mean(axis=0))[:, ::2].sum()
        numpy.sort(a.ravel()[::-1])[:1000].tolist()


# ---- objects

class Constraint(object):
    def __init__(self, strength, source, target):
        self.strength, self.source, self.target = strength, source, target
        source.constraints.append(self)
        target.constraints.append(self)

    def satisfy(self, mark):
        if self.target.mark != mark:
            self.target.mark = mark
            self.target.value = self.source.value + self.strength
            return [c for c in self.target.constraints if c is not self and c.source is self.target]
        return []


class Variable(object):
    def __init__(self, value):
        self.value, self.constraints, self.mark = value, [], 0


def deltablue(count):
    """As deltablue does: a chain of constraints is built, solved again and again, and thrown away."""
    for _ in range(count):
        variables = [Variable(i) for i in range(100)]
        for i in range(99):
            Constraint(i % 5, variables[i], variables[i + 1])
        for mark in range(1, 11):
            todo = list(variables[0].constraints)
            while todo:
                todo.extend(todo.pop().satisfy(mark))


def deep(count):
    """Recursion 800 deep, with something allocated at each level."""
    def down(n):
        kept = [n, str(n)]
        return down(n - 1) + len(kept) if n else 0
    sys.setrecursionlimit(2000)
    for _ in range(5 * count):
        down(800)


def sqlite(count):
    import sqlite3
    db = sqlite3.connect(':memory:')
    db.execute('create table t (id integer primary key, name text, score real)')
    for _ in range(count):
        db.executemany('insert into t (name, score) values (?, ?)', [('name %d' % i, i * 0.5) for i in range(300)])
        for row in db.execute('select name, sum(score), count(*) from t group by name order by 2 desc limit 50'):
            str(row)
        db.execute('delete from t')
    db.close()


def churn(count):
    """A cache: dictionaries of strings of all sizes, kept for a while."""
    r, kept = random.Random(1), {}
    for i in range(500 * count):
        kept[i % 700] = {'key': i, 'body': 'x' * r.randrange(10, 3000), 'parts': [str(i), (i, i + 1)]}


def four_threads(count):
    def work():
        for _ in range(count):
            for i in range(100):
                ('%d' % i * 30).split('7')
    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


WORK = {'json': json_documents, 'pickle': pickles, 'regex': regex, 'rst': rst, 'nbody': nbody, 'raytrace': raytrace,
        'numpy': numpy_job, 'deltablue': deltablue, 'deep': deep, 'sqlite': sqlite, 'churn': churn,
        'threads': four_threads}

if sys.version_info >= (3, 7):
    from async_inside import tree
else:
    def tree(count):
        raise ImportError('asyncio.run is of 3.7 and later')
WORK['async'] = tree
