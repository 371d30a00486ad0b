/** The port of a source: bytes of one stream, in order, from any position. What cannot be read again must be journalled first. */
export interface Source {
  /** The next bytes, of any length above 0; null at the end. The array is valid until the next call. */
  read(): Promise<Uint8Array | null>;
  close(): Promise<void>;
}
