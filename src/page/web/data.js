// What memspy put into the page: a gzipped block of a JSON head and columns of numbers (page_pack.c writes them).
import { clean } from './text.js';

export const LIVE = 0, ALLOCATED = 5, TEMPORARY = 10; // where figures begin among the columns of an entry
export const BYTES = 0, BLOCKS = 1, SAMPLES = 2, SURE = 3, SPREAD = 4;
const COLUMNS = 13;

export async function unpack(base64) {
	if (typeof DecompressionStream === 'undefined')
		throw new Error('This browser is too old to unpack the report: Chromium 80, Firefox 113 or Safari 16.4 can.');
	const packed = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Seven bits a byte, the least first. Beyond 2^53 nothing is written.
class Reader {
	constructor(bytes, at) {
		this.bytes = bytes;
		this.at = at;
	}

	number() {
		const bytes = this.bytes;
		let b = bytes[this.at++], v = b & 0x7f, scale = 128;
		while (b > 0x7f) {
			b = bytes[this.at++];
			v += (b & 0x7f) * scale;
			scale *= 128;
		}
		return v;
	}

	// Doubled, and odd where it is below zero.
	signed() {
		const v = this.number();
		return v % 2 ? -(v + 1) / 2 : v / 2;
	}

	column(to) {
		for (let i = 0; i < to.length; i++)
			to[i] = this.number();
		return to;
	}

	signedColumn(to) {
		for (let i = 0; i < to.length; i++)
			to[i] = this.signed();
		return to;
	}

	// Differences to the number before, from `first` on.
	running(to, first = 0) {
		let v = 0;
		for (let i = first; i < to.length; i++)
			to[i] = v += this.signed();
		return to;
	}
}

// Zero stands for "not known"; what is known was written one higher.
function orNothing(column) {
	return column.map(v => v ? v - 1 : NaN);
}

function readTicks(r, n) {
	const columns = Array.from({ length: 8 }, () => r.running(new Float64Array(n)));
	const [us, rss, pss, live, below, above, lost, table] = columns;
	const heap = orNothing(live);
	return {
		count: n, t: us.map(v => v / 1e6), rss, pss: orNothing(pss), live: heap,
		low: heap.map((v, i) => v - below[i]), high: heap.map((v, i) => v + above[i]), lost, table,
	};
}

function readFrames(r, n) {
	const column = () => r.running(new Int32Array(n + 1), 1);
	return { count: n, fn: column(), file: column(), line: column(), kind: column() };
}

function readStacks(r, n) {
	const parent = new Uint32Array(n + 1), frame = new Uint32Array(n + 1);
	for (let i = 1; i <= n; i++)
		parent[i] = i - r.number();
	r.running(frame, 1);
	return { count: n, parent, frame };
}

function readSites(r, n) {
	const stack = r.running(new Uint32Array(n)), thread = r.column(new Uint32Array(n));
	const start = new Uint32Array(n + 1);
	for (let i = 0; i < n; i++)
		start[i + 1] = start[i] + r.number();
	const peak = Array.from({ length: 5 }, () => r.signedColumn(new Float64Array(n)));
	return { count: n, stack, thread, start, peak };
}

// What is told are differences to a guess: more samples weigh what the samples before did. page_figures.c guesses alike.
const MOST = 2 ** 51;

function whole(v) {
	return Math.floor(Math.max(-MOST, Math.min(MOST, v)) + 0.5);
}

function guess(before, more, of, samples) {
	return whole(before + (samples ? more * of / samples : 0));
}

function guessSpread(beforeSquared, more, of, samples) {
	return whole(Math.sqrt(Math.max(0, beforeSquared + (samples ? more * (of * of) / samples : 0))));
}

// Figures of one site as the entries run on: live, allocated and temporary, five or three numbers each.
class Running {
	constructor(columns) {
		this.columns = columns;
		this.before = new Float64Array(COLUMNS);
		this.now = new Float64Array(COLUMNS);
	}

	live(i) {
		const { columns: c, before: b, now } = this, more = c[SAMPLES][i];
		const of = b[LIVE + SAMPLES] ? LIVE : ALLOCATED, n = b[of + SAMPLES];
		now[SAMPLES] = b[SAMPLES] + more;
		for (const k of [BYTES, BLOCKS, SURE])
			now[k] = c[k][i] + guess(b[k], more, b[of + k], n);
		now[SPREAD] = c[SPREAD][i] + guessSpread(b[SPREAD] * b[SPREAD], more, b[of + SPREAD], n);
	}

	allocated(i) {
		const { columns: c, before: b, now } = this, A = ALLOCATED, more = c[A + SAMPLES][i];
		const from = b[A + SAMPLES] ? b : now, of = b[A + SAMPLES] ? A : LIVE, n = from[of + SAMPLES];
		now[A + SAMPLES] = now[SAMPLES] + b[A + SAMPLES] - b[SAMPLES] + more;
		for (const k of [BYTES, BLOCKS, SURE])
			now[A + k] = now[k] + c[A + k][i] + guess(b[A + k] - b[k], more, from[of + k], n);
		const squared = now[SPREAD] * now[SPREAD] + (b[A + SPREAD] * b[A + SPREAD] - b[SPREAD] * b[SPREAD]);
		now[A + SPREAD] = c[A + SPREAD][i] + guessSpread(squared, more, from[of + SPREAD], n);
	}

	temporary(i) {
		const { columns: c, before: b, now } = this, t = TEMPORARY, more = c[t + SAMPLES][i];
		now[t + SAMPLES] = b[t + SAMPLES] + more;
		for (const k of [BYTES, BLOCKS])
			now[t + k] = c[t + k][i] + guess(b[t + k], more, now[ALLOCATED + k], now[ALLOCATED + SAMPLES]);
	}

	entry(i) {
		this.live(i);
		this.allocated(i);
		this.temporary(i);
		for (let k = 0; k < COLUMNS; k++)
			this.columns[k][i] = this.before[k] = this.now[k];
	}

	peak(peak, s) {
		const { before: b } = this, more = peak[SAMPLES][s];
		const of = b[LIVE + SAMPLES] ? LIVE : ALLOCATED, n = b[of + SAMPLES];
		for (const k of [BYTES, BLOCKS, SURE])
			peak[k][s] += guess(b[k], more, b[of + k], n);
		peak[SPREAD][s] += guessSpread(b[SPREAD] * b[SPREAD], more, b[of + SPREAD], n);
		peak[SAMPLES][s] = b[SAMPLES] + more;
	}
}

function readEntries(r, n, sites) {
	const moment = r.column(new Uint32Array(n));
	const columns = Array.from({ length: COLUMNS }, () => r.signedColumn(new Float64Array(n)));
	const running = new Running(columns);
	for (let s = 0; s < sites.count; s++) {
		running.before.fill(0);
		for (let i = sites.start[s]; i < sites.start[s + 1]; i++) {
			if (i > sites.start[s])
				moment[i] += moment[i - 1];
			running.entry(i);
		}
		running.peak(sites.peak, s);
	}
	return { count: n, moment, columns };
}

export function read(bytes) {
	const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
	const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
	const r = new Reader(bytes, 4 + length), n = head.counts;
	const ticks = readTicks(r, n.ticks);
	const moments = {
		count: n.moments,
		t: r.running(new Float64Array(n.moments)).map(v => v / 1e6),
		T: r.running(new Float64Array(n.moments)),
	};
	const frames = readFrames(r, n.frames), stacks = readStacks(r, n.stacks), sites = readSites(r, n.sites);
	const entries = readEntries(r, n.entries, sites);
	const modules = new Map(head.modules.map(([file, name, kind]) => [file, { name: clean(name), kind }]));
	return { head, ticks, moments, frames, stacks, sites, entries, modules };
}
