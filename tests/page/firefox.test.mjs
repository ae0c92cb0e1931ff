// The same page in a real Firefox: it opens, sums up, and follows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brush, firefox, hash, json, launch, open, settle, sum, text, whereIs } from './browser.mjs';

test('Firefox shows the page, and it follows brush, search, zoom and keys', { skip: firefox ? false : 'there is no Firefox here' }, async () => {
	const browser = await launch('firefox');
	browser.name = 'firefox';
	try {
		const page = await open(browser, 'shop');
		for (const view of ['allocated', 'peak', 'growth', 'temporary', 'leaks', 'live']) {
			await page.click(`[data-view=${view}]`);
			assert.equal(await sum(page), json(`shop-${view}-line`).totals.bytes, view);
		}
		await brush(page, 12, 44);
		assert.equal(await sum(page), json('shop-live-window').totals.bytes);
		const at = await whereIs(page, 'remember');
		await page.mouse.click(at.x, at.y);
		await settle(page);
		assert.equal((await hash(page)).get('zoom'), String(at.node));
		assert.match(await text(page, '#source .here'), /kept\[key/);
		await page.keyboard.press('Escape');
		await page.keyboard.press('/');
		await page.keyboard.type('copy');
		await settle(page);
		assert.match(await text(page, '#found'), /MiB/);
		const big = await open(browser, 'hour');
		assert.equal(await sum(big), json('hour-live-line').totals.bytes);
		const bad = await open(browser, 'hostile');
		assert.equal(await bad.evaluate(() => globalThis.owned), undefined);
		for (const p of [page, big, bad])
			assert.deepEqual(p.faults, []);
	} finally {
		await browser.close();
	}
});
