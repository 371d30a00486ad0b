/**
 * The shared words of the rings. Every word has one writer, and its own 128 bytes: two lines, because the adjacent line is fetched too.
 *
 *   gated         0 published i32     producer     records that the consumer may read, modulo 2^32
 *               128 released i32      consumer     records that the producer may overwrite, modulo 2^32
 *               256 readerParked i32  consumer     1 while it waits for `published` to move
 *               384 writerParked i32  producer     1 while it waits for `released` to move
 *               512 closed i32        either       0, then 1 for ever
 *               640 capacity i32      creator      slots; a second object must ask for the same number
 *               768 slots ...                      64 bytes each, and behind them 64 of the producer's own: its stage
 *
 *   broadcast     0 tail              producer     records that are whole: a count of three words, 128 bytes apart (shared-count.ts)
 *               384 intent            producer     records announced, likewise: stored before the first byte of a slot changes
 *               768 closed i32        producer     0, then 1 for ever
 *               896 capacity i32      creator      slots
 *              1024 slots ...                      64 bytes each
 *
 *   multicast     0 published i32     producer     records that the consumers may read, modulo 2^32
 *               128 awaits i32        producer     while it sleeps: 2 + the number of the consumer whose `released` it waits for
 *               256 detached i32      producer     bit c: the ring goes on without consumer c
 *               384 closed i32        either       0, then 1 for ever
 *               512 capacity i32      creator      slots
 *               640 graph i32         creator      a hash of the consumers' names and of who stands behind whom
 *               768 16 consumers, 384 bytes each:
 *                + 0 released i32     consumer     records that those behind it may read, or the producer may overwrite, modulo 2^32
 *              + 128 awaits i32       consumer     while it sleeps: 1 for `published`, 2 + the number of the consumer that it waits for
 *              + 256 lost i32         producer     published records that it had not released when it was detached
 *              6912 slots ...                      64 bytes each
 */
import { StreamError } from "../core/errors.ts";
import { RECORD_BYTES } from "../record/slots.ts";

/** Words of the gated ring, and the bytes before its first slot. */
export const PUBLISHED_I32 = 0;
export const RELEASED_I32 = 32;
export const READER_PARKED_I32 = 64;
export const WRITER_PARKED_I32 = 96;
export const CLOSED_I32 = 128;
export const CAPACITY_I32 = 160;
export const GATED_CONTROL_BYTES = 768;

/** Words of the broadcast ring, and the bytes before its first slot. */
export const TAIL_I32 = 0;
export const INTENT_I32 = 96;
export const BROADCAST_CLOSED_I32 = 192;
export const BROADCAST_CAPACITY_I32 = 224;
export const BROADCAST_CONTROL_BYTES = 1024;

/** Words of the multicast ring, and the bytes before its first slot. */
export const MULTICAST_PUBLISHED_I32 = 0;
export const MULTICAST_AWAITS_I32 = 32;
export const MULTICAST_DETACHED_I32 = 64;
export const MULTICAST_CLOSED_I32 = 96;
export const MULTICAST_CAPACITY_I32 = 128;
export const MULTICAST_GRAPH_I32 = 160;
export const MULTICAST_CONTROL_BYTES = 6912;

/** Words of consumer 0; those of consumer c lie c x CONSUMER_STRIDE_I32 further on. */
export const CONSUMER_RELEASED_I32 = 192;
export const CONSUMER_AWAITS_I32 = 224;
export const CONSUMER_LOST_I32 = 256;
export const CONSUMER_STRIDE_I32 = 96;
/** Values of an `awaits` word besides 0, nobody: the producer, and from there on the consumers. */
export const AWAITS_PRODUCER = 1;
export const AWAITS_CONSUMER = 2;
/** Most consumers of a multicast ring. */
export const CONSUMERS_MAX = 16;

/** Fewest slots of a ring. */
export const RING_CAPACITY_MIN = 2;
/** Most slots of a ring: 2^26, which is 4 GiB of records; cursor differences stay far below 2^31. */
export const RING_CAPACITY_MAX = 67_108_864;

/** Bytes of a ring: control words, slots, and `stage` slots of its producer. RING_CAPACITY unless the capacity is a power of two within the limits. */
export function ringBytes(controlBytes: number, capacity: number, stage: number = 0): number {
  if (!Number.isInteger(capacity) || capacity < RING_CAPACITY_MIN || capacity > RING_CAPACITY_MAX || (capacity & (capacity - 1)) !== 0) {
    throw new StreamError("RING_CAPACITY", `expected a power of two from ${RING_CAPACITY_MIN} to ${RING_CAPACITY_MAX} slots, got ${capacity}`, {
      capacity: String(capacity),
    });
  }
  return controlBytes + (capacity + stage) * RECORD_BYTES;
}

/**
 * The control words of a ring at `byteOffset`, after checking its capacity. The first object over zeroed bytes writes the capacity;
 * each later one, in any thread, must name the same: otherwise RING_CAPACITY with both numbers.
 */
export function attachControl(
  buffer: SharedArrayBuffer,
  byteOffset: number,
  controlBytes: number,
  capacityWord: number,
  capacity: number,
  stage: number = 0,
): Int32Array<SharedArrayBuffer> {
  const bytes = ringBytes(controlBytes, capacity, stage);
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset % 64 !== 0) {
    throw new StreamError("VALUE_RANGE", `a ring starts on a multiple of 64 bytes, got offset ${byteOffset}`, { byteOffset });
  }
  if (byteOffset + bytes > buffer.byteLength) {
    throw new StreamError(
      "RING_CAPACITY",
      `a ring of ${capacity} slots takes ${bytes} bytes from offset ${byteOffset} = ${byteOffset + bytes}, over the buffer's ${buffer.byteLength}`,
      { capacity, byteOffset, bufferBytes: buffer.byteLength },
    );
  }
  const words = new Int32Array(buffer, byteOffset, controlBytes / 4);
  const found = Atomics.compareExchange(words, capacityWord, 0, capacity);
  if (found !== 0 && found !== capacity) {
    throw new StreamError("RING_CAPACITY", `this ring has ${found} slots, and was attached with ${capacity}`, { found, capacity });
  }
  return words;
}
