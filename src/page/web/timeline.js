// RSS, PSS and the heap over time, with a brush: the window that everything else is about.
import { brushX } from 'd3-brush';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { area, line, curveMonotoneX } from 'd3-shape';
import { $, svg } from './dom.js';
import { bytes, plusMinus, seconds } from './text.js';

const HEIGHT = 168, TOP = 12, BOTTOM = 24, LEFT = 70, RIGHT = 112;

// 1, 2, 5, 10, 20, 50 … of the unit that the largest has.
function byteTicks(most) {
	let unit = 1;
	while (most / unit >= 1024)
		unit *= 1024;
	const rough = most / unit / 4, power = 10 ** Math.floor(Math.log10(rough));
	const step = unit * power * (rough / power >= 5 ? 5 : rough / power >= 2 ? 2 : 1);
	return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400,
	172800, 604800];

function timeTicks(from, to, most) {
	const step = STEPS.find(s => (to - from) / s <= most) ?? (to - from) / most;
	const ticks = [];
	for (let i = Math.ceil(from / step); i * step <= to + step * 1e-9; i++)
		ticks.push(i * step);
	return ticks;
}

function clock(t, longest) {
	const two = v => String(Math.floor(v)).padStart(2, '0');
	if (longest < 120)
		return `${+t.toFixed(1)} s`;
	if (longest < 3600)
		return `${Math.floor(t / 60)}:${two(t % 60)}`;
	if (longest < 172800)
		return `${Math.floor(t / 3600)}:${two(t % 3600 / 60)}`;
	return `${Math.floor(t / 86400)} d ${two(t % 86400 / 3600)}:${two(t % 3600 / 60)}`;
}

export class Timeline {
	// onWindow(from, to): seconds, while one drags and after.
	constructor(model, onWindow) {
		this.model = model;
		this.onWindow = onWindow;
		this.root = $('timeline');
		this.length = model.ticks.t[model.ticks.count - 1] || 1;
		this.window = [0, this.length];
		new ResizeObserver(() => this.draw()).observe(this.root);
		this.root.addEventListener('keydown', e => this.key(e));
		this.root.addEventListener('pointermove', e => this.hover(e));
		this.root.addEventListener('pointerleave', () => this.leave());
	}

