/** Media types as they stand in Content-Type and Accept (RFC 9110 sections 8.3 and 12.5.1), with the quoting that DICOMweb's `type` parameter needs. */

export interface MediaType {
  /** `multipart/related`, in lower case. */
  readonly type: string;
  /** Parameters by lower-case name, unquoted: `type`, `boundary`, `transfer-syntax`, `q`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** One media type with its parameters; undefined where the text is none. */
export function parseMediaType(text: string | undefined): MediaType | undefined {
  const [head = '', ...rest] = splitOutsideQuotes(text ?? '', ';');
  const type = head.trim().toLowerCase();
  if (!/^[^\s/]+\/[^\s/]+$/.test(type)) return undefined;
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals > 0) parameters[parameter.slice(0, equals).trim().toLowerCase()] = unquote(parameter.slice(equals + 1).trim());
  }
  return { type, parameters };
}

/**
 * The ranges of an Accept header, the most wanted first (RFC 9110 12.4.2; equal weights keep their order). An absent or empty
 * header accepts everything; ranges with weight 0 are left out.
 */
export function parseAccept(text: string | undefined): MediaType[] {
  if (text === undefined || text.trim() === '') return [{ type: '*/*', parameters: {} }];
  const weight = (range: MediaType): number => Number(range.parameters.q ?? 1);
  return splitOutsideQuotes(text, ',')
    .map((range) => parseMediaType(range))
    .filter((range): range is MediaType => range !== undefined && weight(range) > 0)
    .sort((a, b) => weight(b) - weight(a));
}

/** Whether a range of an Accept header (`image/*`, or both halves a star) takes this type. */
export function rangeTakes(range: string, type: string): boolean {
  return range === '*/*' || range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)));
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quoted && char === '\\') piece += char + text.charAt(++i);
    else if (char === separator && !quoted) {
      pieces.push(piece);
      piece = '';
    } else {
      if (char === '"') quoted = !quoted;
      piece += char;
    }
  }
  return [...pieces, piece];
}

function unquote(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length >= 2 ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}
