#!/usr/bin/env python3
"""test_svg.py MEMSPY: the picture is XML with nothing active in it, its boxes lie where their bytes say, and it stays small."""
import collections
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ET

from exports import VIEWS, WAYS, folder, recording, report, report_json, write

NS = '{http://www.w3.org/2000/svg}'
HARMLESS = {'svg', 'title', 'style', 'rect', 'text', 'tspan', 'g'}
Box = collections.namedtuple('Box', 'name where bytes own x width y')


def boxes(data):
    """All frames of a picture, the whole first."""
    found = []
    for g in ET.fromstring(data).iter(NS + 'g'):
        lines, rect = g.find(NS + 'title').text.split('\n'), g.find(NS + 'rect')
        at = next(i for i, line in enumerate(lines) if re.search(r', \d+ bytes', line))
        own = re.search(r'; own (\d+) bytes', lines[at])
        found.append(Box(lines[0], lines[1] if at == 2 else '', int(re.search(r', (\d+) bytes', lines[at])[1]), int(own[1]) if own else 0,
                         *(float(rect.get(k)) for k in ('x', 'width', 'y'))))
    return found


class Picture(unittest.TestCase):
    def test_every_box_is_inside_its_caller_and_as_wide_as_its_bytes(self):
        for name in ('shop', 'hostile', 'many'):
            everything = boxes(report(recording(name), 'svg'))
            whole, rows = everything[0], collections.defaultdict(list)
            for box in everything:
                rows[box.y].append(box)
                self.assertAlmostEqual(box.width, 1180 * box.bytes / whole.bytes, delta=0.52)
            for y, row in rows.items():
                row.sort(key=lambda b: b.x)
                for left, right in zip(row, row[1:]):
                    self.assertLessEqual(left.x + left.width, right.x + 0.02, (left, right))
                for box in row if y > whole.y else ():
                    above = [b for b in rows[y - 18] if b.x <= box.x + 0.02 and box.x + box.width <= b.x + b.width + 0.52]
                    self.assertEqual(len(above), 1, box)

    def test_boxes_of_one_caller_and_its_own_bytes_are_its_bytes(self):
        everything = boxes(report(recording('shop'), 'svg'))
        for box in everything[1:]:
            inside = [b for b in everything if b.y == box.y + 18 and box.x - 0.02 <= b.x < box.x + box.width]
            self.assertEqual(box.own + sum(b.bytes for b in inside), box.bytes, box)

    def test_frames_say_what_the_rows_say(self):
        rows = {r['function']: r for r in report_json(recording('shop'), '--by', 'function')['rows']}
        own = collections.Counter()
        for box in boxes(report(recording('shop'), 'svg', '--by', 'function'))[1:]:
            own[box.name] += box.own
        self.assertEqual({k: v for k, v in own.items() if v}, {k: r['own_bytes'] for k, r in rows.items() if r['own_bytes']})

    def test_nothing_in_it_is_active(self):
        for name in ('shop', 'hostile', 'many', 'empty'):
            data = report(recording(name), 'svg')
            for element in ET.fromstring(data).iter():
                self.assertIn(element.tag.removeprefix(NS), HARMLESS)
                self.assertFalse([a for a in element.attrib if a.startswith('on') or 'href' in a])
            style = ET.fromstring(data).find(NS + 'style').text
            self.assertNotRegex(style, r'url|import|expression')

    def test_hostile_names_are_text(self):
        data = report(recording('hostile'), 'svg')
        names = [b.name for b in boxes(data)]
        self.assertIn('<script>alert(1)</script>', names)
        self.assertIn(r'\x1b[31mred\x1b]0;title\x07', names)
        self.assertLess(max(map(len, names)), 500)
        self.assertFalse([c for c in data.decode() if (ord(c) < 32 and c != '\n') or 127 <= ord(c) < 160 or c == '\u202e'])

    def test_every_view_and_way_is_well_formed(self):
        lint = shutil.which('xmllint')
        for name in ('shop', 'hostile', 'empty'):
            for options in [('--view', v) for v in VIEWS] + [('--by', w) for w in WAYS]:
                data = report(recording(name), 'svg', *options)
                ET.fromstring(data)
                if lint:
                    run = subprocess.run([lint, '--noout', write('heap.svg', data)], capture_output=True, text=True)
                    self.assertEqual((run.returncode, run.stderr), (0, ''), options)
        if not lint:
            self.skipTest('xmllint is not installed: Python\'s parser alone has read them')

    def test_it_stays_small_and_what_is_left_out_is_counted(self):
        data = report(recording('many'), 'svg')
        everything = boxes(data)
        self.assertLess(len(data), 4 << 20)
        self.assertLess(len(everything), 9000)
        self.assertGreaterEqual(min(b.width for b in everything), 0.5)
        self.assertTrue([b for b in everything if re.fullmatch(r'\d+ more', b.name)])
        self.assertLessEqual(float(ET.fromstring(data).get('height')), 84 + 18 * 251 + 10)
        self.assertIn('the stack is too deep', data.decode())

    def test_of_very_many_frames_the_wider_ones_are_drawn(self):
        everything = boxes(report(recording('wide'), 'svg'))
        self.assertLessEqual(len(everything), 8001)
        self.assertGreater(len(everything), 4000)
        self.assertEqual(everything[0].bytes, sum(b.bytes for b in everything if b.y == everything[0].y + 18))

    def test_a_module_has_one_colour_in_all_pictures(self):
        colours = collections.defaultdict(set)
        for name, options in (('shop', ()), ('shop', ('--view', 'leaks')), ('shop', ('--by', 'function'))):
            for g in ET.fromstring(report(recording(name), 'svg', *options)).iter(NS + 'g'):
                lines = g.find(NS + 'title').text.split('\n')
                if '/' in lines[1]:
                    colours[lines[1].split(':')[0]].add(g.get('class'))
        self.assertGreater(len(colours), 3)
        self.assertEqual({len(c) for c in colours.values()}, {1})


class Chromium(unittest.TestCase):
    def see(self, name, *options, argument='--dump-dom'):
        chromium = shutil.which('chromium') or shutil.which('google-chrome')
        if not chromium:
            self.skipTest('chromium is not installed')
        path = write(f'{name}.svg', report(recording(name), 'svg'))
        run = subprocess.run([chromium, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', f'--user-data-dir={folder}/chromium',
                              '--window-size=1220,400', *options, argument, path.as_uri()], capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr[-2000:])
        return run.stdout

    def test_draws_every_frame_and_runs_nothing(self):
        for name in ('shop', 'hostile'):
            seen = self.see(name)
            self.assertNotIn('parsererror', seen)
            self.assertNotRegex(seen, r'<script|<iframe|<foreignObject')
            self.assertEqual(seen.count('<g class='), len(boxes(report(recording(name), 'svg'))))

    def test_is_light_or_dark_as_the_reader_has_it(self):
        pictures = []
        for scheme in ('1', '0'):  # light, dark
            self.see('shop', f'--blink-settings=preferredColorScheme={scheme}', argument=f'--screenshot={folder}/{scheme}.png')
            pictures.append((folder / f'{scheme}.png').read_bytes())
        self.assertEqual([p[:4] for p in pictures], [b'\x89PNG'] * 2)
        self.assertNotEqual(*pictures)


unittest.main(verbosity=1)
