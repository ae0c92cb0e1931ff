// The flame graph, on a canvas as large as what one sees of it: fifty thousand stacks are drawn in milliseconds, because
// what is narrower than half a pixel is not looked at.
import { $, css } from './dom.js';

const ROW = 20, PAD = 5, LEAST = 0.5, WIDE = 5, MOST_HEIGHT = 440; // pixels

export class Flame {
	constructor(names, colours) {
		this.names = names;
		this.colours = colours;
		this.scroll = $('flame-scroll');
		this.spacer = $('flame-spacer');
		this.canvas = $('flame');
		this.context = this.canvas.getContext('2d');
		this.trie = null;
		this.zoomed = 0;
		this.focus = 0;
		this.hovered = 0;
		this.flipped = false;
		this.byGrowth = false;
		this.matches = null; // frames that the search found
		this.dimmed = [];
		this.inks();
		new ResizeObserver(() => this.resize()).observe(this.scroll);
		this.scroll.addEventListener('scroll', () => this.draw());
		this.canvas.addEventListener('pointermove', e => this.move(e));
		this.canvas.addEventListener('pointerleave', () => this.hover(0, null));
		this.canvas.addEventListener('click', e => this.click(e));
		this.canvas.addEventListener('dblclick', () => this.onZoom?.(0));
		this.canvas.addEventListener('keydown', e => this.key(e));
	}

	// Colours of the style sheet, asked for once: asking takes longer than drawing.
	inks() {
		this.ink = css('--flame-ink');
		this.faint = css('--flame-faint');
		this.accent = css('--accent');
		this.onAccent = css('--accent-ink');
		this.paper = css('--paper');
	}

	setTrie(trie) {
		this.trie = trie;
		this.zoomed = this.focus = this.hovered = 0;
	}

	zoom(node) {
		this.zoomed = Number.isInteger(node) && node > 0 && node < this.trie.count ? node : 0;
		this.resize();
	}

	// Rows with frames at least so wide, in what is zoomed to.
	rows(least) {
		const { trie } = this, scale = this.scale();
		let deepest = trie.depth[this.zoomed];
		for (let i = this.zoomed; i < trie.end[this.zoomed];) {
			if (trie.total[i] * scale < least && i !== this.zoomed) {
				i = trie.end[i];
				continue;
			}
			deepest = Math.max(deepest, trie.depth[i]);
			i++;
		}
		return deepest + 1;
	}

	scale() {
		return this.trie.total[this.zoomed] > 0 ? this.width / this.trie.total[this.zoomed] : 0;
	}

	resize() {
		if (!this.trie)
			return;
		const ratio = window.devicePixelRatio || 1;
		this.width = this.scroll.clientWidth;
		this.total = this.rows(LEAST) * ROW;
		// As high as what can be told apart; slivers are there for those who scroll.
		this.height = Math.max(3 * ROW, Math.min(MOST_HEIGHT, this.rows(WIDE) * ROW));
		this.spacer.style.height = `${Math.max(this.total, this.height)}px`;
		this.scroll.style.height = `${this.height}px`;
		this.canvas.width = Math.round(this.width * ratio);
		this.canvas.height = Math.round(this.height * ratio);
		this.canvas.style.width = `${this.width}px`;
		this.canvas.style.height = `${this.height}px`;
		this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
		if (this.flipped && !this.wasFlipped)
			this.scroll.scrollTop = this.total;
		this.wasFlipped = this.flipped;
		this.draw();
	}

	y(depth) {
		const from = this.scroll.scrollTop;
		return (this.flipped ? Math.max(this.total, this.height) - (depth + 1) * ROW : depth * ROW) - from;
	}

	// Left and width of a node, in pixels; what holds the zoomed one is as wide as all.
	place(node) {
		const { trie, zoomed } = this, scale = this.scale();
		if (node <= zoomed && trie.end[node] >= trie.end[zoomed])
			return [0, this.width];
		return [(trie.x[node] - trie.x[zoomed]) * scale, trie.total[node] * scale];
	}

	draw() {
		const { trie, context: c, zoomed } = this;
		if (!trie || !this.width)
			return;
		c.fillStyle = this.paper;
		c.fillRect(0, 0, this.width, this.height);
		c.font = '11.5px ui-monospace, "SF Mono", "DejaVu Sans Mono", "Liberation Mono", monospace';
		c.textBaseline = 'middle';
		this.letter = c.measureText('0').width;
		for (let up = zoomed; ; up = trie.parent[up]) {
			this.box(up, 0, this.width);
			if (up === 0)
				break;
		}
		const scale = this.scale();
		for (let i = zoomed + 1; i < trie.end[zoomed];) {
			const w = trie.total[i] * scale;
			if (w < LEAST) {
				i = trie.end[i];
				continue;
			}
			this.box(i, (trie.x[i] - trie.x[zoomed]) * scale, w);
			i++;
		}
		if (document.activeElement === this.canvas)
			this.outline(this.focus || zoomed, this.accent);
		if (this.hovered)
			this.outline(this.hovered, this.ink);
	}

	outline(node, colour) {
		const [x, w] = this.place(node), c = this.context;
		c.strokeStyle = colour;
		c.lineWidth = 1.5;
		c.strokeRect(x + 0.75, this.y(this.trie.depth[node]) + 0.75, Math.max(1, w - 1.5), ROW - 2.5);
	}

