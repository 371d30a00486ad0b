/** A spill in memory: an array of copies. */
import type { SpillStore } from "../../src/engine/delivery/spill-store.ts";
import { Slots } from "../../src/kernel/record/slots.ts";

export class MemorySpill implements SpillStore {
  /** Records ever appended. */
  appended = 0;
  private records: Slots[] = [];

  /** Records that were not read yet. */
  get count(): number {
    return this.records.length;
  }

  append(slots: Slots, slot: number): void {
    const copy = Slots.create(1);
    copy.copyFrom(slots, slot, 0);
    this.records.push(copy);
    this.appended++;
  }

  read(target: Slots, slot: number, count: number): number {
    const taken = this.records.splice(0, count);
    taken.forEach((record, i) => target.copyFrom(record, 0, slot + i));
    return taken.length;
  }

  truncate(): void {
    if (this.records.length > 0) throw new Error("a spill was cut before all of it was read");
  }
}
