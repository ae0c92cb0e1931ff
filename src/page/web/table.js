// The table: rows with their intervals, sorted by any column, filtered by the search.
import { $, el } from './dom.js';
import { intervalOf } from './rows.js';
import { bytes, count, fitPath, percent, plusMinus, signedBytes } from './text.js';

const AT_FIRST = 40, LETTER = 7.25; // rows; pixels
export const SORTS = { bytes: 'Own', total: 'Total', blocks: 'Blocks', change: 'Change', where: 'Where' };

export class Table {
	constructor() {
		this.most = AT_FIRST;
		this.body = $('rows');
		this.sort = 'bytes';
		this.up = false;
		for (const button of document.querySelectorAll('#table th button'))
			button.addEventListener('click', () => this.onSort?.(button.dataset.sort, this.sort === button.dataset.sort && !this.up));
		this.body.addEventListener('click', e => this.pick(e.target.closest('tr')));
		this.body.addEventListener('keydown', e => this.key(e));
		new ResizeObserver(() => this.window && this.draw()).observe($('table').parentElement);
		$('more').addEventListener('click', () => { this.most = this.most * 5; this.draw(); });
	}

	// rows: as Rows.sum gives them; shape: the Rows; matches: what the search lets through, or null.
	show(rows, shape, w, matches) {
		this.all = rows;
		this.shape = shape;
		this.window = w;
		this.sum = rows.reduce((sum, r) => sum + Math.max(0, r.bytes), 0);
		this.found = matches !== null;
		this.rows = matches ? rows.filter(r => matches(shape.label(r.row))) : rows;
		this.draw();
	}

	order(a, b) {
		const key = this.sort;
		let by;
		if (key === 'where') {
			const x = this.shape.label(a.row), y = this.shape.label(b.row);
			by = `${x.place} ${x.fn}` < `${y.place} ${y.fn}` ? 1 : -1;
		} else {
			by = a[key] - b[key];
		}
		return (this.up ? by : -by) || b.bytes - a.bytes || b.total - a.total || a.row - b.row;
	}

	draw() {
		// Rows that only call others have no bytes of their own.
		const own = this.rows.filter(r => r.bytes || r.blocks || this.sort === 'total' || this.found);
		own.sort((a, b) => this.order(a, b));
		const shown = own.slice(0, this.most), rest = own.slice(this.most);
		const widest = Math.max(1, ...own.slice(0, 1).concat(shown).map(r => Math.abs(r.bytes)));
		this.shown = shown;
		this.room = Math.max(16, Math.floor(($('where').clientWidth - 16) / LETTER));
		this.body.replaceChildren(...shown.map(r => this.row(r, widest)));
		for (const th of document.querySelectorAll('#table th[data-key]'))
			th.setAttribute('aria-sort', th.dataset.key !== this.sort ? 'none' : this.up ? 'ascending' : 'descending');
		$('more').hidden = rest.length === 0;
		$('more').textContent = `${count(rest.length)} more, ${bytes(rest.reduce((s, r) => s + r.bytes, 0))}`;
		$('nothing').hidden = own.length > 0;
		this.mark(this.picked);
	}

	row(r, widest) {
		const label = this.shape.label(r.row), sure = intervalOf(this.window, r);
		const text = this.window.view === 'growth' ? signedBytes : bytes;
		const bar = el('i', { class: r.bytes < 0 ? 'bar less' : 'bar' });
		bar.style.width = `${(Math.abs(r.bytes) / widest * 100).toFixed(1)}%`;
		const where = el('td', { class: 'where' });
		// The place is never cut at its end: that is the line. The function has what is left.
		if (label.place) {
			const place = fitPath(label.place, this.room), cut = place.lastIndexOf('/') + 1;
			where.append(el('span', { class: 'folder' }, place.slice(0, cut)), place.slice(cut));
		}
		if (label.fn)
			where.append(el('span', { class: 'fn' }, label.fn.length > 200 ? `${label.fn.slice(0, 200)}…` : label.fn));
		where.title = `${label.fn} ${label.place}`.slice(0, 400);
		const exact = plusMinus(r.bytes, sure);
		const range = el('td', { class: 'number faint' }, this.window.view === 'growth' && sure.high > sure.low ?
			`± ${bytes((sure.high - sure.low) / 2)}` : exact);
		range.title = `95 %: ${text(sure.low)} to ${text(sure.high)}; ${count(sure.samples)} samples`;
		return el('tr', { tabindex: 0, 'data-row': r.row, 'data-bytes': r.bytes },
			el('td', { class: 'number own' }, bar, el('b', {}, text(r.bytes))), range,
			el('td', { class: 'number faint' }, this.sum > 0 ? percent(r.bytes / this.sum) : '—'),
			el('td', { class: 'number' }, text(r.total)),
			el('td', { class: 'number' }, count(r.blocks)),
			el('td', { class: `number ${r.change > 0 ? 'grew' : r.change < 0 ? 'shrank' : 'faint'}` }, signedBytes(r.change)),
			where);
	}

	pick(tr) {
		if (tr)
			this.onPick?.(Number(tr.dataset.row));
	}

	key(e) {
		const tr = e.target.closest('tr');
		const to = e.key === 'ArrowDown' ? tr.nextElementSibling : e.key === 'ArrowUp' ? tr.previousElementSibling : null;
		if (e.key === 'Enter' || e.key === ' ')
			this.pick(tr);
		else if (to)
			to.focus();
		else
			return;
		e.preventDefault();
	}

	mark(row) {
		this.picked = row;
		for (const tr of this.body.children)
			tr.classList.toggle('picked', Number(tr.dataset.row) === row);
	}
}
