/** Outputs in which nothing is drawn: whether another result of the run tells of it decides what may be withdrawn in their place. */
export const TOLD = `
-- 1: not made, as nothing is drawn in its output, and another result of the run says so or has drawn all that the output names
ALTER TABLE results ADD COLUMN told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1));
UPDATE results SET told = 1 WHERE state = 'rejected' AND form_of IS NULL AND EXISTS (
  SELECT 1 FROM results empty JOIN results said ON said.output_id = empty.output_id AND said.state IN ('passed', 'superseded')
  WHERE empty.run_id = results.run_id AND empty.state = 'rejected' AND empty.form_of IS NULL);
`;
