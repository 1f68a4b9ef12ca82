/** The migration of where a model's image came from: the name of one that was made here may be another's in a registry. */
export const MODEL_ORIGIN = `
-- 1: when it was registered, the engine had its image from a registry, under the name in model.yaml
ALTER TABLE models ADD COLUMN from_registry INTEGER NOT NULL DEFAULT 0 CHECK (from_registry IN (0, 1));
`;
