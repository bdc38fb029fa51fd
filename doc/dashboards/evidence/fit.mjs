// duckdb-wasm 1.28.0, which package.json names because newer ones do not install from npm
// alone, does not know two settings that Evidence sets to be as this version is.
import { readFileSync, writeFileSync } from 'node:fs';

for (const place of ['node', 'browser']) {
	const file = new URL(`node_modules/@evidence-dev/universal-sql/src/client-duckdb/${place}.js`, import.meta.url);
	writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*SET (ieee_floating_point_ops|old_implicit_casting) =.*\n/gm, ''));
}
