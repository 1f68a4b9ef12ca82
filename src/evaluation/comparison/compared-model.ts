/** A model of a comparison. */
export interface ComparedModel {
  /** As the command named it; columns and rows are named so. */
  readonly label: string;
  /** Of a registered model. */
  readonly version?: string;
  readonly digest?: string;
  /** The structures that its card promises. */
  readonly claims?: readonly string[];
  /** The folder of results that were ready. */
  readonly results?: string;
}

/** As far as it is counted. Results that are ready have no card, and so claim nothing. */
export type CountedModel = Pick<ComparedModel, 'label' | 'claims'>;
