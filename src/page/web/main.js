// The page, put together: one window and one view; timeline, flame graph, table and source follow.
import { Colours } from './colour.js';
import { control, showControls } from './controls.js';
import { read, unpack } from './data.js';
import { $ } from './dom.js';
import { Figures, sumOfAll, VIEWS } from './figures.js';
import { Flame } from './flame.js';
import { Names, PYTHON } from './names.js';
import { BY, Rows } from './rows.js';
import { Source } from './source.js';
import { State } from './state.js';
import { summary } from './summary.js';
import { SORTS, Table } from './table.js';
import { bytes, clean, percent } from './text.js';
import { Timeline } from './timeline.js';
import { Tooltip } from './tooltip.js';
import { Trie } from './trie.js';
import { figuresOf, sentence } from './words.js';

class Page {
	constructor(model) {
		this.model = model;
		this.names = new Names(model);
		this.title = clean(model.head.name || 'all');
		this.figures = new Figures(model);
		this.colours = new Colours(model, this.names);
		this.rowsBy = {};
		this.tries = {};
		this.weights = this.weigh();
		this.tip = new Tooltip();
		summary(model);
		this.state = new State(this.asked(), () => this.restore());
		this.timeline = new Timeline(model, (from, to, done) => this.setWindow(from, to, done));
		this.flame = new Flame(this.names, this.colours);
		this.table = new Table();
		this.source = new Source(model, this.names);
		control(this);
		this.restore();
		this.pickFirst();
	}

	// The heaviest line and its source: most come for it.
	pickFirst() {
		const first = this.table.shown[0];
		if (first)
			this.pickRow(first.row);
	}

	// The order of the flame graph: by what a site ever weighs in any view.
	weigh() {
		const { sites, moments } = this.model, last = moments.count - 1;
		const live = this.figures.live(last).bytes, all = this.figures.between(5, 0, last).bytes, peak = sites.peak[0];
		const sum = v => v.reduce((a, b) => a + b, 0) || 1, sums = [sum(live), sum(all), sum(peak)];
		return Float64Array.from(live, (v, s) => v / sums[0] + all[s] / sums[1] + peak[s] / sums[2]);
	}

	// What memspy report was asked for.
	asked() {
		const { ask, us } = this.model.head;
		return {
			view: ask.view, by: ask.by, from: ask.from_ms ? String(ask.from_ms / 1e3) : '',
			to: ask.to_ms * 1e3 < us ? String(ask.to_ms / 1e3) : '',
		};
	}

	isDark() {
		return this.state.at.theme ? this.state.at.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
	}

	paint(dark = this.isDark()) {
		document.documentElement.dataset.theme = dark ? 'dark' : 'light';
		this.painted = true;
		this.colours.setDark(dark);
		this.flame.inks();
		this.flame.draw();
	}

	set(changes) {
		this.state.set(changes);
		this.update();
	}

	restore() {
		const { at } = this.state;
		const allowed = (key, all, fallback) => { at[key] = Object.hasOwn(all, at[key]) ? at[key] : fallback; };
		allowed('view', VIEWS, 'live');
		allowed('by', BY, 'line');
		allowed('sort', SORTS, 'bytes');
		at.thread = this.model.head.threads[at.thread] === undefined ? '' : at.thread;
		const from = Number.parseFloat(at.from), to = Number.parseFloat(at.to);
		this.window = this.figures.momentsOf(Number.isFinite(from) ? from : 0, Number.isFinite(to) ? to : this.timeline.length);
		this.showWindow();
		this.update();
	}

	setWindow(from, to, done) {
		const [i, j] = this.figures.momentsOf(from, to), changed = i !== this.window[0] || j !== this.window[1];
		const last = this.model.moments.count - 1, { t } = this.model.moments;
		this.window = [i, j];
		if (changed) {
			const started = performance.now();
			this.state.set({ from: i ? t[i].toFixed(3) : '', to: j < last ? t[j].toFixed(3) : '' });
			this.update();
			this.latency = performance.now() - started;
		}
		if (done)
			this.showWindow();
	}

	showWindow() {
		const { t } = this.model.moments, [i, j] = this.window;
		this.timeline.show(t[i], t[j]);
	}

	shows() {
		const thread = this.state.at.thread;
		if (thread === '')
			return null;
		return Uint8Array.from(this.model.sites.thread, t => t === Number(thread) ? 1 : 0);
	}

	trie() {
		const { at } = this.state, shape = { hideImports: at.imports === 'hidden', inverted: at.inverted === 'yes' };
		return this.tries[JSON.stringify(shape)] ??= new Trie(this.model, this.names, this.weights, shape);
	}

	rows(by) {
		return this.rowsBy[by] ??= new Rows(this.model, this.names, by);
	}

	matcher() {
		const text = this.state.at.find.trim().toLowerCase();
		return text && (name => name.toLowerCase().includes(text));
	}

