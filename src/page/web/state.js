// What one looks at, in the URL: a link shows somebody else the same.

const DEFAULTS = {
	view: 'live', from: '', to: '', by: 'line', sort: 'bytes', up: '', colour: 'module', shape: 'icicle', inverted: '',
	imports: '', thread: '', find: '', zoom: '', theme: '',
};

export class State {
	// defaults: what the page was asked to open with.
	constructor(defaults, onChange) {
		this.defaults = { ...DEFAULTS, ...defaults };
		this.at = { ...this.defaults, ...this.read() };
		window.addEventListener('hashchange', () => {
			if (location.hash.slice(1) === this.written)
				return;
			this.at = { ...this.defaults, ...this.read() };
			onChange(this.at);
		});
	}

	read() {
		const given = new URLSearchParams(location.hash.slice(1)), to = {};
		for (const key of Object.keys(DEFAULTS))
			if (given.has(key))
				to[key] = given.get(key).slice(0, 200);
		return to;
	}

	set(changes) {
		Object.assign(this.at, changes);
		const to = new URLSearchParams();
		for (const [key, fallback] of Object.entries(this.defaults))
			if (String(this.at[key]) !== fallback)
				to.set(key, this.at[key]);
		const text = to.toString();
		this.written = text;
		clearTimeout(this.later);
		// Browsers allow only so many changes of the address in a second.
		this.later = setTimeout(() => history.replaceState(null, '', text ? `#${text}` : location.pathname + location.search), 120);
	}
}
