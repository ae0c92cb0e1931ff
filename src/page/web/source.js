// The source of a line, with what each line holds in the gutter.
import { $, el } from './dom.js';
import { bytes, clean, signedBytes } from './text.js';

export class Source {
	constructor(model, names) {
		this.names = names;
		this.panel = $('source');
		this.files = new Map((model.head.sources ?? []).map(s => [s.file, s]));
		this.without = !model.head.sources;
	}

	why(file) {
		if (!file)
			return 'Allocated where no Python frame was behind it: native threads, start-up, libraries.';
		if (this.without)
			return 'This report was made with --no-source.';
		const path = this.names.text(file);
		if (!path || path.startsWith('<'))
			return 'There is no file behind this name.';
		return 'The file could not be read where the report was made, or this line is not among the heaviest.';
	}

	// ofLine(file, line): bytes by line in this view; picked: line to show.
	show(file, line, ofLine, w) {
		const title = el('h3', {}, file ? this.names.path(file) || '—' : 'no Python');
		const source = this.files.get(file);
		const at = source?.lines.find(([first, texts]) => line >= first && line < first + texts.length);
		this.panel.replaceChildren(title);
		if (!file || !source || (line && !at)) {
			this.panel.append(el('p', { class: 'quiet' }, this.why(file)));
			if (!source)
				return;
		}
		if (source.newer)
			this.panel.append(el('p', { class: 'note' }, 'This file was changed after the recording: lines may have moved.'));
		this.panel.append(this.listing(source, file, line, ofLine, w));
		const here = this.panel.querySelector('.here'), box = this.panel.querySelector('.listing');
		if (here)
			box.scrollTop = here.offsetTop - box.clientHeight / 2 + here.offsetHeight;
	}

	listing(source, file, line, ofLine, w) {
		const text = w.view === 'growth' ? signedBytes : bytes;
		const list = el('div', { class: 'listing', tabindex: 0, role: 'region', 'aria-label': 'source' });
		let most = 1;
		for (const [first, texts] of source.lines)
			texts.forEach((_, i) => { most = Math.max(most, Math.abs(ofLine(file, first + i) ?? 0)); });
		source.lines.forEach(([first, texts], k) => {
			if (k || first > 1)
				list.append(el('div', { class: 'gap' }, '⋯'));
			texts.forEach((code, i) => {
				const own = ofLine(file, first + i), has = own !== undefined;
				const heat = el('i', { class: 'heat' });
				heat.style.width = `${has ? (Math.abs(own) / most * 100).toFixed(1) : 0}%`;
				const kind = `code${first + i === line ? ' here' : ''}${has && own ? ' has' : ''}`;
				list.append(el('div', { class: kind, 'data-line': first + i },
					el('span', { class: 'gutter' }, heat, el('span', {}, has && own ? text(own) : '')),
					el('span', { class: 'line' }, String(first + i)), el('code', {}, clean(code.replaceAll('\t', '    ')))));
			});
		});
		return list;
	}
}
