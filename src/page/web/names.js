// What frames are called, cleaned once.
import { clean, shortPath } from './text.js';

export const PYTHON = 0, TRUNCATED = 1, MERGED = 2;            // kinds of frames
export const PROGRAM = 0, PACKAGE = 1, STANDARD = 2, IMPORT = 3; // kinds of modules
export const NO_PYTHON = '<no python>';

export class Names {
	constructor(model) {
		this.model = model;
		this.cleaned = new Map();
		this.short = new Map();
	}

	text(string) {
		let text = this.cleaned.get(string);
		if (text === undefined)
			this.cleaned.set(string, text = clean(this.model.head.strings[string] ?? ''));
		return text;
	}

	fn(frame) {
		const { frames } = this.model;
		if (!frame)
			return NO_PYTHON;
		return this.text(frames.fn[frame]) ||
			(frames.kind[frame] === MERGED ? '<merged>' : frames.kind[frame] === TRUNCATED ? '<truncated>' : '<unknown>');
	}

	path(file) {
		let path = this.short.get(file);
		if (path === undefined)
			this.short.set(file, path = shortPath(this.text(file)));
		return path;
	}

	place(frame) {
		const { frames } = this.model;
		const path = frame ? this.path(frames.file[frame]) : '';
		return path && frames.line[frame] ? `${path}:${frames.line[frame]}` : path;
	}

	module(frame) {
		return this.model.modules.get(this.model.frames.file[frame]) ?? { name: '', kind: PROGRAM };
	}

	thread(place) {
		const tid = this.model.head.threads[place];
		return tid ? `thread ${tid}` : 'several threads';
	}
}
