// node read_speedscope.mjs RELEASE-FOLDER FILE: what speedscope's own importer makes of a file, as JSON.
//
// The npm package holds the page only. Here it runs up to the point at which it would draw itself: its importers are
// there by then, and need no browser.
import fs from 'node:fs'
import path from 'node:path'
import vm from 'node:vm'

const [folder, file] = process.argv.slice(2)
const page = fs.readdirSync(folder).find(name => /^speedscope-.*\.js$/.test(name))
const text = fs.readFileSync(path.join(folder, page), 'utf8')
const importers = text.match(/\(await ([\w$]+)\)\.importProfilesFromArrayBuffer/)
const drawing = text.lastIndexOf('console.log(`speedscope v')
if (!importers || drawing < 0)
  throw new Error('this speedscope is built differently: its importers were not found')

// Stands for everything of a browser that is looked at while the page loads.
const nothing = new Proxy(function () {}, {
  get: (_, key) => key === Symbol.toPrimitive ? () => '' : key === Symbol.iterator ? [][Symbol.iterator] : nothing,
  apply: () => nothing,
  construct: () => nothing,
  set: () => true,
})
const said = []
const window = {
  document: nothing, location: { hash: '', href: 'file:///', search: '', protocol: 'file:' }, navigator: { userAgent: '', platform: '' },
  console: { log() {}, warn: x => said.push(x), error: x => said.push(x) }, addEventListener() {}, matchMedia: () => nothing,
  localStorage: {}, TextDecoder, TextEncoder, Uint8Array, ArrayBuffer, URL, atob, btoa, setTimeout, clearTimeout, performance,
  requestAnimationFrame() {}, HTMLElement: class {}, HTMLCanvasElement: class {}, FileReader: class {}, DOMException,
}
window.window = window.self = window
vm.runInNewContext(text.slice(0, drawing) + `window.importers = ${importers[1]}; })();`, window, { filename: page })

const bytes = fs.readFileSync(file)
const found = await (await window.importers).importProfilesFromArrayBuffer(path.basename(file),
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
if (!found)
  throw new Error(`speedscope does not know what ${file} is`)
console.log(JSON.stringify({
  name: found.name,
  profiles: found.profiles.map(profile => {
    const frames = []
    profile.forEachFrame(f => frames.push({ name: f.name, file: f.file, line: f.line, self: f.getSelfWeight(), total: f.getTotalWeight() }))
    return { name: profile.getName(), unit: profile.getWeightUnit(), total: profile.getTotalWeight(), frames }
  }),
  said: said.map(String),
}))
