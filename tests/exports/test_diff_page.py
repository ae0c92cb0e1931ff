#!/usr/bin/env python3
"""test_diff_page.py MEMSPY: the page of memspy diff in Chromium: it draws, zooms, finds and sorts, and hostile names stay text."""
import html
import json
import re
import subprocess
import tempfile
import unittest

from exports import MEMSPY, folder, recording, tool, write

CHROMIUM = tool('chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome')
# What a person would do, behind the page's own script; what it saw becomes the document.
ACT = '''<script>
const boxes = () => [...document.querySelectorAll('#rects div')], seen = {};
const box = name => boxes().find(b => nodes[b.dataset.i].name === name);
window.addEventListener('error', e => seen.error = e.message);
seen.title = document.title;
seen.names = boxes().map(b => nodes[b.dataset.i].name);
seen.width = document.getElementById('rects').clientWidth;
seen.beyond = document.documentElement.scrollWidth - innerWidth;
seen.order = [...document.querySelectorAll('#rows tr')].map(r => r.lastChild.textContent);
if (box('remember')) {
	const before = box('remember').offsetWidth;
	box('remember').click();
	seen.zoomed = [before, box('remember').offsetWidth];
	dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
	seen.reset = box('remember').offsetWidth;
}
find.value = 'REMEMBER';
document.getElementById('find').dispatchEvent(new Event('input'));
seen.found = boxes().filter(b => b.classList.contains('found')).map(b => nodes[b.dataset.i].name);
document.querySelectorAll('#heads button')[6].click();
seen.sorted = [...document.querySelectorAll('#rows tr')].map(r => r.lastChild.textContent);
if (boxes()[1]) {
	boxes()[1].dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: 50, clientY: 50 }));
	seen.tip = document.getElementById('tip').textContent;
}
document.documentElement.textContent = '@@' + JSON.stringify(seen) + '@@';
</script></html>'''.replace('find.value', "document.getElementById('find').value")


def page(before, after, *options):
    run = subprocess.run([MEMSPY, 'diff', before, after, '--format', 'html', *options], capture_output=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.decode()


def act(name, text, width=1200):
    path = write(f'{name}.html', text.replace('</html>', ACT).encode())
    with tempfile.TemporaryDirectory(dir=folder) as profile:
        run = subprocess.run([CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={profile}',
                              f'--window-size={width},800',
                              '--virtual-time-budget=2000', '--dump-dom', f'file://{path}'], capture_output=True, text=True, timeout=120)
    found = re.search(r'@@(.*)@@', run.stdout, re.S)
    assert found, run.stdout[-500:] + run.stderr[-1000:]
    return json.loads(html.unescape(found[1]))


class Page(unittest.TestCase):
    def test_it_draws_zooms_finds_and_sorts(self):
        seen = act('shop', page(f"{recording('shop')}@0", recording('shop')))
        self.assertNotIn('error', seen)
        self.assertEqual(seen['names'][0], 'all')
        self.assertIn('remember', seen['names'])
        self.assertLess(seen['zoomed'][0], seen['zoomed'][1])
        self.assertAlmostEqual(seen['zoomed'][1], seen['width'], delta=2)
        self.assertEqual(seen['reset'], seen['zoomed'][0])
        self.assertTrue(seen['found'] and all('remember' in name for name in seen['found']), seen['found'])
        self.assertEqual(seen['sorted'], sorted(seen['order']))
        self.assertNotEqual(seen['sorted'], seen['order'])
        self.assertRegex(seen['tip'], r'before .*, after ')

    def test_a_narrow_screen_has_room_for_it(self):
        seen = act('narrow', page(f"{recording('shop')}@0", recording('shop')), width=520)
        self.assertNotIn('error', seen)
        self.assertLess(seen['width'], 520)
        self.assertLessEqual(seen['beyond'], 0)

    def test_hostile_names_stay_text(self):
        text = page(recording('shop'), recording('hostile'))
        self.assertEqual(text.count('<script'), 2)  # its data and its own
        self.assertFalse(re.search(r'[\x00-\x08\x0b-\x1f\x7f]', text))
        seen = act('hostile', text)
        self.assertNotIn('error', seen)
        self.assertTrue(any('script' in name for name in seen['names'] + seen['order']))

    def test_a_recording_with_nothing_in_it_is_a_page(self):
        seen = act('empty', page(recording('empty'), recording('empty')))
        self.assertNotIn('error', seen)
        self.assertEqual(seen['names'], ['all'])

    def test_thousands_of_stacks_are_a_page_of_a_megabyte(self):
        text = page(f"{recording('many')}@0", recording('many'))
        self.assertLess(len(text), 2_000_000)
        self.assertNotIn('error', act('many', text))


unittest.main(verbosity=1)
