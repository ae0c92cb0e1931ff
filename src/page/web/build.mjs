// One file of the page: build.mjs SOURCES PACKAGES OUT. The packages were installed before; no network is used here.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [sources, packages, out] = process.argv.slice(2).map(p => path.resolve(p));
const { build } = createRequire(path.join(packages, 'package.json'))('esbuild');

async function bundle(entry) {
	const result = await build({
		entryPoints: [path.join(sources, entry)], bundle: true, minify: true, write: false, format: 'esm', charset: 'ascii',
		target: ['chrome105', 'firefox121', 'safari16.4'], nodePaths: [path.join(packages, 'node_modules')], logLevel: 'warning', legalComments: 'none',
	});
	return result.outputFiles[0].text.trim();
}

const hash = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const style = await bundle('page.css'), script = await bundle('main.js');
if (/<\/script/i.test(script))
	throw new Error('the script holds what would end it');
// Nothing may be fetched, sent or run but the two blocks that are in the file.
const policy = ["default-src 'none'", `style-src ${hash(style)}`, `script-src ${hash(script)}`, "base-uri 'none'", "form-action 'none'"].join('; ');
const page = readFileSync(path.join(sources, 'page.html'), 'utf8');
writeFileSync(out, page.replace('@@POLICY@@', () => policy).replace('@@STYLE@@', () => style).replace('@@SCRIPT@@', () => script));
