// What the tests of the page share: browsers, pages, and what one does in them.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export const folder = process.env.PAGE_FOLDER;
const { default: puppeteer } = await import(createRequire(path.join(process.env.PAGE_PACKAGES, 'package.json')).resolve('puppeteer-core'));

function find(...names) {
	for (const place of process.env.PATH.split(':'))
		for (const name of names)
			if (existsSync(path.join(place, name)))
				return path.join(place, name);
	return null;
}

export const chromium = find('chromium', 'chromium-browser', 'google-chrome');
export const firefox = find('firefox-esr', 'firefox');

export function launch(browser = 'chrome') {
	return browser === 'chrome' ?
		puppeteer.launch({ executablePath: chromium, headless: true, args: ['--no-sandbox', '--disable-gpu'] }) :
		puppeteer.launch({ browser: 'firefox', executablePath: firefox, headless: true });
}

// A page that is ready, and what went wrong in it or was asked of a network.
export async function open(browser, name, { hash = '', width = 1280, height = 800, scheme = 'light' } = {}) {
	const page = await browser.newPage();
	page.faults = [];
	page.asked = [];
	page.on('pageerror', e => page.faults.push(String(e)));
	page.on('console', m => ['error', 'warn'].includes(m.type()) && !m.text().includes('willReadFrequently') && page.faults.push(m.text()));
	page.on('request', r => page.asked.push(r.url()));
	await page.setViewport({ width, height });
	if (browser.name !== 'firefox')
		await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
	await page.goto(`file://${path.join(folder, name)}.html${hash && `#${hash}`}`);
	await page.waitForSelector('body.ready', { timeout: 30000 }).catch(() => { throw new Error(`not ready: ${page.faults}`); });
	return page;
}

export const json = name => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));
export const settle = page => page.evaluate(() => new Promise(r => requestAnimationFrame(() => setTimeout(r, 200))));
export const text = (page, selector) => page.$eval(selector, e => e.textContent);
export const sum = page => page.$eval('#sum strong', e => Number(e.dataset.bytes));
export const hash = async page => (await settle(page), new URLSearchParams((await page.evaluate(() => location.hash)).slice(1)));

// The first rows of the table: [bytes, text of the place].
export const rows = page => page.$$eval('#rows tr', all => all.map(tr => [Number(tr.dataset.bytes), tr.querySelector('.where').textContent]));

// Where a frame of the flame graph is on the screen.
export const whereIs = (page, name) => page.evaluate(name => {
	const { flame, names } = globalThis.memspyPage, { trie } = flame;
	for (let i = 1; i < trie.count; i++)
		if (names.fn(trie.frame[i]) === name && trie.total[i] > 0) {
			const [x, w] = flame.place(i), box = flame.canvas.getBoundingClientRect();
			return { x: box.left + x + w / 2, y: box.top + flame.y(trie.depth[i]) + 10, width: w, node: i };
		}
	return null;
}, name);

// Drags in the timeline from one second to another.
export async function brush(page, from, to) {
	const at = await page.evaluate((from, to) => {
		const { timeline } = globalThis.memspyPage, box = timeline.root.getBoundingClientRect();
		return { from: box.left + timeline.x(from), to: box.left + timeline.x(to), y: box.top + 60 };
	}, from, to);
	await page.mouse.move(at.from, at.y);
	await page.mouse.down();
	await page.mouse.move((at.from + at.to) / 2, at.y, { steps: 4 });
	await page.mouse.move(at.to, at.y, { steps: 4 });
	await page.mouse.up();
	await settle(page);
}
