// What is under the pointer: a title and figures beside it.
import { $, el } from './dom.js';

export class Tooltip {
	constructor() {
		this.box = $('tip');
	}

	show(e, facts) {
		if (!e || !facts) {
			this.box.hidden = true;
			return;
		}
		const title = facts.title.length > 160 ? `${facts.title.slice(0, 160)}…` : facts.title;
		const place = facts.place?.length > 200 ? `…${facts.place.slice(-200)}` : facts.place;
		this.box.replaceChildren(el('div', { class: 'tip-title' }, title),
			...(place ? [el('div', { class: 'tip-place' }, place)] : []),
			el('dl', {}, ...facts.rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])));
		this.box.hidden = false;
		const { width, height } = this.box.getBoundingClientRect();
		const x = Math.min(e.clientX + 14, innerWidth - width - 8), below = e.clientY + 18;
		const y = below + height > innerHeight ? e.clientY - height - 12 : below;
		this.box.style.left = `${Math.max(8, x)}px`;
		this.box.style.top = `${Math.max(8, y)}px`;
	}
}
