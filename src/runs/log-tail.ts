const LOG_TAIL_LINES = 5;

/** The last lines of a model's log: what a person reads first when it failed. */
export class LogTail {
  private readonly lines: string[] = [];

  add(line: string): void {
    if (line.trim() === '') return;
    this.lines.push(line);
    if (this.lines.length > LOG_TAIL_LINES) this.lines.shift();
  }

  text(): string {
    return this.lines.join('\n');
  }
}
