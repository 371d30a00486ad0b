import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { ShardImages, type ShardCut } from "./shard-images.ts";

const cut = (n: number): ShardCut => ({ input: n, output: -n, state: 2, consumed: 2 ** 40 + n, emitted: 3 * n });

function write(images: ShardImages, n: number): void {
  images.spare.fill(n);
  images.describe(cut(n));
}

describe("the images of a shard", () => {
  it("have none that counts before the first commit", () => {
    const images = ShardImages.create(64);
    write(images, 1);
    expect(images.isCommitted).toBe(false);
    expect(() => images.committed()).toThrow();
    expect(() => images.restoreInto(new SharedArrayBuffer(64))).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "INVARIANT")));
  });

  it("keep the committed one whole, bytes and head, while the next is written and after any number of commits", () => {
    const images = ShardImages.create(64);
    const arena = new SharedArrayBuffer(128);
    for (let n = 1; n < 6; n++) {
      write(images, n);
      images.commit();
      images.spare.fill(0xee);
      images.describe(cut(99));
      images.touchSpare();
      expect(images.committed()).toEqual(cut(n));
      images.restoreInto(arena);
      expect([...new Uint8Array(arena)]).toEqual(Array.from({ length: 128 }, (_, i) => (i < 64 ? n : 0)));
    }
  });

  it("are seen by another object over the same memory, which goes on with the other one", () => {
    const images = ShardImages.create(64);
    write(images, 7);
    images.commit();
    const successor = new ShardImages(images.memory);
    expect(successor.committed()).toEqual(cut(7));
    write(successor, 8);
    expect(images.committed()).toEqual(cut(7));
    successor.commit();
    expect(images.committed()).toEqual(cut(8));
  });

  it("take two arenas and a line", () => {
    const { words, images } = ShardImages.create(1000).memory;
    expect(ShardImages.bytesFor(1000)).toBe(words.byteLength + images[0].byteLength + images[1].byteLength);
  });
});
