/** The migration that lets a run be given up with whose results the node dies each time. */
export const MAKINGS = `
-- makings of its results that were begun since one last came to an end, in whatever way: the node died in the middle of each but the one under way
ALTER TABLE runs ADD COLUMN makings INTEGER NOT NULL DEFAULT 0;
`;
