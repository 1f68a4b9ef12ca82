/**
 * The UIDs of a result, derived from what determines it. A node that was restored from a backup makes the results of the time
 * that it lost once more: under the same UIDs, so that the destination can be asked for them and none is sent twice.
 */
import { uidFromName, sha256Hex } from '../foundation/ids.js';
import type { Db } from '../ledger/database.js';
import { isOwnResult, type InstanceRow } from '../ledger/instances.js';
import type { ModelRow } from '../ledger/models.js';
import type { OutputRow } from '../ledger/results.js';
import type { RunRow } from '../ledger/runs.js';

/** What determines a result: the same input, rule, settings and image digest give the same result. */
export interface ResultOrigin {
  readonly nodeId: string;
  readonly purpose: string;
  /** The instances that the model was given, in any order; `sha256` of each data set. */
  readonly input: readonly { readonly sopInstanceUid: string; readonly sha256: string }[];
  /** Undefined: asked for by hand. */
  readonly rule?: string;
  /** JSON of the rule's settings for the model. */
  readonly settings: string;
  readonly modelDigest: string;
  /** Of the output that it is made from: a model may leave several. */
  readonly outputPath: string;
}

export interface ResultNames {
  readonly run: RunRow;
  readonly model: ModelRow;
  readonly instances: readonly InstanceRow[];
  readonly output: OutputRow;
  /** What else is made of the output. */
  readonly part?: 'report' | 'label map';
}

export interface ResultUids {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/**
 * The first UIDs of this origin that `isTaken` does not know. A retry, a run by hand of what there is already, and a return to
 * an earlier state of the study are objects of their own: each next one of the same origin has the next ordinal.
 */
export function resultUids(origin: ResultOrigin, isTaken: (sopInstanceUid: string) => boolean): ResultUids {
  const name = nameOf(origin);
  for (let ordinal = 0; ; ordinal++) {
    const sopInstanceUid = uidFromName(`result ${name} ${ordinal}`);
    if (!isTaken(sopInstanceUid)) return { sopInstanceUid, seriesInstanceUid: uidFromName(`result series ${name} ${ordinal}`) };
  }
}

/** The UIDs for a result of an output, which `part` tells from others of the same output; `instances` are what the model was given. */
export function newUids(db: Db, nodeId: string, { run, model, instances, output, part }: ResultNames): ResultUids {
  const origin: ResultOrigin = {
    nodeId,
    purpose: run.purpose,
    input: instances.map((row) => ({ sopInstanceUid: row.sop_instance_uid, sha256: row.sha256 })),
    rule: run.rule ?? undefined,
    settings: run.settings,
    modelDigest: model.digest,
    outputPath: part === undefined ? output.path : `${output.path} ${part}`,
  };
  return resultUids(origin, (uid) => isOwnResult(db, uid));
}

function nameOf({ nodeId, purpose, input, rule, settings, modelDigest, outputPath }: ResultOrigin): string {
  const members = input.map(({ sopInstanceUid, sha256 }) => `${sopInstanceUid} ${sha256}`).sort();
  return sha256Hex(JSON.stringify([nodeId, purpose, rule ?? null, settings, modelDigest, outputPath, members]));
}
