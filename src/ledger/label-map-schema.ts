/** Results in another form: the label map of a segmentation is an object of its own, and so a row of its own. */
export const LABEL_MAPS = `
-- the result whose voxels it shows in another form, for destinations that take it; NULL: the result itself
ALTER TABLE results ADD COLUMN form_of INTEGER REFERENCES results (id);
`;
