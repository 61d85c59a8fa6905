import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'

let connection: Promise<DuckDBConnection> | null = null

/** Asks DuckDB, which knows nothing of Vascope; values as JSON has them, 64-bit integers as text. */
export async function ask(sql: string): Promise<unknown[][]> {
  connection ??= DuckDBInstance.create(':memory:', { threads: '1' }).then((instance) => instance.connect())
  return (await (await connection).runAndReadAll(sql)).getRowsJson() as unknown[][]
}
