/** Log lines of a model: `time LEVEL module: text` on stderr, so that progress on stdout stays clean. */

export type KitLevel = 'NOTICE' | 'WARNING' | 'ERROR';

/** Writes one line; must be given no patient data. */
export type KitLog = (level: KitLevel, text: string) => void;

/** The log of one module. */
export function logOf(module: string, write: (line: string) => void = (line) => process.stderr.write(line)): KitLog {
  return (level, text) => {
    write(`${new Date().toISOString()} ${level} ${module}: ${text.replaceAll('\n', '; ')}\n`);
  };
}