	update() {
		const { at } = this.state, shows = this.shows();
		this.w = this.figures.window(at.view, ...this.window);
		this.lineBytes = null;
		showControls(this);
		this.updateFlame(shows);
		this.updateTable(shows);
		this.sentence(shows);
		if (this.shown)
			this.showSource(...this.shown);
		if (this.isDark() !== this.colours.dark || !this.painted)
			this.paint();
	}

	updateFlame(shows) {
		const { at } = this.state, trie = this.trie(), found = this.matcher(), { flame } = this;
		if (flame.trie !== trie)
			flame.setTrie(trie);
		trie.fill(this.w, shows);
		flame.flipped = at.shape === 'flame';
		flame.byGrowth = at.colour === 'growth';
		flame.matches = found ? Uint8Array.from({ length: this.model.frames.count + 1 }, (_, f) =>
			f && (found(this.names.fn(f)) || found(this.names.place(f))) ? 1 : 0) : null;
		flame.rootName = this.rootName();
		flame.zoom(Number(at.zoom) || 0);
		const matched = found && this.matched();
		$('found').textContent = matched ? `${bytes(matched)}, ${percent(matched / trie.total[0])}` : found ? 'nothing found' : '';
		$('reset-zoom').hidden = flame.zoomed === 0;
	}

	// What goes through any frame that was found, each stack once.
	matched() {
		const { trie, matches } = this.flame;
		let sum = 0;
		for (let i = 1; i < trie.count;)
			if (matches[trie.frame[i]]) {
				sum += trie.total[i];
				i = trie.end[i];
			} else {
				i++;
			}
		return sum;
	}

	rootName() {
		return `${this.title}: ${bytes(this.trie().total[0])} ${VIEWS[this.state.at.view].verb}`;
	}

	updateTable(shows) {
		const { at } = this.state, rows = this.rows(at.by), found = this.matcher();
		this.table.sort = at.sort;
		this.table.up = at.up === 'yes';
		$('own-title').textContent = VIEWS[at.view].label;
		const lets = found ? label => found(label.fn) || found(label.place) : null;
		this.table.show(rows.sum(this.w, shows), rows, this.w, lets);
	}

	sentence(shows) {
		const sum = sumOfAll(this.w, shows);
		$('sum').replaceChildren(...sentence(this.w, sum, this.flame.trie.total[0]));
	}

	flameFacts(node) {
		const { trie } = this.flame, frame = trie.frame[node], rows = figuresOf(this.w, trie, node, this.shows());
		if (node === 0)
			return { title: this.title, place: '', rows };
		return { title: this.names.fn(frame), place: this.names.place(frame), rows };
	}

	// For those who hear the page.
	say(node) {
		const facts = this.flameFacts(node);
		$('status').textContent = `${facts.title} ${facts.place}: ${facts.rows.map(r => r.join(' ')).join(', ')}`;
	}

	pickFrame(frame) {
		const { frames } = this.model;
		this.showSource(frames.file[frame], frames.line[frame], frame);
		const rows = this.rows(this.state.at.by);
		this.table.mark(rows.ofFrame ? rows.ofFrame[frame] : -1);
	}

	pickRow(row) {
		const label = this.rows(this.state.at.by).label(row), { frames } = this.model;
		this.table.mark(row);
		const line = this.state.at.by === 'line' ? frames.line[label.frame] : this.heaviest(row);
		this.showSource(frames.file[label.frame], line, label.frame);
	}

	// Of a function, file or module: the line with most bytes.
	heaviest(row) {
		const shape = this.rows(this.state.at.by), { frames, sites } = this.model, lines = this.rows('line');
		const sum = new Map();
		if (!shape.ofFrame)
			return 0;
		for (let s = 0; s < sites.count; s++)
			if (shape.ofSite[s] === row) {
				const line = frames.line[lines.leaf[sites.stack[s]]];
				sum.set(line, (sum.get(line) ?? 0) + this.w.bytes[s]);
			}
		return [...sum].reduce((best, at) => at[1] > best[1] ? at : best, [0, -Infinity])[0];
	}

	bytesOfLines() {
		const lines = this.rows('line'), { frames } = this.model, to = new Map();
		for (const r of this.state.at.by === 'line' ? this.table.all : lines.sum(this.w, this.shows())) {
			const f = lines.frame[r.row];
			if (f && frames.kind[f] === PYTHON)
				to.set(`${frames.file[f]}:${frames.line[f]}`, r.bytes);
		}
		return to;
	}

	showSource(file, line, frame) {
		this.shown = [file, line, frame];
		this.lineBytes ??= this.bytesOfLines();
		this.source.show(file, line, (f, l) => this.lineBytes.get(`${f}:${l}`), this.w);
		document.body.classList.add('with-source');
	}
}

async function start() {
	const data = $('data');
	try {
		const model = read(await unpack(data.textContent.trim()));
		data.remove();
		globalThis.memspyPage = new Page(model); // for tests, and for the curious
		document.body.classList.add('ready');
	} catch (fault) {
		$('facts').textContent = `The report cannot be shown: ${fault.message}`;
		throw fault;
	}
}

start();
