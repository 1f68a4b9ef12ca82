/** A case, as MHub's "instance": what belongs together on its way from module to module. */
import { AnteroomError } from '../foundation/errors.js';
import { itemText, nameFor, segmentationMeta } from './items.js';
import type { CaseData, DataName, DicomSeries, Item, Meta, Segmentation } from './items.js';
import type { Query } from './query.js';

/** One series, or some that belong together, on the way through the workflow. */
export class Case {
  #items: readonly Item[] = [];
  #setAside: string | undefined;

  /**
   * @param sid what the case is called: the SeriesInstanceUID, or the names of the folders that it came from
   * @param attributes what a path of the output can name beside `sid`
   */
  constructor(
    readonly sid: string,
    readonly attributes: Meta = { sid },
  ) {}

  /** In the order in which modules added them. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** The value of the newest item of a type. */
  get<N extends DataName>(type: N): CaseData[N] {
    const item = this.#items.findLast((one) => one.type === type);
    if (item === undefined) throw new AnteroomError('CASE_DATA_OTHER', `no ${type}; there is ${this.text()}`);
    return item.value as CaseData[N];
  }

  /** Puts an item in place of all of its type. */
  set<N extends DataName>(type: N, value: CaseData[N], more: { readonly meta?: Meta; readonly name?: string } = {}): void {
    this.#items = this.#items.filter((item) => item.type !== type);
    this.add(type, value, more);
  }

  /** Adds one more item. */
  add<N extends DataName>(type: N, value: CaseData[N], { meta = {}, name = nameFor(type) }: { meta?: Meta; name?: string } = {}): void {
    const own = type === 'segmentation' ? segmentationMeta((value as Segmentation).structures) : {};
    this.#items = [...this.#items, { type, value, meta: { ...own, ...meta }, name } as unknown as Item];
  }

  /** The items that a query asks for; at least one. */
  matching(query: Query): readonly Item[] {
    const found = this.#items.filter((item) => query.matches(item));
    if (found.length === 0) throw new AnteroomError('CASE_DATA_OTHER', `nothing is ${query.text}; there is ${this.text()}`);
    return found;
  }

  /** The one item that a query asks for. */
  only(query: Query): Item {
    const found = this.matching(query);
    if (found.length > 1)
      throw new AnteroomError('CASE_DATA_OTHER', `${found.length} items are ${query.text}, expected one; there is ${this.text()}`);
    return found[0];
  }

  /** The one DICOM series that a query asks for. */
  series(query: Query): DicomSeries {
    const item = this.only(query);
    if (item.type !== 'dicom') throw new AnteroomError('CASE_DATA_OTHER', `${query.text} is ${item.type}, expected a DICOM series`);
    return item.value;
  }

  /** Drops the items that do not pass. */
  keepOnly(passes: (item: Item) => boolean): void {
    this.#items = this.#items.filter(passes);
  }

  /** Takes the case out of the rest of the workflow, without a fault. */
  setAside(reason: string): void {
    this.#setAside = reason;
  }

  get isSetAside(): boolean {
    return this.#setAside !== undefined;
  }

  /** The items in words: types and metadata, nothing of a patient. */
  private text(): string {
    return this.#items.map(itemText).join(', ') || 'nothing';
  }
}
