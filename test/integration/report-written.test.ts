/** Structured reports that we write, judged by dciodvfy and dcmtk, and read by pydicom. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONCEPT, MEASUREMENTS, QUALIFIER, modalityCode } from '../../src/dicom/sr/concepts.js';
import { KNOWN_UNITS, unitOf } from '../../src/dicom/sr/units.js';
import { writeReport } from '../../src/dicom/sr/write.js';
import { describeWith } from '../support/data.js';
import { CONTENT, dumped, reportInput } from '../support/report.js';
import { PYTHON, dciodvfyErrors } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const path = join(tempFolder('report'), 'report.dcm');

describeWith('written reports', missingTools('dciodvfy', 'dsrdump', 'dsr2xml', 'dsr2html', 'python3-pydicom'), () => {
  beforeAll(() => writeFileSync(path, writeReport(reportInput())));

  it('are valid Comprehensive SR', () => {
    expect(dciodvfyErrors(path)).toEqual([]);
  });

  it('are read by dcmtk without a warning, item by item', () => {
    const { tree, complaints } = dumped(path);
    expect(complaints).toBe('');
    expect(tree).toContain('Comprehensive SR Document');
    expect(tree).toMatch(/Completion Flag +: COMPLETE/);
    expect(tree).toMatch(/Verification Flag +: UNVERIFIED/);
    for (const line of [
      'contains NUM:(,,"Probability of cancer")="41.25" (%,UCUM,"Percent")',
      'contains NUM:(,,"Long axis")="-0.000123456789" (mm,UCUM,"millimeter")',
      'contains NUM:(,,"Mean")=empty (114000,DCM,"Not a number")',
      'contains NUM:(,,"Score")="0" (1,UCUM,"no units")',
      'contains IMAGE:(,,"Referenced Segment")=(SG image,"2.25.80",2)',
      'has obs context TEXT:(,,"Device Observer Serial Number")="sha256:abab',
    ])
      expect(tree).toContain(line);
    for (const program of ['dsr2xml', 'dsr2html']) {
      const { status, stderr, stdout } = spawnSync(program, [path], { encoding: 'utf8' });
      expect({ program, status }).toEqual({ program, status: 0 });
      expect(stderr).not.toMatch(/^E:/m);
      expect(stdout).toContain('41.25');
    }
  });

  it('are read by pydicom with their numbers and texts', () => {
    const script = `
import sys, json, pydicom
ds = pydicom.dcmread(sys.argv[1])
found = []
def walk(item):
    name = item.ConceptNameCodeSequence[0].CodeMeaning if 'ConceptNameCodeSequence' in item else None
    if item.ValueType == 'NUM' and item.MeasuredValueSequence:
        value = item.MeasuredValueSequence[0]
        found.append([name, float(value.NumericValue), value.MeasurementUnitsCodeSequence[0].CodeValue])
    if item.ValueType == 'TEXT': found.append([name, item.TextValue])
    for child in item.get('ContentSequence', []): walk(child)
walk(ds)
print(json.dumps({'patient': str(ds.PatientName), 'found': found}))`;
    const seen = JSON.parse(execFileSync(PYTHON, ['-c', script, path], { encoding: 'utf8' })) as { patient: string; found: unknown[] };
    expect(seen.patient).toBe('Müller^Jürgen=山田^太郎');
    expect(seen.found).toEqual(
      expect.arrayContaining([
        ['Volume', 1523.4, 'ml'],
        ['Tracking Identifier', 'Knoten 1 – „links“'],
        ['Comment', 'solid, "spiculated"'],
      ]),
    );
  });

  it('have codes that mean in PS3.16 what they mean here', () => {
    const script = `
import json
from pydicom.sr._concepts_dict import concepts
print(json.dumps([[scheme, value, meaning.lower()] for scheme in ('SCT', 'DCM', 'UCUM') for entries in concepts[scheme].values() for value, (meaning, _) in entries.items()]))`;
    const known = new Set(
      (JSON.parse(execFileSync(PYTHON, ['-c', script], { encoding: 'utf8', maxBuffer: 1 << 26 })) as string[][]).map((code) =>
        code.join(' '),
      ),
    );
    const modalities = ['CR', 'CT', 'DX', 'MG', 'MR', 'NM', 'PT', 'SEG', 'SM', 'US', 'XA'].map(modalityCode);
    const codes = [
      ...Object.values(CONCEPT),
      ...MEASUREMENTS,
      ...Object.values(QUALIFIER),
      ...modalities,
      ...KNOWN_UNITS.map((unit) => unitOf(unit)!),
    ];
    // The title is our own; UMLS is used for another (TID 1500); SNOMED CT says "Score (attribute)"; the units are UCUM's.
    const outside = ['AI_REPORT', 'C0034375', '246262008', 'ml', 'g', 'mg', 'kg', 'g/ml'];
    const wrong = codes.filter(({ value, scheme, meaning }) => !known.has([scheme, value, meaning.toLowerCase()].join(' ')));
    expect(wrong.map(({ value }) => value)).toEqual(outside);
  });

  it('are the same bytes for the same content, and others for another', () => {
    expect(writeReport(reportInput())).toEqual(writeReport(reportInput()));
    expect(writeReport(reportInput({ ...CONTENT, evaluations: [] }))).not.toEqual(writeReport(reportInput()));
  });
});
