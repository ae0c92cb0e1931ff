// Stacks as a tree for the flame graph. Nodes are numbered so that each comes before what hangs on it, and a node with
// all beneath it is one stretch: [node, end[node]). The shape is made once; a window only fills in bytes.
import { IMPORT } from './names.js';

class Maker {
	constructor(frames) {
		this.width = frames + 1;
		this.found = new Map();
		this.parent = [0];
		this.frame = [0];
	}

	child(parent, frame) {
		const key = parent * this.width + frame;
		let node = this.found.get(key);
		if (node === undefined) {
			this.found.set(key, node = this.parent.length);
			this.parent.push(parent);
			this.frame.push(frame);
		}
		return node;
	}
}

// Which node each stack ends in, root outermost or (inverted) root innermost.
function nodesOfStacks(maker, model, hides, inverted) {
	const { stacks, sites } = model, node = new Uint32Array(stacks.count + 1);
	node[0] = maker.child(0, 0);
	if (!inverted) {
		const inside = new Uint32Array(stacks.count + 1); // without the frame that stands for "no Python"
		for (let s = 1; s <= stacks.count; s++) {
			const up = inside[stacks.parent[s]], frame = stacks.frame[s];
			inside[s] = hides(frame) ? up : maker.child(up, frame);
			node[s] = inside[s] || node[0];
		}
		return node;
	}
	for (const stack of new Set(sites.stack)) {
		let at = 0;
		for (let s = stack; s; s = stacks.parent[s])
			if (!hides(stacks.frame[s]))
				at = maker.child(at, stacks.frame[s]);
		node[stack] = at || node[0];
	}
	return node;
}

// Children by weight, heaviest first, whatever the window: what one looks at stays where it is.
function order(parent, weight) {
	const n = parent.length, first = new Int32Array(n).fill(-1), next = new Int32Array(n).fill(-1);
	const light = Array.from({ length: n }, (_, i) => i).sort((a, b) => weight[a] - weight[b] || b - a);
	for (const i of light) {
		if (i === 0)
			continue;
		next[i] = first[parent[i]];
		first[parent[i]] = i;
	}
	const number = new Uint32Array(n);
	for (let i = 0, k = 0; ;) {
		number[i] = k++;
		if (first[i] >= 0) {
			i = first[i];
			continue;
		}
		while (i && next[i] < 0)
			i = parent[i];
		if (i === 0)
			break;
		i = next[i];
	}
	return number;
}

export class Trie {
	constructor(model, names, weights, { hideImports = false, inverted = false }) {
		const { frames, sites } = model, maker = new Maker(frames.count);
		const isImport = Uint8Array.from({ length: frames.count + 1 }, (_, f) => f && names.module(f).kind === IMPORT ? 1 : 0);
		const ofStack = nodesOfStacks(maker, model, f => hideImports && isImport[f] === 1, inverted);
		const n = this.count = maker.parent.length, weight = new Float64Array(n);
		for (let s = 0; s < sites.count; s++)
			weight[ofStack[sites.stack[s]]] += weights[s];
		for (let i = n - 1; i > 0; i--)
			weight[maker.parent[i]] += weight[i];
		const number = order(maker.parent, weight);
		this.parent = new Uint32Array(n);
		this.frame = new Uint32Array(n);
		for (let i = 0; i < n; i++) {
			this.parent[number[i]] = number[maker.parent[i]];
			this.frame[number[i]] = maker.frame[i];
		}
		this.ofSite = Uint32Array.from(sites.stack, s => number[ofStack[s]]);
		this.shape();
	}

	shape() {
		const n = this.count;
		this.depth = new Uint16Array(n);
		this.end = new Uint32Array(n);
		for (let i = 1; i < n; i++)
			this.depth[i] = this.depth[this.parent[i]] + 1;
		for (let i = n - 1; i >= 0; i--) {
			this.end[i] = Math.max(this.end[i], i + 1);
			if (i)
				this.end[this.parent[i]] = Math.max(this.end[this.parent[i]], this.end[i]);
		}
		this.sitesByNode = Uint32Array.from(this.ofSite.keys()).sort((a, b) => this.ofSite[a] - this.ofSite[b]);
		this.total = new Float64Array(n);
		this.change = new Float64Array(n);
		this.gross = new Float64Array(n);
		this.x = new Float64Array(n);
	}

	// Bytes below zero (what shrank) have no width.
	fill(w, shows) {
		const { total, change, gross, x, parent, count } = this, next = new Float64Array(count);
		total.fill(0);
		change.fill(0);
		gross.fill(0);
		for (let s = 0; s < this.ofSite.length; s++) {
			if (shows && !shows[s])
				continue;
			const node = this.ofSite[s];
			total[node] += Math.max(0, w.bytes[s]);
			change[node] += w.change[s];
			gross[node] += Math.abs(w.change[s]);
		}
		for (let i = count - 1; i > 0; i--) {
			total[parent[i]] += total[i];
			change[parent[i]] += change[i];
			gross[parent[i]] += gross[i];
		}
		for (let i = 1; i < count; i++) {
			const p = parent[i];
			x[i] = next[i] = next[p];
			next[p] += total[i];
		}
	}

	// Sites in a node and beneath it.
	*sites(node) {
		const { sitesByNode, ofSite } = this;
		let low = 0, high = sitesByNode.length;
		while (low < high) {
			const mid = (low + high) >> 1;
			if (ofSite[sitesByNode[mid]] < node)
				low = mid + 1;
			else
				high = mid;
		}
		for (; low < sitesByNode.length && ofSite[sitesByNode[low]] < this.end[node]; low++)
			yield sitesByNode[low];
	}

	*ownSites(node) {
		for (const s of this.sites(node)) {
			if (this.ofSite[s] !== node)
				return;
			yield s;
		}
	}

	children(node) {
		const to = [];
		for (let i = node + 1; i < this.end[node]; i = this.end[i])
			to.push(i);
		return to;
	}
}
