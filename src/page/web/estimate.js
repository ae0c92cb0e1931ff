// How sure a figure is: src/model/estimate.c in JavaScript. A test holds the two against each other.

const Z = 1.959963985;

// Wilson and Hilferty's cube.
function chiSquare(z, degrees) {
	const spread = 2 / (9 * degrees), root = 1 - spread + z * Math.sqrt(spread);
	return root > 0 ? degrees * root * root * root : 0;
}

function toBytes(v) {
	return v > 0 ? Math.floor(v + 0.5) : 0;
}

function less(a, b) {
	return a > b ? a - b : 0;
}

// what: bytes, samples, sure, variance. T: mean bytes between samples. The gamma form, 95 %.
export function interval(what, T) {
	const unsure = less(what.bytes, what.sure);
	if (unsure <= 0)
		return { low: what.bytes, high: what.bytes + (what.samples ? 0 : toBytes(3 * T)) };
	if (what.variance <= 0)
		return { low: what.bytes, high: what.bytes };
	const n = unsure * unsure / what.variance;
	return {
		low: toBytes(what.sure + unsure * chiSquare(-Z, 2 * n) / (2 * n)),
		high: toBytes(what.sure + unsure * chiSquare(Z, 2 * n + 2) / (2 * n)),
	};
}

function rounded(v) {
	return v >= 0 ? toBytes(v) : -toBytes(-v);
}

function combine(minus, m, plus, p) {
	const bytes = plus.bytes - minus.bytes;
	return {
		low: rounded(bytes - Math.hypot(plus.bytes - p.low, m.high - minus.bytes)),
		high: rounded(bytes + Math.hypot(p.high - plus.bytes, minus.bytes - m.low)),
	};
}

function went(came, before, after) {
	return Math.min(before, after > before ? less(came, after - before) : came + before - after);
}

// What is live at two moments: only what came and what went between them is uncertain.
export function growth(before, after, came, T) {
	const fresh = {}, gone = {};
	for (const key of ['bytes', 'samples', 'sure', 'variance'])
		fresh[key] = Math.min(after[key], came[key]);
	for (const key of ['bytes', 'samples', 'sure'])
		gone[key] = went(fresh[key], before[key], after[key]);
	gone.variance = Math.min(before.variance, Math.max(0, fresh.variance - after.variance + before.variance));
	fresh.bytes = gone.bytes + less(after.bytes, before.bytes) - Math.min(gone.bytes, less(before.bytes, after.bytes));
	return combine(gone, interval(gone, T), fresh, interval(fresh, T));
}
