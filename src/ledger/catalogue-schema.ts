/** The migration of the catalogue: cards of models that could be installed, by where they were read. */
export const CATALOGUE = `
CREATE TABLE catalogue (
  -- absolute folder, image reference or URL
  source TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('folder', 'image', 'url')),
  name TEXT NOT NULL,
  -- meta.json as it was written there, or in that form where the source has another
  card TEXT NOT NULL,
  -- JSON list of absolute paths
  pictures TEXT NOT NULL DEFAULT '[]',
  -- digest of the image that the card was read from
  digest TEXT,
  read_at INTEGER NOT NULL,
  PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
`;
