/**
 * What of a record belongs to the output hash: everything but the times at which *we* saw or made it, which differ from run to run.
 * A mask has bit w set when the 32-bit word w of the record counts as zero.
 */
import { TYPE_ACK } from "./header.ts";

/** tsRecv, bytes 24 to 31. */
const MASK_TS_RECV = (1 << 6) | (1 << 7);
/** And decisionNs, completionNs of an ack, bytes 48 to 55. */
const MASK_ACK = MASK_TS_RECV | (1 << 12) | (1 << 13);

/** The mask for a record of this type. */
export function hashMask(type: number): number {
  return type === TYPE_ACK ? MASK_ACK : MASK_TS_RECV;
}
