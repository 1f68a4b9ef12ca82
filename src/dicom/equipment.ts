/** Who made an object: the equipment that wrote it, and what contributed to it (PS3.3 C.7.5.1, C.12.1.1.5; IHE AIR). */
import { codeItem, headerOf, type Attributes } from './compose.js';
import type { Header } from './header.js';
import type { Code } from './structures/code.js';

/** A device or program, as in the equipment module (PS3.3 C.7.5.2). `softwareVersions` hold 64 characters each. */
export interface Equipment {
  readonly manufacturer: string;
  readonly modelName: string;
  readonly deviceSerialNumber: string;
  readonly softwareVersions: readonly string[];
}

/** Equipment that contributed to the object (PS3.3 C.12.1.1.5; IHE AIR). */
export interface ContributingEquipment {
  /** CID 7005. */
  readonly purpose: Code;
  readonly manufacturer: string;
  readonly modelName: string;
  readonly softwareVersions: readonly string[];
  readonly deviceUid?: string;
  readonly deviceSerialNumber?: string;
  /** What it did, up to 1024 characters. */
  readonly description?: string;
}

/** The equipment modules (PS3.3 C.7.5.1, C.7.5.2). */
export function equipmentAttributes({ manufacturer, modelName, deviceSerialNumber, softwareVersions }: Equipment): Attributes {
  return {
    Manufacturer: manufacturer,
    ManufacturerModelName: modelName,
    DeviceSerialNumber: deviceSerialNumber,
    SoftwareVersions: softwareVersions,
  };
}

/** An item of ContributingEquipmentSequence; `dateTime` is a DT. */
export function contributingEquipment(contributor: ContributingEquipment, dateTime: string): Header {
  const { softwareVersions } = contributor;
  return headerOf({
    PurposeOfReferenceCodeSequence: [codeItem(contributor.purpose)],
    Manufacturer: contributor.manufacturer,
    ManufacturerModelName: contributor.modelName,
    DeviceSerialNumber: contributor.deviceSerialNumber,
    SoftwareVersions: softwareVersions.length === 0 ? undefined : softwareVersions,
    DeviceUID: contributor.deviceUid,
    ContributionDateTime: dateTime,
    ContributionDescription: contributor.description,
  });
}
