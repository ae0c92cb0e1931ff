// Figures and names as people read them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytes(v) {
	let size = Math.abs(v), unit = 0;
	for (; size >= (unit ? 1023.95 : 1024) && unit < UNITS.length - 1; unit++)
		size /= 1024;
	const sign = v < 0 ? '−' : '';
	return `${sign}${unit ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

export function signedBytes(v) {
	return v === 0 ? '0' : v > 0 ? `+${bytes(v)}` : bytes(v);
}

export function count(v) {
	return Math.round(v).toLocaleString('en-US').replace('-', '−');
}

export function percent(v) {
	const p = v * 100;
	return `${p.toFixed(Math.abs(p) >= 99.95 || p === 0 ? 0 : Math.abs(p) < 0.1 ? 2 : 1).replace('-', '−')} %`;
}

export function seconds(s) {
	if (s < 10)
		return `${s.toFixed(1)} s`;
	if (s < 120)
		return `${s.toFixed(0)} s`;
	if (s < 7200)
		return Math.round(s) % 60 ? `${Math.floor(Math.round(s) / 60)} min ${Math.round(s) % 60} s` : `${Math.round(s) / 60} min`;
	if (s < 172800)
		return `${Math.floor(s / 3600)} h ${String(Math.floor(s % 3600 / 60)).padStart(2, '0')} min`;
	return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

// Half the interval beside its figure.
export function plusMinus(value, { low, high }) {
	if (high <= low)
		return 'exact';
	if (value === 0)
		return `< ${bytes(high)}`;
	const half = (high - low) / 2 / Math.abs(value) * 100;
	return half >= 999.5 ? '± >999 %' : `± ${half < 9.95 ? half.toFixed(1) : half.toFixed(0)} %`;
}

// Controls, what turns the direction of text and what has no width become visible: a name must look like what it is.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

export function clean(name) {
	return name.replace(HIDDEN, c => {
		const code = c.codePointAt(0);
		return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` :
			code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;
	});
}

// The part of a path behind the place that libraries are kept in.
export function shortPath(path) {
	const at = Math.max(path.lastIndexOf('/site-packages/'), path.lastIndexOf('/dist-packages/'));
	if (at >= 0)
		return path.slice(at + 15);
	const library = path.match(/\/lib\/python[0-9.t]*\/(.+)$/);
	return library ? library[1] : path;
}

// At most `room` characters; whole folders go first, from the left.
export function fitPath(path, room) {
	if (path.length <= room)
		return path;
	for (let slash = path.indexOf('/', 1); slash >= 0; slash = path.indexOf('/', slash + 1))
		if (path.length - slash + 1 <= room)
			return `…${path.slice(slash)}`;
	return `…${path.slice(path.length - room + 1)}`;
}
