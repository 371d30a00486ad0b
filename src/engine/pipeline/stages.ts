/** The stages of a piece's way through a run, as a StageObserver is told of them. Their shares sum to the whole. */
/** Bytes to records in the shards' rings. */
export const STAGE_INGEST = 0;
/** Records through the shards: zero in the threaded driver, whose shards run elsewhere. */
export const STAGE_SHARD = 1;
/** Outputs merged, hashed and handed to the sinks. */
export const STAGE_RELEASE = 2;

/** Names by index. */
export const STAGE_NAMES: readonly string[] = ["ingest", "shard", "release"];
