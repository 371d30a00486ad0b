/**
 * Up to four doubles that belong to the record before them: what a signal saw, what a window computed.
 *
 *   32 value0 f64 | 40 value1 f64 | 48 value2 f64 | 56 value3 f64
 *
 * These are real doubles, in the instrument's own units (price x 10^-scale). Slots past the count are 0; no NaN is ever stored.
 */
export const VALUES_FIRST_F64 = 4;
/** Doubles in one VALUES record. */
export const VALUES_PER_RECORD = 4;