	draw() {
		const width = Math.max(320, this.root.clientWidth);
		if (width === this.width)
			return;
		this.width = width;
		this.plotWidth = width - LEFT - RIGHT;
		const { ticks } = this.model;
		// A wide interval is not what the scale is for.
		const band = i => Math.min(ticks.high[i] || 0, 1.5 * Math.max(ticks.rss[i], ticks.live[i] || 0));
		let most = 1;
		for (let i = 0; i < ticks.count; i++)
			most = Math.max(most, ticks.rss[i], ticks.pss[i] || 0, band(i));
		this.x = scaleLinear([0, this.length], [LEFT, LEFT + this.plotWidth]);
		this.y = scaleLinear([0, most * 1.04], [HEIGHT - BOTTOM, TOP]).clamp(true);
		this.svg = svg('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: 'presentation' });
		this.axes(most);
		this.losses();
		this.lines();
		this.makeBrush();
		this.root.replaceChildren(this.svg);
		this.show(...this.window);
	}

	axes(most) {
		const { x, y, width } = this;
		for (const v of byteTicks(most)) {
			this.svg.append(svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) }));
			this.text(LEFT - 8, y(v) + 4, v ? bytes(v).replace('.0 ', ' ') : '0', 'end');
		}
		for (const t of timeTicks(0, this.length, Math.min(10, this.plotWidth / 52))) {
			this.svg.append(svg('line', { class: 'tick', x1: x(t), x2: x(t), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4 }));
			this.text(x(t), HEIGHT - 7, clock(t, this.length), 'middle');
		}
	}

	text(x, y, text, anchor, extra = '') {
		const t = svg('text', { x, y, 'text-anchor': anchor, class: `label ${extra}` });
		t.textContent = text;
		this.svg.append(t);
		return t;
	}

	// Where samples were lost between two ticks, the stretch is hatched.
	losses() {
		const { ticks } = this.model;
		const size = { width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
		const pattern = svg('pattern', { id: 'hatch', ...size },
			svg('line', { x1: 0, y1: 0, x2: 0, y2: 6, class: 'hatch' }));
		this.svg.append(svg('defs', {}, pattern));
		for (let i = 1; i < ticks.count; i++) {
			if (ticks.lost[i] <= ticks.lost[i - 1])
				continue;
			const first = i;
			while (i + 1 < ticks.count && ticks.lost[i + 1] > ticks.lost[i])
				i++;
			const x1 = this.x(ticks.t[first - 1]), x2 = this.x(ticks.t[i]);
			const place = { x: x1, y: TOP, width: Math.max(2, x2 - x1), height: HEIGHT - TOP - BOTTOM };
			this.svg.append(svg('rect', { class: 'lost', fill: 'url(#hatch)', ...place }));
		}
	}

	lines() {
		const { ticks } = this.model, { x, y } = this, all = Array.from({ length: ticks.count }, (_, i) => i);
		const curve = ticks.count < 400 ? curveMonotoneX : undefined;
		const along = (v, shape = line().y(i => y(v[i]))) => {
			shape.x(i => x(ticks.t[i])).defined(i => !Number.isNaN(v[i]));
			if (curve)
				shape.curve(curve);
			return shape(all);
		};
		const path = (d, name) => d && this.svg.append(svg('path', { d, class: name }));
		path(along(ticks.rss, area().y0(y(0)).y1(i => y(ticks.rss[i]))), 'rss-area');
		path(along(ticks.live, area().y0(i => y(ticks.low[i])).y1(i => y(ticks.high[i]))), 'heap-band');
		path(this.pssLine(), 'pss-line');
		path(along(ticks.live), 'heap-line');
		path(along(ticks.rss), 'rss-line');
		this.ends();
	}

	// PSS costs the target more and is known at some ticks only: from one to the next.
	pssLine() {
		const { ticks } = this.model, known = [];
		for (let i = 0; i < ticks.count; i++)
			if (!Number.isNaN(ticks.pss[i]))
				known.push(i);
		return known.length > 1 ? line().x(i => this.x(ticks.t[i])).y(i => this.y(ticks.pss[i]))(known) : null;
	}

	// The name of each line at its end, pushed apart where they meet.
	ends() {
		const { ticks } = this.model, last = v => v.findLast(x => !Number.isNaN(x)) ?? NaN;
		const labels = [['RSS', last(ticks.rss), 'rss'], ['heap', last(ticks.live), 'heap'], ['PSS', last(ticks.pss), 'pss']]
			.filter(l => !Number.isNaN(l[1])).map(([name, v, kind]) => ({ name, v, kind, y: this.y(v) + 4 }));
		labels.sort((a, b) => a.y - b.y);
		for (let i = 1; i < labels.length; i++)
			labels[i].y = Math.max(labels[i].y, labels[i - 1].y + 13);
		for (let i = labels.length - 1, most = HEIGHT - BOTTOM + 3; i >= 0; i--, most -= 13)
			labels[i].y = Math.min(labels[i].y, most);
		for (const l of labels)
			this.text(LEFT + this.plotWidth + 8, l.y, `${l.name} ${bytes(l.v)}`, 'start', `end-${l.kind}`);
	}

	makeBrush() {
		this.brush = brushX().extent([[LEFT, TOP], [LEFT + this.plotWidth, HEIGHT - BOTTOM]])
			.on('brush end', e => this.brushed(e));
		// What is outside of the window steps back; the window has grips.
		this.outside = [0, 1].map(() => svg('rect', { class: 'outside', y: TOP, height: HEIGHT - TOP - BOTTOM }));
		this.svg.append(...this.outside);
		this.layer = select(this.svg).append('g').attr('class', 'brush');
		this.layer.call(this.brush);
		this.grips = [0, 1].map(() => svg('rect', { class: 'grip', y: (TOP + HEIGHT - BOTTOM) / 2 - 13, width: 5, height: 26, rx: 2.5 }));
		this.svg.append(...this.grips);
		this.cursor = svg('line', { class: 'cursor', y1: TOP, y2: HEIGHT - BOTTOM, x1: -9, x2: -9 });
		this.svg.append(this.cursor);
	}

	brushed(e) {
		this.frame(e.selection ?? [LEFT, LEFT + this.plotWidth]);
		if (!e.sourceEvent)
			return;
		// A click beside the window takes all of the recording.
		const [from, to] = e.selection ? e.selection.map(v => this.x.invert(v)) : [0, this.length];
		this.onWindow(from, to, e.type === 'end');
	}

	frame([from, to]) {
		const right = LEFT + this.plotWidth;
		this.svg.classList.toggle('whole', from <= LEFT && to >= right);
		[[LEFT, from], [to, right]].forEach(([a, b], i) => {
			this.outside[i].setAttribute('x', a);
			this.outside[i].setAttribute('width', Math.max(0, b - a));
			this.grips[i].setAttribute('x', (i ? to : from) - 2.5);
		});
	}

	// Puts the brush where the window is: the window is kept at moments that figures are known for.
	show(from, to) {
		this.window = [from, to];
		// Without a window of its own the brush takes a new one wherever one drags.
		const all = from <= 0 && to >= this.length;
		if (this.layer)
			this.layer.call(this.brush.move, all ? null : [this.x(from), this.x(to)]);
		this.root.setAttribute('aria-valuetext', `${seconds(from)} to ${seconds(to)}`);
	}

	// Arrows move the window, with shift its end, with alt its beginning; Home takes all.
	key(e) {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
		if (e.key === 'Home' || e.key === 'Escape') {
			this.onWindow(0, this.length, true);
		} else if (step) {
			const t = this.model.moments.t, n = t.length;
			const nearest = v => t.reduce((best, s, i) => Math.abs(s - v) < Math.abs(t[best] - v) ? i : best, 0);
			let [i, j] = this.window.map(nearest);
			if (!e.shiftKey && i + step >= 0 && j + step < n || e.altKey)
				i = Math.max(0, Math.min(j - 1, i + step));
			if (!e.altKey)
				j = Math.max(i + 1, Math.min(n - 1, j + step));
			this.onWindow(t[i], t[Math.min(j, n - 1)], true);
		} else {
			return;
		}
		e.preventDefault();
	}

	hover(e) {
		const { ticks } = this.model, at = this.x.invert(e.clientX - this.root.getBoundingClientRect().left);
		if (at < 0 || at > this.length) {
			this.leave();
			return;
		}
		let i = 0, high = ticks.count - 1;
		while (i < high) {
			const mid = (i + high) >> 1;
			if (ticks.t[mid] < at)
				i = mid + 1;
			else
				high = mid;
		}
		if (i && at - ticks.t[i - 1] < ticks.t[i] - at)
			i--;
		this.cursor.setAttribute('x1', this.x(ticks.t[i]));
		this.cursor.setAttribute('x2', this.x(ticks.t[i]));
		this.onHover?.(e, this.facts(i));
	}

	facts(i) {
		const { ticks } = this.model, rows = [['RSS', bytes(ticks.rss[i])]];
		if (!Number.isNaN(ticks.pss[i]))
			rows.push(['PSS', bytes(ticks.pss[i])]);
		if (!Number.isNaN(ticks.live[i])) {
			rows.push(['heap', `${bytes(ticks.live[i])} ${plusMinus(ticks.live[i], { low: ticks.low[i], high: ticks.high[i] })}`]);
			if (ticks.high[i] > ticks.low[i])
				rows.push(['95 %', `${bytes(ticks.low[i])} to ${bytes(ticks.high[i])}`]);
		}
		if (i && ticks.lost[i] > ticks.lost[i - 1])
			rows.push(['lost', `${ticks.lost[i] - ticks.lost[i - 1]} samples since the tick before`]);
		return { title: `at ${ticks.t[i].toFixed(1)} s`, rows };
	}

	leave() {
		this.cursor?.setAttribute('x1', -9);
		this.cursor?.setAttribute('x2', -9);
		this.onHover?.(null);
	}
}
