// The figures of every site in a window of the recording, by view. What `memspy report --view` says of the same stretch.
import { ALLOCATED, BLOCKS, BYTES, LIVE, SAMPLES, SPREAD, SURE, TEMPORARY } from './data.js';
import { growth, interval } from './estimate.js';

export const VIEWS = {
	live: { label: 'Live', verb: 'live', does: 'allocated and not freed, at the end of the window' },
	allocated: { label: 'Allocated', verb: 'allocated', does: 'allocated in the window, freed or not' },
	peak: { label: 'Peak', verb: 'live at the peak', does: 'live when the heap was largest in the window' },
	growth: { label: 'Growth', verb: 'grown', does: 'live at the end of the window, less live at its beginning' },
	temporary: { label: 'Temporary', verb: 'temporary', does: 'allocated in the window and freed by the same thread at once' },
	leaks: { label: 'Leaks', verb: 'kept', does: 'live at the end and when nine tenths had passed: the most that can have stayed' },
};

// A sum of figures: five numbers that add up. Three of them for growth, which is uncertain only in what came and went.
export const PARTS = ['now', 'before', 'came'];
const KEYS = ['bytes', 'blocks', 'samples', 'sure', 'variance'];

const empty = n => Object.fromEntries(KEYS.map(k => [k, new Float64Array(n)]));

export function none() {
	return { bytes: 0, blocks: 0, samples: 0, sure: 0, variance: 0 };
}

export class Figures {
	constructor(model) {
		this.model = model;
		this.entryAt = new Map(); // moment → for each site its newest entry, or -1
		this.heapAt = Float64Array.from({ length: model.moments.count }, (_, m) => this.sumAt(m));
	}

	// Moments nearest to two times, the first before the second where there are two.
	momentsOf(from, to) {
		const { t, count } = this.model.moments;
		const nearest = s => {
			let best = 0;
			for (let i = 1; i < count; i++)
				if (Math.abs(t[i] - s) <= Math.abs(t[best] - s))
					best = i;
			return best;
		};
		let i = nearest(from), j = nearest(to);
		if (i === j && count > 1)
			j < count - 1 ? j++ : i--;
		return [i, j];
	}

	entries(moment) {
		let at = this.entryAt.get(moment);
		if (at)
			return at;
		const { sites, entries } = this.model, m = entries.moment;
		at = new Int32Array(sites.count);
		for (let s = 0; s < sites.count; s++) {
			let low = sites.start[s], high = sites.start[s + 1]; // the first entry after the moment
			const first = low;
			while (low < high) {
				const mid = (low + high) >> 1;
				if (m[mid] <= moment)
					low = mid + 1;
				else
					high = mid;
			}
			at[s] = low > first ? low - 1 : -1;
		}
		if (this.entryAt.size > 16)
			this.entryAt.delete(this.entryAt.keys().next().value);
		this.entryAt.set(moment, at);
		return at;
	}

	sumAt(moment) {
		const at = this.entries(moment), live = this.model.entries.columns[LIVE];
		let sum = 0;
		for (const i of at)
			sum += i < 0 ? 0 : live[i];
		return sum;
	}

	// Adds (or takes off, sign -1) one estimate of every site at a moment.
	add(to, first, moment, sign = 1) {
		const at = this.entries(moment), c = this.model.entries.columns;
		const column = (key, from, square) => {
			const sum = to[key];
			for (let s = 0; s < at.length; s++)
				if (at[s] >= 0)
					sum[s] += sign * (square ? from[at[s]] * from[at[s]] : from[at[s]]);
		};
		column('bytes', c[first + BYTES]);
		column('blocks', c[first + BLOCKS]);
		column('samples', c[first + SAMPLES]);
		if (first === TEMPORARY)
			return to;
		column('sure', c[first + SURE]);
		column('variance', c[first + SPREAD], true);
		return to;
	}

	live(moment) {
		return this.add(empty(this.model.sites.count), LIVE, moment);
	}

	// From the first moment on all counts, what was before the first tick as well, unless it is for growth.
	between(first, i, j, sinceAttach = i === 0) {
		const to = this.add(empty(this.model.sites.count), first, j);
		if (!sinceAttach)
			this.add(to, first, i, -1);
		for (const key of KEYS)
			for (let s = 0; s < to[key].length; s++)
				if (to[key][s] < 0)
					to[key][s] = 0;
		return to;
	}

