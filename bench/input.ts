/** What the benches are fed: simulated ITCH days, made once before anything is measured. Cold. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MarketSimulator } from "../src/sim/simulator.ts";

export const BENCH_SEED = 7;
export const BENCH_INSTRUMENTS = 300;

/** A whole simulated session of about so many messages, as the exchange's file would be. */
export function simulatedDay(messages: number, instruments: number = BENCH_INSTRUMENTS): Uint8Array {
  const simulator = new MarketSimulator({ seed: BENCH_SEED, instruments, scenario: "demo", messages });
  const bytes = new Uint8Array(messages * 64 + (1 << 20));
  let length = 0;
  for (let got = simulator.read(bytes, 0); got > 0; got = simulator.read(bytes, length)) length += got;
  return bytes.slice(0, length);
}

/** Gives `use` a file with these bytes, and removes it. */
export async function withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tercel-bench-"));
  try {
    const path = join(folder, "input");
    writeFileSync(path, bytes);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
