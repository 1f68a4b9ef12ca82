/** Texts in the character sets of the standard, read as pydicom reads them. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '../../src/dicom/element/parse.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { tagKey } from '../../src/dicom/element/tags.js';
import { describeWith, testData } from '../support/data.js';
import { missingTools } from '../support/tools.js';

const TEXT_VRS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
const folder = testData('charset');
const missing = [...missingTools('python3-pydicom'), ...(folder ? [] : ['data charset'])];

describeWith('texts in every character set', missing, () => {
  const files = ['headers', 'with-pixels']
    .map((name) => join(folder ?? '', name))
    .flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.dcm'))
        .map((name) => join(path, name)),
    );
  const script = join(process.cwd(), 'test/support/pydicom-texts.py');
  const theirs = JSON.parse(
    execFileSync('/usr/bin/python3', [script, ...files], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  ) as Record<string, [string, string[]][]>;

  it('finds the files of more than ten character sets', () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it.each(files.map((file) => [file.split('/').slice(-2).join('/'), file]))('%s', (_, file) => {
    const { dataset } = parseInstance(readFileSync(file));
    expect([...texts(dataset)]).toEqual((theirs[file] ?? []).map(([path, values]) => [path, values.map(withoutEscape)]));
  });
});

/** pydicom 2.3 leaves the escape sequence of GB 2312 in its text. */
function withoutEscape(text: string): string {
  return text.replaceAll('\u001b$)A', '');
}

function* texts(dataset: DataSet, path = ''): Generator<[string, string[]]> {
  for (const { tag, vr } of dataset.elements()) {
    // pydicom has a dictionary of private elements.
    if ((tag & 0x10000) !== 0) continue;
    const here = `${path}/${tagKey(tag)}`;
    if (vr === 'SQ') for (const [n, item] of dataset.items(tag).entries()) yield* texts(item, `${here}[${n}]`);
    else if (TEXT_VRS.has(vr) && !dataset.isEmpty(tag))
      yield [here, dataset.texts(tag).map((text) => (vr === 'PN' ? text.replace(/=+$/, '') : text))];
  }
}
