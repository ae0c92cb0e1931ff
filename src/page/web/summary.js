// The top of the page: what the report says first. RSS, what of it is known, how sure that is, what is not covered.
import { $, el } from './dom.js';
import { bytes, clean, count, seconds } from './text.js';

function less(a, b) {
	return Math.max(0, a - b);
}

function when(ms) {
	return ms ? new Date(ms).toLocaleString('sv-SE').slice(0, 19) : '';
}

function every(T) {
	return T === 0 ? 'every allocation counted' : `sampled every ${bytes(T).replace('.0 ', ' ')}`;
}

const LOSSES = [
	['contention', 'allocations dropped: table busy'], ['full', 'allocations dropped: table full'],
	['frees', 'frees missed: may look like leaks'], ['merged', 'without a stack of their own: no room'],
	['text', 'functions without a name: no room'], ['truncated', 'stacks cut'], ['torn', 'entries torn at the last tick'],
];

function merged({ sites, of, lines, live }) {
	const byFile = lines ? `, ${count(lines)} of them by file` : '';
	return `To keep this page small, the smallest ${count(sites)} of ${count(of)} sites (${bytes(live)} live at the end) ` +
		`are told by line without their callers${byFile}; every sum is exact.`;
}

function notes(head) {
	const to = [], said = LOSSES.filter(([key]) => head.lost[key]).map(([key, what]) => `${count(head.lost[key])} ${what}`);
	to.push(head.lost.all ? `Lost: ${said.join('; ')}.` : said.length ? `Nothing lost; note: ${said.join('; ')}.` : 'Nothing lost.');
	if (head.cut)
		to.push(head.cut === 2 ? 'The last line of the recording is incomplete; all before it is here.' :
			'The recording was not ended: it goes on, or memspy was killed.');
	if (head.end?.startsWith('target killed'))
		to.push(`The process was ${clean(head.end).slice('target '.length)}.`);
	if (head.merged)
		to.push(merged(head.merged));
	return to;
}

// The four parts add up to RSS; what the heap's estimate has too much is taken from what it cannot explain.
export function summary(model) {
	const { head } = model, { live } = head;
	const rest = less(head.rss, live.bytes), before = Math.min(head.rss_at_attach, less(rest, head.table));
	const title = clean(head.name || head.cmdline || 'process');
	document.title = `${title} · memspy`;
	$('title').textContent = title;
	$('about').textContent = [`pid ${head.pid}`, `CPython ${clean(head.python || '?')}`, when(head.wall_ms),
		seconds(head.us / 1e6), every(head.sample_bytes), clean(head.host)].filter(Boolean).join('  ·  ');
	const half = (live.high - live.low) / 2, table = Math.min(head.table, rest - before);
	const parts = [
		{ key: 'heap', name: 'heap', v: live.bytes, title: 'allocated since attach and still live',
			says: [half > 0 ? `± ${bytes(half)}` : 'exact', `${count(live.samples)} live samples`] },
		{ key: 'before', name: 'before', v: before, title: 'RSS at attach, as far as it is not explained otherwise',
			says: ['mapped before memspy came:', 'not attributed'] },
		{ key: 'other', name: 'other', v: rest - before - table, title: 'what remains of RSS',
			says: ['libraries, stacks,', 'allocator slack'] },
		{ key: 'ours', name: 'memspy', v: table, title: 'goes when memspy leaves', says: ['our table', 'in the target'] },
	];
	const rss = { key: 'rss', name: 'RSS', v: head.rss, title: 'what the kernel says of the process',
		says: [`${bytes(head.rss_first)} at the start,`, `${bytes(head.rss_most)} at most`] };
	if (head.limit)
		rss.says.push(`its cgroup: ${bytes(head.limit)}`);
	const facts = [rss, ...parts].map(p => el('div', { class: `fact ${p.key}`, title: p.title },
		el('span', { class: 'name' }, p.name), el('strong', {}, bytes(p.v)), ...p.says.map(s => el('span', { class: 'says' }, s))));
	$('facts').replaceChildren(...facts);
	const whole = Math.max(head.rss, parts.reduce((sum, p) => sum + p.v, 0)) || 1;
	$('whole').replaceChildren(...parts.filter(p => p.v > 0).map(p => {
		const part = el('i', { class: p.key, title: `${p.name} ${bytes(p.v)}` });
		part.style.flexGrow = String(Math.round(p.v / whole * 1e4));
		return part;
	}));
	$('notes').replaceChildren(...notes(head).map(text => el('span', {}, text)));
}
