// Sites summed up by line, function, file, module or thread. A site is the own of one row: that of its innermost Python
// frame; so the rows add up to the whole, to the byte. src/report/rows.c does the same.
import { NO_PYTHON, PYTHON } from './names.js';
import { none, PARTS, withInterval } from './figures.js';

export const BY = { line: 'line', function: 'function', file: 'file', module: 'module', thread: 'thread' };
const KEYS = Object.keys(none());

// What two frames must share to be in one row.
function keyOf(by, names, frame) {
	const { frames } = names.model;
	if (!frame)
		return '-';
	const kind = frames.kind[frame], fn = frames.fn[frame], file = frames.file[frame], line = frames.line[frame];
	if (kind !== PYTHON)
		return `k${kind}:${fn}:${file}`;
	if (by === 'line')
		return line ? `${file}:${line}` : `${file}:0:${fn}`;
	if (by === 'function')
		return `${fn}:${file}`;
	return by === 'module' ? `m${names.module(frame).name}` : `${file}`;
}

// Rows and which sites, and which stacks, are in them; the same for every window.
export class Rows {
	constructor(model, names, by) {
		this.model = model;
		this.names = names;
		this.by = by;
		this.count = 0;
		this.frame = []; // one frame of each row, to name it by
		if (by === 'thread')
			this.byThread();
		else
			this.byFrame();
	}

	byThread() {
		this.count = this.model.head.threads.length;
		this.ofSite = Int32Array.from(this.model.sites.thread);
	}

	byFrame() {
		const { frames, stacks, sites } = this.model, keys = new Map();
		this.ofFrame = new Int32Array(frames.count + 1);
		for (let f = 0; f <= frames.count; f++) {
			const key = keyOf(this.by, this.names, f);
			let row = keys.get(key);
			if (row === undefined) {
				keys.set(key, row = this.count++);
				this.frame.push(f);
			}
			this.ofFrame[f] = row;
		}
		this.leaves();
		this.ofSite = Int32Array.from(sites.stack, stack => this.ofFrame[this.leaf[stack]]);
		this.firsts();
	}

	// The frame a stack's bytes belong to: the innermost of Python, or what there is.
	leaves() {
		const { frames, stacks } = this.model;
		const leaf = this.leaf = new Uint32Array(stacks.count + 1);
		const has = new Uint8Array(stacks.count + 1);
		for (let s = 1; s <= stacks.count; s++) {
			const frame = stacks.frame[s], up = stacks.parent[s];
			const python = frames.kind[frame] === PYTHON;
			has[s] = python || has[up];
			leaf[s] = python || !has[up] ? frame : leaf[up];
		}
	}

	// Stacks above which their row is not: recursion does not count twice.
	firsts() {
		const { stacks } = this.model, row = s => this.ofFrame[stacks.frame[s]];
		this.first = new Uint8Array(stacks.count + 1);
		for (let s = 1; s <= stacks.count; s++) {
			let up = stacks.parent[s];
			while (up && row(up) !== row(s))
				up = stacks.parent[up];
			this.first[s] = up ? 0 : 1;
		}
	}

	// Rows with figures in this window. shows: for each site whether it counts.
	sum(w, shows) {
		const { stacks, sites } = this.model, n = this.count;
		const bytes = new Float64Array(n), change = new Float64Array(n), any = new Uint8Array(n), total = new Float64Array(n);
		const ofStack = new Float64Array(stacks.count + 1);
		const sums = () => Object.fromEntries(KEYS.map(k => [k, new Float64Array(n)]));
		const part = Object.fromEntries(PARTS.filter(p => w[p]).map(p => [p, sums()]));
		for (let s = 0; s < sites.count; s++) {
			if (shows && !shows[s])
				continue;
			const row = this.ofSite[s];
			bytes[row] += w.bytes[s];
			change[row] += w.change[s];
			ofStack[sites.stack[s]] += w.bytes[s];
			if (w.now.samples[s] || w.now.bytes[s] || (w.before && w.before.bytes[s]))
				any[row] = 1;
		}
		for (const p in part)
			for (const key of KEYS)
				this.addUp(part[p][key], w[p][key], shows);
		this.totals(ofStack, total, bytes);
		if (this.by === 'line')
			this.nameLines(w, shows);
		const rows = [];
		for (let row = 0; row < n; row++)
			if (any[row] || total[row])
				rows.push({ row, bytes: bytes[row], total: total[row], change: change[row], part });
		rows.forEach(r => { r.blocks = part.now.blocks[r.row] - (part.before ? part.before.blocks[r.row] : 0); });
		return rows;
	}

	// A line that several functions share is called after the one with most bytes there.
	nameLines(w, shows) {
		const { sites } = this.model, own = new Float64Array(this.ofFrame.length);
		for (let s = 0; s < sites.count; s++)
			if (!shows || shows[s])
				own[this.leaf[sites.stack[s]]] += w.bytes[s];
		const most = new Float64Array(this.count);
		for (let f = 0; f < own.length; f++)
			if (own[f] > most[this.ofFrame[f]]) {
				most[this.ofFrame[f]] = own[f];
				this.frame[this.ofFrame[f]] = f;
			}
	}

	addUp(to, from, shows) {
		const { ofSite } = this;
		for (let s = 0; s < from.length; s++)
			if (!shows || shows[s])
				to[ofSite[s]] += from[s];
	}

	totals(ofStack, total, own) {
		const { stacks } = this.model;
		if (this.by === 'thread') {
			total.set(own);
			return;
		}
		const beneath = ofStack.slice();
		for (let s = stacks.count; s; s--) {
			beneath[stacks.parent[s]] += beneath[s];
			if (this.first[s])
				total[this.ofFrame[stacks.frame[s]]] += beneath[s];
		}
		total[this.ofFrame[0]] += ofStack[0];
	}

	// What a row is called: { place, fn, frame }
	label(row) {
		if (this.by === 'thread')
			return { place: '', fn: this.names.thread(row), frame: 0 };
		const frame = this.frame[row], { frames } = this.model;
		if (!frame || frames.kind[frame] !== PYTHON)
			return { place: '', fn: frame ? this.names.fn(frame) : NO_PYTHON, frame };
		if (this.by === 'module')
			return { place: '', fn: this.names.module(frame).name || this.names.path(frames.file[frame]), frame };
		if (this.by === 'file')
			return { place: this.names.path(frames.file[frame]), fn: '', frame };
		if (this.by === 'function')
			return { place: this.names.path(frames.file[frame]), fn: this.names.fn(frame), frame };
		return { place: this.names.place(frame), fn: this.names.fn(frame), frame };
	}
}

// How sure a row is; worked out for rows that are shown only.
export function intervalOf(w, r) {
	const at = p => r.part[p] ? Object.fromEntries(KEYS.map(k => [k, r.part[p][k][r.row]])) : none();
	return withInterval(w, { now: at('now'), before: at('before'), came: at('came'), change: r.change });
}
