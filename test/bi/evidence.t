#!/usr/bin/env node
// The Evidence dashboard of doc/dashboards: built of the views by a reader, and looked at in
// Chromium. Takes minutes, most of them npm's and Evidence's own.
'use strict';
const { execFileSync } = require('node:child_process');
const { cpSync, existsSync, readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { extname, join, normalize, resolve } = require('node:path');
const { ask, end, newFolder, npmInstall, skip, tell } = require('./npm.js');

if (!existsSync('/usr/bin/chromium')) skip('no Chromium');
const site = newFolder();
cpSync(resolve(__dirname, '../../doc/dashboards/evidence'), site, { recursive: true });
npmInstall(site, 600);
const { chromium } = npmInstall(newFolder(), 120, '--ignore-scripts', 'playwright-core@1.65.1')('playwright-core');

// Far east of the base, where its days began hours ago.
const environment = { ...process.env, TZ: 'Pacific/Auckland', SEND_ANONYMOUS_USAGE_STATS: 'no' };
for (const [option, variable] of [['host', 'PGHOST'], ['port', 'PGPORT'], ['database', 'PGDATABASE'], ['user', 'PGUSER'], ['password', 'PGPASSWORD']])
	environment[`EVIDENCE_SOURCE__shop__${option}`] = process.env[variable];
for (const [command, seconds] of [[['sources', '--strict'], 300], [['build:strict'], 900]]) {
	try {
		execFileSync('npx', ['evidence', ...command], { cwd: site, env: environment, timeout: seconds * 1000, stdio: 'pipe' });
	} catch (error) {
		tell(false, `evidence ${command.join(' ')}`, error.stdout, error.stderr);
		end();
		process.exit();
	}
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml', '.wasm': 'application/wasm' };
const server = createServer((request, response) => {
	const path = normalize(decodeURIComponent(new URL(request.url, 'http://site').pathname)).replace(/\/$/, '/index.html');
	const file = join(site, 'build', path);
	response.writeHead(existsSync(file) ? 200 : 404, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
	response.end(existsSync(file) ? readFileSync(file) : '');
});

async function look(width, zone) {
	const where = `${width} pixels wide, in ${zone}`;
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: require('../look/chromium.json') });
	const page = await browser.newPage({ viewport: { width, height: 900 }, timezoneId: zone });
	const errors = [];
	const outside = [];
	page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
	page.on('pageerror', (error) => errors.push(String(error)));
	page.on('request', (request) => new URL(request.url()).hostname === '127.0.0.1' || /^(blob|data):/.test(request.url()) || outside.push(request.url()));
	await page.goto(`http://127.0.0.1:${server.address().port}/`, { waitUntil: 'load' });
	await page.getByRole('heading', { name: 'The last month of the whole company in figures' }).waitFor();
	// Each table is there twice, once to be printed.
	const haveRows = (n, rows) => page.waitForFunction(([n, rows]) => {
		const tables = [...document.querySelectorAll('table')].filter((table) => table.offsetParent && table.querySelector('td'));
		const filled = tables[n] && [...tables[n].rows].filter((row) => row.cells[0].tagName === 'TD' && row.innerText.trim());
		return tables.length === 5 && filled.length === rows;
	}, [n, rows]);
	await haveRows(1, 10);
	const text = await page.locator('main').innerText();
	const table = async (n) => page.locator('table:visible').nth(n).locator('tr:has(td)').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
	const same = async (n, sql, what, ...columns) => {
		const found = (await table(n)).map((row) => columns.map((c) => row[c]).join('|')).filter((row) => row.replaceAll('|', ''));
		const wanted = ask(sql).split('\n');
		tell(found.join('\n') === wanted.join('\n'), `${where}: ${what} as in psql`, found[0], wanted[0]);
	};
	tell(text.includes(ask('SELECT as_of_date FROM shop.clients LIMIT 1')), `${where}: the day`, text.slice(0, 200));
	tell(text.includes(ask("SELECT to_char(value, 'FM999,999,990') FROM shop.kpis WHERE measure = 'revenue_amount' AND is_complete_month ORDER BY month_date DESC LIMIT 1")), `${where}: the revenue`);
	await same(0, "SELECT client_id, change, to_char(revenue_now_amount, 'FM999,999,990') FROM shop.key_client_changes ORDER BY change_rank, difference_amount, client_id COLLATE \"C\" LIMIT 10", 'what changed', 0, 2, 5);
	const atRisk = (condition) => `SELECT client_id, to_char(last_purchase_date, 'YYYY-MM-DD'), to_char(would_be_lost_date, 'YYYY-MM-DD') FROM shop.at_risk_clients WHERE ${condition} ORDER BY is_key DESC, coalesce(expected_loss_amount, revenue_at_risk_amount) DESC, client_id COLLATE "C" LIMIT 10`;
	await same(1, atRisk('true'), 'whom to call', 0, 4, 5);
	await same(2, "SELECT client_id, to_char(lost_date, 'YYYY-MM-DD') FROM shop.win_back_list ORDER BY win_back_rank LIMIT 10", 'whom to win back', 0, 7);
	await same(3, 'SELECT label FROM shop.concentration ORDER BY measure_rank', 'concentration', 0);
	const charts = await page.locator('.chart canvas, .chart svg, [_echarts_instance_]').count();
	tell(charts >= 4, `${where}: four charts`, charts);
	for (const [manager, condition] of [["O'Brien", "manager = 'O''Brien'"], ['–', 'manager IS NULL']]) {
		await page.getByRole('combobox').first().click();
		await page.keyboard.type(manager);
		await page.getByRole('option').filter({ hasText: manager }).click();
		await page.keyboard.press('Escape');
		await haveRows(1, ask(atRisk(condition)).split('\n').length);
		await same(1, atRisk(condition), `whom ${manager} should call`, 0, 4, 5);
	}
	const wide = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
	tell(wide[0] <= wide[1], `${where}: no wider than the window`, wide);
	tell(errors.length === 0, `${where}: no error`, ...errors);
	tell(outside.length === 0, `${where}: asks nobody else`, ...outside);
	await browser.close();
}

server.listen(0, '127.0.0.1', async () => {
	await look(1280, 'America/Los_Angeles');
	await look(390, 'Pacific/Auckland');
	server.close();
	end();
});
