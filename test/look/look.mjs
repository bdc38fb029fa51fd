// How pages look in a browser:
//
//	node look.mjs CHROMIUM FOLDER PAGE...
//
// FOLDER has node_modules with playwright-core and axe-core. English pages are opened at the
// width of a phone, a tablet, a laptop and a sheet of A4, in light and in dark; those of other
// languages, which differ by the length of words, on a phone and on A4. A page must report no
// error, ask for nothing, be no wider than the window, have a mark with its value in every
// chart, and pass axe's rules of WCAG 2 A and AA, contrast among them. One line for each test,
// as TAP.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [chromiumPath, folder, ...pages] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const windows = [['phone', 390, 844, 'screen'], ['tablet', 820, 1180, 'screen'], ['laptop', 1280, 800, 'screen'], ['A4', 718, 1016, 'print']];
let count = 0;

function tell(isRight, what, details) {
	console.log(`${isRight ? 'ok' : 'not ok'} ${++count} - ${what}`);
	if (!isRight)
		for (const detail of details) console.log(`# ${detail}`);
}

const browser = await chromium.launch({ executablePath: chromiumPath, args: createRequire(import.meta.url)('./chromium.json') });
for (const file of pages) {
	const isEnglish = basename(file).startsWith('en');
	for (const [name, width, height, media] of windows.filter(([w]) => isEnglish || ['phone', 'A4'].includes(w))) {
		for (const colorScheme of isEnglish && media === 'screen' ? ['light', 'dark'] : ['light']) {
			const page = await browser.newPage({ viewport: { width, height }, colorScheme });
			const errors = [];
			const requests = [];
			const where = `${basename(file)}, ${name}, ${colorScheme}`;
			page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
			page.on('pageerror', (error) => errors.push(String(error)));
			page.on('request', (request) => requests.push(request.url()));
			await page.emulateMedia({ media, colorScheme });
			const began = performance.now();
			await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: 'load' });
			console.log(`# ${where}: open after ${Math.round(performance.now() - began)} ms`);
			tell(errors.length === 0, `${where}: no error`, errors);
			tell(requests.length === 1, `${where}: asks for nothing`, requests.slice(1));
			const wide = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
			tell(wide[0] <= wide[1], `${where}: no wider than the window`, [wide.join(' of ')]);
			const empty = await page.$$eval('svg', (charts) => [charts.length].concat(charts.filter((chart) => !chart.querySelector('[data-value]') || !chart.querySelector('title')?.textContent)
				.map((chart) => chart.getAttribute('aria-label'))));
			tell(empty[0] > 0 && empty.length === 1, `${where}: every chart has its data and its title`, empty);
			const spilled = await page.$$eval('svg', (charts) => charts.flatMap((chart) => {
				const frame = chart.getBoundingClientRect();
				return [...chart.querySelectorAll('text')].filter((text) => {
					const box = text.getBoundingClientRect();
					return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
				}).map((text) => `${chart.getAttribute('aria-label')}: ${text.textContent}`);
			}));
			tell(spilled.length === 0, `${where}: no word leaves its chart`, spilled);
			await page.evaluate(axe);
			const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] }));
			tell(found.violations.length === 0, `${where}: passes axe`, found.violations.flatMap((v) => v.nodes.slice(0, 5).map((n) => `${v.id}: ${n.target} ${n.failureSummary}`)));
			await page.close();
		}
	}
}
await browser.close();
console.log(`1..${count}`);
process.exitCode = 0;
