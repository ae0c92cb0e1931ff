// node read_dhat.mjs DH_VIEW.js FILE: what Valgrind's dh_view makes of a file, as JSON: the figures at its root, and all
// that it would show, for each metric one can sort by.
//
// It is a page; this is as much of a browser as it asks for.
import fs from 'node:fs'
import vm from 'node:vm'

const [viewer, file] = process.argv.slice(2)

class Element {
  constructor(name) {
    this.name = name
    this.childNodes = []
    this.classList = { contains: () => false, add() {}, remove() {}, toggle() {} }
  }
  appendChild(kid) { kid.parentNode = this; this.childNodes.push(kid); return kid }
  cloneNode() { return new Element(this.name) }
  replaceChild(fresh, old) { this.childNodes[this.childNodes.indexOf(old)] = fresh; fresh.parentNode = this }
  get selectedIndex() { return Math.max(0, this.childNodes.findIndex(o => o.selected)) }
  set textContent(text) { this.childNodes = []; this.text = text }
  get textContent() { return (this.text ?? '') + this.childNodes.map(k => k.textContent).join('') }
}
const document = {
  body: new Element('body'), location: { search: '' },
  createElement: name => new Element(name),
  createTextNode: text => Object.assign(new Element('#text'), { text }),
}
const page = vm.createContext({ document, window: {}, performance, URLSearchParams, Intl, console })
vm.runInContext(fs.readFileSync(viewer, 'utf8'), page, { filename: 'dh_view.js' })
page.input = fs.readFileSync(file, 'utf8')
vm.runInContext('onLoad(); gFilename = "heap"; gData = JSON.parse(input); buildTree()', page)
page.answer = { shown: [] }
vm.runInContext(`for (const option of gSelect.childNodes) {
  for (const o of gSelect.childNodes) o.selected = o === option
  if (option.disabled) continue
  displayTree(0, 0, 0)
  answer.shown.push({ metric: option.label, text: gMainDiv.textContent })
}
for (const key of ['_totalBytes', '_totalBlocks', '_atTGmaxBytes', '_atTEndBytes'])
  answer[key] = gRoot[key]`, page)
console.log(JSON.stringify(page.answer))
