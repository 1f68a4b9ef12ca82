/** The report as one HTML page without anything to load: what differs, with pictures. */
import { escaped } from '../html.js';
import type { FolderComparison } from './compare-folders.js';
import type { Remark } from './finding.js';
import type { Report } from './report.js';

/** The page's text. */
export function reportPage(report: Report, { missing, extra, checked }: FolderComparison): string {
  const verdict = report.conclusion ? 'Reproduced' : 'Not reproduced';
  const facts = Object.entries(report.anteroom).map(([key, value]) => `<tr><th>${escaped(key)}</th><td>${escaped(told(value))}</td></tr>`);
  const files = checked.map(({ path, checks, pictures }) => {
    const tables = checks.map(
      ({ checker, notes, findings }) => `<h3>${escaped(checker)}</h3>${table('Findings', findings)}${table('Notes', notes)}`,
    );
    const shown = pictures.map(
      ({ title, bytes }) =>
        `<figure><img alt="" src="data:image/png;base64,${Buffer.from(bytes).toString('base64')}"><figcaption>${escaped(title)}</figcaption></figure>`,
    );
    return `<section><h2>${escaped(path)}</h2>${shown.join('')}${tables.join('')}</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(`${report.name}: ${verdict}`)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(report.name)}: ${verdict}</h1><p>${escaped(report.date)}</p>
<p class="key">In the pictures: <b class="both">in both</b>, <b class="reference">only in the reference</b>, <b class="output">only in the output</b>.</p>
${list('Missing files', missing)}${list('Extra files', extra)}
${files.join('\n')}
<h2>The run</h2><table>${facts.join('')}</table>
</body></html>
`;
}

const STYLE =
  'body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}th,td{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}' +
  'figure{display:inline-block;margin:0 1rem 1rem 0}.both{color:#777}.reference{color:#0072b2}.output{color:#b87700}';

function table(title: string, remarks: readonly Remark[]): string {
  if (remarks.length === 0) return '';
  const rows = remarks.map(
    ({ label, description, subpath, info }) =>
      `<tr>${[subpath ?? '', label, description, info === undefined ? '' : String(info)].map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`,
  );
  return `<h4>${title}</h4><table>${rows.join('')}</table>`;
}

function list(title: string, paths: readonly string[]): string {
  return paths.length === 0 ? '' : `<h2>${title}</h2><ul>${paths.map((path) => `<li>${escaped(path)}</li>`).join('')}</ul>`;
}

function told(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
