// Elements, never markup: whatever a name holds, it is text.

export function el(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	set(e, attributes);
	e.append(...children.filter(c => c !== null && c !== undefined));
	return e;
}

export function svg(tag, attributes = {}, ...children) {
	const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
	set(e, attributes);
	e.append(...children);
	return e;
}

function set(e, attributes) {
	for (const [key, value] of Object.entries(attributes))
		if (value !== null && value !== undefined && value !== false)
			e.setAttribute(key, value === true ? '' : value);
}

export const $ = id => document.getElementById(id);

export function css(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
