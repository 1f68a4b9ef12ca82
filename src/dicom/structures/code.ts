/** Coded concepts (PS3.3 section 8) as this node writes and recognises them. */

/** CodeValue, CodingSchemeDesignator and CodeMeaning of one code sequence item (PS3.3 table 8.8-1). */
export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

/** A code that we write, with the SNOMED-RT value that objects from before 2020 carry in its place. We read that value and never write it. */
export interface KnownCode extends Code {
  readonly formerSrtValue?: string;
}

/** The designators under which SNOMED-RT codes were written; all retired (PS3.16 section 8.1). */
const FORMER_SRT_SCHEMES: readonly string[] = ['SRT', 'SNM3', '99SDM'];

/** A SNOMED CT code; `meaning` is the one of the context group (PS3.16) where DICOM lists the code. */
export function sct(value: string, meaning: string, formerSrtValue?: string): KnownCode {
  return { value, scheme: 'SCT', meaning, ...(formerSrtValue === undefined ? {} : { formerSrtValue }) };
}

/** A code of PS3.16 annex D. */
export function dcm(value: string, meaning: string): KnownCode {
  return { value, scheme: 'DCM', meaning };
}

/** A code of the NCI Thesaurus (PS3.16 section 8.1: designator NCIt). */
export function ncit(value: string, meaning: string): KnownCode {
  return { value, scheme: 'NCIt', meaning };
}

/** True where `seen`, read from an object, is the concept `known`, in its present or its former coding. Meanings are not compared: they may be translated. */
export function isConcept(seen: Code, known: KnownCode): boolean {
  if (FORMER_SRT_SCHEMES.includes(seen.scheme)) return known.formerSrtValue !== undefined && seen.value === known.formerSrtValue;
  return seen.scheme === known.scheme && seen.value === known.value;
}

/** CID 244 Laterality. */
export const LATERALITY = {
  left: sct('7771000', 'Left', 'G-A101'),
  right: sct('24028007', 'Right', 'G-A100'),
  both: sct('51440002', 'Bilateral', 'G-A102'),
} as const;

/** CID 7150 Segmentation Property Category, as far as the table of structures needs it. */
export const CATEGORY = {
  anatomy: sct('123037004', 'Anatomical Structure', 'T-D000A'),
  abnormality: sct('49755003', 'Morphologically Abnormal Structure', 'M-01000'),
} as const;

/** CID 4031 Common Anatomic Region. The trunk's codes are those of the editions since 2021; earlier ones used 51185008, 113345001 and 12921003. */
export const REGION = {
  head: sct('69536005', 'Head', 'T-D1100'),
  brain: sct('12738006', 'Brain', 'T-A0100'),
  chest: sct('816094009', 'Chest', 'T-D3000'),
  abdomen: sct('818981001', 'Abdomen', 'T-D4000'),
  pelvis: sct('816092008', 'Pelvis', 'T-D6000'),
  spine: sct('421060004', 'Spine', 'T-D04FF'),
  shoulder: sct('16982005', 'Shoulder', 'T-D2220'),
  upperArm: sct('40983000', 'Upper arm', 'T-D8200'),
  hip: sct('29836001', 'Hip', 'T-D2500'),
  thigh: sct('68367000', 'Thigh', 'T-D9100'),
  trunk: sct('22943007', 'Trunk', 'T-D2000'),
  body: sct('38266002', 'Entire body', 'T-D0010'),
} as const;

/** What a LABELMAP's background is called (CID 7169). */
export const BACKGROUND = dcm('125040', 'Background');
