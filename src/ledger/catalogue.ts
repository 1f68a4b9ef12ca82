/** Queries on the catalogue: cards of models that could be installed. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

export type CatalogueKind = 'folder' | 'image' | 'url';

export interface CatalogueRow {
  readonly source: string;
  readonly kind: CatalogueKind;
  readonly name: string;
  readonly card: string;
  /** JSON list of absolute paths. */
  readonly pictures: string;
  readonly digest: string | null;
  readonly read_at: EpochMs;
}

export interface CatalogueCard {
  readonly name: string;
  /** In the form of meta.json. */
  readonly card: string;
  /** Absolute paths. */
  readonly pictures: readonly string[];
  readonly digest?: string;
}

/** What a source has now, in place of all that it had before. */
export function replaceSource(db: Db, source: string, kind: CatalogueKind, cards: readonly CatalogueCard[], at: EpochMs): void {
  db.transaction(() => {
    db.run('DELETE FROM catalogue WHERE source = ?', source);
    for (const { name, card, pictures, digest } of cards)
      db.run(
        'INSERT INTO catalogue (source, kind, name, card, pictures, digest, read_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        source,
        kind,
        name,
        card,
        JSON.stringify(pictures),
        digest ?? null,
        at,
      );
  });
}

/** Forgets a source; false if it is not in the catalogue. */
export function removeSource(db: Db, source: string): boolean {
  const known = db.get('SELECT 1 FROM catalogue WHERE source = ? LIMIT 1', source) !== undefined;
  db.run('DELETE FROM catalogue WHERE source = ?', source);
  return known;
}

/** Another value once the catalogue has been written, for those who keep what they have made of it. */
export function catalogueStamp(db: Db): string {
  const row = db.get<{ stamp: string }>(
    "SELECT count(*) || ' ' || total(read_at) || ' ' || count(DISTINCT source) AS stamp FROM catalogue",
  );
  return row?.stamp ?? '';
}

/** All cards, by name; of one name the last read first. */
export function listCatalogue(db: Db): CatalogueRow[] {
  return db.all<CatalogueRow>('SELECT * FROM catalogue ORDER BY name, read_at DESC, source');
}
