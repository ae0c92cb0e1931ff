// What one can press and type, and what it does to the page.
import { $, el } from './dom.js';
import { VIEWS } from './figures.js';
import { BY } from './rows.js';

function choices(page) {
	for (const [key, view] of Object.entries(VIEWS))
		$('views').append(el('button', { type: 'button', role: 'radio', 'data-view': key, title: view.does }, view.label));
	for (const by of Object.keys(BY))
		$('by').append(el('option', { value: by }, `by ${by}`));
	const { head, sites } = page.model, used = new Set(sites.thread);
	$('thread').append(el('option', { value: '' }, 'all threads'));
	head.threads.forEach((_, i) => used.has(i) && $('thread').append(el('option', { value: i }, page.names.thread(i))));
	$('thread').hidden = used.size < 2;
}

function buttons(page) {
	const click = (id, does) => $(id).addEventListener('click', does);
	click('help-button', () => $('help').showModal());
	click('help', e => e.target === $('help') && $('help').close());
	click('theme', () => page.set({ theme: page.isDark() ? 'light' : 'dark' }));
	click('all-time', () => page.setWindow(0, page.timeline.length, true));
	click('reset-zoom', () => page.set({ zoom: '' }));
	click('views', e => e.target.dataset.view && page.set({ view: e.target.dataset.view, zoom: '' }));
	// Another shape of the tree has other nodes: nothing is zoomed to in it.
	const flip = (key, on, off, others) => click(key, () => page.set({ [key]: page.state.at[key] === on ? off : on, ...others }));
	flip('shape', 'flame', 'icicle');
	flip('inverted', 'yes', '', { zoom: '' });
	flip('imports', 'hidden', '', { zoom: '' });
	flip('colour', 'growth', 'module');
	$('by').addEventListener('change', () => page.set({ by: $('by').value }));
	$('thread').addEventListener('change', () => page.set({ thread: $('thread').value, zoom: '' }));
	$('find').addEventListener('input', () => page.set({ find: $('find').value }));
}

function parts(page) {
	const { flame, timeline, table, tip } = page;
	flame.onZoom = node => page.set({ zoom: node || '' });
	flame.onPick = node => page.pickFrame(flame.trie.frame[node]);
	flame.onFocus = node => page.say(node);
	flame.onHover = (e, node) => tip.show(e, e && page.flameFacts(node));
	timeline.onHover = (e, facts) => tip.show(e, facts);
	table.onSort = (sort, up) => page.set({ sort, up: up ? 'yes' : '' });
	table.onPick = row => page.pickRow(row);
}

const KEYS = {
	'/': () => $('find').focus(), '?': () => $('help').showModal(),
	f: () => $('shape').click(), i: () => $('inverted').click(), h: () => $('imports').click(), c: () => $('colour').click(),
	d: () => $('theme').click(), a: () => $('all-time').click(), t: () => $('timeline').focus(), g: () => $('flame').focus(),
	r: () => ($('rows').firstElementChild ?? $('by')).focus(),
};

function key(page, e) {
	if (e.ctrlKey || e.metaKey || e.altKey || $('help').open || e.target.closest('select'))
		return;
	if (e.target === $('find')) {
		if (e.key === 'Escape') {
			page.set({ find: '' });
			$('find').blur();
		}
		return;
	}
	const view = Object.keys(VIEWS)[Number(e.key) - 1];
	if (view)
		page.set({ view, zoom: '' });
	else if (e.key === 'Escape')
		page.set({ zoom: '', find: '' });
	else if (Object.hasOwn(KEYS, e.key))
		KEYS[e.key]();
	else
		return;
	e.preventDefault();
}

// Arrows go along the views, as in any group of choices.
function viewKey(page, e) {
	const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key], keys = Object.keys(VIEWS);
	if (!step)
		return;
	e.preventDefault();
	const view = keys[(keys.indexOf(page.state.at.view) + step + keys.length) % keys.length];
	page.set({ view, zoom: '' });
	$('views').querySelector(`[data-view=${view}]`).focus();
}

export function control(page) {
	choices(page);
	buttons(page);
	parts(page);
	document.addEventListener('keydown', e => key(page, e));
	$('views').addEventListener('keydown', e => viewKey(page, e));
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => page.paint());
	// Paper is white.
	addEventListener('beforeprint', () => page.paint(false));
	addEventListener('afterprint', () => page.paint());
}

// What is pressed, chosen and typed, as the state has it.
export function showControls(page) {
	const { at } = page.state;
	for (const b of $('views').children) {
		b.setAttribute('aria-checked', b.dataset.view === at.view);
		b.tabIndex = b.dataset.view === at.view ? 0 : -1;
	}
	const pressed = { shape: 'flame', inverted: 'yes', imports: 'hidden', colour: 'growth' };
	for (const [id, on] of Object.entries(pressed))
		$(id).setAttribute('aria-pressed', at[id] === on);
	$('by').value = at.by;
	$('thread').value = at.thread;
	if ($('find').value !== at.find)
		$('find').value = at.find;
	$('all-time').hidden = page.window[0] === 0 && page.window[1] === page.model.moments.count - 1;
}