	// How sure temporary figures are was not kept: they are taken for blocks like the others of their site.
	temporary(i, j) {
		const to = this.between(TEMPORARY, i, j), came = this.between(ALLOCATED, i, j);
		for (let s = 0; s < to.bytes.length; s++) {
			const share = came.bytes[s] ? to.bytes[s] / came.bytes[s] : 0;
			to.variance[s] = came.variance[s] * share;
			to.sure[s] = Math.min(Math.floor(came.sure[s] * share), to.bytes[s]);
		}
		return to;
	}

	// The figures at the peak are kept exactly if the window has the peak of the whole recording in it.
	peak(i, j) {
		const { moments, sites, head } = this.model, at = head.peak_us / 1e6;
		const to = empty(sites.count);
		if ((moments.t[i] <= at && at <= moments.t[j]) || moments.count < 2) {
			KEYS.forEach((key, k) => to[key].set(sites.peak[k]));
			for (let s = 0; s < sites.count; s++)
				to.variance[s] **= 2;
			return { figures: to, t: at };
		}
		let best = i;
		for (let m = i; m <= j; m++)
			if (this.heapAt[m] > this.heapAt[best])
				best = m;
		return { figures: this.live(best), t: moments.t[best] };
	}

	markOf(i, j) {
		const { t } = this.model.moments, at = t[i] + 0.9 * (t[j] - t[i]) - 0.5e-6;
		let m = i;
		while (m < j && t[m] < at)
			m++;
		return m === j && j > i ? j - 1 : m; // at the end nothing could have changed
	}

	// The smaller of two figures is the most that can have stayed.
	stayed(i, j) {
		const then = this.live(this.markOf(i, j)), now = this.live(j);
		for (let s = 0; s < now.bytes.length; s++)
			if (then.bytes[s] < now.bytes[s])
				for (const key of KEYS)
					now[key][s] = then[key][s];
		return now;
	}

	// { now, before, came } by site (before and came for growth only), the change of what is live, and what it is all of.
	window(view, i, j) {
		const { t, T } = this.model.moments;
		const w = { view, i, j, T: T[j], from: t[i], to: t[j], at: t[j], before: null, came: null };
		if (view === 'peak') {
			const peak = this.peak(i, j);
			w.now = peak.figures;
			w.at = peak.t;
		} else {
			w.now = view === 'allocated' ? this.between(ALLOCATED, i, j) :
				view === 'temporary' ? this.temporary(i, j) :
				view === 'leaks' ? this.stayed(i, j) : this.live(j);
		}
		if (view === 'leaks')
			w.mark = t[this.markOf(i, j)];
		if (view === 'growth') {
			w.before = this.live(i);
			w.came = this.between(ALLOCATED, i, j, false);
		}
		w.bytes = w.before ? w.now.bytes.map((v, s) => v - w.before.bytes[s]) : w.now.bytes;
		w.change = this.change(i, j);
		return w;
	}

	change(i, j) {
		const live = this.model.entries.columns[LIVE], a = this.entries(i), b = this.entries(j);
		const to = new Float64Array(a.length);
		for (let s = 0; s < to.length; s++)
			to[s] = (b[s] < 0 ? 0 : live[b[s]]) - (a[s] < 0 ? 0 : live[a[s]]);
		return to;
	}
}

// The sum over some sites of a window, with its interval. sites: their numbers. shows: for each whether it counts.
export function sumOf(w, sites) {
	const of = column => {
		let sum = 0;
		for (const s of sites)
			sum += column[s];
		return sum;
	};
	return summed(w, of);
}

export function sumOfAll(w, shows) {
	const of = column => {
		let sum = 0;
		for (let s = 0; s < column.length; s++)
			if (!shows || shows[s])
				sum += column[s];
		return sum;
	};
	return summed(w, of);
}

function summed(w, of) {
	const sum = { change: of(w.change) };
	for (const part of PARTS)
		sum[part] = w[part] ? Object.fromEntries(KEYS.map(key => [key, of(w[part][key])])) : none();
	return withInterval(w, sum);
}

export function withInterval(w, sum) {
	const sure = w.before ? growth(sum.before, sum.now, sum.came, w.T) : interval(sum.now, w.T);
	const blocks = sum.now.blocks - sum.before.blocks;
	return { ...sum, bytes: sum.now.bytes - sum.before.bytes, blocks, samples: sum.now.samples, ...sure };
}
