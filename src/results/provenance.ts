/** What every result says of the model, the image and the rule that it comes from. */
import type { ContributingEquipment, Equipment } from '../dicom/equipment.js';
import { dcm, type Code } from '../dicom/structures/code.js';
import { uidFromName } from '../foundation/ids.js';
import { cardOf } from '../models/answers.js';
import type { ResultOrder } from './result-order.js';

/** Who and what made the voxels, and why. */
export interface ResultProvenance {
  readonly node: Equipment;
  readonly model: {
    readonly manufacturer: string;
    readonly name: string;
    readonly version: string;
    /** Of the image or package: `sha256:…`. */
    readonly digest: string;
    /** CID 7162; artificial intelligence where it is not given. */
    readonly algorithmFamily?: Code;
  };
  readonly rule: { readonly name: string; readonly revision: string };
  /** What the model's equipment did (CID 7005); `Processing Equipment` where the site has not configured another. */
  readonly purpose?: Code;
}

const PROCESSING_EQUIPMENT = dcm('109102', 'Processing Equipment');

/** The model as equipment that contributed to an object: as the node has it, whose serial number is there for objects that do not name the node otherwise. */
export function contributorOf({ node, model, rule, purpose }: ResultProvenance): ContributingEquipment {
  return {
    purpose: purpose ?? PROCESSING_EQUIPMENT,
    manufacturer: model.manufacturer,
    modelName: model.name,
    softwareVersions: [model.version],
    deviceUid: uidFromName(model.digest),
    deviceSerialNumber: node.deviceSerialNumber,
    description: `image ${model.digest}; rule ${rule.name}, revision ${rule.revision}`,
  };
}

/** The provenance of the object that a row asks for. */
export function provenanceOf({ equipment, model, run }: Pick<ResultOrder, 'equipment' | 'model' | 'run'>): ResultProvenance {
  const card = cardOf(model);
  return {
    node: equipment,
    model: { manufacturer: 'unknown', name: card.name, version: card.version, digest: model.digest },
    rule: { name: run.rule ?? 'by hand', revision: run.rules_revision ?? 'none' },
  };
}
