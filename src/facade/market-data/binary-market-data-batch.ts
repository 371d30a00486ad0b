/**
 * A run of records over one buffer, filled at its end (source 5 names it and does not define it). Walking it makes no object: at() moves
 * one view. A slice is a window on the same bytes. A message of several records stands in it whole or not at all.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { FULL, NEED_MORE } from "../../kernel/core/status.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { RECORD_BYTES, Slots } from "../../kernel/record/slots.ts";
import { BinaryMarketData } from "./binary-market-data.ts";
import type { MarketDataMessage } from "./market-data-message.ts";
import { readMessage, recordsOf, writeMessage } from "./message-records.ts";
import type { SymbolDirectory } from "./symbol-directory.ts";

/** Most records of a batch. */
export const BATCH_RECORDS_MAX = 1_048_576;

export class BinaryMarketDataBatch {
  readonly directory: SymbolDirectory;
  /** Records that there is room for. */
  readonly capacity: number;
  /** The records: those of the batch are slots first to first + length - 1. */
  readonly slots: Slots;
  readonly first: number;
  private readonly view: BinaryMarketData;
  private used = 0;

  /** An empty batch. VALUE_RANGE for a capacity that is none of 1 to BATCH_RECORDS_MAX. */
  constructor(directory: SymbolDirectory, capacity: number, slots: Slots = createSlots(capacity), first: number = 0) {
    this.directory = directory;
    this.capacity = capacity;
    this.slots = slots;
    this.first = first;
    this.view = new BinaryMarketData(directory, slots, first);
  }

  /** Records in it. */
  get length(): number {
    return this.used;
  }

  get isFull(): boolean {
    return this.used === this.capacity;
  }

  /** The record of an index, as the one view of this batch: the next call moves it. VALUE_RANGE beyond length. */
  at(index: number): BinaryMarketData {
    if (!(index >= 0 && index < this.used)) throw new StreamError("VALUE_RANGE", `expected a record of 0 to ${this.used - 1}, got ${index}`, { index });
    return this.view.at(this.slots, this.first + index);
  }

  /** Copies a record to the end. Its index, or FULL. */
  append(data: BinaryMarketData): number {
    return this.appendFrom(data.slots, data.slot);
  }

  /** Copies the record in a slot to the end, whatever its bytes are. Its index, or FULL. */
  appendFrom(slots: Slots, slot: number): number {
    if (this.used === this.capacity) return FULL;
    this.slots.copyBitsFrom(slots, slot, this.first + this.used);
    return this.used++;
  }

  /** Copies the 64 bytes from `from` on to the end, whatever they are. The record's index, or FULL. VALUE_RANGE when there are fewer. */
  appendBytes(bytes: Uint8Array, from: number = 0): number {
    if (this.used === this.capacity) return FULL;
    this.slots.copyBytesFrom(bytes, from, this.first + this.used);
    return this.used++;
  }

  /** Writes a message to the end. The records that it took, or FULL with nothing written. INSTRUMENT_UNKNOWN, VALUE_RANGE for what records cannot hold exactly. */
  appendMessage(message: MarketDataMessage, tsRecvNs: number = TIME_UNSET): number {
    if (this.used + recordsOf(message) > this.capacity) return FULL;
    const written = writeMessage(message, this.directory, this.slots, this.first + this.used, tsRecvNs);
    this.used += written;
    return written;
  }

  /** The index behind the message that begins at `index`, or NEED_MORE when its last record is not in the batch. */
  messageEnd(index: number): number {
    for (let i = index; i < this.used; i++) if (this.at(i).isLast) return i + 1;
    return NEED_MORE;
  }

  /** The message in the records from `index` to `end`, as messageEnd gave it. VALUE_RANGE for records of no message. Cold. */
  messageAt(index: number, end: number = this.messageEnd(index)): MarketDataMessage {
    if (!(index >= 0 && end > index && end <= this.used))
      throw new StreamError("VALUE_RANGE", `expected records of 0 to ${this.used} that end a message, got ${index} to ${end}`, { index, end });
    return readMessage(this.directory, this.slots, this.first + index, end - index);
  }

  /** Every whole message, in order. Cold. */
  toMessages(): MarketDataMessage[] {
    const messages: MarketDataMessage[] = [];
    for (let from = 0; from < this.used;) {
      const end = this.messageEnd(from);
      if (end === NEED_MORE) break;
      messages.push(this.messageAt(from, end));
      from = end;
    }
    return messages;
  }

  /** A full batch over the records from `from` to `to`, on the same bytes. VALUE_RANGE beyond length, or of no records. */
  slice(from: number, to: number = this.used): BinaryMarketDataBatch {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to > from && to <= this.used)) {
      throw new StreamError("VALUE_RANGE", `expected a part of 0 to ${this.used}, got ${from} to ${to}`, { from, to });
    }
    const part = new BinaryMarketDataBatch(this.directory, to - from, this.slots, this.first + from);
    part.used = to - from;
    return part;
  }

  /** Empties it; the bytes stay until they are written over. */
  clear(): void {
    this.used = 0;
  }

  /** A copy of its records' bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const from = this.first * RECORD_BYTES;
    return this.slots.u8.slice(from, from + this.used * RECORD_BYTES);
  }

  /** The records in bytes, in a batch of just that size. VALUE_RANGE for no bytes, or a length that is no multiple of 64; records as BinaryMarketData.fromBytes(). */
  static fromBytes(directory: SymbolDirectory, bytes: Uint8Array): BinaryMarketDataBatch {
    if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0)
      throw new StreamError("VALUE_RANGE", `expected a multiple of ${RECORD_BYTES} bytes, got ${bytes.length}`, { length: bytes.length });
    const batch = new BinaryMarketDataBatch(directory, bytes.length / RECORD_BYTES);
    for (let from = 0; from < bytes.length; from += RECORD_BYTES)
      batch.append(BinaryMarketData.fromBytes(directory, bytes.subarray(from, from + RECORD_BYTES)));
    return batch;
  }
}

function createSlots(capacity: number): Slots {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > BATCH_RECORDS_MAX) {
    throw new StreamError("VALUE_RANGE", `expected a batch of 1 to ${BATCH_RECORDS_MAX} records, got ${capacity}`, { capacity });
  }
  return Slots.create(capacity);
}
