#!/usr/bin/env node
// The Grafana dashboard of doc/dashboards: each of its queries returns rows to a reader, with
// the columns that its panel names. Grafana itself is not here.
'use strict';
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { ask, end, psql, tell } = require('./npm.js');

const dashboard = JSON.parse(readFileSync(resolve(__dirname, '../../doc/dashboards/grafana/clients.json'), 'utf8'));
const managers = psql('-A', '-t', '-c', dashboard.templating.list.find((v) => v.name === 'manager').query).trim().split('\n');
tell(managers.length > 1, 'there are managers to choose from');
// ${manager:sqlstring} is the chosen values, quoted and with commas between.
const chosen = managers.map((m) => `'${m.replaceAll("'", "''")}'`).join(',');

tell(new Set(dashboard.panels.map((p) => p.id)).size === dashboard.panels.length, 'panels have numbers of their own');
for (const panel of dashboard.panels) {
	const sql = panel.targets[0].rawSql.replaceAll('${manager:sqlstring}', chosen);
	const [head, ...rows] = psql('-A', '-F', '\t', '-P', 'footer=off', '-c', sql).trim().split('\n');
	const columns = head.split('\t');
	tell(rows.length > 0, `${panel.title}: has rows`);
	const named = (panel.fieldConfig?.overrides ?? []).map((o) => o.matcher.options).concat(panel.options?.xField ?? []);
	const unknown = named.filter((n) => !columns.includes(n));
	tell(unknown.length === 0, `${panel.title}: has the columns that it names`, unknown);
	const types = psql('-A', '-t', '-F', '\t', '-c', `CREATE TEMP VIEW panel AS ${sql}`, '-c', `SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid = 'panel'::regclass AND attnum > 0`)
		.trim().split('\n').slice(1).filter((line) => !/\t(text|smallint|integer|bigint|numeric|boolean)$/.test(line));
	tell(types.length === 0, `${panel.title}: texts, numbers and flags`, types);
	if (panel.targets[0].rawSql.includes('${manager:sqlstring}')) {
		const told = (who) => psql('-A', '-t', '-c', panel.targets[0].rawSql.replaceAll('${manager:sqlstring}', who));
		tell(told("'Anna'") !== told("'O''Brien'"), `${panel.title}: heeds who is chosen`);
	}
}

// What is summed over all managers is what the summary says.
for (const [title, column, summary] of [
	['Do more clients come than go?', 'New', 'SELECT sum(new_count) FROM shop.client_flow WHERE is_complete_month'],
	['How far up the ladder of loyalty?', 'Clients', 'SELECT sum(client_count) FROM shop.loyalty_ladder'],
	['How large, how regular: clients', 'Revenue of 12 months', 'SELECT sum(revenue_12m_amount) FROM shop.abc_xyz_matrix'],
]) {
	const sql = dashboard.panels.find((p) => p.title === title).targets[0].rawSql.replaceAll('${manager:sqlstring}', chosen);
	const [found, wanted] = [ask(`SELECT sum("${column}") FROM (${sql}) q`), ask(summary)];
	tell(found === wanted, `${title}: adds up`, found, wanted);
}
end();
