// What the window and a frame say, in words.
import { el } from './dom.js';
import { sumOf, VIEWS } from './figures.js';
import { bytes, count, percent, plusMinus, seconds, signedBytes } from './text.js';

export const inView = view => view === 'growth' ? signedBytes : bytes;

function moment(w) {
	const stretch = `from ${seconds(w.from)} to ${seconds(w.to)}`;
	return {
		live: `live at ${seconds(w.to)}`,
		allocated: `allocated ${stretch}`,
		peak: `live at the peak, at ${seconds(w.at)}`,
		growth: `grown ${stretch}`,
		temporary: `allocated and at once freed, ${stretch}`,
		leaks: `live at ${seconds(w.mark ?? w.from)} and still at ${seconds(w.to)}`,
	}[w.view];
}

// The sentence above the flame graph. drawn: bytes that have a width in it.
export function sentence(w, sum, drawn) {
	const text = inView(w.view), says = [sum.high > sum.low ? `between ${text(sum.low)} and ${text(sum.high)}` : 'exact'];
	says.push(`${count(sum.samples)} samples`, `${w.view === 'live' ? '' : 'heap '}${signedBytes(sum.change)} in the window`);
	if (w.view === 'growth' && drawn > sum.bytes)
		says.push(`${bytes(drawn - sum.bytes)} that shrank has no width below`);
	const figures = { 'data-bytes': sum.bytes, 'data-low': sum.low, 'data-high': sum.high };
	return [el('strong', figures, text(sum.bytes)), ` ${moment(w)} `, el('span', { class: 'quiet' }, says.join(' · '))];
}

// Figures of a frame, with all beneath it. shows: for each site whether it counts; null: all.
export function figuresOf(w, trie, node, shows) {
	const only = sites => [...sites].filter(s => !shows || shows[s]), text = inView(w.view);
	const sum = sumOf(w, only(trie.sites(node))), own = sumOf(w, only(trie.ownSites(node)));
	const sure = w.view === 'growth' ? '' : plusMinus(sum.bytes, sum);
	const rows = [[VIEWS[w.view].label.toLowerCase(), `${text(sum.bytes)} ${sure}`]];
	if (sum.high > sum.low)
		rows.push(['95 %', `${text(sum.low)} to ${text(sum.high)}`]);
	rows.push(['share', percent(trie.total[node] / (trie.total[0] || 1))]);
	if (own.bytes !== sum.bytes && node)
		rows.push(['own', text(own.bytes)]);
	rows.push(['blocks', count(sum.blocks)], ['samples', count(sum.samples)]);
	rows.push(['change', `${signedBytes(sum.change)} in the window`]);
	return rows;
}
