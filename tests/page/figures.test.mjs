// The page's figures are those of memspy: the formula, and the sums and rows of every view.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folder, json } from './browser.mjs';

const page = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/page/web');
const { growth, interval } = await import(path.join(page, 'estimate.js'));
const { read, unpack } = await import(path.join(page, 'data.js'));
const { Figures, sumOfAll } = await import(path.join(page, 'figures.js'));
const { Names } = await import(path.join(page, 'names.js'));
const { Rows, intervalOf } = await import(path.join(page, 'rows.js'));
const { Trie } = await import(path.join(page, 'trie.js'));

// Roundings of a library's square roots and powers may differ in the last bit: one byte in 2^50.
const near = (a, b, what) => assert.ok(Math.abs(a - b) <= 1 + Math.abs(b) * 1e-13, `${what}: ${a} is not ${b}`);

test('intervals are those of the C code', () => {
	const cases = readFileSync(path.join(folder, 'intervals.txt'), 'utf8').trim().split('\n').map(JSON.parse);
	assert.ok(cases.length > 200);
	for (const c of cases) {
		const v = interval(c.now, c.T), g = growth(c.before, c.now, c.came, c.T);
		near(v.low, c.interval.low, `low of ${JSON.stringify(c)}`);
		near(v.high, c.interval.high, `high of ${JSON.stringify(c)}`);
		near(g.low, c.growth.low, `low of the growth of ${JSON.stringify(c)}`);
		near(g.high, c.growth.high, `high of the growth of ${JSON.stringify(c)}`);
	}
});

async function load(name) {
	const html = readFileSync(path.join(folder, `${name}.html`), 'utf8');
	return read(await unpack(html.match(/id="data">([^<]*)</)[1]));
}

const VIEWS = ['live', 'allocated', 'peak', 'growth', 'temporary', 'leaks'];

function keyOf(row, by) {
	return by === 'line' ? `${row.file}:${row.line}:${row.file ? '' : row.function}` : by === 'function' ? `${row.file}:${row.function}` : row.file || row.function;
}

// An interval from standard deviations in whole bytes is off by a byte or so for each site in it.
const close = (a, b) => Math.abs(a - b) <= 64 + Math.abs(b) * 1e-5;

for (const name of ['shop', 'hour'])
	test(`every view of ${name} sums up as the report does, to the byte`, async () => {
		const model = await load(name), names = new Names(model), figures = new Figures(model), last = model.moments.count - 1;
		for (const view of VIEWS) {
			const w = figures.window(view, 0, last), all = sumOfAll(w, null), { totals } = json(`${name}-${view}-line`);
			assert.equal(all.bytes, totals.bytes, `${view} of ${name}`);
			assert.equal(all.blocks, totals.blocks, `blocks of ${view} of ${name}`);
			assert.ok(close(all.low, totals.low) && close(all.high, totals.high), `${view}: ${all.low} .. ${all.high}, not ${totals.low} .. ${totals.high}`);
			for (const by of ['line', 'function', 'file']) {
				const shape = new Rows(model, names, by), mine = new Map();
				for (const r of shape.sum(w, null)) {
					const f = shape.frame[r.row], { frames } = model;
					const key = keyOf({ file: f ? names.text(frames.file[f]) : '', line: f ? frames.line[f] : 0, function: names.fn(f) }, by);
					mine.set(key, { ...intervalOf(w, r), bytes: r.bytes, total: r.total, fn: names.fn(f) });
				}
				for (const row of json(`${name}-${view}-${by}`).rows) {
					const r = mine.get(keyOf(row, by)), what = `${view} by ${by} of ${name}: ${JSON.stringify(row)}`;
					assert.equal(r?.bytes ?? 0, row.own_bytes, what);
					assert.ok(by === 'file' || row.own_bytes <= 0 || r.fn === row.function, `${r?.fn}: ${what}`);
					assert.equal(r?.total ?? 0, row.total_bytes, `total, ${what}`);
					assert.ok(!r || (close(r.low, row.own_low) && close(r.high, row.own_high)), `${r?.low} .. ${r?.high}: ${what}`);
				}
			}
		}
	});

test('a window is what report --from --to says', async () => {
	const model = await load('shop'), figures = new Figures(model), [i, j] = figures.momentsOf(12, 44);
	for (const view of ['live', 'allocated', 'growth']) {
		const all = sumOfAll(figures.window(view, i, j), null), { totals } = json(`shop-${view}-window`);
		assert.equal(all.bytes, totals.bytes, view);
		assert.ok(close(all.low, totals.low) && close(all.high, totals.high), view);
	}
});

test('the flame graph has all bytes, whichever way up and whatever is hidden', async () => {
	for (const name of ['shop', 'hour']) {
		const model = await load(name), names = new Names(model), figures = new Figures(model);
		const w = figures.window('live', 0, model.moments.count - 1), { totals } = json(`${name}-live-line`);
		for (const inverted of [false, true])
			for (const hideImports of [false, true]) {
				const trie = new Trie(model, names, w.now.bytes, { inverted, hideImports });
				trie.fill(w, null);
				assert.equal(trie.total[0], totals.bytes, `${name}, inverted ${inverted}, without imports ${hideImports}`);
				for (let node = 1; node < trie.count; node++) {
					assert.ok(trie.parent[node] < node && node < trie.end[node] && trie.end[node] <= trie.end[trie.parent[node]]);
					assert.ok(trie.x[node] + trie.total[node] <= trie.x[trie.parent[node]] + trie.total[trie.parent[node]] + 0.5);
				}
			}
	}
});

test('an hour of 3,600 ticks and 50,000 stacks is told in full, in less than two megabytes', async () => {
	const model = await load('hour'), html = readFileSync(path.join(folder, 'hour.html'));
	assert.ok(html.length < 2e6, `${html.length} bytes`);
	assert.equal(model.ticks.count, 3600);
	assert.equal(model.sites.count, 50000);
	assert.equal(model.head.merged, undefined);
	console.log(`      ${html.length} bytes, ${model.moments.count} moments, ${model.entries.count} figures of sites`);
});

test('where more changes than fits, small stacks are merged, it is said, and sums stay exact', async () => {
	const model = await load('crowd'), figures = new Figures(model), names = new Names(model), html = readFileSync(path.join(folder, 'crowd.html'));
	const { totals, rows } = json('crowd-live-file'), w = figures.window('live', 0, model.moments.count - 1);
	assert.ok(html.length < 2e6, `${html.length} bytes`);
	assert.ok(model.head.merged.sites > 1000 && model.head.merged.of >= 30000);
	assert.equal(sumOfAll(w, null).bytes, totals.bytes);
	const shape = new Rows(model, names, 'file'), mine = new Map(shape.sum(w, null).map(r => [names.text(model.frames.file[shape.frame[r.row]]), r.bytes]));
	for (const row of rows.filter(r => r.own_bytes))
		assert.equal(mine.get(row.file), row.own_bytes, row.file);
	for (const [m, heap] of figures.heapAt.entries())
		assert.equal(heap, figures.live(m).bytes.reduce((a, b) => a + b, 0));
});
