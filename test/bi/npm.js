// What the tests in JavaScript share: packages from npm, figures from psql, TAP.
'use strict';
const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { createRequire } = require('node:module');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const made = [];
process.on('exit', () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

function newFolder() {
	made.push(mkdtempSync(join(process.env.CLIENTCORE_SCRATCH ?? tmpdir(), 'npm.')));
	return made.at(-1);
}

// A test that cannot run here says why, and passes.
function skip(why) {
	console.log(`1..0 # skip ${why}`);
	process.exit(0);
}

// npm in a folder; skips the test where there is none, or what it should bring does not come.
function npmInstall(folder, seconds, ...options) {
	try {
		execFileSync('npm', ['install', '--no-audit', '--no-fund', ...options], { cwd: folder, timeout: seconds * 1000, stdio: 'pipe' });
	} catch (error) {
		skip(`npm install: ${String(error.stderr || error).trim().split('\n')[0]}`);
	}
	return createRequire(join(folder, 'x.js'));
}

function psql(...options) {
	return execFileSync('psql', ['-X', '-v', 'ON_ERROR_STOP=1', ...options], { encoding: 'utf8', maxBuffer: 1 << 28 });
}

// One value, as text.
const ask = (sql) => psql('-A', '-t', '-c', sql).replace(/\n$/, '');

let count = 0;
function tell(isRight, what, ...details) {
	console.log(`${isRight ? 'ok' : 'not ok'} ${++count} - ${what}`);
	if (!isRight) details.forEach((d) => console.log(`# ${String(d).replaceAll('\n', '\n# ')}`));
}

function end() {
	console.log(`1..${count}`);
}

module.exports = { ask, end, newFolder, npmInstall, psql, skip, tell };
