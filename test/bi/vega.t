#!/usr/bin/env node
// The Vega-Lite specifications of doc/dashboards: the query that each has in its usermeta is
// run by psql into a CSV file, which becomes an SVG picture with a mark for every row.
'use strict';
const { execFileSync } = require('node:child_process');
const { readdirSync, readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { end, newFolder, npmInstall, psql, tell } = require('./npm.js');

const specifications = resolve(__dirname, '../../doc/dashboards/vega-lite');
const packages = newFolder();
npmInstall(packages, 120, '--ignore-scripts', 'vega-lite@6.4.3', 'vega-cli@6.4.0');

function draw(file, folder, zone) {
	return execFileSync(join(packages, 'node_modules/.bin/vl2svg'), ['-b', folder, file], { encoding: 'utf8', env: { ...process.env, TZ: zone }, stdio: ['ignore', 'pipe', 'pipe'] });
}

for (const name of readdirSync(specifications).sort()) {
	const file = join(specifications, name);
	const specification = JSON.parse(readFileSync(file, 'utf8'));
	const folder = newFolder();
	psql('--csv', '-c', specification.usermeta.sql, '-o', join(folder, specification.data.url));
	const rows = readFileSync(join(folder, specification.data.url), 'utf8').trim().split('\n').length - 1;
	const svg = draw(file, folder, 'America/Los_Angeles');
	const marks = svg.match(/aria-roledescription="(bar|point|rect mark)"/g)?.length;
	tell(rows > 0 && marks === rows, `${name}: a mark for every row`, `${marks} marks, ${rows} rows`);
	tell(svg.includes(specification.title) && !/NaN|undefined|Infinity/.test(svg), `${name}: its title, and no hole`);
	tell(svg === draw(file, folder, 'Pacific/Auckland'), `${name}: the same in every time zone`);
}
end();
