/** Opening the one database, and the one way in which a row changes its state. better-sqlite3 is imported only here. */
import { chmodSync, closeSync, existsSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { EpochMs } from '../foundation/clock.js';
import { MIGRATIONS } from './schema.js';
import { moveTriggersSql, statesBefore, type StatefulTable, type StateOf } from './states.js';

const log = loggerOf('ledger');
const flushData = promisify(fdatasync);

/** A value that can be bound to a statement. */
export type Bindable = string | number | bigint | null;

/** The connection that the query files share. Every thread opens its own. */
export class Db {
  private readonly statements = new Map<string, Database.Statement>();

  private walFd: number | undefined;
  private flushFailed = false;

  private constructor(private readonly connection: Database.Database) {}

  /**
   * Opens or makes the file. WAL with `synchronous=FULL`: a commit that returned survives a power cut (better-sqlite3's own default in WAL
   * does not promise that). With `flush: 'asked'` only what `flush` has resolved for does: for the one writer that must not stand
   * still while the disk works.
   */
  static open(path: string, options: { migrate: boolean; flush?: 'each-commit' | 'asked' }): Db {
    // SQLite gives its own files beside it the same rights. Only where it is new: closing it would end the locks of other connections.
    if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
    chmodSync(path, 0o600);
    const connection = new Database(path, { timeout: 10_000 });
    connection.pragma('journal_mode = WAL');
    connection.pragma(`synchronous = ${options.flush === 'asked' ? 'NORMAL' : 'FULL'}`);
    connection.pragma('foreign_keys = ON');
    if (options.migrate) migrate(connection);
    return new Db(connection);
  }

  /** Opens a copy that is only to be looked at; leaves no file beside it. */
  static openCopy(path: string): Db {
    return new Db(new Database(path, { readonly: true, fileMustExist: true }));
  }

  all<Row>(sql: string, ...values: Bindable[]): Row[] {
    return this.statement(sql).all(...values) as Row[];
  }

  get<Row>(sql: string, ...values: Bindable[]): Row | undefined {
    return this.statement(sql).get(...values) as Row | undefined;
  }

  run(sql: string, ...values: Bindable[]): { changes: number; lastId: number } {
    const info = this.statement(sql).run(...values);
    return { changes: info.changes, lastId: Number(info.lastInsertRowid) };
  }

  /** Everything in `work` is committed together or not at all. */
  transaction<T>(work: () => T): T {
    return this.connection.transaction(work).immediate();
  }

  /**
   * Moves one row to a state, writes the event and logs one line. The states it may come from are those of the table of
   * moves, narrowed by `from`. Returns false if the row is in none of them (someone else was faster).
   */
  move<T extends StatefulTable>(
    table: T,
    id: number,
    to: StateOf<T>,
    options: { at: EpochMs; from?: readonly StateOf<T>[]; set?: Record<string, Bindable>; detail?: string },
  ): boolean {
    const before = statesBefore(table, to).filter((state) => options.from === undefined || options.from.includes(state));
    const set = options.set ?? {};
    const columns = Object.keys(set).map((column) => `, ${column} = ?`);
    const moved = this.transaction(() => {
      const row = this.get<{ state: string }>(`SELECT state FROM ${table} WHERE id = ?`, id);
      if (row === undefined || !(before as string[]).includes(row.state)) return undefined;
      this.run(`UPDATE ${table} SET state = ?${columns.join('')} WHERE id = ?`, to, ...Object.values(set), id);
      this.event(options.at, table, id, row.state, to, options.detail);
      return row.state;
    });
    if (moved === undefined) return false;
    log.info('moved', { table, id, from: moved, to, seen: options.detail });
    return true;
  }

  /** Records what happened to a row (a new row has no `from`). */
  event(at: EpochMs, table: string, id: number, from: string | null, to: string, detail?: string): void {
    this.run(
      'INSERT INTO events (at, table_name, row_id, from_state, to_state, detail) VALUES (?, ?, ?, ?, ?, ?)',
      at,
      table,
      id,
      from,
      to,
      detail ?? null,
    );
  }

  /** Writes a consistent copy of everything that is committed now to a new file; writers go on meanwhile. */
  copyTo(path: string): void {
    // Not SQLite's page-wise backup: each commit of a busy node would make it begin again.
    this.connection.prepare('VACUUM INTO ?').run(path);
  }

  /**
   * Resolves when every commit so far is on the disk: all of them are in the write-ahead log, which is flushed in another thread, or in the
   * caller's where that has nothing else to do (`atOnce`).
   */
  async flush(atOnce = false): Promise<void> {
    this.walFd ??= openSync(`${this.connection.name}-wal`, 'r');
    if (this.flushFailed) this.writeOut();
    try {
      if (atOnce) fdatasyncSync(this.walFd);
      else await flushData(this.walFd);
    } catch (error) {
      this.flushFailed = true;
      throw error;
    }
  }

  /** The kernel tells of a failed write once, and takes the pages for written then: what the log has must get to the disk in another way. */
  private writeOut(): void {
    const [{ busy }] = this.connection.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    if (busy !== 0) throw new AnteroomError('STORE_FAILED', 'the ledger cannot be written out after a failed flush, as it is in use');
    this.flushFailed = false;
  }

  close(): void {
    if (this.walFd !== undefined) closeSync(this.walFd);
    this.connection.close();
  }

  private statement(sql: string): Database.Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.connection.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

function migrate(connection: Database.Database): void {
  const done = connection.pragma('user_version', { simple: true }) as number;
  if (done > MIGRATIONS.length) {
    throw new AnteroomError(
      'CONFIG_INVALID',
      `the ledger was written by a newer version (schema ${done}, this one knows ${MIGRATIONS.length})`,
    );
  }
  MIGRATIONS.slice(done).forEach((sql, index) => {
    connection.transaction(() => {
      connection.exec(sql);
      connection.pragma(`user_version = ${done + index + 1}`);
    })();
  });
  connection.transaction(() => connection.exec(moveTriggersSql()))();
}
