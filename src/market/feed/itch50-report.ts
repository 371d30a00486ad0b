/** What an ITCH 5.0 feed has seen, for `inspect decode`. Cold. */
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { FeedReport } from "./feed.ts";
import type { Itch50Writer } from "./itch50-writer.ts";
import type { MoldUdp64 } from "./moldudp64.ts";

/** The report; `packets` is null for a stream without packets. Types and instruments without a message are left out. */
export function reportItch50(
  writer: Itch50Writer,
  registry: InstrumentRegistry,
  packets: MoldUdp64 | null,
  malformed: number,
  pendingBytes: number,
): FeedReport {
  const byType: Record<string, number> = {};
  for (let type = 0; type < 256; type++) {
    const count = writer.messagesOfType(type);
    if (count > 0) byType[String.fromCharCode(type)] = count;
  }
  const instruments: Record<string, { messages: number; orders: number }> = {};
  for (let id = 0; id < registry.count; id++) {
    const messages = writer.messagesOf(id);
    if (messages > 0) instruments[registry.symbol(id)] = { messages, orders: writer.ordersOf(id) };
  }
  const sequencer = packets?.sequencer;
  return {
    messages: writer.messages,
    ...(packets !== null && { packets: packets.packets }),
    byType,
    instruments,
    ...(sequencer && { gaps: sequencer.gaps, resets: sequencer.resets, duplicates: sequencer.duplicates }),
    malformed,
    pendingBytes,
    firstTsEvent: writer.firstTsEvent,
    lastTsEvent: writer.lastTsEvent,
  };
}
