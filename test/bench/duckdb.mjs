// DuckDB for the benchmark: reads one statement a line, as JSON, and answers each with
// a line of JSON, {seconds, rows} or {error}; patience is how many seconds
// it may take. The result stays in DuckDB's memory, as
// those of PostgreSQL's statements stay in the server; rows are told where wanted.
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();

for await (const line of createInterface({ input: process.stdin })) {
	const { statement, wanted, patience } = JSON.parse(line);
	const end = setTimeout(() => connection.interrupt(), patience * 1000);
	let answer;
	try {
		const began = process.hrtime.bigint();
		const result = await connection.run(statement);
		const seconds = Number(process.hrtime.bigint() - began) / 1e9;
		answer = { seconds };
		if (wanted) {
			answer.rows = (await result.getRowsJson()).map((row) => row.map((value) => value === null ? '' : String(value)).join('|')).join('\n');
		}
	} catch (error) {
		answer = { error: String(error.message ?? error) };
	}
	clearTimeout(end);
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}
