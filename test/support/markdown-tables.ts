/** Tables of a Markdown document, found by the caption in bold type that stands before each. */

export type TableRow = Readonly<Record<string, string>>;

/** The rows of the table with this caption (`**Table 4-1. Captions**`: what follows the number), by column heading. Fails where there is none. */
export function tableRows(markdown: string, caption: string): TableRow[] {
  const lines = markdown.split('\n');
  const at = lines.findIndex((line) => /^\*\*Table [\w.-]+ (.*)\*\*$/.exec(line)?.[1] === caption);
  if (at < 0) throw new Error(`the document has no table "${caption}"`);
  const begin = lines.findIndex((line, index) => index > at && line.startsWith('|'));
  if (begin < 0 || lines.slice(at + 1, begin).some((line) => line.startsWith('**Table') || line.startsWith('#')))
    throw new Error(`no table follows the caption "${caption}"`);
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith('|'));
  const [heading, , ...rows] = lines.slice(begin, end < 0 ? undefined : end).map(cellsOf);
  return rows.map((cells) => Object.fromEntries(heading.map((name, index) => [name, cells[index] ?? ''])));
}

/** One column of it. */
export function tableColumn(markdown: string, caption: string, column: string): string[] {
  return tableRows(markdown, caption).map((row) => row[column] ?? missing(caption, column));
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''));
}

function missing(caption: string, column: string): never {
  throw new Error(`the table "${caption}" has no column ${column}`);
}