	fill(node) {
		const { trie } = this;
		if (node === 0)
			return this.colours.dark ? 'hsl(220 8% 26%)' : 'hsl(220 14% 92%)';
		if (this.byGrowth)
			return this.colours.byGrowth(trie.change[node] / Math.max(trie.total[node], trie.gross[node], 1));
		return this.colours.byModule(trie.frame[node]);
	}

	box(node, x, w) {
		const { context: c, trie } = this, y = this.y(trie.depth[node]);
		if (y > this.height || y + ROW < 0)
			return;
		const found = this.matches && this.matches[trie.frame[node]] && node;
		c.globalAlpha = this.matches && !found ? 0.35 : node < this.zoomed && node ? 0.6 : 1;
		c.fillStyle = found ? this.accent : this.fill(node);
		if (w > 3)
			c.beginPath(), c.roundRect(x, y, w - 1, ROW - 1, Math.min(2.5, w / 4)), c.fill();
		else
			c.fillRect(x, y, Math.max(w - 0.4, 0.5), ROW - 1);
		c.globalAlpha = this.matches && !found ? 0.6 : 1;
		if (w > 3 * this.letter + 2 * PAD)
			this.label(node, x + PAD, y + ROW / 2, w - 2 * PAD, found);
		c.globalAlpha = 1;
	}

	label(node, x, y, room, found) {
		const { context: c } = this, most = Math.floor(room / this.letter);
		const name = node ? this.names.fn(this.trie.frame[node]) : this.rootName;
		c.fillStyle = found ? this.onAccent : this.ink;
		if (name.length > most) {
			c.fillText(`${name.slice(0, Math.max(1, most - 1))}…`, x, y);
			return;
		}
		c.fillText(name, x, y);
		const place = node ? this.names.place(this.trie.frame[node]) : '', left = most - name.length - 2;
		if (!place || left < 8)
			return;
		if (!found)
			c.fillStyle = this.faint;
		const shown = place.length > left ? `…${place.slice(place.length - left + 1)}` : place;
		c.fillText(shown, x + (name.length + 2) * this.letter, y);
	}

	nodeAt(px, py) {
		const { trie, zoomed } = this, scale = this.scale();
		const total = Math.max(this.total, this.height), from = py + this.scroll.scrollTop;
		const depth = Math.floor((this.flipped ? total - from : from) / ROW);
		if (depth <= trie.depth[zoomed]) {
			let up = zoomed;
			while (trie.depth[up] > depth)
				up = trie.parent[up];
			return up;
		}
		for (let i = zoomed + 1; i < trie.end[zoomed];) {
			const x = (trie.x[i] - trie.x[zoomed]) * scale, w = trie.total[i] * scale;
			if (w < LEAST || px < x || px >= x + w) {
				i = trie.end[i];
				continue;
			}
			if (trie.depth[i] === depth)
				return i;
			i++;
		}
		return -1;
	}

	move(e) {
		const node = this.trie ? this.nodeAt(e.offsetX, e.offsetY) : -1;
		this.canvas.style.cursor = node >= 0 ? 'pointer' : 'default';
		this.hover(node, e);
	}

	hover(node, e) {
		const changed = node !== this.hovered;
		this.hovered = Math.max(0, node);
		if (changed)
			this.draw();
		this.onHover?.(e && node >= 0 ? e : null, node);
	}

	click(e) {
		const node = this.nodeAt(e.offsetX, e.offsetY);
		if (node < 0)
			return;
		this.focus = node;
		this.onPick?.(node);
		this.onZoom?.(node === this.zoomed ? this.trie.parent[node] : node);
	}

	// Arrows go through the tree as it is drawn, Enter zooms, Escape and Backspace go back.
	key(e) {
		const { trie } = this, at = this.focus || this.zoomed;
		const down = this.flipped ? 'ArrowUp' : 'ArrowDown', up = this.flipped ? 'ArrowDown' : 'ArrowUp';
		if (e.ctrlKey || e.metaKey || e.altKey)
			return;
		let to = -1;
		if (e.key === down) {
			const children = trie.children(at).filter(i => trie.total[i] > 0);
			to = children.length ? children.reduce((a, b) => trie.total[b] > trie.total[a] ? b : a) : at;
		} else if (e.key === up) {
			to = trie.parent[at];
		} else if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') {
			const all = trie.children(trie.parent[at]).filter(i => trie.total[i] > 0), i = all.indexOf(at);
			to = at ? all[Math.max(0, Math.min(all.length - 1, i + (e.key === 'ArrowRight' ? 1 : -1)))] ?? at : at;
		} else if (e.key === 'Enter') {
			this.onZoom?.(at);
			to = at;
		} else if (e.key === 'Escape' || e.key === 'Backspace') {
			this.onZoom?.(e.key === 'Escape' ? 0 : trie.parent[this.zoomed]);
			to = this.zoomed;
		}
		if (to < 0)
			return;
		e.preventDefault();
		e.stopPropagation();
		this.setFocus(to);
	}

	setFocus(node) {
		this.focus = node;
		if (node < this.zoomed || node >= this.trie.end[this.zoomed])
			this.onZoom?.(node);
		const y = this.y(this.trie.depth[node]);
		if (y < 0)
			this.scroll.scrollTop += y;
		else if (y + ROW > this.height)
			this.scroll.scrollTop += y + ROW - this.height;
		this.draw();
		this.onFocus?.(node);
	}
}
