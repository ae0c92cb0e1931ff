"""How results are told: a table for people, the same in Markdown, and JSON."""
import json
import os
import platform
import re
import subprocess
import sys
import time

from .processes import ROOT, digest


def machine(binary):
    """What the figures were made on; they mean little without it. The checkout may be newer than the binary: both are told."""
    model = re.search(r'^model name\s*:\s*(.*)$', open('/proc/cpuinfo').read(), re.M)
    commit = subprocess.run(['git', '-C', ROOT, 'rev-parse', '--short=12', 'HEAD'], capture_output=True, text=True)
    return {'date': time.strftime('%Y-%m-%d'), 'cpus': os.cpu_count(), 'kernel': platform.release(),
            'cpu': model.group(1) if model else platform.machine(), 'libc': ' '.join(platform.libc_ver()),
            'load_1min_before': os.getloadavg()[0], 'commit': commit.stdout.strip(), 'binary': digest(binary)}


def as_others_type(command):
    """Without what only matters here: where things go, and whose home it is."""
    command = re.sub(r' --(markdown|json \S+|(memspy|beside) \S+)', '', command)
    return command.replace(os.path.expanduser('~/'), '~/')


class Table:
    def __init__(self, title, head, note=''):
        self.title, self.head, self.note, self.rows = title, head, ' '.join(note.split()), []

    def add(self, *cells):
        self.rows.append(['' if c is None else str(c) for c in cells])

    def text(self):
        widths = [max(len(r[i]) for r in [self.head, *self.rows]) for i in range(len(self.head))]

        def line(row):
            return '  '.join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()
        return '\n'.join([self.title, line(self.head), *map(line, self.rows), *([self.note] if self.note else []), ''])

    def markdown(self):
        def line(row):
            return '| ' + ' | '.join(c.replace('|', '\\|') for c in row) + ' |'
        rule = '|---|' + '---:|' * (len(self.head) - 1)
        return '\n'.join([f'**{self.title}**', '', line(self.head), rule, *map(line, self.rows),
                          *(['', self.note] if self.note else []), ''])


class Results:
    """What one run of scripts/bench found: tables to print, and all figures for --json."""

    def __init__(self, options):
        self.options, self.machine, self.begin = options, machine(options.memspy), time.monotonic()
        self.tables, self.figures, self.missing = [], {}, []

    def table(self, *arguments):
        self.tables.append(Table(*arguments))
        return self.tables[-1]

    def lacks(self, what, why):
        """Named, never left out in silence."""
        self.missing.append({'what': what, 'why': why})

    def write(self):
        m = self.machine
        command = 'scripts/bench ' + ' '.join(sys.argv[1:])
        load = f"load before {m['load_1min_before']:.2f}, after {os.getloadavg()[0]:.2f}"
        about = (f"{m['date']}, checkout {m['commit']}, binary {m['binary']}, {m['cpus']} x {m['cpu']}, Linux {m['kernel']}, "
                 f"{m['libc']}; {load}")
        lacking = [f"Not measured: {x['what']}: {x['why']}" for x in self.missing]
        if self.options.markdown:
            print(f'`{as_others_type(command)}`: {about}.\n')
            print('\n'.join(t.markdown() for t in self.tables))
            print('\n'.join(f'- {x}' for x in lacking))
        else:
            print(f'\n{about}\n')
            print('\n'.join(t.text() for t in self.tables))
            print('\n'.join(lacking))
        if self.options.json:
            document = {'memspy_bench': 1, 'command': command, 'machine': m, 'load_1min_after': os.getloadavg()[0],
                        'seconds': time.monotonic() - self.begin, 'missing': self.missing, **self.figures}
            with open(self.options.json, 'w') as f:
                json.dump(document, f, indent=1)
                f.write('\n')
