/** Which studies have instances between the door and the commit: their files are in the archive already, their rows are not. */
import type { Acceptance, Candidate } from './accept.js';

/** A door that knows what is on its way through it. */
export class InFlight {
  private readonly counts = new Map<string, number>();

  constructor(private readonly door: { accept(candidate: Candidate): Promise<Acceptance> }) {}

  async accept(candidate: Candidate): Promise<Acceptance> {
    const { studyInstanceUid } = candidate.facts;
    this.add(studyInstanceUid, 1);
    try {
      return await this.door.accept(candidate);
    } finally {
      this.add(studyInstanceUid, -1);
    }
  }

  /** True while an instance of the study has been let in and has no row yet. */
  has(studyInstanceUid: string): boolean {
    return this.counts.has(studyInstanceUid);
  }

  private add(studyInstanceUid: string, by: number): void {
    const count = (this.counts.get(studyInstanceUid) ?? 0) + by;
    if (count === 0) this.counts.delete(studyInstanceUid);
    else this.counts.set(studyInstanceUid, count);
  }
}
