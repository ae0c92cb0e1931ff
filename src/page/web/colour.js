// Colours of frames. By module: the program's own are warm, packages go round the wheel, the standard library is a
// quiet blue, the import machinery grey. By growth: what grew is amber, what shrank teal; nothing is red that is not wrong.
import { IMPORT, MERGED, PACKAGE, STANDARD } from './names.js';

function hash(text) {
	let h = 2166136261;
	for (let i = 0; i < text.length; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 16777619);
	h ^= h >>> 15;
	return (Math.imul(h, 2246822519) ^ h >>> 13) >>> 0;
}

const hsl = (h, s, l) => `hsl(${h.toFixed(0)} ${s.toFixed(0)}% ${l.toFixed(0)}%)`;

export class Colours {
	constructor(model, names) {
		this.model = model;
		this.names = names;
		this.known = new Map();
		this.dark = false;
	}

	setDark(dark) {
		this.dark = dark;
		this.known.clear();
	}

	byModule(frame) {
		let colour = this.known.get(frame);
		if (!colour)
			this.known.set(frame, colour = this.pick(frame));
		return colour;
	}

	pick(frame) {
		const { dark } = this;
		if (!frame || this.model.frames.kind[frame] === MERGED)
			return dark ? 'hsl(220 6% 34%)' : 'hsl(220 8% 82%)';
		const { name, kind } = this.names.module(frame);
		const h = hash(name.split('.').slice(0, 2).join('.')), wobble = hash(name) % 7 - 3;
		const wheel = hue => dark ? hsl(hue, 30, 34 + wobble) : hsl(hue, 48, 77 + wobble * 0.7);
		if (kind === IMPORT)
			return dark ? 'hsl(220 5% 28%)' : 'hsl(220 6% 88%)';
		if (kind === STANDARD)
			return dark ? hsl(205 + h % 30, 26, 35 + wobble) : hsl(205 + h % 30, 42, 82 + wobble * 0.7);
		if (kind === PACKAGE)
			return wheel(85 + h % 100 + (h % 3 ? 0 : 165));
		return dark ? hsl(14 + hash(name) % 32, 56, 42 + wobble) : hsl(18 + hash(name) % 30, 88, 74 + wobble * 0.8);
	}

	// share: of what came and went, what is left: -1 .. 1
	byGrowth(share) {
		const s = Math.max(-1, Math.min(1, share)), strength = Math.sqrt(Math.abs(s));
		if (strength < 0.02)
			return this.dark ? 'hsl(220 5% 30%)' : 'hsl(220 10% 90%)';
		const hue = s > 0 ? 32 - 8 * strength : 180;
		return this.dark ? hsl(hue, 15 + 55 * strength, 30 + 14 * strength) : hsl(hue, 20 + 72 * strength, 90 - 22 * strength);
	}
}
