/** Verify finds each way in which files and rows can differ, and nothing where they do not. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import { verify, type VerifyOptions, type VerifyReport } from '../../../src/keeping/verify.js';
import { markPurged } from '../../../src/ledger/retention.js';
import { DAY, SmallNode } from '../../support/small-node.js';

setLogLevel('silent');

const look = ({ db, folders }: SmallNode, options: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  verify({ db, folders, fast: false, nodeRuns: false, now: Date.now(), ...options });

const kinds = ({ findings }: VerifyReport) => findings.map(({ kind, standing }) => `${standing} ${kind}`);

async function filled(): Promise<SmallNode & { paths: string[] }> {
  const node = new SmallNode();
  for (const study of ['1.1', '1.2']) {
    await node.receive(study);
    node.deliver(study);
  }
  const rows = node.db.all<{ path: string }>('SELECT path FROM instances ORDER BY id');
  return Object.assign(node, { paths: rows.map(({ path }) => join(node.folders.archive, path)) });
}

describe('verify', () => {
  it('finds nothing where nothing is wrong, and says what it looked at', async () => {
    const node = await filled();
    const bytes = node.db.get<{ n: number }>('SELECT sum(size_bytes) AS n FROM instances')?.n ?? 0;
    const progress: number[] = [];
    const report = await look(node, { onProgress: ({ files }) => progress.push(files) });
    expect(report).toEqual({ ok: true, files: 8, bytes: bytes + 12, hashed: true, inFlight: 0, findings: [] });
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('tells a file that is gone, one of another size, and one of other bytes apart', async () => {
    const node = await filled();
    rmSync(node.paths[0]);
    truncateSync(node.paths[1], 100);
    const bytes = readFileSync(node.paths[2]);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(node.paths[2], bytes);
    const report = await look(node);
    expect(report.ok).toBe(false);
    expect(kinds(report).sort()).toEqual(['wrong file-hash', 'wrong file-missing', 'wrong file-size']);
    const [missing] = report.findings.filter(({ kind }) => kind === 'file-missing');
    expect(missing).toMatchObject({
      subject: 'instance 1.1.1.1 of study 1.1',
      seen: `${node.paths[0]}: not there`,
      expected: 'the file of the row',
    });
    expect(kinds(await look(node, { fast: true })).sort()).toEqual(['wrong file-missing', 'wrong file-size']);
    expect(await look(node, { study: '1.2' })).toMatchObject({ ok: true, files: 4 });
  });

  it('a change of the file meta alone is none of the data set', async () => {
    const node = await filled();
    const bytes = readFileSync(node.paths[0]);
    bytes[0] ^= 1;
    writeFileSync(node.paths[0], bytes);
    expect(await look(node)).toMatchObject({ ok: true });
  });

  it('finds a result whose file is gone or changed', async () => {
    const node = await filled();
    rmSync(join(node.folders.results, '1.dcm'));
    writeFileSync(join(node.folders.results, '2.dcm'), 'rEsult');
    expect(kinds(await look(node)).sort()).toEqual(['wrong file-hash', 'wrong file-missing']);
  });

  it('notes what no row knows and the node removes by itself; what is young is just arriving', async () => {
    const node = await filled();
    const stray = join(node.folders.archive, '1.9', '1.9.1', 'stray.dcm');
    mkdirSync(dirname(stray), { recursive: true });
    writeFileSync(stray, '');
    writeFileSync(join(node.folders.incoming, 'x.part'), '');
    expect(await look(node, { nodeRuns: true })).toMatchObject({ ok: true, inFlight: 2, findings: [] });
    const later = await look(node, { now: Date.now() + DAY });
    expect(later).toMatchObject({ ok: true, inFlight: 0 });
    expect(kinds(later)).toEqual(['note file-without-row', 'note part-file']);
  });

  it('a purged study needs no files, and those that are still there are garbage', async () => {
    const node = await filled();
    node.db.transaction(() => markPurged(node.db, 1, 'age', node.now));
    const report = await look(node, { now: Date.now() + DAY });
    expect(report).toMatchObject({ ok: true, files: 4 });
    expect(kinds(report)).toEqual(Array.from({ length: 3 }, () => 'note file-without-row'));
  });

  it.each([
    ['studies 1', 'counts other instances than it has', 'UPDATE studies SET instance_count = 9 WHERE id = 1'],
    ['results 1', 'passed the gate, and has no file', 'UPDATE results SET path = NULL WHERE id = 1'],
    ['deliveries 1', 'has arrived, and it is not known when', 'UPDATE deliveries SET delivered_at = NULL WHERE id = 1'],
    ['versions 1', 'is decided, and has no decision', 'UPDATE versions SET decision = NULL WHERE id = 1'],
    ['instances 1', 'is served, and its file was purged', 'UPDATE instances SET purged_at = 1 WHERE id = 1'],
  ])('finds that %s %s', async (subject, seen, sql) => {
    const node = await filled();
    node.db.run(sql);
    const report = await look(node);
    expect(report.ok).toBe(false);
    expect(report.findings).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'rows', subject, seen })]));
  });

  it('finds a database that is damaged', async () => {
    const node = await filled();
    node.db.run('PRAGMA foreign_keys = OFF');
    node.db.run('DELETE FROM run_inputs');
    node.db.run('DELETE FROM attempts WHERE run_id = 1');
    node.db.run('DELETE FROM versions WHERE id = 2');
    const report = await look(node);
    expect(kinds(report)).toContain('wrong database');
    expect(report.findings.find(({ kind }) => kind === 'database')?.seen).toContain('of versions that is not there');
  });
});
